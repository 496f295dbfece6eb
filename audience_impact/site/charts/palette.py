"""Colours of the pictures: the variables of the styles of every page, stored there alone.

In a page a colour is a CSS variable, so that one picture serves both themes. In a PNG, and wherever
no page sets the variable, it is the colour itself.
"""

import re

from audience_impact.site.rendering import STATIC

_THEMES = re.findall(r":root \{([^}]*)\}", (STATIC / "site.css").read_text(encoding="utf-8"))
_DECLARED = re.compile(r"--([a-z0-9-]+): (#[0-9a-f]{6});")
_VARIABLE = re.compile(r"var\(--([a-z0-9-]+), #[0-9a-f]{6}\)")

LIGHT: dict[str, str] = dict(_DECLARED.findall(_THEMES[0]))
DARK: dict[str, str] = LIGHT | dict(_DECLARED.findall(_THEMES[1]))


def paint(name: str) -> str:
    """Return a colour as an attribute of SVG takes it."""
    return f"var(--{name}, {LIGHT[name]})"


def resolve_colours(svg: str, colours: dict[str, str]) -> str:
    """Return the picture with colours in place of CSS variables."""
    return _VARIABLE.sub(lambda match: colours[match[1]], svg)
