"""Deviation of a number from its neighbours in time, in standard deviations.

Definitions. The level of a number is the log of its odds of being counted among its universe (the
people online of the area, or the residents), the plain log where nobody counted a universe. A
series consists of the numbers of one measurer for the same quantity over time. The neighbours of a
number are the last number of its series before its period and the first after; if several have the
same period, their median is used.

Method. The expected level is on the straight line through both neighbours; with a single neighbour
it is extrapolated with the median growth of the series. Levels are modelled as a random walk:
between neighbours d and e months away the variance is that of d e / (d + e) months, and with a
single neighbour that of d months. The variance of the error of a printed number is added. The
standard deviation of a month is estimated from the rest of the series, 1.48 times the median of its
residuals (the deviation of a normal distribution) without the number that is checked, pooled with
the spread of all series, which counts as much as PRIOR_COUNT residuals. The surprise is the
residual divided by its standard deviation.

Assumptions. Neighbours are right. If one of them is wrong, both it and the nearest number to it are
reported.

Known drawbacks. Real series jump: a limit on the surprise is measured as what hardly any number of
the facts exceeds, not read from a normal distribution.
"""

from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audience_impact.frames import Array
from audience_impact.periods import MEAN_MONTH_DAYS, period_middle, with_distance
from audience_impact.populations import EVERYONE, ONLINE

Places: TypeAlias = NDArray[np.intp]
"""Places of rows, or numbers of groups of rows."""

MOST_SHARE = 0.95
"""Maximum share of a number in its universe. For larger numbers the universe is enlarged
accordingly.
"""
PRIOR_COUNT = 3
NORMAL_OF_MEDIAN = 1.4826
LEAST_MONTHS = 0.25
LEAST_SLOPE_MONTHS = 6
LEAST_SLOPES = 3
"""Minimum months of a change, and minimum number of changes, for the median growth of a series."""
SLACK = 1e-9


def count_digits(values: "pd.Series[float]") -> "pd.Series[int]":
    """Return the significant digits of printed numbers: 96,500,000 has three."""
    return values.map(lambda value: len(f"{value:.0f}".rstrip("0")))


def compute_level(persons: pd.Series, universe: pd.Series) -> "pd.Series[float]":
    """Return log odds of the share of persons in a universe; logs without a universe."""
    inside = np.fmax(universe, persons / MOST_SHARE)
    share = persons / inside
    logs = np.log(persons.where(persons > 0))
    return (np.log(share.where(share > 0)) - np.log1p(-share)).where(universe.notna(), logs)


def compute_headroom(persons: pd.Series, universe: pd.Series) -> "pd.Series[float]":
    """Return the share of the universe not counted: the change in log per change in log odds."""
    inside = np.fmax(universe, persons / MOST_SHARE)
    return (1.0 - persons / inside).where(universe.notna(), 1.0)


def compute_moment(frame: pd.DataFrame) -> "pd.Series[float]":
    """Return the middle of each period in months since 2000."""
    days = (
        period_middle(frame["period_start"], frame["period_end"]) - pd.Timestamp(2000, 1, 1)
    ).dt.days
    return days / MEAN_MONTH_DAYS


def find_nearest_months(rows: pd.DataFrame, by: list[str]) -> "pd.Series[float]":
    """Return months from each row's `moment` to the nearest row of its group; NaN if alone."""
    ordered = rows.sort_values([*by, "moment"])
    moments = ordered.groupby(by, dropna=False)["moment"]
    near = pd.concat([moments.diff().abs(), moments.diff(-1).abs()], axis=1).min(axis=1)
    return near.reindex(rows.index)


def find_nearest_persons(
    rows: pd.DataFrame, bases: pd.DataFrame, by: list[str]
) -> "pd.Series[float]":
    """Return persons of the base nearest in time that matches `by`; NaN without such a base.

    Of bases with the same distance the smallest counts. Rows that agree in `by` and period are
    compared once.
    """
    keys, base_keys = _number_keys(rows, bases, by)
    spans = {name: rows[name].to_numpy() for name in ("period_start", "period_end")}
    combined = pd.DataFrame({"key": keys, **spans})
    group = combined.groupby([*combined], sort=False, dropna=False).ngroup().to_numpy()
    first = np.unique(group, return_index=True)[1]
    of_row, of_base = _pair_up(keys[first], base_keys)
    joined = pd.DataFrame({name: span[first][of_row] for name, span in spans.items()}).assign(
        base_start=bases["period_start"].to_numpy()[of_base],
        base_end=bases["period_end"].to_numpy()[of_base],
    )
    joined = with_distance(joined, ("period_start", "period_end"), ("base_start", "base_end"))
    of_persons = bases["persons"].to_numpy()[of_base]
    nearest = np.full(len(first), np.nan)
    distances = (joined["gap"].to_numpy(), joined["apart"].dt.total_seconds().to_numpy())
    best = _select_least(of_row, *distances, of_persons)
    nearest[of_row[best]] = of_persons[best]
    return pd.Series(nearest[group], rows.index)


