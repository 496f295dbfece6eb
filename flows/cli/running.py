"""One run of the flow from the command line: quiet, then the results and where they lie."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from flows.reporting.plain import plain, plain_lines

if TYPE_CHECKING:
    from flows.publishing.versions import Stored

# Prefect's own log would bury the answer; whoever wants it sets the variable.
os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
# Prefect's temporary server starts in seconds, but on a busy machine with a cold home in a minute.
os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "180")


def run_flow(folders: list[Path], published: Path, wanted: dict[str, Any]) -> int:
    """Run the flow with the parameters wanted, print the table of results and where it lies.

    Returns the exit status: 0 published or unchanged, 1 refused or failed, with the reason on
    standard error.
    """
    from flows.pipeline import last_version, quality
    from flows.publish_impact import publish_impact

    before = last_version.last(published)
    with _progress("reading, checking, computing, publishing"):
        state = publish_impact(
            [path.resolve() for path in folders],
            published,
            **wanted,
            return_state=True,
        )
    if not state.is_completed():
        why = plain_lines(str(state.message))
        typer.echo(f"nothing published, latest is as it was:\n{why}", err=True)
        return 1
    done = state.result()
    tell(done.version, folders)
    news = "published version" if done.created else "nothing changed: still version"
    typer.echo(f"{news} {done.version_id}\n{_shown(published / 'latest')}")
    for removed in done.removed:
        typer.echo(f"removed old version {removed}")
    lines = last_version.changes(before, last_version.last(published))
    for line in [*lines, *quality.details_of(done.version)]:
        typer.echo(plain(f"warning: {line}"), err=True)
    return 0


def run_refresh(facts: list[Path], into: Path, downloads: Path, wanted: dict[str, Any]) -> int:
    """Run the flow that fetches, print what changed and where the layer lies.

    Returns the exit status: 0 written or unchanged, 1 refused or failed, with the reason on
    standard error.
    """
    from flows.refresh import refresh

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
    typer.echo(f"{news} {done.bases:,} bases\n{_shown(into)}")
    return 0


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


def _shown(path: Path) -> str:
    """The path as a reader would type it here."""
    there = path.absolute()
    near = there.relative_to(Path.cwd()) if there.is_relative_to(Path.cwd()) else there
    return plain(near)


def tell(version: "Stored", folders: list[Path]) -> None:
    """The table of results, what was refused and which layers won."""
    from audience_impact.vocabulary import ObsStatus
    from flows.pipeline import steps
    from flows.reporting import story
    from flows.reporting import tables as report

    tables = story.load(version)
    rows = report.exposed(tables)
    report.show_results(
        rows, "People exposed to each restriction (upper bounds of what has no figure: its base)"
    )
    refused = version.table("quarantine")
    lines = refused[["row_layer", "file", "line"]].drop_duplicates()
    known = (rows["obs_status"] != ObsStatus.MISSING.value).sum()
    typer.echo(
        f"{len(rows)} restrictions, {known} with audience figures; {len(lines)} rows in quarantine"
    )
    for row in refused.head(10).itertuples():
        typer.echo(plain(f"  {row.file}:{row.line}:{row.column}: {row.rule}: {row.reason}"))
    if len(folders) > 1:
        overridden = steps.read(folders).overridden
        typer.echo(
            f"{len(folders)} layers: {overridden} rows of earlier layers were replaced by "
            "later ones with the same key"
        )
