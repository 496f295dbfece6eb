"""Series over time, drawn by Vega-Lite: people by year and by day, restrictions by country.

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
from audience_impact.site.rendering import reveal_hidden

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
def _compile_kind(kind: str) -> dict[str, Any]:
    """Return a kind of picture without data, as a specification of Vega."""
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
    """Return the picture of a kind: `years` or `days` with their `top`, `acts` with its `height`.

    `rows` are as its layers read them.
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
    domain=["all restrictions", "ordered ones alone"], range=[paint("accent"), paint("mark")]
)


def _layer_years() -> list[altair.Chart]:
    """Return bounds as faint bars, intervals as bars, medians as ticks."""
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
    return [faint, interval, median]


def _layer_days() -> list[altair.Chart]:
    """Return bounds, interval and median day by day; two points make a step."""
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
