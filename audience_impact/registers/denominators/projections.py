"""Shares of a population that uses the internet, projected to years without a report.

Definitions. A series is the reported share of a population that uses the internet, one number per
country and year. The origin of a projection is the last reported year, its horizon the years from
there.

Method. In log odds, the least-squares slope of the last five reports, times one number for all
countries that shrinks it towards no growth, from the last report on. This shrinkage factor
minimises the mean error in share points over projections from every origin since 2013, compared
with later reports. The errors of those projections differ in size: the mean size is a power of the
horizon and of the noise (how far the country's last reports lie from their own line, drawn towards
a usual noise as if by two reports), times the exponential of a parabola of the level; a gamma
regression of absolute errors on these (Glejser 1969; McCullagh and Nelder 1989, chapter 8). The
spread is the 5th and 95th percentile of errors over their size, apart for shares below and from 90
% on. Every country has the same weight at every horizon, and the percentiles are widened as if
there were one more country without data (Dunn, Wasserman and Ramdas 2023).

Assumptions. Countries differ in level and noise, and otherwise have the same errors. Shares of less
than 0.1 % or more than 99.9 % count as these.

How well. `python -m benchmarks.errors`, for countries left out, by years.

Known drawbacks. Past series were revised later and smoothed in years without a survey, so the
errors of projections at the time were larger. It is not recorded which reports are based on a
survey: the noise of a series is used instead. A country that shuts itself off, or whose first
survey in years corrects the series, will be outside the interval.

Citations. Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 5.10 (rolling origin).
Glejser (1969), A new test for heteroskedasticity, JASA 64. McCullagh and Nelder (1989), Generalized
Linear Models. Dunn, Wasserman and Ramdas (2023), Distribution-free prediction sets for two-layer
hierarchical models, JASA 118.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from audience_impact.frames import Array

REPORTS, REACH = 5, 10
"""Number of reports of a trend, and maximum number of years that they, and a projection, span."""
LEAST_REPORTS = 3
"""Minimum number of reports for a slope."""
FIRST_ORIGIN, LONGEST = 2013, 8
LEAST = 0.001
HIGH = 0.9
TAILS = (0.05, 0.95)
SHRINKS = np.round(np.arange(0, 1.01, 0.05), 2)
USUAL_NOISE, USUAL_REPORTS = 0.02, 2
"""Noise towards which that of a short series is shrunk, in log odds, with its weight in reports."""
LEAST_ERROR = 0.01
"""Minimum error of a projection, in log odds."""
LEAST_AREAS = 20
"""Minimum number of countries to fit the effects of horizon, level and noise on errors."""


@dataclass(frozen=True)
class FittedProjection:
    """The fitted factor of the slope, and the fitted errors of projections.

    `size` (5,) are the coefficients of the features of a projection, `spread` the percentiles of
    errors over their size: a row for shares below HIGH and one for those from there on.
    """

    shrink: float
    size: Array
    spread: Array


def log_odds(shares: "pd.Series[float]") -> "pd.Series[float]":
    """Return log odds of shares, which are first cut to LEAST..1 - LEAST."""
    inside = shares.clip(LEAST, 1 - LEAST)
    return pd.Series(np.log(inside / (1 - inside)), shares.index)


def share_from_odds(odds: "pd.Series[float]") -> "pd.Series[float]":
    """Return the share (0..1) at these log odds."""
    return 1 / (1 + np.exp(-odds))


def fit_trends(shares: pd.DataFrame) -> pd.DataFrame:
    """Return the trend to each report (`area_id`, `year`, `share`): `level`, `slope`, `noise`."""
    reports = shares[shares["share"] > 0].sort_values(["area_id", "year"], ignore_index=True)
    reports = reports.assign(level=log_odds(reports["share"]))
    trends = [
        _fit_trend(area_reports[["year", "level"]].to_numpy("float64")[: place + 1])
        for _, area_reports in reports.groupby("area_id", sort=True)
        for place in range(len(area_reports))
    ]
    fitted = pd.DataFrame(trends, columns=["slope", "noise"], dtype="float64")
    return pd.concat([reports, fitted], axis=1)


def _fit_trend(reports: Array) -> tuple[float, float]:
    """Return slope and noise up to the last report of an area: rows of year and level."""
    last = reports[-REPORTS:]
    last = last[last[:, 0] > last[-1, 0] - REACH]
    squares, free = USUAL_REPORTS * USUAL_NOISE**2, 0
    slope = 0.0
    if len(last) >= LEAST_REPORTS:
        x, y = (last - last.mean(axis=0)).T
        slope, free = float((x @ y) / (x @ x)), len(last) - 2
        squares += float(((y - slope * x) ** 2).sum())
    return slope, float(np.sqrt(squares / (free + USUAL_REPORTS)))


def pair_projections(shares: pd.DataFrame) -> pd.DataFrame:
    """Return each projection since FIRST_ORIGIN to a later report: trend, `horizon`, `actual`."""
    reports = fit_trends(shares)
    later = reports[["area_id", "year", "level"]].set_axis(["area_id", "then", "actual"], axis=1)
    pairs = reports[reports["year"] >= FIRST_ORIGIN].merge(later, on="area_id")
    pairs = pairs.assign(horizon=pairs["then"] - pairs["year"])
    return pairs[pairs["horizon"].between(1, LONGEST)].reset_index(drop=True)


def projection_errors(pairs: pd.DataFrame, shrink: float) -> "pd.Series[float]":
    """Return the reported minus the projected share, in share points (0 to 1)."""
    return share_from_odds(pairs["actual"]) - share_from_odds(_project_level(pairs, shrink))


def _project_level(pairs: pd.DataFrame, shrink: float) -> "pd.Series[float]":
    return pairs["level"] + shrink * pairs["slope"] * pairs["horizon"]


def fit_projection(pairs: pd.DataFrame) -> FittedProjection:
    """Fit the shrinkage with the least mean error, and the spread of errors, to `pairs`."""
    errors = [float(projection_errors(pairs, candidate).abs().mean()) for candidate in SHRINKS]
    shrink = float(SHRINKS[int(np.argmin(errors))])
    error = (pairs["actual"] - _project_level(pairs, shrink)).to_numpy("float64")
    weight = 1.0 / pairs.groupby(["area_id", "horizon"])["level"].transform("size")
    size = _fit_error_size(pairs, error, weight.to_numpy("float64"))
    scaled = pairs.assign(error=error / _expected_errors(pairs, size), weight=weight)
    high = share_from_odds(pairs["level"]) >= HIGH
    parts = [scaled[is_chosen] if is_chosen.any() else scaled for is_chosen in (~high, high)]
    spread = [_error_percentiles(part) for part in parts]
    return FittedProjection(shrink, size, np.array(spread))


def _error_features(pairs: pd.DataFrame) -> Array:
    level = pairs["level"].to_numpy("float64")
    horizon, noise = (np.log(pairs[name].to_numpy("float64")) for name in ("horizon", "noise"))
    return np.column_stack([np.ones(len(pairs)), horizon, noise, level, level**2])


def _expected_errors(pairs: pd.DataFrame, coefficients: Array) -> Array:
    """Return the expected absolute errors (pairs,), in log odds."""
    return np.asarray(np.exp(_error_features(pairs) @ coefficients))


def _fit_error_size(pairs: pd.DataFrame, error: Array, weight: Array) -> Array:
    """Fit coefficients (5,) of the log mean absolute error, which never shrinks with time.

    Coefficients of noise and level are zero with few countries, and all others without data.
    """
    from statsmodels.api import GLM, families

    features = _error_features(pairs)
    feature_count = features.shape[1] if pairs["area_id"].nunique() >= LEAST_AREAS else 2
    apart = [0, *(at for at in range(1, feature_count) if np.ptp(features[:, at]))]
    size = np.zeros(features.shape[1])
    sizes = np.maximum(np.abs(error), LEAST_ERROR / 10.0)
    if not np.ptp(sizes):  # lines without an error: nothing distinguishes them
        size[0] = np.log(sizes[0])
        return size
    gamma = families.Gamma(families.links.Log())
    size[apart] = GLM(sizes, features[:, apart], gamma, var_weights=weight).fit().params
    size[1] = max(size[1], 0.0)
    return size


def _error_percentiles(rows: pd.DataFrame) -> Array:
    """Return quantiles TAILS (2,) of errors over their size, corrected for one more area."""
    areas = rows["area_id"].nunique()
    out = min(TAILS[1] * (areas + 1) / areas, 1.0)
    error, weight = (rows[name].to_numpy("float64") for name in ("error", "weight"))
    percentiles = np.quantile(error, [1.0 - out, out], weights=weight, method="inverted_cdf")
    return np.asarray([min(percentiles[0], 0.0), max(percentiles[1], 0.0)])


def projection_interval(pairs: pd.DataFrame, fitted: FittedProjection) -> pd.DataFrame:
    """Return `share`, `low` and `high` (0 to 1) of each projection.

    `pairs` has its trend (`level` and `slope` in log odds, `noise`) and its `horizon` in years.
    """
    middle = _project_level(pairs, fitted.shrink)
    sizes = _expected_errors(pairs, fitted.size)
    spread = fitted.spread[(share_from_odds(pairs["level"]) >= HIGH).to_numpy("int64")]
    low, high = (np.maximum(np.abs(spread[:, end]) * sizes, LEAST_ERROR) for end in (0, 1))
    odds = {"share": middle, "low": middle - low, "high": middle + high}
    return pd.DataFrame({name: share_from_odds(values) for name, values in odds.items()})


def project_shares(shares: pd.DataFrame, fitted: FittedProjection, last: int) -> pd.DataFrame:
    """Return the shares of the years after the last report of each area.

    The years end with `last`, and at most REACH years after the report. Columns: `area_id`, `year`,
    `share`, `low`, `high`, `reported` (the last reported year). Areas whose last report is 0 are
    left out.
    """
    final = shares.sort_values("year").drop_duplicates("area_id", keep="last")
    alive = final.loc[final["share"] > 0, "area_id"]
    reports = fit_trends(shares[shares["area_id"].isin(alive)])
    ends = reports.drop_duplicates("area_id", keep="last").rename(columns={"year": "reported"})
    years = pd.DataFrame({"year": range(int(shares["year"].min()) + 1, last + 1)})
    pairs = ends.drop(columns="share").merge(years, how="cross")
    pairs = pairs.assign(horizon=pairs["year"] - pairs["reported"])
    pairs = pairs[pairs["horizon"].between(1, REACH)].reset_index(drop=True)
    about = pairs[["area_id", "year", "reported"]]
    return pd.concat([about, projection_interval(pairs, fitted)], axis=1)
