"""The report of a version: the makers of its pages, and their files.

A maker takes the data of the report and yields pages and files. Another kind of page is another
maker in PAGES, and a line in `rendering.NAV` if the head of each page should link to it.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from audience_impact.site import (
    areas,
    home,
    listings,
    platforms,
    rendering,
    restriction,
    texts,
    world,
    writing,
)
from audience_impact.site.charts import finish
from audience_impact.site.world import File, Page, ReportData
from audience_impact.store import PublishError
from audience_impact.store.files import write_whole
from audience_impact.store.versions import Stored

PageMaker = Callable[[ReportData], Iterator[Page | File]]


def make_static_files(_: ReportData) -> Iterator[File]:
    """Yield the styles, scripts and pictures that all pages share."""
    for path in sorted(rendering.STATIC.iterdir()):
        yield File(f"static/{path.name}", path.read_bytes())


PAGES: tuple[PageMaker, ...] = (
    make_static_files,
    home.make_pages,
    restriction.make_pages,
    listings.make_pages,
    areas.make_pages,
    platforms.make_pages,
    texts.make_pages,
)
"""The makers of pages, in the order in which they write."""


def make_files(report: ReportData) -> Iterator[File]:
    """Yield every file of the report."""
    for maker in PAGES:
        for made in maker(report):
            if isinstance(made, File):
                yield made
            else:
                yield File(made.path, rendering.render_page(made, report))


def publish_version(version: Stored, root: Path, into: Path | None) -> tuple[Path, bool]:
    """Write the report of a version into a folder, or beside the versions below `root`.

    Return its folder, and whether anything changed. Raise PublishError where the version is
    damaged or the folder cannot be written.
    """
    made = make_files(world.load_report_data(version))
    if into is not None:
        return into, writing.write_report(into, version.id, made)
    return root / writing.REPORT, writing.publish_report(root, version.id, made)


def write_pictures(version: Stored, restrictions: Iterable[str], into: Path) -> list[Path]:
    """Write the picture of each restriction as PNG into a folder; return their paths.

    Raise PublishError where a restriction is not published or a file cannot be written.
    """
    report = world.load_report_data(version)
    drawn = {}
    for name in restrictions:
        if name not in report.records:
            raise PublishError(f"{name} is not published; see audience-impact list")
        title, foot = restriction.write_captions(report, name)
        drawn[into / f"{world.make_slug(name)}.png"] = finish.make_png(
            restriction.draw_picture(report, name), title=title, foot=foot
        )
    try:
        into.mkdir(parents=True, exist_ok=True)
        for path, content in drawn.items():
            write_whole(path, content)
    except OSError as error:
        raise PublishError(f"cannot write the pictures into {into}: {error}") from error
    return list(drawn)
