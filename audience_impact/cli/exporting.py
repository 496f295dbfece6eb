"""The command `export`: a version as files for other programs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audience_impact.cli.folders import (
    PUBLISHED,
    PublishedFolder,
    fail,
    latest,
    loaded,
    local,
    shown,
)
from audience_impact.exporting import Form

if TYPE_CHECKING:
    from audience_impact.store.versions import Stored

Chosen = Annotated[
    Form,
    typer.Option(
        "--format",
        help="xlsx: a workbook for people. csv, json, parquet, duckdb: exact, for programs.",
    ),
]
Into = Annotated[
    Path,
    typer.Option(
        "--into",
        metavar="PATH",
        callback=local,
        help="The file to write; of csv and parquet a folder, or a file that ends in .zip.",
    ),
]
Restrictions = Annotated[
    list[str] | None,
    typer.Option(
        "--restriction",
        metavar="WHAT",
        help="This restriction alone: its id, or words that fit one (nigeria twitter); may be "
        "given again.",
    ),
]
Area = Annotated[
    str,
    typer.Option(
        metavar="AREA",
        help="An area alone: a code (RU, 002, 001 for the world) or an English name (Africa).",
        show_default=False,
    ),
]
Year = Annotated[int | None, typer.Option(min=1990, max=2100, help="This year alone.")]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Write over what is there and differs.")
]


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(export)


def export(
    form: Chosen,
    into: Into,
    published: PublishedFolder = PUBLISHED,
    restriction: Restrictions = None,
    area: Area = "",
    year: Year = None,
    overwrite: Overwrite = False,
) -> None:
    """Write the latest version, or a part of it, as a workbook or as data for programs."""
    version = latest(published)
    from audience_impact.cli.showing import ids_of
    from audience_impact.exporting import ExportError
    from audience_impact.exporting import export as exporting
    from audience_impact.exporting.selection import Wanted
    from audience_impact.store import PublishError

    wanted = Wanted(ids_of(version, restriction or []), _code(version, area), year)
    try:
        told = exporting.export(version, form, into, wanted, overwrite)
    except (ExportError, PublishError) as error:
        raise fail(str(error)) from error
    for line in told:
        typer.echo(line, err=True)
    typer.echo(f"wrote version {version.id}\n{shown(into)}")


def _code(version: "Stored", told: str) -> str:
    """The code of the area meant, or what was told where no area has that name."""
    if not told:
        return ""
    from audience_impact.answers import records
    from audience_impact.cli import finding

    return finding.area_of(told, records.area_names(loaded(version, records.load_areas))) or told
