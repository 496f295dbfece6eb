"""The person-days of a restriction by year: a row a year, interval on bounds."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from audience_impact.answers.numbers import bounds, estimate, middle
from audience_impact.site.charts.answer import interval
from audience_impact.site.charts.rows import Axis, Mark, Row, axis, in_words
from audience_impact.site.charts.rows import draw as drawn

Rows = Sequence[Mapping[str, Any]]


def draw(title: str, rows: Rows) -> str:
    """The picture of rows of `person_days`; "" where fewer than two years are told.

    Months and the row of all years are left out.
    """
    found, along = _laid_out(rows)
    return drawn(title, found, along) if len(found) > 1 else ""


def alt(rows: Rows) -> str:
    """The same in words."""
    return in_words(*_laid_out(rows))


def _laid_out(rows: Rows) -> tuple[list[Row], Axis]:
    found = list(_years(rows))
    ends = [
        mark.end
        for row in found
        for mark in row.marks
        if mark.shape == "bar" or len(row.marks) == 1
    ]
    return found, axis(max(ends, default=0.0), [mark.end for row in found for mark in row.marks])


def _years(rows: Rows) -> Iterator[Row]:
    for row in rows:
        if len(row["period"]) == 4:
            found = estimate(row, "person_days")
            marks = interval(found)
            said = middle(found) if marks else bounds(found)
            high = found.lower if found.upper is None else found.upper
            line = Mark("line", found.lower or 0.0, high or 0.0)
            yield Row(row["period"], said, "accent", (line, *marks))
