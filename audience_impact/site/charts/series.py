"""Pictures over time, drawn by Vega-Lite: people by year and by day, restrictions by country.

A specification is built and checked by Altair once; each picture is that specification with other
data, which takes a tenth of the time. Vega knows no themes: it is given the CSS variables of
the page as colours and passes them on. Nothing is clipped, because a clip has an id, which would
be there twice on a page of two pictures; what goes beyond an axis is cut in the data.

Drawn so are the people under restriction in an area, by year and by day, and the restrictions of a
platform, a line a country.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any

import altair
import vl_convert
from markupsafe import escape

from audience_impact.answers.numbers import (
    Estimate,
    day_in_words,
    format_bounds,
    format_median_interval,
    from_to,
    read_estimate,
)
from audience_impact.outputs.impact_by_day import YEARS
from audience_impact.site.charts.finish import paint
from audience_impact.site.rendering import reveal_hidden

WIDTH, HEIGHT = 300, 190
"""Size of the plot area: with its axis a picture is as wide as a narrow screen, so that text
remains large.
"""
FONT = "Arial, 'Liberation Sans', sans-serif"
ROWS = "rows"
_ROOT = re.compile(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>')
PEOPLE = (
    "datum.value >= 1e9 ? format(datum.value / 1e9, '.3~r') + ' billion'"
    " : datum.value >= 1e6 ? format(datum.value / 1e6, '.3~r') + ' million'"
    " : format(datum.value, ',d')"
)


@cache
def _compile_kind(kind: str) -> dict[str, Any]:
    """Return a kind of picture as a specification of Vega, without data."""
    layers = {"years": _layer_years, "days": _layer_days, "acts": _layer_restrictions}[kind]()
    top = altair.param(name="top", value=1)
    chart = altair.layer(*layers, data=altair.NamedData(ROWS)).add_params(top)
    sized = chart.properties(width=WIDTH, height=HEIGHT).configure(**_CONFIG)
    specification: dict[str, Any] = vl_convert.vegalite_to_vega(
        {**sized.to_dict(), "datasets": {ROWS: []}}
    )
    return specification


_TEXT = {"labelFont": FONT, "titleFont": FONT, "labelFontSize": 12, "titleFontSize": 12}
_CONFIG: dict[str, Any] = {
    "aria": False,
    "mark": {"aria": False},
    "background": "transparent",
    "font": FONT,
    "view": {"stroke": None},
    "axis": {
        **_TEXT,
        "labelColor": paint("soft"),
        "titleColor": paint("soft"),
        "gridColor": paint("line"),
        "domainColor": paint("bounds"),
        "tickColor": paint("bounds"),
        "labelLimit": 130,
    },
    "legend": {**_TEXT, "labelColor": paint("ink"), "orient": "top", "title": None},
}


def draw_series(
    kind: str, title: str, alt: str, rows: Sequence[Mapping[str, Any]], **settings: float
) -> str:
    """Return a kind of picture: `years` or `days` with their `top`, `acts` with its `height`.

    `rows` are the rows that the layers of this kind need.
    """
    specification = dict(_compile_kind(kind))
    specification["height"] = settings.get("height", HEIGHT)
    specification["data"] = [
        {**item, "values": rows} if item["name"] == ROWS else item for item in specification["data"]
    ]
    specification["signals"] = [
        {**item, "value": settings["top"]} if item["name"] == "top" and "top" in settings else item
        for item in specification["signals"]
    ]
    svg: str = vl_convert.vega_to_svg(specification)
    description = (
        f"<title>{escape(reveal_hidden(title))}</title><desc>{escape(reveal_hidden(alt))}</desc>"
    )
    root = '<svg xmlns="http://www.w3.org/2000/svg" class="chart series" role="img" viewBox="{}">'
    return _ROOT.sub(lambda match: root.format(match[1]) + description, svg, count=1)


def _encode_people() -> altair.Y:
    axis = altair.Axis(labelExpr=PEOPLE, tickCount=4, title=None, domain=False, ticks=False)
    return altair.Y(
        "low:Q",
        axis=axis,
        scale=altair.Scale(zero=True, nice=False, domainMax=altair.ExprRef("top")),
    )


_COLOURS = altair.Scale(
    domain=["all restrictions", "only ordered ones"], range=[paint("accent"), paint("mark")]
)


def _layer_years() -> list[altair.Chart]:
    """Return bounds as faint bars, intervals as bars, medians as ticks, and the part they cover."""
    base = altair.Chart().encode(
        x=altair.X(
            "year:O",
            axis=altair.Axis(title=None, labelAngle=0, labelOverlap=True, labelSeparation=4),
        ),
        xOffset=altair.XOffset("which:N", sort=_COLOURS["domain"]),
    )
    colour = altair.Color(
        "which:N", scale=_COLOURS, legend=altair.Legend(symbolType="square", symbolOpacity=1)
    )
    faint = base.mark_bar(opacity=0.18).encode(y=_encode_people(), y2="high:Q", color=colour)
    interval = base.mark_bar(opacity=0.6).encode(y="q05:Q", y2="q95:Q", color=colour)
    median = base.mark_tick(thickness=2.5).encode(y="q50:Q", color=colour)
    part = base.mark_text(angle=270, align="left", fontSize=9, font=FONT, color=paint("ink"))
    return [faint, interval, median, part.encode(y=altair.value(HEIGHT - 4), text="covered:N")]


def _layer_days() -> list[altair.Chart]:
    """Return bounds, interval and median of each day; two points make a step."""
    axis = altair.Axis(
        title=None, format="%b %Y", tickCount={"interval": "month", "step": 6}, grid=False
    )
    x = altair.X("day:T", axis=axis, scale=altair.Scale(type="utc"))
    base = altair.Chart().encode(x=x)
    return [
        base.mark_area(opacity=0.18, color=paint("bounds")).encode(y=_encode_people(), y2="high:Q"),
        base.mark_area(opacity=0.45, color=paint("accent")).encode(y="q05:Q", y2="q95:Q"),
        base.mark_line(color=paint("ink"), strokeWidth=1.5).encode(y="q50:Q"),
    ]


def _layer_restrictions() -> list[altair.Chart]:
    """Return a row for each country, with a bar from start to end of each restriction."""
    axis = altair.Axis(title=None, format="%Y", tickCount=5, orient="top")
    base = altair.Chart().encode(
        x=altair.X("start:T", axis=axis, scale=altair.Scale(type="utc")),
        y=altair.Y("area:N", axis=altair.Axis(title=None, ticks=False, grid=True), sort=None),
    )
    return [
        base.mark_bar(opacity=0.5, color=paint("accent"), height=9).encode(x2="end:T"),
        base.mark_tick(color=paint("ink"), thickness=1.5, size=11),
    ]


Rows = Sequence[Mapping[str, Any]]

LINE = 17
"""Height of the line of a country, in pixels."""


def draw_platform(title: str, acts: Rows) -> str:
    """Return the picture; blank if no restriction has a known start.

    `acts` has for each restriction `area` (a name), `start` and `end`, days as ISO 8601; without an
    end on record both are the same day, and a tick is all that is drawn.
    """
    areas = {act["area"] for act in acts}
    if not acts:
        return ""
    return draw_series("acts", title, describe_platform(acts), acts, height=LINE * len(areas))


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
WIDE = 3.0
"""Maximum length of the axis, as a multiple of the largest interval."""
NOBODY = Estimate(0.0, 0.0, 0.0, 0.0, 0.0)
YearEstimate = tuple[str, str, Estimate]
"""A year, the kind of restrictions, and the number of people."""


def draw_years(title: str, rows: Rows) -> str:
    """Return the picture of the years of an area in `impact_by_area`; blank without rows."""
    years_shown = _list_years(rows)
    top = _choose_top([estimate for _, _, estimate in years_shown])
    points = [
        {
            **{"year": year, "which": which, **_cut_bounds(estimate, top)},
            "covered": (estimate.covered or "") if which == KINDS[0][0] else "",
        }
        for year, which, estimate in years_shown
    ]
    return draw_series("years", title, describe_years(rows), points, top=top) if years_shown else ""


def describe_years(rows: Rows) -> str:
    """Return the numbers in the picture in words."""
    years = _list_years(rows)
    text = " ".join(
        f"{year}, {which}: {describe_persons(estimate)}." for year, which, estimate in years
    )
    return text + _note_cut([estimate for _, _, estimate in years])


def _list_years(rows: Rows) -> list[YearEstimate]:
    """Return each year with all restrictions, and with ordered restrictions where these differ.

    Years without a row between the first and the last have 0 persons.
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
    """Return the picture of the days of an area in `impact_by_day`; blank without rows."""
    steps = list(_list_steps(rows))
    top = _choose_top([estimate for *_, estimate in steps])
    points = [
        {"day": day.isoformat(), **_cut_bounds(estimate, top)}
        for first, end, estimate in steps
        for day in (first, end)
    ]
    return draw_series("days", title, describe_days(rows), points, top=top) if steps else ""


