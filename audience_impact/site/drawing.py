"""Pictures: drawn by Vega in the colours of the page, and as files with a title and sources.

Colours are the variables of the styles of every page, stored there alone. In a page a colour is a
CSS variable, so that one picture serves both themes. In a file, and wherever no page sets the
variable, it is the colour itself.

Vega writes what a screen reader says of a mark; a browser shows the same where the mouse rests. Its
other attributes are left out, because a page has several pictures.
"""

import json
import re
import textwrap
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import vl_convert
from markupsafe import escape

from audience_impact.plain_text import plain_line, plain_lines
from audience_impact.site.rendering import STATIC

_DECLARED = re.compile(r"--([a-z0-9-]+): (#[0-9a-f]{6});")
_THEME = re.search(r":root \{([^}]*)\}", (STATIC / "site.css").read_text(encoding="utf-8"))
COLOURS: dict[str, str] = dict(_DECLARED.findall(_THEME[1] if _THEME else ""))
"""The colours of the light theme, by name."""
SPECS = Path(__file__).parent / "specs"
MARGIN, WIDTH = 16, 720
INNER = WIDTH - 2 * MARGIN
"""Width of a picture in its file, in pixels."""
TITLE, FOOT = 20, 11
"""Font sizes of the texts above and below a picture."""
LETTER = 0.56
"""Average width of a letter, as a share of the font size."""
FONT = "Arial, 'Liberation Sans', sans-serif"
_SVG = "http://www.w3.org/2000/svg"
_NOISE = ("role", "class", "aria-label", "aria-roledescription", "aria-hidden", "pointer-events")
_VARIABLE = re.compile(r"var\(--[a-z0-9-]+, (#[0-9a-f]{6})\)")
_LONG = re.compile(r"-?\d+\.\d{2,}")
_SHORT = re.compile(r'<text class="short".*?</text>\s*')
"""A name that is cut for narrow screens, which the whole name follows."""
_SCALED = re.compile(r'<svg [^>]*?viewBox="0 0 ([\d.]+) ([\d.]+)"')
_ROWS = re.compile(r'<svg [^>]*?width="100%" height="(\d+)"')


def paint(name: str) -> str:
    """Return a colour of the theme as the value of an SVG attribute."""
    return f"var(--{name}, {COLOURS[name]})"


_CONFIG = (SPECS / "config.json").read_text(encoding="utf-8")
CONFIG: dict[str, Any] = json.loads(
    re.sub(r"paint\(([a-z]+)\)", lambda match: paint(match[1]), _CONFIG)
)
"""The look of what Vega draws."""


def load_spec(name: str) -> dict[str, Any]:
    """Return a specification of `specs`: of Vega-Lite, or of Vega if it has `marks`."""
    spec: dict[str, Any] = json.loads((SPECS / f"{name}.json").read_text(encoding="utf-8"))
    return {"background": None, "padding": 2, "config": CONFIG, "width": INNER, **spec}


def draw(
    spec: dict[str, Any],
    data: Mapping[str, Sequence[Mapping[str, Any]]],
    values: Mapping[str, Any],
    title: str,
    alt: str,
    links: Mapping[str, str] = {},
) -> str:
    """Return the SVG of a specification, filled with data and values by name.

    It can use the colours by name too. `links` leads from the description of a mark to a page.
    """
    inputs = {**{name: paint(name) for name in COLOURS if name.isidentifier()}, **values}
    named = [{"name": name, "value": value} for name, value in inputs.items()]
    kind = "chart" if "marks" in spec else "chart series"
    if "marks" not in spec:
        spec = _compile(json.dumps(spec), tuple(inputs), tuple(data))
    others = [signal for signal in spec.get("signals", ()) if signal["name"] not in inputs]
    filled = {name: {"values": rows} for name, rows in data.items()}
    tables = [{**table, **filled.get(table["name"], {})} for table in spec["data"]]
    svg = vl_convert.vega_to_svg({**spec, "data": tables, "signals": named + others})
    root = ET.fromstring(svg)
    for parent in list(root.iter()):
        parent[:] = [_refine_mark(mark, links) for mark in parent if mark.get("opacity") != "0"]
    size = f"0 0 {root.get('width')} {root.get('height')}"
    root.attrib = {"class": kind, "role": "group" if links else "img", "viewBox": size}
    for place, (tag, text) in enumerate((("title", title), ("desc", alt))):
        root.insert(place, _make_text(tag, text))
    ET.register_namespace("", _SVG)
    return ET.tostring(root, encoding="unicode")


