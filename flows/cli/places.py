"""The folders that the command is given: what may not be one, and what lies there."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows import CHECKOUT

if TYPE_CHECKING:
    import pandas as pd

    from flows.publishing.versions import Stored
    from flows.serving.profile import Profile

FACTS, PUBLISHED = CHECKOUT / "data" / "facts", CHECKOUT / "data" / "published"
DOWNLOADS = CHECKOUT / "data" / "downloads"

ProfileFile = Annotated[
    Path | None,
    typer.Option(
        "--profile",
        metavar="FILE",
        help="An environment in TOML: facts, published, keep, schedule and more; the variables "
        "AUDIENCE_IMPACT_... win over it, options over both.",
    ),
]
OnTopOfShipped = Annotated[
    bool,
    typer.Option(
        "--on-top-of-shipped",
        help="The folders hold rows of one's own, and lie on the facts shipped with the command.",
    ),
]


def fail(message: str, code: int = 1) -> typer.Exit:
    """Say why on standard error; to be raised."""
    from flows.reporting.plain import plain_lines

    typer.echo(plain_lines(message), err=True)
    return typer.Exit(code)


def local(given: list[Path] | Path | None) -> list[Path] | Path | None:
    """What was given, where it is on this machine; exits with 2 where it is elsewhere."""
    from flows.publishing import PublishError
    from flows.publishing.storage import require_local

    try:
        for path in given if isinstance(given, list) else [given]:
            require_local(path or "")
    except PublishError as error:
        raise fail(str(error), 2) from error
    return given


def environment(profile: Path | None) -> "Profile":
    """The environment of a file and of the variables; exits with 2 where it is none."""
    from flows.serving.preparing import NotReadyError
    from flows.serving.profile import read

    try:
        return read(profile)
    except NotReadyError as error:
        raise fail(str(error), 2) from error


def in_checkout(path: Path) -> Path:
    """A folder of a profile, relative to the checkout; an address as it is."""
    from flows.publishing.storage import is_address

    return path if is_address(path) else CHECKOUT / path


def fact_folders(paths: list[Path] | None, on_top_of_shipped: bool = False) -> list[Path]:
    """The folders asked for, on the shipped ones where wanted; exits with 2 where one is none."""
    from flows.publishing import storage
    from schemas.facts import TABLES

    if on_top_of_shipped and (not paths or any(_is_shipped(path) for path in paths)):
        raise fail("--on-top-of-shipped: give a folder of fact tables of your own", 2)
    chosen = [FACTS] * on_top_of_shipped + (paths or [FACTS])
    for path in chosen:
        if storage.is_address(path):
            continue
        if not path.is_dir():
            raise fail(f"{path} is no folder; give a folder of fact tables", 2)
        if not any((path / f"{table}.csv").is_file() for table in TABLES):
            raise fail(f"{path} holds no fact table (such as estimates.csv)", 2)
    return chosen


def _is_shipped(path: Path) -> bool:
    return path.exists() and path.samefile(FACTS)


def latest(published: Path) -> "Stored":
    """The latest version; exits with 1 where there is none."""
    from flows.publishing import PublishError, versions

    try:
        return versions.latest(published)
    except PublishError as error:
        raise fail(str(error)) from error


_PUBLISHED = typer.Option(
    "--published",
    metavar="DIR",
    envvar="AUDIENCE_IMPACT_PUBLISHED",
    help="Where the versions lie: a folder, or an address such as s3://bucket/folder.",
    show_default="data/published",
)
PublishedFolder = Annotated[Path, _PUBLISHED]
PublishedOrProfile = Annotated[Path | None, _PUBLISHED]


class Told(StrEnum):
    """Forms in which an answer is told."""

    TEXT = "text"
    JSON = "json"


def loaded(
    version: "Stored", load: "Callable[[Stored], dict[str, pd.DataFrame]] | None" = None
) -> "dict[str, pd.DataFrame]":
    """The tables that tell of restrictions, or what `load` reads; exits with 1 where damaged."""
    from flows.publishing import PublishError
    from flows.reporting import story

    try:
        return (load or story.load)(version)
    except PublishError as error:
        raise fail(str(error)) from error


def shown(path: Path) -> str:
    """The path, or address, as a reader would type it here."""
    from flows.publishing.storage import address, is_address
    from flows.reporting.plain import plain

    if is_address(path):
        return address(path)
    there = path.absolute()
    near = there.relative_to(Path.cwd()) if there.is_relative_to(Path.cwd()) else there
    return plain(near)
