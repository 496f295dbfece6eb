"""Words for results: metric, status and evidence of a published row, checks, and changes."""

from enum import StrEnum

from audience_impact.vocabulary.word import Word


class ImpactMetric(Word):
    """The people whom a published number counts."""

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


class RestrictionKind(Word):
    """The restrictions that a total of an area counts; a person may be under several kinds."""

    ALL = "all", "all restrictions"
    ORDERED = "ordered", "those that an authority ordered, or of which no source says who did"
    BEGAN = "began", "those that began in the period"
    CARRIED_OVER = "carried_over", "those that began before the period"
    OLDER = "older", "those that began more than a year before the period"
    SHUTDOWN = "shutdown", "those of the whole internet"
    SERVICE = "service", "those of services alone"


class RegionLevel(Word):
    """The level of a region in UN M49."""

    WORLD = "world", "the world"
    CONTINENT = "continent", "a region of UN M49, which is a continent"
    SUBREGION = "subregion", "a sub-region of UN M49"


class DedupMethod(Word):
    """The method by which people who use several of the platforms are counted once.

    The words for imputed audiences also name the evidence level; several services are combined by
    the model of joint use, as in latent_factor.
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
    IMPUTED_WORLD = (
        "imputed_world",
        "imputed from its users in the world, and how services spread over countries",
    )
    IMPUTED_KIND = "imputed_kind", "imputed from other services of its kind"


class ObsStatus(Word):
    """SDMX observation status: the codes that occur here."""

    NORMAL = "A", "normal: official, measured, recent, with a known error"
    ESTIMATED = "E", "estimated: computed from counted numbers"
    FORECAST = "F", "forecast: a projection beyond the last year counted"
    IMPUTED = "I", "imputed: our record has no count of it; learned from figures of others"
    LOW_RELIABILITY = "U", "low reliability: figures old, or of another kind than asked"
    MISSING = "M", "no figure: from zero to the base, or to no known number"


class Confidence(Word):
    """Confidence in a number, from the highest to the lowest."""

    HIGH = "high", "narrow, of an event that is almost sure, on evidence that was tested"
    MEDIUM = "medium", "the order of magnitude is known, and something speaks against the number"
    LOW = "low", "no estimate, a wide one, or of an event that may not be as reported"


class Staleness(Word):
    """Age of the oldest figure used: 3, 12 and 24 months are the limits."""

    FRESH = "fresh", "3 months old at most"
    AGEING = "ageing", "more than 3 and at most 12 months old"
    STALE = "stale", "more than 12 and at most 24 months old"
    EXPIRED = "expired", "more than 24 months old"


class PartGap(Word):
    """The reason why the part of a country that a restriction affects is not known."""

    NO_DAY = "no_day", "the day is not known"
    PART_UNKNOWN = "part_unknown", "how much of the place is meant was never learned"
    NO_PLACES = "no_places", "the places are not named"
    NO_POPULATION = "no_population", "no population on record of a place named"
    RUNG_CLOSED = (
        "rung_closed",
        "where the answer was known, estimates from as little as this failed",
    )
    FIXED_ALONE = "fixed_alone", "no survey counts who has a fixed line and no mobile network"
    SATELLITE_ALONE = "satellite_alone", "no survey counts who has a satellite connection alone"
    OPERATORS = "operators", "our record has no count of the users of the operators named"
    OPERATORS_NOISE = (
        "operators_noise",
        "shares of the country's networks jump by more than chance: its operators are not counted",
    )
    OPERATORS_BELOW = (
        "operators_below",
        "our record has no count of a small operator's users in a part of a country",
    )
    NO_NETWORK_LAWS = (
        "no_network_laws",
        "who has one network alone was not fitted to the facts: run audience-impact learn places",
    )
    NETWORKS_UNKNOWN = "networks_unknown", "networks not known"


class Assumption(Word):
    """An assumption made because a share of use covers other people, or another feature.

    In a cell the parameters in braces follow the word, with a colon before each.
    """

    ANY_MESSENGER = "any_messenger", "use of any messenger taken for use of these"
    FEATURE = "feature", "{} taken for all of {}"
    POPULATION = "population", "asked of {}, taken for {}"
    DURING = "during", "asked during the restriction, taken for use before it"
    LIMIT = "limit", "a limit taken for the share itself"


class CircumventionBasis(StrEnum):
    """The origin of the share that keeps access."""

    MEASURED = "measured"
    LEARNED = "learned"
    NETWORK_GONE = "network_gone"


class ParameterBasis(StrEnum):
    """The basis of a parameter."""

    ESTIMATED = "estimated"
    SINGLE_HOUSE = "single_house"
    ASSUMED = "assumed"


class ImputationRung(Word):
    """The evidence level of an imputed audience, the nearest first."""

    OWN_PEOPLE = "own_people", "figures of the service in the country that do not qualify"
    OWN_OTHER = (
        "own_other",
        "advertising reach, accounts or installations of the service in the country",
    )
    COUNTRY = "country", "other services of the country and the service elsewhere"
    SUBREGION = "subregion", "the service in other countries of the subregion"
    SERVICE = "service", "the service in other parts of the world"
    WORLD = "world", "the users of the service in the world, and how services spread over countries"
    KIND = "kind", "other services of its kind"


class InputKind(Word):
    """The uncertain inputs that can drive the width of an interval."""

    AUDIENCE = "audience", "the audiences of the services"
    BASE = "base", "the number of people in the base"
    CORRELATION = "correlation", "how strongly use of one service goes with use of others"
    MODEL = "model", "how far the model of joint use may be off"
    OVERLAP = "overlap", "a measured overlap of services"
    FEATURE_SHARE = "feature_share", "the share who use the feature"
    ASSUMED = "assumed", "that a share of other services or ages is valid for these"
    DAILY_USE = "daily_use", "the share of the users who come on a day"
    CIRCUMVENTION = "circumvention", "the share who keep access"
    PLACE = "place", "the part of the country that lives in the places"
    NETWORK = "network", "the part of the people online who have the network alone"
    DEPTH = "depth", "the share of traffic or addresses that was lost"


class FigureKind(Word):
    """The quantity that a figure published about a restriction counts."""

    PLATFORM_AUDIENCE = "platform_audience", "users of one service"
    ADDED_UP = "added_up", "users of several services, added up: people count several times"
    COMPANY_STATEMENT = "company_statement", "what the company of the service says"
    PEOPLE_AFFECTED = "people_affected", "people called affected, in the words of the source"
    INTERNET_USERS = "internet_users", "all internet users of the area"
    POPULATION = "population", "all residents of the area"
    STILL_USING = "still_using", "people who still used the service under the restriction"


class ComparedWith(Word):
    """The bounds with which a published figure is compared."""

    PLATFORM = "platform", "the bounds of the one platform that it speaks of"
    RESTRICTION = "restriction", "the bounds of the whole restriction"


class DifferenceReason(Word):
    """The relation of a figure of others to our bounds and, outside them, the reason."""

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
    DISPUTED = "disputed", "a source says that it is wrong: it is not used"
    OTHER_DEFINITION = "other_definition", "it counts something else: another unit, or other people"


class FactRole(Word):
    """The role of a fact in the result for a restriction."""

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
    NETWORK = "network", "it says how many lines a country has"
    OPERATORS = "operators", "it says how many users a network has"
    OWN_SURVEY = "own_survey", "a survey of the country, of which services people use together"
    EVIDENCE = "evidence", "it saw the outage, or how much was lost"


class TraceStep(Word):
    """A step of the way from the facts to an answer, in order."""

    QUESTION = "question", "the restriction itself, and what speaks for it"
    BASE = "base", "the people of a country who can be in an audience"
    AUDIENCE = "audience", "the figures of the users of a service"
    ERRORS = "errors", "the errors of the figures, and growth since"
    JOINT_USE = "joint_use", "each user of several services counted once"
    PLACE = "place", "a place of a partial restriction: its people and networks"
    IMPUTED = "imputed", "an audience without a count on record, and the figures that move it most"
    FEATURE = "feature", "the share who use the restricted feature"
    ACCESS = "access", "the share who keep access"
    DAYS = "days", "the days in force"
    DRAWS = "draws", "what is drawn, from the figures to the answer"
    UNDRAWN = "undrawn", "what prevents any draw"


class YesNo(Word):
    """Yes or no."""

    YES = "yes", "yes"
    NO = "no", "no"


class AnswerChange(StrEnum):
    """The change of an answer between two versions, the most important first."""

    VANISHED = "vanished"
    APPEARED = "appeared"
    BEYOND_INTERVAL = "moved_beyond_its_interval"
    MOVED = "moved"
    STATUS_ALONE = "status_alone"
    MOVED_SLIGHTLY = "moved_slightly"
    SAME = "same"


class FactChange(StrEnum):
    """The change of a row of facts between two versions."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


class ImportOutcome(StrEnum):
    """The outcome for a row of an imported register."""

    EVENT = "event"
    MERGED = "merged"
    REFUSED = "refused"


class EventRelation(Word):
    """The relation of two restrictions that may be one event."""

    ONE_EVENT = "one_event", "one event: the first is published under the id of the second"
    OTHER_NETWORKS = (
        "other_networks",
        "one event on other access networks: the first is published under the id of the second",
    )
    REMAINDER = (
        "remainder",
        "the first is what was left of the second when that ended, and is published from then on",
    )
    NEAR = "near", "near in time and place, and two events"
    APART = "apart", "two events, decided by hand"


class FindingSeverity(Word):
    """The effect of a failed check: quarantine of a row, or refusal of the whole run."""

    ERROR = "error", "the row is refused and goes to quarantine"
    TABLE_ERROR = "table_error", "the run stops, and nothing is published"
    WARNING = "warning", "published with the data"


class RuleStage(StrEnum):
    """The stage at which a rule is checked, in the order in which facts become a version."""

    FILES = "files"
    CELLS = "cells and rows"
    KEYS = "keys"
    TABLES = "tables together"
    RESULTS = "results"
    PUBLISHED = "published tables"
    VERSIONS = "last version"
