"""The division of the work of a run among those who compute it."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

Runner = Callable[[Path, int], None]
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

LISTENERS: list[Callable[[int, int], None]] = []
"""Functions that hear after each part how many are computed, and of how many."""


def count_part(done: int, count: int) -> None:
    """Report to LISTENERS that a part was computed."""
    for listen in LISTENERS:
        listen(done, count)
