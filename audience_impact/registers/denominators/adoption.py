"""How many of a country use the internet in years for which nobody has reported yet.

Definitions. A series is the reported share of a population that uses the internet, one number a
country and year. The origin of a projection is the last reported year, its horizon the years
from there.

Method. In log odds, the least-squares slope of the last five reports, times one number for all
countries that shrinks it towards no growth, from the last report on. The number is the one with
the least mean error in share points among projections made from every origin since 2013 and
compared with what was reported afterwards. Errors of those projections differ in size: the mean
size is a power of the horizon and of the noise (how far the country's last reports lie from their
own line, drawn towards a usual noise as if by two reports), times the exponential of a parabola of
the level; a gamma regression of absolute errors on these (Glejser 1969; McCullagh and Nelder 1989,
chapter 8). The spread is the 5th and 95th percentile of errors over their size, apart for shares
below and from 90 % on. Every country weighs alike at every horizon, and the percentiles lie as far
out as one country more, of which nothing is known, would put them (Dunn, Wasserman and Ramdas
2023).

Assumptions. Countries that are asked differ from others in level and noise, and for the rest err
alike. Shares of less than 0.1 % or more than 99.9 % count as these.

How well. `python -m benchmarks.errors`, for countries left out, by years.

Known drawbacks. Past series were revised after the fact and smoothed where no survey was made,
so the errors of projections in their own time were larger. Which reports stand on a survey is not
on record: the noise of a series stands for it. A country that shuts itself off, or whose first
survey in years corrects the series, leaves the interval.

Citations. Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 5.10 (rolling
origin). Glejser (1969), A new test for heteroskedasticity, JASA 64. McCullagh and Nelder (1989),
Generalized Linear Models. Dunn, Wasserman and Ramdas (2023), Distribution-free prediction sets for
two-layer hierarchical models, JASA 118.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from audience_impact.frames import Array

REPORTS, REACH = 5, 10
"""How many reports make a trend, and over how many years they and a projection may reach."""
LEAST_REPORTS = 3
"""Fewer reports have no slope."""
FIRST_ORIGIN, LONGEST = 2013, 8
LEAST = 0.001
HIGH = 0.9
TAILS = (0.05, 0.95)
SHRINKS = np.round(np.arange(0, 1.01, 0.05), 2)
USUAL_NOISE, USUAL_REPORTS = 0.02, 2
"""What the noise of a few reports is drawn towards, in log odds, and as if by how many reports."""
LEAST_ERROR = 0.01
"""No projection is sure to less, in log odds."""
LEAST_AREAS = 20
"""Fewer countries teach how errors grow with the horizon, and nothing of level and noise."""


@dataclass(frozen=True)
class Learned:
    """The number the slope is taken times, and how far projections may err.

    `size` (5,) are the coefficients of the features of a projection, `spread` the percentiles of
    errors over their size: a row for shares below HIGH and one for those from there on.
    """

    shrink: float
    size: Array
    spread: Array


def log_odds(shares: "pd.Series[float]") -> "pd.Series[float]":
    """Log odds of shares, those near nothing and near all taken as LEAST from it."""
    inside = shares.clip(LEAST, 1 - LEAST)
    return pd.Series(np.log(inside / (1 - inside)), shares.index)


def share(odds: "pd.Series[float]") -> "pd.Series[float]":
    """The share of log odds."""
    return 1 / (1 + np.exp(-odds))


def origins(shares: pd.DataFrame) -> pd.DataFrame:
    """For each report (`area_id`, `year`, `share`) the trend to it: `level`, `slope`, `noise`."""
    known = shares[shares["share"] > 0].sort_values(["area_id", "year"], ignore_index=True)
    known = known.assign(level=log_odds(known["share"]))
    trends = [
        trend
        for _, own in known.groupby("area_id", sort=True)
        for trend in _trends(own["year"].to_numpy("float64"), own["level"].to_numpy("float64"))
    ]
    found = pd.DataFrame(trends, columns=["slope", "noise"], dtype="float64")
    return pd.concat([known, found], axis=1)


def _trends(years: Array, levels: Array) -> list[tuple[float, float]]:
    """Slope and noise up to each report of one area, from its last reports."""
    found = []
    for place, year in enumerate(years):
        first = max(0, place + 1 - REPORTS)
        chosen = slice(max(first, int(np.searchsorted(years, year - REACH + 1))), place + 1)
        x, y = years[chosen] - years[chosen].mean(), levels[chosen] - levels[chosen].mean()
        known = len(x) >= LEAST_REPORTS
        slope = float((x @ y) / (x @ x)) if known else 0.0
        squares = float(((y - slope * x) ** 2).sum()) if known else 0.0
        free = len(x) - 2 if known else 0
        squares += USUAL_REPORTS * USUAL_NOISE**2
        found.append((slope, float(np.sqrt(squares / (free + USUAL_REPORTS)))))
    return found


def held_out(shares: pd.DataFrame) -> pd.DataFrame:
    """Every projection that can be compared: its trend, `horizon` and what came, `actual`.

    One row an origin since FIRST_ORIGIN and a later report of the same area.
    """
    known = origins(shares)
    later = known[["area_id", "year", "level"]].rename(columns={"year": "then", "level": "actual"})
    pairs = known[known["year"] >= FIRST_ORIGIN].merge(later, on="area_id")
    pairs = pairs.assign(horizon=pairs["then"] - pairs["year"])
    return pairs[pairs["horizon"].between(1, LONGEST)].reset_index(drop=True)


def misses(pairs: pd.DataFrame, shrink: float) -> "pd.Series[float]":
    """What was reported less what was projected, in share points (0 to 1)."""
    return share(pairs["actual"]) - share(_middle(pairs, shrink))


def _middle(pairs: pd.DataFrame, shrink: float) -> "pd.Series[float]":
    return pairs["level"] + shrink * pairs["slope"] * pairs["horizon"]


def learn(pairs: pd.DataFrame) -> Learned:
    """What the held-out projections teach: the least mean error, and how wide errors spread."""
    errors = [float(misses(pairs, each).abs().mean()) for each in SHRINKS]
    shrink = float(SHRINKS[int(np.argmin(errors))])
    error = (pairs["actual"] - _middle(pairs, shrink)).to_numpy("float64")
    weight = 1.0 / pairs.groupby(["area_id", "horizon"])["level"].transform("size")
    size = _size_law(pairs, error, weight.to_numpy("float64"))
    told = pairs.assign(error=error / _sizes(pairs, size), weight=weight)
    high = _is_high(pairs)
    spread = [_percentiles(told[own] if own.any() else told) for own in (~high, high)]
    return Learned(shrink, size, np.array(spread))


def _is_high(frame: pd.DataFrame) -> "pd.Series[bool]":
    return share(frame["level"]) >= HIGH


def _features(pairs: pd.DataFrame) -> Array:
    """What the size of an error goes with: (pairs, 5)."""
    level = pairs["level"].to_numpy("float64")
    horizon, noise = (np.log(pairs[name].to_numpy("float64")) for name in ("horizon", "noise"))
    return np.column_stack([np.ones(len(pairs)), horizon, noise, level, level**2])


def _sizes(pairs: pd.DataFrame, law: Array) -> Array:
    """Mean absolute errors (pairs,) that the law expects."""
    return np.asarray(np.exp(_features(pairs) @ law))


def _size_law(pairs: pd.DataFrame, error: Array, weight: Array) -> Array:
    """Coefficients (5,) of the logarithm of the mean absolute error, which never shrinks with time.

    With few countries those of noise and level are zero, and so are those that nothing tells.
    """
    from statsmodels.api import GLM, families

    features = _features(pairs)
    told = features.shape[1] if pairs["area_id"].nunique() >= LEAST_AREAS else 2
    apart = [0, *(at for at in range(1, told) if np.ptp(features[:, at]))]
    size = np.zeros(features.shape[1])
    sizes = np.maximum(np.abs(error), LEAST_ERROR / 10.0)
    if not np.ptp(sizes):  # lines without an error: nothing to tell them apart by
        size[0] = np.log(sizes[0])
        return size
    gamma = families.Gamma(families.links.Log())
    size[apart] = GLM(sizes, features[:, apart], gamma, var_weights=weight).fit().params
    size[1] = max(size[1], 0.0)
    return size


def _percentiles(told: pd.DataFrame) -> Array:
    """The TAILS (2,) of errors over their size, for one more area than those that are known."""
    areas = told["area_id"].nunique()
    out = min(TAILS[1] * (areas + 1) / areas, 1.0)
    error, weight = (told[name].to_numpy("float64") for name in ("error", "weight"))
    found = np.quantile(error, [1.0 - out, out], weights=weight, method="inverted_cdf")
    return np.asarray([min(found[0], 0.0), max(found[1], 0.0)])


def interval(pairs: pd.DataFrame, learned: Learned) -> pd.DataFrame:
    """Columns `share`, `low` and `high` of projections: a trend and `horizon`."""
    middle = _middle(pairs, learned.shrink)
    sizes = _sizes(pairs, learned.size)
    spread = learned.spread[_is_high(pairs).to_numpy("int64")]
    low, high = (np.maximum(np.abs(spread[:, end]) * sizes, LEAST_ERROR) for end in (0, 1))
    return pd.DataFrame(
        {"share": share(middle), "low": share(middle - low), "high": share(middle + high)}
    )


def projected(shares: pd.DataFrame, learned: Learned, last: int) -> pd.DataFrame:
    """The years after the last report of each area, up to `last` and REACH years on.

    Columns: `area_id`, `year`, `share`, `low`, `high`, `reported` (the last reported year).
    Areas whose last report is nothing at all are left out.
    """
    final = shares.sort_values("year").drop_duplicates("area_id", keep="last")
    alive = final.loc[final["share"] > 0, "area_id"]
    known = origins(shares[shares["area_id"].isin(alive)])
    ends = known.drop_duplicates("area_id", keep="last").rename(columns={"year": "reported"})
    years = pd.DataFrame({"year": range(int(shares["year"].min()) + 1, last + 1)})
    pairs = ends.drop(columns="share").merge(years, how="cross")
    pairs = pairs.assign(horizon=pairs["year"] - pairs["reported"])
    pairs = pairs[pairs["horizon"].between(1, REACH)].reset_index(drop=True)
    return pd.concat([pairs[["area_id", "year", "reported"]], interval(pairs, learned)], axis=1)
