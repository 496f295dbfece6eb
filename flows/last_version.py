"""Rules that warn of large changes since the last version; reported by a run, not published.

The same inputs have to give the same bytes, whatever was published before. Therefore these findings
are not part of a version.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, lru_cache, partial
from itertools import takewhile
from pathlib import Path

import pandas as pd

from audience_impact.comparing import edits
from audience_impact.comparing.compared_versions import (
    ANSWER,
    IMPACT_KEY,
    NEW,
    OLD,
    STATUS,
    align_versions,
    key_answers,
)
from audience_impact.comparing.edits import Case
from audience_impact.comparing.facts import FactFiles, Row, list_differences
from audience_impact.comparing.moves import (
    SLIGHT_SHARE,
    TableMoves,
    format_move,
    format_moves,
    measure_moves,
)
from audience_impact.facts.tables import PROVENANCE
from audience_impact.rules import Stage, get_rule
from audience_impact.store import AwayError, PublishError, versions
from audience_impact.store.divided import (
    DIVISIONS,
    count_computed,
    list_computed,
    list_published,
    read_computed,
)
from audience_impact.store.versions import Stored
from audience_impact.vocabulary import (
    FactChange,
    FindingSeverity,
    ImpactMetric,
    ObsStatus,
    RuleStage,
)
from flows.pipeline.quality import count_cases
from flows.pipeline.steps import Results, build_headers
from schemas import facts as fact_models
from schemas import published
from schemas.facts import TABLES

BY_HAND = tuple(
    table for table in TABLES if "data_sha256" not in fact_models.describe_columns(table)
)
"""The tables of facts that people edit; the others are fitted to these."""
FALL_SHARE = 0.2
MOVED_FACTOR = 2.0
READ = [*IMPACT_KEY, *ANSWER]
"""The columns of table `impact` that are compared."""
BOUND_WORDS = {
    "lower_persons": "as printed at least",
    "upper_persons": "as printed at most",
    "q50_persons": "a median of",
}
STRENGTH = [
    status.value
    for status in (
        ObsStatus.NORMAL,
        ObsStatus.ESTIMATED,
        ObsStatus.FORECAST,
        ObsStatus.LOW_RELIABILITY,
        ObsStatus.MISSING,
    )
]
"""Statuses of an estimate, the most reliable first."""


INPUTS = frozenset({"input_table", "input", "step", "draw"})
"""Columns of the keys of tables of inputs, steps and draws, which show how an answer came about."""
OF_CHECKS = ("quality", "quarantine")
"""Published tables about the checks, of which a new row of facts moves the counts."""
COMPUTED = list_computed(published.TABLES)
"""All published tables, as they were computed: several are published in parts."""
KEYS = {table: published.KEYS.get(table) or list(DIVISIONS[table].key) for table in COMPUTED}
OF_ANSWERS = tuple(
    table
    for table in COMPUTED
    if INPUTS.isdisjoint(KEYS[table])
    and any(published.holds_results(part) for part in list_published([table]))
)
"""Tables whose numbers answer a question."""
CONFIRM = "correct it, or confirm it with --accept-changes"
ReadTable = Callable[[str], pd.DataFrame]


def _read_nothing(table: str) -> pd.DataFrame:
    """Return a table without rows."""
    return pd.DataFrame(columns=KEYS[table])


@dataclass(frozen=True, eq=False)
class Summary:
    """The data of a version that the comparison needs.

    `rows` counts the rows of each table as it was computed; `answers` contains bounds, quantiles
    and status of each restriction and metric, indexed by both; `facts` are the files that it was
    computed from; `read_table` returns a table as it was computed, which is read when it is
    compared; `as_of` is the day of the results.
    """

    rows: Mapping[str, int]
    answers: pd.DataFrame
    facts: FactFiles = field(default_factory=lambda: FactFiles({}, {}))
    read_table: ReadTable = _read_nothing
    as_of: date | None = None


class Differences:
    """The rows of facts and the numbers that differ between the last version and this one."""

    def __init__(self, before: Summary, now: Summary) -> None:
        self.before, self.now = before, now

    @cached_property
    def rows(self) -> Sequence[Row]:
        """Return the rows of facts that differ; none where a version has no facts."""
        files = self.before.facts.files, self.now.facts.files
        return list_differences(*files, fact_models.list_keys()) if all(files) else []

    @cached_property
    def moves(self) -> Sequence[TableMoves]:
        """Return the moves of each published table."""
        moves = (self._measure_moves(table) for table in COMPUTED)
        return [of_table for of_table in moves if of_table]

    def _measure_moves(self, table: str) -> TableMoves | None:
        """Return the moves of a table; None where the last version has no rows of it."""
        old = self.before.read_table(table)
        if old.empty:
            return None
        return measure_moves(table, old, self.now.read_table(table), KEYS[table])

    @cached_property
    def has_moved_answers(self) -> bool:
        """Return whether an answer moved by more than a slight share, or is gone."""
        answers = (moves for moves in self.moves if moves.table in OF_ANSWERS)
        return any(moves.largest_share >= SLIGHT_SHARE for moves in answers)

    def select_cases(self, cases: Iterable[Case]) -> list[Case]:
        """Return cases about changed facts, if answers moved; the moves are measured if needed."""
        listed = list(cases)
        return listed if listed and self.has_moved_answers else []


@lru_cache(maxsize=1)
def _compare(before: Summary, now: Summary) -> Differences:
    """Return the differences of two versions, which all rules about them share."""
    return Differences(before, now)


ACCEPT = (
    "much changed since the last version: if all changes are intended, run once with "
    "--accept-changes (accept_changes of a deployment's run)"
)
"""The first line of the message of a run that is refused for large changes."""
VERSIONS = Stage[Callable[[Summary, Summary], list[str]]](RuleStage.VERSIONS)
"""The rules over the last version and this one; each returns a line for each finding."""


def summarise_version(
    rows: Mapping[str, int],
    impact: pd.DataFrame,
    facts: Mapping[str, bytes] = versions.NO_FACTS,
    read_table: ReadTable = _read_nothing,
    as_of: date | None = None,
) -> Summary:
    """Return the summary of a version from its row counts, table `impact` and files of facts.

    Without files the facts are not compared, without `read_table` no other table.
    """
    answers, files = key_answers(impact, IMPACT_KEY), FactFiles(facts, build_headers())
    return Summary(count_computed(rows), answers, files, read_table, as_of)


def summarise_results(results: Results) -> Summary:
    """Return the summary of results that are not published yet."""
    return summarise_version(
        results.count_rows(),
        results.read_frame("impact", READ),
        results.files,
        results.read_frame,
        results.version.as_of,
    )


def _read_table(version: Stored, table: str) -> pd.DataFrame:
    """Return a table of a version as it was computed; without rows where it cannot be read."""
    try:
        return read_computed(version, table)
    except PublishError:
        return _read_nothing(table)


def make_empty_summary(rows: Mapping[str, int]) -> Summary:
    """Return the summary of a version whose answers cannot be read, with only the row counts."""
    return summarise_version(rows, pd.DataFrame({name: [] for name in READ}))


def read_last_version(root: Path) -> Summary:
    """Return the summary of the version of the last run, as far as it can be read.

    After a rollback this is not the version that `latest` leads to.
    A damaged version is treated as missing, because the next run repairs it.
    """
    rows: Mapping[str, int] = {}
    try:
        version = versions.find_newest(root)
        rows = version.count_rows()
        return summarise_version(
            rows,
            read_computed(version, "impact", columns=READ),
            version.fact_files(),
            partial(_read_table, version),
            version.version.as_of,
        )
    except AwayError:
        raise
    except PublishError:
        return make_empty_summary(rows)


@VERSIONS.rule(
    FindingSeverity.WARNING,
    "a published table lost more than a fifth of its rows against the last version; "
    "reported by the run, not published, since it depends on what was published before",
    "look at the quarantine",
    *("impact", "impact_by_platform", "comparisons", "lineage", "sources"),
    number=19,
)
def row_count_fell(before: Summary, now: Summary) -> list[str]:
    """Return a line for each watched table that lost too many rows."""
    return [
        f"{table}.parquet: row_count_fell: {before.rows[table]} rows in the last version, "
        f"{now.rows[table]} now; look at the quarantine"
        for table in get_rule("row_count_fell").tables
        if table in before.rows and now.rows[table] < (1 - FALL_SHARE) * before.rows[table]
    ]


def _pair_changed_tables(
    before: Summary, now: Summary
) -> Iterator[tuple[str, pd.DataFrame, pd.DataFrame]]:
    """Yield name, rows before and rows now of each fact table whose file changed."""
    if before.facts.files and now.facts.files:
        for table in TABLES:
            if before.facts.select_table(table) != now.facts.select_table(table):
                yield table, _index_by_key(before.facts, table), _index_by_key(now.facts, table)


def _index_by_key(facts: FactFiles, table: str) -> pd.DataFrame:
    """Return the cells of the rows of a table by its key."""
    return facts.rows(table).drop(columns=PROVENANCE).set_index(list(facts.headers[table].key))


def _find_gone_rows(was: pd.DataFrame, has: pd.DataFrame) -> pd.Index:
    """Return the keys of rows in the last version that this version lacks."""
    return was.index.unique().difference(has.index, sort=False)


def _format_keys(keys: pd.Index) -> str:
    """Return the first three keys of rows as text, followed by the number of further keys."""
    shown_keys = [" ".join(key) if isinstance(key, tuple) else str(key) for key in keys[:3]]
    return ", ".join(shown_keys) + f" and {len(keys) - 3:,} more" * (len(keys) > 3)


@VERSIONS.rule(
    FindingSeverity.WARNING,
    "several rows of a fact table, by their key, are gone since the last version; reported by the "
    "run, not published",
    "see which rows are gone; the end of a file may be missing",
    *TABLES,
)
def fact_rows_gone(before: Summary, now: Summary) -> list[str]:
    """Return a line for each fact table that lost more than one row."""
    return [
        f"{table}.csv: fact_rows_gone: {len(gone):,} rows of the last version are missing: "
        f"{_format_keys(gone)}; see why"
        for table, was, has in _pair_changed_tables(before, now)
        if len(gone := _find_gone_rows(was, has)) > 1
    ]


@VERSIONS.rule(
    FindingSeverity.WARNING,
    "a row of a fact table is gone since the last version, and another row has its cells; reported "
    "by the run, not published",
    "see whether two rows ran together, as they do where a line end is lost",
    *TABLES,
)
def rows_run_together(before: Summary, now: Summary) -> list[str]:
    """Return a line for each fact table with a row that took over cells of a missing row."""
    return [
        f"{table}.csv: rows_run_together: {_format_keys(gone)} of the last version is "
        f"missing, and its cells are in {_format_keys(taken)}; were two rows joined?"
        for table, was, has in _pair_changed_tables(before, now)
        if len(gone := _find_gone_rows(was, has)) == 1
        if len(taken := _find_merged_rows(was, has, was.loc[gone].iloc[0]))
    ]


def _find_merged_rows(was: pd.DataFrame, has: pd.DataFrame, gone: pd.Series) -> pd.Index:
    """Return the rows whose changed cells all equal or join cells of the row `gone`."""
    old, new = _align_rows(was, has)
    changed = old.ne(new)
    some = changed.any(axis=1).to_numpy()
    rows = zip(*(frame[some].to_numpy().tolist() for frame in (old, new)), strict=True)
    theirs = gone[new.columns].tolist()
    return new.index[some][[all(map(_runs_into, *cells, theirs)) for cells in rows]]


def _runs_into(old: str, new: str, gone_cell: str) -> bool:
    """Return whether a new cell equals an old one, or joins `old` and `gone_cell`."""
    begin, end = _count_common_prefix(old, new), _count_common_prefix(gone_cell[::-1], new[::-1])
    return new in (old, gone_cell) or (end > 0 and begin + end >= len(new))


def _count_common_prefix(first: str, second: str) -> int:
    """Return the number of characters with which both texts begin."""
    pairs = zip(first, second, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _align_rows(was: pd.DataFrame, has: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows and columns in both tables, before and now; each key occurs once."""
    rows = [frame[~frame.index.duplicated()] for frame in (was, has)]
    common = rows[0].index.intersection(rows[1].index)
    columns = was.columns.intersection(has.columns)
    old, new = (frame.loc[common, columns] for frame in rows)
    return old, new


