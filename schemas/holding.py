"""Holding a table against its contract: all failures at once, none lost, none repaired.

Method. A rule of single cells is run once a table, over the different cells of all the columns that
have it; a column is looked at alone where the rule failed. What is found is what pandera's own
`validate` finds, which runs each rule once a column and takes six times as long. Columns have the
types of the contract already.
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pandera.pandas as pa

NOT_NULLABLE = "not_nullable"


class Failure(NamedTuple):
    """A rule that a row breaks: position of the row from 0; a rule of whole rows has no column."""

    position: int
    column: str
    rule: str


def failures(model: type[pa.DataFrameModel], frame: pd.DataFrame) -> list[Failure]:
    """What is wrong with a table, whose index is 0..n-1."""
    if frame.empty:
        return []
    schema = _schema(model)
    filled = [name for name, column in schema.columns.items() if not column.nullable]
    missing = frame[filled].isna()
    found = [
        Failure(int(place), name, NOT_NULLABLE)
        for name in missing.columns[missing.any()]
        for place in np.flatnonzero(missing[name])
    ]
    cells = {name: frame[name].drop_duplicates() for name in schema.columns}
    found += [
        Failure(place, name, check.name)
        for check, names in _cell_rules(model)
        if not _is_kept(check, [cells[name] for name in names])
        for name in names
        for place in _broken(check, frame[name])
    ]
    return found + [
        Failure(place, "", check.name) for check in schema.checks for place in _broken(check, frame)
    ]


@cache
def _schema(model: type[pa.DataFrameModel]) -> Any:
    """The schema of a model; pandera copies it each time that it is asked."""
    return model.to_schema()


@cache
def _cell_rules(model: type[pa.DataFrameModel]) -> tuple[tuple[Any, tuple[str, ...]], ...]:
    """Each rule of single cells, with the columns of one type that have it."""
    schema = _schema(model)
    groups: dict[tuple[str, ...], tuple[Any, list[str]]] = {}
    for name, column in schema.columns.items():
        for check in column.checks:
            kind = (check.name, repr(check.statistics), str(column.dtype))
            groups.setdefault(kind, (check, []))[1].append(name)
    return tuple((check, tuple(names)) for check, names in groups.values())


def _is_kept(check: Any, columns: list[pd.Series]) -> bool:
    """Whether a rule of single cells holds in all of some columns of one type."""
    cells = pd.concat(columns, ignore_index=True) if len(columns) > 1 else columns[0]
    return bool(check(cells).check_passed)


def _broken(check: Any, held: "pd.DataFrame | pd.Series") -> list[int]:
    """Labels at which a rule fails; cells that are missing are another rule's matter."""
    passed = check(held).check_output
    return [int(place) for place in passed.index[~passed.to_numpy(dtype=bool)]]
