"""The commands of an operator: run the schedule, and check its server."""

import typer

from audience_impact.cli.folders import fail_with
from flows.commands.folders import ProfileFile, read_environment


def serve_flows(profile: ProfileFile = None) -> None:
    """Run the schedule of prefect.yaml until interrupted; starts a server where none is set."""
    settings = read_environment(profile)
    from flows.serving.preparing import require_home, require_proxy

    require_proxy()
    require_home()  # before Prefect is imported, which warns of it at length
    from flows.serving.serve import run_schedule as serve_schedule

    serve_schedule(settings)


def check_health() -> None:
    """Ask the Prefect server of the schedule whether it is well; exit status 1 where it is not.

    The status is 1 as well if the database of the server does not respond.
    """
    import httpx
    from prefect.settings import PREFECT_API_URL, PREFECT_SERVER_API_HOST, PREFECT_SERVER_API_PORT

    from audience_impact.store.files import explain_error
    from flows.serving.preparing import hide_passwords, require_proxy

    require_proxy()
    local_address = (
        f"http://{PREFECT_SERVER_API_HOST.value()}:{PREFECT_SERVER_API_PORT.value()}/api"
    )
    address = f"{PREFECT_API_URL.value() or local_address}/ready"
    try:
        httpx.get(address, timeout=8.0).raise_for_status()
    except httpx.HTTPError as error:
        trouble = explain_error(error)
        raise fail_with(hide_passwords(f"{address}: {trouble}")) from error
    typer.echo(hide_passwords(f"{address} is well"))


def add_to(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command("serve")(serve_flows)
    app.command("healthy")(check_health)
