"""The pictures of docs/architecture.md, from the imports and the docstrings of the code.

A room is a package or a module that the docstring of `audience_impact` or of `flows` names; all
contracts are one room. A room is placed in a row below every room that it imports.
"""

import ast
import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache, cached_property
from graphlib import TopologicalSorter
from html import escape
from pathlib import Path

from audience_impact.answers.tables import render_markdown
from flows import CHECKOUT

SCHEMAS = "schemas"
ROOM = re.compile(r"^ {4}(\w+) - (.+)$", re.MULTILINE)
COLUMNS = {"middle": (0.38, 0.76), "beside": (0.88, 0.24)}
"""Middle and width of each column of the picture, as shares of its width."""
TITLES = {
    "audience_impact": "audience_impact: the statistics; at the right, registers and readers",
    SCHEMAS: "schemas: the contracts",
    "flows": "flows: what a checkout runs",
}
WIDTH, ROW, BOX, MARGIN = 1000, 72, (106, 30), 40
FULL = {"middle": 6, "beside": 2}
"""Maximum number of rooms (packages) of a column in a row, if others can be in a higher row."""
FIGURE = "PE0001"
"""The figure whose processing is shown: the monthly users of WhatsApp in Russia, July 2025."""
ANSWER = "RU-2025-08-13-calls"


