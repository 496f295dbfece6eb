"""Table `restrictions`: what a reader wants to know of the restriction itself."""

import json
from collections.abc import Mapping

import pandas as pd

from audience_impact.audiences.scope import Scope
from audience_impact.facts.platform_names import name_platforms
from audience_impact.facts.tables import Tables
from audience_impact.outputs.areas import WORLD
from audience_impact.populations import parents_of
from audience_impact.vocabulary import PlaceReading


def make_restrictions(scope: Scope, tables: Tables) -> pd.DataFrame:
    """Return one row for each restriction: its facts, areas and services by name, and its start."""
    facts = tables["restrictions"]
    targets = scope.targets
    starts = scope.by_id["start"].loc[targets["restriction_id"]].set_axis(targets.index)
    targets = targets.assign(
        name=name_platforms(targets["platform_id"], starts, tables["platforms"])
    )
    named = targets.groupby("restriction_id")["name"].agg(
        lambda parts: ", ".join(dict.fromkeys(parts))
    )
    areas = tables["areas"].set_index("area_id")["name"]
    places = _describe_places(tables["restriction_places"], areas)
    readings = tables["restriction_places"].groupby("restriction_id")["reading"].agg(";".join)
    parents = parents_of(tables["areas"])
    countries = scope.requested.groupby("restriction_id")["country_id"].agg(
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
        .map(
            lambda ids: ";".join(_country_path(country, parents) for country in ids.split(";")),
            na_action="ignore",
        ),
        places=facts["restriction_id"].map(places),
        place_readings=facts["restriction_id"].map(readings),
        platforms=named.reindex(facts["restriction_id"], fill_value="").to_numpy(),
        start_on=about["start"].dt.strftime("%Y-%m-%d").where(about["is_start_known"]),
        as_of=scope.as_of.isoformat(),
    ).sort_values("restriction_id", ignore_index=True)


def _country_path(country: str, parents: Mapping[str, str]) -> str:
    """Return the areas that hold a country, the world first, joined by `>`."""
    path = [parents.get(country, "") or WORLD]
    while above := parents.get(path[0], ""):
        path.insert(0, above)
    return ">".join(path)


def _describe_places(places: pd.DataFrame, names: pd.Series) -> pd.Series:
    """Return the places of each restriction and how its text names them, in words."""
    place, least = places["area_id"].map(names), places["least_area_id"].map(names)
    words = {
        PlaceReading.WHOLE.value: place,
        PlaceReading.WITHIN.value: "in " + place,
        PlaceReading.CITY_OR_DISTRICT.value: (least + " or " + place).where(
            least.notna() & (least != place), place + " (a town or all of it)"
        ),
    }
    text = pd.Series("", places.index, dtype="str")
    for reading, phrase in words.items():
        text = text.where(places["reading"] != reading, phrase.fillna(place))
    return text.groupby(places["restriction_id"]).agg("; ".join)
