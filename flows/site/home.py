"""The home page: what is known at a glance, and the table of all restrictions."""

from collections.abc import Callable, Iterator
from typing import Any

from audience_impact.vocabulary import WHOLE_INTERNET
from flows.site import listings, naming
from flows.site.listed import Listed
from flows.site.world import Page, World, restriction_path

WORLD = "001"
REGIONS = ("002", "019", "142", "150", "009")
"""The parts of the world (UN M49) that the home page tells of."""
FEW = 8
"""So many of the largest and of the newest are shown."""


def pages(world: World) -> Iterator[Page]:
    """The home page alone."""
    year = str(world.as_of.year)
    rows = listings.newest_first(world.listed)
    yield Page(
        "index.html",
        "How many people does an internet restriction touch?",
        "home.html",
        {
            "today": world.last_day(WORLD),
            "year": year,
            "this_year": world.area_row(WORLD, year),
            "regions": [_region(world, area, year) for area in REGIONS],
            "largest": [listings.row(one) for one in listings.largest_first(rows)[:FEW]],
            "newest": [listings.row(one) for one in rows[:FEW]],
            "rows": [_found_by(one) for one in rows],
            "choices": choices(world),
        },
    )


def _region(world: World, area: str, year: str) -> dict[str, Any]:
    """Today and this year in a part of the world."""
    return {
        "area": area,
        "name": naming.area(area),
        "today": world.last_day(area),
        "this_year": world.area_row(area, year),
    }


def _found_by(one: Listed) -> dict[str, Any]:
    """A row of the table, with the words that the filters look for."""
    return {
        "told": listings.row(one),
        "one": one,
        "path": restriction_path(one.restriction),
        "year": listings.year_of(one)[0],
    }


def choices(world: World) -> dict[str, list[tuple[str, str]]]:
    """What each filter offers: value and words, for values that occur."""
    rows = world.listed
    return {
        "country": _offered({c for one in rows for c in one.countries}, naming.area),
        "platform": _offered(
            {p for one in rows for p in one.platforms},
            lambda one: "the whole internet" if one == WHOLE_INTERNET else world.platforms[one],
        ),
        "feature": _offered(
            {f for one in rows for f in one.features}, lambda one: naming.word(one, "feature")
        ),
        "cause": _offered({one.cause for one in rows}, lambda one: naming.word(one, "cause")),
        "year": sorted(
            {(year, year) for one in rows for year in listings.year_of(one)}, reverse=True
        ),
        "status": _offered(
            {one.obs_status for one in rows}, lambda one: naming.word(one, "obs_status")
        ),
        "force": _offered(
            {one.end_status for one in rows}, lambda one: naming.word(one, "end_status")
        ),
    }


def _offered(values: set[str], name: Callable[[str], str]) -> list[tuple[str, str]]:
    """Values with their words, in the order of the words."""
    return sorted(((value, name(value)) for value in values), key=lambda pair: pair[1].casefold())
