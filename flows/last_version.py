"""The comparison of a run with the last version: what changed, and rules that warn of it.

The same inputs have to give the same bytes, whatever was published before. Therefore a run reports
these findings, but they are not part of a version.

First are the rules about damaged files of facts (rows and cells that are gone or changed places),
then edits of facts that moved answers and are to be confirmed, then new restrictions, then answers
that moved, became weaker or are gone, and lost rows. A run reports the first case of each rule and
counts the others; `check --against` reports each.

Definitions. A row is known by its key; the place of a fact in its file is no part of it. An edit
that adds to what is known is ordinary: a new row, a cell that was blank, an end that becomes known
or more precise, a note, a number that changes by less than a factor of RESCALED_FACTOR. To be
confirmed is an edit that takes back what was known: an end that goes or moves, another start or
other days by which a restriction lasts more than twice or less than half as long, a figure or
survey that speaks of another area, service, population, unit or year, a number that changes by
RESCALED_FACTOR or more, and a row that is gone. A number moved by a share: its change, divided by
the larger of the two numbers; a number that is new or gone moved by 1. Whatever the edit, new
restrictions are reported, and answers that moved by more than MOVED_FACTOR; where no row of facts
differs, by RESCALED_FACTOR.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property, lru_cache
from itertools import takewhile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from audience_impact.answers.names import area_in_words
from audience_impact.answers.numbers import format_compact, format_share
from audience_impact.comparing import changes, text
from audience_impact.comparing.changes import NEW, OLD, RESTRICTION, ComparedVersion, Row
from audience_impact.facts.tables import Finding
from audience_impact.periods import ONE_DAY, parse_period
from audience_impact.plain_text import count_cases
from audience_impact.rules import get_rule, register_rule
from audience_impact.store import AwayError, PublishError, versions
from audience_impact.vocabulary import EndStatus, FactChange, ImpactMetric, ObsStatus, RuleStage
from flows.pipeline.steps import Results
from schemas import facts, published
from schemas.fact_rules import FITTED
from schemas.facts import COLUMNS, TABLES

READ = [*changes.IMPACT_KEY, *changes.ANSWER]
"""The columns of table `impact` that are compared."""

ACCEPT = (
    "much changed since the last version: if all changes are intended, run once with "
    "--accept-changes (accept_changes of a deployment's run)"
)
"""The first line of the message of a run that is refused for large changes."""
OF_CHECKS = ("quality", "quarantine")
"""Published tables about the checks, of which a new row of facts moves the counts."""
Edit = tuple[str, str]
"""The column that a finding refers to, and what is wrong with it."""
FindEdit = Callable[[Row, pd.Timestamp], Edit | None]
INPUTS = frozenset({"input_table", "input", "step", "draw"})
"""Columns of the keys of tables of inputs, steps and draws, which show how an answer came about."""
OF_ANSWERS = tuple(
    table
    for table in published.TABLES
    if INPUTS.isdisjoint(published.KEYS[table]) and published.holds_results(table)
)
"""Tables whose numbers answer a question."""
RESCALED_FACTOR = 2.0
"""Factor from which on a number is another one, not a correction."""
MOVED_FACTOR = 1.05
"""Factor from which on the move of an answer by rows of facts is reported."""
ALL, PERSON_DAYS, EXPOSED = "all", "person-days", ImpactMetric.PEOPLE_EXPOSED.value
ANSWERS = {
    "impact": (*changes.IMPACT_KEY, "q50_persons"),
    "person_days": (RESTRICTION, "period", "q50_person_days"),
    "countries_by_year": ("area_id", "year", "q50_persons"),
    "regions_by_year": ("area_id", "year", "q50_persons"),
}
"""Subject, aspect and median of tables of answers; of periods and kinds, the rows of all count."""
PLACE = re.compile(r"(\w+)\.csv(?::(\d+):(\w*))?(?: \(layer (\d+)\))?")
"""Table, line, column and layer of a row of facts."""
PLACES = ("row_layer", "row_line")
LEAST_SHARE, SLIGHT_SHARE = 1e-6, 0.01
"""Share by which a number moved up to which it is rounding, and below which it is slight."""
LEAST_PEOPLE = 1000.0
"""The fewest people or person-days whose factor is compared."""
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
"""The column of fitted tables that says to which facts they were fitted."""
BY_HAND = tuple(table for table in TABLES if table not in FITTED)
"""The tables of facts that people edit."""
LONGEST_CELL = 60
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


@dataclass(frozen=True)
class TableMoves:
    """The moves of a published table, of which both versions have `count` rows.

    `rows` are those that moved, by key: `column`, `old`, `new` and `share` of the largest move of
    each, the largest first.
    """

    table: str
    count: int
    rows: pd.DataFrame
    gone_count: int
    new_count: int

    @property
    def largest_share(self) -> float:
        """The largest share by which a number moved; 1 where a row is gone."""
        return max(float(self.rows["share"].max()) if len(self.rows) else 0.0, self.gone_count > 0)


def measure_moves(table: str, old: pa.Table, new: pa.Table, key: Sequence[str]) -> TableMoves:
    """Return the moves of all numbers of a table that both versions have."""
    by = [name for name in key if name not in PLACES]
    values = {name: pa.chunked_array(old[name].chunks + new[name].chunks).unique() for name in by}
    was = has = _find_first_rows(old, values)
    shared = was.append_column("row_min" + NEW, was["row_min"])
    if not old.select(by).equals(new.select(by)):
        has = _find_first_rows(new, values)
        shared = was.join(has, by, join_type="inner", right_suffix=NEW)
    shared = shared.sort_by("row_min")
    numbers = old.schema.empty_table().to_pandas().select_dtypes("number").columns
    names = [name for name in numbers.intersection(new.column_names) if name not in (*key, *PLACES)]
    before, now = (
        side.select(names).take(shared[rows]).to_pandas().to_numpy("float64")
        for side, rows in ((old, "row_min"), (new, "row_min" + NEW))
    )
    is_same = (before == now) | (np.isnan(before) & np.isnan(now))
    differing = np.flatnonzero(~is_same.all(axis=1))
    keys = old.select(by).take(shared["row_min"].take(differing))
    before, now = before[differing], now[differing]
    largest = np.fmax(np.abs(before), np.abs(now))
    change = np.nan_to_num(np.abs(now - before) / np.where(largest > 0.0, largest, 1.0))
    share = np.where(np.isnan(before) == np.isnan(now), change, 1.0)
    column = share.argmax(axis=1) if share.size else differing  # empty, as without numbers
    cells = np.arange(len(share)), column
    largest_moves = {"old": before[cells], "new": now[cells], "share": share[cells]}
    rows = pd.DataFrame(
        {"column": np.array(names, dtype=object)[column], **largest_moves},
        pd.MultiIndex.from_frame(keys.to_pandas()),
    )
    rows = rows[rows["share"] > LEAST_SHARE].sort_values("share", ascending=False, kind="stable")
    return TableMoves(table, len(shared), rows, len(was) - len(shared), len(has) - len(shared))


def _find_first_rows(table: pa.Table, values: Mapping[str, pa.Array]) -> pa.Table:
    """Return each key of a table as numbers of `values`, and its first row as `row_min`."""
    numbers = {name: pc.index_in(table[name], value_set=values[name]) for name in values}
    rows = pa.table({**numbers, "row": np.arange(len(table))})
    return rows.group_by([*values]).aggregate([("row", "min")])


def format_moves(moves: TableMoves) -> str:
    """Return the moves of a table in a line: how many rows moved, and the largest move."""
    parts = [f"{len(moves.rows):,} of {moves.count:,} rows have other numbers"]
    parts += [f"{moves.gone_count:,} are gone"] * (moves.gone_count > 0)
    parts += [f"{moves.new_count:,} are new"] * (moves.new_count > 0)
    for key, first in moves.rows.head(1).iterrows():
        was, now = (
            "none" if np.isnan(number) else f"{number:,.0f}" if number >= 1e3 else f"{number:.6g}"
            for number in (first["old"], first["new"])
        )
        label = f"{first['column']} of {' '.join(map(str, key))}"
        parts.append(f"most of all {label}, from {was} to {now}")
    return ", ".join(parts)


class LastComparison(changes.Comparison):
    """The last version compared with a run."""

    @cached_property
    def unread(self) -> dict[str, str]:
        """The tables of the last version that `moves` could not read, each with the reason."""
        return {}

    @cached_property
    def moves(self) -> Sequence[TableMoves]:
        """The moves of each published table that differs, of which the last version has rows."""
        moves = []
        for table in published.TABLES:
            try:
                old = self.old.read_arrow(table)
            except PublishError as error:
                if table in self.old.counts:
                    self.unread[table] = str(error.__cause__ or error)
                continue
            new = self.new.read_arrow(table)
            if len(old) and not old.equals(new):
                moves.append(measure_moves(table, old, new, published.KEYS[table]))
        return moves

    @cached_property
    def has_moved_answers(self) -> bool:
        """Whether an answer moved by more than a slight share, or is gone."""
        answers = (moves for moves in self.moves if moves.table in OF_ANSWERS)
        return any(moves.largest_share >= SLIGHT_SHARE for moves in answers)

    @cached_property
    def answer_moves(self) -> pd.DataFrame:
        """The answers that moved by MOVED_FACTOR, the largest move first.

        Where no row of facts differs, it is RESCALED_FACTOR; nothing is compared if the seed alone
        differs or facts cannot be read. If the day is another, the person-days of restrictions
        without an end are left out.
        """
        differing = {name for name, _ in self.old.settings.items() ^ self.new.settings.items()}
        names = [moves.table for moves in self.moves if moves.table in ANSWERS]
        is_drawn_anew = differing == {"the seed"} and not self.rows
        if not self.has_facts or not names or is_drawn_anew:
            return pd.DataFrame()
        sides = [
            pd.concat([_read_answers(side, name, ANSWERS[name][2]) for name in names])
            for side in self.sides
        ]
        table = pd.concat(sides, axis=1, keys=["old", "new"])
        is_year = table.index.get_level_values(1).str.isdigit() & bool(self.rows)
        table = table[table.notna().all(axis=1) | is_year].fillna(0.0)
        if "the day" in differing:
            acts = [side.read_table(RESTRICTIONS) for side in self.sides]
            ongoing = set.intersection(*({*act[RESTRICTION][act[END].isna()]} for act in acts))
            table = table[~(table.index.isin(ongoing, 0) & table.index.isin([PERSON_DAYS], 1))]
        high, low = table.max(axis=1), table.min(axis=1)
        factor = MOVED_FACTOR if self.rows else RESCALED_FACTOR
        moved = (high >= LEAST_PEOPLE) & (high > factor * low)
        return table.loc[(low / high)[moved].sort_values(kind="stable").index]

    def locate_answers(self, keys: Sequence[changes.Key]) -> Iterator[tuple[str, str]]:
        """Yield the place of a row that may be behind each answer, and advice."""
        related = changes.relate_rows(self, keys) if keys and self.rows else {}
        for key in keys:
            rows = [self.rows[number - 1] for number in related.get(key, ())] or self.rows
            row = next((row for row in rows if row.table == RESTRICTIONS), next(iter(rows), None))
            beside = f"beside {len(rows):,} changed rows; " * (len(rows) > 1)
            yield _locate_row(row) if row else "impact.parquet", beside + SEE


def _read_answers(side: ComparedVersion, name: str, median: str) -> "pd.Series[float]":
    """Return the medians of a table, or the maxima without one, by subject and aspect in words."""
    subject, aspect, _ = ANSWERS[name]
    frame = side.read_table(name)
    for column in {"kind", "period"} & {*frame}:
        frame = frame[frame[column] == ALL]
    numbers = frame[median].fillna(frame[median.replace("q50", "printed_max")])
    aspects = frame[aspect].astype("str").replace(ALL, PERSON_DAYS)
    return numbers.set_axis([frame[subject], aspects]).astype("float64")


RULES: dict[str, Callable[[LastComparison], list[str]]] = {}
"""The rules over the last version and this one; each returns a line for each finding."""
Findings = Iterator[tuple[str, str]]
"""Places, and what is wrong there."""


def _rule(*tables: str) -> Callable[[Callable[[LastComparison], Findings]], None]:
    """Declare the decorated function, whose name begins with _, as the rule of its name."""

    def declare(find: Callable[[LastComparison], Findings]) -> None:
        rule = register_rule(find.__name__[1:], RuleStage.VERSIONS, *tables)
        RULES[rule] = lambda comparison: [
            f"{place}: {rule}: {fault}" for place, fault in find(comparison)
        ]

    return declare


@_rule(*TABLES)
def _fact_rows_gone(comparison: LastComparison) -> Findings:
    for changed in comparison.fact_tables:
        if len(gone := changed.gone) > 1:
            missing = f"{len(gone):,} rows of the last version are missing: {format_keys(gone)}"
            yield f"{changed.table}.csv", f"{missing}; see why"


@_rule(*TABLES)
def _rows_run_together(comparison: LastComparison) -> Findings:
    for changed in comparison.fact_tables:
        gone = [row for row in changed.rows if row.change is FactChange.REMOVED]
        taken = [row for row in changed.rows if len(gone) == 1 and _is_merged(row, gone[0])]
        if taken:
            fault = f"{gone[0].key} of the last version is missing, and its cells are in"
            yield f"{changed.table}.csv", f"{fault} {format_keys(taken)}; were two rows joined?"


def _is_merged(row: Row, gone: Row) -> bool:
    """Return whether each changed cell begins as before and ends as that of the missing row."""
    for name, (was, now) in row.changed_cells.items():
        last = gone.sides[0][name]
        begin, end = _count_common_prefix(was, now), _count_common_prefix(last[::-1], now[::-1])
        if now != last and not (end > 0 and begin + end >= len(now)):
            return False
    return row.change is FactChange.CHANGED


def _count_common_prefix(first: str, second: str) -> int:
    pairs = zip(first, second, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


@_rule(*BY_HAND)
def _column_replaced(comparison: LastComparison) -> Findings:
    """Find columns of which all filled cells, two or more, changed."""
    for changed in comparison.fact_tables:
        old, differs = changed.aligned_cells[0], changed.differs
        is_filled = (old != "").to_numpy()
        is_replaced = (differs >= is_filled).all(axis=0) & (is_filled.sum(axis=0) > 1)
        for at in np.flatnonzero(is_replaced) if changed.table in BY_HAND else ():
            filled, column = old.index[is_filled[:, at]], old.columns[at]
            fault = f"all {len(filled):,} filled cells of {column} differ from the last version"
            advice = "is the column missing, or under another heading?"
            yield f"{changed.table}.csv", f"{fault} ({format_keys(filled)}); {advice}"


@_rule(*TABLES)
def _cells_changed_rows(comparison: LastComparison) -> Findings:
    """Find columns in which rows exchanged cells; among three or more, one cell may be new."""
    for changed in comparison.fact_tables:
        for at in np.flatnonzero(changed.differs.any(axis=0)):
            old, new = (cells.iloc[changed.differs[:, at], at] for cells in changed.aligned_cells)
            moved, column = old.index, old.name
            fresh = Counter(new) - Counter(old)
            if len(moved) > max(1, 2 * fresh.total()):
                fault = f"cells of {column} are in other rows than in the last version: those of"
                advice = "was the column shifted or sorted alone?"
                yield f"{changed.table}.csv", f"{fault} {format_keys(moved)}; {advice}"


@_rule(*FITTED)
def _fitted_rows_edited(comparison: LastComparison) -> Findings:
    for changed in comparison.fact_tables:
        edited = [row for row in changed.rows if {*row.changed_cells} != {"note"}]
        is_fitted = changed.table in FITTED
        if is_fitted and edited and {*changed.old[FITTED_TO]} & {*changed.new[FITTED_TO]}:
            fault = "rows differ from those fitted to the same data in the last version"
            advice = "run the command that writes it, with --check"
            yield f"{changed.table}.csv", f"{fault}: {format_keys(edited)}; {advice}"


def _edit_rule(*tables: str) -> Callable[[FindEdit], None]:
    """Declare the decorated function, which finds an edit to be confirmed, as the rule of its name.

    The edits are reported if answers moved by more than a slight share.
    """

    def declare(find: FindEdit) -> None:
        def list_edits(comparison: LastComparison) -> Findings:
            as_of = pd.Timestamp(comparison.new.settings.get("the day", 0))
            changed = [row for row in comparison.rows if row.change is FactChange.CHANGED]
            edits = [(row, find(row, as_of)) for row in changed if row.table in tables]
            for row, edit in edits:
                if edit and comparison.has_moved_answers:
                    yield format_edit(row, *edit, CONFIRM)

        list_edits.__name__ = find.__name__
        _rule(*tables)(list_edits)

    return declare


@_edit_rule(RESTRICTIONS)
def _end_changed(row: Row, _: pd.Timestamp) -> Edit | None:
    old, new = row.sides
    was, now = old[END], new[END]
    inner, outer = parse_period(now), parse_period(was)
    is_within = inner and outer and outer[0] <= inner[0] and inner[1] <= outer[1]
    if was and not is_within:
        return END, f"ended {was} in the last version, {now or 'without an end'} now"
    if not was and not now and EndStatus.ENDED in row.changed_cells.get(STATUS, ("",))[0]:
        return STATUS, f"was {old[STATUS]} in the last version, {new[STATUS]} now"
    return None


@_edit_rule(RESTRICTIONS)
def _length_changed(row: Row, as_of: pd.Timestamp) -> Edit | None:
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
def _subject_changed(row: Row, _: pd.Timestamp) -> Edit | None:
    for name, (was, now) in row.changed_cells.items():
        if was and _names_subject(row.table, name, was, now):
            return name, format_cells(row, name)
    return None


@_edit_rule(*BY_HAND)
def _number_rescaled(row: Row, _: pd.Timestamp) -> Edit | None:
    for name, (was, now) in row.changed_cells.items():
        about = COLUMNS[row.table].get(name)
        if about and about.group == "number" and was and now:
            low, high = sorted(pd.to_numeric(pd.Series([was, now]), errors="coerce").abs())
            if high >= RESCALED_FACTOR * low and high > low:
                return name, format_cells(row, name)
    return None


def format_edit(row: Row, column: str, change: str, advice: str) -> tuple[str, str]:
    """Return FILE:LINE:COLUMN, and the key (and names) of the row, what changed, and advice."""
    names = ", ".join(map(_shorten_cell, row.naming_cells.values()))
    label = _shorten_cell(row.key) + f" ({names})" * bool(names)
    return _locate_row(row, column), f"{label} {change}; {advice}"


def _locate_row(row: Row, column: str = "") -> str:
    """Return FILE:LINE:COLUMN of a row, by default of its first changed or first cell."""
    place, layer, more = (row.places[1] or row.places[0]).partition(" (layer")
    column = column or next(iter(row.changed_cells or row.sides[1] or row.sides[0]), "")
    return f"{place}:{column}{layer}{more}"


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


@_rule(*BY_HAND)
def _row_gone(comparison: LastComparison) -> Findings:
    for changed in comparison.fact_tables:
        if changed.table in BY_HAND and len(changed.gone) == 1 and comparison.has_moved_answers:
            for row in changed.rows:
                if row.change is FactChange.REMOVED:
                    yield format_edit(row, "", GONE, CONFIRM)


@_rule("impact", "impact_by_platform", "comparisons", "lineage", "sources")
def _row_count_fell(comparison: LastComparison) -> Findings:
    was, now = comparison.old.counts, comparison.new.counts
    for table in get_rule("row_count_fell").tables:
        if table in was and now[table] < (1 - FALL_SHARE) * was[table]:
            rows = f"{was[table]} rows in the last version, {now[table]} now"
            yield f"{table}.parquet", f"{rows}; look at the quarantine"


def _list_answers(comparison: LastComparison, is_case: "pd.Series[bool]") -> Findings:
    rows = comparison.table[is_case].sort_index()
    places = comparison.locate_answers([*rows.index])
    for (key, row), (place, advice) in zip(rows.iterrows(), places, strict=True):
        yield place, f"{text.format_answer(changes.describe_answer(key, row))}; {advice}"


@_rule(RESTRICTIONS)
def _restriction_added(comparison: LastComparison) -> Findings:
    """Name new restrictions with their share of residents and person-days, or the maxima."""
    rows = [row for row in comparison.rows if row.change is FactChange.ADDED]
    added = {row.key: row for row in rows if row.table == RESTRICTIONS}
    if added:
        shares = _read_answers(comparison.new, "impact", "q50_population_share")
        days = _read_answers(comparison.new, "person_days", "q50_person_days")
        answers = shares.index.difference(comparison.old.answers.index)
        for key in answers.intersection([(name, EXPOSED) for name in added]):
            answer = text.format_answer(changes.describe_answer(key, comparison.table.loc[key]))
            length = format_compact(days[key[0], PERSON_DAYS])
            size = f"{format_share(shares[key])} of the residents, {length} person-days"
            yield _locate_row(added[key[0]]), f"{answer}, {size}; compare it with its page"


@_rule(*ANSWERS)
def _answer_moved(comparison: LastComparison) -> Findings:
    subjects = [moves for _, moves in comparison.answer_moves.groupby(level=0, sort=False)]
    places = comparison.locate_answers([moves.index[0] for moves in subjects])
    for moves, (place, advice) in zip(subjects, places, strict=True):
        parts = [
            f"{'people in ' * aspect.isdigit()}{aspect.replace('_', ' ')} from "
            f"{format_compact(old)} to {format_compact(new)}"
            for (_, aspect), old, new in moves.itertuples()
        ]
        more = f" and {len(parts) - 4:,} more" * (len(parts) > 4)
        subject = area_in_words(*[moves.index[0][0]] * 2)
        yield place, f"{subject}: {', '.join(parts[:4])}{more}; {advice}"


@_rule("impact")
def _magnitude_moved(comparison: LastComparison) -> Findings:
    is_case = pd.Series(False, comparison.table.index)
    for name in BOUNDS:
        both = comparison.table[[name + OLD, name + NEW]]
        is_case |= both.max(axis=1, skipna=False) > RESCALED_FACTOR * both.min(axis=1)
    return _list_answers(comparison, is_case)


@_rule("impact")
def _answer_vanished(comparison: LastComparison) -> Findings:
    table, names = comparison.table, [*BOUNDS, changes.STATUS]
    had, has = (table[[name + end for name in names]].notna().to_numpy() for end in (OLD, NEW))
    return _list_answers(comparison, pd.Series((had & ~has).any(axis=1), table.index))


@_rule("impact")
def _status_fell(comparison: LastComparison) -> Findings:
    ranks = {status.value: float(place) for place, status in enumerate(STRENGTH)}
    statuses = (comparison.table[changes.STATUS + end] for end in (OLD, NEW))
    was, now = (status.map(ranks).astype(float) for status in statuses)
    return _list_answers(comparison, now > was)


_compare = lru_cache(maxsize=1)(LastComparison)


def list_changes(before: ComparedVersion, now: ComparedVersion) -> list[str]:
    """Return a line for each kind of large change: its first case, and how many there are."""
    cases = [run(_compare(before, now)) for run in RULES.values()]
    return [count_cases(lines, "audience-impact diff") for lines in cases if lines]


def list_findings(before: ComparedVersion, now: ComparedVersion) -> list[Finding]:
    """Return each case of large changes as a finding about a row of facts that may be behind it."""
    comparison = _compare(before, now)
    findings = []
    for rule, find in RULES.items() if comparison.rows else ():
        for case in find(comparison):
            place, fault = case.split(f": {rule}: ", 1)
            place += f" {_locate_row(comparison.rows[0])}"
            table, line, column, layer = PLACE.findall(place)[0]
            where = (table, f"{table}.csv", int(line or 1), column)
            findings.append(Finding(*where, rule, "", fault, int(layer or 1)))
    return findings


def list_notes(before: ComparedVersion, now: ComparedVersion) -> list[str]:
    """Return lines about the facts that differ and the numbers that moved, none of them a warning.

    A line names the first row of its kind, or the first table that moved and then the others, and
    each table that could not be compared. There are no others where no number moved.
    """
    comparison = _compare(before, now)
    moved = [moves for moves in comparison.moves if moves.largest_share or moves.new_count]
    unread = comparison.unread.items()
    notes = [f"{table}.parquet: not compared, {reason}" for table, reason in unread]
    days = [side.settings.get("the day") for side in comparison.sides]
    is_other_day = None not in days and days[0] != days[1]
    if not is_other_day and all(moves.table in OF_CHECKS for moves in moved):
        return notes
    notes += [
        f"{changed.table}.csv: facts_added: {len(rows):,} new: {format_keys(rows)}"
        for changed in comparison.fact_tables
        if (rows := [row for row in changed.rows if row.change is FactChange.ADDED])
    ]
    edits = []
    for row in comparison.rows:
        if row.change is not FactChange.ADDED:
            change = format_cells(row, *row.changed_cells) or GONE
            place, fault = format_edit(row, "", change, "compare it with its page")
            edits.append(f"{place}: facts_changed: {fault}")
    if edits:
        notes.append(count_cases(edits, "audience-impact diff"))
    if moved:
        names = ", ".join(f"{moves.table}.parquet" for moves in moved[1:])
        more = f"; other numbers as well in {names}" * bool(names)
        notes.append(f"{moved[0].table}.parquet: {format_moves(moved[0])}{more}")
    if is_other_day:
        notes.append("the results are of {1}, were of {0}".format(*days))
    return notes


def describe_results(results: Results) -> ComparedVersion:
    """Return results that are not published yet as a side of a comparison."""
    version = results.version
    return ComparedVersion(
        version.id,
        False,
        changes.describe_settings(version.as_of, version.seed, *version.method),
        changes.key_answers(results.tables["impact"].select(READ).to_pandas(), changes.IMPACT_KEY),
        results.files,
        facts.list_keys(),
        results.tables.__getitem__,
        results.count_rows(),
    )


def read_last_version(root: Path) -> ComparedVersion:
    """Return the latest version as far as it can be read.

    A damaged version is treated as missing, because the next run repairs it.
    """
    none = pd.DataFrame({name: [] for name in READ})
    side = ComparedVersion("", True, {}, changes.key_answers(none, changes.IMPACT_KEY))
    try:
        stored = versions.find_latest(root)
        side = replace(side, counts=stored.count_rows())
        impact = stored.read_arrow("impact").select(READ).to_pandas()
        answers = changes.key_answers(impact, changes.IMPACT_KEY)
        return replace(changes.read_published(stored), answers=answers, keys=facts.list_keys())
    except AwayError:
        raise
    except PublishError:
        return side
