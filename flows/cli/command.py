"""The command `audience-impact`. prefect is imported only where a flow is run or served."""

import atexit
import logging
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from flows.cli import adding, checking, exporting, reporting, serving
from flows.cli.answers import comparing, explaining, showing
from flows.cli.places import (
    DOWNLOADS,
    FACTS,
    PUBLISHED,
    OnTopOfShipped,
    ProfileFile,
    PublishedFolder,
    PublishedOrProfile,
    Told,
    environment,
    fact_folders,
    fail,
    in_checkout,
    latest,
    loaded,
    local,
)
from flows.downloads.names import Name
from flows.registers.registry import REGISTERS, Entry
from flows.workers import RunnerName

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="How many people does an internet restriction touch?",
)

Facts = Annotated[
    list[Path] | None,
    typer.Option(
        "--facts",
        metavar="DIR",
        help="Folder of fact tables, or its address; several are layered, rows merge by "
        "key and a later folder wins. Default: data/facts of the checkout.",
    ),
]


AsOf = Annotated[
    datetime | None,
    typer.Option(
        "--as-of",
        formats=["%Y-%m-%d"],
        metavar="DATE",
        help="Day the results speak of, from what was known on it: rows whose source was out by "
        "then. Default: all rows, and the last day on which, or after which, two sources were "
        "read.",
    ),
]
Strict = Annotated[
    bool,
    typer.Option(
        "--strict",
        help="Refuse to publish when any row is bad, instead of sending it to quarantine, or "
        "when answers changed much against the last version.",
    ),
]
Keep = Annotated[int | None, typer.Option(min=1, help="Keep only so many versions. Default: all.")]
Repair = Annotated[
    bool,
    typer.Option(
        "--repair",
        help="Move measured overlaps that contradict other facts as little as makes them fit, "
        "instead of leaving them out.",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Processes that compute the parts of a large register, or threads that draw where "
        "there is one part; the number changes no byte. Default: two from a thousand "
        "restrictions on, where there are two processors.",
    ),
]
RunBy = Annotated[
    RunnerName,
    typer.Option(
        "--runner",
        help="Who computes the parts of a large register: processes of this machine, or a Dask "
        "cluster (needs the libraries of the extra dask).",
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="With --runner dask: the scheduler of the cluster, as tcp://HOST:PORT, whose workers "
        "reach the folder for temporary files (TMPDIR). Default: a cluster of --workers processes "
        "of this machine.",
    ),
]
Sensitivity = Annotated[
    bool, typer.Option(help="Tell which input drives the width of each interval.")
]
AcceptChanges = Annotated[
    bool,
    typer.Option(
        "--accept-changes",
        help="With --strict: publish although answers changed much, or vanished, against the "
        "last version.",
    ),
]


@app.command()
def run(
    facts: Facts = None,
    published: PublishedOrProfile = None,
    as_of: AsOf = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draws.")] = 0,
    strict: Strict = False,
    keep: Keep = None,
    repair: Repair = False,
    workers: Workers = None,
    sensitivity: Sensitivity = True,
    accept_changes: AcceptChanges = False,
    profile: ProfileFile = None,
    on_top_of_shipped: OnTopOfShipped = False,
    runner: RunBy = RunnerName.LOCAL,
    scheduler: Scheduler = None,
) -> None:
    """Run the flow: read the facts, check them, publish the results and show them."""
    own = environment(profile)
    asked = facts or [in_checkout(path) for path in own.facts]
    folders = fact_folders(asked, on_top_of_shipped)
    published = published or in_checkout(own.published)
    from flows.cli.running import run_flow

    wanted = {
        "as_of": as_of.date() if as_of else None,
        "seed": seed,
        "strict": strict or own.strict,
        "keep": keep or own.keep,
        "repair": repair,
        "workers": workers,
        "sensitivity": sensitivity,
        "accept_changes": accept_changes,
        "environment": own.environment,
        "runner": runner,
        "scheduler": scheduler,
    }
    raise typer.Exit(run_flow(folders, published, wanted))


