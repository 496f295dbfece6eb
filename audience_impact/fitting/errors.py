"""Fit the fact table `figure_errors`: errors of figures, from pairs of figures.

Definitions. Those of figure_pairs.py and errors/distribution.py: changes and differences are in log
odds of the share of the people online, those of pages and of residents in logs.

Method. Nothing is drawn at random: the same facts give the same numbers, rounded to six decimals.

* growth: the change to the next figure of a series that no restriction touched, over the square
  root of the months (at least one) between; its 5, 50 and 95 % quantiles. The weight of a measurer
  is the square root of the number of its pairs, so that one long table does not dominate.
* restricted_growth: the same while a restriction blocked the whole service.
* base_growth: the same of the people online, from one year to the next; every area has the same
  weight.
* measurers, base_measurers: the 90 % quantile of the absolute difference between two measurers,
  over the square root of two, since both have an error; two measurers of a service count once.
* secondary_source, population: the 90 % quantile of the difference between a printed value and the
  median of all pages, and of the difference between two counts of residents over the square root of
  two.
* low_reliability: assumed, the odds halved or doubled. effective_sample: assumed, 1,500 respondents
  with a design effect of 1.5. tail_degrees: assumed.
* children: assumed. School children are online as often as others in Turkey (TurkStat 2013 to 2024)
  and India (IAMAI 2019), younger ones half as often or less in Brazil (Cetic.br 2015 to 2024).

Assumptions. Growth is proportional to the square root of time. Both figures of a pair have errors
of the same size.

Known drawbacks. The difference of a pair contains the errors of both figures, so that growth over a
month is somewhat overstated. Pages whose values differ by more than LARGEST_RELAY measure different
things and are left out.

Citation. Weighted quantiles: tables.py.
"""

from collections.abc import Callable
from enum import StrEnum

import numpy as np
import pandas as pd

from audience_impact.errors.distribution import Spread
from audience_impact.facts.tables import SERIES, Tables
from audience_impact.fitting import figure_pairs
from audience_impact.fitting.tables import (
    INSIDE,
    TAILS,
    Fit,
    compute_quantiles,
    digest_frames,
    make_parameter_table,
    name_quantiles,
)
from audience_impact.frames import Array
from audience_impact.vocabulary import ErrorQuantile, FigureError, ParameterBasis

LEAST_MONTHS = 1.0
LARGEST_RELAY = 0.1
ASSUMED_HALF_WIDTH = 0.6
"""Half width of an error, in log odds, if no two measurers can be compared."""
ASSUMED_GROWTH = Spread(-0.1, 0.0, 0.3)
LOW_RELIABILITY = float(np.log(2.0))
EFFECTIVE_SAMPLE, TAIL_DEGREES = 1000.0, 4.0
CHILDREN = (0.5, 0.73, 1.0)
FEW = 5
"""Minimum number of pairs for a fit."""
DECIMALS = 6

NOTES: dict[StrEnum, str] = {
    FigureError.GROWTH: "log odds of the share of people online, after one month without a "
    "restriction; grows with the square root of the months",
    FigureError.RESTRICTED_GROWTH: "the same while a restriction of the whole service is in force",
    FigureError.BASE_GROWTH: "log odds of the share of residents online, after one month",
    FigureError.MEASURERS: "half of a 90 % interval, log odds: a measurer against another",
    FigureError.BASE_MEASURERS: "half of a 90 % interval, log odds: a count of people online "
    "against another of the year",
    FigureError.SECONDARY_SOURCE: "half of a 90 % interval, logs: a page against the median of all "
    "that print the measurement",
    FigureError.POPULATION: "half of a 90 % interval, logs: a count of residents against another",
    FigureError.LOW_RELIABILITY: "half of a 90 % interval, log odds: a convention, the odds "
    "halved or doubled where one page of low reliability alone prints a figure",
    FigureError.EFFECTIVE_SAMPLE: "respondents where a survey tells none: a convention, 1,500 "
    "asked with a design effect of 1.5",
    FigureError.TAIL_DEGREES: "degrees of freedom of the tails of growth: a convention",
    FigureError.CHILDREN: "share online of residents below twelve over that of the others: a "
    "convention, after surveys of children in Turkey, India and Brazil",
}


def standardise_changes(pairs: pd.DataFrame) -> Array:
    """Return the changes of pairs of figures, scaled to a distance of one month."""
    months = pairs["months"].clip(lower=LEAST_MONTHS).to_numpy("float64")
    return np.asarray(pairs["change"].to_numpy("float64") / np.sqrt(months))


def measure_growth(pairs: pd.DataFrame, by: str, power: float) -> Spread:
    """Return quantiles of monthly change; the weight of a group is its size to `power`."""
    size = pairs.groupby(by)["change"].transform("size").to_numpy("float64")
    return Spread(
        *map(float, compute_quantiles(standardise_changes(pairs), size ** (power - 1.0), TAILS))
    )


def measure_audience_growth(pairs: pd.DataFrame) -> Spread:
    """Return growth of audiences from pairs of successive figures."""
    return measure_growth(pairs, "measurement_series_id", 0.5)


