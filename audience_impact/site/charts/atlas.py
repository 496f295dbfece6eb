"""The map of the world: the share of each country's people who were under a restriction.

Colour fills an area, so it says a share: coloured by the number of people, large countries would
be dark whatever was restricted in them. The number stands in the text of each country.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audience_impact.answers import names as naming
from audience_impact.answers.numbers import format_share, read_estimate, read_number
from audience_impact.site import rendering
from audience_impact.site.charts.area import describe_persons
from audience_impact.site.charts.palette import paint
from audience_impact.site.charts.shapes import HEIGHT, WIDTH, Place, load_places

Rows = Sequence[Mapping[str, Any]]

CLASSES = (0.1, 0.25, 0.5, 0.75)
"""Shares of the people in the base at which a colour ends."""
LEGEND = (
    ("map-1", "under 10 %"),
    ("map-2", "10 to 25 %"),
    ("map-3", "25 to 50 %"),
    ("map-4", "50 to 75 %"),
    ("map-5", "75 % and more"),
    ("map-unknown", "no estimate"),
    ("map-none", "nothing on record"),
)
"""Colours in their order, and what each says."""
DISPUTED_NOTE = (
    "Borders as Natural Earth draws them. Crimea, Western Sahara, Northern Cyprus and Somaliland "
    "are disputed: they are dashed and have no colour."
)


@dataclass(frozen=True)
class MapShape:
    """A place on the map, with its colour, text and link."""

    place: Place
    colour: str
    text: str
    link: str


def draw_map(title: str, rows: Rows, links: Mapping[str, str], legend: bool = False) -> str:
    """Return the map from rows of `impact_by_area`, a country each, of one period.

    `links` leads from a country to its page. With `legend` the colours are explained in the
    picture, for where no page does it.
    """
    by_area = {row["area_id"]: row for row in rows}
    shapes = [_make_shape(place, by_area.get(place.key), links) for place in load_places()]
    template = rendering.load_environment().get_template("chart_map.svg")
    return template.render(
        title=title, alt=describe_map(rows), shapes=shapes, width=WIDTH, height=HEIGHT, paint=paint,
        legend=LEGEND if legend else (),
    )  # fmt: skip


def describe_map(rows: Rows) -> str:
    """Return the numbers of the map in words, the countries with the most people first."""
    order = sorted(rows, key=lambda row: -(read_estimate(row).q50 or 0.0))
    return " ".join(f"{_describe_country(row)}." for row in order)


def write_note(rows: Rows) -> str:
    """Return the caption on disputed borders, and on rows that have no place on the map."""
    on_map = {place.key for place in load_places() if not place.is_disputed}
    missing = sorted(
        naming.name_area(row["area_id"]) for row in rows if row["area_id"] not in on_map
    )
    return f"{DISPUTED_NOTE} Not on the map: {', '.join(missing)}." if missing else DISPUTED_NOTE


def choose_colour(row: Mapping[str, Any] | None) -> str:
    """Return the colour of a country, by the median as a share of its base."""
    if row is None or read_number(row["upper_persons"]) == 0:
        return "map-none"
    middle, base = (read_number(row[name]) for name in ("q50_persons", "base_persons"))
    if middle is None or not base:
        return "map-unknown"
    return f"map-{1 + sum(middle / base >= end for end in CLASSES)}"


def _make_shape(place: Place, row: Mapping[str, Any] | None, links: Mapping[str, str]) -> MapShape:
    if place.is_disputed:
        return MapShape(place, "map-none", "", "")
    text = (
        f"{naming.name_area(place.key)}: no restriction on record"
        if row is None
        else _describe_country(row)
    )
    return MapShape(place, choose_colour(row), text, links.get(place.key, ""))


def _describe_country(row: Mapping[str, Any]) -> str:
    estimate = read_estimate(row)
    base = read_number(row["base_persons"])
    share = ""
    if estimate.q50 is not None and base:
        population = naming.label_code(row["base"], "population_base")
        share = f", {format_share(estimate.q50 / base)} of its {population}"
    return f"{naming.name_area(row['area_id'])}: {describe_persons(estimate)} people{share}"
