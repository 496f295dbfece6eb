"""The comparison of a run with the last version: what changed, and warnings of large changes.

The same inputs have to give the same bytes, whatever was published before. Therefore a run reports
these findings, but they are not part of a version. `sides` has what is compared, `rules` the rules.
"""

from collections.abc import Sequence
from functools import lru_cache

from audience_impact.comparing import edits
from audience_impact.comparing.compared_versions import ComparedVersion
from audience_impact.comparing.facts import Row
from audience_impact.comparing.moves import TableMoves, format_moves
from audience_impact.vocabulary import FactChange
from flows.last_version import rules
from flows.last_version.sides import (
    OF_CHECKS,
    VERSIONS,
    LastComparison,
    describe_results,
    read_last_version,
)
from flows.pipeline.quality import count_cases

ACCEPT = (
    "much changed since the last version: if all changes are intended, run once with "
    "--accept-changes (accept_changes of a deployment's run)"
)
"""The first line of the message of a run that is refused for large changes."""
REGISTERING = (rules,)
"""Modules that register rules."""
__all__ = [
    "ACCEPT",
    "VERSIONS",
    "describe_results",
    "list_changes",
    "list_notes",
    "read_last_version",
]


@lru_cache(maxsize=1)
def _compare(before: ComparedVersion, now: ComparedVersion) -> LastComparison:
    return LastComparison(before, now)


def list_changes(before: ComparedVersion, now: ComparedVersion) -> list[str]:
    """Return a line for each kind of large change: its first case, and how many there are."""
    cases = [run(_compare(before, now)) for run in VERSIONS.runs.values()]
    return [count_cases(lines, "audience-impact diff") for lines in cases if lines]


def list_notes(before: ComparedVersion, now: ComparedVersion) -> list[str]:
    """Return lines about the facts that differ and the numbers that moved, none of them a warning.

    A line names the first row of its kind. There are none where no number moved.
    """
    comparison = _compare(before, now)
    moved = [moves for moves in comparison.moves if moves.has_moved]
    days = [side.settings.get("the day") for side in comparison.sides]
    is_other_day = None not in days and days[0] != days[1]
    if not is_other_day and all(moves.table in OF_CHECKS for moves in moved):
        return []
    new_rows: dict[str, list[Row]] = {}
    for row in comparison.rows:
        if row.change is FactChange.ADDED:
            new_rows.setdefault(row.table, []).append(row)
    changed = [
        edits.format_case(case, "facts_changed", "compare it with its page")
        for case in edits.list_other_changes(comparison.rows)
    ]
    return [
        *(_format_new_rows(table, rows) for table, rows in new_rows.items()),
        *([count_cases(changed, "audience-impact diff")] if changed else []),
        *_format_moved_tables(moved),
        *(["the results are of {1}, were of {0}".format(*days)] if is_other_day else []),
    ]


def _format_moved_tables(moved: Sequence[TableMoves]) -> list[str]:
    """Return a line about the first table that moved, which names the others; none without one."""
    if not moved:
        return []
    first, *others = moved
    names = ", ".join(f"{moves.table}.parquet" for moves in others)
    more = f"; other numbers as well in {names}" * bool(others)
    return [f"{first.table}.parquet: {format_moves(first)}{more}"]


def _format_new_rows(table: str, rows: Sequence[Row]) -> str:
    return f"{table}.csv: facts_added: {len(rows):,} new: {edits.format_keys(rows)}"
