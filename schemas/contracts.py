"""Validation of fact tables against their contracts, and the explanation of each failure."""

import os
from collections.abc import Mapping
from typing import Any

import pandas as pd
import pandera.pandas as pa

from audience_impact import blanks
from audience_impact.rules import get_rule
from schemas import facts, holding, published

SWITCHES = ("PANDERA_VALIDATION_ENABLED", "PANDERA_VALIDATION_DEPTH")


class ValidationOffError(RuntimeError):
    """Validation was switched off, so nothing may be published."""


def require_validation() -> None:
    """Raise ValidationOffError, naming the variable, where something weakens validation.

    Both the environment and the configuration of pandera may do so.
    """
    from pandera.config import ValidationDepth, get_config_context

    config = get_config_context()
    depth = config.validation_depth
    if config.validation_enabled and depth in (None, ValidationDepth.SCHEMA_AND_DATA):
        return
    named = [name for name in SWITCHES if name in os.environ] or ["pandera's configuration"]
    raise ValidationOffError(
        f"refused: {' and '.join(named)} switches validation off; unset it, then run again"
    )


def check_fact_table(table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the failures of a fact table of text cells.

    One row is a failure: `position` (row of the frame, from 0), `column`, `rule`.
    """
    return check_fact_tables({table: frame})[table]


def check_fact_tables(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the failures of several fact tables of text cells, as `check_fact_table` does."""
    columns = {table: list(facts.describe_columns(table)) for table in tables}
    failures_by_table = holding.check_tables(
        [
            (facts.MODELS[table], frame[columns[table]].reset_index(drop=True))
            for table, frame in tables.items()
        ]
    )
    return {
        table: _as_frame(table_failures, columns[table])
        for table, table_failures in zip(tables, failures_by_table, strict=True)
    }


def _as_frame(failed_rules: list[holding.Failure], columns: list[str]) -> pd.DataFrame:
    cases = sorted(
        (failure.position, failure.column or _choose_column(failure.rule, columns), failure.rule)
        for failure in failed_rules
    )
    frame = pd.DataFrame(cases, columns=["position", "column", "rule"])
    return frame.astype({"position": "int64"})


def _choose_column(rule: str, columns: list[str]) -> str:
    """Return the column that a rule of whole rows points at; else the first of the table."""
    return next((name for name in get_rule(rule).columns if name in columns), columns[0])


def explain_failure(table: str, column: str, rule: str, cell: str) -> str:
    """Return the meaning of a rule for this cell, in a sentence for the maintainer."""
    if rule == "white_space":
        return blanks.describe_white_space(cell)
    meaning = get_rule(rule).meaning
    if rule != "word":
        return meaning
    checks: Any = facts.MODELS[table].to_schema().columns[column].checks
    words = next(check.statistics["word"] for check in checks if check.name == "word")
    return f"{meaning}; allowed: {', '.join(words)}"


def tables_with(rule: str) -> tuple[str, ...]:
    """Return the tables, of facts or published, to which a rule of a single table applies."""
    models = [*facts.MODELS.items(), *published.MODELS.items()]
    return tuple(table for table, model in models if rule in _rules_of(model))


def _rules_of(model: type[pa.DataFrameModel]) -> set[str]:
    schema: Any = model.to_schema()
    column_rules = {check.name for column in schema.columns.values() for check in column.checks}
    return column_rules | {check.name for check in schema.checks}
