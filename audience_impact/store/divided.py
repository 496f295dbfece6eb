"""Published tables in which a plain `groupby` is right, and the computed tables behind them.

A computed table may have rows that must not be added up: countries with the regions that contain
them, months with their years, several metrics. It is published as several tables, each with rows
of one kind. What needs all rows together, as the pages do, combines them again here.

Versions of a schema before 3.0 have the computed tables as they are.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from audience_impact.store.versions import Stored
from audience_impact.vocabulary import ImpactMetric

WORLD = "001"
CONTINENTS = ("002", "009", "019", "142", "150")
"""UN M49 codes of its regions, which are the continents."""
LEVELS = {WORLD: "world"}
LEVELS |= dict.fromkeys(CONTINENTS, "continent")
REGIONS = ("continent", "subregion", "world")
"""Levels of UN M49; regions of one level share no country."""
ALL = "all"
OF_YEARS = "^(?:began|carried_over|older|shutdown|service)_"
"""Columns of `impact_by_area` and `person_days` that months and restrictions do not have."""
OF_CONTINENTS = "^continent_name$"
"""The column that the world does not have."""
OF_COUNTRIES = "^base$"
"""The column of `impact_by_area` that regions do not have: their countries differ in it."""
OF_REGIONS = {
    level: f"{OF_COUNTRIES}|{OF_CONTINENTS}" if level == "world" else OF_COUNTRIES
    for level in REGIONS
}
"""Columns of `impact_by_area` that the regions of a level do not have."""
OF_EXPOSED = "^(?:clamped_draws_share|window_)"
"""Columns of `impact` about the people exposed that other metrics do not have."""
OF_FEATURES = "^feature_"
"""Columns of `person_days` that countries do not have, of which no figure joins restrictions."""


class Part(NamedTuple):
    """The rows of a computed table that a published table has.

    Attributes:
        table: The published table.
        kind: The kind of these rows.
        constant: A column that has the value ALL in each of them, which the published table lacks.
        empty: A pattern of the columns that are null in each of them, which it lacks as well.
    """

    table: str
    kind: str
    constant: str = ""
    empty: str = ""

    def list_lacking(self, columns: Iterable[str]) -> list[str]:
        """Return those columns of the computed table that the published one lacks."""
        names = pd.Index(list(columns))
        is_empty = names.str.contains(self.empty) if self.empty else names.isin([])
        return [*names[is_empty | (names == self.constant)]]

    def select_rows(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return rows of this kind as they are published; raise ValueError for a filled column."""
        lacking = self.list_lacking(rows.columns)
        empty = rows[lacking].drop(columns=self.constant, errors="ignore")
        filled = (empty.notna() & (empty != "")).any()
        if filled.any():
            names = ", ".join(filled.index[filled])
            raise ValueError(f"{self.table} has no column {names}, and a row has a value in it")
        return rows.drop(columns=lacking)