@VERSIONS.rule(
    FindingSeverity.WARNING,
    "every filled cell of a column of facts differs from the last version; reported by the run, "
    "not published",
    "see whether the column is missing, or is under the heading of another column",
    *BY_HAND,
)
def column_replaced(before: Summary, now: Summary) -> list[str]:
    """Return a line for each column of facts in which all filled cells, two or more, changed."""
    return [
        f"{table}.csv: column_replaced: all {len(filled):,} filled cells of {column} "
        f"differ from the last version ({_format_keys(filled)}); is the column missing, or under "
        "another heading?"
        for table, was, has in _pair_changed_tables(before, now)
        if table in get_rule("column_replaced").tables
        for old, new in [_align_rows(was, has)]
        for column in old.columns
        if len(filled := old.index[old[column] != ""]) > 1
        and (old.loc[filled, column] != new.loc[filled, column]).all()
    ]


@VERSIONS.rule(
    FindingSeverity.WARNING,
    "cells of a column of facts are in other rows than in the last version; reported by the run, "
    "not published",
    "see whether the column was shifted or sorted apart from the others",
    *TABLES,
)
def cells_changed_rows(before: Summary, now: Summary) -> list[str]:
    """Return a line for each column of facts in which rows exchanged their cells."""
    return [
        f"{table}.csv: cells_changed_rows: cells of {column} are in other rows than in the last "
        f"version: those of {_format_keys(moved)}; was the column shifted or sorted alone?"
        for table, was, has in _pair_changed_tables(before, now)
        for old, new in [_align_rows(was, has)]
        for column in old.columns
        if len(moved := _find_exchanged_rows(old[column], new[column]))
    ]


