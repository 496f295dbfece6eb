"""The command `import`, with a word for each register."""

import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from audience_impact.cli.folders import Told, fail, local
from flows.commands.folders import fact_folders
from flows.commands.run import Facts
from flows.registers.registry import REGISTERS, Entry


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.add_typer(import_commands(REGISTERS), name="import")


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
        from audience_impact.plain_text import plain
        from flows.commands.register_layer import ERRORS, Wanted, import_file

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
