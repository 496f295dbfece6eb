"""Rules that warn of what changed since the last version.

First those about damaged files of facts (rows and cells that are gone or changed places), then
edits of facts that moved answers and are to be confirmed, then answers that moved, became weaker or
are gone, and lost rows.

Definitions. A row is known by its key. An edit that adds to what is known is ordinary: a new row, a
cell that was blank, an end that becomes known or more precise, a note, a number that changes by
less than a factor of RESCALED_FACTOR. To be confirmed is an edit that takes back what was known: an
end that goes or moves, another start or other days by which a restriction lasts more than twice or
less than half as long, a figure or survey that speaks of another area, service, population, unit or
year, a number that changes by RESCALED_FACTOR or more, and a row that is gone.

Known drawback. A wrong row that is new, or a wrong number within the factor, is ordinary here.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from itertools import takewhile

import pandas as pd

from audience_impact.comparing import changes, text
from audience_impact.comparing.compared_versions import NEW, OLD, Row
from audience_impact.comparing.compared_versions import STATUS as OBS_STATUS
from audience_impact.periods import ONE_DAY, parse_period
from audience_impact.rules import Stage, get_rule
from audience_impact.vocabulary import EndStatus, FactChange, ObsStatus, RuleStage
from flows.last_version.sides import OF_ANSWERS, RESCALED_FACTOR, LastComparison, format_move
from schemas.facts import COLUMNS, TABLES

Edit = tuple[str, str]
"""The column that a finding refers to, and what is wrong with it."""
FindEdit = Callable[[Row, pd.Timestamp], Edit | None]
YEAR = timedelta(days=366)
RESTRICTIONS, END, STATUS, DAYS = "restrictions", "ended_on", "end_status", "days_in_force"
STARTS = ("observed_from", "announced_on")
EVENTS = (RESTRICTIONS, "evidence", "event_readings", "register_rows", "restriction_places")
"""Tables about events, whose codes and days change as more becomes known of an event."""
SUBJECTS = ("areas", "platforms", "restrictions", "surveys")
"""Tables of what a figure may speak of."""
OF_CERTAINTY = ("interval_kind", "obs_status", "basis", "self_selected", "is_metered")
"""Codes that say how sure a figure is, and not what it counts."""
FITTED_TO = "data_sha256"
"""The column of tables that a command fits to other facts, and writes anew as a whole."""
FITTED = tuple(table for table in TABLES if FITTED_TO in COLUMNS[table])
BY_HAND = tuple(table for table in TABLES if table not in FITTED)
"""The tables of facts that people edit."""
LONGEST_CELL = 60
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


def _edit_rule(*tables: str) -> Callable[[FindEdit], FindEdit]:
    """Register what finds an edit of a changed row, given the day of the run, as a rule."""

    def register(find: FindEdit) -> FindEdit:
        def run(comparison: LastComparison) -> list[str]:
            as_of = pd.Timestamp(comparison.new.settings.get("the day", 0))
            changed = [row for row in comparison.rows if row.change is FactChange.CHANGED]
            edits = [
                (row, edit) for row in changed if row.table in tables and (edit := find(row, as_of))
            ]
            return _report_edits(comparison, find.__name__, edits)

        run.__name__ = find.__name__
        VERSIONS.rule(*tables)(run)
        return find

    return register


@_edit_rule(RESTRICTIONS)
def end_changed(row: Row, _: pd.Timestamp) -> Edit | None:
    """Find a known end that is gone or moved outside of what was known of it."""
    old, new = row.sides
    was, now = old[END], new[END]
    if was and not _is_within(now, was):
        return END, f"ended {was} in the last version, {now or 'without an end'} now"
    if not was and not now and EndStatus.ENDED in row.changed_cells.get(STATUS, ("",))[0]:
        return STATUS, f"was {old[STATUS]} in the last version, {new[STATUS]} now"
    return None


@_edit_rule(RESTRICTIONS)
def length_changed(row: Row, as_of: pd.Timestamp) -> Edit | None:
    """Find a start or days by which a restriction lasts longer or shorter by RESCALED_FACTOR.

    One without an end lasts up to `as_of`.
    """
    old, new = row.sides
    changed = [name for name in (*STARTS, DAYS) if name in row.changed_cells and old[name]]
    if not changed:
        return None
    lengths = [_count_days({**side, END: new[END]}, as_of) for side in (old, new)]
    if min(lengths) > 0 and max(lengths) < RESCALED_FACTOR * min(lengths):
        return None
    was, now = (f"{length:,} days" if length else "no days" for length in lengths)
    cells = format_cells(row, changed[0])
    return changed[0], f"{cells}; lasted {was} in the last version, {now} now"


@_edit_rule(*BY_HAND)
def subject_changed(row: Row, _: pd.Timestamp) -> Edit | None:
    """Find another area, service, restriction, survey, population, kind, unit or year."""
    for name, (was, now) in row.changed_cells.items():
        if was and _names_subject(row.table, name, was, now):
            return name, format_cells(row, name)
    return None


@_edit_rule(*BY_HAND)
def number_rescaled(row: Row, _: pd.Timestamp) -> Edit | None:
    """Find a number that changed by RESCALED_FACTOR or more."""
    for name, (was, now) in row.changed_cells.items():
        about = COLUMNS[row.table].get(name)
        if about and about.group == "number" and was and now and _is_rescaled(was, now):
            return name, format_cells(row, name)
    return None


def format_edit(row: Row, edit: Edit, rule: str, advice: str) -> str:
    """Return a finding as FILE:LINE:COLUMN: RULE: key (names): what changed; advice."""
    place, layer, more = (row.places[1] or row.places[0]).partition(" (layer")
    names = ", ".join(map(_shorten_cell, row.naming_cells.values()))
    label = _shorten_cell(row.key) + f" ({names})" * bool(names)
    return f"{place}:{edit[0]}{layer}{more}: {rule}: {label} {edit[1]}; {advice}"


def format_cells(row: Row, *names: str) -> str:
    """Return cells then and now."""
    return ", ".join(
        "{}: was {}, now {}".format(name, *map(_shorten_cell, row.changed_cells[name]))
        for name in names
    )


def format_keys(rows: Sequence[Row] | pd.Index) -> str:
    """Return the keys of the first three of some rows, or of keys, and how many more there are."""
    keys = [row.key if isinstance(row, Row) else str(row) for row in rows[:3]]
    return ", ".join(keys) + f" and {len(rows) - 3:,} more" * (len(rows) > 3)


def _shorten_cell(cell: str) -> str:
    return (cell if len(cell) <= LONGEST_CELL else f"{cell[:LONGEST_CELL]}...") or "blank"


def _is_within(period: str, longer: str) -> bool:
    inner, outer = parse_period(period), parse_period(longer)
    return bool(inner and outer and outer[0] <= inner[0] and inner[1] <= outer[1])


def _count_days(cells: Mapping[str, str], as_of: pd.Timestamp) -> int:
    """Return the days that a restriction lasted; 0 where no start is known."""
    if cells.get(DAYS):
        return cells[DAYS].count(";") + 1
    start = parse_period(next((cells[name] for name in STARTS if cells[name]), ""))
    end = parse_period(cells[END])
    last = end[1] if end else as_of + ONE_DAY
    return max((last - start[0]).days, 0) if start else 0


def _names_subject(table: str, name: str, was: str, now: str) -> bool:
    columns = COLUMNS[table]
    if name not in columns:  # a former column
        return False
    if columns[name].refers_to in SUBJECTS:
        return True
    if table in EVENTS or not any(column.group == "number" for column in columns.values()):
        return False
    if columns[name].group == "period":
        old, new = parse_period(was), parse_period(now)
        return bool(old and new and abs(new[0] - old[0]) >= YEAR)
    return name == "age" or (columns[name].group == "code" and name not in OF_CERTAINTY)


def _is_rescaled(was: str, now: str) -> bool:
    try:
        low, high = sorted(map(abs, (float(was), float(now))))
    except ValueError:
        return False
    return high >= RESCALED_FACTOR * low and high > low


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
    table, names = comparison.table, [*BOUNDS, OBS_STATUS]
    had, has = (table[[name + end for name in names]].notna().to_numpy() for end in (OLD, NEW))
    is_case = pd.Series((had & ~has).any(axis=1), table.index)
    return _report_answers(comparison, "answer_vanished", is_case)


@VERSIONS.rule("impact")
def status_fell(comparison: LastComparison) -> list[str]:
    """Return a line for each answer whose status is weaker than before."""
    ranks = {status.value: float(place) for place, status in enumerate(STRENGTH)}
    was, now = (comparison.table[OBS_STATUS + end].map(ranks) for end in (OLD, NEW))
    return _report_answers(comparison, "status_fell", now.astype(float) > was.astype(float))


@VERSIONS.rule(*(table for table in OF_ANSWERS if table != "impact"))
def numbers_rescaled(comparison: LastComparison) -> list[str]:
    """Return a line for each published table whose numbers of people grew or fell by a factor.

    There are no lines if a version lacks facts, if rows of facts were added, or if an end became
    known: totals may then change that much.
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
