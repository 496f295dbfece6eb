"""Other cells of a row about the places in its area cell: how much of them, and which kind.

Definitions. A meaning (`NameMeaning`) is read from the area cell. The text of the event may say
less: a radius, or parts of a place.

Drawbacks. Places that the text names inside the one of the area cell are not read; where they are
what was cut, a correction of the register names them.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from audience_impact.plain_text import fold_name
from audience_impact.registers.places.country_places import Gazetteer
from audience_impact.registers.places.phrases import TABLE
from audience_impact.registers.places.resolver import NameMeaning
from audience_impact.vocabulary import PartKind, PlaceReading


def narrow_meanings(meanings: Sequence[NameMeaning], text: str) -> tuple[NameMeaning, ...]:
    """Return meanings as parts if the text of the event states that a part was cut."""
    kinds = TABLE.list_meanings("part_of_place", text)
    if kinds:
        meanings = [_as_part(meaning, PartKind(kinds[0])) for meaning in meanings]
    circle = TABLE.find("radius", text)
    return tuple(_as_circles(meaning, circle) if circle else meaning for meaning in meanings)


def _as_part(meaning: NameMeaning, kind: PartKind) -> NameMeaning:
    if meaning.reading is PlaceReading.WITHIN:
        return meaning
    within = replace(meaning, reading=PlaceReading.WITHIN, least_area_id="")
    return replace(within, part_kind=kind, units=1)


def _as_circles(meaning: NameMeaning, circle: re.Match[str]) -> NameMeaning:
    count = meaning.units if meaning.reading is PlaceReading.WITHIN else 1
    within = replace(meaning, reading=PlaceReading.WITHIN, least_area_id="")
    radius = float(circle["km"] or circle["of"])
    return replace(within, part_kind=PartKind.CIRCLE, units=max(round(radius * count), 1))


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
    folded = fold_name(TABLE.pattern("city_page").sub(" ", text))
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
