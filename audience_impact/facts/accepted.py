"""Warnings that were reviewed and accepted: they are not reported again until the cell changes.

The fact table `accepted_findings` names rule, table, key, column and value (and period, where the
table has one) of a warning, with the reason and the day of the review. An acceptance whose row or
value no longer exists is reported, so that the table contains only what is needed.
"""

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from audience_impact.facts.tables import Finding, build_finding
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
    rows = {Mark(*row[list(Mark._fields)]): row for _, row in accepted.iterrows()}
    marks = [_make_mark(finding, keys) for finding in findings]
    text = "no finding matches this row any more; remove the row"
    lapsed = [
        build_finding(TABLE, row, "value", LAPSED, text)
        for mark, row in rows.items()
        if is_complete and mark not in marks
    ]
    pairs = list(zip(findings, marks, strict=True))
    reported = [finding for finding, mark in pairs if mark not in rows]
    return [*reported, *lapsed], [finding for finding, mark in pairs if mark in rows]


def _make_mark(finding: Finding, keys: Keys) -> Mark | None:
    """Return the acceptance that matches a finding; None where it cannot be accepted."""
    if finding.severity is not FindingSeverity.WARNING or not finding.row:
        return None
    row = json.loads(finding.row)
    key = ";".join(row[name] for name in keys[finding.table])
    period = row.get("period", "")
    return Mark(finding.rule, finding.table, key, finding.column, finding.value, period)
