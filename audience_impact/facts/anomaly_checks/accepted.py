"""Warnings that were reviewed and accepted: they are not reported again until the cell changes.

The fact table `accepted_findings` names rule, table, key, column and value (and period, where the
table has one) of a warning, with the reason and the day of the review. An acceptance whose row or
value no longer exists is reported, so that the table contains only what is needed.

Numbers as text are here for all rules about surprises.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from audience_impact.facts.rules import report_row
from audience_impact.facts.tables import Finding, Tables
from audience_impact.rules import register_rule
from audience_impact.vocabulary import FindingSeverity, RuleStage


def format_number(value: float, unit: str = "persons") -> str:
    """Return a value as text: 97.4 million, 4,850, 37.5 %."""
    if unit == "share":
        return f"{100 * value:.3g} %"
    return f"{value / 1e6:.4g} million" if value >= 1e6 else f"{value:,.0f}"


def format_ratio(ratio: float) -> str:
    """Return a ratio as text: 14 times, 1/10 of."""
    return f"{ratio:.3g} times" if ratio >= 1 else f"1/{1 / ratio:.3g} of"


def format_distance(log_odds: float) -> str:
    """Return a distance in log odds as text, with its side."""
    return f"{abs(log_odds):.1f} in log odds {'above' if log_odds > 0 else 'below'}"


TABLE = "accepted_findings"
LAPSED = register_rule("acceptance_lapsed", RuleStage.TABLES, TABLE)


class Mark(NamedTuple):
    """The cell that a warning, and its acceptance, refers to."""

    rule: str
    table: str
    key: str
    column: str
    value: str
    period: str


def list_marks(
    findings: Sequence[Finding], tables: Tables, keys: Mapping[str, Sequence[str]]
) -> list[Mark]:
    """Return an acceptance for each of these warnings, without repeats and lapsed ones."""
    findings_to_accept = [finding for finding in findings if finding.rule != LAPSED]
    rows = _collect_rows(findings_to_accept, tables)
    marks = [_make_mark(finding, rows, keys) for finding in findings_to_accept]
    return list(dict.fromkeys(mark for mark in marks if mark))


def split_accepted(
    findings: Sequence[Finding],
    tables: Tables,
    keys: Mapping[str, Sequence[str]],
    is_complete: bool = True,
) -> tuple[list[Finding], list[Finding]]:
    """Return the findings to report, with lapsed acceptances, and the accepted warnings.

    `tables` are the facts as text; findings carry the cells as written. If the findings are
    incomplete, an acceptance without a finding does not lapse.
    """
    accepted = tables[TABLE]
    marks = _read_marks(accepted)
    if not marks:
        return list(findings), []
    rows = _collect_rows(findings, tables)
    finding_marks = [_make_mark(finding, rows, keys) for finding in findings]
    stand = [
        finding for finding, mark in zip(findings, finding_marks, strict=True) if mark not in marks
    ]
    accepted_findings = [
        finding for finding, mark in zip(findings, finding_marks, strict=True) if mark in marks
    ]
    seen = set(finding_marks)
    gone = {place for mark, place in marks.items() if is_complete and mark not in seen}
    lapsed = [
        report_row(
            TABLE,
            accepted.loc[place],
            "value",
            LAPSED,
            "no finding matches this row any more; remove the row",
        )
        for place in sorted(gone)
    ]
    return [*stand, *lapsed], accepted_findings


def _read_marks(accepted: pd.DataFrame) -> dict[Mark, int]:
    cells = zip(*(accepted[name] for name in Mark._fields), strict=True)
    return {
        Mark(*cells_of_row): place
        for cells_of_row, place in zip(cells, accepted.index, strict=True)
    }


def _collect_rows(
    findings: Sequence[Finding], tables: Tables
) -> "dict[tuple[str, int, int], pd.Series]":
    warning_places = {
        finding.place for finding in findings if finding.severity is FindingSeverity.WARNING
    }
    rows = {}
    for table in {place[0] for place in warning_places if place[0] in tables}:
        frame = tables[table]
        places = zip(frame["row_layer"], frame["row_line"], strict=True)
        for position, (layer, line) in enumerate(places):
            if (table, layer, line) in warning_places:
                rows[table, layer, line] = frame.iloc[position]
    return rows


def _make_mark(
    finding: Finding,
    rows: "Mapping[tuple[str, int, int], pd.Series]",
    keys: Mapping[str, Sequence[str]],
) -> Mark | None:
    """Return the acceptance that matches a finding; None where a finding cannot be accepted."""
    row = rows.get(finding.place)
    if row is None or finding.severity is not FindingSeverity.WARNING:
        return None
    key = ";".join(str(row[name]) for name in keys[finding.table])
    cell = str(row.get(finding.column, ""))
    return Mark(finding.rule, finding.table, key, finding.column, cell, str(row.get("period", "")))