@cache
def _compile(spec: str, values: Sequence[str], tables: Sequence[str]) -> dict[str, Any]:
    """Return a specification of Vega-Lite as one of Vega, without its data and values."""
    params = [{"name": name} for name in values]
    blank = {"datasets": {name: [] for name in tables}, "params": params}
    return dict(vl_convert.vegalite_to_vega({**json.loads(spec), **blank}))


def _refine_mark(mark: ET.Element, links: Mapping[str, str]) -> ET.Element:
    text = mark.get("aria-label", "")
    cells = {name: cell for name, cell in mark.attrib.items() if name not in _NOISE}
    mark.attrib = {
        name: _LONG.sub(lambda match: f"{round(float(match[0]), 1):g}", cell)
        for name, cell in cells.items()
    }
    if mark.tag == f"{{{_SVG}}}text" and "stroke" in cells:
        mark.set("paint-order", "stroke")
    if text:
        mark.insert(0, _make_text("title", text))
    if text not in links:
        return mark
    link = ET.Element(f"{{{_SVG}}}a", {"href": links[text], "aria-label": text})
    link.append(mark)
    return link


def _make_text(tag: str, text: str) -> ET.Element:
    element = ET.Element(f"{{{_SVG}}}{tag}")
    element.text = text
    return element


@dataclass(frozen=True)
class Picture:
    """A picture for use outside its page, with the texts above and below it."""

    svg: str
    title: str
    foot: tuple[str, ...]

    def encode(self, suffix: str) -> bytes:
        """Return the picture as a file with this ending; raise ValueError but for .png and .svg.

        A PNG has twice as many pixels.
        """
        if suffix not in (".png", ".svg"):
            raise ValueError("its name has to end in .png or .svg")
        above, top = _write_lines([self.title], TITLE, MARGIN, "ink", "bold")
        drawn = _SHORT.sub("", self.svg)
        if scaled := _SCALED.match(drawn):
            height = round(INNER * float(scaled[2]) / float(scaled[1]))
            size = f'width="{INNER}" height="{height}"'
        else:
            rows = _ROWS.match(drawn)
            height = int(rows[1]) if rows else 0
            size, drawn = f'width="{INNER}"', drawn.replace('width="100%"', "", 1)
        placed = drawn.replace("<svg ", f'<svg x="{MARGIN}" y="{top}" {size} ', 1)
        below, end = _write_lines(self.foot, FOOT, top + height, "soft", "normal")
        if suffix == ".png":  # a clip would be a layer to blend
            placed = placed.replace(" viewBox=", ' overflow="visible" viewBox=', 1)
        svg = _frame(f"{above}{plain_lines(placed)}{below}", end)
        return svg.encode() if suffix == ".svg" else bytes(vl_convert.svg_to_png(svg, scale=2))


def _frame(drawn: str, end: int) -> str:
    return _VARIABLE.sub(
        r"\1",
        f'<svg xmlns="{_SVG}" width="{WIDTH}" height="{end + MARGIN}" font-family="{FONT}">'
        f'<rect width="100%" height="100%" fill="{paint("paper")}"/>{drawn}</svg>',
    )


def _write_lines(
    texts: Sequence[str], size: int, top: int, colour: str, weight: str
) -> tuple[str, int]:
    room, step = int(INNER / (size * LETTER)), round(size * 1.4)
    lines = [
        line
        for text in texts
        for line in textwrap.wrap(plain_line(text), room, break_on_hyphens=False)
    ]
    drawn = "".join(
        f'<text x="{MARGIN}" y="{top + step * number}" font-size="{size}" '
        f'font-weight="{weight}" fill="{paint(colour)}">{escape(line)}</text>'
        for number, line in enumerate(lines, 1)
    )
    return drawn, top + step * len(lines) + (size if lines else 0)
