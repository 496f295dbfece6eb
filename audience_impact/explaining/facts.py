"""The trace of an answer: what a run published of a restriction, and the rows of facts behind it.

Rows of the fact tables are read by layer and line, with their measurers.
"""

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from audience_impact.facts.reading import FORMER_NAMES
from audience_impact.facts.tables import Tables
from audience_impact.outputs.lineage import INPUTS, RESTRICTION_TABLES, name_origin
from audience_impact.store.versions import Stored, write_words
from audience_impact.tracing.items import ITEMS
from audience_impact.vocabulary import ObsStatus, SourceType, TraceStep, Unit, YesNo

Cells = dict[str, str]
"""Cells of a row by column, as written in the file, without blank cells."""
SHARE = Unit.SHARE.value
YES_NO = (YesNo.YES.value, YesNo.NO.value)
"""Words for booleans."""
TABLES = (
    *("restrictions", "impact", "comparisons", "lineage", "candidates", "steps"),
    "person_days",
)
"""Published tables with the rows of a restriction that an explanation shows."""


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
        lines = self._read_lines(at.layer, at.table)
        if at.line > len(lines) or not lines[at.line - 1]:
            return {}
        names, cells = csv.reader([lines[0], lines[at.line - 1]])
        pairs = zip((FORMER_NAMES.get(name, name) for name in names), cells, strict=False)
        return {name: cell for name, cell in pairs if cell}

    def list_rows(self, table: str) -> list[tuple[FactLine, Cells]]:
        """Return the rows of a table in all layers."""
        places = [
            FactLine(table, layer, line)
            for layer in range(1, self.layers_count + 1)
            for line in range(2, len(self._read_lines(layer, table)) + 1)
        ]
        return [(at, cells) for at in places if (cells := self.find_row(at))]

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

    def _read_lines(self, layer: int, table: str) -> list[str]:
        name = f"{layer - 1}/{table}.csv"
        if name not in self._lines:
            text = self._files.get(name, b"").decode("utf-8-sig")
            self._lines[name] = [line.removesuffix("\r") for line in text.split("\n")]
        return self._lines[name]


@dataclass(frozen=True)
class Fact:
    """A fact that was used, or excluded for a reason (`passed_over`)."""

    role: str
    table: str
    id: str
    place: str
    says: str
    attribution: str
    url: str
    persons: float | None
    cells: Cells
    passed_over: str


@dataclass(frozen=True)
class Trace:
    """The rows of a restriction in TABLES, as published, and the facts that they name by line.

    `origin` is a sentence on where the numbers come from.
    """

    restriction_id: str
    tables: Tables
    fact_rows: FactRows
    origin: str

    def select_steps(self, step: TraceStep) -> pd.DataFrame:
        """Return the rows of a step, with the words of each item as `text`."""
        rows = self.tables["steps"]
        rows = rows[rows["step"] == step.value]
        cells = zip(rows["item"], rows["details"].fillna(""), strict=True)
        text = [ITEMS[item].write_words(details) for item, details in cells]
        return rows.assign(text=pd.Series(text, rows.index, "str"))

    def list_used(self, *roles: str) -> list[Fact]:
        """Return the facts in the rows of `lineage` with these roles."""
        rows = self.tables["lineage"]
        rows = rows[rows["role"].isin(roles)].sort_values(["row_layer", "row_line"])
        return self.describe_rows(rows.assign(passed_over="", persons=float("nan")))

    def list_candidates(self, role: str, **cells: str) -> pd.DataFrame:
        """Return the candidates with this role and cells: used ones first, then by reason."""
        rows = self.tables["candidates"].fillna({"passed_over": ""})
        for name, cell in {"role": role, **cells}.items():
            rows = rows[rows[name] == cell]
        return rows.sort_values(["passed_over", "row_layer", "row_line"])

    def describe_candidates(self, role: str, **cells: str) -> list[Fact]:
        """Return the candidates with this role and cells as facts."""
        return self.describe_rows(self.list_candidates(role, **cells))

    def impact_row(self, metric: str) -> "pd.Series[object]":
        """Return the row of a metric in `impact`; cells without a text are blank."""
        row = self.tables["impact"].set_index("impact_metric").loc[metric]
        return row.where(row.notna() | row.index.str.endswith("_persons"), "")

    def describe_rows(self, rows: pd.DataFrame) -> list[Fact]:
        """Return the facts in rows of `candidates`, or rows with their columns."""
        return [
            self.describe_fact(
                FactLine(row["input_table"], int(row["row_layer"]), int(row["row_line"])),
                row["input_id"],
                row["role"],
                None if pd.isna(row["persons"]) else float(row["persons"]),
                row["passed_over"],
            )
            for row in rows.to_dict("records")
        ]

    def describe_fact(
        self,
        at: FactLine,
        fact_id: str,
        role: str,
        persons: float | None = None,
        passed_over: str = "",
    ) -> Fact:
        """Return the description of the fact at a line of the files."""
        cells = self.fact_rows.find_row(at)
        return Fact(
            role,
            at.table,
            fact_id,
            self.fact_rows.format_place(at),
            summarise_fact(at.table, cells, persons) if cells else "",
            *self.fact_rows.find_attribution(at.table, cells),
            persons,
            cells,
            passed_over,
        )


