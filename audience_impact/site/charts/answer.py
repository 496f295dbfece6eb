"""The answer to a restriction on one axis of people, beside what others published."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from audience_impact.answers import names as naming
from audience_impact.answers import numbers
from audience_impact.answers.numbers import Estimate, read_estimate, read_number
from audience_impact.site.charts.rows import Axis, Mark, Row, describe_rows, draw_rows, make_axis
from audience_impact.vocabulary import FigureKind, ImpactMetric, IntervalKind, Unit

Rows = Sequence[Mapping[str, Any]]

METRICS = (
    (ImpactMetric.PEOPLE_FEATURE_EXPOSED, "Of these, use the feature", "mark"),
    (ImpactMetric.PEOPLE_DEPRIVED_NET, "Of these, lose access", "net"),
)
SHAPES = {IntervalKind.ONE_SIDED_MIN: "from", IntervalKind.ONE_SIDED_MAX: "to"}
ARROW = {"from": 1.1}
"""An arrow needs room on the axis."""


def draw_answer(title: str, impact: Rows, others: Rows, services: Mapping[str, str]) -> str:
    """Return the picture from the rows of `impact`, and from those of `comparisons` as `others`.

    `services` names the platforms.
    """
    rows, along = _lay_out(impact, others, services)
    return draw_rows(title, rows, along, "people")


def describe_answer(impact: Rows, others: Rows, services: Mapping[str, str]) -> str:
    """Return the numbers of the picture in words."""
    return describe_rows(*_lay_out(impact, others, services))


def _lay_out(impact: Rows, others: Rows, services: Mapping[str, str]) -> tuple[list[Row], Axis]:
    """Return the rows, and an axis on which the answer can be seen however large the base is."""
    by_metric = {row["impact_metric"]: row for row in impact}
    exposed = by_metric[ImpactMetric.PEOPLE_EXPOSED]
    rows = [
        *_make_answer_rows(exposed),
        *_make_part_rows(by_metric),
        *_make_base_rows(exposed),
        *_make_comparison_rows(others, services),
    ]
    estimate = read_estimate(exposed)
    core = next((end for end in (estimate.q95, estimate.upper) if end), 0.0)
    return rows, make_axis(core, [mark.end for row in rows for mark in row.marks])


def _make_answer_rows(row: Mapping[str, Any]) -> Iterator[Row]:
    """Yield median with interval, and bounds; one row alone where nobody was touched."""
    estimate = read_estimate(row)
    if estimate.upper == 0:
        yield _make_single_row("People touched", 0.0, "tick", "accent")
        return
    marks = mark_interval(estimate)
    if marks:
        name = "Exposed" if len(marks) == 1 else "Exposed (90 % interval)"
        yield Row(name, numbers.format_median_interval(estimate), "accent", marks)
    name = "Bounds, if figures are right" if marks else "Bounds alone: no estimate"
    low, high = estimate.lower or 0.0, estimate.upper
    shape = "from" if high is None else "tick" if low == high else "line"
    mark = Mark(shape, low, low if high is None else high)
    yield Row(name, numbers.format_bounds(estimate), "bounds", (mark,))


def mark_interval(estimate: Estimate) -> tuple[Mark, ...]:
    """Return the bar of an interval that has a width, and the tick of the median."""
    if estimate.q05 is None or estimate.q50 is None or estimate.q95 is None:
        return ()
    bar = Mark("bar", estimate.q05, estimate.q95)
    return (
        *((bar,) if estimate.q05 < estimate.q95 else ()),
        Mark("tick", estimate.q50, estimate.q50),
    )


def _make_part_rows(by_metric: Mapping[str, Mapping[str, Any]]) -> Iterator[Row]:
    """Yield the users of what is restricted and those left without, where the estimates differ."""
    shown = read_estimate(by_metric[ImpactMetric.PEOPLE_EXPOSED])
    for metric, name, colour in METRICS:
        estimate = read_estimate(by_metric[metric]) if metric in by_metric else shown
        if estimate != shown and (marks := mark_interval(estimate)):
            yield Row(name, numbers.format_median_interval(estimate), colour, marks)


def _make_base_rows(row: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the base, and the residents where their number differs."""
    base, residents = (read_number(row[name]) for name in ("base_persons", "population_persons"))
    if base is not None:
        yield _make_single_row(
            naming.capitalise_first(naming.label_code(row["base"], "population_base")),
            base,
            "tick",
            "soft",
        )
    if residents is not None and residents != base:
        yield _make_single_row("Residents there", residents, "tick", "soft")


def _make_comparison_rows(others: Rows, services: Mapping[str, str]) -> Iterator[Row]:
    """Yield what others published of people, each figure once: pages copy from each other.

    Accounts and subscriptions are no people and stand on another axis.
    """
    seen = set()
    for row in others:
        value = read_number(row["published_value"])
        if row["unit"] != Unit.PERSONS or value is None:
            continue
        service = services.get(row["platform_id"], "it")
        name = f"{row['publisher']}: {FigureKind(row['figure_kind']).noun.format(service=service)}"
        shape = SHAPES.get(row["interval_kind"], "diamond")
        if (name, value, shape) not in seen:
            yield _make_single_row(
                name, value, shape, "other", naming.name_limit(row["interval_kind"])
            )
        seen.add((name, value, shape))


def _make_single_row(name: str, value: float, shape: str, colour: str, before: str = "") -> Row:
    return Row(
        name,
        f"{before}{numbers.format_number(value)}",
        colour,
        (Mark(shape, value, value * ARROW.get(shape, 1)),),
    )
