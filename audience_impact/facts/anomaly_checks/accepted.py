"""Surprises that were looked at and found right: they are told no more, until the cell changes.

The fact table `accepted_findings` names rule, table, key, column and value (and period, where the
table has one) of a warning, with the reason and the day of the review. An acceptance whose row or
value is gone is told, so that the file holds nothing that is not needed.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from audience_impact.facts.rules import found_in
from audience_impact.facts.tables import Finding, Tables
from audience_impact.rules import Rule, register
from audience_impact.vocabulary import FindingSeverity, RuleStage

TABLE = "accepted_findings"
LAPSED = register(
    Rule(
        "acceptance_lapsed",
        RuleStage.TABLES,
        FindingSeverity.WARNING,
        "an accepted finding is found no more with this value",
        "remove the row, or look at the finding again and correct it",
        (TABLE,),
    )
).id


class Mark(NamedTuple):
    """What an acceptance names of a warning."""

    rule: str
    table: str
    key: str
    column: str
    value: str
    period: str


def marks_of(
    findings: Sequence[Finding], tables: Tables, keys: Mapping[str, Sequence[str]]
) -> list[Mark]:
    """What acceptances of these warnings say, each once; a lapse of one is no matter of another."""
    wanted = [found for found in findings if found.rule != LAPSED]
    rows = _rows(wanted, tables)
    marks = [_mark(found, rows, keys) for found in wanted]
    return list(dict.fromkeys(mark for mark in marks if mark))


def parted(
    findings: Sequence[Finding],
    tables: Tables,
    keys: Mapping[str, Sequence[str]],
    is_whole: bool = True,
) -> tuple[list[Finding], list[Finding]]:
    """Findings that stand, with acceptances that lapsed, and the warnings accepted.

    `tables` are the facts as text; findings carry the cells as written. Where the findings are not
    whole, an acceptance of what is not found has not lapsed.
    """
    accepted = tables[TABLE]
    marks = _marks(accepted)
    if not marks:
        return list(findings), []
    rows = _rows(findings, tables)
    own = [_mark(found, rows, keys) for found in findings]
    stand = [found for found, mark in zip(findings, own, strict=True) if mark not in marks]
    told = [found for found, mark in zip(findings, own, strict=True) if mark in marks]
    seen = set(own)
    gone = {place for mark, place in marks.items() if is_whole and mark not in seen}
    lapsed = [
        found_in(TABLE, accepted.loc[place], "value", LAPSED, "found no more; remove the row")
        for place in sorted(gone)
    ]
    return [*stand, *lapsed], told


def _marks(accepted: pd.DataFrame) -> dict[Mark, int]:
    cells = zip(*(accepted[name] for name in Mark._fields), strict=True)
    return {Mark(*each): place for each, place in zip(cells, accepted.index, strict=True)}


def _rows(findings: Sequence[Finding], tables: Tables) -> "dict[tuple[str, int, int], pd.Series]":
    """The rows as text that findings speak of."""
    wanted = {found.place for found in findings if found.severity is FindingSeverity.WARNING}
    rows = {}
    for table in {place[0] for place in wanted if place[0] in tables}:
        frame = tables[table]
        places = zip(frame["row_layer"], frame["row_line"], strict=True)
        for at, (layer, line) in enumerate(places):
            if (table, layer, line) in wanted:
                rows[table, layer, line] = frame.iloc[at]
    return rows


def _mark(
    found: Finding,
    rows: "Mapping[tuple[str, int, int], pd.Series]",
    keys: Mapping[str, Sequence[str]],
) -> Mark | None:
    """What an acceptance of a finding says; none where it cannot be accepted."""
    row = rows.get(found.place)
    if row is None or found.severity is not FindingSeverity.WARNING:
        return None
    key = ";".join(str(row[name]) for name in keys[found.table])
    cell = str(row.get(found.column, ""))
    return Mark(found.rule, found.table, key, found.column, cell, str(row.get("period", "")))
