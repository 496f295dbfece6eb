"""Where a restriction was, as a sentence says it: `Pulwama, India`, `a part of Myanmar`."""

import json
from collections.abc import Mapping
from typing import Any

from audience_impact.answers.sentences.names import area_in_words, listed
from audience_impact.vocabulary import GeoScope, PlaceReading

MOST_NAMED = 4
"""Places that are named; of more the first are, and the others counted."""


def where(told: Mapping[str, Any]) -> str:
    """Where it was, to follow `in`: `Russia`, `Pulwama, India`, `an unnamed part of Myanmar`."""
    countries = _countries(told)
    if is_below(told):
        return f"{_within(told)}{_named(json.loads(told['area_names']))}, {countries}"
    if told["geo_scope"] in (GeoScope.NATIONAL, GeoScope.UNKNOWN, GeoScope.NETWORK_ONLY):
        return countries
    return f"parts of {countries}" if told["places"] else f"unnamed parts of {countries}"


def is_below(told: Mapping[str, Any]) -> bool:
    """Whether the place has the country named behind it, so that a comma has to close it."""
    return bool(told["area_id"] != told["country_id"])


def _within(told: Mapping[str, Any]) -> str:
    """`parts of` where the source means something inside every place that it names."""
    readings = (told["place_readings"] or "").split(";")
    return "parts of " if set(readings) == {PlaceReading.WITHIN.value} else ""


def _countries(told: Mapping[str, Any]) -> str:
    codes = told["country_id"].split(";")
    given = json.loads(told["area_names"])
    own = len(given) == len(codes) and told["area_id"] == told["country_id"]
    return _named([area_in_words(code, given[n] if own else code) for n, code in enumerate(codes)])


def _named(names: list[str]) -> str:
    """The names, each once; of many the first ones."""
    once = list(dict.fromkeys(names))
    if len(once) <= MOST_NAMED + 1:
        return listed(once)
    return listed([*once[:MOST_NAMED], f"{len(once) - MOST_NAMED} other places"])
