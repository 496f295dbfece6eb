"""The answer for one restriction in plain English: its first sentence, and the whole paragraph."""

from collections.abc import Mapping
from typing import Any

from audience_impact.answers.answer import STATUS
from audience_impact.answers.sentences import caveats
from audience_impact.answers.sentences.acts import Act, act, deed, is_several, services
from audience_impact.answers.sentences.names import listed, on_day
from audience_impact.answers.sentences.numbers import (
    between,
    ends,
    forced,
    interval,
    number,
    people,
    rounded,
)
from audience_impact.answers.sentences.places import is_below, where
from audience_impact.answers.sentences.timing import timing
from audience_impact.vocabulary import ImpactMetric

Row = Mapping[str, Any]


def headline(told: Mapping[str, Any]) -> str:
    """The answer in one sentence, as `story.story` tells the restriction."""
    words, row = act(told), leading(told)
    found = ends(row)
    if row["upper_persons"] == 0:
        return _nobody(told)
    if found is None:
        return _unknown(told, row, words)
    low, middle, high = found
    return (
        f"About {rounded(low, middle, high)[1]} people in {where(told)}{interval(low, high)}"
        f"{',' * is_below(told)} {_did(row, words)}{_also(told, row, words)}."
    )


def answer(told: Mapping[str, Any], version_id: str | None = None) -> str:
    """The answer in a paragraph: how many, what the figures force, what is not sure, from whom.

    `version_id` is the version that it is cited from.
    """
    row = leading(told)
    parts = [headline(told)]
    if row["upper_persons"] != 0:
        estimated = ends(row) is not None
        parts += [_forced(told, row), *_left(told)] if estimated else []
        parts += [*_others(told), *timing(told)]
        parts += caveats.said(told, row) if estimated else []
    parts += [caveats.of_act(told), _status(row), sources(told, version_id)]
    return " ".join(part for part in parts if part)


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
    what = "the internet" if act(told).is_network else services(told) or "a service"
    day = told["announced_on"] or told["observed_from"]
    dated = f" announced {on_day(day)}" if day else ""
    return (
        f"Nobody in {where(told)} was touched: the {deed(told)} of {what}{dated} was never "
        "carried out."
    )


def _did(row: Row, words: Act) -> str:
    """What the people did whom the row counts, and what happened then."""
    if row["impact_metric"] == ImpactMetric.PEOPLE_FEATURE_EXPOSED:
        return f"ordinarily {words.users_did}{words.link}{words.done_to_such}"
    return f"{'' if words.is_network else 'ordinarily '}{words.used}{words.link}{words.done}"


def _also(told: Mapping[str, Any], row: Row, words: Act) -> str:
    """Beside the users of a feature those of the services, or that nobody counted the former."""
    if row["impact_metric"] == ImpactMetric.PEOPLE_FEATURE_EXPOSED:
        found = ends(by_metric(told)[ImpactMetric.PEOPLE_EXPOSED])
        return f"; {people(*found)} {words.used} at all" if found else ""
    return "; nobody counted who of them used what was restricted" if words.is_of_feature else ""


def _unknown(told: Mapping[str, Any], row: Row, words: Act) -> str:
    """That there are bounds alone, and why."""
    why = caveats.why_no_estimate(told, row)
    because = f", because {why}" if why else ""
    asked = f"How many people in {where(told)}{',' * is_below(told)} {_did(row, words)}"
    return f"{asked} is not known: {forced(row)}; there is no estimate{because}."


def _forced(told: Mapping[str, Any], row: Row) -> str:
    """What the bounds are, of how many, and why an interval may pass them."""
    of = ""
    low, high = row["lower_persons"], row["upper_persons"]
    whole = high is not None and (row["base_persons"] or 0) >= high
    if row["base"] in caveats.BASES and whole and not (is_below(told) or act(told).is_network):
        of = f", of {number(row['base_persons'])} {caveats.BASES[row['base']]}"
    passes = high is not None and (row["q05_persons"] < low or row["q95_persons"] > high)
    errors = "; the interval allows for their errors" if passes else ""
    return f"{forced(row).capitalize()}{of}{errors}.{_of_services(told, row)}"


def _of_services(told: Mapping[str, Any], row: Row) -> str:
    """Behind the bounds of the users of a feature those of the users of the services."""
    if row["impact_metric"] != ImpactMetric.PEOPLE_FEATURE_EXPOSED:
        return ""
    whole = by_metric(told)[ImpactMetric.PEOPLE_EXPOSED]
    if whole["upper_persons"] is None or forced(whole) == forced(row):
        return ""
    return (
        f" Of those who used the {'services' if is_several(told) else 'service'} at all "
        f"they force {between(whole['lower_persons'], whole['upper_persons'])}."
    )


def _left(told: Mapping[str, Any]) -> list[str]:
    """How many were left without access once those who keep it are taken off."""
    if act(told).is_network:
        return []
    found = ends(by_metric(told)[ImpactMetric.PEOPLE_DEPRIVED_NET])
    if found is None or found[2] == 0:
        return [caveats.access_kept(told)]
    low, middle, high = found
    left = f"about {rounded(low, middle, high)[1]}{interval(low, high)}"
    return [f"Without those who got round it {left} remain."]


def _status(row: Row) -> str:
    """How well the number is known, in the words of its status; nothing where there is none."""
    if ends(row) is None or row["upper_persons"] == 0:
        return ""
    return f"Status of the number: {STATUS[row['obs_status']]}."


def _others(told: Mapping[str, Any]) -> list[str]:
    """Services that were restricted beside the internet as a whole."""
    names = services(told) if act(told).is_network else ""
    return [f"Restricted as well: {names}."] if names else []


def sources(told: Mapping[str, Any], version_id: str | None = None) -> str:
    """Who measured, then the version: `Figures: Mediascope, July 2025; version ...`."""
    found: dict[str, list[str]] = {"audience": [], "feature_share": [], "base": []}
    row = leading(told)
    for figure in told["figures"]:
        if figure["role"] in found and row["upper_persons"] != 0:
            found[figure["role"]].append(figure["attribution"])
    named = [*_once(found["audience"]), *_once(found["feature_share"])]
    if not found["audience"] and found["base"]:
        who = caveats.BASES.get(row["base"], "people")
        named.append(f"{who} by {listed(_once(found['base']))}")
    version = [f"audience-impact version {version_id}"] if version_id else []
    return f"Figures: {'; '.join([*named, *version])}." if named or version else ""


def _once(names: list[str]) -> list[str]:
    return sorted(set(names))
