"""Names of the parameters that are fitted to the facts."""

from enum import StrEnum

from audience_impact.vocabulary.word import Word


class OverlapParameter(StrEnum):
    """Parameters of joint use of platforms, fitted to surveys."""

    MEAN = "mean"
    BETWEEN = "between"
    WITHIN = "within"
    AREA = "area"
    REGION = "region"
    MODEL = "model"
    SPREAD_BELOW = "spread_below"
    SPREAD_ABOVE = "spread_above"
    SURVEY = "survey"


class FigureError(StrEnum):
    """Errors of a printed figure."""

    GROWTH = "growth"
    RESTRICTED_GROWTH = "restricted_growth"
    BASE_GROWTH = "base_growth"
    MEASURERS = "measurers"
    BASE_MEASURERS = "base_measurers"
    SECONDARY_SOURCE = "secondary_source"
    POPULATION = "population"
    LOW_RELIABILITY = "low_reliability"
    EFFECTIVE_SAMPLE = "effective_sample"
    TAIL_DEGREES = "tail_degrees"
    CHILDREN = "children"


class ErrorQuantile(StrEnum):
    """The quantile of an error that a number is; `count` is a plain number."""

    Q05 = "q05"
    Q50 = "q50"
    Q95 = "q95"
    COUNT = "count"


class PlaceLaw(StrEnum):
    """Parameters of the people online in places below the country."""

    BETWEEN = "between"
    BETWEEN_LEVEL = "between_level"
    COUNTRY_DEGREES = "country_degrees"
    SMALL_PLACE = "small_place"
    CITY = "city"
    SURVEY = "survey"
    AGEING = "ageing"
    MODEL = "model"
    MODEL_SLOPE = "model_slope"
    MODEL_LEVEL = "model_level"
    HOUSEHOLDS = "households"
    HOUSEHOLDS_SLOPE = "households_slope"
    READING = "reading"


class NetworkLaw(StrEnum):
    """Parameters of the people online who have only one network, and of users of operators."""

    CHANGE = "change"
    OTHER_COUNTRIES = "other_countries"
    OPERATOR_CHANGE = "operator_change"
    OPERATOR_JUMP = "operator_jump"
    OPERATOR_REGION = "operator_region"


class RungFamily(StrEnum):
    """The quantity that an evidence level is the basis of."""

    AUDIENCE = "audience"
    PLACE = "place"
    NETWORK = "network"
    ONLINE = "online"


class AudienceLaw(StrEnum):
    """Parameters for audiences that nobody counted."""

    EFFECT_SPREAD = "effect_spread"
    RUNG_FACTOR = "rung_factor"
    PLATFORM_FACTOR = "platform_factor"
    REGION_FACTOR = "region_factor"


class Chance(Word):
    """A chance that is stated of each restriction."""

    HAPPENED = "happened", "the restriction was carried out"
    WHOLE = "whole", "everyone in the places and on the networks named was cut"
    ONGOING = "ongoing", "it was still on at the end of the last year that lists it"
    DISTINCT = "distinct", "it is another event than those before it"


class ChanceGroup(Word):
    """A group of restrictions with one chance."""

    MEASURED = "measured", "measurements show it"
    OFFICIAL = "official", "an authority or an operator confirms it, and no measurement shows it"
    ONE_REPORT = "one_report", "one report, not confirmed"
    NATIONAL = "national", "the whole country, by its words"
    BELOW_COUNTRY = "below_country", "whole places below the country, by its words"
    PART = "part", "a part of a place or some networks, by its words"
    ONGOING_NETWORK = "ongoing_network", "a network, recorded as still cut"
    ONGOING_SERVICE = "ongoing_service", "services, recorded as still restricted"
    UNKNOWN_NETWORK = "unknown_network", "a network, with an end that is not known"
    UNKNOWN_SERVICE = "unknown_service", "services, with an end that is not known"
    ALONE = "alone", "no similar restriction began at most three days before"
    NEAR = "near", "a similar restriction began at most three days before"
