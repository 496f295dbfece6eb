"""The daily figure of an audience: who uses a service on a day.

Method. From before the start if at most three months old, else at most three months after it, else
older; an average over many days before the count of one day; a number before a limit. "More than"
is a lower bound alone, "up to" an upper one alone.
"""

import pandas as pd

from audience_impact.audiences import intervals
from audience_impact.audiences.intervals import LAW
from audience_impact.audiences.scope import AUDIENCE
from audience_impact.errors import figure_errors
from audience_impact.errors.law import FigureErrors
from audience_impact.facts.tables import Tables
from audience_impact.vocabulary import AudienceMetric

DAILY = {
    AudienceMetric.AVG_DAILY_REACH.value: 0,
    AudienceMetric.DAU.value: 1,
    AudienceMetric.DAILY_REACH.value: 2,
}
"""Metrics of a day, the one that is an average over many days first."""
FRESH_DAYS, LATER_DAYS = 92, 92
"""A daily figure is fresh for so long, and may be from so long after the start."""


def daily(
    wanted: pd.DataFrame, candidates: pd.DataFrame, tables: Tables, errors: FigureErrors | None
) -> pd.DataFrame:
    """The daily figure of each audience that has one, and how it is drawn.

    From before the start if at most three months old, else at most three months after it, else
    older. Columns: AUDIENCE, `daily_id`, `daily_persons` (NaN where it is a limit alone),
    `late_days` (after the start), `daily_least_persons`, `daily_most_persons` (NaN: open),
    `audience_key`, LAW (blank shape: a limit is not drawn) and COLUMNS of figure_errors.py.
    """
    figure = candidates[candidates["audience_metric"].isin(list(DAILY))]
    figure = figure[figure["mode"].notna()]
    one_sided = figure["interval_kind"].isin(intervals.ONE_SIDED)
    figure = figure.assign(is_limit=one_sided, most=figure["stated_most_persons"])
    keys = [*AUDIENCE, "start"]
    joined = wanted.loc[wanted["is_existing_use"], keys].merge(
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
        [*AUDIENCE, "is_limit", "rank", "order", "far", "is_primary_source", "estimate_id"],
        ascending=[True, True, True, True, True, True, True, False, True],
    )
    best = ranked.drop_duplicates(AUDIENCE)
    best = best.assign(pages_count=1, is_other_definition=best["is_company_statement"])
    off = figure_errors.of_figures(best, AUDIENCE, tables, errors)
    return pd.DataFrame(
        {
            **{name: best[name] for name in AUDIENCE},
            "daily_persons": best["mode"].where(~best["is_limit"]),
            "daily_least_persons": best["low_persons"],
            "daily_most_persons": best["most"],
            "daily_id": best["estimate_id"],
            "late_days": (-best["age"]).clip(lower=0),
            "audience_key": best["estimate_id"],
            **{name: best[name] for name in LAW},
            "shape": best["shape"].where(~best["is_limit"], ""),
        }
    ).merge(off.reset_index(), on=AUDIENCE, how="left")
