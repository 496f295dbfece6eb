"""The inputs that make an interval wide, each with its part of the variance."""

from collections.abc import Iterator, Sequence

from audience_impact.answers import names as naming
from audience_impact.answers.records import Driver
from audience_impact.site.charts.rows import Axis, Mark, Row, describe_rows, draw_rows, make_axis

PERCENT: Axis = make_axis(100.0)


def draw_drivers(title: str, drivers: Sequence[Driver]) -> str:
    """Return the picture of the drivers of one number; "" where none has a share."""
    rows = list(_make_rows(drivers))
    return draw_rows(title, rows, PERCENT, "%") if rows else ""


def describe_drivers(drivers: Sequence[Driver]) -> str:
    """Return the same in words."""
    return describe_rows(list(_make_rows(drivers)), PERCENT)


def _make_rows(drivers: Sequence[Driver]) -> Iterator[Row]:
    for driver in drivers:
        if driver.share is not None:
            bar = Mark("bar", 0.0, 100 * driver.share)
            yield Row(
                naming.capitalise_first(naming.label_code(driver.input, "input_kind")),
                driver.share_text,
                "accent",
                (bar,),
            )
