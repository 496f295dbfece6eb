"""How a place may differ from what holds it in the share online, read from `place_laws`.

Definitions. A deviation is the log odds of the share online in a place less those of the area that
holds it. Half widths are halves of central 90 % intervals; standard deviations follow from them as
for a normal.

Citation. What is learned, from what and how well it does: fitting/places.py.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from audience_impact.errors.distribution import QUANTILES, Spread, parameter_values
from audience_impact.frames import Array
from audience_impact.vocabulary import ErrorQuantile, PlaceLaw

NORMAL = 1.6448536269514722
"""The 95 % quantile of a normal."""
LEVELS = (-4.0, 3.0)
"""Log odds of countries between which spreads and slopes are learned."""


@dataclass(frozen=True)
class PlaceParameters:
    """What the facts teach of places.

    Attributes:
        between: Of a region's deviation from its country at even odds, less what `balance` says.
        between_level: What the log of that grows by for each unit of the country's log odds.
        city: Of the deviation of the towns of a region from the region.
        country_degrees: Regions that the spread between the regions of all countries is worth
            beside those of the country itself.
        small_place: People of a place of which the variance is twice that of a large one.
        survey: Half width of a survey's deviation of a region.
        ageing: What is added to that after a year, half width.
        model: Half width of a deviation where a model alone has one.
        model_slope: Deviation for each unit of the model's, at even odds.
        model_level: What the log of that grows by for each unit of the country's log odds.
        households: The same of households connected at home, in a census.
        households_slope: Deviation for each unit of that.
    """

    between: Spread
    between_level: float
    city: Spread
    country_degrees: float
    small_place: float
    survey: float
    ageing: float
    model: float
    model_slope: float
    model_level: float
    households: float
    households_slope: float

    @property
    def base_spread(self) -> float:
        """Return standard deviation of a large region at even odds."""
        return compute_deviation(self.between)

    def spread_at(self, level: Array) -> Array:
        """Return the standard deviation of a large region in a country of these log odds."""
        return np.asarray(self.base_spread * np.exp(self.between_level * np.clip(level, *LEVELS)))

    def slope_at(self, level: Array) -> Array:
        """Return the deviation for each unit of the model in a country of these log odds."""
        return np.asarray(self.model_slope * np.exp(self.model_level * np.clip(level, *LEVELS)))

    @property
    def unit_distribution(self) -> Spread:
        """Return the distribution of `between` around its median, in standard deviations."""
        q50 = self.between.q50
        return Spread(
            (self.between.q05 - q50) / self.base_spread,
            0.0,
            (self.between.q95 - q50) / self.base_spread,
        )


SPREADS = (PlaceLaw.BETWEEN, PlaceLaw.CITY)
COUNTS = (
    PlaceLaw.BETWEEN_LEVEL,
    PlaceLaw.MODEL_LEVEL,
    PlaceLaw.COUNTRY_DEGREES,
    PlaceLaw.SMALL_PLACE,
    PlaceLaw.MODEL_SLOPE,
    PlaceLaw.HOUSEHOLDS_SLOPE,
)


def compute_deviation(quantiles: Spread) -> float:
    """Return the standard deviation of a normal with these 5 and 95 % quantiles."""
    return (quantiles.q95 - quantiles.q05) / (2.0 * NORMAL)


def list_kinds(name: PlaceLaw) -> tuple[ErrorQuantile, ...]:
    """Return the kinds of rows that a parameter has."""
    if name in SPREADS:
        return QUANTILES
    return (ErrorQuantile.COUNT,) if name in COUNTS else (ErrorQuantile.Q95,)


def read_parameters(place_laws: pd.DataFrame) -> PlaceParameters | None:
    """Return the parameters of the typed fact table; None where it has no rows.

    Raises:
        ParameterError: The table lacks a parameter.
    """
    if place_laws.empty:
        return None
    required = {name: list_kinds(name) for name in PlaceLaw}
    numbers = parameter_values(place_laws, "place_laws", required, "learn places")
    spreads = {name.value: Spread(*numbers[name]) for name in SPREADS}
    single = {name.value: numbers[name][0] for name in PlaceLaw if name not in SPREADS}
    return PlaceParameters(**spreads, **single)  # type: ignore[arg-type]
