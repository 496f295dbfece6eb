"""Rules over results: what must hold of every published number, whatever the facts are.

Each rule takes the tables of a walk and returns the keys of the rows that break it. A breach of
an error is a fault of the method or of the code, so nothing is published; a warning is published
with the data.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd

from audience_impact.audiences.figures import PAIR
from audience_impact.bounds import measured
from audience_impact.outputs import impact as results
from audience_impact.rules import FAULT, Rule, Stage, register
from audience_impact.simulation.simulate import EXPOSED
from audience_impact.simulation.timeline import LATER_DAYS
from audience_impact.vocabulary import FindingSeverity, RuleStage, Staleness

if TYPE_CHECKING:
    from audience_impact.pipeline import Walk

TOLERANCE_PERSONS = 1.0
GROWTH_SHARE = 1e-3
"""Of the base: medians of two sets differ by draws, so the rule allows for that much."""


RESULTS = Stage[Callable[["Walk", pd.DataFrame], list[str]]](RuleStage.RESULTS)
"""The rules over results, in the order in which they run."""

CONTRADICT = register(
    Rule(
        measured.RULE,
        RuleStage.RESULTS,
        FindingSeverity.WARNING,
        "a measured overlap cannot hold together with audiences and base; it was left out, or "
        "repaired where that was asked for",
        "compare the overlap with the audiences and the base that are named",
        ("overlaps",),
        number=7,
    )
).id


@RESULTS.rule(
    FindingSeverity.TABLE_ERROR,
    "lower <= q05 <= q50 <= q95 <= upper does not hold",
    FAULT,
    "impact",
    number=6,
)
def estimate_outside_bounds(walk: Walk, impact: pd.DataFrame) -> list[str]:
    """Lower <= q05 <= q50 <= q95 <= upper."""
    names = [f"{name}_persons" for name in ("lower", "q05", "q50", "q95", "upper")]
    steps = impact[names].diff(axis=1).iloc[:, 1:]
    return _keys(impact[(steps < -TOLERANCE_PERSONS).any(axis=1)])


@RESULTS.rule(
    FindingSeverity.WARNING,
    "the bounds moved the estimate in more than one draw in twenty",
    "see which figures the bounds and the overlap model disagree on",
    "impact",
    number=8,
)
def estimate_clamped(walk: Walk, impact: pd.DataFrame) -> list[str]:
    """Estimates that the bounds moved in many draws."""
    return _keys(_clamped(impact))


def _clamped(impact: pd.DataFrame) -> pd.DataFrame:
    """Where bounds meet there is nothing to draw, so nothing is clamped."""
    wide = impact["lower_persons"] != impact["upper_persons"]
    return impact[wide & (impact["clamped_draws_share"] > results.CUT_FLAG)]


@RESULTS.rule(
    FindingSeverity.TABLE_ERROR,
    "the bounds moved the estimate in many draws, and its reason does not say so",
    FAULT,
    "impact",
    number=8,
)
def clamped_unflagged(walk: Walk, impact: pd.DataFrame) -> list[str]:
    """Estimates that the bounds moved in many draws, and whose reason does not say so."""
    moved = _clamped(impact)
    told = moved["reason"].str.contains(results.CUT, regex=False)
    return _keys(moved[~told])


@RESULTS.rule(
    FindingSeverity.TABLE_ERROR,
    "a restriction of more platforms has fewer people than one of some of them",
    FAULT,
    "impact",
    number=9,
)
def union_falls(walk: Walk, impact: pd.DataFrame) -> list[str]:
    """More platforms, fewer people: of two restrictions on the same audiences and base."""
    known = impact[(impact["impact_metric"] == EXPOSED) & impact["q50_persons"].notna()]
    sizes = walk.chosen.groupby("restriction_id")["estimate_id"].agg(frozenset)
    rows = known.assign(figures=known["restriction_id"].map(sizes)).dropna(subset=["figures"])
    both = rows.merge(rows, on=["area_id", "base", "base_persons"], suffixes=("", "_wider"))
    inside = [few < many for few, many in zip(both["figures"], both["figures_wider"], strict=True)]
    wider = pd.Series(inside, both.index, dtype="bool")
    slack = GROWTH_SHARE * both["base_persons"]
    falls = both[wider & (both["q50_persons"] > both["q50_persons_wider"] + slack)]
    return sorted(falls["restriction_id"] + " > " + falls["restriction_id_wider"])


@RESULTS.rule(
    FindingSeverity.TABLE_ERROR,
    "a restriction of regions touches more people than the whole country has",
    "correct the populations of the regions or of the country",
    "impact",
    number=10,
)
def region_above_country(walk: Walk, impact: pd.DataFrame) -> list[str]:
    """A restriction of regions touches no more people than its countries have."""
    regional = impact[impact["area_id"].str.contains("-", regex=False)]
    whole = regional[["base_persons", "population_persons"]].max(axis=1)
    return _keys(regional[regional["upper_persons"] > whole + TOLERANCE_PERSONS])


@RESULTS.rule(
    FindingSeverity.TABLE_ERROR,
    "two figures of one measuring programme stand for one audience",
    FAULT,
    "impact",
    number=11,
)
def lineage_pooled_twice(walk: Walk, impact: pd.DataFrame) -> list[str]:
    """One measuring programme speaks once for an audience."""
    by = [*PAIR, "lineage_id"]
    return sorted(set(walk.chosen.loc[walk.chosen.duplicated(by), "restriction_id"]))


@RESULTS.rule(
    FindingSeverity.TABLE_ERROR,
    "figures of different kinds are pooled",
    FAULT,
    "impact",
    number=12,
)
def metrics_mixed(walk: Walk, impact: pd.DataFrame) -> list[str]:
    """Figures of different kinds are not pooled."""
    kinds = walk.chosen.groupby(PAIR)["tier"].nunique()
    mixed = kinds[kinds > 1].reset_index()
    return sorted(set(mixed["restriction_id"]))


@RESULTS.rule(
    FindingSeverity.TABLE_ERROR,
    "an audience is from after the start, or a daily one from more than three months after",
    FAULT,
    "impact",
    number=14,
)
def figure_after_start(walk: Walk, impact: pd.DataFrame) -> list[str]:
    """Audiences are from before the start, daily ones at most three months after it."""
    late = walk.chosen.loc[walk.chosen["period_end"] > walk.chosen["start"], "restriction_id"]
    days = walk.daily.loc[walk.daily["late_days"] > LATER_DAYS, "restriction_id"]
    return sorted({*late, *days})


@RESULTS.rule(
    FindingSeverity.WARNING,
    "a result rests on a figure more than 24 months older than the restriction",
    "look for a newer figure from before the restriction",
    "impact",
    number=15,
)
def figure_expired(walk: Walk, impact: pd.DataFrame) -> list[str]:
    """People exposed that rest on a figure too old to speak of them."""
    exposed = impact[impact["impact_metric"] == EXPOSED]
    return list(exposed.loc[exposed["staleness"] == Staleness.EXPIRED.value, "restriction_id"])


def _keys(rows: pd.DataFrame) -> list[str]:
    return sorted(rows["restriction_id"] + "/" + rows["impact_metric"])


def broken(walk: Walk, impact: pd.DataFrame) -> dict[str, list[str]]:
    """For each rule the keys of the rows that break it."""
    return {rule: run(walk, impact) for rule, run in RESULTS.runs.items()}
