"""Table `area_comparisons`: what others published for a country and a year, beside ours.

Definitions. Theirs is a number of people, events or hours for all restrictions of an area in a
period. Ours is the area's row of impact_by_area, which has regions and the world as well.

Method. Theirs lies within our bounds, or it is above or below, and a code says why: most of those
who publish people count everyone online for the block of one service. A figure of at least
NEARLY_ALL of the base is taken for that.

Assumptions. Those of impact_by_area.

Known drawbacks. The code follows from sizes and from what the figure says of itself; nobody has
asked its publisher.

Citation. Rules of this project, docs/decisions.md.
"""

import numpy as np
import pandas as pd

from audience_impact.facts.tables import Tables
from audience_impact.outputs.comparisons import REASONS
from audience_impact.vocabulary import DifferenceReason

NEARLY_ALL = 0.75
OURS_BY = r"\d{4}(-\d{2})?"
"""Periods of impact_by_area: a year, or a month."""
OURS = ["lower_persons", "q50_persons", "upper_persons", "base_persons", "restrictions_count"]


def make_area_comparisons(tables: Tables, by_area: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each figure that others published for an area and period.

    Ratios are theirs to our bounds and median; NaN where ours is zero or not known.
    """
    theirs = tables["published_area_figures"]
    ours = by_area.set_index(["area_id", "period"])[OURS]
    keys = pd.MultiIndex.from_frame(theirs[["area_id", "period"]])
    table = theirs.join(ours.reindex(keys).set_axis(theirs.index))
    table = table.rename(
        columns={
            "persons": "published_persons",
            "events": "published_events_count",
            "duration_hours": "published_hours",
        }
    )
    value = table["published_persons"]
    ratios = {
        f"{name}_ratio": (value / table[f"{name}_persons"]).where(table[f"{name}_persons"] > 0)
        for name in ("lower", "q50", "upper")
    }
    rounded = {name: ratio.round(4) for name, ratio in ratios.items()}
    return table.assign(**rounded, difference_reason=_difference_reasons(table)).sort_values(
        "published_area_figure_id", ignore_index=True
    )


def _difference_reasons(table: pd.DataFrame) -> np.ndarray:
    """Return a code (rows,) for the reason why the published figure differs from ours."""
    value, low, high = table["published_persons"], table["lower_persons"], table["upper_persons"]
    counted = value.notna() & high.notna()
    within = counted & (value >= low) & (value <= high)
    everyone = counted & (value >= NEARLY_ALL * table["base_persons"])
    default = DifferenceReason.OTHER_DEFINITION.value
    stated = table["figure_kind"].map(REASONS).fillna(default)
    above = np.where(everyone, DifferenceReason.COUNTS_ALL_INTERNET_USERS.value, stated)
    below = counted & (value < NEARLY_ALL * low)
    near = counted & ~below & (value < low)
    hours = value.isna() & table["published_hours"].notna()
    comparable = table["period"].str.fullmatch(OURS_BY)
    return np.select(
        [~comparable, low.isna(), within, below, near, counted, hours],
        [
            DifferenceReason.OTHER_PERIOD.value,
            DifferenceReason.NOTHING_ON_RECORD.value,
            DifferenceReason.WITHIN_BOUNDS.value,
            DifferenceReason.FEWER_RESTRICTIONS.value,
            default,
            above,
            DifferenceReason.DURATION_DIFFERS.value,
        ],
        default,
    )
