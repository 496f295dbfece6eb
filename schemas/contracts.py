"""Holding tables against their contracts: all failures at once, none lost, none repaired.

Method. A rule of single cells is run once a table, over the different cells of all the columns that
have it; a column is looked at alone where the rule failed. What is found is what pandera's own
`validate` finds, which runs each rule once a column and takes six times as long.
"""

import os
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa

from audience_impact import blanks
from audience_impact.rules import named
from schemas import facts, published

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


@cache
def cell_rules(model: type[pa.DataFrameModel]) -> tuple[tuple[pa.Check, tuple[str, ...]], ...]:
    """Each rule of single cells of a model, with the columns of one type that have it."""
    schema: Any = model.to_schema()
    groups: dict[tuple[str, ...], tuple[pa.Check, list[str]]] = {}
    for name, column in schema.columns.items():
        for check in column.checks:
            kind = (check.name, repr(check.statistics), str(column.dtype))
            groups.setdefault(kind, (check, []))[1].append(name)
    return tuple((check, tuple(names)) for check, names in groups.values())


def is_kept(check: pa.Check, frame: pd.DataFrame, columns: tuple[str, ...]) -> bool:
    """Whether a rule of single cells holds in all of some columns of one type."""
    each = [frame[name] for name in columns]
    cells = pd.concat(each, ignore_index=True) if len(each) > 1 else each[0]
    return bool(check(cells.drop_duplicates()).check_passed)


def _broken(check: pa.Check, held: "pd.DataFrame | pd.Series[str]") -> list[int]:
    """Positions at which a rule fails."""
    passed = check(held).check_output
    return [int(place) for place in np.flatnonzero(~passed.to_numpy(dtype=bool))]


def failures(table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """What is wrong with a fact table of text cells.

    Returns one row a failure: `position` (row of the frame, from 0), `column`, `rule`.
    """
    model = facts.MODELS[table]
    columns = list(facts.columns(table))
    held = frame[columns].reset_index(drop=True)
    found: list[tuple[int, str, str]] = []
    if not held.empty:
        schema: Any = model.to_schema()
        found += [
            (place, name, check.name)
            for check, names in cell_rules(model)
            if not is_kept(check, held, names)
            for name in names
            for place in _broken(check, held[name])
        ]
        found += [
            (place, _blamed(check.name, columns), check.name)
            for check in schema.checks
            for place in _broken(check, held)
        ]
    cases = pd.DataFrame(sorted(found), columns=["position", "column", "rule"])
    return cases.astype({"position": "int64"})


def _blamed(rule: str, columns: list[str]) -> str:
    """The column that a rule of a whole row points at."""
    return next((name for name in named(rule).columns if name in columns), "")


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
