"""Names for readers: what a coded value of the published tables is called in plain English.

A value that no list holds is shown as it stands, with its underscores as spaces: it may come from a
release that knows more words.
"""

from collections.abc import Mapping
from functools import cache

from babel import Locale

from audience_impact.vocabulary import (
    WHOLE_INTERNET,
    Action,
    Cause,
    ClaimStatus,
    DedupMethod,
    EndStatus,
    EvidenceState,
    Feature,
    GeoScope,
    ImpactMetric,
    NetworkScope,
    ObsStatus,
    PopulationBase,
    Severity,
    Staleness,
)

WORDS: dict[str, Mapping[str, str]] = {
    "feature": {
        Feature.WHOLE_SERVICE: "the whole service",
        Feature.TEXT_MESSAGE: "text messages",
        Feature.VOICE_MESSAGE: "voice messages",
        Feature.VOICE_CALL: "voice calls",
        Feature.VIDEO_CALL: "video calls",
        Feature.GROUP_CALL: "group calls",
        Feature.MEDIA_TRANSFER: "photos and videos",
        Feature.FILE_TRANSFER: "files",
        Feature.CHANNEL: "channels",
        Feature.FEED: "the feed",
        Feature.LIVE_STREAM: "live streams",
        Feature.REGISTRATION: "new registrations",
        Feature.LOGIN: "logins",
        Feature.PAYMENT: "payments",
        Feature.BOT_API: "bots",
        Feature.APP_DISTRIBUTION: "installation of the app",
        Feature.WEB_CLIENT: "the web version",
        Feature.UNKNOWN: "a part that is not named",
    },
    "action": {
        Action.BLOCK: "blocked",
        Action.THROTTLE: "slowed down",
        Action.DEGRADE: "made worse",
        Action.INTERMITTENT: "blocked from time to time",
        Action.DELIST: "taken out of stores or lists",
        Action.LEGAL_BAN_ONLY: "forbidden by law alone",
        Action.SERVICE_WITHDRAWAL: "withdrawn by the service",
        Action.NETWORK_SHUTDOWN: "network shut down",
        Action.UNKNOWN: "not known",
    },
    "severity": {
        Severity.NONE: "nothing was touched",
        Severity.IMPAIRED: "impaired",
        Severity.FEATURE_UNAVAILABLE: "a feature unavailable",
        Severity.SERVICE_IMPAIRED: "the service impaired",
        Severity.SERVICE_UNAVAILABLE: "the service unavailable",
        Severity.NETWORK_UNAVAILABLE: "the network unavailable",
        Severity.UNKNOWN: "not known",
    },
    "claim_status": {
        ClaimStatus.OFFICIAL: "said by officials",
        ClaimStatus.REPORTED: "reported",
        ClaimStatus.DISPUTED: "disputed",
        ClaimStatus.WITHDRAWN: "withdrawn",
    },
    "evidence_state": {
        EvidenceState.BLOCKED: "measured as blocked",
        EvidenceState.LIKELY_BLOCKED: "likely blocked",
        EvidenceState.IMPAIRED: "measured as impaired",
        EvidenceState.DOWN: "measured as down",
        EvidenceState.OK: "measurements find no restriction",
        EvidenceState.INSUFFICIENT: "no sufficient measurement",
    },
    "geo_scope": {
        GeoScope.NATIONAL: "the whole country",
        GeoScope.MULTI_REGION: "several regions",
        GeoScope.REGION: "one region",
        GeoScope.MULTI_LOCALITY: "several places",
        GeoScope.LOCALITY: "one place",
        GeoScope.NETWORK_ONLY: "some networks",
        GeoScope.UNKNOWN: "not known",
    },
    "network_scope": {
        NetworkScope.ALL: "all networks",
        NetworkScope.MOBILE: "mobile networks",
        NetworkScope.FIXED: "fixed networks",
        NetworkScope.SATELLITE: "satellite",
        NetworkScope.ASN_LIST: "named operators",
        NetworkScope.UNKNOWN: "networks not known",
    },
    "cause": {
        Cause.ORDER: "an order",
        Cause.ATTACK: "an attack",
        Cause.DAMAGE: "damage",
        Cause.UNKNOWN: "not known",
        "": "not said",
    },
    "end_status": {
        EndStatus.ENDED: "ended",
        EndStatus.ONGOING: "ongoing",
        EndStatus.WITHDRAWN: "never carried out",
        EndStatus.UNKNOWN: "end not known",
    },
    "obs_status": {
        ObsStatus.NORMAL: "normal",
        ObsStatus.ESTIMATED: "estimated",
        ObsStatus.FORECAST: "forecast",
        ObsStatus.LOW_RELIABILITY: "low reliability",
        ObsStatus.IMPUTED: "imputed",
        ObsStatus.MISSING: "no figure",
    },
    "impact_metric": {
        ImpactMetric.PEOPLE_EXPOSED: "people exposed",
        ImpactMetric.PEOPLE_FEATURE_EXPOSED: "people who use what is restricted",
        ImpactMetric.PEOPLE_DEPRIVED_NET: "people left without access",
        ImpactMetric.REACH_LOST: "audience lost afterwards",
        "person_days": "person-days",
    },
    "base": {
        PopulationBase.ALL_AGES: "residents of all ages",
        PopulationBase.AGE_12_PLUS: "residents aged 12 and over",
        PopulationBase.AGE_13_PLUS: "residents aged 13 and over",
        PopulationBase.AGE_16_PLUS: "residents aged 16 and over",
        PopulationBase.AGE_18_PLUS: "adults",
        PopulationBase.INTERNET_12_PLUS: "internet users aged 12 and over",
        PopulationBase.INTERNET_ALL: "internet users",
        PopulationBase.CUSTOM: "a group of its own",
    },
    "dedup_method": {
        DedupMethod.SINGLE: "one service, nothing to unite",
        DedupMethod.FRECHET: "bounds alone",
        DedupMethod.LP: "sharp bounds from measured overlaps",
        DedupMethod.LATENT_FACTOR: "model of the joint use of services",
        DedupMethod.CONDITIONED: "model of joint use, held to measured overlaps",
        DedupMethod.OBSERVED_UNION: "people using any of them were counted",
        DedupMethod.IMPUTED_OWN_PEOPLE: "imputed from figures of the same people",
        DedupMethod.IMPUTED_OWN_OTHER: "imputed from other figures of the service there",
        DedupMethod.IMPUTED_COUNTRY: "imputed from other services of the country",
        DedupMethod.IMPUTED_SUBREGION: "imputed from countries nearby",
        DedupMethod.IMPUTED_SERVICE: "imputed from the service elsewhere",
        DedupMethod.IMPUTED_KIND: "imputed from services of its kind",
    },
    "staleness": {
        Staleness.FRESH: "three months old at most",
        Staleness.AGEING: "older than three months",
        Staleness.STALE: "older than a year",
        Staleness.EXPIRED: "older than two years",
    },
    "role": {
        "audience": "audience",
        "daily_audience": "daily audience",
        "base": "people in the base",
        "population": "residents",
        "relay": "the same figure on another page",
        "after": "audience afterwards",
        "share_base": "people the share is of",
        "feature_share": "share who use the feature",
        "circumvention": "share who keep access",
        "own_survey": "survey of joint use",
    },
    "input": {
        "base": "people in the base",
        "audience": "size of the audiences",
        "correlation": "joint use of the services",
        "model": "the model of joint use",
        "circumvention": "who keeps access",
        "daily_use": "who comes every day",
        "network": "who is on the network cut",
        "place": "who is online in the places cut",
        "feature_share": "who uses the feature",
        "assumed": "share taken from other services",
        "no_figure": "no figure at all",
    },
}
"""By kind of word, what each value is called."""

