"""The commands `export` and `report`: a version as files for other programs, and as pages."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audience_impact.cli.folders import (
    PUBLISHED,
    PublishedFolder,
    fail_with,
    format_path,
    load_tables,
    open_latest,
    require_local_paths,
)
from audience_impact.exporting import Form

if TYPE_CHECKING:
    from audience_impact.store.versions import Stored

Chosen = Annotated[
    Form,
    typer.Option(
        "--format",
        help="xlsx: a workbook for people. csv, json, parquet, duckdb: exact data for programs.",
    ),
]
Into = Annotated[
    Path,
    typer.Option(
        "--into",
        metavar="PATH",
        callback=require_local_paths,
        help="The file to write; for csv and parquet a folder, or a file that ends in .zip.",
    ),
]
Restrictions = Annotated[
    list[str] | None,
    typer.Option(
        "--restriction",
        metavar="WHAT",
        help="Only this restriction: plain words that fit one ('nigeria twitter ban'), or its id; "
        "may be repeated.",
    ),
]
Area = Annotated[
    str,
    typer.Option(
        metavar="AREA",
        help="Only this area: a code (RU, 002, 001 for the world) or a name (Africa, Burma).",
        show_default=False,
    ),
]
Year = Annotated[int | None, typer.Option(min=1990, max=2100, help="Only this year.")]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace an existing export that differs.")
]


def add_to(app: typer.Typer) -> None:
    """Add the commands `export` and `report` to the app."""
    app.command()(export)
    app.command()(report)


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
    version = open_latest(published)
    from audience_impact.cli.showing import find_ids
    from audience_impact.exporting import ExportError
    from audience_impact.exporting import export as exporting
    from audience_impact.exporting.selection import ExportQuery
    from audience_impact.store import PublishError

    selection = ExportQuery(
        find_ids(version, restriction or []), _find_area_code(version, area), year
    )
    try:
        notes = exporting.export_version(version, form, into, selection, overwrite)
    except (ExportError, PublishError) as error:
        raise fail_with(str(error)) from error
    for line in notes:
        typer.echo(line, err=True)
    typer.echo(f"wrote version {version.id}\n{format_path(into)}")


def _find_area_code(version: "Stored", words: str) -> str:
    """Return the code of the area with this name; the words unchanged if there is none."""
    if not words:
        return ""
    from audience_impact.answers import records
    from audience_impact.cli import finding

    return (
        finding.find_area(
            words, records.read_area_names(load_tables(version, records.load_area_tables))
        )
        or words
    )


ReportInto = Annotated[
    Path | None,
    typer.Option(
        "--into",
        metavar="DIR",
        callback=require_local_paths,
        help="Folder of the report: a new or empty folder, or an earlier report. "
        "Default: reports/ in the folder of the versions, with a link `report` to it.",
    ),
]


Png = Annotated[
    list[str] | None,
    typer.Option(
        "--png",
        metavar="RESTRICTION",
        help="Write only the picture of this restriction (plain words that fit it, or its id) "
        "into DIR (default: the current folder), and no report; may be repeated.",
    ),
]


def report(
    published: PublishedFolder = PUBLISHED, into: ReportInto = None, png: Png = None
) -> None:
    """Write the latest version as a folder of pages that any browser opens, without a network."""
    version = open_latest(published)
    from audience_impact.cli.showing import find_ids
    from audience_impact.site import build
    from audience_impact.store import PublishError

    try:
        if png:
            for path in build.write_pictures(version, find_ids(version, png), into or Path()):
                typer.echo(format_path(path))
            return
        folder, changed = build.publish_version(version, published, into)
    except PublishError as error:
        raise fail_with(str(error)) from error
    news = "wrote the report of version" if changed else "nothing changed: still the report of"
    typer.echo(f"{news} {version.id}\n{format_path(folder)}/index.html")
