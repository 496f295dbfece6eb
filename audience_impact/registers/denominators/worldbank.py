"""Answers of the World Bank, the ITU and the UN as tidy tables (bases.py).

Assumptions. A country code of two letters that is an area of the facts is that area; the world is
`001`. Every other code (groups of countries, countries that are not in the facts) is omitted. A
projection without both bounds is omitted, because it would replace one that has them.
"""

from collections.abc import Collection

import numpy as np
import pandas as pd

from audience_impact.registers.denominators.bases import WORLD, tidy_table
from audience_impact.registers.denominators.publisher_files import (
    HIGH_VARIANT,
    LOW_VARIANT,
    MEDIUM_VARIANT,
    ShapeError,
)

_WORLD_BANK_WORLD, _UN_WORLD = "1W", "900"
_VARIANTS = {MEDIUM_VARIANT: "persons", LOW_VARIANT: "low", HIGH_VARIANT: "high"}


def tidy_population(rows: pd.DataFrame, areas: Collection[str]) -> pd.DataFrame:
    """Return people of all ages reported by the World Bank: `area_id`, `year`, `persons`."""
    return tidy_table(_area_ids(rows, areas), rows["date"], persons=rows["value"])


def tidy_shares(rows: pd.DataFrame, areas: Collection[str]) -> pd.DataFrame:
    """Return shares online reported by the ITU in percent: `area_id`, `year`, `share`."""
    percents = tidy_table(_area_ids(rows, areas), rows["date"], percent=rows["value"])
    return tidy_table(percents["area_id"], percents["year"], share=percents["percent"] / 100)


def tidy_projections(rows: pd.DataFrame, areas: Collection[str]) -> pd.DataFrame:
    """Return people in the middle of each year as projected by the UN, with 95 % bounds.

    Columns `area_id`, `year`, `persons`, `low`, `high`; the medium variant is never outside them.
    """
    area = rows["ISO2_code"].mask(rows["LocID"] == _UN_WORLD, WORLD)
    area = area.where(area.isin(areas))
    parts = []
    for variant, name in _VARIANTS.items():
        is_variant = rows["Variant"] == variant
        rows_of_variant = tidy_table(
            area[is_variant],
            rows.loc[is_variant, "Time"],
            **{name: rows.loc[is_variant, "PopTotal"]},
        )
        keyed = rows_of_variant.set_index(["area_id", "year"])[name]
        if keyed.index.has_duplicates:
            raise ShapeError(f"gives {variant} of a place and year twice")
        parts.append(1000 * keyed)
    table = pd.concat(parts, axis=1).dropna().sort_index().reset_index()
    low, high = (np.minimum, "low"), (np.maximum, "high")
    return table.assign(**{name: end(table[name], table["persons"]) for end, name in (low, high)})


def _area_ids(rows: pd.DataFrame, areas: Collection[str]) -> "pd.Series[str]":
    """Return the area id of each row; missing where the area is not in the facts."""
    area = rows["country"].mask(rows["country"] == _WORLD_BANK_WORLD, WORLD)
    return area.where(area.isin(areas))
