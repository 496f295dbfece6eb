"""Draws of the people in unions of audiences: figures, base, joint use and the model's error.

Definitions. An audience is one as drawn (audiences.py). A union is of some audiences of one country
inside one base. A country-base group contains all unions of one country and base.

Method. Each audience, base and correlation is drawn once for its own key and reused everywhere, so
that draw number d is one possible world and sums over unions are consistent. Inside a group
audiences become shares of the drawn base, which is never below the largest of them in any draw,
their union comes from the model of joint use (overlap.model), of one audience it is that audience,
and the model's own error is drawn once a country. A union with measured overlaps
is conditioned on them in each draw (see below).

Assumptions. Those of the model of joint use; errors of figures are independent of one another.

Known drawbacks. The model's error is the same draw for all unions of a country, so that intervals
of sums within a country tend to be too wide, not too narrow.

Citation. docs/method.md.

Measured overlaps. In each draw the patterns of joint use are conditioned on the overlaps
(overlap/patterns.py), each drawn from its distribution within what the audiences of that draw leave
room for: their Frechet range. An overlap that is only a limit (over 93 %) narrows the bounds; in
the draws it is what the model has, moved to the limit where the model is beyond it. The model's own
error is narrowed by how much the overlaps narrow the bounds.

Known drawbacks. Overlaps describe the audiences of a month; the timeline and the union over a month
or a year of a whole country do not use them. If a limit takes effect in one draw, the overlap is
fixed at the value of the model in the other draws.
"""

from typing import NamedTuple, cast

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.special import ndtr

from audience_impact import figure_errors
from audience_impact.audiences.intervals import ONE_SIDED
from audience_impact.bounds import MeasuredOverlap, Resolved
from audience_impact.denominators.counts import DISTRIBUTION as BASE_LAW
from audience_impact.denominators.online import PATH, YEARS, measure_deviation, weigh_years
from audience_impact.frames import Array
from audience_impact.overlap.copula import add_model_error
from audience_impact.overlap.model import Group, JointUse, OverlapModel
from audience_impact.overlap.patterns import condition_unions, mark_patterns
from audience_impact.places import nesting
from audience_impact.simulation.sampler import EndSampler, Sampler, draw_pert, stratify_uniforms
from audience_impact.vocabulary import InputKind, OverlapKind

QUANTILES = {"q05": 0.05, "q50": 0.50, "q95": 0.95}
OUTSIDE = 1e-3
"""Relative tolerance beyond which a draw counts as outside a bound."""


def draw_bases(table: pd.DataFrame, sampler: Sampler) -> Array:
    """Return draws (rows, D) of bases in persons from their quantiles, at most their ceiling.

    `table` has `country_id`, `base_id` and BASE_LAW: median, 5 and 95 % quantile in persons, the
    population that contains the base (NaN where it is one itself), and the path of people online,
    which all counts of a country share (denominators/online.py). Equal rows are drawn once, and
    the draws are shared by all callers.
    """
    parameters = np.ascontiguousarray(table[BASE_LAW].to_numpy("float64"))
    keys = list(zip(table["base_id"].tolist(), map(bytes, parameters), strict=True))
    return sampler.draw_once(
        keys, lambda places: _draw_different_bases(table.iloc[places], sampler)
    )


def _draw_different_bases(table: pd.DataFrame, sampler: Sampler) -> Array:
    is_random = not isinstance(sampler, EndSampler)  # the end of a path is that of each day
    has_path = table["online_moment"].notna().to_numpy() & is_random
    u = np.empty((len(table), sampler.count))
    u[~has_path] = sampler.draw_rows("base|" + table["base_id"][~has_path])
    places = np.flatnonzero(has_path)
    for country, rows in table[has_path].groupby("country_id").indices.items():
        u[places[rows]] = ndtr(_draw_path(str(country), table.iloc[places[rows]], sampler))
    u = stratify_uniforms(u)
    middle, low, high, ceiling = (table[name].to_numpy("float64")[:, None] for name in BASE_LAW[:4])
    low, high = (np.where(np.isnan(end), middle, end) for end in (low, high))
    universe = figure_errors.widen_universe(np.fmax(middle, high), ceiling)
    centre, *ends = (figure_errors.log_odds(persons, universe) for persons in (middle, low, high))
    by = figure_errors.draw_through_quantiles(
        u, ends[0] - centre, np.zeros_like(centre), ends[1] - centre
    )
    return np.asarray(np.fmin(figure_errors.move_persons(middle, universe, by), ceiling))


