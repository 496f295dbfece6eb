"""Countries and regions of ISO 3166, from the libraries that provide them."""

import itertools
import re
from collections.abc import Iterable, Mapping
from functools import cache

import pandas as pd
import pycountry

from audience_impact.answers import names
from audience_impact.facts.tables import Tables
from audience_impact.plain_text import fold_name
from audience_impact.populations import country_of, parents_of
from audience_impact.registers.gazetteer import Atlas, plain_name
from audience_impact.registers.places.country_places import Reviewed, gazetteer_of
from audience_impact.vocabulary import PlaceReading

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
    **{"fed": "federated", "sts": "states", "barths": "barthelemy", "macau": "macao"},
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


@cache
def country_code(name: str) -> str:
    """Return the ISO 3166-1 alpha-2 code of a country from a name or code; blank if unknown.

    Of a name with another one in parentheses either may be known.
    """
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
    """Return the code of each country by the keys of its names and codes, as `_make_keys` does.

    The second are without words for the form of a state, and without those that mean two countries.
    """
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


def build_atlas(countries: Iterable[str], facts: Tables | None = None) -> Atlas:
    """Return the places of each country: those of the facts, and regions of ISO 3166-2.

    A region that the facts lack gives way to a place of its name that they have, whose residents
    are on record.
    """
    areas = facts["areas"] if facts else pd.DataFrame(columns=["area_id", "parent_id"])
    area_rows = areas.to_dict("records")
    parents = parents_of(areas)
    places: dict[str, list[Mapping[str, str]]] = {country: [] for country in countries}
    for row in area_rows:
        places.get(country_of(row["area_id"], parents), []).append(row)
    all_reviewed = _reviewed_names(facts["place_names"]) if facts else {}
    gazetteers = {}
    for country, rows in places.items():
        ids = {row["area_id"] for row in rows}
        taken = {fold_name(row["name"]) for row in rows if row["parent_id"] == country}
        more = [
            {"area_id": code, "name": name, "parent_id": outer or country, "aliases": ""}
            for code, (name, outer) in list_regions().get(country, {}).items()
            if code not in ids and fold_name(name) not in taken
        ]
        above = parents | {row["area_id"]: row["parent_id"] for row in more}
        reviewed = all_reviewed.get(country, {})
        gazetteers[country] = gazetteer_of(country, [*rows, *more], reviewed, above)
    return gazetteers


def _reviewed_names(place_names: pd.DataFrame) -> dict[str, dict[str, Reviewed]]:
    meanings: dict[str, dict[str, Reviewed]] = {}
    for row in place_names.to_dict("records"):
        meant = Reviewed(tuple(row["area_ids"].split(";")), PlaceReading(row["reading"]))
        meanings.setdefault(row["country_id"], {})[fold_name(row["name"])] = meant
    return meanings
