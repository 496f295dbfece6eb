"""The answer for one restriction in plain English: its first sentence, and the whole paragraph."""

from collections.abc import Mapping
from typing import Any

from audience_impact.vocabulary import ImpactMetric, PopulationBase
from flows.reporting.sentences import caveats
from flows.reporting.sentences.acts import Act, act, duration, is_planned, services, when
from flows.reporting.sentences.numbers import (
    ends,
    forced,
    interval,
    number,
    people,
    rounded,
)
from flows.reporting.sentences.places import is_below, where

BASES: dict[str, str] = {
    PopulationBase.ALL_AGES: "residents",
    PopulationBase.AGE_12_PLUS: "residents aged 12 and over",
    PopulationBase.AGE_13_PLUS: "residents aged 13 and over",
    PopulationBase.AGE_16_PLUS: "residents aged 16 and over",
    PopulationBase.AGE_18_PLUS: "residents aged 18 and over",
    PopulationBase.INTERNET_12_PLUS: "people online aged 12 and over",
    PopulationBase.INTERNET_ALL: "people online",
}
"""Populations that contain an audience, in words."""

Row = Mapping[str, Any]


def headline(told: Mapping[str, Any]) -> str:
    """The answer in one sentence, as `story.story` tells the restriction."""
    words, row = act(told), leading(told)
    if row["upper_persons"] == 0:
        return _nobody(told)
    if ends(row) is None:
        return _unknown(told, row, words)
    return f"{_counted(told, row, words)}{_also(told, row, words)}."


def answer(told: Mapping[str, Any], version_id: str | None = None) -> str:
    """The answer in a paragraph: how many, what the figures force, what is not sure, from whom.

    `version_id` is the version that it is cited from.
    """
    row = leading(told)
    if row["upper_persons"] == 0:
        return _joined(headline(told), sources(told, version_id))
    return _joined(
        headline(told),
        "" if ends(row) is None else _forced(told, row),
        _left(told, row),
        duration(told, act(told).is_network and not is_planned(told) and " to " in when(told)),
        _hours(told),
        "It has not been seen to be carried out." if is_planned(told) else "",
        *caveats.said(told, row),
        caveats.of_act(told),
        sources(told, version_id),
    )


def _joined(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)


def leading(told: Mapping[str, Any]) -> Row:
    """The row of `impact` that fits: who uses what is restricted, where that has an estimate."""
    rows = by_metric(told)
    users = rows[ImpactMetric.PEOPLE_FEATURE_EXPOSED]
    fits = act(told).is_of_feature and ends(users) is not None
    return users if fits else rows[ImpactMetric.PEOPLE_EXPOSED]


def by_metric(told: Mapping[str, Any]) -> dict[str, Row]:
    """The rows of `impact` by what they count."""
    return {row["impact_metric"]: row for row in told["impact"]}


def _nobody(told: Mapping[str, Any]) -> str:
    what = "the internet" if act(told).is_network else services(told)
    return f"Nobody in {where(told)} was touched: the restriction of {what} was never carried out."


def _counted(told: Mapping[str, Any], row: Row, words: Act) -> str:
    found = ends(row)
    assert found is not None
    low, middle, high = found
    is_users = row["impact_metric"] == ImpactMetric.PEOPLE_FEATURE_EXPOSED
    did = words.users_did if is_users else words.used
    return (
        f"About {rounded(low, middle, high)[1]} people in {where(told)}{interval(low, high)}"
        f"{',' * is_below(told)} {_past(did, words)} {words.done}"
    )


def _past(did: str, words: Act) -> str:
    """What people did, up to what happened then."""
    return f"{did} when" if words.is_network else f"ordinarily {did} before"


def _also(told: Mapping[str, Any], row: Row, words: Act) -> str:
    """Beside the users of a feature those of the services, or that nobody counted the former."""
    if row["impact_metric"] == ImpactMetric.PEOPLE_FEATURE_EXPOSED:
        found = ends(by_metric(told)[ImpactMetric.PEOPLE_EXPOSED])
        return f"; {people(*found)} {words.used} at all" if found else ""
    return "; nobody counted who of them uses what was restricted" if words.is_of_feature else ""


def _unknown(told: Mapping[str, Any], row: Row, words: Act) -> str:
    why = caveats.why_no_estimate(told, row)
    because = f", because {why}" if why else ""
    how_many = f"How many people in {where(told)}{',' * is_below(told)} {_past(words.used, words)}"
    return f"{how_many} {words.done} is not known: {forced(row)}; there is no estimate{because}."


def _forced(told: Mapping[str, Any], row: Row) -> str:
    """What the bounds are, and of how many."""
    of = ""
    if row["base"] in BASES and not is_below(told) and not act(told).is_network:
        of = f", of {number(row['base_persons'])} {BASES[row['base']]}"
    return f"{forced(row).capitalize()}{of}."


def _left(told: Mapping[str, Any], row: Row) -> str:
    """How many were left without access once those who keep it are taken off."""
    if act(told).is_network:
        return ""
    found = ends(by_metric(told)[ImpactMetric.PEOPLE_DEPRIVED_NET])
    if found is None or found[2] == 0:
        return "People who got round it are not taken off."
    low, middle, high = found
    return (
        f"Without those who got round it they were about {rounded(low, middle, high)[1]}"
        f"{interval(low, high)}."
    )


def _hours(told: Mapping[str, Any]) -> str:
    """Person-hours of what lasted some hours of a day."""
    if told["least_hours_a_day"] is None:
        return ""
    least, most = told["least_hours_a_day"], told["most_hours_a_day"]
    lasted = f"{least:g}" if most in (None, least) else f"{least:g} to {most:g}"
    whole = next((row for row in told["person_days"] if row["period"] == "all"), None)
    found = None if whole is None else ends(whole, "person_hours")
    hours = "" if found is None else f": {people(*found, noun='person-hours')}"
    return f"It lasted {lasted} hours a day{hours}."


def sources(told: Mapping[str, Any], version_id: str | None = None) -> str:
    """Who measured, then the version: `Figures: Mediascope, July 2025; version ...`."""
    roles: dict[str, list[str]] = {role: [] for role in ("audience", "feature_share", "base")}
    for figure in told["figures"]:
        if figure["role"] in roles and figure["attribution"] not in roles[figure["role"]]:
            roles[figure["role"]].append(figure["attribution"])
    named = [*sorted(roles["audience"]), *sorted(roles["feature_share"])]
    if not roles["audience"]:
        named += [f"people online by {name}" for name in sorted(roles["base"])]
    version = [f"audience-impact version {version_id}"] if version_id else []
    return f"Figures: {'; '.join([*named, *version])}." if named or version else ""
