"""Caveats of an answer as sentences, from the reasons in the published rows."""

import re

from audience_impact.answers.names import join_names, label_code
from audience_impact.answers.numbers import format_number
from audience_impact.answers.records import AnswerRecord, Claim, Clauses, Measurement, Number
from audience_impact.outputs.review.status_rules import MISSING, TABLE, fill_sentence
from audience_impact.vocabulary import (
    BOTH_ACTIONS,
    PRINTED_AREA,
    Assumption,
    Feature,
    ImpactMetric,
    ImputationRung,
    PartGap,
    PlaceReading,
    PopulationBase,
)

CODES = {word.value: word.noun for kind in (Feature, PopulationBase) for word in kind}
"""Wording for the codes of features and populations."""
EXTENT, GAP, ASSUMED = "extent", "part_unknown", "feature_assumed"
"""Status rules whose sentences are built from details of the row."""
MISSING_REASONS: dict[str, str] = {
    "start_unknown": "nobody recorded when it began",
    "subnational": "only a part of the country was touched",
    "some_networks": "only some networks were touched, and nobody counts their users",
    "networks_unknown": "nobody knows which networks were touched",
    "new_use_only": "only new registrations, logins, payments or downloads were hit, and nobody "
    "counted those",
    "no_figure": "nobody published an audience from before it began",
    "too_vague": "the upper end of what could be imputed is more than twenty times the lower, or "
    "it covers most of everyone online",
    "too_wide": "its upper end would be more than twenty times its lower end",
    "no_width": "the figures leave no room for an interval: one may be wrong, or two may count "
    "different people",
    "no_base": "nobody counted who is online there",
    "perhaps_over": "the end is not known, and it was likelier over by then than not",
}
"""Sentences that explain a missing estimate, by status rule."""
_MANY = "(?:several|some|many|multiple|various|numerous|a few|a number of)"
_PLACES = (
    "(?:areas|cities|counties|districts|localities|locations|oblasts|parts|places|provinces|"
    "regions|states|towns|townships|villages)"
)
UNNAMED_PLACES = re.compile(
    rf"\b(?:(?:and|plus) )?(?:(?:{_MANY}|\d+) )?other (?:\w+ ){{0,2}}?{_PLACES}\b"
    rf"|\b(?:and )?{_MANY} (?:\w+ )?{_PLACES}\b"
    r"|\band others\b",
    re.IGNORECASE,
)
"""Words for places that a text mentions and does not name."""
WIDE = "too_wide"
DESCRIBED_EVENT = "description of the event"
"""Publisher of an event that somebody described and that is on no record."""
UNCOUNTED = (PartGap.OPERATORS, PartGap.OPERATORS_NOISE, PartGap.OPERATORS_BELOW)
"""Reasons why the users of operators are not known, given beside the extent."""
LIMIT_REASONS: dict[str, str] = {
    "some_unknown": "some of the services have no figure",
    "one_sided": "a figure is only a lower or an upper limit",
    "brief": "figures of a day or a week give only a lower limit",
    "part_of_ages": "figures of some ages give only a lower limit",
    "unlearned": "the errors of figures were not fitted to the facts",
    "uncalibrated": "the joint use of services was not fitted to surveys",
}
"""Sentences that explain why there is no estimate although figures exist."""
GENERAL = ("subnational", "some_networks", "networks_unknown")
"""Status rules whose general sentence is omitted where the row has a more specific one."""
PLAINER: dict[str, str] = {
    PartGap.NO_POPULATION: "nobody counted who lives in a place named",
    ImputationRung.OWN_PEOPLE: "figures of the service there that count something near, or "
    "another time",
    ImputationRung.OWN_OTHER: "advertising reach, accounts or installations of the service there",
}
"""Plain wordings that replace published ones which cannot be understood without the table."""
IMPUTED: dict[str, str] = {
    "imputed": "Nobody counted the audience",
    "imputed_in_part": "Nobody counted some of the audiences",
}
"""Descriptions of the imputed audiences, by status rule."""
APPLIED: dict[str, str] = {
    Assumption.ANY_MESSENGER: "the survey asked about any messenger, and this is applied to these",
    Assumption.FEATURE: "the share of {} is applied to {}",
    Assumption.POPULATION: "{} were asked, and this is applied to {}",
    Assumption.DURING: "people were asked during the restriction, and this is applied to the time "
    "before it",
    Assumption.LIMIT: "a limit of the share is taken as the share",
}
"""Plain wordings of the assumptions about users of a feature."""
CAVEATS: dict[str, str] = {
    "within": "The source means a part of a place; its size is that of similar parts.",
    "either": "The source may mean a place or a smaller one of the same name.",
    "unasked": "No survey covers internet use in that area alone.",
    "network_guessed": "The networks that were cut, or their users, are assumed from usual cases.",
    "some_unknown": "For some of the services there is no figure.",
    "several_measurers": "Several measurers disagree.",
    "publishers_differ": "Publishers' counts of the people online differ by half or more.",
    "projected": "The people online are projected, not counted.",
    "under_block": "The figure is from an earlier block and counts only the remaining users.",
    "weak_metric": "A figure comes from a company, or its source does not state what it counts.",
    "old": "A figure is more than a year older than the restriction.",
    "younger_missing": "Younger users are not counted.",
    "feature_learned": "The share of users of the feature is estimated from other countries.",
}
"""Sentences that a reader of an answer should know, by status rule."""


