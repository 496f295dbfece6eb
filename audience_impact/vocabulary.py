"""The controlled words of the facts and of the published tables, and nothing else.

No other module may hold a list of allowed words; the contracts and the statistics take
theirs from here. Codes follow SDMX where a concept exists (OBS_STATUS, SEX, REF_AREA).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Self

WHOLE_INTERNET = "*"
"""The platform id that stands for the whole internet as a target."""


class Word(StrEnum):
    """A word that is published: each member says what it means, in the data dictionary as here."""

    meaning: str

    def __new__(cls, value: str, meaning: str = "") -> Self:
        """Take the word and what it means.

        A member without a meaning is none; looked up by its value, a member needs no meaning.
        """
        if not meaning:
            raise TypeError(f"the word {value} does not say what it means")
        word = str.__new__(cls, value)
        word._value_, word.meaning = value, meaning
        return word

    @classmethod
    def meanings(cls) -> Mapping[str, str]:
        """What each word means."""
        return {word.value: word.meaning for word in cls}


class Feature(Word):
    """What of a service is restricted or used."""

    WHOLE_SERVICE = "whole_service", "all of the service"
    TEXT_MESSAGE = "text_message", "sending text messages"
    VOICE_MESSAGE = "voice_message", "sending recorded voice messages"
    VOICE_CALL = "voice_call", "voice calls"
    VIDEO_CALL = "video_call", "video calls"
    GROUP_CALL = "group_call", "calls of more than two people"
    MEDIA_TRANSFER = "media_transfer", "sending pictures, sound and video"
    FILE_TRANSFER = "file_transfer", "sending files of any kind"
    CHANNEL = "channel", "channels, which many read and few write"
    FEED = "feed", "the stream of posts of others"
    LIVE_STREAM = "live_stream", "live video to many"
    SEARCH = "search", "searching in the service"
    REGISTRATION = "registration", "opening a new account"
    LOGIN = "login", "logging in to an account"
    PAYMENT = "payment", "paying in the service, or for it"
    BOT_API = "bot_api", "automatic accounts, and the interface that they use"
    APP_DISTRIBUTION = "app_distribution", "getting the app from a store"
    WEB_CLIENT = "web_client", "use in a browser"
    UNKNOWN = "unknown", "the source does not say which feature"


HITS_EXISTING_USERS = {
    Feature.WHOLE_SERVICE: True,
    Feature.TEXT_MESSAGE: True,
    Feature.VOICE_MESSAGE: True,
    Feature.VOICE_CALL: True,
    Feature.VIDEO_CALL: True,
    Feature.GROUP_CALL: True,
    Feature.MEDIA_TRANSFER: True,
    Feature.FILE_TRANSFER: True,
    Feature.CHANNEL: True,
    Feature.FEED: True,
    Feature.LIVE_STREAM: True,
    Feature.SEARCH: True,
    Feature.REGISTRATION: False,
    Feature.LOGIN: False,
    Feature.PAYMENT: False,
    Feature.BOT_API: True,
    Feature.APP_DISTRIBUTION: False,
    Feature.WEB_CLIENT: True,
    Feature.UNKNOWN: True,
}
"""Whether a restriction of the feature meets people in their ordinary use of the service.

