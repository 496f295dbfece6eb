"""Names of countries and regions as a register prints them, turned into ISO 3166 codes.

Pure: which names there are is told by a gazetteer. A name that is not found leaves the country,
so that what is said of the people is an upper bound and never too narrow.
"""

import difflib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from audience_impact.vocabulary import GeoScope

APOSTROPHES = "'`\u2018\u2019\u02bb\u02bc"
UNITS_TEXT = (
    "state states province provinces region regions governorate governorates oblast oblasts "
    "republic respublika of the in territory kray okrug autonomous regional prefecture "
    "department and"
)
UNITS = frozenset(UNITS_TEXT.split(" "))
"""Words that may stand beside the name of a whole region, and connectives."""
ARTICLES = frozenset(("al", "as", "an", "ad", "ar", "at", "ash"))
DIRECTIONS_TEXT = "north south east west northern southern eastern western central centre"
DIRECTIONS = frozenset(DIRECTIONS_TEXT.split(" "))
PARTS = re.compile(r"\b(except|excluding|excluded|outside|most|nearly|partial|some|parts|other|near|likely|several)\b|^\d+ ")
NATIONAL = re.compile(
    r"\b(nation ?wide|country ?wide|(entire|whole|across the) country)\b|^national$|^entire nation"
)
WHOLE_WORDS = ("nationwide", "countrywide")
LIKENESS = 0.88
"""A word so like one of them is a slip of the pen: one letter left out, doubled or changed."""
EXCEPT = re.compile(r"^national except|^all (the )?(regions|states|provinces)|regions across")
"""What is said of a country as a whole, and yet not of all of it."""
MOST_COUNTRIES = 300
NOT_ISO = {"somaliland": "SO"}
"""Countries of a register that ISO 3166 counts as part of another."""

OTHER_NAMES: dict[str, dict[str, str]] = {
    "AF": {"hilmand": "AF-HEL", "hirat": "AF-HER"},
    "CM": {"anglophone": "CM-NW;CM-SW", "angolophone": "CM-NW;CM-SW"},
    "EG": {"sinai": "EG-JS;EG-SIN", "sinai peninsula": "EG-JS;EG-SIN"},
    "ET": {
        "tigray": "ET-TI",
        "amhara": "ET-AM",
        "snnpr": "ET-SN",
        "harar": "ET-HA",
        "addis abeba": "ET-AA",
        "gambella": "ET-GA",
        "benishangul gumuz": "ET-BE",
    },
    "IN": {
        "kashmir": "IN-JK",
        "kashmir valley": "IN-JK",
        "jammu": "IN-JK",
        "jammu kashmir": "IN-JK",
        "orissa": "IN-OD",
        "new delhi": "IN-DL",
        "uttaranchal": "IN-UK",
    },
    "IQ": {
        "kurdistan": "IQ-KR",
        "sulaymaniyah": "IQ-SU",
        "erbil": "IQ-AR",
        "irbil": "IQ-AR",
        "duhok": "IQ-DA",
        "basra": "IQ-BA",
        "anbar": "IQ-AN",
        "nineveh": "IQ-NI",
        "najaf": "IQ-NA",
    },
    "IR": {
        "kurdistan": "IR-12",
        "isfahan": "IR-10",
        "sistan and baluchestan": "IR-11",
        "sistan and baluchistan": "IR-11",
        "west azerbaijan": "IR-04",
        "east azerbaijan": "IR-03",
        "razavi khorasan": "IR-09",
    },
    "PK": {
        "fata": "PK-KP",
        "federally administered tribal": "PK-KP",
        "kpk": "PK-KP",
        "khyber pakhtunkhwa": "PK-KP",
        "azad kashmir": "PK-JK",
        "ajk": "PK-JK",
    },
    "PS": {"gaza strip": "PS-DEB;PS-GZA;PS-KYS;PS-NGZ;PS-RFH", "north gaza": "PS-NGZ"},
    "RU": {
        "moscow": "RU-MOW",
        "st petersburg": "RU-SPE",
        "saint petersburg": "RU-SPE",
        "ingushetia": "RU-IN",
        "chechnya": "RU-CE",
    },
    "TJ": {"gorno badakhshan": "TJ-GB", "gbao": "TJ-GB"},
    "UA": {"zaporizhzhia": "UA-23", "sumy": "UA-59", "crimea": "UA-43", "odesa": "UA-51"},
    "UZ": {"karakalpakstan": "UZ-QR"},
    "YE": {
        "hodeidah": "YE-HU",
        "hadhramout": "YE-HD",
        "saada": "YE-SD",
        "sanaa": "YE-SN",
        "aden": "YE-AD",
    },
}
"""Names of regions in use beside those of ISO 3166-2, by country; several codes where one name
means several regions."""


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
    """Where an event was: codes, how far it reaches, and what could not be told."""

    area_ids: tuple[str, ...]
    geo_scope: GeoScope
    defect: str = ""


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


