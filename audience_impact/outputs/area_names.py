"""Names and codes of areas, the regions that contain them, and their residents.

Columns are `area_name`, `country_name` and `continent_name` of tables with an area or a country.
Names are those that English newspapers print: of the fact table `areas`, `press_name` where it has
one, else `name`; of a place without the accents of scholars, and the first alias in Latin letters
where the name is in others. A continent is an area that the world contains directly, as in UN M49.
Several names are joined by commas; each occurs once.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache

import pandas as pd
from babel.core import get_global

from audience_impact.denominators.denominators import read_denominators
from audience_impact.denominators.online import compute_moments
from audience_impact.facts.tables import Tables
from audience_impact.frames import cache_last_frame
from audience_impact.places import nesting
from audience_impact.places.nesting import Parents
from audience_impact.plain_text import strip_accents
from audience_impact.populations import WHOLE, are_regions, country_of, parents_of, with_holders
from audience_impact.vocabulary import WORLD

OF_COUNTRIES = ("restrictions", "candidates", "steps")
"""Tables whose countries are in `country_id`, or in `country_ids`."""
KINDS = ["area_name", "country_name", "continent_name"]
OF_PLACES = ("impact",)
"""Tables whose areas may be smaller than a country."""
LATIN = re.compile(r"[\0-\u024f]*")
STATE = re.compile(r"[A-Z]{2}-\w+")
"""Pattern of ISO 3166-2, the codes of states and provinces."""
NAMING = ["name", "aliases", "press_name"]
LEVELS = {WORLD: "world"} | dict.fromkeys(("002", "009", "019", "142", "150"), "continent")
"""The level in UN M49 of the world and of its regions, which are the continents."""
INTERMEDIATE_REGIONS = ("005", "011", "013", "014", "017", "018", "029", "830")
"""UN M49 codes of the parts of Sub-Saharan Africa and of Latin America and the Caribbean."""
RETIRED = {"ANT", "BUR", "DDR", "FXX", "NTZ", "SCG", "SUN", "TMP", "XKK", "YMD", "YUG", "ZAR"}
"""Codes that ISO 3166-3 lists as withdrawn, and CLDR's own for Kosovo, where others use XKX."""
ALPHA_3 = re.compile(r"(?:^|;)([A-Z]{3})(?:;|$)")
"""The code of a country among its aliases, where ISO 3166 has none."""


@cache_last_frame
def list_names(areas: pd.DataFrame) -> "pd.Series[str]":
    """Return the name of each area as English newspapers print it, by its id."""
    by_id = areas.set_index("area_id").reindex(columns=NAMING, fill_value="")
    # the first name in Latin letters, else the first
    spelled = (
        (by_id["name"] + ";" + by_id["aliases"])
        .str.split(";")
        .map(lambda names: next((n for n in names if LATIN.fullmatch(strip_accents(n))), names[0]))
    )
    is_place = are_regions(by_id.index.to_series())
    names = by_id["name"].mask(is_place, spelled.map(strip_accents))
    return by_id["press_name"].where(by_id["press_name"] != "", names)


def name_region(area_ids: list[str], parents: Parents, names: Mapping[str, str]) -> str | None:
    """Return the state or province that contains all places; None for one, or of the same name."""
    paths = [
        [area for area in with_holders(area, parents) if STATE.fullmatch(area)] for area in area_ids
    ]
    regions = {
        path[-1] if path and path[-1] != area else ""
        for path, area in zip(paths, area_ids, strict=True)
    }
    region = regions.pop() if len(regions) == 1 else ""
    is_told_apart = region and names[region] not in {names[area] for area in area_ids}
    return names[region] if is_told_apart else None


