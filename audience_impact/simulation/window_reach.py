"""Reach in exactly the days that a restriction lasted: of each service, and of all together.

Method. Monthly reach alone bounds that of any number of days, and with the daily reach it gives
it by the beta-binomial law (reach.py); several services are bounded by Frechet.

Known drawbacks. Nothing is said where the end of a restriction is not known.
"""

import numpy as np
import pandas as pd

from audience_impact.audiences.scope import AUDIENCE, COUNTRY
from audience_impact.simulation import reach


def by_platform(
    audiences: pd.DataFrame, daily: pd.DataFrame, periods: pd.DataFrame
) -> pd.DataFrame:
    """Reach of each platform in exactly the days a restriction lasted, added over countries.

    Columns: restriction_id, platform_id, `window_days` (NaN where the end is not known), and the
    reach of that many days: `window_lower_persons`, `window_upper_persons`, and by the
    beta-binomial law where daily and monthly reach are known `window_persons`.
    """
    rows = _windows(audiences, daily, periods)
    by = ["restriction_id", "platform_id"]
    names = ["window_lower_persons", "window_upper_persons", "window_persons"]
    total = rows.groupby(by)[names].sum(skipna=False)
    return total.assign(window_days=rows.groupby(by)["window_days"].first()).reset_index()


def by_restriction(
    audiences: pd.DataFrame, daily: pd.DataFrame, periods: pd.DataFrame
) -> pd.DataFrame:
    """Frechet bounds on the reach of the days each restriction lasted, by restriction_id."""
    rows = _windows(audiences, daily, periods)
    groups = rows.groupby(COUNTRY)
    added = groups["window_upper_persons"].sum(skipna=False)
    lower = groups["window_lower_persons"].max()
    places = pd.DataFrame(
        {
            "window_lower_persons": lower,
            "window_upper_persons": np.fmin(added, groups["base_persons"].first()),
        }
    )
    total = places.groupby("restriction_id").sum(skipna=False)
    days = rows.groupby("restriction_id")["window_days"].first()
    return total.where(days.notna(), np.nan).assign(window_days=days)


def _windows(audiences: pd.DataFrame, daily: pd.DataFrame, periods: pd.DataFrame) -> pd.DataFrame:
    figure = daily[[*AUDIENCE, "daily_persons"]]
    rows = audiences.merge(figure, on=AUDIENCE, how="left")
    about = periods.reindex(rows["restriction_id"])
    length = (about["end"] - about["from_day"]).dt.days.where(~about["is_end_unknown"])
    days = length.where(length > 0).to_numpy("float64")
    base = rows["base_persons"].to_numpy("float64")
    low, high = (rows[f"{end}_persons"].to_numpy("float64") / base for end in ("low", "high"))
    day = rows["daily_persons"].to_numpy("float64") / base
    usable = ~np.isnan(days) & ~np.isnan(low) & ~np.isnan(base)
    lower, upper, middle = (np.full(len(rows), np.nan) for _ in range(3))
    lower[usable] = reach.reach_limits(np.minimum(low[usable], 1.0), days[usable])[0]
    top = np.minimum(np.where(np.isnan(high), 1.0, high), 1.0)
    upper[usable] = reach.reach_limits(top[usable], days[usable])[1]
    both = usable & (day <= high) & (low == high)
    middle[both] = reach.reach_days(day[both], high[both], days[both])
    lower[both] = np.maximum(lower[both], day[both])
    return rows.assign(
        window_days=days,
        window_lower_persons=lower * base,
        window_upper_persons=upper * base,
        window_persons=np.clip(middle, lower, upper) * base,
    )
