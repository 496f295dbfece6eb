"""What is not sure of an answer, in sentences: from the reasons of the row and from the act."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from audience_impact.outputs.review.status_rules import MISSING, TABLE
from audience_impact.vocabulary import ClaimStatus, EvidenceState

FREE = "other"
"""Words of a reason that belong to no sentence of the table of status alone."""
WHY: dict[str, str] = {
    "start_unknown": "nobody recorded when it began",
    "subnational": "only a part of the country was touched",
    "some_networks": "only some networks were touched, and nobody counts their users",
    "networks_unknown": "nobody knows which networks were touched",
    "new_use_only": "only new registrations, logins, payments or downloads are hit, and nobody "
    "counted those",
    "no_figure": "nobody published an audience from before it began",
    "too_vague": "what could be imputed spans more than a factor of twenty",
    "no_base": "nobody counted who is online there",
    "mixed_features": "some services are restricted as a whole and some in part",
    "no_feature_share": "nobody counted who uses what is restricted",
}
"""Why there is no estimate, by rule of status."""
SAID: dict[str, str] = {
    "within": "The source means something inside the place, which may be anything from nobody to "
    "everyone there.",
    "either": "The source may mean a place or a smaller one of the same name.",
    "unasked": "Nobody asked who is online in just this place.",
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
"""What a reader should know, by rule of status."""


def rules_of(row: Mapping[str, Any]) -> dict[str, list[str]]:
    """The reasons of a row of `impact`, by rule of status; FREE: words made for the row."""
    found: dict[str, list[str]] = {}
    for text in (row["reason"] or "").split("; "):
        rule = next((name for name, shape in _shapes().items() if shape.fullmatch(text)), FREE)
        found.setdefault(rule, []).append(text)
    return found


@cache
def _shapes() -> dict[str, re.Pattern[str]]:
    """What the sentence of each rule looks like; sentences made of braces alone have no shape."""
    found = {}
    for rule in TABLE:
        before, brace, rest = rule.sentence.partition("{")
        if before or not brace:
            shape = re.escape(before) + ("(.*)" + re.escape(rest.partition("}")[2])) * bool(brace)
            found[rule.id] = re.compile(shape)
    return found


@cache
def _missing() -> set[str]:
    return {rule.id for rule in TABLE if rule.caps_at == MISSING}


def why_no_estimate(told: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    """Why the row has no estimate, to follow `because`; blank where nothing is said."""
    rules = rules_of(row)
    extent = told["extent_reason"]
    if extent and extent in (row["reason"] or ""):
        return f"its source does not mean everyone there ({extent})"
    if FREE in rules and row["obs_status"] == MISSING:
        return " and ".join(rules[FREE])
    for rule in TABLE:
        if rule.id in rules and rule.id in _missing():
            return WHY.get(rule.id, rule.sentence)
    return ""


def said(told: Mapping[str, Any], row: Mapping[str, Any]) -> list[str]:
    """What a reader should know of the number, a sentence each."""
    rules = rules_of(row)
    found = [
        _imputed(text) for name in ("imputed", "imputed_in_part") for text in rules.get(name, [])
    ]
    if row["obs_status"] == MISSING:
        return []
    extent = told["extent_reason"]
    if extent and extent in (row["reason"] or ""):
        found.append(f"The source does not mean everyone there: {extent}.")
    assumed = [text for text in rules.get(FREE, []) if text != extent]
    found += [f"Taken for granted: {'; '.join(assumed)}."] if assumed else []
    found += [sentence for rule, sentence in SAID.items() if rule in rules]
    ages = [
        re.sub("aged (.*) only", r"Counted are people aged \1.", x) for x in rules.get("ages", [])
    ]
    return [*found, *ages]


def _imputed(text: str) -> str:
    what, _, ground = text.partition(": imputed from ")
    return f"{what[0].upper()}{what[1:]}; the number is imputed from {ground}."


def of_act(told: Mapping[str, Any]) -> str:
    """Who says that it happened, where that is not sure."""
    if told["evidence_state"] == EvidenceState.OK:
        return "Measurements find no restriction."
    unmeasured = told["evidence_state"] == EvidenceState.INSUFFICIENT
    if told["claim_status"] == ClaimStatus.DISPUTED:
        return "That it happened is disputed."
    if told["claim_status"] == ClaimStatus.OFFICIAL:
        return "An authority says so, and no measurement confirms it." if unmeasured else ""
    if unmeasured:
        return "It is reported, and confirmed neither by an authority nor by a measurement."
    return "It is reported and measured, and no authority confirms it."
