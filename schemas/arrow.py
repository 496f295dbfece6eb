"""Published tables as Arrow tables, validated, with the meaning of each column as metadata."""

import json

import pandas as pd
import pyarrow

from audience_impact.vocabulary import YesNo
from schemas import contracts, published
from schemas.published import JOINED_BY, Column

WHOLE_UNITS = ("persons", "person_days", "person_hours", "days", "count")
"""Units of numbers that are published as integers."""


class ContractError(ValueError):
    """A table violates its contract, so that it cannot be published."""


def to_arrow(table: str, frame: pd.DataFrame) -> pyarrow.Table:
    """Return a published table as Arrow, validated against its contract.

    Raises ContractError naming table, column, rule and row where the contract is broken.
    """
    columns, key = published.COLUMNS[table], published.KEYS[table]
    ready = pd.DataFrame({name: _cast_cells(frame[name], about) for name, about in columns.items()})
    ready = ready.reset_index(drop=True)
    if broken := contracts.check_table(published.read_schema(table), ready):
        lines = [_format_failure(ready, key, failure) for failure in broken[:10]]
        raise ContractError("\n".join([f"{table} breaks its contract:", *lines]))
    if ready.duplicated(key).any():
        row = ready[ready.duplicated(key)].iloc[0][key].to_dict()
        raise ContractError(f"{table} has two rows for the key {row}")
    fields = [_build_field(table, about) for about in columns.values()]
    arrays = [_build_array(ready[field.name], field) for field in fields]
    return pyarrow.Table.from_arrays(arrays, schema=pyarrow.schema(fields))


def _format_failure(ready: pd.DataFrame, key: list[str], broken: contracts.Failure) -> str:
    row = ready.iloc[broken.position]
    cell = f" {broken.column} = {row[broken.column]!r}" if broken.column else ""
    return f"{broken.rule}:{cell} in the row {', '.join(str(row[name]) for name in key)}"


def _cast_cells(cells: pd.Series, about: Column) -> pd.Series:
    if about.is_number:
        return cells.astype("int64" if about.type == "whole" else "float64")
    texts = cells.astype("str")
    return texts.replace("", pd.NA) if about.null else texts


def _build_field(table: str, about: Column) -> pyarrow.Field:
    is_truth = about.of == YesNo.__name__
    if about.unit == "date":
        kind = pyarrow.date32()
    elif is_truth:
        kind = pyarrow.bool_()
    elif about.type in ("list", "joined"):
        kind = pyarrow.list_(pyarrow.string())
    elif about.unit == "year" or (about.is_number and about.unit in WHOLE_UNITS):
        kind = pyarrow.int64()
    else:
        kind = pyarrow.float64() if about.is_number else pyarrow.string()
    meanings = {
        "values": {} if is_truth else published.list_values(table, about.column),
        "special_values": published.special_values(table, about.column),
    }
    coded = {key: json.dumps(of, ensure_ascii=False) for key, of in meanings.items() if of}
    metadata = {"description": about.meaning, "unit": about.unit, "sdmx_concept": about.sdmx}
    return pyarrow.field(about.column, kind, bool(about.null), metadata | coded)


def _build_array(series: pd.Series, field: pyarrow.Field) -> pyarrow.Array:
    if field.type == pyarrow.date32():
        days = pd.to_datetime(series, format="ISO8601").to_numpy("datetime64[D]")
        return pyarrow.array(days, pyarrow.date32(), from_pandas=True)
    if field.type == pyarrow.bool_():
        series = series.map({YesNo.YES.value: True, YesNo.NO.value: False}).astype("boolean")
    if pyarrow.types.is_list(field.type):
        lists = [None if pd.isna(cell) else cell.split(JOINED_BY) for cell in series]
        return pyarrow.array(lists, field.type)
    if field.type == pyarrow.int64():
        series = pd.to_numeric(series).round().astype("Int64")
    return pyarrow.array(series, field.type, from_pandas=True)
