"""Daily figures of an audience: the people who use a service on a day.

Method. Figures are preferred in this order: at most three months before the start, at most three
months after it, older. An average over many days is preferred to the count of one day, and a number
to a limit. "More than" gives only a lower bound, "up to" only an upper one. A figure gives bounds
for the days of its own period, and an estimate for other days. A recent one from before is a floor
of the users of a month, because whoever comes on a day comes in its month.
"""

import pandas as pd

from audience_impact import figure_errors
from audience_impact import selection as choosing
from audience_impact.audiences import intervals
from audience_impact.audiences.scope import AUDIENCE
from audience_impact.facts.tables import Tables
from audience_impact.figure_errors import FigureErrors
from audience_impact.selection import Best, Key, Only
from audience_impact.vocabulary import AudienceMetric

DAILY = {
    AudienceMetric.AVG_DAILY_REACH.value: 0,
    AudienceMetric.DAU.value: 1,
    AudienceMetric.DAILY_REACH.value: 2,
}
"""Metrics of a day; the average over many days is preferred."""
FLOOR = ["floor_persons", "floor_least_persons"]
"""Columns of the people who come in a month at least, since they come on a day."""
FRESH_DAYS, LATER_DAYS = 92, 92
"""Maximum days from a recent daily figure to the start of the restriction, before and after it."""


STEPS = (
    Only(
        lambda rows: rows["is_existing_use"], "nothing is restricted that existing users come upon"
    ),
    Only(lambda rows: rows["mode"].notna(), "says neither a number nor two ends"),
    Only(
        lambda rows: rows["age"] >= -LATER_DAYS, f"from more than {LATER_DAYS} days after the start"
    ),
    Best(
        AUDIENCE,
        (
            Key("is_limit", "a limit alone, where another says a number"),
            Key("rank", "less fresh: another is from the three months before, or nearer after"),
            Key("order", "the count of one day, where another is an average over many"),
            Key("far", "further from the start"),
            Key("is_primary_source", "another page of the measurement", ascending=False),
            Key("estimate_id", "no different in what counts: the first by its id is taken"),
        ),
    ),
)
"""Steps that select the daily figure."""


def list_candidates(audiences: pd.DataFrame, candidates: pd.DataFrame) -> pd.DataFrame:
    """Return the daily figures of each requested audience, with their ranks."""
    figure = candidates[candidates["audience_metric"].isin(list(DAILY))]
    one_sided = figure["interval_kind"].isin(intervals.ONE_SIDED)
    figure = figure.assign(is_limit=one_sided, most=figure["stated_most_persons"])
    joined = audiences[[*AUDIENCE, "start", "before", "is_existing_use"]].merge(
        figure.rename(columns={"area_id": "country_id"}), on=["country_id", "platform_id"]
    )
    age = (joined["start"] - joined["period_end"]).dt.days
    rank = pd.Series(2, joined.index).mask(age < 0, 1)
    return joined.assign(
        age=age,
        rank=rank.mask(age.between(0, FRESH_DAYS), 0),
        far=age.abs(),
        order=joined["audience_metric"].map(DAILY),
    )


def choose_daily_figures(
    audiences: pd.DataFrame, candidates: pd.DataFrame, tables: Tables, errors: FigureErrors | None
) -> pd.DataFrame:
    """Return the daily figure and distribution of each audience that has one.

    Columns: AUDIENCE, `daily_id`, `daily_persons` (NaN for a figure that is only a limit),
    `late_days` (after the start), `daily_from` and `daily_until` (its period, end exclusive),
    `daily_least_persons`, `daily_most_persons` (NaN: no upper limit), FLOOR (the second one at the
    99 % end of its error), `audience_key`, DISTRIBUTION_COLUMNS (blank shape: a limit is not drawn)
    and COLUMNS of figure_errors.py.
    """
    best = choosing.select_candidates(list_candidates(audiences, candidates), STEPS).sort_values(
        AUDIENCE
    )
    best = best.assign(pages_count=1, is_other_definition=best["is_company_statement"])
    error_columns = figure_errors.compute_figure_errors(best, AUDIENCE, tables, errors)
    is_recent = (best["before"] - best["period_end"]).dt.days.between(0, FRESH_DAYS)
    chosen = best.assign(
        floor_persons=best["low_persons"].where(is_recent),
        daily_persons=best["mode"].where(~best["is_limit"]),
        daily_least_persons=best["low_persons"],
        daily_most_persons=best["most"],
        daily_id=best["estimate_id"],
        late_days=(-best["age"]).clip(lower=0),
        daily_from=best["period_start"],
        daily_until=best["period_end"],
        audience_key=best["estimate_id"],
        shape=best["shape"].where(~best["is_limit"], ""),
    ).merge(error_columns.reset_index(), on=AUDIENCE, how="left", validate="m:1")
    least, _ = figure_errors.find_ends(chosen.assign(mode=chosen["floor_persons"]))
    return chosen.assign(floor_least_persons=least)
