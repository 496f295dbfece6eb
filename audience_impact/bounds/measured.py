"""Bounds that follow from measured overlaps, for a restriction in a country.

Method. Together with the audiences and the base the overlaps go into a linear program (sharp): The
result is sharp bounds, or a smallest set of facts that contradict one another. Contradictory
overlaps are excluded or, with `--repair`, changed as little as possible. In both cases the country
is marked.

Assumptions. An overlap that is a share of one platform's users is a share of the audience in the
figures.

Citation. sharp.py names it.
"""

import math
from dataclasses import dataclass

import pandas as pd

from audience_impact.audiences import intervals
from audience_impact.audiences.scope import AUDIENCE, COUNTRY
from audience_impact.bounds import sharp as bounds
from audience_impact.bounds.sharp import Change, Conflict, MeasuredOverlap, Problem, Sharp
from audience_impact.facts.tables import Finding, Tables, build_finding
from audience_impact.vocabulary import FindingSeverity, OverlapKind, Unit

RULE = "overlaps_contradict"


@dataclass(frozen=True)
class Measurements:
    """The audiences of a restriction in a country, and their measured overlaps."""

    key: tuple[str, str]
    audiences: pd.DataFrame
    overlaps: pd.DataFrame
    problem: Problem


@dataclass(frozen=True)
class Resolved:
    """Sharp bounds of a country from its overlaps, after contradictions are resolved."""

    measurements: Measurements
    sharp: Sharp
    conflict: Conflict | None
    changes: tuple[Change, ...]

    @property
    def key(self) -> tuple[str, str]:
        """Return the restriction and the country."""
        return self.measurements.key

    @property
    def used_ids(self) -> list[str]:
        """Return the ids of the overlaps that went into the bounds."""
        return list(self.measurements.overlaps["overlap_id"])

    @property
    def valued_overlaps(self) -> dict[str, MeasuredOverlap]:
        """Return the overlaps with a value, by id; overlaps that are only limits are left out."""
        limits = self.measurements.overlaps["interval_kind"].isin(intervals.ONE_SIDED)
        facts = zip(self.used_ids, self.measurements.problem.measured, limits, strict=True)
        return {key: fact for key, fact, limit in facts if not limit}


def collect_measurements(audiences: pd.DataFrame, overlaps: pd.DataFrame) -> list[Measurements]:
    """Return audiences and overlaps of every country of a restriction that has an overlap.

    `audiences` and `overlaps` have the columns that inputs.py declares.
    """
    with_base = audiences[audiences["metric_priority"].notna() & audiences["base_persons"].notna()]
    groups = with_base.sort_values(AUDIENCE).groupby(COUNTRY)
    return [
        _build_measurements(key, groups.get_group(key), country_overlaps.reset_index(drop=True))
        for key, country_overlaps in overlaps.groupby(COUNTRY, sort=True)
    ]


def _build_measurements(
    key: tuple[str, str], audiences: pd.DataFrame, overlaps: pd.DataFrame
) -> Measurements:
    names = list(audiences["platform_id"])
    base = float(audiences["base_persons"].iloc[0])
    facts = [_convert_overlap(row, names, base) for row in overlaps.to_dict("records")]
    high = audiences["high_persons"].fillna(math.inf)
    problem = Problem(base, tuple(audiences["low_persons"]), tuple(high), tuple(facts))
    return Measurements(key, audiences.reset_index(drop=True), overlaps, problem)


def _convert_overlap(row: dict[str, object], names: list[str], base: float) -> MeasuredOverlap:
    """Return an overlap for the linear program: in persons, or as a share of one audience."""
    low, high = float(str(row["least"])), float(str(row["most"]))
    high = math.inf if math.isnan(high) else high
    named = dict.fromkeys(str(row["platform_ids"]).split(";"))
    platforms = tuple(names.index(name) for name in named)
    share = row["unit"] == Unit.SHARE.value
    of = names.index(str(row["share_of"])) if share and row["share_of"] else None
    scale = base if share and of is None else 1.0
    return MeasuredOverlap(platforms, OverlapKind(str(row["kind"])), low * scale, high * scale, of)


