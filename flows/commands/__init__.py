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
    run,
    serving,
    versions,
)
from flows.commands.versions import compute_trace

__all__ = ["add_to", "compute_trace"]


def add_to(app: typer.Typer) -> None:
    """Add all commands of a checkout."""
    modules = (run, checking, estimating, versions, importing, adding, learning)
    for module in (*modules, serving):
        module.add_to(app)
