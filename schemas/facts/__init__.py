"""The contracts of the fact tables, a pandera model a table, over the text as written.

The models are in modules by subject. TABLES lists for each table the model, the columns of a key of
several columns, and whether the table may be missing. To add a table, add a model and a row there.
"""

from functools import cache
from typing import Any, NamedTuple

from schemas.facts import figures, fitted, restrictions
from schemas.fields import SEVERAL, FactModel

__all__ = ["MODELS", "OPTIONAL", "SEVERAL", "TABLES"]


class Table(NamedTuple):
    """A fact table: its model, its key if that has several columns, and whether it is optional."""

    name: str
    model: type[FactModel]
    key: tuple[str, ...] = ()
    optional: bool = False


_TABLES = (
    Table("lineages", figures.Lineages),
    Table("sources", figures.Sources),
    Table("platforms", figures.Platforms),
    Table("areas", figures.Areas),
    Table("bases", figures.Bases),
    Table("online_shares", figures.OnlineShares, optional=True),
    Table("online_levels", fitted.OnlineLevels, key=("area_id", "period"), optional=True),
    Table("estimates", figures.Estimates),
    Table("overlaps", figures.Overlaps),
    Table("feature_use", figures.FeatureUse),
    Table("feature_laws", fitted.FeatureLaws, key=("feature", "area_id"), optional=True),
    Table("circumvention", figures.Circumvention),
    Table("circumvention_laws", fitted.CircumventionLaws, key=("area_id",), optional=True),
    Table("surveys", figures.Surveys),
    Table("use_patterns", figures.UsePatterns, key=("survey_id", "online", "platform_ids")),
    Table("overlap_calibration", fitted.OverlapCalibration, key=("parameter", "survey_id")),
    Table("use_frequency", figures.UseFrequency, optional=True),
    Table(
        "daily_use",
        fitted.DailyUse,
        key=("platform_id", "area_id", "use_frequency_kind"),
        optional=True,
    ),
    Table("figure_errors", fitted.FigureErrors, key=("parameter", "kind"), optional=True),
    Table(
        "regional_use",
        figures.RegionalUse,
        key=("area_id", "asked", "residence", "internet_use", "period", "source_id"),
        optional=True,
    ),
    Table("place_laws", fitted.PlaceLaws, key=("parameter", "kind"), optional=True),
    Table("network_use", figures.NetworkUse, key=("area_id", "period", "source_id"), optional=True),
    Table("network_shares", figures.NetworkShares, key=("area_id", "asn", "period"), optional=True),
    Table(
        "operator_regions",
        figures.OperatorRegions,
        key=("area_id", "network_scope", "region", "operator", "period"),
        optional=True,
    ),
    Table(
        "operator_names", figures.OperatorNames, key=("name", "also_name", "area_id"), optional=True
    ),
    Table("network_laws", fitted.NetworkLaws, key=("parameter", "kind"), optional=True),
    Table("place_parts", figures.PlaceParts, optional=True),
    Table("part_sizes", fitted.PartSizes, key=("part_kind",), optional=True),
    Table("event_readings", restrictions.EventReadings, optional=True),
    Table("chances", fitted.Chances, key=("chance", "chance_group"), optional=True),
    Table(
        "answer_rungs", fitted.AnswerRungs, key=("rung_family", "rung", "left_out"), optional=True
    ),
    Table("audience_laws", fitted.AudienceLaws, key=("parameter", "kind"), optional=True),
    Table("restrictions", restrictions.Restrictions),
    Table(
        "restriction_targets",
        restrictions.RestrictionTargets,
        key=("restriction_id", "platform_id", "feature"),
    ),
    Table(
        "restriction_places",
        restrictions.RestrictionPlaces,
        key=("restriction_id", "area_id"),
        optional=True,
    ),
    Table("place_names", restrictions.PlaceNames, key=("country_id", "name"), optional=True),
    Table("published_figures", figures.PublishedFigures),
    Table("feature_rules", restrictions.FeatureRules, optional=True),
    Table(
        "register_rows", restrictions.RegisterRows, key=("source_id", "register_row"), optional=True
    ),
    Table(
        "event_links",
        restrictions.EventLinks,
        key=("restriction_id", "other_restriction_id"),
        optional=True,
    ),
    Table("evidence", restrictions.Evidence, optional=True),
    Table("published_area_figures", figures.PublishedAreaFigures),
    Table(
        "accepted_findings",
        restrictions.AcceptedFindings,
        key=("rule", "table", "key", "column"),
        optional=True,
    ),
)
TABLES = tuple(table.name for table in _TABLES)
"""The fact tables, in the order in which keys resolve."""
MODELS = {table.name: table.model for table in _TABLES}
OPTIONAL = {table.name for table in _TABLES if table.optional}
"""Tables that may be missing: those of registers, the reviewed findings, and the errors of
figures, without which nothing is drawn."""


@cache
def describe_columns(table: str) -> dict[str, dict[str, str]]:
    """Return metadata (`kind`, `refers_to`, `filled`) of a table's columns, inherited ones last."""
    model = MODELS[table]
    schema = model.to_schema()
    declared = [name for name in model.__annotations__ if name in schema.columns]
    return {
        name: dict(schema.columns[name].metadata or {})
        for name in dict.fromkeys([*declared, *schema.columns])
    }


def list_cell_rules(table: str, column: str) -> dict[str, Any]:
    """Return the rules of single cells of a column, each with its parameter."""
    checks = MODELS[table].to_schema().columns[column].checks
    return {check.name: check.statistics[check.name] for check in checks}


def optional_columns(table: str) -> frozenset[str]:
    """Return the columns that a file of the table may lack."""
    return frozenset(
        name for name, about in describe_columns(table).items() if about.get("optional")
    )


def list_keys() -> dict[str, list[str]]:
    """Return the key columns of each table: those in _TABLES, else its single key column."""
    return {
        table.name: list(table.key)
        or [name for name, about in describe_columns(table.name).items() if about["kind"] == "key"]
        for table in _TABLES
    }


def is_blank_a_key(table: str) -> bool:
    """Return whether all key columns of a table may be blank."""
    return not any(describe_columns(table)[name]["filled"] for name in list_keys()[table])


def list_references() -> dict[str, dict[str, str]]:
    """Return for each table the columns that refer to another table, with that table."""
    return {
        table: {
            name: about["refers_to"]
            for name, about in describe_columns(table).items()
            if about["refers_to"]
        }
        for table in MODELS
    }


def select_columns(kind: str) -> dict[str, list[str]]:
    """Return for each table its columns of a kind, such as `number` or `period`."""
    return {
        table: [name for name, about in describe_columns(table).items() if about["kind"] == kind]
        for table in MODELS
    }
