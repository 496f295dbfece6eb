"""Bounds on a union of audiences from their sizes and measured overlaps.

Definitions. A measured overlap is the number, or the share of a base, of people who use all of some
platforms, or any of them. A pattern is the exact set of platforms that a person uses.

Method. An overlap applies to a restriction in a country if it was measured there, on the base of
the audiences, on platforms that are all restricted there, in a period that ends no later than the
restriction starts and no more than twelve months before; of each lineage the latest. The bounds of
Boole and Hailperin: the smallest and largest union over all ways to spread people over the patterns
that the facts allow, by two linear programs with the persons in each pattern as variables.
Platforms without an overlap stay outside the program: inside a base they can be laid into the
others or beside them. If no spread exists, overlaps are taken in the order of their ids, and each
that contradicts sizes or those taken before is left out and reported.

Assumptions. An overlap that is a share of one platform's users is a share of the audience in the
figures, whatever that is between its low and its high. Sizes are more reliable than overlaps.

Known drawbacks. The number of patterns doubles with every platform, so overlaps of a country may
link 12 platforms at most. Facts that contradict one another by less than a billionth of the base
pass as consistent.

Citation. T. Hailperin, Best possible inequalities for the probability of a logical function of
events, American Mathematical Monthly 72 (1965), 343-359.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import linprog

from audience_impact.audiences import intervals
from audience_impact.audiences.scope import AUDIENCE, COUNTRY
from audience_impact.facts.tables import Finding, Tables, build_finding
from audience_impact.overlap.patterns import mark_patterns
from audience_impact.periods import WINDOW_DAYS
from audience_impact.selection import Best, Key, Only, select_candidates
from audience_impact.vocabulary import OverlapKind, Unit

RULE = "overlaps_contradict"
MOST_PLATFORMS = 12
SOLVER = {
    "presolve": False,  # it cannot tell an unbounded program from an infeasible one
    "primal_feasibility_tolerance": 1e-9,
    "dual_feasibility_tolerance": 1e-9,
}

STEPS = (
    Only(
        lambda rows: rows["present"] == rows["required"],
        "speaks of a service that is not restricted there, or has no figure",
    ),
    Only(lambda rows: rows["age_days"] >= 0, "from after the start of the restriction"),
    Only(
        lambda rows: rows["age_days"] <= WINDOW_DAYS,
        f"more than {WINDOW_DAYS} days before the start",
    ),
    Best(
        [*COUNTRY, "platform_ids", "kind", "share_of", "measurement_series_id"],
        (
            Key("period_end", "the same measurer has a later one", ascending=False),
            Key("overlap_id", "no different in what counts: the last by its id is taken", False),
        ),
    ),
)
"""Steps that select the measured overlaps."""


def list_candidates(audiences: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Return every overlap with a restricted service, by country and base, with its ranks.

    Columns: those of the fact, COUNTRY, and the limits `least` and `most` in the unit of the fact
    (NaN where there is no limit). An overlap requires the platforms that overlap, and the one of
    whose users it is a share.
    """
    overlaps = tables["overlaps"]
    several = overlaps["platform_ids"].map(lambda ids: len(set(ids.split(";"))) > 1).astype(bool)
    units = overlaps["unit"].isin([Unit.PERSONS.value, Unit.SHARE.value])
    facts = overlaps[several & units].drop(columns=["note"])
    is_share = facts["unit"] == Unit.SHARE.value
    named = facts["platform_ids"] + (";" + facts["share_of"]).where(is_share, "")
    required = [sorted({*names.split(";")} - {""}) for names in named]
    single = facts.assign(
        **intervals.read_intervals(facts)[["least", "most"]],
        platform_id=pd.Series(required, facts.index, "object"),
        required=pd.Series([len(names) for names in required], facts.index),
    ).explode("platform_id")
    counted = audiences[audiences["metric_priority"].notna() & audiences["base_persons"].notna()]
    joined = counted[[*COUNTRY, "platform_id", "start", "base"]].merge(
        single.astype({"platform_id": "str"}).rename(
            columns={"area_id": "country_id", "population_base": "base"}
        ),
        on=["country_id", "platform_id", "base"],
    )
    by = [*COUNTRY, "overlap_id"]
    present = joined.groupby(by)["platform_id"].transform("size")
    age = (joined["start"] - joined["period_end"]).dt.days
    return joined.assign(present=present, age_days=age).drop_duplicates(by)


