"""Answers about countries, regions and days: people of a year, a month or a day, and person-days.

A model inherits its columns from several: those of the last come first.
"""

from typing import Any

import pandas as pd
from pandera.typing import Series

from audience_impact import vocabulary as words
from audience_impact.outputs.review import status_rules
from schemas import columns
from schemas.columns import PublishedModel, ReasonedModel, in_order, row_rule


class Country(PublishedModel):
    """The country of a row."""

    area_id: Series[str] = columns.country_column()
    iso3: Series[str] = columns.text_column("ISO 3166 code of three letters; null: it has none")
    area_name: Series[str] = columns.area_name()
    continent_name: Series[str] = columns.continent_name()


class Region(PublishedModel):
    """The region of a row, or the world."""

    area_level: Series[str] = columns.word_column(
        words.RegionLevel, "level of the region in UN M49; those of one level share no country"
    )
    area_id: Series[str] = columns.place_column("UN M49 code of the region, 001: the world")
    area_name: Series[str] = columns.area_name("name of the region")
    continent_name: Series[str] = columns.continent_name()


class Year(PublishedModel):
    """The year of a row."""

    year: Series[str] = columns.year_column()


class Month(PublishedModel):
    """The month of a row."""

    month: Series[str] = columns.make_column("first day of the month", "date", "TIME_PERIOD")


class Day(PublishedModel):
    """The day of a row."""

    day: Series[str] = columns.make_column("the day", "date", "TIME_PERIOD")


@columns.add_estimates("persons", {"": "people under restrictions"}, never_null=columns.CERTAIN)
class People(PublishedModel):
    """People under at least one restriction of a kind."""

    kind: Series[str] = columns.word_column(
        words.RestrictionKind, "which restrictions are counted; choose one before adding up"
    )


class SharesOfPopulation(PublishedModel):
    """The residents of an area, and the people as a share of them."""

    population_persons: Series[float] = columns.people_column(
        "residents in the middle of the year; null: not on record"
    )
    q05_population_share: Series[float] = columns.share_column(
        "5 % quantile as a share of the residents"
    )
    q50_population_share: Series[float] = columns.share_column("median as a share of the residents")
    q95_population_share: Series[float] = columns.share_column(
        "95 % quantile as a share of the residents"
    )


class BaseOfCountry(PublishedModel):
    """The population of a country that contains the audiences; regions have none in common."""

    base: Series[str] = columns.base_column("population that contains the audiences")


@columns.add_estimates("person_days", {"": "the same restrictions"})
class PeopleOnDay(PublishedModel):
    """Person-days: a person counts once a day, whatever is restricted."""


class DaysOfPeriod(PeopleOnDay):
    """Person-days of a period."""

    days: Series[float] = columns.make_column(
        "days that may have been under restriction; of a region the most of a country",
        *("days", ""),
        null=True,
        ge=0,
    )


class PartsOfPeriod(PublishedModel):
    """The restrictions behind the people of a period."""

    base_persons: Series[float] = columns.people_column(
        "everyone in the base of that year, at most: their count with the errors of 99 % of such "
        "counts; of a region, in its countries under restriction"
    )
    base_q50_persons: Series[float] = columns.people_column("the same, 50 % quantile")
    platform_ids: Series[str] = columns.list_column("platforms restricted at some time")
    restrictions_count: Series[float] = columns.make_column(
        "restrictions in force at some time", "count", ge=1
    )
    register_restrictions_count: Series[float] = columns.make_column(
        "of these, how many a register alone records; the others are among the facts", "count", ge=0
    )
    bounds_only_count: Series[float] = columns.make_column(
        "of these, how many the quantiles leave out: in part of the country, or without a figure",
        "count",
        ge=0,
    )


class Countries(PublishedModel):
    """The countries behind a number."""

    countries_count: Series[float] = columns.make_column(
        "countries under restriction", "count", ge=1
    )
    countries_drawn: Series[float] = columns.make_column(
        "of these, how many the quantiles cover; nothing can be drawn for the others", "count", ge=0
    )
    is_lower_bound: Series[str] = columns.word_column(
        words.YesNo,
        "whether the quantiles leave out countries or restrictions, which could add to them",
    )


