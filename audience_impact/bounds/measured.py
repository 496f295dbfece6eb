"""Measured overlaps: which of them speak for a restriction, what they force, and how they pull.

Definitions. A measured overlap says how many of a base use all of some platforms together, or
any of them. A place is a restriction in one country.

Method. An overlap speaks for a place if it was measured in that country, on the base of the
place, on platforms that are all restricted there, in a period that ends no later than the
restriction starts and no more than twelve months before; of one lineage the latest. Together
with the audiences and the base it goes into a linear program (bounds): sharp bounds, or a
smallest set of facts that cannot all hold. Contradicting overlaps are left out, or, when asked,
moved as little as makes them fit; either way the place is marked. In the draws the patterns of
joint use are conditioned on the overlaps (conditioning).

An overlap that is only a limit (over 93 %) narrows the bounds and does not enter the draws.

Assumptions. An overlap asked as a share of one platform's users is a share of the audience as
it stands in the figures.

Known drawbacks. Overlaps speak for the audiences of a month; the sweep over days and the union
over a month or a year of a whole country do not use them.

Citation. bounds.py and conditioning.py name theirs.
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from audience_impact.bounds import sharp as bounds
from audience_impact.bounds.sharp import Change, Conflict, Measured, Problem, Sharp
from audience_impact.facts.rules import WINDOW_DAYS
from audience_impact.facts.tables import Finding, Tables, finding
from audience_impact.frames import Array
from audience_impact.overlap import conditioning
from audience_impact.overlap.model import JointUse, OverlapModel, with_error
from audience_impact.simulation import distributions as draws
from audience_impact.simulation.distributions import Sampler
from audience_impact.vocabulary import (
    FindingSeverity,
    InputKind,
    IntervalKind,
    OverlapKind,
    Unit,
)

PLACE = ["restriction_id", "country_id"]
RULE = "overlaps_contradict"
ONE_SIDED = (IntervalKind.ONE_SIDED_MIN.value, IntervalKind.ONE_SIDED_MAX.value)


@dataclass(frozen=True)
class Place:
    """The audiences of a restriction in a country, and the overlaps that speak for it."""

    key: tuple[str, str]
    audiences: pd.DataFrame
    overlaps: pd.DataFrame
    problem: Problem


@dataclass(frozen=True)
class Settled:
    """What the overlaps of a place force, once contradictions are out of the way."""

    place: Place
    sharp: Sharp
    conflict: Conflict | None
    changes: tuple[Change, ...]

    @property
    def used(self) -> list[str]:
        """Keys of the overlaps that went into the bounds."""
        return list(self.place.overlaps["overlap_id"])

    @property
    def valued(self) -> dict[str, Measured]:
        """Those of them that say how many, by key; what only limits enters the bounds alone."""
        limits = self.place.overlaps["interval_kind"].isin(list(ONE_SIDED))
        facts = zip(self.used, self.place.problem.measured, limits, strict=True)
        return {key: fact for key, fact, limit in facts if not limit}


def speaking(audiences: pd.DataFrame, tables: Tables) -> list[Place]:
    """Every place for which an overlap speaks, with that place's audiences and overlaps."""
    known = audiences[audiences["tier"].notna() & audiences["base_persons"].notna()]
    facts = tables["overlaps"].drop(columns=["note"])
    several = facts["platform_ids"].map(lambda ids: len(set(ids.split(";"))) > 1).astype(bool)
    facts = facts[several & facts["unit"].isin([Unit.PERSONS.value, Unit.SHARE.value])]
    named = [sorted(_named(row)) for row in facts.to_dict("records")]
    single = facts.assign(platform_id=pd.Series(named, facts.index, "object"))
    single = single.explode("platform_id").astype({"platform_id": "str"})
    single["wanted"] = single.groupby("overlap_id")["platform_id"].transform("size")
    joined = known[[*PLACE, "platform_id", "start", "base"]].merge(
        single.rename(columns={"area_id": "country_id", "population_base": "base"}),
        on=["country_id", "platform_id", "base"],
    )
    by = [*PLACE, "overlap_id"]
    whole = joined[joined.groupby(by)["platform_id"].transform("size") == joined["wanted"]]
    age = (whole["start"] - whole["period_end"]).dt.days
    recent = whole[(age >= 0) & (age <= WINDOW_DAYS)].drop_duplicates(by)
    recent = recent.sort_values([*PLACE, "period_end", "overlap_id"])
    same = [*PLACE, "platform_ids", "kind", "share_of", "lineage_id"]
    latest = recent.drop_duplicates(same, keep="last").sort_values(by)
    groups = known.sort_values([*PLACE, "platform_id"]).groupby(PLACE)
    return [
        _place(key, groups.get_group(key), own.reset_index(drop=True))
        for key, own in latest.groupby(PLACE, sort=True)
    ]