def _find_exchanged_rows(old: pd.Series, new: pd.Series) -> pd.Index:
    """Return the rows that exchanged cells; among three or more, one cell may be new."""
    moved = old.ne(new).to_numpy()
    fresh = Counter(new[moved]) - Counter(old[moved])
    return old.index[moved] if moved.sum() > max(1, 2 * fresh.total()) else old.index[:0]


@VERSIONS.rule(
    FindingSeverity.WARNING,
    "rows of a fitted table differ from the last version although the data of the fit are the "
    "same; reported by the run, not published",
    "run the command that writes the table with --check: the table was edited by hand, or the "
    "method changed",
    *(table for table in TABLES if "data_sha256" in fact_models.describe_columns(table)),
)
def fitted_rows_edited(before: Summary, now: Summary) -> list[str]:
    """Return a line for each fitted table that changed although its data did not."""
    return [
        f"{table}.csv: fitted_rows_edited: rows differ from those fitted to the same data in the "
        f"last version: {_format_keys(edited)}; run the command that writes it, with --check"
        for table, was, has in _pair_changed_tables(before, now)
        if table in get_rule("fitted_rows_edited").tables
        and len(edited := _find_edited_rows(was.drop(columns="note"), has.drop(columns="note")))
    ]


def _find_edited_rows(was: pd.DataFrame, has: pd.DataFrame) -> pd.Index:
    """Return the keys of changed, new and deleted rows; none if all data of the fit changed."""
    if not set(was["data_sha256"]) & set(has["data_sha256"]):
        return was.index[:0]
    both = [frame.set_index(list(frame.columns), append=True).index for frame in (was, has)]
    keys = both[0].symmetric_difference(both[1]).droplevel(list(was.columns))
    return keys.unique()


