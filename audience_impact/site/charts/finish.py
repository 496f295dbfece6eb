"""The colours of the pictures, and a picture of a page as bytes of its own.

Colours are the variables of the styles of every page, stored there alone. In a page a colour is a
CSS variable, so that one picture serves both themes. In a PNG, and wherever no page sets the
variable, it is the colour itself.
"""

import re
import textwrap
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import vl_convert
from markupsafe import escape

from audience_impact.plain_text import plain_line, plain_lines
from audience_impact.site.rendering import STATIC

_THEMES = re.findall(r":root \{([^}]*)\}", (STATIC / "site.css").read_text(encoding="utf-8"))
_DECLARED = re.compile(r"--([a-z0-9-]+): (#[0-9a-f]{6});")
_VARIABLE = re.compile(r"var\(--([a-z0-9-]+), #[0-9a-f]{6}\)")

LIGHT: dict[str, str] = dict(_DECLARED.findall(_THEMES[0]))
DARK: dict[str, str] = LIGHT | dict(_DECLARED.findall(_THEMES[1]))


def paint(name: str) -> str:
    """Return a colour of the theme as the value of an SVG attribute."""
    return f"var(--{name}, {LIGHT[name]})"


def resolve_colours(svg: str, colours: dict[str, str]) -> str:
    """Return the picture with colours in place of CSS variables."""
    return _VARIABLE.sub(lambda match: colours[match[1]], svg)


_ROWS = re.compile(r'<svg [^>]*?width="100%" height="(\d+)"')
INSETS = {"series years": 88, "series days": 88, "series line": 88, "series acts": 124}
"""Space of the labels beside a picture in pixels, by its classes; `site.css` has the same."""
HEAD = 26
"""Space of the legend above a picture by year."""
_SHORT = re.compile(r'<text class="short".*?</text>\s*')
"""A name that is cut for narrow screens, which the whole name follows."""
_SCALED = re.compile(r'<svg [^>]*?viewBox="0 0 ([\d.]+) ([\d.]+)"')
MARGIN, WIDTH = 16, 720


TITLE, FOOT = 20, 11
"""Font sizes of the texts above and below a picture."""
LETTER = 0.56
"""Average width of a letter, as a share of the font size."""


@dataclass(frozen=True)
class Picture:
    """A picture for use outside its page, with the texts above and below it."""

    svg: str
    title: str
    foot: tuple[str, ...]

    def encode(self, suffix: str) -> bytes:
        """Return the picture as a file with this ending; raise ValueError but for .png and .svg."""
        if suffix == ".png":
            return make_png(self.svg, title=self.title, foot=self.foot)
        if suffix == ".svg":
            return make_standalone(self.svg, WIDTH, LIGHT, self.title, self.foot).encode()
        raise ValueError("its name has to end in .png or .svg")


def make_png(
    svg: str, width: int = WIDTH, dark: bool = False, title: str = "", foot: Sequence[str] = ()
) -> bytes:
    """Return the picture as PNG with twice as many pixels, without theme and page.

    `title` and `foot` are above and below the picture, to explain it outside its page.
    """
    colours = DARK if dark else LIGHT
    picture = make_standalone(svg, width, colours, title, foot)
    return _compress_png(bytes(vl_convert.svg_to_png(picture, scale=2)))


def _compress_png(picture: bytes) -> bytes:
    """Return the same PNG with its pixels packed to a sixth, which `vl_convert` does not do."""
    chunks, place = [], 8
    while place < len(picture):
        size = int.from_bytes(picture[place : place + 4])
        chunks.append((picture[place + 4 : place + 8], picture[place + 8 : place + 8 + size]))
        place += 12 + size
    pixels = zlib.compress(zlib.decompress(b"".join(d for kind, d in chunks if kind == b"IDAT")))
    packed = [chunk for chunk in chunks if chunk[0] not in (b"IDAT", b"IEND")]
    packed += [(b"IDAT", pixels), (b"IEND", b"")]
    return picture[:8] + b"".join(
        len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)
        for kind, data in packed
    )


def make_standalone(
    svg: str, width: int, colours: dict[str, str], title: str = "", foot: Sequence[str] = ()
) -> str:
    """Return the picture with background and margin, and with colours in place of variables."""
    inner, svg = width - 2 * MARGIN, _SHORT.sub("", svg)
    above = _write_lines([title] if title else [], inner, TITLE, MARGIN, colours["ink"], "bold")
    side = next((inset for kind, inset in INSETS.items() if f'class="chart {kind}"' in svg), 0)
    height, size, svg = _fit_width(svg, inner - side)
    top = MARGIN + above.height + (HEAD if side else 0)
    placed = svg.replace("<svg ", f'<svg x="{MARGIN + side}" y="{top}" {size} ', 1)
    below = _write_lines(foot, inner, FOOT, top + height, colours["soft"], "normal")
    total_height = top + height + below.height + MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{total_height}" '
        f"font-family=\"Arial, 'Liberation Sans', sans-serif\">"
        f'<rect width="100%" height="100%" fill="{colours["paper"]}"/>'
        f"{above.svg}{resolve_colours(plain_lines(placed), colours)}{below.svg}</svg>"
    )


def _fit_width(svg: str, inner: int) -> tuple[int, str, str]:
    """Return the height of the picture at a width, its size attributes, and the rest of the SVG."""
    if scaled := _SCALED.match(svg):
        height = round(inner * float(scaled[2]) / float(scaled[1]))
        return height, f'width="{inner}" height="{height}"', svg
    rows = _ROWS.match(svg)
    return int(rows[1]) if rows else 0, f'width="{inner}"', svg.replace('width="100%"', "", 1)


class _Text(NamedTuple):
    """Lines of text as SVG, and their total height."""

    svg: str
    height: int


def _write_lines(
    texts: Sequence[str], inner: int, size: int, top: int, colour: str, weight: str
) -> _Text:
    """Return SVG lines of texts, with each text wrapped to the lines that it needs."""
    room = int(inner / (size * LETTER))
    lines = [
        line
        for text in texts
        for line in textwrap.wrap(plain_line(text), room, break_on_hyphens=False)
    ]
    step = round(size * 1.4)
    drawn = "".join(
        f'<text x="{MARGIN}" y="{top + step * (number + 1)}" font-size="{size}" '
        f'font-weight="{weight}" fill="{colour}">{escape(line)}</text>'
        for number, line in enumerate(lines)
    )
    return _Text(drawn, step * len(lines) + (size if lines else 0))