class Rooms:
    """The rooms of the three packages, and their imports.

    Attributes:
        purposes: The purpose of each room by its dotted name, in the order of the docstrings.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        first, last = (self._read_purposes(package) for package in ("audience_impact", "flows"))
        self.purposes = {**first, SCHEMAS: "the contracts of the tables", **last}

    def _read_purposes(self, package: str) -> dict[str, str]:
        tree = ast.parse((self.root / package / "__init__.py").read_text("utf-8"))
        text = ast.get_docstring(tree, clean=False) or ""
        return {f"{package}.{name}": purpose for name, purpose in ROOM.findall(text)}

    @cached_property
    def direct_imports(self) -> dict[str, set[str]]:
        """Return the rooms that each room imports, without later rooms, which it imports lazily."""
        places = {room: place for place, room in enumerate(self.purposes)}
        edges: dict[str, set[str]] = {room: set() for room in self.purposes}
        for path in sorted(self.root.glob("[afs]*/**/*.py")):
            room = self._find_room(".".join(path.relative_to(self.root).with_suffix("").parts))
            for imported in {self._find_room(name) for name in _list_imports(path)} if room else ():
                if room and imported and places[imported] < places[room]:
                    edges[room].add(imported)
        return edges

    def _find_room(self, name: str) -> str | None:
        if name.partition(".")[0] == SCHEMAS:
            return SCHEMAS
        room = ".".join(name.split(".")[:2])
        return room if room in self.purposes else None

    @cached_property
    def all_imports(self) -> dict[str, set[str]]:
        """Return for each room (package) all rooms that it imports, directly or indirectly."""
        reached: dict[str, set[str]] = {}
        for room in TopologicalSorter(self.direct_imports).static_order():
            direct = self.direct_imports[room]
            reached[room] = direct.union(*(reached[imported] for imported in direct))
        return reached

    def find_column(self, room: str) -> str:
        """Return the column of COLUMNS for a room; readers and registers are beside the others."""
        names = list(self.purposes)
        first, end = names.index("audience_impact.registers"), names.index(SCHEMAS)
        return "beside" if first <= names.index(room) < end else "middle"

    def list_arrows(self) -> list[tuple[str, str]]:
        """Return the imports that do not follow from others, as pairs of importer and imported."""
        return [
            (room, imported)
            for room, direct in self.direct_imports.items()
            for imported in sorted(direct)
            if not any(imported in self.all_imports[third] for third in direct)
        ]

    def arrange_rows(self) -> list[list[str]]:
        """Return the rooms in rows: each imports only from rows above and is as low as possible."""
        order = list(TopologicalSorter(self.direct_imports).static_order())
        heights: dict[str, int] = {}
        for room in order:
            heights[room] = 1 + max(
                (heights[neighbour] for neighbour in self.direct_imports[room]), default=-1
            )
        sizes = Counter[tuple[int, str]]()
        for room in reversed(order):
            importers = [
                heights[neighbour] for neighbour in order if room in self.direct_imports[neighbour]
            ]
            lowest = min(importers) - 1 if importers else heights[room]
            column = self.find_column(room)
            rows = range(lowest, heights[room], -1)
            free = (row for row in rows if sizes[row, column] < FULL[column])
            heights[room] = next(free, heights[room])
            sizes[heights[room], column] += 1
        return [
            [room for room in self.purposes if heights[room] == height]
            for height in range(max(heights.values()) + 1)
        ]


def _list_imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def read_rooms() -> Rooms:
    """Return the rooms (packages) of the checkout, with their imports."""
    return Rooms(CHECKOUT)


def draw_picture() -> str:
    """Return an SVG, in a box that scrolls: rooms as boxes in rows, their imports as arrows."""
    all_rooms = read_rooms()
    places = dict(_place_rooms(all_rooms))
    height = ROW * len(list(_list_lines(all_rooms))) + MARGIN
    titles = "".join(
        f'<text class="{package}" x="{share * WIDTH:.0f}" y="18">{title}</text>'
        for share, (package, title) in zip((0.27, 0.67, 0.87), TITLES.items(), strict=True)
    )
    arrows = "".join(
        _draw_arrow(places[upper], places[lower]) for lower, upper in all_rooms.list_arrows()
    )
    boxes = "".join(_draw_box(room, *places[room], all_rooms.purposes[room]) for room in places)
    return (
        '<div class="rooms" tabindex="0" role="region" aria-label="The rooms and their imports">'
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="Rooms in rows; each imports '
        'only from rows above it">'
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z"/></marker></defs>'
        f"{titles}{arrows}{boxes}</svg></div>\n"
    )


def _place_rooms(all_rooms: Rooms) -> Iterator[tuple[str, tuple[float, float]]]:
    """Yield each room and the middle of its box, from the top; rooms of readers at the right."""
    for number, line in enumerate(_list_lines(all_rooms)):
        for column, members in line.items():
            middle, width = COLUMNS[column]
            for place, room in enumerate(members):
                share = middle + width * ((place + 0.5) / len(members) - 0.5)
                yield room, (share * WIDTH, MARGIN + number * ROW + BOX[1] / 2)


def _list_lines(all_rooms: Rooms) -> Iterator[dict[str, list[str]]]:
    """Yield the rooms of each line by column; a row of more than fit takes several lines."""
    for row in all_rooms.arrange_rows():
        parts = {
            column: [room for room in row if all_rooms.find_column(room) == column]
            for column in COLUMNS
        }
        while any(parts.values()):
            yield {column: parts[column][:full] for column, full in FULL.items()}
            parts = {column: parts[column][full:] for column, full in FULL.items()}


def _draw_arrow(upper: tuple[float, float], lower: tuple[float, float]) -> str:
    """Return a curve from the bottom of an imported room to the top of the room that imports it."""
    (start, top), (end, bottom) = upper, lower
    top, bottom = top + BOX[1] / 2, bottom - BOX[1] / 2
    bend = (bottom - top) / 2
    return (
        f'<path class="arrow" marker-end="url(#tip)" d="M{start:.0f} {top:.0f}'
        f'C{start:.0f} {top + bend:.0f} {end:.0f} {bottom - bend:.0f} {end:.0f} {bottom:.0f}"/>'
    )


def _draw_box(room: str, x: float, y: float, purpose: str) -> str:
    width, height = BOX
    return (
        f'<g class="{room.partition(".")[0]}"><title>{escape(room)}: {escape(purpose)}</title>'
        f'<rect x="{x - width / 2:.0f}" y="{y - height / 2:.0f}" width="{width}" '
        f'height="{height}" rx="5"/><text x="{x:.0f}" y="{y + 4:.0f}">'
        f"{escape(room.rpartition('.')[2])}</text></g>"
    )


def format_rooms() -> str:
    """Return a Markdown table of the rooms in their order, with their purposes."""
    rows = [(f"`{room}`", purpose) for room, purpose in read_rooms().purposes.items()]
    return render_markdown(("room", "what is in it"), rows)


def format_way() -> str:
    """Return the way of one figure, from its line in the facts to the published row.

    The rooms on the way import `facts`, directly or indirectly, and are imported by the steps of a
    run.
    """
    all_rooms = read_rooms()
    start, end = "audience_impact.facts", "flows.pipeline"
    between = [
        room
        for room in all_rooms.purposes
        if room == start
        or (room in all_rooms.all_imports[end] and start in all_rooms.all_imports[room])
    ]
    steps = [_format_step(room, all_rooms.purposes[room]) for room in [SCHEMAS, *between, end]]
    return (
        '<ol class="way">\n'
        + "".join([_format_first_step(), *steps, _format_last_step()])
        + "</ol>\n"
    )


def _format_step(name: str, text: str) -> str:
    return f"<li><code>{escape(name)}</code> {escape(text)}</li>\n"


def _format_first_step() -> str:
    """Return the first step: the line of the facts, with the cells that are not blank."""
    path = "data/facts/estimates.csv"
    with (CHECKOUT / path).open(encoding="utf-8", newline="") as file:
        lines = csv.DictReader(file)
        row = next(row for row in lines if row["estimate_id"] == FIGURE)
        cells = _join_cells(row.values())
        return _format_step(f"{path}:{lines.line_num}", f"the line: {cells}")


def _join_cells(cells: Iterable[str]) -> str:
    text = ", ".join(cell for cell in cells if cell)
    return text if len(text) < 160 else f"{text[:160].rpartition(' ')[0]} ..."


def _format_last_step() -> str:
    """Return the last step: the row of the published table, as the README shows it."""
    text = (CHECKOUT / "README.md").read_text("utf-8")
    line = next(line for line in text.splitlines() if line.startswith(f"| `{ANSWER}` |"))
    _, _, median, _, least, most, *_ = (cell.strip() for cell in line.strip("|").split("|"))
    sentence = (
        f"the row of {ANSWER}: median and 90 % interval {median}, at least {least}, at most {most}"
    )
    return _format_step("data/published/latest/impact.parquet", sentence)
