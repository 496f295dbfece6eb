"""One restriction computed anew from the facts, with everything that its answer came from.

The published tables say what was used. What was passed over, and why, only the stages know: so
facts are read and checked as in `run`, and each stage is asked. All facts stay; the audiences of
the one restriction alone are computed, which changes none of its numbers.
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
from audience_impact.outputs.lineage import INPUTS, located
from audience_impact.pipeline import Only, Outputs, Settings, Stages
from audience_impact.store.versions import Stored
from audience_impact.tracing.candidates import candidates
from audience_impact.tracing.draws import Drawn, quantiles
from flows.pipeline import steps

OWN = ("impact", "impact_by_platform", "comparisons", "lineage", "person_days", "restrictions")
"""Result tables that tell of a restriction."""


class UnknownRestrictionError(LookupError):
    """No such restriction is among the facts that keep the rules; the message is a line."""


@dataclass(frozen=True)
class Basis:
    """What an answer is computed from: facts, its day, and what a run may ask for."""

    checked: steps.Checked
    as_of: date
    seed: int
    repair: bool


@dataclass(frozen=True)
class Recomputed:
    """A restriction computed anew.

    Attributes:
        restriction_id: Which.
        basis: From what.
        stages: What each stage handed on.
        frames: The rows of the restriction in the result tables OWN.
        candidates: Every fact that was looked at (tracing.candidates.COLUMNS).
        drawn: What is drawn, step by step.
        published: The rows of `impact` in the published version, and that; None without one.
    """

    restriction_id: str
    basis: Basis
    stages: Stages
    frames: Tables
    candidates: pd.DataFrame
    drawn: list[Drawn]
    published: tuple[Stored, pd.DataFrame] | None

    @property
    def tables(self) -> Tables:
        """The typed facts."""
        return self.basis.checked.tables

    @property
    def act(self) -> dict[str, Any]:
        """The restriction as it stands in the facts, with what the scope says of it."""
        rows = self.tables["restrictions"].set_index("restriction_id").loc[self.restriction_id]
        scope = self.stages.scope.by_id.loc[self.restriction_id]
        return {**rows.to_dict(), **scope.to_dict()}

    def used(self, *roles: str) -> pd.DataFrame:
        """Facts of these roles as table `lineage` has them."""
        rows = self.frames["lineage"]
        return rows[rows["role"].isin(roles)].assign(passed_over="")

    def looked(self, *roles: str, **cells: str) -> pd.DataFrame:
        """Candidates of these roles with these cells."""
        rows = self.candidates[self.candidates["role"].isin(roles)]
        for name, cell in cells.items():
            rows = rows[rows[name] == cell]
        return rows

    def of(self, *whats: str) -> list[Drawn]:
        """What is drawn of these names."""
        return [one for one in self.drawn if one.what in whats]

    def impact(self, metric: str) -> "pd.Series[Any]":
        """The row of a metric in the result table."""
        return self.frames["impact"].set_index("impact_metric").loc[metric]


def checked(folders: Sequence[Path], today: date) -> steps.Checked:
    """The facts, read and checked as in a run; bad rows are left out.

    Raises RefusedError where a fact table cannot be used.
    """
    return steps.gate(steps.check(steps.read(folders), today), strict=False)


def recomputed(
    checked: steps.Checked, restriction_id: str, version: Stored | None = None
) -> Recomputed:
    """The restriction computed anew; with the seed, and from the same facts the day, of a version.

    Raises:
        UnknownRestrictionError: It is not among the facts.
        RefusedError: No source is left.
        PublishError: The published version is damaged.
    """
    known = checked.tables["restrictions"]["restriction_id"]
    if not known.eq(restriction_id).any():
        raise UnknownRestrictionError(_unknown(restriction_id, list(known)))
    if checked.tables["sources"].empty:
        raise steps.RefusedError(
            ["no source is left that says when the facts were read: see check"]
        )
    basis = _basis(checked, version)
    tables = checked.tables
    settings = Settings(seed=basis.seed, repair=basis.repair, sensitivity=False)
    alone = Only(frozenset({restriction_id}), frozenset())
    found, _ = pipeline.prepared(tables, basis.as_of, basis.repair, alone)
    outputs = Outputs(tables, found, settings)
    own = {name: _own(outputs[name], restriction_id) for name in OWN}
    published = None
    if version is not None:
        rows = version.table("impact", dtype_backend="numpy_nullable")
        published = version, _own(rows, restriction_id)
    return Recomputed(
        restriction_id,
        basis,
        found,
        own,
        candidates(found, tables),
        quantiles(found.simulation, outputs.sampler),
        published,
    )


def _own(frame: pd.DataFrame, restriction_id: str) -> pd.DataFrame:
    return frame[frame["restriction_id"] == restriction_id].reset_index(drop=True)


def _unknown(restriction_id: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(restriction_id, known)
    hint = f"did you mean {' or '.join(near)}?" if near else "see audience-impact list"
    return f"{restriction_id} is not among the facts that keep the rules; {hint}"


def _basis(checked: steps.Checked, version: Stored | None) -> Basis:
    newest = pipeline.newest_access(checked.tables)
    if version is None:
        return Basis(checked, newest, 0, False)
    told = version.version
    day = told.as_of if told.inputs_sha256 == checked.inputs_sha256 else newest
    return Basis(checked, day, told.seed, steps.REPAIR in told.method_version.split("+"))


class Facts:
    """The rows of fact tables by where they stand, with who measured them."""

    def __init__(self, found: Recomputed) -> None:
        """Take the facts of a restriction computed anew."""
        self.tables, self.folders = found.tables, found.basis.checked.folders
        self._said: dict[tuple[str, int, int], str] = {}

    def row(self, table: str, layer: int, line: int) -> dict[str, Any]:
        """The cells of a row, as plain objects; without blanks."""
        frame = self.tables[table]
        rows = frame[(frame["row_layer"] == layer) & (frame["row_line"] == line)]
        (cells,) = records.plain_rows(rows)
        return {name: cell for name, cell in cells.items() if cell not in (None, "")}

    def place(self, table: str, layer: int, line: int) -> str:
        """FILE:LINE; with its folder where there are several."""
        name = f"{table}.csv:{line}"
        return name if len(self.folders) == 1 else f"{self.folders[layer - 1].name}/{name}"

    def attributions(self, rows: pd.DataFrame) -> pd.DataFrame:
        """`attribution` and `url` of rows (`input_table`, `input_id`, PROVENANCE), in their order.

        Blank of tables that hold no figures of measurers.
        """
        names = {*INPUTS, "restriction_targets"}
        small = {
            name: self._some(name, rows[rows["input_table"] == name]) if name in names else frame
            for name, frame in self.tables.items()
        }
        told = located(small)[["input_table", "row_layer", "row_line", "attribution", "url"]]
        key = ["input_table", "row_layer", "row_line"]
        return rows[key].merge(told, on=key, how="left")[["attribution", "url"]].fillna("")

    def _some(self, name: str, rows: pd.DataFrame) -> pd.DataFrame:
        frame = self.tables[name]
        keys = pd.MultiIndex.from_frame(frame[["row_layer", "row_line"]])
        return frame[keys.isin(pd.MultiIndex.from_frame(rows[["row_layer", "row_line"]]))]
