"""Validation of tables against their contracts, and the explanation of each failure of facts.

All failures are found at once, none is lost or repaired.

Method. Tables are screened first, and one in which all rules pass is not validated, so that pandera
is imported for unsound tables alone. Of fact tables each rule runs once over the different cells of
all tables; published tables are screened as Arrow (`published.are_sound`). The failures are those
of pandera's own `validate`, which takes many times as long. Only rules, filled cells and the names
of columns are checked: no contract may demand anything else of pandera.
"""

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from audience_impact.plain_text import ReadableError, describe_white_space
from audience_impact.rules import get_rule
from schemas import fact_rules, facts

if TYPE_CHECKING:
    import pandera.pandas as pa

NOT_NULLABLE = "not_nullable"
SWITCHES = ("PANDERA_VALIDATION_ENABLED", "PANDERA_VALIDATION_DEPTH")


class ValidationOffError(ReadableError):
    """Validation is weakened, so that nothing may be published."""


class Failure(NamedTuple):
    """A failed rule: position of the row from 0, and column; a rule of whole rows has no column."""

    position: int
    column: str
    rule: str


def require_validation() -> None:
    """Raise ValidationOffError where a variable or the configuration of pandera weakens it."""
    if "pandera" not in sys.modules and not any(name in os.environ for name in SWITCHES):
        return  # importing it takes a third of a second
    from pandera.config import ValidationDepth, get_config_context

    config = get_config_context()
    complete = (None, ValidationDepth.SCHEMA_AND_DATA)
    if not config.validation_enabled or config.validation_depth not in complete:
        named = [name for name in SWITCHES if name in os.environ] or ["pandera's configuration"]
        raise ValidationOffError(
            f"refused: {' and '.join(named)} switches validation off; unset it, then run again"
        )


def check_table(schema: "pa.DataFrameSchema", frame: pd.DataFrame) -> list[Failure]:
    """Return the failures of a table with the columns of its contract and the index 0..n-1."""
    if frame.empty:
        return []
    filled = [name for name, column in schema.columns.items() if not column.nullable]
    missing = frame[filled].isna()
    failures = [
        Failure(int(place), name, NOT_NULLABLE)
        for name in missing.columns[missing.any()]
        for place in np.flatnonzero(missing[name])
    ]
    for name, column in schema.columns.items():
        different = frame[name].drop_duplicates()
        for check in column.checks:
            if not check(different).check_passed:
                places = _find_broken_rows(check, frame[name])
                failures += [Failure(place, name, check.name) for place in places]
    return failures + [
        Failure(place, "", check.name)
        for check in schema.checks
        for place in _find_broken_rows(check, frame)
    ]


def _find_broken_rows(check: Any, cells: "pd.DataFrame | pd.Series") -> list[int]:
    passed = check(cells).check_output
    return [int(place) for place in passed.index[~passed.to_numpy(dtype=bool)]]


def list_suspect_tables(tables: Mapping[str, pd.DataFrame]) -> set[str]:
    """Return the fact tables, of text cells and with the index 0..n-1, in which a rule fails."""
    by_rule: dict[tuple[str, str], tuple[Any, dict[str, set[str]]]] = {}
    for table, frame in tables.items():
        for name, about in facts.COLUMNS[table].items():
            cells = set(frame[name].tolist())
            for rule, parameter in about.list_cell_rules().items():
                _, texts = by_rule.setdefault((rule, repr(parameter)), (parameter, {}))
                texts.setdefault(table, set()).update(cells)
    suspects = set()
    for (rule, _), (parameter, texts) in by_rule.items():
        different = pd.Series([*set().union(*texts.values())], dtype="str")
        options = {} if parameter is True else {rule: parameter}
        passed = fact_rules.CELL_RULES[rule](different, **options).to_numpy(dtype=bool)
        broken = different[~passed]
        suspects |= {table for table, cells in texts.items() if not cells.isdisjoint(broken)}
    for table in tables.keys() - suspects:
        checks = fact_rules.RULES.get(table, {}).values()
        if len(tables[table]) and not all(check(tables[table]).all() for check in checks):
            suspects.add(table)
    return suspects


def check_fact_table(table: str, frame: pd.DataFrame) -> list[Failure]:
    """Return the failures of a fact table of text cells, in the order of its rows.

    The column of a rule of whole rows is the one that the rule refers to, else the first.
    """
    columns = list(facts.COLUMNS[table])
    failures = check_table(facts.read_schema(table), frame[columns].reset_index(drop=True))
    placed = []
    for failure in failures:
        referred = (name for name in get_rule(failure.rule).columns if name in columns)
        placed.append(failure._replace(column=failure.column or next(referred, columns[0])))
    return sorted(placed)


def explain_failure(table: str, column: str, rule: str, cell: str) -> str:
    """Return the meaning of a rule for this cell, in a sentence for the maintainer."""
    if rule == "white_space":
        return describe_white_space(cell)
    meaning = get_rule(rule).meaning
    if rule != "word":
        return meaning
    words = facts.COLUMNS[table][column].list_cell_rules()["word"]
    return f"{meaning}; allowed: {', '.join(words)}"
