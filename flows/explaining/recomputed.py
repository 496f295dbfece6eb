"""One restriction computed again from the facts, with everything that its answer depends on.

Published tables name the facts that were used; only the stages know the excluded facts and the
reasons. So facts are read and checked as in `run`. Only the audiences of this restriction are
computed, which changes none of its numbers.
"""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from audience_impact import pipeline
from audience_impact.answers import records
from audience_impact.facts.tables import Tables
from audience_impact.outputs.lineage import INPUTS, locate_facts
from audience_impact.pipeline import Outputs, Selection, Settings, Stages
from audience_impact.store.versions import Stored
from audience_impact.tracing.candidates import list_candidates
from audience_impact.tracing.draws import TracedNumber, trace_numbers
from flows.pipeline import steps

RESTRICTION_TABLES = (
    "impact",
    "impact_by_platform",
    "comparisons",
    "lineage",
    "person_days",
    "restrictions",
)
"""Result tables with rows of a restriction."""


class UnknownRestrictionError(LookupError):
    """The restriction is not among the valid facts; the message is one line."""


@dataclass(frozen=True)
class Basis:
    """The input of an answer: facts, its day, and the options of a run."""

    checked: steps.Checked
    as_of: date
    seed: int
    repair: bool


@dataclass(frozen=True)
class RecomputedAnswer:
    """A restriction computed again.

    Attributes:
        restriction_id: The id of the restriction.
        basis: The facts, day and options.
        stages: The results of all stages.
        frames: The rows of the restriction in RESTRICTION_TABLES.
        candidates: Every fact that was considered (tracing.candidates.COLUMNS).
        drawn: The draws, step by step.
        published: The rows of `impact` in the published version, and that; None without one.
    """

    restriction_id: str
    basis: Basis
    stages: Stages
    frames: Tables
    candidates: pd.DataFrame
    drawn: list[TracedNumber]
    published: tuple[Stored, pd.DataFrame] | None

    @property
    def tables(self) -> Tables:
        """Return the typed facts."""
        return self.basis.checked.tables

    @property
    def restriction_cells(self) -> dict[str, Any]:
        """Return the cells of the restriction in the facts and in the scope."""
        rows = self.tables["restrictions"].set_index("restriction_id").loc[self.restriction_id]
        scope = self.stages.scope.by_id.loc[self.restriction_id]
        return {**rows.to_dict(), **scope.to_dict()}

    def list_used(self, *roles: str) -> pd.DataFrame:
        """Return the rows of `lineage` with these roles."""
        rows = self.frames["lineage"]
        return rows[rows["role"].isin(roles)].assign(passed_over="")

    def list_candidates(self, *roles: str, **cells: str) -> pd.DataFrame:
        """Return the candidates with these roles and cells."""
        rows = self.candidates[self.candidates["role"].isin(roles)]
        for name, cell in cells.items():
            rows = rows[rows[name] == cell]
        return rows

    def select_draws(self, *whats: str) -> list[TracedNumber]:
        """Return the draws with these names."""
        return [draw for draw in self.drawn if draw.what in whats]

    def impact_row(self, metric: str) -> "pd.Series[Any]":
        """Return the row of a metric in `impact`."""
        return self.frames["impact"].set_index("impact_metric").loc[metric]


def check_facts(folders: Sequence[Path], today: date) -> steps.Checked:
    """Return the facts, read and checked as in a run; invalid rows are left out.

    Raises RefusedError where a fact table cannot be used.
    """
    return steps.refuse_errors(steps.validate_facts(steps.read_facts(folders), today), strict=False)