def read_trace(version: Stored, restriction_id: str) -> Trace:
    """Return the trace of a restriction in a version; raise PublishError if it is damaged."""
    facts = FactRows(version.fact_files())
    origin = f"Published in version {version.id}."
    return make_trace(version.read_arrow, restriction_id, facts, origin)


def make_trace(
    read: Callable[[str], pa.Table], restriction_id: str, facts: FactRows, origin: str
) -> Trace:
    """Return the trace of a restriction from the published tables that `read` returns by name."""
    chosen = pc.field("restriction_id") == restriction_id
    tables = {name: write_words(read(name).filter(chosen), *YES_NO).to_pandas() for name in TABLES}
    return Trace(restriction_id, tables, facts, origin)


class Cell(str):
    """A cell of a fact table that a number format reads as a number."""

    __slots__ = ()

    def __format__(self, form: str) -> str:
        """Return the cell as it is, or as a number in a format."""
        return format(float(self), form) if form else str(self)


SUMMARIES = {
    "bases": "{persons:,.0f} {population_base} in {period}",
    "restriction_targets": "{platform_id} {feature} ({claim_status})",
    "restrictions": "{action}, {severity}",
    "network_use": "{least_share:.4g} to {most_share:.4g} of those online",
    "network_shares": "{users_share:.4g} of the users, on {as_name}",
    "surveys": "{respondents:,.0f} asked, in {period}",
}
"""The content of a fact in a few words, by table; other tables have a figure."""


def summarise_fact(table: str, cells: Cells, persons: float | None = None) -> str:
    """Return the content of a fact in a few words; `persons` is a share in persons."""
    if table in SUMMARIES:
        text = SUMMARIES[table].format_map({name: Cell(cell) for name, cell in cells.items()})
        return f"{text}, projected" if cells.get("obs_status") == ObsStatus.FORECAST else text
    if "data_sha256" in cells:
        value = float(cells.get("value") or cells["mean"])
        return f"{value:.4g}; {cells.get('note', '')}"
    is_of_share = persons is not None and cells.get("unit") == SHARE
    return _format_figure(cells) + (f" = {persons:,.0f} persons" if is_of_share else "")


def _format_figure(cells: Cells) -> str:
    """Return a figure with its unit, kind, population and period."""
    unit = cells.get("unit", SHARE)
    form = "{:.4g}".format if unit == SHARE else "{:,.0f}".format
    names = ("value", "share", "low", "high", "low_share", "high_share")
    numbers = " to ".join(form(float(cells[name])) for name in names if name in cells)
    kind = cells.get("interval_kind", "none")
    kind = f" {kind}" if kind != "none" else ""
    words = [
        cells[name]
        for name in ("audience_metric", "feature", "population_base", "age", "asked", "period")
        if name in cells
    ]
    return ", ".join([f"{numbers} {unit}{kind}", *words])