def _spellings(name: str) -> set[str]:
    """The ways in which the name of a region may be printed."""
    words = [word for word in plain(name).split() if word not in UNITS - {"and"}]
    words = [word for word in words if word not in ("va", "e")] or words
    if words and words[0] in ARTICLES:
        words = words[1:] or words
    bare = " ".join(words)
    found = {bare, bare.replace(" va ", " and ")}
    stem = re.sub(r"(skaya|skiy|ska)$", "", bare)
    if stem != bare:
        found |= {stem, f"{stem}sk"}
    return {each for each in found if len(each) > 2 and not set(each.split()) <= DIRECTIONS}


def index(country: str, gazetteer: Gazetteer) -> dict[str, str]:
    """Codes by spelling; of two regions of one name the larger one is meant."""
    found: dict[str, str] = {}
    regions = gazetteer.regions.get(country, {})
    for code, (name, _) in sorted(regions.items(), key=lambda item: (bool(item[1][1]), item[0])):
        for spelling in _spellings(name):
            found.setdefault(spelling, code)
    return {**found, **OTHER_NAMES.get(country, {})}


def regions_in(text: str, known: Mapping[str, str]) -> tuple[set[str], list[str]]:
    """Codes of the regions that a text names, and the words left over."""
    rest, codes = f" {plain(text)} ", set[str]()
    for spelling in sorted(known, key=lambda each: (-len(each), each)):
        if f" {spelling} " in rest:
            codes |= set(known[spelling].split(";"))
            rest = rest.replace(f" {spelling} ", " | ")
    return codes, [word for word in rest.split() if word not in UNITS | ARTICLES | {"|"}]


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
    cell: str, text: str, scope: GeoScope, gazetteer: Gazetteer, known: Mapping[str, str]
) -> Place:
    """Where an event was, from the country, the place as printed and the register's own scope.

    Args:
        cell: the country or countries.
        text: the place, in words.
        scope: how far the register says it reaches.
        gazetteer: which countries there are.
        known: spellings of the regions of the country, as `index` gives them.
    """
    codes = tuple(countries(cell, gazetteer))
    if is_national(text):
        part = any(plain(each) in NOT_ISO for each in country_parts(cell))
        return Place(codes, GeoScope.MULTI_REGION if part else GeoScope.NATIONAL)
    if not text.strip():
        return Place(codes, scope, "place_missing")
    told = plain(text)
    if NATIONAL.search(told) or EXCEPT.search(told):
        return Place(codes, GeoScope.MULTI_REGION)
    if len(codes) > 1 or (PARTS.search(told) and scope is GeoScope.MULTI_REGION):
        return Place(codes, scope, "place_unresolved")
    found, rest = regions_in(text, known)
    return _within(codes, tuple(sorted(found)), rest, scope)


def _within(
    codes: tuple[str, ...], found: tuple[str, ...], rest: list[str], scope: GeoScope
) -> Place:
    """The regions where they are all there is, or where the scope keeps within them."""
    if not found:
        return Place(codes, scope, "place_unresolved")
    if not rest:
        if scope is GeoScope.LOCALITY:
            return Place(found, scope)
        return Place(found, GeoScope.REGION if len(found) == 1 else GeoScope.MULTI_REGION)
    if scope in (GeoScope.LOCALITY, GeoScope.MULTI_LOCALITY):
        return Place(found, scope)
    return Place(codes, scope, "place_unresolved")
