"""How a place may differ from what holds it in the share online, read from `place_laws`.

Definitions. A deviation is the log odds of the share online in a place less those of the area that
holds it. Half widths are halves of central 90 % intervals; standard deviations follow from them as
for a normal.

Citation. What is learned, from what and how well it does: online_learning.py.
"""

from dataclasses import dataclass

import pandas as pd

from audience_impact.errors.law import Spread
from audience_impact.vocabulary import ErrorQuantile, PlaceLaw

NORMAL = 1.6448536269514722
"""The 95 % quantile of a normal."""


@dataclass(frozen=True)
class PlaceLaws:
    """What the facts teach of places.

    Attributes:
        between: Of a region's deviation from its country, less what `balance` says.
        city: Of the deviation of the towns of a region from the region.
        country_degrees: Regions that the spread between the regions of all countries is worth
            beside those of the country itself.
        small_place: People of a place of which the variance is twice that of a large one.
        survey: Half width of a survey's deviation of a region.
        ageing: What is added to that after a year, half width.
        model: Half width of a deviation where a model alone has one.
        model_slope: Deviation for each unit of the model's.
        households: The same of households connected at home, in a census.
        households_slope: Deviation for each unit of that.
    """

    between: Spread
    city: Spread
    country_degrees: float
    small_place: float
    survey: float
    ageing: float
    model: float
    model_slope: float
    households: float
    households_slope: float

    @property
    def spread(self) -> float:
        """Standard deviation of a large region."""
        return deviation(self.between)

    @property
    def unit(self) -> Spread:
        """The law of `between` around its median, in standard deviations."""
        q50 = self.between.q50
        return Spread(
            (self.between.q05 - q50) / self.spread, 0.0, (self.between.q95 - q50) / self.spread
        )


SPREADS = (PlaceLaw.BETWEEN, PlaceLaw.CITY)
COUNTS = (
    PlaceLaw.COUNTRY_DEGREES,
    PlaceLaw.SMALL_PLACE,
    PlaceLaw.MODEL_SLOPE,
    PlaceLaw.HOUSEHOLDS_SLOPE,
)
QUANTILES = (ErrorQuantile.Q05, ErrorQuantile.Q50, ErrorQuantile.Q95)


def deviation(law: Spread) -> float:
    """Standard deviation of a normal with the 5 and 95 % quantile of a law."""
    return (law.q95 - law.q05) / (2.0 * NORMAL)


def kinds(name: PlaceLaw) -> tuple[ErrorQuantile, ...]:
    """The rows that a parameter has."""
    if name in SPREADS:
        return QUANTILES
    return (ErrorQuantile.COUNT,) if name in COUNTS else (ErrorQuantile.Q95,)


def read(place_laws: pd.DataFrame) -> PlaceLaws | None:
    """The laws that the fact table of that name (typed) holds; None where it has no rows.

    Raises:
        ValueError: The table lacks a parameter.
    """
    if place_laws.empty:
        return None
    values = place_laws.set_index(["parameter", "kind"])["value"]
    wanted = [(name, kind) for name in PlaceLaw for kind in kinds(name)]
    missing = [
        f"{name} {kind}" for name, kind in wanted if (name.value, kind.value) not in values.index
    ]
    if missing:
        raise ValueError(f"place_laws lacks {', '.join(missing)}; run audience-impact learn-places")
    numbers = {
        name: [float(values[(name.value, kind.value)]) for kind in kinds(name)] for name in PlaceLaw
    }
    spreads = {name.value: Spread(*numbers[name]) for name in SPREADS}
    single = {name.value: numbers[name][0] for name in PlaceLaw if name not in SPREADS}
    return PlaceLaws(**spreads, **single)  # type: ignore[arg-type]
