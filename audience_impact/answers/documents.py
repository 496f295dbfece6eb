"""Tables of results, and the pages made from documents/: the glossary and the method.

A term of documents/glossary.csv says which names it stands for: columns and names of published
tables, headings and words that the command prints. documents/method.md marks the place of its table
of status, which comes from the rules themselves.
"""

import csv
import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from audience_impact import vocabulary
from audience_impact.answers.names import DOCUMENTS, label_code, label_status
from audience_impact.answers.numbers import format_compact
from audience_impact.outputs.review import status_rules
from audience_impact.plain_text import markdown_text, plain_line

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
    with GLOSSARY.open(encoding="utf-8", newline="") as file:
        rows: list[dict[str, Any]] = list(csv.DictReader(file))
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
    "base": lambda row: "-" if pd.isna(row.base) else row.base,
    "people in base": lambda row: format_compact(row.base_persons),
    "status": lambda row: f"{row.obs_status} {label_status(row._asdict())}",
    "measured by": lambda row: row.measured_by,
}
"""The cell of a row of `list_exposed` in each column of the printed table."""
HEADINGS = tuple(COLUMNS)
NARROW = ("restriction", "minimum", "median", "maximum")
WIDTHS = ((320, HEADINGS), (220, HEADINGS[:-1]), (0, NARROW))
"""Minimum width of the terminal for each set of columns that is shown without wrapping."""
TEXTS = ("restriction", "platforms", "base", "status", "measured by")
"""Columns that are no numbers, and stand at the left."""


def format_compact_interval(low: float, high: float) -> str:
    """Return an interval in thousands or millions; a dash if there is none."""
    if pd.isna(low):
        return "-"
    return "bounds meet" if low == high else f"{format_compact(low)} to {format_compact(high)}"


def print_results(rows: pd.DataFrame, title: str) -> None:
    """Print the table of results, unwrapped; in a narrow terminal only its main columns."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if not console.is_terminal:
        console = Console(width=2 * WIDTHS[0][0])
    headings = next(headings for width, headings in WIDTHS if console.width >= width)
    table = Table(title=Text(title), title_justify="left")
    listed = list(rows.itertuples())
    columns = [[plain_line(COLUMNS[name](row)) for row in listed] for name in headings]
    for heading in headings:
        table.add_column(heading, justify="left" if heading in TEXTS else "right", no_wrap=True)
    # In one row of many lines, since rich takes half a millisecond for each row.
    table.add_row(*(Text("\n".join(cells)) for cells in columns))
    console.print(table)


def render_results(rows: pd.DataFrame) -> str:
    """Return the table of results as Markdown; `rows` as `list_exposed` returns them."""
    cells = [[write(row) for write in COLUMNS.values()] for row in rows.itertuples()]
    return render_markdown(HEADINGS, cells, markdown_text)


def render_quality(quality: pd.DataFrame, quarantined: int) -> str:
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
