"""The line of an area over the years: the median, its interval as a band, bounds as hairlines.

A year without an estimate breaks the line and has its bounds alone; one without a restriction on
record is zero. Bounds are cut at the edge, as in `series`.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from audience_impact.answers import Quantity, names
from audience_impact.answers.citation import cite_version
from audience_impact.answers.numbers import Estimate, day_in_words
from audience_impact.site.charts.finish import Picture
from audience_impact.site.charts.ranking import COUNTED, TITLES, join_publishers
from audience_impact.site.charts.series import (
    HEIGHT,
    NOBODY,
    PARTLY,
    UNITS,
    Tick,
    choose_top,
    describe_fully,
    describe_persons,
    draw_series,
    is_minor,
    label_axis,
    place_numbers,
)
from audience_impact.store.versions import Stored

Years = Sequence[tuple[str, Estimate]]


def draw_years_line(
    name: str, quantity: Quantity, years: Years, publishers: Sequence[str], version: Stored
) -> Picture:
    """Return the picture of the years of an area; `name` is that in a sentence.

    Raise ValueError for fewer than two years, of which there is no line.
    """
    if len(years) < 2:
        raise ValueError("a line needs two years on record; draw bars with --as bar")
    estimates = _fill_years(years)
    span = f"{estimates[0][0]} to {estimates[-1][0]}"
    title = f"{TITLES[quantity][0]}: {names.capitalise_first(name)}, {span}"
    part = any(estimate.covered for _, estimate in estimates)
    as_of = str(version.manifest["audience_impact"]["as_of"])
    is_running = estimates[-1][0] == as_of[:4]
    foot = (
        "Line: median. Band: likely range. Hairlines: minimum to maximum, cut at the edge. "
        f"{COUNTED[quantity]}{f' {PARTLY}: a part has no estimate and is left out.' * part}",
        *([f"{as_of[:4]}: up to {day_in_words(as_of)}."] * is_running),
        f"Restrictions recorded by {join_publishers(publishers)}.",
        cite_version(version.manifest),
    )
    return Picture(draw_line(title, estimates), title, foot)


def draw_line(title: str, years: Years) -> str:
    """Return the SVG of the line through the medians of years that follow one another."""
    top = choose_top([estimate for _, estimate in years])
    places = [100 * (number + 0.5) / len(years) for number in range(len(years))]
    dots = [
        _make_dot(year, estimate, x, top) for (year, estimate), x in zip(years, places, strict=True)
    ]
    pairs = [(a, b) for a, b in pairwise(dots) if a["is_estimated"] and b["is_estimated"]]
    across = [
        Tick(round(x, 2), year, is_minor(number, len(years)), PARTLY if estimate.covered else "")
        for number, ((year, estimate), x) in enumerate(zip(years, places, strict=True))
    ]
    alt = " ".join(f"{year}: {describe_persons(estimate)}." for year, estimate in years)
    steps = [{"x1": a["x"], "x2": b["x"], "y1": a["q50"], "y2": b["q50"]} for a, b in pairs]
    band = "".join(map(_write_band, pairs))
    return draw_series(
        "line", title, alt, HEIGHT, across,
        dots=dots, steps=steps, band=band, up=label_axis(top), units=UNITS,
    )  # fmt: skip


def _fill_years(years: Years) -> list[tuple[str, Estimate]]:
    """Return the years with those in between that have no restriction on record."""
    by_year = dict(years)
    span = range(int(min(by_year)), int(max(by_year)) + 1)
    return [(str(year), by_year.get(str(year), NOBODY)) for year in span]


def _make_dot(year: str, estimate: Estimate, x: float, top: float) -> dict[str, Any]:
    """Return the places of the numbers of a year, in per cent of the width and in pixels."""
    return {
        "x": round(x, 2),
        "title": f"{year}: {describe_fully(estimate)}",
        "is_estimated": estimate.q50 is not None,
        **place_numbers(estimate, top),
    }


def _write_band(pair: tuple[dict[str, Any], dict[str, Any]]) -> str:
    """Return the path of the interval between two years, on a plane of UNITS."""
    first, last = pair
    start, end = (dot["x"] * UNITS / 100 for dot in pair)
    upper, lower = (
        f"{first['q95']:g}L{end:g} {last['q95']:g}",
        f"{last['q05']:g}L{start:g} {first['q05']:g}",
    )
    return f"M{start:g} {upper}L{end:g} {lower}Z"
