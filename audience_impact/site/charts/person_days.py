"""The person-days of a restriction by year: a row a year, interval on bounds."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from audience_impact.answers.numbers import format_bounds, format_median_interval, read_estimate
from audience_impact.site.charts.answer import mark_interval
from audience_impact.site.charts.rows import Axis, Mark, Row, describe_rows, draw_rows, make_axis

Rows = Sequence[Mapping[str, Any]]


def draw_person_days(title: str, rows: Rows) -> str:
    """Return the picture of rows of `person_days`; "" for fewer than two years.

    Months and the row of all years are left out.
    """
    laid_out, along = _lay_out(rows)
    return draw_rows(title, laid_out, along) if len(laid_out) > 1 else ""


def describe_person_days(rows: Rows) -> str:
    """Return the numbers of the picture in words."""
    return describe_rows(*_lay_out(rows))


def _lay_out(rows: Rows) -> tuple[list[Row], Axis]:
    laid_out = list(_make_rows(rows))
    ends = [
        mark.end
        for row in laid_out
        for mark in row.marks
        if mark.shape == "bar" or len(row.marks) == 1
    ]
    return laid_out, make_axis(
        max(ends, default=0.0), [mark.end for row in laid_out for mark in row.marks]
    )


def _make_rows(rows: Rows) -> Iterator[Row]:
    for row in rows:
        if len(row["period"]) == 4:
            estimate = read_estimate(row, "person_days")
            marks = mark_interval(estimate)
            text = format_median_interval(estimate) if marks else format_bounds(estimate)
            high = estimate.lower if estimate.upper is None else estimate.upper
            line = Mark("line", estimate.lower or 0.0, high or 0.0)
            yield Row(row["period"], text, "accent", (line, *marks))
