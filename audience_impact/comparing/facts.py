"""The fact tables that differ between two versions: rows as text, by key, and each cell."""

import csv
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from audience_impact.facts import reading
from audience_impact.facts.reading import Header
from audience_impact.facts.tables import PROVENANCE
from audience_impact.store import manifest
from audience_impact.vocabulary import FactChange

NAMING = (
    *("platform_id", "platform_ids", "feature", "area_id", "area_ids", "audience_metric"),
    *("population_base", "period", "publisher", "name", "parameter", "kind"),
)
"""Columns by which a reader recognises a row."""
Files = Mapping[str, bytes]
"""The fact files of a version by name, such as `0/estimates.csv` in the first layer."""
Keys = Mapping[str, Sequence[str]]
"""The columns of the key of each fact table."""


@dataclass(frozen=True)
class Row:
    """A row that differs.

    `places` are file and line in the old and the new version, and `sides` the cells of the row in
    both versions; they are empty for a version that does not have the row.
    """

    table: str
    key: str
    change: FactChange
    places: tuple[str, str]
    sides: tuple[Mapping[str, str], Mapping[str, str]]

    @property
    def changed_cells(self) -> dict[str, tuple[str, str]]:
        """The old and new cell of each changed column; empty for added or removed rows."""
        old, new = self.sides
        return {name: (old[name], new[name]) for name in old if new and old[name] != new[name]}

    @property
    def naming_cells(self) -> dict[str, str]:
        """The cells by which a reader can identify the row."""
        cells = self.sides[1] or self.sides[0]
        return {name: cells[name] for name in NAMING if cells.get(name)}

    def collect_values(self, *columns: str) -> set[str]:
        """Return the values of these columns in both versions, with lists split into items."""
        cells = (side.get(name, "") for side in self.sides for name in columns)
        return {part for cell in cells for part in cell.split(";") if part}


@dataclass(frozen=True, eq=False)
class ChangedTable:
    """A fact table that differs: its rows in both versions, indexed by their key as text."""

    table: str
    old: pd.DataFrame
    new: pd.DataFrame

    @cached_property
    def gone(self) -> pd.Index:
        """The keys of rows that only the old version has."""
        return self.old.index.difference(self.new.index, sort=False)

    def align_cells(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the cells of the rows in both versions, before and now."""
        both = self.old.index.intersection(self.new.index, sort=False)
        columns = [name for name in self.old if name not in PROVENANCE]
        return self.old.loc[both, columns], self.new.loc[both, columns]

    @cached_property
    def rows(self) -> list[Row]:
        """The rows that differ, by key."""
        was, now = self.align_cells()
        same = (was.to_numpy() == now.to_numpy()).all(axis=1)
        differ = {*was.index[~same], *self.old.index.symmetric_difference(self.new.index)}
        first, then = (
            side[side.index.isin(differ)].to_dict(orient="index") for side in (self.old, self.new)
        )
        return [_make_row(self.table, key, first.get(key), then.get(key)) for key in sorted(differ)]


def _make_row(
    table: str, key: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None
) -> Row:
    change = FactChange.ADDED if not old else FactChange.REMOVED if not new else FactChange.CHANGED
    first, then = (
        {name: cell for name, cell in (side or {}).items() if name not in PROVENANCE}
        for side in (old, new)
    )
    return Row(table, key, change, (_format_place(old), _format_place(new)), (first, then))


def _format_place(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return ""
    beyond = f" (layer {row['row_layer']})" * (row["row_layer"] > 1)
    return f"{row['row_file']}:{row['row_line']}{beyond}"


def list_changed_tables(old: Files, new: Files, keys: Keys) -> list[ChangedTable]:
    """Return the tables that differ between two sets of files, by name.

    Tables without columns in `keys` are left out.
    """
    names = {name.split("/")[1].removesuffix(".csv") for name in {**old, **new}}
    changed = []
    for table in sorted(names & {*keys}):
        sides = [
            {name: files[name] for name in files if name.endswith(f"/{table}.csv")}
            for files in (old, new)
        ]
        if sides[0] != sides[1]:
            contents = [content for files in sides for content in files.values()]
            header = _read_header(contents, keys[table])
            rows = (_read_rows(table, files, header) for files in sides)
            changed.append(ChangedTable(table, *rows))
    return changed


def _read_header(contents: Iterable[bytes], key: Sequence[str]) -> Header:
    first_lines = [
        content.partition(b"\n")[0].decode("utf-8-sig", "replace") for content in contents
    ]
    columns = dict.fromkeys(
        reading.FORMER_NAMES.get(name, name) for cells in csv.reader(first_lines) for name in cells
    )
    return Header([*columns], key, True, frozenset(columns) - {*key}, is_blank_a_key=True)


def _read_rows(table: str, files: Files, header: Header) -> pd.DataFrame:
    """Return the rows of a table by key, layers merged; a repeated key gets a number."""
    with tempfile.TemporaryDirectory() as folder:
        layers = manifest.write_layers(files, Path(folder))
        rows = reading.read_tables(layers, {table: header})[0][table]
    # Layers that lack the table count as well.
    numbers = sorted(1 + int(name.split("/")[0]) for name in files)
    rows = rows.assign(row_layer=rows["row_layer"].map(dict(enumerate(numbers, 1))))
    first, *rest = (rows[name] for name in header.key)
    keys = first.str.cat(rest, sep="|") if rest else first
    number = rows.groupby(keys).cumcount()
    return rows.set_axis(keys.where(number == 0, keys + "#" + number.astype("str")))
