"""How far a number lies from what its neighbours in time say, in standard deviations.

Definitions. The level of a number is the log of its odds of being counted among its universe (the
people online of the area, or the residents), the plain log where nobody counted a universe. A
series is what one measurer says of one thing over time. The neighbours of a number are the last
number of its series before its period and the first after; of several of one period the median.

Method. Expected is the straight line through both neighbours, or the one there is and the median
growth of the series from there. Levels are taken
for a random walk: between neighbours d and e months away the variance is that of d e / (d + e)
months, beside one alone that of d months; to it comes the error of a printed number. The spread of
a month is learned from the series itself, 1.48 times the median of its residuals (the deviation of a
normal law, and one wrong number does not move it), pooled with the spread of all series, which
counts as much as PRIOR_COUNT residuals. The surprise is the residual over its deviation.

Assumptions. Neighbours are right; where one is wrong, it is told as well, and the nearer of both
looks as surprising.

Known drawbacks. Real series jump: a limit on the surprise is measured as what hardly any number of
the facts exceeds, not read from a normal law.
"""

import numpy as np
import pandas as pd

from audience_impact.periods import MEAN_MONTH_DAYS, middle, with_distance
from audience_impact.populations import EVERYONE, ONLINE

MOST_SHARE = 0.98
"""A number that is more of its universe than this stands for a universe that is a little larger."""
PRIOR_COUNT = 3
NORMAL_OF_MEDIAN = 1.4826
LEAST_MONTHS = 0.25
LEAST_SLOPE_MONTHS = 6
LEAST_SLOPES = 3
"""Changes over so many months that a series must have before their median is its growth."""


def level(persons: pd.Series, universe: pd.Series) -> "pd.Series[float]":
    """Log odds of the share that persons are of a universe; logs where it is not known."""
    inside = np.fmax(universe, persons / MOST_SHARE)
    share = persons / inside
    logs = np.log(persons.where(persons > 0))
    return (np.log(share.where(share > 0)) - np.log1p(-share)).where(universe.notna(), logs)


def headroom(persons: pd.Series, universe: pd.Series) -> "pd.Series[float]":
    """The part of the universe that is not counted: what a change in logs is of one in log odds."""
    inside = np.fmax(universe, persons / MOST_SHARE)
    return (1.0 - persons / inside).where(universe.notna(), 1.0)


def moment(frame: pd.DataFrame) -> "pd.Series[float]":
    """The middle of each period in months since 2000."""
    days = (middle(frame["period_start"], frame["period_end"]) - pd.Timestamp(2000, 1, 1)).dt.days
    return days / MEAN_MONTH_DAYS


def nearest_persons(rows: pd.DataFrame, bases: pd.DataFrame, by: list[str]) -> "pd.Series[float]":
    """People of the base that matches `by` and lies nearest in time to each row; NaN without."""
    right = bases[[*by, "persons", "period_start", "period_end"]].rename(
        columns={"period_start": "base_start", "period_end": "base_end", "persons": "of_persons"}
    )
    left = rows[[*by, "period_start", "period_end"]].reset_index(names="place")
    joined = with_distance(
        left.merge(right, on=by), ("period_start", "period_end"), ("base_start", "base_end")
    )
    best = joined.sort_values(["gap", "apart", "of_persons"]).drop_duplicates("place")
    return best.set_index("place")["of_persons"].reindex(rows.index)


def universe(rows: pd.DataFrame, bases: pd.DataFrame) -> "pd.Series[float]":
    """The people online of each row's area, else its residents, as counted nearest in time."""
    online, everyone = (
        nearest_persons(rows, bases[bases["population_base"] == name], ["area_id"])
        for name in (ONLINE, EVERYONE)
    )
    return online.fillna(everyone)


def pooled(prior: float, count: pd.Series, median: pd.Series) -> "pd.Series[float]":
    """The deviation of a group from its residuals' count and median size, pooled with that of all.

    The prior counts as much as PRIOR_COUNT residuals.
    """
    own = (NORMAL_OF_MEDIAN * median).fillna(0.0)
    total = PRIOR_COUNT * prior**2 + count * np.square(own)
    return np.sqrt(total / (PRIOR_COUNT + count))


def beside(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """What the neighbours of each row say.

    `rows` has `level`, `moment` and the columns `by` of its series. Returns, on the same index,
    `expected` (level), `months` (the variance of which expected has), and `before`, `after`
    (moments of the neighbours, NaN where there is none).
    """
    grouped = rows.groupby([*by, "moment"], dropna=False)["level"].median().reset_index()
    series = grouped.groupby(by, dropna=False)
    near = {
        f"{name}_{side}": series[name].shift(step)
        for side, step in (("before", 1), ("after", -1))
        for name in ("level", "moment")
    }
    found = grouped.assign(**near)
    since, until = (
        found["moment"] - found["moment_before"],
        found["moment_after"] - found["moment"],
    )
    weight = since / (since + until)
    line = found["level_before"] * (1 - weight) + found["level_after"] * weight
    slope = ((found["level"] - found["level_before"]) / since.where(since >= LEAST_SLOPE_MONTHS)).groupby(
        [found[name] for name in by], dropna=False
    )
    growth = slope.transform("median").where(slope.transform("count") >= LEAST_SLOPES, 0.0)
    found = found.assign(
        expected=line.fillna(found["level_before"] + growth * since).fillna(
            found["level_after"] - growth * until
        ),
        months=(since * until / (since + until)).fillna(since).fillna(until).clip(LEAST_MONTHS),
        residual=lambda all_: all_["level"] - all_["expected"],
    )
    wanted = ["expected", "months", "residual", "moment_before", "moment_after"]
    left = rows[[*by, "moment"]].reset_index(names="place")
    joined = left.merge(found[[*by, "moment", *wanted]], on=[*by, "moment"]).set_index("place")
    told = joined[wanted].reindex(rows.index)
    return told.rename(columns={"moment_before": "before", "moment_after": "after"})


def surprise(
    rows: pd.DataFrame, by: list[str], spread: float, error: "pd.Series[float] | float"
) -> pd.DataFrame:
    """The neighbours of each row, and `surprise`: how many deviations it lies from them.

    `spread` is the deviation of a month of all series, `error` that of a printed number, both of
    levels.
    """
    found = beside(rows, by)
    each = (found["residual"].abs() / np.sqrt(found["months"])).rename("rough")
    groups = rows[by].assign(rough=each).groupby(by, dropna=False)["rough"]
    month = pooled(spread, groups.transform("count"), groups.transform("median"))
    deviation = np.sqrt(np.square(month) * found["months"] + np.square(error))
    return found.assign(surprise=(rows["level"] - found["expected"]) / deviation)