def _draw_path(country: str, rows: pd.DataFrame, sampler: Sampler) -> Array:
    """Return standard normals (rows, D) of the path of a country at the moments of its rows."""
    moment, correlation, common, world = (rows[name].to_numpy("float64")[:, None] for name in PATH)
    weights = weigh_years(moment[:, 0])
    paths = [
        weights
        @ _draw_years(name, float(lag[0, 0]), sampler)
        / measure_deviation(weights, lag)[:, None]
        for name, lag in (("online|" + country, correlation), ("online", world))
    ]
    return np.asarray(np.sqrt(1.0 - common) * paths[0] + np.sqrt(common) * paths[1])


def _draw_years(name: str, correlation: float, sampler: Sampler) -> Array:
    """Return standard normals (YEARS, D), each correlated with the year before."""
    names = pd.Series([f"{name}|{year}" for year in YEARS])

    def draw(places: list[int]) -> Array:
        drawn = sampler.draw_normals(names)
        for year in range(1, len(YEARS)):
            new = np.sqrt(1.0 - correlation**2) * drawn[year]
            drawn[year] = correlation * drawn[year - 1] + new
        return np.asarray(drawn[places])

    return sampler.draw_once([(key, correlation) for key in names], draw)


def draw_joint_use(model: OverlapModel, country_id: str, sampler: Sampler) -> JointUse:
    """Return draws of the joint use of a country, made once and shared by all callers."""
    name = ("joint use", sampler.seed, sampler.count, country_id)
    stored_model, use = sampler.memory.get(name, (None, None))
    if stored_model is not model:
        use = model.joint_use(country_id, sampler.draw_uniform)
        sampler.memory[name] = model, use
    return cast("JointUse", use)


GROUP = ["country_id", "base_id", *BASE_LAW]
"""Columns of a base: unions of one base are drawn together."""


class Unions(NamedTuple):
    """Unions of audiences: `table` (set_id, GROUP) and `members` (set_id, audience by number)."""

    table: pd.DataFrame
    members: pd.DataFrame


def draw_union_people(
    audiences: Array, requested: Unions, overlap_model: OverlapModel, sampler: Sampler
) -> tuple[Array, Array]:
    """Return draws (unions, D) of the people in each union, and of its base, in persons.

    `audiences` (audiences, D) in persons, in an order that depends on nothing but their keys. The
    rows of the result are in the order of `requested.table`.
    """
    group_of = requested.table.groupby(GROUP, dropna=False).ngroup().to_numpy()
    groups = requested.table.iloc[np.unique(group_of, return_index=True)[1]]
    numbered = requested.table[["set_id"]].assign(place=np.arange(len(group_of)), group=group_of)
    members = requested.members.merge(numbered, on="set_id", validate="m:1")
    pairs = members[["group", "audience"]].drop_duplicates()
    largest = nesting.find_largest(
        audiences[pairs["audience"]], pairs["group"].to_numpy(), len(groups)
    )
    base = np.fmax(draw_bases(groups, sampler), largest)
    shares = np.full((len(group_of), sampler.count), np.nan)
    is_several = members["place"].duplicated(keep=False)
    alone = members[~is_several]
    shares[alone["place"]] = audiences[alone["audience"]] / base[alone["group"]]
    for group, part in members[is_several].groupby("group"):
        places, rows = np.unique(part["place"], return_inverse=True)
        numbers, columns = np.unique(part["audience"], return_inverse=True)
        is_member = np.zeros((len(places), len(numbers)), dtype=bool)
        is_member[rows, columns] = True
        inside = np.clip(audiences[numbers] / base[group], 0.0, 1.0)
        use = draw_joint_use(overlap_model, groups["country_id"].iloc[group], sampler)
        shares[places] = overlap_model.draw_unions(Group(inside, use, is_member, sampler.memory))
    return shares * base[group_of], base[group_of]


def outside_share(drawn: Array, lower: Array, upper: Array) -> Array:
    """Return the share of draws (rows,) of (rows, D) that lie outside bounds (rows,)."""
    low, high = lower[:, None], np.where(np.isnan(upper), np.inf, upper)[:, None]
    beyond = np.abs(np.clip(drawn, low, high) - drawn) > OUTSIDE * np.maximum(np.abs(drawn), 1.0)
    return np.asarray(beyond.mean(axis=1))