class Status(ReasonedModel):
    """The status of the numbers of people."""

    obs_status: Series[str] = columns.status_column()
    reason: Series[str] = columns.reason_column()
    reason_rule_ids: Series[str] = columns.reason_rules(*status_rules.RULES_OF_AREAS)


class StatusOfPeriod(Status):
    """The status of the numbers of an area in a period."""

    person_days_obs_status: Series[str] = columns.word_column(
        words.ObsStatus, "the same of the person-days"
    )
    person_days_reason: Series[str] = columns.text_column(
        "why the status of the person-days is what it is; null: nothing to say"
    )
    person_days_reason_rule_ids: Series[str] = columns.reason_rules(
        *{**dict.fromkeys(status_rules.RULES_OF_PERSON_DAYS), "some_areas_undrawn": None}
    )
    confidence: Series[str] = columns.word_column(
        words.Confidence,
        "the lowest of the interval and of the large parts of the total; null: not rated",
        null=True,
    )
    collected_until: Series[str] = columns.make_column(
        "last day whose events all sources had recorded: later periods have only some of theirs",
        "date",
    )
    as_of: Series[str] = columns.as_of()

    @row_rule
    def bounds_in_order(cls, frame: pd.DataFrame) -> Any:
        """Require lower <= upper <= base and quantiles in order, within one person per country."""
        slack = frame["countries_count"]
        of_days = in_order(
            frame, "person_days", ("printed_min", "printed_max"), slack * (frame["days"] + 1)
        )
        return in_order(frame, "persons", ("printed_min", "printed_max", "base"), slack) & of_days


class StatusOfDay(Status):
    """The status of the numbers of an area on a day."""

    restrictions_count: Series[float] = columns.make_column("restrictions in force", "count", ge=1)
    as_of: Series[str] = columns.as_of()

    @row_rule
    def bounds_in_order(cls, frame: pd.DataFrame) -> Any:
        """Require lower <= upper, and quantiles in order, to within one person in each country."""
        return in_order(frame, "persons", ("printed_min", "printed_max"), frame["countries_count"])


class CountriesByYear(
    StatusOfPeriod,
    Countries,
    PartsOfPeriod,
    BaseOfCountry,
    DaysOfPeriod,
    SharesOfPopulation,
    People,
    Year,
    Country,
):
    """People under at least one restriction in a year, each person once, and person-days.

    Choose a `kind`. Countries of one year may then be added up, and person-days over years as well;
    people of several years may not, since a person may be in several. Sums of `q05_*` and `q95_*`
    lie further apart than the quantiles of the sum: take these from `regions_by_year`, or from the
    sums of `draws`.
    """


class CountriesByMonth(
    StatusOfPeriod,
    Countries,
    PartsOfPeriod,
    BaseOfCountry,
    DaysOfPeriod,
    SharesOfPopulation,
    People,
    Month,
    Country,
):
    """People under at least one restriction in a month, each person once, and person-days.

    Choose a `kind`. Countries of one month may then be added up, and person-days over months as
    well; people of several months may not, since a person may be in several.
    """


class CountriesByDay(StatusOfDay, Countries, PeopleOnDay, SharesOfPopulation, People, Day, Country):
    """People under at least one restriction on each day of the last two years, by country.

    Choose a `kind`. A day without a row has no restriction. Countries of one day may be added up,
    and person-days over days as well; people of several days may not. People are ordinary users,
    whether or not they come on the day; person-days are those who do.
    """


class RegionsByYear(
    StatusOfPeriod, Countries, PartsOfPeriod, DaysOfPeriod, SharesOfPopulation, People, Year, Region
):
    """People under at least one restriction in a year in a region or the world, and person-days.

    Choose a `kind` and an `area_level`: regions of one level share no country, and those of one
    year may be added up. People of several years may not.
    """


class RegionsByMonth(
    StatusOfPeriod,
    Countries,
    PartsOfPeriod,
    DaysOfPeriod,
    SharesOfPopulation,
    People,
    Month,
    Region,
):
    """People under at least one restriction in a month in a region or the world, and person-days.

    Choose a `kind` and an `area_level`, as in `regions_by_year`.
    """


class RegionsByDay(StatusOfDay, Countries, PeopleOnDay, SharesOfPopulation, People, Day, Region):
    """People under at least one restriction on each day of the last two years, by region.

    Choose a `kind` and an `area_level`, as in `regions_by_year`.
    """


