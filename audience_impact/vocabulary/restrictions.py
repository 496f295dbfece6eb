"""Words for restrictions: the action, its targets, its author, its place and its dates."""

from enum import StrEnum

from audience_impact.vocabulary.word import Word

WHOLE_INTERNET = "*"
"""The platform id for the whole internet as a target."""
WORLD = "001"
"""The area id of the world (UN M49)."""


class Feature(Word):
    """A part of a service that may be restricted or used separately."""

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
    feature: feature
    not in (Feature.REGISTRATION, Feature.LOGIN, Feature.PAYMENT, Feature.APP_DISTRIBUTION)
    for feature in Feature
}
"""Whether restricting the feature affects the ordinary use of existing users.

If not, it affects people who register, log in, pay or install during the restriction, and their
number cannot be derived from the audience of the service.
"""


class Action(Word):
    """The action against the target."""

    BLOCK = "block", "access is cut off"
    THROTTLE = "throttle", "traffic is slowed on purpose"
    DEGRADE = (
        "degrade",
        "use is made worse by other means than slowing, or by means that are not known",
    )
    INTERMITTENT = "intermittent", "access comes and goes"
    DELIST = "delist", "taken out of app stores or search results"
    LEGAL_BAN_ONLY = "legal_ban_only", "forbidden by law or order, with access as before"
    SERVICE_WITHDRAWAL = "service_withdrawal", "the service itself leaves the country or the users"
    NETWORK_SHUTDOWN = "network_shutdown", "the internet or a network is switched off"
    UNKNOWN = "unknown", "the source does not say what was done"


class Severity(Word):
    """Severity of a restriction, ordered as written; unknown is outside the order."""

    NONE = "none", "nothing is gone"
    IMPAIRED = "impaired", "something works less well, and no source states what"
    FEATURE_UNAVAILABLE = "feature_unavailable", "a feature cannot be used"
    SERVICE_IMPAIRED = "service_impaired", "the service can be used, less well"
    SERVICE_UNAVAILABLE = "service_unavailable", "the service cannot be used"
    NETWORK_UNAVAILABLE = "network_unavailable", "a network cannot be used"
    UNKNOWN = "unknown", "the source does not say how far"


class ClaimStatus(Word):
    """The sources that claim the restriction, and whether it is disputed."""

    OFFICIAL = "official", "an authority says so, or admits it"
    REPORTED = "reported", "press or civil society report it; no official statement is on record"
    DISPUTED = "disputed", "some say so and others deny it"
    WITHDRAWN = "withdrawn", "it was announced, then taken back or never carried out"


class EvidenceState(Word):
    """The result of measurements of the target."""

    BLOCKED = "blocked", "measurements show a block"
    LIKELY_BLOCKED = (
        "likely_blocked",
        "a block is likely: measurements point to it, or government or operator admit it",
    )
    IMPAIRED = "impaired", "measurements show slower or failing use"
    DOWN = "down", "measurements show that the network or the service is gone"
    OK = "ok", "measurements show ordinary access"
    INSUFFICIENT = "insufficient", "no measurement on record, or too few to decide"


class GeoScope(Word):
    """The geographic extent of the restriction inside its areas."""

    NATIONAL = "national", "the whole country"
    MULTI_REGION = "multi_region", "several regions of the country"
    REGION = "region", "one region"
    MULTI_LOCALITY = "multi_locality", "several towns or districts"
    LOCALITY = "locality", "one town or district"
    NETWORK_ONLY = "network_only", "no place: users of certain networks, wherever they are"
    UNKNOWN = "unknown", "the source does not say where in the country"


class NetworkScope(Word):
    """The access networks that the restriction affects."""

    ALL = "all", "all access networks"
    MOBILE = "mobile", "mobile networks alone"
    FIXED = "fixed", "fixed lines alone"
    SATELLITE = "satellite", "satellite links alone"
    ASN_LIST = "asn_list", "the networks of named operators"
    UNKNOWN = "unknown", "the source does not say which networks"


class Cause(Word):
    """The cause of the loss of a network or a service."""

    ORDER = "order", "somebody decided it: an authority or a company"
    ATTACK = "attack", "an attack on the network or the service"
    DAMAGE = "damage", "damage, such as a cut cable, a disaster or a power cut"
    UNKNOWN = "unknown", "the source says that the cause is not known"


class HoursBasis(Word):
    """The origin of the hours of a day on which a restriction was in force."""

    MEASURED = "measured", "outages measured in its days"
    PRINTED = "printed", "its own source prints them"
    EXAMS = "exams", "cuts for exams, as it is one and prints none"
    NETWORK_CUT = "network_cut", "other cuts of a country's network, as nothing says its own"


