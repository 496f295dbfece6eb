"""The controlled words of the facts and of the published tables, and what reads such tables.

vocabulary.csv says what each set is (in the row without a word) and, of the published words, what
each means. Of the words that answers use it has the forms too:

    short    for a cell or a label: `blocked`
    noun     the thing in a sentence: `a block of it was announced`
    verb     what was done in a sentence: `it was blocked`

No other module may contain a list of allowed words: contracts, statistics and texts all use these.
Codes follow SDMX where a concept exists (OBS_STATUS, SEX, REF_AREA).
"""

import csv
from enum import StrEnum
from functools import cache
from pathlib import Path

WHOLE_INTERNET = "*"
"""The platform id for the whole internet as a target."""
WORLD = "001"
"""The area id of the world (UN M49)."""
ONLINE_YEARS = range(2015, 2028)
"""The years for which the share of residents online is fitted."""
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
"""Remarks that an import writes into the note of a restriction, and that answers put into words."""

# Results: the numbers of a published row, their status and evidence, checks and changes.
ImpactMetric = StrEnum("ImpactMetric", "PEOPLE_EXPOSED PEOPLE_FEATURE_EXPOSED PEOPLE_DEPRIVED_NET")
RestrictionKind = StrEnum(
    "RestrictionKind", "ALL ORDERED BEGAN CARRIED_OVER OLDER SHUTDOWN SERVICE"
)
RegionLevel = StrEnum("RegionLevel", "WORLD CONTINENT SUBREGION")
DedupMethod = StrEnum(
    "DedupMethod",
    "SINGLE FRECHET LP LATENT_FACTOR CONDITIONED OBSERVED_UNION IMPUTED_OWN_PEOPLE "
    "IMPUTED_OWN_OTHER IMPUTED_COUNTRY IMPUTED_SUBREGION IMPUTED_SERVICE IMPUTED_WORLD "
    "IMPUTED_KIND",
)
ObsStatus = StrEnum(
    "ObsStatus",
    {
        "NORMAL": "A",
        "ESTIMATED": "E",
        "FORECAST": "F",
        "IMPUTED": "I",
        "LOW_RELIABILITY": "U",
        "MISSING": "M",
    },
)
Confidence = StrEnum("Confidence", "HIGH MEDIUM LOW")
Staleness = StrEnum("Staleness", "FRESH AGEING STALE EXPIRED")
PartGap = StrEnum(
    "PartGap",
    "NO_DAY PART_UNKNOWN NO_PLACES NO_POPULATION RUNG_CLOSED FIXED_ALONE SATELLITE_ALONE "
    "OPERATORS OPERATORS_NOISE OPERATORS_BELOW NO_NETWORK_LAWS NETWORKS_UNKNOWN",
)
Assumption = StrEnum("Assumption", "ANY_MESSENGER FEATURE POPULATION DURING LIMIT")
CircumventionBasis = StrEnum("CircumventionBasis", "MEASURED LEARNED NETWORK_GONE")
ParameterBasis = StrEnum("ParameterBasis", "ESTIMATED SINGLE_HOUSE ASSUMED")
ImputationRung = StrEnum(
    "ImputationRung", "OWN_PEOPLE OWN_OTHER COUNTRY SUBREGION SERVICE WORLD KIND"
)
InputKind = StrEnum(
    "InputKind",
    "AUDIENCE BASE CORRELATION MODEL OVERLAP FEATURE_SHARE ASSUMED DAILY_USE CIRCUMVENTION PLACE "
    "NETWORK DEPTH",
)
FigureKind = StrEnum(
    "FigureKind",
    "PLATFORM_AUDIENCE ADDED_UP COMPANY_STATEMENT PEOPLE_AFFECTED INTERNET_USERS POPULATION "
    "STILL_USING",
)
ComparedWith = StrEnum("ComparedWith", "PLATFORM RESTRICTION")
DifferenceReason = StrEnum(
    "DifferenceReason",
    "WITHIN_BOUNDS ADDS_UP_PLATFORMS COUNTS_ALL_INTERNET_USERS COUNTS_THE_POPULATION "
    "ABOVE_OUR_UPPER BELOW_OUR_LOWER FEWER_RESTRICTIONS DURATION_DIFFERS NOTHING_ON_RECORD "
    "OTHER_PERIOD DISPUTED OTHER_DEFINITION",
)
FactRole = StrEnum(
    "FactRole",
    "RESTRICTION TARGET AUDIENCE RELAY DAILY_AUDIENCE BASE POPULATION SHARE_BASE FEATURE_SHARE "
    "CIRCUMVENTION OVERLAP NETWORK OPERATORS OWN_SURVEY EVIDENCE",
)
TraceStep = StrEnum(
    "TraceStep",
    "QUESTION BASE AUDIENCE ERRORS JOINT_USE PLACE IMPUTED FEATURE ACCESS DAYS DRAWS UNDRAWN",
)
YesNo = StrEnum("YesNo", "YES NO")
AnswerChange = StrEnum(
    "AnswerChange",
    "VANISHED APPEARED MOVED_BEYOND_ITS_INTERVAL MOVED STATUS_ALONE MOVED_SLIGHTLY SAME",
)
FactChange = StrEnum("FactChange", "ADDED CHANGED REMOVED")
ImportOutcome = StrEnum("ImportOutcome", "EVENT MERGED REFUSED")
EventRelation = StrEnum("EventRelation", "ONE_EVENT OTHER_NETWORKS REMAINDER NEAR APART")
FindingSeverity = StrEnum("FindingSeverity", "ERROR TABLE_ERROR WARNING")
RuleStage = StrEnum(
    "RuleStage",
    {
        "FILES": "files",
        "CELLS": "cells and rows",
        "KEYS": "keys",
        "TABLES": "tables together",
        "RESULTS": "results",
        "PUBLISHED": "published tables",
        "VERSIONS": "last version",
    },
)

