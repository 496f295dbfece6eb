"""The command `audience-impact`: the commands that read a version, and those of a checkout.

In a checkout the folder `flows` adds the commands that compute versions and that check and maintain
facts. The wheel has the commands that read a version and `estimate`, and says of the others where
they are.
"""

import importlib
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import audience_impact
from audience_impact.api.loading import CHECKOUT, COMPUTING, IS_CHECKOUT, RELEASED
from audience_impact.cli import showing
from audience_impact.cli.folders import OPENED, describe_options, fail_with
from audience_impact.plain_text import ReadableError
from audience_impact.store.files import MOST_SIGNS, describe_error

UNKNOWN_VALUES = (LookupError, ValueError, TypeError, AttributeError, ArithmeticError)
"""Errors of code that takes a value for another one than it is."""
HERE = str(Path(audience_impact.__file__).parent)
OURS = CHECKOUT if IS_CHECKOUT else RELEASED
"""Below it are versions that this code wrote; of them an error of the code is our mistake."""


class OneLineGroup(TyperGroup):
    """The commands; an error of what lies outside of the program ends each with one line."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command; outside of a checkout say where those are that it does not have."""
        command = super().get_command(ctx, cmd_name)
        if command is None and not IS_CHECKOUT:
            raise fail_with(
                f"{cmd_name} is no command here: those that compute versions, or maintain facts, "
                "need a checkout of the repository",
                2,
            )
        return command

    def invoke(self, ctx: Any) -> Any:
        """Run a command, and write what it printed before it ends."""
        OPENED.clear()
        try:
            try:
                return super().invoke(ctx)
            finally:
                sys.stdout.flush()  # a full disk behind it is an error of the command
        except BrokenPipeError:
            raise  # whoever read has seen enough: typer ends without a word
        except Exception as error:
            if (line := _describe_error(error) or _describe_version(error)) is None:
                raise
            _drop_output()
            raise fail_with(line) from error


def _describe_error(error: Exception) -> str | None:
    if isinstance(error, UnicodeEncodeError) and error.encoding != "utf-8":
        return (
            f"standard output: the encoding {error.encoding} has no {error.object[error.start]!a}: "
            "set PYTHONIOENCODING=utf-8, and run again"
        )
    return str(error) if isinstance(error, ReadableError) else describe_error(error)


def _describe_version(error: Exception) -> str | None:
    """Return one line on a value of somebody else's version, over which our code stumbled."""
    theirs = [stored for stored in OPENED if not Path(stored.store.address).is_relative_to(OURS)]
    if not theirs or not isinstance(error, UNKNOWN_VALUES):
        return None
    tables = ", ".join(dict.fromkeys(name for stored in theirs for name in stored.tables_read))
    *_, place = (f for f in traceback.extract_tb(error.__traceback__) if HERE in f.filename)
    return (
        f"{' or '.join(stored.address for stored in theirs)} has a value that this release does "
        f"not know, in one of its tables {tables} ({type(error).__name__} at "
        f"{Path(place.filename).name}:{place.lineno}: {' '.join(str(error).split())[:MOST_SIGNS]}"
        "): read it with the release that wrote it"
    )


def _drop_output() -> None:
    """Throw away what standard output could not take, or Python would fail on it at its end."""
    with suppress(OSError, ValueError):
        sys.stdout.flush()
        return
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


app = typer.Typer(
    cls=OneLineGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(is_requested: bool) -> None:
    if is_requested:
        typer.echo(f"audience-impact {audience_impact.__version__}")
        raise typer.Exit


@app.callback()
def read_options(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_show_version,
            is_eager=True,
            help="Show the version of the command, and end.",
        ),
    ] = False,
) -> None:
    """How many people does an internet restriction affect?"""


COMMANDS: Mapping[str, Callable[..., None]] = {
    "show": showing.show,
    "cite": showing.cite,
    "list": showing.list_restrictions,
    "explain": showing.explain,
    "versions": showing.show_history,
    "diff": showing.diff,
    "export": showing.export,
    "report": showing.report,
}
describe_options(COMMANDS, __file__)
for name, command in COMMANDS.items():
    app.command(name)(command)
# First on the path: a folder of this name elsewhere is somebody else's.
sys.path.insert(0, str(COMPUTING))
if not COMMANDS.keys() & {*sys.argv[1:2]}:  # a command that reads a version needs no other
    # By name: nothing that somebody imports from the wheel may need what lies outside of it.
    importlib.import_module("flows.commands").add_to(app)