class EvidenceScope(Word):
    """The extent of an outage, in the words of its measurer."""

    COUNTRY = "country", "the whole country"
    REGION = "region", "a region of it"
    NETWORK = "network", "single networks"


class AreaLevel(StrEnum):
    """The level of a place within its country; blank for countries and parts of the world."""

    ADMIN1 = "admin1"
    ADMIN2 = "admin2"
    ADMIN3 = "admin3"
    DIVISION = "division"
    CITY = "city"
    UNION = "union"


PRINTED_AREA = "area as printed: "
"""Beginning of the part of a note that repeats the places as a register prints them."""


BOTH_ACTIONS = "shut down and throttled, in turn or in part; the harder stands"
SLOWED_ALONE = "slowed, while faster networks or none were switched off; not a shutdown"
ON_AND_OFF = "on and off, as its text says"
WITH_NETWORK = "its cells name the whole network as well"
EITHER_ACTION = "shut down or slowed, as its cells say; not counted as a shutdown"
FAST_CUT = "faster networks cut and 2G slowed, as its text says"
PROLONGED = "prolongs an earlier one, as its text says"
IN_SERIES = "one of a series, as its text says"
NOT_AS_ORDER = "an authority acknowledged it, and no order"
"""Notes on a restriction that a register records as both a shutdown and slowed, as such where only
slowing is meant, in spells, as one of services and the network, of which the services stand, as
both without a word on which, by the generation of the networks, as one of several, or as a fault.
"""


class PlaceReading(Word):
    """The part of a place that the words of a register mean."""

    WHOLE = "whole", "everyone in the place"
    WITHIN = "within", "a part of the place, of which our record has no count"
    CITY_OR_DISTRICT = "city_or_district", "the place, or a smaller one of its name inside it"


class PartKind(Word):
    """The part of a place that the words of a register mean, where they mean a part."""

    VILLAGE = "village", "villages or village tracts"
    LOCALITY = "locality", "an area, a ward, a neighbourhood, a camp"
    SITE = "site", "a campus, a hotel, a bridge, a market, a stretch of road"
    TOWN = "town", "towns in it"
    CITY = "city", "cities in it"
    SEAT = "seat", "the town that the place is named after"
    SUBDISTRICT = "subdistrict", "tehsils, townships, blocks or police districts"
    CIRCLE = "circle", "circles around points, units being their radius in kilometres"
    DISTRICTS = "districts", "a number of districts that are not named"
    SOME = "some", "parts that are not named"
    PLACE = "place", "a place inside it; the text does not say of what kind"


class PlaceMatch(StrEnum):
    """The method by which a name was matched to a place."""

    EXACT = "exact"
    ALIAS = "alias"
    FUZZY = "fuzzy"
    OVERRIDE = "override"


class EndStatus(Word):
    """The state of the end of a restriction; withdrawn means that it was never enforced."""

    ENDED = "ended", "over"
    ONGOING = "ongoing", "in force when the facts were read"
    WITHDRAWN = "withdrawn", "never carried out"
    UNKNOWN = "unknown", "no source says whether it is over"


class EndSource(Word):
    """The origin of the end date."""

    RECORDED = "recorded", "its source gives the end"
    LAST_REPORT = "last_report", "the last day on which its source reports it"
    DURATION_FIELD = "duration_field", "its source gives the number of days"
    SNAPSHOT_DATE = "snapshot_date", "in force when its source was read"
    CEILING = "ceiling", "the last day that is possible"
    RESTORED_IN_MOST = "restored_in_most", "access came back in most places"
    NOT_LISTED_LATER = "not_listed_later", "the next edition of a register does not list it"
    MISSING = "missing", "no source gives an end"


class StartPrecision(Word):
    """The precision of a start."""

    ACTUAL = "actual", "known to the day"
    ESTIMATED = "estimated", "around that day"
    FIRST_SEEN = "first_seen", "that day or before, when it was first seen"


class PlatformKind(StrEnum):
    """The kind of a platform; a group is named in a source without its members."""

    MESSENGER = "messenger"
    SOCIAL_NETWORK = "social_network"
    VIDEO = "video"
    SEARCH = "search"
    PORTAL = "portal"
    GAME = "game"
    VOIP = "voip"
    ADVERTISING = "advertising"
    DATING = "dating"
    DEVELOPER = "developer"
    REFERENCE = "reference"
    STORAGE = "storage"
    VPN = "vpn"
    GROUP = "group"
    NETWORK = "network"
    OTHER = "other"
