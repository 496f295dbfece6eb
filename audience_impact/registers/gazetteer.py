"""Country names of a register as ISO 3166 codes, and the place of an event.

The functions depend only on their arguments; the names come from a gazetteer. If a name is not in
it, the whole country is used instead, so that the number of people is an upper bound and never too
small.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from audience_impact.registers.places import country_places as places
from audience_impact.registers.places.other_cells import narrow_meanings, settle_cities
from audience_impact.registers.places.phrases import TABLE
from audience_impact.registers.places.resolver import NameMeaning, resolve_text
from audience_impact.vocabulary import GeoScope, PlaceReading

Atlas = Mapping[str, places.Gazetteer]
"""The places of each country, by its code."""

FindCountry = Callable[[str], str]
"""The ISO 3166-1 code of a country by a name, blank for a name that is none."""
APOSTROPHES = "'`\u2018\u2019\u02bb\u02bc"
MOST_COUNTRIES = 300
NOT_ISO = ("somaliland",)
"""Countries in registers that ISO 3166 counts as part of another."""


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
    return sorted(set(codes)) if codes and all(codes) else []


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
    return _place_from_names(codes, narrow_meanings(settled, event_text), scope, country)


def _place_from_names(
    codes: tuple[str, ...],
    names: tuple[NameMeaning, ...],
    scope: GeoScope,
    gazetteer: places.Gazetteer,
) -> Place:
    if not names or not all(name.area_ids for name in names):
        reach = GeoScope.MULTI_REGION if scope is GeoScope.UNKNOWN else scope
        return Place(codes, reach if names else scope, "place_unresolved", names)
    area_ids = places.merge_places((part for name in names for part in name.area_ids), gazetteer)
    if scope is not GeoScope.LOCALITY and all(area in gazetteer.first_level for area in area_ids):
        are_whole = all(name.reading is PlaceReading.WHOLE for name in names)
        if are_whole:
            scope = GeoScope.REGION if len(area_ids) == 1 else GeoScope.MULTI_REGION
    return Place(tuple(sorted(area_ids)), scope, "", names)
