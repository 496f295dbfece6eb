"""The number of different people whom a service reaches in n days.

Definitions. Base: the people that shares refer to. Daily, monthly: shares of it that use the
service on a day, and at least once in 30 days. Reach of n days: the share that uses it at least
once in them. Heterogeneity: 0 where all people are alike, 1 where each uses it either every day or
never.

Method. Each person uses the service on any day with an individual probability p, whose distribution
over the base is Beta(a, b) (the beta-binomial). The reach of n days is 1 - E (1 - p)^n = 1 - B(a, b
+ n) / B(a, b). With the mean m = a / (a + b) = daily and the heterogeneity h = 1 / (a + b + 1) this
is

    R(1) = m,   R(k + 1) = R(k) + (1 - R(k)) m (1 - h) / (1 - h + k h),

which loses no digits and is valid at both limits: R(n) = 1 - (1 - m)^n at h = 0, R(n) = m at h = 1.
The reach decreases with h, which bisection of [0, 1] finds, until R(30) = monthly.

Monthly alone limits the reach whatever the distribution of p. Where days are alike, day k + 1 adds
no more people than day k, so that R is concave: R(n) >= R(30) n / 30 for n <= 30.

The window of a restriction is the days that it lasted; for several services its reach has Frechet
bounds. There is no result if the end is not known.

Assumptions. Days are alike (no week, no trend); given p, a person's days are independent; no one
enters or leaves the base; daily and monthly are shares of one base by one definition of use.

Known drawbacks. A monthly share above 1 - (1 - daily)^30 is impossible in this distribution (people
would have to take turns); then h = 0 is used, so that R(30) is below the stated monthly share.
Habits that change (a user who leaves for good) make the reach of many days larger than here. People
who can never be reached are not modelled: for h < 1 the reach tends to the base.

Citations. Skellam (1948), A probability distribution derived from the binomial distribution by
regarding the probability of success as variable between the sets of trials, J. Royal Statistical
Society B 10. Metheringham (1964), Measuring the net cumulative coverage of a print campaign, J.
Advertising Research 4. Danaher (1991), A canonical expansion model for multivariate media exposure
distributions, J. Marketing Research 28.
"""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from audience_impact.audiences.scope import AUDIENCE, COUNTRY
from audience_impact.fitted.durations import count_days_in_force
from audience_impact.frames import Array
from audience_impact.periods import MONTH_DAYS, QUARTER_DAYS
from audience_impact.vocabulary import AudienceMetric

HALVINGS = 53  # of [0, 1]: the spacing of floats


def _check_days(days: ArrayLike, least: int = 0) -> Array:
    number = np.asarray(days, dtype=float)
    if not ((number >= least) & (number == np.floor(number)) & np.isfinite(number)).all():
        raise ValueError(f"days must be whole numbers, at least {least}")
    return number


def _accumulate_reach(daily: Array, heterogeneity: Array, days: Array) -> Array:
    """Return the share reached in `days` (shape of `daily`), by the recursion of the module."""
    steady = 1.0 - heterogeneity
    reach = np.where(days > 0, daily, 0.0)
    for k in range(1, int(days.max(initial=0.0))):
        more = daily * steady / (steady + k * heterogeneity)
        reach = np.where(k < days, reach + (1.0 - reach) * more, reach)
    return reach


def find_heterogeneity(daily: ArrayLike, monthly: ArrayLike, month_days: int = MONTH_DAYS) -> Array:
    """Return how much the use of people differs: 1 / (a + b + 1) of the beta-binomial.

    Exactly 0 where monthly is the binomial limit or above, 1 where it is daily. Raises ValueError
    for monthly below daily, or a month of less than 2 days.
    """
    on_a_day, in_a_month = np.broadcast_arrays(*(np.asarray(x, float) for x in (daily, monthly)))
    _check_days(month_days, 2)
    if not (on_a_day <= in_a_month).all():
        raise ValueError("monthly must not lie below daily")
    days = np.full(on_a_day.shape, float(month_days))
    least, most = np.zeros(on_a_day.shape), np.ones(on_a_day.shape)
    limit = _accumulate_reach(on_a_day, least, days)
    for _ in range(HALVINGS):
        h = (least + most) / 2.0
        above = _accumulate_reach(on_a_day, h, days) > in_a_month
        least, most = np.where(above, h, least), np.where(above, most, h)
    inner = np.where(in_a_month < limit, (least + most) / 2.0, 0.0)
    return np.where(in_a_month > on_a_day, inner, 1.0)


