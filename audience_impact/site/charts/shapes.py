"""The shapes of the map: every country as an outline on the plane, or as a dot where it is small.

The shapes come as TopoJSON; Vega projects them, once for all maps. Natural Earth draws who holds
a territory: Crimea lies in its shape of Russia and most of Western Sahara in that of Morocco, and
both are taken out here.
"""

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import pycountry
import vl_convert

Point = tuple[float, float]
Ring = list[Point]
Polygon = list[Ring]

SHAPES = Path(__file__).parents[1] / "shapes"
WIDTH, HEIGHT = 720, 330
CRIMEA = "Crimea"
ANTARCTICA = "AQ"
"""Nobody lives there, and it would take a fifth of the height."""
DISPUTED = frozenset({CRIMEA, "EH", "N. Cyprus", "Somaliland"})
"""What has no colour: the figures of whoever claims it may include it or not."""
_BOX = (32.0, 44.0, 37.0, 46.5)
"""West, south, east and north of Crimea, in degrees."""
_LINE = 27.667
"""The parallel between Morocco and Western Sahara."""
_UNCODED = {"Kosovo": "XK"}
_NUMBER = re.compile(r"-?\d+\.\d+")
_SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Place:
    """A country, or a disputed area, on the map.

    Attributes:
        key: ISO 3166 code; the name where there is none.
        outline: Path of its shape, "" of a dot.
        x: Where its dot lies.
        y: Where its dot lies.
    """

    key: str
    outline: str
    x: float = 0.0
    y: float = 0.0

    @property
    def disputed(self) -> bool:
        """Whether it is left without a colour."""
        return self.key in DISPUTED


@cache
def places() -> tuple[Place, ...]:
    """Every country, in the Equal Earth projection, which keeps areas true.

    Dots come last, and before them what is disputed, which may lie on a shape of who holds it.
    """
    named = {"description": {"field": "key"}}
    where = {name: {"field": name, "type": "quantitative"} for name in ("longitude", "latitude")}
    dots = {"values": (SHAPES / "small_states.csv").read_text(encoding="utf-8")}
    layers = [
        {"data": {"values": _countries()}, "mark": "geoshape", "encoding": named},
        {
            "data": {**dots, "format": {"type": "csv"}},
            "mark": "circle",
            "encoding": {"description": {"field": "area_id"}, **where},
        },
    ]
    size = {"width": WIDTH, "height": HEIGHT, "padding": 0, "projection": {"type": "equalEarth"}}
    drawn = ET.fromstring(vl_convert.vegalite_to_svg({**size, "layer": layers}))
    found = [_place(path) for path in drawn.iter(f"{_SVG}path") if path.get("aria-label")]
    return tuple(sorted(found, key=lambda place: (not place.outline, place.disputed, place.key)))


def _place(path: ET.Element) -> Place:
    """A path as Vega writes it, to a tenth of a unit: what is finer nobody sees."""
    key, outline, moved = path.get("aria-label", ""), path.get("d", ""), path.get("transform", "")
    if path.get("aria-roledescription") == "circle":
        x, y = (float(value) for value in moved.removeprefix("translate(")[:-1].split(","))
        return Place(key, "", round(x, 1), round(y, 1))
    return Place(
        key, _NUMBER.sub(lambda found: f"{float(found[0]):.1f}".removesuffix(".0"), outline)
    )


def _countries() -> list[dict[str, Any]]:
    """The shapes as GeoJSON with the key of each, what is disputed apart."""
    whole = json.loads((SHAPES / "countries-110m.json").read_text(encoding="utf-8"))
    arcs = [_arc(arc, whole["transform"]) for arc in whole["arcs"]]
    found: dict[str, list[Polygon]] = {}
    for shape in whole["objects"]["countries"]["geometries"]:
        several = shape["arcs"] if shape["type"] == "MultiPolygon" else [shape["arcs"]]
        own = [[_ring(ring, arcs) for ring in polygon] for polygon in several]
        found.setdefault(_key(shape), []).extend(own)
    _part_disputed(found)
    return [
        {"type": "Feature", "key": key, "geometry": {"type": "MultiPolygon", "coordinates": own}}
        for key, own in found.items()
        if key != ANTARCTICA
    ]


def _key(shape: dict[str, Any]) -> str:
    """ISO 3166 code; the name where the shapes have none."""
    code = pycountry.countries.get(numeric=shape.get("id", ""))
    name: str = shape["properties"]["name"]
    return code.alpha_2 if code else _UNCODED.get(name, name)


def _part_disputed(found: dict[str, list[Polygon]]) -> None:
    """Take Crimea out of Russia's shape, and out of Morocco's what lies south of the line."""
    crimea = [own for own in found["RU"] if all(_in_box(point) for point in own[0])]
    found["RU"] = [own for own in found["RU"] if own not in crimea]
    found[CRIMEA] = crimea
    held, own = [[_beyond(ring, south) for ring in found["MA"][0]] for south in (True, False)]
    found["MA"] = [own]
    found["EH"].append(held)


def _in_box(point: Point) -> bool:
    west, south, east, north = _BOX
    return west < point[0] < east and south < point[1] < north


def _beyond(ring: Ring, south: bool) -> Ring:
    """What of a ring lies south, or north, of the line: the cut of a polygon by Sutherland."""
    kept: Ring = []
    for first, second in pairwise(ring):
        inside, next_inside = ((point[1] < _LINE) is south for point in (first, second))
        kept += [first] if inside else []
        if inside is not next_inside:
            along = (_LINE - first[1]) / (second[1] - first[1])
            kept.append((first[0] + along * (second[0] - first[0]), _LINE))
    return [*kept, kept[0]]


def _arc(steps: list[list[int]], transform: dict[str, Any]) -> Ring:
    """The degrees of an arc, which TopoJSON stores as steps of whole numbers."""
    (wide, high), (left, low) = transform["scale"], transform["translate"]
    found = accumulate(steps, lambda one, step: [one[0] + step[0], one[1] + step[1]])
    return [(x * wide + left, y * high + low) for x, y in found]


def _ring(numbers: list[int], arcs: list[Ring]) -> Ring:
    """Arcs joined; ~n is arc n from its end. Each begins where the one before it ends."""
    parts = [arcs[one] if one >= 0 else arcs[~one][::-1] for one in numbers]
    return [parts[0][0], *(point for part in parts for point in part[1:])]
