"""Recurring restrictions (curfews): the days in force, and the hours of each day.

Definitions. Days in force are the days listed by a source, or a number of times; without either
they are all days from the first to the last. Person-hours are person-days times the hours in force
on a day.

Method. Listed days are cut to the time from the first to the last day. Of a number of times alone
it is not known which days they were: they are spread evenly from the first day to the last, each on
a day of its own. Hours that are printed, measured, or learned from other cuts (fitted/durations.py)
make person-hours of each day in force, with a draw of the hours in each draw; the lower bound takes
the least printed or measured hours, else nothing, the upper one the most printed, else 24. Of any
other restriction a day counts 24 in the estimate and the upper bound, and in the lower bound days
between the first and the last count 24 and those two nothing. With several restrictions at the same
time, a person has at least the hours of the shortest and at most the sum of all, up to 24 on a day,
and the draws lie evenly between these.

Assumptions. Each of several times is on a day of its own. Hours change person-hours, not who is
exposed.

Known drawbacks. Person-days may be attributed to the wrong month if the times are spread over
several months.

Citation. Rules of this project, docs/method.md.
"""

import numpy as np
import pandas as pd

from audience_impact.fitted.durations import (
    DAY_HOURS,
    count_days_in_force,
    quantile_hours,
)
from audience_impact.fitted.durations import (
    HOURS_PARAMETERS as PARAMETERS,
)
from audience_impact.frames import NUMBER, TEXT, Array
from audience_impact.periods import ONE_DAY

Intervals = tuple[pd.DataFrame, pd.DataFrame]
COLUMNS = {
    "days_in_force": TEXT,
    "times_in_force": NUMBER,
    "least_hours_a_day": NUMBER,
    "most_hours_a_day": NUMBER,
    "hours_basis": TEXT,
    "measured_hours": NUMBER,
    **dict.fromkeys(PARAMETERS, NUMBER),
}
"""Columns of the days and hours of restrictions, with their types."""


def cut_to_days(spans: pd.DataFrame, times: pd.DataFrame) -> pd.DataFrame:
    """Return spans cut to the days in force.

    `spans` has `start` and `end` (exclusive) and the columns that stay; `times` has COLUMNS, with
    the same rows. Listed days become spans of one day each.
    """
    length = (spans["end"] - spans["start"]).dt.days
    days = times["days_in_force"].to_numpy()
    listed = pd.Series(days != "", spans.index)
    count = pd.Series(times["times_in_force"].to_numpy(), spans.index)
    spread = ~listed & count.notna() & (count < length)
    if not (listed | spread).any():
        return spans.reset_index(drop=True)
    single = pd.concat(
        [
            _cut_to_listed_days(spans[listed], pd.Series(days, spans.index)[listed]),
            _spread_times(spans[spread], count[spread].astype("int64"), length[spread]),
        ]
    )
    return pd.concat([spans[~listed & ~spread], single], ignore_index=True)


def _cut_to_listed_days(spans: pd.DataFrame, days: pd.Series) -> pd.DataFrame:
    listed = spans.assign(day=days.str.split(";")).explode("day")
    day = pd.to_datetime(listed["day"])
    inside = (day >= listed["start"]) & (day < listed["end"])
    return listed.assign(start=day, end=day + ONE_DAY)[inside].drop(columns="day")


def _spread_times(spans: pd.DataFrame, count: pd.Series, length: pd.Series) -> pd.DataFrame:
    """Return the counted times as spans of one day, evenly from the first day to the last."""
    repeated = spans.loc[spans.index.repeat(count)]
    number = repeated.groupby(level=0).cumcount().to_numpy()
    steps = np.maximum(count.reindex(repeated.index).to_numpy() - 1, 1)
    offset = number * (length.reindex(repeated.index).to_numpy() - 1) // steps
    start = repeated["start"] + pd.to_timedelta(offset, unit="D")
    return repeated.assign(start=start, end=start + ONE_DAY)


def count_days(times: pd.DataFrame, end: str) -> pd.Series:
    """Return the days in force until an end: listed days, else the counted times, else all days."""
    return count_days_in_force(times, (times[end] - times["from_day"]).dt.days)


