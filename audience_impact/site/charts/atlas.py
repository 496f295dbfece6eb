"""The map of the world: the share of each country's people who were under a restriction.

Colours show shares, because a map coloured by the number of people would show large countries dark
whatever was restricted in them. The text of each country states the number.

Every country is an outline on the plane, or a dot where it is small. The shapes come as TopoJSON;
Vega projects them, once for all maps. Natural Earth draws who holds a territory: Crimea lies in its
shape of Russia and most of Western Sahara in that of Morocco, and both are taken out here.
"""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import pycountry
import vl_convert

from audience_impact.answers import names as naming
from audience_impact.answers.numbers import format_share, read_estimate, read_number
from audience_impact.site import rendering
from audience_impact.site.charts.finish import paint
from audience_impact.site.charts.series import describe_persons

Point = tuple[float, float]
Ring = list[Point]
Polygon = list[Ring]

SHAPES = Path(__file__).parents[1] / "shapes"
WIDTH, HEIGHT = 720, 330
CRIMEA = "Crimea"
ANTARCTICA = "AQ"
"""Continent that is omitted: nobody lives there, and it would fill a fifth of the height."""
DISPUTED = frozenset({CRIMEA, "EH", "N. Cyprus", "Somaliland"})
"""Areas without a colour, because figures of a claimant may or may not include them."""
_BOX = (32.0, 44.0, 37.0, 46.5)
"""Limits of Crimea in degrees: west, south, east and north."""
_LINE = 27.667
"""Latitude of the border between Morocco and Western Sahara."""
_UNCODED = {"Kosovo": "XK"}
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
_ZERO = re.compile(r"\b0\.")
_SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Place:
    """A country, or a disputed area, on the map.

    Attributes:
        key: ISO 3166 code; the name if there is none.
        outline: Path of its shape; "" for a dot.
        x: Horizontal position of its dot.
        y: Vertical position of its dot.
    """

    key: str
    outline: str
    x: float = 0.0
    y: float = 0.0

    @property
    def is_disputed(self) -> bool:
        """Return whether the place has no colour, because it is disputed."""
        return self.key in DISPUTED


@cache
def load_places() -> tuple[Place, ...]:
    """Return the shapes of all countries in the Equal Earth projection, which preserves areas.

    Dots come last, and before them disputed areas, which may overlap another shape.
    """
    named = {"description": {"field": "key"}}
    where = {name: {"field": name, "type": "quantitative"} for name in ("longitude", "latitude")}
    dots = {"values": (SHAPES / "small_states.csv").read_text(encoding="utf-8")}
    layers = [
        {"data": {"values": _read_countries()}, "mark": "geoshape", "encoding": named},
        {
            "data": {**dots, "format": {"type": "csv"}},
            "mark": "circle",
            "encoding": {"description": {"field": "area_id"}, **where},
        },
    ]
    size = {"width": WIDTH, "height": HEIGHT, "padding": 0, "projection": {"type": "equalEarth"}}
    drawn = ET.fromstring(vl_convert.vegalite_to_svg({**size, "layer": layers}))
    places = [_read_place(path) for path in drawn.iter(f"{_SVG}path") if path.get("aria-label")]
    return tuple(
        sorted(places, key=lambda place: (not place.outline, place.is_disputed, place.key))
    )


def _read_place(path: ET.Element) -> Place:
    """Return the place of a path that Vega wrote, rounded to a tenth of a unit."""
    key, outline, moved = path.get("aria-label", ""), path.get("d", ""), path.get("transform", "")
    if path.get("aria-roledescription") == "circle":
        x, y = (float(value) for value in moved.removeprefix("translate(")[:-1].split(","))
        return Place(key, "", round(x, 1), round(y, 1))
    return Place(key, "".join(shorten_ring(ring) for ring in outline.split("Z") if ring))


def shorten_ring(ring: str) -> str:
    """Return a closed ring as a path of steps between points rounded to a tenth of a unit.

    A ring that is smaller than that is blank.
    """
    tenths = [round(10 * float(number)) for number in _NUMBER.findall(ring)]
    points = list(zip(tenths[::2], tenths[1::2], strict=True))
    steps = [(x - before_x, y - before_y) for (before_x, before_y), (x, y) in pairwise(points)]
    pairs = [f"{x / 10:g} {y / 10:g}" for x, y in (points[0], *filter(any, steps))]
    path = f"M{pairs[0]}l{' '.join(pairs[1:])}z".replace(" -", "-")
    return _ZERO.sub(".", path) if len(pairs) > 2 else ""


