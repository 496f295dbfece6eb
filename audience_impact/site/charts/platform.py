"""The restrictions of a platform over time, a line a country."""

from collections.abc import Mapping, Sequence
from typing import Any

from audience_impact.site.charts import series

Rows = Sequence[Mapping[str, Any]]

LINE = 17
"""Height of a country's line."""


def draw(title: str, acts: Rows) -> str:
    """The picture; "" where no restriction has a start.

    `acts` has for each restriction `area` (a name), `start` and `end`, days as ISO 8601; without an
    end on record both are the same day, and a tick is all that is drawn.
    """
    areas = {act["area"] for act in acts}
    if not acts:
        return ""
    return series.draw("acts", title, alt(acts), acts, height=LINE * len(areas))


def alt(acts: Rows) -> str:
    """The same in words: how many restrictions in which country, and from when to when."""
    by_area: dict[str, list[Mapping[str, Any]]] = {}
    for act in acts:
        by_area.setdefault(act["area"], []).append(act)
    return " ".join(f"{area}: {_span(own)}." for area, own in by_area.items())


def _span(own: Rows) -> str:
    first, last = min(act["start"][:4] for act in own), max(act["end"][:4] for act in own)
    count = "1 restriction" if len(own) == 1 else f"{len(own)} restrictions"
    return f"{count}, {first}" + ("" if first == last else f" to {last}")
