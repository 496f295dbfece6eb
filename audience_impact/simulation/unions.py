"""Draws of the people in unions of audiences: figures, base, joint use and the model's error.

Definitions. An audience is one as drawn (audiences.py). A union is of some audiences of one country
inside one base. A country-base group is everything asked for in one country and base.

Method. Each audience, base and correlation is drawn once for its own key and stands wherever it is
used, so that draw number d is one possible world and sums over unions are right. Inside a group
audiences become shares of the drawn base, which is never below the largest of them in any draw,
their union comes from the model of joint use (overlap.model), of one audience it is that audience,
and the model's own error is drawn once a country. A union with measured overlaps
is conditioned on them in each draw (overlaps.py).

Assumptions. Those of the model of joint use; errors of figures are independent of one another.

Known drawbacks. The model's error is the same draw for all unions of a country, so that sums over
those of one country are rather too wide than too narrow.

Citation. docs/method.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import compress
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from audience_impact.errors import base_laws, law
from audience_impact.frames import Array
from audience_impact.overlap.model import Group, JointUse, Known, OverlapModel, unions
from audience_impact.simulation.sampler import Sampler, stratified
from audience_impact.vocabulary import InputKind

QUANTILES = {"q05": 0.05, "q50": 0.50, "q95": 0.95}
OUTSIDE = 1e-3
"""A draw lies outside a bound where it does so by more than this share of itself."""
BASE_LAW = base_laws.LAW
"""Columns of the law of a base."""


def bases(table: pd.DataFrame, sampler: Sampler) -> Array:
    """Draws (rows, D) of bases in persons through their quantiles, under their ceiling.

    `table` has `base_id` and BASE_LAW: median, 5 and 95 % quantile in persons, and the population
    that holds the base (NaN where it is one itself), as audiences/base_laws.py gives them. Rows
    that are alike are drawn once, whoever asks for them.
    """
    own = ["base_id", *BASE_LAW]
    number = table.groupby(own, dropna=False, sort=False).ngroup().to_numpy()
    each = table.drop_duplicates(own)
    laws = each[BASE_LAW].to_numpy("float64")
    keys = [(base, law.tobytes()) for base, law in zip(each["base_id"], laws, strict=True)]
    drawn = sampler.once(
        InputKind.BASE, keys, lambda places: _each_base(each.iloc[places], sampler)
    )
    return np.asarray(drawn[number])


def _each_base(table: pd.DataFrame, sampler: Sampler) -> Array:
    """Draws (rows, D) of different bases."""
    u = stratified(sampler.rows(InputKind.BASE, "base|" + table["base_id"]))
    middle, low, high, ceiling = (table[name].to_numpy("float64")[:, None] for name in BASE_LAW)
    low, high = (np.where(np.isnan(end), middle, end) for end in (low, high))
    universe = law.within(np.fmax(middle, high), ceiling)
    centre, *ends = (law.log_odds(one, universe) for one in (middle, low, high))
    by = law.through(u, ends[0] - centre, np.zeros_like(centre), ends[1] - centre)
    return law.moved(middle, universe, by)


def joint_use(model: OverlapModel, country_id: str, sampler: Sampler) -> JointUse:
    """Draws of the joint use of a country, made once for all who ask."""
    kinds = {InputKind.CORRELATION, InputKind.MODEL}
    name = ("joint use", sampler.seed, sampler.count, sampler.second & kinds, country_id)
    asked, use = sampler.memory.get(name, (None, None))
    if asked is not model:
        use = model.joint_use(country_id, sampler.uniform)
        sampler.memory[name] = model, use
    sampler.asked.update(kinds)
    return cast("JointUse", use)


@dataclass(frozen=True)
class Unions:
    """Unions of audiences: `table` (set_id, GROUP) and `members` (set_id, audience by number)."""

    table: pd.DataFrame
    members: pd.DataFrame


GROUP = ["country_id", "base_id", *BASE_LAW]


def beside(wanted: Unions, first: int) -> NDArray[np.bool_]:
    """Which unions (rows of the table) share a group with an audience from number `first` on."""
    holding = wanted.members.loc[wanted.members["audience"] >= first, "set_id"]
    group = wanted.table.groupby(GROUP, dropna=False, sort=False).ngroup()
    return np.asarray(group.isin(group[wanted.table["set_id"].isin(holding)]))


def some(wanted: Unions, rows: NDArray[np.bool_]) -> Unions:
    """Some of the rows of the table, with their members."""
    table = wanted.table[rows].reset_index(drop=True)
    return Unions(table, wanted.members[wanted.members["set_id"].isin(table["set_id"])])


Found = dict[tuple[object, ...], Array]
"""Unions (D,) that were drawn, as shares of their base, by all that they hang on."""


def people(
    audiences: Array,
    wanted: Unions,
    overlap_model: OverlapModel,
    sampler: Sampler,
    workers: int = 1,
    found: Found | None = None,
) -> tuple[Array, Array]:
    """Draws (unions, D) of the people in each union, and of its base, in persons.

    `audiences` (audiences, D) in persons, in an order that depends on nothing but their keys. The
    rows of the result stand as those of `wanted.table`. `found` holds what was drawn of the same
    audiences from the same stream before, and is added to.
    """
    groups = wanted.table[GROUP].drop_duplicates().sort_values(GROUP, ignore_index=True)
    numbered = wanted.table.reset_index(names="place").merge(
        groups.reset_index(names="group"), on=GROUP
    )
    members = wanted.members.merge(numbered[["set_id", "group", "place"]], on="set_id")
    drawn = np.fmax(bases(groups, sampler), _largest(audiences, members))
    result = np.full((len(wanted.table), sampler.count), np.nan)
    single = ~members["place"].duplicated(keep=False)
    alone = members[single]
    result[alone["place"]] = audiences[alone["audience"]] / drawn[alone["group"]]
    of = groups["country_id"].to_numpy(dtype=object)
    use = {country: joint_use(overlap_model, country, sampler) for country in sorted(set(of))}
    asked = [
        _Asked.of(part, audiences, drawn[group], of[group])
        for group, part in members[~single].groupby("group", sort=True)
    ]
    found = {} if found is None else found
    _draw_missing(asked, use, overlap_model, workers, found, sampler.memory)
    for one in asked:
        result[one.places] = [found[name] for name in one.names]
    base = np.full_like(result, np.nan)
    base[numbered["place"]] = drawn[numbered["group"]]
    return result * base, base


@dataclass(frozen=True)
class _Asked:
    """What is asked of a group.

    Attributes:
        country_id: Its country.
        shares: Draws (audiences, D) of the audiences, as shares of the base.
        members: Which audience is in which union (unions, audiences).
        places: Where each union stands in the result.
        names: What each union hangs on: country, base as drawn, audiences.
    """

    country_id: str
    shares: Array
    members: NDArray[np.bool_]
    places: NDArray[np.int64]
    names: list[tuple[object, ...]]

    @classmethod
    def of(cls, part: pd.DataFrame, audiences: Array, base: Array, country_id: str) -> "_Asked":
        """The unions of a group, whose rows `part` holds."""
        places, rows = np.unique(part["place"], return_inverse=True)
        numbers, columns = np.unique(part["audience"], return_inverse=True)
        belongs = np.zeros((len(places), len(numbers)), dtype=bool)
        belongs[rows, columns] = True
        digest = blake2b(base.tobytes()).digest()
        names: list[tuple[object, ...]] = [
            (country_id, digest, *numbers[row].tolist()) for row in belongs
        ]
        return cls(country_id, np.clip(audiences[numbers] / base, 0.0, 1.0), belongs, places, names)


def _draw_missing(
    asked: Sequence[_Asked],
    use: Mapping[str, JointUse],
    overlap_model: OverlapModel,
    workers: int,
    found: Found,
    known: Known,
) -> None:
    """Add to `found` what is asked and not there; `known` as Group has it."""
    groups, names = [], []
    for one in asked:
        left = np.array([name not in found for name in one.names])
        if left.any():
            groups.append(Group(one.shares, use[one.country_id], one.members[left], known))
            names.append(compress(one.names, left))
    for keys, shares in zip(names, unions(overlap_model, groups, workers=workers), strict=True):
        found.update(zip(keys, shares, strict=True))


def _largest(audiences: Array, members: pd.DataFrame) -> Array:
    """The largest audience (groups, D) of each group; every group has one."""
    each = members[["group", "audience"]].drop_duplicates().sort_values(["group", "audience"])
    first = np.flatnonzero(~each["group"].duplicated())
    return np.asarray(np.fmax.reduceat(audiences[each["audience"]], first, axis=0))


def outside(drawn: Array, lower: Array, upper: Array) -> Array:
    """The share of draws (rows,) of (rows, D) outside bounds (rows,): figures may be off."""
    low, high = lower[:, None], np.where(np.isnan(upper), np.inf, upper)[:, None]
    beyond = np.abs(np.clip(drawn, low, high) - drawn) > OUTSIDE * np.maximum(np.abs(drawn), 1.0)
    return np.asarray(beyond.mean(axis=1))


def quantiles(drawn: Array, index: pd.Index, unit: str) -> pd.DataFrame:
    """Columns q05, q50, q95 with the unit as their end; NaN for rows of NaN."""
    found = np.full((len(QUANTILES), len(drawn)), np.nan)
    known = ~np.isnan(drawn).any(axis=1)
    if known.any():
        found[:, known] = np.quantile(drawn[known], list(QUANTILES.values()), axis=1)
    return pd.DataFrame({f"{n}_{unit}": q for n, q in zip(QUANTILES, found, strict=True)}, index)


def by_restriction(drawn: Array, restrictions: pd.Series, wanted: pd.Index) -> Array:
    """Sums (restrictions, D) of countries (rows, D), which are disjoint."""
    rows, weights = wanted.get_indexer(restrictions), np.ones(len(restrictions))
    at = (rows, np.arange(len(rows)))
    table = csr_array((weights, at), shape=(len(wanted), len(drawn)))
    return np.asarray(table @ drawn)
