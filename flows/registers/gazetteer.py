"""Countries and regions of ISO 3166, from the libraries that provide them."""

import logging
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import country_converter
import pandas as pd
import pycountry

from audience_impact.facts.tables import Tables
from audience_impact.populations import country_of, parents_of
from audience_impact.registers.gazetteer import Atlas, Gazetteer
from audience_impact.registers.places.country_places import Reviewed, gazetteer_of
from audience_impact.registers.places.phrases import fold_name
from audience_impact.vocabulary import PlaceReading

LONGEST_CODE, LONGEST_NAME = 3, 200
"""Length of a country code, and maximum length of a country name."""


@cache
def _make_converter() -> country_converter.CountryConverter:
    """Return a converter whose table is read as text, so that NA stays Namibia."""
    path = Path(country_converter.__file__).with_name("country_data.tsv")
    data = pd.read_csv(path, sep="\t", dtype="str", keep_default_na=False)
    data = data[(data["ISO2"] != "") & (data["obsolete"] == "")].assign(obsolete=None)
    converter = country_converter.CountryConverter(country_data=data)
    logging.getLogger("country_converter").setLevel(logging.CRITICAL)
    return converter


def country_code(name: str) -> str:
    """Return the ISO 3166-1 alpha-2 code of a country from a name or code; blank if unknown."""
    text = name.strip()
    is_code = len(text) <= LONGEST_CODE
    if not text or len(text) > LONGEST_NAME or (is_code and not text.isalpha()):
        return ""  # the converter takes a code for a pattern, and searches a long text for minutes
    if text.isdigit():
        return ""
    code = _make_converter().convert(names=name, to="ISO2", not_found="")
    return code if isinstance(code, str) and code in _valid_codes() else ""


@cache
def _valid_codes() -> frozenset[str]:
    """Return all codes of countries, because the converter may also return patterns."""
    converter = _make_converter()
    return frozenset(converter.convert(list(converter.data["ISO3"]), src="ISO3", to="ISO2"))


@cache
def country_names() -> dict[str, str]:
    """Return the short name of each country by its code."""
    names = list(_make_converter().data["name_short"])
    return {country_code(name): name for name in names}


@cache
def list_regions() -> dict[str, dict[str, tuple[str, str]]]:
    """Return the subdivisions of each country by code: name, and containing subdivision."""
    by_country: dict[str, dict[str, tuple[str, str]]] = {}
    for region in pycountry.subdivisions:
        subdivisions = by_country.setdefault(region.country_code, {})
        subdivisions[region.code] = (region.name, region.parent_code or "")
    return by_country


def build_atlas(countries: Iterable[str], facts: Tables | None = None) -> Atlas:
    """Return the places of each country: those of the facts, and regions of ISO 3166-2."""
    areas = facts["areas"] if facts else pd.DataFrame(columns=["area_id", "parent_id"])
    area_rows = areas.to_dict("records")
    parents = parents_of(areas)
    places: dict[str, list[Mapping[str, str]]] = {country: [] for country in countries}
    for row in area_rows:
        places.get(country_of(row["area_id"], parents), []).append(row)
    names = _reviewed_names(facts["place_names"]) if facts else {}
    gazetteers = {}
    for country, rows in places.items():
        ids = {row["area_id"] for row in rows}
        more = [
            {"area_id": code, "name": name, "parent_id": outer or country, "aliases": ""}
            for code, (name, outer) in list_regions().get(country, {}).items()
            if code not in ids
        ]
        above = parents | {row["area_id"]: row["parent_id"] for row in more}
        reviewed = names.get(country, {})
        gazetteers[country] = gazetteer_of(country, [*rows, *more], reviewed, above)
    return gazetteers


def _reviewed_names(place_names: pd.DataFrame) -> dict[str, dict[str, Reviewed]]:
    """Return the reviewed meanings of names by country and folded name."""
    meanings: dict[str, dict[str, Reviewed]] = {}
    for row in place_names.to_dict("records"):
        meant = Reviewed(tuple(row["area_ids"].split(";")), PlaceReading(row["reading"]))
        meanings.setdefault(row["country_id"], {})[fold_name(row["name"])] = meant
    return meanings


def build_gazetteer(names: Iterable[str]) -> Gazetteer:
    """Return all regions, and the countries of `names`."""
    codes = {name: country_code(name) for name in sorted(set(names))}
    return Gazetteer(codes, list_regions())
