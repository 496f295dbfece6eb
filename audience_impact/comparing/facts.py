"""Comparison of the facts of two versions as text: rows by key, and each cell."""

import csv
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
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
Keys = Mapping[str, Sequence[str]]
"""The columns of the key of each fact table."""


class FactFiles:
    """The fact files of a version by name, such as `0/estimates.csv` in the first layer."""

    def __init__(self, files: Mapping[str, bytes], headers: Mapping[str, Header]) -> None:
        self.files, self.headers = files, headers
        self.rows = cache(self._read_rows)

    def select_table(self, table: str) -> dict[str, bytes]:
        """Return the files of a table, one for each layer."""
        end = f"/{table}.csv"
        return {name: self.files[name] for name in self.files if name.endswith(end)}

    def _read_rows(self, table: str) -> pd.DataFrame:
        """Return the rows of a table as text with their places, layers merged."""
        files = self.select_table(table)
        with tempfile.TemporaryDirectory() as folder:
            layers = manifest.write_layers(files, Path(folder))
            tables, _ = reading.read_tables(layers, {table: self.headers[table]})
        # Layers that lack the table count as well.
        numbers = sorted(1 + int(name.split("/")[0]) for name in files)
        rows = tables[table]
        return rows.assign(row_layer=rows["row_layer"].map(dict(enumerate(numbers, 1))))


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
        """Return the old and new cell of each changed column; empty for added or removed rows."""
        old, new = self.sides
        return {name: (old[name], new[name]) for name in old if new and old[name] != new[name]}

    @property
    def naming_cells(self) -> dict[str, str]:
        """Return the cells by which a reader can identify the row."""
        cells = self.sides[1] or self.sides[0]
        return {name: cells[name] for name in NAMING if cells.get(name)}

    def collect_values(self, *columns: str) -> set[str]:
        """Return the values of these columns in both versions, with lists split into items."""
        cells = (side.get(name, "") for side in self.sides for name in columns)
        return {part for cell in cells for part in cell.split(";") if part}


def list_differences(old: Mapping[str, bytes], new: Mapping[str, bytes], keys: Keys) -> list[Row]:
    """Return the rows that differ between two sets of files, by table and key.

    Tables without columns in `keys` are left out.
    """
    headers = _read_headers({**old, **new}, [old, new], keys)
    both = FactFiles(old, headers), FactFiles(new, headers)
    return [
        row
        for table in headers
        if both[0].select_table(table) != both[1].select_table(table)
        for row in _compare_rows(
            table, *(_key_rows(side.rows(table), keys[table]) for side in both)
        )
    ]


def _read_headers(
    names: Mapping[str, bytes], sides: Sequence[Mapping[str, bytes]], keys: Keys
) -> dict[str, Header]:
    """Return the header of each table: all columns that any of its files has."""
    headers = {}
    for table in sorted({name.split("/")[1].removesuffix(".csv") for name in names} & keys.keys()):
        first_lines = [
            content.partition(b"\n")[0].decode("utf-8-sig", "replace")
            for files in sides
            for content in FactFiles(files, {}).select_table(table).values()
        ]
        columns = dict.fromkeys(
            reading.FORMER_NAMES.get(name, name)
            for cells in csv.reader(first_lines)
            for name in cells
        )
        optional = frozenset(columns) - {*keys[table]}
        headers[table] = Header([*columns], keys[table], True, optional, is_blank_a_key=True)
    return headers


def _key_rows(rows: pd.DataFrame, key: Sequence[str]) -> pd.DataFrame:
    """Return the rows by their key as text; a repeated key gets a number."""
    first, *rest = (rows[name] for name in key)
    keys = first.str.cat(rest, sep="|") if rest else first
    number = rows.groupby(keys).cumcount()
    return rows.set_axis(keys.where(number == 0, keys + "#" + number.astype("str")))


def _compare_rows(table: str, old: pd.DataFrame, new: pd.DataFrame) -> Iterator[Row]:
    columns = [name for name in old if name not in PROVENANCE]
    both = old.index.intersection(new.index, sort=False)
    same = (old.loc[both, columns].to_numpy() == new.loc[both, columns].to_numpy()).all(axis=1)
    differ = {*both[~same], *old.index.symmetric_difference(new.index)}
    first, then = (side[side.index.isin(differ)].to_dict(orient="index") for side in (old, new))
    for key in sorted(differ):
        yield _make_row(table, key, first.get(key, {}), then.get(key, {}))


def _make_row(table: str, key: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Row:
    change = FactChange.ADDED if not old else FactChange.REMOVED if not new else FactChange.CHANGED
    first, then = (
        {name: cell for name, cell in side.items() if name not in PROVENANCE} for side in (old, new)
    )
    return Row(table, key, change, (_format_place(old), _format_place(new)), (first, then))


def _format_place(row: Mapping[str, Any]) -> str:
    """Return file and line of a row, and the number of the layer for layers after the first."""
    if not row:
        return ""
    beyond = f" (layer {row['row_layer']})" * (row["row_layer"] > 1)
    return f"{row['row_file']}:{row['row_line']}{beyond}"
