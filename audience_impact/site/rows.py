"""Pictures with one numeric axis: a row per quantity, with name and number above the mark.

Horizontal positions are percentages of the width and the text size is fixed, so that the same
picture is legible at 360 and at 1,280 pixels. Labels cannot overlap, because each has its own line.

Drawn so are the answer to a restriction beside what others published, its person-days by year, and
the inputs that make an interval wide, each with its part of the variance. A register has thousands
of them, so that they come from a template of ours and not from Vega.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import floor, log10
from textwrap import shorten
from typing import Any, NamedTuple

from audience_impact.answers import names as naming
from audience_impact.answers.numbers import (
    Estimate,
    format_bounds,
    format_median_interval,
    format_number,
    read_estimate,
    read_number,
)
from audience_impact.answers.records import Driver
from audience_impact.site import rendering
from audience_impact.site.drawing import paint
from audience_impact.vocabulary import FigureKind, ImpactMetric, IntervalKind, Unit, write_word

FAR = 8.0
"""Maximum length of the axis, as a multiple of its core; a value beyond it becomes an arrow."""
ROW, MARK, AXIS = 46, 28, 24
"""Heights of a row, of its mark, and of the line of the axis."""
TICKS = 4
LETTERS = {"short": 51, "long": 92}
"""Letters of the name and the number of a row that fit on a narrow screen, and on a wide one."""
LEAST = 20
"""Letters of a name that its number leaves it, if it has so many."""
METRICS = (
    (ImpactMetric.PEOPLE_FEATURE_EXPOSED, "Of these, use what was cut", "mark"),
    (ImpactMetric.PEOPLE_DEPRIVED_NET, "Of these, lose access", "net"),
)
SHAPES = {IntervalKind.ONE_SIDED_MIN: "from", IntervalKind.ONE_SIDED_MAX: "to"}
ARROW = {"from": 1.1}
"""Space that an arrow needs on the axis."""
Rows = Sequence[Mapping[str, Any]]


class Mark(NamedTuple):
    """A mark on a row: a `line` for bounds, a `bar` for an interval, else one of a single number.

    That is a `tick`, a `diamond`, or an arrow `from` or `to` for "over" and "under".
    """

    shape: str
    start: float
    end: float


class Row(NamedTuple):
    """A quantity: its name, its number in words, its colour and its marks."""

    name: str
    number: str
    colour: str
    marks: tuple[Mark, ...]


class Axis(NamedTuple):
    """An axis from zero to `end`, with ticks at round numbers."""

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
    """Return an axis that contains `core`, and as much of `more` as leaves `core` readable."""
    core = core or max(more, default=0.0) or 1.0
    reach = max([core, *(value for value in more if value <= FAR * core)])
    step = choose_step(reach)
    return Axis(reach, tuple(step * number for number in range(floor(reach / step) + 1)))


def choose_step(reach: float) -> float:
    """Return the distance between ticks: one, two or five times a power of ten."""
    rough = reach / TICKS
    power = 10.0 ** floor(log10(rough))
    return next(power * times for times in (1, 2, 5, 10) if power * times >= rough)


PERCENT = make_axis(100.0)


def fit_line(name: str, number: str, letters: int) -> tuple[str, str]:
    """Return a name and a number that share a line of so many letters, the number in whole words.

    What follows the interval of the number gives way first, then the end of the name. Only where
    the name would be left with fewer than `LEAST` letters does the number lose its last words.
    """
    if len(name) + len(number) > letters:
        number = number[: number.find(")") + 1] or number
        number = shorten(number, letters - min(len(name), LEAST), placeholder="…")
    room = letters - len(number)
    return name if len(name) <= room else f"{name[: room - 1]}…", number


def draw_rows(title: str, rows: Sequence[Row], along: Axis, unit: str = "") -> str:
    """Return the SVG of the rows; `unit` is printed next to the zero of the axis."""
    alt = " ".join(f"{row.name}: {row.number}." for row in rows)
    if any(mark.end > along.end for row in rows for mark in row.marks):
        alt += " An arrow at the edge: beyond the axis."
    lines = [
        (row, {width: fit_line(row.name, row.number, most) for width, most in LETTERS.items()})
        for row in rows
    ]
    zero, *rest = (format_number(tick) for tick in along.ticks)
    return rendering.load_environment().get_template("chart_rows.svg").render(
        title=title, alt=alt, rows=lines, axis=along, paint=paint, row=ROW, mark=MARK,
        height=len(rows) * ROW + AXIS, labels=[f"{zero} {unit}".rstrip(), *rest],
    )  # fmt: skip


def draw_drivers(title: str, drivers: Sequence[Driver]) -> str:
    """Return the SVG of the inputs that make a number uncertain; blank without any share."""
    rows = [
        Row(
            naming.capitalise_first(naming.label_code(driver.input, "input_kind")),
            driver.share_text,
            "accent",
            (Mark("bar", 0.0, 100 * driver.share),),
        )
        for driver in drivers
        if driver.share is not None
    ]
    return draw_rows(title, rows, PERCENT, "%") if rows else ""


def draw_person_days(title: str, rows: Rows) -> str:
    """Return the picture of rows of `person_days`; "" for fewer than two years.

    Months and the row of all years are left out.
    """
    years, core, ends = [], [0.0], []
    for row in rows:
        if len(row["period"]) != len("2025"):
            continue
        estimate = read_estimate(row, "person_days")
        marks = mark_interval(estimate)
        text = format_median_interval(estimate) if marks else format_bounds(estimate)
        high = estimate.min if estimate.max is None else estimate.max
        line = Mark("line", estimate.min or 0.0, high or 0.0)
        years.append(Row(row["period"], text, "accent", (line, *marks)))
        ends += [mark.end for mark in (line, *marks)]
        core += [mark.end for mark in marks if mark.shape == "bar"] if marks else [line.end]
    return draw_rows(title, years, make_axis(max(core), ends)) if len(years) > 1 else ""


def draw_answer(title: str, impact: Rows, others: Rows, services: Mapping[str, str]) -> str:
    """Return the picture from the rows of `impact`, and from those of `comparisons` as `others`.

    `services` names the platforms. The answer is readable on the axis even for a large base.
    """
    by_metric = {row["impact_metric"]: row for row in impact}
    exposed = by_metric[ImpactMetric.PEOPLE_EXPOSED]
    estimate = read_estimate(exposed)
    rows = [*_make_answer_rows(estimate)]
    for metric, name, colour in METRICS:
        part = read_estimate(by_metric[metric]) if metric in by_metric else estimate
        if part != estimate and (marks := mark_interval(part)):
            rows.append(Row(name, format_median_interval(part), colour, marks))
    base, residents = (read_number(exposed[f"{name}_persons"]) for name in ("base", "population"))
    if base is not None:
        name = naming.capitalise_first(naming.label_code(exposed["base"], "population_base"))
        rows.append(_make_single_row(name, base, "tick", "soft"))
    if residents is not None and residents != base:
        rows.append(_make_single_row("Residents there", residents, "tick", "soft"))
    rows += _make_comparison_rows(others, services)
    along = make_axis(
        estimate.q95 or estimate.max or 0.0, [mark.end for row in rows for mark in row.marks]
    )
    return draw_rows(title, rows, along, "people")


def _make_answer_rows(estimate: Estimate) -> Iterator[Row]:
    if estimate.max == 0:
        yield _make_single_row("People affected", 0.0, "tick", "accent")
        return
    marks = mark_interval(estimate)
    if marks:
        yield Row("People affected", format_median_interval(estimate), "accent", marks)
    name = "Minimum to maximum" if marks else "No estimate: minimum to maximum"
    low, high = estimate.min or 0.0, estimate.max
    shape = "from" if high is None else "tick" if low == high else "line"
    mark = Mark(shape, low, low if high is None else high)
    yield Row(name, format_bounds(estimate), "bounds", (mark,))


def mark_interval(estimate: Estimate) -> tuple[Mark, ...]:
    """Return the bar of an interval that has a width, and the tick of the median."""
    if estimate.q05 is None or estimate.q50 is None or estimate.q95 is None:
        return ()
    bar, tick = Mark("bar", estimate.q05, estimate.q95), Mark("tick", estimate.q50, estimate.q50)
    return (bar, tick) if estimate.q05 < estimate.q95 else (tick,)


def _make_comparison_rows(others: Rows, services: Mapping[str, str]) -> Iterator[Row]:
    """Yield the numbers of people that others published, without repeats.

    Accounts and subscriptions are not people and are on another axis.
    """
    seen = set()
    for row in others:
        value, limit = read_number(row["published_value"]), row["interval_kind"]
        if row["unit"] != Unit.PERSONS or value is None:
            continue
        service = services.get(row["platform_id"], "it")
        counted = write_word(FigureKind(row["figure_kind"]), "noun")
        name = f"{row['publisher']}: {counted.format(service=service)}"
        shape = SHAPES.get(limit, "diamond")
        if (name, value, shape) not in seen:
            yield _make_single_row(name, value, shape, "other", naming.name_limit(limit))
        seen.add((name, value, shape))


def _make_single_row(name: str, value: float, shape: str, colour: str, before: str = "") -> Row:
    mark = Mark(shape, value, value * ARROW.get(shape, 1))
    return Row(name, f"{before}{format_number(value)}", colour, (mark,))
