"""Populations: which contain which, the country of an area, and services without users."""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

import pandas as pd

from audience_impact.vocabulary import PopulationBase

EVERYONE = PopulationBase.ALL_AGES.value
ONLINE = PopulationBase.INTERNET_ALL.value
ONLINE_12_PLUS = PopulationBase.INTERNET_12_PLUS.value

WHOLE = re.compile(r"[A-Z]{2}|\d{3}|")
"""Pattern of codes of countries (ISO 3166-1 alpha-2) and of parts of the world (UN M49)."""
OTHER_LISTS = re.compile(r"(?:[a-z]+|OCHA):(?:([A-Z]{2})|)")
"""Pattern of place ids that do not begin with the country; group 1 is the country, if present."""
NOWHERE: Mapping[str, str] = MappingProxyType({})

PARENTS = {
    "internet_12_plus": ("age_12_plus", "internet_all", "all_ages"),
    "internet_all": ("all_ages",),
    "age_18_plus": ("age_16_plus", "age_13_plus", "age_12_plus", "all_ages"),
    "age_16_plus": ("age_13_plus", "age_12_plus", "all_ages"),
    "age_13_plus": ("age_12_plus", "all_ages"),
    "age_12_plus": ("all_ages",),
}
"""The populations that contain a population by definition."""
AGES = {"internet_12_plus": "age_12_plus", "internet_all": "all_ages"}
"""The ages of a population of people online."""
PART_OF_AGES = ("age_13_plus", "age_16_plus", "age_18_plus")
"""Populations of a part of the ages: the others may use a service as well."""
LEAST_AGE = {"internet_12_plus": 12} | {f"age_{age}_plus": age for age in (12, 13, 16, 18)}
"""Minimum age of a population; younger users of a service are missing from its figures."""


def contains_population(outer: str, inner: str) -> bool:
    """Return whether a population contains another, or is the same, by definition."""
    return outer == inner or outer in PARENTS.get(inner, ())


def country_of(area_id: str, parents: Mapping[str, str] = NOWHERE) -> str:
    """Return the country (ISO 3166-1 alpha-2) of an area, from its id or its parents.

    If the id does not begin with the country (`geonames:1255634`), the area is looked up in
    `parents`, the id of the area that contains each.
    """
    while match := OTHER_LISTS.match(area_id):
        if match[1] or area_id not in parents:
            return match[1] or area_id
        area_id = parents[area_id]
    return area_id[:2]


def countries_of(area_ids: Iterable[str], parents: Mapping[str, str] = NOWHERE) -> list[str]:
    """Return the countries of areas without repeats, in order; `parents` as for `country_of`."""
    return sorted({country_of(area_id, parents) for area_id in area_ids})


def with_holders(area_id: str, parents: Mapping[str, str]) -> list[str]:
    """Return an area and all areas that contain it, from the smallest up to the country."""
    area_ids = [area_id]
    while is_region(area_ids[-1]) and parents.get(area_ids[-1], ""):
        area_ids.append(parents[area_ids[-1]])
    country = country_of(area_id, parents)
    return area_ids if area_ids[-1] == country else [*area_ids, country]


def parents_of(areas: pd.DataFrame) -> dict[str, str]:
    """Return the area that contains each area, of the table `areas`."""
    return dict(zip(areas["area_id"].tolist(), areas["parent_id"].tolist(), strict=True))


def is_region(area_id: str) -> bool:
    """Return whether an area is a part of a country, by the shape of its id."""
    return not WHOLE.fullmatch(area_id)


def are_regions(area_ids: pd.Series) -> pd.Series:
    """Mark the areas for which `is_region` is true."""
    return ~area_ids.str.fullmatch(WHOLE.pattern).astype("bool")


def has_ended(
    platform_ids: "pd.Series[str]", days: "pd.Series[pd.Timestamp]", platforms: pd.DataFrame
) -> "pd.Series[bool]":
    """Return True for services that existed no longer on a day, by `ended_on` of `platforms`."""
    ends = platforms.set_index("platform_id")["ended_on_start"].reindex(platform_ids)
    return pd.to_datetime(ends.set_axis(platform_ids.index)) <= pd.to_datetime(days)


def read_area_names(acts: pd.DataFrame) -> dict[str, str]:
    """Return the names of the areas of published restrictions, by code."""
    return {
        area: name
        for ids, texts in zip(acts["area_ids"], acts["area_names"], strict=True)
        for area, name in zip(ids.split(";"), texts.split(";"), strict=True)
    }
