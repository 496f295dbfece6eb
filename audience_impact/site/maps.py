"""Maps, drawn by Vega: the share of each country's people who were under a restriction.

Colours show rates, because a map coloured by the number of people would show large countries dark
whatever was restricted in them. The text of each country states the number.

Every country is an outline, or a dot where it is small (`shapes`), in the Equal Earth projection,
which preserves areas. Disputed areas are shapes of their own and have no colour, because figures of
a claimant may or may not include them.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from math import cos, radians
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from audience_impact.answers import names as naming
from audience_impact.answers.numbers import format_share, read_estimate, read_number
from audience_impact.site.drawing import INNER, draw, load_spec, paint
from audience_impact.site.series import describe_persons

SHAPES = Path(__file__).parent / "shapes" / "countries.geojson"
DISPUTED = ("Crimea", "EH", "N. Cyprus", "Somaliland")
DISPUTED_NOTE = (
    "Borders as Natural Earth draws them. Crimea, Western Sahara, Northern Cyprus and Somaliland "
    "are disputed: they are dashed and have no colour."
)
WORLD_HEIGHT, LOWEST, TALLEST = 330, 240, 620
"""Heights in pixels: of the world, and the limits of that of a region."""
MOST_EAST = 179.9
"""Longitude beyond which a point would lie at the other edge of the world."""
EDGE = 30
"""Space around the countries of a region, in pixels."""
Rows = Sequence[Mapping[str, Any]]
Shape = dict[str, Any]


class Scale(NamedTuple):
    """The colours of a map: the median of a country for each person of its base.

    `unit` is that of the columns that are read, `limits` are the upper limits of the classes of
    colour, and `words` name the classes. `noun`, `counted` and `colour` name what is counted, how
    each person counts, and what the colours show.
    """

    unit: str
    limits: tuple[float, ...]
    words: tuple[str, ...]
    noun: str
    counted: str
    colour: str

    @property
    def legend(self) -> list[tuple[str, str]]:
        """Return the colours in their order, and the meaning of each."""
        classes = [(f"map-{place}", words) for place, words in enumerate(self.words, 1)]
        return [*classes, ("map-unknown", "no estimate"), ("map-none", "nothing on record")]


SHARES = Scale(
    "persons",
    (0.1, 0.25, 0.5, 0.75),
    ("under 10 %", "10 to 25 %", "25 to 50 %", "50 to 75 %", "75 % and more"),
    "people",
    "Each person is counted once.",
    "Colour: the median as a share of the people online.",
)
DAYS = Scale(
    "person_days",
    (1, 10, 50, 150),
    ("under 1 day", "1 to 10", "10 to 50", "50 to 150", "150 days and more"),
    "person-days",
    "Each person is counted once a day.",
    "Colour: the median as days for each person online.",
)


@cache
def load_shapes() -> tuple[Shape, ...]:
    """Return the shape of each country and disputed area as GeoJSON, with its code as `id`."""
    return tuple(json.loads(SHAPES.read_text(encoding="utf-8"))["features"])


def draw_map(
    title: str,
    rows: Rows,
    links: Mapping[str, str],
    scale: Scale = SHARES,
    legend: Sequence[tuple[str, str]] = (),
    region: Sequence[str] = (),
    labels: Mapping[str, str] = {},
) -> str:
    """Return the map of the rows of one period, a country each.

    Args:
        title: The title.
        rows: The rows.
        links: The page of each country, by its code.
        scale: The colours.
        legend: Colours and their meaning, for a picture that is used outside a page.
        region: Codes of the countries that the map shows; the world without any.
        labels: Texts on countries, the most important first; those without room are left out.

    Raise ValueError for a region with less than two countries on the map.
    """
    by_area = {row["area_id"]: row for row in rows}
    shapes = {
        shape["id"]: _describe_shape(shape, by_area.get(shape["id"]), scale)
        for shape in load_shapes()
        if shape["geometry"]["type"] != "Point" or shape["id"] in (by_area.keys() | links.keys())
    }
    shown = [_take_largest(shapes[area]) for area in shapes if area in region or not region]
    if region and len(shown) < 2:
        raise ValueError("a map needs two countries with a place on it; ask for a larger region")
    labelled = [
        {**_take_largest(shapes[area]), "label": text, "rank": rank}
        for rank, (area, text) in enumerate(labels.items())
        if area in shapes
    ]
    leads = {
        shape["text"]: links[area]
        for area, shape in shapes.items()
        if area in links and area not in DISPUTED
    }
    spec = {**load_spec("map"), "height": _choose_height(shown) if region else WORLD_HEIGHT}
    if not legend:
        del spec["legends"]
    values = {
        "edge": EDGE if region else 0,
        "words": [text for _, text in legend],
        "colours": [paint(colour) for colour, _ in legend],
    }
    data = {"shapes": [*shapes.values()], "shown": shown, "labelled": labelled}
    order = sorted(rows, key=lambda row: -(read_estimate(row, scale.unit).q50 or 0.0))
    alt = " ".join(f"{describe_country(row, scale)}." for row in order)
    return draw(spec, data, values, title, alt, leads)


def _describe_shape(shape: Shape, row: Mapping[str, Any] | None, scale: Scale) -> Shape:
    area, is_dot = shape["id"], shape["geometry"]["type"] == "Point"
    if area in DISPUTED:
        return {**shape, "fill": paint("map-none"), "stroke": paint("bounds"), "dash": [1.5, 1],
                "text": ""}  # fmt: skip
    none = f"{naming.name_area(area)}: no restriction on record"
    return {
        **shape,
        "fill": paint(choose_colour(row, scale)),
        "stroke": paint("ink" if is_dot else "paper"),
        "dash": [],
        "text": none if row is None else describe_country(row, scale),
    }


def _take_largest(shape: Shape) -> Shape:
    """Return a shape with its largest part alone: islands far away enlarge no map."""
    if shape["geometry"]["type"] == "Point":
        return shape
    parts = shape["geometry"]["coordinates"]
    largest = max(parts, key=lambda part: np.ptp(part[0], axis=0).prod())
    inside = [[(max(min(x, MOST_EAST), -MOST_EAST), y) for x, y in ring] for ring in largest]
    return {**shape, "geometry": {"type": "Polygon", "coordinates": inside}}


def _choose_height(shown: Sequence[Shape]) -> int:
    """Return a height in pixels at which shapes fill the width, within limits."""
    places = (shape["geometry"]["coordinates"] for shape in shown)
    corners = np.concatenate([[at] if isinstance(at[0], float) else at[0] for at in places])
    (west, south), (east, north) = corners.min(axis=0), corners.max(axis=0)
    width = max((east - west) * cos(radians((north + south) / 2)), 1.0)
    height: float = INNER * (north - south) / width
    return round(min(max(height, LOWEST), TALLEST))


def list_missing(areas: Sequence[str]) -> list[str]:
    """Return the codes of areas that have no place of their own on the map."""
    there = {shape["id"] for shape in load_shapes()}.difference(DISPUTED)
    return [area for area in areas if area not in there]


def write_note(rows: Rows) -> str:
    """Return the caption on disputed borders, and on rows that have no place on the map."""
    missing = sorted(map(naming.name_area, list_missing([row["area_id"] for row in rows])))
    return f"{DISPUTED_NOTE} Not on the map: {', '.join(missing)}." if missing else DISPUTED_NOTE


def choose_colour(row: Mapping[str, Any] | None, scale: Scale = SHARES) -> str:
    """Return the colour of a country, by the median for each person of its base."""
    if row is None or read_number(row[f"max_{scale.unit}"]) == 0:
        return "map-none"
    middle, base = (read_number(row[name]) for name in (f"q50_{scale.unit}", "base_q50_persons"))
    if middle is None or not base:
        return "map-unknown"
    return f"map-{1 + sum(middle / base >= limit for limit in scale.limits)}"


def describe_country(row: Mapping[str, Any], scale: Scale = SHARES) -> str:
    """Return the number of a country, for each person of its base as well, in words."""
    estimate, base = read_estimate(row, scale.unit), read_number(row["base_q50_persons"])
    text = f"{naming.name_area(row['area_id'])}: {describe_persons(estimate)} {scale.noun}"
    if estimate.q50 is None or not base:
        return text
    population = naming.label_code(row["base"], "population_base")
    ratio = estimate.q50 / base
    if scale is SHARES:
        return f"{text}, {format_share(min(ratio, 1.0))} of its {population}"
    return f"{text}, {ratio:.3g} days for each of its {population}"
