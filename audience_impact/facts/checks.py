"""Checks of fact tables as declarations, the function that runs them, and accepted warnings.

A check names the cells that it points at and selects the rows that fail; rules.csv has severity,
meaning, advice and message of its rule. An error of a row sends the row to quarantine, and with it
the rows whose key then fails; an error of a table stops publishing; a warning is published with the
data.

The fact table `accepted_findings` names rule, table, key, column and value (and period, where the
table has one) of a warning that was reviewed and accepted, with the reason and the day of the
review. It is not reported again until the cell changes. An acceptance whose row or value no longer
exists is reported, so that the table contains only what is needed.
"""

import json
import string
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from audience_impact.facts.tables import Finding, Tables, build_finding, drop_faulty_rows
from audience_impact.rules import get_rule, register_rule
from audience_impact.vocabulary import RuleStage

KEY_UNRESOLVED = register_rule("key_unresolved", RuleStage.KEYS)
ACCEPTED = "accepted_findings"
LAPSED = register_rule("acceptance_lapsed", RuleStage.TABLES, ACCEPTED)
Keys = Mapping[str, Sequence[str]]
References = Mapping[str, Mapping[str, str]]
"""By table: the columns that refer to another table, with that table."""
Select = Callable[..., pd.DataFrame]


class Check(NamedTuple):
    """A check of a table.

    Attributes:
        table: The fact table whose rows are checked.
        column: The column that a finding points at. Of several joined by `|`, the first that is
            filled in the row.
        arguments: What `select` takes after the rows of the table and all tables, typed.
        select: Returns the failing rows, with the index of their table. Where they have a column
            `column` or `message`, its cells stand for the column of the check and for the message
            of the rule, a format string over the columns of the rows, see `format_message`.
    """

    table: str
    column: str
    arguments: tuple[Any, ...]
    select: Select


CHECKS: dict[str, list[Check]] = {}
"""The checks by rule, in the order in which they run."""


def check(table: str, column: str) -> Callable[[Select], Select]:
    """Declare the decorated function as the rule of its name, without the underscore."""
    return _declare((table, column, ()))


def check_each(*targets: tuple[Any, ...]) -> Callable[[Select], Select]:
    """Declare the decorated function as a rule over several tables or columns.

    A target has a table, a column and more arguments: the function takes the column and these.
    """
    return _declare(*((target[0], target[1], target[1:]) for target in targets))


def _declare(*targets: tuple[str, str, tuple[Any, ...]]) -> Callable[[Select], Select]:
    def register(select: Select) -> Select:
        checks = [Check(*target, select) for target in targets]
        tables = dict.fromkeys(declared.table for declared in checks)
        CHECKS[register_rule(select.__name__[1:], RuleStage.TABLES, *tables)] = checks
        return select

    return register


