"""The answer to a restriction on one axis of people, beside what others published."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from audience_impact.answers import names as naming
from audience_impact.answers import numbers
from audience_impact.answers.numbers import Estimate, estimate, known
from audience_impact.site.charts.rows import Axis, Mark, Row, axis, in_words
from audience_impact.site.charts.rows import draw as drawn
from audience_impact.vocabulary import FigureKind, ImpactMetric, IntervalKind, Unit

Rows = Sequence[Mapping[str, Any]]

METRICS = (
    (ImpactMetric.PEOPLE_FEATURE_EXPOSED, "Of these, use the feature", "mark"),
    (ImpactMetric.PEOPLE_DEPRIVED_NET, "Of these, lose access", "net"),
)
SHAPES = {IntervalKind.ONE_SIDED_MIN: "from", IntervalKind.ONE_SIDED_MAX: "to"}
ARROW = {"from": 1.1}
"""An arrow needs room on the axis."""


def draw(title: str, impact: Rows, others: Rows, services: Mapping[str, str]) -> str:
    """The picture: the rows of a restriction in `impact`, and in `comparisons` as `others`.

    `services` names the platforms.
    """
    rows, along = _laid_out(impact, others, services)
    return drawn(title, rows, along, "people")


def alt(impact: Rows, others: Rows, services: Mapping[str, str]) -> str:
    """The same in words."""
    return in_words(*_laid_out(impact, others, services))


def _laid_out(impact: Rows, others: Rows, services: Mapping[str, str]) -> tuple[list[Row], Axis]:
    """The rows, and an axis on which the answer can be seen however large the base is."""
    own = {row["impact_metric"]: row for row in impact}
    exposed = own[ImpactMetric.PEOPLE_EXPOSED]
    rows = [*_answer(exposed), *_parts(own), *_base(exposed), *_published(others, services)]
    found = estimate(exposed)
    core = next((end for end in (found.q95, found.upper) if end), 0.0)
    return rows, axis(core, [mark.end for row in rows for mark in row.marks])


def _answer(row: Mapping[str, Any]) -> Iterator[Row]:
    """Median with interval, and bounds; of what touched nobody that alone."""
    found = estimate(row)
    if found.upper == 0:
        yield _one("People touched", 0.0, "tick", "accent")
        return
    marks = interval(found)
    if marks:
        name = "Exposed" if len(marks) == 1 else "Exposed (90 % interval)"
        yield Row(name, numbers.middle(found), "accent", marks)
    name = "Bounds, if figures are right" if marks else "Bounds alone: no estimate"
    low, high = found.lower or 0.0, found.upper
    shape = "from" if high is None else "tick" if low == high else "line"
    mark = Mark(shape, low, low if high is None else high)
    yield Row(name, numbers.bounds(found), "bounds", (mark,))


def interval(found: Estimate) -> tuple[Mark, ...]:
    """The bar of an interval that has a width, and the tick of the median."""
    if found.q05 is None or found.q50 is None or found.q95 is None:
        return ()
    bar = Mark("bar", found.q05, found.q95)
    return (*((bar,) if found.q05 < found.q95 else ()), Mark("tick", found.q50, found.q50))


def _parts(own: Mapping[str, Mapping[str, Any]]) -> Iterator[Row]:
    """Who of them uses what is restricted, and who is left without, where an estimate differs."""
    shown = estimate(own[ImpactMetric.PEOPLE_EXPOSED])
    for metric, name, colour in METRICS:
        found = estimate(own[metric]) if metric in own else shown
        if found != shown and (marks := interval(found)):
            yield Row(name, numbers.middle(found), colour, marks)


def _base(row: Mapping[str, Any]) -> Iterator[Row]:
    """The base, and the residents where they are others."""
    base, residents = (known(row[name]) for name in ("base_persons", "population_persons"))
    if base is not None:
        yield _one(
            naming.capital(naming.word(row["base"], "population_base")), base, "tick", "soft"
        )
    if residents is not None and residents != base:
        yield _one("Residents there", residents, "tick", "soft")


def _published(others: Rows, services: Mapping[str, str]) -> Iterator[Row]:
    """What others published of people, each figure once: pages copy from each other.

    Accounts and subscriptions are no people and stand on another axis.
    """
    seen = set()
    for row in others:
        value = known(row["published_value"])
        if row["unit"] != Unit.PERSONS or value is None:
            continue
        service = services.get(row["platform_id"], "it")
        name = f"{row['publisher']}: {FigureKind(row['figure_kind']).noun.format(service=service)}"
        shape = SHAPES.get(row["interval_kind"], "diamond")
        if (name, value, shape) not in seen:
            yield _one(name, value, shape, "other", naming.limit(row["interval_kind"]))
        seen.add((name, value, shape))


def _one(name: str, value: float, shape: str, colour: str, before: str = "") -> Row:
    return Row(
        name,
        f"{before}{numbers.number(value)}",
        colour,
        (Mark(shape, value, value * ARROW.get(shape, 1)),),
    )
