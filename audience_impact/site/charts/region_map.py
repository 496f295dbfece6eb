"""The map of a ranking: the countries of a region in colours, with the numbers of the largest.

Colours are rates, so that a large country is not dark whatever happened there; the labels are the
numbers that the ranking is of. The frame contains the countries of the ranking.

Method. Labels are placed from the largest number on: on the middle of the largest part of the
country, else a little above, below or beside it with a line to it, where it meets no label and no
edge. One that fits nowhere is left out, and the text below the picture says how many are drawn.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate

from audience_impact.answers import Quantity, names, rankings
from audience_impact.answers.citation import cite_version
from audience_impact.answers.numbers import day_in_words, format_median
from audience_impact.answers.rankings import Ranking
from audience_impact.answers.records import Row, plain_rows
from audience_impact.site.charts import atlas
from audience_impact.site.charts.atlas import WHOLE, WIDTH, Frame, Label, Place, Point, load_places
from audience_impact.site.charts.finish import LETTER, Picture
from audience_impact.site.charts.ranking import COUNTED, TITLES, join_publishers
from audience_impact.store.versions import Stored

LOWEST, TALLEST, CLOSEST = 240.0, 620.0, 6.0
"""Least and greatest height of the picture in pixels, greatest enlargement of the shapes."""
WORLD = "001"
MARGIN = 0.06
"""Space around the countries, as a share of the frame."""
SIZE, LINE = 12, 13
"""Size of the letters of a label, and distance of its lines, in pixels."""
SHIFTS = ((0, -1), (0, 1), (-0.6, 0), (0.6, 0), (-0.6, -1), (0.6, 1), (0.6, -1), (-0.6, 1))
"""Where a label is tried beside its country: widths to the right, and heights down."""
SCALES = {Quantity.PEOPLE: atlas.SHARES, Quantity.PERSON_DAYS: atlas.DAYS}
COLOURS = {
    Quantity.PEOPLE: "Colour: the median as a share of the people online.",
    Quantity.PERSON_DAYS: "Colour: the median as days for each person online.",
}
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)")
Box = tuple[float, float, float, float]
"""West, north, east and south edge, in units of the plane or in pixels."""


def draw_ranking_map(
    ranking: Ranking, most: int, publishers: Sequence[str], version: Stored
) -> Picture:
    """Return the map of the countries of a ranking, the `most` largest with their numbers.

    `publishers` are the sources of the restrictions, the most frequent first. Raise ValueError
    for less than two countries on the map.
    """
    quantity, rows = ranking.quantity, plain_rows(ranking.rows)
    is_world = ranking.area_id == WORLD
    frame = WHOLE if is_world else choose_frame([row["area_id"] for row in rows])
    estimated = [row for row in rows if row[f"q50_{quantity.unit}"] is not None]
    labels = list(place_labels(estimated[:most], quantity, frame))
    place = names.capitalise_first(ranking.name)
    title = f"{TITLES[quantity][0]}: {place}, {day_in_words(ranking.period)}"
    scale = SCALES[quantity]
    elsewhere = "" if is_world else f", or not in {names.name_area(ranking.area_id)}"
    legend = (*scale.legend[:-1], ("map-none", f"nothing on record{elsewhere}"))
    svg = atlas.draw_part(title, rows, {}, scale, legend, frame, labels)
    foot = (
        f"{COLOURS[quantity]} Numbers: medians of {len(labels)} of {len(estimated)} countries with "
        f"an estimate. {COUNTED[quantity]}",
        *_name_missing(rows, estimated),
        atlas.write_note([]),
        f"Restrictions recorded by {join_publishers(publishers)}.",
        cite_version(version.manifest),
    )
    return Picture(svg, title, foot)


def _name_missing(rows: Sequence[Row], estimated: Sequence[Row]) -> list[str]:
    """Return which countries are grey because they have no estimate, and which are no shape."""
    without = [row["area_name"] for row in rows if row not in estimated]
    on_map = {place.key for place in load_places() if not place.is_disputed}
    hidden = [row["area_name"] for row in rows if row["area_id"] not in on_map]
    texts = [f"No estimate: {names.join_names(sorted(without))}."] * bool(without)
    return texts + [f"Not on the map: {names.join_names(sorted(hidden))}."] * bool(hidden)


def choose_frame(areas: Sequence[str]) -> Frame:
    """Return the part of the plane around countries; raise ValueError for less than two on it."""
    boxes = [find_box(place) for place in load_places() if place.key in set(areas)]
    if len(boxes) < 2:
        raise ValueError("a map needs two countries with a place on it; ask for a larger region")
    sides = [list(side) for side in zip(*boxes, strict=True)]
    west, north, east, south = min(sides[0]), min(sides[1]), max(sides[2]), max(sides[3])
    width, height = (max(size, 1.0) * (1 + 2 * MARGIN) for size in (east - west, south - north))
    scale = round(min(WIDTH / width, TALLEST / height, CLOSEST), 3)
    tall = min(max(height * scale, LOWEST), TALLEST)
    middle = ((west + east) / 2, (north + south) / 2)
    edges = (middle[0] - WIDTH / scale / 2, middle[1] - tall / scale / 2)
    return Frame(scale, round(edges[0], 1), round(edges[1], 1), round(tall))


def find_box(place: Place) -> Box:
    """Return the box of the largest part of a country on the plane, or of its dot."""
    if not place.outline:
        return place.x, place.y, place.x, place.y
    return max(map(_measure_box, _read_rings(place.outline)), key=_measure_area)


def _read_rings(outline: str) -> Iterator[list[Point]]:
    """Yield the points of each ring of a path that `atlas.shorten_ring` wrote."""
    for ring in filter(None, outline.split("z")):
        numbers = [float(number) for number in _NUMBER.findall(ring)]
        steps = list(zip(numbers[::2], numbers[1::2], strict=True))
        yield list(accumulate(steps, lambda point, step: (point[0] + step[0], point[1] + step[1])))


def _measure_box(points: Sequence[Point]) -> Box:
    across, down = zip(*points, strict=True)
    return min(across), min(down), max(across), max(down)


def _measure_area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def place_labels(rows: Sequence[Row], quantity: Quantity, frame: Frame) -> Iterator[Label]:
    """Yield the label of each country that has room for one, the first rows first."""
    places, taken = {place.key: place for place in load_places()}, list[Box]()
    for row in rows:
        if place := places.get(row["area_id"]):
            lines = (row["area_name"], format_median(rankings.read_amount(row, quantity)))
            for label in _list_positions(lines, find_box(place), frame):
                box = _measure_label(label)
                if _is_inside(box, frame) and not any(_overlap(box, drawn) for drawn in taken):
                    taken.append(box)
                    yield label
                    break


def _list_positions(lines: tuple[str, ...], box: Box, frame: Frame) -> Iterator[Label]:
    """Yield the positions of a label in the order in which they are tried."""
    x = (box[0] + box[2]) / 2 - frame.west
    y = (box[1] + box[3]) / 2 - frame.north
    label = Label(lines, round(x * frame.scale, 1), round(y * frame.scale - LINE, 1))
    width, height = SIZE * LETTER * max(map(len, lines)), LINE * len(lines)
    yield label
    target = (label.x, round(label.y + LINE, 1))
    for right, down in SHIFTS:
        shifted = (round(label.x + right * width, 1), round(label.y + down * height, 1))
        yield _tie_label(replace(label, x=shifted[0], y=shifted[1]), target)


def _tie_label(label: Label, target: Point) -> Label:
    """Return a label with the line from its nearest edge to a point."""
    west, north, east, south = _measure_label(label)
    end = (min(max(target[0], west), east), min(max(target[1], north), south))
    return replace(label, tie=(target, (round(end[0], 1), round(end[1], 1))))


def _measure_label(label: Label) -> Box:
    half = SIZE * LETTER * max(map(len, label.lines)) / 2
    return label.x - half, label.y, label.x + half, label.y + LINE * len(label.lines)


def _is_inside(box: Box, frame: Frame) -> bool:
    return box[0] >= 0 and box[1] >= 0 and box[2] <= WIDTH and box[3] <= frame.height


def _overlap(first: Box, second: Box) -> bool:
    across = first[0] < second[2] and second[0] < first[2]
    return across and first[1] < second[3] and second[1] < first[3]
