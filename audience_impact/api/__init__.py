"""Functions for analysts, with their arguments and results.

A result is a named tuple of persons: it unpacks, its fields have names, and `summary()` is a
sentence to read.
"""

import math
from typing import Literal, NamedTuple, TypeAlias

Persons: TypeAlias = float | tuple[float, float]
"""A number of persons, or a range with its lower and upper limit."""


class Bounds(NamedTuple):
    """Bounds that follow from the numbers, in persons; `upper` is inf if there is no limit."""

    lower: float
    upper: float

    def summary(self) -> str:
        """Return the bounds as a sentence, with three digits.

        Examples:
            >>> Bounds(96e6, 105e6).summary()
            'At least 96,000,000 and at most 105,000,000 persons, however people use the services.'
        """
        return f"{_format_bounds(self.lower, self.upper)}, however people use the services."


class Estimate(NamedTuple):
    """The 5, 50 and 95 % points of the draws, in persons."""

    q05: float
    q50: float
    q95: float

    def summary(self) -> str:
        """Return median and interval as a sentence, with three digits."""
        return f"{_format_estimate(self.q05, self.q50, self.q95)}."


class People(NamedTuple):
    """People affected, in persons, and the answer as a sentence; None where a number is not known.

    `min` and `max` allow for the errors of 99 % of figures, `printed_min` and `printed_max` take
    each figure as it is printed; the likely range goes from `q05` to `q95`.
    """

    min_persons: float | None
    q05_persons: float | None
    q50_persons: float | None
    q95_persons: float | None
    max_persons: float | None
    printed_min_persons: float | None
    printed_max_persons: float | None
    sentence: str


class Reach(NamedTuple):
    """Persons reached: the bounds (`lower`, `upper`) and the expectation of the beta-binomial."""

    lower: float
    expected: float
    upper: float

    def summary(self) -> str:
        """Return expectation and bounds as a sentence, with three digits.

        Examples:
            >>> Reach(68e6, 82.5e6, 89e6).summary()
            'About 82,500,000 persons: at least 68,000,000 and at most 89,000,000 persons.'
        """
        bounds = _format_bounds(self.lower, self.upper)
        return f"About {_format_persons(self.expected)} persons: {bounds[0].lower()}{bounds[1:]}."


class FeatureUsers(NamedTuple):
    """Users of a restricted feature, in persons: bounds, and quantiles of the draws."""

    lower: float
    q05: float
    q50: float
    q95: float
    upper: float

    def summary(self) -> str:
        """Return median, interval and bounds as sentences, with three digits.

        Examples:
            >>> print(FeatureUsers(32.7e6, 41.2e6, 41.5e6, 41.7e6, 41.7e6).summary())
            About 41,500,000 persons (90 % interval 41,200,000 to 41,700,000). At least 32,700,000
            and at most 41,700,000 persons, however people use the services.
        """
        estimate = _format_estimate(self.q05, self.q50, self.q95)
        return f"{estimate}. {Bounds(self.lower, self.upper).summary()}"


def _format_persons(persons: float) -> str:
    return f"{float(f'{persons:.3g}'):,.0f}"


def _format_bounds(lower: float, upper: float) -> str:
    least = f"At least {_format_persons(lower)}"
    most = "" if math.isinf(upper) else f" and at most {_format_persons(upper)}"
    return f"{least}{most} persons"


def _format_estimate(q05: float, q50: float, q95: float) -> str:
    interval = f"90 % interval {_format_persons(q05)} to {_format_persons(q95)}"
    return f"About {_format_persons(q50)} persons ({interval})"


class Overlap(NamedTuple):
    """A measured overlap of audiences: users of all of them, or of any of them.

    Attributes:
        audiences: Positions (from 0) of the overlapping audiences, two or more.
        value: Persons or, with `share_of`, a share 0..1; a pair gives its lower and upper limit.
        kind: "intersection" (users of all of them) or "union" (users of any).
        share_of: Position of the audience whose users `value` is a share of.
    """

    audiences: tuple[int, ...]
    value: Persons
    kind: Literal["intersection", "union"] = "intersection"
    share_of: int | None = None


class ContradictionError(ValueError):
    """An overlap that cannot be true together with the other numbers; `overlap` is its position."""

    def __init__(self, overlap: int) -> None:
        self.overlap = overlap
        super().__init__(
            f"overlap {overlap} cannot be true together with the audiences, the universe and the "
            "overlaps before it"
        )
