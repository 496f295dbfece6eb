"""Validation of tables against their contracts, and the explanation of each failure of facts.

All failures are found at once, none is lost or repaired.

Method. A rule of single cells is run once over the different cells of all columns that have it; a
column is checked alone where the rule failed.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

import pandas as pd

from audience_impact.plain_text import describe_white_space
from audience_impact.rules import get_rule
from schemas import fact_rules, facts

Rules = Mapping[str, Any]
"""The rules of the cells of a column, with their parameters: true for a rule without one."""


class Failure(NamedTuple):
    """A failed rule: position of the row from 0, and column; a rule of whole rows has no column."""

    position: int
    column: str
    rule: str


def check_table(
    frame: pd.DataFrame,
    columns: Mapping[str, Rules],
    row_rules: Mapping[str, Callable[[pd.DataFrame], Any]],
) -> list[Failure]:
    """Return the failures of a table with the index 0..n-1, by its rules of columns and of rows."""
    if frame.empty:
        return []
    groups: dict[str, tuple[str, Any, list[str]]] = {}
    for name, rules in columns.items():
        for rule, parameter in rules.items():
            groups.setdefault(f"{rule} {parameter!r}", (rule, parameter, []))[2].append(name)
    different = {name: frame[name].drop_duplicates() for name in columns}
    failures = []
    for rule, parameter, names in groups.values():
        texts = pd.concat([different[name] for name in names])
        if len(_find_broken_cells(rule, parameter, texts)):
            failures += [
                Failure(int(place), name, rule)
                for name in names
                for place in _find_broken_cells(rule, parameter, frame[name])
            ]
    return failures + [
        Failure(int(place), "", rule)
        for rule, check in row_rules.items()
        for passed in [check(frame)]
        for place in passed.index[~passed.to_numpy(dtype=bool)]
    ]


def _find_broken_cells(rule: str, parameter: Any, column: "pd.Series[Any]") -> pd.Index:
    options = () if parameter is True else (parameter,)
    passed = facts.CELL_RULES[rule](column, *options)
    return column.index[~passed.to_numpy(dtype=bool)]


def check_fact_table(table: str, frame: pd.DataFrame) -> list[Failure]:
    """Return the failures of a fact table of text cells, in the order of its rows.

    The column of a rule of whole rows is the one that the rule refers to, else the first.
    """
    rules = {name: about.list_cell_rules() for name, about in facts.COLUMNS[table].items()}
    ordered = frame[[*rules]].reset_index(drop=True)
    placed = []
    for failure in check_table(ordered, rules, fact_rules.RULES.get(table, {})):
        referred = (name for name in get_rule(failure.rule).columns if name in rules)
        column = failure.column or next(referred, next(iter(rules)))
        placed.append(failure._replace(column=column))
    return sorted(placed)


def explain_failure(table: str, column: str, rule: str, cell: str) -> str:
    """Return the meaning of a rule for this cell, in a sentence for the maintainer."""
    if rule == "white_space":
        return describe_white_space(cell)
    meaning = get_rule(rule).meaning
    if rule != "word":
        return meaning
    return (
        f"{meaning}; allowed: {', '.join(facts.COLUMNS[table][column].list_cell_rules()['word'])}"
    )


def tables_with(rule: str) -> tuple[str, ...]:
    """Return the tables, of facts or published, to which a rule of a single table applies."""
    return tuple(table for table, rules in _list_rules() if rule in rules)


@cache
def _list_rules() -> list[tuple[str, set[str]]]:
    """Return the rules of each table; a fact table and a published one may have one name."""
    from schemas import answer_rules, published  # a check of facts needs none of them

    return [
        (table, {rule for about in of.values() for rule in about.list_cell_rules()} | {*by_row})
        for columns, rules in (
            (facts.COLUMNS, fact_rules.RULES),
            (published.COLUMNS, answer_rules.RULES),
        )
        for table, of in columns.items()
        for by_row in [rules.get(table, {})]
    ]
