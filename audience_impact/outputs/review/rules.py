"""Rules over results: conditions that every published number must satisfy, whatever the facts are.

Each rule takes the figures that were used and the published table, and returns the keys of the rows
that break it. If a rule of severity error is broken, the method or the code is wrong and nothing is
published; a warning is published with the data.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from audience_impact.audiences.distributions import LATER_DAYS
from audience_impact.audiences.scope import AUDIENCE, COUNTRY
from audience_impact.bounds import CONTRADICTION
from audience_impact.denominators.denominators import PUBLISHERS_DIFFER
from audience_impact.outputs.review.reasons import SHOWN, mark_rules
from audience_impact.outputs.review.status_rules import NORMAL
from audience_impact.periods import WINDOW_DAYS, gap_days, parse_periods
from audience_impact.populations import EVERYONE, ONLINE
from audience_impact.rules import Stage, register_rule
from audience_impact.vocabulary import (
    WORLD,
    ClaimStatus,
    EvidenceState,
    ImpactMetric,
    ObsStatus,
    RuleStage,
    Staleness,
)

TOLERANCE_PERSONS = 1.0
GROWTH_SHARE = 1e-3
"""Tolerance, as a share of the base, for medians of two sets that were drawn separately."""


@dataclass(frozen=True)
class ReviewInput:
    """The tables that the rules over results read.

    `restrictions` are those of `Scope`; `audiences`, the figures `chosen`, their `doubts` and the
    `daily` figures are of `Inputs`; `impact`, `by_platform`, `by_area` (countries by month and
    year, under restrictions of all kinds) and `person_days` are results; `in_force` is from
    timeline.list_countries_in_force; `bases` is the fact table.
    """

    impact: pd.DataFrame
    restrictions: pd.DataFrame
    audiences: pd.DataFrame
    chosen: pd.DataFrame
    doubts: pd.DataFrame
    daily: pd.DataFrame
    by_platform: pd.DataFrame
    by_area: pd.DataFrame
    person_days: pd.DataFrame
    in_force: pd.DataFrame
    bases: pd.DataFrame

    @property
    def exposed(self) -> pd.DataFrame:
        """Return the rows of the people exposed."""
        return self.impact[self.impact["impact_metric"] == ImpactMetric.PEOPLE_EXPOSED.value]


RESULTS = Stage[Callable[[ReviewInput], list[str]]](RuleStage.RESULTS)
"""The rules over results, in the order in which they run."""

CONTRADICT = register_rule(CONTRADICTION, RuleStage.RESULTS, "overlaps")
KEYS = {
    "impact": ("restriction_id", "impact_metric"),
    "by_area": ("area_id", "period"),
    "person_days": ("restriction_id", "area_id", "period"),
}
"""Columns that name a row, by the table in `ReviewInput`."""
RISING = (
    ("min", "printed_min", "printed_max"),
    ("printed_max", "max"),
    ("min", "q05", "q50", "q95", "max"),
)
"""Bounds and quantiles in the order in which they rise."""


@RESULTS.rule("impact")
def estimate_out_of_order(results: ReviewInput) -> list[str]:
    """Return estimates whose bounds or quantiles are not in the orders of RISING."""
    steps = [
        results.impact[[f"{name}_persons" for name in names]].diff(axis=1).iloc[:, 1:]
        for names in RISING
    ]
    falls = pd.concat(steps, axis=1) < -TOLERANCE_PERSONS
    return _join_key(results.impact[falls.any(axis=1)])


@RESULTS.rule("impact", "person_days")
def interval_without_width(results: ReviewInput) -> list[str]:
    """Return estimates with equal 5 and 95 % quantiles, except estimates of nobody."""
    broken = []
    for name, unit in (("impact", "persons"), ("person_days", "person_days")):
        rows = getattr(results, name)
        same = rows[f"q05_{unit}"] == rows[f"q95_{unit}"]
        some = rows[[f"q50_{unit}", f"printed_max_{unit}"]].gt(0).any(axis=1)
        broken += _join_key(rows[same & some], name)
    return broken


@RESULTS.rule("impact", "countries_by_year", "person_days")
def answer_without_width(results: ReviewInput) -> list[str]:
    """Return answers without quantiles because the 5 and the 95 % quantile were equal."""
    return _list_withheld(results, "no_width")


@RESULTS.rule("impact", "countries_by_year", "person_days")
def interval_outside_bounds(results: ReviewInput) -> list[str]:
    """Return answers without quantiles because these lay outside the bounds with errors."""
    return _list_withheld(results, "outside_bounds")


def _list_withheld(results: ReviewInput, rule: str) -> list[str]:
    tables = {name: getattr(results, name) for name in KEYS}
    return [
        key
        for name, rows in tables.items()
        for key in _join_key(rows[mark_rules(rows, [rule])], name)
    ]


@RESULTS.rule("impact")
def union_falls(results: ReviewInput) -> list[str]:
    """Return pairs of restrictions of which the one with more platforms has fewer people.

    Both have the same audiences and base; those that were never carried out affect nobody.
    """
    restrictions = results.restrictions.set_index("restriction_id")
    never = results.exposed["restriction_id"].map(restrictions["is_never_enforced"]).astype(bool)
    drawn = results.exposed[results.exposed["q50_persons"].notna() & ~never]
    groups = results.chosen.groupby("restriction_id")
    sizes, starts = groups["estimate_id"].agg(frozenset), groups["start"].first()
    named = drawn["restriction_id"]
    rows = drawn.assign(
        figures=named.map(sizes), start=starts.reindex(named).set_axis(drawn.index)
    ).dropna(subset=["figures"])
    same = ["area_id", "base", "base_persons", "start"]  # figures grow until the start
    both = rows.merge(rows, on=same, suffixes=("", "_wider"))
    inside = [few < many for few, many in zip(both["figures"], both["figures_wider"], strict=True)]
    wider = pd.Series(inside, both.index, dtype="bool")
    slack = GROWTH_SHARE * both["base_persons"]
    falls = both[wider & (both["q50_persons"] > both["q50_persons_wider"] + slack)]
    return sorted(falls["restriction_id"] + " > " + falls["restriction_id_wider"])


@RESULTS.rule("impact")
def region_above_country(results: ReviewInput) -> list[str]:
    """Return restrictions of regions with more people than their countries have."""
    regional = results.impact[results.impact["area_id"].str.contains("-", regex=False)]
    groups = results.audiences.drop_duplicates(COUNTRY).groupby("restriction_id")
    people = regional["restriction_id"].map(groups["population_persons"].sum(min_count=1))
    residents = np.fmax(regional["base_persons"], people.astype("float64"))
    return _join_key(regional[regional["printed_max_persons"] > residents + TOLERANCE_PERSONS])


@RESULTS.rule("impact")
def part_above_place(results: ReviewInput) -> list[str]:
    """Return estimates with a bound or quantile above the residents of their places or country."""
    most = results.impact[[f"{name}_persons" for name in ("q95", "printed_max", "max")]].max(axis=1)
    above = most > results.impact["population_persons"] + TOLERANCE_PERSONS
    return _join_key(results.impact[above])


@RESULTS.rule("impact")
def lineage_pooled_twice(results: ReviewInput) -> list[str]:
    """Return restrictions with two figures of one measuring programme for an audience."""
    by = [*AUDIENCE, "measurement_series_id"]
    return sorted(set(results.chosen.loc[results.chosen.duplicated(by), "restriction_id"]))


@RESULTS.rule("impact")
def metrics_mixed(results: ReviewInput) -> list[str]:
    """Return restrictions that combine figures of different kinds."""
    kinds = results.chosen.groupby(AUDIENCE)["metric_priority"].nunique()
    mixed = kinds[kinds > 1].reset_index()
    return sorted(set(mixed["restriction_id"]))


@RESULTS.rule("impact")
def figure_after_start(results: ReviewInput) -> list[str]:
    """Return restrictions with an audience from after the start, or with too late a daily one."""
    chosen, daily = results.chosen, results.daily
    late = chosen.loc[chosen["period_end"] > chosen["start"], "restriction_id"]
    days = daily.loc[daily["late_days"] > LATER_DAYS, "restriction_id"]
    return sorted({*late, *days})


@RESULTS.rule("impact")
def figure_expired(results: ReviewInput) -> list[str]:
    """Return rows of people exposed whose figure is too old to describe them."""
    exposed = results.exposed
    return list(exposed.loc[exposed["staleness"] == Staleness.EXPIRED.value, "restriction_id"])


@RESULTS.rule("impact", "countries_by_year")
def union_below_part(results: ReviewInput) -> list[str]:
    """Return unions that are smaller than one of their parts, in bounds or at a quantile."""
    exposed = results.exposed
    part = results.by_platform.groupby("restriction_id")["printed_min_persons"].max()
    least = exposed["restriction_id"].map(part).astype("float64") - TOLERANCE_PERSONS
    below = exposed[exposed["printed_min_persons"] < least]
    return sorted({*_join_key(below), *find_areas_below_parts(results.by_area)})


def find_areas_below_parts(by_area: pd.DataFrame) -> set[str]:
    """Return years below one of their months, and periods of the world below a country."""
    months = by_area.assign(year=by_area["period"].str[:4])[by_area["period"].str.len() > 4]
    countries = by_area[by_area["countries_count"] == 1].assign(world=WORLD)
    return _find_smaller_wholes(by_area, months, ["area_id", "year"]) | _find_smaller_wholes(
        by_area, countries, ["world", "period"]
    )


def _find_smaller_wholes(
    wholes: pd.DataFrame, parts: pd.DataFrame, key_of_whole: list[str]
) -> set[str]:
    """Return wholes (area/period) that are smaller than a part, whose columns have their key."""
    names = [f"{name}_persons" for name in ("printed_min", "q05", "q50", "q95", "printed_max")]
    keys = pd.MultiIndex.from_frame(parts[key_of_whole])
    limits = wholes.set_index(["area_id", "period"])[names].reindex(keys).to_numpy()
    below = parts[(parts[names].to_numpy() > limits + TOLERANCE_PERSONS).any(axis=1)]
    return set(below[key_of_whole[0]] + "/" + below[key_of_whole[1]])


@RESULTS.rule("countries_by_year")
def area_below_restriction(results: ReviewInput) -> list[str]:
    """Return areas with fewer people than one of their restrictions, in bounds or a quantile.

    A later year may have fewer, if fewer people are online than at the start of the restriction.
    The lower bound of an area counts confirmed restrictions alone. A restriction may be missing
    from some draws of an area, so that where its chance is stated each quantile of the area is
    compared with the next lower one of the restriction: no restriction that is present in at least
    53 % of the draws can be above it.
    """
    exposed = results.exposed
    single = exposed[~exposed["area_id"].str.contains(";", regex=False)]
    names = ["min", "q05", "q50", "q95", "max"]
    columns = [f"{name}_persons" for name in names]
    restrictions = results.in_force.merge(
        single[["restriction_id", "chance_happened_share", *columns]], on="restriction_id"
    )
    numbers = restrictions[columns]
    lower = numbers.assign(
        min_persons=numbers["min_persons"].where(restrictions["is_confirmed"], 0.0),
        q05_persons=0.0,
        q50_persons=numbers["q05_persons"],
        q95_persons=numbers["q50_persons"],
    )
    is_sure = restrictions["chance_happened_share"].isna()
    restrictions[columns] = numbers.where(is_sure, lower)
    limits = parse_periods(results.by_area["period"])
    by_area = results.by_area[["area_id", "period", "base_persons", *columns]]
    area = by_area.assign(first=limits["start"], last=limits["end"])
    both = restrictions.merge(area, left_on="country_id", right_on="area_id", suffixes=("_act", ""))
    falls = pd.Series(False, both.index)
    for name, kind in zip(names, ("least_", "", "", "", "most_"), strict=True):
        inside = (both[f"{kind}start"] < both["last"]) & (both[f"{kind}end"] > both["first"])
        least = np.minimum(both[f"{name}_persons_act"], both["base_persons"].fillna(np.inf))
        falls |= inside & (both[f"{name}_persons"] < least - TOLERANCE_PERSONS)
    below = both[falls]
    return sorted(set(below["area_id"] + "/" + below["period"] + " < " + below["restriction_id"]))


@RESULTS.rule("countries_by_year")
def area_above_base(results: ReviewInput) -> list[str]:
    """Return countries and periods with more people than the largest base of their restrictions.

    A base is that of any day from the start of the oldest restriction in force, or from the first
    of January, to the last day of the period, at most WINDOW_DAYS away. People online may be above
    it by as much as publishers differ, and residents are always a limit, the only one if a base is
    projected. Without a base near the first or the last of these days there is no
    limit. No draw or bound with errors exceeds the base with its error.
    """
    rows = results.by_area[results.by_area["base"].notna()].reset_index(drop=True)
    first, last = (parse_periods(part) for part in (rows["period"].str[:4], rows["period"]))
    rows = rows.assign(first=first["start"], last=last["end"])
    both = rows.reset_index(names="at").merge(
        results.in_force, left_on="area_id", right_on="country_id"
    )
    both = both[(both["most_start"] < both["last"]) & (both["most_end"] > both["first"])]
    start = both.groupby("at")["most_start"].min().reindex(rows.index)
    rows["first"] = start.where(start < rows["first"], rows["first"])
    counted, residents = (
        _find_near_bases(of, results.bases) for of in (rows, rows.assign(base=EVERYONE))
    )
    slack = rows["base"].eq(ONLINE).map({True: PUBLISHERS_DIFFER, False: 1.0})
    near = np.fmin(counted["most"] * slack, residents["most"].fillna(np.inf))
    limit = near.where(~counted["projected"].eq(True), residents["most"])
    most = rows[["q95_persons", "max_persons"]].max(axis=1)
    is_above = rows["printed_max_persons"] > limit + TOLERANCE_PERSONS
    above = rows[is_above | (most > rows["base_persons"] + TOLERANCE_PERSONS)]
    return sorted(above["area_id"] + "/" + above["period"])


def _find_near_bases(rows: pd.DataFrame, bases: pd.DataFrame) -> pd.DataFrame:
    """Return the largest base near the first and last day, and whether one is `projected`."""
    ranges = bases.assign(
        most=np.fmax(bases["persons"], bases["high_persons"]),
        projected=bases["obs_status"] == ObsStatus.FORECAST.value,
    )[["area_id", "population_base", "period_start", "period_end", "most", "projected"]]
    both = rows[["area_id", "base", "first", "last"]].reset_index(names="at")
    both = both.merge(ranges, left_on=["area_id", "base"], right_on=["area_id", "population_base"])

    def is_near(first: str, last: str) -> "pd.Series[bool]":
        days = (both[name] for name in (first, last, "period_start", "period_end"))
        return gap_days(*days) <= WINDOW_DAYS

    both = both.assign(is_first=is_near("first", "first"), is_last=is_near("last", "last"))
    groups = both[is_near("first", "last")].groupby("at")
    extremes = groups[["most", "projected", "is_first", "is_last"]].max()
    return extremes[extremes["is_first"] & extremes["is_last"]].reindex(rows.index)


@RESULTS.rule("impact")
def normal_without_grounds(results: ReviewInput) -> list[str]:
    """Return rows with status A whose facts lack something on the list ASKED_OF_NORMAL."""
    acts, chosen = results.restrictions, results.chosen
    doubts, audiences = results.doubts, results.audiences
    state = acts["evidence_state"]
    is_sound = (
        (acts["claim_status"] == ClaimStatus.OFFICIAL.value)
        & ~state.isin([EvidenceState.INSUFFICIENT.value, EvidenceState.OK.value])
        & (state.isin(SHOWN) | acts["observed_from_start"].notna())
        & acts["is_reaching_everyone"]
    )
    under = doubts[["is_after_first_step", "is_under_block", "is_under_restriction"]].any(axis=1)
    is_counted = (
        audiences["is_own_base"].eq(True)
        & (audiences["base_status"] == NORMAL)
        & ~audiences["is_from_share"].eq(True)
        & (audiences["measurement_series_count"] == 1)
    )
    doubtful = [acts[~is_sound], chosen[chosen["period_end"] > chosen["start"]]]
    doubtful += [doubts[under], audiences[~is_counted]]
    rows = results.impact[results.impact["obs_status"] == NORMAL]
    fails = (
        rows["restriction_id"].isin(pd.concat([part["restriction_id"] for part in doubtful]))
        | (rows["staleness"] != Staleness.FRESH.value)
        | ~(rows["q05_persons"] < rows["q95_persons"])
    )
    return _join_key(rows[fails])


def _join_key(rows: pd.DataFrame, table: str = "impact") -> list[str]:
    first, *others = (rows[name].astype("str") for name in KEYS[table])
    return sorted(first.str.cat(others, sep="/"))


def find_broken_rules(results: ReviewInput) -> dict[str, list[str]]:
    """Return for each rule the keys of the rows that break it."""
    return {rule: run(results) for rule, run in RESULTS.runs.items()}
