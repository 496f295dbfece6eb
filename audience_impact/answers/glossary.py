"""The glossary: the terms of documents/glossary.csv, and the page made from them.

A term says which names it stands for: columns and names of published tables, headings and words
that the command prints. A test fails on a name without a term.
"""

import csv
import enum
import html
import inspect
from dataclasses import dataclass
from pathlib import Path

from audience_impact import vocabulary
from audience_impact.answers.tables import markdown

TABLE = Path(__file__).parents[1] / "documents" / "glossary.csv"


@dataclass(frozen=True)
class Term:
    """A term, what it means, and where it is built; `built` is yes or no."""

    term: str
    definition: str
    synonyms: tuple[str, ...]
    names: tuple[str, ...]
    where: str
    built: str


def terms(path: Path = TABLE) -> list[Term]:
    """Every term, in alphabetical order."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        Term(
            row["term"],
            row["definition"],
            _several(row["synonyms"]),
            _several(row["names"]),
            row["where"],
            row["built"],
        )
        for row in rows
    ]


def _several(cell: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in cell.split(";") if part.strip())


def page() -> str:
    """Return the terms, then the words with a fixed set of values, as Markdown."""
    return (
        "## Terms\n"
        + "".join(_entry(term) for term in terms())
        + "\n## Words with a fixed set of values\n\n"
        "`audience_impact/vocabulary` defines them. The [data dictionary](data-dictionary.md) "
        "says what each value of a published column means.\n\n"
        + markdown(("set", "what it is", "values"), _controlled())
    )


def _entry(term: Term) -> str:
    """One term: definition, synonyms, names, and where it is built."""
    told = [f"\n### {term.term}\n\n{html.escape(term.definition, quote=False)}\n"]
    if term.synonyms:
        told.append(f"Also: {', '.join(term.synonyms)}.")
    if term.names:
        told.append(f"Columns and names: {', '.join(f'`{name}`' for name in term.names)}.")
    told.append(f"In the code: `{term.where}`." if term.built == "yes" else "Not built yet.")
    return "\n".join(told[:1]) + "\n" + "  \n".join(told[1:]) + "\n"


def _controlled() -> list[tuple[str, str, str]]:
    """The enums of the vocabulary: name, meaning and values."""
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