class MeasuredOverlap(NamedTuple):
    """A measured overlap: people who use all of some platforms, or any of them.

    Attributes:
        platforms: Positions of the platforms among the sizes.
        kind: Whether users of all of them are counted or users of any.
        low: The lower limit, in persons or as a share of the users of `of`.
        high: The upper limit, in the same unit; math.inf if there is none.
        of: Position of the platform whose users `low` and `high` are a share of; None where
            they are persons.
    """

    platforms: tuple[int, ...]
    kind: OverlapKind
    low: float
    high: float
    of: int | None = None


class Sizes(NamedTuple):
    """Persons in a base and, least and most, in each audience; math.inf where nothing limits."""

    base: float
    low: tuple[float, ...]
    high: tuple[float, ...]


def bound_union(sizes: Sizes, overlaps: Sequence[MeasuredOverlap]) -> tuple[float, float] | None:
    """Return the least and most persons in the union; None where the facts contradict.

    Raises:
        ValueError: Overlaps link more than 12 platforms.
    """
    linked = _list_linked(overlaps)
    if len(linked) > MOST_PLATFORMS:
        raise ValueError(f"overlaps link {len(linked)} audiences: at most {MOST_PLATFORMS} can be")
    extremes = _find_extremes(sizes, linked, overlaps) if linked else (0.0, 0.0)
    if extremes is None or max(sizes.low) > sizes.base:
        return None
    beside = [high for number, high in enumerate(sizes.high) if number not in linked]
    lower = max(extremes[0], *sizes.low)
    return lower, max(lower, min(sizes.base, extremes[1] + sum(beside)))


def choose_consistent(sizes: Sizes, overlaps: Sequence[MeasuredOverlap]) -> list[int]:
    """Return the numbers of the overlaps that agree with the sizes and with those before them."""
    chosen: list[int] = []
    for number in range(len(overlaps)):
        trial = [overlaps[n] for n in (*chosen, number)]
        if len(_list_linked(trial)) <= MOST_PLATFORMS and bound_union(sizes, trial) is not None:
            chosen.append(number)
    return chosen


def _list_linked(overlaps: Sequence[MeasuredOverlap]) -> list[int]:
    named = {platform for overlap in overlaps for platform in overlap.platforms}
    return sorted(named | {overlap.of for overlap in overlaps if overlap.of is not None})


def _find_extremes(
    sizes: Sizes, linked: list[int], overlaps: Sequence[MeasuredOverlap]
) -> tuple[float, float] | None:
    """Return the least and most persons who use a linked platform; None if no spread exists."""
    matrix, least, most = _build_rows(sizes, linked, overlaps)
    ends = np.concatenate([least, most])
    scale = max(ends[np.isfinite(ends)].max(), 1.0)
    below, above = np.isfinite(most), np.isfinite(least)
    sides = np.vstack([matrix[below], -matrix[above]])
    limits = np.concatenate([most[below], -least[above]]) / scale
    everyone = np.ones(matrix.shape[1])
    fewest, largest = (
        linprog(sign * everyone, A_ub=sides, b_ub=limits, method="highs-ds", options=SOLVER)
        for sign in (1.0, -1.0)
    )
    if fewest.fun is None:
        return None
    return fewest.fun * scale, math.inf if largest.fun is None else -largest.fun * scale


