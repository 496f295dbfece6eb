"""A run of the flow from the command line without logs, followed by its results and their paths."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from audience_impact.cli.folders import PUBLISHED, format_path, open_version
from audience_impact.plain_text import plain_line, plain_lines
from audience_impact.store import storage
from audience_impact.store.files import AGAIN
from flows.commands.folders import name_command
from flows.serving import preparing
from flows.serving.preparing import NotReadyError

if TYPE_CHECKING:
    from audience_impact.store.publishing import Published


def run_flow(folders: list[Path], published: Path, options: dict[str, Any]) -> int:
    """Run the flow with these parameters and print the table of results and its path.

    Return the exit status: 0 published or unchanged, 1 refused or failed, with the reason on
    standard error. Raise NotReadyError where Prefect cannot start.
    """
    preparing.prepare_prefect()
    there = [path if storage.is_address(path) else path.resolve() for path in folders]
    with (
        _show_progress(),
        _use_server(*OF_A_RUN) as server,
    ):
        from flows import last_version
        from flows.pipeline import quality
        from flows.publish_impact import publish_impact

        before = last_version.read_last_version(published)
        with _report_unreachable(server):
            state = publish_impact(there, published, **options, return_state=True)
    if not state.is_completed():
        why = plain_lines(str(state.message))
        typer.echo(f"nothing published, latest is unchanged:\n{why}", err=True)
        return 1
    done = state.result()
    show_outcome(done, len(folders))
    news = "published version" if done.created else "nothing changed: still version"
    reason = f" ({done.reason})" if done.created and done.reason else ""
    typer.echo(plain_line(f"{news} {done.version_id}{reason}"))
    typer.echo(format_path(published / "latest"))
    for removed in done.removed:
        typer.echo(f"removed old version {removed}")
    both = before, last_version.read_last_version(published)
    for note in last_version.list_notes(*both):
        typer.echo(plain_line(f"note: {note}"), err=True)
    for line in [*last_version.list_changes(*both), *quality.read_details(done.version)]:
        typer.echo(plain_line(f"warning: {line}"), err=True)
    return 0


def show_next_steps(published: Path) -> None:
    """Print commands that use the latest version, and those for a report and a register."""
    version = open_version(published)
    from audience_impact.cli.finding import has_register
    from audience_impact.site import build

    command = name_command()
    named = "" if published == PUBLISHED else f" --published {format_path(published)}"
    lines = [f"next: {command} show africa 2024{named}"]
    lines += [f"next: {command} list --area india --sort people{named}"]
    reported = build.find_reported(published)
    if reported != version.id:
        state = f"the pages there are of version {reported}" if reported else "writes pages"
        lines.append(f"next: {command} report{named}    # {state}")
    if not has_register(version.read_table("restrictions")):
        lines.append(f"next: {command} import stop    # adds Access Now's register")
    for line in lines:
        typer.echo(plain_line(line))


def run_refresh(facts: list[Path], into: Path, downloads: Path, options: dict[str, Any]) -> int:
    """Run the flow that fetches figures and print the changes and the path of the layer.

    Return the exit status: 0 written or unchanged, 1 refused or failed, with the reason on
    standard error.
    """
    preparing.prepare_prefect()
    with _use_server("flows.refresh") as server:
        from flows.refresh import refresh

        with _report_unreachable(server):
            state = refresh(
                [path.resolve() for path in facts],
                into.resolve(),
                downloads.resolve(),
                **options,
                return_state=True,
            )
    if not state.is_completed():
        typer.echo(f"nothing written:\n{plain_lines(str(state.message))}", err=True)
        return 1
    done = state.result()
    for line in done.lines:
        typer.echo(plain_line(line))
    news = "wrote" if done.created else "nothing changed: still"
    typer.echo(f"{news} {done.bases:,} bases\n{format_path(into)}")
    return 0


OF_A_RUN = ("flows.publish_impact", "prefect.flow_engine", "prefect.task_engine")
"""Modules that are imported while the server starts, because Prefect imports its engines with the
first run.
"""


@contextmanager
def _use_server(*modules: str) -> Iterator[str]:
    """Yield the name of a Prefect server, configured or new, that answers during the block.

    The modules are imported while a new one starts. Raises NotReadyError where none answers.
    """
    from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings

    from flows.serving import server
    from flows.serving.children import ServeError

    if address := PREFECT_API_URL.value():
        name = f"server at {address} (PREFECT_API_URL)"
        with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 1}):
            trouble = server.describe_trouble()
        if trouble:
            raise NotReadyError(_format_unreachable(name, trouble))
        yield name
        return
    name = "temporary server"
    try:
        with server.run_server_of_a_run(modules):
            yield name
    except ServeError as error:
        raise NotReadyError(_format_unreachable(name, str(error))) from error


@contextmanager
def _report_unreachable(server: str) -> Iterator[None]:
    """Raise NotReadyError with one line for any error that prevents the start of a run.

    An error inside a run becomes the state of the run and is not raised here.
    """
    try:
        yield
    except Exception as error:
        raise NotReadyError(
            _format_unreachable(server, str(error) or type(error).__name__)
        ) from error


def _format_unreachable(server: str, trouble: str) -> str:
    reason = " ".join(trouble.split()).removesuffix(".")
    line = f"nothing done: Prefect's {server} does not answer: {reason}: {AGAIN}"
    return preparing.hide_passwords(line)


@contextmanager
def _show_progress() -> Iterator[None]:
    """Show each stage with the seconds since it began, on a terminal; show nothing in a pipe."""
    from flows import run_reports

    console = Console(stderr=True)
    columns = (
        SpinnerColumn(finished_text="-"),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as shown:
        stages = [shown.add_task("starting", total=1)]

        def begin_stage(step: str) -> None:
            if step in run_reports.STAGES:
                shown.update(stages[-1], completed=1)
                stages.append(shown.add_task(run_reports.STAGES[step], total=1))

        run_reports.LISTENERS.append(begin_stage)
        try:
            yield
            shown.update(stages[-1], completed=1)
        finally:
            run_reports.LISTENERS.remove(begin_stage)


MOST_SHOWN = 5
"""Number of restrictions whose answer a run prints, the most reliable first."""


def show_outcome(done: "Published", layers: int) -> None:
    """Print some answers, the quarantined rows and the number of replaced rows."""
    from audience_impact.answers import records, sentences
    from audience_impact.answers import tables as report
    from audience_impact.vocabulary import ObsStatus

    tables = records.load_tables(done.version)
    rows = report.list_exposed(tables)
    answers = records.Records(tables)
    for name in rows["restriction_id"].head(MOST_SHOWN):
        typer.echo(plain_line(f"{name}: {sentences.write_headline(answers[name])}"))
    if len(rows) > MOST_SHOWN:
        typer.echo(f"... and {len(rows) - MOST_SHOWN:,} more: audience-impact list shows all")
    refused = done.version.read_table("quarantine")
    lines = refused[["row_layer", "file", "line"]].drop_duplicates()
    answered_count = (rows["obs_status"] != ObsStatus.MISSING.value).sum()
    typer.echo(
        f"{len(rows)} restrictions, {answered_count} with audience figures; {len(lines)} rows in "
        "quarantine"
    )
    for row in refused.head(10).itertuples():
        typer.echo(plain_line(f"  {row.file}:{row.line}:{row.column}: {row.rule}: {row.reason}"))
    if layers > 1:
        typer.echo(
            f"{layers} folders of facts; rows replaced by a row of the same key in a later folder: "
            f"{done.replaced_count:,}"
        )
