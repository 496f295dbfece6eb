"""Figures as published: people, those online, who uses a service, several, a feature, how often.

With them go surveys of joint use, and what others published, to compare results with.

Catalogues that facts refer to stand last: measuring programmes, sources, platforms and places.
"""

from typing import Any

import pandas as pd
from pandera.typing import Series

from audience_impact import blanks
from audience_impact import vocabulary as words
from schemas import fields
from schemas.fields import FactModel

ACCOUNT_METRICS = [words.AudienceMetric.REGISTERED.value, words.AudienceMetric.INSTALLS.value]


def parse_numbers(frame: pd.DataFrame, column: str) -> pd.Series:
    """Return a column of texts as float64, NaN where a cell is blank or no number."""
    return pd.to_numeric(frame[column], errors="coerce")


def is_ordered(frame: pd.DataFrame, low: str, middle: str, high: str) -> pd.Series:
    """Return whether rows have low <= middle <= high, with a middle or both ends."""
    is_stated = blanks.mark_filled(frame[middle]) | (
        blanks.mark_filled(frame[low]) & blanks.mark_filled(frame[high])
    )
    ranges = frame[frame[low].ne("") | frame[high].ne("")]
    bottom, centre, top = (parse_numbers(ranges, name) for name in (low, middle, high))
    turned = ranges.index[(bottom > centre) | (centre > top) | (bottom > top)]
    return is_stated & ~frame.index.isin(turned)


def require_order(low: str, middle: str, high: str) -> Any:
    """Return the rule of rows low <= middle <= high; without a middle, name `low` twice."""

    def low_value_high(cls: Any, frame: pd.DataFrame) -> Any:
        return is_ordered(frame, low, middle, high)

    return fields.row_rule("value", "share", "persons")(low_value_high)


class SourcedFigure(FactModel):
    """The columns of every figure on the page where it was read."""

    source_id: Series[str] = fields.reference_field("sources")
    also_source_id: Series[str] = fields.reference_field("sources", filled=False)
    measurement_series_id: Series[str] = fields.reference_field("lineages", filled=False)
    note: Series[str] = fields.text_field()


class Measured(SourcedFigure):
    """A figure with a column for its unit."""

    unit: Series[str] = fields.code_field(words.Unit)
    value: Series[str] = fields.value_field()
    low: Series[str] = fields.value_field()
    high: Series[str] = fields.value_field()
    interval_kind: Series[str] = fields.code_field(words.IntervalKind)

    low_value_high = require_order("low", "value", "high")

    @fields.row_rule("value")
    def share_above_one(cls, frame: pd.DataFrame) -> Any:
        """Require shares of people of at most 1."""
        return frame["unit"].ne(words.Unit.SHARE.value) | ~(parse_numbers(frame, "value") > 1)


class ShareOfPeople(SourcedFigure):
    """A share of the respondents."""

    share: Series[str] = fields.share_field()
    low_share: Series[str] = fields.share_field()
    high_share: Series[str] = fields.share_field()
    interval_kind: Series[str] = fields.code_field(words.IntervalKind)

    low_value_high = require_order("low_share", "share", "high_share")


class Estimates(Measured):
    """One published audience figure.

    `disputed_by` is the page that calls it wrong, often the one that relays it: it enters nothing.
    """

    estimate_id: Series[str] = fields.key_field()
    platform_id: Series[str] = fields.reference_field("platforms")
    area_id: Series[str] = fields.reference_field("areas")
    audience_metric: Series[str] = fields.code_field(words.AudienceMetric)
    population_base: Series[str] = fields.code_field(words.PopulationBase)
    period: Series[str] = fields.day_field(filled=True)
    activity_threshold: Series[str] = fields.text_field()
    age: Series[str] = fields.text_field()
    sex: Series[str] = fields.code_field(words.Sex, filled=False)
    disputed_by: Series[str] = fields.reference_field("sources", filled=False, optional=True)

    @fields.row_rule("unit")
    def unit_fits_metric(cls, frame: pd.DataFrame) -> Any:
        """Require another unit than persons for registrations, and persons for a population."""
        people = frame["unit"].eq(words.Unit.PERSONS.value)
        accounts = frame["audience_metric"].isin(ACCOUNT_METRICS) & people
        residents = frame["audience_metric"].eq(words.AudienceMetric.POPULATION.value) & ~people
        return ~(accounts | residents)

    @fields.row_rule("value")
    def counts_are_whole(cls, frame: pd.DataFrame) -> Any:
        """Require whole numbers except for shares; 350.900 is a count with a wrong separator."""
        fractions = pd.concat([frame[name] for name in ("value", "low", "high")], axis=1)
        fractions = fractions.apply(lambda cells: cells.str.contains(r"\.", regex=True))
        return frame["unit"].eq(words.Unit.SHARE.value) | ~fractions.any(axis=1)


