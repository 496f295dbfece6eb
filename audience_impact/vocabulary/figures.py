"""Words for figures (quantity, population, source, method), and for what is fitted to them."""

from enum import StrEnum

from audience_impact.vocabulary.word import Word


class AudienceMetric(Word):
    """The quantity that an audience figure counts."""

    MONTHLY_REACH = (
        "monthly_reach",
        "people who use it at least once in a month, as a panel measures",
    )
    WEEKLY_REACH = "weekly_reach", "people who use it at least once in a week, as a panel measures"
    DAILY_REACH = "daily_reach", "people who use it on a day, as a panel measures"
    AVG_DAILY_REACH = (
        "avg_daily_reach",
        "people who use it on a day, on average over the days of a period",
    )
    MAU = "mau", "monthly active users or accounts, as the source calls them"
    WAU = "wau", "weekly active users or accounts, as the source calls them"
    DAU = "dau", "daily active users or accounts, as the source calls them"
    REGISTERED = "registered", "registered accounts or users, active or not"
    INSTALLS = "installs", "installations of the app"
    DOWNLOADS = "downloads", "times that the app was downloaded, which are not its users"
    AD_AUDIENCE = (
        "ad_audience",
        "identities that the advertising tool of the service says it can reach",
    )
    SURVEY_REGULAR = (
        "survey_regular",
        "people who say, when asked, that they use it; no period named",
    )
    SURVEY_MONTHLY = (
        "survey_monthly",
        "people who say, when asked, that they use it at least once a month",
    )
    SURVEY_DAILY = (
        "survey_daily",
        "people who say, when asked, that they use it every day or nearly so",
    )
    FEATURE_USERS = "feature_users", "people who use one feature of it"
    DSA_AMAR = (
        "dsa_amar",
        "average monthly active recipients in the EU, published under the Digital Services Act",
    )
    INTERNET_USERS_MONTH = "internet_users_month", "people who used the internet in a month"
    INTERNET_USERS_3M = "internet_users_3m", "people who used the internet in the last three months"
    POPULATION = "population", "residents"
    UNSPECIFIED = "unspecified", "the source says users, and not what it counts"


class Unit(Word):
    """The unit of a value."""

    PERSONS = "persons", "people"
    SHARE = "share", "a share between 0 and 1 of the base"
    ACCOUNTS = "accounts", "accounts; a person may have several"
    IDENTITIES = "identities", "identities of an advertising tool; a person may have several"
    DEVICES = "devices", "devices; a person may have several"
    SUBSCRIPTIONS = "subscriptions", "subscriptions; a person may have several"
    HOUSEHOLDS = "households", "households"
    DOWNLOADS = "downloads", "downloads; a person may have made several, and use none"


class PopulationBase(Word):
    """The population that a figure is a part of."""

    ALL_AGES = "all_ages", "all residents"
    AGE_12_PLUS = "age_12_plus", "residents aged 12 and over"
    AGE_13_PLUS = "age_13_plus", "residents aged 13 and over"
    AGE_16_PLUS = "age_16_plus", "residents aged 16 and over"
    AGE_18_PLUS = "age_18_plus", "residents aged 18 and over"
    INTERNET_12_PLUS = "internet_12_plus", "internet users aged 12 and over"
    INTERNET_ALL = "internet_all", "internet users of every age that is counted"
    WORLD_USERS = "world_users", "the users of the service in all countries"
    CUSTOM = "custom", "another population, which the note of the figure names"


class IntervalKind(Word):
    """The meaning of the low and high value of a figure."""

    MIN_MAX = "min_max", "the least and the most"
    CI90 = "ci90", "a 90 % interval"
    CI95 = "ci95", "a 95 % interval"
    ONE_SIDED_MIN = "one_sided_min", "at least the value: the source says over"
    ONE_SIDED_MAX = "one_sided_max", "at most the value: the source says up to"
    NONE = "none", "the value alone; the source gives no interval"


