"""Lists of restrictions by country, platform and year, for readers without JavaScript."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from audience_impact.answers import names as naming
from audience_impact.answers import numbers
from audience_impact.answers.numbers import dates_in_words
from audience_impact.site.rendering import NONE, show_bounds, show_interval
from audience_impact.site.report_data import (
    ListEntry,
    Page,
    ReportData,
    area_path,
    platform_path,
    restriction_path,
    year_path,
)

UNDATED = "undated"


@dataclass(frozen=True)
class Row:
    """A restriction with the values that the macros `restrictions` and `brief` print."""

    entry: ListEntry
    path: str
    year: str
    began: str
    people: str
    interval: str


def make_row(entry: ListEntry) -> Row:
    """Return a restriction in words."""
    is_estimated = entry.persons.q50 is not None
    return Row(
        entry,
        restriction_path(entry.restriction),
        find_year(entry)[0],
        dates_in_words(entry.start),
        numbers.format_median(entry.persons, NONE),
        show_interval(entry.persons)
        if is_estimated
        else f"{show_bounds(entry.persons)} (at least to at most)",
    )


def newest_first(rows: Iterable[ListEntry]) -> list[ListEntry]:
    """Return the restrictions by first day, the newest first and unknown days last."""
    return sorted(
        rows, key=lambda entry: (entry.start, entry.size, entry.restriction), reverse=True
    )


def largest_first(rows: Iterable[ListEntry]) -> list[ListEntry]:
    """Return the restrictions by size, the largest first."""
    return sorted(rows, key=lambda entry: (*entry.size, entry.restriction), reverse=True)


def group_entries(
    rows: Iterable[ListEntry], keys: Callable[[ListEntry], Iterable[str]]
) -> dict[str, list[ListEntry]]:
    """Return the restrictions by each of their keys, in the order of the keys."""
    groups: dict[str, list[ListEntry]] = defaultdict(list)
    for entry in rows:
        for key in keys(entry):
            groups[key].append(entry)
    return dict(sorted(groups.items()))


def name_year(year: str) -> str:
    """Return the name of a year, or a name for restrictions without a known day."""
    return "No day on record" if year == UNDATED else year


def title_year(year: str) -> str:
    """Return the title of the list of a year."""
    if year == UNDATED:
        return "Restrictions without a day on record"
    return f"Restrictions that began in {year}"


def find_year(entry: ListEntry) -> tuple[str]:
    """Return the year in which the restriction began, as a tuple of one key."""
    return (entry.start[:4] or UNDATED,)


@dataclass(frozen=True)
class Group:
    """Lists of one kind: heading, restrictions of each list, and its name and path."""

    heading: str
    lists: Mapping[str, list[ListEntry]]
    name: Callable[[str], str]
    path: Callable[[str], str]

    def list_links(self) -> list[dict[str, object]]:
        """Return path, name and count of each list, by name."""
        named = sorted((self.name(key), key) for key in self.lists)
        return [
            {"path": self.path(key), "name": name, "count": len(self.lists[key])}
            for name, key in named
        ]


def make_groups(report: ReportData) -> tuple[Group, ...]:
    """Return the lists by country, by platform and by year."""
    rows, platforms = report.entries, report.platforms
    countries = group_entries(rows, lambda entry: entry.countries)
    targets = group_entries(rows, lambda entry: entry.platforms)
    return (
        Group("Countries", countries, naming.name_area, area_path),
        Group("Platforms", targets, platforms.__getitem__, platform_path),
        Group("Years", group_entries(rows, find_year), name_year, year_path),
    )


def make_pages(report: ReportData) -> Iterator[Page]:
    """Yield the page with links to all lists, and a page for each year."""
    made = make_groups(report)
    yield Page("browse.html", "Countries, platforms, years", "browse.html", {"groups": made})
    for year, year_entries in group_entries(report.entries, find_year).items():
        values = {"rows": [make_row(entry) for entry in newest_first(year_entries)]}
        yield Page(year_path(year), title_year(year), "listing.html", values)
