"""Rendering of a page as HTML: the templates, and the filters for numbers, names and dates.

Everything that a template prints is escaped, and invisible characters (marks that reverse the
direction of writing, control characters, characters without width) are written as code points.
Links out of facts lead to `http` and `https` alone. The templates are in `templates/`;
`layout.html` is the frame of each page and `macros.html` contains shared macros.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from audience_impact.answers import names as naming
from audience_impact.answers import numbers
from audience_impact.answers.numbers import Estimate, dates_in_words, format_interval
from audience_impact.bounds.restrictions import BOUNDS_SHARE
from audience_impact.plain_text import plain_lines, web_address
from audience_impact.site import report_data
from audience_impact.site.report_data import ListEntry, Page, ReportData

NONE = "\N{EN DASH}"
"""Text for a missing number."""
NAV = (
    ("index.html", "Overview"),
    ("all.html", "All restrictions"),
    ("area/001.html", "The world"),
    ("browse.html", "Countries, platforms, years"),
    ("data.html", "Data"),
    ("method.html", "Method"),
    ("glossary.html", "Glossary"),
)
"""Links in the head of each page: path and text."""
NAMES = "names.js"
"""Path of the words by which areas and services are found."""
STATIC = Path(__file__).parent / "static"


def reveal_hidden(value: Any) -> Any:
    """Return text with code points in place of invisible characters."""
    return plain_lines(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def show_persons(value: float | None) -> str:
    """Return a number of people to three digits: `105 million`; a dash for None."""
    return NONE if value is None else numbers.format_number(value)


def show_status(item: Any) -> str:
    """Return confidence and status of a published row, or of a record made from one, in words."""
    return naming.label_status(item if isinstance(item, Mapping) else vars(item))


def show_interval(estimate: Estimate) -> str:
    """Return the likely range as text; a dash for no interval or one without width."""
    if estimate.q05 is None or estimate.q95 is None or estimate.q05 == estimate.q95:
        return NONE
    part = f" {estimate.covered}" if estimate.covered else ""
    return f"{format_interval(estimate.q05, estimate.q95)}{part}"


def show_bounds(estimate: Estimate) -> str:
    """Return the bounds with errors."""
    return "no one" if estimate.max == 0 else numbers.format_bounds(estimate)


def quote_path(path: str) -> str:
    """Return a path inside the report as a link with quoted parts."""
    return quote(path, safe="/.-_#")


def mark_code(text: str) -> Markup:
    """Return a text whose parts between backticks are marked as code."""
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(plain_lines(text)))))


def make_anchor(term: str) -> str:
    """Return the anchor of a term of the glossary, or of a heading of the method."""
    return re.sub("[^a-z0-9]+", "-", term.lower()).strip("-")


FILTERS: dict[str, Callable[..., Any]] = {
    # The templates of charts escape their texts.
    "svg": lambda picture: Markup(plain_lines(picture)),
    "estimate": numbers.read_estimate,
    "ours": lambda row: Estimate(row["min_persons"], None, None, None, row["max_persons"]),
    "anchor": make_anchor,
    "code_spans": mark_code,
    "capital": naming.capitalise_first,
    "persons": show_persons,
    "median": partial(numbers.format_median, blank=NONE),
    "interval": show_interval,
    "bounds": show_bounds,
    "printed": numbers.format_printed,
    "number": partial(numbers.format_in_full, blank=NONE),
    "percent": partial(numbers.format_share, blank=NONE),
    "day": dates_in_words,
    "address": web_address,
    "mebibytes": lambda size: f"{max(size / 2**20, 0.1):,.1f} MiB",
    "local": quote_path,
    "at_least": naming.name_limit,
    "restriction_path": report_data.restriction_path,
    "area_path": report_data.area_path,
    "platform_path": report_data.platform_path,
    "word": naming.label_code,
    "status": show_status,
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
    environment.globals.update(bounds_share=BOUNDS_SHARE, nav=NAV, names=NAMES)
    return environment


def render_page(page: Page, report: ReportData) -> bytes:
    """Return a page as the bytes of its file.

    Every template has `page`, `root` (the relative path to the folder of the report), `version`,
    `as_of`, `licence`, `nav`, `names` and `report`, in addition to the values of the page.
    """
    values: dict[str, Any] = {
        "page": page,
        "root": "../" * page.path.count("/"),
        "version": report.version,
        "as_of": report.as_of.isoformat(),
        "licence": report.package["licenses"][0],
        "report": report,
        **page.values,
    }
    return load_environment().get_template(page.template).render(values).encode()


def newest_first(rows: Iterable[ListEntry]) -> list[ListEntry]:
    """Return the restrictions by first day, the newest first and unknown days last."""
    return sorted(
        rows, key=lambda entry: (entry.start, entry.size, entry.restriction), reverse=True
    )


def largest_first(rows: Iterable[ListEntry]) -> list[ListEntry]:
    """Return the restrictions by size, the largest first."""
    return sorted(rows, key=lambda entry: (*entry.size, entry.restriction), reverse=True)


def select_distinct(rows: Iterable[ListEntry], count: int) -> list[ListEntry]:
    """Return the first `count` restrictions, of each country and service only the first."""
    chosen: list[ListEntry] = []
    seen: set[tuple[str, str]] = set()
    for entry in rows:
        targets = set(product(entry.countries, entry.platforms))
        if targets.isdisjoint(seen):
            chosen.append(entry)
            seen |= targets
    return chosen[:count]


def group_entries(
    rows: Iterable[ListEntry], keys: Callable[[ListEntry], Iterable[str]]
) -> dict[str, list[ListEntry]]:
    """Return the restrictions by each of their keys, in the order of the keys."""
    groups: dict[str, list[ListEntry]] = defaultdict(list)
    for entry in rows:
        for key in keys(entry):
            groups[key].append(entry)
    return dict(sorted(groups.items()))