_TERRITORIES = Locale("en").territories
_OWN_AREAS = {
    "001": "The world",
    "002": "Africa",
    "419": "Latin America and the Caribbean",
    "053": "Australia and New Zealand",
    "034": "Southern Asia",
    "035": "South-eastern Asia",
    "PS": "Palestine",
    "MM": "Myanmar",
    "CD": "Democratic Republic of the Congo",
    "CG": "Republic of the Congo",
}
"""Where Unicode's names are none that the field uses."""


def word(value: str | None, kind: str) -> str:
    """What a coded value is called; a blank is "not known"."""
    told = WORDS[kind]
    if not isinstance(value, str) or not value:
        return told.get("", "not known")
    return told.get(value) or value.replace("_", " ")


@cache
def area(code: str) -> str:
    """The name of a country (ISO 3166-1) or a region (UN M49); the code where it has none."""
    return _OWN_AREAS.get(code) or _TERRITORIES.get(code) or code


def places(codes: str) -> str:
    """The names of several areas whose codes are joined by semicolons."""
    return joined([area(code) for code in codes.split(";")])


def joined(words: list[str]) -> str:
    """Words as an enumeration: a, b and c."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def platform(name: str) -> str:
    """The name of a platform in a sentence."""
    return "the internet" if name in (WHOLE_INTERNET, "Whole internet") else name
