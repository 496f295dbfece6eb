"""The status rules as a table: the best status of a row, and the sentences of its `reason`.

Definitions. A row begins as A (normal). Each rule that applies caps it: E (estimated, derived or
not confirmed), U (low reliability), F (of a projected base), I (imputed) or M (no figure); a rule
that caps at A adds a sentence without changing the status. The row has the worst status among the
caps that apply.

Method. The rules are applied in the order of the table, which is the order of the sentences in
`reason`. If a rule caps at M, the rules that cap at E or A are omitted, because there is no figure
that they could describe. If nothing happened, only the first rule applies. docs/method.md shows a
table generated from these rules, and a rule over results checks that rows with status A satisfy its
conditions.

Citation. Rules of this project, docs/decisions.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from audience_impact.vocabulary import Assumption, ImputationRung, ObsStatus, PartGap

NORMAL, ESTIMATED, UNRELIABLE, FORECAST, IMPUTED, MISSING = (
    status.value
    for status in (
        ObsStatus.NORMAL,
        ObsStatus.ESTIMATED,
        ObsStatus.LOW_RELIABILITY,
        ObsStatus.FORECAST,
        ObsStatus.IMPUTED,
        ObsStatus.MISSING,
    )
)
ORDER = {NORMAL: 0, ESTIMATED: 1, UNRELIABLE: 2, FORECAST: 3, IMPUTED: 4, MISSING: 5, "": -1}
"""Statuses in the order in which a later one takes the place of an earlier one; blank: none yet.