checking.add_to(app)
showing.add_to(app)
exporting.add_to(app)
reporting.add_to(app)


@app.command(name="list")
def list_(published: PublishedFolder = PUBLISHED) -> None:
    """List the restrictions published, the best known first."""
    from flows.reporting import tables as report

    version = latest(published)
    tables = loaded(version)
    rows = report.exposed(tables)
    report.show_results(rows, f"People exposed, version {version.id}")


explaining.add_to(app)


OneFolder = Annotated[
    Path,
    typer.Option(
        "--facts",
        metavar="DIR",
        callback=local,
        help="Folder of fact tables.",
        show_default="data/facts of the checkout",
    ),
]
OnlyCheck = Annotated[
    bool,
    typer.Option("--check", help="Write nothing; exit with 1 where the table does not match."),
]


def _learn(command: str, facts: Path, check: bool) -> typer.Exit:
    """Write what a command learns from the facts, or only compare; the exit to raise."""
    fact_folders([facts])
    from flows.pipeline import learned, steps
    from schemas.contracts import ValidationOffError

    try:
        matched, told = learned.learn(command, facts, check)
    except (steps.RefusedError, ValidationOffError, ValueError) as error:
        return fail(str(error))
    typer.echo(told, err=check and not matched)
    return typer.Exit(1 if check and not matched else 0)


@app.command()
def calibrate(facts: OneFolder = FACTS, check: OnlyCheck = False) -> None:
    """Learn the overlap model from the surveys and write overlap_calibration.csv."""
    raise _learn("calibrate", facts, check)


@app.command()
def learn(facts: OneFolder = FACTS, check: OnlyCheck = False) -> None:
    """Learn what printed figures may be off by and write figure_errors.csv."""
    raise _learn("learn", facts, check)


@app.command()
def learn_daily_use(facts: OneFolder = FACTS, check: OnlyCheck = False) -> None:
    """Learn who of the users comes on a day, and write daily_use.csv."""
    raise _learn("learn-daily-use", facts, check)


@app.command()
def learn_places(facts: OneFolder = FACTS, check: OnlyCheck = False) -> None:
    """Learn who is online in a place, and write place_laws.csv and network_laws.csv."""
    raise _learn("learn-places", facts, check)


@app.command()
def learn_shares(facts: OneFolder = FACTS, check: OnlyCheck = False) -> None:
    """Learn who keeps access and who uses a feature; write circumvention_laws and feature_laws."""
    raise _learn("learn-shares", facts, check)


@app.command()
def learn_audiences(facts: OneFolder = FACTS, check: OnlyCheck = False) -> None:
    """Learn the audiences that nobody counted and write audience_laws.csv; takes minutes."""
    raise _learn("learn-audiences", facts, check)


Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DATE")]


def import_commands(registers: Mapping[str, Entry]) -> typer.Typer:
    """The command `import`, with a word for each register."""
    group = typer.Typer(no_args_is_help=True, help="Import a register as a layer of fact tables.")
    for name, entry in registers.items():
        group.command(name, help=entry.help)(_import_command(entry))
    return group


RegisterFile = Annotated[
    Path | None,
    typer.Argument(
        metavar="FILE", help="The register: .parquet, .xlsx or .csv (UTF-8).", show_default=False
    ),
]
Into = Annotated[
    Path | None,
    typer.Option("--into", metavar="DIR", callback=local, help="Where the layer is written."),
]
Counts = Annotated[
    Path | None, typer.Option(metavar="FILE", help="CSV of count_year, country, events.")
]
Overwrite = Annotated[
    bool,
    typer.Option(
        "--overwrite",
        help="Write over tables edited by hand; a copy of each is kept in DIR/replaced.",
    ),
]


