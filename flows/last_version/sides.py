"""The last version and a run as sides of a comparison, and how numbers moved between them.

Definition. A number moved by a share: its change, divided by the larger of the two numbers; a
number that is new or gone moved by 1. Rows are compared by their key; the place of a fact in its
file is no part of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from audience_impact.comparing import compared_versions
from audience_impact.comparing.changes import Comparison
from audience_impact.comparing.compared_versions import (
    ANSWER,
    IMPACT_KEY,
    ComparedVersion,
    describe_settings,
    key_answers,
)
from audience_impact.frames import Array
from audience_impact.store import AwayError, PublishError, versions
from flows.pipeline.steps import Results
from schemas import facts as fact_models
from schemas import published

READ = [*IMPACT_KEY, *ANSWER]
"""The columns of table `impact` that are compared."""
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
PLACES = ("row_layer", "row_line")
LEAST_SHARE, SLIGHT_SHARE = 1e-6, 0.01
"""Share by which a number moved up to which it is rounding, and below which it is slight."""
PEOPLE, LEAST_PEOPLE = ("persons", "person_days", "person_hours"), 1000.0
"""Ends of the names of columns that count people, and the fewest whose factor is compared."""


@dataclass(frozen=True)
class TableMoves:
    """The moves of a published table, of which both versions have `count` rows.

    `rows` are those that moved, by key: `column`, `old`, `new` and `share` of the largest move of
    each, the largest first. `rescaled` has the same of numbers of people that are above zero in
    both versions, for rows in which one more than doubled or is less than half.
    """

    table: str
    count: int
    rows: pd.DataFrame
    rescaled: pd.DataFrame
    gone_count: int
    new_count: int

    @property
    def has_moved(self) -> bool:
        """Whether a number moved, or a row is new or gone."""
        return bool(len(self.rows) or self.gone_count or self.new_count)

    @property
    def largest_share(self) -> float:
        """The largest share by which a number moved; 1 where a row is gone."""
        return max(float(self.rows["share"].max()) if len(self.rows) else 0.0, self.gone_count > 0)


def measure_moves(
    table: str, old: pd.DataFrame, new: pd.DataFrame, key: Sequence[str]
) -> TableMoves:
    """Return the moves of all numbers of a table that both versions have."""
    by = [name for name in key if name not in PLACES]
    was, has = (frame.drop_duplicates(by).set_index(by) for frame in (old, new))
    shared = was.index.intersection(has.index)
    numbers = was.select_dtypes("number").columns.intersection(has.columns)
    names = numbers.difference(PLACES, sort=False)
    first, then = (frame.loc[shared, names].astype("float64") for frame in (was, has))
    before, now = first.to_numpy(), then.to_numpy()
    largest = np.fmax(np.abs(before), np.abs(now))
    change = np.nan_to_num(np.abs(now - before) / np.where(largest > 0.0, largest, 1.0))
    share = np.where(np.isnan(before) == np.isnan(now), change, 1.0)
    is_of_people = names.str.endswith(PEOPLE) & (largest >= LEAST_PEOPLE)
    people_share = np.where(is_of_people & (before > 0.0) & (now > 0.0), share, 0.0)
    return TableMoves(
        table,
        len(shared),
        _choose_largest(first, then, share, LEAST_SHARE),
        _choose_largest(first, then, people_share, 1.0 - 1.0 / RESCALED_FACTOR),
        len(was) - len(shared),
        len(has) - len(shared),
    )


def _choose_largest(
    first: pd.DataFrame, then: pd.DataFrame, share: Array, least: float
) -> pd.DataFrame:
    if not share.shape[1]:
        return pd.DataFrame({"share": []})
    places = (np.arange(len(share)), share.argmax(axis=1))
    moves = pd.DataFrame(
        {
            "column": first.columns.to_numpy()[places[1]],
            "old": first.to_numpy()[places],
            "new": then.to_numpy()[places],
            "share": share[places],
        },
        first.index,
    )
    return moves[moves["share"] > least].sort_values("share", ascending=False, kind="stable")


def format_moves(moves: TableMoves) -> str:
    """Return the moves of a table in a line: how many rows moved, and the largest move."""
    parts = [f"{len(moves.rows):,} of {moves.count:,} rows have other numbers"]
    parts += [f"{moves.gone_count:,} are gone"] * (moves.gone_count > 0)
    parts += [f"{moves.new_count:,} are new"] * (moves.new_count > 0)
    parts += [f"most of all {format_move(moves.rows)}"] if len(moves.rows) else []
    return ", ".join(parts)


def format_move(rows: pd.DataFrame) -> str:
    """Return the first of some moves: column, key of the row, and the two numbers."""
    key, first = rows.index[0], rows.iloc[0]
    label = " ".join(map(str, key)) if isinstance(key, tuple) else str(key)
    was, now = (
        "none" if np.isnan(number) else f"{number:,.0f}" if number >= 1e3 else f"{number:.6g}"
        for number in (first["old"], first["new"])
    )
    return f"{first['column']} of {label}, from {was} to {now}"


class LastComparison(Comparison):
    """The last version compared with a run."""

    @cached_property
    def moves(self) -> Sequence[TableMoves]:
        """The moves of each published table of which the last version has rows."""
        moves = []
        for table in published.TABLES:
            try:
                old = self.old.read_table(table)
            except PublishError:
                continue
            if len(old):
                key = published.KEYS[table]
                moves.append(measure_moves(table, old, self.new.read_table(table), key))
        return moves

    @cached_property
    def has_moved_answers(self) -> bool:
        """Whether an answer moved by more than a slight share, or is gone."""
        answers = (moves for moves in self.moves if moves.table in OF_ANSWERS)
        return any(moves.largest_share >= SLIGHT_SHARE for moves in answers)


def describe_results(results: Results) -> ComparedVersion:
    """Return results that are not published yet as a side of a comparison."""
    version = results.version
    return ComparedVersion(
        version.id,
        False,
        describe_settings(version.as_of, version.seed, *version.method),
        key_answers(results.tables["impact"].to_pandas(), IMPACT_KEY),
        results.files,
        fact_models.list_keys(),
        lambda name: results.tables[name].to_pandas(),
        results.count_rows(),
    )


def read_last_version(root: Path) -> ComparedVersion:
    """Return the latest version as far as it can be read.

    A damaged version is treated as missing, because the next run repairs it.
    """
    none = pd.DataFrame({name: [] for name in READ})
    side = ComparedVersion("", True, {}, key_answers(none, IMPACT_KEY))
    try:
        stored = versions.find_latest(root)
        side = replace(side, counts=stored.count_rows())
        impact = key_answers(stored.read_table("impact")[READ], IMPACT_KEY)
        read = compared_versions.read_published(stored)
        return replace(read, answers=impact, keys=fact_models.list_keys())
    except AwayError:
        raise
    except PublishError:
        return side
