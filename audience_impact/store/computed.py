"""Published tables as answers, pages and comparisons read them.

Words and lists of a cell are texts here, and a year of an area is one row, with the numbers of each
kind of restriction in columns that begin with its name.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from audience_impact.store.versions import Stored
from audience_impact.vocabulary import RestrictionKind, YesNo

Read = Callable[[str], pa.Table]
JOINED_BY = ";"
ALL = RestrictionKind.ALL.value
OTHERS = [kind.value for kind in RestrictionKind if kind is not RestrictionKind.ALL]
ENDS = ("min", "printed_min", "printed_max", "max")
QUANTILES = ("q05", "q50", "q95")
OF_AREAS = {
    "countries_by_year": "year",
    "regions_by_year": "year",
    "countries_by_month": "month",
    "regions_by_month": "month",
}
"""The tables of areas by period, with the column of the period."""
OF_DAYS = ("countries_by_day", "regions_by_day")
VIEWS = {
    "impact_by_area": (*OF_AREAS,),
    "impact_by_day": OF_DAYS,
    "person_days": ("person_days", "countries_by_year", "countries_by_month"),
}
"""Tables that are read together, by what they are read as."""
_NULLABLE = {
    pa.int64(): pd.Int64Dtype(),
    pa.float64(): pd.Float64Dtype(),
    pa.string(): pd.StringDtype(),
}


def read_computed(version: Stored, table: str, **options: Any) -> pd.DataFrame:
    """Return a table of a version.

    Args:
        version: The version.
        table: Its name, or one of VIEWS.
        options: Of `pandas.read_parquet`: `columns`, `filters` and `dtype_backend`.

    Raises:
        PublishError: The version is damaged.
    """
    return make_frame(table, version.read_arrow, **options)


def make_frame(
    table: str,
    read: Read,
    columns: Iterable[str] | None = None,
    filters: Any = None,
    dtype_backend: str | None = None,
) -> pd.DataFrame:
    """Return a table from what `read` returns for the name of a published one."""
    convert = _NULLABLE.get if dtype_backend else None

    def load(name: str) -> pd.DataFrame:
        rows = write_words(read(name), YesNo.YES.value, YesNo.NO.value)
        if filters and name == table:
            rows = rows.filter(pq.filters_to_expression(filters))
        return rows.to_pandas(types_mapper=convert)

    make = _MAKE.get(table)
    frame = make({name: load(name) for name in VIEWS[table]}) if make else load(table)
    return frame[list(columns)] if columns else frame


def write_words(table: pa.Table, yes: str, no: str) -> pa.Table:
    """Return a table without metadata, with texts in the place of booleans and of lists."""
    columns = []
    for field, cells in zip(table.schema, table.columns, strict=True):
        if pa.types.is_boolean(field.type):
            words = pc.if_else(cells, yes, no)
        elif pa.types.is_list(field.type):
            words = pc.binary_join(cells, JOINED_BY)
        else:
            words = cells
        columns.append(words)
    return pa.table(dict(zip(table.column_names, columns, strict=True)))


def _combine_areas(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return a row for each area and year or month, with the numbers of kinds in columns."""
    rows = pd.concat(
        [tables[name].assign(period=_name_periods(tables[name][OF_AREAS[name]])) for name in tables]
    ).rename(columns={"platform_ids": "platforms"})
    rows = rows.drop(columns=[name for name in rows if name in ("year", "month", "days")])
    rows = rows[[name for name in rows if "person_days" not in name]]
    numbers = [*(f"{name}_persons" for name in (*ENDS, *QUANTILES)), "restrictions_count"]
    wide = _widen_kinds(rows, ["area_id", "period"], numbers)
    return wide.sort_values(["area_id", "period"], ignore_index=True)


def _widen_kinds(rows: pd.DataFrame, key: list[str], numbers: list[str]) -> pd.DataFrame:
    """Return the rows of all restrictions with the numbers of each kind; 0 where it has none."""
    wide = rows[rows["kind"] == ALL].drop(columns="kind")
    for kind in OTHERS:
        of_kind = rows[rows["kind"] == kind].set_index(key)[numbers].add_prefix(f"{kind}_")
        wide = wide.join(of_kind, on=key)
        none = ~pd.MultiIndex.from_frame(wide[key]).isin(of_kind.index)
        filled = [name for name in of_kind if "_q" not in name]
        wide.loc[none, filled] = 0
    return wide


def _name_periods(cells: pd.Series) -> "pd.Series[str]":
    """Return years and months as texts."""
    texts = cells.astype("str")
    return texts.str[:7] if texts.str.len().max() > len("2025") else texts


def _combine_person_days(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return person-days of restrictions and countries, with those of kinds in columns."""
    rows = pd.concat(
        [
            tables[name].assign(period=_name_periods(tables[name][OF_AREAS[name]]))
            for name in VIEWS["person_days"][1:]
        ]
    )
    numbers = [f"{name}_person_days" for name in ("min", *QUANTILES, "max")]
    key = ["area_id", "period"]
    kinds = _widen_kinds(rows, key, numbers).set_index(key)
    of_kinds = kinds[[f"{kind}_{name}" for kind in OTHERS for name in numbers]]
    is_together = tables["person_days"]["restriction_id"] == ALL
    joined = tables["person_days"].join(of_kinds, on=key)
    joined.loc[~is_together, of_kinds.columns] = pd.NA
    return joined


def _combine_days(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return runs of days on which nothing changes in an area, with `from_day` and `to_day`."""
    rows = pd.concat([tables[name] for name in OF_DAYS])
    rows = rows[rows["kind"] == ALL].drop(columns="kind")
    rows = rows.sort_values(["area_id", "day"], ignore_index=True)
    state = rows.groupby([name for name in rows if name != "day"], dropna=False).ngroup()
    day = pd.to_datetime(rows["day"])
    is_new = (state != state.shift()) | (day.diff() != pd.Timedelta(days=1))
    runs = rows.groupby(is_new.cumsum()).agg("first")
    last, days = (rows["day"].groupby(is_new.cumsum()).agg(name) for name in ("last", "size"))
    return (
        runs.rename(columns={"day": "from_day"})
        .assign(to_day=last, days=days)
        .reset_index(drop=True)
    )


_MAKE = {
    "impact_by_area": _combine_areas,
    "person_days": _combine_person_days,
    "impact_by_day": _combine_days,
}