@VERSIONS.rule(
    FindingSeverity.WARNING,
    "a bound or the median of an answer is more than twice, or less than half, of its value in the "
    "last version; reported by the run, not published",
    "see which fact changed",
    "impact",
    number=21,
)
def magnitude_moved(before: Summary, now: Summary) -> list[str]:
    """Return a line for each bound and median that changed by more than the factor."""
    both = align_versions(before.answers, now.answers)
    lines = []
    for name, bound_words in BOUND_WORDS.items():
        pairs = both[[name + OLD, name + NEW]].dropna()
        moved = pairs[pairs.max(axis=1) > MOVED_FACTOR * pairs.min(axis=1)]
        lines += [
            f"impact.parquet: magnitude_moved: {_format_answer_key(key)} had {bound_words} "
            f"{first:,.0f} people in the last version, {then:,.0f} now; see which fact changed"
            for key, (first, then) in zip(moved.index, moved.to_numpy(), strict=True)
        ]
    return sorted(lines)


@VERSIONS.rule(
    FindingSeverity.WARNING,
    "an answer of the last version, or a bound or the median of an answer, is missing; reported by "
    "the run, not published",
    "see which fact is gone or in quarantine",
    "impact",
)
def answer_vanished(before: Summary, now: Summary) -> list[str]:
    """Return a line for each answer that lost a bound, its median or its status."""
    both, names = align_versions(before.answers, now.answers), [*BOUND_WORDS, STATUS]
    had, has = (both[[name + end for name in names]].set_axis(names, axis=1) for end in (OLD, NEW))
    gone = had.notna() & has.isna()
    return [
        f"impact.parquet: answer_vanished: {_format_answer_key(key)} has no "
        f"{', '.join(gone.columns[lost])} any more; see which fact is gone"
        for key, lost in zip(gone.index, gone.to_numpy(), strict=True)
        if lost.any()
    ]


