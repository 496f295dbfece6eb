"""Pictures over time, drawn by Vega-Lite: people by year and by day, restrictions by country.

The median is drawn first and broadest, the interval as a narrow mark on it, bounds as hairlines:
they may be so wide that they would drown the rest, and are cut at the edge. Each year, step and
restriction has its numbers as a title, which a browser shows where the mouse rests. The text
alternative of a picture is its numbers in words.
"""

import json
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
from audience_impact.outputs.impact_by_day import YEARS
from audience_impact.site.charts.drawing import INNER, draw, paint
from audience_impact.site.charts.rows import choose_step
from audience_impact.vocabulary import RestrictionKind

HEIGHT, LINE = 240, 17
"""Heights of the plot of people, and of the line of a country, in pixels."""
FINER = 0.7
"""Distance of labels of people, as a share of that in `rows`, whose axis has longer labels."""
PARTLY = "*"
"""Note below a year whose number leaves out countries or restrictions."""
BAR, PAIR, WIDEST = 0.52, 0.36, 84
"""Widths of the bar of a year, and of each of two bars, as shares of the picture's width by year;
and the maximum in pixels, where there are few years.
"""
KINDS = {
    "all restrictions": (RestrictionKind.ALL, "accent", -PAIR / 2),
    "only ordered ones": (RestrictionKind.ORDERED, "mark", PAIR / 2),
}
"""The kinds of restrictions that have a bar each, their colours, and their places if both have."""
CUT = " Bounds that go beyond the picture are cut off at its edge."
ROOM = 1.08
"""Length of the axis, as a multiple of its highest interval, or bound where there is none."""
NOBODY = Estimate(0.0, 0.0, 0.0, 0.0, 0.0)
Rows = Sequence[Mapping[str, Any]]
Periods = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""The row of each kind of restrictions, by period."""
Layer = dict[str, Any]


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
        pair = [read_kind(kinds, kind) if kinds else NOBODY for kind, *_ in KINDS.values()]
        count = 1 if read_numbers(pair[0]) == read_numbers(pair[1]) else 2
        listed += [(year, *bar) for bar in zip(KINDS, pair[:count], strict=False)]
    text = " ".join(f"{year}, {kind}: {describe_persons(number)}." for year, kind, number in listed)
    text += _note_cut([estimate for *_, estimate in listed])
    bars = [bar for bar in listed if bar[1] == next(iter(KINDS)) or bar[2].q50 is not None]
    top = choose_top([estimate for *_, estimate in bars])
    counts = Counter(year for year, *_ in bars)
    marks = [
        {"year": year + KINDS[kind][2] * (counts[year] > 1), "kind": kind,
         "title": f"{year}, {kind}: {describe_fully(estimate)}"} | _place_numbers(estimate, top)
        for year, kind, estimate in bars
    ]  # fmt: skip
    colours = [paint(colour) for _, colour, _ in KINDS.values()]
    legend = {"orient": "top"} if len(counts) < len(bars) else None
    colour = {"field": "kind", "scale": {"domain": [*KINDS], "range": colours}, "legend": legend}
    band = (PAIR - 0.02 if legend else BAR) * INNER / len(counts)
    bar = {"type": "bar", "width": round(min(band, WIDEST), 1)}
    layers = [
        _rule(marks, ("low", "high"), "bounds"),
        _layer([mark for mark in marks if "q50" in mark], bar, y=_y("q50"), color=colour),
        _rule(marks, ("q05", "q95"), "paper", 5),
        _rule(marks, ("q05", "q95"), "ink", 2.5),
        _hit(marks, bar),
    ]
    x = _label_years([(year, estimate) for year, _, estimate in bars])
    return _draw_people(title, text, top, layers, x)


def draw_years_line(title: str, years: Sequence[tuple[str, Estimate]]) -> str:
    """Return the line through the medians of years that follow one another.

    A year without an estimate breaks the line and has its bounds alone.
    """
    top = choose_top([estimate for _, estimate in years])
    marks = [
        {"year": int(year), "title": f"{year}: {describe_fully(estimate)}"}
        | _place_numbers(estimate, top)
        for year, estimate in years
    ]
    steps = [
        {**mark, "step": place}
        for place, pair in enumerate(pairwise(marks))
        if all("q50" in mark for mark in pair)
        for mark in pair
    ]
    alt = " ".join(f"{year}: {describe_persons(estimate)}." for year, estimate in years)
    accent = {"color": paint("accent")}
    dots = [mark for mark in marks if "q50" in mark]
    step = {"field": "step"}
    layers = [
        _layer(steps, {"type": "area", "opacity": 0.25, **accent}, y=_y("q05"),
               y2={"field": "q95"}, detail=step),
        _rule(marks, ("low", "high"), "bounds"),
        _layer(steps, {"type": "line", "strokeWidth": 2.5, **accent}, y=_y("q50"), detail=step),
        _layer(dots, {"type": "circle", "size": 60, "opacity": 1, **accent}, y=_y("q50")),
        _hit(marks, {"type": "bar", "width": INNER // len(marks) // 2}),
    ]  # fmt: skip
    listed = [(int(year), estimate) for year, estimate in years]
    return _draw_people(title, alt, top, layers, _label_years(listed))


def draw_days(title: str, rows: Rows) -> str:
    """Return the picture of runs of days of an area; blank without rows."""
    steps = list(_list_steps(rows))
    if not steps:
        return ""
    top = choose_top([estimate for *_, estimate in steps])
    marks: list[Layer] = [
        {"from": start.toordinal(), "to": end.toordinal(),
         "title": f"{_describe_days(start, end)}: {describe_fully(estimate)}"}
        | _place_numbers(estimate, top)
        for start, end, estimate in steps
    ]  # fmt: skip
    corners: list[Layer] = []  # of the band of days that follow one another; a gap begins a new run
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
    axis = {**_label_axis(labels), "grid": False, "labelAlign": "left"}
    scale = {"domain": [first.toordinal(), last.toordinal()]}
    x = {"field": "from", "type": "quantitative", "axis": axis, "scale": scale}
    layers = [
        _layer(corners, {"type": "area", "interpolate": "step-after", "opacity": 0.25,
               "color": paint("accent")}, y=_y("q05"), y2={"field": "q95"},
               detail={"field": "run"}),
        _line(marks, "low", "bounds", 1),
        _line([mark for mark in marks if mark["high"] < top], "high", "bounds", 1),
        _line([mark for mark in marks if "q50" in mark], "q50", "accent", 3),
        _hit(marks, {"type": "rect"}, x2={"field": "to"}),
    ]  # fmt: skip
    largest = max(steps, key=lambda step: (step[2].q50 or 0.0, step[2].min or 0.0, step[0]))
    text = " ".join(
        f"{name}, {_describe_days(start, end)}: {describe_persons(estimate)}."
        for name, (start, end, estimate) in (("Most", largest), ("Last", steps[-1]))
    )
    text += _note_cut([estimate for *_, estimate in steps])
    return _draw_people(title, text, top, layers, {"x": x})


def draw_platform(title: str, acts: Rows) -> str:
    """Return the picture; blank if no restriction has a known start.

    `acts` has for each restriction `area` (a name), `start` and `end`, days as ISO 8601; without an
    end on record both are the same day, and a tick is all that is drawn.
    """
    if not acts:
        return ""
    by_area: dict[str, list[Mapping[str, Any]]] = {}
    for act in acts:
        by_area.setdefault(act["area"], []).append(act)
    marks = [
        {"area": act["area"], "from": _parse_day(act["start"]).toordinal(),
         "to": _parse_day(act["end"]).toordinal(),
         "title": f"{act['area']}: {from_to(act['start'], act['end'])}"}
        for act in acts
    ]  # fmt: skip
    days = [act[end] for act in acts for end in ("start", "end")]
    years = range(int(min(days)[:4]), int(max(days)[:4]) + 2)
    labels = {date(year, 1, 1).toordinal(): str(year) for year in years}
    axis = {**_label_axis(labels), "labelOverlap": True, "grid": False, "labelAlign": "left"}
    scale = {"domain": [min(labels), max(labels)]}
    encoding = {
        "x": {"field": "from", "type": "quantitative", "axis": axis, "scale": scale},
        "y": {"field": "area", "sort": None, "axis": {"grid": True, "labelLimit": 120}},
        "description": {"field": "title"},
    }
    layers = [
        _layer(marks, {"type": "bar", "color": paint("accent"), "opacity": 0.5, "aria": True,
                       "height": 9}, x2={"field": "to"}),
        _layer(marks, {"type": "tick", "color": paint("ink"), "opacity": 1, "thickness": 2,
                       "size": 11, "aria": True}),
    ]  # fmt: skip
    spec = {"width": INNER, "height": LINE * len(by_area), "encoding": encoding, "layer": layers}
    text = " ".join(f"{area}: {_describe_span(listed)}." for area, listed in by_area.items())
    return draw({**spec, "autosize": _FIT_WIDTH}, title, text)


def _describe_span(acts: Rows) -> str:
    first, last = min(act["start"][:4] for act in acts), max(act["end"][:4] for act in acts)
    count = "1 restriction" if len(acts) == 1 else f"{len(acts)} restrictions"
    return f"{count}, {first}" + ("" if first == last else f" to {last}")


_FIT_WIDTH = {"type": "fit-x", "contains": "padding"}


def _draw_people(title: str, alt: str, top: float, layers: list[Layer], x: Layer) -> str:
    step = choose_step(FINER * top)
    ticks = {step * number: format_number(step * number) for number in range(int(top / step) + 1)}
    axis = {**_label_axis(ticks), "zindex": 0}
    for layer in layers:
        layer["encoding"]["y"] |= {"axis": axis, "scale": {"domain": [0, top], "nice": False}}
    spec = {"width": INNER, "height": HEIGHT, "encoding": x, "layer": layers}
    return draw({**spec, "autosize": _FIT_WIDTH}, title, alt)


def _layer(marks: list[Layer], mark: Layer, **encoding: Layer) -> Layer:
    """Return a layer of marks; they have no description but where `aria` is true."""
    return {"data": {"values": marks}, "mark": {"aria": False, **mark}, "encoding": encoding}


def _hit(marks: list[Layer], mark: Layer, **more: Layer) -> Layer:
    """Return a layer that nobody sees, as high as the plot, with the title of each mark."""
    title = {"field": "title"}
    mark = {**mark, "fillOpacity": 0, "aria": True}
    return _layer(marks, mark, y=_y("top"), y2={"datum": 0}, description=title, **more)


def _rule(marks: list[Layer], ends: tuple[str, str], colour: str, width: float = 1) -> Layer:
    rule = {"type": "rule", "color": paint(colour), "strokeWidth": width}
    there = [mark for mark in marks if ends[1] in mark]
    return _layer(there, rule, y=_y(ends[0]), y2={"field": ends[1]})


def _line(marks: list[Layer], number: str, colour: str, width: float) -> Layer:
    """Return a layer of horizontal lines, each as long as the days that it is of."""
    rule = {"type": "rule", "color": paint(colour), "strokeWidth": width, "strokeCap": "square"}
    return _layer(marks, rule, y=_y(number), x2={"field": "to"})


def _y(field: str) -> Layer:
    return {"field": field, "type": "quantitative"}


def _label_axis(texts: Mapping[Any, str | list[str]]) -> Layer:
    keys = {f"{value:.15g}": text for value, text in texts.items()}
    return {"values": list(texts), "labelExpr": f"{json.dumps(keys)}[datum.value]"}


def _label_years(years: Sequence[tuple[int, Estimate]]) -> Layer:
    """Return the axis of years; one of which a part is left out says so."""
    first, last = years[0][0], years[-1][0]
    partly = {year for year, estimate in years if estimate.covered}
    texts = {
        year: [str(year), PARTLY] if year in partly else str(year)
        for year in range(first, last + 1)
    }
    axis = {**_label_axis(texts), "grid": False, "labelOverlap": True, "domain": True}
    scale = {"domain": [first - 0.5, last + 0.5], "nice": False}
    return {"x": {"field": "year", "type": "quantitative", "axis": axis, "scale": scale}}


def _place_numbers(estimate: Estimate, top: float) -> dict[str, float]:
    """Return the numbers to draw, cut at the top of the axis; without a lower bound it is zero."""
    numbers = {
        "low": estimate.min or 0.0,
        "high": top if estimate.max is None else estimate.max,
        "top": top,
        "q05": estimate.q05,
        "q50": estimate.q50,
        "q95": estimate.q95,
    }
    return {name: min(number, top) for name, number in numbers.items() if number is not None}


def describe_fully(estimate: Estimate) -> str:
    """Return median and interval, then the bounds, in words."""
    if estimate.q50 is None:
        return f"no estimate, {format_bounds(estimate)}"
    return f"{format_median_interval(estimate)}; bounds {format_bounds(estimate)}"


def describe_persons(estimate: Estimate) -> str:
    """Return median and interval in words, or the bounds if there is no estimate."""
    return format_bounds(estimate) if estimate.q50 is None else format_median_interval(estimate)


def _list_steps(rows: Rows) -> Iterator[tuple[date, date, Estimate]]:
    """Yield first day, day after the last, and people of each step; zero without a row."""
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
