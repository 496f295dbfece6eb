"""A version to compare, with its facts and answers; the rows and answers that two versions have.

Definitions. An answer is a row of `impact`, keyed by restriction and metric, or the people of an
area under all restrictions of a year, keyed by area and year. There is an estimate if the row has a
median. An answer moved beyond its interval if the new median is outside the old interval or,
without medians, the new bounds are outside the old bounds. It moved slightly if no number changed
by more than SLIGHT_WIDTH_SHARE times the width of the old interval. Changes are ordered by the
change of the median, else of the upper bound.
"""

import csv
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from audience_impact.facts import reading
from audience_impact.facts.reading import Header
from audience_impact.facts.tables import PROVENANCE
from audience_impact.frames import Array
from audience_impact.store import manifest
from audience_impact.store.versions import Stored
from audience_impact.vocabulary import AnswerChange as Change
from audience_impact.vocabulary import FactChange, RestrictionKind

NAMING = (
    *("platform_id", "platform_ids", "feature", "area_id", "area_ids", "audience_metric"),
    *("population_base", "period", "publisher", "name", "parameter", "kind"),
)
"""Columns by which a reader recognises a row."""
Files = Mapping[str, bytes]
"""The fact files of a version by name, such as `0/estimates.csv` in the first layer."""
Keys = Mapping[str, Sequence[str]]
"""The columns of the key of each fact table."""
NUMBERS = [f"{name}_persons" for name in ("printed_min", "q05", "q50", "q95", "printed_max")]
STATUS = "obs_status"
ANSWER = [*NUMBERS, STATUS]
IMPACT_KEY, AREA_KEY = ["restriction_id", "impact_metric"], ["area_id", "period"]
KEY = ["subject_id", "aspect"]
"""Key of an answer: restriction and metric, or area and year."""
OLD, NEW = "_old", "_new"
SLIGHT_WIDTH_SHARE = 0.01
"""Change of an answer, as a share of the width of its old interval, up to which it is slight."""
TELLING = [f"{name}_persons" for name in ("q50", "printed_max", "printed_min", "q05", "q95")]
ORDER = list(Change)


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


