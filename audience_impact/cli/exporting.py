"""The commands `export` and `report`: a version as files for other programs, and as pages."""

from pathlib import Path
from typing import Annotated

import typer

from audience_impact.answers import EventOrder
from audience_impact.cli.folders import (
    PUBLISHED,
    OnDay,
    PublishedFolder,
    VersionName,
    fail_with,
    format_path,
    local_option,
    open_version,
)
from audience_impact.cli.showing import Area, Begun, Kind, Sort, Year
from audience_impact.exporting import Form

Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace an existing export that differs.")
]


def add_to(app: typer.Typer) -> None:
    """Add the commands `export` and `report` to the app."""
    app.command()(export)
    app.command()(report)


def export(
    form: Annotated[
        Form,
        typer.Option(
            "--format",
            help="xlsx: a workbook for people. csv, json, parquet, duckdb: exact data for "
            "programs.",
        ),
    ],
    into: Annotated[
        Path,
        local_option(
            "--into",
            "PATH",
            "The file to write; for csv and parquet a folder, or a file that ends in .zip.",
        ),
    ],
    published: PublishedFolder = PUBLISHED,
    version_name: VersionName = None,
    on: OnDay = None,
    restriction: Annotated[
        list[str] | None,
        typer.Option(
            "--restriction",
            metavar="WHAT",
            help="Only this restriction: plain words that fit one ('nigeria twitter ban'), or its "
            "id; may be repeated.",
        ),
    ] = None,
    area: Area = "",
    year: Year = None,
    sort: Sort = None,
    kind: Kind = None,
    begun: Begun = False,
    overwrite: Overwrite = False,
) -> None:
    """Write a version, or a part of it, as a workbook or as data for programs.

    A workbook of a part begins with a sheet that `list` shows: a row for each restriction.
    """
    if begun and year is None:
        raise fail_with("--begun goes with --year", 2)
    version = open_version(published, version_name, on)
    from audience_impact.answers import records
    from audience_impact.cli import answering
    from audience_impact.exporting import export as exporting
    from audience_impact.exporting.content import ExportQuery

    tables = records.load_tables(version) if restriction or area else {}
    selection = ExportQuery(
        (*dict.fromkeys(answering.find_single_id(words, tables) for words in restriction or ()),),
        answering.find_area_code(area, tables) if area else "",
        year,
        kind,
        begun,
        sort or EventOrder.PEOPLE,
    )
    notes = exporting.export_version(version, form, into, selection, overwrite)
    for line in notes:
        typer.echo(line, err=True)
    typer.echo(f"wrote version {version.id}\n{format_path(into)}")


def report(
    published: PublishedFolder = PUBLISHED,
    into: Annotated[
        Path | None,
        local_option(
            "--into",
            "DIR",
            "Folder of the report: a new or empty folder, or an earlier report. "
            "Default: reports/ in the folder of the versions, with a link `report` to it; where "
            "these are only read, audience-impact-report in the current folder.",
        ),
    ] = None,
) -> None:
    """Write the latest version as a folder of pages that any browser opens, without a network."""
    if not into:
        require_report_folder(published)
    version = open_version(published)
    from audience_impact.site import build

    if into is None and version.store.is_read_only:
        into = Path("audience-impact-report")
    folder, changed = build.publish_version(version, published, into)
    news = "wrote the report of version" if changed else "nothing changed: still the report of"
    typer.echo(f"{news} {version.id}\n{format_path(folder)}/index.html")


def require_report_folder(published: Path) -> None:
    """Exit with 2 where the versions are at an address, beside which no pages can be written."""
    from audience_impact.store.storage import format_address, is_address

    if is_address(published):
        address = format_address(published)
        raise fail_with(f"{address} is no folder for pages: write them with report --into DIR", 2)