def reach_days(
    daily: ArrayLike, monthly: ArrayLike, days: ArrayLike, month_days: int = MONTH_DAYS
) -> Array:
    """Return the share that uses a service in a number of days; see `find_heterogeneity`."""
    number = _check_days(days)
    h = find_heterogeneity(daily, monthly, month_days)
    on_a_day = np.asarray(daily, dtype=float)
    return _accumulate_reach(*np.broadcast_arrays(on_a_day, h, number))


def limit_reach(
    monthly: ArrayLike, days: ArrayLike, month_days: ArrayLike = MONTH_DAYS
) -> tuple[Array, Array]:
    """Return the least and greatest reach of a number of days, given only the monthly reach.

    Up to a month each person uses it on one day only, or all every day; beyond, up to the base.
    Raises ValueError for days that are negative or no whole numbers.
    """
    share, number, month = np.broadcast_arrays(
        np.asarray(monthly, dtype=float), _check_days(days), _check_days(month_days, 1)
    )
    least = share * np.minimum(number, month) / month
    most = np.where(number > month, 1.0, share)
    return least, np.where(number > 0, most, 0.0)


def month_days(metric: pd.Series) -> pd.Series:
    """Return the length in days of the period in which an audience is counted: 1 or 3 months."""
    quarter = metric == AudienceMetric.INTERNET_USERS_3M.value
    return pd.Series(float(MONTH_DAYS), metric.index).where(~quarter, QUARTER_DAYS)


WINDOW = ["window_printed_min_persons", "window_printed_max_persons", "window_persons"]


def window_by_platform(
    audiences: pd.DataFrame, daily: pd.DataFrame, periods: pd.DataFrame
) -> pd.DataFrame:
    """Return WINDOW of each platform, added over countries; NaN where the end is not known."""
    rows = _compute_windows(audiences, daily, periods)
    groups = rows.groupby(["restriction_id", "platform_id"])
    total = groups[WINDOW].sum(skipna=False)
    return total.assign(window_days=groups["window_days"].first()).reset_index()


def window_by_restriction(
    audiences: pd.DataFrame, daily: pd.DataFrame, periods: pd.DataFrame
) -> pd.DataFrame:
    """Return Frechet bounds on the reach in the days of each restriction, by restriction_id."""
    rows = _compute_windows(audiences, daily, periods)
    groups = rows.groupby(COUNTRY)
    least, most, _ = WINDOW
    added = groups[most].sum(skipna=False)
    places = groups[[least]].max()
    places[most] = np.fmin(added, groups["base_persons"].first())
    total = places.groupby("restriction_id").sum(skipna=False)
    days = rows.groupby("restriction_id")["window_days"].first()
    return total.where(days.notna(), np.nan).assign(window_days=days)


def _compute_windows(
    audiences: pd.DataFrame, daily: pd.DataFrame, periods: pd.DataFrame
) -> pd.DataFrame:
    figure = daily[[*AUDIENCE, "daily_persons"]]
    rows = audiences.merge(figure, on=AUDIENCE, how="left", validate="m:1")
    about = periods.reindex(rows["restriction_id"]).set_axis(rows.index)
    length = count_days_in_force(about, (about["end"] - about["from_day"]).dt.days)
    length = length.where(~about["is_end_unknown"])
    rows = rows.assign(window_days=length.where(length > 0))
    some = rows.dropna(subset=["window_days", "low_persons", "base_persons"])
    base, days = some["base_persons"], some["window_days"]
    low, high, day = (some[f"{name}_persons"] / base for name in ("low", "high", "daily"))
    month = month_days(some["metric"])
    lower, _ = limit_reach(low.clip(upper=1.0), days, month)
    _, upper = limit_reach(high.fillna(1.0).clip(upper=1.0), days, month)
    both = (day <= high) & (low == high)
    middle = np.full(len(some), np.nan)
    middle[both] = reach_days(day[both], high[both], days[both])
    lower = np.where(both, np.maximum(lower, day), lower)
    ends = (lower * base, upper * base, np.clip(middle, lower, upper) * base)
    return rows.join(pd.DataFrame(dict(zip(WINDOW, ends, strict=True)), some.index))
