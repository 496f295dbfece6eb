"""Pages of the world, of each region and of each country: numbers by year and by day.

Regions follow the UN (M49); the tree of areas and all numbers come from the version.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from audience_impact.answers import names as naming
from audience_impact.answers import sentences
from audience_impact.answers.numbers import Estimate, read_estimate
from audience_impact.answers.records import is_collected, plain_rows
from audience_impact.site import rendering
from audience_impact.site.charts import drawing, maps, rows, series
from audience_impact.site.charts.drawing import paint
from audience_impact.site.rendering import quote_path
from audience_impact.site.report_data import (
    CsvRows,
    Drawing,
    File,
    ListEntry,
    Page,
    ReportData,
    area_path,
)

WORLD = "001"
MANY = 50
"""Maximum number of restrictions listed for a region, the largest first; a country lists all of
them.
"""
COUNTED = {
    "years": "Each person counts once.",
    "days": "Each person counts once.",
    "person-days": "Each person counts once a day.",
}
MARKS = {
    "years": "Bar: the estimate. Line on it: the number should lie within it, nine times in ten. "
    "Hairline: minimum to maximum. *: some countries or restrictions have no estimate, and "
    "the bar is of the others.",
    "days": "Line: the estimate. Band: the number should lie within it, nine times in ten. "
    "Hairlines: minimum to maximum.",
    "person-days": "Tick: the estimate. Bar: the number should lie within it, nine times in ten. "
    "Hairline: minimum to maximum.",
}
"""Meaning of the marks of a chart, for use outside its page."""
KINDS = ("began_", "carried_over_", "older_", "shutdown_", "service_")
"""Prefixes of the columns of the table of a year's kinds of restrictions."""
TOGETHER = "all"
"""Id in `person_days` of all restrictions of a country together."""
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class AreaTables:
    """The rows of each table by area."""

    periods: Mapping[str, Rows]
    days: Mapping[str, Rows]
    person_days: Mapping[str, Rows]
    others: Mapping[str, Rows]


@dataclass(frozen=True)
class Year:
    """The people of a year: under all restrictions, those ordered, and those of other kinds."""

    year: str
    row: Mapping[str, Any]
    all: Estimate
    ordered: Estimate
    kinds: Mapping[str, Estimate]

    @property
    def same(self) -> bool:
        """Return whether all restrictions of the year were ordered, as far as numbers tell."""
        return self.all == self.ordered


@dataclass(frozen=True)
class Map:
    """The map of a year, with the values that the macro `map` prints."""

    year: str
    svg: str
    png: str
    years: list[str]
    legend: tuple[tuple[str, str], ...]
    note: str


def make_pages(report: ReportData) -> Iterator[Page | File | Drawing]:
    """Yield a page for each area with a restriction, its numbers and charts, and the maps."""
    tables, files = _group_tables(report), _group_csv_rows(report)
    country_entries = rendering.group_entries(report.entries, lambda entry: entry.countries)
    for code in sorted(report.listed_areas):
        values = _collect_values(report, tables, code, country_entries)
        yield Page(area_path(code), naming.name_area(code), "area.html", values)
        path = area_path(code).removesuffix(".html")
        yield from (File(f"{path}-{name}.csv", rows.encode(code)) for name, rows in files.items())
        yield from _make_chart_files(report, code, values["pictures"])
    yield from _make_map_files(report)


def _make_chart_files(
    report: ReportData, code: str, pictures: Mapping[str, str]
) -> Iterator[File | Drawing]:
    """Yield the charts of an area as SVG, and that of its years as PNG, with title and source."""
    path, name = area_path(code).removesuffix(".html"), naming.name_area(code)
    titles = {
        "years": f"{name}: people under internet restrictions by year",
        "days": f"{name}: people under internet restrictions day by day",
        "person-days": f"{name}: person-days under internet restrictions by year",
    }
    for kind, title in titles.items():
        if svg := pictures[kind.replace("-", "_")]:
            foot = (f"{COUNTED[kind]} {MARKS[kind]}", report.source_line)
            texts: dict[str, Any] = {"title": title, "foot": foot}
            made = drawing.make_standalone(svg, drawing.LIGHT, **texts)
            yield File(f"{path}-{kind}.svg", made.encode())
            if kind == "years":
                draw = partial(drawing.make_png, svg, **texts)
                yield Drawing(f"{path}-{kind}.png", draw)


def _make_map_files(report: ReportData) -> Iterator[File | Drawing]:
    """Yield the map of each year as SVG, those of the pages as PNG, and all for the slider."""
    for year in list_map_years(report):
        if svg := _draw_map(report, year, {}, explained=True):
            title = {"title": f"Share of people online under an internet restriction, {year}"}
            texts: dict[str, Any] = {**title, "foot": (report.source_line,)}
            made = drawing.make_standalone(svg, drawing.LIGHT, **texts)
            yield File(f"area/world-{year}.svg", made.encode())
            if year in _choose_years(report):
                yield Drawing(_map_path(year), partial(drawing.make_png, svg))
    yield File("area/world-years.js", _make_slider_data(report))


