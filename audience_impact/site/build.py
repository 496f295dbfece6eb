"""The report of a version: its static files, its pages of text, and the folder it is written into.

Each function of PAGES takes the data of the report and yields files. To add a kind of page, add a
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
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import BrokenExecutor
from dataclasses import replace
from functools import partial
from html import unescape
from itertools import count
from pathlib import Path
from string import printable
from typing import Any
from zlib import ZLIB_RUNTIME_VERSION

import jinja2
from markdown_it import MarkdownIt
from markupsafe import Markup

import audience_impact
from audience_impact.answers import documents
from audience_impact.answers.citation import cite_version
from audience_impact.exporting import content, export
from audience_impact.exporting.workbook import make_workbook
from audience_impact.processes import count_processors, open_pool
from audience_impact.site import areas, lists, rendering, report_data, restriction
from audience_impact.site.drawing import Picture
from audience_impact.site.rendering import make_anchor, render_page
from audience_impact.site.report_data import File, ReportData
from audience_impact.store import REPORT, REPORTS, VERSION_ID, storage, versions
from audience_impact.store.files import as_json, hash_bytes
from audience_impact.store.manifest import pack_files
from audience_impact.store.versions import Stored

MARK = "report.json"
LEFTOVER = re.compile(rf"\.tmp-{VERSION_ID.pattern}-\w+")
"""The name of a folder in which a report was being written when its process was killed."""
MANY = 100
"""Minimum number of restrictions for which a second process is started."""
Page = Callable[[ReportData], Iterator[File]]
COMMENT = re.compile(r"<!--.*?-->\n?", re.DOTALL)


def publish_version(version: Stored, root: Path, into: Path | None) -> tuple[Path, bool]:
    """Write the report of a version into a folder, or next to the versions in `root`.

    Return its folder, and whether anything changed. Raise PublishError where the version is damaged
    or the folder cannot be written.
    """
    files = make_files(version)
    if into is not None:
        return into, write_report(into, version.id, files)
    store = storage.select_storage(root)
    with store.hold_lock(storage.LOCK_SECONDS):
        store.read_pointer(REPORT)
        for folder in (root / REPORTS, root / REPORTS / version.id):
            storage.require_folder(folder)
        changed = write_report(root / REPORTS / version.id, version.id, files)
        store.move_pointer(REPORT, f"{REPORTS}/{version.id}")
        listed = versions.list_versions(store)
        ids = {stored.id for stored in listed if versions.has_manifest(stored)}
        # Numbers of a removed version can no longer be looked up. A report that somebody copied
        # under another name, or added files to, stays.
        for folder in (root / REPORTS).iterdir():
            is_orphan = VERSION_ID.fullmatch(folder.name) and folder.name not in ids
            is_orphan = is_orphan and not folder.is_symlink()
            is_ours = is_orphan and export.list_files(folder) <= _read_mark(folder)["parts"]
            if is_ours or LEFTOVER.fullmatch(folder.name):
                shutil.rmtree(folder)
    return root / REPORT, changed


def make_files(version: Stored) -> Iterator[File]:
    """Yield all files; of many restrictions a process beside this one makes the first of them.

    The two meet where they are: this one makes the last files that the other has not begun.
    """
    if count_processors() == 1 or version.count_rows()["restrictions"] < MANY:
        report = report_data.load_report_data(version)
        yield from (file for make in PAGES for file in make(report))
        return
    pool = open_pool(1, _prepare_process, version)
    try:
        parts = deque((make, pool.submit(make_beside, make)) for make in PAGES)
        report = report_data.load_report_data(version)
        while parts:
            if not parts[0][1].done() and parts[-1][1].cancel():
                yield from parts.pop()[0](report)
                continue
            make, beside = parts.popleft()
            try:
                yield from beside.result()
            except BrokenExecutor:  # the system may have ended the process
                yield from make(report)
    finally:
        pool.shutdown(cancel_futures=True)


_REPORT: list[ReportData] = []
"""The data of the report, in a process beside that of the command."""


def _prepare_process(version: Stored) -> None:
    _REPORT.append(report_data.load_report_data(version))


def make_beside(make: Page) -> list[File]:
    """Return files that a process beside that of the command makes."""
    return list(make(_REPORT[0]))


def write_report(folder: Path, version: str, files: Iterable[File]) -> bool:
    """Write a report, last the mark file with the digests of all files.

    Return whether anything changed: nothing is made again that the same code, libraries and fonts
    made of the version. Raise PublishError where the folder has other files, or cannot be written.
    """
    about, mark = {"version_id": version, "made_by": _digest_maker()}, _read_mark(folder)
    is_same = about.items() <= mark.items() and export.list_files(folder) == mark["parts"]
    digests = mark.get("files", {}).items()
    if is_same and all(hash_bytes((folder / path).read_bytes()) == made for path, made in digests):
        return False

    def add_mark() -> Iterator[tuple[str, bytes]]:
        digests = {}
        for file in files:
            digests[file.path] = hash_bytes(file.content)
            yield file
        yield MARK, as_json({**about, "files": digests})

    return export.put_folder(folder, add_mark(), mark["parts"], "a report")


def _read_mark(folder: Path) -> dict[str, Any]:
    """Return what the mark file says, with the paths of all files as `parts`; none without one."""
    try:
        mark = json.loads((folder / MARK).read_bytes())
        return {**mark, "files": dict(mark["files"]), "parts": {MARK, *mark["files"]}}
    except (OSError, ValueError, KeyError, TypeError):
        return {"parts": set()}


def _digest_maker() -> str:
    """Return a digest of all that makes a report of a version: code, libraries and fonts."""
    root, libraries = (Path(module.__file__ or "").parent for module in (audience_impact, jinja2))
    names = sorted(path.name for path in libraries.parent.glob("*.dist-info"))
    texts = Picture("", printable, (printable,)).encode(".png")
    files = (path for path in sorted(root.rglob("*.*")) if path.suffix not in (".pyc", ".zip"))
    code = [path.read_bytes() for path in files if path.is_file()]
    return hash_bytes(repr((sys.version, ZLIB_RUNTIME_VERSION, names, texts, code)).encode())


def draw_restriction(version: Stored, restriction_id: str) -> Picture:
    """Return the picture of a restriction; raise PublishError where the version is damaged."""
    drawn = restriction.draw_picture(report_data.load_report_data(version), restriction_id)
    return replace(drawn, foot=(*drawn.foot, cite_version(version.manifest)))


def make_static_files(_: ReportData) -> Iterator[File]:
    """Yield the styles, scripts and pictures that all pages share."""
    for path in sorted(rendering.STATIC.iterdir()):
        yield File(f"static/{path.name}", path.read_bytes())


def make_text_pages(report: ReportData) -> Iterator[File]:
    """Yield the method, the glossary, and the data with dictionary and files to download."""
    title, values = render_method()
    yield render_page(report, "method.html", title, "method.html", values)
    terms = [(make_anchor(term.term), term) for term in documents.read_terms()]
    yield render_page(report, "glossary.html", "Glossary", "glossary.html", {"terms": terms})
    tables = content.read_all_tables(report.stored)
    csv, parquet = export.make_csv_files(tables), export.make_parquet_files(tables, report.stored)
    downloads = []
    for ending, name, about, made in (
        ("xlsx", "Workbook", "for people: Excel, LibreOffice", make_workbook(tables)),
        ("csv.zip", "CSV", "for programs: exact text", pack_files(csv)),
        ("parquet.zip", "Parquet", "for programs: with types", pack_files(parquet)),
    ):
        path = f"data/audience-impact-{report.stored.id}.{ending}"
        yield File(path, made)
        downloads.append((path, name, about, len(made)))
    values = {"downloads": downloads, "sections": _make_sections(report.stored.manifest)}
    yield render_page(report, "data.html", "The data", "data.html", values)


def _make_sections(package: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the tables as the manifest describes them, with the meanings of coded values.

    Values that an earlier column has as well are not repeated.
    """
    sections, places = [], dict[tuple[tuple[str, str], ...], str]()
    tables = [resource for resource in package["resources"] if "schema" in resource]
    for table in sorted(tables, key=lambda table: content.rank_table(table["name"])):
        coded: list[tuple[str, str, str]] = []
        for field in table["schema"]["fields"]:
            values = tuple(content.read_values(field).items())
            if len(values) > 1 and values in places:
                coded.append((field["name"], "", f"as {places[values]}"))
            else:
                places[values] = f"{field['name']} of {table['name']}"
                coded += [(field["name"], value, meaning) for value, meaning in values]
        sections.append({**table, "coded": coded})
    return sections


