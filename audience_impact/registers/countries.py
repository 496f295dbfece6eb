"""Names of countries as codes of ISO 3166, and the regions of a country.

The names are those of the libraries that provide them, and further ones that registers print.
"""

import itertools
import re
import unicodedata
from functools import cache

import pycountry

from audience_impact.answers import names

LONGEST_NAME = 200
"""Maximum length of the name of a country."""
LONGEST_CODE = 3
"""Length of a code of three letters, which is also a word of names (AND is Andorra)."""
PLAIN_WORDS = frozenset({"the", "of", "and"})
"""Words that may be left out of a name."""
_FORMS = (
    "republic islamic arab socialist oriental cooperative co operative kingdom commonwealth union "
    "state states nation country abode peace territory territories occupied collectivity "
    "territorial island islands is sar pdr city"
)
FORMS = frozenset(_FORMS.split())
"""Words for the form of a state, which are left out where the other words mean one country."""
IN_FULL = {"dem": "democratic", "rep": "republic", "st": "saint", "peoples": "people"} | {
    **{"fed": "federated", "sts": "states", "barths": "barthelemy", "macau": "macao"}
}
"""Abbreviated and former words of names, and the same in full and today."""
IN_REGISTERS = {
    **{"EL": "GR", "Lao": "LA", "North Korea": "KP", "Republic of Korea": "KR", "U.S.A.": "US"},
    **{"Republic of China": "TW", "Cote d Ivoire": "CI", "Sao Tome": "ST", "Guiana": "GF"},
    **{"Kyrgyz": "KG", "Slovak Republic": "SK", "Hong Kong China": "HK", "Somaliland": "SO"},
    **{"West Bank": "PS", "Gaza": "PS", "Congo Kinshasa": "CD"},
    **{"Bonaire, Saint Eustatius and Saba": "BQ"},
}
"""Names and codes in registers that neither ISO 3166 nor the locale data have."""
KOSOVO = "XK"
"""A code that ISO 3166 does not list and everyone uses."""
APOSTROPHES = "'`\u2018\u2019\u02bb\u02bc"
MOST_COUNTRIES = 300


def plain_name(text: str) -> str:
    """Return a name without accents, capitals and punctuation."""
    flat = unicodedata.normalize("NFKD", text)
    flat = "".join(sign for sign in flat if not unicodedata.combining(sign)).casefold()
    flat = re.sub("[" + APOSTROPHES + r"](s\b)?", lambda match: " " if match[1] else "", flat)
    return " ".join(re.sub(r"[^\w]+", " ", flat.replace("&", " and ")).split())


def country_parts(cell: str) -> list[str]:
    """Return the countries of a cell, between semicolons; none of more than there are."""
    parts = [part.strip() for part in cell.split(";") if part.strip()]
    return parts if len(parts) <= MOST_COUNTRIES else []


def country_codes(cell: str) -> list[str]:
    """Return ISO codes of the countries of a cell, sorted; empty where a name is unknown."""
    codes = [country_code(part) for part in country_parts(cell)]
    return sorted(set(codes)) if all(codes) else []


@cache
def country_code(name: str) -> str:
    """Return the ISO 3166-1 alpha-2 code of a country by any of its names or codes; or blank."""
    text = name.strip()
    if len(text) > LONGEST_NAME:
        return ""
    parts = re.split(r"[()]", text) if "(" in text else []
    for spelling in (text, *parts):
        for codes, key in zip(_countries_by_key(), _make_keys(spelling), strict=True):
            if code := codes.get(key):
                return code
    return ""


@cache
def _countries_by_key() -> tuple[dict[str, str], dict[str, str]]:
    """Return the code of each country by either key of `_make_keys`, the second where unique."""
    codes: dict[str, str] = {}
    short: dict[str, set[str]] = {}
    for text, code in itertools.chain(IN_REGISTERS.items(), names.list_area_names()):
        if (code == KOSOVO or pycountry.countries.get(alpha_2=code)) and not text.isdigit():
            key, shorter = _make_keys(text)
            codes.setdefault(key, code)
            short.setdefault(shorter, set()).add(code)
    return codes, {key: min(both) for key, both in short.items() if key and len(both) == 1}


def _make_keys(text: str) -> tuple[str, str]:
    """Return the words of a name in one order, and the same without the form of the state."""
    words = plain_name(text).split()
    if len(words) == 1 and len(words[0]) <= LONGEST_CODE:
        return words[0], words[0]
    name_words = {IN_FULL.get(word, word) for word in words} - PLAIN_WORDS
    return " ".join(sorted(name_words)), " ".join(sorted(name_words - FORMS))


@cache
def list_country_names() -> dict[str, str]:
    """Return the short name of each country by its code."""
    return {code: names.name_area(code) for code in sorted({*_countries_by_key()[0].values()})}


@cache
def list_regions() -> dict[str, dict[str, tuple[str, str]]]:
    """Return the subdivisions of each country by code: name, and containing subdivision."""
    by_country: dict[str, dict[str, tuple[str, str]]] = {}
    for region in pycountry.subdivisions:
        subdivisions = by_country.setdefault(region.country_code, {})
        subdivisions[region.code] = (region.name, region.parent_code or "")
    return by_country