def _number_keys(rows: pd.DataFrame, bases: pd.DataFrame, by: list[str]) -> tuple[Places, Places]:
    """Return a number for each row and for each base, equal where they agree in columns `by`."""
    numbers = np.zeros(len(rows) + len(bases), dtype="int64")
    for name in by:
        cells = np.concatenate([frame[name].to_numpy("object") for frame in (rows, bases)])
        codes, words = pd.factorize(cells, use_na_sentinel=False)
        numbers = numbers * len(words) + codes
    return numbers[: len(rows)], numbers[len(rows) :]


def _pair_up(keys: Places, base_keys: Places) -> tuple[Places, Places]:
    """Return the places of the row and of the base of each pair with the same key, by row."""
    order = np.argsort(base_keys, kind="stable")
    first, last = (np.searchsorted(base_keys[order], keys, side) for side in ("left", "right"))
    count = last - first
    of_row = np.repeat(np.arange(len(keys)), count)
    within = np.arange(len(of_row)) - np.repeat(np.cumsum(count) - count, count)
    return of_row, order[np.repeat(first, count) + within]


def _select_least(of_row: Places, *criteria: Array) -> Places:
    """Return the places of the pairs that are least in each row, by one criterion after another."""
    places = np.arange(len(of_row))
    for criterion in criteria:
        rows, values = of_row[places], criterion[places]
        if len(rows):
            starts = np.flatnonzero(np.diff(rows, prepend=-1))
            least = np.fmin.reduceat(values, starts)[np.cumsum(np.diff(rows, prepend=-1) > 0) - 1]
            places = places[(values == least) | np.isnan(least)]
    return places


def count_universe(rows: pd.DataFrame, bases: pd.DataFrame) -> "pd.Series[float]":
    """Return the people online of each row's area, else its residents, nearest in time."""
    online, everyone = (
        find_nearest_persons(rows, bases[bases["population_base"] == name], ["area_id"])
        for name in (ONLINE, EVERYONE)
    )
    return online.fillna(everyone)


def pool_spreads(
    prior: "pd.Series[float] | float", count: pd.Series, median: pd.Series
) -> "pd.Series[float]":
    """Return the deviation of a group, from its residuals, pooled with that of all groups.

    The prior counts as much as PRIOR_COUNT residuals.
    """
    deviation = (NORMAL_OF_MEDIAN * median).fillna(0.0)
    total = PRIOR_COUNT * prior**2 + count * np.square(deviation)
    return np.sqrt(total / (PRIOR_COUNT + count))


def _interpolate_levels(periods: pd.DataFrame, before: int, after: int) -> pd.DataFrame:
    """Return the level expected between two neighbours, and the months that scale its variance."""
    names = ("level", "moment", "growth", f"level_{-before}", f"level_{after}")
    level, moment, growth, first, then = (periods[name].to_numpy() for name in names)
    since = moment - periods[f"moment_{-before}"].to_numpy()
    until = periods[f"moment_{after}"].to_numpy() - moment
    line = (first * until + then * since) / (since + until)
    line = _fill_missing(line, first + growth * since, then - growth * until)
    months = np.maximum(_fill_missing(since * until / (since + until), since, until), LEAST_MONTHS)
    rough = np.abs(level - line) / np.sqrt(months)
    return pd.DataFrame({"expected": line, "months": months, "rough": rough}, periods.index)


def _fill_missing(values: Array, *substitutes: Array) -> Array:
    for substitute in substitutes:
        values = np.where(np.isnan(values), substitute, values)
    return values


def _shift_column(periods: pd.DataFrame, name: str, step: int) -> Array:
    """Return a column of the rows `step` places before, NaN for rows of another series."""
    at = np.arange(len(periods)) - step
    inside = np.clip(at, 0, len(periods) - 1)
    series = periods["series"].to_numpy()
    same = (at == inside) & (series[inside] == series)
    return np.where(same, periods[name].to_numpy()[inside], np.nan)


def _number_periods(rows: pd.DataFrame) -> Places:
    """Return the number of each row's period: those of a series follow each other in time."""
    series, moment = rows["series"].to_numpy(), rows["moment"].to_numpy()
    order = np.lexsort((moment, series))
    is_new = (np.diff(series[order]) != 0) | (np.diff(moment[order]) != 0)
    numbers = np.empty(len(rows), dtype="int64")
    numbers[order] = np.concatenate([[0], np.cumsum(is_new)])
    return numbers


