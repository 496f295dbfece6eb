"""Columns `area_name`, `country_name` and `continent_name` of tables with an area or a country.

Names are those that English newspapers print: of the fact table `areas`, `press_name` where it has
one, else `name`; of a place without the accents of scholars, and the first alias in Latin letters
where the name is in others. A continent is an area that the world contains directly, as in UN M49.
Several names are joined as those in `area_name` of `restrictions` are; each occurs once.
"""

import re

import pandas as pd

from audience_impact.places import nesting
from audience_impact.places.nesting import Parents
from audience_impact.plain_text import strip_accents
from audience_impact.populations import WHOLE, are_regions, country_of, with_holders
from audience_impact.vocabulary import WORLD

OF_COUNTRIES = ("restrictions", "candidates", "steps")
"""Tables whose countries are in `country_id`."""
OF_PLACES = ("impact",)
"""Tables whose areas may be smaller than a country."""
LAST_LATIN = 0x24F
STATE = re.compile(r"[A-Z]{2}-\w+")
"""Pattern of ISO 3166-2, the codes of states and provinces."""
NAMING = ["name", "aliases", "press_name"]


def list_names(areas: pd.DataFrame) -> "pd.Series[str]":
    """Return the name of each area as English newspapers print it, by its id."""
    by_id = areas.set_index("area_id").reindex(columns=NAMING, fill_value="")
    spelled = (by_id["name"] + ";" + by_id["aliases"]).str.split(";").map(_choose_latin)
    is_place = are_regions(by_id.index.to_series())
    names = by_id["name"].mask(is_place, spelled.map(strip_accents))
    return by_id["press_name"].where(by_id["press_name"] != "", names)


def name_region(area_ids: list[str], parents: Parents, names: "pd.Series[str]") -> str | None:
    """Return the state or province that contains all places; None for one, or of the same name."""
    paths = [
        [area for area in with_holders(area, parents) if STATE.fullmatch(area)] for area in area_ids
    ]
    regions = {
        path[-1] if path and path[-1] != area else ""
        for path, area in zip(paths, area_ids, strict=True)
    }
    region = regions.pop() if len(regions) == 1 else ""
    is_told_apart = region and names[region] not in set(names[area_ids])
    return str(names[region]) if is_told_apart else None


def _choose_latin(names: list[str]) -> str:
    """Return the first name in Latin letters, else the first."""
    latin = (name for name in names if all(ord(sign) <= LAST_LATIN for sign in strip_accents(name)))
    return next(latin, names[0])


def add_names(table: str, frame: pd.DataFrame, areas: pd.DataFrame) -> pd.DataFrame:
    """Return a table with the names of the area, country and continent of each row.

    Args:
        table: The name of the table; one without areas is returned unchanged.
        frame: Its rows, with codes joined by `;` in `area_id` or `country_id`.
        areas: The fact table `areas`.
    """
    if table in OF_COUNTRIES:
        ids, kinds = frame["country_id"], ["country_name", "continent_name"]
    elif "area_id" in frame:
        of_country = ["country_name"] if table in OF_PLACES else []
        ids, kinds = frame["area_id"], ["area_name", *of_country, "continent_name"]
    else:
        return frame
    cells = ids.astype("object")
    names = _name_cells(cells.dropna().unique(), areas)
    return frame.assign(**{kind: cells.map(names[kind]).astype("object") for kind in kinds})


def _name_cells(cells: "pd.Series[str]", areas: pd.DataFrame) -> pd.DataFrame:
    """Return the names of each kind for each cell of codes; blank where the facts have none."""
    parents = nesting.read_parents(areas)
    codes_of = {cell: cell.split(";") for cell in cells}
    mentioned = {code for codes in codes_of.values() for code in codes}
    is_named = areas["area_id"].isin(mentioned) | areas["area_id"].str.fullmatch(WHOLE)
    names = list_names(areas[is_named]).to_dict() | {"": ""}
    by_cell = {}
    for cell, codes in codes_of.items():
        countries = [code if WHOLE.fullmatch(code) else country_of(code, parents) for code in codes]
        continents = [_find_continent(country, parents) for country in countries]
        by_cell[cell] = [
            ", ".join(name for code in dict.fromkeys(several) if (name := names.get(code, "")))
            for several in (codes, countries, continents)
        ]
    kinds = ["area_name", "country_name", "continent_name"]
    return pd.DataFrame.from_dict(by_cell, orient="index", columns=kinds, dtype="object")


def _find_continent(area: str, parents: Parents) -> str:
    """Return the continent of a country or region; blank for the world and for unknown areas."""
    while (above := parents.get(area, "")) not in ("", WORLD):
        area = above
    return area if above == WORLD else ""
