"""Drawing what stands on one axis of numbers: a row a quantity, its name and number above its mark.

Horizontal places are per cent of the width and text keeps its size, so that the same picture is
read at 360 and at 1,280 pixels. No label can meet another: each has a line of its own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import floor, log10

from audience_impact.answers.numbers import format_number
from audience_impact.site import rendering
from audience_impact.site.charts.palette import paint

FAR = 8.0
"""The axis reaches at most so many times its core; a value beyond is an arrow at the end."""
ROW, MARK, AXIS = 46, 28, 24
"""Heights: of a row, down to its mark, of the line of the axis."""
TICKS = 4


@dataclass(frozen=True)
class Mark:
    """A mark on a row.

    Attributes:
        shape: `line` for bounds, `bar` for an interval, `tick` or `diamond` for one number, `from`
            and `to` for a number that others give as "over" and "under".
        start: Where it begins.
        end: Where it ends; the same as `start` for one number.
    """

    shape: str
    start: float
    end: float


@dataclass(frozen=True)
class Row:
    """A quantity: its name, its number in words, its colour (`palette`) and its marks."""

    name: str
    number: str
    colour: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class Axis:
    """From zero to `end`, with ticks at round numbers."""

    end: float
    ticks: tuple[float, ...]

    def percent(self, value: float) -> str:
        """Return the place of a value in per cent of the width, at most 100."""
        return f"{min(max(value, 0.0) / self.end, 1.0) * 100:.2f}%"

    def width(self, mark: Mark) -> str:
        """Return the width of a bar in per cent."""
        start, end = (min(max(value, 0.0), self.end) for value in (mark.start, mark.end))
        return f"{(end - start) / self.end * 100:.2f}%"


def make_axis(core: float, more: Iterable[float] = ()) -> Axis:
    """Return an axis that shows `core`, and as much of `more` as leaves `core` visible."""
    core = core or max(more, default=0.0) or 1.0
    reach = max([core, *(value for value in more if value <= FAR * core)])
    step = _choose_step(reach)
    return Axis(reach, tuple(step * number for number in range(floor(reach / step) + 1)))


def _choose_step(reach: float) -> float:
    """Return the distance of ticks: one, two or five times a power of ten."""
    rough = reach / TICKS
    power = 10.0 ** floor(log10(rough))
    return next(power * times for times in (1, 2, 5, 10) if power * times >= rough)


def draw_rows(title: str, rows: Sequence[Row], along: Axis, unit: str = "") -> str:
    """Return the SVG of the rows; `unit` stands beside the zero of the axis."""
    alt = describe_rows(rows, along)
    values = {"title": title, "alt": alt, "rows": rows, "axis": along, "paint": paint}
    zero, *rest = (format_number(tick) for tick in along.ticks)
    sizes = {"row": ROW, "mark": MARK, "height": len(rows) * ROW + AXIS}
    template = rendering.load_environment().get_template("chart_rows.svg")
    return template.render(**values, **sizes, labels=[f"{zero} {unit}".rstrip(), *rest])


def describe_rows(rows: Sequence[Row], along: Axis) -> str:
    """Return the numbers of the picture in words, for readers who do not see it."""
    text = " ".join(f"{row.name}: {row.number}." for row in rows)
    far = any(mark.end > along.end for row in rows for mark in row.marks)
    return f"{text} An arrow at the edge: beyond the axis." if far else text
