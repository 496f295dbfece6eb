"""Validation of tables against their contracts, and the explanation of each failure of facts.

All failures are found at once, none is lost or repaired.

Method. A rule of single cells is run once, over the different cells of all the columns of all the
tables that have it; a column is checked alone where the rule failed. The failures are those of
pandera's own `validate`, which runs each rule once a column and takes many times as long.
A table that lacks a column, or has one of another type, is refused as a whole. A contract may
demand rules, cells that are filled and, if it is strict, no other columns; one that demands more is
refused when it is read, because pandera's `validate` alone would check it.
"""

import os
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pandas as pd
import pandera.pandas as pa

from audience_impact import blanks
from audience_impact.plain_text import ReadableError
from audience_impact.rules import get_rule
from schemas import facts

NOT_NULLABLE = "not_nullable"
NOT_OF_TABLES = (
    *("unique", "ordered", "coerce", "index", "parsers", "add_missing_columns"),
    *("drop_invalid_rows", "unique_column_names"),
)
NOT_OF_COLUMNS = ("unique", "coerce", "regex", "parsers", "default", "drop_invalid_rows")
"""Features of pandera models that are not supported here and that no contract may use."""


class Failure(NamedTuple):
    """A failed rule: position of the row from 0, and column; a rule of whole rows has no column."""

    position: int
    column: str
    rule: str


class Kind(NamedTuple):
    """The identity of a rule of single cells: name, parameters, type of the column."""

    rule: str
    statistics: str
    dtype: str


Cells: TypeAlias = "dict[Any, None] | pd.Series"


def check_table(model: type[pa.DataFrameModel], frame: pd.DataFrame) -> list[Failure]:
    """Return the failures of a table with the index 0..n-1."""
    return check_tables([(model, frame)])[0]


def check_tables(
    tables: Sequence[tuple[type[pa.DataFrameModel], pd.DataFrame]],
) -> list[list[Failure]]:
    """Return the failures of each of several tables, whose index is 0..n-1.

    Raises TypeError where a contract demands what is not checked here, ValueError where a table
    lacks a column of its contract, has one of another type, or has more than a strict one allows.
    """
    for model, frame in tables:
        _require_columns(model, frame)
    filled = [(model, frame) for model, frame in tables if len(frame)]
    broken = _broken_kinds(filled)
    return [_find_failures(model, frame, broken) if len(frame) else [] for model, frame in tables]


def _require_columns(model: type[pa.DataFrameModel], frame: pd.DataFrame) -> None:
    """Raise ValueError unless a table has the columns of its contract, of its types.

    How a text is stored makes no difference.
    """
    schema = read_schema(model)
    if schema.strict is True and (more := sorted({*frame.columns} - {*schema.columns})):
        raise ValueError(f"{model.__name__} has no column {', '.join(more)}")
    if absent := [name for name in schema.columns if name not in frame]:
        raise ValueError(f"the table of {model.__name__} lacks {', '.join(absent)}")
    for name, column in schema.columns.items():
        kind, declared = str(frame[name].dtype), str(column.dtype)
        if len(frame) and not declared.startswith("str") and kind != declared:
            raise ValueError(f"{name} of {model.__name__} is of type {kind}, not {declared}")


def _find_failures(
    model: type[pa.DataFrameModel], frame: pd.DataFrame, broken: set[Kind]
) -> list[Failure]:
    schema = read_schema(model)
    filled = [name for name, column in schema.columns.items() if not column.nullable]
    missing = frame[filled].isna()
    failures = [
        Failure(int(place), name, NOT_NULLABLE)
        for name in missing.columns[missing.any()]
        for place in np.flatnonzero(missing[name])
    ]
    failures += [
        Failure(place, name, check.name)
        for kind, (check, names) in _cell_rules(model).items()
        if kind in broken
        for name in names
        for place in _find_broken_rows(check, frame[name])
    ]
    return failures + [
        Failure(place, "", check.name)
        for check in schema.checks
        for place in _find_broken_rows(check, frame)
    ]


@cache
def read_schema(model: type[pa.DataFrameModel]) -> Any:
    """Return the schema of a model; cached, because pandera copies it on each call.

    Raises TypeError where the model demands what is not checked here.
    """
    schema: Any = model.to_schema()
    demanded = _list_demands(schema, NOT_OF_TABLES)
    for name, column in schema.columns.items():
        of_column = _list_demands(column, NOT_OF_COLUMNS)
        of_column += [] if column.required else ["required=False"]
        demanded += [f"{demand} of {name}" for demand in of_column]
    if demanded:
        raise TypeError(f"{model.__name__} has settings that nothing checks: {', '.join(demanded)}")
    return schema


