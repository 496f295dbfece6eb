"""The controlled words of the facts and of the published tables, and nothing else.

No other module may hold a list of allowed words; the contracts and the statistics take
theirs from here. Codes follow SDMX where a concept exists (OBS_STATUS, SEX, REF_AREA).
"""

from enum import StrEnum

WHOLE_INTERNET = "*"
"""The platform id that stands for the whole internet as a target."""


class Feature(StrEnum):
    """What of a service is restricted or used."""

    WHOLE_SERVICE = "whole_service"
    TEXT_MESSAGE = "text_message"
    VOICE_MESSAGE = "voice_message"
    VOICE_CALL = "voice_call"
    VIDEO_CALL = "video_call"
    GROUP_CALL = "group_call"
    MEDIA_TRANSFER = "media_transfer"
    FILE_TRANSFER = "file_transfer"
    CHANNEL = "channel"
    FEED = "feed"
    LIVE_STREAM = "live_stream"
    SEARCH = "search"
    REGISTRATION = "registration"
    LOGIN = "login"
    PAYMENT = "payment"
    BOT_API = "bot_api"
    APP_DISTRIBUTION = "app_distribution"
    WEB_CLIENT = "web_client"
    UNKNOWN = "unknown"


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


class Action(StrEnum):
    """What is done to the target."""

    BLOCK = "block"
    THROTTLE = "throttle"
    DEGRADE = "degrade"
    INTERMITTENT = "intermittent"
    DELIST = "delist"
    LEGAL_BAN_ONLY = "legal_ban_only"
    SERVICE_WITHDRAWAL = "service_withdrawal"
    NETWORK_SHUTDOWN = "network_shutdown"
    UNKNOWN = "unknown"


class Severity(StrEnum):
    """How far the target is gone; ordered as written, never weighted; unknown stands apart."""

    NONE = "none"
    IMPAIRED = "impaired"
    FEATURE_UNAVAILABLE = "feature_unavailable"
    SERVICE_IMPAIRED = "service_impaired"
    SERVICE_UNAVAILABLE = "service_unavailable"
    NETWORK_UNAVAILABLE = "network_unavailable"
    UNKNOWN = "unknown"


class ClaimStatus(StrEnum):
    """Who says so."""

    OFFICIAL = "official"
    REPORTED = "reported"
    DISPUTED = "disputed"
    WITHDRAWN = "withdrawn"


class EvidenceState(StrEnum):
    """What measurements say of the target."""

    BLOCKED = "blocked"
    LIKELY_BLOCKED = "likely_blocked"
    IMPAIRED = "impaired"
    DOWN = "down"
    OK = "ok"
    INSUFFICIENT = "insufficient"


class GeoScope(StrEnum):
    """How far the restriction reaches inside its areas."""

    NATIONAL = "national"
    MULTI_REGION = "multi_region"
    REGION = "region"
    MULTI_LOCALITY = "multi_locality"
    LOCALITY = "locality"
    NETWORK_ONLY = "network_only"
    UNKNOWN = "unknown"


class NetworkScope(StrEnum):
    """Which access networks are touched."""

    ALL = "all"
    MOBILE = "mobile"
    FIXED = "fixed"
    SATELLITE = "satellite"
    ASN_LIST = "asn_list"
    UNKNOWN = "unknown"


class Cause(StrEnum):
    """What took a network or a service away."""

    ORDER = "order"
    ATTACK = "attack"
    DAMAGE = "damage"
    UNKNOWN = "unknown"


class AudienceMetric(StrEnum):
    """What an audience figure counts."""

    MONTHLY_REACH = "monthly_reach"
    WEEKLY_REACH = "weekly_reach"
    DAILY_REACH = "daily_reach"
    AVG_DAILY_REACH = "avg_daily_reach"
    MAU = "mau"
    WAU = "wau"
    DAU = "dau"
    REGISTERED = "registered"
    INSTALLS = "installs"
    AD_AUDIENCE = "ad_audience"
    SURVEY_REGULAR = "survey_regular"
    SURVEY_MONTHLY = "survey_monthly"
    SURVEY_DAILY = "survey_daily"
    FEATURE_USERS = "feature_users"
    DSA_AMAR = "dsa_amar"
    INTERNET_USERS_MONTH = "internet_users_month"
    INTERNET_USERS_3M = "internet_users_3m"
    POPULATION = "population"
    UNSPECIFIED = "unspecified"


class Unit(StrEnum):
    """What one unit of a value is."""

    PERSONS = "persons"
    SHARE = "share"
    ACCOUNTS = "accounts"
    IDENTITIES = "identities"
    DEVICES = "devices"
    SUBSCRIPTIONS = "subscriptions"
    HOUSEHOLDS = "households"


class PopulationBase(StrEnum):
    """The population a figure is a part of."""

    ALL_AGES = "all_ages"
    AGE_12_PLUS = "age_12_plus"
    AGE_13_PLUS = "age_13_plus"
    AGE_16_PLUS = "age_16_plus"
    AGE_18_PLUS = "age_18_plus"
    INTERNET_12_PLUS = "internet_12_plus"
    INTERNET_ALL = "internet_all"
    CUSTOM = "custom"


class AreaLevel(StrEnum):
    """What a place is within its country; blank for countries and parts of the world."""

    ADMIN1 = "admin1"
    ADMIN2 = "admin2"
    ADMIN3 = "admin3"
    DIVISION = "division"
    CITY = "city"
    UNION = "union"


