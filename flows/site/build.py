"""The report of a version: who makes its pages, and how they become files.

A maker takes the world and yields pages and files. Another kind of page is another maker in
PAGES, and where the head of each page should lead to it, a line in `rendering.NAV`.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from flows.publishing.versions import Stored
from flows.site import home, listings, rendering, restriction, world, writing
from flows.site.world import File, Page, World

Maker = Callable[[World], Iterator[Page | File]]


def static(_: World) -> Iterator[File]:
    """Styles, scripts and pictures that every page shares, each stored once."""
    for path in sorted(rendering.STATIC.iterdir()):
        yield File(f"static/{path.name}", path.read_bytes())


PAGES: tuple[Maker, ...] = (static, home.pages, restriction.pages, listings.pages)
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
