"""People under restrictions in regions of the world, and in the world, by level of UN M49.

Each level has tables of its own, since the regions of one contain those of the next.
"""

from pandera.typing import Series

from schemas import columns
from schemas.columns import PublishedModel
from schemas.published.areas_and_days import (
    PartsOfPeriod,
    PeopleByKind,
    PeopleOfPeriod,
    PeopleOnDays,
    StatusOfPeriod,
)


class Area(PublishedModel):
    """The region of a row, or the world."""

    area_id: Series[str] = columns.place_column("UN M49 code of the region, 001: the world")
    area_name: Series[str] = columns.area_name("name of the region")


class Continent(PublishedModel):
    """The continent of a region."""

    continent_name: Series[str] = columns.continent_name()


class Year(PublishedModel):
    """The year of a row."""

    period: Series[str] = columns.year_column()


class Month(PublishedModel):
    """The month of a row."""

    period: Series[str] = columns.month_column()


class RegionYear(Year, Continent, Area):
    """The region, its continent, and the year of a row."""


class RegionMonth(Month, Continent, Area):
    """The region, its continent, and the month of a row."""


class Region(Continent, Area):
    """The region of a row, and its continent."""


class ImpactByContinent(StatusOfPeriod, PeopleByKind, PartsOfPeriod, PeopleOfPeriod, RegionYear):
    """People under at least one restriction in a year, each person once, by continent.

    Continents of one year may be added up, years may not, since a person may be in several.
    Sums of `q05_*` and of `q95_*` lie further apart than the quantiles of the sum: take these from
    `impact_by_world`, or from the sums of draws in `draws_by_area`.
    """


class ImpactByContinentMonth(StatusOfPeriod, PartsOfPeriod, PeopleOfPeriod, RegionMonth):
    """People under at least one restriction in a month, each person once, by continent.

    Continents of one month may be added up, months may not, since a person may be in several.
    Sums of `q05_*` and of `q95_*` lie further apart than the quantiles of the sum: take these from
    `impact_by_world_month`.
    """


class ImpactByContinentDay(PeopleOnDays, Region):
    """People under at least one restriction on each day of the last two years, by continent.

    A row is valid for every day from its first to its last. Continents of one day may be added up,
    days may not: for person-days, add up `person_days_by_area`.
    """


class ImpactBySubregion(StatusOfPeriod, PeopleByKind, PartsOfPeriod, PeopleOfPeriod, RegionYear):
    """People under at least one restriction in a year, each person once, by sub-region.

    Sub-regions of one year may be added up, years may not, since a person may be in several.
    Sums of `q05_*` and of `q95_*` lie further apart than the quantiles of the sum: take these from
    `impact_by_continent`, or from the sums of draws in `draws_by_area`.
    """


class ImpactBySubregionMonth(StatusOfPeriod, PartsOfPeriod, PeopleOfPeriod, RegionMonth):
    """People under at least one restriction in a month, each person once, by sub-region.

    Sub-regions of one month may be added up, months may not, since a person may be in several.
    Sums of `q05_*` and of `q95_*` lie further apart than the quantiles of the sum: take these from
    `impact_by_continent_month`.
    """


class ImpactBySubregionDay(PeopleOnDays, Region):
    """People under at least one restriction on each day of the last two years, by sub-region.

    A row is valid for every day from its first to its last. Sub-regions of one day may be added up,
    days may not: for person-days, add up `person_days_by_area`.
    """


class ImpactByWorld(StatusOfPeriod, PeopleByKind, PartsOfPeriod, PeopleOfPeriod, Year, Area):
    """People under at least one restriction in a year, each person once, in the whole world.

    Years may not be added up, since a person may be in several.
    """


class ImpactByWorldMonth(StatusOfPeriod, PartsOfPeriod, PeopleOfPeriod, Month, Area):
    """People under at least one restriction in a month, each person once, in the whole world.

    Months may not be added up, since a person may be in several.
    """


class ImpactByWorldDay(PeopleOnDays, Area):
    """People under at least one restriction on each day of the last two years, in the whole world.

    A row is valid for every day from its first to its last. Days may not be added up: for
    person-days, add up `person_days_by_area`.
    """