def _named(row: dict[str, object]) -> set[str]:
    """Every platform that must be there for an overlap to speak: its own, and whose share it is."""
    of = {str(row["share_of"])} if row["share_of"] and row["unit"] == Unit.SHARE.value else set()
    return {*str(row["platform_ids"]).split(";"), *of}


def _place(key: tuple[str, str], audiences: pd.DataFrame, overlaps: pd.DataFrame) -> Place:
    names = list(audiences["platform_id"])
    base = float(audiences["base_persons"].iloc[0])
    facts = [_measured(row, names, base) for row in overlaps.to_dict("records")]
    high = audiences["high_persons"].fillna(math.inf)
    problem = Problem(base, tuple(audiences["low_persons"]), tuple(high), tuple(facts))
    return Place(key, audiences.reset_index(drop=True), overlaps, problem)


def _measured(row: dict[str, object], names: list[str], base: float) -> Measured:
    """An overlap as the linear program takes it: persons, or a share of one audience."""
    low, high = _ends(row)
    named = dict.fromkeys(str(row["platform_ids"]).split(";"))
    platforms = tuple(names.index(name) for name in named)
    share = row["unit"] == Unit.SHARE.value
    of = names.index(str(row["share_of"])) if share and row["share_of"] else None
    scale = base if share and of is None else 1.0
    return Measured(platforms, OverlapKind(str(row["kind"])), low * scale, high * scale, of)


def _ends(row: dict[str, object]) -> tuple[float, float]:
    """Least and most; a value that is said to be a limit leaves the other side open."""
    value, low, high = (float(str(row[name])) for name in ("value", "low", "high"))
    if math.isnan(value) or row["interval_kind"] not in ONE_SIDED:
        return (value if math.isnan(low) else low), (value if math.isnan(high) else high)
    return (value, math.inf) if row["interval_kind"] == ONE_SIDED[0] else (0.0, value)


def settle(places: list[Place], repair: bool) -> list[Settled]:
    """Sharp bounds of each place; contradicting overlaps are left out, or repaired if asked."""
    solved = bounds.sharp([place.problem for place in places])
    return [
        Settled(place, found, None, ())
        if isinstance(found, Sharp)
        else _repaired(place, found)
        if repair
        else _without(place, found)
        for place, found in zip(places, solved, strict=True)
    ]


def _repaired(place: Place, conflict: Conflict) -> Settled:
    problem, changes = bounds.repaired(place.problem)
    found = bounds.sharp([problem])[0]
    assert isinstance(found, Sharp)  # repaired problems are feasible by construction
    mended = Place(place.key, place.audiences, place.overlaps, problem)
    return Settled(mended, found, conflict, tuple(changes))


def _without(place: Place, conflict: Conflict) -> Settled:
    """The place without the overlaps in conflict, and so on until the rest agrees."""
    first, found = conflict, None
    while not isinstance(found, Sharp):
        kept = [n for n in range(len(place.overlaps)) if n not in conflict.measured]
        facts = tuple(place.problem.measured[n] for n in kept)
        sizes = place.problem
        place = Place(
            place.key,
            place.audiences,
            place.overlaps.iloc[kept].reset_index(drop=True),
            Problem(sizes.base, sizes.low, sizes.high, facts),
        )
        found = bounds.sharp([place.problem])[0]
        conflict = found if isinstance(found, Conflict) else conflict
    return Settled(place, found, first, ())


def findings(
    settled: list[Settled], before: list[Place], chosen: pd.DataFrame, tables: Tables
) -> list[Finding]:
    """One finding for each overlap in a conflict, naming every other fact in it and its line."""
    rows = tables["overlaps"].set_index("overlap_id", drop=False)
    found = {
        (key, text): finding(
            "overlaps", rows.loc[key], "value", RULE, FindingSeverity.WARNING, text
        )
        for one, place in zip(settled, before, strict=True)
        if one.conflict is not None
        for key, text in _told(one, one.conflict, place, chosen, tables).items()
    }
    return list(found.values())