def list_map_years(report: ReportData) -> list[str]:
    """Return the years with a country to draw, the oldest first."""
    return sorted(
        {year for code, year in report.by_area if len(year) == 4 and not code.isdecimal()}
    )


def _make_slider_data(report: ReportData) -> bytes:
    """Return colour and text of each country in each year as a script, which pages may load."""
    years, places = list_map_years(report), dict[str, list[Any]]()
    for number, year in enumerate(years):
        for row in _select_countries(report, year):
            cells = places.setdefault(row["area_id"], [0] * len(years))
            cells[number] = [maps.choose_colour(row), maps.describe_country(row)]
    names = {code: f"{naming.name_area(code)}: no restriction on record" for code in places}
    data = {"years": years, "places": places, "none": names}
    return f"window.worldYears = {json.dumps(data, sort_keys=True)};\n".encode()


def make_map(report: ReportData, year: str, root: str) -> Map | None:
    """Return the map of a year with links below `root`; None where no country has a row."""
    links = {code: quote_path(root + area_path(code)) for code, _ in report.by_area}
    svg = _draw_map(report, year, links)
    legend = tuple((paint(colour), words) for colour, words in maps.SHARES.legend)
    return (
        Map(
            year,
            svg,
            _map_path(year),
            list_map_years(report),
            legend,
            maps.write_note(_select_countries(report, year)),
        )
        if svg
        else None
    )


def _draw_map(
    report: ReportData, year: str, links: Mapping[str, str], explained: bool = False
) -> str:
    rows = _select_countries(report, year)
    title = f"Share of each country's people under a restriction at some time in {year}"
    legend = maps.SHARES.legend if explained else ()
    return maps.draw_map(title, rows, links, legend=legend) if rows else ""


def _select_countries(report: ReportData, year: str) -> Rows:
    """Return the rows of countries of a year; codes of regions are numbers."""
    return [
        row
        for (code, period), row in report.by_area.items()
        if period == year and not code.isdecimal()
    ]


def _map_path(year: str) -> str:
    return f"area/world-{year}.png"


def _choose_years(report: ReportData) -> tuple[str, str]:
    """Return the last year that the version covers well, and the year before it."""
    return report.covered_year, str(int(report.covered_year) - 1)


def _group_tables(report: ReportData) -> AreaTables:
    tables = report.tables
    together = tables["person_days"].query("restriction_id == @TOGETHER")
    return AreaTables(
        _group_by_area(tables["impact_by_area"]),
        _group_by_area(tables["impact_by_day"]),
        _group_by_area(together),
        _group_by_area(tables["area_comparisons"]),
    )


def _group_by_area(frame: pd.DataFrame) -> dict[str, Rows]:
    groups: dict[str, Rows] = {}
    for row in plain_rows(frame):
        groups.setdefault(row["area_id"], []).append(row)
    return groups


def _collect_values(
    report: ReportData,
    tables: AreaTables,
    code: str,
    country_entries: Mapping[str, list[ListEntry]],
) -> dict[str, Any]:
    """Return the values that the template reads."""
    name, periods, days = (
        naming.name_area(code),
        tables.periods.get(code, []),
        tables.days.get(code, []),
    )
    return {
        "code": code,
        "above": report.areas_above.get(code, ()),
        "lead": write_lead(report, code),
        "answers": _write_answers(report, code, name),
        "years": _list_years(periods)[::-1],
        "reasons": _group_reasons(periods),
        "days": [{**row, "estimate": read_estimate(row)} for row in days[::-1]],
        "pictures": _draw_pictures(report, tables, code, name),
        "person_days": [
            {**row, "estimate": read_estimate(row, "person_days")}
            for row in tables.person_days.get(code, [])
            if len(row["period"]) == 4
        ],
        "others": _list_comparisons(report, tables, code),
        "parts": _list_parts(report, code),
        "is_country": code in country_entries,
        "listed": [
            rendering.make_row(entry) for entry in _choose_entries(report, code, country_entries)
        ],
        "all_listed": code in country_entries,
        "maps": [*filter(None, [make_map(report, report.covered_year, "../")])] * (code == WORLD),
        "estimated_years": _choose_years(report)[::-1],
        "data": area_path(code).rpartition("/")[2].removesuffix(".html"),
    }


def write_lead(report: ReportData, code: str) -> list[str]:
    """Return one sentence with the number of an area, then its interval and what it leaves out.

    The number is of the year that is covered best, else of the last year with an estimate, else of
    the last year with a lower bound.
    """
    name, best = naming.name_area(code), report.covered_year
    rows = [row for (area, year), row in report.by_area.items() if area == code and len(year) == 4]
    rows.sort(key=lambda row: (row["period"] == best, row["period"]), reverse=True)
    tests = (lambda row: row["q50_persons"] is not None, lambda row: row["at_least_persons"])
    chosen = next((row for test in tests for row in rows if test(row)), rows[0] if rows else None)
    if chosen is None:
        return ["Nothing that is on record was in force here."]
    collected = [*filter(None, [sentences.describe_collection(chosen)])]
    left_out = _name_uncounted(report, code, chosen["period"])
    return sentences.write_area_lead(chosen, name) + collected + left_out


