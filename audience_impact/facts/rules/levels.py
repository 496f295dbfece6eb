"""Deviation of a number from its neighbours in time, in standard deviations.

Definitions. The level of a number is the log of its odds of being counted among its universe (the
people online of the area, or the residents), the plain log where the record has no count of a
universe. A series consists of the numbers of one measurer for the same quantity over time. The
neighbours of a number are the last number of its series before its period and the first after; if
several have the same period, their median is used.

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

from collections.abc import Iterator

import numpy as np
import pandas as pd

from audience_impact.periods import MEAN_MONTH_DAYS, period_middle, with_distance

MOST_PAIRS = 1 << 21
"""Number of pairs of rows that are in memory at once, but for those of a single row."""
MOST_SHARE = 0.95
"""Maximum share of a number in its universe, which is enlarged for larger numbers."""
PRIOR_COUNT = 3
NORMAL_OF_MEDIAN = 1.4826
LEAST_MONTHS = 0.25
LEAST_SLOPE_MONTHS = 6
LEAST_SLOPES = 3
"""Minimum months of a change, and minimum number of changes, for the median growth of a series."""


def count_digits(values: "pd.Series[float]") -> "pd.Series[int]":
    """Return the significant digits of printed numbers: 96,500,000 has three."""
    return values.map(lambda value: len(f"{value:.0f}".rstrip("0")))


def list_pairs(rows: pd.DataFrame, others: pd.DataFrame, by: list[str]) -> Iterator[pd.DataFrame]:
    """Yield the pairs of rows that agree in `by`, those of a row together, in blocks of MOST_PAIRS.

    Ten thousand rows of one key have a hundred million pairs, which no memory holds at once. The
    columns of `others` that `rows` also has end in `_of`.
    """
    if len(rows) * len(others) <= MOST_PAIRS:
        yield rows.merge(others, on=by, suffixes=("", "_of"))
        return
    sizes = others.groupby(by, sort=False).size().rename("size")
    counts = rows[by].join(sizes, on=by)["size"].fillna(0)
    block = (counts.cumsum() // MOST_PAIRS).to_numpy()
    for number in np.unique(block):
        yield rows[block == number].merge(others, on=by, suffixes=("", "_of"))


def compute_median_of_others(values: "pd.Series[float]", groups: pd.Series) -> "pd.Series[float]":
    """Return the median of the other values of the group of each row; NaN for a row alone.

    `values` are filled. In the order of a group, those of the middle move by one where the row
    itself stands before them.
    """
    rows = pd.DataFrame({"value": values, "group": groups}).sort_values(["group", "value"])
    members = rows.groupby("group")["value"]
    rank, others_count = members.cumcount(), members.transform("size") - 1
    first = np.arange(len(rows)) - rank
    ordered, last = rows["value"].to_numpy(), len(rows) - 1
    middle = [
        ordered[(first + place + (place >= rank)).clip(0, last)]
        for place in ((others_count - 1) // 2, others_count // 2)
    ]
    return pd.Series((middle[0] + middle[1]) / 2, rows.index).where(others_count > 0)


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
    since = period_middle(frame["period_start"], frame["period_end"]) - pd.Timestamp(2000, 1, 1)
    return since.dt.days / MEAN_MONTH_DAYS


def find_nearest_months(rows: pd.DataFrame, by: list[str]) -> "pd.Series[float]":
    """Return months from each row's `moment` to the nearest row of its group; NaN if alone."""
    ordered = rows.sort_values([*by, "moment"])
    moments = ordered.groupby(by, dropna=False)["moment"]
    near = pd.concat([moments.diff().abs(), moments.diff(-1).abs()], axis=1).min(axis=1)
    return near.reindex(rows.index)


def find_nearest_bases(
    rows: pd.DataFrame, bases: pd.DataFrame, by: list[str], first: str = "base_id"
) -> pd.DataFrame:
    """Return `persons`, `base_id`, `gap` and `apart` of the base nearest in time matching `by`.

    The index is that of the rows, without those that have no such base. Of bases with the same
    distance the least in column `first` counts. Rows that agree in `by` and period are compared
    once.
    """
    keys = [*by, "period_start", "period_end"]
    spans = bases[["period_start", "period_end"]].set_axis(["base_start", "base_end"], axis=1)
    compared = bases[[*by, "base_id", "persons"]].join(spans)
    nearest = []
    for pairs in list_pairs(rows[keys].drop_duplicates(), compared, by):
        pairs = with_distance(pairs, ("period_start", "period_end"), ("base_start", "base_end"))
        nearest.append(pairs.sort_values(["gap", "apart", first]).drop_duplicates(keys))
    about = pd.concat(nearest)[[*keys, "persons", "base_id", "gap", "apart"]]
    joined = rows[keys].reset_index(names="place").merge(about, on=keys)
    return joined.set_index("place").rename_axis(None).drop(columns=keys)


def find_nearest_persons(
    rows: pd.DataFrame, bases: pd.DataFrame, by: list[str]
) -> "pd.Series[float]":
    """Return persons of the base nearest in time that matches `by`, the fewest; NaN without one."""
    return find_nearest_bases(rows, bases, by, "persons")["persons"].reindex(rows.index)


def find_population(rows: pd.DataFrame, bases: pd.DataFrame) -> "pd.Series[float]":
    """Return the persons of each row's population, nearest in time, rather by its own measurer."""
    by = ["area_id", "population_base"]
    by_measurer = find_nearest_persons(rows, bases, [*by, "measurement_series_id"])
    return by_measurer.fillna(find_nearest_persons(rows, bases, by))


