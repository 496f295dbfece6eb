"""The map of the world: the share of each country's people who were under a restriction.

Colour fills an area, so it says a share: coloured by the number of people, large countries would
be dark whatever was restricted in them. The number stands in the text of each country.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audience_impact.answers import names as naming
from audience_impact.answers.numbers import estimate, known, percent
from audience_impact.site import rendering
from audience_impact.site.charts.area import in_words
from audience_impact.site.charts.palette import paint
from audience_impact.site.charts.shapes import HEIGHT, WIDTH, Place, places

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
class Told:
    """What the map says of a place."""

    place: Place
    colour: str
    text: str
    link: str


def draw(title: str, rows: Rows, links: Mapping[str, str], legend: bool = False) -> str:
    """The map of rows of `impact_by_area`, a country each, of one period.

    `links` leads from a country to its page. With `legend` the colours are explained in the
    picture, for where no page does it.
    """
    by_area = {row["area_id"]: row for row in rows}
    told = [_told(place, by_area.get(place.key), links) for place in places()]
    template = rendering.environment().get_template("chart_map.svg")
    return template.render(
        title=title, alt=alt(rows), told=told, width=WIDTH, height=HEIGHT, paint=paint,
        legend=LEGEND if legend else (),
    )  # fmt: skip


def alt(rows: Rows) -> str:
    """The same in words: the countries with the most people first."""
    order = sorted(rows, key=lambda row: -(estimate(row).q50 or 0.0))
    return " ".join(f"{_said(row)}." for row in order)


def note(rows: Rows) -> str:
    """What the caption has to say of borders, and of rows that have no place on the map."""
    on_map = {place.key for place in places() if not place.disputed}
    left = sorted(naming.area(row["area_id"]) for row in rows if row["area_id"] not in on_map)
    return f"{DISPUTED_NOTE} Not on the map: {', '.join(left)}." if left else DISPUTED_NOTE


def colour(row: Mapping[str, Any] | None) -> str:
    """The colour of a country: by the median as a share of its base."""
    if row is None or known(row["upper_persons"]) == 0:
        return "map-none"
    middle, base = (known(row[name]) for name in ("q50_persons", "base_persons"))
    if middle is None or not base:
        return "map-unknown"
    return f"map-{1 + sum(middle / base >= end for end in CLASSES)}"


def _told(place: Place, row: Mapping[str, Any] | None, links: Mapping[str, str]) -> Told:
    if place.disputed:
        return Told(place, "map-none", "", "")
    text = f"{naming.area(place.key)}: no restriction on record" if row is None else _said(row)
    return Told(place, colour(row), text, links.get(place.key, ""))


def _said(row: Mapping[str, Any]) -> str:
    found = estimate(row)
    base = known(row["base_persons"])
    share = ""
    if found.q50 is not None and base:
        share = (
            f", {percent(found.q50 / base)} of its {naming.word(row['base'], 'population_base')}"
        )
    return f"{naming.area(row['area_id'])}: {in_words(found)} people{share}"