def read_rules(number: Number) -> dict[str, list[str]]:
    """Return the rules behind the reason of a row of `impact`, each with its details."""
    details: dict[str, list[str]] = {}
    for rule, detail in _pair_details(number):
        details.setdefault(rule, []).append(detail)
    return details


def is_asked_during(number: Number) -> bool:
    """Return whether the users of the feature were asked during the restriction."""
    return Assumption.DURING in read_rules(number).get(ASSUMED, [])


def _pair_details(number: Number) -> list[tuple[str, str]]:
    """Return the rule and the detail of each sentence of the reason, in their order."""
    if not number.rule_ids:
        return []
    rules = number.rule_ids.split(";")
    details = (number.details or ";" * (len(rules) - 1)).split(";")
    return list(zip(rules, details, strict=True))


def write_reasons(record: AnswerRecord, number: Number) -> list[tuple[str, str]]:
    """Return the rule and the text of each sentence of the reason, with codes put into words."""
    return [
        (
            rule,
            fill_sentence(
                rule, (record.restriction.extent_reason or "") if rule == EXTENT else detail, CODES
            ),
        )
        for rule, detail in _pair_details(number)
    ]


def explain_missing_estimate(record: AnswerRecord, number: Number) -> str:
    """Return why the row has no estimate, for use after `because`; blank without a reason."""
    rules = read_rules(number)
    if EXTENT in rules:
        extent = record.restriction.extent_reason
        return " and ".join(
            [
                f"the source is not to be read as everyone there ({extent})",
                *(PartGap(gap).meaning for gap in rules.get(GAP, []) if gap in UNCOUNTED),
                *([MISSING_REASONS[WIDE]] if WIDE in rules else []),
            ]
        )
    specific_reasons = [PLAINER.get(gap, PartGap(gap).meaning) for gap in rules.get(GAP, [])]
    hidden_rules = {GAP, *(GENERAL if specific_reasons else ())}
    general = [
        MISSING_REASONS.get(rule.id, rule.sentence)
        for rule in TABLE
        if rule.id in rules and rule.caps_at == MISSING and rule.id not in hidden_rules
    ]
    limits = [why for rule, why in LIMIT_REASONS.items() if rule in rules]
    return " and ".join([*general, *specific_reasons] or limits)


def list_caveats(record: AnswerRecord, number: Number) -> list[str]:
    """Return the caveats of an estimate, each as a sentence."""
    rules = read_rules(number)
    sentences = [
        f"{what}; the number is estimated from {PLAINER.get(rung, ImputationRung(rung).meaning)}."
        for rule, what in IMPUTED.items()
        for rung in rules.get(rule, [])
    ]
    if EXTENT in rules:
        sentences.append(
            f"The source is not to be read as everyone there: {record.restriction.extent_reason}."
        )
    assumed = [_explain_assumption(detail) for detail in rules.get(ASSUMED, [])]
    sentences += [f"Assumptions: {'; '.join(assumed)}."] if assumed else []
    sentences += [sentence for rule, sentence in CAVEATS.items() if rule in rules]
    return [
        *sentences,
        *(f"Counted are people aged {age} and over." for age in rules.get("ages", [])),
    ]


def name_unnamed_places(record: AnswerRecord) -> list[str]:
    """Return a sentence on places that a register mentions without a name, where none counts them.

    They are counted where a place is read as a part of a larger one: `Monywa and other townships,
    Sagaing Division` are a part of Sagaing.
    """
    readings = (record.restriction.place_readings or "").split(";")
    _, _, printed = (record.restriction.note or "").partition(PRINTED_AREA)
    match = UNNAMED_PLACES.search(printed.partition(";")[0])
    if match is None or readings == [""] or PlaceReading.WITHIN in readings:
        return []
    places = f"adds “{match[0]}”"
    if not printed[: match.start()].strip():
        places = f"speaks of “{match[0][:1].lower()}{match[0][1:]}”"
    return [f"The source {places}: places that it does not name are not counted."]


def describe_mixed_action(record: AnswerRecord) -> list[str]:
    """Return a sentence on a restriction that a register records as both a cut and slowed."""
    if BOTH_ACTIONS not in (record.restriction.note or ""):
        return []
    counted = "; the number is of everyone" * (record.leading.people.interval is not None)
    return [f"The source says shut down and slowed, in turn or in part{counted}."]


def _explain_assumption(detail: str) -> str:
    """Return an assumption in words, from its code and the codes that it is about."""
    word, *cells = detail.split(":")
    lists = [join_names([CODES.get(code, code) for code in cell.split(",")]) for cell in cells]
    return APPLIED[Assumption(word)].format(*lists)


