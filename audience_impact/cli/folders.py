"""What the commands share: the version that they read, their options, and how they end."""

import importlib
import os
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Option

from audience_impact.api.loading import IS_CHECKOUT, RELEASED
from audience_impact.api.loading import PUBLISHED as PUBLISHED
from audience_impact.plain_text import hide_passwords, json_text, plain_line, plain_lines
from audience_impact.store.storage import format_address, is_address
from audience_impact.vocabulary import read_table

if TYPE_CHECKING:
    from audience_impact.store.versions import Stored


OPENED: list["Stored"] = []
"""The versions that the command has opened."""


def import_computing() -> Any:
    """Return the module that computes for `explain` and `diff`; exit with 2 outside a checkout."""
    if not IS_CHECKOUT:
        raise fail_with("--facts needs a checkout of the repository, because it computes", 2)
    return importlib.import_module("flows.commands.operating")


def fail_with(message: str, code: int = 1) -> typer.Exit:
    """Write the message to standard error; return the exit to raise."""
    typer.echo(plain_lines(hide_passwords(message)), err=True)
    return typer.Exit(code)


def print_line(text: object, err: bool = False) -> None:
    """Write a text that may hold words of others as one line."""
    typer.echo(plain_line(text), err=err)


def require_local_paths(paths: list[Path] | Path | None) -> list[Path] | Path | None:
    """Return the paths; exit with 2 where one is an address and no local path."""
    for path in paths if isinstance(paths, list) else [paths or Path()]:
        if is_address(path):
            raise fail_with(
                f"{format_path(path)}: an address cannot be used here; give a folder", 2
            )
    return paths


def open_version(published: Path, name: str | None = None, day: datetime | None = None) -> "Stored":
    """Return the version with a name, of a day, or the latest; print the id of a shipped one."""
    from audience_impact.store import LATEST, versions

    if name and day:
        raise fail_with("give --version or --on, not both", 2)
    if day:
        version = versions.find_version_on(published, day.date())
    elif name:
        version = versions.find_version(published, name)
    else:
        version = versions.find_latest(published)
    OPENED.append(version)
    if published == RELEASED and name in (None, LATEST):
        typer.echo(
            f"reads version {version.id}, which comes with the command; --published names others",
            err=True,
        )
    return version


def choose_published(published: Path) -> Path:
    """Return the place of the versions to read: the shipped one where nothing is published yet."""
    is_empty = published == PUBLISHED and not os.path.lexists(published / "latest")
    return RELEASED if is_empty and RELEASED.is_file() else published


def path_option(name: str, metavar: str, **more: Any) -> Any:
    """Return an option for paths or addresses, which the command itself looks at."""
    return Option(name, metavar=metavar, readable=False, **more)


def local_option(name: str, metavar: str, **more: Any) -> Any:
    """Return an option for local paths."""
    return path_option(name, metavar, callback=require_local_paths, **more)


def date_option(name: str) -> Any:
    """Return an option for a day."""
    return Option(name, formats=["%Y-%m-%d"], metavar="DATE")


def describe_options(commands: Mapping[str, Callable[..., None]], module: str) -> None:
    """Give the options of commands the help in options.csv beside a module, unless they have one.

    A row without a command is of an option that several commands share.
    """
    rows = read_table(Path(module).with_name("options.csv"))
    texts = {(row["command"], row["option"]): row["help"] for row in rows}
    for command, function in commands.items():
        for name, parameter in signature(function).parameters.items():
            for option in getattr(parameter.annotation, "__metadata__", ()):
                option.help = option.help or texts.get((command, name), texts.get(("", name)))


PUBLISHED_OPTION = path_option(
    "--published",
    "DIR",
    help="Folder of the versions, or its address, such as s3://bucket/folder.",
    envvar="AUDIENCE_IMPACT_PUBLISHED",
    show_default="data/published",
)
"""The option of commands that write versions, or compute with them."""
WrittenFolder = Annotated[Path, PUBLISHED_OPTION]
PublishedFolder = Annotated[
    Path,
    path_option(
        "--published",
        "PLACE",
        help="Versions to read: a folder, the archive of a release, or the address of either.",
        envvar="AUDIENCE_IMPACT_PUBLISHED",
        show_default="data/published of a checkout, else the version that comes with the command",
        callback=choose_published,
    ),
]
VersionName = Annotated[str | None, Option("--version", metavar="VERSION")]
OnDay = Annotated[datetime | None, date_option("--on")]


OutputFormat = StrEnum("OutputFormat", "TEXT JSON")
AnswerFormat = Annotated[OutputFormat, Option("--format")]


def write_answer(style: OutputFormat, values: Any, text: str) -> None:
    """Write an answer to standard output, as JSON or as text, with no sign that is obeyed."""
    is_json = style is OutputFormat.JSON
    sys.stdout.write(json_text(values) + "\n" if is_json else plain_lines(text))


def format_path(path: Path) -> str:
    """Return a path relative to the current folder if it is below it, or an address."""
    if is_address(path):
        return format_address(path)
    there = path.absolute()
    near = there.relative_to(Path.cwd()) if there.is_relative_to(Path.cwd()) else there
    return plain_line(near)
