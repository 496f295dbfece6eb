"""From a page to HTML: the templates, and the filters that write numbers, names and dates.

Everything that a template prints is escaped, and what a reader would not see (marks that turn the
direction of writing, controls, signs without width) is written out. Links out of facts lead to
`http` and `https` alone. The templates stand in `templates/`; `layout.html` frames each page and
`macros.html` holds what several use.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pandas as pd
from babel import Locale
from babel.dates import format_date
from babel.numbers import format_compact_decimal, format_decimal, format_percent
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from flows.site import naming
from flows.site.world import (
    Page,
    World,
    area_path,
    platform_path,
    restriction_path,
    year_path,
)

LOCALE = Locale("en", "GB")
NONE = "\N{EN DASH}"
"""What stands where there is no number."""
NAV = (
    ("index.html", "Restrictions"),
    ("browse.html", "Countries, platforms, years"),
)
"""What the head of each page links to: path and words."""
STATIC = Path(__file__).parent / "static"
# Shown as what it is: it would change how the text around it reads, or not be seen at all.
_UNSEEN = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def visible(value: Any) -> Any:
    """Text with what cannot be seen written out as its code point; anything else as it is."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return _UNSEEN.sub(lambda found: f"[U+{ord(found.group()):04X}]", value)


def persons(value: Any) -> str:
    """A number of people for the eye: 101.5 million, 466,000, 0; a dash where there is none."""
    if value is None or pd.isna(value):
        return NONE
    return _persons(round(value))


@cache
def _persons(value: int) -> str:
    if abs(value) >= 999_500:
        return str(
            format_compact_decimal(value, format_type="long", locale=LOCALE, fraction_digits=1)
        )
    return str(format_decimal(value if value < 1000 else round(value, -3), locale=LOCALE))


def number(value: Any) -> str:
    """A number with all its digits, in groups of three; a dash where there is none."""
    return NONE if value is None or pd.isna(value) else str(format_decimal(value, locale=LOCALE))


def percent(value: Any) -> str:
    """A share as a percentage, to a whole or below ten to a tenth."""
    if value is None or pd.isna(value):
        return NONE
    return str(format_percent(value, "#,##0.#%" if value < 0.1 else "#,##0%", locale=LOCALE))


def day(value: Any) -> str:
    """A day, month or year as precise as it is told: 13 August 2025, August 2025, 2025."""
    if value is None or pd.isna(value):
        return "not known"
    return _day(str(value)[:10])


@cache
def _day(text: str) -> str:
    if not re.fullmatch(r"\d{4}(-\d\d){0,2}", text):
        return text
    form = {4: "yyyy", 7: "MMMM yyyy", 10: "d MMMM yyyy"}[len(text)]
    try:
        moment = pd.Timestamp(text)
    except ValueError:
        return text
    return str(format_date(moment.date(), form, locale=LOCALE))


def address(value: Any) -> str:
    """An address that a link may lead to: http or https, else nothing."""
    if not isinstance(value, str):
        return ""
    try:
        parts = urlsplit(value)
    except ValueError:
        return ""
    return value if parts.scheme in ("http", "https") and parts.netloc else ""


def local(path: str) -> str:
    """A path inside the report as a link: each part quoted."""
    return quote(path, safe="/.-_#")


FILTERS = {
    "persons": persons,
    "number": number,
    "percent": percent,
    "day": day,
    "address": address,
    "local": local,
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
    given: Mapping[str, Any] = {
        "page": page,
        "root": "../" * page.path.count("/"),
        "version": world.version,
        "as_of": world.as_of.isoformat(),
        "licence": world.package["licenses"][0],
        "nav": NAV,
        "world": world,
        **page.values,
    }
    text = environment().get_template(page.template).render(given)
    return unicodedata.normalize("NFC", text).encode("utf-8", "xmlcharrefreplace")
