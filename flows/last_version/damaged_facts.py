"""Rules that warn of damaged files of facts: rows and cells that are gone or changed places."""

from collections import Counter
from collections.abc import Iterator
from itertools import takewhile

import pandas as pd

from audience_impact.comparing.facts import FactFiles
from audience_impact.facts.tables import PROVENANCE
from audience_impact.rules import get_rule
from flows.last_version.summaries import BY_HAND, VERSIONS, Summary
from schemas import facts as fact_models
from schemas.facts import TABLES


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


@VERSIONS.rule(*TABLES)
def fact_rows_gone(before: Summary, now: Summary) -> list[str]:
    """Return a line for each fact table that lost more than one row."""
    return [
        f"{table}.csv: fact_rows_gone: {len(gone):,} rows of the last version are missing: "
        f"{_format_keys(gone)}; see why"
        for table, was, has in _pair_changed_tables(before, now)
        if len(gone := _find_gone_rows(was, has)) > 1
    ]


@VERSIONS.rule(*TABLES)
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


@VERSIONS.rule(*BY_HAND)
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


@VERSIONS.rule(*TABLES)
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


@VERSIONS.rule(*(table for table in TABLES if "data_sha256" in fact_models.describe_columns(table)))
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
