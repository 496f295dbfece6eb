"""Worlds: every uncertain quantity as an array (rows, DRAWN + D), so that one sum gives all ends.

Definitions. A world is one choice of everything that is uncertain. The columns of an array are

    LEAST        as printed, all quantities at their least
    MOST         as printed, all at their most
    ERROR_LEAST  all at the least 99 % end of their errors
    ERROR_MOST   all at the most 99 % end of their errors
    DRAWN ...    D draws

What is not known stands for itself in each world:

    case                                     LEAST, ERROR_LEAST   MOST, ERROR_MOST   DRAWN ...
    nothing limits the people of a set       0                    inf                as drawn
    nothing can be drawn                     as bounded           as bounded         NaN
    a restriction is not certain             0                    as bounded         in some draws
    a total over an open set                 sum of the others    inf                as drawn
    a total over a set that is not drawn     as bounded           as bounded         of the others

Published tables have no infinity: an open side is null (`summarise`).

Method. Audiences of a set are united by the bounds of Frechet: at least the largest, at most their
sum and at most the base; of several rows of one platform in one area the largest audience counts,
and areas may be disjoint, so that they add up, to the audience of the whole country at most. The
draws are unions by the model of joint use (unions.py), which lie between the same bounds for the
figures of each draw.

Assumptions, drawbacks and citation: those of timeline.py and unions.py; M. Frechet (1935), as in
bounds/restrictions.py.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audience_impact.bounds.restrictions import BOUNDS
from audience_impact.frames import Array
from audience_impact.simulation.unions import compute_quantiles

LEAST, MOST, ERROR_LEAST, ERROR_MOST, DRAWN = range(5)
LEASTS, MOSTS = [LEAST, ERROR_LEAST], [MOST, ERROR_MOST]
"""The columns of both least and of both most worlds."""
Integers = NDArray[np.int64]


class Limits(NamedTuple):
    """Limits of audiences (rows, 2), as printed and with errors; an open side is infinite.

    Attributes:
        low: At least.
        high: At most.
        national: At most in the whole country.
        base: The base that contains the audience.
    """

    low: Array
    high: Array
    national: Array
    base: Array

    @classmethod
    def from_rows(cls, both: Sequence[pd.DataFrame], span: str) -> "Limits":
        """Return the limits of a span, "daily" or "monthly", of rows as printed and with errors."""
        names = [f"{span}_{end}_persons" for end in ("low", "high", "whole")]
        return cls(*(open_sides(read_pair(both, name)) for name in (*names, "base_persons")))


def read_pair(both: Sequence[pd.DataFrame], name: str) -> Array:
    """Return a column (rows, 2) of rows as printed and with errors."""
    return np.column_stack([frame[name].to_numpy("float64") for frame in both])


def open_sides(limits: Array) -> Array:
    """Return limits with infinity in place of NaN: nothing limits these."""
    return np.where(np.isnan(limits), np.inf, limits)


def add_audiences(members: pd.DataFrame, rows: pd.DataFrame, limits: Limits, count: int) -> Array:
    """Return the sum (count, columns) of the audiences of each set, each platform at its largest.

    Args:
        members: `set_id` and `row`.
        rows: `platform_id` and `where` of each row, numbered by `row`.
        limits: Limits of each row.
        count: Number of sets; one without members has 0.
    """
    row = members["row"].to_numpy()
    about = rows[["platform_id", "where"]].iloc[row]
    keys = [members["set_id"].to_numpy(), about["platform_id"].array, about["where"].array]
    of_area = pd.DataFrame(limits.high[row]).groupby(keys).max()
    of_platform = of_area.groupby(level=[0, 1]).sum()
    in_country = pd.DataFrame(limits.national[row]).groupby(keys[:2]).max()
    total = of_platform.where(of_platform < in_country, in_country).groupby(level=0).sum()
    return np.asarray(total.reindex(range(count), fill_value=0.0).to_numpy("float64"))


def find_largest(members: pd.DataFrame, values: Array, count: int) -> Array:
    """Return the largest value (count, columns) of the rows of each set; 0 for a set without."""
    largest = fold_largest(members["set_id"].to_numpy(), values[members["row"]], count)
    return np.where(np.isnan(largest), 0.0, largest)


def fold_largest(sets: Integers, values: Array, count: int) -> Array:
    """Return the largest value (count, columns) among the rows of each set; NaN for a set without.

    NaN among the values counts for nothing.
    """
    largest = np.full((count, values.shape[1]), np.nan)
    if len(sets):
        order = np.argsort(sets, kind="stable")
        numbers, first = np.unique(sets[order], return_index=True)
        largest[numbers] = np.fmax.reduceat(values[order], first, axis=0)
    return largest


def bound_most(members: pd.DataFrame, rows: pd.DataFrame, limits: Limits, count: int) -> Array:
    """Return the most people (count, 2) of each set: the sum of the audiences, inside the base."""
    added = add_audiences(members, rows, limits, count)
    inside = np.minimum(added, find_largest(members, limits.base, count))
    return np.maximum(inside, find_largest(members, limits.low, count))


def join_worlds(least: Array, most: Array, drawn: Array) -> Array:
    """Return worlds (rows, DRAWN + D) of bounds (rows, 2), printed and with errors, and draws."""
    bounds = np.stack([least, most], axis=2).reshape(len(least), DRAWN)
    return np.hstack([bounds, drawn])


def find_undrawn(worlds: Array) -> NDArray[np.bool_]:
    """Return True (rows,) for rows of which nothing is drawn."""
    return np.asarray(np.isnan(worlds[:, DRAWN:]).all(axis=1))


def summarise(worlds: Array, index: pd.Index, unit: str) -> pd.DataFrame:
    """Return the seven numbers of each row in a unit; null where open or not drawn."""
    bounds = np.where(np.isinf(worlds[:, :DRAWN]), np.nan, worlds[:, :DRAWN])
    table = compute_quantiles(worlds[:, DRAWN:], index, unit)
    return table.assign(**{f"{name}_{unit}": bounds[:, at] for at, name in enumerate(BOUNDS)})
