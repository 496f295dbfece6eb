"""The answer for a country, a region or the world in a month or a year."""

from collections.abc import Mapping
from typing import Any

from flows.reporting.sentences.names import area_in_words, day_in_words
from flows.reporting.sentences.numbers import ends, forced, interval, rounded


def area(row: Mapping[str, Any], area_name: str) -> str:
    """The answer of a row of `impact_by_area` in a sentence; `area_name` as the facts have it."""
    where, when = area_in_words(row["area_id"], area_name), day_in_words(row["period"])
    under = "under at least one restriction at some time, each counted once"
    found = ends(row)
    if row["upper_persons"] == 0:
        return f"In {when} nobody in {where} was under a restriction."
    if found is None:
        return f"How many people in {where} were {under}, in {when} is not known; {forced(row)}."
    low, middle, high = found
    return (
        f"In {when} about {rounded(low, middle, high)[1]} people in {where}"
        f"{interval(low, high)} were {under}; {forced(row)}."
    )