class _Formatter(string.Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        kind, _, unit = format_spec.partition(" ")
        if kind == "number" and unit == "share":
            return f"{100 * value:.3g} %"
        if kind == "number":
            return f"{value / 1e6:.4g} million" if value >= 1e6 else f"{value:,.0f}"
        if kind == "ratio":
            return f"{value:.3g} times" if value >= 1 else f"1/{1 / value:.3g} of"
        if kind == "distance":
            return f"{abs(value):.1f} in log odds {'above' if value > 0 else 'below'}"
        return str(super().format_field(value, format_spec))


def format_message(message: str, row: Mapping[str, Any]) -> str:
    """Return the message about a row.

    Beside those of Python, a field may have the formats `number` (97.4 million, 4,850; with
    `number {unit}` 37.5 % where the unit is share), `ratio` (14 times, 1/10 of) and `distance` (of
    log odds: 1.5 in log odds above).
    """
    return _Formatter().vformat(message, (), row)


class RecordedTables(dict[str, pd.DataFrame]):
    """A set of tables that records the names of the tables that were read."""

    def __init__(self, tables: Tables) -> None:
        super().__init__(tables)
        self.read_names: set[str] = set()

    def __getitem__(self, table: str) -> pd.DataFrame:
        """Return the table and record that it was read."""
        self.read_names.add(table)
        return super().__getitem__(table)


Outcome = tuple[Collection[str], list[Finding]]
"""The names of the tables that a check read, and what it found."""
RunCheck = Callable[[str, int, Tables], Outcome]


def run_check(rule: str, number: int, tables: Tables) -> Outcome:
    """Return the outcome of a check of a rule over typed tables."""
    recorded, findings = RecordedTables(tables), []
    table, columns, arguments, select = CHECKS[rule][number]
    failing = select(recorded[table], recorded, *arguments)
    for place, cells in zip(failing.index, failing.to_dict("records"), strict=True):
        about = {"column": columns, "message": get_rule(rule).message, **cells}
        row, names = tables[table].loc[place], about["column"].split("|")
        column = next((name for name in names if pd.notna(row[name])), names[0])
        message = format_message(about["message"], about)
        findings.append(build_finding(table, row, column, rule, message))
    return recorded.read_names, findings


def run_rule(
    rule: str, tables: Tables, unread: Collection[str] = (), run: RunCheck = run_check
) -> list[Finding]:
    """Return the findings of a rule over typed tables; none if it reads a table of `unread`."""
    outcomes = [run(rule, number, tables) for number in range(len(CHECKS[rule]))]
    is_complete = all(set(unread).isdisjoint(names) for names, _ in outcomes)
    return [finding for _, findings in outcomes for finding in findings if is_complete]


def check_across_tables(
    tables: Tables, unread: Collection[str] = (), run: RunCheck = run_check
) -> list[Finding]:
    """Return the findings of all rules over several tables (typed).

    Rules without rows to check are skipped. Findings of a rule that read a table of `unread`, which
    may lack rows, are dropped. `run` runs each check.
    """
    return [
        finding
        for rule, checks in CHECKS.items()
        if any(len(tables[declared.table]) for declared in checks)
        for finding in run_rule(rule, tables, unread, run)
    ]


def find_unresolved(tables: Tables, keys: Keys, references: References) -> list[Finding]:
    """Return a finding for each reference to a row that does not exist."""
    targets = {target for columns in references.values() for target in columns.values()}
    key_values = {target: {*tables[target][keys[target][0]].tolist(), ""} for target in targets}
    findings = []
    for table, columns in references.items():
        for column, target in columns.items():
            cells, ids = tables[table][column], key_values[target]
            missing = {
                cell: ", ".join(parts)
                for cell in {*cells.tolist()} - ids
                if (parts := [part for part in cell.split(";") if part not in ids])
            }
            if not missing:
                continue
            for place, cell in cells[cells.isin([*missing])].items():
                text = missing[cell]
                message = f"{text} is not in {target}.csv or was refused there; add or correct it"
                row = tables[table].loc[place]
                findings.append(build_finding(table, row, column, KEY_UNRESOLVED, message))
    return findings


def drop_unresolved(
    tables: Tables, keys: Keys, references: References
) -> tuple[Tables, list[Finding]]:
    """Drop rows with unresolved keys until all keys resolve; return tables and findings."""
    findings: list[Finding] = []
    while fresh := find_unresolved(tables, keys, references):
        findings += fresh
        tables = drop_faulty_rows(tables, fresh)
    return tables, findings


class Mark(NamedTuple):
    """The cell that a warning, and its acceptance, refers to."""

    rule: str
    table: str
    key: str
    column: str
    value: str
    period: str


def list_marks(findings: Sequence[Finding], keys: Keys) -> list[Mark]:
    """Return an acceptance for each of these warnings, without repeats and lapsed ones."""
    warnings = [finding for finding in findings if finding.rule != LAPSED]
    marks = dict.fromkeys(_make_mark(finding, keys) for finding in warnings)
    return [mark for mark in marks if mark]


def split_accepted(
    findings: Sequence[Finding], accepted: pd.DataFrame, keys: Keys, is_complete: bool = True
) -> tuple[list[Finding], list[Finding]]:
    """Return the findings to report, with lapsed acceptances, and the accepted warnings.

    `accepted` is the fact table as text. If the findings are incomplete, an acceptance without a
    finding does not lapse.
    """
    rows = dict(
        zip(map(Mark._make, accepted[[*Mark._fields]].to_numpy()), accepted.index, strict=True)
    )
    marks = [_make_mark(finding, keys) for finding in findings]
    present = set(marks)
    text = "no finding matches this row any more; remove the row"
    lapsed = [
        build_finding(ACCEPTED, accepted.loc[place], "value", LAPSED, text)
        for mark, place in rows.items()
        if is_complete and mark not in present
    ]
    pairs = list(zip(findings, marks, strict=True))
    reported = [finding for finding, mark in pairs if mark not in rows]
    return [*reported, *lapsed], [finding for finding, mark in pairs if mark in rows]


def _make_mark(finding: Finding, keys: Keys) -> Mark | None:
    """Return the acceptance that matches a finding; None where it cannot be accepted."""
    if finding.is_error or not finding.row:
        return None
    row = json.loads(finding.row)
    key = ";".join(row[name] for name in keys[finding.table])
    period = row.get("period", "")
    return Mark(finding.rule, finding.table, key, finding.column, finding.value, period)