def _read_countries() -> list[dict[str, Any]]:
    """Return the shapes as GeoJSON with their keys; disputed areas are separate shapes."""
    topology = json.loads((SHAPES / "countries-110m.json").read_text(encoding="utf-8"))
    arcs = [_decode_arc(arc, topology["transform"]) for arc in topology["arcs"]]
    polygons_by_key: dict[str, list[Polygon]] = {}
    for shape in topology["objects"]["countries"]["geometries"]:
        several = shape["arcs"] if shape["type"] == "MultiPolygon" else [shape["arcs"]]
        polygons = [[_join_arcs(ring, arcs) for ring in polygon] for polygon in several]
        polygons_by_key.setdefault(_read_key(shape), []).extend(polygons)
    _split_disputed(polygons_by_key)
    return [
        {
            "type": "Feature",
            "key": key,
            "geometry": {"type": "MultiPolygon", "coordinates": polygons},
        }
        for key, polygons in polygons_by_key.items()
        if key != ANTARCTICA
    ]


def _read_key(shape: dict[str, Any]) -> str:
    """Return the ISO 3166 code of a shape; its name if it has no code."""
    code = pycountry.countries.get(numeric=shape.get("id", ""))
    name: str = shape["properties"]["name"]
    return code.alpha_2 if code else _UNCODED.get(name, name)


def _split_disputed(polygons_by_key: dict[str, list[Polygon]]) -> None:
    """Separate Crimea from Russia, and the area south of the line from Morocco, as own shapes."""
    crimea = [
        polygon for polygon in polygons_by_key["RU"] if all(_in_box(point) for point in polygon[0])
    ]
    polygons_by_key["RU"] = [polygon for polygon in polygons_by_key["RU"] if polygon not in crimea]
    polygons_by_key[CRIMEA] = crimea
    southern, polygon = [
        [_clip_ring(ring, south) for ring in polygons_by_key["MA"][0]] for south in (True, False)
    ]
    polygons_by_key["MA"] = [polygon]
    polygons_by_key["EH"].append(southern)


def _in_box(point: Point) -> bool:
    west, south, east, north = _BOX
    return west < point[0] < east and south < point[1] < north


def _clip_ring(ring: Ring, south: bool) -> Ring:
    """Return the part of a ring south, or north, of the parallel (Sutherland and Hodgman)."""
    clipped: Ring = []
    for first, second in pairwise(ring):
        inside, next_inside = ((point[1] < _LINE) is south for point in (first, second))
        clipped += [first] if inside else []
        if inside is not next_inside:
            along = (_LINE - first[1]) / (second[1] - first[1])
            clipped.append((first[0] + along * (second[0] - first[0]), _LINE))
    return [*clipped, clipped[0]]


def _decode_arc(steps: list[list[int]], transform: dict[str, Any]) -> Ring:
    """Return an arc in degrees; TopoJSON stores it as integer steps."""
    (wide, high), (west, south) = transform["scale"], transform["translate"]
    points = accumulate(steps, lambda point, step: [point[0] + step[0], point[1] + step[1]])
    return [(x * wide + west, y * high + south) for x, y in points]


def _join_arcs(numbers: list[int], arcs: list[Ring]) -> Ring:
    """Return arcs joined to a ring; ~n is arc n reversed. Each begins where the last one ends."""
    parts = [arcs[number] if number >= 0 else arcs[~number][::-1] for number in numbers]
    return [parts[0][0], *(point for part in parts for point in part[1:])]


Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Scale:
    """The colours of a map: the median of a country for each person of its base.

    Attributes:
        unit: The unit of the columns that are read: persons or person_days.
        limits: Upper limits of the classes of colour.
        legend: Colours in their order, and the meaning of each.
    """

    unit: str
    limits: tuple[float, ...]
    legend: tuple[tuple[str, str], ...]


_REST = (("map-unknown", "no estimate"), ("map-none", "nothing on record"))
SHARES = Scale(
    "persons",
    (0.1, 0.25, 0.5, 0.75),
    (
        ("map-1", "under 10 %"),
        ("map-2", "10 to 25 %"),
        ("map-3", "25 to 50 %"),
        ("map-4", "50 to 75 %"),
        ("map-5", "75 % and more"),
        *_REST,
    ),
)
"""Share of the people in the base."""
DAYS = Scale(
    "person_days",
    (1, 10, 50, 150),
    (
        ("map-1", "under 1 day"),
        ("map-2", "1 to 10"),
        ("map-3", "10 to 50"),
        ("map-4", "50 to 150"),
        ("map-5", "150 days and more"),
        *_REST,
    ),
)
"""Days for each person in the base."""
SWATCH, LEGEND_LINE, LEGEND_LETTER, LEGEND_GAP = 16, 18, 6.2, 18
"""Sizes of the legend in a picture, in pixels: of a colour, a line, a letter and a space."""
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