def recompute_answer(
    checked: steps.Checked, restriction_id: str, version: Stored | None = None
) -> RecomputedAnswer:
    """Return the restriction computed again, with the seed of a version.

    The day is that of the version if its facts are the same.

    Raises:
        UnknownRestrictionError: It is not among the facts.
        RefusedError: No valid source remains.
        PublishError: The published version is damaged.
    """
    restriction_ids = checked.tables["restrictions"]["restriction_id"]
    if not restriction_ids.eq(restriction_id).any():
        raise UnknownRestrictionError(_format_unknown(restriction_id, list(restriction_ids)))
    if checked.tables["sources"].empty:
        raise steps.RefusedError(["no valid source dates the facts: run audience-impact check"])
    basis = _choose_basis(checked, version)
    tables = checked.tables
    settings = Settings(seed=basis.seed, repair=basis.repair, sensitivity=False)
    alone = Selection(frozenset({restriction_id}), frozenset())
    stages, _ = pipeline.prepare_run(tables, basis.as_of, basis.repair, alone)
    outputs = Outputs(tables, stages, settings)
    frames = {
        name: _select_restriction(outputs[name], restriction_id) for name in RESTRICTION_TABLES
    }
    published = None
    if version is not None:
        rows = version.read_table("impact", dtype_backend="numpy_nullable")
        published = version, _select_restriction(rows, restriction_id)
    return RecomputedAnswer(
        restriction_id,
        basis,
        stages,
        frames,
        list_candidates(stages, tables),
        trace_numbers(stages.simulation, outputs.sampler),
        published,
    )


def _select_restriction(frame: pd.DataFrame, restriction_id: str) -> pd.DataFrame:
    return frame[frame["restriction_id"] == restriction_id].reset_index(drop=True)


def _format_unknown(restriction_id: str, restriction_ids: Sequence[str]) -> str:
    near = difflib.get_close_matches(restriction_id, restriction_ids)
    hint = f"did you mean {' or '.join(near)}?" if near else "see audience-impact list"
    return f"{restriction_id} is not among the valid facts; {hint}"


def _choose_basis(checked: steps.Checked, version: Stored | None) -> Basis:
    newest = pipeline.find_newest_access(checked.tables)
    if version is None:
        return Basis(checked, newest, 0, False)
    record = version.version
    day = record.as_of if record.inputs_sha256 == checked.inputs_sha256 else newest
    return Basis(checked, day, record.seed, steps.REPAIR in record.method_version.split("+"))


class FactRows:
    """The rows of fact tables by layer and line, with their measurers."""

    def __init__(self, answer: RecomputedAnswer) -> None:
        self.tables, self.folders = answer.tables, answer.basis.checked.folders
        self._sentences: dict[tuple[str, int, int], str] = {}

    def find_row(self, table: str, layer: int, line: int) -> dict[str, Any]:
        """Return the cells of a row that are not blank, as plain objects."""
        frame = self.tables[table]
        rows = frame[(frame["row_layer"] == layer) & (frame["row_line"] == line)]
        (cells,) = records.plain_rows(rows)
        return {name: cell for name, cell in cells.items() if cell not in (None, "")}

    def format_place(self, table: str, layer: int, line: int) -> str:
        """Return FILE:LINE, with the folder where there are several."""
        name = f"{table}.csv:{line}"
        return name if len(self.folders) == 1 else f"{self.folders[layer - 1].name}/{name}"

    def find_attributions(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return `attribution` and `url` of rows (`input_table`, `input_id`, PROVENANCE) in order.

        Both are blank for tables without figures of measurers.
        """
        names = {*INPUTS, "restriction_targets"}
        small = {
            name: self._select_rows(name, rows[rows["input_table"] == name])
            if name in names
            else frame
            for name, frame in self.tables.items()
        }
        origins = locate_facts(small)[
            ["input_table", "row_layer", "row_line", "attribution", "url"]
        ]
        key = ["input_table", "row_layer", "row_line"]
        return rows[key].merge(origins, on=key, how="left")[["attribution", "url"]].fillna("")

    def _select_rows(self, name: str, rows: pd.DataFrame) -> pd.DataFrame:
        frame = self.tables[name]
        keys = pd.MultiIndex.from_frame(frame[["row_layer", "row_line"]])
        return frame[keys.isin(pd.MultiIndex.from_frame(rows[["row_layer", "row_line"]]))]