def pool_spreads(
    prior: "pd.Series[float] | float", count: pd.Series, median: pd.Series
) -> "pd.Series[float]":
    """Return the deviation of a group pooled with a prior that counts as PRIOR_COUNT residuals."""
    deviation = (NORMAL_OF_MEDIAN * median).fillna(0.0)
    total = PRIOR_COUNT * prior**2 + count * np.square(deviation)
    return np.sqrt(total / (PRIOR_COUNT + count))


def _interpolate_levels(periods: pd.DataFrame, before: int, after: int) -> pd.DataFrame:
    """Return the level expected between two neighbours, and the months that scale its variance."""
    names = ("level", "moment", "growth", f"level_{-before}", f"level_{after}")
    level, moment, growth, first, then = (periods[name] for name in names)
    since = moment - periods[f"moment_{-before}"]
    until = periods[f"moment_{after}"] - moment
    line = (first * until + then * since) / (since + until)
    line = line.fillna(first + growth * since).fillna(then - growth * until)
    months = (since * until / (since + until)).fillna(since).fillna(until).clip(lower=LEAST_MONTHS)
    rough = (level - line).abs() / np.sqrt(months)
    return pd.DataFrame({"expected": line, "months": months, "rough": rough})


def _add_neighbours(periods: pd.DataFrame) -> pd.DataFrame:
    """Add levels and moments of two neighbours per side, the growth, and what a line expects."""
    series = periods.groupby("series")
    near = {
        f"{name}_{-step}": series[name].shift(step)
        for step in (2, 1, -1, -2)
        for name in ("level", "moment")
    }
    periods = periods.assign(rank=series.cumcount(), **near)
    since = periods["moment"] - periods["moment_-1"]
    slope = (periods["level"] - periods["level_-1"]) / since.where(since >= LEAST_SLOPE_MONTHS)
    slopes = slope.groupby(periods["series"])
    growth = slopes.transform("median").where(slopes.transform("count") >= LEAST_SLOPES, 0.0)
    periods = periods.assign(growth=growth)
    return periods.join(_interpolate_levels(periods, 1, 1))


def _measure_roughness(periods: pd.DataFrame) -> pd.DataFrame:
    """Return `count` and `median` of the residuals of the series of each row, without the row.

    Where the row is a neighbour of another one, the next but one replaces it there.
    """
    residuals = {
        f"r{step}": _interpolate_levels(periods, 1 + (step == 1), 1 + (step == -1))["rough"]
        for step in (0, 1, -1)
    }
    rest = periods[["series", "rank"]].assign(**residuals).reset_index(names="place")
    measured = []
    for pairs in list_pairs(rest[["series", "rank", "place"]], rest, ["series"]):
        step = pairs["rank_of"] - pairs["rank"]  # 1: the row is the neighbour before the other
        rough = pairs["r0"].mask(step == 1, pairs["r1"]).mask(step == -1, pairs["r-1"])
        measured.append(rough[step != 0].groupby(pairs["place"]).agg(["count", "median"]))
    return pd.concat(measured).reindex(periods.index).fillna({"count": 0})


def measure_surprise(rows: pd.DataFrame) -> pd.DataFrame:
    """Compare each row with its neighbours; `surprise` is the distance in standard deviations.

    `rows` has `level`, `moment` and `series`, which is equal in the rows of a series; `spread`, the
    deviation of a month of all series of the kind, and `error`, that of a printed number, both of
    levels; and `limit`. In series in which no distance can exceed `limit`, however smooth they are,
    it is NaN. Returns, on the same index, also `expected` (level), `months`, `count` (residuals of
    other rows), and `before` and `after` (moments of the neighbours, NaN if there is none).
    """
    by = ["series", "moment"]
    periods = rows.groupby(by, as_index=False).agg({"level": "median", "spread": "first"})
    periods = _add_neighbours(periods)
    others = periods.groupby("series")["rank"].transform("max")
    smooth = pool_spreads(periods["spread"], others, pd.Series(0.0, periods.index))
    columns = ["expected", "months", "moment_-1", "moment_1", "smooth"]
    near = rows[by].join(periods.assign(smooth=smooth).set_index(by)[columns], on=by)
    off, squared_error = rows["level"] - near["expected"], np.square(rows["error"])
    most = np.sqrt(np.square(near["smooth"]) * near["months"] + squared_error)
    odd = rows.loc[(off / most).abs() > rows["limit"], "series"]
    odd_periods = periods[periods["series"].isin(odd)]
    rough = _measure_roughness(odd_periods)
    rough["month"] = pool_spreads(odd_periods["spread"], rough["count"], rough["median"])
    near = near.join(rough.set_index(pd.MultiIndex.from_frame(odd_periods[by])), on=by)
    deviation = np.sqrt(np.square(near["month"]) * near["months"] + squared_error)
    return near.assign(surprise=off / deviation).rename(
        columns={"moment_-1": "before", "moment_1": "after"}
    )


def select_beyond(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows of `measure_surprise` beyond their limit; of two alone in a series, the later."""
    near = measure_surprise(rows)
    first_of_two = (near["count"] == 0) & near["before"].isna()
    is_beyond = (near["surprise"].abs() > rows["limit"]) & ~first_of_two
    return rows[is_beyond].assign(**near[is_beyond])