@dataclass(frozen=True)
class Label:
    """A text on a map.

    Attributes:
        lines: Its lines.
        x: Their middle, in pixels of the picture.
        y: The top of the first line.
        tie: The ends of the line from a text beside its country to it; None for one on it.
    """

    lines: tuple[str, ...]
    x: float
    y: float
    tie: tuple[Point, Point] | None = None


@dataclass(frozen=True)
class Frame:
    """The part of the plane that a map shows, enlarged, and the height of the picture."""

    scale: float = 1.0
    west: float = 0.0
    north: float = 0.0
    height: float = HEIGHT


WHOLE = Frame()


def draw_map(title: str, rows: Rows, links: Mapping[str, str], legend: bool = False) -> str:
    """Return the map of the rows of `impact_by_area` of one period, a country each.

    `links` leads from a country to its page. With `legend` the picture itself explains the colours,
    for use outside a page.
    """
    return draw_part(title, rows, links, SHARES, SHARES.legend if legend else ())


def draw_part(
    title: str,
    rows: Rows,
    links: Mapping[str, str],
    scale: Scale,
    legend: Sequence[tuple[str, str]] = (),
    frame: Frame = WHOLE,
    labels: Sequence[Label] = (),
) -> str:
    """Return a part of the map in the colours of a scale, with labels and legend."""
    by_area = {row["area_id"]: row for row in rows}
    shapes = [_make_shape(place, by_area.get(place.key), links, scale) for place in load_places()]
    template = rendering.load_environment().get_template("chart_map.svg")
    entries = lay_out_legend(legend, frame.height)
    return template.render(
        title=title, alt=describe_map(rows, scale), shapes=shapes, width=WIDTH, paint=paint,
        height=entries[-1][3] + 8 if entries else frame.height, frame=frame, labels=labels,
        legend=entries,
    )  # fmt: skip


def lay_out_legend(
    legend: Sequence[tuple[str, str]], top: float
) -> list[tuple[str, str, float, float]]:
    """Return colour, words and place of each entry: in lines, each as long as the picture."""
    entries: list[tuple[str, str, float, float]] = []
    x, y = 6.0, top + LEGEND_LINE
    for colour, words in legend:
        width = SWATCH + LEGEND_LETTER * len(words)
        if x + width > WIDTH:
            x, y = 6.0, y + LEGEND_LINE
        entries.append((colour, words, round(x, 1), round(y, 1)))
        x += width + LEGEND_GAP
    return entries


def describe_map(rows: Rows, scale: Scale = SHARES) -> str:
    """Return the numbers on the map in words, the countries with the most first."""
    order = sorted(rows, key=lambda row: -(read_estimate(row, scale.unit).q50 or 0.0))
    return " ".join(f"{describe_country(row, scale)}." for row in order)


def write_note(rows: Rows) -> str:
    """Return the caption on disputed borders, and on rows that have no place on the map."""
    on_map = {place.key for place in load_places() if not place.is_disputed}
    missing = sorted(
        naming.name_area(row["area_id"]) for row in rows if row["area_id"] not in on_map
    )
    return f"{DISPUTED_NOTE} Not on the map: {', '.join(missing)}." if missing else DISPUTED_NOTE


def choose_colour(row: Mapping[str, Any] | None, scale: Scale = SHARES) -> str:
    """Return the colour of a country, by the median for each person of its base."""
    if row is None or read_number(row[f"at_most_{scale.unit}"]) == 0:
        return "map-none"
    middle, base = (read_number(row[name]) for name in (f"q50_{scale.unit}", "base_q50_persons"))
    if middle is None or not base:
        return "map-unknown"
    return f"map-{1 + sum(middle / base >= limit for limit in scale.limits)}"


def _make_shape(
    place: Place, row: Mapping[str, Any] | None, links: Mapping[str, str], scale: Scale
) -> MapShape:
    if place.is_disputed:
        return MapShape(place, "map-none", "", "")
    text = (
        f"{naming.name_area(place.key)}: no restriction on record"
        if row is None
        else describe_country(row, scale)
    )
    return MapShape(place, choose_colour(row, scale), text, links.get(place.key, ""))


def describe_country(row: Mapping[str, Any], scale: Scale = SHARES) -> str:
    """Return the number of a country, for each person of its base as well, in words."""
    estimate, base = read_estimate(row, scale.unit), read_number(row["base_q50_persons"])
    is_people, rate = scale is SHARES, ""
    if estimate.q50 is not None and base:
        population = naming.label_code(row["base"], "population_base")
        ratio = estimate.q50 / base
        rate = (
            f", {format_share(min(ratio, 1.0))} of its {population}"
            if is_people
            else f", {ratio:.3g} days for each of its {population}"
        )
    unit = "people" if is_people else "person-days"
    return f"{naming.name_area(row['area_id'])}: {describe_persons(estimate)} {unit}{rate}"