How a number was made (projected, imputed, not at all) is said before how far it can be relied on.
"""

FRESH_MONTHS, OLD_MONTHS = 3, 12


@dataclass(frozen=True)
class StatusRule:
    """A status rule.

    Attributes:
        id: The id of the rule.
        caps_at: The best status of a row to which the rule applies.
        sentence: The sentence in `reason`; the part in braces depends on the row.
        condition: The condition under which it applies, for the page on the method.
    """

    id: str
    caps_at: str
    sentence: str
    condition: str


def _make_rules(caps_at: str, *rows: tuple[str, str, str]) -> list[StatusRule]:
    return [StatusRule(name, caps_at, sentence, condition) for name, sentence, condition in rows]


TABLE = (
    *_make_rules(
        ESTIMATED,
        (
            "never_enforced",
            "never carried out",
            "severity none, or withdrawn: nobody was touched, which follows from the act and was "
            "not counted",
        ),
    ),
    *_make_rules(
        MISSING,
        ("start_unknown", "start not known", "neither an announcement nor an observed start"),
        (
            "subnational",
            "only part of the country, without an audience of its own",
            "geo_scope other than national, or a place among the areas, and no distribution of the "
            "part",
        ),
        (
            "some_networks",
            "only some networks, and nobody counts their users",
            "network_scope other than all and unknown, and no distribution of the part",
        ),
        (
            "networks_unknown",
            "networks touched not known",
            "network_scope unknown, and no distribution of the part",
        ),
        (
            "part_unknown",
            "{why no distribution of the part can be had}",
            "a partial restriction: the places are not named, have no population or nobody who "
            "counts the people online, or nobody counts the users of the network",
        ),
        (
            "new_use_only",
            "only new registrations, logins, payments or installations are hit, and nobody counted "
            "those",
            "no target has a feature that existing users come upon (vocabulary, "
            "HITS_EXISTING_USERS)",
        ),
        (
            "no_figure",
            "no audience figure from before the start",
            "no figure qualifies for any of the services",
        ),
        (
            "rung_closed",
            PartGap.RUNG_CLOSED.meaning,
            "the largest audiences would be imputed from a rung that answer_rungs has closed",
        ),
        (
            "too_vague",
            "imputed, the audience would span more than a factor of 20, or most of everyone "
            "online: no estimate",
            "the ends of the interval of one of the largest audiences, imputed, differ by more "
            "than a factor of 20 or by most of the people online",
        ),
        (
            "too_wide",
            "the 5 and the 95 % quantile differ by more than a factor of 20: bounds alone",
            "the ends of the interval differ by more than a factor of 20",
        ),
        (
            "outside_bounds",
            "the interval leaves what the figures allow with their errors: bounds alone",
            "the 5 % quantile is below `at_least_*`, or the 95 % quantile above `at_most_*`",
        ),
        (
            "no_width",
            "the interval has no width, as where a figure is larger than its base: bounds alone",
            "the 5 and the 95 % quantile are equal, and above zero or may be",
        ),
        ("no_base", "no base on record", "no base for one of the countries"),
        (
            "mixed_features",
            "some platforms as a whole, some in part",
            "people who use the feature: whole services beside features",
        ),
        (
            "no_feature_share",
            "nobody counted who uses the feature",
            "people who use the feature: no share of use speaks for it",
        ),
        (
            "no_circumvention",
            "nobody counted who keeps access",
            "people left without access: no share that keeps access",
        ),
        (
            "not_cut",
            "slowed or impaired, not cut: nobody is known to be left without access",
            "people left without access: severity impaired or service_impaired, and nobody counted",
        ),
    ),
    *_make_rules(
        IMPUTED,
        (
            "imputed",
            "nobody counted the audience: imputed from {what is known of it}",
            "no figure counts the audience of any of the services: a share of the people online is "
            "learned from other figures (audience_laws)",
        ),
        (
            "imputed_in_part",
            "nobody counted some of the audiences: imputed from {what is known of them}",
            "figures count some of the audiences and not others, which are imputed",
        ),
    ),
    *_make_rules(
        UNRELIABLE,
        (
            "extent",
            "{why it is not read as everyone in the area}",
            "a register's own words say less than everyone (`extent_reason`)",
        ),
        (
            "unconfirmed",
            "reported, with no official statement and no measurement on record",
            "claim_status other than official, and evidence_state insufficient",
        ),
        (
            "planned",
            "announced, and not seen to be carried out",
            "no observed start, and no measurement that shows it",
        ),
        ("disputed", "disputed", "claim_status disputed, whatever measurements say"),
        ("unseen", "measurements find no restriction", "evidence_state ok, and yet in force"),
        (
            "within",
            "the text means a part of a place, taken to be as large as parts of its kind are",
            "a place that the text names only in part",
        ),
        (
            "either",
            "a place or a smaller one of its name may be meant",
            "the text names no kind of place",
        ),
        (
            "unasked",
            "nobody asked who is online there: as far from the country as places elsewhere are",
            "people online of a place without a survey of it",
        ),
        (
            "network_guessed",
            "which networks were cut, or who has them, is taken from what is usual",
            "network_scope unknown, or no count of the fixed lines of the country",
        ),
        (
            "some_unknown",
            "no figure for some of the platforms",
            "a figure qualifies for some of the services and not for others",
        ),
        (
            "foreign_base",
            "base of another measurer or year",
            "no base of the measurer of the audience within twelve months",
        ),
        ("old", "figure older than 12 months", "the oldest figure used, at the start"),
        (
            "weak_metric",
            "company or unexplained figure",
            "the figure is a company's statement, or says not what it counts",
        ),
        (
            "brief",
            "daily or weekly figures give the lower bound alone",
            "no figure of a month qualifies",
        ),
        (
            "part_of_ages",
            "a survey of some ages gives the lower bound alone",
            "a share of the people from 13, 16 or 18 on, and of no others",
        ),
        (
            "one_sided",
            "a figure says only at least or at most",
            "the figure that speaks is a limit",
        ),
        (
            "several_measurers",
            "several measurers disagree",
            "figures of several measuring programmes speak",
        ),
        (
            "publishers_differ",
            "publishers of internet users differ by half or more",
            "counts of the people online by several publishers within twelve months differ by a "
            "factor of 1.5",
        ),
        (
            "under_block",
            "figure from under an earlier block of the service: it counts those who were left",
            "on half of the days of its period an earlier restriction was in force that took or "
            "slowed the whole service everywhere",
        ),
        (
            "younger_missing",
            "younger users are known and not counted",
            "the figure counts people from some age on, and another figure of the service counts "
            "a group that begins below",
        ),
        (
            "overlap_left_out",
            "a measured overlap contradicts other facts and was left out",
            "the smallest set of facts that cannot all be true has an overlap",
        ),
        (
            "overlap_repaired",
            "a measured overlap was repaired: it contradicted other facts",
            "the same, with run --repair",
        ),
        (
            "feature_assumed",
            "{what is assumed}",
            "people who use the feature: a share that was asked of others, or of another feature",
        ),
        (
            "poll",
            "access kept by a self-selected poll: wide, no bound",
            "people left without access: who answered chose to",
        ),
        (
            "feature_learned",
            "who uses the feature is learned from other countries",
            "people who use the feature: no share of use speaks for it, `feature_laws` does",
        ),
        (
            "circumvention_learned",
            "who keeps access is learned from other countries",
            "people left without access: nobody counted who keeps it, `circumvention_laws` speaks "
            "for a service that was cut",
        ),
        (
            "uncalibrated",
            "no calibration of joint use among the facts",
            "nothing can be drawn without overlap_calibration",
        ),
        (
            "unlearned",
            "nobody asked the facts what figures may be off by: run audience-impact learn",
            "nothing is drawn without figure_errors",
        ),
    ),
    *_make_rules(
        FORECAST,
        (
            "projected",
            "internet users projected, not counted",
            "the base is a projection of the people online",
        ),
    ),
    *_make_rules(
        ESTIMATED,
        (
            "not_official",
            "no official statement on record",
            "claim_status other than official, with a measurement that shows it",
        ),
        (
            "not_measured",
            "official, with no measurement on record",
            "claim_status official, evidence_state insufficient",
        ),
        (
            "part",
            "people online in the places named",
            "a part of the country of which a distribution can be had",
        ),
        (
            "part_networks",
            "those of them whom the network leaves without any",
            "some networks, of which a distribution can be had",
        ),
        (
            "ageing",
            "figure older than 3 months",
            "the oldest figure used, at the start, up to twelve months",
        ),
        (
            "under_restriction",
            "figure from under an earlier restriction of the service",
            "on half of the days of its period an earlier restriction of a feature, of some places "
            "or networks was in force",
        ),
        (
            "step_later",
            "a step of {the restriction that it continues}, of which no such figure is from before "
            "the first step: the nearest to it",
            "the restriction continues another one of the same service and country, and the best "
            "figures are all from after its first step",
        ),
        (
            "derived",
            "base or persons derived",
            "a share was turned into people, or the base was computed from others",
        ),
        (
            "network_gone",
            "nobody is taken to keep access where the network is gone",
            "people left without access: the whole network was cut, and nobody counted who keeps "
            "it",
        ),
        (
            "no_error",
            "the figure is taken as it stands: nothing is known of its error",
            "the interval has width zero, and people are touched",
        ),
    ),
    *_make_rules(
        NORMAL,
        (
            "step",
            "a step of {the restriction that it continues}: the audience from before the first "
            "step",
            "the restriction continues another one of the same service and country, and figures "
            "from before the first step qualify",
        ),
        (
            "outlier",
            "the measurer's own figures of the months around agree with another printing",
            "pages print the figure differently, and the neighbours of the same measurer, in logs "
            "between them, lie nearer to another page than to the one that most agree on",
        ),
        (
            "printed_differently",
            "pages print the figure differently",
            "pages differ by more than their rounding",
        ),
        (
            "ages",
            "aged {age} and over only",
            "the figure counts people from some age on",
        ),
    ),
)
"""All status rules, in the order of the sentences."""

RULES = {rule.id: rule for rule in TABLE}
"""All status rules by id."""

ASKED_OF_NORMAL = (
    "official",
    "evidence not insufficient",
    "observed or measured to be in force",
    "every figure at most three months old, from before the start and from under no restriction",
    "a base of the measurer of the figures",
    "an error that is stated or learned, so that the interval has a width",
)
"""Conditions of a row with status A; outputs/review/rules.py validates each of them on the facts.
"""


OF_REACH_LOST: dict[str, str] = {
    "no_after": "no figure of the same measurer from before and after",
    "did_not_fall": "the audience did not fall",
    "moves_anyway": "the figures cannot show it: audiences move so much without a restriction",
    "other_causes": "the fall may have other causes as well",
    "failed_attempts": "monthly reach counts failed attempts as use",
    "several_audiences": "several platforms or countries: nobody counted who left any of them",
    "lost_in_part": "only a part is restricted: nobody counted who left there",
}
"""Sentences of `reason` about reach lost, by rule; they do not change the status."""

OF_TOTALS: dict[str, str] = {
    "end_unknown": "an end is not known",
    "some_bounds_only": "restrictions of an unknown part of the country or without a figure are "
    "bounds",
    "no_daily": "nobody counted the daily audience of some service",
    "daily_from_shares": "the daily audience follows from the share of users who come on a day",
    "some_imputed": "some audiences are imputed: nobody counted them",
    "outweighed": "what can be drawn leaves out services that force more by themselves",
    "after_last_edition": "the last edition of the register is of an earlier year: nothing that it "
    "alone records is counted",
    "some_areas_undrawn": "some countries cannot be drawn: the quantiles are of the others",
    "perhaps_over": "an end is not known, and what may have lasted until then was likelier over",
}
"""Sentences of `reason` about totals over restrictions, days or areas, by rule."""

SENTENCES: dict[str, str] = {
    **{rule.id: rule.sentence for rule in TABLE},
    **OF_REACH_LOST,
    **OF_TOTALS,
    "no_group_figure": "no figure of this group for some of the platforms",
}
"""Sentences of `reason` by rule; the part in braces depends on the row."""

RULES_OF_PEOPLE = (*RULES, *OF_REACH_LOST)
"""Rules behind the reasons of table `impact`."""
UNDRAWN = ("uncalibrated", "unlearned")
RULES_OF_AREAS = (
    *UNDRAWN,
    *("some_bounds_only", "some_areas_undrawn", "some_imputed", "too_wide"),
    *("outside_bounds", "no_width", "perhaps_over", "after_last_edition"),
)
"""Rules behind the reasons of areas by month, year and day."""
RULES_OF_PERSON_DAYS = (
    *("end_unknown", "some_bounds_only", "no_daily", "daily_from_shares", "some_imputed"),
    *("outweighed", "outside_bounds", "no_width", "too_wide", *UNDRAWN),
)
"""Rules behind the reasons of table `person_days`."""
RULES_OF_GROUPS = ("brief", "no_group_figure", "old")
"""Rules behind the reasons of table `impact_by_group`."""

NO_NAMES: Mapping[str, str] = MappingProxyType({})


def rule_sentence(name: str) -> str:
    """Return the sentence that a rule adds to `reason`."""
    return SENTENCES[name]


def fill_sentence(name: str, detail: str, names: Mapping[str, str] = NO_NAMES) -> str:
    """Return the sentence of a rule, with the detail of a row in place of its braces.

    A detail is a part of the cell `reason_details`. `names` has words for codes of features and
    populations; a code without a word appears as it is.
    """
    before, brace, rest = rule_sentence(name).partition("{")
    return f"{before}{_in_words(name, detail, names)}{rest.partition('}')[2]}" if brace else before


def _in_words(name: str, detail: str, names: Mapping[str, str]) -> str:
    """Return the words of a detail that is a member of an enum; any other detail unchanged."""
    if name in ("imputed", "imputed_in_part"):
        return ImputationRung(detail).meaning
    if name == "part_unknown":
        return PartGap(detail).meaning
    if name == "feature_assumed":
        word, *codes = detail.split(":")
        lists = [[names.get(code, code) for code in cell.split(",")] for cell in codes]
        return Assumption(word).meaning.format(*map(", ".join, lists))
    return detail
