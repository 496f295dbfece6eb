"""The home page, lists of restrictions, the table of all of them, and the pages of platforms.

The list of all restrictions is a page of its own, so that the home page stays small however many
there are. Lists by country, platform and year are for readers without JavaScript.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

from audience_impact.answers import names as naming
from audience_impact.answers.citation import cite_version, describe_dataset
from audience_impact.answers.numbers import (
    ENDS,
    Estimate,
    format_median,
    read_estimate,
    read_numbers,
)
from audience_impact.periods import parse_period
from audience_impact.site import areas, series
from audience_impact.site.drawing import Picture
from audience_impact.site.rendering import NAMES, render_page
from audience_impact.site.report_data import (
    UNDATED,
    File,
    ListEntry,
    ReportData,
    encode_csv,
    group_entries,
    largest_first,
    page_path,
    select_distinct,
    split_csv,
)
from audience_impact.vocabulary import WHOLE_INTERNET, WORLD, EndStatus, FactRole

REGIONS = (WORLD, "002", "019", "142", "150", "009")
"""The world and its regions (UN M49) on the home page."""
FEW = 8
"""Number of the largest, and of the newest, restrictions on the home page."""
TITLE = "How many people does an internet restriction affect?"
CSV = "restrictions.csv"
CSV_COLUMNS = (
    *("restriction_id", "title", "countries", "platforms", "features", "start_on", "end_status"),
    *("cause", "counted", *ENDS, "obs_status", "status", "version_id"),
)
GROUPS: dict[str, Callable[[ListEntry], Iterable[str]]] = {
    "country": lambda entry: entry.countries,
    "platform": lambda entry: entry.platforms,
    "feature": lambda entry: entry.features,
    "cause": lambda entry: (entry.cause,),
    "year": lambda entry: (entry.year,),
    "status": lambda entry: (entry.obs_status,),
    "in force": lambda entry: (entry.end_status,),
}
"""What restrictions can be filtered by, and its values of a restriction."""
CODED = {"status": "obs_status", "in force": "end_status"}
"""The enums of filters that have another name."""


def make_pages(report: ReportData) -> Iterator[File]:
    """Yield the home page, the list of all restrictions with its CSV, and the other lists."""
    rows = report.entries
    values: dict[str, Any] = {
        "lead": areas.write_lead(report, WORLD),
        "year": report.covered_year,
        "map": areas.make_map(report, report.covered_year, ""),
        "count": len(rows),
        "ongoing": sum(entry.end_status == EndStatus.ONGOING for entry in rows),
        "regions": REGIONS,
        "largest": select_distinct(largest_first(entry for entry in rows if entry.is_major), FEW),
        "newest": select_distinct(rows, FEW),
        "citation": cite_version(report.stored.manifest),
        "dataset": {"@context": "https://schema.org", **describe_dataset(report.stored.manifest)},
    }
    yield render_page(report, "index.html", TITLE, "home.html", values)
    values = {"rows": rows, "choices": _list_choices(report), "csv": CSV}
    yield render_page(report, "all.html", "All restrictions", "all.html", values)
    cells = (_list_cells(row, report.stored.id) for row in rows)
    yield File(CSV, encode_csv([CSV_COLUMNS, *cells]))
    services: dict[str, list[str]] = {}
    for word, platform in naming.NICKNAMES.items():
        if platform in report.platforms:
            services.setdefault(platform, []).append(word)
    names = {
        "areas": list_search_names(set(report.listed_areas)),
        "services": {name: " ".join(words) for name, words in services.items()},
    }
    text = json.dumps(names, ensure_ascii=False, sort_keys=True)
    yield File(NAMES, f"window.knownNames = {text};\n".encode())
    groups = {}
    for heading, kind in (("Countries", "country"), ("Platforms", "platform"), ("Years", "year")):
        path = "area" if kind == "country" else kind
        listed = group_entries(rows, GROUPS[kind]).items()
        groups[heading] = sorted(
            (_label_value(report, kind, value), page_path(value, path), len(entries))
            for value, entries in listed
        )
    title = "Countries, platforms, years"
    yield render_page(report, "browse.html", title, "browse.html", {"groups": groups})
    for year, entries in group_entries(rows, GROUPS["year"]).items():
        values = {"rows": entries, "lead": write_year_lead(entries)}
        title = f"Restrictions that began in {year}"
        if year == UNDATED:
            title = "Restrictions without a day on record"
        yield render_page(report, page_path(year, "year"), title, "listing.html", values)


def write_year_lead(entries: list[ListEntry]) -> str:
    """Return how many restrictions a list has, in how many countries, and the largest of them."""
    countries = {code for entry in entries for code in entry.countries}
    many = "1 restriction" if len(entries) == 1 else f"{len(entries):,} restrictions"
    where = "1 country" if len(countries) == 1 else f"{len(countries)} countries"
    largest = next((entry for entry in largest_first(entries) if entry.is_major), None)
    if largest is None or largest.persons.q50 is None:
        return f"{many} in {where} on record."
    number = format_median(largest.persons)
    return f"{many} in {where} on record. The largest is {largest.title}, with {number} people."


def _label_value(report: ReportData, kind: str, value: str) -> str:
    if kind == "platform":
        return "The whole internet" if value == WHOLE_INTERNET else report.platforms[value]
    if kind == "country":
        return naming.name_area(value)
    if kind == "year":
        return "No day on record" if value == UNDATED else value
    return naming.label_code(value, CODED.get(kind, kind))


def _list_choices(report: ReportData) -> dict[str, list[tuple[str, str]]]:
    choices = {}
    for kind, read in GROUPS.items():
        values = {value for entry in report.entries for value in read(entry)}
        labels = {value: _label_value(report, kind, value) for value in values}
        choices[kind] = sorted(
            labels.items(), key=lambda pair: pair[1].casefold(), reverse=kind == "year"
        )
    return choices


def _list_cells(entry: ListEntry, version: str) -> tuple[Any, ...]:
    return (
        entry.restriction,
        entry.title,
        *(";".join(codes) for codes in (entry.countries, entry.platforms, entry.features)),
        *(entry.start, entry.end_status, entry.cause, entry.metric),
        *("" if end is None else int(end) for end in read_numbers(entry.persons)),
        *(entry.obs_status, naming.label_status(vars(entry)), version),
    )


def list_search_names(areas: set[str]) -> dict[str, str]:
    """Return the words by which each area is found: its names in all languages, old ones too."""
    words: dict[str, set[str]] = {code: set() for code in areas}
    for name, code in chain(naming.list_area_names(), naming.list_foreign_names()):
        if code in words:
            words[code].update(name.casefold().split())
    return {code: " ".join(sorted(unique)) for code, unique in words.items()}


def make_platform_pages(report: ReportData) -> Iterator[File]:
    """Yield a page for each platform that was restricted, and its numbers as CSV."""
    acts = report.tables["restrictions"][["restriction_id", "country_ids", "start_on", "ended_on"]]
    audiences = report.tables["impact_by_platform"].merge(acts, on="restriction_id")
    encode = split_csv(audiences, "platform_id", report.stored.id)
    for platform, entries in group_entries(report.entries, GROUPS["platform"]).items():
        path, name = page_path(platform, "platform"), _label_value(report, "platform", platform)
        data, title = path.removesuffix(".html"), f"Restrictions by country: {name}"
        by_country = group_entries(entries, GROUPS["country"])
        picture = series.draw_platform(title, _list_periods(report, by_country))
        values = {
            "count": len(entries),
            "ongoing": sum(entry.end_status == EndStatus.ONGOING for entry in entries),
            "countries": {
                code: by_country[code] for code in report.listed_areas if code in by_country
            },
            "undated": sum(not entry.start for entry in entries),
            "picture": picture,
            "audiences": _list_audiences(report, platform, entries),
            "is_internet": platform == WHOLE_INTERNET,
        }
        yield render_page(report, path, name, "platform.html", values)
        if picture:
            drawn = Picture(picture, f"Restrictions of {name}", (report.source_line,))
            yield File(f"{data}.svg", drawn.encode(".svg"))
        yield File(f"{data}.csv", encode(platform))


def _list_periods(
    report: ReportData, by_country: dict[str, list[ListEntry]]
) -> list[dict[str, str]]:
    periods, as_of = [], report.stored.version.as_of.isoformat()
    for code, entries in by_country.items():
        for entry in entries:
            ended = parse_period(report.records[entry.restriction].restriction.ended_on or "")
            end = as_of if entry.end_status == EndStatus.ONGOING else entry.start
            if ended:  # the day after the last
                end = max(entry.start, str(ended[1])[:10])
            if entry.start:
                periods.append({"area": naming.label_area(code), "start": entry.start, "end": end})
    return sorted(periods, key=lambda period: tuple(period.values()))


def _list_audiences(
    report: ReportData, platform: str, entries: Iterable[ListEntry]
) -> list[dict[str, Any]]:
    """Return the audiences of a platform, as used for restrictions: counted ones by country.

    Of a country without a count it is the last imputed one; `metric` and `period` are blank then.
    """
    audiences: dict[tuple[Any, ...], dict[str, Any]] = {}
    for entry in entries:
        record = report.records[entry.restriction]
        measured = {
            figure["attribution"]
            for figure in record.figures
            if figure["role"] == FactRole.AUDIENCE and figure["platform_id"] == platform
        }
        area = naming.join_names([naming.name_area(code) for code in entry.countries])
        for part in record.audiences:
            metric = part["audience_metric"] or ""
            ends = [part[f"printed_{end}_persons"] if metric else None for end in ("min", "max")]
            audience = {
                "area": area,
                "period": part["period"] or "",
                "bounds": Estimate(ends[0], None, None, None, ends[1]),
                "imputed": read_estimate(part, prefix="imputed_"),
                "metric": metric,
                "evidence_level": part["imputation_rung"] or "",
                "measured_by": "; ".join(sorted(measured)),
            }
            if part["platform_id"] == platform:
                audiences.setdefault((*audience.values(),) if metric else (area,), audience)
    counted = {row["area"] for row in audiences.values() if row["metric"]}
    rows = [row for row in audiences.values() if row["metric"] or row["area"] not in counted]
    return sorted(rows, key=lambda row: (row["area"], row["period"], str(row)))
