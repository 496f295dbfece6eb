"""The commands of a checkout that compute versions, and check and maintain facts.

Prefect is imported only where a flow is run or served.
"""

import typer

from flows.commands import (
    adding,
    checking,
    estimating,
    importing,
    learning,
    operating,
    run,
)


def add_to(app: typer.Typer) -> None:
    """Add all commands of a checkout."""
    for module in (run, checking, estimating, operating, importing, adding, learning):
        module.add_to(app)