class Draws(PublishedModel):
    """Draws of the people under at least one restriction in a year, in countries that are drawn.

    Each row is another draw of the same number: group by `draw` before adding up countries, and
    take quantiles of the sums. The draws of one number belong together: their sum over countries is
    a draw of all of these. They are the first draws of those that the quantiles of
    `countries_by_year` are computed of; a country whose quantiles a rule withholds has no draws.
    """

    area_id: Series[str] = columns.country_column()
    area_name: Series[str] = columns.area_name()
    continent_name: Series[str] = columns.continent_name()
    year: Series[str] = columns.year_column()
    draw: Series[float] = columns.make_column(
        "number of the draw, the same in all countries and years", "count", ge=0
    )
    persons: Series[float] = columns.people_column("people in this draw", null=False)


HOURS = "all; hours that no source states are 24 a day, at least none on the first and last day"
SLOWED = "the part under slowed restrictions alone; who is also under a cut that day counts as cut"


@columns.add_estimates("person_days", {"feature": "users of the restricted features"})
@columns.add_estimates("person_hours", {"": HOURS}, never_null=columns.CERTAIN)
@columns.add_estimates("person_days", {"": "all restrictions"}, never_null=columns.CERTAIN)
@columns.add_estimates("person_days", {"imputed": "the same restrictions, with imputed ends"})
@columns.add_estimates("person_days", {"slowed": SLOWED}, never_null=columns.CERTAIN)
class PersonDays(ReasonedModel):
    """Person-days of each restriction by year and in all, and of countries by year and month.

    A person counts once a day, whatever is restricted. `restriction_id` is `all` for countries, of
    which no figure joins the users of features, and `period` is `all` from the start of a
    restriction to its end, or to the day of the facts.
    """

    restriction_id: Series[str] = columns.make_column(
        "the restriction; all: every one of the country", special={"all": "all of the country"}
    )
    area_id: Series[str] = columns.make_column(
        "ISO 3166 codes of the countries, joined by ;", sdmx="REF_AREA"
    )
    area_name: Series[str] = columns.area_name()
    continent_name: Series[str] = columns.continent_name()
    period: Series[str] = columns.make_column(
        "year, month, or all", sdmx="TIME_PERIOD", str_matches=r"^(\d{4}(-\d{2})?|all)$"
    )
    days: Series[float] = columns.make_column(
        "days that may have been under restriction", "days", ge=0
    )
    covered_days: Series[float] = columns.make_column(
        "days that the quantiles cover", "days", null=True, ge=0
    )
    naive_sum_person_days: Series[float] = columns.person_days(
        "monthly audiences added up for every day, which counts people many times"
    )
    naive_daily_sum_person_days: Series[float] = columns.person_days(
        "daily audiences added up, which counts users of several platforms several times"
    )
    imputed_days: Series[float] = columns.make_column(
        "days, with unknown ends imputed", "days", null=True, ge=0
    )
    obs_status: Series[str] = columns.status_column()
    reason: Series[str] = columns.reason_column()
    as_of: Series[str] = columns.as_of()
    reason_rule_ids: Series[str] = columns.reason_rules(*status_rules.RULES_OF_PERSON_DAYS)

    @row_rule
    def bounds_in_order(cls, frame: pd.DataFrame) -> Any:
        """Require lower <= upper, and quantiles in order, to within one person on each day."""
        slack, ends = frame["days"] + 1, ("printed_min", "printed_max")
        hours = in_order(frame, "person_hours", ends, 24 * slack)
        users = frame.filter(like="feature_").rename(columns=lambda name: name[len("feature_") :])
        is_in_order = in_order(frame, "person_days", ends, slack) & hours
        return is_in_order & in_order(users, "person_days", ends, slack)

    @row_rule
    def hours_of_days(cls, frame: pd.DataFrame) -> Any:
        """Require at most 24 person-hours for each person-day, to within one person on each day."""
        return ~pd.concat(
            [
                frame[f"{name}_person_hours"]
                > 24 * (frame[f"{name}_person_days"] + frame["days"] + 1)
                for name in ("printed_min", "printed_max")
            ],
            axis=1,
        ).any(axis=1)
