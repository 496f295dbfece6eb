"""Names for readers: what a coded value of the published tables is called in plain English.

A value that no list holds is shown as it stands, with its underscores as spaces: it may come from a
release that knows more words.
"""

from collections.abc import Mapping
from functools import cache

from babel import Locale

from audience_impact.vocabulary import (
    Action,
    Cause,
    ClaimStatus,
    DedupMethod,
    EndStatus,
    EvidenceState,
    Feature,
    FigureKind,
    GeoScope,
    ImpactMetric,
    InputKind,
    NetworkScope,
    PopulationBase,
    Severity,
    Staleness,
    Unit,
)
from flows.reporting.answer import STATUS
from flows.reporting.sentences.names import area_in_words

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
        Action.DEGRADE: "restricted",
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
    "obs_status": STATUS,
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
        InputKind.BASE: "how many people are online",
        InputKind.AUDIENCE: "how large the audiences are",
        InputKind.CORRELATION: "how use of the services goes together",
        InputKind.MODEL: "how well joint use is foretold",
        InputKind.OVERLAP: "overlaps as measured",
        InputKind.CIRCUMVENTION: "who keeps access",
        InputKind.DAILY_USE: "who comes on a day",
        InputKind.NETWORK: "who is online over the network cut",
        InputKind.PLACE: "who is online in the places cut",
        InputKind.FEATURE_SHARE: "who uses the feature",
        InputKind.ASSUMED: "the feature, taken from other services",
        "no_figure": "no figure at all",
    },
    "figure_kind": {
        FigureKind.PLATFORM_AUDIENCE: "users of the service",
        FigureKind.ADDED_UP: "audiences added up",
        FigureKind.COMPANY_STATEMENT: "users, as the company says",
        FigureKind.PEOPLE_AFFECTED: "people affected",
        FigureKind.INTERNET_USERS: "internet users",
        FigureKind.POPULATION: "residents",
        FigureKind.STILL_USING: "people still using it",
    },
    "imputation_rung": {
        "own_people": "figures of the same people in another year or unit",
        "own_other": "other figures of the service in the country",
        "country": "other services in the country",
        "subregion": "the service in countries nearby",
        "service": "the service elsewhere",
        "kind": "services of its kind",
    },
    "unit": {Unit.PERSONS: "people"},
    "compared_with": {
        "platform": "the audience of the service",
        "restriction": "the people exposed",
    },
    "difference_reason": {
        "within_bounds": "within our bounds",
        "above_our_upper": "above our upper bound",
        "below_our_lower": "below our lower bound",
        "other_definition": "counts something else",
        "counts_all_internet_users": "counts everyone online",
        "counts_the_population": "counts all residents",
        "adds_up_platforms": "adds up services, and counts people several times",
    },
    "interval_kind": {"one_sided_min": "at least", "one_sided_max": "at most"},
    "audience_metric": {
        "monthly_reach": "monthly users",
        "weekly_reach": "weekly users",
        "daily_reach": "daily users",
        "avg_daily_reach": "users on an average day",
        "mau": "monthly active users",
        "wau": "weekly active users",
        "dau": "daily active users",
        "registered": "registered users",
        "installs": "installations",
        "ad_audience": "people whom advertisements can reach",
        "survey_regular": "users, as people say in a survey",
        "survey_monthly": "monthly users, as people say in a survey",
        "survey_daily": "daily users, as people say in a survey",
        "feature_users": "users of the feature",
        "dsa_amar": "monthly recipients as reported under the EU's Digital Services Act",
        "internet_users_month": "people online in a month",
        "internet_users_3m": "people online in three months",
        "population": "residents",
        "unspecified": "users, not said how counted",
    },
}
"""By kind of word, what each value is called."""

_REGIONS = {
    "001": "The world",
    "034": "Southern Asia",
    "035": "South-eastern Asia",
    "053": "Australia and New Zealand",
    "419": "Latin America and the Caribbean",
}
"""Regions (UN M49) that have another name in the Unicode locale data."""


def word(value: str | None, kind: str) -> str:
    """What a coded value is called; a blank is "not known"."""
    told = WORDS[kind]
    if not isinstance(value, str) or not value:
        return told.get("", "not known")
    return told.get(value) or value.replace("_", " ")


@cache
def area(code: str) -> str:
    """The name of a country (ISO 3166-1) or a region (UN M49) as a heading has it."""
    known = Locale("en").territories.get(code, code)
    name = _REGIONS.get(code) or area_in_words(code, known)
    return name.removeprefix("the ").removeprefix("The ") if code != "001" else name