class PlaceReading(StrEnum):
    """How much of a place the words of a register mean."""

    WHOLE = "whole"
    WITHIN = "within"
    CITY_OR_DISTRICT = "city_or_district"


class PlaceMatch(StrEnum):
    """How a name was found among the places."""

    EXACT = "exact"
    ALIAS = "alias"
    FUZZY = "fuzzy"
    OVERRIDE = "override"


class ImpactMetric(StrEnum):
    """Which people a published figure counts."""

    PEOPLE_EXPOSED = "people_exposed"
    PEOPLE_FEATURE_EXPOSED = "people_feature_exposed"
    PEOPLE_DEPRIVED_NET = "people_deprived_net"
    REACH_LOST = "reach_lost"


class DedupMethod(StrEnum):
    """How people who use several of the platforms were kept from counting twice.

    The imputed ones say beside it from which rung an audience was imputed; several services are
    united by the model of joint use, as in latent_factor.
    """

    SINGLE = "single"
    FRECHET = "frechet"
    LP = "lp"
    LATENT_FACTOR = "latent_factor"
    CONDITIONED = "conditioned"
    OBSERVED_UNION = "observed_union"
    IMPUTED_OWN_PEOPLE = "imputed_own_people"
    IMPUTED_OWN_OTHER = "imputed_own_other"
    IMPUTED_COUNTRY = "imputed_country"
    IMPUTED_SUBREGION = "imputed_subregion"
    IMPUTED_SERVICE = "imputed_service"
    IMPUTED_KIND = "imputed_kind"


class IntervalKind(StrEnum):
    """What low and high of a figure mean."""

    MIN_MAX = "min_max"
    CI90 = "ci90"
    CI95 = "ci95"
    ONE_SIDED_MIN = "one_sided_min"
    ONE_SIDED_MAX = "one_sided_max"
    NONE = "none"


class EndStatus(StrEnum):
    """Whether a restriction is over; withdrawn means it was never carried out."""

    ENDED = "ended"
    ONGOING = "ongoing"
    WITHDRAWN = "withdrawn"
    UNKNOWN = "unknown"


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


class SourceType(StrEnum):
    """What kind of source a page or a measurement is."""

    PANEL = "panel"
    SURVEY = "survey"
    CENSUS = "census"
    OPERATOR_DATA = "operator_data"
    COMPANY_STATEMENT = "company_statement"
    AD_PLATFORM = "ad_platform"
    REGULATOR = "regulator"
    PRESS_RELAY = "press_relay"
    MODEL = "model"


class Reliability(StrEnum):
    """How far a source is to be trusted, best first."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class ObsStatus(StrEnum):
    """SDMX observation status, the codes that occur here."""

    NORMAL = "A"
    ESTIMATED = "E"
    FORECAST = "F"
    IMPUTED = "I"
    LOW_RELIABILITY = "U"
    MISSING = "M"


class Staleness(StrEnum):
    """Age of the oldest figure used: 3, 12 and 24 months are the limits."""

    FRESH = "fresh"
    AGEING = "ageing"
    STALE = "stale"
    EXPIRED = "expired"


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


class ImputationRung(StrEnum):
    """From what the audience of a service was imputed, the nearest first."""

    OWN_PEOPLE = "own_people"
    OWN_OTHER = "own_other"
    COUNTRY = "country"
    SUBREGION = "subregion"
    SERVICE = "service"
    KIND = "kind"


class AudienceLaw(StrEnum):
    """What the facts teach of audiences that nobody counted."""

    EFFECT_SPREAD = "effect_spread"
    RUNG_FACTOR = "rung_factor"
    PLATFORM_FACTOR = "platform_factor"
    REGION_FACTOR = "region_factor"


class InputKind(StrEnum):
    """The uncertain inputs that can drive the width of an interval."""

    AUDIENCE = "audience"
    BASE = "base"
    CORRELATION = "correlation"
    MODEL = "model"
    OVERLAP = "overlap"
    FEATURE_SHARE = "feature_share"
    ASSUMED = "assumed"
    DAILY_USE = "daily_use"
    CIRCUMVENTION = "circumvention"
    PLACE = "place"
    NETWORK = "network"


class FigureKind(StrEnum):
    """What a figure published about a restriction counts."""

    PLATFORM_AUDIENCE = "platform_audience"
    ADDED_UP = "added_up"
    COMPANY_STATEMENT = "company_statement"
    PEOPLE_AFFECTED = "people_affected"
    INTERNET_USERS = "internet_users"
    POPULATION = "population"
    STILL_USING = "still_using"


class Sex(StrEnum):
    """SDMX SEX codes."""

    MALE = "M"
    FEMALE = "F"


class YesNo(StrEnum):
    """A plain yes or no."""

    YES = "yes"
    NO = "no"


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


class FindingSeverity(StrEnum):
    """What a failed check does: an error in a row quarantines it, in a table it stops the run."""

    ERROR = "error"
    TABLE_ERROR = "table_error"
    WARNING = "warning"


class RuleStage(StrEnum):
    """What a rule is held on, in the order in which facts become a version."""

    FILES = "files"
    CELLS = "cells and rows"
    KEYS = "keys"
    TABLES = "tables together"
    RESULTS = "results"
    PUBLISHED = "published tables"
    VERSIONS = "last version"
