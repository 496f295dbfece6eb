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
from functools import cached_property
from hashlib import blake2b
from itertools import compress
from typing import NamedTuple, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from audience_impact.denominators.distributions import LAW as BASE_LAW
from audience_impact.errors import distribution
from audience_impact.frames import Array
from audience_impact.overlap.model import Group, JointUse, Known, OverlapModel, unions
from audience_impact.simulation.sampler import Sampler, stratified
from audience_impact.vocabulary import InputKind

Integers = NDArray[np.int64]
QUANTILES = {"q05": 0.05, "q50": 0.50, "q95": 0.95}
OUTSIDE = 1e-3
"""A draw lies outside a bound where it does so by more than this share of itself."""


def bases(table: pd.DataFrame, sampler: Sampler) -> Array:
    """Draws (rows, D) of bases in persons through their quantiles, under their ceiling.

    `table` has `base_id` and BASE_LAW: median, 5 and 95 % quantile in persons, and the population
    that holds the base (NaN where it is one itself), as denominators/distributions.py gives
    them. Rows that are alike are drawn once, whoever asks for them.
    """
    laws = np.ascontiguousarray(table[BASE_LAW].to_numpy("float64"))
    keys = list(zip(table["base_id"].tolist(), map(bytes, laws), strict=True))
    return sampler.once(
        InputKind.BASE, keys, lambda places: _each_base(table.iloc[places], sampler)
    )


def _each_base(table: pd.DataFrame, sampler: Sampler) -> Array:
    """Draws (rows, D) of different bases."""
    u = stratified(sampler.rows(InputKind.BASE, "base|" + table["base_id"]))
    middle, low, high, ceiling = (table[name].to_numpy("float64")[:, None] for name in BASE_LAW)
    low, high = (np.where(np.isnan(end), middle, end) for end in (low, high))
    universe = distribution.within(np.fmax(middle, high), ceiling)
    centre, *ends = (distribution.log_odds(one, universe) for one in (middle, low, high))
    by = distribution.through(u, ends[0] - centre, np.zeros_like(centre), ends[1] - centre)
    return distribution.moved(middle, universe, by)


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

    @cached_property
    def layout(self) -> "_Layout":
        """How they stand in groups, looked up once for all who draw them."""
        return _Layout.of_unions(self)


GROUP = ["country_id", "base_id", *BASE_LAW]


class _Together(NamedTuple):
    """The unions of several audiences in a group.

    Attributes:
        group: The number of the group.
        places: Where each union stands in the table.
        audiences: The numbers of the audiences.
        members: Which of them are in which union (unions, audiences).
    """

    group: int
    places: Integers
    audiences: Integers
    members: NDArray[np.bool_]

    @classmethod
    def of(cls, group: int, part: pd.DataFrame) -> "_Together":
        """From the members of a group."""
        places, rows = np.unique(part["place"], return_inverse=True)
        numbers, columns = np.unique(part["audience"], return_inverse=True)
        belongs = np.zeros((len(places), len(numbers)), dtype=bool)
        belongs[rows, columns] = True
        return cls(group, places, numbers, belongs)


class _Layout(NamedTuple):
    """Unions by group, in the order of what tells groups apart.

    Attributes:
        groups: GROUP of each.
        of: The number of the group of each union.
        alone: Members (place, audience, group) of unions of one.
        together: The others.
        each: The audiences of each group, one group after another.
        first: Where in `each` those of a group begin.
    """

    groups: pd.DataFrame
    of: Integers
    alone: pd.DataFrame
    together: list[_Together]
    each: Integers
    first: Integers

    @classmethod
    def of_unions(cls, wanted: Unions) -> "_Layout":
        """From the unions that are wanted; every group has a member."""
        groups = wanted.table[GROUP].drop_duplicates().sort_values(GROUP, ignore_index=True)
        numbered = wanted.table.reset_index(names="place").merge(
            groups.reset_index(names="group"), on=GROUP
        )
        of = numbered.set_index("place")["group"].sort_index().to_numpy("int64")
        members = wanted.members.merge(numbered[["set_id", "group", "place"]], on="set_id")
        several = members["place"].duplicated(keep=False)
        together = [
            _Together.of(int(group), part)
            for group, part in members[several].groupby("group", sort=True)
        ]
        each = members[["group", "audience"]].drop_duplicates().sort_values(["group", "audience"])
        first = np.flatnonzero(~each["group"].duplicated())
        audiences = each["audience"].to_numpy("int64")
        return cls(groups, of, members[~several], together, audiences, first)


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
    found: Found | None = None,
) -> tuple[Array, Array]:
    """Draws (unions, D) of the people in each union, and of its base, in persons.

    `audiences` (audiences, D) in persons, in an order that depends on nothing but their keys. The
    rows of the result stand as those of `wanted.table`. `found` holds what was drawn of the same
    audiences from the same stream before, and is added to.
    """
    layout = wanted.layout
    largest = np.fmax.reduceat(audiences[layout.each], layout.first, axis=0)
    drawn = np.fmax(bases(layout.groups, sampler), largest)
    result = np.full((len(wanted.table), sampler.count), np.nan)
    alone = layout.alone
    result[alone["place"]] = audiences[alone["audience"]] / drawn[alone["group"]]
    of = layout.groups["country_id"].to_numpy(dtype=object)
    use = {country: joint_use(overlap_model, country, sampler) for country in sorted(set(of))}
    asked = [_Asked.of(one, audiences, drawn[one.group], of[one.group]) for one in layout.together]
    found = {} if found is None else found
    _draw_missing(asked, use, overlap_model, found, sampler.memory)
    for one in asked:
        result[one.places] = [found[name] for name in one.names]
    base = drawn[layout.of]
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
    places: Integers
    names: list[tuple[object, ...]]

    @classmethod
    def of(cls, one: _Together, audiences: Array, base: Array, country_id: str) -> "_Asked":
        """The unions of a group."""
        digest = blake2b(base.tobytes()).digest()
        names: list[tuple[object, ...]] = [
            (country_id, digest, *one.audiences[row].tolist()) for row in one.members
        ]
        shares = np.clip(audiences[one.audiences] / base, 0.0, 1.0)
        return cls(country_id, shares, one.members, one.places, names)


def _draw_missing(
    asked: Sequence[_Asked],
    use: Mapping[str, JointUse],
    overlap_model: OverlapModel,
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
    for keys, shares in zip(names, unions(overlap_model, groups), strict=True):
        found.update(zip(keys, shares, strict=True))


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
