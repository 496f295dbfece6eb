"""A run from the command line, followed by its results and their paths."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from audience_impact.cli.folders import PUBLISHED, format_path, open_version
from audience_impact.plain_text import ReadableError, plain_line, plain_lines
from flows.commands.folders import name_command

if TYPE_CHECKING:
    from audience_impact.store.publishing import Published
    from flows.downloads.refreshing import RefreshOptions
    from flows.run_steps import RunOptions
    from flows.serving.profile import Profile


def run_flow(options: "RunOptions", profile: "Profile") -> int:
    """Run with these options, and print the table of results and its path.

    Return the exit status: 0 published or unchanged, 1 refused or failed, with the reason on
    standard error.
    """
    from flows import last_version
    from flows.pipeline import quality

    published = options.published
    before = last_version.read_last_version(published)
    try:
        done = _publish(options, profile)
    except Exception as error:  # each cause is a line, also one that nobody foresaw
        why = explain_failure(error)
        typer.echo(f"nothing published, latest is unchanged:\n{why}", err=True)
        return 1
    show_outcome(done, len(options.facts))
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


def _publish(options: "RunOptions", profile: "Profile") -> "Published":
    """Run as a flow on the server of PREFECT_API_URL, or without one as functions."""
    if os.environ.get("PREFECT_API_URL"):
        os.environ.setdefault("PREFECT_LOGGING_EXTRA_LOGGERS", "flows")  # before it is imported
        from flows.publish_impact import run_by_hand

        return run_by_hand(options, profile)
    from flows.serving import runs

    with _show_progress() as call:
        return runs.run_reported(options, profile, call)


def explain_failure(error: Exception) -> str:
    """Return the reason of a refusal; for any other error, its type as well."""
    name = "" if isinstance(error, ReadableError) else f"{type(error).__name__}: "
    return plain_lines(f"{name}{error}")


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


def run_refresh(options: "RefreshOptions") -> int:
    """Fetch figures, and print the changes and the path of the layer.

    Return the exit status: 0 written or unchanged, 1 refused or failed, with the reason on
    standard error.
    """
    from flows.downloads import refreshing

    try:
        done = refreshing.refresh_layer(options)
    except Exception as error:  # each cause is a line, also one that nobody foresaw
        typer.echo(f"nothing written:\n{explain_failure(error)}", err=True)
        return 1
    for line in done.lines:
        typer.echo(plain_line(line))
    news = "wrote" if done.created else "nothing changed: still"
    typer.echo(f"{news} {done.bases:,} bases\n{format_path(options.into)}")
    return 0


@contextmanager
def _show_progress() -> Iterator[Callable[..., Any]]:
    """Yield what calls a step, and shows it on a terminal with the seconds since it began."""
    from flows.run_steps import STEPS, call_step

    console = Console(stderr=True)
    columns = (
        SpinnerColumn(finished_text="-"),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as shown:

        def call(name: str, function: Callable[..., Any], *args: Any) -> Any:
            stage = shown.add_task(STEPS.get(name, name), total=1)
            result = call_step(name, function, *args)
            shown.update(stage, completed=1)
            return result

        yield call


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