class Overlaps(Measured):
    """A measured overlap: the people who use all, or any, of several platforms."""

    overlap_id: Series[str] = fields.key_field()
    platform_ids: Series[str] = fields.references_field("platforms")
    area_id: Series[str] = fields.reference_field("areas")
    population_base: Series[str] = fields.code_field(words.PopulationBase)
    kind: Series[str] = fields.code_field(words.OverlapKind)
    share_of: Series[str] = fields.reference_field("platforms", filled=False)
    period: Series[str] = fields.day_field(filled=True)


class FeatureUse(ShareOfPeople):
    """The share of a population that uses a feature."""

    feature_use_id: Series[str] = fields.key_field()
    platform_id: Series[str] = fields.reference_field("platforms")
    feature: Series[str] = fields.code_field(words.Feature)
    area_id: Series[str] = fields.reference_field("areas")
    population_base: Series[str] = fields.code_field(words.PopulationBase)
    age: Series[str] = fields.text_field()
    period: Series[str] = fields.day_field(filled=True)


class Circumvention(ShareOfPeople):
    """The share of people who keep access in spite of a restriction.

    A share without a restriction is that of people online who use a VPN. A blank kind is
    `keeps_access`.
    """

    circumvention_id: Series[str] = fields.key_field()
    restriction_id: Series[str] = fields.reference_field("restrictions", filled=False)
    circumvention_kind: Series[str] = fields.code_field(
        words.CircumventionKind, filled=False, optional=True
    )
    area_id: Series[str] = fields.reference_field("areas")
    platform_ids: Series[str] = fields.references_field("platforms")
    feature: Series[str] = fields.code_field(words.Feature)
    asked: Series[str] = fields.text_field(filled=True)
    self_selected: Series[str] = fields.code_field(words.YesNo)
    period: Series[str] = fields.day_field(filled=True)


class UseFrequency(ShareOfPeople):
    """The share of the users of a service, or of the internet, who come on a day.

    `use_frequency_kind` states the denominator of the share; kinds are never mixed. `weekly_share`
    is the share of the same people who come at least once a week. `is_metered` is yes where the
    share counts those who came on a day, and blank where people say that they come every day.
    """

    use_frequency_id: Series[str] = fields.key_field()
    platform_id: Series[str] = fields.reference_field("platforms")
    area_id: Series[str] = fields.reference_field("areas")
    use_frequency_kind: Series[str] = fields.code_field(words.UseFrequencyKind)
    weekly_share: Series[str] = fields.share_field(optional=True)
    is_metered: Series[str] = fields.code_field(words.YesNo, filled=False, optional=True)
    respondents: Series[str] = fields.persons_field()
    period: Series[str] = fields.day_field(filled=True)


class PublishedFigures(FactModel):
    """A figure that others published for a restriction."""

    published_figure_id: Series[str] = fields.key_field()
    restriction_id: Series[str] = fields.reference_field("restrictions")
    platform_id: Series[str] = fields.reference_field("platforms", filled=False)
    publisher: Series[str] = fields.text_field(filled=True)
    figure_kind: Series[str] = fields.code_field(words.FigureKind)
    unit: Series[str] = fields.code_field(words.Unit)
    value: Series[str] = fields.value_field(filled=True)
    interval_kind: Series[str] = fields.code_field(words.IntervalKind)
    period: Series[str] = fields.day_field()
    source_id: Series[str] = fields.reference_field("sources")
    disputed_by: Series[str] = fields.reference_field("sources", filled=False, optional=True)
    note: Series[str] = fields.text_field()


class PublishedAreaFigures(FactModel):
    """A figure that others published for all restrictions of an area and period together."""

    published_area_figure_id: Series[str] = fields.key_field()
    area_id: Series[str] = fields.reference_field("areas")
    period: Series[str] = fields.day_field(filled=True)
    publisher: Series[str] = fields.text_field(filled=True)
    figure_kind: Series[str] = fields.code_field(words.FigureKind)
    persons: Series[str] = fields.persons_field()
    events: Series[str] = fields.value_field()
    duration_hours: Series[str] = fields.value_field()
    interval_kind: Series[str] = fields.code_field(words.IntervalKind)
    source_id: Series[str] = fields.reference_field("sources")
    note: Series[str] = fields.text_field()


