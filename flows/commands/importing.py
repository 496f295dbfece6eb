"""The command `import`, with a subcommand for each register."""

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from audience_impact.cli.folders import (
    PUBLISHED,
    AnswerFormat,
    OutputFormat,
    WrittenFolder,
    fail_with,
    format_path,
    local_option,
    print_line,
)
from flows import CHECKOUT, FACTS
from flows.commands.folders import (
    fact_folders,
    format_options,
    name_command,
    read_last_layers,
)
from flows.commands.run import Facts, run_and_publish
from flows.registers import Entry

Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DATE")]


def build_import_commands(registers: Mapping[str, Entry]) -> typer.Typer:
    """Return the command `import`, with a subcommand for each register."""
    group = typer.Typer(no_args_is_help=True, help="Import a register as a layer of fact tables.")
    for name, entry in registers.items():
        group.command(name, help=entry.help_text)(_build_import_command(entry))
    return group


def _build_import_command(entry: Entry) -> Callable[..., None]:
    def import_register(
        file: Annotated[
            Path | None,
            typer.Argument(
                metavar="FILE",
                help="The register: .parquet, .xlsx or .csv (UTF-8).",
                show_default=False,
                readable=False,
            ),
        ] = None,
        into: Annotated[
            Path | None,
            local_option("--into", "DIR", "Folder of the layer. Default for stop: data/stop."),
        ] = None,
        facts: Facts = None,
        counts: Annotated[
            Path | None,
            typer.Option(metavar="FILE", help="CSV of count_year, country, events."),
        ] = None,
        snapshot: Day = None,
        address: Annotated[str, typer.Option(help="Address at which the register was read.")] = "",
        accessed: Day = None,
        overwrite: Annotated[
            bool,
            typer.Option("--overwrite", help="Replace edited tables; DIR/replaced has copies."),
        ] = False,
        run: Annotated[
            bool, typer.Option("--run", help="Then run with the layer on top of the last ones.")
        ] = False,
        published: WrittenFolder = PUBLISHED,
        style: AnswerFormat = OutputFormat.TEXT,
    ) -> None:
        if file is None:
            raise fail_with("\n".join(["give FILE, the register.", *entry.where]), 2)
        if into is None and entry.layer is None:
            raise fail_with("give --into DIR, the folder where the layer is written", 2)
        into = into or CHECKOUT / str(entry.layer)
        folders = fact_folders(facts, default=[FACTS])
        from flows.registers.importing import Origin, import_file

        published_on, read_on = (f"{day:%Y-%m-%d}" if day else "" for day in (snapshot, accessed))
        origin = Origin(published_on, address, read_on)
        done = import_file(entry.load_register(), file, into, folders, origin, overwrite, counts)
        for copy in done.replaced:
            print_line(f"edited by hand, kept as {copy}", err=True)
        is_json = style is OutputFormat.JSON
        sys.stdout.write(done.json if is_json else done.text)
        if run or not is_json:
            _finish_import(folders, into, published, run)

    return import_register


def _finish_import(facts: Sequence[Path], into: Path, published: Path, run: bool) -> None:
    """Run with the layers of the last version and the new one, or print the command that does."""
    from flows.runs import name_folder

    folders = read_last_layers(published) or list(facts)
    if name_folder(into) not in map(name_folder, folders):
        folders.append(into)
    if run:
        run_and_publish(facts=folders, published=published)
        return
    options = format_options(map(format_path, folders))
    named = "" if published == PUBLISHED else f" --published {format_path(published)}"
    typer.echo(f"next: {name_command()} run {options}{named}    # or import with --run")