def _told(
    one: Settled, conflict: Conflict, place: Place, chosen: pd.DataFrame, tables: Tables
) -> dict[str, str]:
    """What to say of each overlap in the conflict of a place."""
    facts = _facts_in(conflict, place, chosen, tables)
    changes = {change.measured: change for change in one.changes}
    told = {}
    for number in conflict.measured:
        act = (
            _moved(place, changes[number])
            if number in changes
            else "kept as it is"
            if one.changes
            else "left out; correct one of these facts, or run with --repair"
        )
        told[str(place.overlaps["overlap_id"][number])] = (
            f"cannot hold together with {'; '.join(facts)}: {act}"
        )
    return told


def _moved(place: Place, change: Change) -> str:
    old = place.problem.measured[change.measured]
    unit = "" if old.of is not None else " persons"
    form = "{:.4f}".format if old.of is not None else "{:,.0f}".format

    def ends(low: float, high: float) -> str:
        if math.isinf(high):
            return f"at least {form(low)}"
        return form(low) if form(low) == form(high) else f"{form(low)} to {form(high)}"

    return (
        f"repaired from {ends(old.low, old.high)} to {ends(change.low, change.high)}{unit}, "
        f"a change of {form(change.by)}"
    )


def _facts_in(conflict: Conflict, place: Place, chosen: pd.DataFrame, tables: Tables) -> list[str]:
    """The audiences and the base of a conflict, each with its value, file and line."""
    own = chosen[(chosen[PLACE] == list(place.key)).all(axis=1)]
    told = []
    for number in conflict.audiences:
        name = place.audiences["platform_id"][number]
        told += [
            f"{name} {_people(row.low_persons, row.high_persons)} "
            f"({row.estimate_id}, {row.row_file}:{row.row_line})"
            for row in own[own["platform_id"] == name].itertuples()
        ]
    if len(conflict.measured) > 1:
        told += [
            f"{row.overlap_id} ({row.row_file}:{row.row_line})"
            for row in place.overlaps.iloc[list(conflict.measured)].itertuples()
        ]
    if conflict.base:
        bases = tables["bases"].set_index("base_id")
        row = bases.loc[place.audiences["base_id"].iloc[0]]
        told.append(
            f"base {int(row['persons']):,} ({place.audiences['base_id'].iloc[0]}, "
            f"{row['row_file']}:{row['row_line']})"
        )
    return told


def _people(low: float, high: float) -> str:
    if math.isnan(high):
        return f"at least {int(low):,}"
    return f"{int(low):,}" if low == high else f"{int(low):,} to {int(high):,}"


def conditioned(
    one: Settled,
    shares: Array,
    model: OverlapModel,
    joint_use: JointUse,
    base: Array,
    sampler: Sampler,
) -> Array:
    """Draws (D,) of the union of a place, as a share of its base, given its overlaps.

    `shares` (n, D) of its audiences in the order of `place.audiences`; the error of the joint use
    is narrowed by how much the overlaps narrow the bounds. Draws in which audiences leave no room
    for the overlap fall back on the model alone.
    """
    facts, count = one.valued, len(shares)
    rows = [conditioning.indicator(f.platforms, f.kind, count) for f in facts.values()]
    targets = np.array(
        [
            _value(f, key, sampler) * (shares[f.of] if f.of is not None else 1.0 / base)
            for key, f in facts.items()
        ]
    ).T
    prior = model.patterns(shares.T, joint_use)
    met = conditioning.unions_given(prior, shares.T, np.array(rows), targets)
    core = np.where(np.isnan(met), 1.0 - prior[:, 0], met)
    return with_error(core, shares.T, joint_use.error, _narrowing(one))


def _narrowing(one: Settled) -> float:
    """Width of the sharp bounds over that of the Frechet bounds."""
    problem = one.place.problem
    widest = min(problem.base, sum(problem.high)) - max(problem.low)
    return (one.sharp.upper - one.sharp.lower) / widest if widest > 0 else 0.0


def _value(fact: Measured, key: str, sampler: Sampler) -> Array:
    """Draws (D,) of a measured overlap, in its own unit."""
    u = sampler.uniform(InputKind.OVERLAP, f"overlap|{key}")
    low, high = np.array(fact.low), np.array(fact.high)
    return draws.pert(u, low, (low + high) / 2, high)
