"""Types of the arguments and results of the functions for analysts."""

from collections.abc import Sequence
from datetime import date
from typing import Literal, NamedTuple, TypeAlias

Persons: TypeAlias = float | tuple[float, float]
"""A number of persons, or the least and the most that it may be."""
Restriction: TypeAlias = tuple[str | date, str | date, Sequence[str]]
"""First day, first day after, and the names of the audiences that are restricted."""


class Bounds(NamedTuple):
    """What the numbers force, in persons: at least `lower`, at most `upper` (inf: no limit)."""

    lower: float
    upper: float


class SharpBounds(NamedTuple):
    """The same; `is_sharp` is False where narrower bounds may exist (over 12 audiences linked)."""

    lower: float
    upper: float
    is_sharp: bool


class Estimate(NamedTuple):
    """The 5, 50 and 95 % points of the draws, in persons."""

    q05: float
    q50: float
    q95: float


class Reach(NamedTuple):
    """Persons reached: what is forced (`lower`, `upper`) and what the beta-binomial expects."""

    lower: float
    expected: float
    upper: float


class FeatureUsers(NamedTuple):
    """Users of a restricted feature, in persons: bounds around the points of the draws."""

    lower: float
    q05: float
    q50: float
    q95: float
    upper: float


class Overlap(NamedTuple):
    """A measured overlap of audiences: users of all of them, or of any of them.

    Attributes:
        audiences: Positions (from 0) of the audiences that it speaks of, two or more.
        value: Persons or, with `share_of`, a share 0..1; a pair is the least and the most.
        kind: "intersection" (users of all of them) or "union" (users of any).
        share_of: Position of the audience whose users `value` is a share of.
    """

    audiences: tuple[int, ...]
    value: Persons
    kind: Literal["intersection", "union"] = "intersection"
    share_of: int | None = None


class ContradictionError(ValueError):
    """Audiences and overlaps that cannot all hold.

    Attributes:
        audiences: Positions of the audiences that are part of the contradiction.
        overlaps: Positions of the overlaps that are.
    """

    def __init__(self, audiences: Sequence[int], overlaps: Sequence[int], universe: bool) -> None:
        self.audiences, self.overlaps = tuple(audiences), tuple(overlaps)
        named = [f"audience {i}" for i in audiences] + [f"overlap {i}" for i in overlaps]
        culprits = ", ".join(named + ["the universe"] * universe)
        super().__init__(f"cannot all hold together: {culprits}")
