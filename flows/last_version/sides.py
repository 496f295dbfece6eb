"""The last version and a run as sides of a comparison, and how numbers moved between them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

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
from audience_impact.comparing.edits import Case
from audience_impact.comparing.moves import SLIGHT_SHARE, TableMoves, measure_moves
from audience_impact.rules import Stage
from audience_impact.store import AwayError, PublishError, versions
from audience_impact.vocabulary import RuleStage
from flows.pipeline.steps import Results
from schemas import facts as fact_models
from schemas import published

READ = [*IMPACT_KEY, *ANSWER]
"""The columns of table `impact` that are compared."""
INPUTS = frozenset({"input_table", "input", "step", "draw"})
"""Columns of the keys of tables of inputs, steps and draws, which show how an answer came about."""
OF_CHECKS = ("quality", "quarantine")
"""Published tables about the checks, of which a new row of facts moves the counts."""
OF_ANSWERS = tuple(
    table
    for table in published.TABLES
    if INPUTS.isdisjoint(published.KEYS[table]) and published.holds_results(table)
)
"""Tables whose numbers answer a question."""


class LastComparison(Comparison):
    """The last version compared with a run."""

    @cached_property
    def moves(self) -> Sequence[TableMoves]:
        """The moves of each published table."""
        moves = (self._measure_moves(table) for table in published.TABLES)
        return [of_table for of_table in moves if of_table]

    def _measure_moves(self, table: str) -> TableMoves | None:
        """Return the moves of a table; None where the last version has no rows of it."""
        try:
            old = self.old.read_table(table)
        except PublishError:
            return None
        if old.empty:
            return None
        return measure_moves(table, old, self.new.read_table(table), published.KEYS[table])

    @cached_property
    def has_moved_answers(self) -> bool:
        """Whether an answer moved by more than a slight share, or is gone."""
        answers = (moves for moves in self.moves if moves.table in OF_ANSWERS)
        return any(moves.largest_share >= SLIGHT_SHARE for moves in answers)

    def select_cases(self, cases: Iterable[Case]) -> list[Case]:
        """Return cases about changed facts, if answers moved; the moves are measured if needed."""
        listed = list(cases)
        return listed if listed and self.has_moved_answers else []


VERSIONS = Stage[Callable[[LastComparison], list[str]]](RuleStage.VERSIONS)
"""The rules over the last version and this one; each returns a line for each finding."""


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
