"""Rules that warn of what changed since the last version.

First those about damaged files of facts (rows and cells that are gone or changed places), then
edits of facts that moved answers and are to be confirmed, then answers that moved, became weaker or
are gone, and lost rows.
"""

from collections import Counter
from collections.abc import Iterable
from itertools import takewhile

import pandas as pd

from audience_impact.comparing import changes, edits, text
from audience_impact.comparing.compared_versions import NEW, OLD, STATUS
from audience_impact.comparing.edits import Case
from audience_impact.comparing.facts import Row
from audience_impact.comparing.moves import format_move
from audience_impact.rules import get_rule
from audience_impact.vocabulary import FactChange, ObsStatus
from flows.last_version.sides import OF_ANSWERS, VERSIONS, LastComparison
from schemas import facts as fact_models
from schemas.facts import TABLES

FITTED = tuple(table for table in TABLES if edits.FITTED_TO in fact_models.COLUMNS[table])
"""Tables of facts that a command fits to the others."""
BY_HAND = tuple(table for table in TABLES if table not in FITTED)
"""The tables of facts that people edit."""
CONFIRM = "correct it, or confirm it with --accept-changes"
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
        f"missing: {edits.format_keys(changed.gone)}; see why"
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
                f"missing, and its cells are in {edits.format_keys(taken)}; were two rows joined?"
            )
    return lines


def _is_merged(row: Row, gone: Row) -> bool:
    if row.change is not FactChange.CHANGED:
        return False
    cells = row.changed_cells.items()
    return all(_runs_into(was, now, gone.sides[0][name]) for name, (was, now) in cells)


def _runs_into(old: str, new: str, gone_cell: str) -> bool:
    begin, end = _count_common_prefix(old, new), _count_common_prefix(gone_cell[::-1], new[::-1])
    return new in (old, gone_cell) or (end > 0 and begin + end >= len(new))


def _count_common_prefix(first: str, second: str) -> int:
    pairs = zip(first, second, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


@VERSIONS.rule(*BY_HAND)
def column_replaced(comparison: LastComparison) -> list[str]:
    """Return a line for each column of facts in which all filled cells, two or more, changed."""
    return [
        f"{changed.table}.csv: column_replaced: all {len(filled):,} filled cells of {column} "
        f"differ from the last version ({edits.format_keys(filled)}); is the column missing, or "
        "under another heading?"
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
        f"the last version: those of {edits.format_keys(moved)}; was the column shifted or sorted "
        "alone?"
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
        if changed.table in FITTED:
            same_data = {*changed.old[edits.FITTED_TO]} & {*changed.new[edits.FITTED_TO]}
            edited = [row for row in changed.rows if same_data and {*row.changed_cells} != {"note"}]
            lines += [
                f"{changed.table}.csv: fitted_rows_edited: rows differ from those fitted to the "
                f"same data in the last version: {edits.format_keys(edited)}; run the command that "
                "writes it, with --check"
            ] * bool(edited)
    return lines


def _report_cases(comparison: LastComparison, rule: str, cases: Iterable[Case]) -> list[str]:
    """Return a line for each case, if answers moved by more than a slight share."""
    return [edits.format_case(case, rule, CONFIRM) for case in comparison.select_cases(cases)]


def _describe_kinds() -> edits.Kinds:
    return {
        table: {
            name: {"kind": about.group, "refers_to": about.refers_to}
            for name, about in columns.items()
        }
        for table, columns in fact_models.COLUMNS.items()
    }


@VERSIONS.rule("restrictions")
def end_changed(comparison: LastComparison) -> list[str]:
    """Return a line for each restriction with an end that is gone or moved."""
    return _report_cases(comparison, "end_changed", edits.list_end_changes(comparison.rows))


@VERSIONS.rule("restrictions")
def length_changed(comparison: LastComparison) -> list[str]:
    """Return a line for each restriction whose length changed by the factor."""
    day = pd.Timestamp(comparison.new.settings.get("the day", 0))
    cases = edits.list_length_changes(comparison.rows, day)
    return _report_cases(comparison, "length_changed", cases)


@VERSIONS.rule(*BY_HAND)
def subject_changed(comparison: LastComparison) -> list[str]:
    """Return a line for each row that speaks of something else."""
    cases = edits.list_subject_changes(comparison.rows, _describe_kinds())
    return _report_cases(comparison, "subject_changed", cases)


@VERSIONS.rule(*BY_HAND)
def number_rescaled(comparison: LastComparison) -> list[str]:
    """Return a line for each row with a number that changed by the factor."""
    cases = edits.list_rescaled_numbers(comparison.rows, _describe_kinds())
    return _report_cases(comparison, "number_rescaled", cases)


@VERSIONS.rule(*BY_HAND)
def row_gone(comparison: LastComparison) -> list[str]:
    """Return a line for each fact table that lost one row, on which answers rested."""
    cases = edits.list_single_gone_rows(comparison.rows, _describe_kinds())
    return _report_cases(comparison, "row_gone", cases)


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
        both = comparison.table[[name + OLD, name + NEW]].dropna()
        moved = both.max(axis=1) > edits.RESCALED_FACTOR * both.min(axis=1)
        is_case |= moved.reindex(is_case.index, fill_value=False)
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

    There are none where a version has no facts, since rows may then be new.
    """
    if not comparison.has_facts or edits.has_additions(comparison.rows):
        return []
    return [
        f"{moves.table}.parquet: numbers_rescaled: in {len(moves.rescaled):,} rows a number "
        "of people more than doubled or fell below a half, most of all "
        f"{format_move(moves.rescaled)}; {SEE}"
        for moves in comparison.moves
        if moves.table in OF_ANSWERS and moves.table != "impact" and len(moves.rescaled)
    ]
