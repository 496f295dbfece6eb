"""Pages of the world, of each region and of each country: numbers by year and by day.

Regions follow the UN (M49); the tree of areas and all numbers come from the version.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from audience_impact.answers import names as naming
from audience_impact.answers.areas import (
    AreaRecord,
    describe_collection,
    group_kinds,
    is_collected,
    is_year,
    name_uncounted,
    read_kind,
    write_area_answer,
    write_area_lead,
)
from audience_impact.answers.numbers import Estimate, read_estimate, read_numbers
from audience_impact.answers.records import ALL
from audience_impact.site import maps, series
from audience_impact.site.drawing import SPECS, Picture, paint
from audience_impact.site.rendering import render_page
from audience_impact.site.report_data import File, ReportData, Rows, largest_first, page_path
from audience_impact.site.rows import draw_person_days
from audience_impact.vocabulary import WORLD, RestrictionKind, read_table

MANY = 50
"""Maximum number of restrictions listed for a region, the largest first; a country lists all of
them.
"""
CHARTS = read_table(SPECS / "areas.csv")
"""Charts of an area: title, and meaning of the marks, for use outside its page."""
MAP_TITLE = "Share of each country's people under a restriction at some time in"
Kinds = Mapping[str, Mapping[str, Any]]
"""The row of each kind of restrictions in a period of an area."""


def make_pages(report: ReportData, part: slice = slice(None)) -> Iterator[File]:
    """Yield a page for each area of a part with a restriction, its numbers and its charts."""
    for code in sorted(report.listed_areas)[part]:
        path, name = page_path(code, "area").removesuffix(".html"), naming.name_area(code)
        values = _collect_values(report, code)
        yield render_page(report, f"{path}.html", name, "area.html", values)
        for kind, encode in report.csv_by_area.items():
            yield File(f"{path}-{kind}.csv", encode(code))
        for chart in CHARTS:
            kind = chart["kind"]
            if svg := values["pictures"][kind]:
                foot = (chart["marks"], report.source_line)
                picture = Picture(svg, f"{name}: {chart['title']}", foot)
                yield File(f"{path}-{kind}.svg", picture.encode(".svg"))
                if kind == "years":
                    yield File(f"{path}-{kind}.png", picture.encode(".png"))


def make_map_files(report: ReportData) -> Iterator[File]:
    """Yield the map of each year, and what the slider of the years shows."""
    years, places = list_map_years(report), dict[str, list[Any]]()
    for number, year in enumerate(years):
        listed = _select_countries(report, year)
        svg = maps.draw_map(f"{MAP_TITLE} {year}", listed, {}, legend=maps.SHARES.legend)
        title = f"Share of people online under an internet restriction, {year}"
        picture = Picture(svg, title, (report.source_line,))
        yield File(f"area/world-{year}.svg", picture.encode(".svg"))
        if year in report.main_years:
            yield File(f"area/world-{year}.png", Picture(svg, "", ()).encode(".png"))
        for row in listed:
            cells = places.setdefault(row["area_id"], [0] * len(years))
            cells[number] = [maps.choose_colour(row), maps.describe_country(row)]
    names = {code: f"{naming.name_area(code)}: no restriction on record" for code in places}
    data = {"years": years, "places": places, "none": names}
    script = f"window.worldYears = {json.dumps(data, sort_keys=True)};\n"
    yield File("area/world-years.js", script.encode())


def list_map_years(report: ReportData) -> list[str]:
    """Return the years with a country to draw, the oldest first."""
    years = {year for _, year in report.by_area if is_year(year)}
    return sorted(year for year in years if _select_countries(report, year))


def make_map(report: ReportData, year: str, root: str) -> dict[str, Any] | None:
    """Return what the macro `map` prints, with links below `root`; None without a country."""
    listed = _select_countries(report, year)
    if not listed:
        return None
    links = {code: root + page_path(code, "area") for code, _ in report.by_area}
    return {
        "year": year,
        "svg": maps.draw_map(f"{MAP_TITLE} {year}", listed, links),
        "png": f"area/world-{year}.png",
        "years": list_map_years(report),
        "legend": [(paint(colour), words) for colour, words in maps.SHARES.legend],
        "note": maps.write_note(listed),
    }


def _select_countries(report: ReportData, period: str) -> Rows:
    """Return the rows of countries of a year; codes of regions are numbers."""
    at = ((code, row) for (code, when), row in report.by_area.items() if when == period)
    return [row for code, row in at if not code.isdecimal()]


def _collect_values(report: ReportData, code: str) -> dict[str, Any]:
    name, periods = naming.name_area(code), group_kinds(report.list_rows("areas", code))
    years = {period: kinds for period, kinds in periods.items() if is_year(period)}
    days, today = report.list_rows("days", code), report.last_day.get(code)
    answered: list[Kinds] = [{"all": today | {"period": today["to_day"]}}] if today else []
    answered += [years[year] for year in report.main_years[::-1] if year in years]
    rows = report.list_rows("person_days", code)
    rows = [row for row in rows if row["restriction_id"] == ALL and is_year(row["period"])]
    collected = {period for period, kinds in years.items() if is_collected(kinds["all"])}
    reasons: dict[str, list[str]] = {}
    for year in reversed(years):
        if reason := years[year]["all"]["reason"]:
            reasons.setdefault(reason, []).append(year)
    others = report.list_rows("area_comparisons", code)
    countries = {country for country, above in report.areas_above.items() if code in above}
    inside = (entry for entry in report.entries if countries.intersection(entry.countries))
    return {
        "above": report.areas_above.get(code, ()),
        "lead": write_lead(report, code),
        "answers": [write_area_answer(AreaRecord(name, kinds)) for kinds in answered],
        "years": [_describe_year(years[year]) for year in reversed(years)],
        "reasons": [(", ".join(of_reason), text) for text, of_reason in reasons.items()],
        "days": [{**row, "estimate": read_estimate(row)} for row in days[::-1]],
        "person_days": rows[::-1],
        "others": sorted(others, key=lambda row: (row["period"], row["publisher"]))[::-1],
        "parts": _list_parts(report, code),
        "listed": report.by_country.get(code) or largest_first(inside)[:MANY],
        "all_listed": code in report.by_country,
        "map": make_map(report, report.covered_year, "../") if code == WORLD else None,
        "pictures": {
            "years": series.draw_years(f"People by year: {name}", periods),
            "days": series.draw_days(f"People day by day: {name}", days),
            "person-days": draw_person_days(
                f"Person-days by year: {name}", [row for row in rows if row["period"] in collected]
            ),
        },
    }


def write_lead(report: ReportData, code: str) -> list[str]:
    """Return one sentence with the number of an area, then its interval and what it leaves out.

    The number is of the year that is covered best, else of the last year with an estimate, else of
    the last year with a lower bound.
    """
    best = report.covered_year
    rows = [row for (area, year), row in report.by_area.items() if area == code and is_year(year)]
    rows.sort(key=lambda row: (row["period"] == best, row["period"]), reverse=True)
    estimated = [row for row in rows if row["q50_persons"] is not None]
    bounded = [row for row in rows if row["min_persons"]]
    chosen = next(iter([*estimated, *bounded, *rows]), None)
    if chosen is None:
        return ["Nothing that is on record was in force here."]
    collected = [*filter(None, [describe_collection(chosen)])]
    countries = _select_countries(report, chosen["period"])
    inside = [row for row in countries if code in report.areas_above[row["area_id"]]]
    lead = write_area_lead(AreaRecord(naming.name_area(code), {"all": chosen}))
    return lead + collected + name_uncounted(inside)


def _describe_year(kinds: Kinds) -> dict[str, Any]:
    people = {kind.value: read_kind(kinds, kind) for kind in RestrictionKind}
    return {
        **people,
        "row": kinds["all"],
        "counts": {kind: row["restrictions_count"] for kind, row in kinds.items()},
        "is_same": read_numbers(people["all"]) == read_numbers(people["ordered"]),
    }


def _list_parts(report: ReportData, code: str) -> list[tuple[str, list[Estimate | None]]]:
    """Return the parts of a region with their main years, those with the most people first."""
    parts: list[tuple[str, list[Estimate | None]]] = []
    for part in sorted(area for area, above in report.areas_above.items() if above[-1:] == (code,)):
        rows = [report.by_area.get((part, year)) for year in report.main_years]
        if any(rows):
            parts.append((part, [read_estimate(row) if row else None for row in rows]))
    return sorted(parts, key=lambda part: [-(now.q50 or 0.0) if now else 1.0 for now in part[1]])
