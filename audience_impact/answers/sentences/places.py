"""Where a restriction was, as a sentence says it: `Pulwama, India`, `a part of Myanmar`."""

from collections.abc import Mapping
from typing import Any

from audience_impact.answers.sentences.names import area_in_words, listed
from audience_impact.vocabulary import GeoScope

MOST_NAMED = 4
"""Places that are named; of more the first are, and the others counted."""
WITHIN = "in "
"""How the published `places` begin where the source means something inside a place."""


def where(told: Mapping[str, Any]) -> str:
    """Where it was, to follow `in`: `Russia`, `Pulwama, India`, `an unnamed part of Myanmar`."""
    countries = _countries(told)
    if is_below(told):
        return f"{_within(told)}{_named(told['area_name'].split(', '))}, {countries}"
    if told["geo_scope"] in (GeoScope.NATIONAL, GeoScope.UNKNOWN, GeoScope.NETWORK_ONLY):
        return countries
    return f"parts of {countries}" if told["places"] else f"unnamed parts of {countries}"


def is_below(told: Mapping[str, Any]) -> bool:
    """Whether the place has the country named behind it, so that a comma has to close it."""
    return bool(told["area_id"] != told["country_id"])


def _within(told: Mapping[str, Any]) -> str:
    """`parts of` where the source means something inside every place that it names."""
    places = (told["places"] or "").split("; ")
    return "parts of " if all(place.startswith(WITHIN) for place in places) else ""


def _countries(told: Mapping[str, Any]) -> str:
    codes = told["country_id"].split(";")
    given = told["area_name"].split(", ")
    own = len(given) == len(codes) and told["area_id"] == told["country_id"]
    return _named([area_in_words(code, given[n] if own else code) for n, code in enumerate(codes)])


def _named(names: list[str]) -> str:
    """The names, each once; of many the first ones."""
    once = list(dict.fromkeys(names))
    if len(once) <= MOST_NAMED + 1:
        return listed(once)
    return listed([*once[:MOST_NAMED], f"{len(once) - MOST_NAMED} other places"])