def _name_uncounted(report: ReportData, code: str, year: str) -> list[str]:
    """Return a sentence on the countries of a region without an estimate, the largest first."""
    countries = _select_countries(report, year)
    inside = [row for row in countries if code in report.areas_above[row["area_id"]]]
    return sentences.name_uncounted(inside)


def _write_answers(report: ReportData, code: str, name: str) -> list[str]:
    """Return the answers in sentences: today, the year covered best, the year before it."""
    today = report.last_day(code)
    rows = [report.area_row(code, year) for year in _choose_years(report)]
    answers = [sentences.write_day_answer(today, name)] if today else []
    return answers + [sentences.write_area_answer(row, name) for row in rows if row]


def _list_years(periods: Rows) -> list[Year]:
    """Return the years, the oldest first."""
    return [
        Year(
            row["period"],
            row,
            read_estimate(row),
            read_estimate(row, prefix="ordered_"),
            {kind: read_estimate(row, prefix=kind) for kind in KINDS},
        )
        for row in periods
        if len(row["period"]) == 4
    ]


def _group_reasons(periods: Rows) -> list[tuple[str, str]]:
    """Return each reason for the status of years, with these years, the newest first."""
    years_by_reason: dict[str, list[str]] = {}
    for row in periods[::-1]:
        if len(row["period"]) == 4 and row["reason"]:
            years_by_reason.setdefault(row["reason"], []).append(row["period"])
    return [(", ".join(years), text) for text, years in years_by_reason.items()]


def _draw_pictures(report: ReportData, tables: AreaTables, code: str, name: str) -> dict[str, str]:
    """Return the SVG of each picture by name; blank if it would be empty."""
    collected = {row["period"] for row in tables.periods.get(code, []) if is_collected(row)}
    days = [row for row in tables.person_days.get(code, []) if row["period"] in collected]
    return {
        "years": series.draw_years(f"People by year: {name}", tables.periods.get(code, [])),
        "days": series.draw_days(f"People day by day: {name}", tables.days.get(code, [])),
        "person_days": rows.draw_person_days(f"Person-days by year: {name}", days),
    }


def _list_comparisons(report: ReportData, tables: AreaTables, code: str) -> Rows:
    """Return the figures that others published of the area, with their pages, newest first."""
    order = sorted(tables.others.get(code, []), key=lambda row: (row["period"], row["publisher"]))
    return [
        {
            **row,
            "ours": Estimate(
                row["at_least_persons"], None, row["q50_persons"], None, row["at_most_persons"]
            ),
            "theirs": _format_published(row),
            "source": report.sources.get(row["source_id"], {"url": None}),
        }
        for row in order[::-1]
    ]


def _format_published(row: Mapping[str, Any]) -> str:
    """Return a figure that others published with its unit: people, restrictions or hours."""
    over = naming.name_limit(row["interval_kind"])
    units = (("published_events_count", "restrictions"), ("published_hours", "hours"))
    more = [f"{row[name]:,.0f} {unit}" for name, unit in units if row[name] is not None]
    if row["published_persons"] is None:
        return f"{over}{', '.join(more)}"
    return f"{over}{rendering.show_persons(row['published_persons'])}"


def _list_parts(report: ReportData, code: str) -> list[dict[str, Any]]:
    """Return the parts of a region, those with the most people first."""
    this, last = _choose_years(report)
    parts = []
    for part in sorted(area for area, above in report.areas_above.items() if above[-1:] == (code,)):
        rows = [report.area_row(part, year) for year in (last, this)]
        if any(rows):
            numbers = [row and read_estimate(row) for row in rows]
            parts.append({"area": part, "last": numbers[0], "this": numbers[1]})
    return sorted(
        parts,
        key=lambda part: [
            -(now.q50 or 0.0) if now else 1.0 for now in (part["last"], part["this"])
        ],
    )


def _choose_entries(
    report: ReportData, code: str, country_entries: Mapping[str, list[ListEntry]]
) -> list[ListEntry]:
    """Return the restrictions of a country, newest first; of a region, the largest ones."""
    if code in country_entries:
        return rendering.newest_first(country_entries[code])
    inside = [
        entry
        for entry in report.entries
        if any(code in report.areas_above[c] for c in entry.countries)
    ]
    return rendering.largest_first(inside)[:MANY]


def _group_csv_rows(report: ReportData) -> dict[str, CsvRows]:
    """Return the numbers of pages as CSV by period and by day, with the columns of the tables."""
    together = report.tables["person_days"].query("restriction_id == @TOGETHER")
    frames = {
        "by-period": report.tables["impact_by_area"],
        "by-day": report.tables["impact_by_day"],
        "person-days": together,
    }
    return {name: CsvRows(frame, "area_id", report.version) for name, frame in frames.items()}
