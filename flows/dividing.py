"""How the work of a run may be divided: what its steps need to know of who computes them."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

Runner = Callable[[Path, int], None]
"""Has all parts of a run computed, whose folder and number it is given (pipeline/parts.py)."""


class Division(NamedTuple):
    """How the work of a run is divided.

    Attributes:
        runner: Computes the parts; None where this process does, one after another.
        most: Restrictions of a part, at most.
    """

    runner: Runner | None
    most: int


ALONE = Division(None, 2_500)
"""By this process: the more it holds at once, the fewer parts cost what each costs."""