def _build_rows(
    sizes: Sizes, linked: list[int], overlaps: Sequence[MeasuredOverlap]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return coefficients (facts, patterns with somebody in them), and limits in persons."""
    count = len(linked)
    using = {
        platform: mark_patterns((place,), OverlapKind.UNION, count)[1:]
        for place, platform in enumerate(linked)
    }
    rows = [(np.ones((1 << count) - 1), 0.0, sizes.base)]
    rows += [(users, sizes.low[i], sizes.high[i]) for i, users in using.items()]
    for overlap in overlaps:
        places = [linked.index(platform) for platform in overlap.platforms]
        people = mark_patterns(places, overlap.kind, count)[1:]
        if overlap.of is None:
            rows.append((people, overlap.low, overlap.high))
            continue
        rows.append((people - overlap.low * using[overlap.of], 0.0, math.inf))
        if math.isfinite(overlap.high):
            rows.append((people - overlap.high * using[overlap.of], -math.inf, 0.0))
    matrix, least, most = zip(*rows, strict=True)
    return np.array(matrix), np.array(least), np.array(most)


class Resolved(NamedTuple):
    """Sharp bounds of a restriction in a country from its measured overlaps.

    Attributes:
        key: The restriction and the country.
        audiences: Its audiences, in the order of AUDIENCE.
        facts: The overlaps that agree with the figures, one per row.
        measured: The same for the linear program.
        left_out: The other overlaps, with the same columns as `facts`.
        lower: The lower bound, persons.
        upper: The upper bound, persons; math.inf if there is none.
        narrowing: The width of these bounds divided by that of the Frechet bounds.
    """

    key: tuple[str, str]
    audiences: pd.DataFrame
    facts: pd.DataFrame
    measured: tuple[MeasuredOverlap, ...]
    left_out: pd.DataFrame
    lower: float
    upper: float
    narrowing: float

    @property
    def used_ids(self) -> list[str]:
        """Return the ids of the overlaps that went into the bounds."""
        return list(self.facts["overlap_id"])


def resolve_overlaps(audiences: pd.DataFrame, tables: Tables) -> list[Resolved]:
    """Return sharp bounds of every country of a restriction that has an overlap.

    `audiences` is the result of inputs.add_base.
    """
    overlaps = select_candidates(list_candidates(audiences, tables), STEPS)
    counted = audiences[audiences["metric_priority"].notna() & audiences["base_persons"].notna()]
    groups = counted.sort_values(AUDIENCE).groupby(COUNTRY)
    resolved = []
    for key, rows in overlaps.groupby(COUNTRY, sort=True):
        of_country = groups.get_group(key).reset_index(drop=True)
        facts = rows.sort_values("overlap_id", ignore_index=True)
        names, base = list(of_country["platform_id"]), float(of_country["base_persons"].iloc[0])
        high = of_country["high_persons"].fillna(math.inf)
        sizes = Sizes(base, tuple(of_country["low_persons"]), tuple(high))
        stated = [_convert_overlap(row, names, base) for row in facts.to_dict("records")]
        chosen = choose_consistent(sizes, stated)
        measured = tuple(stated[number] for number in chosen)
        widest = (max(sizes.low), min(base, sum(sizes.high)))
        ends = bound_union(sizes, measured) or widest
        width = widest[1] - widest[0]
        narrowing = (ends[1] - ends[0]) / width if width > 0 else 0.0
        left_out = facts.drop(index=chosen)
        agreeing = facts.iloc[chosen]
        resolved.append(Resolved(key, of_country, agreeing, measured, left_out, *ends, narrowing))
    return resolved


def _convert_overlap(row: dict[str, Any], names: list[str], base: float) -> MeasuredOverlap:
    high = math.inf if math.isnan(row["most"]) else row["most"]
    platforms = tuple(names.index(name) for name in dict.fromkeys(row["platform_ids"].split(";")))
    is_share = row["unit"] == Unit.SHARE.value
    of = names.index(row["share_of"]) if is_share and row["share_of"] else None
    scale = base if is_share and of is None else 1.0
    return MeasuredOverlap(
        platforms, OverlapKind(row["kind"]), row["least"] * scale, high * scale, of
    )


def report_left_out(
    resolved: list[Resolved], chosen: pd.DataFrame, tables: Tables
) -> list[Finding]:
    """Return a finding for each overlap that is left out, naming the other facts and their lines.

    `chosen` are the chosen figures.
    """
    rows = tables["overlaps"].set_index("overlap_id", drop=False)
    messages = {
        (str(fact.overlap_id), _describe_facts(country, fact.platform_ids, chosen, tables["bases"]))
        for country in resolved
        for fact in country.left_out.itertuples()
    }
    return [
        build_finding(
            *("overlaps", rows.loc[key], "value", RULE),
            f"cannot be true together with {facts}: left out; correct one of these facts",
        )
        for key, facts in sorted(messages)
    ]


def _describe_facts(
    country: Resolved, platform_ids: str, chosen: pd.DataFrame, bases: pd.DataFrame
) -> str:
    platforms = set(platform_ids.split(";"))
    figures = chosen[(chosen[COUNTRY] == list(country.key)).all(axis=1)]
    figures = figures[figures["platform_id"].isin(platforms)].sort_values("platform_id")
    is_linked = [bool(platforms & set(ids.split(";"))) for ids in country.facts["platform_ids"]]
    base = bases[bases["base_id"] == country.audiences["base_id"].iloc[0]]
    starts = [
        (f"{row.platform_id} {_format_people(row)} ({row.estimate_id}, ", row)
        for row in figures.itertuples()
    ]
    starts += [(f"{row.overlap_id} (", row) for row in country.facts[is_linked].itertuples()]
    starts += [(f"base {int(row.persons):,} ({row.base_id}, ", row) for row in base.itertuples()]
    return "; ".join(f"{start}{row.row_file}:{row.row_line})" for start, row in starts)


def _format_people(row: Any) -> str:
    low, high = row.low_persons, row.high_persons
    if math.isnan(high):
        return f"at least {int(low):,}"
    return f"{int(low):,}" if low == high else f"{int(low):,} to {int(high):,}"
