"""Checks of fact tables as declarations, and the function that runs them.

A check names the cells that it points at, a message and the rows that fail; rules.csv has severity,
meaning and advice of its rule. An error of a row sends the row to quarantine, and with it the rows
whose key then fails; an error of a table stops publishing; a warning is published with the data.
"""

import string
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

import pandas as pd

from audience_impact.facts.tables import Finding, Tables, build_finding, drop_faulty_rows
from audience_impact.rules import register_rule
from audience_impact.vocabulary import RuleStage

KEY_UNRESOLVED = register_rule("key_unresolved", RuleStage.KEYS)
Select = Callable[[Tables], pd.DataFrame]


class Check(NamedTuple):
    """A check of a table.

    Attributes:
        table: The fact table whose rows are checked.
        column: The column that a finding points at. Of several joined by `|`, the first that is
            filled in the row.
        message: A format string over the columns of the failing rows, see `format_message`.
        select: Returns the failing rows from the typed tables, with the index of their table. Where
            they have a column `column` or `message`, its cells stand for those of the check.
    """

    table: str
    column: str
    message: str
    select: Select


CHECKS: dict[str, tuple[Check, ...]] = {}
"""The checks by rule, in the order in which they run."""


def declare(rule: str, *checks: Check) -> None:
    """Register the checks of a rule."""
    register_rule(rule, RuleStage.TABLES, *dict.fromkeys(check.table for check in checks))
    CHECKS[rule] = checks


def check(table: str, column: str, message: str = "") -> Callable[[Select], Select]:
    """Declare the decorated function, which returns the failing rows, as the rule of its name."""

    def register(select: Select) -> Select:
        declare(select.__name__, Check(table, column, message, select))
        return select

    return register


class _Formatter(string.Formatter):
    """Format strings with three more formats: `number`, `ratio` and `distance`."""

    def format_field(self, value: Any, format_spec: str) -> str:
        kind, _, unit = format_spec.partition(" ")
        if kind == "number":
            return _format_number(value, unit)
        if kind == "ratio":
            return f"{value:.3g} times" if value >= 1 else f"1/{1 / value:.3g} of"
        if kind == "distance":
            return f"{abs(value):.1f} in log odds {'above' if value > 0 else 'below'}"
        return str(super().format_field(value, format_spec))


def _format_number(value: float, unit: str) -> str:
    if unit == "share":
        return f"{100 * value:.3g} %"
    return f"{value / 1e6:.4g} million" if value >= 1e6 else f"{value:,.0f}"


def format_message(message: str, row: Mapping[str, Any]) -> str:
    """Return the message about a row.

    Beside those of Python, a field may have the formats `number` (97.4 million, 4,850; with
    `number {unit}` 37.5 % where the unit is share), `ratio` (14 times, 1/10 of) and `distance` (of
    log odds: 1.5 in log odds above).
    """
    return _Formatter().vformat(message, (), row)


def run_rule(rule: str, tables: Tables) -> list[Finding]:
    """Return the findings of a rule over typed tables."""
    findings = []
    for rule_check in CHECKS[rule]:
        failing = rule_check.select(tables)
        for place, cells in zip(failing.index, failing.to_dict("records"), strict=True):
            about = {"column": rule_check.column, "message": rule_check.message, **cells}
            row = tables[rule_check.table].loc[place]
            columns = about["column"].split("|")
            column = next((name for name in columns if pd.notna(row[name])), columns[0])
            message = format_message(about["message"], about)
            findings.append(build_finding(rule_check.table, row, column, rule, message))
    return findings


class RecordedTables(dict[str, pd.DataFrame]):
    """A set of tables that records the names of the tables that were read."""

    def __init__(self, tables: Tables) -> None:
        super().__init__(tables)
        self.read_names: set[str] = set()

    def __getitem__(self, table: str) -> pd.DataFrame:
        """Return the table and record that it was read."""
        self.read_names.add(table)
        return super().__getitem__(table)


def check_across_tables(tables: Tables, unread: Collection[str] = ()) -> list[Finding]:
    """Return the findings of all rules over several tables (typed).

    Rules without rows to check are skipped. Findings of a rule that read a table of `unread`, which
    may lack rows, are dropped.
    """
    findings: list[Finding] = []
    for rule, checks in CHECKS.items():
        if any(len(tables[rule_check.table]) for rule_check in checks):
            recorded = RecordedTables(tables)
            rule_findings = run_rule(rule, recorded)
            findings += rule_findings if recorded.read_names.isdisjoint(unread) else []
    return findings


def find_unresolved(
    tables: Tables, keys: Mapping[str, list[str]], references: Mapping[str, Mapping[str, str]]
) -> list[Finding]:
    """Return a finding for each reference to a row that does not exist."""
    targets = {target for columns in references.values() for target in columns.values()}
    key_values = {target: {*tables[target][keys[target][0]].unique(), ""} for target in targets}
    findings = []
    for table, columns in references.items():
        for column, target in columns.items():
            cells, ids = tables[table][column], key_values[target]
            missing = {
                cell: ", ".join(part for part in cell.split(";") if part not in ids)
                for cell in cells.unique()
            }
            findings += [
                build_finding(
                    table,
                    tables[table].loc[place],
                    column,
                    KEY_UNRESOLVED,
                    f"{text} is not in {target}.csv or was refused there; add or correct it",
                )
                for place, text in cells.map(missing).items()
                if text
            ]
    return findings


def drop_unresolved(
    tables: Tables, keys: Mapping[str, list[str]], references: Mapping[str, Mapping[str, str]]
) -> tuple[Tables, list[Finding]]:
    """Drop rows with unresolved keys until all keys resolve; return tables and findings."""
    findings: list[Finding] = []
    while fresh := find_unresolved(tables, keys, references):
        findings += fresh
        tables = drop_faulty_rows(tables, fresh)
    return tables, findings