def describe_kept_access(record: AnswerRecord) -> str:
    """Return a sentence on people who kept access, if they cannot be subtracted."""
    if "not_cut" in read_rules(record.by_metric[ImpactMetric.PEOPLE_DEPRIVED_NET]):
        return "The service was slowed or impaired, not cut: nobody is known to be without access."
    return "People who circumvented the restriction are not subtracted."


def name_disputes(record: AnswerRecord) -> list[str]:
    """Return a sentence on each published figure that a source disputes."""
    return [
        f"{row['disputed_by']} disputes the figure of {format_number(row['published_value'])} by "
        f"{row['publisher']}, which is not used."
        for row in record.comparisons
        if row["disputed_by"]
    ]


KINDS = {
    "executive government": "the national government",
    "state government": "a state government",
    "local government": "a local authority",
    "law enforcement": "the police",
    "government": "the government",
    "military": "the military",
    "military junta": "the military junta",
    "judiciary": "a court",
    "legislature": "the legislature",
    "non-government": "a group outside the government",
}
"""Who ordered a restriction by the kinds of a register, for a sentence."""
_BODIES = re.compile(
    r"\b(?:administration|agency|army|authorit(?:y|ies)|commission|commissioner|council|court|"
    r"department|directorate|forces|government|inspector general|junta|magistrate|militia|"
    r"military|minister|ministry|office|parliament|police|presidency|president|regulator|"
    r"secretary|taliban)\b",
    re.IGNORECASE,
)
"""Words of a name that takes an article in a sentence."""
SHORT_LAW = 60
"""Letters up to which the text on a law is its name, and not a comment on it."""


def name_authority(text: str) -> str:
    """Return who ordered a restriction, for a sentence: `the Government of Manipur`.

    A register prints the kind of body behind its name: it stands for a name that is missing.
    """
    parts = list(dict.fromkeys(part.strip() for part in text.split(";") if part.strip()))
    named = [part for part in parts if part.casefold() not in KINDS] or parts
    return join_names([KINDS.get(part.casefold(), _add_article(part)) for part in named])


def _add_article(name: str) -> str:
    begins = re.match(r"(?:the|an?)\b", name, re.IGNORECASE)
    if begins:
        return name[:1].lower() + name[1:]
    is_body = _BODIES.search(name.partition(",")[0])
    return f"the {name}" if is_body else name


def describe_evidence(record: AnswerRecord) -> str:
    """Return sentences on who reports the restriction, who is behind it and who measured it."""
    source, clauses = record.reported_by or "Its source", record.clauses
    if source == DESCRIBED_EVENT:
        return "The event is on no record: it is taken to happen as described."
    names = join_names((record.restriction.measured_by or "").split(";"))
    measured = {
        Measurement.OWN: " from its own measurements",
        Measurement.NAMED: f"; measurements by {names} are on record",
        Measurement.CLEAR: f"; measurements by {names} found no restriction",
        Measurement.NONE: "",
    }[clauses.measurement]
    disputed = "; that it happened is disputed" if clauses.is_disputed else ""
    sentences = [f"{source} reports it{measured}{disputed}.", _describe_claim(record)]
    return " ".join([*filter(None, sentences), *_name_missing_evidence(clauses)])


def label_evidence(record: AnswerRecord) -> str:
    """Return who confirms the restriction, for a label: `reported, measured by OONI`."""
    clauses, names = record.clauses, (record.restriction.measured_by or "").replace(";", ", ")
    claim = label_code(record.restriction.claim_status, "claim_status")
    if clauses.is_official:
        claim = "officially confirmed"
    measured = {
        Measurement.NONE: "no measurement on record",
        Measurement.CLEAR: f"not seen by {names}",
    }
    return f"{claim}, {measured.get(clauses.measurement, f'measured by {names}')}"


def _describe_claim(record: AnswerRecord) -> str:
    """Return a sentence on who ordered it, and whether that was confirmed; blank for neither."""
    restriction, clauses = record.restriction, record.clauses
    who = name_authority(restriction.authority or "")
    law = restriction.legal_basis or ""
    by_law = f" ({law})" if 0 < len(law) <= SHORT_LAW and "://" not in law else ""
    if clauses.claim is Claim.UNKNOWN:
        return "It was officially confirmed." if clauses.is_official else ""
    if clauses.claim is Claim.ATTRIBUTED:
        confirmed = "; it was officially confirmed" * clauses.is_official
        return f"Our record attributes it to {who}{confirmed}."
    if not clauses.is_official:
        whose = f"the order to {who}" if who else "it to an order, without saying whose"
        return f"Our record attributes {whose}{by_law}."
    return f"It was ordered by {who or 'an authority'}{by_law} and officially confirmed."


def _name_missing_evidence(clauses: Clauses) -> list[str]:
    """Return a sentence on what the record lacks: an official statement, a measurement."""
    has_statement = clauses.is_official or clauses.claim in (Claim.ORDERED, Claim.ORDERED_UNNAMED)
    missing = ["no official statement"] * (not has_statement)
    missing += ["no measurement"] * (clauses.measurement is Measurement.NONE)
    return [f"Our record holds {' and '.join(missing)}."] if missing else []