def _import_command(entry: Entry) -> Callable[..., None]:
    def import_register(
        file: RegisterFile = None,
        into: Into = None,
        facts: Facts = None,
        counts: Counts = None,
        snapshot: Day = None,
        address: Annotated[str, typer.Option(help="Where it was read.")] = "",
        accessed: Day = None,
        overwrite: Overwrite = False,
        style: Annotated[Told, typer.Option("--format", help="Form of the answer.")] = Told.TEXT,
    ) -> None:
        if file is None:
            raise fail("\n".join(["give FILE, the register.", *entry.where]), 2)
        if into is None:
            raise fail("give --into DIR, the folder where the layer is written", 2)
        folders = fact_folders(facts)
        from flows.cli.importing import ERRORS, Wanted, import_file
        from flows.reporting.plain import plain

        days = {"snapshot": snapshot, "accessed": accessed}
        told = {name: f"{day:%Y-%m-%d}" for name, day in days.items() if day}
        wanted = Wanted(file, into, folders, counts, {"address": address, **told}, overwrite)
        try:
            done = import_file(entry.load(), wanted)
        except ERRORS as error:
            raise fail(str(error)) from error
        for copy in done.replaced:
            typer.echo(plain(f"edited by hand, kept as {copy}"), err=True)
        sys.stdout.write(done.as_json() if style is Told.JSON else done.as_text())

    return import_register


app.add_typer(import_commands(REGISTERS), name="import")
adding.add_to(app)


LayerFolder = Annotated[
    Path,
    typer.Option(
        "--into",
        metavar="DIR",
        callback=local,
        help="Where the layer is written; no other fact table may lie there.",
    ),
]
Downloads = Annotated[
    Path,
    typer.Option(
        "--downloads",
        metavar="DIR",
        callback=local,
        help="Where every download is kept.",
        show_default="data/downloads",
    ),
]
Confirm = Annotated[
    bool,
    typer.Option(
        "--confirm", help="Go on where more rows are gone or changed than the threshold allows."
    ),
]
Only = Annotated[
    list[Name] | None,
    typer.Option(
        "--only",
        metavar="NAME",
        help=f"Fetch this alone ({', '.join(Name)}); may be given again. The rest is taken "
        "as accepted last.",
    ),
]
Threshold = Annotated[
    float, typer.Option(min=0, max=1, help="Share of rows gone or changed above which to ask.")
]
Addresses = Annotated[
    list[str] | None,
    typer.Option(
        "--address",
        metavar="NAME=ADDRESS",
        help="Where to fetch something, instead of its usual address; may be given again.",
    ),
]


@app.command()
def refresh(
    into: LayerFolder,
    downloads: Downloads = DOWNLOADS,
    facts: Facts = None,
    confirm: Confirm = False,
    only: Only = None,
    threshold: Threshold = 0.05,
    address: Addresses = None,
) -> None:
    """Fetch figures from their publishers and write them as a layer of facts."""
    folders = fact_folders(facts)
    wanted = {
        "confirm": confirm,
        "only": only or list(Name),
        "threshold": threshold,
        "addresses": _addresses(address or []),
    }
    from flows.cli.running import run_refresh

    raise typer.Exit(run_refresh(folders, into, downloads, wanted))


def _addresses(told: list[str]) -> dict[Name, str]:
    """Addresses by name; exits with 2 where one is no NAME=ADDRESS."""
    found = {}
    for text in told:
        name, _, where = text.partition("=")
        if name not in set(Name) or not where:
            names = ", ".join(Name)
            raise fail(f"--address {text}: give NAME=ADDRESS, with NAME one of {names}", 2)
        found[Name(name)] = where
    return found


comparing.add_to(app)
serving.add_to(app)


def _leave(status: list[int]) -> None:
    """End the process with the status that was told, its memory as it is.

    Python would free every object of some thousand modules one by one, for a second after a run.
    """
    logging.shutdown()
    with suppress(OSError):  # whoever read is gone: Python says so when it ends by itself
        sys.stdout.flush()
        sys.stderr.flush()
        if status:
            os._exit(status[0])


def main() -> None:
    """Entry point of the command, after which the process ends."""
    status: list[int] = []
    # Registered first, it is called last: all that libraries have to do at the end is done.
    atexit.register(_leave, status)
    try:
        app()
    except SystemExit as end:
        if isinstance(end.code, int):
            status.append(end.code)
        raise