def key_answers(rows: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """Return bounds, quantiles (whole persons) and status of the rows of a table, by key."""
    numbers = dict.fromkeys(NUMBERS, "float64")
    return rows[[*key, *ANSWER]].astype({**numbers, STATUS: "object"}).set_index(key).round()


def combine_answers(impact: pd.DataFrame, by_area: pd.DataFrame) -> pd.DataFrame:
    """Return the answers of a version by KEY: those of restrictions and of years of areas.

    `by_area` has rows by AREA_KEY and kind of restriction.
    """
    is_year = by_area["period"].str.len() == len("2025")
    years = by_area[is_year & (by_area["kind"] == RestrictionKind.ALL.value)]
    parts = [key_answers(impact, IMPACT_KEY), key_answers(years, AREA_KEY)]
    return pd.concat([part.rename_axis(KEY) for part in parts])


def compare_answers(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Return the answers of two versions side by side, the most important change first.

    Columns have the ends OLD and NEW, with nulls where a version lacks an answer; `change` is an
    AnswerChange, `measure` is the first of TELLING that changed, and `moved_persons` the size of
    this change; a missing number counts as 0.
    """
    both = old.add_suffix(OLD).join(new.add_suffix(NEW), how="outer")
    change = pd.Series(_classify_changes(both), both.index)
    moves = np.column_stack([_measure_move(both, name) > 0 for name in TELLING])
    place = moves.argmax(axis=1)
    first, then = (both[[name + end for name in TELLING]].fillna(0.0) for end in (OLD, NEW))
    moved = (then.to_numpy() - first.to_numpy())[np.arange(len(both)), place]
    table = both.assign(
        change=change, measure=np.array(TELLING)[place].astype(object), moved_persons=moved
    )
    order = pd.DataFrame({"rank": change.map(ORDER.index), "size": -np.abs(moved)}, both.index)
    return table.loc[order.sort_index().sort_values(["rank", "size"], kind="stable").index]


def _classify_changes(both: pd.DataFrame) -> list[Change]:
    was, now = (both[f"{STATUS}{end}"].notna() for end in (OLD, NEW))
    had, has = (both[f"q50_persons{end}"].notna() for end in (OLD, NEW))
    moves = np.column_stack([_measure_move(both, name) for name in NUMBERS])
    width = (both["q95_persons_old"] - both["q05_persons_old"]).to_numpy("float64")
    slight = (moves <= SLIGHT_WIDTH_SHARE * width[:, None]).all(axis=1)
    same_status = both[f"{STATUS}{OLD}"].eq(both[f"{STATUS}{NEW}"])
    middle = both["q50_persons_new"]
    is_outside = (middle < both["q05_persons_old"]) | (middle > both["q95_persons_old"])
    apart = both["printed_max_persons_new"] < both["printed_min_persons_old"]
    apart |= both["printed_min_persons_new"] > both["printed_max_persons_old"]
    conditions = {
        Change.VANISHED: (was & ~now) | (had & ~has),
        Change.APPEARED: (now & ~was) | (has & ~had),
        Change.BEYOND_INTERVAL: is_outside.where(had & has, apart),
        Change.SAME: (moves == 0).all(axis=1) & same_status,
        Change.STATUS_ALONE: (moves == 0).all(axis=1),
        Change.MOVED_SLIGHTLY: slight & same_status,
    }
    picked = np.select([*conditions.values()], [*range(len(conditions))], len(conditions))
    return [[*conditions, Change.MOVED][place] for place in picked]


def _measure_move(both: pd.DataFrame, name: str) -> Array:
    """Return the absolute change of a number, in persons; inf if only one version has it."""
    old, new = (both[name + end].to_numpy("float64") for end in (OLD, NEW))
    far = np.where(np.isnan(old) & np.isnan(new), 0.0, np.abs(new - old))
    return np.where(np.isnan(far), np.inf, far)


@dataclass(frozen=True, eq=False)
class ComparedVersion:
    """One of two versions that are compared; or facts computed now, named by their folders.

    Attributes:
        settings: What the numbers depend on besides the facts, as `describe_settings` returns it.
        answers: The answers, as `combine_answers` returns them.
        files: The fact files, and `keys` the key columns of each fact table.
        read_table: Returns a published table; raises PublishError where it is damaged.
        counts: The number of rows of each published table.
        refused_count: Rows of facts that are in quarantine.
    """

    name: str
    is_published: bool
    settings: Mapping[str, str]
    answers: pd.DataFrame
    files: Files = field(default_factory=dict)
    keys: Keys = field(default_factory=dict)
    read_table: Callable[[str], pd.DataFrame] = lambda _: pd.DataFrame()
    counts: Mapping[str, int] = field(default_factory=dict)
    refused_count: int = 0


def describe_settings(
    as_of: date, seed: int, method: str, options: frozenset[str]
) -> dict[str, str]:
    """Return, as text by name, every setting except the facts that determines the numbers."""
    return {
        "the day": f"{as_of}",
        "the seed": f"{seed}",
        "the method": method,
        "the options": ", ".join(sorted(options)) or "none",
    }


def read_published(stored: Stored) -> ComparedVersion:
    """Return a published version for a comparison; raise PublishError where it is damaged."""
    version = stored.version
    quarantine = stored.read_table("quarantine")[["row_layer", "file", "line"]]
    by_year = pd.concat(
        [stored.read_table(name) for name in ("countries_by_year", "regions_by_year")]
    )
    by_area = by_year.assign(period=by_year["year"].astype("str"))
    return ComparedVersion(
        stored.id,
        True,
        describe_settings(version.as_of, version.seed, *version.method),
        combine_answers(stored.read_table("impact"), by_area),
        stored.fact_files(),
        stored.fact_keys(),
        stored.read_table,
        stored.count_rows(),
        len(quarantine.drop_duplicates()),
    )
