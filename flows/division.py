"""The division of the work of a run among those who compute it."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

Runner = Callable[[Path, int], list[Any]]
"""Computes all parts of a run, from its folder and their number (pipeline/parts.py)."""


class Division(NamedTuple):
    """The division of the work of a run.

    Attributes:
        runner: Computes the parts; None where this process does, one after another.
        most: Restrictions of a part, at most.
    """

    runner: Runner | None
    most: int


ALONE = Division(None, 2_500)
"""By this process: fewer and larger parts spare the fixed cost of each part."""


class RunnerName(StrEnum):
    """The runner of the parts of a run."""

    LOCAL = "local"
    DASK = "dask"
