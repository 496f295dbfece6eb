"""The home page: the main numbers, and the table of all restrictions."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from audience_impact.answers import names as naming
from audience_impact.answers import sentences
from audience_impact.answers.numbers import ENDS, read_estimate
from audience_impact.exporting import content
from audience_impact.plain_text import cell_text
from audience_impact.site import areas, listings
from audience_impact.site.areas import WORLD
from audience_impact.site.report_data import File, ListEntry, Page, ReportData
from audience_impact.vocabulary import WHOLE_INTERNET, EndStatus

REGIONS = ("002", "019", "142", "150", "009")
"""Regions of the world (UN M49) on the home page."""
FEW = 8
"""Number of the largest, and of the newest, restrictions on the home page."""
TITLE = "How many people does an internet restriction touch?"
CSV = "restrictions.csv"
CSV_COLUMNS = (
    *("restriction_id", "title", "countries", "platforms", "features", "start_on", "end_status"),
    *("cause", "counted", *ENDS, "obs_status", "status", "version_id"),
)


def make_pages(report: ReportData) -> Iterator[Page | File]:
    """Yield the home page, and its table as CSV."""
    year = str(report.as_of.year)
    rows = listings.newest_first(report.entries)
    today, this_year = report.last_day(WORLD), report.area_row(WORLD, year)
    values = {
        "today": today and {"row": today, "found": read_estimate(today)},
        "today_said": today and sentences.write_day_answer(today, "the world"),
        "year": year,
        "this_year": this_year and {"row": this_year, "found": read_estimate(this_year)},
        "map": areas.make_map(report, year, ""),
        "ongoing": sum(entry.end_status == EndStatus.ONGOING for entry in rows),
        "regions": [_read_region(report, area, year) for area in (WORLD, *REGIONS)],
        "largest": [listings.make_row(entry) for entry in listings.largest_first(rows)[:FEW]],
        "newest": [listings.make_row(entry) for entry in rows[:FEW]],
        "rows": [listings.make_row(entry) for entry in rows],
        "choices": list_choices(report),
        "csv": CSV,
        "citation": content.Content(report.package, {}).citations[0],
    }
    yield Page("index.html", TITLE, "home.html", values)
    yield File(CSV, _make_csv(report))


def _read_region(report: ReportData, area: str, year: str) -> dict[str, Any]:
    """Return the estimates for a region today and this year; None without restrictions."""
    rows = {"today": report.last_day(area), "year": report.area_row(area, year)}
    estimates = {name: row and read_estimate(row) for name, row in rows.items()}
    return {"area": area, "name": naming.name_area(area), **estimates}


def list_choices(report: ReportData) -> dict[str, list[tuple[str, str]]]:
    """Return values and labels of each filter, for values that occur."""
    rows = report.entries
    return {
        "country": _list_options((entry.countries for entry in rows), naming.name_area),
        "platform": _list_options(
            (entry.platforms for entry in rows), _make_platform_namer(report.platforms)
        ),
        "feature": _list_options((entry.features for entry in rows), _make_labeller("feature")),
        "cause": _list_options(((entry.cause,) for entry in rows), _make_labeller("cause")),
        "year": _list_options((listings.find_year(entry) for entry in rows), listings.name_year)[
            ::-1
        ],
        "status": _list_options(
            ((entry.obs_status,) for entry in rows), _make_labeller("obs_status")
        ),
        "in force": _list_options(
            ((entry.end_status,) for entry in rows), _make_labeller("end_status")
        ),
    }


def _make_labeller(kind: str) -> Callable[[str], str]:
    return lambda value: naming.label_code(value, kind)


def _make_platform_namer(names: Mapping[str, str]) -> Callable[[str], str]:
    return lambda value: "The whole internet" if value == WHOLE_INTERNET else names[value]


def _list_options(
    values: Iterable[tuple[str, ...]], name: Callable[[str], str]
) -> list[tuple[str, str]]:
    """Return values with their labels, in the order of the labels."""
    unique_values = {value for group in values for value in group}
    return sorted(
        ((value, name(value)) for value in unique_values), key=lambda pair: pair[1].casefold()
    )


def _make_csv(report: ReportData) -> bytes:
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(CSV_COLUMNS)
    rows.writerows(
        _format_cells(entry, report.version) for entry in listings.newest_first(report.entries)
    )
    return text.getvalue().encode("utf-8-sig")


def _format_cells(entry: ListEntry, version: str) -> tuple[Any, ...]:
    return (
        *(
            entry.restriction,
            cell_text(entry.title),
            ";".join(entry.countries),
            ";".join(entry.platforms),
        ),
        *(";".join(entry.features), entry.start, entry.end_status, entry.cause, entry.metric),
        *("" if end is None else int(end) for end in entry.persons),
        *(entry.obs_status, naming.label_status(vars(entry)), version),
    )
