"""The rows of the fact tables behind an answer, read by layer and line, with their measurers."""

import csv
from collections.abc import Mapping
from functools import cached_property
from typing import NamedTuple

from audience_impact.facts.reading import FORMER_NAMES
from audience_impact.outputs.lineage import INPUTS, RESTRICTION_TABLES, name_origin
from audience_impact.vocabulary import SourceType

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
