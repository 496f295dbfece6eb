"""The commands `run`, `refresh` and `import`, with a subcommand for each register."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import chdir
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Argument, Option

from audience_impact.cli import folders as cli
from audience_impact.cli import showing
from audience_impact.plain_text import ReadableError, count_cases
from audience_impact.store.storage import is_address
from flows import CHECKOUT, FACTS
from flows.commands import folders as checkout
from flows.downloads import Name
from flows.registers import Entry

if TYPE_CHECKING:
    from flows.runs import Outcome, RunOptions
    from flows.serving.profile import Profile

Day = Annotated[datetime | None, Option(formats=["%Y-%m-%d"], metavar="DATE")]
MOST_SHOWN = 5
"""Number of restrictions whose answer a run prints, the most reliable first."""
Facts = Annotated[list[Path] | None, cli.path_option("--facts", "DIR")]


def run_and_publish(
    facts: Facts = None,
    published: checkout.PublishedOrProfile = None,
    as_of: Annotated[datetime | None, cli.date_option("--as-of")] = None,
    seed: Annotated[int, Option(min=0)] = 0,
    strict: Annotated[bool, Option("--strict")] = False,
    keep: Annotated[int | None, Option(min=1)] = None,
    workers: Annotated[int | None, Option(min=1)] = None,
    accept_changes: Annotated[bool, Option("--accept-changes")] = False,
    profile: checkout.ProfileFile = None,
    on_top_of_shipped: checkout.OnTopOfShipped = False,
    drop_layers: Annotated[bool, Option("--drop-layers")] = False,
    register: Annotated[bool, Option()] = True,
    report: Annotated[bool, Option("--report")] = False,
    recompute: Annotated[bool, Option("--recompute")] = False,
) -> None:
    """Read the facts, check them, publish the results and show them.

    Without --facts it uses the layers of the last version. Leaving one out needs --drop-layers.
    """
    from flows.serving.profile import in_checkout, read_profile

    settings = read_profile(profile)
    published = published or in_checkout(settings.published)
    checkout.require_writable(published)
    if report:
        showing.require_report_folder(published)
    folders = checkout.choose_layers(
        facts, settings, published, on_top_of_shipped, drop_layers, register
    )
    from flows.runs import RunOptions

    options = RunOptions(
        [path if is_address(path) else path.resolve() for path in folders],
        published,
        as_of.date() if as_of else None,
        seed,
        strict or settings.strict,
        keep or settings.keep,
        workers,
        accept_changes,
        recompute,
    )
    run_flow(options, settings)
    if report:
        showing.report(published)
    show_next_steps(published)


def run_flow(options: "RunOptions", profile: "Profile") -> None:
    """Run with these options and print the results; exit with 1 and the reason where it fails."""
    try:
        outcome = _publish(options, profile)
    except Exception as error:  # each cause is a line, also one that nobody foresaw
        raise _fail_as("nothing published, latest is unchanged", error) from error
    done = outcome.published
    show_outcome(outcome, len(options.facts))
    news = "published version" if done.created else "nothing changed: still version"
    reason = f" ({done.reason})" if done.created and done.reason else ""
    cli.print_line(f"{news} {done.version.id}{reason}")
    typer.echo(cli.format_path(options.published / "latest"))
    for removed in done.removed:
        typer.echo(f"removed old version {removed}")
    for note in outcome.notes:
        cli.print_line(f"note: {note}", err=True)
    texts = done.version.read_table("quality")["details"].dropna()
    details = [count_cases(text.splitlines(), "table quality") for text in texts if text]
    for line in [*outcome.changes, *details]:
        cli.print_line(f"warning: {line}", err=True)


def _publish(options: "RunOptions", profile: "Profile") -> "Outcome":
    if os.environ.get("PREFECT_API_URL"):
        os.environ.setdefault("PREFECT_LOGGING_EXTRA_LOGGERS", "flows")  # before it is imported
        place = options.published
        there = replace(options, published=place if is_address(place) else place.absolute())
        with chdir(CHECKOUT):  # Prefect reads settings of the current folder, now and in children
            from flows.publish_impact import run_by_hand

            return run_by_hand(there, profile)
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from flows import runs

    text = TextColumn("{task.description}")
    columns = SpinnerColumn(finished_text="-"), text, TimeElapsedColumn()
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as shown:

        def call(name: str, function: Callable[..., Any], *args: Any) -> Any:
            stage = shown.add_task(runs.STEPS.get(name, name), total=1)
            result = runs.call_step(name, function, *args)
            shown.update(stage, completed=1)
            return result

        return runs.run_reported(options, profile, call)


def _fail_as(news: str, error: Exception) -> typer.Exit:
    name = "" if isinstance(error, ReadableError) else f"{type(error).__name__}: "
    return cli.fail_with(f"{news}:\n{name}{error}")


def show_next_steps(published: Path) -> None:
    """Print commands that use the latest version, and those for a report and a register."""
    version = cli.open_version(published)
    from audience_impact.cli.finding import has_register
    from audience_impact.store.versions import find_reported

    named = "" if published == cli.PUBLISHED else f" --published {cli.format_path(published)}"
    steps = [f"show africa 2024{named}", f"list --area india --sort people{named}"]
    reported = find_reported(published)
    if reported != version.id:
        state = f"the pages there are of version {reported}" if reported else "writes pages"
        steps.append(f"report{named}    # {state}")
    if not has_register(version.read_table("restrictions")):
        steps.append("import stop    # adds Access Now's register")
    for step in steps:
        cli.print_line(f"next: {checkout.name_command()} {step}")


def show_outcome(outcome: "Outcome", layers: int) -> None:
    """Print some answers, the quarantined rows and the number of replaced rows."""
    from audience_impact.answers import rankings, records, sentences
    from audience_impact.vocabulary import ObsStatus

    version = outcome.published.version
    tables = records.Tables(version)
    rows = rankings.list_exposed(tables.read_arrow)
    for row in rows[:MOST_SHOWN]:
        name = row.restriction_id
        record = records.build_record(tables.read_arrow, name)
        cli.print_line(f"{name}: {sentences.write_headline(record)}")
    if len(rows) > MOST_SHOWN:
        typer.echo(f"... and {len(rows) - MOST_SHOWN:,} more: audience-impact list shows all")
    refused = version.read_table("quarantine")
    lines = refused[["row_layer", "file", "line"]].drop_duplicates()
    answered_count = sum(row.obs_status != ObsStatus.MISSING for row in rows)
    typer.echo(
        f"{len(rows)} restrictions, {answered_count} with audience figures; {len(lines)} rows in "
        "quarantine"
    )
    for row in refused.head(10).itertuples():
        cli.print_line(f"  {row.file}:{row.line}:{row.column}: {row.rule}: {row.reason}")
    if layers > 1:
        typer.echo(
            f"{layers} folders of facts; rows replaced by a row of the same key in a later folder: "
            f"{outcome.replaced_count:,}"
        )


def refresh_figures(
    into: Annotated[Path, cli.local_option("--into", "DIR")],
    downloads: Annotated[
        Path, cli.local_option("--downloads", "DIR", show_default="data/downloads")
    ] = CHECKOUT / "data" / "downloads",
    facts: Facts = None,
    confirm: Annotated[bool, Option("--confirm")] = False,
    only: Annotated[
        list[Name] | None,
        Option(
            metavar="NAME", help=f"Fetch only this download ({', '.join(Name)}); may be repeated."
        ),
    ] = None,
    threshold: Annotated[float, Option(min=0, max=1)] = 0.05,
    address: Annotated[list[str] | None, Option(metavar="NAME=ADDRESS")] = None,
) -> None:
    """Fetch figures from their publishers and write them as a layer of facts."""
    folders = checkout.fact_folders(facts)
    addresses = {}
    for text in address or ():
        name, _, place = text.partition("=")
        if name not in set(Name) or not place:
            names = ", ".join(Name)
            raise cli.fail_with(f"--address {text}: give NAME=ADDRESS, with NAME one of {names}", 2)
        addresses[Name(name)] = place
    from flows.downloads import refreshing

    options = refreshing.RefreshOptions(
        into.resolve(),
        downloads.resolve(),
        [path.resolve() for path in folders],
        datetime.now(UTC).date(),
        only or list(Name),
        confirm,
        threshold,
        addresses,
    )
    try:
        done = refreshing.refresh_layer(options)
    except Exception as error:  # each cause is a line, also one that nobody foresaw
        raise _fail_as("nothing written", error) from error
    for line in done.lines:
        cli.print_line(line)
    news = "wrote" if done.created else "nothing changed: still"
    typer.echo(f"{news} {done.bases:,} bases\n{cli.format_path(into.resolve())}")


def build_import_commands(registers: Mapping[str, Entry]) -> typer.Typer:
    """Return the command `import`, with a subcommand for each register."""
    group = typer.Typer(no_args_is_help=True, help="Import a register as a layer of fact tables.")
    for name, entry in registers.items():
        group.command(name, help=entry.help_text)(_build_import_command(entry))
    return group


def _build_import_command(entry: Entry) -> Callable[..., None]:
    def import_register(
        file: Annotated[
            Path | None, Argument(metavar="FILE", show_default=False, readable=False)
        ] = None,
        into: Annotated[Path | None, cli.local_option("--into", "DIR")] = None,
        facts: Facts = None,
        counts: Annotated[Path | None, Option(metavar="FILE")] = None,
        snapshot: Day = None,
        address: Annotated[str, Option()] = "",
        accessed: Day = None,
        overwrite: Annotated[bool, Option("--overwrite")] = False,
        run: Annotated[bool, Option("--run")] = False,
        published: cli.WrittenFolder = cli.PUBLISHED,
        style: cli.AnswerFormat = cli.OutputFormat.TEXT,
    ) -> None:
        if file is None:
            raise cli.fail_with("\n".join(["give FILE, the register.", *entry.where]), 2)
        if into is None and entry.layer is None:
            raise cli.fail_with("give --into DIR, the folder where the layer is written", 2)
        into = into or CHECKOUT / str(entry.layer)
        folders = checkout.fact_folders(facts, default=[FACTS])
        from flows.registers.importing import Origin, import_file

        published_on, read_on = (f"{day:%Y-%m-%d}" if day else "" for day in (snapshot, accessed))
        origin = Origin(published_on, address, read_on)
        done = import_file(entry.load_register(), file, into, folders, origin, overwrite, counts)
        for copy in done.replaced:
            cli.print_line(f"edited by hand, kept as {copy}", err=True)
        is_json = style is cli.OutputFormat.JSON
        sys.stdout.write(done.json if is_json else done.text)
        if run or not is_json:
            _finish_import(folders, into, published, run)

    cli.describe_options({"import": import_register}, __file__)
    return import_register


def _finish_import(facts: Sequence[Path], into: Path, published: Path, run: bool) -> None:
    """Run with the layers of the last version and the new one, or print the command that does."""
    from flows.runs import name_folder

    folders = checkout.read_last_layers(published) or list(facts)
    if name_folder(into) not in map(name_folder, folders):
        folders.append(into)
    if run:
        run_and_publish(facts=folders, published=published)
        return
    options = checkout.format_options(map(cli.format_path, folders))
    named = "" if published == cli.PUBLISHED else f" --published {cli.format_path(published)}"
    typer.echo(f"next: {checkout.name_command()} run {options}{named}    # or import with --run")
