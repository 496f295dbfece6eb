"""A page a restriction."""

from collections.abc import Iterator

from flows.site.world import Page, World, restriction_path


def pages(world: World) -> Iterator[Page]:
    """One page for each restriction of the version."""
    by_id = {one.restriction: one for one in world.listed}
    for restriction, told in world.stories():
        values = {"told": told, "listed": by_id[restriction]}
        yield Page(
            restriction_path(restriction), by_id[restriction].title, "restriction.html", values
        )