# Figures: quantity, unit, population, source and method.
AudienceMetric = StrEnum(
    "AudienceMetric",
    "MONTHLY_REACH WEEKLY_REACH DAILY_REACH AVG_DAILY_REACH MAU WAU DAU REGISTERED INSTALLS "
    "DOWNLOADS AD_AUDIENCE SURVEY_REGULAR SURVEY_MONTHLY SURVEY_DAILY FEATURE_USERS DSA_AMAR "
    "INTERNET_USERS_MONTH INTERNET_USERS_3M POPULATION UNSPECIFIED",
)
Unit = StrEnum(
    "Unit", "PERSONS SHARE ACCOUNTS IDENTITIES DEVICES SUBSCRIPTIONS HOUSEHOLDS DOWNLOADS"
)
PopulationBase = StrEnum(
    "PopulationBase",
    "ALL_AGES AGE_12_PLUS AGE_13_PLUS AGE_16_PLUS AGE_18_PLUS INTERNET_12_PLUS INTERNET_ALL "
    "WORLD_USERS CUSTOM",
)
IntervalKind = StrEnum("IntervalKind", "MIN_MAX CI90 CI95 ONE_SIDED_MIN ONE_SIDED_MAX NONE")
SourceType = StrEnum(
    "SourceType",
    "PANEL SURVEY CENSUS OPERATOR_DATA COMPANY_STATEMENT AD_PLATFORM REGULATOR "
    "NETWORK_MEASUREMENT PRESS_RELAY MODEL JUDGEMENT",
)
Unstated = StrEnum("Unstated", {"NOT_STATED": "not stated", "NOT_RECORDED": "not recorded"})
Reliability = StrEnum("Reliability", "HIGH MEDIUM LOW")
OverlapKind = StrEnum("OverlapKind", "INTERSECTION UNION")
UseFrequencyKind = StrEnum(
    "UseFrequencyKind", "OF_USERS OF_MONTHLY_USERS OF_WEEKLY_USERS OF_ADOPTERS OF_POPULATION"
)
CircumventionKind = StrEnum(
    "CircumventionKind",
    "KEEPS_ACCESS STILL_REACHED_MONTHLY STILL_REACHED_WEEKLY STILL_REACHED_DAILY USES_VPN",
)
RegionalAsked = StrEnum("RegionalAsked", "PEOPLE WOMEN_15_49 MEN_15_49 HOUSEHOLDS")
Residence = StrEnum("Residence", "TOTAL URBAN RURAL")
InternetUse = StrEnum("InternetUse", "USED_12_MONTHS EVER_USED AT_HOME")
WayOfCounting = StrEnum(
    "WayOfCounting",
    "ASKED NAMED ASKED_OF_USERS MEASURED WEEKLY DAILY TOLD ADVERTISING ACCOUNTS INSTALLED "
    "UNSPECIFIED WORLD_MONTHLY WORLD_DAILY WORLD_REGISTERED",
)
Sex = StrEnum("Sex", {"MALE": "M", "FEMALE": "F"})

