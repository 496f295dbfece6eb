"""The messages of a run about what changed since the last version."""

from collections.abc import Sequence

from audience_impact.comparing import edits
from audience_impact.comparing.facts import Row
from audience_impact.comparing.moves import TableMoves, format_moves
from audience_impact.vocabulary import FactChange
from flows.last_version import damaged_facts, edited_facts, moved_answers
from flows.last_version.summaries import OF_CHECKS, VERSIONS, Summary, compare_summaries, name_files
from flows.pipeline.quality import count_cases

ACCEPT = (
    "much changed since the last version: if all changes are intended, run once with "
    "--accept-changes (accept_changes of a deployment's run)"
)
"""The first line of the message of a run that is refused for large changes."""
REGISTERING = (damaged_facts, edited_facts, moved_answers)
"""Modules that register rules, those about the causes of a change before those about answers."""


def list_changes(before: Summary, now: Summary) -> list[str]:
    """Return a line for each kind of large change: its first case, and how many there are."""
    cases = [run(before, now) for run in VERSIONS.runs.values()]
    return [count_cases(lines, "audience-impact diff") for lines in cases if lines]


def list_notes(before: Summary, now: Summary) -> list[str]:
    """Return lines about the facts that differ and the numbers that moved, none of them a warning.

    A line names the first row of its kind. There are none where no number moved.
    """
    differences = compare_summaries(before, now)
    moved = [moves for moves in differences.moves if moves.has_moved]
    is_other_day = before.as_of is not None and before.as_of != now.as_of
    if not is_other_day and all(moves.table in OF_CHECKS for moves in moved):
        return []
    new_rows: dict[str, list[Row]] = {}
    for row in differences.rows:
        if row.change is FactChange.ADDED:
            new_rows.setdefault(row.table, []).append(row)
    changed = [
        edits.format_case(case, "facts_changed", "compare it with its page")
        for case in edits.list_other_changes(differences.rows)
    ]
    return [
        *(_format_new_rows(table, rows) for table, rows in new_rows.items()),
        *([count_cases(changed, "audience-impact diff")] if changed else []),
        *_format_moved_tables(moved),
        *([f"the results are of {now.as_of}, were of {before.as_of}"] if is_other_day else []),
    ]


def _format_moved_tables(moved: Sequence[TableMoves]) -> list[str]:
    """Return a line about the first table that moved, which names the others; none without one."""
    if not moved:
        return []
    first, *others = moved
    names = ", ".join(name_files(moves.table) for moves in others)
    more = f"; other numbers as well in {names}" * bool(others)
    return [f"{name_files(first.table)}: {format_moves(first)}{more}"]


def _format_new_rows(table: str, rows: Sequence[Row]) -> str:
    keys = ", ".join(row.key for row in rows[:3]) + f" and {len(rows) - 3:,} more" * (len(rows) > 3)
    return f"{table}.csv: facts_added: {len(rows):,} new: {keys}"