@VERSIONS.rule(
    FindingSeverity.WARNING,
    "an answer has a weaker status than in the last version; reported by the run, not published",
    "see which fact is gone or in quarantine",
    "impact",
)
def status_fell(before: Summary, now: Summary) -> list[str]:
    """Return a line for each answer whose status is weaker than before."""
    both = align_versions(before.answers, now.answers)[[STATUS + OLD, STATUS + NEW]]
    ranks = {status: place for place, status in enumerate(STRENGTH)}
    rank = pd.DataFrame({name: both[name].map(ranks).astype("float64") for name in both})
    fell = both[rank[STATUS + NEW] > rank[STATUS + OLD]]
    return [
        f"impact.parquet: status_fell: {_format_answer_key(key)} had status {first} in the last "
        f"version, {then} now; see which fact changed"
        for key, (first, then) in zip(fell.index, fell.to_numpy(), strict=True)
    ]


def _report_cases(before: Summary, now: Summary, rule: str, cases: Iterable[Case]) -> list[str]:
    """Return a line for each case, if answers moved by more than a slight share."""
    selected = _compare(before, now).select_cases(cases)
    return [edits.format_case(case, rule, CONFIRM) for case in selected]


def _describe_kinds() -> edits.Kinds:
    """Return the kind of each column of each fact table."""
    return {table: fact_models.describe_columns(table) for table in TABLES}


@VERSIONS.rule(
    FindingSeverity.WARNING,
    "the end of a restriction, known in the last version, is gone or moved, and answers moved; "
    "reported by the run, not published",
    "compare the end with its page",
    "restrictions",
)
def end_changed(before: Summary, now: Summary) -> list[str]:
    """Return a line for each restriction with an end that is gone or moved."""
    cases = edits.list_end_changes(_compare(before, now).rows)
    return _report_cases(before, now, "end_changed", cases)


@VERSIONS.rule(
    FindingSeverity.WARNING,
    "a restriction lasts more than twice or less than half as long as in the last version, by its "
    "start or its days in force, and answers moved; reported by the run, not published",
    "compare the start and the days with their page",
    "restrictions",
)
def length_changed(before: Summary, now: Summary) -> list[str]:
    """Return a line for each restriction whose length changed by the factor."""
    day = pd.Timestamp(now.as_of) if now.as_of else pd.Timestamp(0)
    cases = edits.list_length_changes(_compare(before, now).rows, day)
    return _report_cases(before, now, "length_changed", cases)


