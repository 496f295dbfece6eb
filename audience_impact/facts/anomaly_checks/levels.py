"""How far a number lies from what its neighbours in time say, in standard deviations.

Definitions. The level of a number is the log of its odds of being counted among its universe (the
people online of the area, or the residents), the plain log where nobody counted a universe. A
series is what one measurer says of one thing over time. The neighbours of a number are the last
number of its series before its period and the first after; of several of one period the median.

Method. Expected is the straight line through both neighbours, or the one there is and the median
growth of the series from there. Levels are taken for a random walk: between neighbours d and e
months away the variance is that of d e / (d + e) months, beside one alone that of d months; to it
comes the error of a printed number. The spread of a month is learned from the rest of the series,
1.48 times the median of its residuals (the deviation of a normal law) as they are without the
number judged, pooled with the spread of all series, which counts as much as PRIOR_COUNT residuals.
The surprise is the residual over its deviation.

Assumptions. Neighbours are right; where one is wrong, it is told as well, and the nearer of both
looks as surprising.

Known drawbacks. Real series jump: a limit on the surprise is measured as what hardly any number of
the facts exceeds, not read from a normal law.
"""

from typing import Any

import numpy as np
import pandas as pd

from audience_impact.frames import Array
from audience_impact.periods import MEAN_MONTH_DAYS, middle, with_distance
from audience_impact.populations import EVERYONE, ONLINE

MOST_SHARE = 0.95
"""A number that is more of its universe than this stands for a universe that is a little larger."""
PRIOR_COUNT = 3
NORMAL_OF_MEDIAN = 1.4826
LEAST_MONTHS = 0.25
LEAST_SLOPE_MONTHS = 6
LEAST_SLOPES = 3
SLACK = 1e-9
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


def nearest_months(rows: pd.DataFrame, by: list[str]) -> "pd.Series[float]":
    """Months from each row's `moment` to the nearest other of its group; NaN without one."""
    ordered = rows.sort_values([*by, "moment"])
    moments = ordered.groupby(by, dropna=False)["moment"]
    near = pd.concat([moments.diff().abs(), moments.diff(-1).abs()], axis=1).min(axis=1)
    return near.reindex(rows.index)


def nearest_persons(rows: pd.DataFrame, bases: pd.DataFrame, by: list[str]) -> "pd.Series[float]":
    """People of the base that matches `by` and lies nearest in time to each row; NaN without."""
    asked = bases[bases[by[0]].isin(rows[by[0]])]
    right = asked[[*by, "persons", "period_start", "period_end"]].rename(
        columns={"period_start": "base_start", "period_end": "base_end", "persons": "of_persons"}
    )
    left = rows[[*by, "period_start", "period_end"]].reset_index(names="place")
    joined = with_distance(
        left.merge(right, on=by), ("period_start", "period_end"), ("base_start", "base_end")
    )
    keys = [joined[name].to_numpy() for name in ("of_persons", "apart", "gap", "place")]
    best = joined.iloc[np.lexsort(keys)].drop_duplicates("place")
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


def _line(found: pd.DataFrame, before: int, after: int) -> pd.DataFrame:
    """Expected level and its months, from the so manieth neighbours before and after."""
    names = ("level", "moment", "growth", f"level_{-before}", f"level_{after}")
    level, moment, growth, first, then = (found[name].to_numpy() for name in names)
    since = moment - found[f"moment_{-before}"].to_numpy()
    until = found[f"moment_{after}"].to_numpy() - moment
    line = (first * until + then * since) / (since + until)
    line = _filled(line, first + growth * since, then - growth * until)
    months = np.maximum(_filled(since * until / (since + until), since, until), LEAST_MONTHS)
    rough = np.abs(level - line) / np.sqrt(months)
    return pd.DataFrame({"expected": line, "months": months, "rough": rough}, found.index)


def _filled(values: Array, *others: Array) -> Array:
    """Values, where they are NaN the first of others that is not."""
    for other in others:
        values = np.where(np.isnan(values), other, values)
    return values


def _neighbours(found: pd.DataFrame, name: str, step: int) -> Array:
    """A column of the rows so many places before, NaN where those are of another series."""
    at = np.arange(len(found)) - step
    inside = np.clip(at, 0, len(found) - 1)
    series = found["series"].to_numpy()
    same = (at == inside) & (series[inside] == series)
    return np.where(same, found[name].to_numpy()[inside], np.nan)


