"""How many of a country use the internet in years for which nobody has reported yet.

Definitions. A series is the reported share of a population that uses the internet, one number a
country and year. The origin of a projection is the last reported year, its horizon the years
from there.

Method. In log odds, the least-squares slope of the last five reports, times one number for all
countries that shrinks it towards no growth, from the last report on. The number is the one with
the least mean error in share points among projections made from every origin since 2013 and
compared with what was reported afterwards. The spread is the 5th and 95th percentile of the
errors of those projections in log odds, apart for shares below and from 90 % on, as powers of
the horizon fitted over one to eight years; so it grows. Fewer than three reports in ten years:
no slope.

Assumptions. Countries err alike. Shares of less than 0.1 % or more than 99.9 % count as these.

How well. On the series of the ITU up to 2023 (212 countries, 8,634 projections) the slope is taken
times 0.9. Judged by what the other half of the countries taught, the mean error is 2.3, 3.9, 5.5,
7.0 and 8.7 share points after one to five years, where no growth at all errs by 3.4, 6.6, 9.9,
13.3 and 16.6; the interval, meant to hold 90 % of what was reported later, held 88 to 91 % at
every horizon from one to eight years.

Known drawbacks. Past series were revised after the fact and smoothed where no survey was made,
so the errors of projections in their own time were larger. A country that shuts itself off, or
whose first survey in years corrects the series, leaves the interval.

Citation. Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 5.10 (rolling
origin).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

REPORTS, REACH = 5, 10
"""How many reports make a trend, and over how many years they and a projection may reach."""
LEAST_REPORTS = 3
"""Fewer reports have no slope."""
FIRST_ORIGIN, LONGEST = 2013, 8
LEAST = 0.001
HIGH = 0.9
TAILS = (0.05, 0.95)
SHRINKS = np.round(np.arange(0, 1.01, 0.05), 2)


@dataclass(frozen=True)
class Learned:
    """The number the slope is taken times, and the spread: one row a (high, tail).

    `spread` has `scale` and `power`: the error in log odds is scale times horizon to the power.
    """

    shrink: float
    spread: pd.DataFrame


def log_odds(shares: "pd.Series[float]") -> "pd.Series[float]":
    """Log odds of shares, those near nothing and near all taken as LEAST from it."""
    inside = shares.clip(LEAST, 1 - LEAST)
    return pd.Series(np.log(inside / (1 - inside)), shares.index)


def share(odds: "pd.Series[float]") -> "pd.Series[float]":
    """The share of log odds."""
    return 1 / (1 + np.exp(-odds))


def origins(shares: pd.DataFrame) -> pd.DataFrame:
    """For each report (`area_id`, `year`, `share`) the trend up to it: `level` and `slope`."""
    known = shares[shares["share"] > 0].sort_values(["area_id", "year"], ignore_index=True)
    known = known.assign(level=log_odds(known["share"]))
    slopes = [
        slope
        for _, own in known.groupby("area_id", sort=True)
        for slope in _slopes(own["year"].to_numpy("float64"), own["level"].to_numpy("float64"))
    ]
    return known.assign(slope=slopes)


def _slopes(years: np.ndarray, levels: np.ndarray) -> list[float]:
    found = []
    for place, year in enumerate(years):
        first = max(0, place + 1 - REPORTS)
        chosen = slice(max(first, int(np.searchsorted(years, year - REACH + 1))), place + 1)
        x, y = years[chosen], levels[chosen]
        x = x - x.mean()
        found.append(float((x @ y) / (x @ x)) if len(x) >= LEAST_REPORTS else 0.0)
    return found


def held_out(shares: pd.DataFrame) -> pd.DataFrame:
    """Every projection that can be compared: `level`, `slope`, `horizon` and what came, `actual`.

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
    told = pairs.assign(error=pairs["actual"] - _middle(pairs, shrink), high=_is_high(pairs))
    rows = []
    for high, own in told.groupby("high", sort=True):
        at = own.groupby("horizon")["error"].quantile(list(TAILS)).unstack()
        for tail in TAILS:
            rows.append((high, tail, *_power_law(at[tail].abs())))
    table = pd.DataFrame(rows, columns=["high", "tail", "scale", "power"])
    return Learned(shrink, table.set_index(["high", "tail"]))


def _is_high(frame: pd.DataFrame) -> "pd.Series[bool]":
    return share(frame["level"]) >= HIGH


def _power_law(sizes: "pd.Series[float]") -> tuple[float, float]:
    """Scale and power of sizes by horizon; one power of one half where there is but one."""
    x = np.log(sizes.index.to_numpy("float64"))
    y = np.log(sizes.clip(lower=0.01).to_numpy("float64"))
    apart = x - x.mean()
    power = float(apart @ y / (apart @ apart)) if len(x) > 1 else 0.5
    power = min(max(power, 0.0), 2.0)
    return float(np.exp((y - power * x).mean())), power


def interval(pairs: pd.DataFrame, learned: Learned) -> pd.DataFrame:
    """Columns `share`, `low` and `high` of projections with `level`, `slope` and `horizon`."""
    middle = _middle(pairs, learned.shrink)
    high = _is_high(pairs)
    ends = {}
    for name, tail, sign in (("low", TAILS[0], -1), ("high", TAILS[1], 1)):
        about = learned.spread.xs(tail, level="tail").reindex(high.to_numpy())
        about = about.fillna(learned.spread.xs(tail, level="tail").max())
        size = about["scale"].to_numpy() * pairs["horizon"].to_numpy() ** about["power"].to_numpy()
        ends[name] = share(middle + sign * size)
    return pd.DataFrame({"share": share(middle), **ends})


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


def coverage(pairs: pd.DataFrame) -> pd.DataFrame:
    """By horizon: mean error in share points, that without growth, and how often the interval held.

    Every projection is judged by what the other half of the areas taught.
    """
    half = pairs["area_id"].rank(method="dense").mod(2)
    parts = []
    for side in (0, 1):
        learned = learn(pairs[half != side])
        asked = pairs[half == side].reset_index(drop=True)
        found = interval(asked, learned)
        actual = share(asked["actual"])
        parts.append(
            pd.DataFrame(
                {
                    "horizon": asked["horizon"],
                    "error": (actual - found["share"]).abs(),
                    "without_growth": (actual - share(asked["level"])).abs(),
                    "held": actual.between(found["low"], found["high"]),
                }
            )
        )
    joined = pd.concat(parts)
    table = joined.groupby("horizon").mean().assign(count=joined.groupby("horizon").size())
    return table
