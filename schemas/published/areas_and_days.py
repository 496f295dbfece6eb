"""Answers about countries and days: people of a month, a year or a day, and person-days.

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
    area_name: Series[str] = columns.area_name()
    continent_name: Series[str] = columns.continent_name()


class CountryYear(Country):
    """The country and the year of a row."""

    period: Series[str] = columns.year_column()


class CountryMonth(Country):
    """The country and the month of a row."""

    period: Series[str] = columns.month_column()


@columns.add_estimates("persons", {"": "people under restrictions"}, never_null=columns.CERTAIN)
class PeopleOfPeriod(PublishedModel):
    """People under at least one restriction in a period."""

    impact_metric: Series[str] = columns.metric_column()


class BaseOfCountry(PublishedModel):
    """The population of a country that contains the audiences; regions have none in common."""

    base: Series[str] = columns.base_column("population that contains the audiences")


ORDERED = {"ordered": "restrictions that an authority ordered, or of which no source says who did"}


@columns.add_counts(ORDERED)
@columns.add_estimates("persons", ORDERED, never_null=columns.CERTAIN)
class PartsOfPeriod(PublishedModel):
    """The restrictions and countries behind the people of a period, and people of ordered ones."""

    base_persons: Series[float] = columns.people_column(
        "everyone in the base of that year, at most: their count with the errors of 99 % of such "
        "counts; of a region, in its countries under restriction"
    )
    base_q50_persons: Series[float] = columns.people_column("the same, 50 % quantile")
    platforms: Series[str] = columns.platform_column(
        "platforms restricted at some time, joined by ;"
    )
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


@columns.add_counts(columns.KINDS)
@columns.add_estimates("persons", columns.KINDS, columns.WITHOUT_PRINTED)
class PeopleByKind(PublishedModel):
    """People under at least one restriction of a kind in a year."""


class StatusOfPeriod(ReasonedModel):
    """The status of the numbers of an area in a period."""

    confidence: Series[str] = columns.word_column(
        words.Confidence, "the lowest of the interval and of the large parts of the total"
    )
    obs_status: Series[str] = columns.status_column()
    reason: Series[str] = columns.reason_column()
    collected_until: Series[str] = columns.make_column(
        "last day whose events all sources had recorded: later periods have only some of theirs",
        "date",
    )
    as_of: Series[str] = columns.as_of()
    reason_rule_ids: Series[str] = columns.reason_rules(*status_rules.RULES_OF_AREAS)

    @row_rule
    def bounds_in_order(cls, frame: pd.DataFrame) -> Any:
        """Require lower <= upper <= base and quantiles in order, within one person per country."""
        slack = frame["countries_count"]
        ends = ("printed_min", "printed_max")
        is_in_order = in_order(frame, "persons", (*ends, "base"), slack)
        ending = "_q05_persons"
        for kind in [name.removesuffix(ending) for name in frame if name.endswith(ending)]:
            alone = frame.filter(regex=f"^{kind}_")
            alone = alone.set_axis([name[len(kind) + 1 :] for name in alone], axis=1)
            has_printed = "printed_min_persons" in alone
            around = ends if has_printed else ("min", "max")
            is_in_order &= in_order(alone, "persons", around, slack)
        return is_in_order


class ImpactByArea(
    StatusOfPeriod, PeopleByKind, PartsOfPeriod, BaseOfCountry, PeopleOfPeriod, CountryYear
):
    """People under at least one restriction in a year, each person once, by country.

    Countries of one year may be added up. Years may not, since a person may be in several: add up
    person-days over years (`person_days_by_area`). Sums of `min_*`, `max_*` and of those
    as printed are limits of the sum, and a sum of medians is near its median. Sums of `q05_*` and
    of `q95_*` are not its quantiles: they lie further apart. Take the quantiles of a continent or
    of the world from `impact_by_continent` and `impact_by_world`, and those of any other countries
    from the sums of draws in `draws_by_area`.
    """


class ImpactByAreaMonth(StatusOfPeriod, PartsOfPeriod, BaseOfCountry, PeopleOfPeriod, CountryMonth):
    """People under at least one restriction in a month, each person once, by country.

    Countries of one month may be added up. Months may not, since a person may be in several: add up
    person-days over months (`person_days_by_area_month`). Sums of `q05_*` and of `q95_*` lie
    further apart than the quantiles of the sum, which `impact_by_continent_month` and
    `impact_by_world_month` give; `draws_by_area` has draws of years.
    """


class DrawsByArea(CountryYear):
    """Draws of the people under at least one restriction in a year, in countries that are drawn.

    Each row is another draw of the same number: group by `draw` before adding up countries, and
    take quantiles of the sums. The draws of one number belong together: their sum over countries is
    a draw of all of these.
    They are the first draws of those that the quantiles of `impact_by_area` are computed of; a
    country whose quantiles a rule withholds has draws, and a country that cannot be drawn has none.
    """

    impact_metric: Series[str] = columns.metric_column()
    draw: Series[float] = columns.make_column(
        "number of the draw, the same in all countries and years", "count", ge=0
    )
    persons: Series[float] = columns.people_column("people in this draw", null=False)


@columns.add_estimates("persons", {"": "people under restrictions"}, never_null=columns.CERTAIN)
class PeopleOnDays(ReasonedModel):
    """People under at least one restriction on each of some days."""

    from_day: Series[str] = columns.make_column("first day", "date", "TIME_PERIOD")
    to_day: Series[str] = columns.make_column("last day, included", "date")
    impact_metric: Series[str] = columns.metric_column()
    days: Series[float] = columns.make_column("days from the first to the last", "days", ge=1)
    restrictions_count: Series[float] = columns.make_column("restrictions in force", "count", ge=1)
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
    obs_status: Series[str] = columns.status_column()
    reason: Series[str] = columns.reason_column()
    as_of: Series[str] = columns.as_of()
    reason_rule_ids: Series[str] = columns.reason_rules(*status_rules.RULES_OF_AREAS)

    @row_rule
    def bounds_in_order(cls, frame: pd.DataFrame) -> Any:
        """Require lower <= upper, and quantiles in order, to within one person in each country."""
        return in_order(frame, "persons", ("printed_min", "printed_max"), frame["countries_count"])


class ImpactByDay(PeopleOnDays, Country):
    """People under at least one restriction on each day of the last two years, by country.

    A row is valid for every day from its first to its last; a day without a row has no restriction.
    Countries of one day may be added up. Days may not, since a person may be in several. Persons
    times `days` are not person-days: ordinary users count here whether or not they come on a day.
    Take `person_days_by_area`. Sums of `q05_*` and of `q95_*` lie further apart than the quantiles
    of the sum, which `impact_by_continent_day` and `impact_by_world_day` give.
    """


HOURS = "all; hours that no source states are 24 a day, at least none on the first and last day"
SLOWED = "the part under slowed restrictions alone; who is also under a cut that day counts as cut"


@columns.add_estimates("person_hours", {"": HOURS}, never_null=columns.CERTAIN)
@columns.add_estimates("person_days", {"": "all restrictions"}, never_null=columns.CERTAIN)
@columns.add_estimates("person_days", {"imputed": "the same restrictions, with imputed ends"})
@columns.add_estimates("person_days", {"slowed": SLOWED}, never_null=columns.CERTAIN)
class PersonDays(PublishedModel):
    """Person-days under restrictions: a person counts once a day, whatever is restricted."""

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


@columns.add_estimates("person_days", {"feature": "users of the restricted features"})
class FeatureUserDays(PublishedModel):
    """Person-days of the users of restricted features; countries together have none."""


class StatusOfPersonDays(ReasonedModel):
    """The status of the numbers of person-days, and rules about their order."""

    obs_status: Series[str] = columns.status_column()
    reason: Series[str] = columns.reason_column()
    as_of: Series[str] = columns.as_of()
    reason_rule_ids: Series[str] = columns.reason_rules(*status_rules.RULES_OF_PERSON_DAYS)

    @row_rule
    def bounds_in_order(cls, frame: pd.DataFrame) -> Any:
        """Require lower <= upper, and quantiles in order, to within one person on each day."""
        slack, ends = frame["days"] + 1, ("printed_min", "printed_max")
        hours = in_order(frame, "person_hours", ends, 24 * slack)
        is_in_order = in_order(frame, "person_days", ends, slack) & hours
        users = frame.filter(like="feature_").rename(columns=lambda name: name[len("feature_") :])
        return (
            is_in_order & in_order(users, "person_days", ends, slack)
            if len(users.columns)
            else is_in_order
        )

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


DAYS_BY_KIND = {kind: about for kind, about in columns.KINDS.items() if kind != "carried_over"}


@columns.add_estimates("person_days", DAYS_BY_KIND, columns.WITHOUT_PRINTED)
class DaysByKind(PublishedModel):
    """Person-days under restrictions of a kind in a year."""


class PersonDaysByArea(StatusOfPersonDays, DaysByKind, PersonDays, CountryYear):
    """Person-days under restrictions in a year, by country: a person counts once a day.

    Rows may be added up, over countries and years. Bounds of the sum are sums of bounds; a sum of
    medians is a little below the median of the sum, and sums of quantiles are wider apart.
    """


class PersonDaysByAreaMonth(StatusOfPersonDays, PersonDays, CountryMonth):
    """Person-days under restrictions in a month, by country: a person counts once a day.

    Rows may be added up, over countries and months, as those of `person_days_by_area`.
    """


class Restriction(PublishedModel):
    """The restriction of a row, and its countries."""

    restriction_id: Series[str] = columns.restriction_column()
    area_id: Series[str] = columns.make_column(
        "ISO 3166 codes of the countries, joined by ;", sdmx="REF_AREA"
    )
    area_name: Series[str] = columns.area_name()
    continent_name: Series[str] = columns.continent_name()


class RestrictionYear(Restriction):
    """The restriction and the year of a row."""

    period: Series[str] = columns.year_column()


class PersonDaysByRestriction(StatusOfPersonDays, FeatureUserDays, PersonDays, RestrictionYear):
    """Person-days of each restriction in a year.

    Years of a restriction may be added up. Two restrictions may both count a person on a day: for a
    country, add up `person_days_by_area`, which counts each person once a day.
    """


class PersonDaysByRestrictionAllTime(StatusOfPersonDays, FeatureUserDays, PersonDays, Restriction):
    """Person-days of each restriction from its start to its end, or to the day of the facts.

    Two restrictions may both count a person on a day: for a country, add up `person_days_by_area`,
    which counts each person once a day.
    """
