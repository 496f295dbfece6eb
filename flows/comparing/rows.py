"""Rows of facts that differ between two versions, and the facts with some of them taken over.

Definitions. Rows are compared by key, cell by cell, as text. Rows that belong together make one
edit: a row that was added or removed with those that point at it, and a source with the rows that
cite it. Sources of which nothing but SAYS changed are one edit.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from audience_impact.facts.tables import PROVENANCE, Tables
from audience_impact.vocabulary import FactChange, FindingSeverity
from flows.pipeline import steps
from schemas import facts as fact_models

Node = tuple[str, str]
SAYS = {"title", "url", "publisher", "licence", "note", "published_on", "accessed_on"}
"""Columns of a source that say what it is."""
PAGES = ("source_id", "also_source_id")
NAMING = (
    *("platform_id", "platform_ids", "feature", "area_id", "area_ids", "audience_metric"),
    *("population_base", "period", "publisher", "name", "parameter", "kind"),
)
"""Columns by which a reader knows a row."""


@dataclass(frozen=True)
class Row:
    """A row that differs.

    `places` are file and line in the old and the new version, blank where it is not; `sides` are
    the cells of the row in both, without any where it is not.
    """

    table: str
    key: str
    change: FactChange
    places: tuple[str, str]
    sides: tuple[Mapping[str, str], Mapping[str, str]]

    @property
    def node(self) -> Node:
        """Table and key."""
        return self.table, self.key

    @property
    def cells(self) -> dict[str, tuple[str, str]]:
        """The old and the new cell of each column that differs; of rows in both alone."""
        old, new = self.sides
        return {name: (old[name], new[name]) for name in old if new and old[name] != new[name]}

    @property
    def names(self) -> dict[str, str]:
        """Cells that say what the row is of."""
        told = self.sides[1] or self.sides[0]
        return {name: told[name] for name in NAMING if told.get(name)}

    @property
    def source_ids(self) -> list[str]:
        """The sources that it cites, or is."""
        return sorted({side[name] for side in self.sides for name in PAGES if side.get(name)})


class Pair:
    """The facts of two versions, as text."""

    def __init__(self, old: Tables, new: Tables) -> None:
        self.keys, self.references = fact_models.keys(), fact_models.references()
        self.old = {table: self._keyed(table, old[table]) for table in fact_models.TABLES}
        self.new = {table: self._keyed(table, new[table]) for table in fact_models.TABLES}

    def _keyed(self, table: str, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows by key; where a key is blank or repeats, by its place as well."""
        first, *rest = (frame[name] for name in self.keys[table])
        key = first.str.cat(rest, sep="|") if rest else first
        again = frame.groupby(key).cumcount()
        return frame.set_axis(key.where(again == 0, key + "#" + again.astype("str")))

    @cached_property
    def rows(self) -> list[Row]:
        """The rows that differ, table by table in the order of their keys."""
        return [row for table in fact_models.TABLES for row in self._rows(table)]

    def _rows(self, table: str) -> Iterator[Row]:
        old, new = self.old[table], self.new[table]
        columns = [name for name in old if name not in PROVENANCE]
        both = old.index.intersection(new.index, sort=False)
        same = (old.loc[both, columns].to_numpy() == new.loc[both, columns].to_numpy()).all(axis=1)
        differ = {*both[~same], *old.index.symmetric_difference(new.index)}
        first, then = (side[side.index.isin(differ)].to_dict(orient="index") for side in (old, new))
        for key in sorted(differ):
            yield _row(table, key, first.get(key, {}), then.get(key, {}))

    @cached_property
    def _sound(self) -> tuple[Tables, Tables]:
        """The old rows of tables that differ, and all new rows, that are sound by themselves."""
        differ = {row.table for row in self.rows}
        return _sound({table: self.old[table] for table in differ}), _sound(self.new)

    def taken_over(self, rows: Collection[Row]) -> Tables:
        """The old facts with the new of these rows, in the order of the new, each row with a place.

        Rows that are not sound by themselves are in quarantine on either side, and left out. Tables
        that differ get lines of their own, since rows of two files may share one.
        """
        old, new = self._sound
        taken: dict[str, set[str]] = {table: set() for table in old}
        for row in rows:
            taken[row.table].add(row.key)
        mixed = {table: self._mixed(table, keys) for table, keys in taken.items()}
        return {table: mixed.get(table, new[table]).reset_index(drop=True) for table in new}

    def _mixed(self, table: str, taken: set[str]) -> pd.DataFrame:
        """A table that differs, with the new rows of these keys and the old of all others."""
        (old, new), order = (side[table] for side in self._sound), self._order(table)
        differ = {row.key for row in self.rows if row.table == table}
        mixed = pd.concat(
            [old[old.index.isin(differ - taken)], new[~new.index.isin(differ - taken)]]
        )
        mixed = mixed.loc[sorted(mixed.index, key=order.__getitem__)]
        return mixed.assign(row_layer=1, row_line=range(2, len(mixed) + 2))

    def _order(self, table: str) -> dict[str, tuple[int, int]]:
        """The place of each row: in the new facts; what was removed follows what it followed."""
        places = {key: (place, 0) for place, key in enumerate(self.new[table].index)}
        last = (-1, 0)
        for number, key in enumerate(self.old[table].index, 1):
            places.setdefault(key, (last[0], number))
            last = places[key]
        return places

    def edits(self) -> list[list[Row]]:
        """The rows that differ, those together that belong together."""
        number = {row.node: place for place, row in enumerate(self.rows)}
        ties = [
            (place, number[node])
            for place, row in enumerate(self.rows)
            for column, target in self.references[row.table].items()
            for side in row.sides
            for part in side.get(column, "").split(";")
            for node in [(target, part)]
            if node in number and _is_reason(self.rows[number[node]])
        ]
        one, other = zip(*ties, strict=True) if ties else ((), ())
        shape = (len(number), len(number))
        graph = csr_array((np.ones(len(ties)), (one, other)), shape=shape)
        _, part = connected_components(graph, directed=False)
        edits: dict[int, list[Row]] = {}
        for place, row in enumerate(self.rows):
            edits.setdefault(int(part[place]), []).append(row)
        words = [edit for edit in edits.values() if all(map(_says, edit))]
        rest = [edit for edit in edits.values() if not all(map(_says, edit))]
        return rest + [[row for edit in words for row in edit]] * bool(words)


