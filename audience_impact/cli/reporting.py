"""The command `report`: the pages of the latest version, or the picture of one restriction."""

from pathlib import Path
from typing import Annotated

import typer

from audience_impact.cli.folders import (
    PUBLISHED,
    PublishedFolder,
    fail_with,
    format_path,
    open_latest,
    require_local_paths,
)

Into = Annotated[
    Path | None,
    typer.Option(
        "--into",
        metavar="DIR",
        callback=require_local_paths,
        help="Where the report is written: a new or empty folder, or an earlier report. "
        "Default: beside the versions, where `report` then leads to it.",
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(report)


Png = Annotated[
    list[str] | None,
    typer.Option(
        "--png",
        metavar="RESTRICTION",
        help="Write the picture of this restriction alone (its id, or words that fit it alone) "
        "into DIR (default: the current folder), and no report; may be given again.",
    ),
]


def report(published: PublishedFolder = PUBLISHED, into: Into = None, png: Png = None) -> None:
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
