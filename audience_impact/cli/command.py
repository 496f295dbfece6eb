"""The command `audience-impact`: the commands that read a version, and those of a checkout.

In a checkout the folder `flows` adds the commands that compute versions and that check and maintain
facts. The wheel has only the commands that read a version.
"""

import atexit
import importlib
import logging
import os
import sys
from contextlib import suppress

import typer

from audience_impact.cli import comparing, explaining, exporting, ranking, showing
from audience_impact.cli.folders import IS_CHECKOUT

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="How many people does an internet restriction touch?",
)
showing.add_to(app)
ranking.add_to(app)
explaining.add_to(app)
comparing.add_to(app)
exporting.add_to(app)
if IS_CHECKOUT:
    # By name: nothing in the wheel may import what only the checkout has.
    importlib.import_module("flows.commands").add_to(app)


def _end_process(status: list[int]) -> None:
    """End the process with the given status, without freeing its memory.

    Freeing the objects of about a thousand modules one by one takes a second after a run.
    """
    logging.shutdown()
    with suppress(OSError):  # whoever read is gone: Python says so when it ends by itself
        sys.stdout.flush()
        sys.stderr.flush()
        if status:
            os._exit(status[0])


def main() -> None:
    """Run the command, then end the process."""
    status: list[int] = []
    # Registered first, it is called last: all that libraries have to do at the end is done.
    atexit.register(_end_process, status)
    try:
        app()
    except SystemExit as end:
        if isinstance(end.code, int):
            status.append(end.code)
        raise
