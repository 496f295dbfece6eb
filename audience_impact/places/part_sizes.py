"""The number of people in a part of a place, for texts that mean only a part.

Definitions. The holder is the place on record that contains the part. A part has a kind
(`PartKind`: villages, a tehsil, "parts of") and a number of units. The typical unit of a holder has
the people of the holder divided by the number of its districts, if districts are counted, or of its
subdistricts for smaller parts. It is the holder itself if none are on record, and for parts that
are not named.

Method. The log of the people in a part is

    level + unit_slope ln(T / 100,000) + count_slope ln(n) + deviation z

with T the people of the typical unit, n the number of units and z a standard normal; the four
numbers of each kind are fitted to register rows whose part is known (`place_parts`), by
fitting/places/part_sizes.py. A part has at most the people of its holder.

Assumptions. The part of a row has the size distribution of the parts of its kind that were read.

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
"""Columns of the median of the people in a part, and of the standard deviation of its log."""
UNIT_LEVELS = {
    PartKind.DISTRICTS.value: [AreaLevel.ADMIN2.value],
    PartKind.SOME.value: [],
}
"""Levels of the typical unit, by kind of part; SMALL_LEVELS for all other kinds."""
SMALL_LEVELS = [AreaLevel.ADMIN3.value, AreaLevel.ADMIN2.value]
"""Levels of the typical unit of small parts; the first that the holder has on record is used."""


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


def describe_parts(parts: pd.DataFrame, areas: pd.DataFrame) -> pd.DataFrame:
    """Return the predictors of the people in each part: `unit` and `count`, both as logs.

    `unit` is the typical unit over REFERENCE_PERSONS, `count` the number of units, 1 if blank.
    """
    counts = parts["units_count"].astype("float64").fillna(1.0).clip(lower=1.0)
    units = measure_typical_units(parts, areas) / REFERENCE_PERSONS
    return pd.DataFrame({"unit": np.log(units), "count": np.log(counts)})


def predict_persons(parts: pd.DataFrame, areas: pd.DataFrame, sizes: pd.DataFrame) -> pd.DataFrame:
    """Return the people of each part; NaN where a row is no part, or its kind was not fitted.

    Args:
        parts: `area_id`, `part_kind`, `units_count` and `people_persons`, on any index.
        areas: the fact table.
        sizes: PARAMETERS by `part_kind` (index).
    """
    numbers = sizes.reindex(parts["part_kind"])[PARAMETERS].set_axis(parts.index)
    logs = describe_parts(parts, areas)
    slopes = numbers["unit_slope"] * logs["unit"] + numbers["count_slope"] * logs["count"]
    log_persons = numbers["level"] + slopes
    persons = np.minimum(np.exp(log_persons), parts["people_persons"])
    return pd.DataFrame({"part_persons": persons, "part_deviation": numbers["deviation"]})


def index_sizes(part_sizes: pd.DataFrame) -> pd.DataFrame:
    """Return PARAMETERS by `part_kind` from the typed fact table, which may have no rows."""
    if part_sizes.empty:
        return pd.DataFrame(columns=PARAMETERS, dtype="float64")
    return part_sizes.set_index("part_kind")[PARAMETERS].astype("float64")