def _sound(tables: Tables) -> Tables:
    """The rows that are sound by themselves."""
    found = steps.held({table: frame.reset_index(drop=True) for table, frame in tables.items()})
    bad = {one.place for one in found if one.severity is FindingSeverity.ERROR}
    places = {
        table: zip(frame["row_layer"], frame["row_line"], strict=True)
        for table, frame in tables.items()
    }
    return {
        table: frame[np.array([(table, *place) not in bad for place in places[table]], dtype=bool)]
        for table, frame in tables.items()
    }


def _is_reason(row: Row) -> bool:
    return row.table == "sources" or row.change is not FactChange.CHANGED


def _says(row: Row) -> bool:
    """Whether nothing changed of a row but what says which source it is."""
    changed = row.change is FactChange.CHANGED
    return row.table == "sources" and changed and row.cells.keys() <= SAYS


def _row(table: str, key: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Row:
    change = FactChange.ADDED if not old else FactChange.REMOVED if not new else FactChange.CHANGED
    first, then = (
        {name: cell for name, cell in side.items() if name not in PROVENANCE} for side in (old, new)
    )
    return Row(table, key, change, (_place(old), _place(new)), (first, then))


def _place(row: Mapping[str, Any]) -> str:
    """File and line of a row, and the number of the layer beyond the first."""
    if not row:
        return ""
    beyond = f" (layer {row['row_layer']})" * (row["row_layer"] > 1)
    return f"{row['row_file']}:{row['row_line']}{beyond}"


def merged(edits: Sequence[list[Row]], most: int) -> list[list[Row]]:
    """Where there are more edits than asked for, those of a table and source as one, or of a table.

    The table of an edit is that of most of its rows: what is asked for may still be exceeded.
    """
    found = list(edits)
    for takes_sources in (True, False):
        if len(found) > most:
            parts: dict[tuple[str, ...], list[Row]] = {}
            for edit in found:
                ((table, _),) = Counter(row.table for row in edit).most_common(1)
                sources = edit[0].source_ids if takes_sources else []
                parts.setdefault((table, *sources), []).extend(edit)
            found = list(parts.values())
    return found
