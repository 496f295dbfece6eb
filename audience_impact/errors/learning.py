"""What the facts teach of the errors of figures: from pairs of figures to `figure_errors`.

Definitions. Those of pairs.py and law.py: changes and differences are in log odds of the share of
the people online, those of pages and of residents in logs.

Method. No draws: the same facts give the same numbers, rounded to six decimals.

* growth: the change to the next figure of a series that no restriction touched, over the square
  root of the months (at least one) between; its 5, 50 and 95 % quantiles. A measurer weighs with
  the square root of his pairs, so that one long table does not drown the others.
* restricted_growth: the same where a restriction kept people from the whole service.
* base_growth: the same of the people online, from one year to the next; every area weighs alike.
* measurers, base_measurers: the 90 % quantile of the absolute difference between two measurers,
  over the square root of two, since each of the two is off; two measurers of a service weigh once.
* secondary_source, population: the 90 % quantile of what pages print against their median, and of
  two counts of residents over the square root of two.
* low_reliability: assumed, the odds halved or doubled. effective_sample: assumed, 1,500 asked
  with a design effect of 1.5. tail_degrees: assumed.

Assumptions. Growth goes with the square root of time. Both figures of a pair err alike.

Known drawbacks. A pair holds the errors of both its figures, so that growth over a month is
somewhat overstated. Pages whose values differ by more than LARGEST_RELAY measure different things
and are left out.

Citation. Weighted quantiles: Hyndman and Fan (1996), Sample quantiles in statistical packages, The
American Statistician 50, definition 5.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from audience_impact.errors import pairs
from audience_impact.errors.law import Spread
from audience_impact.facts.series import SERIES
from audience_impact.facts.tables import Tables
from audience_impact.frames import Array
from audience_impact.vocabulary import ErrorQuantile, FigureError, ParameterBasis

LEAST_MONTHS = 1.0
LARGEST_RELAY = 0.1
ASSUMED_HALF_WIDTH = 0.6
"""Half width in log odds where no two measurers stand side by side."""
ASSUMED_GROWTH = Spread(-0.1, 0.0, 0.3)
LOW_RELIABILITY = float(np.log(2.0))
EFFECTIVE_SAMPLE, TAIL_DEGREES = 1000.0, 4.0
FEW = 5
"""Fewer pairs teach nothing."""
DECIMALS = 6
TAILS = (0.05, 0.50, 0.95)

NOTES = {
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
}


@dataclass(frozen=True)
class Learned:
    """One number learned, and what it stands on."""

    name: FigureError
    kind: ErrorQuantile
    value: float
    basis: ParameterBasis
    pairs: int
    measurers: int


def quantiles(values: Array, weights: Array, at: "tuple[float, ...]") -> Array:
    """Weighted quantiles; `values` and `weights` (n,), n at least 1."""
    order = np.argsort(values, kind="stable")
    mass = weights[order]
    middles = (np.cumsum(mass) - mass / 2.0) / mass.sum()
    return np.asarray(np.interp(at, middles, values[order]))


def standardised(found: pd.DataFrame) -> Array:
    """Changes of pairs as after one month."""
    months = found["months"].clip(lower=LEAST_MONTHS).to_numpy("float64")
    return np.asarray(found["change"].to_numpy("float64") / np.sqrt(months))


def growth(found: pd.DataFrame, by: str, power: float) -> Spread:
    """Quantiles of the change after one month; each group of `by` weighs as its size to `power`."""
    size = found.groupby(by)["change"].transform("size").to_numpy("float64")
    return Spread(*map(float, quantiles(standardised(found), size ** (power - 1.0), TAILS)))


def audience_growth(found: pd.DataFrame) -> Spread:
    """Growth of audiences from pairs of successive figures."""
    return growth(found, "measurement_series_id", 0.5)


def base_growth(found: pd.DataFrame) -> Spread:
    """Growth of the people online from pairs of counts."""
    return growth(found, "area_id", 0.0)


def half_width(found: pd.DataFrame, sides: int) -> float:
    """Half of the central 90 % interval of one figure, where `sides` figures err in a difference.

    Each `cell` weighs alike, where there is such a column.
    """
    size = np.ones(len(found))
    if "cell" in found:
        size = found.groupby("cell")["difference"].transform("size").to_numpy("float64")
    sizes = found["difference"].abs().to_numpy("float64")
    return float(quantiles(sizes, 1.0 / size, (0.90,))[0] / np.sqrt(sides))


def _basis(found: pd.DataFrame) -> tuple[ParameterBasis, int]:
    """What a number stands on, and how many measurers are behind it."""
    names = [
        found[name]
        for name in ("measurement_series_id", "measurement_series_id_other")
        if name in found
    ]
    count = pd.concat(names).nunique() if names and len(found) >= FEW else 0
    known = (ParameterBasis.ASSUMED, ParameterBasis.SINGLE_HOUSE, ParameterBasis.ESTIMATED)
    return known[min(count, 2)], count


def _spread(name: FigureError, found: pd.DataFrame, law: Spread) -> list[Learned]:
    basis, measurers = _basis(found)
    numbers = law if len(found) >= FEW else ASSUMED_GROWTH
    told = (numbers.q05, numbers.q50, numbers.q95)
    kinds = (ErrorQuantile.Q05, ErrorQuantile.Q50, ErrorQuantile.Q95)
    count = len(found) if measurers else 0
    return [
        Learned(name, kind, value, basis, count, measurers)
        for kind, value in zip(kinds, told, strict=True)
    ]


def _half(name: FigureError, found: pd.DataFrame, sides: int, unknown: float) -> Learned:
    basis, measurers = _basis(found)
    known = len(found) >= FEW
    value = half_width(found, sides) if known else unknown
    count = len(found) if measurers else 0
    return Learned(name, ErrorQuantile.Q95, value, basis, count, measurers)


def _assumed(name: FigureError, kind: ErrorQuantile, value: float) -> Learned:
    return Learned(name, kind, value, ParameterBasis.ASSUMED, 0, 0)


def _growths(tables: Tables) -> list[Learned]:
    found = pairs.successive(tables)
    free = found[~found["is_restricted"]]
    held = found[found["is_use_restricted"]]
    online = pairs.of_successive_bases(tables)
    laws = [
        (FigureError.GROWTH, free, audience_growth),
        (FigureError.RESTRICTED_GROWTH, held, audience_growth),
        (FigureError.BASE_GROWTH, online, base_growth),
    ]
    return [
        one
        for name, own, law in laws
        for one in _spread(name, own, law(own) if len(own) >= FEW else ASSUMED_GROWTH)
    ]


def parameters(tables: Tables) -> list[Learned]:
    """Everything that typed facts teach of the errors of figures."""
    pages = pairs.of_two_pages(tables)
    pages = pages[pages["difference"].abs() <= LARGEST_RELAY]
    monthly = pairs.of_two_measurers(tables)
    counts = pairs.of_two_counts(tables)
    residents = pairs.of_two_populations(tables)
    return [
        *_growths(tables),
        _half(FigureError.MEASURERS, monthly, 2, ASSUMED_HALF_WIDTH),
        _half(FigureError.BASE_MEASURERS, counts, 2, ASSUMED_HALF_WIDTH),
        _half(FigureError.SECONDARY_SOURCE, pages, 1, 0.02),
        _half(FigureError.POPULATION, residents, 2, 0.02),
        _assumed(FigureError.LOW_RELIABILITY, ErrorQuantile.Q95, LOW_RELIABILITY),
        _assumed(FigureError.EFFECTIVE_SAMPLE, ErrorQuantile.COUNT, EFFECTIVE_SAMPLE),
        _assumed(FigureError.TAIL_DEGREES, ErrorQuantile.COUNT, TAIL_DEGREES),
    ]


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
"""What is learned from: columns of each table."""


def digest(tables: Tables) -> str:
    """SHA-256 of what is read of the facts; order, sources and notes do not count."""
    total = hashlib.sha256()
    for name, columns in READ.items():
        ordered = tables[name][columns].sort_values(columns)
        total.update(ordered.to_csv(index=False, lineterminator="\n").encode())
    return total.hexdigest()


def table(tables: Tables) -> pd.DataFrame:
    """The fact table `figure_errors` that typed facts give."""
    sha256 = digest(tables)
    return pd.DataFrame(
        [
            {
                "parameter": one.name.value,
                "kind": one.kind.value,
                "value": round(one.value, DECIMALS),
                "basis": one.basis.value,
                "pairs": one.pairs,
                "measurers": one.measurers,
                "data_sha256": sha256,
                "note": NOTES[one.name],
            }
            for one in parameters(tables)
        ]
    )
