"""Country names of a register as ISO 3166 codes, and the place of an event.

The functions depend only on their arguments; the names come from a gazetteer. If a name is not in
it, the whole country is used instead, so that the number of people is an upper bound and never too
small.

A meaning (`NameMeaning`) is read from the area cell. Other cells decide between a city and the
district of its name, and the text of the event may say less: a radius, or parts of a place.

Drawbacks. Places that the text names inside the one of the area cell are not read; where they are
what was cut, a correction of the register names them.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from audience_impact.plain_text import fold_name
from audience_impact.registers.places import country_places as places
from audience_impact.registers.places.phrases import TABLE
from audience_impact.registers.places.resolver import NameMeaning, resolve_text
from audience_impact.vocabulary import GeoScope, PartKind, PlaceReading

Atlas = Mapping[str, places.Gazetteer]
"""The places of each country, by its code."""

FindCountry = Callable[[str], str]
"""The ISO 3166-1 code of a country by a name, blank for a name that is none."""
APOSTROPHES = "'`\u2018\u2019\u02bb\u02bc"
MOST_COUNTRIES = 300
NOT_ISO = ("somaliland",)
"""Countries in registers that ISO 3166 counts as part of another."""
BY_CITY = frozenset(("BD", "PK"))
"""Countries whose rows name cities, where no word says district."""
BY_DISTRICT = frozenset(("IN",))
"""Countries whose orders name districts: 13 of 13 rows read apart meant the whole district."""


@dataclass(frozen=True)
class Place:
    """The place of an event: areas, extent, unresolved names, and the reading of each name."""

    area_ids: tuple[str, ...]
    geo_scope: GeoScope
    defect: str = ""
    names: tuple[NameMeaning, ...] = ()


def plain_name(text: str) -> str:
    """Return a name without accents, capitals and punctuation."""
    flat = unicodedata.normalize("NFKD", text)
    flat = "".join(sign for sign in flat if not unicodedata.combining(sign)).casefold()
    flat = re.sub("[" + APOSTROPHES + r"](s\b)?", lambda match: " " if match[1] else "", flat)
    return " ".join(re.sub(r"[^\w]+", " ", flat.replace("&", " and ")).split())


def country_parts(cell: str) -> list[str]:
    """Return the countries in a cell, which semicolons separate; commas are parts of names.

    A list longer than the number of countries is not a list of countries; return nothing.
    """
    parts = [part.strip() for part in cell.split(";") if part.strip()]
    return parts if len(parts) <= MOST_COUNTRIES else []


def country_codes(cell: str, find_country: FindCountry) -> list[str]:
    """Return ISO codes of the countries of a cell, sorted; empty where a name is unknown."""
    codes = [find_country(part) for part in country_parts(cell)]
    return sorted(set(codes)) if all(codes) else []


def is_national(text: str) -> bool:
    """Return whether a text means the whole country or nearly all of it, without exception."""
    plain = plain_name(text)
    is_all = TABLE.find("national", plain) and not TABLE.find("not_all", plain)
    return bool(is_all or TABLE.find("nearly_all", plain))


def locate_event(
    cell: str,
    text: str,
    scope: GeoScope,
    day: str,
    find_country: FindCountry,
    atlas: Atlas,
    other_text: str = "",
    event_text: str = "",
) -> Place:
    """Return the place of an event from its country, its printed place, and its scope.

    If a name is not on record, the country is added to the places that are.

    Args:
        cell: the country or countries.
        text: the place, in words.
        scope: the geographic scope that the register states.
        day: the first day, in ISO 8601.
        find_country: the code of a country by its name.
        atlas: the places of each country.
        other_text: other cells, which may name the kind of a place (city or district).
        event_text: the text on the event, which may state that only a part was cut.
    """
    codes = tuple(country_codes(cell, find_country))
    if is_national(text):
        text = next((part for part in country_parts(cell) if plain_name(part) in NOT_ISO), "")
        if not text:
            return Place(codes, GeoScope.NATIONAL)
    if not text.strip():
        return Place(codes, scope, "place_missing")
    if len(codes) > 1:
        return Place(codes, scope, "place_unresolved")
    country = atlas[codes[0]]
    settled = settle_cities(resolve_text(text, scope, country, day), other_text, country)
    names = narrow_meanings(settled, event_text)
    if not names or not all(name.area_ids for name in names):
        extent = GeoScope.MULTI_REGION if names and scope is GeoScope.UNKNOWN else scope
        return Place(codes, extent, "place_unresolved", names)
    area_ids = places.merge_places((part for name in names for part in name.area_ids), country)
    are_whole = all(name.reading is PlaceReading.WHOLE for name in names)
    if are_whole and scope is not GeoScope.LOCALITY and country.first_level >= set(area_ids):
        scope = GeoScope.REGION if len(area_ids) == 1 else GeoScope.MULTI_REGION
    return Place(tuple(sorted(area_ids)), scope, "", names)


def narrow_meanings(meanings: Sequence[NameMeaning], text: str) -> tuple[NameMeaning, ...]:
    """Return meanings as parts if the text of the event states that a part was cut."""
    kinds = TABLE.list_meanings("part_of_place", text)
    circle = TABLE.find("radius", text)
    narrowed = []
    for meaning in meanings:
        is_part = meaning.reading is PlaceReading.WITHIN
        part = replace(meaning, reading=PlaceReading.WITHIN, least_area_id="")
        if circle:
            units = (meaning.units if is_part else 1) * float(circle["km"] or circle["of"])
            meaning = replace(part, part_kind=PartKind.CIRCLE, units=max(round(units), 1))
        elif kinds and not is_part:
            meaning = replace(part, part_kind=PartKind(kinds[0]), units=1)
        narrowed.append(meaning)
    return tuple(narrowed)


def settle_cities(
    meanings: Sequence[NameMeaning], text: str, gazetteer: places.Gazetteer
) -> tuple[NameMeaning, ...]:
    """Return meanings in which the other cells decide between a city and the district of its name.

    `text` has the other cells of the row. If these name no kind, the district is meant where
    orders go by district, and the city where rows go by city; if they name both, it stays open.
    """
    folded = fold_name(TABLE.pattern("city_page").sub(" ", text))
    return tuple(
        _settle_city(meaning, folded, gazetteer)
        if meaning.reading is PlaceReading.CITY_OR_DISTRICT
        else meaning
        for meaning in meanings
    )


def _settle_city(meaning: NameMeaning, folded: str, gazetteer: places.Gazetteer) -> NameMeaning:
    name = re.escape(meaning.name)
    is_district, is_city = (
        bool(re.search(rf"\b{name} (?:and \w+ )?{kind}s?\b|\b{kind} (?:of )?{name}\b", folded))
        for kind in ("district", "(?:city|town)")
    )
    listed = rf"\bcities (?:of |across the country )(?:(?!districts?\b)\w+ ){{0,20}}?{name}\b"
    is_usual = gazetteer.country in BY_CITY and "districts" not in folded.split()
    is_city |= re.search(listed, folded) is not None or (is_usual and not is_district)
    settled = replace(meaning, reading=PlaceReading.WHOLE, least_area_id="")
    if gazetteer.entries[meaning.area_ids[0]].is_city:
        return settled
    if is_district and is_city:
        return meaning
    if is_district or (gazetteer.country in BY_DISTRICT and not is_city):
        return settled
    if not is_city:
        return meaning
    if meaning.least_area_id in gazetteer.entries:
        return replace(settled, area_ids=(meaning.least_area_id,))
    return replace(settled, reading=PlaceReading.WITHIN, part_kind=PartKind.SEAT)