class SourceType(Word):
    """The kind of source of a page or a measurement."""

    PANEL = "panel", "a panel of people whose use is measured"
    SURVEY = "survey", "people were asked"
    CENSUS = "census", "a count of all residents or households"
    OPERATOR_DATA = "operator_data", "data of a network operator"
    COMPANY_STATEMENT = "company_statement", "the company of the service says so"
    AD_PLATFORM = "ad_platform", "the advertising tool of the service"
    REGULATOR = "regulator", "an authority or a statistical office"
    NETWORK_MEASUREMENT = "network_measurement", "networks were measured from outside"
    PRESS_RELAY = "press_relay", "press or a web page that relays what others say"
    MODEL = "model", "computed, not counted"
    JUDGEMENT = "judgement", "judged from general knowledge, not counted"


class Unstated(Word):
    """Words for information missing on a page: it was searched for, or not noted."""

    NOT_STATED = "not stated", "looked for, and the page does not say it"
    NOT_RECORDED = "not recorded", "not noted in our record"


class Reliability(Word):
    """The reliability of a source, best first."""

    HIGH = "high", "official statistics, the measurer itself, a regulator or a news agency"
    MEDIUM = "medium", "established press, or a figure whose method is known"
    LOW = "low", "a blog, forum, mirror or aggregator, or read second-hand"


class OverlapKind(StrEnum):
    """The people that an overlap counts: users of all the platforms, or of any of them."""

    INTERSECTION = "intersection"
    UNION = "union"


class UseFrequencyKind(StrEnum):
    """The denominator of the share of people who come on a day."""

    OF_USERS = "of_users"
    OF_MONTHLY_USERS = "of_monthly_users"
    OF_WEEKLY_USERS = "of_weekly_users"
    OF_ADOPTERS = "of_adopters"
    OF_POPULATION = "of_population"


class CircumventionKind(StrEnum):
    """The origin of a share of people who keep access."""

    KEEPS_ACCESS = "keeps_access"
    STILL_REACHED_MONTHLY = "still_reached_monthly"
    STILL_REACHED_WEEKLY = "still_reached_weekly"
    STILL_REACHED_DAILY = "still_reached_daily"
    USES_VPN = "uses_vpn"


class RegionalAsked(StrEnum):
    """The people whom a regional figure of internet use covers."""

    PEOPLE = "people"
    WOMEN_15_49 = "women_15_49"
    MEN_15_49 = "men_15_49"
    HOUSEHOLDS = "households"


class Residence(StrEnum):
    """The part of a region that a figure covers."""

    TOTAL = "total"
    URBAN = "urban"
    RURAL = "rural"


class InternetUse(StrEnum):
    """The definition of being online in a regional figure."""

    USED_12_MONTHS = "used_12_months"
    EVER_USED = "ever_used"
    AT_HOME = "at_home"


class WayOfCounting(StrEnum):
    """The method by which a figure of an audience was obtained."""

    ASKED = "asked"
    NAMED = "named"
    ASKED_OF_USERS = "asked_of_users"
    MEASURED = "measured"
    WEEKLY = "weekly"
    DAILY = "daily"
    TOLD = "told"
    ADVERTISING = "advertising"
    ACCOUNTS = "accounts"
    INSTALLED = "installed"
    UNSPECIFIED = "unspecified"
    WORLD_MONTHLY = "world_monthly"
    WORLD_DAILY = "world_daily"
    WORLD_REGISTERED = "world_registered"


class Sex(Word):
    """SDMX SEX codes."""

    MALE = "M", "male"
    FEMALE = "F", "female"


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
    GROWTH_MESSENGER = "growth_messenger"
    GROWTH_SOCIAL_NETWORK = "growth_social_network"
    GROWTH_VIDEO = "growth_video"
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
    URBAN = "urban"
    URBAN_REST = "urban_rest"
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
    """Parameters for audiences without a count on record."""

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
    """A group of restrictions that share one chance, such as that they were carried out."""

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


ONLINE_YEARS = range(2015, 2028)
"""The years for which the share of residents online is fitted."""