def measure_base_growth(pairs: pd.DataFrame) -> Spread:
    """Return growth of the people online from pairs of counts."""
    return measure_growth(pairs, "area_id", 0.0)


def measure_half_width(pairs: pd.DataFrame, sides: int) -> float:
    """Return the half width of the 90 % interval of a figure, from differences of `sides`.

    Each `cell` has the same weight, if that column exists.
    """
    size = np.ones(len(pairs))
    if "cell" in pairs:
        size = pairs.groupby("cell")["difference"].transform("size").to_numpy("float64")
    sizes = pairs["difference"].abs().to_numpy("float64")
    return float(compute_quantiles(sizes, 1.0 / size, (INSIDE,))[0] / np.sqrt(sides))


def _find_basis(pairs: pd.DataFrame) -> tuple[ParameterBasis, int]:
    """Return the basis of a number, and the number of measurers."""
    names = [
        pairs[name]
        for name in ("measurement_series_id", "measurement_series_id_other")
        if name in pairs
    ]
    count = pd.concat(names).nunique() if names and len(pairs) >= FEW else 0
    bases = (ParameterBasis.ASSUMED, ParameterBasis.SINGLE_HOUSE, ParameterBasis.ESTIMATED)
    return bases[min(count, 2)], count


def _fit_spread(pairs: pd.DataFrame, fit: Callable[[pd.DataFrame], Spread]) -> Fit:
    basis, measurers = _find_basis(pairs)
    spread = fit(pairs) if len(pairs) >= FEW else ASSUMED_GROWTH
    values = name_quantiles(np.array([spread.q05, spread.q50, spread.q95]))
    return Fit(values, basis, len(pairs) if measurers else 0, measurers)


def _fit_half_width(pairs: pd.DataFrame, sides: int, unknown: float) -> Fit:
    basis, measurers = _find_basis(pairs)
    value = measure_half_width(pairs, sides) if len(pairs) >= FEW else unknown
    return Fit({ErrorQuantile.Q95: value}, basis, len(pairs) if measurers else 0, measurers)


def _assume_value(kind: ErrorQuantile, value: float) -> Fit:
    return Fit({kind: value}, ParameterBasis.ASSUMED, 0, 0)


def fit_parameters(tables: Tables) -> dict[StrEnum, Fit]:
    """Return the fitted parameters of the errors of figures, by name; `tables` are typed."""
    growth = figure_pairs.pair_successive(tables)
    pages = figure_pairs.pair_pages(tables)
    pages = pages[pages["difference"].abs() <= LARGEST_RELAY]
    monthly = figure_pairs.pair_measurers(tables)
    counts = figure_pairs.pair_counts(tables)
    residents = figure_pairs.pair_populations(tables)
    return {
        FigureError.GROWTH: _fit_spread(growth[~growth["is_restricted"]], measure_audience_growth),
        FigureError.RESTRICTED_GROWTH: _fit_spread(
            growth[growth["is_use_restricted"]], measure_audience_growth
        ),
        FigureError.BASE_GROWTH: _fit_spread(
            figure_pairs.pair_successive_bases(tables), measure_base_growth
        ),
        FigureError.MEASURERS: _fit_half_width(monthly, 2, ASSUMED_HALF_WIDTH),
        FigureError.BASE_MEASURERS: _fit_half_width(counts, 2, ASSUMED_HALF_WIDTH),
        FigureError.SECONDARY_SOURCE: _fit_half_width(pages, 1, 0.02),
        FigureError.POPULATION: _fit_half_width(residents, 2, 0.02),
        FigureError.LOW_RELIABILITY: _assume_value(ErrorQuantile.Q95, LOW_RELIABILITY),
        FigureError.EFFECTIVE_SAMPLE: _assume_value(ErrorQuantile.COUNT, EFFECTIVE_SAMPLE),
        FigureError.TAIL_DEGREES: _assume_value(ErrorQuantile.COUNT, TAIL_DEGREES),
        FigureError.CHILDREN: Fit(name_quantiles(np.array(CHILDREN)), ParameterBasis.ASSUMED, 0, 0),
    }


READ = {
    "estimates": [*SERIES, "value", "low", "high", "interval_kind", "period"],
    "bases": [
        "area_id",
        "population_base",
        "measurement_series_id",
        "period",
        "persons",
        "obs_status",
    ],
    "restrictions": [
        *("restriction_id", "area_ids", "geo_scope", "severity", "end_status"),
        *("announced_on", "observed_from", "ended_on"),
    ],
    "restriction_targets": ["restriction_id", "platform_id", "feature"],
}
"""Columns of each fact table that the fit reads."""


def fit_table(tables: Tables) -> pd.DataFrame:
    """Return the fact table `figure_errors`, fitted to typed facts."""
    sha256 = digest_frames(*(tables[name][columns] for name, columns in READ.items()))
    fits = fit_parameters(tables)
    return make_parameter_table(fits, NOTES, ("pairs", "measurers"), sha256).round(
        {"value": DECIMALS}
    )
