"""Populations and areas: which population holds which, and in which country an area lies."""

from collections.abc import Iterable

from audience_impact.vocabulary import PopulationBase

EVERYONE = PopulationBase.ALL_AGES.value
ONLINE = PopulationBase.INTERNET_ALL.value
ONLINE_12_PLUS = PopulationBase.INTERNET_12_PLUS.value

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


def country_of(area_id: str) -> str:
    """The country (ISO 3166-1 alpha-2) of an area: its own id, or the first part of a region's."""
    return area_id[:2]


def countries_of(area_ids: Iterable[str]) -> list[str]:
    """The countries of some areas, each once, in order."""
    return sorted({country_of(area_id) for area_id in area_ids})


def is_region(area_id: str) -> bool:
    """Whether an area is a part of a country (ISO 3166-2)."""
    return "-" in area_id
