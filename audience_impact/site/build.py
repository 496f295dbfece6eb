"""The report of a version: the functions that create its pages, and the resulting files.

Each function takes the data of the report and yields pages and files. To add a kind of page, add a
function to PAGES and, if the head of each page should link to it, a line to `rendering.NAV`.

A report is written aside, flushed and renamed, so that a reader finds it whole. Below the root of
what is published:

    reports/<version id>/   the report of a version; its `report.json` names its files
    report                  leads to reports/<id> of the version reported last

A new report with the same bytes changes nothing. A report with other bytes (from another release of
the pages) replaces the old one by two renames.

The home page is made here: the main numbers and the largest restrictions; and the page with the
table of all restrictions, so that the home page stays small however many there are.
"""

import csv
import io
import json
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Future
from contextlib import suppress
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from audience_impact.answers import names as naming
from audience_impact.answers.citation import cite_version, describe_dataset
from audience_impact.answers.numbers import ENDS, read_estimate, read_numbers
from audience_impact.exporting import content, export
from audience_impact.plain_text import cell_text
from audience_impact.site import (
    areas,
    feed,
    platforms,
    rendering,
    report_data,
    restriction,
    texts,
)
from audience_impact.site.areas import WORLD
from audience_impact.site.charts.drawing import Picture
from audience_impact.site.processes import start_process
from audience_impact.site.report_data import Drawing, File, ListEntry, Page, ReportData
from audience_impact.store import VERSION_ID, PublishError, storage, versions
from audience_impact.store.files import as_json
from audience_impact.store.manifest import hash_bytes
from audience_impact.store.versions import Stored
from audience_impact.vocabulary import EndStatus

REGIONS = ("002", "019", "142", "150", "009")
"""Regions of the world (UN M49) on the home page."""
FEW = 8
"""Number of the largest, and of the newest, restrictions on the home page."""
TITLE = "How many people does an internet restriction affect?"
CSV = "restrictions.csv"
CSV_COLUMNS = (
    *("restriction_id", "title", "countries", "platforms", "features", "start_on", "end_status"),
    *("cause", "counted", *ENDS, "obs_status", "status", "version_id"),
)


def make_pages(report: ReportData) -> Iterator[Page | File]:
    """Yield the home page, the page of all restrictions, and its table as CSV."""
    year = report.covered_year
    rows = rendering.newest_first(report.entries)
    largest = rendering.largest_first(entry for entry in rows if entry.is_major)
    today, this_year = report.last_day(WORLD), report.area_row(WORLD, year)
    values = {
        "today": today and {"row": today, "estimate": read_estimate(today)},
        "lead": areas.write_lead(report, WORLD),
        "year": year,
        "this_year": this_year and {"row": this_year, "estimate": read_estimate(this_year)},
        "map": areas.make_map(report, year, ""),
        "count": len(rows),
        "ongoing": sum(entry.end_status == EndStatus.ONGOING for entry in rows),
        "regions": [_read_region(report, area, year) for area in (WORLD, *REGIONS)],
        "largest": _make_rows(rendering.select_distinct(largest, FEW)),
        "newest": _make_rows(rendering.select_distinct(rows, FEW)),
        "citation": content.Content(report.package, {}).citations[0],
        "dataset": {"@context": "https://schema.org", **describe_dataset(report.package)},
    }
    yield Page("index.html", TITLE, "home.html", values)
    listed = {"rows": _make_rows(rows), "choices": list_choices(report), "csv": CSV}
    yield Page("all.html", "All restrictions", "all.html", listed)
    yield File(CSV, _make_csv(report))
    yield File(rendering.NAMES, _make_search_names(report))


def _make_rows(entries: Iterable[ListEntry]) -> list[rendering.Row]:
    return [rendering.make_row(entry) for entry in entries]


def _make_search_names(report: ReportData) -> bytes:
    """Return the words by which areas and services are found, as a script that pages load."""
    services: dict[str, list[str]] = {}
    for word, platform in naming.NICKNAMES.items():
        if platform in report.platforms:
            services.setdefault(platform, []).append(word)
    words = {name: " ".join(several) for name, several in services.items()}
    names = {"areas": list_search_names(set(report.listed_areas)), "services": words}
    return (
        f"window.knownNames = {json.dumps(names, ensure_ascii=False, sort_keys=True)};\n".encode()
    )


def list_search_names(areas: set[str]) -> dict[str, str]:
    """Return the words by which each area is found: its names in all languages, old ones too."""
    words: dict[str, set[str]] = {code: set() for code in areas}
    for name, code in chain(naming.list_area_names(), naming.list_foreign_names()):
        if code in words:
            words[code].update(name.casefold().split())
    return {code: " ".join(sorted(unique)) for code, unique in words.items()}


def _read_region(report: ReportData, area: str, year: str) -> dict[str, Any]:
    """Return the estimates for a region today and this year; None without restrictions."""
    rows = {"today": report.last_day(area), "year": report.area_row(area, year)}
    estimates = {name: row and read_estimate(row) for name, row in rows.items()}
    is_listed = area in report.listed_areas
    return {"area": area, "name": naming.name_area(area), "listed": is_listed, **estimates}


