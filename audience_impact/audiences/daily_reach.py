"""The daily figure of an audience: who uses a service on a day.

Method. From before the start if at most three months old, else at most three months after it, else
older; an average over many days before the count of one day. A figure limits the days of its own
period alone; on others it is an estimate. "Over 500,000 a day" limits from below and estimates
nothing, "up to" from above.
"""

import pandas as pd

from audience_impact.audiences import intervals
from audience_impact.audiences.intervals import LAW
from audience_impact.audiences.scope import AUDIENCE
from audience_impact.periods import in_months
from audience_impact.vocabulary import AudienceMetric

DAILY = {
    AudienceMetric.AVG_DAILY_REACH.value: 0,
    AudienceMetric.DAU.value: 1,
    AudienceMetric.DAILY_REACH.value: 2,
}
"""Metrics of a day, the one that is an average over many days first."""
FRESH_DAYS, LATER_DAYS = 92, 92
"""A daily figure is fresh for so long, and may be from so long after the start."""


def daily(wanted: pd.DataFrame, candidates: pd.DataFrame) -> pd.DataFrame:
    """The daily figure of each audience that has one, and how it is drawn.

    From before the start if at most three months old, else at most three months after it, else
    older; a figure that is no limit before one that is. Columns: AUDIENCE, `daily_persons`,
    `daily_id`, `late_days` (after the start), `months` (since the figure), `daily_from` and
    `daily_until` (its own period, end exclusive), `audience_key`, LAW (`shape` blank where the
    figure is only a lower limit), `least_persons`, `most_persons` (NaN: it does not limit).
    """
    figure = candidates[candidates["audience_metric"].isin(list(DAILY))]
    figure = figure[(figure["interval_kind"] != intervals.AT_MOST) & figure["mode"].notna()]
    is_open = figure["interval_kind"] == intervals.AT_LEAST
    figure = figure.assign(shape=figure["shape"].where(~is_open, ""), is_open=is_open)
    keys = [*AUDIENCE, "start"]
    joined = wanted[keys].merge(
        figure.rename(columns={"area_id": "country_id"}), on=["country_id", "platform_id"]
    )
    age = (joined["start"] - joined["period_end"]).dt.days
    joined = joined.assign(age=age)[age >= -LATER_DAYS]
    rank = pd.Series(2, joined.index).mask(joined["age"] < 0, 1)
    ranked = joined.assign(
        rank=rank.mask(joined["age"].between(0, FRESH_DAYS), 0),
        far=joined["age"].abs(),
        order=joined["audience_metric"].map(DAILY),
    ).sort_values(
        [*AUDIENCE, "is_open", "rank", "order", "far", "is_primary_source", "estimate_id"],
        ascending=[True, True, True, True, True, True, True, False, True],
    )
    best = ranked.drop_duplicates(AUDIENCE)
    return pd.DataFrame(
        {
            **{name: best[name] for name in AUDIENCE},
            "daily_persons": best["mode"],
            "daily_id": best["estimate_id"],
            "late_days": (-best["age"]).clip(lower=0),
            "months": in_months(best["far"]),
            "daily_from": best["period_start"],
            "daily_until": best["period_end"],
            "audience_key": best["estimate_id"],
            "least_persons": best["low_persons"],
            "most_persons": best["high"].where(~best["is_open"]),
            **{name: best[name] for name in LAW},
        }
    ).reset_index(drop=True)
