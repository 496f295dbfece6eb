"""The countries and regions that ISO 3166 knows, from the libraries that keep them."""

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
from audience_impact.registers.places.known import Reviewed, gazetteer_of
from audience_impact.registers.places.names import folded
from audience_impact.vocabulary import PlaceReading

LONGEST_CODE, LONGEST_NAME = 3, 200
"""Signs of a code of a country, and far more than any name of one has."""


@cache
def _converter() -> country_converter.CountryConverter:
    """The converter over its own table read as text: NA is Namibia, and no code is blank."""
    path = Path(country_converter.__file__).with_name("country_data.tsv")
    data = pd.read_csv(path, sep="\t", dtype="str", keep_default_na=False)
    data = data[(data["ISO2"] != "") & (data["obsolete"] == "")].assign(obsolete=None)
    converter = country_converter.CountryConverter(country_data=data)
    logging.getLogger("country_converter").setLevel(logging.CRITICAL)
    return converter


def country_code(name: str) -> str:
    """ISO 3166-1 code of two letters of a country by any of its names or codes, or nothing."""
    told = name.strip()
    is_code = len(told) <= LONGEST_CODE
    if not told or len(told) > LONGEST_NAME or (is_code and not told.isalpha()):
        return ""  # the converter takes a code for a pattern, and searches a long text for minutes
    if told.isdigit():
        return ""
    code = _converter().convert(names=name, to="ISO2", not_found="")
    return code if isinstance(code, str) and code in _codes() else ""


@cache
def _codes() -> frozenset[str]:
    """Every code that a name can turn into: the table has patterns where a country has two."""
    converter = _converter()
    return frozenset(converter.convert(list(converter.data["ISO3"]), src="ISO3", to="ISO2"))


@cache
def country_names() -> dict[str, str]:
    """Short name of each country by its code."""
    names = list(_converter().data["name_short"])
    return {country_code(name): name for name in names}


@cache
def regions() -> dict[str, dict[str, tuple[str, str]]]:
    """For each country its subdivisions by code: name, and the subdivision that contains it."""
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for region in pycountry.subdivisions:
        own = found.setdefault(region.country_code, {})
        own[region.code] = (region.name, region.parent_code or "")
    return found


def atlas(countries: Iterable[str], facts: Tables | None = None) -> Atlas:
    """The places of each country: those of the facts, and the regions of ISO 3166-2 beside them."""
    areas = facts["areas"] if facts else pd.DataFrame(columns=["area_id", "parent_id"])
    known = areas.to_dict("records")
    parents = parents_of(areas)
    places: dict[str, list[Mapping[str, str]]] = {country: [] for country in countries}
    for row in known:
        places.get(country_of(row["area_id"], parents), []).append(row)
    names = _reviewed(facts["place_names"]) if facts else {}
    found = {}
    for country, rows in places.items():
        ids = {row["area_id"] for row in rows}
        more = [
            {"area_id": code, "name": name, "parent_id": outer or country, "aliases": ""}
            for code, (name, outer) in regions().get(country, {}).items()
            if code not in ids
        ]
        above = parents | {row["area_id"]: row["parent_id"] for row in more}
        own = names.get(country, {})
        found[country] = gazetteer_of(country, [*rows, *more], own, above)
    return found


def _reviewed(place_names: pd.DataFrame) -> dict[str, dict[str, Reviewed]]:
    """What names of a country mean that no rule reads, by country and folded name."""
    found: dict[str, dict[str, Reviewed]] = {}
    for row in place_names.to_dict("records"):
        meant = Reviewed(tuple(row["area_ids"].split(";")), PlaceReading(row["reading"]))
        found.setdefault(row["country_id"], {})[folded(row["name"])] = meant
    return found


def gazetteer(names: Iterable[str]) -> Gazetteer:
    """All regions, and the countries of the names asked for."""
    codes = {name: country_code(name) for name in sorted(set(names))}
    return Gazetteer(codes, regions())
