"""Warnings that were reviewed and accepted: they are not reported again until the cell changes.

The fact table `accepted_findings` names rule, table, key, column and value (and period, where the
table has one) of a warning, with the reason and the day of the review. An acceptance whose row or
value no longer exists is reported, so that the table contains only what is needed.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from audience_impact.facts.checks import report_row
from audience_impact.facts.tables import Finding, Tables
from audience_impact.rules import register_rule
from audience_impact.vocabulary import FindingSeverity, RuleStage

TABLE = "accepted_findings"
LAPSED = register_rule("acceptance_lapsed", RuleStage.TABLES, TABLE)
Keys = Mapping[str, Sequence[str]]


class Mark(NamedTuple):
    """The cell that a warning, and its acceptance, refers to."""

    rule: str
    table: str
    key: str
    column: str
    value: str
    period: str


def list_marks(findings: Sequence[Finding], tables: Tables, keys: Keys) -> list[Mark]:
    """Return an acceptance for each of these warnings, without repeats and lapsed ones."""
    warnings = [finding for finding in findings if finding.rule != LAPSED]
    return list(dict.fromkeys(mark for mark in _make_marks(warnings, tables, keys) if mark))


def split_accepted(
    findings: Sequence[Finding], tables: Tables, keys: Keys, is_complete: bool = True
) -> tuple[list[Finding], list[Finding]]:
    """Return the findings to report, with lapsed acceptances, and the accepted warnings.

    `tables` are the facts as text; findings carry the cells as written. If the findings are
    incomplete, an acceptance without a finding does not lapse.
    """
    accepted = tables[TABLE]
    marks = [Mark(*cells) for cells in accepted[list(Mark._fields)].itertuples(index=False)]
    if not marks:
        return list(findings), []
    finding_marks, all_marks = _make_marks(findings, tables, keys), set(marks)
    reported: list[Finding] = []
    accepted_findings: list[Finding] = []
    for finding, mark in zip(findings, finding_marks, strict=True):
        (accepted_findings if mark in all_marks else reported).append(finding)
    seen = set(finding_marks)
    lapsed = [
        report_row(
            TABLE, row, "value", LAPSED, "no finding matches this row any more; remove the row"
        )
        for mark, (_, row) in zip(marks, accepted.iterrows(), strict=True)
        if is_complete and mark not in seen
    ]
    return [*reported, *lapsed], accepted_findings


def _make_marks(findings: Sequence[Finding], tables: Tables, keys: Keys) -> list[Mark | None]:
    """Return the acceptance that matches each finding; None where it cannot be accepted."""
    places = {finding.place for finding in findings if _is_warning(finding)}
    rows = {}
    for table in {place[0] for place in places if place[0] in tables}:
        frame = tables[table]
        of_rows = zip(frame["row_layer"], frame["row_line"], strict=True)
        for position, (layer, line) in enumerate(of_rows):
            if (table, layer, line) in places:
                rows[table, layer, line] = frame.iloc[position]
    marks: list[Mark | None] = []
    for finding in findings:
        row = rows.get(finding.place) if _is_warning(finding) else None
        if row is None:
            marks.append(None)
            continue
        key = ";".join(str(row[name]) for name in keys[finding.table])
        cells = (str(row.get(name, "")) for name in (finding.column, "period"))
        marks.append(Mark(finding.rule, finding.table, key, finding.column, *cells))
    return marks


def _is_warning(finding: Finding) -> bool:
    return finding.severity is FindingSeverity.WARNING
