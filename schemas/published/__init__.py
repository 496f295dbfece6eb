"""The contracts of the published tables, a module a table.

A module holds the model, named as the table is, and its `KEY`: exactly one row for each. A column
is described once, there: its type, unit, meaning and SDMX concept go into the contract, into the
metadata of the Parquet file and into the data dictionary. A new table is a module and its name in
TABLES; a new column is a line of its module.
"""

import inspect
from functools import cache
from typing import Any

from schemas import facts
from schemas.columns import TABLE_NAMES, PublishedModel
from schemas.tables import find_model, import_modules

SCHEMA_VERSION = "2.4"

TABLES = (
    "impact",
    "impact_by_platform",
    "impact_by_area",
    "impact_by_day",
    "area_comparisons",
    "impact_by_group",
    "person_days",
    "sensitivity",
    "restrictions",
    "comparisons",
    "lineage",
    "sources",
    "register_rows",
    "quality",
    "quarantine",
)
"""The published tables, in the order in which the data dictionary tells of them."""

_MODULES = import_modules(__name__, TABLES)
MODELS = {table: find_model(module, PublishedModel) for table, module in _MODULES.items()}
KEYS: dict[str, list[str]] = {table: list(module.KEY) for table, module in _MODULES.items()}
"""Key of each published table: exactly one row for each."""
RESULT_UNITS = ("persons", "person_days", "person_hours", "share")


def describe_table(table: str) -> str:
    """Return the description of a table, in a sentence."""
    return inspect.getdoc(MODELS[table]) or ""


def list_values(table: str, column: str) -> dict[str, str]:
    """Return the meanings of the values of a coded column; empty for another column."""
    meanings = _read_metadata(table, column).get("values", {})
    return _describe_tables() if meanings == TABLE_NAMES else dict(meanings)


def special_values(table: str, column: str) -> dict[str, str]:
    """Return the meanings of the few values that differ in kind from others of the column."""
    return dict(_read_metadata(table, column)["special"])


def find_separator(table: str, column: str) -> str:
    """Return the separator of the values of a coded cell; blank where a cell has one value."""
    return str(_read_metadata(table, column).get("separator", ""))


def explained_by(table: str, column: str) -> str:
    """Return the column that explains the values of this one; blank without one."""
    return str(_read_metadata(table, column).get("explained_by", ""))


def _read_metadata(table: str, column: str) -> dict[str, Any]:
    return MODELS[table].to_schema().columns[column].metadata or {}


@cache
def _describe_tables() -> dict[str, str]:
    """Return the description of each table; fact tables replace published ones of the same name."""
    descriptions = {name: f"published: {_read_first_line(model)}" for name, model in MODELS.items()}
    return descriptions | {
        name: f"facts: {_read_first_line(model)}" for name, model in facts.MODELS.items()
    }


def _read_first_line(model: type) -> str:
    return (inspect.getdoc(model) or "").partition("\n")[0]


def list_columns(table: str) -> list[str]:
    """Return the columns of a table, in order."""
    return list(MODELS[table].to_schema().columns)


def holds_results(table: str) -> bool:
    """Return whether a table has numbers computed from facts, not facts or checks alone."""
    columns = MODELS[table].to_schema().columns.values()
    return any((column.metadata or {})["unit"] in RESULT_UNITS for column in columns)