@dataclass(frozen=True)
class Division:
    """A computed table as several published ones.

    Attributes:
        parts: The published tables.
        key: Columns by which rows of the computed table are sorted.
        classify: Returns the kind of each of its rows.
    """

    parts: tuple[Part, ...]
    key: tuple[str, ...]
    classify: Callable[[pd.DataFrame], "pd.Series[str]"]

    def divide(self, frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
        """Return the published tables.

        Raises ValueError where a row belongs to none of them, or has a number in a column that its
        table lacks.
        """
        kinds = self.classify(frame)
        if others := sorted(set(kinds) - {part.kind for part in self.parts}):
            raise ValueError(f"no published table has rows of the kind {', '.join(others)}")
        return {part.table: part.select_rows(frame[kinds == part.kind]) for part in self.parts}

    def combine(self, tables: Mapping[str, pa.Table]) -> pa.Table:
        """Return the computed table from those published ones that are there, without metadata."""
        stacked = pa.concat_tables(
            [
                _add_constant(tables[part.table], part.constant)
                for part in self.parts
                if part.table in tables
            ],
            promote_options="default",
        )
        order = [(name, "ascending") for name in self.key]
        return stacked.sort_by(order).combine_chunks()


def _add_constant(table: pa.Table, name: str) -> pa.Table:
    bare = table.replace_schema_metadata()
    bare = bare.cast(pa.schema([pa.field(field.name, field.type) for field in bare.schema]))
    return bare.append_column(name, pa.array([ALL] * len(bare), pa.string())) if name else bare


def _classify_people(frame: pd.DataFrame) -> "pd.Series[str]":
    return frame["impact_metric"].astype("str")


def _classify_areas(frame: pd.DataFrame) -> "pd.Series[str]":
    return classify_areas(frame["area_id"]).radd(_classify_periods(frame) + " ")


def _classify_days(frame: pd.DataFrame) -> "pd.Series[str]":
    return classify_areas(frame["area_id"])


def _classify_person_days(frame: pd.DataFrame) -> "pd.Series[str]":
    is_together = frame["restriction_id"].astype("str") == ALL
    subject = is_together.map({True: "country", False: "restriction"}).astype("str")
    return subject.radd(_classify_periods(frame) + " ")


def _classify_periods(frame: pd.DataFrame) -> "pd.Series[str]":
    lengths = {len("2025"): "year", len("2025-01"): "month", len(ALL): ALL}
    return frame["period"].astype("str").str.len().map(lengths).fillna("other").astype("str")


def classify_areas(area_ids: "pd.Series[str]") -> "pd.Series[str]":
    """Return for each area whether it is a country, or its level in UN M49."""
    ids = area_ids.astype("str")
    others = ids.str.isdecimal().map({True: "subregion", False: "country"})
    return ids.map(LEVELS).fillna(others).astype("str")


DIVISIONS = {
    "impact": Division(
        (
            Part("impact", ImpactMetric.PEOPLE_EXPOSED.value),
            Part(
                "impact_feature_users", ImpactMetric.PEOPLE_FEATURE_EXPOSED.value, empty=OF_EXPOSED
            ),
            Part("impact_deprived", ImpactMetric.PEOPLE_DEPRIVED_NET.value, empty=OF_EXPOSED),
        ),
        ("restriction_id", "impact_metric"),
        _classify_people,
    ),
    "impact_by_area": Division(
        (
            Part("impact_by_area", "year country"),
            *(
                Part(f"impact_by_{level}", f"year {level}", empty=OF_REGIONS[level])
                for level in REGIONS
            ),
            Part("impact_by_area_month", "month country", empty=OF_YEARS),
            *(
                Part(
                    f"impact_by_{level}_month",
                    f"month {level}",
                    empty=f"{OF_YEARS}|{OF_REGIONS[level]}",
                )
                for level in REGIONS
            ),
        ),
        ("area_id", "period"),
        _classify_areas,
    ),
    "impact_by_day": Division(
        (
            Part("impact_by_day", "country"),
            *(Part(f"impact_by_{level}_day", level, empty=OF_REGIONS[level]) for level in REGIONS),
        ),
        ("area_id", "from_day"),
        _classify_days,
    ),
    "person_days": Division(
        (
            Part("person_days_by_area", "year country", "restriction_id", OF_FEATURES),
            Part(
                "person_days_by_area_month",
                "month country",
                "restriction_id",
                f"{OF_FEATURES}|{OF_YEARS}",
            ),
            Part("person_days_by_restriction", "year restriction", empty=OF_YEARS),
            Part("person_days_by_restriction_all_time", "all restriction", "period", OF_YEARS),
        ),
        ("restriction_id", "area_id", "period"),
        _classify_person_days,
    ),
}
"""The division of each computed table that is published as several."""


def list_published(computed: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the published tables of computed tables, in order."""
    return tuple(name for table in computed for name in _list_parts(table))


def _list_parts(table: str) -> tuple[str, ...]:
    division = DIVISIONS.get(table)
    return tuple(part.table for part in division.parts) if division else (table,)


def list_computed(published: Collection[str]) -> tuple[str, ...]:
    """Return the names of the computed tables that published ones are parts of, in order."""
    computed = {name: table for table in DIVISIONS for name in _list_parts(table)}
    return tuple(dict.fromkeys(computed.get(name, name) for name in published))


def count_computed(rows: Mapping[str, int]) -> dict[str, int]:
    """Return the number of rows of each computed table from those of the published ones."""
    return {
        table: sum(rows[name] for name in _list_parts(table) if name in rows) or rows.get(table, 0)
        for table in list_computed(rows)
    }


def divide_tables(frames: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the published tables of computed ones; what is not divided is unchanged.

    Raises ValueError where a row belongs to none of them.
    """
    published: dict[str, pd.DataFrame] = {}
    for table, frame in frames.items():
        division = DIVISIONS.get(table)
        published |= division.divide(frame) if division else {table: frame}
    return published


def combine_tables(table: str, tables: Mapping[str, pa.Table]) -> pa.Table:
    """Return a computed table from the published ones, or as it is where it is not divided."""
    return tables[table] if is_undivided(tables, table) else DIVISIONS[table].combine(tables)


_NULLABLE = {
    pa.int64(): pd.Int64Dtype(),
    pa.float64(): pd.Float64Dtype(),
    pa.string(): pd.StringDtype(),
}


def read_computed(version: Stored, table: str, **options: Any) -> pd.DataFrame:
    """Return a computed table of a version, from the published tables that it is divided into.

    Args:
        version: The version, of this schema or of an older one.
        table: The name of the computed table.
        options: Of `pandas.read_parquet`: `columns`, `filters` and `dtype_backend`.

    Raises:
        PublishError: The version is damaged.
    """
    if is_undivided(version.count_rows(), table):
        return version.read_table(table, **options)
    rows = combine_tables(table, {name: version.read_arrow(name) for name in _list_parts(table)})
    if filters := options.get("filters"):
        rows = rows.filter(pq.filters_to_expression(filters))
    if columns := options.get("columns"):
        rows = rows.select(columns)
    return rows.to_pandas(types_mapper=_NULLABLE.get if "dtype_backend" in options else None)


def is_undivided(published: Collection[str], table: str) -> bool:
    """Return whether a computed table is a single one among these published tables."""
    others = [name for name in _list_parts(table) if name != table]
    return table in published and not any(name in published for name in others)