# What is fitted to figures.
OverlapParameter = StrEnum(
    "OverlapParameter", "MEAN BETWEEN WITHIN AREA REGION MODEL SPREAD_BELOW SPREAD_ABOVE SURVEY"
)
FigureError = StrEnum(
    "FigureError",
    "GROWTH GROWTH_MESSENGER GROWTH_SOCIAL_NETWORK GROWTH_VIDEO RESTRICTED_GROWTH BASE_GROWTH "
    "MEASURERS BASE_MEASURERS SECONDARY_SOURCE POPULATION LOW_RELIABILITY EFFECTIVE_SAMPLE "
    "TAIL_DEGREES CHILDREN",
)
ErrorQuantile = StrEnum("ErrorQuantile", "Q05 Q50 Q95 COUNT")
PlaceLaw = StrEnum(
    "PlaceLaw",
    "BETWEEN BETWEEN_LEVEL COUNTRY_DEGREES SMALL_PLACE CITY SURVEY AGEING MODEL MODEL_SLOPE "
    "MODEL_LEVEL HOUSEHOLDS HOUSEHOLDS_SLOPE URBAN URBAN_REST READING",
)
NetworkLaw = StrEnum(
    "NetworkLaw", "CHANGE OTHER_COUNTRIES OPERATOR_CHANGE OPERATOR_JUMP OPERATOR_REGION"
)
DurationLaw = StrEnum("DurationLaw", "DAYS_LOG_MEAN DAYS_LOG_VARIANCE HOURS_LOG_MEAN HOURS_LOG_SD")
RungFamily = StrEnum("RungFamily", "AUDIENCE PLACE NETWORK ONLINE")
AudienceLaw = StrEnum("AudienceLaw", "EFFECT_SPREAD RUNG_FACTOR PLATFORM_FACTOR REGION_FACTOR")
Chance = StrEnum("Chance", "HAPPENED WHOLE ONGOING DISTINCT")
ChanceGroup = StrEnum(
    "ChanceGroup",
    "MEASURED OFFICIAL ONE_REPORT NATIONAL BELOW_COUNTRY PART ONGOING_NETWORK ONGOING_SERVICE "
    "UNKNOWN_NETWORK UNKNOWN_SERVICE ALONE NEAR",
)

