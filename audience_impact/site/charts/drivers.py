"""What makes the interval of an answer wide: a row an input, its part of the variance."""

from collections.abc import Iterator, Sequence

from audience_impact.answers import names as naming
from audience_impact.answers.records import Driver
from audience_impact.site.charts.rows import Axis, Mark, Row, axis, in_words
from audience_impact.site.charts.rows import draw as drawn

PERCENT: Axis = axis(100.0)


def draw(title: str, drivers: Sequence[Driver]) -> str:
    """Return the picture of the drivers of one number; "" where none has a share."""
    found = list(_inputs(drivers))
    return drawn(title, found, PERCENT, "%") if found else ""


def alt(drivers: Sequence[Driver]) -> str:
    """Return the same in words."""
    return in_words(list(_inputs(drivers)), PERCENT)


def _inputs(drivers: Sequence[Driver]) -> Iterator[Row]:
    for one in drivers:
        if one.share is not None:
            bar = Mark("bar", 0.0, 100 * one.share)
            yield Row(
                naming.capital(naming.word(one.input, "input_kind")),
                one.share_text,
                "accent",
                (bar,),
            )
