"""Table `restrictions`: what a reader wants to know of the restriction itself."""

import json
from collections.abc import Mapping

import pandas as pd

from audience_impact.audiences.scope import Scope
from audience_impact.facts.tables import Tables
from audience_impact.outputs.areas import WORLD
from audience_impact.populations import parents_of
from audience_impact.vocabulary import PlaceReading


def restrictions(scope: Scope, tables: Tables) -> pd.DataFrame:
    """One row a restriction: its facts, with areas and services by name and its start."""
    facts = tables["restrictions"]
    names = tables["platforms"].set_index("platform_id")["name"]
    targets = scope.targets.assign(name=scope.targets["platform_id"].map(names))
    named = targets.groupby("restriction_id")["name"].agg(
        lambda parts: ", ".join(dict.fromkeys(parts))
    )
    areas = tables["areas"].set_index("area_id")["name"]
    places = _places(tables["restriction_places"], areas)
    readings = tables["restriction_places"].groupby("restriction_id")["reading"].agg(";".join)
    parents = parents_of(tables["areas"])
    countries = scope.wanted.groupby("restriction_id")["country_id"].agg(
        lambda ids: ";".join(sorted(set(ids)))
    )
    about = scope.by_id.loc[facts["restriction_id"]].set_axis(facts.index)
    return facts.assign(
        area_id=facts["area_ids"],
        area_name=facts["area_ids"]
        .str.split(";")
        .map(lambda ids: ", ".join(areas[area] for area in ids)),
        area_names=facts["area_ids"].map(
            lambda ids: json.dumps([areas[area] for area in ids.split(";")], ensure_ascii=False)
        ),
        country_id=facts["restriction_id"].map(countries),
        country_paths=facts["restriction_id"]
        .map(countries)
        .map(lambda ids: ";".join(_path(country, parents) for country in ids.split(";"))),
        places=facts["restriction_id"].map(places),
        place_readings=facts["restriction_id"].map(readings),
        platforms=named.reindex(facts["restriction_id"], fill_value="").to_numpy(),
        start_on=about["start"].dt.strftime("%Y-%m-%d").where(about["is_start_known"]),
        as_of=scope.as_of.isoformat(),
    ).sort_values("restriction_id", ignore_index=True)


def _path(country: str, parents: Mapping[str, str]) -> str:
    """Return the areas that hold a country, the world first, joined by `>`."""
    found = [parents.get(country, "") or WORLD]
    while above := parents.get(found[0], ""):
        found.insert(0, above)
    return ">".join(found)


def _places(told: pd.DataFrame, names: pd.Series) -> pd.Series:
    """The places of each restriction and how its text names them, in words."""
    whole, least = told["area_id"].map(names), told["least_area_id"].map(names)
    words = {
        PlaceReading.WHOLE.value: whole,
        PlaceReading.WITHIN.value: "in " + whole,
        PlaceReading.CITY_OR_DISTRICT.value: (least + " or " + whole).where(
            least.notna() & (least != whole), whole + " (a town or all of it)"
        ),
    }
    text = pd.Series("", told.index, dtype="str")
    for reading, said in words.items():
        text = text.where(told["reading"] != reading, said.fillna(whole))
    return text.groupby(told["restriction_id"]).agg("; ".join)
