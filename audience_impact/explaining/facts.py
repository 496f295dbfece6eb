"""The trace of an answer: what a run published of a restriction, and the rows of facts behind it.

Rows of the fact tables are read by layer and line, with their measurers.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import pandas as pd

from audience_impact.facts.reading import FORMER_NAMES
from audience_impact.facts.tables import Tables
from audience_impact.outputs.lineage import INPUTS, RESTRICTION_TABLES, name_origin
from audience_impact.store import PublishError
from audience_impact.store.divided import read_computed
from audience_impact.store.versions import Stored
from audience_impact.vocabulary import SourceType, TraceStep

Cells = dict[str, str]
"""Cells of a row by column, as written in the file, without blank cells."""


class FactLine(NamedTuple):
    """The place of a fact: its table, the number of its layer (from 1) and its line."""

    table: str
    layer: int
    line: int


class FactRows:
    """The rows of fact files (`0/estimates.csv` is a table of the first layer)."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files
        self._lines: dict[str, list[str]] = {}
        self.layers_count = 1 + max((int(name.split("/")[0]) for name in files), default=0)

    def find_row(self, at: FactLine) -> Cells:
        """Return the cells of a row; empty if the files have no such row."""
        lines = self._read_lines(f"{at.layer - 1}/{at.table}.csv")
        return _parse_row(lines, at.line) if at.line <= len(lines) else {}

    def list_rows(self, table: str) -> list[tuple[FactLine, Cells]]:
        """Return the rows of a table in all layers."""
        return [
            (FactLine(table, layer, line), _parse_row(lines, line))
            for layer in range(1, self.layers_count + 1)
            for lines in [self._read_lines(f"{layer - 1}/{table}.csv")]
            for line in range(2, len(lines) + 1)
            if lines[line - 1]
        ]

    def format_place(self, at: FactLine) -> str:
        """Return FILE:LINE of a row, with the number of the layer if there are several layers."""
        layer = f"{at.layer}/" if self.layers_count > 1 else ""
        return f"{layer}{at.table}.csv:{at.line}"

    def find_attribution(self, table: str, cells: Cells) -> tuple[str, str]:
        """Return the measurer of a fact, in words, and its address; both blank for other tables."""
        source = self._sources.get(cells.get("source_id", ""))
        if source is None or table not in {*INPUTS, *RESTRICTION_TABLES}:
            return "", ""
        publisher, url = source["publisher"], source.get("url", "")
        if table in RESTRICTION_TABLES:
            return publisher, url
        series = cells.get("measurement_series_id") or source.get("measurement_series_id", "")
        return name_origin(self._measurers.get(series), publisher, cells.get("period")), url

    @cached_property
    def _sources(self) -> dict[str, Cells]:
        return {cells["source_id"]: cells for _, cells in self.list_rows("sources")}

    @cached_property
    def _measurers(self) -> dict[str, str]:
        return {
            cells["measurement_series_id"]: cells["measurer"]
            for _, cells in self.list_rows("lineages")
            if cells.get("source_type") != SourceType.PRESS_RELAY and "measurer" in cells
        }

    def _read_lines(self, name: str) -> list[str]:
        if name not in self._lines:
            text = self._files.get(name, b"").decode("utf-8-sig")
            self._lines[name] = [line.removesuffix("\r") for line in text.split("\n")]
        return self._lines[name]


def _parse_row(lines: list[str], line: int) -> Cells:
    names, cells = csv.reader([lines[0], lines[line - 1]])
    pairs = zip((FORMER_NAMES.get(name, name) for name in names), cells, strict=False)
    return {name: cell for name, cell in pairs if cell}


TABLES = ("impact", "comparisons", "lineage", "candidates", "steps", "person_days")
"""Published tables with the rows of a restriction that an explanation shows."""


@dataclass(frozen=True)
class Trace:
    """The rows of a restriction in TABLES.

    Attributes:
        restriction_id: The id of the restriction.
        tables: The rows, as published.
        fact_rows: The facts that the rows name by line.
        origin: A sentence on where the numbers come from.
    """

    restriction_id: str
    tables: Tables
    fact_rows: FactRows
    origin: str

    def select_steps(self, step: TraceStep) -> pd.DataFrame:
        """Return the rows of the trace that belong to a step."""
        rows = self.tables["steps"]
        return rows[rows["step"] == step.value]

    def list_used(self, *roles: str) -> pd.DataFrame:
        """Return the rows of `lineage` with these roles."""
        rows = self.tables["lineage"]
        return rows[rows["role"].isin(roles)].assign(passed_over="")

    def list_candidates(self, role: str, **cells: str) -> pd.DataFrame:
        """Return the candidates with this role and cells."""
        rows = self.tables["candidates"]
        for name, cell in {"role": role, **cells}.items():
            rows = rows[rows[name] == cell]
        return rows.assign(passed_over=rows["passed_over"].fillna("").astype("str"))

    def impact_row(self, metric: str) -> "pd.Series[object]":
        """Return the row of a metric in `impact`; cells without a text are blank."""
        row = self.tables["impact"].set_index("impact_metric").loc[metric]
        return row.where(row.notna() | row.index.str.endswith("_persons"), "")


def read_trace(version: Stored, restriction_id: str) -> Trace:
    """Return the trace of a restriction in a version.

    Raise PublishError where the version has no traces, or is damaged.
    """
    if "steps.parquet" not in version.files:
        raise PublishError(
            f"version {version.id} was published by an older release, without traces: run "
            "`audience-impact run` again"
        )
    chosen = [("restriction_id", "==", restriction_id)]
    tables = {name: read_computed(version, name, filters=chosen) for name in TABLES}
    origin = f"Published in version {version.id}."
    return Trace(restriction_id, tables, FactRows(version.fact_files()), origin)
