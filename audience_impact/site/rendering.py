"""Rendering of a page as HTML: the templates, and the filters for numbers, names and dates.

Everything that a template prints is escaped, and invisible characters (marks that reverse the
direction of writing, control characters, characters without width) are written as code points.
Links out of facts lead to `http` and `https` alone. The templates are in `templates/`;
`layout.html` is the frame of each page and `macros.html` contains shared macros.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from audience_impact.answers import names as naming
from audience_impact.answers import numbers
from audience_impact.answers.numbers import Estimate, dates_in_words, format_interval
from audience_impact.bounds import BOUNDS_SHARE
from audience_impact.plain_text import plain_lines, web_address
from audience_impact.site.report_data import File, ReportData, page_path

NONE = "\N{EN DASH}"
"""Text for a missing number."""
NAMES = "names.js"
"""Path of the words by which areas and services are found."""
STATIC = Path(__file__).parent / "static"


def reveal_hidden(value: Any) -> Any:
    """Return text with code points in place of invisible characters."""
    return plain_lines(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def show_interval(estimate: Estimate) -> str:
    """Return the likely range as text; a dash for no interval or one without width."""
    if estimate.q05 is None or estimate.q95 is None or estimate.q05 == estimate.q95:
        return NONE
    part = f" {estimate.covered}" if estimate.covered else ""
    return f"{format_interval(estimate.q05, estimate.q95)}{part}"


CODE = re.compile("`([^`]+)`")


def make_anchor(term: str) -> str:
    """Return the anchor of a term of the glossary, or of a heading of the method."""
    return re.sub("[^a-z0-9]+", "-", term.lower()).strip("-")


FILTERS: dict[str, Callable[..., Any]] = {
    # The templates of charts escape their texts.
    "svg": lambda picture: Markup(plain_lines(picture)),
    "estimate": numbers.read_estimate,
    "ours": lambda row: Estimate(row["min_persons"], None, None, None, row["max_persons"]),
    "anchor": make_anchor,
    "code_spans": lambda text: Markup(CODE.sub(r"<code>\1</code>", str(escape(plain_lines(text))))),
    "capital": naming.capitalise_first,
    "persons": lambda value: NONE if value is None else numbers.format_number(value),
    "median": partial(numbers.format_median, blank=NONE),
    "interval": show_interval,
    "bounds": lambda people: "no one" if people.max == 0 else numbers.format_bounds(people),
    "printed": numbers.format_printed,
    "number": partial(numbers.format_in_full, blank=NONE),
    "day": dates_in_words,
    "address": web_address,
    "mebibytes": lambda size: f"{max(size / 2**20, 0.1):,.1f} MiB",
    "local": partial(quote, safe="/.-_#"),
    "at_least": naming.name_limit,
    "restriction_path": partial(page_path, kind="restriction"),
    "area_path": partial(page_path, kind="area"),
    "platform_path": partial(page_path, kind="platform"),
    "word": naming.label_code,
    "explain": naming.explain_code,
    "status": lambda row: naming.label_status(row if isinstance(row, Mapping) else vars(row)),
    "area": naming.name_area,
    "source_name": naming.name_source,
    "licence": naming.name_licence,
}


@cache
def load_environment() -> Environment:
    """Return the environment of all templates."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=reveal_hidden,
        auto_reload=False,
    )
    environment.filters.update(FILTERS)
    environment.globals.update(bounds_share=BOUNDS_SHARE, names=NAMES)
    return environment


def render_page(
    report: ReportData, path: str, title: str, template: str, values: Mapping[str, Any]
) -> File:
    """Return a page, made from a file of `templates/` that extends `layout.html`.

    Every template has `page` (path and title), `root` (the relative path to the folder of the
    report), `data` (the name of the page without ending), `version`, `as_of`, `licence`, `names`
    and `report`, in addition to the values.
    """
    shared: dict[str, Any] = {
        "page": {"path": path, "title": title},
        "root": "../" * path.count("/"),
        "data": path.rpartition("/")[2].removesuffix(".html"),
        "version": report.stored.id,
        "as_of": report.stored.version.as_of.isoformat(),
        "licence": report.stored.manifest["licenses"][0],
        "report": report,
    }
    content = load_environment().get_template(template).render({**shared, **values})
    return File(path, content.encode())
