"""Measured overlaps: what those that speak for a restriction in a country force.

Method. Together with the audiences and the base the overlaps go into a linear program
(sharp): sharp bounds, or a smallest set of facts that cannot all hold. Contradicting overlaps are
left out, or, when asked, moved as little as makes them fit; either way the country is marked.

Assumptions. An overlap asked as a share of one platform's users is a share of the audience as
it stands in the figures.

Citation. sharp.py names it.
"""

import math
from dataclasses import dataclass

import pandas as pd

from audience_impact.audiences import intervals
from audience_impact.audiences.scope import AUDIENCE, COUNTRY
from audience_impact.bounds import sharp as bounds
from audience_impact.bounds.sharp import Change, Conflict, Measured, Problem, Sharp
from audience_impact.facts.tables import Finding, Tables, finding
from audience_impact.vocabulary import FindingSeverity, OverlapKind, Unit

RULE = "overlaps_contradict"


@dataclass(frozen=True)
class Measurements:
    """The audiences of a restriction in a country, and the overlaps that speak for them."""

    key: tuple[str, str]
    audiences: pd.DataFrame
    overlaps: pd.DataFrame
    problem: Problem


@dataclass(frozen=True)
class Resolved:
    """What the overlaps of a country force, once contradictions are out of the way."""

    measurements: Measurements
    sharp: Sharp
    conflict: Conflict | None
    changes: tuple[Change, ...]

    @property
    def key(self) -> tuple[str, str]:
        """The restriction and the country."""
        return self.measurements.key

    @property
    def used(self) -> list[str]:
        """Keys of the overlaps that went into the bounds."""
        return list(self.measurements.overlaps["overlap_id"])

    @property
    def valued(self) -> dict[str, Measured]:
        """Those of them that say how many, by key; what only limits enters the bounds alone."""
        limits = self.measurements.overlaps["interval_kind"].isin(intervals.ONE_SIDED)
        facts = zip(self.used, self.measurements.problem.measured, limits, strict=True)
        return {key: fact for key, fact, limit in facts if not limit}


def measurements(audiences: pd.DataFrame, overlaps: pd.DataFrame) -> list[Measurements]:
    """Audiences and overlaps of every country of a restriction for which an overlap speaks.

    `audiences` and `overlaps` as inputs.py declares them.
    """
    known = audiences[audiences["metric_priority"].notna() & audiences["base_persons"].notna()]
    groups = known.sort_values(AUDIENCE).groupby(COUNTRY)
    return [
        _measurements(key, groups.get_group(key), own.reset_index(drop=True))
        for key, own in overlaps.groupby(COUNTRY, sort=True)
    ]


def _measurements(
    key: tuple[str, str], audiences: pd.DataFrame, overlaps: pd.DataFrame
) -> Measurements:
    names = list(audiences["platform_id"])
    base = float(audiences["base_persons"].iloc[0])
    facts = [_measured(row, names, base) for row in overlaps.to_dict("records")]
    high = audiences["high_persons"].fillna(math.inf)
    problem = Problem(base, tuple(audiences["low_persons"]), tuple(high), tuple(facts))
    return Measurements(key, audiences.reset_index(drop=True), overlaps, problem)


def _measured(row: dict[str, object], names: list[str], base: float) -> Measured:
    """An overlap as the linear program takes it: persons, or a share of one audience."""
    low, high = float(str(row["least"])), float(str(row["most"]))
    high = math.inf if math.isnan(high) else high
    named = dict.fromkeys(str(row["platform_ids"]).split(";"))
    platforms = tuple(names.index(name) for name in named)
    share = row["unit"] == Unit.SHARE.value
    of = names.index(str(row["share_of"])) if share and row["share_of"] else None
    scale = base if share and of is None else 1.0
    return Measured(platforms, OverlapKind(str(row["kind"])), low * scale, high * scale, of)


def resolve(countries: list[Measurements], repair: bool) -> list[Resolved]:
    """Sharp bounds of each country; contradicting overlaps are left out, or repaired if asked."""
    solved = bounds.sharp([country.problem for country in countries])
    return [
        Resolved(country, found, None, ())
        if isinstance(found, Sharp)
        else _repaired(country, found)
        if repair
        else _without(country, found)
        for country, found in zip(countries, solved, strict=True)
    ]


