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

FACTS, PUBLISHED = CHECKOUT / "data" / "facts", CHECKOUT / "data" / "published"
DOWNLOADS = CHECKOUT / "data" / "downloads"


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


def fact_folders(paths: list[Path] | None) -> list[Path]:
    """The folders asked for; exits with 2 where one is no folder of fact tables."""
    from schemas.facts import TABLES

    chosen = paths or [FACTS]
    for path in chosen:
        if not path.is_dir():
            raise fail(f"{path} is no folder; give a folder of fact tables", 2)
        if not any((path / f"{table}.csv").is_file() for table in TABLES):
            raise fail(f"{path} holds no fact table (such as estimates.csv)", 2)
    return chosen


def latest(published: Path) -> "Stored":
    """The latest version; exits with 1 where there is none."""
    from flows.publishing import PublishError, versions

    try:
        return versions.latest(published)
    except PublishError as error:
        raise fail(str(error)) from error


PublishedFolder = Annotated[
    Path,
    typer.Option(
        "--published",
        metavar="DIR",
        callback=local,
        help="Where the versions lie.",
        show_default="data/published",
    ),
]


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
