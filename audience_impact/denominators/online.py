"""The share of residents online by country and day, from the fact table `online_levels`.

Definitions. The level of a share p is the log odds of (p + EDGE) / (1 + 2 EDGE), so that shares of
0 and 1, which publishers print, have a finite level. A moment is a day as a decimal year; the
level of a year is that of its middle.

Method. The fit (fitting/people_online.py) gives the mean and standard deviation of the level
of each country and year, the correlation with the year before, and the part of the variance that
all countries have in common. Between the middles of two years the level is on the line between
theirs. Before the first and after the last it goes on with the nearest step, and the variance grows
each year by as much as in the last, and by as much more as there. In each draw a country has one
path over the days, with r the mean correlation of its years and s that of all countries,

    x[y] = sqrt(1 - c) own[y] + sqrt(c) world[y],
    own[y] = r own[y - 1] + sqrt(1 - r^2) e,    world[y] = s world[y - 1] + sqrt(1 - s^2) e',

c the common part of the variance on the day, so that one day has one count whoever asks, and days
and countries are correlated as the fit says.

Assumptions. Levels are normal. A path depends on the year before alone. What countries share
enters all of them with the same sign.

Known drawbacks. Shares beyond 0 and 1 are set to these, so that the distribution of a country
where everyone is online has a part of its mass there. The correlation of a draw from year to year
is that of the average year.

Citation. J. Durbin, S. J. Koopman, Time Series Analysis by State Space Methods (2012).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from audience_impact.figure_errors import Z95
from audience_impact.frames import Array
from audience_impact.vocabulary import ONLINE_YEARS

EDGE = 0.04
"""Share by which the scale of levels reaches beyond 0 and 1."""
YEARS = np.array(ONLINE_YEARS)
MIDDLES: Array = YEARS + 0.5
YEAR_DAYS = 365.2425
VALUES = ["mean", "deviation", "correlation", "common"]
"""Columns of `online_levels` with the numbers of a country and year."""
PATH = ["online_moment", "online_correlation", "online_common", "world_correlation"]
"""Columns by which people online are drawn: the moment, r, c and s; NaN for other counts."""


def compute_levels(shares: Array) -> Array:
    """Return the levels of shares (any shape) from 0 to 1."""
    return np.asarray(logit((np.clip(shares, 0.0, 1.0) + EDGE) / (1.0 + 2.0 * EDGE)))


def compute_shares(levels: Array) -> Array:
    """Return the shares (any shape) at these levels, at least 0 and at most 1."""
    return np.asarray(np.clip((1.0 + 2.0 * EDGE) * expit(levels) - EDGE, 0.0, 1.0))


def compute_moments(days: pd.Series) -> Array:
    """Return days as decimal years (rows,); NaN where there is no day."""
    passed = (days.dt.day_of_year - 1) / YEAR_DAYS
    return np.asarray(days.dt.year + passed, dtype="float64")


def weigh_years(moments: Array) -> Array:
    """Return the weights (..., YEARS) of the two years around each moment."""
    place = np.clip(moments - MIDDLES[0], 0.0, len(YEARS) - 1.0)
    return np.asarray(np.maximum(1.0 - np.abs(place[..., None] - np.arange(len(YEARS))), 0.0))


def measure_distance(moments: Array) -> tuple[Array, Array]:
    """Return the years (...) by which moments are before the first middle, and after the last."""
    return (
        np.asarray(np.maximum(MIDDLES[0] - moments, 0.0)),
        np.asarray(np.maximum(moments - MIDDLES[-1], 0.0)),
    )


def follow_line(values: Array, moments: Array) -> Array:
    """Return yearly values (rows, YEARS) at moments (rows,), beyond the years on the last line."""
    before, after = measure_distance(moments)
    near = (weigh_years(moments) * values).sum(axis=1)
    first, last = values[:, 1] - values[:, 0], values[:, -1] - values[:, -2]
    return np.asarray(near - before * first + after * last)


def measure_growth(deviation: Array, moments: Array) -> Array:
    """Return the variance (rows,) that is added beyond the years of a deviation (rows, YEARS)."""
    steps = np.maximum(np.diff(deviation[:, -3:] ** 2, axis=1), 0.0)
    more = np.maximum(steps[:, 1] - steps[:, 0], 0.0)
    years = sum(measure_distance(moments))
    return np.asarray(steps[:, 1] * years + more * years * (years + 1.0) / 2.0)


def measure_deviation(weights: Array, correlation: Array) -> Array:
    """Return the deviation (rows,) of weighted years; `correlation` is with the year before."""
    adjacent = (weights[:, 1:] * weights[:, :-1] * correlation).sum(axis=1)
    return np.asarray(np.sqrt((weights**2).sum(axis=1) + 2.0 * adjacent))


@dataclass(frozen=True)
class OnlineLevels:
    """The fitted levels of countries by year."""

    areas: pd.Index  # the countries
    values: dict[str, Array]  # arrays (countries, YEARS) by the names VALUES

    @classmethod
    def from_table(cls, online_levels: pd.DataFrame) -> "OnlineLevels | None":
        """Return the levels of countries that have all years; None without one."""
        rows = online_levels.assign(year=online_levels["period_start"].dt.year)
        wide = rows.pivot(index="area_id", columns="year", values=VALUES)
        wide = wide.reindex(columns=pd.MultiIndex.from_product([VALUES, YEARS])).dropna()
        if wide.empty:
            return None
        return cls(wide.index, {name: wide[name].to_numpy("float64") for name in VALUES})

    def compute_quantiles(self, areas: pd.Series, moments: Array) -> pd.DataFrame:
        """Return `q05_share`, `q50_share`, `q95_share` of areas; NaN without levels or a moment."""
        rows = self.areas.get_indexer(areas)
        has_share = (rows >= 0) & ~np.isnan(moments)
        moments = np.nan_to_num(moments, nan=MIDDLES[0])
        weights = weigh_years(moments)
        mean, deviation, correlation = (self.values[name][rows] for name in VALUES[:3])
        middle = follow_line(mean, moments)
        error = measure_deviation(weights * deviation, correlation[:, 1:])
        error = np.sqrt(error**2 + measure_growth(deviation, moments))
        quantiles = {
            f"{name}_share": np.where(has_share, compute_shares(middle + z * error), np.nan)
            for name, z in (("q05", -Z95), ("q50", 0.0), ("q95", Z95))
        }
        return pd.DataFrame(quantiles, index=areas.index)

    def describe_paths(self, areas: pd.Series, moments: Array) -> pd.DataFrame:
        """Return columns PATH of areas with levels at moments, indexed as `areas`."""
        rows = self.areas.get_indexer(areas)
        correlation = self.values["correlation"][:, 1:].mean(axis=1)
        common = (weigh_years(moments) * self.values["common"][rows]).sum(axis=1)
        values = (moments, correlation[rows], common, correlation.mean())
        return pd.DataFrame(dict(zip(PATH, values, strict=True)), index=areas.index)
