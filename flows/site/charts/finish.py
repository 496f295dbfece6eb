"""A picture of a page as bytes of its own."""

import re

import vl_convert

from flows.site.charts.palette import DARK, LIGHT, painted

_ROWS = re.compile(r'<svg [^>]*?width="100%" height="(\d+)"')
_SCALED = re.compile(r'<svg [^>]*?viewBox="0 0 ([\d.]+) ([\d.]+)"')
MARGIN = 16


def png(svg: str, width: int = 720, dark: bool = False) -> bytes:
    """The picture as PNG of twice as many pixels, which knows no theme and no page around it."""
    return bytes(vl_convert.svg_to_png(alone(svg, width, DARK if dark else LIGHT), scale=2))


def alone(svg: str, width: int, colours: dict[str, str]) -> str:
    """The picture on paper of its own, with a margin and the colours themselves."""
    inner = width - 2 * MARGIN
    if found := _SCALED.match(svg):
        height = round(inner * float(found[2]) / float(found[1]))
        size = f'width="{inner}" height="{height}"'
    else:
        rows = _ROWS.match(svg)
        height = int(rows[1]) if rows else 0
        svg, size = svg.replace('width="100%"', "", 1), f'width="{inner}"'
    placed = svg.replace("<svg ", f'<svg x="{MARGIN}" y="{MARGIN}" {size} ', 1)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height + 2 * MARGIN}">'
        f'<rect width="100%" height="100%" fill="{colours["paper"]}"/>{painted(placed, colours)}'
        "</svg>"
    )