class Bases(SourcedFigure):
    """The people of a population: the denominators."""

    base_id: Series[str] = fields.key_field()
    area_id: Series[str] = fields.reference_field("areas")
    population_base: Series[str] = fields.code_field(words.PopulationBase)
    period: Series[str] = fields.day_field(filled=True)
    persons: Series[str] = fields.persons_field(filled=True)
    low_persons: Series[str] = fields.persons_field()
    high_persons: Series[str] = fields.persons_field()
    urban_persons: Series[str] = fields.persons_field(optional=True)
    obs_status: Series[str] = fields.code_field(words.ObsStatus)

    low_value_high = require_order("low_persons", "persons", "high_persons")

    @fields.row_rule("urban_persons")
    def urban_above_persons(cls, frame: pd.DataFrame) -> Any:
        """Require urban_persons <= persons."""
        return ~(parse_numbers(frame, "urban_persons") > parse_numbers(frame, "persons"))


class OnlineShares(SourcedFigure):
    """A published share of the people of a country, from an age on, who are online.

    `least_age` is 0 where residents of all ages are counted. An edition is the name that the
    publisher, or this table, gives to one of several publications of the same share.
    """

    online_share_id: Series[str] = fields.key_field()
    area_id: Series[str] = fields.reference_field("areas")
    period: Series[str] = fields.day_field(filled=True)
    share: Series[str] = fields.share_field(filled=True)
    least_age: Series[str] = fields.value_field(filled=True)
    concept: Series[str] = fields.text_field(filled=True)
    edition: Series[str] = fields.text_field()


class RegionalUse(SourcedFigure):
    """The share of the respondents in a region who use the internet.

    Only the difference of a region from its country is used, not the level, because surveys differ
    in their respondents and in their definition of use.
    """

    area_id: Series[str] = fields.reference_field("areas")
    asked: Series[str] = fields.code_field(words.RegionalAsked)
    residence: Series[str] = fields.code_field(words.Residence)
    internet_use: Series[str] = fields.code_field(words.InternetUse)
    period: Series[str] = fields.day_field(filled=True)
    share: Series[str] = fields.share_field(filled=True)


class NetworkUse(SourcedFigure):
    """The share of the people online who have a mobile network and no fixed line at home.

    `least_share` and `most_share` follow from the count of fixed lines: a line serves a whole
    household, or one person.
    """

    area_id: Series[str] = fields.reference_field("areas")
    period: Series[str] = fields.day_field(filled=True)
    least_share: Series[str] = fields.share_field(filled=True)
    most_share: Series[str] = fields.share_field(filled=True)

    low_value_high = require_order("least_share", "least_share", "most_share")


class NetworkShares(FactModel):
    """The share of the internet users of a country who are on a network (AS), in a month.

    Networks of less than a thousandth of the users are left out.
    """

    area_id: Series[str] = fields.reference_field("areas")
    asn: Series[str] = fields.text_field(filled=True, network_number=True)
    as_name: Series[str] = fields.text_field(filled=True)
    period: Series[str] = fields.day_field(filled=True)
    users_share: Series[str] = fields.share_field(filled=True)
    source_id: Series[str] = fields.reference_field("sources")


class OperatorRegions(FactModel):
    """The share of an operator's subscriptions in a region, beside its share in the country.

    The region is named as the source prints it; operators of less than five percent of the
    subscriptions of the country are left out.
    """

    area_id: Series[str] = fields.reference_field("areas")
    network_scope: Series[str] = fields.code_field(words.NetworkScope)
    region: Series[str] = fields.text_field(filled=True)
    operator: Series[str] = fields.text_field(filled=True)
    period: Series[str] = fields.day_field(filled=True)
    regional_share: Series[str] = fields.share_field(filled=True)
    national_share: Series[str] = fields.share_field(filled=True)
    source_id: Series[str] = fields.reference_field("sources")


class Surveys(FactModel):
    """A survey of joint use: its respondents and its question.

    `online_share_override` replaces the online share of the patterns where that is too low; the
    note states its origin.
    """

    survey_id: Series[str] = fields.key_field()
    area_id: Series[str] = fields.reference_field("areas")
    period: Series[str] = fields.day_field(filled=True)
    house: Series[str] = fields.text_field(filled=True)
    asked: Series[str] = fields.text_field(filled=True)
    question: Series[str] = fields.text_field()
    platform_ids: Series[str] = fields.references_field("platforms")
    online_is_lower_bound: Series[str] = fields.code_field(words.YesNo)
    online_share_override: Series[str] = fields.share_field()
    respondents: Series[str] = fields.persons_field(filled=True)
    weight: Series[str] = fields.text_field()
    source_id: Series[str] = fields.reference_field("sources")
    note: Series[str] = fields.text_field()


