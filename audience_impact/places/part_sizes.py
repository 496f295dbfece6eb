"""How many people live in the part of a place that a text means, where it means a part of it.

Definitions. The holder is the place on record that the text means a part of. A part is of a kind
(`PartKind`: villages, a tehsil, "parts of") and has a number of units. The typical unit of a holder
is the holder divided by the places of the next levels in it: its districts for a number of
districts, its subdistricts for smaller parts; the holder itself where none is on record and for
parts that are not named.

Method. The log of the people in a part is

    level + unit_slope ln(T / 100,000) + count_slope ln(n) + deviation z

with T the people of the typical unit, n the number of units and z a standard normal; the four
numbers of each kind are fitted to register rows whose part is known (`place_parts`), by
fitting/part_sizes.py. A part has at most the people of its holder.

Assumptions. A part that the register names is of the size of those of its kind that were read.

Known drawbacks. The readings are ranges from general knowledge, and few are outside India and
Myanmar.

Citation. Rules of this project, docs/method.md.
"""

import numpy as np
import pandas as pd

from audience_impact.vocabulary import AreaLevel, PartKind

REFERENCE_PERSONS = 100_000.0
"""People of the typical unit at which `level` is the log of the people in a part."""
PARAMETERS = ["level", "unit_slope", "count_slope", "deviation"]
"""The fitted numbers of a kind, columns of `part_sizes`."""
PART = ["part_persons", "part_deviation"]
"""The median of the people in a part, and the standard deviation of its log."""
UNIT_LEVELS = {
    PartKind.DISTRICTS.value: [AreaLevel.ADMIN2.value],
    PartKind.SOME.value: [],
}
"""Levels to choose the typical unit from: the first on record in the place, else SMALL_LEVELS."""
SMALL_LEVELS = [AreaLevel.ADMIN3.value, AreaLevel.ADMIN2.value]


def count_units(areas: pd.DataFrame) -> pd.DataFrame:
    """Return the number of places of each level (columns) inside each area (index).

    `areas` as the fact table: `area_id`, `parent_id`, `level`.
    """
    parents = areas.set_index("area_id")["parent_id"]
    pairs = areas[["area_id", "level"]].assign(holder=areas["parent_id"])
    steps = []
    while len(pairs := pairs[pairs["holder"].isin(parents.index)]):
        steps.append(pairs)
        pairs = pairs.assign(holder=pairs["holder"].map(parents))
    above = pd.concat(steps) if steps else pairs
    return above.groupby(["holder", "level"]).size().unstack(fill_value=0)


def measure_typical_units(parts: pd.DataFrame, areas: pd.DataFrame) -> "pd.Series[float]":
    """Return the people of the typical unit of the holder of each part.

    `parts` has `area_id` (the holder), `part_kind` and `people_persons` (of the holder).
    """
    counts = count_units(areas).reindex(parts["area_id"]).fillna(0.0).set_axis(parts.index)
    number = pd.Series(1.0, parts.index)
    for kind in PartKind:
        levels = UNIT_LEVELS.get(kind.value, SMALL_LEVELS)
        is_kind = parts["part_kind"] == kind.value
        for level in reversed([level for level in levels if level in counts]):
            number = number.mask(is_kind & (counts[level] > 0), counts[level])
    return parts["people_persons"] / number


def predict_persons(parts: pd.DataFrame, areas: pd.DataFrame, sizes: pd.DataFrame) -> pd.DataFrame:
    """Return PART of each row; NaN where the row is no part, or no size of its kind was fitted.

    Args:
        parts: `area_id`, `part_kind`, `units_count` and `people_persons`, on any index.
        areas: the fact table.
        sizes: PARAMETERS by `part_kind` (index).
    """
    numbers = sizes.reindex(parts["part_kind"])[PARAMETERS].set_axis(parts.index)
    unit = np.log(measure_typical_units(parts, areas) / REFERENCE_PERSONS)
    count = np.log(parts["units_count"].astype("float64").fillna(1.0).clip(lower=1.0))
    log_persons = numbers["level"] + numbers["unit_slope"] * unit + numbers["count_slope"] * count
    persons = np.minimum(np.exp(log_persons), parts["people_persons"])
    return pd.DataFrame({"part_persons": persons, "part_deviation": numbers["deviation"]})


def index_sizes(part_sizes: pd.DataFrame) -> pd.DataFrame:
    """Return PARAMETERS by `part_kind` from the typed fact table, which may have no rows."""
    if part_sizes.empty:
        return pd.DataFrame(columns=PARAMETERS, dtype="float64")
    return part_sizes.set_index("part_kind")[PARAMETERS].astype("float64")