def describe_days(rows: Rows) -> str:
    """Return the largest number of people on a day, and that of the last day, in words."""
    steps = list(_list_steps(rows))
    if not steps:
        return ""
    order = sorted(steps, key=lambda step: (step[2].q50 or 0.0, step[2].at_least or 0.0))
    places = (("Most", order[-1]), ("Last", steps[-1]))
    text = " ".join(
        f"{name}, {_describe_step(step)}: {describe_persons(step[2])}." for name, step in places
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


def _describe_step(step: tuple[date, date, Estimate]) -> str:
    first, last = step[0].isoformat(), (step[1] - timedelta(days=1)).isoformat()
    return day_in_words(first) if first == last else from_to(first, last).removeprefix("from ")


def describe_persons(estimate: Estimate) -> str:
    """Return median and interval in words, or the bounds if there is no estimate."""
    return format_bounds(estimate) if estimate.q50 is None else format_median_interval(estimate)


def _choose_top(estimates: list[Estimate]) -> float:
    """Return the end of the axis: bounds may be so wide that intervals would be lines."""
    ends = [estimate.at_most or estimate.at_least or 0.0 for estimate in estimates]
    core = [estimate.q95 for estimate in estimates if estimate.q95]
    return min(max([*ends, *core], default=0.0), WIDE * max(core, default=float("inf"))) or 1.0


def _cut_bounds(estimate: Estimate, top: float) -> dict[str, float | None]:
    """Return the numbers to draw, with the bounds cut at the edge."""
    low, high = estimate.at_least or 0.0, top if estimate.at_most is None else estimate.at_most
    drawn: dict[str, float | None] = {"low": min(low, top), "high": min(high, top)}
    return drawn | {name: getattr(estimate, name) for name in ("q05", "q50", "q95")}


def _note_cut(estimates: list[Estimate]) -> str:
    return (
        CUT
        if any((estimate.at_most or 0.0) > _choose_top(estimates) for estimate in estimates)
        else ""
    )
