"""The restrictions of a platform over time, a line a country."""

from collections.abc import Mapping, Sequence
from typing import Any

from audience_impact.site.charts import series

Rows = Sequence[Mapping[str, Any]]

LINE = 17
"""Height of a country's line."""


def draw_platform(title: str, acts: Rows) -> str:
    """Return the picture; "" where no restriction has a start.

    `acts` has for each restriction `area` (a name), `start` and `end`, days as ISO 8601; without an
    end on record both are the same day, and a tick is all that is drawn.
    """
    areas = {act["area"] for act in acts}
    if not acts:
        return ""
    return series.draw_series(
        "acts", title, describe_platform(acts), acts, height=LINE * len(areas)
    )


def describe_platform(acts: Rows) -> str:
    """Return for each country the number of restrictions, and their first and last year."""
    by_area: dict[str, list[Mapping[str, Any]]] = {}
    for act in acts:
        by_area.setdefault(act["area"], []).append(act)
    return " ".join(
        f"{area}: {_describe_span(restrictions)}." for area, restrictions in by_area.items()
    )


def _describe_span(restrictions: Rows) -> str:
    first, last = (
        min(act["start"][:4] for act in restrictions),
        max(act["end"][:4] for act in restrictions),
    )
    count = "1 restriction" if len(restrictions) == 1 else f"{len(restrictions)} restrictions"
    return f"{count}, {first}" + ("" if first == last else f" to {last}")
