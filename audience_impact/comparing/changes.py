"""The comparison of two versions: changed answers, sizes of the changes, and related facts.

Definitions. An answer is a row of `impact`, keyed by restriction and metric, or the people of an
area under all restrictions of a year, keyed by area and year. There is an estimate if the row has a
median. An answer moved beyond its interval if the new median is outside the old interval or,
without medians, the new bounds are outside the old bounds. It moved slightly if no number changed
by more than SLIGHT_WIDTH_SHARE times the width of the old interval. Changes are ordered by the
change of the median, else of the upper bound.

A row of facts is related to an answer if it has the same restriction, was used for it, or belongs
to one of its countries and to one of its platforms or to none; a source or a measuring programme is
related if the answer uses it. A related change may or may not have caused the change of the answer:
imputation uses figures of all countries, so that an edit in one country may change an imputed
answer in another.
"""

import csv
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from audience_impact.answers.names import area_in_words
from audience_impact.facts import reading
from audience_impact.facts.reading import Header
from audience_impact.facts.tables import PROVENANCE
from audience_impact.frames import Array
from audience_impact.plain_text import ReadableError
from audience_impact.store import manifest
from audience_impact.store.versions import Stored, make_frame
from audience_impact.vocabulary import AnswerChange as Change
from audience_impact.vocabulary import FactChange, FactRole, RestrictionKind

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
RESTRICTION, COUNTRY, PAGE = "restriction_id", "country_id", "source_id"
AREAS = ("area_id", "area_ids", COUNTRY)
PLATFORMS = ("platform_id", "platform_ids")
PAGES = (PAGE, "also_source_id", "measurement_series_id")
FIGURES = (
    *(FactRole.AUDIENCE, FactRole.DAILY_AUDIENCE, FactRole.BASE, FactRole.FEATURE_SHARE),
    *(FactRole.CIRCUMVENTION, FactRole.OVERLAP),
)
"""Roles of the figures from which an answer is computed."""
Key = tuple[str, str]


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

    @cached_property
    def aligned_cells(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The cells of the rows in both versions, before and now."""
        both = self.old.index.intersection(self.new.index, sort=False)
        columns = [name for name in self.old if name not in PROVENANCE]
        return self.old.loc[both, columns], self.new.loc[both, columns]

    @cached_property
    def differs(self) -> NDArray[np.bool_]:
        """Whether each of the aligned cells differs."""
        was, now = self.aligned_cells
        return np.asarray(was.to_numpy() != now.to_numpy(), dtype=bool)

    @cached_property
    def rows(self) -> list[Row]:
        """The rows that differ, by key."""
        was = self.aligned_cells[0]
        differ = {
            *was.index[self.differs.any(axis=1)],
            *self.old.index.symmetric_difference(self.new.index),
        }
        sides = [side[side.index.isin(differ)] for side in (self.old, self.new)]
        first, then = (side.to_dict(orient="index") for side in sides)
        rows = []
        for key in sorted(differ):
            pair = first.get(key, {}), then.get(key, {})
            change = FactChange.REMOVED if pair[0] else FactChange.ADDED
            change = FactChange.CHANGED if all(pair) else change
            cells = [{name: side[name] for name in was if side} for side in pair]
            places = [_format_place(side) for side in pair]
            rows.append(Row(self.table, key, change, (places[0], places[1]), (cells[0], cells[1])))
        return rows


def _format_place(row: Mapping[str, Any]) -> str:
    if not row:
        return ""
    beyond = f" (layer {row['row_layer']})" * (row["row_layer"] > 1)
    return f"{row['row_file']}:{row['row_line']}{beyond}"


def _read_rows(files: Files, headers: Mapping[str, Header]) -> dict[str, pd.DataFrame]:
    """Return the rows of tables by key, layers merged; a repeated key gets a number."""
    with tempfile.TemporaryDirectory() as folder:
        layers = manifest.write_layers(files, Path(folder))
        tables = reading.read_tables(layers, headers)[0]
    for table, rows in tables.items():
        first, *rest = (rows[name] for name in headers[table].key)
        keys = first.str.cat(rest, sep="|") if rest else first
        number = rows.groupby(keys).cumcount()
        tables[table] = rows.set_axis(keys.where(number == 0, keys + "#" + number.astype("str")))
    return tables


def key_answers(rows: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """Return bounds, quantiles (whole persons) and status of the rows of a table, by key."""
    numbers = dict.fromkeys(NUMBERS, "float64")
    return rows[[*key, *ANSWER]].astype({**numbers, STATUS: "object"}).set_index(key).round()


def combine_answers(impact: pd.DataFrame, by_area: pd.DataFrame) -> pd.DataFrame:
    """Return answers by KEY: of restrictions, and of years of areas (by AREA_KEY and kind)."""
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
    first, then = (both[[name + end for name in TELLING]].to_numpy("float64") for end in (OLD, NEW))
    far = np.where(np.isnan(first) & np.isnan(then), 0.0, np.abs(then - first))
    moves = np.where(np.isnan(far), np.inf, far)
    place = (moves > 0).argmax(axis=1)
    moved = (np.nan_to_num(then) - np.nan_to_num(first))[np.arange(len(both)), place]
    change = pd.Series(_classify_changes(both, moves), both.index)
    measure = np.array(TELLING)[place].astype(object)
    table = both.assign(change=change, measure=measure, moved_persons=moved)
    order = pd.DataFrame({"rank": change.map(ORDER.index), "size": -np.abs(moved)}, both.index)
    return table.loc[order.sort_index().sort_values(["rank", "size"], kind="stable").index]


def _classify_changes(both: pd.DataFrame, moves: Array) -> list[Change]:
    """Return the kinds of changes; `moves` are absolute, inf if one version lacks the number."""
    was, now = (both[f"{STATUS}{end}"].notna() for end in (OLD, NEW))
    had, has = (both[f"q50_persons{end}"].notna() for end in (OLD, NEW))
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
        Change.MOVED_BEYOND_ITS_INTERVAL: is_outside.where(had & has, apart),
        Change.SAME: (moves == 0).all(axis=1) & same_status,
        Change.STATUS_ALONE: (moves == 0).all(axis=1),
        Change.MOVED_SLIGHTLY: slight & same_status,
    }
    picked = np.select([*conditions.values()], [*range(len(conditions))], len(conditions))
    return [[*conditions, Change.MOVED][place] for place in picked]


@dataclass(frozen=True, eq=False)
class ComparedVersion:
    """One of two versions that are compared; or facts computed now, named by their folders.

    Attributes:
        settings: What the numbers depend on besides the facts, as `describe_settings` returns it.
        answers: The answers, as `combine_answers` returns them.
        files: The fact files, and `keys` the key columns of each fact table.
        read_arrow: Returns a published table; raises PublishError where it is damaged.
        counts: The number of rows of each published table.
        refused_count: Rows of facts that are in quarantine.
    """

    name: str
    is_published: bool
    settings: Mapping[str, str]
    answers: pd.DataFrame
    files: Files = field(default_factory=dict)
    keys: Keys = field(default_factory=dict)
    read_arrow: Callable[[str], pa.Table] = lambda _: pa.table({})
    counts: Mapping[str, int] = field(default_factory=dict)
    refused_count: int = 0

    def read_table(self, name: str) -> pd.DataFrame:
        """Return a published table as a frame, as answers read it."""
        return make_frame(self.read_arrow(name))


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
    years = [stored.read_table(name) for name in ("countries_by_year", "regions_by_year")]
    by_year = pd.concat(years)
    by_area = by_year.assign(period=by_year["year"].astype("str"))
    return ComparedVersion(
        stored.id,
        True,
        describe_settings(version.as_of, version.seed, *version.method),
        combine_answers(stored.read_table("impact"), by_area),
        stored.fact_files(),
        stored.fact_keys(),
        stored.read_arrow,
        stored.count_rows(),
        len(quarantine.drop_duplicates()),
    )


@dataclass(frozen=True, eq=False)
class Comparison:
    """The differences between two versions; with `restriction`, its answers alone."""

    old: ComparedVersion
    new: ComparedVersion
    restriction: str = ""

    @cached_property
    def table(self) -> pd.DataFrame:
        """The answers, as `compare_answers` returns them."""
        table = compare_answers(self.old.answers, self.new.answers)
        if self.restriction:
            table = table[table.index.get_level_values(0) == self.restriction]
            if table.empty:
                reason = "is in neither of the two versions; see audience-impact list"
                raise ReadableError(f"{self.restriction} {reason}")
        return table

    @cached_property
    def changed_answers(self) -> pd.DataFrame:
        """The answers that changed, the most important first."""
        return self.table[self.table["change"] != Change.SAME]

    @property
    def has_facts(self) -> bool:
        """Whether both versions have their facts, so that their rows can be compared."""
        return bool(self.old.files and self.new.files)

    @cached_property
    def fact_tables(self) -> Sequence[ChangedTable]:
        """The fact tables that differ, by name; none where a version has no facts."""
        if not self.has_facts:
            return []
        old, new = self.old.files, self.new.files
        keys = {**self.new.keys, **self.old.keys}
        differing = {name for name in {*old, *new} if old.get(name) != new.get(name)}
        tables = {name.split("/")[1].removesuffix(".csv") for name in differing} & {*keys}
        headers = {}
        for table in sorted(tables):
            lines = [
                content.partition(b"\n")[0].decode("utf-8-sig", "replace")
                for name, content in [*old.items(), *new.items()]
                if name.endswith(f"/{table}.csv")
            ]
            names = (name for row in csv.reader(lines) for name in row)
            columns = dict.fromkeys(reading.FORMER_NAMES.get(name, name) for name in names)
            optional = frozenset(columns) - {*keys[table]}
            headers[table] = Header([*columns], keys[table], True, optional, is_blank_a_key=True)
        sides = [_read_rows(files, headers) for files in (old, new)]
        return [ChangedTable(table, *(side[table] for side in sides)) for table in headers]

    @cached_property
    def rows(self) -> Sequence[Row]:
        """The rows of facts that differ, by table and key."""
        return [row for table in self.fact_tables for row in table.rows]

    @property
    def sides(self) -> tuple[ComparedVersion, ComparedVersion]:
        """The old and the new version."""
        return self.old, self.new


def relate_rows(comparison: Comparison, answers: Iterable[Key]) -> dict[Key, list[int]]:
    """Return the numbers (from 1) of the changed fact rows that may concern answers, by KEY.

    Of a year these are the rows of the country and of its restrictions; none of a region.
    """
    by_subject = _number_rows(comparison.rows)
    lineage, restrictions = (
        pd.concat([side.read_table(name) for side in comparison.sides])
        for name in ("lineage", "restrictions")
    )
    lineage_of = dict(iter(lineage.groupby(RESTRICTION)))
    countries: dict[str, set[str]] = defaultdict(set)
    for key, codes in zip(restrictions[RESTRICTION], restrictions["country_ids"], strict=True):
        countries[key] |= {*codes.split(";")}

    def collect(keys: Iterable[Key]) -> set[int]:
        return set().union(*(by_subject[key] for key in keys))

    related = {}
    for subject, aspect in answers:
        if aspect.isdigit():
            acts = [(RESTRICTION, key) for key, of_act in countries.items() if subject in of_act]
            numbers = collect([(COUNTRY, subject), *acts])
        else:
            used = lineage_of.get(subject, lineage.iloc[:0])
            facts = zip(used["input_table"], used["input_id"], strict=True)
            pages, platforms = ((PAGE, page) for page in used[PAGE]), {*used["platform_id"]}
            numbers = collect([(RESTRICTION, subject), *facts, *pages])
            for number in collect((COUNTRY, area) for area in countries[subject]):
                named = comparison.rows[number - 1].collect_values(*PLATFORMS)
                if used.empty or not named or named & platforms:
                    numbers.add(number)
        related[subject, aspect] = sorted(numbers)
    return related


def _number_rows(rows: Sequence[Row]) -> defaultdict[Key, set[int]]:
    """Return the numbers of rows (from 1) by table and key, and by column and value."""
    by_subject = defaultdict[Key, set[int]](set)
    for number, row in enumerate(rows, 1):
        restrictions = row.collect_values(RESTRICTION)
        areas = set() if restrictions else row.collect_values(*AREAS)
        pages = row.collect_values(*PAGES) if row.table in ("sources", "lineages") else set()
        keys = [(row.table, row.key), *((RESTRICTION, name) for name in restrictions)]
        keys += [(COUNTRY, area.partition("-")[0]) for area in areas]
        for key in [*keys, *((PAGE, page) for page in pages)]:
            by_subject[key].add(number)
    return by_subject


def as_records(comparison: Comparison) -> dict[str, Any]:
    """Return the comparison for JSON; ReadableError where neither version has the restriction."""
    changed, exchanged = comparison.changed_answers, _list_exchanged_figures(comparison)
    related = relate_rows(comparison, changed.index)
    old, new = (side.settings for side in comparison.sides)
    was, now = (side.refused_count for side in comparison.sides)
    return {
        **{
            name: {key: getattr(side, key) for key in ("name", "is_published", "settings")}
            for name, side in zip(("old", "new"), comparison.sides, strict=True)
        },
        "counts": count_changes(comparison),
        "notes": [f"{was:,} rows of facts were in quarantine, now {now:,} are"] * bool(was or now),
        "settings": {name: [old[name], new[name]] for name in old if old[name] != new[name]},
        "rows": [
            {
                "row": number,
                "table": row.table,
                "key": row.key,
                "change": row.change.value,
                "old_place": row.places[0] or None,
                "new_place": row.places[1] or None,
                "names": row.naming_cells,
                "cells": {name: list(cells) for name, cells in row.changed_cells.items()},
            }
            for number, row in enumerate(comparison.rows, 1)
        ],
        "answers": [
            describe_answer(key, row)
            | {"beside": related[key], "figures": exchanged.get(key[0], [])}
            for key, row in changed.iterrows()
        ],
    }


def _list_exchanged_figures(comparison: Comparison) -> dict[str, list[dict[str, Any]]]:
    by = ["restriction_id", "role", "platform_id"]
    parts = []
    for side in comparison.sides:
        lineage = side.read_table("lineage")
        used = lineage[lineage["role"].isin(FIGURES)]
        texts = used["input_id"] + " (" + used["attribution"] + ")"
        parts.append(texts.groupby([used[name] for name in by]).agg(lambda ids: sorted(set(ids))))
    both = pd.concat(parts, axis=1, keys=["old", "new"]).reset_index()
    both = both[both["old"].notna() & both["new"].notna() & (both["old"] != both["new"])]
    return {
        str(restriction): rows.drop(columns="restriction_id").to_dict("records")
        for restriction, rows in both.groupby("restriction_id")
    }


def count_changes(comparison: Comparison) -> dict[str, int]:
    """Return how many restrictions and years of areas changed, by their most important change."""
    changed = comparison.table["change"]
    is_year = changed.index.get_level_values(1).str.isdigit()
    first, years = changed[~is_year].groupby(level=0).first(), changed[is_year]
    return {
        "restrictions": len(first),
        **{change.value: int((first == change).sum()) for change in Change},
        "area_years": len(years),
        "area_years_moved": int((~years.isin([Change.MOVED_SLIGHTLY, Change.SAME])).sum()),
    }


def describe_answer(key: Key, row: "pd.Series[Any]") -> dict[str, Any]:
    """Return an answer in both versions as a record."""
    is_year = key[1].isdigit()
    names = ("area_id", "year") if is_year else ("restriction_id", "impact_metric")
    record: dict[str, Any] = dict(zip(names, key, strict=True))
    if is_year:
        record["area_name"] = area_in_words(key[0], key[0])
    record |= {"change": str(row["change"]), "measure": row["measure"]}
    ends = [row[row["measure"] + end] for end in (OLD, NEW)]
    record["moved_persons"] = None if pd.isna(ends).any() else _simplify_cell(row["moved_persons"])
    for end in (OLD, NEW):
        cells = {name: _simplify_cell(row[name + end]) for name in ANSWER}
        record[end.strip("_")] = cells if cells["obs_status"] else None
    return record


def _simplify_cell(cell: Any) -> Any:
    if pd.isna(cell):
        return None
    return round(cell) if isinstance(cell, float) else cell
