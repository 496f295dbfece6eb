"""Phrases of a text with their candidate places, and the resolved meaning of a name."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from audience_impact.plain_text import fold_name
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
    TABLE,
    TOWNSHIP,
    Phrase,
)
from audience_impact.vocabulary import PartKind, PlaceMatch, PlaceReading

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
UNIT_KINDS = {word: PartKind(kind) for word, kind in TABLE.phrases["part"]}
"""What part of a place a word for a unit means."""
PARTED = frozenset(("IN", "PK", "BD", "MM"))
"""Countries where a town may be smaller than the smallest place of its name on record."""


@dataclass(frozen=True)
class NameMeaning:
    """The meaning of one name in a text.

    `area_ids` is empty for an unresolved name. `least_area_id` is the city, if the district of its
    name was read and the text states no kind. `part_kind` and `units` are the kind and the number
    of the parts, if the name means parts of a place.
    """

    name: str
    area_ids: tuple[str, ...] = ()
    reading: PlaceReading = PlaceReading.WHOLE
    found_by: PlaceMatch = PlaceMatch.EXACT
    least_area_id: str = ""
    part_kind: PartKind | None = None
    units: int = 1


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

    @property
    def stated_size(self) -> int:
        """Return the rank by size of the stated kind, or -2 without one."""
        return KIND_SIZES.get(self.phrase.kind, -2)


def as_reviewed(name: str, reviewed: Reviewed, phrase: Phrase | None = None) -> NameMeaning:
    """Return the reviewed meaning of a name, or of a whole text, which has no phrase."""
    meaning = NameMeaning(name, reviewed.area_ids, reviewed.reading, PlaceMatch.OVERRIDE)
    return mean_part(meaning, phrase) if reviewed.reading is PlaceReading.WITHIN else meaning


def mean_part(
    meaning: NameMeaning, phrase: Phrase | None, is_namesake: bool = False
) -> NameMeaning:
    """Return the meaning as a part of its places, of the kind that the phrase states.

    A reviewed name without a kind is a city, the most frequent kind in registers.
    """
    kind = PartKind.PLACE if phrase is None else read_part_kind(phrase, is_namesake)
    if kind is PartKind.PLACE and meaning.found_by is PlaceMatch.OVERRIDE:
        kind = PartKind.CITY
    return replace(
        meaning,
        reading=PlaceReading.WITHIN,
        part_kind=kind,
        units=max(phrase.count if phrase else 1, 1),
    )


def read_part_kind(phrase: Phrase, is_namesake: bool) -> PartKind:
    """Return the kind of part of a place that the words of a phrase mean.

    `is_namesake` states that the phrase has the name of the place itself ("parts of Jaipur",
    "Sopore area"): then the part is a share of this place and not a place inside it.
    """
    kind = UNIT_KINDS.get(phrase.unit, PartKind.PLACE)
    if kind is PartKind.DISTRICTS and not (phrase.count or phrase.is_part):
        return PartKind.SUBDISTRICT
    if not is_namesake or phrase.count:
        return kind
    return NAMESAKES.get(kind, kind)


NAMESAKES: Mapping[PartKind, PartKind] = {
    PartKind.LOCALITY: PartKind.SOME,
    PartKind.PLACE: PartKind.SOME,
    PartKind.TOWN: PartKind.SEAT,
    PartKind.CITY: PartKind.SEAT,
    PartKind.VILLAGE: PartKind.SEAT,
}
"""What a kind of part is where the place itself has the name of the part."""


def item_of(phrase: Phrase, gazetteer: Gazetteer) -> Item:
    """Return the item of a phrase: reviewed, matched with the word of its kind, or without it."""
    name = fold_name(phrase.name.replace("&", " and "))
    phrase = replace(phrase, name=name)
    with_kind = [f"{name} {word}" for word, _ in TABLE.phrases.get(f"name_of_{phrase.kind}", ())]
    for spelling in (*with_kind, name):
        if spelling in gazetteer.reviewed:
            reviewed = gazetteer.reviewed[spelling]
            return Item(phrase, list(reviewed.area_ids), PlaceMatch.OVERRIDE, reviewed)
    for spelling in (*with_kind, name):
        ids, match = look_up(spelling, gazetteer)
        if ids and (spelling == name or phrase.kind in (DIVISION, STATE, PART)):
            return Item(phrase, ids, match)
    return Item(phrase, [], PlaceMatch.FUZZY)