def list_choices(report: ReportData) -> dict[str, list[tuple[str, str]]]:
    """Return values and labels of each filter, for values that occur."""
    rows = report.entries
    return {
        "country": _list_options((entry.countries for entry in rows), naming.name_area),
        "platform": _list_options(
            (entry.platforms for entry in rows), partial(platforms.name_platform, report)
        ),
        "feature": _list_options((entry.features for entry in rows), _make_labeller("feature")),
        "cause": _list_options(((entry.cause,) for entry in rows), _make_labeller("cause")),
        "year": _list_options((rendering.find_year(entry) for entry in rows), rendering.name_year)[
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
        _format_cells(entry, report.version) for entry in rendering.newest_first(report.entries)
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
        *("" if end is None else int(end) for end in read_numbers(entry.persons)),
        *(entry.obs_status, naming.label_status(vars(entry)), version),
    )


MARK = "report.json"
REPORTS, REPORT = "reports", "report"
LOCK_SECONDS = 600.0
_ASIDE = re.compile(rf"\.tmp-{VERSION_ID.pattern}-\w+")


def find_reported(root: Path) -> str:
    """Return the id of the version whose report is next to the versions; blank without one."""
    try:
        folder = storage.select_storage(root).read_pointer(REPORT)
    except (OSError, PublishError):
        return ""
    return (folder or "").rpartition("/")[2]


def publish_report(root: Path, version: str, files: Iterable[File]) -> bool:
    """Write the report of a version next to the versions and let the link `report` lead to it.

    Remove reports of removed versions. Raise PublishError where the report cannot be written.
    """
    store = storage.select_storage(root)
    with store.hold_lock(LOCK_SECONDS):
        store.read_pointer(REPORT)
        for leftover in (root / REPORTS).glob(".tmp-*"):
            if _ASIDE.fullmatch(leftover.name) and not leftover.is_symlink():
                shutil.rmtree(leftover)
        changed = write_report(root / REPORTS / version, version, files)
        store.move_pointer(REPORT, f"{REPORTS}/{version}")
        _remove_orphans(root)
    return changed


def _remove_orphans(root: Path) -> None:
    """Remove the reports of removed versions, whose numbers can no longer be looked up.

    A report that somebody copied under another name, or added files to, remains.
    """
    listed = versions.list_versions(storage.select_storage(root))
    ids = {version.id for version in listed if versions.has_manifest(version)}
    for report in (root / REPORTS).iterdir():
        is_orphan = VERSION_ID.fullmatch(report.name) and report.name not in ids
        if is_orphan and export.list_files(report) <= _read_parts(report):
            shutil.rmtree(report)


def write_report(folder: Path, version: str, files: Iterable[File]) -> bool:
    """Write a report; return whether anything changed.

    Raise PublishError where the folder has other files, or cannot be written.
    """
    made = _add_mark(version, files)
    return export.put_folder(folder, made, _read_parts(folder), "a report")


def _add_mark(version: str, files: Iterable[File]) -> Iterator[tuple[str, bytes]]:
    """Yield every file, and last the mark file that names them all with their digests."""
    digests: dict[str, str] = {}
    for file in files:
        digests[file.path] = hash_bytes(file.content)
        yield file.path, file.content
    yield MARK, as_json({"version_id": version, "files": digests})


def _read_parts(folder: Path) -> set[str]:
    """Return the paths of the files of a report as its mark file names them; none without one."""
    try:
        return {MARK, *json.loads((folder / MARK).read_bytes())["files"]}
    except (OSError, ValueError, KeyError, TypeError):
        return set()


PageMaker = Callable[[ReportData], Iterator[Page | File | Drawing]]


def make_static_files(_: ReportData) -> Iterator[File]:
    """Yield the styles, scripts and pictures that all pages share."""
    for path in sorted(rendering.STATIC.iterdir()):
        yield File(f"static/{path.name}", path.read_bytes())


PAGES: tuple[PageMaker, ...] = (
    areas.make_pages,  # first, because their pictures are drawn beside all other pages
    make_static_files,
    make_pages,
    restriction.make_pages,
    rendering.make_pages,
    platforms.make_pages,
    texts.make_pages,
    feed.make_pages,
)
"""The functions that create pages, in the order in which they run."""


def make_files(report: ReportData) -> Iterator[File]:
    """Yield every file of the report, drawings last."""
    with start_process() as process:
        drawn: list[tuple[Drawing, Future[bytes] | None]] = []
        for maker in PAGES:
            for made in maker(report):
                if isinstance(made, File):
                    yield made
                elif isinstance(made, Drawing):
                    drawn.append((made, process.submit(made.draw) if process else None))
                else:
                    yield File(made.path, rendering.render_page(made, report))
        for drawing, future in drawn:
            yield File(drawing.path, _finish_drawing(drawing, future))


def _finish_drawing(drawing: Drawing, future: Future[bytes] | None) -> bytes:
    """Return a drawing; draw it here if no other process did, or if that one died."""
    with suppress(BrokenExecutor):
        if future:
            return future.result()
    return drawing.draw()


def publish_version(version: Stored, root: Path, into: Path | None) -> tuple[Path, bool]:
    """Write the report of a version into a folder, or next to the versions in `root`.

    Return its folder, and whether anything changed. Raise PublishError where the version is damaged
    or the folder cannot be written.
    """
    made = make_files(report_data.load_report_data(version))
    if into is not None:
        return into, write_report(into, version.id, made)
    return root / REPORT, publish_report(root, version.id, made)


def draw_restrictions(version: Stored, restrictions: Iterable[str]) -> dict[str, Picture]:
    """Return the picture of each restriction, by its id.

    Raise PublishError where a restriction is not published or the version is damaged.
    """
    report = report_data.load_report_data(version)
    pictures = {}
    for name in restrictions:
        if name not in report.records:
            raise PublishError(f"{name} is not published; see audience-impact list")
        title, foot = restriction.write_captions(report, name)
        cited = cite_version(version.manifest)
        pictures[name] = Picture(restriction.draw_picture(report, name), title, (*foot, cited))
    return pictures
