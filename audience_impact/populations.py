"""Populations and areas: which population holds which, and in which country an area lies."""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

import pandas as pd

from audience_impact.vocabulary import PopulationBase

EVERYONE = PopulationBase.ALL_AGES.value
ONLINE = PopulationBase.INTERNET_ALL.value
ONLINE_12_PLUS = PopulationBase.INTERNET_12_PLUS.value

WHOLE = re.compile(r"[A-Z]{2}|\d{3}|")
"""Codes of countries (ISO 3166-1 alpha-2) and of parts of the world (UN M49)."""
OTHER_LISTS = re.compile(r"(?:[a-z]+|OCHA):(?:([A-Z]{2})|)")
"""Ids of lists of places that do not begin with the country; group 1 is the country if told."""
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

LEAST_AGE = {
    "internet_12_plus": 12,
    "age_12_plus": 12,
    "age_13_plus": 13,
    "age_16_plus": 16,
    "age_18_plus": 18,
}
"""Age from which a population counts; younger users of a service are not in its figures."""


def contains(outer: str, inner: str) -> bool:
    """Whether a population contains another, or is the same, by definition."""
    return outer == inner or outer in PARENTS.get(inner, ())


def country_of(area_id: str, parents: Mapping[str, str] = NOWHERE) -> str:
    """The country (ISO 3166-1 alpha-2) of an area: its own id, or the first part of a place's.

    An id of a list that does not begin so (`geonames:1255634`) is looked up in `parents`, the id
    of the area that holds each.
    """
    while found := OTHER_LISTS.match(area_id):
        if found[1] or area_id not in parents:
            return found[1] or area_id
        area_id = parents[area_id]
    return area_id[:2]


def countries_of(area_ids: Iterable[str], parents: Mapping[str, str] = NOWHERE) -> list[str]:
    """The countries of some areas, each once, in order; `parents` as for `country_of`."""
    return sorted({country_of(area_id, parents) for area_id in area_ids})


def with_holders(area_id: str, parents: Mapping[str, str]) -> list[str]:
    """An area and all that hold it, from the inside out, up to the country."""
    found = [area_id]
    while is_region(found[-1]) and parents.get(found[-1], ""):
        found.append(parents[found[-1]])
    country = country_of(area_id, parents)
    return found if found[-1] == country else [*found, country]


def parents_of(areas: pd.DataFrame) -> dict[str, str]:
    """The area that holds each area, of the table `areas`."""
    return dict(zip(areas["area_id"].tolist(), areas["parent_id"].tolist(), strict=True))


def is_region(area_id: str) -> bool:
    """Whether an area is a part of a country: no code of a country or of a part of the world."""
    return not WHOLE.fullmatch(area_id)


def are_regions(area_ids: pd.Series) -> pd.Series:
    """`is_region` of each area."""
    return ~area_ids.str.fullmatch(WHOLE.pattern).astype("bool")
