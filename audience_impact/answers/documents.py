"""The pages made from documents/: the glossary and the method.

The glossary has the terms of documents/glossary.csv. A term says which names it stands for: columns
and names of published tables, headings and words that the command prints. A test fails on a name
without a term.

The page of the method, which the report and the documentation show, is documents/method.md. It
marks the place of its table of status, and the table comes from the rules themselves.
"""

import csv
import enum
import html
import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audience_impact import vocabulary
from audience_impact.answers.names import label_code
from audience_impact.answers.tables import render_markdown
from audience_impact.outputs.review import status_rules

GLOSSARY = Path(__file__).parents[1] / "documents" / "glossary.csv"


@dataclass(frozen=True)
class Term:
    """A term of the glossary, its definition, and the place in the code that computes it."""

    term: str
    definition: str
    synonyms: tuple[str, ...]
    names: tuple[str, ...]
    where: str
    built: str


def read_terms(path: Path = GLOSSARY) -> list[Term]:
    """Return all terms of the glossary in alphabetical order."""
    with path.open(encoding="utf-8", newline="") as file:
        rows: list[dict[str, Any]] = list(csv.DictReader(file))
    for row in rows:
        for column in ("synonyms", "names"):
            row[column] = tuple(filter(None, map(str.strip, row[column].split(";"))))
    return [Term(**row) for row in rows]


def render_glossary() -> str:
    """Return the glossary as Markdown: the terms, then the words with a fixed set of values."""
    return (
        "## Terms\n"
        + "".join(_render_entry(term) for term in read_terms())
        + "\n## Words with a fixed set of values\n\n"
        "`audience_impact/vocabulary` defines them. The [data dictionary](data-dictionary.md) "
        "says what each value of a published column means.\n\n"
        + render_markdown(("set", "what it is", "values"), _list_enums())
    )


def _render_entry(term: Term) -> str:
    lines = [f"\n### {term.term}\n\n{html.escape(term.definition, quote=False)}\n"]
    if term.synonyms:
        lines.append(f"Also: {', '.join(term.synonyms)}.")
    if term.names:
        lines.append(f"Columns and names: {', '.join(f'`{name}`' for name in term.names)}.")
    lines.append(f"In the code: `{term.where}`." if term.built == "yes" else "Not built yet.")
    return "\n".join(lines[:1]) + "\n" + "  \n".join(lines[1:]) + "\n"


def _list_enums() -> list[tuple[str, str, str]]:
    kinds: list[type[enum.Enum]] = [
        kind
        for kind in vars(vocabulary).values()
        if isinstance(kind, type) and issubclass(kind, enum.Enum) and len(kind)
    ]
    return [
        (
            f"`{kind.__name__}`",
            inspect.getdoc(kind) or "",
            ", ".join(f"`{member.value}`" for member in kind),
        )
        for kind in kinds
    ]


METHOD = Path(__file__).parents[1] / "documents" / "method.md"
STATUS = "<!-- made: status -->\n"
HEADINGS = ("rule", "caps at", "when", "what the row says")


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
    return f"A row called A (normal) has all of\n\n{conditions}\n{render_markdown(HEADINGS, rows)}"
