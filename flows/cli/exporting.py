"""The commands `export` and `release`: a version as files for other programs, or to be pinned."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.places import PUBLISHED, PublishedFolder, fail, latest, loaded, local, shown
from flows.exporting import Form

if TYPE_CHECKING:
    from flows.publishing.versions import Stored

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

Folder = Annotated[
    Path,
    typer.Option("--into", metavar="DIR", callback=local, help="The folder to write into."),
]
Previous = Annotated[
    str | None,
    typer.Option(
        "--previous",
        metavar="VERSION",
        help="Tell what changed since this version: its id or the beginning of it, previous, or "
        "the folder of an unpacked release.",
    ),
]


def add_to(app: typer.Typer) -> None:
    """Give the commands their words."""
    for command in (export, release):
        app.command()(command)


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
    from flows.cli.answers.showing import ids_of
    from flows.exporting import ExportError
    from flows.exporting import export as exporting
    from flows.exporting.selection import Wanted
    from flows.publishing import PublishError

    wanted = Wanted(ids_of(version, restriction or []), _code(version, area), year)
    try:
        told = exporting.export(version, form, into, wanted, overwrite)
    except (ExportError, PublishError) as error:
        raise fail(str(error)) from error
    for line in told:
        typer.echo(line, err=True)
    typer.echo(f"wrote version {version.id}\n{shown(into)}")


def release(
    into: Folder,
    published: PublishedFolder = PUBLISHED,
    previous: Previous = None,
    overwrite: Overwrite = False,
) -> None:
    """Write the latest version as an archive to be pinned by its digest.

    With it go its manifest, checksums, how to cite it, the licences of its sources and what
    changed since the release before. The same versions give the same bytes.
    """
    version = latest(published)
    from flows.comparing import sides
    from flows.exporting import ExportError
    from flows.exporting import release as releasing
    from flows.publishing import PublishError

    try:
        before = sides.find(published, previous) if previous else None
        into.mkdir(parents=True, exist_ok=True)
        made, digest = releasing.release(version, before, into, overwrite)
    except (ExportError, PublishError) as error:
        raise fail(str(error)) from error
    except OSError as error:
        raise fail(f"cannot write into {into}: {error}") from error
    typer.echo(f"wrote version {version.id}\n{shown(made)}\nsha256 {digest}")


def _code(version: "Stored", told: str) -> str:
    """The code of the area meant, or what was told where no area has that name."""
    if not told:
        return ""
    from flows.cli.answers import finding
    from flows.reporting import areas

    return finding.area_of(told, areas.names(loaded(version, areas.load))) or told
