"""Summaries of the last version and of this run, and the differences between them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, lru_cache, partial
from pathlib import Path

import pandas as pd

from audience_impact.comparing.compared_versions import ANSWER, IMPACT_KEY, key_answers
from audience_impact.comparing.edits import Case
from audience_impact.comparing.facts import FactFiles, Row, list_differences
from audience_impact.comparing.moves import SLIGHT_SHARE, TableMoves, measure_moves
from audience_impact.rules import Stage
from audience_impact.store import AwayError, PublishError, versions
from audience_impact.store.divided import (
    DIVISIONS,
    count_computed,
    list_computed,
    list_published,
    read_computed,
)
from audience_impact.store.versions import Stored
from audience_impact.vocabulary import RuleStage
from flows.pipeline.steps import Results, build_headers
from schemas import facts as fact_models
from schemas import published
from schemas.facts import TABLES

BY_HAND = tuple(
    table for table in TABLES if "data_sha256" not in fact_models.describe_columns(table)
)
"""The tables of facts that people edit; the others are fitted to these."""
READ = [*IMPACT_KEY, *ANSWER]
"""The columns of table `impact` that are compared."""
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

    @property
    def has_facts(self) -> bool:
        """Return whether both versions have their facts, so that their rows can be compared."""
        return bool(self.before.facts.files and self.now.facts.files)

    @cached_property
    def rows(self) -> Sequence[Row]:
        """Return the rows of facts that differ; none where a version has no facts."""
        files = self.before.facts.files, self.now.facts.files
        return list_differences(*files, fact_models.list_keys()) if self.has_facts else []

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
def compare_summaries(before: Summary, now: Summary) -> Differences:
    """Return the differences of two versions, which all rules about them share."""
    return Differences(before, now)


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
    """Return the summary of the latest version, as far as it can be read.

    A damaged version is treated as missing, because the next run repairs it.
    """
    rows: Mapping[str, int] = {}
    try:
        version = versions.find_latest(root)
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


def name_files(table: str) -> str:
    """Return the file of a computed table, or the pattern of those that it is published in."""
    return f"{table}{'_*' * (len(list_published([table])) > 1)}.parquet"