def _periods(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a series and period, with the levels and moments of two neighbours on each side."""
    on = ["series", "moment"]
    if rows.duplicated(on).any():
        found = rows.groupby(on)["level"].median().reset_index()
    else:
        found = rows[[*on, "level"]].sort_values(on, ignore_index=True)
    near = {
        f"{name}_{-step}": _neighbours(found, name, step)
        for step in (2, 1, -1, -2)
        for name in ("level", "moment")
    }
    found = found.assign(rank=found.groupby("series").cumcount(), **near)
    since = found["moment"] - found["moment_-1"]
    slope = (found["level"] - found["level_-1"]) / since.where(since >= LEAST_SLOPE_MONTHS)
    slopes = slope.groupby(found["series"])
    growth = slopes.transform("median").where(slopes.transform("count") >= LEAST_SLOPES, 0.0)
    return found.assign(growth=growth)


def _roughness(periods: pd.DataFrame, judged: "pd.Series[bool]") -> pd.DataFrame:
    """How rough the rest of each series is: `count` and `median` of its residuals without the row.

    Of rows that are judged. Where the row is a neighbour of another, the next but one takes its
    place.
    """
    if not judged.any():
        return pd.DataFrame({"count": 0.0, "median": np.nan}, periods.index)
    found = periods[periods["series"].isin(periods.loc[judged, "series"])]
    residuals = {
        step: _line(found, 1 + (step == 1), 1 + (step == -1))["rough"] for step in (0, 1, -1)
    }
    told = found[["series", "rank"]].assign(**{f"r{step}": r for step, r in residuals.items()})
    pairs = (
        told.loc[judged[told.index], ["series", "rank"]]
        .reset_index(names="place")
        .merge(told, on="series", suffixes=("", "_of"))
    )
    step = pairs["rank_of"] - pairs["rank"]  # 1: the row is the neighbour before the other
    rough = pairs["r0"].mask(step == 1, pairs["r1"]).mask(step == -1, pairs["r-1"])
    groups = rough[step != 0].groupby(pairs["place"])
    return pd.DataFrame(
        {"count": groups.count(), "median": groups.median()}, index=periods.index
    ).fillna({"count": 0})


def surprise(
    rows: pd.DataFrame,
    by: list[str],
    spread: float,
    error: "pd.Series[float] | float",
    limit: float = 0.0,
) -> pd.DataFrame:
    """What the neighbours of each row say, and `surprise`: how many deviations it lies from them.

    `rows` has `level`, `moment` and the columns `by` of its series; `spread` is the deviation of a
    month of all series, `error` that of a printed number, both of levels. What cannot surprise by
    more than a limit, however smooth the rest of its series, is NaN. Returns, on the same index,
    also `expected` (level), `months`, `count` (residuals of the rest), and `before` and
    `after` (moments of the neighbours, NaN where there is none).
    """
    left = rows[["moment", "level"]].assign(series=rows.groupby(by, dropna=False).ngroup())
    if not left["series"].duplicated().any():  # no row has a neighbour, as mostly in few facts
        nobody = dict.fromkeys(("expected", "months", "before", "after", "surprise"), np.nan)
        return pd.DataFrame({**nobody, "month": spread, "count": 0}, index=rows.index)
    found = _periods(left)
    found = found.join(_line(found, 1, 1)).reset_index(names="period_of")
    others = found.groupby("series")["rank"].transform("max")
    found = found.assign(month=pooled(spread, others, pd.Series(0.0, found.index)))
    wanted = ["expected", "months", "month", "moment_-1", "moment_1", "period_of"]
    on = ["series", "moment"]
    told = left.reset_index(names="place").merge(found[[*on, *wanted]], on=on).set_index("place")
    told = told[wanted].reindex(rows.index)
    off = rows["level"] - told["expected"]
    judged = (off / _deviation(told, error)).abs() > limit * (1.0 - SLACK)
    rough = _roughness(found, found["period_of"].isin(told.loc[judged, "period_of"]))
    rough = rough.assign(month=pooled(spread, rough["count"], rough["median"]))
    told = told.assign(**rough.reindex(told["period_of"]).set_axis(told.index))
    return told.assign(surprise=(off / _deviation(told, error)).where(judged)).rename(
        columns={"moment_-1": "before", "moment_1": "after"}
    )


def _deviation(told: pd.DataFrame, error: "pd.Series[float] | float") -> "pd.Series[float]":
    """The deviation of a level from what its neighbours say."""
    return np.sqrt(np.square(told["month"]) * told["months"] + np.square(error))


def series_of(rows: pd.DataFrame, by: list[str], row: Any) -> pd.DataFrame:
    """The rows that are of the same series as a row."""
    for name in by:
        rows = rows[rows[name] == getattr(row, name)]
    return rows


def beyond(near: pd.DataFrame, limit: float) -> "pd.Series[bool]":
    """Which rows surprise by more than a limit; of two alone in their series the later."""
    first_of_two = (near["count"] == 0) & near["before"].isna()
    return (near["surprise"].abs() > limit) & ~first_of_two
