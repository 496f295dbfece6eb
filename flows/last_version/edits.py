"""Edits of facts since the last version that are to be confirmed if answers moved.

Definitions. A row is known by its key. An edit that adds to what is known is ordinary: a new row, a
cell that was blank, an end that becomes known or more precise, a note, a number that changes by
less than a factor of RESCALED_FACTOR. To be confirmed is an edit that takes back what was known: an
end that goes or moves, another start or other days by which a restriction lasts more than twice or
less than half as long, a figure or survey that speaks of another area, service, population, unit or
year, a number that changes by RESCALED_FACTOR or more, and a row that is gone.

Known drawback. A wrong row that is new, or a wrong number within the factor, is ordinary here.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

import pandas as pd

from audience_impact.comparing.facts import Row
from audience_impact.periods import ONE_DAY, parse_period
from audience_impact.vocabulary import EndStatus
from schemas.facts import COLUMNS, TABLES

Edit = tuple[str, str]
"""The column that a finding refers to, and what is wrong with it."""
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
RESCALED_FACTOR = 2.0
"""Factor from which on a number is another one, not a correction."""
LONGEST_CELL = 60


def end_changed(row: Row, _: pd.Timestamp) -> Edit | None:
    """Find a known end that is gone or moved outside of what was known of it."""
    old, new = row.sides
    was, now = old[END], new[END]
    if was and not _is_within(now, was):
        return END, f"ended {was} in the last version, {now or 'without an end'} now"
    if not was and not now and EndStatus.ENDED in row.changed_cells.get(STATUS, ("",))[0]:
        return STATUS, f"was {old[STATUS]} in the last version, {new[STATUS]} now"
    return None


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


def subject_changed(row: Row, _: pd.Timestamp) -> Edit | None:
    """Find another area, service, restriction, survey, population, kind, unit or year."""
    for name, (was, now) in row.changed_cells.items():
        if was and _names_subject(row.table, name, was, now):
            return name, format_cells(row, name)
    return None


def number_rescaled(row: Row, _: pd.Timestamp) -> Edit | None:
    """Find a number that changed by RESCALED_FACTOR or more."""
    for name, (was, now) in row.changed_cells.items():
        about = COLUMNS[row.table].get(name)
        if about and about.group == "number" and was and now and _is_rescaled(was, now):
            return name, format_cells(row, name)
    return None


FindEdit = Callable[[Row, pd.Timestamp], Edit | None]
EDITS: dict[FindEdit, tuple[str, ...]] = {
    end_changed: (RESTRICTIONS,),
    length_changed: (RESTRICTIONS,),
    subject_changed: BY_HAND,
    number_rescaled: BY_HAND,
}
"""What finds an edit of a changed row, given the day of the run, and the tables of such rows."""


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
