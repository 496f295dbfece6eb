"""The contracts of the fact tables, a pandera model a table, over the text as written.

The models are in modules by subject, and a table is named as its model. To add a table, add a model
and its name here, and its key if that has several columns.
"""

import re
from functools import cache
from typing import Any

from schemas.facts import figures, fitted, restrictions
from schemas.fields import SEVERAL, FactModel

__all__ = ["MODELS", "OPTIONAL", "SEVERAL", "TABLES"]

_MODELS: tuple[type[FactModel], ...] = (
    *(figures.Lineages, figures.Sources, figures.Platforms, figures.Areas, figures.Bases),
    *(figures.OnlineShares, fitted.OnlineLevels, figures.Estimates, figures.Overlaps),
    *(figures.FeatureUse, fitted.FeatureLaws, figures.Circumvention, fitted.CircumventionLaws),
    *(figures.Surveys, figures.UsePatterns, fitted.OverlapCalibration, figures.UseFrequency),
    *(fitted.DailyUse, fitted.FigureErrors, figures.RegionalUse, fitted.PlaceLaws),
    *(figures.NetworkUse, figures.NetworkShares, figures.OperatorRegions, figures.OperatorNames),
    *(fitted.NetworkLaws, figures.PlaceParts, fitted.PartSizes, restrictions.EventReadings),
    *(fitted.Chances, fitted.AnswerRungs, fitted.AudienceLaws, restrictions.Restrictions),
    *(restrictions.RestrictionTargets, restrictions.RestrictionPlaces, restrictions.PlaceNames),
    *(figures.PublishedFigures, restrictions.FeatureRules, restrictions.RegisterRows),
    *(restrictions.EventLinks, restrictions.Evidence, figures.PublishedAreaFigures),
    restrictions.AcceptedFindings,
)
MODELS = {re.sub(r"\B(?=[A-Z])", "_", model.__name__).lower(): model for model in _MODELS}
TABLES = tuple(MODELS)
"""The fact tables, in the order in which keys resolve."""
_KEYS = {
    "online_levels": ["area_id", "period"],
    "feature_laws": ["feature", "area_id"],
    "circumvention_laws": ["area_id"],
    "use_patterns": ["survey_id", "online", "platform_ids"],
    "overlap_calibration": ["parameter", "survey_id"],
    "daily_use": ["platform_id", "area_id", "use_frequency_kind"],
    "figure_errors": ["parameter", "kind"],
    "regional_use": ["area_id", "asked", "residence", "internet_use", "period", "source_id"],
    "place_laws": ["parameter", "kind"],
    "network_use": ["area_id", "period", "source_id"],
    "network_shares": ["area_id", "asn", "period"],
    "operator_regions": ["area_id", "network_scope", "region", "operator", "period"],
    "operator_names": ["name", "also_name", "area_id"],
    "network_laws": ["parameter", "kind"],
    "part_sizes": ["part_kind"],
    "chances": ["chance", "chance_group"],
    "answer_rungs": ["rung_family", "rung", "left_out"],
    "audience_laws": ["parameter", "kind"],
    "restriction_targets": ["restriction_id", "platform_id", "feature"],
    "restriction_places": ["restriction_id", "area_id"],
    "place_names": ["country_id", "name"],
    "register_rows": ["source_id", "register_row"],
    "event_links": ["restriction_id", "other_restriction_id"],
    "accepted_findings": ["rule", "table", "key", "column"],
}
"""The keys of the tables that have no column of kind `key`."""
_REQUIRED = {
    *("lineages", "sources", "platforms", "areas", "bases", "estimates", "overlaps"),
    *("feature_use", "circumvention", "surveys", "use_patterns", "overlap_calibration"),
    *("restrictions", "restriction_targets", "published_figures", "published_area_figures"),
}
OPTIONAL = {*TABLES} - _REQUIRED
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
    """Return the key columns of each table."""
    keys = select_columns("key")
    return {table: list(_KEYS.get(table, keys[table])) for table in TABLES}


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
