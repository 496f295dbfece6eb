"""The doubts about an answer in sentences, from the reasons of the row and the restriction."""

from audience_impact.answers.records import AnswerRecord, Number
from audience_impact.outputs.review.status_rules import MISSING, TABLE, fill_sentence
from audience_impact.vocabulary import (
    ClaimStatus,
    EvidenceState,
    Feature,
    ImpactMetric,
    ImputationRung,
    PartGap,
    PopulationBase,
)

CODES = {word.value: word.noun for kind in (Feature, PopulationBase) for word in kind}
"""Words for the codes of features and populations."""
EXTENT, GAP, ASSUMED = "extent", "part_unknown", "feature_assumed"
"""Rules whose words are made for the row alone."""
MISSING_REASONS: dict[str, str] = {
    "start_unknown": "nobody recorded when it began",
    "subnational": "only a part of the country was touched",
    "some_networks": "only some networks were touched, and nobody counts their users",
    "networks_unknown": "nobody knows which networks were touched",
    "new_use_only": "only new registrations, logins, payments or downloads were hit, and nobody "
    "counted those",
    "no_figure": "nobody published an audience from before it began",
    "too_vague": "what could be imputed spans more than a factor of twenty",
    "too_wide": "it can be said only to within more than a factor of twenty",
    "no_base": "nobody counted who is online there",
}
"""Why there is no estimate, by rule of status; the others have words of their own."""
LIMIT_REASONS: dict[str, str] = {
    "some_unknown": "some of the services have no figure",
    "one_sided": "a figure says only at least or at most",
    "brief": "figures of a day or a week say only how many they are at least",
    "part_of_ages": "figures of some ages say only how many they are at least",
    "unlearned": "nobody asked the facts what figures may be off by",
    "uncalibrated": "the facts do not say how use of one service goes with use of others",
}
"""Why there is none although figures are there."""
GENERAL = ("subnational", "some_networks", "networks_unknown")
"""Rules that say no more where the row has words of its own."""
PLAINER: dict[str, str] = {
    PartGap.NO_POPULATION: "nobody counted who lives in a place named",
    ImputationRung.OWN_PEOPLE: "figures of the service there that count something near, or "
    "another time",
    ImputationRung.OWN_OTHER: "advertising reach, accounts or installations of the service there",
}
"""Words of a sentence in place of published words that need the table beside them."""
IMPUTED: dict[str, str] = {
    "imputed": "Nobody counted the audience",
    "imputed_in_part": "Nobody counted some of the audiences",
}
"""The audiences that are imputed, by rule of status."""
CAVEATS: dict[str, str] = {
    "within": "The source means something inside a place, which may be anything from nobody to "
    "everyone there.",
    "either": "The source may mean a place or a smaller one of the same name.",
    "unasked": "Nobody asked who is online in just that area.",
    "network_guessed": "Which networks were cut, or who has them, is taken from what is usual.",
    "some_unknown": "For some of the services there is no figure.",
    "several_measurers": "Several measurers disagree.",
    "publishers_differ": "Those who count the people online differ by half or more.",
    "projected": "The people online are projected, not counted.",
    "under_block": "The figure is from under an earlier block, and counts those who were left.",
    "weak_metric": "A figure is a company's, or does not say what it counts.",
    "old": "A figure is more than a year older than the restriction.",
    "younger_missing": "Younger users are not counted.",
    "feature_learned": "Who uses what is restricted is learned from other countries.",
}
"""Sentences that a reader should know, by rule of status."""


def read_rules(number: Number) -> dict[str, list[str]]:
    """Return the rules behind the reason of a row of `impact`, each with its details."""
    details: dict[str, list[str]] = {}
    for rule, detail in _pair_details(number):
        details.setdefault(rule, []).append(detail)
    return details


def _pair_details(number: Number) -> list[tuple[str, str]]:
    """Return the rule and the detail of each sentence of the reason, in their order."""
    if not number.rule_ids:
        return []
    rules = number.rule_ids.split(";")
    details = (number.details or ";" * (len(rules) - 1)).split(";")
    return list(zip(rules, details, strict=True))


def write_reasons(record: AnswerRecord, number: Number) -> list[tuple[str, str]]:
    """Return the rule and the words of each sentence of the reason, with words for codes."""
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
    """Return why the row has no estimate, to follow `because`; blank without a reason."""
    rules = read_rules(number)
    if EXTENT in rules:
        return (
            f"the source is not to be read as everyone there ({record.restriction.extent_reason})"
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
    """Return what a reader should know of an estimate, a sentence each."""
    rules = read_rules(number)
    sentences = [
        f"{what}; the number is imputed from {PLAINER.get(rung, ImputationRung(rung).meaning)}."
        for rule, what in IMPUTED.items()
        for rung in rules.get(rule, [])
    ]
    if EXTENT in rules:
        sentences.append(
            f"The source is not to be read as everyone there: {record.restriction.extent_reason}."
        )
    assumed = [fill_sentence(ASSUMED, detail, CODES) for detail in rules.get(ASSUMED, [])]
    sentences += [f"Assumed: {'; '.join(assumed)}."] if assumed else []
    sentences += [sentence for rule, sentence in CAVEATS.items() if rule in rules]
    return [
        *sentences,
        *(f"Counted are people aged {age} and over." for age in rules.get("ages", [])),
    ]


def describe_kept_access(record: AnswerRecord) -> str:
    """Return a sentence on the people who kept access, where nobody can be subtracted."""
    if "not_cut" in read_rules(record.by_metric[ImpactMetric.PEOPLE_DEPRIVED_NET]):
        return "Slowed or impaired, not cut: nobody is known to be left without access."
    return "Those who got round it are not taken off."


def describe_evidence(record: AnswerRecord) -> str:
    """Return a sentence on who reports the restriction, and who confirms it."""
    source = record.reported_by or "Its source"
    unmeasured = record.restriction.evidence_state == EvidenceState.INSUFFICIENT
    official = record.restriction.claim_status == ClaimStatus.OFFICIAL
    if record.restriction.evidence_state == EvidenceState.OK:
        return f"{source} reports it, and measurements find no restriction."
    if record.restriction.claim_status == ClaimStatus.DISPUTED:
        return f"{source} reports it; that it happened is disputed."
    if official:
        by = "an authority confirms it, no measurement does" if unmeasured else ""
        return f"{source} reports it; {by or 'an authority and measurements confirm it'}."
    if unmeasured:
        return f"{source} reports it; neither an authority nor a measurement confirms it."
    return f"{source} reports it and measurements show it; no authority confirms it."
