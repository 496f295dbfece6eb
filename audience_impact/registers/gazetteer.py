"""Names of countries as a register prints them, turned into ISO 3166 codes, and where an event was.

Pure: which names there are is told by a gazetteer. A name that is not found leaves the country,
so that what is said of the people is an upper bound and never too narrow.
"""

import difflib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from audience_impact.registers.places import known as places
from audience_impact.registers.places.items import Found
from audience_impact.registers.places.resolver import resolve
from audience_impact.vocabulary import GeoScope, PlaceReading

Atlas = Mapping[str, places.Gazetteer]
"""The places of each country, by its code."""

APOSTROPHES = "'`\u2018\u2019\u02bb\u02bc"
PARTS = re.compile(
    r"\b(except|excluding|excluded|outside|most|nearly|partial|some|parts|other|near|likely|"
    r"several)\b|^\d+ "
)
NATIONAL = re.compile(
    r"\b(nation ?wide|country ?wide|(entire|whole|across the) country)\b|^national$|^entire nation"
)
WHOLE_WORDS = ("nationwide", "countrywide")
LIKENESS = 0.88
"""A word so like one of them is a slip of the pen: one letter left out, doubled or changed."""
MOST_COUNTRIES = 300
NOT_ISO = {"somaliland": "SO"}
"""Countries of a register that ISO 3166 counts as part of another."""


@dataclass(frozen=True)
class Gazetteer:
    """Which countries and regions there are.

    `countries` gives the ISO 3166-1 code of each name asked for, `regions` for each country its
    subdivisions by code (name, and the code of the subdivision that contains it, if any).
    """

    countries: Mapping[str, str]
    regions: Mapping[str, Mapping[str, tuple[str, str]]]


@dataclass(frozen=True)
class Place:
    """Where an event was: areas, how far it reaches, what could not be told, and name by name."""

    area_ids: tuple[str, ...]
    geo_scope: GeoScope
    defect: str = ""
    names: tuple[Found, ...] = ()


def plain(text: str) -> str:
    """A name without accents, capitals and punctuation."""
    flat = unicodedata.normalize("NFKD", text)
    flat = "".join(sign for sign in flat if not unicodedata.combining(sign)).casefold()
    flat = re.sub("[" + APOSTROPHES + r"](s\b)?", lambda found: " " if found[1] else "", flat)
    return " ".join(re.sub(r"[^\w]+", " ", flat.replace("&", " and ")).split())


def country_parts(cell: str) -> list[str]:
    """The countries that a cell lists; a comma is part of a name, a semicolon is not.

    A list longer than there are countries is no list of countries, and nothing is read from it.
    """
    parts = [part.strip() for part in cell.split(";") if part.strip()]
    return parts if len(parts) <= MOST_COUNTRIES else []


def countries(cell: str, gazetteer: Gazetteer) -> list[str]:
    """ISO codes of the countries of a cell; empty where one of them is not known."""
    codes = [
        NOT_ISO.get(plain(part)) or gazetteer.countries.get(part, "")
        for part in country_parts(cell)
    ]
    return sorted(set(codes)) if codes and all(codes) else []


def corrected(text: str) -> str:
    """A plain text with slips in the words for a whole country mended ("nationwde")."""
    return " ".join(
        (difflib.get_close_matches(word, WHOLE_WORDS, 1, LIKENESS) or [word])[0]
        for word in plain(text).split()
    )


def is_national(text: str) -> bool:
    """Whether a text means all of a country, without exception."""
    told = corrected(text)
    return bool(NATIONAL.search(told)) and not PARTS.search(told)


def locate(
    cell: str, text: str, scope: GeoScope, day: str, gazetteer: Gazetteer, atlas: Atlas
) -> Place:
    """Where an event was, from the country, the place as printed and the register's own scope.

    A name that is no place on record leaves the country, beside what was found.

    Args:
        cell: the country or countries.
        text: the place, in words.
        scope: how far the register says it reaches.
        day: when it began, in ISO 8601.
        gazetteer: which countries there are.
        atlas: the places of each country.
    """
    codes = tuple(countries(cell, gazetteer))
    if is_national(text):
        part = any(plain(each) in NOT_ISO for each in country_parts(cell))
        return Place(codes, GeoScope.MULTI_REGION if part else GeoScope.NATIONAL)
    if not text.strip():
        return Place(codes, scope, "place_missing")
    if len(codes) > 1:
        return Place(codes, scope, "place_unresolved")
    names = tuple(resolve(text, scope, atlas[codes[0]], day))
    return _placed(codes, names, scope, atlas[codes[0]])


def _placed(
    codes: tuple[str, ...], names: tuple[Found, ...], scope: GeoScope, known: places.Gazetteer
) -> Place:
    """The places where every name is one, else the country."""
    if not names or not all(each.area_ids for each in names):
        told = GeoScope.MULTI_REGION if scope is GeoScope.UNKNOWN else scope
        return Place(codes, told if names else scope, "place_unresolved", names)
    found = places.united((part for each in names for part in each.area_ids), known)
    if scope is not GeoScope.LOCALITY and all(each in known.top for each in found):
        whole = all(each.reading is PlaceReading.WHOLE for each in names)
        if whole:
            scope = GeoScope.REGION if len(found) == 1 else GeoScope.MULTI_REGION
    return Place(tuple(sorted(found)), scope, "", names)
