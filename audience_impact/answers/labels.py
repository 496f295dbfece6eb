"""Names for readers: what a coded value of the published tables is called in plain English.

The meaning of each value stands with it in the vocabulary. Here are names that are shorter, for
cells and labels. A value that neither holds is shown as it stands, with its underscores as spaces:
it may come from a release that knows more words.
"""

from collections.abc import Mapping
from functools import cache

from babel import Locale

from audience_impact.answers.answer import STATUS
from audience_impact.answers.sentences.names import area_in_words
from audience_impact.vocabulary import (
    Action,
    AudienceMetric,
    Cause,
    ClaimStatus,
    DifferenceReason,
    EndStatus,
    EvidenceState,
    FactRole,
    Feature,
    FigureKind,
    GeoScope,
    ImpactMetric,
    ImputationRung,
    InputKind,
    NetworkScope,
    PopulationBase,
    Severity,
    Staleness,
    Unit,
    Word,
)

MEANT: dict[str, type[Word]] = {
    "action": Action,
    "audience_metric": AudienceMetric,
    "cause": Cause,
    "claim_status": ClaimStatus,
    "difference_reason": DifferenceReason,
    "evidence_state": EvidenceState,
    "figure_kind": FigureKind,
    "geo_scope": GeoScope,
    "imputation_rung": ImputationRung,
    "network_scope": NetworkScope,
    "severity": Severity,
    "unit": Unit,
}
"""By kind of word, where its values say what they mean."""
SHORT: dict[str, Mapping[str, str]] = {
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
        Feature.SEARCH: "search",
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
        Action.THROTTLE: "slowed",
        Action.DEGRADE: "restricted",
        Action.INTERMITTENT: "cut at times",
        Action.DELIST: "delisted",
        Action.LEGAL_BAN_ONLY: "banned by law alone",
        Action.SERVICE_WITHDRAWAL: "withdrawn by the service",
        Action.NETWORK_SHUTDOWN: "shut down",
        Action.UNKNOWN: "restricted",
    },
    "claimed": {
        ClaimStatus.OFFICIAL: "said by an authority",
        ClaimStatus.REPORTED: "reported",
        ClaimStatus.DISPUTED: "disputed",
        ClaimStatus.WITHDRAWN: "withdrawn",
    },
    "seen": {
        EvidenceState.BLOCKED: "measured",
        EvidenceState.LIKELY_BLOCKED: "likely from measurements",
        EvidenceState.IMPAIRED: "measured",
        EvidenceState.DOWN: "measured",
        EvidenceState.OK: "measurements find nothing",
        EvidenceState.INSUFFICIENT: "not measured",
    },
    "cause": {
        Cause.ORDER: "an order",
        Cause.ATTACK: "an attack",
        Cause.DAMAGE: "damage",
        Cause.UNKNOWN: "said to be unknown",
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
        PopulationBase.ALL_AGES: "residents",
        PopulationBase.AGE_12_PLUS: "residents aged 12 and over",
        PopulationBase.AGE_13_PLUS: "residents aged 13 and over",
        PopulationBase.AGE_16_PLUS: "residents aged 16 and over",
        PopulationBase.AGE_18_PLUS: "residents aged 18 and over",
        PopulationBase.INTERNET_12_PLUS: "internet users aged 12 and over",
        PopulationBase.INTERNET_ALL: "internet users",
        PopulationBase.CUSTOM: "people of another population",
    },
    "staleness": {
        Staleness.FRESH: "three months old at most",
        Staleness.AGEING: "older than three months",
        Staleness.STALE: "older than a year",
        Staleness.EXPIRED: "older than two years",
    },
    "role": {
        FactRole.AUDIENCE: "audience",
        FactRole.DAILY_AUDIENCE: "daily audience",
        FactRole.BASE: "people in the base",
        FactRole.POPULATION: "residents",
        FactRole.RELAY: "set aside: the same figure on another page",
        FactRole.AFTER: "audience afterwards",
        FactRole.SHARE_BASE: "people the share is of",
        FactRole.FEATURE_SHARE: "share who use the feature",
        FactRole.CIRCUMVENTION: "share who keep access",
        FactRole.OVERLAP: "overlap of services",
        FactRole.OWN_SURVEY: "survey of joint use",
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
}
"""By kind of word, names for cells and labels."""

_REGIONS = {
    "001": "The world",
    "034": "Southern Asia",
    "035": "South-eastern Asia",
    "053": "Australia and New Zealand",
    "419": "Latin America and the Caribbean",
}
"""Regions (UN M49) that have another name in the Unicode locale data."""


def word(value: str | None, kind: str) -> str:
    """What a coded value is called: its short name, else its meaning; a blank is "not known"."""
    short = SHORT.get(kind, {})
    if not isinstance(value, str) or not value:
        return short.get("", "not known")
    meant = MEANT[kind].meanings() if kind in MEANT else {}
    return short.get(value) or meant.get(value) or value.replace("_", " ")


def meaning(value: str, kind: str) -> str:
    """What a coded value means, in the words of the vocabulary."""
    return MEANT[kind].meanings().get(value) or value.replace("_", " ")


@cache
def area(code: str) -> str:
    """The name of a country (ISO 3166-1) or a region (UN M49) as a heading has it."""
    known = Locale("en").territories.get(code, code)
    name = _REGIONS.get(code) or area_in_words(code, known)
    return name.removeprefix("the ").removeprefix("The ") if code != "001" else name
