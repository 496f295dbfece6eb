"""The report of a version: who makes its pages, and how they become files.

A maker takes the world and yields pages and files. Another kind of page is another maker in
PAGES, and where the head of each page should lead to it, a line in `rendering.NAV`.
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
from audience_impact.site.world import File, Page, World
from audience_impact.store import PublishError
from audience_impact.store.files import write_whole
from audience_impact.store.versions import Stored

Maker = Callable[[World], Iterator[Page | File]]


def static(_: World) -> Iterator[File]:
    """Styles, scripts and pictures that every page shares, each stored once."""
    for path in sorted(rendering.STATIC.iterdir()):
        yield File(f"static/{path.name}", path.read_bytes())


PAGES: tuple[Maker, ...] = (
    static,
    home.pages,
    restriction.pages,
    listings.pages,
    areas.pages,
    platforms.pages,
    texts.pages,
)
"""Who makes the pages, in the order in which they are written."""


def files(told: World) -> Iterator[File]:
    """Every file of the report, one after the other."""
    for maker in PAGES:
        for made in maker(told):
            if isinstance(made, File):
                yield made
            else:
                yield File(made.path, rendering.render(made, told))


def publish(version: Stored, root: Path, into: Path | None) -> tuple[Path, bool]:
    """Write the report of a version into a folder, or beside the versions below `root`.

    Returns where it lies, and whether anything changed. Raises PublishError where the version is
    damaged or the folder cannot be written.
    """
    made = files(world.load(version))
    if into is not None:
        return into, writing.write(into, version.id, made)
    return root / writing.REPORT, writing.publish(root, version.id, made)


def pictures(version: Stored, restrictions: Iterable[str], into: Path) -> list[Path]:
    """Write the picture of each restriction as PNG into a folder; where they lie.

    Raises PublishError where a restriction is not published or a file cannot be written.
    """
    told = world.load(version)
    drawn = {}
    for name in restrictions:
        if name not in told.records:
            raise PublishError(f"{name} is not published; see audience-impact list")
        title, foot = restriction.around_picture(told, name)
        drawn[into / f"{world.slug(name)}.png"] = finish.png(
            restriction.picture(told, name), title=title, foot=foot
        )
    try:
        into.mkdir(parents=True, exist_ok=True)
        for path, content in drawn.items():
            write_whole(path, content)
    except OSError as error:
        raise PublishError(f"cannot write the pictures into {into}: {error}") from error
    return list(drawn)
