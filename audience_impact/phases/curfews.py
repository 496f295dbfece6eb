"""Restrictions that come back: the days on which they were in force, and the hours of each.

Definitions. Days in force are the days listed by a source, or a number of times; without either
they are all days from the first to the last. Person-hours are person-days times the hours in force
on a day.

Method. Listed days are cut to the time from the first to the last day. Of a number of times alone
it is not known which days they were: they are spread evenly from the first day to the last, each on
a day of its own. Hours told make person-hours of each day in force; the lower bound takes the least
hours told, the upper one the most, the estimate their mean. Where no hours are told a day counts 24
in the estimate and the upper bound, and in the lower bound days between the first and the last
count 24 and those two nothing. Of several restrictions at once a person has at least the hours of
the one that forces most, and at most all of them added, 24 on a day; an estimate is made where
there is one restriction alone, or all last the whole day.

Assumptions. Each of several times is on a day of its own. Hours change person-hours, not who is
exposed.

Known drawbacks. Person-days of a month are moved where times are spread over months.

Citation. Rules of this project, docs/method.md.
"""

import numpy as np
import pandas as pd

from audience_impact.frames import NUMBER, TEXT, Array
from audience_impact.periods import ONE_DAY

DAY_HOURS = 24.0
Intervals = tuple[pd.DataFrame, pd.DataFrame]
COLUMNS = {
    "days_in_force": TEXT,
    "times_in_force": NUMBER,
    "least_hours_a_day": NUMBER,
    "most_hours_a_day": NUMBER,
}
"""What a source tells of days and hours, with the types of the columns."""


def on_days(spans: pd.DataFrame, times: pd.DataFrame) -> pd.DataFrame:
    """Spans cut to the days in force.

    `spans` has `start` and `end` (exclusive) and the columns that stay; `times` has COLUMNS, row by
    row the same. Days that are told stand as spans of one day each.
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
            _listed(spans[listed], pd.Series(days, spans.index)[listed]),
            _spread(spans[spread], count[spread].astype("int64"), length[spread]),
        ]
    )
    return pd.concat([spans[~listed & ~spread], single], ignore_index=True)


def _listed(spans: pd.DataFrame, days: pd.Series) -> pd.DataFrame:
    """One span for each day listed that lies inside."""
    each = spans.assign(day=days.str.split(";")).explode("day")
    day = pd.to_datetime(each["day"])
    inside = (day >= each["start"]) & (day < each["end"])
    return each.assign(start=day, end=day + ONE_DAY)[inside].drop(columns="day")


def _spread(spans: pd.DataFrame, count: pd.Series, length: pd.Series) -> pd.DataFrame:
    """So many spans of one day, evenly from the first day to the last."""
    each = spans.loc[spans.index.repeat(count)]
    number = each.groupby(level=0).cumcount().to_numpy()
    steps = np.maximum(count.reindex(each.index).to_numpy() - 1, 1)
    offset = number * (length.reindex(each.index).to_numpy() - 1) // steps
    start = each["start"] + pd.to_timedelta(offset, unit="D")
    return each.assign(start=start, end=start + ONE_DAY)


def day_count(times: pd.DataFrame, end: str) -> pd.Series:
    """Days in force until an end: those listed, else the times counted, else all days."""
    length = (times[end] - times["from_day"]).dt.days.astype("float64")
    listed = times["days_in_force"].str.count(";").add(1.0).where(times["days_in_force"] != "")
    return np.fmin(length, listed.fillna(times["times_in_force"]))


def hours(times: pd.DataFrame) -> pd.DataFrame:
    """Hours on a day in force, by restriction: `least_hours`, `most_hours`, `middle_hours`.

    `times` as timeline.restriction_periods gives them.
    """
    least, most = times["least_hours_a_day"], times["most_hours_a_day"]
    days = (times["least_end"] - times["least_from"]).dt.days.clip(lower=1)
    whole = DAY_HOURS * (days - 2).clip(lower=0) / days
    comes_back = times["days_in_force"].ne("") | times["times_in_force"].notna()
    return pd.DataFrame(
        {
            "least_hours": least.fillna(whole.mask(comes_back, 0.0)),
            "most_hours": most.fillna(DAY_HOURS),
            "middle_hours": ((least + most) / 2).fillna(DAY_HOURS),
        }
    )


def least_person_hours(found: Intervals, rows: pd.DataFrame, known: pd.DataFrame) -> Array:
    """Least person-hours of a day of each set (sets, 1)."""
    own = known["least_hours"].reindex(rows["restriction_id"]).to_numpy("float64")
    forced = pd.Series(rows["daily_low_persons"].to_numpy("float64") * own, rows["row"].to_numpy())
    members = found[1]
    per_set = forced.reindex(members["row"]).groupby(members["set_id"].to_numpy()).max()
    return np.asarray(per_set.to_numpy("float64")[:, None])


def of_sets(found: Intervals, rows: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Hours of a day of each set, by set_id: `most_hours`, and `middle_hours` (NaN: not known)."""
    names = rows.set_index("row")["restriction_id"]
    members = found[1].assign(restriction_id=names.reindex(found[1]["row"]).to_numpy())
    single = members.drop_duplicates(["set_id", "restriction_id"]).join(known, on="restriction_id")
    groups = single.groupby("set_id")
    least_middle = groups["middle_hours"].min()
    alone = (groups.size() == 1) | (least_middle >= DAY_HOURS)
    return pd.DataFrame(
        {
            "most_hours": groups["most_hours"].sum().clip(upper=DAY_HOURS),
            "middle_hours": least_middle.where(alone),
        }
    )
