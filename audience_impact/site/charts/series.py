"""Pictures over time: people by year and by day, restrictions by country.

Horizontal positions are percentages and the text has a fixed size, as in `rows`, so that a picture
fills its column at any width and stays legible on a phone. Each year, step and restriction has its
numbers as a title, which a browser shows where the mouse rests; a reader needs no script for it.

The median is drawn first and broadest, the interval as a narrow mark on it, bounds as hairlines:
they may be so wide that they would drown the rest, and are cut at the edge.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from audience_impact.answers.numbers import (
    Estimate,
    day_in_words,
    format_bounds,
    format_median_interval,
    format_number,
    from_to,
    read_estimate,
)
from audience_impact.answers.records import is_collected
from audience_impact.outputs.impact_by_day import YEARS
from audience_impact.site import rendering
from audience_impact.site.charts.finish import paint
from audience_impact.site.charts.rows import choose_step

HEIGHT, LINE = 240, 17
"""Heights of the plot of people, and of the line of a country, in pixels."""
FINER = 0.7
"""Distance of labels of people, as a share of that in `rows`, whose axis has longer labels."""
PARTLY = "*"
"""Note below a year whose number leaves out countries or restrictions."""
BAR, PAIR = 0.6, 0.38
"""Widths of the bar of a year, and of each of two bars, as shares of its space."""
MOST_YEARS = 14
"""Number of years of which a narrow screen has room for every second label."""
WIDEST = 12.0
"""Maximum width of a bar, in per cent of the picture, where there are few years."""
UNITS = 1000
"""Horizontal units of a path, which is stretched to the width of the picture."""
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Tick:
    """A label of an axis.

    Attributes:
        place: Its place: per cent of the width, or pixels from the top.
        text: Its text.
        is_minor: Whether it is left out on a narrow screen.
        note: A text below it.
    """

    place: float
    text: str
    is_minor: bool = False
    note: str = ""


def draw_series(
    kind: str, title: str, alt: str, height: float, across: list[Tick], **values: Any
) -> str:
    """Return the SVG of a kind of picture: `years`, `days`, `line` or `acts`."""
    shared = {"kind": kind, "title": title, "alt": alt, "height": height, "across": across}
    template = rendering.load_environment().get_template("chart_series.svg")
    return template.render(paint=paint, **shared, **values)


def place_number(persons: float | None, top: float) -> float:
    """Return the place of a number of people in pixels from the top; the edge for None."""
    share = 1.0 if persons is None else min(persons / top, 1.0)
    return round(HEIGHT * (1 - share), 1)


def label_axis(top: float) -> list[Tick]:
    """Return the labels of the axis of people."""
    step = choose_step(FINER * top)
    ticks = (step * number for number in range(int(top / step) + 1))
    return [Tick(place_number(tick, top), format_number(tick)) for tick in ticks]


def draw_platform(title: str, acts: Rows) -> str:
    """Return the picture; blank if no restriction has a known start.

    `acts` has for each restriction `area` (a name), `start` and `end`, days as ISO 8601; without an
    end on record both are the same day, and a tick is all that is drawn.
    """
    if not acts:
        return ""
    areas = {name: line for line, name in enumerate(dict.fromkeys(act["area"] for act in acts))}
    years = range(*_span_years(acts))
    first, last = date(years[0], 1, 1), date(years[-1] + 1, 1, 1)

    def place(day: str) -> float:
        return round(100 * (_parse_day(day) - first) / (last - first), 2)

    bars = [
        {"x": place(act["start"]), "width": round(place(act["end"]) - place(act["start"]), 2),
         "y": areas[act["area"]] * LINE,
         "title": f"{act['area']}: {from_to(act['start'], act['end'])}"}
        for act in acts
    ]  # fmt: skip
    step = 1 + len(years) // 8
    across = [
        Tick(place(f"{year}-01-01"), str(year), number % 2 == 1)
        for number, year in enumerate(years[::step])
    ]
    height = LINE * len(areas)
    names = [Tick(LINE * line, name) for name, line in areas.items()]
    return draw_series("acts", title, describe_platform(acts), height, across, bars=bars, up=names)


def _span_years(acts: Rows) -> tuple[int, int]:
    """Return the first year of the restrictions, and the year after the last."""
    days = [act[end] for act in acts for end in ("start", "end")]
    return int(min(days)[:4]), int(max(days)[:4]) + 1


def describe_platform(acts: Rows) -> str:
    """Return for each country the number of restrictions, and their first and last year."""
    by_area: dict[str, list[Mapping[str, Any]]] = {}
    for act in acts:
        by_area.setdefault(act["area"], []).append(act)
    return " ".join(
        f"{area}: {_describe_span(restrictions)}." for area, restrictions in by_area.items()
    )


def _describe_span(restrictions: Rows) -> str:
    first, last = (
        min(act["start"][:4] for act in restrictions),
        max(act["end"][:4] for act in restrictions),
    )
    count = "1 restriction" if len(restrictions) == 1 else f"{len(restrictions)} restrictions"
    return f"{count}, {first}" + ("" if first == last else f" to {last}")


KINDS = (("all restrictions", ""), ("only ordered ones", "ordered_"))
CUT = " Bounds that go beyond the picture are cut off at its edge."
ROOM = 1.08
"""Length of the axis, as a multiple of its highest interval, or bound where there is none."""
NOBODY = Estimate(0.0, 0.0, 0.0, 0.0, 0.0)
YearEstimate = tuple[str, str, Estimate]
"""A year, the kind of restrictions, and the number of people."""


def draw_years(title: str, rows: Rows) -> str:
    """Return the picture of the years of an area in `impact_by_area`; blank without rows."""
    listed = [
        (year, which, estimate)
        for year, which, estimate in _list_years(rows)
        if which == KINDS[0][0] or estimate.q50 is not None
    ]
    if not listed:
        return ""
    top = choose_top([estimate for _, _, estimate in listed])
    years = sorted({year for year, _, _ in listed})
    kinds = [which for which, _ in KINDS if any(which == drawn for _, drawn, _ in listed)]
    legend = list(zip(("accent", "mark"), kinds, strict=False)) if len(kinds) > 1 else []
    return draw_series(
        "years",
        title,
        describe_years(rows),
        HEIGHT,
        _label_years(years, listed),
        bars=_place_bars(years, listed, top),
        up=label_axis(top),
        legend=legend,
    )


def _place_bars(years: list[str], listed: list[YearEstimate], top: float) -> list[dict[str, Any]]:
    """Return the bar of each estimate; two kinds in one year stand side by side."""
    band = 100 / len(years)
    estimates = Counter(year for year, _, _ in listed)
    bars = []
    for year, which, estimate in listed:
        is_pair = estimates[year] > 1
        is_first = which == KINDS[0][0]
        width = min(band * (PAIR if is_pair else BAR), WIDEST)
        shift = 0.53 * width * (0 if not is_pair else -1 if is_first else 1)
        x = (years.index(year) + 0.5) * band + shift
        bars.append(
            {
                "x": round(x, 2),
                "left": round(x - width / 2, 2),
                "width": round(width, 2),
                "colour": "accent" if is_first else "mark",
                "title": f"{year}, {which}: {describe_fully(estimate)}",
                **place_numbers(estimate, top),
                "is_estimated": estimate.q50 is not None,
            }
        )
    return bars


def _label_years(years: list[str], listed: list[YearEstimate]) -> list[Tick]:
    """Return the label of each year; one that is read in part says so."""
    band = 100 / len(years)
    parts = {year for year, _, estimate in listed if estimate.covered}
    return [
        Tick(
            (number + 0.5) * band,
            year,
            is_minor(number, len(years)),
            PARTLY if year in parts else "",
        )
        for number, year in enumerate(years)
    ]


def is_minor(number: int, count: int) -> bool:
    """Return whether the label of a year is left out on a narrow screen; the last one stays."""
    return (count - 1 - number) % (2 if count <= MOST_YEARS else 3) != 0


def place_numbers(estimate: Estimate, top: float) -> dict[str, float]:
    """Return the places of the numbers to draw, in pixels; without a lower bound it is zero."""
    numbers = {
        "low": estimate.at_least or 0.0, "high": estimate.at_most,
        "q05": estimate.q05, "q50": estimate.q50, "q95": estimate.q95,
    }  # fmt: skip
    return {name: place_number(number, top) for name, number in numbers.items()}


def describe_fully(estimate: Estimate) -> str:
    """Return median and interval, then the bounds, in words."""
    if estimate.q50 is None:
        return f"no estimate, {format_bounds(estimate)}"
    return f"{format_median_interval(estimate)}; bounds {format_bounds(estimate)}"


def describe_years(rows: Rows) -> str:
    """Return the numbers in the picture in words."""
    years = _list_years(rows)
    text = " ".join(
        f"{year}, {which}: {describe_persons(estimate)}." for year, which, estimate in years
    )
    return text + _note_cut([estimate for _, _, estimate in years])


def _list_years(rows: Rows) -> list[YearEstimate]:
    """Return each year with all restrictions, and with ordered restrictions where these differ.

    Years without a row between the first and the last have 0 persons; one of which not all events
    were collected is left out.
    """
    collected = [row for row in rows if len(row["period"]) == 4 and is_collected(row)]
    rows_by_year = {int(row["period"]): row for row in collected}
    years: list[YearEstimate] = []
    for year in range(min(rows_by_year), max(rows_by_year) + 1) if rows_by_year else ():
        row = rows_by_year.get(year)
        pair = [read_estimate(row, prefix=prefix) if row else NOBODY for _, prefix in KINDS]
        count = 1 if pair[0] == pair[1] else 2
        years += [(str(year), KINDS[number][0], pair[number]) for number in range(count)]
    return years


def draw_days(title: str, rows: Rows) -> str:
    """Return the picture of the days of an area in `impact_by_day`; blank without rows."""
    steps = list(_list_steps(rows))
    if not steps:
        return ""
    top = choose_top([estimate for *_, estimate in steps])
    first, last = steps[0][0], steps[-1][1]

    def place(day: date, width: int) -> float:
        return round(width * (day - first) / (last - first), 2)

    months = [date(year, month, 1) for year in range(first.year, last.year + 1) for month in (1, 7)]
    across = [
        Tick(place(day, 100), f"{day:%b %Y}", day.month == 7)
        for day in months
        if first <= day < last
    ]
    hits = [
        {"x": place(start, 100), "width": round(place(end, 100) - place(start, 100), 2),
         "title": f"{_describe_span_of_days(start, end)}: {describe_fully(estimate)}"}
        for start, end, estimate in steps
    ]  # fmt: skip
    paths = {
        name: "".join(
            f"M{place(start, UNITS):g} {high:g}H{place(end, UNITS):g}V{low:g}"
            f"H{place(start, UNITS):g}Z"
            for start, end, estimate in steps
            for high, low in _place_stripes(name, estimate, top)
        )
        for name in ("bounds", "interval", "median")
    }
    return draw_series(
        "days",
        title,
        describe_days(rows),
        HEIGHT,
        across,
        hits=hits,
        paths=paths,
        up=label_axis(top),
        units=UNITS,
    )


def _place_stripes(name: str, estimate: Estimate, top: float) -> Iterator[tuple[float, float]]:
    """Yield upper and lower edge of each stripe of a step, in pixels from the top."""
    places = place_numbers(estimate, top)
    if name == "bounds":
        yield from (
            (places[end] - 0.5, places[end] + 0.5) for end in ("low", "high") if places[end]
        )
    elif estimate.q50 is not None:
        is_median = name == "median"
        yield (
            (places["q50"] - 1.5, places["q50"] + 1.5)
            if is_median
            else (places["q95"], places["q05"])
        )


def describe_days(rows: Rows) -> str:
    """Return the largest number of people on a day, and that of the last day, in words."""
    steps = list(_list_steps(rows))
    if not steps:
        return ""
    order = sorted(steps, key=lambda step: (step[2].q50 or 0.0, step[2].at_least or 0.0))
    places = (("Most", order[-1]), ("Last", steps[-1]))
    text = " ".join(
        f"{name}, {_describe_span_of_days(*step[:2])}: {describe_persons(step[2])}."
        for name, step in places
    )
    return text + _note_cut([estimate for *_, estimate in steps])


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


def _describe_span_of_days(start: date, end: date) -> str:
    """Return the days from `start` up to the day before `end`: `1 to 3 March 2025`."""
    first, last = start.isoformat(), (end - timedelta(days=1)).isoformat()
    return day_in_words(first) if first == last else from_to(first, last).removeprefix("from ")


def describe_persons(estimate: Estimate) -> str:
    """Return median and interval in words, or the bounds if there is no estimate."""
    return format_bounds(estimate) if estimate.q50 is None else format_median_interval(estimate)


def choose_top(estimates: list[Estimate]) -> float:
    """Return the end of the axis: that of the intervals, or of the bounds where there are none."""
    core = max((estimate.q95 for estimate in estimates if estimate.q95), default=0.0)
    ends = (estimate.at_most or estimate.at_least or 0.0 for estimate in estimates)
    return ROOM * (core or max(ends, default=0.0)) or 1.0


def _note_cut(estimates: list[Estimate]) -> str:
    return (
        CUT
        if any((estimate.at_most or 0.0) > choose_top(estimates) for estimate in estimates)
        else ""
    )
