"""What runs over time, drawn by Vega-Lite: people of an area by year and by day, acts by country.

A specification is built and checked by Altair once; each picture is that specification with other
data, which takes a tenth of the time. Vega knows no themes: it is given the CSS variables of
`palette` as colours and passes them on. Nothing is clipped, because a clip has an id, which would
be there twice on a page of two pictures; what goes beyond an axis is cut in the data.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import altair
import vl_convert
from markupsafe import escape

from audience_impact.site.charts.palette import paint
from audience_impact.site.rendering import visible

WIDTH, HEIGHT = 300, 190
"""Of the inner part: with its axis a picture is as wide as a narrow screen, so text stays large."""
FONT = "Arial, 'Liberation Sans', sans-serif"
ROWS = "rows"
_ROOT = re.compile(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>')
PEOPLE = (
    "datum.value >= 1e9 ? format(datum.value / 1e9, '.3~r') + ' billion'"
    " : datum.value >= 1e6 ? format(datum.value / 1e6, '.3~r') + ' million'"
    " : format(datum.value, ',d')"
)


@cache
def _compiled(kind: str) -> dict[str, Any]:
    """A kind of picture without data, in the language that Vega draws."""
    layers = {"years": _years, "days": _days, "acts": _acts}[kind]()
    top = altair.param(name="top", value=1)
    chart = altair.layer(*layers, data=altair.NamedData(ROWS)).add_params(top)
    sized = chart.properties(width=WIDTH, height=HEIGHT).configure(**_CONFIG)
    found: dict[str, Any] = vl_convert.vegalite_to_vega({**sized.to_dict(), "datasets": {ROWS: []}})
    return found


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


def draw(kind: str, title: str, alt: str, rows: Sequence[Mapping[str, Any]], **given: float) -> str:
    """The picture of a kind: `years` and `days`, which are given `top`, `acts` with its `height`.

    `rows` are as its layers read them.
    """
    whole = dict(_compiled(kind))
    whole["height"] = given.get("height", HEIGHT)
    whole["data"] = [
        {**one, "values": rows} if one["name"] == ROWS else one for one in whole["data"]
    ]
    whole["signals"] = [
        {**one, "value": given["top"]} if one["name"] == "top" and "top" in given else one
        for one in whole["signals"]
    ]
    svg: str = vl_convert.vega_to_svg(whole)
    told = f"<title>{escape(visible(title))}</title><desc>{escape(visible(alt))}</desc>"
    root = '<svg xmlns="http://www.w3.org/2000/svg" class="chart series" role="img" viewBox="{}">'
    return _ROOT.sub(lambda found: root.format(found[1]) + told, svg, count=1)


def _people() -> altair.Y:
    axis = altair.Axis(labelExpr=PEOPLE, tickCount=4, title=None, domain=False, ticks=False)
    return altair.Y(
        "low:Q",
        axis=axis,
        scale=altair.Scale(zero=True, nice=False, domainMax=altair.ExprRef("top")),
    )


_COLOURS = altair.Scale(
    domain=["all restrictions", "ordered ones alone"], range=[paint("accent"), paint("mark")]
)


def _years() -> list[altair.Chart]:
    """Bounds faint, interval as a bar, median as a line; all beside those ordered."""
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
    faint = base.mark_bar(opacity=0.18).encode(y=_people(), y2="high:Q", color=colour)
    interval = base.mark_bar(opacity=0.6).encode(y="q05:Q", y2="q95:Q", color=colour)
    median = base.mark_tick(thickness=2.5).encode(y="q50:Q", color=colour)
    return [faint, interval, median]


def _days() -> list[altair.Chart]:
    """The same day by day: two points a step, so that each step ends where the next begins."""
    axis = altair.Axis(
        title=None, format="%b %Y", tickCount={"interval": "month", "step": 6}, grid=False
    )
    x = altair.X("day:T", axis=axis, scale=altair.Scale(type="utc"))
    base = altair.Chart().encode(x=x)
    return [
        base.mark_area(opacity=0.18, color=paint("bounds")).encode(y=_people(), y2="high:Q"),
        base.mark_area(opacity=0.45, color=paint("accent")).encode(y="q05:Q", y2="q95:Q"),
        base.mark_line(color=paint("ink"), strokeWidth=1.5).encode(y="q50:Q"),
    ]


def _acts() -> list[altair.Chart]:
    """A line a country, a bar from the start of each restriction to its end."""
    axis = altair.Axis(title=None, format="%Y", tickCount=5, orient="top")
    base = altair.Chart().encode(
        x=altair.X("start:T", axis=axis, scale=altair.Scale(type="utc")),
        y=altair.Y("area:N", axis=altair.Axis(title=None, ticks=False, grid=True), sort=None),
    )
    return [
        base.mark_bar(opacity=0.5, color=paint("accent"), height=9).encode(x2="end:T"),
        base.mark_tick(color=paint("ink"), thickness=1.5, size=11),
    ]
