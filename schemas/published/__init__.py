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
from schemas.tables import model, modules

SCHEMA_VERSION = "2.3"

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
    "quality",
    "quarantine",
)
"""The published tables, in the order in which the data dictionary tells of them."""

_MODULES = modules(__name__, TABLES)
MODELS = {table: model(module, PublishedModel) for table, module in _MODULES.items()}
KEYS: dict[str, list[str]] = {table: list(module.KEY) for table, module in _MODULES.items()}
"""Key of each published table: exactly one row for each."""
RESULT_UNITS = ("persons", "person_days", "person_hours", "share")


def title(table: str) -> str:
    """What the table holds, in a sentence."""
    return inspect.getdoc(MODELS[table]) or ""


def values(table: str, column: str) -> dict[str, str]:
    """What each value of a coded column means; of another column nothing."""
    told = _about(table, column).get("values", {})
    return _tables() if told == TABLE_NAMES else dict(told)


def special_values(table: str, column: str) -> dict[str, str]:
    """What the few values mean that stand for something else than the others of the column."""
    return dict(_about(table, column)["special"])


def separator(table: str, column: str) -> str:
    """What stands between the values of a cell of a coded column; blank: a cell holds one."""
    return str(_about(table, column).get("separator", ""))


def explained_by(table: str, column: str) -> str:
    """The column that says what a value of this one means; blank: none does."""
    return str(_about(table, column).get("explained_by", ""))


def _about(table: str, column: str) -> dict[str, Any]:
    return MODELS[table].to_schema().columns[column].metadata or {}


@cache
def _tables() -> dict[str, str]:
    """What each table holds; where a table of facts has the name of a published one, the facts."""
    told = {name: f"published: {_first(model)}" for name, model in MODELS.items()}
    return told | {name: f"facts: {_first(model)}" for name, model in facts.MODELS.items()}


def _first(model: type) -> str:
    """The first line of what a model says of itself."""
    return (inspect.getdoc(model) or "").partition("\n")[0]


def columns(table: str) -> list[str]:
    """The columns of a table, in order."""
    return list(MODELS[table].to_schema().columns)


def holds_results(table: str) -> bool:
    """Whether a table holds numbers that follow from facts, rather than facts or checks alone."""
    columns = MODELS[table].to_schema().columns.values()
    return any((column.metadata or {})["unit"] in RESULT_UNITS for column in columns)
