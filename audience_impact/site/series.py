"""Pictures over time, drawn by Vega-Lite: people by year and by day, restrictions by country.

The median is drawn first and broadest, the interval as a narrow mark on it, bounds as hairlines:
they may be so wide that they would drown the rest, and are cut at the edge. Each year, step and
restriction has its numbers as a title, which a browser shows where the mouse rests. The text
alternative of a picture is its numbers in words. `specs` has the specifications of the pictures.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from audience_impact.answers.areas import is_collected, is_year, read_kind
from audience_impact.answers.numbers import (
    Estimate,
    day_in_words,
    format_bounds,
    format_median_interval,
    format_number,
    from_to,
    read_estimate,
    read_numbers,
)
from audience_impact.outputs.over_time import YEARS
from audience_impact.site.drawing import INNER, draw, load_spec
from audience_impact.site.rows import choose_step
from audience_impact.vocabulary import RestrictionKind

LINE = 17
"""Height of the line of a country, in pixels."""
FINER = 0.7
"""Distance of labels of people, as a share of that in `rows`, whose axis has longer labels."""
PARTLY = "*"
"""Note below a year whose number leaves out countries or restrictions."""
BAR, PAIR, WIDEST = 0.52, 0.36, 84
"""Widths of the bar of a year, and of each of two bars, as shares of the picture's width by year;
and the maximum in pixels, where there are few years.
"""
KINDS = {
    "all restrictions": (RestrictionKind.ALL, -PAIR / 2),
    "only ordered ones": (RestrictionKind.ORDERED, PAIR / 2),
}
"""The kinds of restrictions that have a bar each, and their places where both have one."""
CUT = " Bounds that go beyond the picture are cut off at its edge."
ROOM = 1.08
"""Length of the axis, as a multiple of its highest interval, or bound where there is none."""
NOBODY = Estimate(0.0, 0.0, 0.0, 0.0, 0.0)
Rows = Sequence[Mapping[str, Any]]
Periods = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""The row of each kind of restrictions, by period."""
Mark = dict[str, Any]


def draw_years(title: str, periods: Periods) -> str:
    """Return the picture of the years of an area; blank without one.

    A year has a bar for all restrictions, and one for ordered restrictions where these differ and
    have an estimate. Years without a restriction between the first and the last have 0 persons; one
    of which not all events were collected is left out.
    """
    years = {
        int(period): kinds
        for period, kinds in periods.items()
        if is_year(period) and is_collected(kinds["all"])
    }
    if not years:
        return ""
    listed = []
    for year in range(min(years), max(years) + 1):
        kinds = years.get(year)
        pair = [read_kind(kinds, kind) if kinds else NOBODY for kind, _ in KINDS.values()]
        count = 1 if read_numbers(pair[0]) == read_numbers(pair[1]) else 2
        listed += [(year, *bar) for bar in zip(KINDS, pair[:count], strict=False)]
    text = " ".join(f"{year}, {kind}: {describe_persons(number)}." for year, kind, number in listed)
    text += _note_cut([estimate for *_, estimate in listed])
    bars = [bar for bar in listed if bar[1] == next(iter(KINDS)) or bar[2].q50 is not None]
    top = choose_top([estimate for *_, estimate in bars])
    counts = Counter(year for year, *_ in bars)
    marks = [
        _make_mark(f"{year}, {kind}", estimate, top)
        | {"year": year + KINDS[kind][1] * (counts[year] > 1), "kind": kind}
        for year, kind, estimate in bars
    ]
    spec, has_pairs = load_spec("years"), len(counts) < len(bars)
    if not has_pairs:
        spec["layer"][1]["encoding"]["color"]["legend"] = None
    band = (PAIR - 0.02 if has_pairs else BAR) * INNER / len(counts)
    values = _scale_people(top) | _scale_years([(year, number) for year, _, number in bars])
    values["bar"] = round(min(band, WIDEST), 1)
    return draw(spec, {"marks": marks}, values, title, text)


