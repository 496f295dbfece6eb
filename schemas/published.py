"""The contracts of the published tables: published.csv has the parts and the key of each.

A table has the columns of its parts, in their order (columns.csv), and one row for each key. A new
table is a row of published.csv; a new column is a row of columns.csv; a rule of several columns is
a function of `answer_rules`. Tables of the folder `details` explain or check what the others say.
"""

import csv
from functools import cache
from pathlib import Path

import pandera.pandas as pa

from schemas import facts
from schemas.answer_rules import RULES
from schemas.columns import PARTS, Column

SCHEMA_VERSION = "5.0"
RESULT_UNITS = ("persons", "person_days", "person_hours", "share")

with Path(__file__).with_suffix(".csv").open(encoding="utf-8", newline="") as _file:
    _TABLES = {row["table"]: row for row in csv.DictReader(_file)}
TABLES = tuple(_TABLES)
"""The published tables, in the order of the data dictionary."""
KEYS = {table: row["key"].split() for table, row in _TABLES.items()}
"""Key of each published table, whose values are unique."""
DETAILS = tuple(table for table, row in _TABLES.items() if row["folder"])
"""Tables that explain or check what the others say; they lie in the folder `details`."""
COLUMNS: dict[str, dict[str, Column]] = {
    table: {name: column for part in row["parts"].split() for name, column in PARTS[part].items()}
    for table, row in _TABLES.items()
}


@cache
def read_schema(table: str) -> pa.DataFrameSchema:
    """Return the schema of a table: its columns in order; others are dropped."""
    columns = {name: column.build() for name, column in COLUMNS[table].items()}
    checks = [pa.Check(check, name=name) for name, check in RULES.get(table, {}).items()]
    return pa.DataFrameSchema(columns, checks, strict="filter", name=table)


def describe_table(table: str) -> str:
    """Return the description of a table: a sentence, and how to use it."""
    row = _TABLES[table]
    return "\n\n".join(text for text in (row["meaning"], row["more"]) if text)


def list_values(table: str, column: str) -> dict[str, str]:
    """Return the meanings of the values of a coded column; empty for another column."""
    about = COLUMNS[table][column]
    if about.type == "table":
        return _describe_tables()
    return about.meanings if about.type != "special" else {}


def special_values(table: str, column: str) -> dict[str, str]:
    """Return the meanings of the few values that differ in kind from others of the column."""
    about = COLUMNS[table][column]
    return about.meanings if about.type == "special" else {}


def explained_by(table: str, column: str) -> str:
    """Return the column that explains the values of this one; blank without one."""
    about = COLUMNS[table][column]
    return about.of if about.type == "explained" else ""


@cache
def _describe_tables() -> dict[str, str]:
    """Return the description of each table; fact tables replace published ones of the same name."""
    descriptions = {name: f"published: {row['meaning']}" for name, row in _TABLES.items()}
    return descriptions | {name: f"facts: {text}" for name, text in facts.MEANINGS.items()}


def holds_results(table: str) -> bool:
    """Return whether a table has numbers computed from facts, not only facts or checks."""
    return any(column.unit in RESULT_UNITS for column in COLUMNS[table].values())
