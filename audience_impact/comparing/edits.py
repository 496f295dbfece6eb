"""Edits of facts between two versions, sorted into ordinary ones and those to confirm.

Definitions. A row is known by its key. An edit that adds to what is known is ordinary: a new row, a
cell that was blank, an end that becomes known or more precise, a note, a number that changes by
less than a factor of RESCALED_FACTOR. To be confirmed is an edit that takes back what was known: an
end that goes or moves, another start or other days by which a restriction lasts more than twice or
less than half as long, a figure or survey that speaks of another area, service, population, unit or
year, a number that changes by RESCALED_FACTOR or more, and a row that is gone.

Known drawback. A wrong row that is new, or a wrong number within the factor, is ordinary here.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

import pandas as pd

from audience_impact.comparing.facts import Row
from audience_impact.periods import ONE_DAY, parse_period
from audience_impact.vocabulary import EndStatus, FactChange

Kinds = Mapping[str, Mapping[str, Mapping[str, str]]]
"""By table and column: `kind`, and `refers_to`, the table that the cell names a row of."""
Case = tuple[Row, str, str]
"""An edited row, the column that a finding refers to, and what is wrong with it."""

RESCALED_FACTOR = 2.0
"""Factor from which on a number is another one, not a correction."""
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
LONGEST_CELL = 60


def list_end_changes(rows: Sequence[Row]) -> Iterator[Case]:
    """Yield the restrictions whose known end is gone or moved outside of what was known of it."""
    for row in _select_changed(rows, RESTRICTIONS):
        old, new = row.sides
        was, now = old[END], new[END]
        if was and not _is_within(now, was):
            yield row, END, f"ended {was} in the last version, {now or 'without an end'} now"
        elif not was and not now and EndStatus.ENDED in row.changed_cells.get(STATUS, ("",))[0]:
            yield row, STATUS, f"was {old[STATUS]} in the last version, {new[STATUS]} now"


def list_length_changes(rows: Sequence[Row], as_of: pd.Timestamp) -> Iterator[Case]:
    """Yield the restrictions that last longer or shorter by RESCALED_FACTOR by their start or days.

    `as_of` is the last day of those without an end.
    """
    for row in _select_changed(rows, RESTRICTIONS):
        old, new = row.sides
        changed = [name for name in (*STARTS, DAYS) if name in row.changed_cells and old[name]]
        if not changed:
            continue
        lengths = [_count_days({**side, END: new[END]}, as_of) for side in (old, new)]
        if min(lengths) == 0 or max(lengths) >= RESCALED_FACTOR * min(lengths):
            was, now = (f"{length:,} days" if length else "no days" for length in lengths)
            cells = _format_cells(row, changed[0])
            yield row, changed[0], f"{cells}; lasted {was} in the last version, {now} now"


def list_subject_changes(rows: Sequence[Row], kinds: Kinds) -> Iterator[Case]:
    """Yield the rows that speak of something else than before.

    That is another area, service, restriction, survey, population, kind or unit, or a time more
    than a year away.
    """
    for row in _select_changed(rows):
        for name, (was, now) in row.changed_cells.items():
            if was and _names_subject(kinds[row.table], row.table, name, was, now):
                yield row, name, _format_cells(row, name)
                break


def list_rescaled_numbers(rows: Sequence[Row], kinds: Kinds) -> Iterator[Case]:
    """Yield the rows of which a number changed by RESCALED_FACTOR or more."""
    for row in _select_changed(rows):
        for name, (was, now) in row.changed_cells.items():
            is_number = kinds[row.table].get(name, {}).get("kind") == "number"
            if is_number and was and now and _is_rescaled(was, now):
                yield row, name, _format_cells(row, name)
                break


def list_single_gone_rows(rows: Sequence[Row], kinds: Kinds) -> Iterator[Case]:
    """Yield the row of each table that is the only one gone since the last version."""
    gone = [row for row in rows if row.change is FactChange.REMOVED]
    gone_counts = Counter(row.table for row in gone)
    for row in gone:
        columns = kinds.get(row.table)  # none for a table that this release no longer has
        if columns is not None and FITTED_TO not in columns and gone_counts[row.table] == 1:
            yield row, next(iter(row.sides[0]), ""), "is gone since the last version"


def list_other_changes(rows: Sequence[Row]) -> Iterator[Case]:
    """Yield all rows that are not new, with their cells then and now."""
    for row in rows:
        if row.change is FactChange.CHANGED:
            yield row, next(iter(row.changed_cells)), _format_cells(row, *row.changed_cells)
        elif row.change is FactChange.REMOVED:
            yield row, next(iter(row.sides[0]), ""), "is gone since the last version"


def has_additions(rows: Sequence[Row]) -> bool:
    """Return whether rows are new, or ends became known, so that totals may well grow or fall."""
    return any(
        row.change is FactChange.ADDED
        or (row.table == RESTRICTIONS and row.changed_cells.get(END, ("-", ""))[0] == "")
        for row in rows
    )


def format_case(case: Case, rule: str, advice: str) -> str:
    """Return a finding as FILE:LINE:COLUMN: RULE: key (names): what changed; advice."""
    row, column, message = case
    place, layer, more = (row.places[1] or row.places[0]).partition(" (layer")
    names = ", ".join(map(_shorten_cell, row.naming_cells.values()))
    label = _shorten_cell(row.key) + f" ({names})" * bool(names)
    return f"{place}:{column}{layer}{more}: {rule}: {label} {message}; {advice}"


def format_keys(rows: Sequence[Row] | pd.Index) -> str:
    """Return the keys of the first three of some rows, or of keys, and how many more there are."""
    keys = [row.key if isinstance(row, Row) else str(row) for row in rows[:3]]
    return ", ".join(keys) + f" and {len(rows) - 3:,} more" * (len(rows) > 3)


def _select_changed(rows: Sequence[Row], table: str = "") -> Iterator[Row]:
    for row in rows:
        is_of_table = row.table == (table or row.table) and FITTED_TO not in row.sides[1]
        if row.change is FactChange.CHANGED and is_of_table:
            yield row


def _is_within(period: str, longer: str) -> bool:
    inner, outer = parse_period(period), parse_period(longer)
    if inner is None or outer is None:
        return False
    return bool(outer[0] <= inner[0] and inner[1] <= outer[1])


def _count_days(cells: Mapping[str, str], as_of: pd.Timestamp) -> int:
    """Return the days that a restriction lasted; 0 where no start is known."""
    if cells.get(DAYS):
        return cells[DAYS].count(";") + 1
    start = parse_period(next((cells[name] for name in STARTS if cells[name]), ""))
    end = parse_period(cells[END])
    last = end[1] if end else as_of + ONE_DAY
    return max((last - start[0]).days, 0) if start else 0


def _names_subject(
    columns: Mapping[str, Mapping[str, str]], table: str, name: str, was: str, now: str
) -> bool:
    about = columns.get(name, {})
    if about.get("refers_to") in SUBJECTS:
        return True
    if table in EVENTS or not any(column["kind"] == "number" for column in columns.values()):
        return False
    if about.get("kind") == "period":
        return _are_years_apart(was, now)
    return name == "age" or (about.get("kind") == "code" and name not in OF_CERTAINTY)


def _are_years_apart(was: str, now: str) -> bool:
    old, new = parse_period(was), parse_period(now)
    if old is None or new is None:
        return False
    return bool(abs(new[0] - old[0]) >= YEAR)


def _is_rescaled(was: str, now: str) -> bool:
    try:
        low, high = sorted(map(abs, (float(was), float(now))))
    except ValueError:
        return False
    return high >= RESCALED_FACTOR * low and high > low


def _format_cells(row: Row, *names: str) -> str:
    return ", ".join(
        "{}: was {}, now {}".format(name, *map(_shorten_cell, row.changed_cells[name]))
        for name in names
    )


def _shorten_cell(cell: str) -> str:
    return (cell if len(cell) <= LONGEST_CELL else f"{cell[:LONGEST_CELL]}...") or "blank"
