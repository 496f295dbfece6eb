"""The commands of an operator: the schedule, and whether its server answers."""

import typer

from audience_impact.cli.folders import fail
from flows.commands.folders import ProfileFile, environment


def serve(profile: ProfileFile = None) -> None:
    """Run the schedule of prefect.yaml until interrupted; starts a server where none is set."""
    wanted = environment(profile)
    from flows.serving.preparing import NotReadyError, require_home

    try:
        require_home()  # before Prefect is imported, which warns of it at length
    except NotReadyError as error:
        raise fail(str(error)) from error
    from flows.serving.serve import serve as serve_schedule

    serve_schedule(wanted)


def healthy() -> None:
    """Ask the Prefect server of the schedule whether it is well; exit status 1 where it is not.

    It is not well either while its database is away.
    """
    import httpx
    from prefect.settings import PREFECT_API_URL, PREFECT_SERVER_API_HOST, PREFECT_SERVER_API_PORT

    own = f"http://{PREFECT_SERVER_API_HOST.value()}:{PREFECT_SERVER_API_PORT.value()}/api"
    address = f"{PREFECT_API_URL.value() or own}/ready"
    try:
        httpx.get(address, timeout=8.0).raise_for_status()
    except httpx.HTTPError as error:
        raise fail(f"{address}: {error or type(error).__name__}") from error
    typer.echo(f"{address} is well")


def add_to(app: typer.Typer) -> None:
    """Give the command its words."""
    for command in (serve, healthy):
        app.command()(command)
