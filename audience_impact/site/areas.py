"""The pages of the world, of each part of it and of each country: year by year and day by day.

Which area lies in which is the tree of the UN (M49); this and all numbers come from the version.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from audience_impact.answers import names as naming
from audience_impact.answers import sentences
from audience_impact.answers.names import listed as enumerated
from audience_impact.answers.numbers import Estimate, dates_in_words, estimate
from audience_impact.answers.records import plain_rows
from audience_impact.site import listings, rendering
from audience_impact.site.charts import area as charts
from audience_impact.site.charts import atlas, finish, person_days
from audience_impact.site.charts.palette import paint
from audience_impact.site.listed import Listed
from audience_impact.site.rendering import local
from audience_impact.site.world import File, Page, World, area_path, as_csv
from audience_impact.vocabulary import Sex

WORLD = "001"
MANY = 50
"""So many restrictions, the largest, a part of the world lists; a country lists all of its own."""
PNG_WIDTH = 1152
TOGETHER = "all"
"""In `person_days`: every restriction of a country."""
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Told:
    """What the tables hold of each area, by its code."""

    periods: Mapping[str, Rows]
    days: Mapping[str, Rows]
    person_days: Mapping[str, Rows]
    groups: Mapping[str, Rows]
    others: Mapping[str, Rows]


@dataclass(frozen=True)
class Year:
    """The people of a year: under all restrictions, and under those that an authority ordered."""

    year: str
    row: Mapping[str, Any]
    all: Estimate
    ordered: Estimate


@dataclass(frozen=True)
class Map:
    """The map of a year, as the macro `map` shows it."""

    year: str
    svg: str
    png: str
    legend: tuple[tuple[str, str], ...]
    note: str


def pages(world: World) -> Iterator[Page | File]:
    """A page an area that has a restriction on record, its numbers as CSV, and the maps as PNG."""
    told = _told(world)
    own = listings.grouped(world.listed, lambda one: one.countries)
    for code in sorted({*told.periods, *own}):
        yield Page(area_path(code), naming.area(code), "area.html", _values(world, told, code, own))
        yield from _data(world, code)
    for year in _years(world):
        if svg := _drawn(world, year, {}, explained=True):
            yield File(_png(year), finish.png(svg, PNG_WIDTH))


def world_map(world: World, year: str, root: str) -> Map | None:
    """The map of a year with links, `root` being the way up to the folder; None without rows."""
    links = {
        code: local(root + area_path(code)) for code, period in world.by_area if period == year
    }
    svg = _drawn(world, year, links)
    legend = tuple((paint(colour), words) for colour, words in atlas.LEGEND)
    return Map(year, svg, _png(year), legend, atlas.note(_countries(world, year))) if svg else None


def _drawn(world: World, year: str, links: Mapping[str, str], explained: bool = False) -> str:
    rows = _countries(world, year)
    title = f"Share of each country's people under a restriction at some time in {year}"
    return atlas.draw(title, rows, links, explained) if rows else ""


def _countries(world: World, year: str) -> Rows:
    """The rows of countries of a year; codes of parts of the world are numbers."""
    return [
        row
        for (code, period), row in world.by_area.items()
        if period == year and not code.isdecimal()
    ]


def _png(year: str) -> str:
    return f"area/world-{year}.png"


def _years(world: World) -> tuple[str, str]:
    """The year of the version, and the last whole one."""
    return str(world.as_of.year), str(world.as_of.year - 1)


def _told(world: World) -> Told:
    """The tables parted by area."""
    tables = world.tables
    together = tables["person_days"].query("restriction_id == @TOGETHER")
    return Told(
        _parted(tables["impact_by_area"]),
        _parted(tables["impact_by_day"]),
        _parted(together),
        _parted(tables["impact_by_group"]),
        _parted(tables["area_comparisons"]),
    )


def _parted(frame: pd.DataFrame) -> dict[str, Rows]:
    """The rows of each area."""
    found: dict[str, Rows] = {}
    for row in plain_rows(frame):
        found.setdefault(row["area_id"], []).append(row)
    return found


def _values(world: World, told: Told, code: str, own: Mapping[str, list[Listed]]) -> dict[str, Any]:
    """What the template reads."""
    name, periods, days = naming.area(code), told.periods.get(code, []), told.days.get(code, [])
    by_name = {one.restriction: one for one in world.listed}
    return {
        "code": code,
        "above": world.above.get(code, ()),
        "said": _said(world, code, name),
        "years": _by_year(periods)[::-1],
        "reasons": _reasons(periods),
        "days": [{**row, "found": estimate(row)} for row in days[::-1]],
        "pictures": _pictures(world, told, code, name),
        "person_days": [
            {**row, "found": estimate(row, "person_days")}
            for row in told.person_days.get(code, [])
            if len(row["period"]) == 4
        ],
        "groups": [
            {**row, "one": by_name[row["restriction_id"]], "group": group(row), **_when(row)}
            for row in told.groups.get(code, [])
        ],
        "others": _others(world, told, code),
        "parts": _parts(world, code),
        "is_country": code in own,
        "listed": [listings.row(one) for one in _listed(world, code, own)],
        "all_listed": code in own,
        "maps": _maps(world) if code == WORLD else [],
        "years_told": _years(world)[::-1],
        "data": area_path(code).rpartition("/")[2].removesuffix(".html"),
    }


def _said(world: World, code: str, name: str) -> list[str]:
    """The answers in sentences: today, this year, the last whole year."""
    today = world.last_day(code)
    rows = [world.area_row(code, year) for year in _years(world)]
    said = [sentences.day(today, name)] if today else []
    return said + [sentences.area(row, name) for row in rows if row]


def _by_year(periods: Rows) -> list[Year]:
    """The years, the first first."""
    return [
        Year(
            row["period"],
            row,
            estimate(row),
            estimate(row, prefix="ordered_"),
        )
        for row in periods
        if len(row["period"]) == 4
    ]


def _reasons(periods: Rows) -> list[tuple[str, str]]:
    """What is said of the status of a year, each once, with the years, the newest first."""
    found: dict[str, list[str]] = {}
    for row in periods[::-1]:
        if len(row["period"]) == 4 and row["reason"]:
            found.setdefault(row["reason"], []).append(row["period"])
    return [(", ".join(years), text) for text, years in found.items()]


def _pictures(world: World, told: Told, code: str, name: str) -> dict[str, str]:
    """SVG by what it shows; blank where there is nothing to draw."""
    return {
        "years": charts.draw_years(f"People by year: {name}", told.periods.get(code, [])),
        "days": charts.draw_days(f"People day by day: {name}", told.days.get(code, [])),
        "person_days": person_days.draw(
            f"Person-days by year: {name}", told.person_days.get(code, [])
        ),
    }


def _maps(world: World) -> list[Map]:
    """The map of the last whole year, then that of this one."""
    found = [world_map(world, year, "../") for year in _years(world)[::-1]]
    return [one for one in found if one]


def group(row: Mapping[str, Any]) -> str:
    """Whom a row of `impact_by_group` counts: women aged 18 to 24; residents aged 65 and over."""
    who = {Sex.MALE: "men", Sex.FEMALE: "women"}.get(row["sex"], "everyone")
    first, _, last = row["age"].partition("-")
    if first == "all":
        return who
    return f"{who} aged {first} to {last}" if last else f"{who} aged {first.rstrip('+')} and over"


def _when(row: Mapping[str, Any]) -> dict[str, str]:
    """The periods of the figures of a group in words."""
    told = [dates_in_words(period) for period in (row["period"] or "").split(";")]
    return {"periods": enumerated(told)}


def _others(world: World, told: Told, code: str) -> Rows:
    """What others published of the area, with the page it stands on, the newest first."""
    order = sorted(told.others.get(code, []), key=lambda row: (row["period"], row["publisher"]))
    return [
        {
            **row,
            "ours": Estimate(
                row["lower_persons"], None, row["q50_persons"], None, row["upper_persons"]
            ),
            "theirs": _theirs(row),
            "source": world.sources.get(row["source_id"], {"url": None}),
        }
        for row in order[::-1]
    ]


def _theirs(row: Mapping[str, Any]) -> str:
    """What a figure of others says, in the units that it has."""
    over = naming.limit(row["interval_kind"])
    units = (("published_events_count", "restrictions"), ("published_hours", "hours"))
    more = [f"{row[name]:,.0f} {unit}" for name, unit in units if row[name] is not None]
    if row["published_persons"] is None:
        return f"{over}{', '.join(more)}"
    return f"{over}{rendering.persons(row['published_persons'])}"


def _parts(world: World, code: str) -> list[dict[str, Any]]:
    """The parts of a part of the world, those with the most people first."""
    this, last = _years(world)
    found = []
    for part in sorted(area for area, above in world.above.items() if above[-1:] == (code,)):
        rows = [world.area_row(part, year) for year in (last, this)]
        if any(rows):
            numbers = [row and estimate(row) for row in rows]
            found.append({"area": part, "last": numbers[0], "this": numbers[1]})
    return sorted(
        found,
        key=lambda one: [-(now.q50 or 0.0) if now else 1.0 for now in (one["last"], one["this"])],
    )


def _listed(world: World, code: str, own: Mapping[str, list[Listed]]) -> list[Listed]:
    """The restrictions of a country, the newest first; of more the largest ones."""
    if code in own:
        return listings.newest_first(own[code])
    inside = [one for one in world.listed if any(code in world.above[c] for c in one.countries)]
    return listings.largest_first(inside)[:MANY]


def _data(world: World, code: str) -> Iterator[File]:
    """The numbers of a page as CSV: by period and by day, with the columns of the tables."""
    path = area_path(code).removesuffix(".html")
    for name, table in (("by-period", "impact_by_area"), ("by-day", "impact_by_day")):
        frame = world.tables[table]
        rows = frame[frame["area_id"] == code]
        yield File(f"{path}-{name}.csv", as_csv(rows, world.version))
