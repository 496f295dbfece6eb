"""The contracts of the fact tables, a module a table: a pandera model over the text as written.

A module holds the model, named as the table is; where several columns make the key, `KEY`; and
where the table may be missing, `OPTIONAL`. A new table is a module and its name in TABLES.
"""

from functools import cache

from schemas.fields import FactModel
from schemas.tables import model, modules

TABLES = (
    "lineages",
    "sources",
    "platforms",
    "areas",
    "bases",
    "estimates",
    "overlaps",
    "feature_use",
    "feature_laws",
    "circumvention",
    "circumvention_laws",
    "surveys",
    "use_patterns",
    "overlap_calibration",
    "use_frequency",
    "daily_use",
    "figure_errors",
    "regional_use",
    "place_laws",
    "network_use",
    "network_laws",
    "answer_rungs",
    "audience_laws",
    "restrictions",
    "restriction_targets",
    "restriction_places",
    "place_names",
    "published_figures",
    "feature_rules",
    "register_rows",
    "event_links",
    "published_area_figures",
    "accepted_findings",
)
"""The fact tables, in the order in which keys resolve."""

_MODULES = modules(__name__, TABLES)
MODELS = {table: model(module, FactModel) for table, module in _MODULES.items()}
OPTIONAL = {table for table, module in _MODULES.items() if getattr(module, "OPTIONAL", False)}
"""Tables that may be missing: those of registers, the reviewed findings, and the errors of
figures, without which nothing is drawn."""


@cache
def columns(table: str) -> dict[str, dict[str, str]]:
    """Metadata (`kind`, `refers_to`, `filled`) of each column of a table, its own columns first."""
    model = MODELS[table]
    schema = model.to_schema()
    own = [name for name in model.__annotations__ if name in schema.columns]
    return {
        name: dict(schema.columns[name].metadata or {})
        for name in dict.fromkeys([*own, *schema.columns])
    }


def optional_columns(table: str) -> frozenset[str]:
    """Columns that a file of the table may lack."""
    return frozenset(name for name, about in columns(table).items() if about.get("optional"))


def keys() -> dict[str, list[str]]:
    """Key columns of each table: those its module names, or the one column that is a key."""
    return {
        table: list(getattr(_MODULES[table], "KEY", ()))
        or [name for name, about in columns(table).items() if about["kind"] == "key"]
        for table in MODELS
    }


def is_blank_a_key(table: str) -> bool:
    """Whether no column of the key of a table must be filled."""
    return not any(columns(table)[name]["filled"] for name in keys()[table])


def references() -> dict[str, dict[str, str]]:
    """For each table the columns that point to another table, and to which."""
    return {
        table: {
            name: about["refers_to"] for name, about in columns(table).items() if about["refers_to"]
        }
        for table in MODELS
    }


def of_kind(kind: str) -> dict[str, list[str]]:
    """For each table its columns of a kind, such as `number` or `period`."""
    return {
        table: [name for name, about in columns(table).items() if about["kind"] == kind]
        for table in MODELS
    }
