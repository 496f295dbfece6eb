"""The answer for a country, a region or the world in a month or a year."""

from calendar import monthrange
from collections.abc import Mapping
from typing import Any

from audience_impact.answers.sentences.names import area_in_words, day_in_words
from audience_impact.answers.sentences.numbers import ends, forced, interval, people, rounded

UNDER = "under at least one restriction on record at some time"


def area(row: Mapping[str, Any], area_name: str) -> str:
    """The answer of a row of `impact_by_area`; `area_name` as the facts have it."""
    where, when = area_in_words(row["area_id"], area_name), _when(row)
    found = ends(row)
    if row["upper_persons"] == 0:
        return f"In {when} nobody in {where} was under a restriction that is on record."
    if found is None:
        return f"How many people in {where} were {UNDER} in {when} is not known: {forced(row)}."
    low, middle, high = found
    many = f"about {rounded(low, middle, high)[1]} people in {where}{interval(low, high)}"
    under = f"{UNDER}, each counted once"
    return f"In {when} {many} were {under}; {forced(row)}.{_ordered(row)}{_left_out(row)}"


def _when(row: Mapping[str, Any]) -> str:
    """The period, and how far it is known where the facts end in it."""
    when, last = day_in_words(row["period"]), str(row["as_of"])
    ends_later = last.startswith(row["period"]) and last != _last_day(row["period"])
    return when if not ends_later else f"{when}, up to {day_in_words(last).rpartition(' ')[0]},"


def _last_day(period: str) -> str:
    year, month = int(period[:4]), int(period[5:] or 12)
    return f"{year}-{month:02}-{monthrange(year, month)[1]}"


def _ordered(row: Mapping[str, Any]) -> str:
    """How many were under what an authority ordered, where not all was ordered."""
    found = ends(row, "persons", "ordered_")
    if found is None or row["ordered_restrictions_count"] == row["restrictions_count"]:
        return ""
    text = people(*found)
    return f" {text[0].upper()}{text[1:]} were under restrictions that an authority ordered."


def _left_out(row: Mapping[str, Any]) -> str:
    """What the estimate does not hold."""
    count, known = row["areas_count"], row["estimated_areas_count"]
    without = row.get("bounds_only_count", 0)  # a day does not tell of it
    parts = []
    if without:
        many = f"{without:,} of {row['restrictions_count']:,} restrictions"
        parts.append(f"leaves out {many} (in an unknown part of a country, or without a figure)")
    if known < count:
        some = f"{count - known} of {count} countries"
        parts.append(f"counts {some} with no more than what the figures force")
    return f" The estimate {' and '.join(parts)}." if parts else ""


def day(row: Mapping[str, Any], area_name: str) -> str:
    """The answer of a row of `impact_by_day` for its last day."""
    where, when = area_in_words(row["area_id"], area_name), day_in_words(str(row["to_day"]))
    under = "under at least one restriction on record, each counted once"
    found = ends(row)
    if row["upper_persons"] == 0:
        return f"On {when} nobody in {where} was under a restriction that is on record."
    if found is None:
        return f"How many people in {where} were {under}, on {when} is not known; {forced(row)}."
    low, middle, high = found
    return (
        f"On {when} about {rounded(low, middle, high)[1]} people in {where}"
        f"{interval(low, high)} were {under}; {forced(row)}.{_left_out(row)}"
    )