class UsePatterns(FactModel):
    """Share of a survey's adults by the exact set of platforms they use."""

    survey_id: Series[str] = fields.reference_field("surveys")
    online: Series[str] = fields.share_field(filled=True)
    platform_ids: Series[str] = fields.references_field("platforms", filled=False)
    weighted_share: Series[str] = fields.share_field(filled=True)
    respondents: Series[str] = fields.persons_field(filled=True)


class PlaceParts(FactModel):
    """The number of people in the part of a place that a register row means, as a reader judged.

    `area_id` is the place that contains the part, `units_count` the number of parts. The true
    number should lie between least and most nine times in ten.
    """

    reading_id: Series[str] = fields.key_field()
    register_row: Series[str] = fields.text_field(filled=True)
    area_id: Series[str] = fields.reference_field("areas")
    period: Series[str] = fields.day_field(filled=True)
    part_kind: Series[str] = fields.code_field(words.PartKind)
    units_count: Series[str] = fields.persons_field(filled=True)
    least_persons: Series[str] = fields.persons_field(filled=True)
    most_persons: Series[str] = fields.persons_field(filled=True)
    source_id: Series[str] = fields.reference_field("sources")
    note: Series[str] = fields.text_field()

    low_value_high = require_order("least_persons", "least_persons", "most_persons")


class Lineages(FactModel):
    """One measuring programme; all pages that print its figures count as one."""

    measurement_series_id: Series[str] = fields.key_field()
    measurer: Series[str] = fields.text_field(filled=True)
    source_type: Series[str] = fields.code_field(words.SourceType)
    note: Series[str] = fields.text_field()


class OperatorNames(FactModel):
    """A further name of an operator, in a country or anywhere.

    It is an earlier or a later brand, the company behind the brand, or its group.
    """

    name: Series[str] = fields.text_field(filled=True)
    also_name: Series[str] = fields.text_field(filled=True)
    area_id: Series[str] = fields.reference_field("areas", filled=False)
    source_id: Series[str] = fields.reference_field("sources")


class Sources(FactModel):
    """A page or document that was read, each once."""

    source_id: Series[str] = fields.key_field()
    publisher: Series[str] = fields.text_field(filled=True)
    title: Series[str] = fields.text_field()
    url: Series[str] = fields.text_field(web_address=True)
    published_on: Series[str] = fields.day_field()
    accessed_on: Series[str] = fields.day_field(filled=True)
    source_type: Series[str] = fields.code_field(words.SourceType)
    licence: Series[str] = fields.text_field(nothing_stated=True)
    reliability: Series[str] = fields.code_field(words.Reliability)
    measurement_series_id: Series[str] = fields.reference_field("lineages")
    note: Series[str] = fields.text_field()

    @fields.row_rule("url")
    def source_incomplete(cls, frame: pd.DataFrame) -> Any:
        """Require an address or, for data without a web page, a title."""
        return blanks.mark_filled(frame["url"]) | blanks.mark_filled(frame["title"])


class Platforms(FactModel):
    """A service, or a group of services named without its members.

    `former_name` is what it was called until `renamed_on`; restrictions that begin before that
    have it. `member_ids` are the services of a group of which a page has the list; services without
    any figure are left out of it. `ended_on` is the day from which the service exists no longer, as
    the page `end_source_id` says.
    """

    platform_id: Series[str] = fields.key_field()
    name: Series[str] = fields.text_field(filled=True)
    owner: Series[str] = fields.text_field()
    kind: Series[str] = fields.code_field(words.PlatformKind)
    aliases: Series[str] = fields.text_field()
    note: Series[str] = fields.text_field()
    former_name: Series[str] = fields.text_field(optional=True)
    renamed_on: Series[str] = fields.day_field(optional=True)
    member_ids: Series[str] = fields.references_field("platforms", filled=False, optional=True)
    ended_on: Series[str] = fields.day_field(optional=True)
    end_source_id: Series[str] = fields.reference_field("sources", filled=False, optional=True)


class Areas(FactModel):
    """A part of the world, a country by its ISO 3166 code, or a place in one.

    `members` are the places of a union that has no level of its own, `press_name` is the name in
    English newspapers where it differs, `is_city` says that most of its people live in one city.
    """

    area_id: Series[str] = fields.key_field()
    name: Series[str] = fields.text_field(filled=True)
    parent_id: Series[str] = fields.reference_field("areas", filled=False)
    aliases: Series[str] = fields.text_field()
    level: Series[str] = fields.code_field(words.AreaLevel, filled=False, optional=True)
    members: Series[str] = fields.references_field("areas", filled=False, optional=True)
    press_name: Series[str] = fields.text_field(optional=True)
    is_city: Series[str] = fields.code_field(words.YesNo, filled=False, optional=True)
    note: Series[str] = fields.text_field()
