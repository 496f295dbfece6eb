"""Confidence in a number, in three steps that a reader can sort by: high, medium, low.

Definitions. The factor of an interval is its 95 % over its 5 % quantile. The chance of an event is
the product of the chances that it happened, was whole and is another event than those before it. A
doubt is a status rule of low reliability that the chance does not contain, or one of UNMEASURED: an
audience is imputed, a place has no survey of its own, or the people online are projected. A part of
a total is large if it has at least LARGE_SHARE of the people of the total.

Method. High: the factor is at most HIGH_FACTOR (the median is known to about a factor of two), the
chance at least HIGH_CHANCE, and there is no doubt and no dispute. Low: no estimate, a factor above
LOW_FACTOR (the order of magnitude is not known), or a chance below LOW_CHANCE (more likely not than
as told). Medium: everything else. A total of a country has the lowest confidence of its large
restrictions and of its own interval; one of a region that of its large countries and of its own
interval. A total that leaves something out is medium at most.

Assumptions. The chances of an event are independent. HIGH_CHANCE is the largest round number that
measured events of the register pass; the mean chance of what is high is then 0.95.

Known drawbacks. Large parts of a total are found by medians, so that many small doubtful parts do
not lower it. The widths and chances were learned on readings of a register of shutdowns.

Citation. Rules of this project, docs/decisions.md; docs/validation.md has the test by readings.
"""

import numpy as np
import pandas as pd

from audience_impact.outputs.review.reasons import mark_rules, measure_factor
from audience_impact.outputs.review.status_rules import TABLE, UNRELIABLE
from audience_impact.periods import parse_periods
from audience_impact.vocabulary import ClaimStatus, Confidence, ImpactMetric

HIGH_FACTOR, LOW_FACTOR = 4.0, 10.0
HIGH_CHANCE, LOW_CHANCE = 0.93, 0.5
LARGE_SHARE = 0.1
STEPS = [step.value for step in Confidence]
"""The steps from the highest to the lowest; a rank is a place in this list."""
HIGH, MEDIUM, LOW = range(len(STEPS))
CHANCES = [f"chance_{name}_share" for name in ("happened", "whole", "distinct")]
CONTAINED = ("unconfirmed",)
"""Rules of doubts that the chance of the event contains."""
UNMEASURED = ("imputed", "imputed_in_part", "unasked", "projected")
"""Rules of numbers that no survey or count of the place and time measured."""
DOUBTS = frozenset(rule.id for rule in TABLE if rule.caps_at == UNRELIABLE) - {*CONTAINED}
DOUBTS |= {*UNMEASURED}
LEFT_OUT = ("some_bounds_only", "some_areas_undrawn", "after_last_edition")
"""Rules of totals that leave something out."""


def rate_answers(impact: pd.DataFrame) -> "pd.Series[str]":
    """Return the confidence of each row of `impact`, on its index."""
    chance = impact[CHANCES].fillna(1.0).prod(axis=1)
    rank = _rank_intervals(impact)
    is_unfitted = mark_rules(impact, ["unconfirmed"]) & impact[CHANCES[0]].isna()
    is_unsure = is_unfitted | (impact["claim_status"] == ClaimStatus.DISPUTED.value)
    is_doubtful = (chance < HIGH_CHANCE) | mark_rules(impact, DOUBTS) | is_unsure
    rank = rank.clip(lower=is_doubtful.map({True: MEDIUM, False: HIGH}))
    return _name_steps(rank.mask(chance < LOW_CHANCE, LOW))


def _rank_intervals(rows: pd.DataFrame) -> "pd.Series[int]":
    factor = measure_factor(rows).where(rows["q95_persons"] > 0.0, 1.0)
    rank = pd.Series(np.digitize(factor, [HIGH_FACTOR, LOW_FACTOR], right=True), rows.index)
    return rank.where(rows["q50_persons"].notna(), LOW)


def rate_countries(
    rows: pd.DataFrame, impact: pd.DataFrame, in_force: pd.DataFrame
) -> "pd.Series[str]":
    """Return the confidence of totals of countries by month and year, on the index of `rows`."""
    exposed = impact[impact["impact_metric"] == ImpactMetric.PEOPLE_EXPOSED.value]
    parts = exposed[["restriction_id", "q50_persons", "confidence"]].dropna(subset=["q50_persons"])
    parts = in_force[["restriction_id", "country_id", "start", "end"]].merge(parts)
    spans = parse_periods(rows["period"])
    totals = rows[["area_id", "q50_persons"]].assign(first=spans["start"], last=spans["end"])
    joined = totals.reset_index(names="place").merge(
        parts, left_on="area_id", right_on="country_id", suffixes=("", "_part")
    )
    inside = (joined["start"] < joined["last"]) & (joined["end"] > joined["first"])
    return _take_lowest(rows, joined[inside])


def rate_regions(rows: pd.DataFrame, regions: pd.DataFrame) -> "pd.Series[str]":
    """Return the confidence of all totals; `regions` has the area_id of each country_id."""
    is_country = ~rows["area_id"].isin(regions["area_id"])
    countries = rows.loc[is_country, ["area_id", "period", "q50_persons", "confidence"]]
    pairs = regions.merge(countries.rename(columns={"area_id": "country_id"}), on="country_id")
    totals = rows.loc[~is_country, ["area_id", "period", "q50_persons"]].reset_index(names="place")
    joined = totals.merge(pairs, on=["area_id", "period"], suffixes=("", "_part"))
    of_regions = _take_lowest(rows[~is_country], joined)
    rated = pd.concat([countries["confidence"], of_regions]).reindex(rows.index)
    is_part = mark_rules(rows, LEFT_OUT)
    return rated.mask(is_part & (rated == STEPS[HIGH]), STEPS[MEDIUM])


def _take_lowest(rows: pd.DataFrame, joined: pd.DataFrame) -> "pd.Series[str]":
    """Return the lower of the confidence of each row's interval and of its large parts."""
    is_large = joined["q50_persons_part"] >= LARGE_SHARE * joined["q50_persons"]
    large = joined[is_large & (joined["q50_persons_part"] > 0.0)]
    ranks = pd.Series([STEPS.index(step) for step in large["confidence"]], large.index, "int64")
    worst = ranks.groupby(large["place"]).max()
    of_interval = _rank_intervals(rows)
    return _name_steps(of_interval.clip(lower=worst.reindex(rows.index).fillna(HIGH)))


def _name_steps(ranks: pd.Series) -> "pd.Series[str]":
    return ranks.astype("int64").map(dict(enumerate(STEPS))).astype("str")
