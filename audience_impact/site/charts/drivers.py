"""What makes the interval of an answer wide: a row an input, its part of the variance."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from audience_impact.answers import labels as naming
from audience_impact.answers import quantities
from audience_impact.site.charts.rows import Axis, Mark, Row, axis, in_words
from audience_impact.site.charts.rows import draw as drawn
from audience_impact.site.rendering import capital
from audience_impact.vocabulary import ImpactMetric

Rows = Sequence[Mapping[str, Any]]

SMALLEST_SHARE = 0.01
"""Below it an input is left to the table."""


def draw(title: str, rows: Rows, metric: str = ImpactMetric.PEOPLE_EXPOSED) -> str:
    """The picture of rows of `sensitivity`, for one metric; "" where no share is told."""
    found = list(_inputs(rows, metric))
    return drawn(title, found, PERCENT, "%") if found else ""


def alt(rows: Rows, metric: str = ImpactMetric.PEOPLE_EXPOSED) -> str:
    """The same in words."""
    return in_words(list(_inputs(rows, metric)), PERCENT)


PERCENT: Axis = axis(100.0)


def _inputs(rows: Rows, metric: str) -> Iterator[Row]:
    for row in rows:
        share = quantities.known(row["total_share"])
        if row["impact_metric"] == metric and share is not None and share >= SMALLEST_SHARE:
            bar = Mark("bar", 0.0, 100 * share)
            yield Row(
                capital(naming.word(row["input"], "input")),
                f"{share:.0%}".replace("%", " %"),
                "accent",
                (bar,),
            )
