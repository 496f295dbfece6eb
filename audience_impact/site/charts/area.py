"""The people under restriction in an area, by year and day by day."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from audience_impact.answers.numbers import (
    Estimate,
    bounds,
    day_in_words,
    estimate,
    from_to,
    middle,
)
from audience_impact.outputs.impact_by_day import YEARS
from audience_impact.site.charts import series

Rows = Sequence[Mapping[str, Any]]

KINDS = (("all restrictions", ""), ("ordered ones alone", "ordered_"))
CUT = " Bounds that go beyond the picture are cut off at its edge."
WIDE = 3.0
"""How many times the largest interval the picture reaches."""
NOBODY = Estimate(0.0, 0.0, 0.0, 0.0, 0.0)
Told = tuple[str, str, Estimate]
"""A year, which restrictions, how many people."""


def draw_years(title: str, rows: Rows) -> str:
    """The picture of the years among rows of `impact_by_area`, those of one area; "" of none."""
    told = _by_year(rows)
    top = _top([one for _, _, one in told])
    found = [{"year": year, "which": which, **_shown(one, top)} for year, which, one in told]
    return series.draw("years", title, alt_years(rows), found, top=top) if told else ""


def alt_years(rows: Rows) -> str:
    """The same in words."""
    told = _by_year(rows)
    said = " ".join(f"{year}, {which}: {in_words(one)}." for year, which, one in told)
    return said + _cut([one for _, _, one in told])


def _by_year(rows: Rows) -> list[Told]:
    """Each year with all restrictions, and with those ordered where these are others.

    Years between without a row have nobody.
    """
    own = {int(row["period"]): row for row in rows if len(row["period"]) == 4}
    found: list[Told] = []
    for year in range(min(own), max(own) + 1) if own else ():
        row = own.get(year)
        each = [estimate(row, prefix=one) if row else NOBODY for _, one in KINDS]
        kept = 1 if each[0] == each[1] else 2
        found += [(str(year), KINDS[number][0], each[number]) for number in range(kept)]
    return found


def draw_days(title: str, rows: Rows) -> str:
    """The picture of rows of `impact_by_day`, those of one area; "" where there are none."""
    steps = list(_steps(rows))
    top = _top([one for *_, one in steps])
    points = [
        {"day": day.isoformat(), **_shown(one, top)}
        for first, end, one in steps
        for day in (first, end)
    ]
    return series.draw("days", title, alt_days(rows), points, top=top) if steps else ""


def alt_days(rows: Rows) -> str:
    """The same in words: the most people on a day, and those of the last day."""
    steps = list(_steps(rows))
    if not steps:
        return ""
    order = sorted(steps, key=lambda step: (step[2].q50 or 0.0, step[2].lower or 0.0))
    places = (("Most", order[-1]), ("Last", steps[-1]))
    said = " ".join(f"{name}, {_span(step)}: {in_words(step[2])}." for name, step in places)
    return said + _cut([one for *_, one in steps])


def _steps(rows: Rows) -> Iterator[tuple[date, date, Estimate]]:
    """From each day to the day before which a step ends; days without a row have nobody."""
    if not rows:
        return
    after = _day(rows[0]["as_of"]) + timedelta(days=1)
    end = after.replace(year=after.year - YEARS)
    for row in rows:
        first, last = _day(row["from_day"]), _day(row["to_day"])
        if end < first:
            yield end, first, NOBODY
        end = last + timedelta(days=1)
        yield first, end, estimate(row)
    if end < after:
        yield end, after, NOBODY


def _day(cell: Any) -> date:
    return date.fromisoformat(str(cell)[:10])


def _span(step: tuple[date, date, Estimate]) -> str:
    first, last = step[0].isoformat(), (step[1] - timedelta(days=1)).isoformat()
    return day_in_words(first) if first == last else from_to(first, last).removeprefix("from ")


def in_words(found: Estimate) -> str:
    """Median and interval, or the bounds where there is no estimate."""
    return bounds(found) if found.q50 is None else middle(found)


def _top(found: list[Estimate]) -> float:
    """Where the picture ends: the bounds may be so wide that the intervals would be lines."""
    ends = [one.upper or one.lower or 0.0 for one in found]
    core = [one.q95 for one in found if one.q95]
    return min(max([*ends, *core], default=0.0), WIDE * max(core, default=float("inf"))) or 1.0


def _shown(found: Estimate, top: float) -> dict[str, float | None]:
    """What is drawn: as it is, with the bounds cut at the edge."""
    low, high = found.lower or 0.0, top if found.upper is None else found.upper
    drawn: dict[str, float | None] = {"low": min(low, top), "high": min(high, top)}
    return drawn | {name: getattr(found, name) for name in ("q05", "q50", "q95")}


def _cut(found: list[Estimate]) -> str:
    return CUT if any((one.upper or 0.0) > _top(found) for one in found) else ""