Where it does not, it meets whoever registers, logs in, pays or installs while it is in force, and
the audience of the service says nothing of how many these are.
"""


class Action(Word):
    """What is done to the target."""

    BLOCK = "block", "access is cut off"
    THROTTLE = "throttle", "traffic is slowed on purpose"
    DEGRADE = "degrade", "use is made worse by other means than slowing, or it is not told by which"
    INTERMITTENT = "intermittent", "access comes and goes"
    DELIST = "delist", "taken out of app stores or search results"
    LEGAL_BAN_ONLY = "legal_ban_only", "forbidden by law or order, with access as before"
    SERVICE_WITHDRAWAL = "service_withdrawal", "the service itself leaves the country or the users"
    NETWORK_SHUTDOWN = "network_shutdown", "the internet or a network is switched off"
    UNKNOWN = "unknown", "the source does not say what was done"


class Severity(Word):
    """How far the target is gone; ordered as written, never weighted; unknown stands apart."""

    NONE = "none", "nothing is gone"
    IMPAIRED = "impaired", "something works less well, and it is not told what"
    FEATURE_UNAVAILABLE = "feature_unavailable", "a feature cannot be used"
    SERVICE_IMPAIRED = "service_impaired", "the service can be used, less well"
    SERVICE_UNAVAILABLE = "service_unavailable", "the service cannot be used"
    NETWORK_UNAVAILABLE = "network_unavailable", "a network cannot be used"
    UNKNOWN = "unknown", "the source does not say how far"


class ClaimStatus(Word):
    """Who says so."""

    OFFICIAL = "official", "an authority says so, or admits it"
    REPORTED = "reported", "press or civil society report it, and no authority has confirmed it"
    DISPUTED = "disputed", "some say so and others deny it"
    WITHDRAWN = "withdrawn", "it was announced, then taken back or never carried out"


class EvidenceState(Word):
    """What measurements say of the target."""

    BLOCKED = "blocked", "measurements show a block"
    LIKELY_BLOCKED = (
        "likely_blocked",
        "a block is likely: measurements point to it, or government or operator admit it",
    )
    IMPAIRED = "impaired", "measurements show slower or failing use"
    DOWN = "down", "measurements show that the network or the service is gone"
    OK = "ok", "measurements show ordinary access"
    INSUFFICIENT = "insufficient", "no measurement on record, or too few to tell"


class GeoScope(Word):
    """How far the restriction reaches inside its areas."""

    NATIONAL = "national", "the whole country"
    MULTI_REGION = "multi_region", "several regions of the country"
    REGION = "region", "one region"
    MULTI_LOCALITY = "multi_locality", "several towns or districts"
    LOCALITY = "locality", "one town or district"
    NETWORK_ONLY = "network_only", "no place: users of certain networks, wherever they are"
    UNKNOWN = "unknown", "the source does not say where in the country"


class NetworkScope(Word):
    """Which access networks are touched."""

    ALL = "all", "all access networks"
    MOBILE = "mobile", "mobile networks alone"
    FIXED = "fixed", "fixed lines alone"
    SATELLITE = "satellite", "satellite links alone"
    ASN_LIST = "asn_list", "the networks of named operators"
    UNKNOWN = "unknown", "the source does not say which networks"


class Cause(Word):
    """What took a network or a service away."""

    ORDER = "order", "somebody decided it: an authority or a company"
    ATTACK = "attack", "an attack on the network or the service"
    DAMAGE = "damage", "damage, such as a cut cable, a disaster or a power cut"
    UNKNOWN = "unknown", "the source says that the cause is not known"


class AudienceMetric(Word):
    """What an audience figure counts."""

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
    """What one unit of a value is."""

    PERSONS = "persons", "people"
    SHARE = "share", "a share between 0 and 1 of the base"
    ACCOUNTS = "accounts", "accounts; a person may have several"
    IDENTITIES = "identities", "identities of an advertising tool; a person may have several"
    DEVICES = "devices", "devices; a person may have several"
    SUBSCRIPTIONS = "subscriptions", "subscriptions; a person may have several"
    HOUSEHOLDS = "households", "households"


class PopulationBase(Word):
    """The population a figure is a part of."""

    ALL_AGES = "all_ages", "all residents"
    AGE_12_PLUS = "age_12_plus", "residents aged 12 and over"
    AGE_13_PLUS = "age_13_plus", "residents aged 13 and over"
    AGE_16_PLUS = "age_16_plus", "residents aged 16 and over"
    AGE_18_PLUS = "age_18_plus", "residents aged 18 and over"
    INTERNET_12_PLUS = "internet_12_plus", "internet users aged 12 and over"
    INTERNET_ALL = "internet_all", "internet users of every age that is counted"
    CUSTOM = "custom", "another population, which the note of the figure names"


class AreaLevel(StrEnum):
    """What a place is within its country; blank for countries and parts of the world."""

    ADMIN1 = "admin1"
    ADMIN2 = "admin2"
    ADMIN3 = "admin3"
    DIVISION = "division"
    CITY = "city"
    UNION = "union"


class PlaceReading(Word):
    """How much of a place the words of a register mean."""

    WHOLE = "whole", "everyone in the place"
    WITHIN = "within", "a part of the place that nobody counts"
    CITY_OR_DISTRICT = "city_or_district", "the place, or a smaller one of its name inside it"


class PlaceMatch(StrEnum):
    """How a name was found among the places."""

    EXACT = "exact"
    ALIAS = "alias"
    FUZZY = "fuzzy"
    OVERRIDE = "override"


class ImpactMetric(Word):
    """Which people a published figure counts."""

    PEOPLE_EXPOSED = (
        "people_exposed",
        "ordinary monthly users of what is restricted, each person once",
    )
    PEOPLE_FEATURE_EXPOSED = (
        "people_feature_exposed",
        "those exposed who use the feature that is restricted; of a whole service all",
    )
    PEOPLE_DEPRIVED_NET = (
        "people_deprived_net",
        "those exposed less those who keep access by circumvention",
    )
    REACH_LOST = (
        "reach_lost",
        "audience that is gone, observed after the start against the one expected",
    )


class DedupMethod(Word):
    """How people who use several of the platforms were kept from counting twice.

    The imputed ones say beside it from which rung an audience was imputed; several services are
    united by the model of joint use, as in latent_factor.
    """

    SINGLE = "single", "one audience, or the whole internet: nothing to count twice"
    FRECHET = "frechet", "bounds from the sizes of the audiences alone; no estimate"
    LP = "lp", "bounds by linear programming from sizes and measured overlaps; no estimate"
    LATENT_FACTOR = "latent_factor", "model of joint use that surveys taught"
    CONDITIONED = "conditioned", "model of joint use, bent to measured overlaps"
    OBSERVED_UNION = "observed_union", "somebody measured how many use any of them"
    IMPUTED_OWN_PEOPLE = (
        "imputed_own_people",
        "imputed from other figures of users of the service in the country",
    )
    IMPUTED_OWN_OTHER = (
        "imputed_own_other",
        "imputed from advertising reach, accounts or installations in the country",
    )
    IMPUTED_COUNTRY = (
        "imputed_country",
        "imputed from other services of the country and the service elsewhere",
    )
    IMPUTED_SUBREGION = (
        "imputed_subregion",
        "imputed from the service in other countries of the subregion",
    )
    IMPUTED_SERVICE = "imputed_service", "imputed from the service in other parts of the world"
    IMPUTED_KIND = "imputed_kind", "imputed from other services of its kind"


class IntervalKind(Word):
    """What low and high of a figure mean."""

    MIN_MAX = "min_max", "the least and the most"
    CI90 = "ci90", "a 90 % interval"
    CI95 = "ci95", "a 95 % interval"
    ONE_SIDED_MIN = "one_sided_min", "at least the value: the source says over"
    ONE_SIDED_MAX = "one_sided_max", "at most the value: the source says up to"
    NONE = "none", "the value alone; the source gives no interval"


class EndStatus(Word):
    """Whether a restriction is over; withdrawn means it was never carried out."""

    ENDED = "ended", "over"
    ONGOING = "ongoing", "in force when the facts were read"
    WITHDRAWN = "withdrawn", "never carried out"
    UNKNOWN = "unknown", "no source says whether it is over"


class EndSource(StrEnum):
    """Where the end date comes from."""

    RECORDED = "recorded"
    DURATION_FIELD = "duration_field"
    SNAPSHOT_DATE = "snapshot_date"
    CEILING = "ceiling"
    MISSING = "missing"


class StartPrecision(StrEnum):
    """Whether the start is known to the day."""

    ACTUAL = "actual"
    ESTIMATED = "estimated"


class SourceType(Word):
    """What kind of source a page or a measurement is."""

    PANEL = "panel", "a panel of people whose use is measured"
    SURVEY = "survey", "people were asked"
    CENSUS = "census", "a count of all residents or households"
    OPERATOR_DATA = "operator_data", "data of a network operator"
    COMPANY_STATEMENT = "company_statement", "the company of the service says so"
    AD_PLATFORM = "ad_platform", "the advertising tool of the service"
    REGULATOR = "regulator", "an authority or a statistical office"
    PRESS_RELAY = "press_relay", "press or a web page that relays what others say"
    MODEL = "model", "computed, not counted"


class Unstated(Word):
    """What is said of a page that does not say it: looked for, or nobody noted it."""

    NOT_STATED = "not stated", "looked for, and the page does not say it"
    NOT_RECORDED = "not recorded", "nobody noted it"


class Reliability(Word):
    """How far a source is to be trusted, best first."""

    HIGH = (
        "high",
        "official statistics, the measurer itself, a regulator or a news agency",
    )
    MEDIUM = "medium", "established press, or a figure whose method is known"
    LOW = "low", "a blog, forum, mirror or aggregator, or read second-hand"


class ObsStatus(Word):
    """SDMX observation status, the codes that occur here."""

    NORMAL = "A", "normal: official, measured, recent, with a known error"
    ESTIMATED = "E", "estimated: computed from counted numbers"
    FORECAST = "F", "forecast: a projection beyond the last year counted"
    IMPUTED = "I", "imputed: nobody counted it; learned from figures of others"
    LOW_RELIABILITY = "U", "low reliability: figures old, or of another kind than asked"
    MISSING = "M", "no figure: from zero to the base, or to no known number"


class Staleness(Word):
    """Age of the oldest figure used: 3, 12 and 24 months are the limits."""

    FRESH = "fresh", "3 months old at most"
    AGEING = "ageing", "more than 3 and at most 12 months old"
    STALE = "stale", "more than 12 and at most 24 months old"
    EXPIRED = "expired", "more than 24 months old"


class PlatformKind(StrEnum):
    """What a platform is; a group is named in a source without its members."""

    MESSENGER = "messenger"
    SOCIAL_NETWORK = "social_network"
    VIDEO = "video"
    SEARCH = "search"
    PORTAL = "portal"
    GAME = "game"
    VOIP = "voip"
    ADVERTISING = "advertising"
    GROUP = "group"
    NETWORK = "network"
    OTHER = "other"


class OverlapKind(StrEnum):
    """Whether an overlap counts users of all the platforms or of any."""

    INTERSECTION = "intersection"
    UNION = "union"


class OverlapParameter(StrEnum):
    """What surveys teach about how use of one platform goes with use of others."""

    MEAN = "mean"
    BETWEEN = "between"
    WITHIN = "within"
    AREA = "area"
    REGION = "region"
    MODEL = "model"
    SPREAD_BELOW = "spread_below"
    SPREAD_ABOVE = "spread_above"
    SURVEY = "survey"


class UseFrequencyKind(StrEnum):
    """What the share of those who come on a day is of."""

    OF_USERS = "of_users"
    OF_MONTHLY_USERS = "of_monthly_users"
    OF_WEEKLY_USERS = "of_weekly_users"
    OF_ADOPTERS = "of_adopters"
    OF_POPULATION = "of_population"


class CircumventionKind(StrEnum):
    """What a share of those who keep access was taken from."""

    KEEPS_ACCESS = "keeps_access"
    STILL_REACHED_MONTHLY = "still_reached_monthly"
    STILL_REACHED_WEEKLY = "still_reached_weekly"
    STILL_REACHED_DAILY = "still_reached_daily"
    USES_VPN = "uses_vpn"


class CircumventionBasis(StrEnum):
    """Where the share of a restriction comes from."""

    MEASURED = "measured"
    LEARNED = "learned"
    NETWORK_GONE = "network_gone"


class ParameterBasis(StrEnum):
    """What a parameter stands on."""

    ESTIMATED = "estimated"
    SINGLE_HOUSE = "single_house"
    ASSUMED = "assumed"


class FigureError(StrEnum):
    """What a printed figure may be off by."""

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


class ErrorQuantile(StrEnum):
    """Which quantile of an error a number is; `count` is none."""

    Q05 = "q05"
    Q50 = "q50"
    Q95 = "q95"
    COUNT = "count"


class RegionalAsked(StrEnum):
    """Of whom a figure of internet use in a region speaks."""

    PEOPLE = "people"
    WOMEN_15_49 = "women_15_49"
    MEN_15_49 = "men_15_49"
    HOUSEHOLDS = "households"


class Residence(StrEnum):
    """Which part of a region a figure speaks of."""

    TOTAL = "total"
    URBAN = "urban"
    RURAL = "rural"


class InternetUse(StrEnum):
    """What counts as being online in a figure of a region."""

    USED_12_MONTHS = "used_12_months"
    EVER_USED = "ever_used"
    AT_HOME = "at_home"


class PlaceLaw(StrEnum):
    """What is learned of the people online in places below the country."""

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


class NetworkLaw(StrEnum):
    """What is learned of the people online who have one network alone."""

    CHANGE = "change"
    OTHER_COUNTRIES = "other_countries"


class RungFamily(StrEnum):
    """Of what a rung is the ground of an estimate."""

    AUDIENCE = "audience"
    PLACE = "place"
    NETWORK = "network"
    ONLINE = "online"


class WayOfCounting(StrEnum):
    """How a figure of an audience was made."""

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


class ImputationRung(Word):
    """From what the audience of a service was imputed, the nearest first."""

    OWN_PEOPLE = "own_people", "figures of the service in the country that do not qualify"
    OWN_OTHER = (
        "own_other",
        "advertising reach, accounts or installations of the service in the country",
    )
    COUNTRY = "country", "other services of the country and the service elsewhere"
    SUBREGION = "subregion", "the service in other countries of the subregion"
    SERVICE = "service", "the service in other parts of the world"
    KIND = "kind", "other services of its kind"


class PartGap(Word):
    """Why the part of a country that a restriction touches is not known."""

    NO_DAY = "no_day", "the day is not known"
    NO_PLACES = "no_places", "the places are not named"
    NO_POPULATION = "no_population", "no population on record of a place named"
    RUNG_CLOSED = (
        "rung_closed",
        "where the answer was known, estimates from as little as this failed",
    )
    FIXED_ALONE = "fixed_alone", "nobody counts who has a fixed line and no mobile network"
    SATELLITE_ALONE = "satellite_alone", "nobody counts who has a satellite connection alone"
    OPERATORS = "operators", "nobody counts the subscribers of the operators named"
    NO_NETWORK_LAWS = (
        "no_network_laws",
        "nobody asked the facts who has one network alone: run audience-impact learn-places",
    )
    NETWORKS_UNKNOWN = "networks_unknown", "networks not known"


class Assumption(Word):
    """What is taken for granted where a share of use was asked of others, or of another feature.

    In a cell the parameters in braces follow the word, with a colon before each.
    """

    ANY_MESSENGER = "any_messenger", "use of any messenger taken for use of these"
    FEATURE = "feature", "{} taken for all of {}"
    POPULATION = "population", "asked of {}, taken for {}"
    LIMIT = "limit", "a limit taken for the share itself"


class AudienceLaw(StrEnum):
    """What the facts teach of audiences that nobody counted."""

    EFFECT_SPREAD = "effect_spread"
    RUNG_FACTOR = "rung_factor"
    PLATFORM_FACTOR = "platform_factor"
    REGION_FACTOR = "region_factor"


class InputKind(Word):
    """The uncertain inputs that can drive the width of an interval."""

    AUDIENCE = "audience", "the audiences of the services"
    BASE = "base", "the number of people in the base"
    CORRELATION = "correlation", "how strongly use of one service goes with use of others"
    MODEL = "model", "how far the model of joint use may be off"
    OVERLAP = "overlap", "a measured overlap of services"
    FEATURE_SHARE = "feature_share", "the share who use the feature"
    ASSUMED = "assumed", "that a share of other services or ages holds for these"
    DAILY_USE = "daily_use", "the share of the users who come on a day"
    CIRCUMVENTION = "circumvention", "the share who keep access"
    PLACE = "place", "the part of the country that lives in the places"
    NETWORK = "network", "the part of the people online who have the network alone"


class FigureKind(Word):
    """What a figure published about a restriction counts."""

    PLATFORM_AUDIENCE = "platform_audience", "users of one service"
    ADDED_UP = "added_up", "users of several services, added up: people count several times"
    COMPANY_STATEMENT = "company_statement", "what the company of the service says"
    PEOPLE_AFFECTED = "people_affected", "people called affected, in the words of the source"
    INTERNET_USERS = "internet_users", "all internet users of the area"
    POPULATION = "population", "all residents of the area"
    STILL_USING = "still_using", "people who still used the service under the restriction"


class ComparedWith(Word):
    """Beside whose bounds a published figure stands."""

    PLATFORM = "platform", "the bounds of the one platform that it speaks of"
    RESTRICTION = "restriction", "the bounds of the whole restriction"


class DifferenceReason(Word):
    """Whether what others published lies within our bounds, and if not, why."""

    WITHIN_BOUNDS = "within_bounds", "it lies between our bounds"
    ADDS_UP_PLATFORMS = "adds_up_platforms", "adds up services: people count several times"
    COUNTS_ALL_INTERNET_USERS = (
        "counts_all_internet_users",
        "counts everyone online in the area: it says so, or is three quarters of them or more",
    )
    COUNTS_THE_POPULATION = "counts_the_population", "counts all residents, online or not"
    ABOVE_OUR_UPPER = "above_our_upper", "more people than our upper bound, no reason known"
    BELOW_OUR_LOWER = "below_our_lower", "fewer people than our lower bound, no reason known"
    FEWER_RESTRICTIONS = (
        "fewer_restrictions",
        "far fewer people than our lower bound: it counts fewer restrictions",
    )
    DURATION_DIFFERS = "duration_differs", "it gives hours, and no people to compare"
    NOTHING_ON_RECORD = "nothing_on_record", "no restriction of ours in that area and period"
    OTHER_PERIOD = "other_period", "ours are counted by month and by year, and this is another span"
    OTHER_DEFINITION = "other_definition", "it counts something else: another unit, or other people"


class FactRole(Word):
    """What a fact did for a restriction."""

    RESTRICTION = "restriction", "it is the act itself"
    TARGET = "target", "it names a service and feature that is restricted"
    AUDIENCE = "audience", "it says how many use the service; of `*`, who is online"
    RELAY = "relay", "another page with the measurement that was used; set aside"
    DAILY_AUDIENCE = "daily_audience", "it says how many use the service on a day"
    BASE = "base", "it says how many people the base has"
    POPULATION = "population", "it says how many residents the area has"
    SHARE_BASE = "share_base", "it says of how many people a share was taken"
    FEATURE_SHARE = "feature_share", "it says which share uses the feature"
    CIRCUMVENTION = "circumvention", "it says which share keeps access"
    OVERLAP = "overlap", "it says how many use several of the services, or any"
    OWN_SURVEY = "own_survey", "a survey of the country, of which services people use together"
    AFTER = "after", "an audience from after the start, for the reach lost"


class Sex(Word):
    """SDMX SEX codes."""

    MALE = "M", "male"
    FEMALE = "F", "female"


class YesNo(Word):
    """A plain yes or no."""

    YES = "yes", "yes"
    NO = "no", "no"


class AnswerChange(StrEnum):
    """What became of an answer between two versions, what matters most first."""

    VANISHED = "vanished"
    APPEARED = "appeared"
    BEYOND_INTERVAL = "moved_beyond_its_interval"
    MOVED = "moved"
    STATUS_ALONE = "status_alone"
    MOVED_SLIGHTLY = "moved_slightly"
    SAME = "same"


class FactChange(StrEnum):
    """What became of a row of facts between two versions."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


class ImportOutcome(StrEnum):
    """What became of a row of an imported register."""

    EVENT = "event"
    MERGED = "merged"
    REFUSED = "refused"


class FindingSeverity(Word):
    """What a failed check does: an error in a row quarantines it, in a table it stops the run."""

    ERROR = "error", "the row is refused and goes to quarantine"
    TABLE_ERROR = "table_error", "the run stops, and nothing is published"
    WARNING = "warning", "published with the data"


class RuleStage(StrEnum):
    """What a rule is held on, in the order in which facts become a version."""

    FILES = "files"
    CELLS = "cells and rows"
    KEYS = "keys"
    TABLES = "tables together"
    RESULTS = "results"
    PUBLISHED = "published tables"
    VERSIONS = "last version"