# Restrictions: the action, its targets, its author, its place and its dates.
Feature = StrEnum(
    "Feature",
    "WHOLE_SERVICE TEXT_MESSAGE VOICE_MESSAGE VOICE_CALL VIDEO_CALL GROUP_CALL MEDIA_TRANSFER "
    "FILE_TRANSFER CHANNEL FEED LIVE_STREAM SEARCH REGISTRATION LOGIN PAYMENT BOT_API "
    "APP_DISTRIBUTION WEB_CLIENT UNKNOWN",
)
HITS_EXISTING_USERS = {
    feature: feature
    not in (Feature.REGISTRATION, Feature.LOGIN, Feature.PAYMENT, Feature.APP_DISTRIBUTION)
    for feature in Feature
}
"""Whether restricting the feature affects the ordinary use of existing users.

If not, it affects people who register, log in, pay or install during the restriction, and their
number cannot be derived from the audience of the service.
"""
Action = StrEnum(
    "Action",
    "BLOCK THROTTLE DEGRADE INTERMITTENT DELIST LEGAL_BAN_ONLY SERVICE_WITHDRAWAL "
    "NETWORK_SHUTDOWN UNKNOWN",
)
Severity = StrEnum(
    "Severity",
    "NONE IMPAIRED FEATURE_UNAVAILABLE SERVICE_IMPAIRED SERVICE_UNAVAILABLE NETWORK_UNAVAILABLE "
    "UNKNOWN",
)
ClaimStatus = StrEnum("ClaimStatus", "OFFICIAL REPORTED DISPUTED WITHDRAWN")
EvidenceState = StrEnum("EvidenceState", "BLOCKED LIKELY_BLOCKED IMPAIRED DOWN OK INSUFFICIENT")
GeoScope = StrEnum(
    "GeoScope", "NATIONAL MULTI_REGION REGION MULTI_LOCALITY LOCALITY NETWORK_ONLY UNKNOWN"
)
NetworkScope = StrEnum("NetworkScope", "ALL MOBILE FIXED SATELLITE ASN_LIST UNKNOWN")
Cause = StrEnum("Cause", "ORDER ATTACK DAMAGE UNKNOWN")
HoursBasis = StrEnum("HoursBasis", "MEASURED PRINTED EXAMS NETWORK_CUT")
EvidenceScope = StrEnum("EvidenceScope", "COUNTRY REGION NETWORK")
AreaLevel = StrEnum("AreaLevel", "ADMIN1 ADMIN2 ADMIN3 DIVISION CITY UNION")
PlaceReading = StrEnum("PlaceReading", "WHOLE WITHIN CITY_OR_DISTRICT")
PartKind = StrEnum(
    "PartKind", "VILLAGE LOCALITY SITE TOWN CITY SEAT SUBDISTRICT CIRCLE DISTRICTS SOME PLACE"
)
PlaceMatch = StrEnum("PlaceMatch", "EXACT ALIAS FUZZY OVERRIDE")
EndStatus = StrEnum("EndStatus", "ENDED ONGOING WITHDRAWN UNKNOWN")
EndSource = StrEnum(
    "EndSource",
    "RECORDED LAST_REPORT DURATION_FIELD SNAPSHOT_DATE CEILING RESTORED_IN_MOST NOT_LISTED_LATER "
    "MISSING",
)
StartPrecision = StrEnum("StartPrecision", "ACTUAL ESTIMATED FIRST_SEEN")
PlatformKind = StrEnum(
    "PlatformKind",
    "MESSENGER SOCIAL_NETWORK VIDEO SEARCH PORTAL GAME VOIP ADVERTISING DATING DEVELOPER "
    "REFERENCE STORAGE VPN GROUP NETWORK OTHER",
)

SETS = {
    name: kind
    for name, kind in list(globals().items())
    if isinstance(kind, type) and issubclass(kind, StrEnum) and kind is not StrEnum
}
"""The sets of words by name."""


def read_table(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV table that comes with the code."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def _read_words() -> dict[tuple[str, str], dict[str, str]]:
    rows = read_table(Path(__file__).with_suffix(".csv"))
    return {(row["set"], row["word"]): row for row in rows}


def list_meanings(kind: type[StrEnum]) -> dict[str, str]:
    """Return the meaning of each word of a set, by word."""
    return {word.value: write_word(word, "meaning") for word in kind}


def describe_set(kind: type[StrEnum]) -> str:
    """Return what a set of words is."""
    return _read_words()[kind.__name__, ""]["meaning"]


def write_word(word: StrEnum, form: str) -> str:
    """Return the `meaning`, `short` form, `noun` or `verb` of a word.

    The short form stands for a blank noun or verb, and the meaning for a blank short form.
    """
    row = _read_words()[type(word).__name__, word.value]
    return row[form] or row["short"] or row["meaning"]
