"""Other cells of a row about the places in its area cell: how much of them, and which kind.

Definitions. A meaning (`NameMeaning`) is read from the area cell. The text of the event may say
less: a radius, parts, a number of districts, or places inside the one that the cell names.

Method. A passage is what follows "in" or "across" behind words for a cut, up to words that begin
something else (a date, a reason). It is read as an area cell is. Where each of its names is inside
a first-level place that the cell means whole, or is a counted part of it ("7 districts across
Meghalaya"), the names replace the place. In a district this is so for its police districts alone:
other names are more often where something happened than what was cut.

Assumptions. A text that names smaller places names all of them.

Drawbacks. A place in which a cut was only reported first replaces the state that was cut.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from audience_impact.registers.places import phrases
from audience_impact.registers.places.country_places import Gazetteer
from audience_impact.registers.places.items import NameMeaning
from audience_impact.registers.places.phrases import TABLE
from audience_impact.registers.places.resolver import resolve_text
from audience_impact.vocabulary import GeoScope, PartKind, PlaceMatch, PlaceReading

COUNTED = (PartKind.DISTRICTS, PartKind.SUBDISTRICT, PartKind.CITY, PartKind.TOWN)
"""Kinds of part of which a text counts several ("7 districts across Meghalaya")."""
UNNAMED = (PartKind.CITY, PartKind.TOWN, PartKind.DISTRICTS, PartKind.SUBDISTRICT, PartKind.SOME)
"""Kinds of part that an area cell counts ("several cities in"), and that a text may name."""


def narrow_meanings(
    meanings: Sequence[NameMeaning], text: str, gazetteer: Gazetteer, titles: str = ""
) -> tuple[NameMeaning, ...]:
    """Return meanings as parts if the text of the event states that a part was cut.

    `text` has the sentences on the event; meanings that are parts already do not change. A title
    of a source, which is about more places or fewer, counts for the place alone that it names.
    """
    passages = _read_passages(meanings, text, gazetteer)
    inner = [_find_inner_places(meaning, meanings, passages, gazetteer) for meaning in meanings]
    kinds = TABLE.list_meanings("part_of_place", text)
    kind = PartKind(kinds[0]) if kinds else None
    is_narrowed = any(
        places and _is_first_level(meaning, gazetteer)
        for meaning, places in zip(meanings, inner, strict=True)
    )
    circle = TABLE.find("radius", text)
    return tuple(
        _as_circles(narrowed, circle)
        for meaning, places in zip(meanings, inner, strict=True)
        for is_beside in [is_narrowed and _is_first_level(meaning, gazetteer)]
        for named in [_find_part(meaning, f"{text} . {titles}", is_beside)]
        for narrowed in places or [_as_part(meaning, kind or named)]
    )


def _as_circles(meaning: NameMeaning, circle: re.Match[str] | None) -> NameMeaning:
    if circle is None:
        return meaning
    count = meaning.units if meaning.reading is PlaceReading.WITHIN else 1
    within = replace(meaning, reading=PlaceReading.WITHIN, least_area_id="")
    radius = float(circle["km"] or circle["of"])
    return replace(within, part_kind=PartKind.CIRCLE, units=max(round(radius * count), 1))


def _find_part(meaning: NameMeaning, text: str, is_beside: bool) -> PartKind | None:
    """Return the kind of part if a text says that a part of this place was cut, or nothing.

    `is_beside` states that the text narrows a place beside it. The text may spell a name in another
    way than the area cell. A part named after "all of" the place describes the further course of
    the event.
    """
    passages = (
        phrases.fold_name(match["place"]) for match in TABLE.pattern("part_named").finditer(text)
    )
    is_named = any(_names_place(passage, meaning.name) for passage in passages)
    is_all = f"all of {meaning.name}" in phrases.fold_name(text)
    return PartKind.SOME if is_beside or (is_named and not is_all) else None


def _names_place(passage: str, name: str) -> bool:
    words, count = passage.split(), len(name.split())
    parts = [" ".join(words[first : first + count]) for first in range(len(words) - count + 1)]
    return any(
        part == name or (phrases.sound_key(part) == key and phrases.is_like(part, name))
        for key in [phrases.sound_key(name)]
        for spelled in parts
        for part in (spelled, spelled.removesuffix("s"))  # "Doda's"
    )


def _is_first_level(meaning: NameMeaning, gazetteer: Gazetteer) -> bool:
    return bool({*meaning.area_ids} & {*gazetteer.first_level})


def _as_part(meaning: NameMeaning, kind: PartKind | None) -> NameMeaning:
    if kind is None or meaning.reading is PlaceReading.WITHIN:
        return meaning
    within = replace(meaning, reading=PlaceReading.WITHIN, least_area_id="")
    return replace(within, part_kind=kind, units=1)


def _read_passages(
    meanings: Sequence[NameMeaning], text: str, gazetteer: Gazetteer
) -> list[list[NameMeaning]]:
    """Return the meanings of names by passage of a text, for passages with all names on record."""
    is_large = any(_is_first_level(meaning, gazetteer) for meaning in meanings)
    passages = (
        match["place"]
        for reading in ("passage", "passage_before")
        for match in TABLE.pattern(reading).finditer(text)
    )
    texts = (
        resolve_text(passage, GeoScope.LOCALITY, gazetteer)
        for passage in passages
        if is_large or "police district" in passage.casefold()
    )
    return [parts for parts in texts if all(_is_known(part, gazetteer) for part in parts)]


def _is_known(part: NameMeaning, gazetteer: Gazetteer) -> bool:
    return bool(part.area_ids) and all(area in gazetteer.entries for area in part.area_ids)


def _find_inner_places(
    meaning: NameMeaning,
    meanings: Sequence[NameMeaning],
    passages: Sequence[Sequence[NameMeaning]],
    gazetteer: Gazetteer,
) -> list[NameMeaning]:
    """Return the places inside a meaning that passages of the text name, or nothing.

    Nothing where a passage names the place itself, or another meaning of the cell lies in it.
    """
    is_unnamed = meaning.part_kind in UNNAMED and _is_first_level(meaning, gazetteer)
    is_part = meaning.reading is PlaceReading.WITHIN and not is_unnamed
    if is_part or not _is_known(meaning, gazetteer):
        return []
    outer = meaning.area_ids[0]
    is_listed = any(
        gazetteer.has_inside(outer, area)
        for another in meanings
        for area in another.area_ids
        if area in gazetteer.entries
    )
    if len(meaning.area_ids) > 1 or is_listed:
        return []
    outer_names = {meaning.name, *gazetteer.entries[outer].names}
    parts: dict[str, NameMeaning] = {}
    for passage in passages:
        namesakes = [part for part in passage if part.name in outer_names]
        if all(_is_counted(part, outer) for part in namesakes):
            smaller = (part for part in passage if _is_inside(part, outer, gazetteer))
            parts |= {part.name: part for part in (*smaller, *namesakes)}
    return list(parts.values())


def _is_counted(part: NameMeaning, outer: str) -> bool:
    is_part = part.reading is PlaceReading.WITHIN and part.area_ids == (outer,)
    return is_part and part.part_kind in COUNTED and part.units > 1


def _is_inside(part: NameMeaning, outer: str, gazetteer: Gazetteer) -> bool:
    """Return whether a name of a passage is a place in the place `outer`.

    In a district only police districts count, which are parts of it.
    """
    is_police = part.found_by is PlaceMatch.OVERRIDE or part.part_kind is PartKind.SUBDISTRICT
    if outer not in gazetteer.first_level and not is_police:
        return False
    if part.area_ids == (outer,):
        return outer not in gazetteer.first_level
    return all(gazetteer.has_inside(outer, area) for area in part.area_ids)


BY_CITY = frozenset(("BD", "PK"))
"""Countries whose rows name cities, where no word says district."""
BY_DISTRICT = frozenset(("IN",))
"""Countries whose orders name districts: 13 of 13 rows read apart meant the whole district."""


def settle_cities(
    meanings: Sequence[NameMeaning], text: str, gazetteer: Gazetteer
) -> tuple[NameMeaning, ...]:
    """Return meanings in which the other cells decide between a city and the district of its name.

    `text` has the other cells of the row. If these name no kind, the district is meant where
    orders go by district, and the city where rows go by city; if they name both, it stays open.
    """
    folded = phrases.fold_name(TABLE.pattern("city_page").sub(" ", text))
    is_usual = gazetteer.country in BY_CITY and "districts" not in folded.split()
    return tuple(
        _settle_city(meaning, folded, gazetteer, is_usual)
        if meaning.reading is PlaceReading.CITY_OR_DISTRICT
        else meaning
        for meaning in meanings
    )


def _settle_city(
    meaning: NameMeaning, folded: str, gazetteer: Gazetteer, is_usual: bool
) -> NameMeaning:
    name = re.escape(meaning.name)
    is_district, is_city = (
        bool(re.search(rf"\b{name} (?:and \w+ )?{kind}s?\b|\b{kind} (?:of )?{name}\b", folded))
        for kind in ("district", "(?:city|town)")
    )
    listed = rf"\bcities (?:of |across the country )(?:(?!districts?\b)\w+ ){{0,20}}?{name}\b"
    is_city |= re.search(listed, folded) is not None or (is_usual and not is_district)
    is_metropolis = gazetteer.entries[meaning.area_ids[0]].is_city
    if is_district and is_city and not is_metropolis:
        return meaning
    if is_district or is_metropolis or (gazetteer.country in BY_DISTRICT and not is_city):
        return replace(meaning, reading=PlaceReading.WHOLE, least_area_id="")
    if not is_city:
        return meaning
    if meaning.least_area_id in gazetteer.entries:
        return replace(
            meaning,
            area_ids=(meaning.least_area_id,),
            reading=PlaceReading.WHOLE,
            least_area_id="",
        )
    return replace(meaning, reading=PlaceReading.WITHIN, least_area_id="", part_kind=PartKind.SEAT)