def _list_demands(part: Any, names: tuple[str, ...]) -> list[str]:
    """Return those of some features that a schema or a column uses, and rules that only warn."""
    values = {name: getattr(part, name, None) for name in names}
    used = [
        name
        for name, value in values.items()
        if value is not None and value is not False and (name == "default" or value)
    ]
    return used + ["raise_warning"] * any(check.raise_warning for check in part.checks)


@cache
def _cell_rules(model: type[pa.DataFrameModel]) -> Mapping[Kind, tuple[Any, list[str]]]:
    """Return each rule of single cells, with the columns of one type that it applies to."""
    groups: dict[Kind, tuple[Any, list[str]]] = {}
    for name, column in read_schema(model).columns.items():
        for check in column.checks:
            kind = Kind(check.name, repr(check.statistics), str(column.dtype))
            groups.setdefault(kind, (check, []))[1].append(name)
    return groups


def _broken_kinds(tables: Sequence[tuple[type[pa.DataFrameModel], pd.DataFrame]]) -> set[Kind]:
    """Return the rules of single cells that at least one column breaks."""
    cells: dict[Kind, tuple[Any, list[Cells]]] = {}
    for model, frame in tables:
        different = {name: _list_different(frame[name]) for name in read_schema(model).columns}
        for kind, (check, names) in _cell_rules(model).items():
            cells.setdefault(kind, (check, []))[1].extend(different[name] for name in names)
    return {kind for kind, (check, columns) in cells.items() if not _has_passed(check, columns)}


def _list_different(cells: pd.Series) -> Cells:
    """Return the different cells of a column: texts as keys, which are faster to put together."""
    return dict.fromkeys(cells.tolist()) if cells.dtype == "str" else cells.drop_duplicates()


def _has_passed(check: Any, columns: list[Cells]) -> bool:
    """Return whether columns of one type pass a rule of single cells."""
    texts = [column for column in columns if isinstance(column, dict)]
    others = [column for column in columns if isinstance(column, pd.Series)]
    different: dict[Any, None] = {}
    for column in texts:
        different.update(column)
    if texts:
        others.append(pd.Series([*different], dtype="str"))
    return bool(check(pd.concat(others, ignore_index=True)).check_passed)


def _find_broken_rows(check: Any, cells: "pd.DataFrame | pd.Series") -> list[int]:
    """Return the labels at which a rule fails; another rule checks for missing cells."""
    passed = check(cells).check_output
    return [int(place) for place in passed.index[~passed.to_numpy(dtype=bool)]]


SWITCHES = ("PANDERA_VALIDATION_ENABLED", "PANDERA_VALIDATION_DEPTH")


class ValidationOffError(ReadableError):
    """Validation is switched off, so nothing may be published."""


def require_validation() -> None:
    """Raise ValidationOffError if a variable or the configuration of pandera weakens validation.

    The message names the variable.
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
    failures_by_table = check_tables(
        [
            (facts.MODELS[table], frame[columns[table]].reset_index(drop=True))
            for table, frame in tables.items()
        ]
    )
    return {
        table: _as_frame(table_failures, columns[table])
        for table, table_failures in zip(tables, failures_by_table, strict=True)
    }


NO_FAILURES = pd.DataFrame(columns=["position", "column", "rule"]).astype({"position": "int64"})
"""A table of failures without rows, which nobody writes into."""


def _as_frame(failed_rules: list[Failure], columns: list[str]) -> pd.DataFrame:
    cases = sorted(
        (failure.position, failure.column or _choose_column(failure.rule, columns), failure.rule)
        for failure in failed_rules
    )
    if not cases:  # nearly always, and pandas is slow with nothing
        return NO_FAILURES
    return pd.DataFrame(cases, columns=["position", "column", "rule"])


def _choose_column(rule: str, columns: list[str]) -> str:
    """Return the column that a rule of whole rows refers to; else the first of the table."""
    return next((name for name in get_rule(rule).columns if name in columns), columns[0])


def explain_failure(table: str, column: str, rule: str, cell: str) -> str:
    """Return the meaning of a rule for this cell, in a sentence for the maintainer."""
    if rule == "white_space":
        return blanks.describe_white_space(cell)
    meaning = get_rule(rule).meaning
    if rule != "word":
        return meaning
    return f"{meaning}; allowed: {', '.join(facts.list_cell_rules(table, column)['word'])}"


def tables_with(rule: str) -> tuple[str, ...]:
    """Return the tables, of facts or published, to which a rule of a single table applies."""
    from schemas import published  # a check of facts needs none of them

    models = [*facts.MODELS.items(), *published.MODELS.items()]
    return tuple(table for table, model in models if rule in _rules_of(model))


def _rules_of(model: type[pa.DataFrameModel]) -> set[str]:
    schema = read_schema(model)
    column_rules = {check.name for column in schema.columns.values() for check in column.checks}
    return column_rules | {check.name for check in schema.checks}
