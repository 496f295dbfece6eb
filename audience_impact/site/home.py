"""The home page: what is known at a glance, and the table of all restrictions."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from audience_impact.answers import names as naming
from audience_impact.answers import sentences
from audience_impact.answers.numbers import estimate
from audience_impact.exporting import content
from audience_impact.plain_text import cell_text
from audience_impact.site import areas, listings
from audience_impact.site.areas import WORLD
from audience_impact.site.listed import Listed
from audience_impact.site.world import File, Page, World
from audience_impact.vocabulary import WHOLE_INTERNET, EndStatus

REGIONS = ("002", "019", "142", "150", "009")
"""The parts of the world (UN M49) that the home page tells of."""
FEW = 8
"""So many of the largest and of the newest are shown."""
TITLE = "How many people does an internet restriction touch?"
CSV = "restrictions.csv"
CSV_COLUMNS = (
    *("restriction_id", "title", "countries", "platforms", "features", "start_on", "end_status"),
    *("cause", "counted", "lower_persons", "q05_persons", "q50_persons", "q95_persons"),
    *("upper_persons", "obs_status", "status", "version_id"),
)


def pages(world: World) -> Iterator[Page | File]:
    """The home page, and its table as CSV."""
    year = str(world.as_of.year)
    rows = listings.newest_first(world.listed)
    today, this_year = world.last_day(WORLD), world.area_row(WORLD, year)
    values = {
        "today": today and {"row": today, "found": estimate(today)},
        "today_said": today and sentences.day(today, "the world"),
        "year": year,
        "this_year": this_year and {"row": this_year, "found": estimate(this_year)},
        "map": areas.world_map(world, year, ""),
        "ongoing": sum(one.end_status == EndStatus.ONGOING for one in rows),
        "regions": [_region(world, area, year) for area in (WORLD, *REGIONS)],
        "largest": [listings.row(one) for one in listings.largest_first(rows)[:FEW]],
        "newest": [listings.row(one) for one in rows[:FEW]],
        "rows": [listings.row(one) for one in rows],
        "choices": choices(world),
        "csv": CSV,
        "citation": content.Content(world.package, {}).citations[0],
    }
    yield Page("index.html", TITLE, "home.html", values)
    yield File(CSV, _csv(world))


def _region(world: World, area: str, year: str) -> dict[str, Any]:
    """Today and this year in a part of the world; None where nothing was in force."""
    found = {"today": world.last_day(area), "year": world.area_row(area, year)}
    told = {name: row and estimate(row) for name, row in found.items()}
    return {"area": area, "name": naming.area(area), **told}


def choices(world: World) -> dict[str, list[tuple[str, str]]]:
    """What each filter offers: value and words, for values that occur."""
    rows = world.listed
    return {
        "country": _offered((one.countries for one in rows), naming.area),
        "platform": _offered((one.platforms for one in rows), _platform(world.platforms)),
        "feature": _offered((one.features for one in rows), _named("feature")),
        "cause": _offered(((one.cause,) for one in rows), _named("cause")),
        "year": _offered((listings.year_of(one) for one in rows), listings.year_name)[::-1],
        "status": _offered(((one.obs_status,) for one in rows), _named("obs_status")),
        "in force": _offered(((one.end_status,) for one in rows), _named("end_status")),
    }


def _named(kind: str) -> Callable[[str], str]:
    return lambda value: naming.word(value, kind)


def _platform(names: Mapping[str, str]) -> Callable[[str], str]:
    return lambda value: "The whole internet" if value == WHOLE_INTERNET else names[value]


def _offered(
    values: Iterable[tuple[str, ...]], name: Callable[[str], str]
) -> list[tuple[str, str]]:
    """Values with their words, in the order of the words."""
    once = {value for own in values for value in own}
    return sorted(((value, name(value)) for value in once), key=lambda pair: pair[1].casefold())


def _csv(world: World) -> bytes:
    """The table, with every number in full."""
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(CSV_COLUMNS)
    rows.writerows(_cells(one, world.version) for one in listings.newest_first(world.listed))
    return text.getvalue().encode("utf-8-sig")


def _cells(one: Listed, version: str) -> tuple[Any, ...]:
    return (
        *(one.restriction, cell_text(one.title), ";".join(one.countries), ";".join(one.platforms)),
        *(";".join(one.features), one.start, one.end_status, one.cause, one.metric),
        *("" if end is None else int(end) for end in one.persons),
        *(one.obs_status, naming.word(one.obs_status, "obs_status"), version),
    )