def resolve_overlaps(countries: list[Measurements], repair: bool) -> list[Resolved]:
    """Return sharp bounds of each country; contradicting overlaps are left out or repaired."""
    solved = bounds.bound_sharply([country.problem for country in countries])
    return [
        Resolved(country, solution, None, ())
        if isinstance(solution, Sharp)
        else _repair_country(country, solution)
        if repair
        else _drop_conflicts(country, solution)
        for country, solution in zip(countries, solved, strict=True)
    ]


def _repair_country(country: Measurements, conflict: Conflict) -> Resolved:
    problem, changes = bounds.repair_problem(country.problem)
    solution = bounds.bound_sharply([problem])[0]
    assert isinstance(solution, Sharp)  # repaired problems are feasible by construction
    repaired = Measurements(country.key, country.audiences, country.overlaps, problem)
    return Resolved(repaired, solution, conflict, tuple(changes))


def _drop_conflicts(country: Measurements, conflict: Conflict) -> Resolved:
    """Return the country without overlaps in conflict; repeat until its facts are consistent."""
    first, solution = conflict, None
    while not isinstance(solution, Sharp):
        others = [n for n in range(len(country.overlaps)) if n not in conflict.measured]
        facts = tuple(country.problem.measured[n] for n in others)
        sizes = country.problem
        country = Measurements(
            country.key,
            country.audiences,
            country.overlaps.iloc[others].reset_index(drop=True),
            Problem(sizes.base, sizes.low, sizes.high, facts),
        )
        solution = bounds.bound_sharply([country.problem])[0]
        conflict = solution if isinstance(solution, Conflict) else conflict
    return Resolved(country, solution, first, ())


def report_conflicts(
    resolved: list[Resolved], before: list[Measurements], chosen: pd.DataFrame, tables: Tables
) -> list[Finding]:
    """Return a finding for each overlap in a conflict, naming the other facts and their lines."""
    rows = tables["overlaps"].set_index("overlap_id", drop=False)
    findings = {
        (key, text): build_finding(
            "overlaps", rows.loc[key], "value", RULE, FindingSeverity.WARNING, text
        )
        for resolution, country in zip(resolved, before, strict=True)
        if resolution.conflict is not None
        for key, text in _describe_conflicts(
            resolution, resolution.conflict, country, chosen, tables
        ).items()
    }
    return list(findings.values())


def _describe_conflicts(
    resolution: Resolved,
    conflict: Conflict,
    country: Measurements,
    chosen: pd.DataFrame,
    tables: Tables,
) -> dict[str, str]:
    """Return a message for each overlap in the conflict of a country, by id."""
    facts = _describe_facts(conflict, country, chosen, tables)
    changes = {change.measured: change for change in resolution.changes}
    messages = {}
    for number in conflict.measured:
        action = (
            _describe_move(country, changes[number])
            if number in changes
            else "kept as it is"
            if resolution.changes
            else "left out; correct one of these facts, or run with --repair"
        )
        messages[str(country.overlaps["overlap_id"][number])] = (
            f"cannot be true together with {'; '.join(facts)}: {action}"
        )
    return messages


def _describe_move(country: Measurements, change: Change) -> str:
    old = country.problem.measured[change.measured]
    unit = "" if old.of is not None else " persons"
    form = "{:.4f}".format if old.of is not None else "{:,.0f}".format

    def format_ends(low: float, high: float) -> str:
        if math.isinf(high):
            return f"at least {form(low)}"
        return form(low) if form(low) == form(high) else f"{form(low)} to {form(high)}"

    return (
        f"repaired from {format_ends(old.low, old.high)} "
        f"to {format_ends(change.low, change.high)}{unit}, a change of {form(change.by)}"
    )


def _describe_facts(
    conflict: Conflict, country: Measurements, chosen: pd.DataFrame, tables: Tables
) -> list[str]:
    """Return the facts of a conflict, each with its value, file and line."""
    country_figures = chosen[(chosen[COUNTRY] == list(country.key)).all(axis=1)]
    words = []
    for number in conflict.audiences:
        name = country.audiences["platform_id"][number]
        words += [
            f"{name} {_format_people(row.low_persons, row.high_persons)} "
            f"({row.estimate_id}, {row.row_file}:{row.row_line})"
            for row in country_figures[country_figures["platform_id"] == name].itertuples()
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


def _format_people(low: float, high: float) -> str:
    if math.isnan(high):
        return f"at least {int(low):,}"
    return f"{int(low):,}" if low == high else f"{int(low):,} to {int(high):,}"
