"""The home page, the lists of all restrictions, by country, platform and year, and their table.

The list of all restrictions is a page of its own, so that the home page stays small however many
there are. Lists by country, platform and year are for readers without JavaScript.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from typing import Any

from audience_impact.answers import names as naming
from audience_impact.answers.citation import cite_version, describe_dataset
from audience_impact.answers.numbers import ENDS, format_median, read_numbers
from audience_impact.plain_text import cell_text
from audience_impact.site import areas, platforms, rendering
from audience_impact.site.rendering import group_entries, largest_first, newest_first
from audience_impact.site.report_data import (
    UNDATED,
    WORLD,
    File,
    ListEntry,
    Page,
    ReportData,
    area_path,
    encode_csv,
    platform_path,
    year_path,
)
from audience_impact.vocabulary import EndStatus

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


def make_pages(report: ReportData) -> Iterator[Page | File]:
    """Yield the home page, the list of all restrictions with its CSV, and the other lists."""
    rows = newest_first(report.entries)
    largest = largest_first(entry for entry in rows if entry.is_major)
    values = {
        "lead": areas.write_lead(report, WORLD),
        "year": report.covered_year,
        "map": areas.make_map(report, report.covered_year, ""),
        "count": len(rows),
        "ongoing": sum(entry.end_status == EndStatus.ONGOING for entry in rows),
        "regions": REGIONS,
        "largest": rendering.select_distinct(largest, FEW),
        "newest": rendering.select_distinct(rows, FEW),
        "citation": cite_version(report.package),
        "dataset": {"@context": "https://schema.org", **describe_dataset(report.package)},
    }
    yield Page("index.html", TITLE, "home.html", values)
    listed = {"rows": rows, "choices": _list_choices(report), "csv": CSV}
    yield Page("all.html", "All restrictions", "all.html", listed)
    yield File(CSV, encode_csv([CSV_COLUMNS, *(_list_cells(row, report.version) for row in rows)]))
    yield File(rendering.NAMES, _make_search_names(report))
    groups = {"groups": _list_groups(report)}
    yield Page("browse.html", "Countries, platforms, years", "browse.html", groups)
    for year, entries in group_entries(report.entries, _find_years).items():
        values = {"rows": newest_first(entries), "lead": write_year_lead(entries)}
        title = f"Restrictions that began in {year}"
        if year == UNDATED:
            title = "Restrictions without a day on record"
        yield Page(year_path(year), title, "listing.html", values)


def _find_years(entry: ListEntry) -> tuple[str]:
    return (entry.year,)


def _name_year(year: str) -> str:
    return "No day on record" if year == UNDATED else year


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


def _list_groups(report: ReportData) -> list[tuple[str, list[tuple[str, str, int]]]]:
    """Return the lists by kind: heading, and name, path and count of each list, by name."""
    kinds: tuple[tuple[str, Any, Callable[[str], str], Callable[[str], str]], ...] = (
        ("Countries", lambda entry: entry.countries, naming.name_area, area_path),
        ("Platforms", lambda entry: entry.platforms, report.platforms.__getitem__, platform_path),
        ("Years", _find_years, _name_year, year_path),
    )
    return [
        (
            heading,
            sorted(
                (name(key), path(key), len(entries))
                for key, entries in group_entries(report.entries, keys).items()
            ),
        )
        for heading, keys, name, path in kinds
    ]


def _list_choices(report: ReportData) -> dict[str, list[tuple[str, str]]]:
    """Return values and labels of each filter, for values that occur, in the order of labels."""
    words = naming.label_code
    kinds: dict[str, tuple[Callable[[ListEntry], Iterable[str]], Callable[[str], str]]] = {
        "country": (lambda entry: entry.countries, naming.name_area),
        "platform": (lambda entry: entry.platforms, partial(platforms.name_platform, report)),
        "feature": (lambda entry: entry.features, lambda code: words(code, "feature")),
        "cause": (lambda entry: (entry.cause,), lambda code: words(code, "cause")),
        "year": (_find_years, _name_year),
        "status": (lambda entry: (entry.obs_status,), lambda code: words(code, "obs_status")),
        "in force": (lambda entry: (entry.end_status,), lambda code: words(code, "end_status")),
    }
    choices = {}
    for kind, (read, label) in kinds.items():
        values = {value for entry in report.entries for value in read(entry)}
        labelled = [(value, label(value)) for value in values]
        choices[kind] = sorted(
            labelled, key=lambda pair: pair[1].casefold(), reverse=kind == "year"
        )
    return choices


def _list_cells(entry: ListEntry, version: str) -> tuple[Any, ...]:
    return (
        entry.restriction,
        cell_text(entry.title),
        *(";".join(codes) for codes in (entry.countries, entry.platforms, entry.features)),
        *(entry.start, entry.end_status, entry.cause, entry.metric),
        *("" if end is None else int(end) for end in read_numbers(entry.persons)),
        *(entry.obs_status, naming.label_status(vars(entry)), version),
    )


def _make_search_names(report: ReportData) -> bytes:
    """Return the words by which areas and services are found, as a script that pages load."""
    services: dict[str, list[str]] = {}
    for word, platform in naming.NICKNAMES.items():
        if platform in report.platforms:
            services.setdefault(platform, []).append(word)
    words = {name: " ".join(several) for name, several in services.items()}
    names = {"areas": list_search_names(set(report.listed_areas)), "services": words}
    text = json.dumps(names, ensure_ascii=False, sort_keys=True)
    return f"window.knownNames = {text};\n".encode()


def list_search_names(areas: set[str]) -> dict[str, str]:
    """Return the words by which each area is found: its names in all languages, old ones too."""
    words: dict[str, set[str]] = {code: set() for code in areas}
    for name, code in chain(naming.list_area_names(), naming.list_foreign_names()):
        if code in words:
            words[code].update(name.casefold().split())
    return {code: " ".join(sorted(unique)) for code, unique in words.items()}
