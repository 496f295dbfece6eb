"""From a page to HTML: the templates, and the filters that write numbers, names and dates.

Everything that a template prints is escaped, and what a reader would not see (marks that turn the
direction of writing, controls, signs without width) is written out. Links out of facts lead to
`http` and `https` alone. The templates stand in `templates/`; `layout.html` frames each page and
`macros.html` holds what several use.
"""

import re
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from audience_impact.answers import names as naming
from audience_impact.answers import numbers
from audience_impact.answers.numbers import Estimate, dates_in_words, interval_text
from audience_impact.plain_text import plain_lines, web_address
from audience_impact.site.world import (
    Page,
    World,
    area_path,
    platform_path,
    restriction_path,
    year_path,
)

NONE = "\N{EN DASH}"
"""What stands where there is no number."""
NAV = (
    ("index.html", "Restrictions"),
    ("area/001.html", "The world"),
    ("browse.html", "Countries, platforms, years"),
    ("data.html", "Data"),
    ("method.html", "Method"),
    ("glossary.html", "Glossary"),
)
"""What the head of each page links to: path and words."""
STATIC = Path(__file__).parent / "static"


def visible(value: Any) -> Any:
    """Text with what cannot be seen written out as its code point; anything else as it is."""
    return plain_lines(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def persons(value: float | None) -> str:
    """A number of people alone, to three digits: 105 million; a dash where there is none."""
    return NONE if value is None else numbers.number(value)


def interval(found: Estimate) -> str:
    """The 90 % interval; a dash where there is none, or where it has no width."""
    if found.q05 is None or found.q95 is None or found.q05 == found.q95:
        return NONE
    return interval_text(found.q05, found.q95)


def bounds(found: Estimate) -> str:
    """What the figures force."""
    return "nobody" if found.upper == 0 else numbers.bounds(found)


def mebibytes(size: int) -> str:
    """The size of a file, to a tenth of a MiB."""
    return f"{max(size / 2**20, 0.1):,.1f} MiB"


def local(path: str) -> str:
    """A path inside the report as a link: each part quoted."""
    return quote(path, safe="/.-_#")


def svg(drawn: str) -> Markup:
    """A picture made by `charts`, whose own templates escape what it says."""
    return Markup(plain_lines(drawn))


def ours(row: Mapping[str, Any]) -> Estimate:
    """The bounds of a row of `comparisons`."""
    return Estimate(row["lower_persons"], None, None, None, row["upper_persons"])


def anchor(term: str) -> str:
    """Where a term stands on the page of the glossary, and a heading on that of the method."""
    return re.sub("[^a-z0-9]+", "-", term.lower()).strip("-")


FILTERS = {
    "svg": svg,
    "ours": ours,
    "anchor": anchor,
    "capital": naming.capital,
    "persons": persons,
    "median": partial(numbers.median, blank=NONE),
    "interval": interval,
    "bounds": bounds,
    "number": partial(numbers.in_full, blank=NONE),
    "percent": partial(numbers.percent, blank=NONE),
    "day": dates_in_words,
    "address": web_address,
    "mebibytes": mebibytes,
    "local": local,
    "at_least": naming.limit,
    "restriction_path": restriction_path,
    "area_path": area_path,
    "platform_path": platform_path,
    "year_path": year_path,
    "word": naming.word,
    "area": naming.area,
}


@cache
def environment() -> Environment:
    """The environment of all templates."""
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=visible,
    )
    made.filters.update(FILTERS)
    return made


def render(page: Page, world: World) -> bytes:
    """A page as the bytes of its file.

    Every template has `page`, `root` (the way up to the folder of the report), `version`, `as_of`,
    `licence`, `nav` and `world` beside the values of the page.
    """
    given: dict[str, Any] = {
        "page": page,
        "root": "../" * page.path.count("/"),
        "version": world.version,
        "as_of": world.as_of.isoformat(),
        "licence": world.package["licenses"][0],
        "nav": NAV,
        "world": world,
        **page.values,
    }
    return environment().get_template(page.template).render(given).encode()
