"""The report of a version: the functions that create its pages, and the resulting files.

Each function takes the data of the report and yields files. To add a kind of page, add a
function to PAGES and, if the head of each page should link to it, a line to
`templates/layout.html`.

A report is written aside and renamed, so that a reader finds it whole. Below the root of what is
published:

    reports/<version id>/   the report of a version; its `report.json` names its files
    report                  leads to reports/<id> of the version reported last

A new report with the same bytes changes nothing. A report with other bytes (from another release of
the pages) replaces the old one by two renames.
"""

import json
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from audience_impact.answers.citation import cite_version
from audience_impact.exporting import export
from audience_impact.site import areas, lists, rendering, report_data, restriction, texts
from audience_impact.site.charts.drawing import Picture
from audience_impact.site.report_data import File, ReportData
from audience_impact.store import VERSION_ID, PublishError, storage, versions
from audience_impact.store.files import as_json
from audience_impact.store.manifest import hash_bytes
from audience_impact.store.versions import Stored

MARK = "report.json"
REPORTS, REPORT = "reports", "report"
LOCK_SECONDS = 600.0
_ASIDE = re.compile(rf"\.tmp-{VERSION_ID.pattern}-\w+")


def make_static_files(_: ReportData) -> Iterator[File]:
    """Yield the styles, scripts and pictures that all pages share."""
    for path in sorted(rendering.STATIC.iterdir()):
        yield File(f"static/{path.name}", path.read_bytes())


PAGES: tuple[Callable[[ReportData], Iterator[File]], ...] = (
    make_static_files,
    lists.make_pages,
    areas.make_pages,
    restriction.make_pages,
    lists.make_platform_pages,
    texts.make_pages,
)
"""The functions that create pages, in the order in which they run."""


def publish_version(version: Stored, root: Path, into: Path | None) -> tuple[Path, bool]:
    """Write the report of a version into a folder, or next to the versions in `root`.

    Return its folder, and whether anything changed. Raise PublishError where the version is damaged
    or the folder cannot be written.
    """
    report = report_data.load_report_data(version)
    files = (file for make_files in PAGES for file in make_files(report))
    if into is not None:
        return into, write_report(into, version.id, files)
    return root / REPORT, _publish_report(root, version.id, files)


def draw_restriction(version: Stored, restriction_id: str) -> Picture:
    """Return the picture of a restriction; raise PublishError where the version is damaged."""
    drawn = restriction.draw_picture(report_data.load_report_data(version), restriction_id)
    return replace(drawn, foot=(*drawn.foot, cite_version(version.manifest)))


def find_reported(root: Path) -> str:
    """Return the id of the version whose report is next to the versions; blank without one."""
    try:
        folder = storage.select_storage(root).read_pointer(REPORT)
    except (OSError, PublishError):
        return ""
    return (folder or "").rpartition("/")[2]


def _publish_report(root: Path, version: str, files: Iterable[File]) -> bool:
    """Write the report next to the versions and let the link `report` lead to it.

    Remove what interrupted writers left (the lock excludes running ones), and reports of removed
    versions, whose numbers can no longer be looked up; but none that somebody copied under another
    name, or added files to.
    """
    store = storage.select_storage(root)
    with store.hold_lock(LOCK_SECONDS):
        store.read_pointer(REPORT)
        for leftover in (root / REPORTS).glob(".tmp-*"):
            if _ASIDE.fullmatch(leftover.name) and not leftover.is_symlink():
                shutil.rmtree(leftover)
        changed = write_report(root / REPORTS / version, version, files)
        store.move_pointer(REPORT, f"{REPORTS}/{version}")
        listed = versions.list_versions(store)
        ids = {stored.id for stored in listed if versions.has_manifest(stored)}
        for report in (root / REPORTS).iterdir():
            is_orphan = VERSION_ID.fullmatch(report.name) and report.name not in ids
            if is_orphan and export.list_files(report) <= _read_parts(report):
                shutil.rmtree(report)
    return changed


def write_report(folder: Path, version: str, files: Iterable[File]) -> bool:
    """Write a report, last the mark file with the digests of all files.

    Return whether anything changed. Raise PublishError where the folder has other files, or cannot
    be written.
    """

    def add_mark() -> Iterator[tuple[str, bytes]]:
        digests = {}
        for file in files:
            digests[file.path] = hash_bytes(file.content)
            yield file.path, file.content
        yield MARK, as_json({"version_id": version, "files": digests})

    return export.put_folder(folder, add_mark(), _read_parts(folder), "a report")


def _read_parts(folder: Path) -> set[str]:
    """Return the paths of the files of a report as its mark file names them; none without one."""
    try:
        return {MARK, *json.loads((folder / MARK).read_bytes())["files"]}
    except (OSError, ValueError, KeyError, TypeError):
        return set()
