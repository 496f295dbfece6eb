"""Where a published version lies, how it is read, and how the command says what is wrong."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import pandas as pd

    from audience_impact.store.versions import Stored

CHECKOUT = Path(__file__).resolve().parents[2]
"""The folder that holds the package: the checkout, or where libraries are installed."""
IS_CHECKOUT = (CHECKOUT / "flows" / "commands").is_dir() and (CHECKOUT / "pyproject.toml").is_file()
"""Whether the package is used from a checkout, which has more commands than the wheel."""
PUBLISHED = (CHECKOUT if IS_CHECKOUT else Path()) / "data" / "published"


def fail(message: str, code: int = 1) -> typer.Exit:
    """Say why on standard error; to be raised."""
    from audience_impact.plain_text import plain_lines

    typer.echo(plain_lines(message), err=True)
    return typer.Exit(code)


def local(given: list[Path] | Path | None) -> list[Path] | Path | None:
    """What was given, where it is on this machine; exits with 2 where it is elsewhere."""
    from audience_impact.store import PublishError
    from audience_impact.store.storage import require_local

    try:
        for path in given if isinstance(given, list) else [given]:
            require_local(path or "")
    except PublishError as error:
        raise fail(str(error), 2) from error
    return given


def latest(published: Path) -> "Stored":
    """The latest version; exits with 1 where there is none."""
    from audience_impact.store import PublishError, versions

    try:
        return versions.latest(published)
    except PublishError as error:
        raise fail(str(error)) from error


PUBLISHED_OPTION = typer.Option(
    "--published",
    metavar="DIR",
    envvar="AUDIENCE_IMPACT_PUBLISHED",
    help="Where the versions lie: a folder, or an address such as s3://bucket/folder.",
    show_default="data/published",
)
PublishedFolder = Annotated[Path, PUBLISHED_OPTION]


class Told(StrEnum):
    """Forms in which an answer is told."""

    TEXT = "text"
    JSON = "json"


def loaded(
    version: "Stored", load: "Callable[[Stored], dict[str, pd.DataFrame]] | None" = None
) -> "dict[str, pd.DataFrame]":
    """The tables that tell of restrictions, or what `load` reads; exits with 1 where damaged."""
    from audience_impact.answers import records
    from audience_impact.store import PublishError

    try:
        return (load or records.load)(version)
    except PublishError as error:
        raise fail(str(error)) from error


def shown(path: Path) -> str:
    """The path, or address, as a reader would type it here."""
    from audience_impact.plain_text import plain
    from audience_impact.store.storage import address, is_address

    if is_address(path):
        return address(path)
    there = path.absolute()
    near = there.relative_to(Path.cwd()) if there.is_relative_to(Path.cwd()) else there
    return plain(near)