def _repaired(country: Measurements, conflict: Conflict) -> Resolved:
    problem, changes = bounds.repaired(country.problem)
    found = bounds.sharp([problem])[0]
    assert isinstance(found, Sharp)  # repaired problems are feasible by construction
    mended = Measurements(country.key, country.audiences, country.overlaps, problem)
    return Resolved(mended, found, conflict, tuple(changes))


def _without(country: Measurements, conflict: Conflict) -> Resolved:
    """The country without the overlaps in conflict, and so on until the rest agrees."""
    first, found = conflict, None
    while not isinstance(found, Sharp):
        others = [n for n in range(len(country.overlaps)) if n not in conflict.measured]
        facts = tuple(country.problem.measured[n] for n in others)
        sizes = country.problem
        country = Measurements(
            country.key,
            country.audiences,
            country.overlaps.iloc[others].reset_index(drop=True),
            Problem(sizes.base, sizes.low, sizes.high, facts),
        )
        found = bounds.sharp([country.problem])[0]
        conflict = found if isinstance(found, Conflict) else conflict
    return Resolved(country, found, first, ())


def findings(
    resolved: list[Resolved], before: list[Measurements], chosen: pd.DataFrame, tables: Tables
) -> list[Finding]:
    """One finding for each overlap in a conflict, naming every other fact in it and its line."""
    rows = tables["overlaps"].set_index("overlap_id", drop=False)
    found = {
        (key, text): finding(
            "overlaps", rows.loc[key], "value", RULE, FindingSeverity.WARNING, text
        )
        for one, country in zip(resolved, before, strict=True)
        if one.conflict is not None
        for key, text in _messages(one, one.conflict, country, chosen, tables).items()
    }
    return list(found.values())


def _messages(
    one: Resolved, conflict: Conflict, country: Measurements, chosen: pd.DataFrame, tables: Tables
) -> dict[str, str]:
    """What to say of each overlap in the conflict of a country."""
    facts = _facts_in(conflict, country, chosen, tables)
    changes = {change.measured: change for change in one.changes}
    messages = {}
    for number in conflict.measured:
        action = (
            _moved(country, changes[number])
            if number in changes
            else "kept as it is"
            if one.changes
            else "left out; correct one of these facts, or run with --repair"
        )
        messages[str(country.overlaps["overlap_id"][number])] = (
            f"cannot hold together with {'; '.join(facts)}: {action}"
        )
    return messages


def _moved(country: Measurements, change: Change) -> str:
    old = country.problem.measured[change.measured]
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


def _facts_in(
    conflict: Conflict, country: Measurements, chosen: pd.DataFrame, tables: Tables
) -> list[str]:
    """The audiences and the base of a conflict, each with its value, file and line."""
    own = chosen[(chosen[COUNTRY] == list(country.key)).all(axis=1)]
    words = []
    for number in conflict.audiences:
        name = country.audiences["platform_id"][number]
        words += [
            f"{name} {_people(row.low_persons, row.high_persons)} "
            f"({row.estimate_id}, {row.row_file}:{row.row_line})"
            for row in own[own["platform_id"] == name].itertuples()
        ]
    if len(conflict.measured) > 1:
        words += [
            f"{row.overlap_id} ({row.row_file}:{row.row_line})"
            for row in country.overlaps.iloc[list(conflict.measured)].itertuples()
        ]
    if conflict.base:
        bases = tables["bases"].set_index("base_id")
        row = bases.loc[country.audiences["base_id"].iloc[0]]
        words.append(
            f"base {int(row['persons']):,} ({country.audiences['base_id'].iloc[0]}, "
            f"{row['row_file']}:{row['row_line']})"
        )
    return words


def _people(low: float, high: float) -> str:
    if math.isnan(high):
        return f"at least {int(low):,}"
    return f"{int(low):,}" if low == high else f"{int(low):,} to {int(high):,}"
