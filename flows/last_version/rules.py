"""Rules that warn of what changed since the last version.

First those about damaged files of facts (rows and cells that are gone or changed places), then
edits of facts that moved answers and are to be confirmed (`edits`), then answers that moved, became
weaker or are gone, and lost rows.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import takewhile

import pandas as pd

from audience_impact.comparing import changes, text
from audience_impact.comparing.compared_versions import NEW, OLD, STATUS
from audience_impact.comparing.facts import Row
from audience_impact.rules import Stage, get_rule
from audience_impact.vocabulary import FactChange, ObsStatus, RuleStage
from flows.last_version.edits import (
    BY_HAND,
    EDITS,
    END,
    FITTED,
    FITTED_TO,
    RESCALED_FACTOR,
    RESTRICTIONS,
    Edit,
    FindEdit,
    format_edit,
    format_keys,
)
from flows.last_version.sides import OF_ANSWERS, LastComparison, format_move
from schemas.facts import TABLES

VERSIONS = Stage[Callable[[LastComparison], list[str]]](RuleStage.VERSIONS)
"""The rules over the last version and this one; each returns a line for each finding."""
CONFIRM = "correct it, or confirm it with --accept-changes"
GONE = "is gone since the last version"
SEE = "see which fact changed"
FALL_SHARE = 0.2
BOUNDS = ("printed_min_persons", "printed_max_persons", "q50_persons")
STRENGTH = (
    *(ObsStatus.NORMAL, ObsStatus.ESTIMATED, ObsStatus.FORECAST),
    *(ObsStatus.LOW_RELIABILITY, ObsStatus.MISSING),
)
"""Statuses of an estimate, the most reliable first."""


@VERSIONS.rule(*TABLES)
def fact_rows_gone(comparison: LastComparison) -> list[str]:
    """Return a line for each fact table that lost more than one row."""
    return [
        f"{changed.table}.csv: fact_rows_gone: {len(changed.gone):,} rows of the last version are "
        f"missing: {format_keys(changed.gone)}; see why"
        for changed in comparison.fact_tables
        if len(changed.gone) > 1
    ]


@VERSIONS.rule(*TABLES)
def rows_run_together(comparison: LastComparison) -> list[str]:
    """Return a line for each fact table with a row that took over cells of a missing row."""
    lines = []
    for changed in comparison.fact_tables:
        gone = [row for row in changed.rows if row.change is FactChange.REMOVED]
        taken = [row for row in changed.rows if len(gone) == 1 and _is_merged(row, gone[0])]
        if taken:
            lines.append(
                f"{changed.table}.csv: rows_run_together: {gone[0].key} of the last version is "
                f"missing, and its cells are in {format_keys(taken)}; were two rows joined?"
            )
    return lines


def _is_merged(row: Row, gone: Row) -> bool:
    """Return whether each changed cell begins as before and ends as that of the missing row."""
    for name, (was, now) in row.changed_cells.items():
        begin = _count_common_prefix(was, now)
        end = _count_common_prefix(gone.sides[0][name][::-1], now[::-1])
        if now != gone.sides[0][name] and not (end > 0 and begin + end >= len(now)):
            return False
    return row.change is FactChange.CHANGED


def _count_common_prefix(first: str, second: str) -> int:
    pairs = zip(first, second, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


@VERSIONS.rule(*BY_HAND)
def column_replaced(comparison: LastComparison) -> list[str]:
    """Return a line for each column of facts in which all filled cells, two or more, changed."""
    return [
        f"{changed.table}.csv: column_replaced: all {len(filled):,} filled cells of {column} "
        f"differ from the last version ({format_keys(filled)}); is the column missing, or under "
        "another heading?"
        for changed in comparison.fact_tables
        if changed.table in BY_HAND
        for old, new in [changed.align_cells()]
        for column in old.columns
        if len(filled := old.index[old[column] != ""]) > 1
        and (old.loc[filled, column] != new.loc[filled, column]).all()
    ]


@VERSIONS.rule(*TABLES)
def cells_changed_rows(comparison: LastComparison) -> list[str]:
    """Return a line for each column of facts in which rows exchanged their cells."""
    return [
        f"{changed.table}.csv: cells_changed_rows: cells of {column} are in other rows than in "
        f"the last version: those of {format_keys(moved)}; was the column shifted or sorted alone?"
        for changed in comparison.fact_tables
        for old, new in [changed.align_cells()]
        for column in old.columns
        if len(moved := _find_exchanged_rows(old[column], new[column]))
    ]


def _find_exchanged_rows(old: pd.Series, new: pd.Series) -> pd.Index:
    """Return the rows that exchanged cells; among three or more, one cell may be new."""
    moved = old.ne(new).to_numpy()
    fresh = Counter(new[moved]) - Counter(old[moved])
    return old.index[moved] if moved.sum() > max(1, 2 * fresh.total()) else old.index[:0]


@VERSIONS.rule(*FITTED)
def fitted_rows_edited(comparison: LastComparison) -> list[str]:
    """Return a line for each fitted table that changed although its data did not."""
    lines = []
    for changed in comparison.fact_tables:
        if changed.table in FITTED and {*changed.old[FITTED_TO]} & {*changed.new[FITTED_TO]}:
            edited = [row for row in changed.rows if {*row.changed_cells} != {"note"}]
            lines += [
                f"{changed.table}.csv: fitted_rows_edited: rows differ from those fitted to the "
                f"same data in the last version: {format_keys(edited)}; run the command that "
                "writes it, with --check"
            ] * bool(edited)
    return lines


def _register_edits(find: FindEdit, tables: Sequence[str]) -> None:

    def run(comparison: LastComparison) -> list[str]:
        as_of = pd.Timestamp(comparison.new.settings.get("the day", 0))
        changed = [row for row in comparison.rows if row.change is FactChange.CHANGED]
        edits = [
            (row, edit) for row in changed if row.table in tables and (edit := find(row, as_of))
        ]
        return _report_edits(comparison, find.__name__, edits)

    run.__name__ = find.__name__
    VERSIONS.rule(*tables)(run)


for _find, _tables in EDITS.items():
    _register_edits(_find, _tables)


def _report_edits(
    comparison: LastComparison, rule: str, edits: Sequence[tuple[Row, Edit]]
) -> list[str]:
    """Return a line for each edit, if answers moved by more than a slight share."""
    if not edits or not comparison.has_moved_answers:
        return []
    return [format_edit(row, edit, rule, CONFIRM) for row, edit in edits]


@VERSIONS.rule(*BY_HAND)
def row_gone(comparison: LastComparison) -> list[str]:
    """Return a line for each fact table that lost one row, on which answers rested."""
    gone = [row for row in comparison.rows if row.change is FactChange.REMOVED]
    counts = Counter(row.table for row in gone)
    single = [row for row in gone if row.table in BY_HAND and counts[row.table] == 1]
    edits = [(row, (next(iter(row.sides[0]), ""), GONE)) for row in single]
    return _report_edits(comparison, "row_gone", edits)


@VERSIONS.rule(*("impact", "impact_by_platform", "comparisons", "lineage", "sources"))
def row_count_fell(comparison: LastComparison) -> list[str]:
    """Return a line for each watched table that lost too many rows."""
    was, now = comparison.old.counts, comparison.new.counts
    return [
        f"{table}.parquet: row_count_fell: {was[table]} rows in the last version, {now[table]} "
        "now; look at the quarantine"
        for table in get_rule("row_count_fell").tables
        if table in was and now[table] < (1 - FALL_SHARE) * was[table]
    ]


def _report_answers(comparison: LastComparison, rule: str, is_case: "pd.Series[bool]") -> list[str]:
    return [
        f"impact.parquet: {rule}: {text.format_answer(changes.describe_answer(key, row))}; {SEE}"
        for key, row in comparison.table[is_case].sort_index().iterrows()
    ]


@VERSIONS.rule("impact")
def magnitude_moved(comparison: LastComparison) -> list[str]:
    """Return a line for each answer of which a bound or the median changed by the factor."""
    is_case = pd.Series(False, comparison.table.index)
    for name in BOUNDS:
        both = comparison.table[[name + OLD, name + NEW]]
        is_case |= both.max(axis=1, skipna=False) > RESCALED_FACTOR * both.min(axis=1)
    return _report_answers(comparison, "magnitude_moved", is_case)


@VERSIONS.rule("impact")
def answer_vanished(comparison: LastComparison) -> list[str]:
    """Return a line for each answer that lost a bound, its median or its status."""
    table, names = comparison.table, [*BOUNDS, STATUS]
    had, has = (table[[name + end for name in names]].notna().to_numpy() for end in (OLD, NEW))
    is_case = pd.Series((had & ~has).any(axis=1), table.index)
    return _report_answers(comparison, "answer_vanished", is_case)


@VERSIONS.rule("impact")
def status_fell(comparison: LastComparison) -> list[str]:
    """Return a line for each answer whose status is weaker than before."""
    ranks = {status.value: float(place) for place, status in enumerate(STRENGTH)}
    was, now = (comparison.table[STATUS + end].map(ranks) for end in (OLD, NEW))
    return _report_answers(comparison, "status_fell", now.astype(float) > was.astype(float))


@VERSIONS.rule(*(table for table in OF_ANSWERS if table != "impact"))
def numbers_rescaled(comparison: LastComparison) -> list[str]:
    """Return a line for each published table with numbers that changed by the factor.

    There are none where a version has no facts, since rows may then be new, and none where rows are
    new or ends became known, so that totals may well grow or fall.
    """
    grows = any(
        row.change is FactChange.ADDED
        or (row.table == RESTRICTIONS and row.changed_cells.get(END, ("-", ""))[0] == "")
        for row in comparison.rows
    )
    if not comparison.has_facts or grows:
        return []
    return [
        f"{moves.table}.parquet: numbers_rescaled: in {len(moves.rescaled):,} rows a number "
        "of people more than doubled or fell below a half, most of all "
        f"{format_move(moves.rescaled)}; {SEE}"
        for moves in comparison.moves
        if moves.table in OF_ANSWERS and moves.table != "impact" and len(moves.rescaled)
    ]
