"""The people under restriction in an area, by year and day by day."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from audience_impact.answers.numbers import (
    Estimate,
    day_in_words,
    format_bounds,
    format_median_interval,
    from_to,
    read_estimate,
)
from audience_impact.outputs.impact_by_day import YEARS
from audience_impact.site.charts import series

Rows = Sequence[Mapping[str, Any]]

KINDS = (("all restrictions", ""), ("ordered ones alone", "ordered_"))
CUT = " Bounds that go beyond the picture are cut off at its edge."
WIDE = 3.0
"""The picture reaches at most so many times the largest interval."""
NOBODY = Estimate(0.0, 0.0, 0.0, 0.0, 0.0)
YearEstimate = tuple[str, str, Estimate]
"""A year, which restrictions, how many people."""


def draw_years(title: str, rows: Rows) -> str:
    """Return the picture of the years in rows of `impact_by_area` of one area; "" without rows."""
    years_shown = _list_years(rows)
    top = _choose_top([estimate for _, _, estimate in years_shown])
    points = [
        {"year": year, "which": which, **_cut_bounds(estimate, top)}
        for year, which, estimate in years_shown
    ]
    return (
        series.draw_series("years", title, describe_years(rows), points, top=top)
        if years_shown
        else ""
    )


def describe_years(rows: Rows) -> str:
    """Return the numbers of the picture in words."""
    years = _list_years(rows)
    text = " ".join(
        f"{year}, {which}: {describe_persons(estimate)}." for year, which, estimate in years
    )
    return text + _note_cut([estimate for _, _, estimate in years])


def _list_years(rows: Rows) -> list[YearEstimate]:
    """Return each year with all restrictions, and with the ordered ones where these differ.

    Years between without a row have nobody.
    """
    rows_by_year = {int(row["period"]): row for row in rows if len(row["period"]) == 4}
    years: list[YearEstimate] = []
    for year in range(min(rows_by_year), max(rows_by_year) + 1) if rows_by_year else ():
        row = rows_by_year.get(year)
        pair = [read_estimate(row, prefix=prefix) if row else NOBODY for _, prefix in KINDS]
        count = 1 if pair[0] == pair[1] else 2
        years += [(str(year), KINDS[number][0], pair[number]) for number in range(count)]
    return years


def draw_days(title: str, rows: Rows) -> str:
    """Return the picture of rows of `impact_by_day` of one area; "" without rows."""
    steps = list(_list_steps(rows))
    top = _choose_top([estimate for *_, estimate in steps])
    points = [
        {"day": day.isoformat(), **_cut_bounds(estimate, top)}
        for first, end, estimate in steps
        for day in (first, end)
    ]
    return series.draw_series("days", title, describe_days(rows), points, top=top) if steps else ""


def describe_days(rows: Rows) -> str:
    """Return the most people on a day, and those of the last day, in words."""
    steps = list(_list_steps(rows))
    if not steps:
        return ""
    order = sorted(steps, key=lambda step: (step[2].q50 or 0.0, step[2].lower or 0.0))
    places = (("Most", order[-1]), ("Last", steps[-1]))
    text = " ".join(
        f"{name}, {_describe_step(step)}: {describe_persons(step[2])}." for name, step in places
    )
    return text + _note_cut([estimate for *_, estimate in steps])


def _list_steps(rows: Rows) -> Iterator[tuple[date, date, Estimate]]:
    """Yield first day, day after the last, and people of each step; nobody without a row."""
    if not rows:
        return
    after = _parse_day(rows[0]["as_of"]) + timedelta(days=1)
    end = after.replace(year=after.year - YEARS)
    for row in rows:
        first, last = _parse_day(row["from_day"]), _parse_day(row["to_day"])
        if end < first:
            yield end, first, NOBODY
        end = last + timedelta(days=1)
        yield first, end, read_estimate(row)
    if end < after:
        yield end, after, NOBODY


def _parse_day(cell: Any) -> date:
    return date.fromisoformat(str(cell)[:10])


def _describe_step(step: tuple[date, date, Estimate]) -> str:
    first, last = step[0].isoformat(), (step[1] - timedelta(days=1)).isoformat()
    return day_in_words(first) if first == last else from_to(first, last).removeprefix("from ")


def describe_persons(estimate: Estimate) -> str:
    """Return median and interval, or the bounds where there is no estimate."""
    return format_bounds(estimate) if estimate.q50 is None else format_median_interval(estimate)


def _choose_top(estimates: list[Estimate]) -> float:
    """Return the end of the axis: bounds may be so wide that intervals would be lines."""
    ends = [estimate.upper or estimate.lower or 0.0 for estimate in estimates]
    core = [estimate.q95 for estimate in estimates if estimate.q95]
    return min(max([*ends, *core], default=0.0), WIDE * max(core, default=float("inf"))) or 1.0


def _cut_bounds(estimate: Estimate, top: float) -> dict[str, float | None]:
    """Return the numbers to draw, with the bounds cut at the edge."""
    low, high = estimate.lower or 0.0, top if estimate.upper is None else estimate.upper
    drawn: dict[str, float | None] = {"low": min(low, top), "high": min(high, top)}
    return drawn | {name: getattr(estimate, name) for name in ("q05", "q50", "q95")}


def _note_cut(estimates: list[Estimate]) -> str:
    return (
        CUT
        if any((estimate.upper or 0.0) > _choose_top(estimates) for estimate in estimates)
        else ""
    )
