"""The command `release`: a published version as an archive to be pinned by its digest."""

from pathlib import Path
from typing import Annotated

import typer

from audience_impact.cli.exporting import Overwrite
from audience_impact.cli.folders import (
    PUBLISHED,
    PublishedFolder,
    fail_with,
    format_path,
    open_latest,
    require_local_paths,
)

Folder = Annotated[
    Path,
    typer.Option(
        "--into", metavar="DIR", callback=require_local_paths, help="The folder to write into."
    ),
]
Previous = Annotated[
    str | None,
    typer.Option(
        "--previous",
        metavar="VERSION",
        help="Report the changes since this version: its id or the beginning of it, previous, or "
        "the folder of an unpacked release.",
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("release")(release_version)


def release_version(
    into: Folder,
    published: PublishedFolder = PUBLISHED,
    previous: Previous = None,
    overwrite: Overwrite = False,
) -> None:
    """Write the latest version as an archive to be pinned by its digest.

    With it go its manifest, checksums, how to cite it, the licences of its sources and what
    changed since the release before. The same versions give the same bytes.
    """
    version = open_latest(published)
    from audience_impact.comparing import sides
    from audience_impact.exporting import ExportError
    from audience_impact.store import PublishError
    from flows import releasing

    try:
        before = sides.find_version(published, previous) if previous else None
        into.mkdir(parents=True, exist_ok=True)
        made, digest = releasing.write_release(version, before, into, overwrite)
    except (ExportError, PublishError) as error:
        raise fail_with(str(error)) from error
    except OSError as error:
        raise fail_with(f"cannot write into {into}: {error}") from error
    typer.echo(f"wrote version {version.id}\n{format_path(made)}\nsha256 {digest}")