@VERSIONS.rule(
    FindingSeverity.WARNING,
    "a row of facts speaks of another area, service, restriction, survey, population, kind or unit "
    "than in the last version, or of a time more than a year away, and answers moved; reported by "
    "the run, not published",
    "compare the row with its page; a new figure is a new row",
    *BY_HAND,
)
def subject_changed(before: Summary, now: Summary) -> list[str]:
    """Return a line for each row that speaks of something else."""
    cases = edits.list_subject_changes(_compare(before, now).rows, _describe_kinds())
    return _report_cases(before, now, "subject_changed", cases)


@VERSIONS.rule(
    FindingSeverity.WARNING,
    "a number of facts is at least twice or at most half of what it was in the last version, and "
    "answers moved; reported by the run, not published",
    "compare the number with its page; a zero may be missing or too many",
    *BY_HAND,
)
def number_rescaled(before: Summary, now: Summary) -> list[str]:
    """Return a line for each row with a number that changed by the factor."""
    cases = edits.list_rescaled_numbers(_compare(before, now).rows, _describe_kinds())
    return _report_cases(before, now, "number_rescaled", cases)


@VERSIONS.rule(
    FindingSeverity.WARNING,
    "one row of a fact table is gone since the last version, and answers moved; reported by the "
    "run, not published",
    "see why the row is gone",
    *BY_HAND,
)
def row_gone(before: Summary, now: Summary) -> list[str]:
    """Return a line for each fact table that lost one row, on which answers rested."""
    cases = edits.list_single_gone_rows(_compare(before, now).rows, _describe_kinds())
    return _report_cases(before, now, "row_gone", cases)


@VERSIONS.rule(
    FindingSeverity.WARNING,
    "numbers of people of a published table more than doubled or fell below a half, although no "
    "row of facts is new and no end became known; reported by the run, not published",
    "see which fact, method or library changed",
    *list_published(table for table in OF_ANSWERS if table != "impact"),
)
def numbers_rescaled(before: Summary, now: Summary) -> list[str]:
    """Return a line for each published table with numbers that changed by the factor."""
    differences = _compare(before, now)
    if edits.has_additions(differences.rows):
        return []
    return [
        f"{name_files(moves.table)}: numbers_rescaled: in {len(moves.rescaled):,} rows a number of "
        f"people more than doubled or fell below a half, most of all {format_move(moves.rescaled)};"
        " see which fact changed"
        for moves in differences.moves
        if moves.table in OF_ANSWERS and moves.table != "impact" and len(moves.rescaled)
    ]


def _format_answer_key(key: tuple[str, str]) -> str:
    """Return the restriction, and the metric unless it is the people exposed."""
    restriction, metric = key
    return (
        restriction if metric == ImpactMetric.PEOPLE_EXPOSED.value else f"{restriction} ({metric})"
    )


def list_changes(before: Summary, now: Summary) -> list[str]:
    """Return a line for each kind of large change: its first case, and how many there are."""
    cases = [run(before, now) for run in VERSIONS.runs.values()]
    return [count_cases(lines, "audience-impact diff") for lines in cases if lines]


def list_notes(before: Summary, now: Summary) -> list[str]:
    """Return lines about the facts that differ and the numbers that moved, none of them a warning.

    A line names the first row of its kind. There are none where no number moved.
    """
    differences = _compare(before, now)
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


def name_files(table: str) -> str:
    """Return the file of a computed table, or the pattern of those that it is published in."""
    return f"{table}{'_*' * (len(list_published([table])) > 1)}.parquet"


def _format_new_rows(table: str, rows: Sequence[Row]) -> str:
    keys = ", ".join(row.key for row in rows[:3]) + f" and {len(rows) - 3:,} more" * (len(rows) > 3)
    return f"{table}.csv: facts_added: {len(rows):,} new: {keys}"
