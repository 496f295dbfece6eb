"""Deviations of places, and pairs of figures of the same place, from which `place_laws` is fitted.

Definitions. Those of regional_figures.py; a step is the deviation of a place from the area that
contains it (its holder).

Method. The level of a series is the log odds of its mean share weighted by residents, a deviation
that of an area less the level. Both figures of a pair are of the same area and, if the sexes are
reported separately, of the same sex.

Assumptions and known drawbacks: those of places.py.

Citation. Rules of this project, docs/method.md.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from audience_impact.facts.tables import Tables
from audience_impact.frames import Array
from audience_impact.places import regional_figures
from audience_impact.places.online import LARGEST_PART
from audience_impact.places.regional_figures import HOUSEHOLDS, compute_log_odds
from audience_impact.vocabulary import RegionalAsked, Residence

LEAST_REGIONS = 4
UNKNOWN_PERSONS = 1e6
"""Assumed people of an intermediate area that nobody counted."""


def add_deviations(figures: pd.DataFrame) -> pd.DataFrame:
    """Return figures with the `level` of their series and their `deviation` from that level."""
    level = figures["series"].map(regional_figures.compute_levels(figures)).astype("float64")
    return figures.assign(level=level, deviation=compute_log_odds(figures["share"]) - level)


def select_large_series(figures: pd.DataFrame) -> pd.DataFrame:
    """Return rows of series with enough regions, and their `weight`."""
    size = figures.groupby("series")["area_id"].transform("size")
    return figures[size >= LEAST_REGIONS].assign(weight=size**-0.5)


def pair_kinds(figures: pd.DataFrame, of: str, against: str) -> pd.DataFrame:
    """Return deviations of two kinds by area: `x` of one, `y` and `level` of the other."""
    names = ["area_id", "asked", "deviation", "year", "level"]
    words = figures["series"].str.split(" ")
    rows = figures.assign(asked=words.map(lambda parts: " ".join(parts[3:])))
    first = rows.loc[rows["kind"] == of, ["country_id", *names]]
    second = rows.loc[rows["kind"] == against, names]
    both = first.merge(second, on=["area_id", "asked"], suffixes=("_x", "_y"))
    size = both.groupby(["country_id", "asked"])["area_id"].transform("size")
    both = both[size >= LEAST_REGIONS]
    return both[["country_id"]].assign(
        x=both["deviation_x"],
        y=both["deviation_y"],
        level=both["level_y"],
        years=(both["year_x"] - both["year_y"]).abs(),
    )


def compare_sexes(each_sex: pd.DataFrame) -> Array:
    """Return half of the difference between the deviations of women and men of each region.

    `each_sex` has separate series of women and men, as `add_deviations` returns it.
    """
    parts = each_sex["series"].str.rsplit(" ", n=1)
    rows = each_sex.assign(series=parts.str[0], asked=parts.str[1])
    wide = rows.pivot_table(index=["series", "area_id"], columns="asked", values="deviation")
    if not {RegionalAsked.WOMEN_15_49.value, RegionalAsked.MEN_15_49.value} <= set(wide.columns):
        return np.empty(0)
    gap = wide[RegionalAsked.WOMEN_15_49.value] - wide[RegionalAsked.MEN_15_49.value]
    return np.asarray(gap.dropna().to_numpy("float64") / 2.0)


def measure_towns(use: pd.DataFrame, where: str = Residence.URBAN.value) -> Array:
    """Return the log odds in the towns of each region minus those of the region."""
    rows = use[use["asked"] != RegionalAsked.HOUSEHOLDS.value]
    mean = rows.groupby(["measurement_series_id", "area_id", "residence"])["share"].mean()
    wide = mean.unstack("residence")
    if not {where, Residence.TOTAL.value} <= set(wide.columns):
        return np.empty(0)
    both = wide[[where, Residence.TOTAL.value]].dropna()
    return np.asarray(
        (compute_log_odds(both[where]) - compute_log_odds(both[Residence.TOTAL.value])).to_numpy()
    )


@dataclass(frozen=True)
class SmallPlaces:
    """Steps of places from the region that contains them, in censuses of households.

    Attributes:
        steps: Deviation of each place from its region (places,).
        holder_odds: Log odds of the region of each (places,).
        spread: Standard deviation between the regions of the census of each place (places,).
        countries: The number of countries of these censuses.
        ways: For each place the people of the place and of the areas between it and the region, and
            the share of each in its holder.
    """

    steps: Array
    holder_odds: Array
    spread: Array
    countries: int
    ways: list[tuple[Array, Array]]


def read_small_places(figures: pd.DataFrame, tables: Tables) -> SmallPlaces | None:
    """Return places below the regions of censuses of households; None if too few."""
    homes = figures[figures["kind"] == HOUSEHOLDS]
    holders = regional_figures.read_parents(tables)
    way = homes["area_id"].map(lambda area: regional_figures.trace_chain(area, holders))
    is_region = way.map(len).eq(2).astype("bool")
    regions = homes[is_region]
    region_deviations = regions.set_index("area_id")["deviation"]
    places = homes[~is_region].assign(holder=way[~is_region].str[-2])
    places = places[places["holder"].isin(region_deviations.index)]
    if len(region_deviations) < LEAST_REGIONS or len(places) < LEAST_REGIONS:
        return None
    above = places["holder"].map(region_deviations).to_numpy("float64")
    people = regional_figures.count_residents(tables)
    return SmallPlaces(
        steps=places["deviation"].to_numpy("float64") - above,
        holder_odds=places["level"].to_numpy("float64") + above,
        spread=places["series"]
        .map(regions.groupby("series")["deviation"].std())
        .to_numpy("float64"),
        countries=places["country_id"].nunique(),
        ways=[_read_sizes(chain[:-1], people) for chain in way[places.index]],
    )


def _read_sizes(way: list[str], people: "pd.Series[float]") -> tuple[Array, Array]:
    """Return the people of each place between a place and its region, and their share of it."""
    sizes = np.array([float(people.get(area, np.nan)) for area in way])
    part = np.nan_to_num(np.minimum(sizes[:-1] / sizes[1:], LARGEST_PART), nan=0.0)
    return np.nan_to_num(sizes[:-1], nan=UNKNOWN_PERSONS), part