def add_names(table: str, frame: pd.DataFrame, areas: pd.DataFrame) -> pd.DataFrame:
    """Return rows with the names of area, country and continent, of codes that `;` joins."""
    if table in OF_COUNTRIES:
        ids = frame["country_ids" if table == "restrictions" else "country_id"]
        kinds = ["country_name", "continent_name"]
    elif "area_id" in frame:
        of_country = ["country_name"] if table in OF_PLACES else []
        ids, kinds = frame["area_id"], ["area_name", *of_country, "continent_name"]
    else:
        return frame
    name_cell, (codes, cells) = _read_namer(areas), pd.factorize(ids)
    names = pd.DataFrame([name_cell(cell) for cell in cells], columns=KINDS, dtype="object")
    names = names.reindex(codes)
    return frame.assign(**{kind: names[kind].to_numpy() for kind in kinds})


@cache_last_frame
def _read_namer(areas: pd.DataFrame) -> Callable[[str], list[str]]:
    """Return a function that names a cell of codes by KINDS; blank where the facts have none."""
    parents, named = nesting.read_parents(areas), list_names(areas)
    names = dict(zip(named.index.tolist(), named.tolist(), strict=True))

    @cache
    def name_cell(cell: str) -> list[str]:
        codes = cell.split(";")
        countries = [code if WHOLE.fullmatch(code) else country_of(code, parents) for code in codes]
        paths = [[country, *list_holders(country, parents)] for country in countries]
        continents = [path[-2] for path in paths if len(path) > 1 and path[-1] == WORLD]
        return [
            ", ".join(name for code in dict.fromkeys(several) if (name := names.get(code, "")))
            for several in (codes, countries, continents)
        ]

    return name_cell


def list_holders(area: str, parents: Mapping[str, str]) -> list[str]:
    """Return all areas that contain an area, from the smallest to the world."""
    holders = []
    while area := parents.get(area, ""):
        holders.append(area)
    return holders


def list_areas_of(areas: pd.DataFrame, countries: Iterable[str]) -> pd.DataFrame:
    """Return each country with itself, its regions and the world: country_id, area_id.

    Intermediate regions, into which only some sub-regions are divided, are left out.
    """
    parents = parents_of(areas)
    pairs = {
        (country, area)
        for country in {*countries}
        for area in (country, *list_holders(country, parents), WORLD)
        if area not in INTERMEDIATE_REGIONS
    }
    return pd.DataFrame(sorted(pairs), columns=["country_id", "area_id"], dtype="str")


def list_regions(areas: pd.DataFrame, countries: Iterable[str]) -> pd.DataFrame:
    """Return the regions and the world of each country: `list_areas_of` without the country."""
    holders = list_areas_of(areas, countries)
    return holders[holders["area_id"] != holders["country_id"]].reset_index(drop=True)


def count_residents(
    area_ids: "pd.Series[str]", years: "pd.Series[str]", tables: Tables
) -> "pd.Series[float]":
    """Return the residents of areas in the middle of years; of a region those of its countries."""
    facts = tables["areas"]
    places = list_areas_of(facts, facts.loc[facts["area_id"].str.len() == 2, "area_id"])
    keys = pd.DataFrame({"area_id": area_ids, "year": years})
    pairs = keys.drop_duplicates().merge(places, on="area_id")
    middle = pd.to_datetime(pairs["year"] + "-07-01")
    counts = read_denominators(tables)
    people = counts.interpolate_residents(pairs["country_id"], compute_moments(middle))
    totals = people.groupby([pairs["area_id"], pairs["year"]]).sum(min_count=1)
    return keys.join(totals.rename("residents"), on=["area_id", "year"])["residents"]


def list_alpha_3(facts: pd.DataFrame) -> "pd.Series[str]":
    """Return the three-letter code of each country, by `area_id`."""
    stated = facts.set_index("area_id")["aliases"].str.extract(ALPHA_3, expand=False)
    is_country = (stated.index.str.len() == 2) & (stated.index != WORLD)
    codes = stated.index.to_series().map(_read_alpha_3())
    return codes.where(codes.notna(), stated)[is_country].dropna()


@cache
def _read_alpha_3() -> dict[str, str]:
    """Return the codes of ISO 3166 by those of two letters, from CLDR."""
    aliases = get_global("territory_aliases").items()
    return {
        codes[0]: name
        for name, codes in aliases
        if len(name) == 3 and name.isalpha() and len(codes) == 1 and name not in RETIRED
    }