def compute_hours(times: pd.DataFrame) -> pd.DataFrame:
    """Return `least_hours`, `most_hours` of a day in force, by restriction.

    `times` is the result of timeline.list_periods.
    """
    measured = times["measured_hours"].clip(upper=DAY_HOURS)
    least, most = (measured.fillna(times[f"{end}_hours_a_day"]) for end in ("least", "most"))
    most = most.mask(measured.notna())  # a measurer may have missed an outage
    is_drawn = times[PARAMETERS[0]].notna()
    days = (times["least_end"] - times["least_from"]).dt.days.clip(lower=1)
    full_day_hours = DAY_HOURS * (days - 2).clip(lower=0) / days
    comes_back = times["days_in_force"].ne("") | times["times_in_force"].notna()
    return pd.DataFrame(
        {
            "least_hours": least.fillna(full_day_hours.mask(comes_back | is_drawn, 0.0)),
            "most_hours": most.fillna(DAY_HOURS),
        }
    )


def widen_hours(
    hours: pd.DataFrame, times: pd.DataFrame, ends: tuple[float, float]
) -> pd.DataFrame:
    """Return hours that contain the quantiles `ends` of those that are drawn.

    `hours` is the result of `compute_hours` for `times`.
    """
    drawn = quantile_hours(np.array([ends]), times)
    return hours.assign(
        least_hours=np.fmin(hours["least_hours"], drawn[:, 0]),
        most_hours=np.fmax(hours["most_hours"], drawn[:, 1]),
    )


def least_person_hours(intervals: Intervals, rows: pd.DataFrame, hours: pd.DataFrame) -> Array:
    """Return the minimum of person-hours (sets, 1) of a day of each set."""
    row_hours = hours["least_hours"].reindex(rows["restriction_id"]).to_numpy("float64")
    forced = pd.Series(
        rows["daily_low_persons"].to_numpy("float64") * row_hours, rows["row"].to_numpy()
    )
    members = intervals[1]
    per_set = forced.reindex(members["row"]).groupby(members["set_id"].to_numpy()).max()
    return np.asarray(per_set.to_numpy("float64")[:, None])


def sum_most_hours(intervals: Intervals, rows: pd.DataFrame, hours: pd.DataFrame) -> Array:
    """Return the most hours of a day of each set (sets, 1): those of all restrictions, up to 24."""
    single = _list_restrictions(intervals, rows)
    most = hours["most_hours"].reindex(single["restriction_id"]).to_numpy("float64")
    total = pd.Series(most).groupby(single["set_id"].to_numpy()).sum().clip(upper=DAY_HOURS)
    return np.asarray(total.to_numpy("float64")[:, None])


def combine_hours(intervals: Intervals, rows: pd.DataFrame, drawn: pd.DataFrame, u: Array) -> Array:
    """Return draws of the hours of a day of each set (sets, D).

    Of several restrictions they are between those of the shortest and the sum of all, up to 24.

    Args:
        intervals: Sets with their members.
        rows: The restriction of each member.
        drawn: A row of draws for each restriction.
        u: Uniforms (D,), the same for all sets.
    """
    single = _list_restrictions(intervals, rows)
    hours = drawn.loc[single["restriction_id"]].to_numpy("float64")
    first = np.flatnonzero(single["set_id"].diff().ne(0))
    if not len(first):
        return np.asarray(hours)
    least, total = (kind.reduceat(hours, first, axis=0) for kind in (np.minimum, np.add))
    return np.asarray(least + u * (np.minimum(total, DAY_HOURS) - least))


def _list_restrictions(intervals: Intervals, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the restrictions in force in each set, each once, in the order of the sets."""
    names = rows.set_index("row")["restriction_id"]
    members = intervals[1].assign(restriction_id=names.reindex(intervals[1]["row"]).to_numpy())
    return members.drop_duplicates(["set_id", "restriction_id"]).sort_values(
        "set_id", ignore_index=True, kind="stable"
    )
