"""Draws of the people in unions of audiences: figures, base, joint use and the model's error.

Definitions. An item is an audience as drawn (pooling). A set is some items of one country
inside one base. A cell is everything asked for in one country and base.

Method. Each item, base and correlation is drawn once for its own key and stands wherever it is
used, so that draw number d is one possible world and sums over sets are right. Inside a cell
audiences become shares of the drawn base, their union comes from the model of joint use
(overlap.model), and the model's own error is drawn once a country. A set with
measured overlaps is conditioned on them in each draw (measured).

Assumptions. Those of the model of joint use; errors of figures are independent of one another.

Known drawbacks. The model's error is the same draw for all sets of a country, so that sums over
sets of one country are rather too wide than too narrow.

Citation. docs/method.md.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from audience_impact.frames import Array
from audience_impact.overlap.model import Group, OverlapModel, unions
from audience_impact.simulation import distributions as draws
from audience_impact.simulation.distributions import Sampler
from audience_impact.vocabulary import InputKind

QUANTILES = {"q05": 0.05, "q50": 0.50, "q95": 0.95}
UNCALIBRATED = "no calibration of joint use among the facts"
"""Why nothing is drawn without one."""
CUT = 1e-3
"""A draw counts as cut where the bound moves it by more than this share of itself."""


def bases(table: pd.DataFrame, sampler: Sampler) -> Array:
    """Draws (rows, D) of bases in persons: a PERT law over a stated range, else as expected.

    `table` has `base_id`, `expected_persons` and `base_low_persons`, `base_high_persons` (NaN
    where no range is stated; they move with the expected value).
    """
    u = sampler.rows(InputKind.BASE, "base|" + table["base_id"])
    middle, low, high = (
        table[name].to_numpy("float64")[:, None]
        for name in ("expected_persons", "base_low_persons", "base_high_persons")
    )
    low, high = np.where(np.isnan(low), middle, low), np.where(np.isnan(high), middle, high)
    return draws.pert(u, np.minimum(low, middle), middle, np.maximum(high, middle))


@dataclass(frozen=True)
class Sets:
    """Sets of items: `table` (set_id, CELL columns) and `members` (set_id, item number)."""

    table: pd.DataFrame
    members: pd.DataFrame


CELL = ["country_id", "base_id", "expected_persons", "base_low_persons", "base_high_persons"]


def people(
    items: Array, sets: Sets, overlap: OverlapModel, sampler: Sampler, workers: int = 1
) -> tuple[Array, Array]:
    """Draws (sets, D) of the people in each set, and of its base, in persons.

    `items` (items, D) in persons, in an order that depends on nothing but their keys. The rows
    of the result stand as those of `sets.table`.
    """
    cells = sets.table[CELL].drop_duplicates().sort_values(CELL, ignore_index=True)
    numbered = sets.table.reset_index(names="place").merge(cells.reset_index(names="cell"), on=CELL)
    drawn = bases(cells, sampler)
    members = sets.members.merge(numbered[["set_id", "cell", "place"]], on="set_id")
    parts = dict(iter(members.groupby("cell", sort=True)))
    of = cells["country_id"].to_numpy(dtype=object)
    shared = {country: overlap.joint_use(country, sampler.uniform) for country in sorted(set(of))}
    places, asked = [], []
    for cell, part in parts.items():
        found = _cell(part, items, drawn[cell])
        places.append(found[0])
        asked.append(Group(found[1], shared[of[cell]], found[2]))
    shares = unions(overlap, asked, workers=workers)
    result = np.full((len(sets.table), sampler.count), np.nan)
    for where, share in zip(places, shares, strict=True):
        result[where] = share
    base = np.full_like(result, np.nan)
    base[numbered["place"]] = drawn[numbered["cell"]]
    return result * base, base


def _cell(
    part: pd.DataFrame, items: Array, base: Array
) -> tuple[NDArray[np.int64], Array, NDArray[np.bool_]]:
    """Places of the sets in the result, shares of the items, and who is in which set."""
    places, rows = np.unique(part["place"], return_inverse=True)
    numbers, columns = np.unique(part["item"], return_inverse=True)
    belongs = np.zeros((len(places), len(numbers)), dtype=bool)
    belongs[rows, columns] = True
    return places, np.clip(items[numbers] / base, 0.0, 1.0), belongs


def cut(drawn: Array, lower: Array, upper: Array) -> tuple[Array, Array]:
    """Draws (rows, D) inside bounds (rows,), and the share of draws (rows,) that were moved."""
    low, high = lower[:, None], np.where(np.isnan(upper), np.inf, upper)[:, None]
    inside = np.clip(drawn, low, high)
    moved = np.abs(inside - drawn) > CUT * np.maximum(np.abs(drawn), 1.0)
    return inside, np.asarray(moved.mean(axis=1))


def quantiles(drawn: Array, index: pd.Index, unit: str) -> pd.DataFrame:
    """Columns q05, q50, q95 with the unit as their end; NaN for rows of NaN."""
    found = np.full((len(QUANTILES), len(drawn)), np.nan)
    known = ~np.isnan(drawn).any(axis=1)
    if known.any():
        found[:, known] = np.quantile(drawn[known], list(QUANTILES.values()), axis=1)
    return pd.DataFrame({f"{n}_{unit}": q for n, q in zip(QUANTILES, found, strict=True)}, index)


def by_restriction(drawn: Array, restrictions: pd.Series, wanted: pd.Index) -> Array:
    """Sums (restrictions, D) of places (rows, D): countries are disjoint."""
    rows, weights = wanted.get_indexer(restrictions), np.ones(len(restrictions))
    at = (rows, np.arange(len(rows)))
    table = csr_array((weights, at), shape=(len(wanted), len(drawn)))
    return np.asarray(table @ drawn)