def compute_quantiles(drawn: Array, index: pd.Index, unit: str) -> pd.DataFrame:
    """Return columns q05, q50 and q95, named with the unit; NaN for rows of NaN."""
    values = np.full((len(QUANTILES), len(drawn)), np.nan)
    is_drawn = ~np.isnan(drawn).any(axis=1)
    if is_drawn.any():
        # of sorted draws, since numpy sorts several times faster than it selects a few of them
        ordered = np.sort(drawn[is_drawn], axis=1)
        values[:, is_drawn] = np.quantile(
            ordered, list(QUANTILES.values()), axis=1, overwrite_input=True
        )
    return pd.DataFrame({f"{n}_{unit}": q for n, q in zip(QUANTILES, values, strict=True)}, index)


def sum_by_restriction(drawn: Array, restrictions: pd.Series, order: pd.Index) -> Array:
    """Return sums (restrictions, D) of countries (rows, D), which are disjoint."""
    rows, weights = order.get_indexer(restrictions), np.ones(len(restrictions))
    at = (rows, np.arange(len(rows)))
    table = csr_array((weights, at), shape=(len(order), len(drawn)))
    return np.asarray(table @ drawn)


INSIDE = 1e-6
"""Share of the Frechet range that is excluded at each end, where patterns would become empty."""
TINY = np.finfo(np.float64).tiny


def draw_conditioned(
    resolved: Resolved,
    shares: Array,
    base: Array,
    overlap_model: OverlapModel,
    sampler: Sampler,
) -> Array:
    """Return draws (D,) of the union of a country, as a share of its base, given its overlaps.

    `shares` (n, D) of its audiences in the order of `resolved.audiences`; the error of the
    joint use is narrowed by how much the overlaps narrow the bounds. NaN where all overlaps are
    limits that no draw reaches. Draws in which several overlaps contradict one another use the
    model alone.
    """
    use = draw_joint_use(overlap_model, resolved.key[1], sampler)
    prior = overlap_model.draw_patterns(shares.T, use)
    rows, targets = [], []
    limits = resolved.facts["interval_kind"].isin(ONE_SIDED)
    for key, fact, is_limit in zip(resolved.used_ids, resolved.measured, limits, strict=True):
        row = mark_patterns(fact.platforms, fact.kind, len(shares))
        expected = prior @ row
        target = _draw_overlap(fact, key, shares, base, sampler, expected if is_limit else None)
        if not is_limit or (target != expected).any():
            rows.append(row)
            targets.append(target)
    if not rows:
        return np.full(len(base), np.nan)
    met = condition_unions(prior, shares.T, np.array(rows), np.array(targets).T)
    core = np.where(np.isnan(met), 1.0 - prior[:, 0], met)
    return add_model_error(core, shares.T, use.error, resolved.narrowing)


def _draw_overlap(
    fact: MeasuredOverlap,
    key: str,
    shares: Array,
    base: Array,
    sampler: Sampler,
    expected: Array | None,
) -> Array:
    """Return draws (D,) of a measured overlap, as shares of the base, as audiences leave room for.

    Of a limit the draws are those `expected` by the model, moved to the limit where beyond it.
    """
    sizes = shares[list(fact.platforms)]
    if fact.kind is OverlapKind.INTERSECTION:
        least, most = np.maximum(sizes.sum(axis=0) - len(sizes) + 1.0, 0.0), sizes.min(axis=0)
    else:
        least, most = sizes.max(axis=0), np.minimum(sizes.sum(axis=0), 1.0)
    inside = INSIDE * (most - least)
    room = least + inside, most - inside
    scale = shares[fact.of] if fact.of is not None else 1.0 / base
    positive = np.maximum(scale, TINY)
    if expected is not None:
        low, high = np.clip(fact.low * scale, *room), np.clip(fact.high * positive, *room)
        beyond = (expected < fact.low * scale) | (expected > high)
        return np.where(beyond, np.clip(expected, low, high), expected)
    u = sampler.draw_uniform(InputKind.OVERLAP, f"overlap|{key}")
    low, high = np.array(fact.low), np.array(fact.high)
    floor, ceiling = (end / positive for end in room)
    drawn = draw_pert(u, low, (low + high) / 2, high, floor, ceiling)
    return np.clip(drawn * scale, *room)
