"""Evidence levels of imputed audiences: the nearest figures from which they are imputed.

Definitions. The evidence level (a rung in code lists and columns) is the nearest quantity in the
facts: users of the service in the country, at another time or in part (own_people); its advertising
reach, accounts or installations there (own_other); other services of the country (country); the
service elsewhere in the subregion (subregion); the service elsewhere (service); its users in the
world (world); services of its kind (kind).

Method. The level follows from the available figures; the model uses all of them on every level. A
service that was counted in fewer than LEAST_ABROAD other countries is not considered known abroad:
it was counted because it is large at home. Elsewhere its users in the world are used if somebody
counted them, else only its kind.
"""

import pandas as pd

from audience_impact.vocabulary import WORLD, ImputationRung, WayOfCounting

PEOPLE = [
    *(WayOfCounting.ASKED.value, WayOfCounting.NAMED.value, WayOfCounting.ASKED_OF_USERS.value),
    *(WayOfCounting.MEASURED.value, WayOfCounting.WEEKLY.value, WayOfCounting.DAILY.value),
    WayOfCounting.TOLD.value,
]
"""Ways of counting people who use a service; others count accounts or devices."""
MEANINGS = ImputationRung.list_meanings()
"""Meaning of each evidence level in plain words, the nearest first."""
ORDER = list(MEANINGS)
LEAST_ABROAD = 2
"""Minimum number of other countries with figures of a service for it to be known abroad."""

LEVELS = (
    (ImputationRung.KIND, False, ["platform_kind"]),
    (ImputationRung.WORLD, False, ["platform_id"]),
    (ImputationRung.SERVICE, False, ["platform_id"]),
    (ImputationRung.SUBREGION, False, ["subregion", "platform_id"]),
    (ImputationRung.COUNTRY, False, ["area_id"]),
    (ImputationRung.OWN_OTHER, False, ["area_id", "platform_id"]),
    (ImputationRung.OWN_PEOPLE, True, ["area_id", "platform_id"]),
)
"""Evidence levels from the farthest to the nearest: whether only counts of people qualify, and the
columns that have to agree."""


def find_evidence_levels(requested: pd.DataFrame, figures: pd.DataFrame) -> pd.Series:
    """Return the evidence level of each row; blank if no service of its kind has a figure.

    Both frames are results of figures.locate_rows.
    """
    levels = pd.Series("", requested.index)
    abroad = is_abroad(requested, figures)
    for rung, people_only, columns in LEVELS:
        has = _has_figure(requested, figures[speaks_for(figures, rung, people_only)], columns)
        levels = levels.mask(has & (abroad | (not needs_other_countries(rung))), rung.value)
    return levels


def speaks_for(figures: pd.DataFrame, rung: ImputationRung, people_only: bool) -> pd.Series:
    """Return True for figures that an evidence level depends on."""
    is_total = figures["area_id"] == WORLD
    if rung is ImputationRung.WORLD:
        return is_total
    return (rung is ImputationRung.KIND) | (
        ~is_total & (figures["way"].isin(PEOPLE) | (not people_only))
    )


def needs_other_countries(rung: ImputationRung) -> bool:
    """Return True for an evidence level that depends on other countries."""
    return rung in (ImputationRung.SERVICE, ImputationRung.SUBREGION, ImputationRung.COUNTRY)


def is_abroad(requested: pd.DataFrame, figures: pd.DataFrame) -> pd.Series:
    """Return True for services with figures of at least LEAST_ABROAD other countries."""
    place = ["platform_id", "area_id"]
    counted = figures[figures["area_id"] != WORLD]
    count = counted.drop_duplicates(place).groupby("platform_id").size()
    others = requested["platform_id"].map(count).fillna(0) - _has_figure(requested, figures, place)
    return others >= LEAST_ABROAD


def is_stranger(requested: pd.DataFrame, figures: pd.DataFrame) -> pd.Series:
    """Return True for services without figures of the country, the world or enough others."""
    totals = figures[figures["area_id"] == WORLD]
    is_counted = _has_figure(requested, totals, ["platform_id"])
    is_counted |= _has_figure(requested, figures, ["platform_id", "area_id"])
    return ~is_abroad(requested, figures) & ~is_counted


def _has_figure(requested: pd.DataFrame, rows: pd.DataFrame, by: list[str]) -> pd.Series:
    keys = pd.MultiIndex.from_frame(rows[by].drop_duplicates())
    return pd.Series(pd.MultiIndex.from_frame(requested[by]).isin(keys), requested.index)
