"""The share of residents online by country and day, from the fact table `online_levels`.

Definitions. The level of a share p is the log odds of (p + EDGE) / (1 + 2 EDGE), so that shares of
0 and 1, which publishers print, have a finite level. A moment is a day as a decimal year; the
level of a year is that of its middle.

Method. The fit (fitting/online.py) gives the mean and standard deviation of the level of each
country and year, the correlation with the year before, and the part of the variance that all
countries have in common. Between the middles of two years the level is on the line between theirs;
before the first and after the last it is that of the nearest year. Draws follow the same lines: in
each draw a country has one path, x[y] = r x[y - 1] + sqrt(1 - r^2) e, made of a path of its own
and one that all countries share.

Assumptions. Levels are normal. A path depends on the year before alone. What countries share
enters all of them with the same sign.

Known drawbacks. Shares beyond 0 and 1 are set to these, so that the distribution of a country
where everyone is online has a part of its mass there.

Citation. J. Durbin, S. J. Koopman, Time Series Analysis by State Space Methods (2012).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit, ndtr, ndtri

from audience_impact.frames import Array

EDGE = 0.04
"""Share by which the scale of levels reaches beyond 0 and 1."""
Z95 = float(ndtri(0.95))
VALUES = ["mean", "deviation", "correlation", "common"]
YEAR_DAYS = 365.2425


def compute_levels(shares: Array) -> Array:
    """Return the levels of shares (any shape) from 0 to 1."""
    return np.asarray(logit((np.clip(shares, 0.0, 1.0) + EDGE) / (1.0 + 2.0 * EDGE)))


def compute_shares(levels: Array) -> Array:
    """Return the shares (any shape) at these levels, at least 0 and at most 1."""
    return np.asarray(np.clip((1.0 + 2.0 * EDGE) * expit(levels) - EDGE, 0.0, 1.0))


def compute_moments(days: pd.Series) -> Array:
    """Return days as decimal years (rows,); NaN stays NaN."""
    year = days.dt.year
    return np.asarray(year + (days.dt.dayofyear - 1) / YEAR_DAYS, dtype="float64")


@dataclass(frozen=True)
class OnlineLevels:
    """The fitted levels of countries by year.

    Attributes:
        first_year: The first year of the table.
        row_of: The row of each country in the arrays.
        values: Arrays (countries, years) by the names VALUES.
        counts: The counts that each country rests on, as text.
    """

    first_year: int
    row_of: "pd.Series[int]"
    values: dict[str, Array]
    counts: "pd.Series[str]"

    @classmethod
    def from_table(cls, online_levels: pd.DataFrame) -> "OnlineLevels | None":
        """Return the levels in the fact table (typed); None without rows."""
        if online_levels.empty:
            return None
        rows = online_levels.assign(year=online_levels["period_start"].dt.year)
        wide = {name: rows.pivot(index="area_id", columns="year", values=name) for name in VALUES}
        areas = wide["mean"].index
        return cls(
            int(rows["year"].min()),
            pd.Series(range(len(areas)), areas),
            {name: table.to_numpy("float64") for name, table in wide.items()},
            rows.drop_duplicates("area_id").set_index("area_id")["note"],
        )

    def find_rows(self, areas: pd.Series) -> Array:
        """Return the row of each area in the arrays (areas,); -1 for areas without levels."""
        return areas.map(self.row_of).fillna(-1).to_numpy("int64")

    def _weigh_years(self, moments: Array) -> tuple[Array, Array]:
        """Return the earlier of two years (index) around each moment, and the part of the later."""
        last = self.values["mean"].shape[1] - 1
        place = np.clip(moments - self.first_year - 0.5, 0.0, last)
        year = np.minimum(place.astype("int64"), last - 1)
        return year, place - year

    def compute_levels(self, rows: Array, moments: Array) -> tuple[Array, Array]:
        """Return mean and standard deviation of the level of each row at its moment."""
        year, part = self._weigh_years(moments)
        mean, deviation, correlation = (self.values[name][rows] for name in VALUES[:3])
        at = np.arange(len(rows))
        first, second = (1.0 - part) * deviation[at, year], part * deviation[at, year + 1]
        variance = first**2 + second**2 + 2.0 * correlation[at, year + 1] * first * second
        return (1.0 - part) * mean[at, year] + part * mean[at, year + 1], np.sqrt(variance)

    def compute_quantiles(self, areas: pd.Series, moments: Array) -> pd.DataFrame:
        """Return `q05_share`, `q50_share`, `q95_share` of areas at moments, indexed as `areas`.

        NaN where an area has no levels or its moment is NaN.
        """
        rows = self.find_rows(areas)
        mean, deviation = self.compute_levels(rows, np.nan_to_num(moments, nan=self.first_year))
        known = (rows >= 0) & ~np.isnan(moments)
        quantiles = {
            f"{name}_share": np.where(known, compute_shares(mean + z * deviation), np.nan)
            for name, z in (("q05", -Z95), ("q50", 0.0), ("q95", Z95))
        }
        return pd.DataFrame(quantiles, index=areas.index)
