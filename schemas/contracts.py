"""The contracts of the fact tables and of the published ones: what breaks them, and who says so."""

import os
from collections.abc import Mapping
from typing import Any

import pandas as pd
import pandera.pandas as pa

from audience_impact import blanks
from audience_impact.rules import named
from schemas import facts, holding, published

SWITCHES = ("PANDERA_VALIDATION_ENABLED", "PANDERA_VALIDATION_DEPTH")


class ValidationOffError(RuntimeError):
    """Validation was switched off, so nothing may be published."""


def require_validation() -> None:
    """Refuse to go on where the environment or the configuration weakens validation.

    Raises ValidationOffError naming the variable.
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


def failures(table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """What is wrong with a fact table of text cells.

    Returns one row a failure: `position` (row of the frame, from 0), `column`, `rule`.
    """
    return failures_in({table: frame})[table]


def failures_in(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """What is wrong with each of several fact tables of text cells, as `failures` has it."""
    columns = {table: list(facts.columns(table)) for table in tables}
    found = holding.failures_in(
        [
            (facts.MODELS[table], frame[columns[table]].reset_index(drop=True))
            for table, frame in tables.items()
        ]
    )
    return {
        table: _as_frame(each, columns[table]) for table, each in zip(tables, found, strict=True)
    }


def _as_frame(found: list[holding.Failure], columns: list[str]) -> pd.DataFrame:
    cases = sorted(
        (one.position, one.column or _blamed(one.rule, columns), one.rule) for one in found
    )
    frame = pd.DataFrame(cases, columns=["position", "column", "rule"])
    return frame.astype({"position": "int64"})


def _blamed(rule: str, columns: list[str]) -> str:
    """The column that a rule of a whole row points at; the first where the table has none such."""
    return next((name for name in named(rule).columns if name in columns), columns[0])


def message(table: str, column: str, rule: str, cell: str) -> str:
    """What the rule means for this cell and what to do, in a sentence for the maintainer."""
    if rule == "white_space":
        return blanks.told_white(cell)
    meaning = named(rule).meaning
    if rule != "word":
        return meaning
    checks: Any = facts.MODELS[table].to_schema().columns[column].checks
    words = next(check.statistics["word"] for check in checks if check.name == "word")
    return f"{meaning}; allowed: {', '.join(words)}"


def tables_with(rule: str) -> tuple[str, ...]:
    """The tables, of facts or published, to which a rule of a single table applies."""
    models = [*facts.MODELS.items(), *published.MODELS.items()]
    return tuple(table for table, model in models if rule in _rules_of(model))


def _rules_of(model: type[pa.DataFrameModel]) -> set[str]:
    schema: Any = model.to_schema()
    own = {check.name for column in schema.columns.values() for check in column.checks}
    return own | {check.name for check in schema.checks}
