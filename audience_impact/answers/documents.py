"""Tables of results, and the pages made from documents/: the glossary and the method.

A term of documents/glossary.csv says which names it stands for: columns and names of published
tables, headings and words that the command prints. documents/method.md marks the place of its table
of status, which comes from the rules themselves.
"""

import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audience_impact import vocabulary
from audience_impact.answers.names import DOCUMENTS, label_code, label_status
from audience_impact.answers.numbers import format_compact
from audience_impact.outputs.review import status_rules
from audience_impact.plain_text import markdown_text, plain_line

if TYPE_CHECKING:  # answers are listed without pandas
    import pandas as pd

GLOSSARY, METHOD = DOCUMENTS / "glossary.csv", DOCUMENTS / "method.md"
STATUS = "<!-- made: status -->\n"


@dataclass(frozen=True)
class Term:
    """A term of the glossary, its definition, and the place in the code that computes it."""

    term: str
    definition: str
    synonyms: tuple[str, ...]
    names: tuple[str, ...]
    where: str
    built: str


def read_terms() -> list[Term]:
    """Return all terms of the glossary in alphabetical order."""
    rows: list[dict[str, Any]] = [*vocabulary.read_table(GLOSSARY)]
    for row in rows:
        for column in ("synonyms", "names"):
            row[column] = tuple(filter(None, map(str.strip, row[column].split(";"))))
    return [Term(**row) for row in rows]


def render_glossary() -> str:
    """Return the glossary as Markdown: the terms, then the words with a fixed set of values."""
    kinds = [
        (
            f"`{kind.__name__}`",
            vocabulary.describe_set(kind),
            ", ".join(f"`{member.value}`" for member in kind),
        )
        for kind in vocabulary.SETS.values()
    ]
    return (
        "## Terms\n"
        + "".join(_render_entry(term) for term in read_terms())
        + "\n## Words with a fixed set of values\n\n"
        "`audience_impact/vocabulary.csv` defines them. The [data dictionary](data-dictionary.md) "
        "says what each value of a published column means.\n\n"
        + render_markdown(("set", "what it is", "values"), kinds)
    )


def _render_entry(term: Term) -> str:
    lines = [
        f"Also: {', '.join(term.synonyms)}." if term.synonyms else "",
        f"Columns and names: `{'`, `'.join(term.names)}`." if term.names else "",
        f"In the code: `{term.where}`." if term.built == "yes" else "Not built yet.",
    ]
    definition = html.escape(term.definition, quote=False)
    return f"\n### {term.term}\n\n{definition}\n\n" + "  \n".join(filter(None, lines)) + "\n"


def render_method() -> str:
    """Return the page of the method as Markdown, with the table of status rules filled in."""
    return METHOD.read_text(encoding="utf-8").replace(STATUS, render_status_section())


def render_status_section() -> str:
    """Return what status A requires, and a table of the status rules, as Markdown."""
    rows = [
        (
            f"`{rule.id}`",
            f"{rule.caps_at} {label_code(rule.caps_at, 'obs_status')}",
            rule.condition,
            rule.sentence,
        )
        for rule in status_rules.TABLE
    ]
    conditions = "".join(f"- {text}\n" for text in status_rules.ASKED_OF_NORMAL)
    table = render_markdown(("rule", "caps at", "when", "what the row says"), rows)
    return f"A row called A (normal) has all of\n\n{conditions}\n{table}"


COLUMNS: dict[str, Callable[[Any], str]] = {
    "restriction": lambda row: row.restriction_id,
    "platforms": lambda row: re.sub("(.{37}).{4,}", r"\1...", row.platforms),  # 40 letters
    "minimum": lambda row: format_compact(row.min_persons),
    "median": lambda row: format_compact(row.q50_persons),
    "5 to 95 %": lambda row: format_compact_interval(row.q05_persons, row.q95_persons),
    "maximum": lambda row: format_compact(row.max_persons),
    "feature users": lambda row: row.feature_users,
    "base": lambda row: row.base or "-",
    "people in base": lambda row: format_compact(row.base_persons),
    "status": lambda row: f"{row.obs_status} {label_status(vars(row))}",
    "measured by": lambda row: row.measured_by,
}
"""The cell of a row of `list_exposed` in each column of the printed table."""
HEADINGS = tuple(COLUMNS)
NARROW = ("restriction", "minimum", "median", "maximum")
WIDTHS = ((320, HEADINGS), (220, HEADINGS[:-1]), (0, NARROW))
"""Minimum width of the terminal for each set of columns that is shown without wrapping."""
TEXTS = ("restriction", "platforms", "base", "status", "measured by")
"""Columns that are no numbers, and stand at the left."""


def format_compact_interval(low: float | None, high: float | None) -> str:
    """Return an interval in thousands or millions; a dash if there is none."""
    if low is None:
        return "-"
    return "bounds meet" if low == high else f"{format_compact(low)} to {format_compact(high)}"


def format_results(rows: Sequence[Any], title: str, width: int | None) -> str:
    """Return the table of results, unwrapped; in so narrow a terminal only its main columns."""
    headings = next(headings for least, headings in WIDTHS if width is None or width >= least)
    columns = [
        [heading, *(plain_line(COLUMNS[heading](row)) for row in rows)] for heading in headings
    ]
    aligned = []
    for cells in columns:
        widest, align = max(map(len, cells)), str.ljust if cells[0] in TEXTS else str.rjust
        aligned.append([align(cell, widest) for cell in cells])
    lines = [title, *("  ".join(cells).rstrip() for cells in zip(*aligned, strict=True))]
    return "".join(f"{line}\n" for line in lines)


def render_results(rows: Sequence[Any]) -> str:
    """Return the table of results as Markdown; `rows` as `list_exposed` returns them."""
    cells = [[write(row) for write in COLUMNS.values()] for row in rows]
    return render_markdown(HEADINGS, cells, markdown_text)


def render_quality(quality: "pd.DataFrame", quarantined: int) -> str:
    """Return the quality report as Markdown: checks, findings, and failed rules."""
    failed = quality[quality["failed_count"] > 0]
    text = (
        f"{len(quality)} checks over {quality['checked_count'].max():,} rows of the longest "
        f"table; {len(failed)} found something; {quarantined} findings "
        "in quarantine.\n\n"
    )
    columns = ["check", "table", "severity", "failed_count", "checked_count", "worst_rows"]
    rows = failed[columns].astype("str").to_numpy().tolist()
    return text + render_markdown(columns, rows, markdown_text)


def render_markdown(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    format_cell: Callable[[str], str] | None = None,
) -> str:
    """Return a Markdown table; `format_cell` escapes a cell, and by default removes its markup."""
    escape = format_cell or (lambda text: html.escape(str(text), quote=False).replace("|", "\\|"))
    lines = [headings, ["---"] * len(headings), *([escape(cell) for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
