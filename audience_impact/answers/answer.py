"""The numbers of an answer in short, and which answers come first.

Method. Surest first: by status, then by the width of the 90 % interval against the median in
classes (WIDTHS), then by the number of people. What has no interval comes after what has one, and
where nobody was touched there is nothing to order by.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from audience_impact.vocabulary import Feature, ImpactMetric, ObsStatus

STATUS: dict[str, str] = {
    ObsStatus.NORMAL: "normal",
    ObsStatus.ESTIMATED: "estimated",
    ObsStatus.FORECAST: "forecast",
    ObsStatus.LOW_RELIABILITY: "low reliability",
    ObsStatus.IMPUTED: "imputed",
    ObsStatus.MISSING: "no figure",
}
WIDTHS = (0.1, 0.25, 0.5, 1.0)
"""Widths of the 90 % interval over the median at which a class ends."""
ENDS = [f"{name}_persons" for name in ("lower", "q05", "q50", "q95", "upper")]


def millions(persons: float | None) -> str:
    """People for the eye: 96.0 M, 466 k, 0; a dash where nothing is known."""
    if persons is None or pd.isna(persons):
        return "-"
    if persons >= 1e6:
        return f"{persons / 1e6:,.1f} M"
    return f"{persons / 1e3:,.0f} k" if persons >= 1e3 else f"{persons:,.0f}"


def surest_first(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of `impact` in the order in which answers are shown."""
    middle = rows["q50_persons"].astype("float64")
    span = rows["q95_persons"].astype("float64") - rows["q05_persons"].astype("float64")
    width = span / middle.where(middle > 0)
    order = rows.assign(
        status_rank=rows["obs_status"].map(list(STATUS).index),
        width_class=np.where(width.isna(), len(WIDTHS) + 1, np.searchsorted(WIDTHS, width)),
        size=middle.fillna(rows["lower_persons"].astype("float64")),
    ).sort_values(
        ["status_rank", "width_class", "size", "upper_persons", "restriction_id"],
        ascending=[True, True, False, False, True],
        ignore_index=True,
    )
    return order[rows.columns]


def feature_users(impact: pd.DataFrame, parts: pd.DataFrame) -> pd.DataFrame:
    """People who use what is restricted, where that is a feature, by restriction_id: ENDS."""
    features = parts.loc[parts["feature"] != Feature.WHOLE_SERVICE.value, "restriction_id"]
    users = impact[impact["impact_metric"] == ImpactMetric.PEOPLE_FEATURE_EXPOSED.value]
    return users[users["restriction_id"].isin(set(features))].set_index("restriction_id")[ENDS]


def counted(row: Mapping[str, Any]) -> str:
    """How many, for the eye: median and interval, else the bounds."""
    low, q05, middle, q95, high = (row[name] for name in ENDS)
    if middle is None or pd.isna(middle):
        return f"{millions(low)} to {millions(high)}"
    if q05 == q95:
        return millions(middle)
    return f"{millions(middle)} ({millions(q05)} to {millions(q95)})"
