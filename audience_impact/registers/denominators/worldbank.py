"""What the World Bank, the ITU and the UN answer, as tidy tables (bases.py).

Assumptions. A country code of two letters that is an area of the facts is that area; the world is
`001`. Every other code (groups of countries, countries the facts do not name) is left out. A
projection without both bounds is left out: it would take the place of one that has them.
"""

from collections.abc import Collection

import numpy as np
import pandas as pd

from audience_impact.registers.denominators.bases import WORLD, tidy
from audience_impact.registers.denominators.publisher_files import (
    HIGH_VARIANT,
    LOW_VARIANT,
    MEDIUM_VARIANT,
    ShapeError,
)

_WORLD_BANK_WORLD, _UN_WORLD = "1W", "900"
_VARIANTS = {MEDIUM_VARIANT: "persons", LOW_VARIANT: "low", HIGH_VARIANT: "high"}


def population(rows: pd.DataFrame, areas: Collection[str]) -> pd.DataFrame:
    """People of all ages, as the World Bank reports them: `area_id`, `year`, `persons`."""
    return tidy(_area(rows, areas), rows["date"], persons=rows["value"])


def shares(rows: pd.DataFrame, areas: Collection[str]) -> pd.DataFrame:
    """Shares online, as the ITU reports them in percent: `area_id`, `year`, `share`."""
    told = tidy(_area(rows, areas), rows["date"], percent=rows["value"])
    return tidy(told["area_id"], told["year"], share=told["percent"] / 100)


def projections(rows: pd.DataFrame, areas: Collection[str]) -> pd.DataFrame:
    """People in the middle of each year, as the UN projects them, and their 95 % bounds.

    Columns `area_id`, `year`, `persons`, `low`, `high`; the medium variant is never outside them.
    """
    area = rows["ISO2_code"].mask(rows["LocID"] == _UN_WORLD, WORLD)
    area = area.where(area.isin(areas))
    parts = []
    for variant, name in _VARIANTS.items():
        own = rows["Variant"] == variant
        found = tidy(area[own], rows.loc[own, "Time"], **{name: rows.loc[own, "PopTotal"]})
        keyed = found.set_index(["area_id", "year"])[name]
        if keyed.index.has_duplicates:
            raise ShapeError(f"gives {variant} of a place and year twice")
        parts.append(1000 * keyed)
    told = pd.concat(parts, axis=1).dropna().sort_index().reset_index()
    low, high = (np.minimum, "low"), (np.maximum, "high")
    return told.assign(**{name: end(told[name], told["persons"]) for end, name in (low, high)})


def _area(rows: pd.DataFrame, areas: Collection[str]) -> "pd.Series[str]":
    """The area of each row, or nothing where it is none of the facts."""
    area = rows["country"].mask(rows["country"] == _WORLD_BANK_WORLD, WORLD)
    return area.where(area.isin(areas))
