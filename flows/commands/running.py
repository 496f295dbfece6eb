"""One run of the flow from the command line: quiet, then the results and where they lie."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from audience_impact.cli.folders import shown
from audience_impact.plain_text import plain, plain_lines
from audience_impact.store import storage
from flows.serving import preparing
from flows.serving.preparing import NotReadyError

if TYPE_CHECKING:
    from audience_impact.store.versions import Published

P = ParamSpec("P")


def _one_line(run: Callable[P, int]) -> Callable[P, int]:
    """Say on standard error, in one line, why Prefect could not begin a run; exit status 1."""

    @functools.wraps(run)
    def told(*args: P.args, **kwargs: P.kwargs) -> int:
        try:
            preparing.prepare()
            return run(*args, **kwargs)
        except NotReadyError as error:
            typer.echo(str(error), err=True)
            return 1

    return told


@_one_line
def run_flow(folders: list[Path], published: Path, wanted: dict[str, Any]) -> int:
    """Run the flow with the parameters wanted, print the table of results and where it lies.

    Returns the exit status: 0 published or unchanged, 1 refused or failed, with the reason on
    standard error.
    """
    there = [_there(path) for path in folders]
    with (
        _progress("reading, checking, computing, publishing"),
        _served(*OF_A_RUN) as server,
    ):
        from flows import last_version
        from flows.pipeline import quality
        from flows.publish_impact import publish_impact

        before = last_version.last(published)
        with _reached(server):
            state = publish_impact(there, published, **wanted, return_state=True)
    if not state.is_completed():
        why = plain_lines(str(state.message))
        typer.echo(f"nothing published, latest is as it was:\n{why}", err=True)
        return 1
    done = state.result()
    tell(done, len(folders))
    news = "published version" if done.created else "nothing changed: still version"
    typer.echo(f"{news} {done.version_id}\n{shown(published / 'latest')}")
    for removed in done.removed:
        typer.echo(f"removed old version {removed}")
    lines = last_version.changes(before, last_version.last(published))
    for line in [*lines, *quality.details_of(done.version)]:
        typer.echo(plain(f"warning: {line}"), err=True)
    return 0


@_one_line
def run_refresh(facts: list[Path], into: Path, downloads: Path, wanted: dict[str, Any]) -> int:
    """Run the flow that fetches, print what changed and where the layer lies.

    Returns the exit status: 0 written or unchanged, 1 refused or failed, with the reason on
    standard error.
    """
    with _served("flows.refresh") as server:
        from flows.refresh import refresh

        with _reached(server):
            state = refresh(
                [path.resolve() for path in facts],
                into.resolve(),
                downloads.resolve(),
                **wanted,
                return_state=True,
            )
    if not state.is_completed():
        typer.echo(f"nothing written:\n{plain_lines(str(state.message))}", err=True)
        return 1
    done = state.result()
    for line in done.lines:
        typer.echo(plain(line))
    news = "wrote" if done.created else "nothing changed: still"
    typer.echo(f"{news} {done.bases:,} bases\n{shown(into)}")
    return 0


OF_A_RUN = ("flows.publish_impact", "prefect.flow_engine", "prefect.task_engine")
"""Imported while the server starts: Prefect imports its engines with the first run."""


@contextmanager
def _served(*modules: str) -> Iterator[str]:
    """Have a Prefect server during the block, and give its name: the configured or a new one.

    The modules are imported while a new one starts. Raises NotReadyError where none answers.
    """
    from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings

    from flows.serving import server
    from flows.serving.children import ServeError

    if address := PREFECT_API_URL.value():
        name = f"server at {address} (PREFECT_API_URL)"
        with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 1}):
            trouble = server.what_is_wrong()
        if trouble:
            raise NotReadyError(_unreachable(name, trouble))
        yield name
        return
    name = "temporary server"
    try:
        with server.server_of_a_run(modules):
            yield name
    except ServeError as error:
        raise NotReadyError(_unreachable(name, str(error))) from error


@contextmanager
def _reached(server: str) -> Iterator[None]:
    """Make one line of whatever keeps Prefect from beginning a run on a server.

    What fails inside a run becomes its state and raises nothing here.
    """
    try:
        yield
    except Exception as error:
        raise NotReadyError(_unreachable(server, str(error) or type(error).__name__)) from error


def _unreachable(server: str, trouble: str) -> str:
    return f"nothing done: Prefect's {server} does not answer: {' '.join(trouble.split())}"


@contextmanager
def _progress(what: str) -> Iterator[None]:
    """Show on a terminal that something goes on, and for how long; nothing in a pipe."""
    console = Console(stderr=True)
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as shown:
        shown.add_task(what, total=None)
        yield


def _there(path: Path) -> Path:
    """A folder wherever the run stands; an address as it is."""
    return path if storage.is_address(path) else path.resolve()


MOST_SHOWN = 200
"""Restrictions that a run shows, the best known first: nobody reads more, and it takes seconds."""


def tell(done: "Published", layers: int) -> None:
    """The table of results, what was refused and how many rows a later layer replaced."""
    from audience_impact.answers import records
    from audience_impact.answers import tables as report
    from audience_impact.vocabulary import ObsStatus

    rows = report.exposed(records.load(done.version))
    report.show_results(
        rows.head(MOST_SHOWN),
        "People exposed to each restriction (upper bounds of what has no figure: its base)",
    )
    if len(rows) > MOST_SHOWN:
        typer.echo(f"... and {len(rows) - MOST_SHOWN} more: audience-impact list shows all")
    refused = done.version.table("quarantine")
    lines = refused[["row_layer", "file", "line"]].drop_duplicates()
    known = (rows["obs_status"] != ObsStatus.MISSING.value).sum()
    typer.echo(
        f"{len(rows)} restrictions, {known} with audience figures; {len(lines)} rows in quarantine"
    )
    for row in refused.head(10).itertuples():
        typer.echo(plain(f"  {row.file}:{row.line}:{row.column}: {row.rule}: {row.reason}"))
    if layers > 1:
        typer.echo(
            f"{layers} layers; rows that one of the same key in a later layer replaced: "
            f"{done.replaced_count:,}"
        )
