"""Drawing what stands on one axis of numbers: a row a quantity, its name and number above its mark.

Horizontal places are per cent of the width and text keeps its size, so that the same picture is
read at 360 and at 1,280 pixels. No label can meet another: each has a line of its own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import floor, log10

from audience_impact.answers.numbers import number
from audience_impact.site import rendering
from audience_impact.site.charts.palette import paint

FAR = 8.0
"""How many times what matters the axis may reach: what lies beyond becomes an arrow at its end."""
ROW, MARK, AXIS = 46, 28, 24
"""Heights: of a row, down to its mark, of the line of the axis."""
TICKS = 4


@dataclass(frozen=True)
class Mark:
    """What is drawn on a row.

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
        """Where a value lies, as per cent of the width, never beyond it."""
        return f"{min(max(value, 0.0) / self.end, 1.0) * 100:.2f}%"

    def width(self, mark: Mark) -> str:
        """How wide a bar is."""
        start, end = (min(max(value, 0.0), self.end) for value in (mark.start, mark.end))
        return f"{(end - start) / self.end * 100:.2f}%"


def axis(core: float, more: Iterable[float] = ()) -> Axis:
    """An axis for what matters (`core`) and for as much of `more` as lets that be seen."""
    core = core or max(more, default=0.0) or 1.0
    reach = max([core, *(value for value in more if value <= FAR * core)])
    step = _step(reach)
    return Axis(reach, tuple(step * number for number in range(floor(reach / step) + 1)))


def _step(reach: float) -> float:
    """The round distance of ticks: one, two or five times a power of ten."""
    rough = reach / TICKS
    power = 10.0 ** floor(log10(rough))
    return next(power * times for times in (1, 2, 5, 10) if power * times >= rough)


def draw(title: str, rows: Sequence[Row], along: Axis, unit: str = "") -> str:
    """The SVG of the rows; `unit` stands beside the zero of the axis."""
    alt = in_words(rows, along)
    values = {"title": title, "alt": alt, "rows": rows, "axis": along, "paint": paint}
    zero, *rest = (number(tick) for tick in along.ticks)
    sizes = {"row": ROW, "mark": MARK, "height": len(rows) * ROW + AXIS}
    template = rendering.environment().get_template("chart_rows.svg")
    return template.render(**values, **sizes, labels=[f"{zero} {unit}".rstrip(), *rest])


def in_words(rows: Sequence[Row], along: Axis) -> str:
    """What the picture shows, for those who do not see it."""
    said = " ".join(f"{row.name}: {row.number}." for row in rows)
    far = any(mark.end > along.end for row in rows for mark in row.marks)
    return f"{said} An arrow at the edge: beyond the axis." if far else said
