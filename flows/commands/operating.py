"""The commands of an operator, and what `diff` and `explain` compute from facts.

`release` writes a version as an archive that can be cited by its digest; `rollback` lets `latest`
lead to an earlier version; `serve` runs the schedule; `healthy` says whether the runs are well.
"""

import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audience_impact.api.loading import RELEASED
from audience_impact.cli import folders as cli
from audience_impact.cli.showing import Overwrite
from flows import CHECKOUT, SHIPPED
from flows.commands.folders import ProfileFile, PublishedOrProfile, fact_folders

if TYPE_CHECKING:
    from audience_impact.answers.explaining import Trace
    from audience_impact.comparing.changes import ComparedVersion
    from audience_impact.store.versions import Stored


def compute_trace(folders: list[Path], restriction_id: str, published: Path) -> "Trace":
    """Return the trace computed from facts, compared with the latest version if there is one."""
    paths = fact_folders(folders)
    from audience_impact.store import PublishError, versions
    from flows import answering
    from flows.pipeline import steps

    try:
        version = versions.find_latest(published)
    except PublishError:
        if published != cli.PUBLISHED:
            raise
        version = None
    checked = steps.check_facts(steps.read_facts(paths))
    return answering.recompute_trace(checked, restriction_id, version)


def compute_side(folders: list[Path], day: date | None, version: "Stored") -> "ComparedVersion":
    """Return the answers of facts, of those known on a day, with the settings of a version."""
    from audience_impact import pipeline
    from audience_impact.comparing import changes
    from audience_impact.vocabulary import FindingSeverity
    from flows.pipeline import steps
    from schemas import facts as fact_models
    from schemas import published

    paths, seed = fact_folders(folders), version.version.seed
    checked = steps.check_facts(steps.read_facts(paths), day)
    as_of = steps.choose_day(checked, day)
    stages, _ = pipeline.prepare_run(checked.tables, as_of)
    tables = pipeline.Outputs(stages, pipeline.Settings(seed))
    refused = {row.place for row in checked.findings if row.severity is FindingSeverity.ERROR}
    as_known = {steps.AS_KNOWN} if day else set()
    options = version.version.method[1] - {steps.AS_KNOWN} | as_known
    return changes.ComparedVersion(
        ", ".join(map(str, paths)),
        False,
        changes.describe_settings(as_of, seed, steps.name_method(), options),
        changes.combine_answers(tables["impact"], tables["impact_by_area"]),
        checked.files,
        fact_models.list_keys(),
        {
            name: published.to_arrow(name, tables[name]) for name in ("lineage", "restrictions")
        }.__getitem__,
        refused_count=len(refused),
    )


def release_version(
    into: Annotated[Path, cli.local_option("--into", "DIR")],
    published: cli.WrittenFolder = cli.PUBLISHED,
    previous: Annotated[str | None, typer.Option(metavar="VERSION")] = None,
    overwrite: Overwrite = False,
    ship: Annotated[bool, typer.Option("--ship")] = False,
) -> None:
    """Write the latest version as an archive to be pinned by its digest.

    It also has checksums, a citation, licences, and the changes since the release before.
    """
    version = cli.open_version(published)
    from audience_impact.store import versions
    from flows import releasing

    before = versions.find_version(published, previous) if previous else None
    into.mkdir(parents=True, exist_ok=True)
    made, digest = releasing.write_release(version, before, into, overwrite)
    if ship:
        shipped = releasing.ship_release(version, made, SHIPPED, RELEASED.parent)
        typer.echo(f"wrote {cli.format_path(shipped)}")
    typer.echo(f"wrote version {version.id}\n{cli.format_path(made)}\nsha256 {digest}")


def roll_back(
    version: Annotated[str, typer.Argument(metavar="VERSION")],
    published: PublishedOrProfile = None,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT")] = "",
    profile: ProfileFile = None,
) -> None:
    """Let `latest` lead to an earlier version until the next run publishes.

    The history records the rollback with the reason.
    """
    from audience_impact.store import publishing
    from flows.serving.profile import in_checkout, read_profile

    place = published or in_checkout(read_profile(profile).published)
    chosen = publishing.roll_back(place, version, reason, datetime.now(UTC))
    cli.print_line(f"latest leads to version {chosen.name} until the next run")
    typer.echo(cli.format_path(place / "latest"))


def serve_flows(profile: ProfileFile = None) -> None:
    """Run the schedule of the profile on the Prefect server of PREFECT_API_URL.

    It goes on until it is interrupted. A schedule without a server: docs/how-to/schedule.md.
    """
    os.environ.setdefault("PREFECT_LOGGING_EXTRA_LOGGERS", "flows")  # before Prefect is imported
    from flows.serving.profile import read_profile

    settings = read_profile(profile)
    os.chdir(CHECKOUT)  # Prefect reads settings of the current folder, now and in children
    from flows.publish_impact import serve_schedule

    serve_schedule(settings)


def check_health(
    published: PublishedOrProfile = None,
    profile: ProfileFile = None,
    notify: Annotated[bool, typer.Option("--notify")] = False,
) -> None:
    """Say whether runs end well; exit with status 1 where they do not.

    The last run ended well, at most `silence_days` days ago; and the Prefect server, if
    PREFECT_API_URL names one, responds with its database.
    """
    from audience_impact.plain_text import hide_passwords
    from audience_impact.store.files import explain_error
    from flows import runs
    from flows.serving import metrics
    from flows.serving.profile import in_checkout, read_profile

    settings = read_profile(profile)
    place = published or in_checkout(settings.published)
    trouble = metrics.find_trouble(place, settings, datetime.now(UTC))
    if api := os.environ.get("PREFECT_API_URL"):
        import httpx

        try:
            httpx.get(f"{api}/ready", timeout=8.0).raise_for_status()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            trouble = hide_passwords(f"{api}/ready: {explain_error(error)}")
    if trouble is None:
        typer.echo(f"{cli.format_path(place)}: the last run ended well")
        return
    if notify:
        runs.send_notice(settings, "warning", "runs are not well", trouble)
    raise cli.fail_with(trouble)
