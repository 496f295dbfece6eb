"""Rows of `bases` from publishers' data: populations and people online.

All publishers use the same pipeline. Files of any shape are first converted to the tidy tables of
`Figures` (figures.py); the rest does not depend on their origin.

Definitions. A tidy table has `area_id`, `year` and `persons` or `share` (0 to 1). Projected people
have `persons`, `low` and `high`: the medium projection and its 95 % bounds.

Method. Population of a year: the World Bank up to its last year, after it the medium projection of
World Population Prospects with its 95 % bounds. Users of the internet: the reported share of the
ITU times the population of that year; after the last report a projected share with its range (see
below), whose low end meets the low population and whose high end the high one, never above the
population.

Assumptions. A reported share is of the whole population.

Known drawbacks. The product does not show how the share was rounded or modelled. The two
populations are of different vintages, so the step from the last year of the former to the first of
the latter is not only growth. The share of the ITU is of the survey's respondents, in some
countries of a certain age.

Citation. World Bank SP.POP.TOTL; ITU, individuals using the internet; United Nations, World
Population Prospects 2024.

Projections are shares of a population that uses the internet, for years without a report.

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

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd

from audience_impact.facts.rules.notes import PRODUCT
from audience_impact.frames import Array
from audience_impact.vocabulary import WORLD, ObsStatus, PopulationBase

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
"""Value towards which the noise of a short series is shrunk, in log odds, and its weight as a
number of reports.
"""
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
        trend
        for _, area_reports in reports.groupby("area_id", sort=True)
        for trend in _fit_area_trends(
            area_reports["year"].to_numpy("float64"), area_reports["level"].to_numpy("float64")
        )
    ]
    fitted = pd.DataFrame(trends, columns=["slope", "noise"], dtype="float64")
    return pd.concat([reports, fitted], axis=1)


def _fit_area_trends(years: Array, levels: Array) -> list[tuple[float, float]]:
    """Return slope and noise up to each report of an area, from its last reports."""
    trends = []
    for place, year in enumerate(years):
        first = max(0, place + 1 - REPORTS)
        chosen = slice(max(first, int(np.searchsorted(years, year - REACH + 1))), place + 1)
        x, y = years[chosen] - years[chosen].mean(), levels[chosen] - levels[chosen].mean()
        has_slope = len(x) >= LEAST_REPORTS
        slope = float((x @ y) / (x @ x)) if has_slope else 0.0
        squares = float(((y - slope * x) ** 2).sum()) if has_slope else 0.0
        free = len(x) - 2 if has_slope else 0
        squares += USUAL_REPORTS * USUAL_NOISE**2
        trends.append((slope, float(np.sqrt(squares / (free + USUAL_REPORTS)))))
    return trends


def pair_projections(shares: pd.DataFrame) -> pd.DataFrame:
    """Return each projection that a later report can check: its trend, `horizon` and `actual`.

    There is a row for each origin since FIRST_ORIGIN and each later report of the same area.
    """
    reports = fit_trends(shares)
    later = reports[["area_id", "year", "level"]].rename(
        columns={"year": "then", "level": "actual"}
    )
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
    high = _is_high(pairs)
    spread = [
        _error_percentiles(scaled[is_chosen] if is_chosen.any() else scaled)
        for is_chosen in (~high, high)
    ]
    return FittedProjection(shrink, size, np.array(spread))


def _is_high(frame: pd.DataFrame) -> "pd.Series[bool]":
    return share_from_odds(frame["level"]) >= HIGH


def _error_features(pairs: pd.DataFrame) -> Array:
    """Return the features (pairs, 5) that the size of an error depends on."""
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
    """Return columns `share`, `low` and `high` of projections: a trend and `horizon`."""
    middle = _project_level(pairs, fitted.shrink)
    sizes = _expected_errors(pairs, fitted.size)
    spread = fitted.spread[_is_high(pairs).to_numpy("int64")]
    low, high = (np.maximum(np.abs(spread[:, end]) * sizes, LEAST_ERROR) for end in (0, 1))
    return pd.DataFrame(
        {
            "share": share_from_odds(middle),
            "low": share_from_odds(middle - low),
            "high": share_from_odds(middle + high),
        }
    )


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
    return pd.concat(
        [pairs[["area_id", "year", "reported"]], projection_interval(pairs, fitted)], axis=1
    )


LAST_ESTIMATE = 2023
"""Last year that the UN estimates; later years are projections."""
PROJECTED = "internet-use-projection"
"""Series of the rows that are projected here from trends; each run replaces them."""
COLUMNS = [
    *("base_id", "area_id", "population_base", "period", "persons", "low_persons"),
    *("high_persons", "urban_persons", "obs_status", "source_id", "also_source_id"),
    *("measurement_series_id", "note"),
]
_NUMBERS = (("persons", "persons"), ("low_persons", "low"), ("high_persons", "high"))


def _make_empty(*columns: str) -> Callable[[], pd.DataFrame]:
    kinds = {"area_id": "str", "year": "int64", **dict.fromkeys(columns, "float64")}
    return lambda: pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})


class Years(NamedTuple):
    """The requested years, both included."""

    first: int
    last: int


@dataclass(frozen=True)
class Sources:
    """Rows of `sources` for the publishers, and notes on the dates of projections.

    `mid_year` ends the note of a projection in the middle of a year.
    """

    population: str
    internet: str
    projections: str
    mid_year: str


@dataclass(frozen=True)
class Figures:
    """Tidy tables of the publishers' numbers; a table that was not requested is empty.

    `counted` has `persons`, `shares` has `share`, `ahead` (in the middle of a year) and `year_ends`
    (on 31 December, for areas that nobody counts) have `persons`, `low` and `high`.
    """

    counted: pd.DataFrame = field(default_factory=_make_empty("persons"))
    shares: pd.DataFrame = field(default_factory=_make_empty("share"))
    ahead: pd.DataFrame = field(default_factory=_make_empty("persons", "low", "high"))
    year_ends: pd.DataFrame = field(default_factory=_make_empty("persons", "low", "high"))


def rows_from_figures(figures: Figures, sources: Sources, years: Years) -> pd.DataFrame:
    """Return rows of the whole population and of internet users, reported and projected."""
    parts = [population_rows(figures, sources, years), internet_rows(figures, sources, years)]
    return pd.concat(parts, ignore_index=True)


def base_rows(
    frame: pd.DataFrame, base: PopulationBase, tag: str, **columns: object
) -> pd.DataFrame:
    """Return rows of `bases` from `area_id`, `period`, `persons`, and `low` and `high` if present.

    `columns` are the values of other columns; columns not passed are empty.
    """
    numbers = {
        column: frame[name].map(lambda value: "" if pd.isna(value) else str(round(value)))
        for column, name in _NUMBERS
        if name in frame
    }
    period = frame["period"].astype("str")
    rows = frame.assign(
        base_id=frame["area_id"] + f"-{base}-" + period + f"-{tag}",
        population_base=base.value,
        period=period,
        **numbers,
    ).assign(**columns)
    return rows.reindex(columns=COLUMNS, fill_value="").astype("str").reset_index(drop=True)


def population_rows(figures: Figures, sources: Sources, years: Years) -> pd.DataFrame:
    """Return rows of the whole population, counted and projected."""
    counted, ends = figures.counted, figures.year_ends
    ahead = figures.ahead[_after_last_count(figures) & figures.ahead["year"].between(*years)]
    alone = ends[~ends["area_id"].isin(counted["area_id"]) & (ends["year"] == ends["year"].min())]
    counted = counted[counted["year"].between(*years)]
    bounds = "medium projection and 95 % bounds"
    forecast = {"obs_status": ObsStatus.FORECAST.value, "source_id": sources.projections}
    normal = {"obs_status": ObsStatus.NORMAL.value, "source_id": sources.population}
    at_year_end = f"{bounds} of 31 December; the World Bank has no row"
    at_middle = f"{bounds}; {sources.mid_year}"
    last_days = alone["year"].astype("str") + "-12-31"
    everybody = PopulationBase.ALL_AGES
    rows = [
        base_rows(counted.assign(period=counted["year"]), everybody, "worldbank", **normal),
        base_rows(
            ahead.assign(period=ahead["year"], note=at_middle), everybody, "wpp2024", **forecast
        ),
        base_rows(
            alone.assign(period=last_days, note=at_year_end), everybody, "wpp2024", **forecast
        ),
    ]
    return pd.concat(rows, ignore_index=True)


def _after_last_count(figures: Figures) -> "pd.Series[bool]":
    last = figures.counted.groupby("area_id")["year"].max()
    last_year = figures.ahead["area_id"].map(last).astype("float64").fillna(LAST_ESTIMATE)
    return figures.ahead["year"] > last_year.clip(lower=LAST_ESTIMATE)


def population_by_year(figures: Figures) -> pd.DataFrame:
    """Return a population for each country and year: the count, else the projection with bounds."""
    persons = figures.counted["persons"]
    counted = figures.counted.assign(low=persons, high=persons, projected=False)
    joined = pd.concat([counted, figures.ahead.assign(projected=True)])
    return joined.drop_duplicates(["area_id", "year"]).sort_values(
        ["area_id", "year"], ignore_index=True
    )


def internet_rows(figures: Figures, sources: Sources, years: Years) -> pd.DataFrame:
    """Return rows of internet users: reported shares times the population, then projections."""
    both = figures.shares.merge(figures.counted, on=["area_id", "year"])
    both = both[both["year"].between(*years)]
    products = both.assign(persons=both["share"] * both["persons"], period=both["year"])
    reported = base_rows(
        products,
        PopulationBase.INTERNET_ALL,
        "itu",
        obs_status=ObsStatus.ESTIMATED.value,
        source_id=sources.internet,
        also_source_id=sources.population,
        note=_format_percent(products["share"])
        + f"{PRODUCT}: share of the ITU, population of the World Bank",
    )
    return pd.concat(
        [reported, _projected_internet_rows(figures, sources, years)], ignore_index=True
    )


def _format_percent(shares: "pd.Series[float]") -> "pd.Series[str]":
    """Return shares as text in percent, to four decimals."""
    return shares.map(lambda share: f"{100.0 * share:.4f}".rstrip("0").rstrip(".")).astype("str")


def _projected_internet_rows(figures: Figures, sources: Sources, years: Years) -> pd.DataFrame:
    shares = figures.shares
    pairs = pair_projections(shares[shares["area_id"] != WORLD])
    if pairs.empty:
        return pd.DataFrame(columns=COLUMNS, dtype="str")
    projected = project_shares(shares, fit_projection(pairs), years.last)
    ahead = projected.merge(
        population_by_year(figures), on=["area_id", "year"], suffixes=("_share", "")
    )
    ahead = ahead[ahead["year"] >= years.first]
    middle = (ahead["share"] * ahead["persons"]).round()
    high = np.maximum(ahead["high_share"] * ahead["high"], middle)
    also = ahead["projected"].map({True: sources.projections, False: sources.population})
    low = np.minimum(ahead["low_share"] * ahead["low"], middle)
    high = np.minimum(high, ahead["persons"].round())
    part, least, most = (
        _format_percent(number / ahead["persons"]) for number in (middle, low, high)
    )
    rows = ahead.assign(
        persons=middle,
        low=low,
        high=high,
        period=ahead["year"],
        also_source_id=also,
        note=part
        + f"{PRODUCT}, "
        + least
        + " to "
        + most
        + " %; share projected from "
        + ahead["reported"].astype("str")
        + ", the last year reported to the ITU; 5 to 95 % of errors on held-out years",
    )
    return base_rows(
        rows,
        PopulationBase.INTERNET_ALL,
        "projected",
        obs_status=ObsStatus.FORECAST.value,
        source_id=sources.internet,
        measurement_series_id=PROJECTED,
    )
