"""The commands of an operator: run the schedule, and see whether the runs are well."""

import os
from datetime import UTC, datetime
from typing import Annotated

import typer

from audience_impact.cli.folders import fail_with, format_path
from flows.commands.folders import ProfileFile, PublishedOrProfile, read_environment

Notify = Annotated[
    bool, typer.Option("--notify", help="Send a notice where the runs are not well.")
]


def serve_flows(profile: ProfileFile = None) -> None:
    """Run the schedule of the profile on the Prefect server of PREFECT_API_URL.

    It goes on until it is interrupted. A schedule without a server: docs/how-to/schedule.md.
    """
    settings = read_environment(profile)
    os.environ.setdefault("PREFECT_LOGGING_EXTRA_LOGGERS", "flows")  # before Prefect is imported
    from flows.publish_impact import serve_schedule

    serve_schedule(settings)


def check_health(
    published: PublishedOrProfile = None, profile: ProfileFile = None, notify: Notify = False
) -> None:
    """Say whether runs end well; exit with status 1 where they do not.

    The last run ended well, at most `silence_days` days ago; and the Prefect server, if
    PREFECT_API_URL names one, responds with its database.
    """
    settings = read_environment(profile)
    from flows.serving import metrics, notices
    from flows.serving.profile import in_checkout

    place = published or in_checkout(settings.published)
    trouble = _ask_server() or metrics.find_trouble(place, settings, datetime.now(UTC))
    if trouble is None:
        typer.echo(f"{format_path(place)}: the last run ended well")
        return
    if notify:
        notices.send_notice(settings, "warning", "runs are not well", trouble)
    raise fail_with(trouble)


def _ask_server() -> str | None:
    """Return why the Prefect server of PREFECT_API_URL is not ready; None if it is, or is none."""
    if not (api := os.environ.get("PREFECT_API_URL")):
        return None
    import httpx

    from audience_impact.store.files import explain_error
    from flows.serving.profile import hide_passwords

    try:
        httpx.get(f"{api}/ready", timeout=8.0).raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return hide_passwords(f"{api}/ready: {explain_error(error)}")
    return None


def add_to(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command("serve")(serve_flows)
    app.command("healthy")(check_health)