def _group_by_period(rows: pd.DataFrame, numbers: Places) -> pd.DataFrame:
    """Return a row per series and period, with levels and moments of two neighbours per side."""
    periods = rows[["series", "moment", "spread"]].iloc[np.unique(numbers, return_index=True)[1]]
    median = rows["level"].groupby(numbers).median()
    periods = periods.reset_index(drop=True).assign(level=median.to_numpy())
    near = {
        f"{name}_{-step}": _shift_column(periods, name, step)
        for step in (2, 1, -1, -2)
        for name in ("level", "moment")
    }
    periods = periods.assign(rank=periods.groupby("series").cumcount(), **near)
    since = periods["moment"] - periods["moment_-1"]
    slope = (periods["level"] - periods["level_-1"]) / since.where(since >= LEAST_SLOPE_MONTHS)
    slopes = slope.groupby(periods["series"])
    growth = slopes.transform("median").where(slopes.transform("count") >= LEAST_SLOPES, 0.0)
    periods = periods.assign(growth=growth)
    return periods.join(_interpolate_levels(periods, 1, 1))


def _measure_roughness(periods: pd.DataFrame, judged: "pd.Series[bool]") -> pd.DataFrame:
    """Return `count` and `median` of the residuals of each series without the judged row.

    Only judged rows have a result. Where the judged row is a neighbour of another row, the next row
    but one replaces it.
    """
    if not judged.any():
        return pd.DataFrame({"count": 0.0, "median": np.nan}, periods.index)
    judged_series = periods[periods["series"].isin(periods.loc[judged, "series"])]
    residuals = {
        step: _interpolate_levels(judged_series, 1 + (step == 1), 1 + (step == -1))["rough"]
        for step in (0, 1, -1)
    }
    rest = judged_series[["series", "rank"]].assign(
        **{f"r{step}": r for step, r in residuals.items()}
    )
    pairs = (
        rest.loc[judged[rest.index], ["series", "rank"]]
        .reset_index(names="place")
        .merge(rest, on="series", suffixes=("", "_of"))
    )
    step = pairs["rank_of"] - pairs["rank"]  # 1: the row is the neighbour before the other
    rough = pairs["r0"].mask(step == 1, pairs["r1"]).mask(step == -1, pairs["r-1"])
    groups = rough[step != 0].groupby(pairs["place"])
    return pd.DataFrame(
        {"count": groups.count(), "median": groups.median()}, index=periods.index
    ).fillna({"count": 0})


def measure_surprise(rows: pd.DataFrame) -> pd.DataFrame:
    """Compare each row with its neighbours; `surprise` is the distance in standard deviations.

    `rows` has `level`, `moment` and `series`, which is equal in the rows of a series; `spread`, the
    deviation of a month of all series of the kind, and `error`, that of a printed number, both of
    levels; and `limit`. Rows whose distance cannot exceed `limit`, however smooth their series, are
    NaN. Returns, on the same index, also `expected` (level), `months`, `count` (residuals of other
    rows), and `before` and `after` (moments of the neighbours, NaN if there is none).
    """
    if not rows["series"].duplicated().any():  # no row has a neighbour, as mostly in few facts
        nobody = dict.fromkeys(("expected", "months", "before", "after", "surprise"), np.nan)
        return pd.DataFrame({**nobody, "month": rows["spread"], "count": 0}, index=rows.index)
    numbers = _number_periods(rows)
    periods = _group_by_period(rows, numbers)
    others = periods.groupby("series")["rank"].transform("max")
    month = pool_spreads(periods["spread"], others, pd.Series(0.0, periods.index))
    columns = ["expected", "months", "moment_-1", "moment_1"]
    expectations = periods[columns].iloc[numbers].set_axis(rows.index)
    off = rows["level"] - expectations["expected"]
    months, squared_error = expectations["months"], np.square(rows["error"])
    most = np.sqrt(np.square(month.to_numpy()[numbers]) * months + squared_error)
    judged = (off / most).abs() > rows["limit"] * (1.0 - SLACK)
    is_judged = pd.Series(np.isin(periods.index, numbers[judged]), periods.index)
    rough = _measure_roughness(periods, is_judged)
    month = pool_spreads(periods["spread"], rough["count"], rough["median"])
    rough = rough.assign(month=month).iloc[numbers].set_axis(rows.index)
    deviation = np.sqrt(np.square(rough["month"]) * months + squared_error)
    return expectations.assign(**rough, surprise=(off / deviation).where(judged)).rename(
        columns={"moment_-1": "before", "moment_1": "after"}
    )


def select_beyond(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of surprises above their limit; of two rows alone in a series, the later.

    Takes the columns of `measure_surprise`, and adds those of its result.
    """
    near = measure_surprise(rows)
    first_of_two = (near["count"] == 0) & near["before"].isna()
    is_beyond = (near["surprise"].abs() > rows["limit"]) & ~first_of_two
    return rows[is_beyond].assign(**near[is_beyond])
