"""The contracts of the published tables, a pandera model a table.

The models stand in modules by subject; `_TABLES` has the model of each table and its key: exactly
one row for each. A column is described once, in its model: its type, unit, meaning and SDMX concept
go into the contract, into the metadata of the Parquet file and into the data dictionary. A new
table is a model and its row there; a new column is a line of its model.
"""

import inspect
from functools import cache
from typing import Any

from schemas import facts
from schemas.columns import TABLE_NAMES, PublishedModel
from schemas.published import areas_and_days, inputs, restrictions

SCHEMA_VERSION = "5.0"

_IN_REGION = ("area_level", "area_id")
_TABLES: dict[str, tuple[type[PublishedModel], tuple[str, ...]]] = {
    "restrictions": (restrictions.Restrictions, ("restriction_id",)),
    "impact": (restrictions.Impact, ("restriction_id", "impact_metric")),
    "impact_by_platform": (
        restrictions.ImpactByPlatform,
        ("restriction_id", "platform_id", "feature", "impact_metric"),
    ),
    "countries_by_year": (areas_and_days.CountriesByYear, ("area_id", "year", "kind")),
    "countries_by_month": (areas_and_days.CountriesByMonth, ("area_id", "month", "kind")),
    "countries_by_day": (areas_and_days.CountriesByDay, ("area_id", "day", "kind")),
    "regions_by_year": (areas_and_days.RegionsByYear, (*_IN_REGION, "year", "kind")),
    "regions_by_month": (areas_and_days.RegionsByMonth, (*_IN_REGION, "month", "kind")),
    "regions_by_day": (areas_and_days.RegionsByDay, (*_IN_REGION, "day", "kind")),
    "draws": (areas_and_days.Draws, ("area_id", "year", "draw")),
    "sources": (inputs.Sources, ("source_id",)),
    "lineage": (
        inputs.Lineage,
        ("output_table", "restriction_id", "platform_id", "role", "input_table", "input_id"),
    ),
    "person_days": (
        areas_and_days.PersonDays,
        ("restriction_id", "area_id", "period"),
    ),
    "sensitivity": (inputs.Sensitivity, ("restriction_id", "impact_metric", "input")),
    "comparisons": (inputs.Comparisons, ("restriction_id", "published_figure_id")),
    "area_comparisons": (inputs.AreaComparisons, ("published_area_figure_id",)),
    "candidates": (
        inputs.Candidates,
        (
            *("restriction_id", "role", "country_id", "platform_id", "looked_for"),
            *("input_table", "input_id", "row_layer", "row_line"),
        ),
    ),
    "steps": (inputs.Steps, ("restriction_id", "country_id", "step", "subject", "position")),
    "register_rows": (inputs.RegisterRows, ("source_id", "register_row")),
    "quality": (inputs.Quality, ("check", "table")),
    "quarantine": (inputs.Quarantine, ("table", "row_layer", "line", "column", "rule")),
}
"""Model and key of each published table, in the order of the data dictionary."""
TABLES = tuple(_TABLES)
MODELS = {table: model for table, (model, _) in _TABLES.items()}
KEYS = {table: list(key) for table, (_, key) in _TABLES.items()}
"""Key of each published table, whose values are unique."""
DETAILS = TABLES[TABLES.index("person_days") :]
"""Tables that explain or check what the others say; they lie in the folder `details`."""
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


def explained_by(table: str, column: str) -> str:
    """Return the column that explains the values of this one; blank without one."""
    return str(_read_metadata(table, column).get("explained_by", ""))


def _read_metadata(table: str, column: str) -> dict[str, Any]:
    return MODELS[table].to_schema().columns[column].metadata or {}


@cache
def _describe_tables() -> dict[str, str]:
    """Return the description of each table; fact tables replace published ones of the same name."""
    first_lines = {name: describe_table(name).partition("\n")[0] for name in MODELS}
    descriptions = {name: f"published: {text}" for name, text in first_lines.items()}
    return descriptions | {name: f"facts: {text}" for name, text in facts.MEANINGS.items()}


def list_columns(table: str) -> list[str]:
    """Return the columns of a table, in order."""
    return list(MODELS[table].to_schema().columns)


def holds_results(table: str) -> bool:
    """Return whether a table has numbers computed from facts, not only facts or checks."""
    columns = MODELS[table].to_schema().columns.values()
    return any((column.metadata or {})["unit"] in RESULT_UNITS for column in columns)
