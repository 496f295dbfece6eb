"""Phrases of a text with their candidate places, and the resolved meaning of a name."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from audience_impact.registers.places import names
from audience_impact.registers.places.country_places import (
    ADMIN1,
    ADMIN2,
    ADMIN3,
    SHIRE,
    TOWN,
    UNION,
    Gazetteer,
    Reviewed,
    look_up,
)
from audience_impact.registers.places.phrases import (
    CITY,
    DISTRICT,
    DIVISION,
    PART,
    POLICE,
    STATE,
    TOWNSHIP,
    Phrase,
)
from audience_impact.vocabulary import PlaceMatch, PlaceReading

LARGE_FIRST = (ADMIN1, UNION, SHIRE, ADMIN2, TOWN, ADMIN3)
SMALL_FIRST = (TOWN, ADMIN3, ADMIN2, ADMIN1, SHIRE, UNION)
GOES_BY: Mapping[str, tuple[str, ...]] = {
    "BD": (ADMIN2, ADMIN1, UNION, TOWN, ADMIN3),
    "PK": (ADMIN1, ADMIN2, SHIRE, UNION, ADMIN3, TOWN),
    "IN": (ADMIN1, ADMIN2, SHIRE, UNION, ADMIN3, TOWN),
    "MM": (ADMIN3, ADMIN2, ADMIN1, UNION, TOWN),
    "UA": (ADMIN3, ADMIN1, ADMIN2, UNION, TOWN),
}
"""Preferred level of a place, by country, if several places share a name and nothing else decides.
"""
FITS: Mapping[str, tuple[str, ...]] = {
    STATE: (ADMIN1, UNION, SHIRE, ADMIN2),
    DIVISION: (SHIRE, UNION, ADMIN1, ADMIN2),
    DISTRICT: (ADMIN2, ADMIN1, UNION, SHIRE, ADMIN3, TOWN),
    POLICE: (ADMIN2, ADMIN3, TOWN),
    TOWNSHIP: (ADMIN3, ADMIN2, TOWN),
    CITY: (TOWN, ADMIN1, ADMIN3, ADMIN2),
    PART: (TOWN, ADMIN3, ADMIN2, ADMIN1, SHIRE, UNION),
}
"""Levels that a kind of place may mean, the most likely first."""
KIND_SIZES = {PART: -1, CITY: 0, TOWNSHIP: 1, POLICE: 1, DISTRICT: 2, DIVISION: 3, STATE: 4}
PARTED = frozenset(("IN", "PK", "BD", "MM"))
"""Countries where a town may be smaller than the smallest place of its name on record."""


@dataclass(frozen=True)
class NameMeaning:
    """The meaning of one name in a text.

    `area_ids` is empty if the name is unresolved; `least_area_id` is the city if the district of
    the same name was chosen and the text names no kind of place.
    """

    name: str
    area_ids: tuple[str, ...] = ()
    reading: PlaceReading = PlaceReading.WHOLE
    found_by: PlaceMatch = PlaceMatch.EXACT
    least_area_id: str = ""


@dataclass
class Item:
    """A phrase during resolution: its candidate places, and the results so far."""

    phrase: Phrase
    ids: list[str]
    match: PlaceMatch
    reviewed: Reviewed | None = None
    holder: int = -1
    is_container: bool = False
    is_vague: bool = False
    is_turned: bool = False

    @property
    def stated_size(self) -> int:
        """Return the rank of the stated kind by size, or -2 where none is stated."""
        return KIND_SIZES.get(self.phrase.kind, -2)


def as_reviewed(name: str, reviewed: Reviewed) -> NameMeaning:
    """Return the reviewed meaning of a name."""
    return NameMeaning(name, reviewed.area_ids, reviewed.reading, PlaceMatch.OVERRIDE)


def items_of(phrase: Phrase, gazetteer: Gazetteer) -> list[Item]:
    """Return the item of a phrase, or two where a comma is missing between large places."""
    item = item_of(phrase, gazetteer)
    words = item.phrase.name.split()
    if item.ids:
        return [item]
    for cut in range(1, len(words)):
        parts = [" ".join(words[:cut]), " ".join(words[cut:])]
        both = [item_of(replace(phrase, name=part), gazetteer) for part in parts]
        if all(_is_large(half, gazetteer) for half in both):
            both[1].phrase = replace(both[1].phrase, cut="list")
            return both
    return [item]


def _is_large(item: Item, gazetteer: Gazetteer) -> bool:
    levels = {gazetteer.entries[area_id].level for area_id in item.ids}
    return bool(levels & {ADMIN1, ADMIN2, SHIRE})


def item_of(phrase: Phrase, gazetteer: Gazetteer) -> Item:
    """Return the item of a phrase: reviewed, found with the word of its kind, or without it."""
    name = names.fold_name(phrase.name.replace("&", " and "))
    phrase = replace(phrase, name=name)
    with_kind = [f"{name} {word}" for word in _kind_words(phrase.kind)]
    for spelling in (*with_kind, name):
        if spelling in gazetteer.reviewed:
            reviewed = gazetteer.reviewed[spelling]
            return Item(phrase, list(reviewed.area_ids), PlaceMatch.OVERRIDE, reviewed)
    for spelling in (*with_kind, name):
        ids, match = look_up(spelling, gazetteer)
        if ids and (spelling == name or phrase.kind in (DIVISION, STATE)):
            return Item(phrase, ids, match)
    return _item_after_direction(phrase, gazetteer)


def _kind_words(kind: str) -> tuple[str, ...]:
    return KIND_WORDS.get(kind, ())


KIND_WORDS: Mapping[str, tuple[str, ...]] = {
    STATE: ("oblast", "region", "province", "state", "governorate"),
    DIVISION: ("division",),
    DISTRICT: ("district",),
    POLICE: ("police district",),
    CITY: ("city",),
    PART: ("area", "border"),
}
"""Words that may be part of the name on record."""


def _item_after_direction(phrase: Phrase, gazetteer: Gazetteer) -> Item:
    """Return the item of a name after a direction ("western Oromia"), a part of the place."""
    first, _, rest = phrase.name.partition(" ")
    if rest and first.removesuffix("ern") in ("north", "south", "east", "west", "central", "upper"):
        ids, match = look_up(rest, gazetteer)
        if ids:
            return Item(replace(phrase, name=rest, is_part=True), ids, match, is_turned=True)
    return Item(phrase, [], PlaceMatch.FUZZY)