def draw_years_line(title: str, years: Sequence[tuple[int, Estimate]]) -> str:
    """Return the line through the medians of years that follow one another.

    A year without an estimate breaks the line and has its bounds alone.
    """
    top = choose_top([estimate for _, estimate in years])
    marks = [{"year": year, **_make_mark(str(year), number, top)} for year, number in years]
    steps = [
        {**mark, "step": place}
        for place, pair in enumerate(pairwise(marks))
        if all("q50" in mark for mark in pair)
        for mark in pair
    ]
    text = " ".join(f"{year}: {describe_persons(estimate)}." for year, estimate in years)
    values = _scale_people(top) | _scale_years(years) | {"bar": INNER // len(marks) // 2}
    return draw(load_spec("line"), {"marks": marks, "steps": steps}, values, title, text)


def draw_days(title: str, rows: Rows) -> str:
    """Return the picture of runs of days of an area; blank without rows."""
    if not rows:
        return ""
    steps = list(_list_steps(rows))
    estimates = [estimate for *_, estimate in steps]
    top = choose_top(estimates)
    marks = [
        _make_mark(_describe_days(start, end), estimate, top)
        | {"from": start.toordinal(), "to": end.toordinal()}
        for start, end, estimate in steps
    ]
    corners: list[Mark] = []  # of the band of days that follow one another; a gap begins a new run
    run = 0
    for mark, after in zip(marks, [*marks[1:], {}], strict=True):
        if "q50" in mark:
            corners.append({**mark, "run": run})
            if "q50" not in after:
                corners.append({**mark, "from": mark["to"], "run": run})
                run += 1
    first, last = steps[0][0], steps[-1][1]
    months = [date(year, month, 1) for year in range(first.year, last.year + 1) for month in (1, 7)]
    labels = {day.toordinal(): f"{day:%b %Y}" for day in months if first <= day < last}
    values = _scale_people(top) | _label_axis("day", labels)
    values |= {"first": first.toordinal(), "last": last.toordinal()}
    largest = max(steps, key=lambda step: (step[2].q50 or 0.0, step[2].min or 0.0, step[0]))
    text = " ".join(
        f"{name}, {_describe_days(start, end)}: {describe_persons(estimate)}."
        for name, (start, end, estimate) in (("Most", largest), ("Last", steps[-1]))
    )
    text += _note_cut(estimates)
    return draw(load_spec("days"), {"marks": marks, "corners": corners}, values, title, text)


def draw_platform(title: str, acts: Rows) -> str:
    """Return the picture; blank if no restriction has a known start.

    `acts` has for each restriction `area` (a name), `start` and `end`, days as ISO 8601; without an
    end on record both are the same day, and a tick is all that is drawn.
    """
    if not acts:
        return ""
    spans: dict[str, list[str]] = {}
    marks = []
    for act in acts:
        area, start, end = act["area"], act["start"], act["end"]
        spans.setdefault(area, []).extend((start, end))
        days = {"from": _parse_day(start).toordinal(), "to": _parse_day(end).toordinal()}
        marks.append({"area": area, **days, "title": f"{area}: {from_to(start, end)}"})
    ends = [day for days in spans.values() for day in days]
    years = range(int(min(ends)[:4]), int(max(ends)[:4]) + 2)
    labels = {date(year, 1, 1).toordinal(): str(year) for year in years}
    values = {**_label_axis("day", labels), "first": min(labels), "last": max(labels)}
    spec = {**load_spec("platform"), "height": LINE * len(spans)}
    texts = []
    for area, ends in spans.items():
        first, last = min(ends)[:4], max(ends)[:4]
        count = "1 restriction" if len(ends) == 2 else f"{len(ends) // 2} restrictions"
        texts.append(f"{area}: {count}, {first}{'' if first == last else f' to {last}'}.")
    return draw(spec, {"marks": marks}, values, title, " ".join(texts))


def _make_mark(name: str, estimate: Estimate, top: float) -> Mark:
    """Return the numbers to draw, cut at the top of the axis, and all of them as a title."""
    low, high = estimate.min or 0.0, top if estimate.max is None else estimate.max
    ends = {"q05": estimate.q05, "q50": estimate.q50, "q95": estimate.q95}
    numbers = {"low": low, "high": high, "top": top} | ends
    drawn = {name: min(number, top) for name, number in numbers.items() if number is not None}
    bounds = format_bounds(estimate)
    words = f"no estimate, {bounds}"
    if estimate.q50 is not None:
        words = f"{format_median_interval(estimate)}; bounds {bounds}"
    return {"title": f"{name}: {words}", **drawn}


def _scale_people(top: float) -> dict[str, Any]:
    step = choose_step(FINER * top)
    ticks = {step * number: format_number(step * number) for number in range(int(top / step) + 1)}
    return {"top": top, **_label_axis("tick", ticks)}


def _scale_years(years: Sequence[tuple[int, Estimate]]) -> dict[str, Any]:
    """Return the axis of years; one of which a part is left out says so."""
    first, last = years[0][0], years[-1][0]
    partly = {year for year, estimate in years if estimate.covered}
    texts = {
        year: [str(year), PARTLY] if year in partly else str(year)
        for year in range(first, last + 1)
    }
    return {"first": first - 0.5, "last": last + 0.5, **_label_axis("year", texts)}


def _label_axis(name: str, texts: Mapping[Any, str | list[str]]) -> dict[str, Any]:
    labels = {f"{value:.15g}": text for value, text in texts.items()}
    return {f"{name}s": list(texts), f"{name}_labels": labels}


def describe_persons(estimate: Estimate) -> str:
    """Return median and interval in words, or the bounds if there is no estimate."""
    return format_bounds(estimate) if estimate.q50 is None else format_median_interval(estimate)


def _list_steps(rows: Rows) -> Iterator[tuple[date, date, Estimate]]:
    """Yield first day, day after the last, and people of each step; zero without a row."""
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


def _describe_days(start: date, end: date) -> str:
    """Return the days from `start` up to the day before `end`: `1 to 3 March 2025`."""
    first, last = start.isoformat(), (end - timedelta(days=1)).isoformat()
    return day_in_words(first) if first == last else from_to(first, last).removeprefix("from ")


def choose_top(estimates: Sequence[Estimate]) -> float:
    """Return the end of the axis: that of the intervals, or of the bounds where there are none."""
    core = max((estimate.q95 for estimate in estimates if estimate.q95), default=0.0)
    ends = (estimate.max or estimate.min or 0.0 for estimate in estimates)
    return ROOM * (core or max(ends, default=0.0)) or 1.0


def _note_cut(estimates: Sequence[Estimate]) -> str:
    top = choose_top(estimates)
    return CUT if any((estimate.max or 0.0) > top for estimate in estimates) else ""
