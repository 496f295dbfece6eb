"""Lists of restrictions by country, platform and year, for who reads without JavaScript."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from audience_impact.answers import names as naming
from audience_impact.answers import numbers
from audience_impact.answers.numbers import dates_in_words
from audience_impact.site.listed import Listed
from audience_impact.site.rendering import NONE, bounds, interval
from audience_impact.site.world import (
    Page,
    World,
    area_path,
    platform_path,
    restriction_path,
    year_path,
)

UNDATED = "undated"


@dataclass(frozen=True)
class Row:
    """A restriction as the macros `restrictions` and `brief` print it."""

    one: Listed
    path: str
    year: str
    began: str
    people: str
    interval: str


def row(one: Listed) -> Row:
    """A restriction in words."""
    known = one.persons.q50 is not None
    return Row(
        one,
        restriction_path(one.restriction),
        year_of(one)[0],
        dates_in_words(one.start),
        numbers.median(one.persons, NONE),
        interval(one.persons) if known else f"{bounds(one.persons)} (bounds)",
    )


def newest_first(rows: Iterable[Listed]) -> list[Listed]:
    """By first day, the newest first, those of unknown day last; of one day by size."""
    return sorted(rows, key=lambda one: (one.start, one.size, one.restriction), reverse=True)


def largest_first(rows: Iterable[Listed]) -> list[Listed]:
    """By size, the largest first."""
    return sorted(rows, key=lambda one: (*one.size, one.restriction), reverse=True)


def grouped(
    rows: Iterable[Listed], keys: Callable[[Listed], Iterable[str]]
) -> dict[str, list[Listed]]:
    """Restrictions by each of their keys, in the order of the keys."""
    found: dict[str, list[Listed]] = defaultdict(list)
    for one in rows:
        for key in keys(one):
            found[key].append(one)
    return dict(sorted(found.items()))


def year_name(year: str) -> str:
    """What a year is called."""
    return "No day on record" if year == UNDATED else year


def year_title(year: str) -> str:
    """What the list of a year is called."""
    if year == UNDATED:
        return "Restrictions without a day on record"
    return f"Restrictions that began in {year}"


def year_of(one: Listed) -> tuple[str]:
    """The year in which it began."""
    return (one.start[:4] or UNDATED,)


@dataclass(frozen=True)
class Group:
    """Lists of one kind: their heading, the restrictions of each, its name and its place."""

    heading: str
    lists: Mapping[str, list[Listed]]
    name: Callable[[str], str]
    path: Callable[[str], str]

    def entries(self) -> list[dict[str, object]]:
        """What leads to the lists, by name."""
        named = sorted((self.name(key), key) for key in self.lists)
        return [
            {"path": self.path(key), "name": name, "count": len(self.lists[key])}
            for name, key in named
        ]


def groups(world: World) -> tuple[Group, ...]:
    """The lists there are."""
    rows, platforms = world.listed, world.platforms
    countries = grouped(rows, lambda one: one.countries)
    targets = grouped(rows, lambda one: one.platforms)
    return (
        Group("Countries", countries, naming.area, area_path),
        Group("Platforms", targets, platforms.__getitem__, platform_path),
        Group("Years", grouped(rows, year_of), year_name, year_path),
    )


def pages(world: World) -> Iterator[Page]:
    """The page that leads to all lists, and a page a year; `areas` and `platforms` make others."""
    made = groups(world)
    yield Page("browse.html", "Countries, platforms, years", "browse.html", {"groups": made})
    for year, own in grouped(world.listed, year_of).items():
        values = {"rows": [row(one) for one in newest_first(own)]}
        yield Page(year_path(year), year_title(year), "listing.html", values)