def render_method() -> tuple[str, dict[str, Any]]:
    """Return the title of the method and the values of its page, as in the documentation.

    Headings have anchors, tables and code can be scrolled with the keyboard, and cells have a class
    for their alignment, since pages allow no style. HTML in the text is text.
    """
    title, _, text = COMMENT.sub("", documents.render_method()).partition("\n")
    made = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    numbers, headings = count(1), list[tuple[str, str]]()

    def add_anchor(match: re.Match[str]) -> str:
        words = unescape(re.sub("<[^>]+>", "", match[2]))
        if match[1] == "2":
            headings.append((make_anchor(words), words))
        return f'<h{match[1]} id="{make_anchor(words)}">{match[2]}</h{match[1]}>'

    made = re.sub(r"<h([1-6])>(.*?)</h\1>", add_anchor, made)
    scroll = '<div class="scroll" role="region" tabindex="0" aria-label="Table {}"><table>'
    made = re.sub("<table>", lambda _: scroll.format(next(numbers)), made)
    made = made.replace("</table>", "</table></div>")
    made = re.sub("<pre><code[^>]*>", '<pre tabindex="0"><code>', made)
    made = re.sub(r"<th\b", '<th scope="col"', made)
    made = re.sub(r'(<t[hd][^>]*?) style="text-align:right"', r'\1 class="n"', made)
    made = re.sub(r'(<t[hd][^>]*?) style="[^"]*"', r"\1", made)
    return title.lstrip("# "), {"text": Markup(made), "headings": headings}


PARTS = [slice(first, None, 16) for first in range(16)]
PAGES: tuple[Page, ...] = (
    areas.make_map_files,
    lists.make_platform_pages,
    *(partial(areas.make_pages, part=part) for part in PARTS),
    *(partial(restriction.make_pages, part=part) for part in PARTS),
    make_static_files,
    lists.make_pages,
    make_text_pages,
)
"""The functions that create pages; what takes longest is in parts, where two processes meet."""
