"""Published tables as Arrow tables, validated, with the meaning of each column as metadata."""

import json
from typing import Any

import pandas as pd
import pyarrow

from audience_impact.vocabulary import YesNo
from schemas import contracts
from schemas.columns import JOINED_BY
from schemas.published import KEYS, list_values, read_schema, special_values

YES_OR_NO = YesNo.list_meanings()
"""The meanings of the words of columns that are published as booleans."""


class ContractError(ValueError):
    """A table violates its contract, so that it cannot be published."""


def to_arrow(table: str, frame: pd.DataFrame) -> pyarrow.Table:
    """Return a published table as Arrow, validated against its contract.

    Raises ContractError naming table, column, rule and row where the contract is broken.
    """
    schema = read_schema(table)
    ready = _cast_columns(frame, schema)
    if broken := contracts.check_table(schema, ready):
        lines = [_format_failure(ready, KEYS[table], failure) for failure in broken[:10]]
        raise ContractError("\n".join([f"{table} breaks its contract:", *lines]))
    if ready.duplicated(KEYS[table]).any():
        row = ready[ready.duplicated(KEYS[table])].iloc[0][KEYS[table]].to_dict()
        raise ContractError(f"{table} has two rows for the key {row}")
    fields = [_arrow_field(table, name, column) for name, column in schema.columns.items()]
    arrays = [_arrow_array(ready[field.name], field) for field in fields]
    return pyarrow.Table.from_arrays(arrays, schema=pyarrow.schema(fields))


def _format_failure(ready: pd.DataFrame, key: list[str], broken: contracts.Failure) -> str:
    """Return a failure as a line: rule, column, value, and the key of the row."""
    row = ready.iloc[broken.position]
    cell = f" {broken.column} = {row[broken.column]!r}" if broken.column else ""
    return f"{broken.rule}:{cell} in the row {', '.join(str(row[name]) for name in key)}"


def _cast_columns(frame: pd.DataFrame, schema: Any) -> pd.DataFrame:
    kinds = {name: str(column.dtype) for name, column in schema.columns.items()}
    ready = pd.DataFrame(
        {
            name: frame[name].astype("str" if kind.startswith("str") else kind)
            for name, kind in kinds.items()
        }
    ).reset_index(drop=True)
    blank = {
        name: ready[name].replace("", pd.NA)
        for name, kind in kinds.items()
        if kind.startswith("str") and schema.columns[name].nullable
    }
    return ready.assign(**blank)


def _arrow_field(table: str, name: str, column: Any) -> pyarrow.Field:
    about = column.metadata or {}
    is_truth = about.get("values") == YES_OR_NO
    is_whole_number = about["unit"] in ("persons", "person_days", "person_hours", "days", "count")
    if about["unit"] == "date":
        kind = pyarrow.date32()
    elif is_truth:
        kind = pyarrow.bool_()
    elif about.get("separator"):
        kind = pyarrow.list_(pyarrow.string())
    elif about["unit"] == "year":
        kind = pyarrow.int64()
    elif str(column.dtype).startswith("str"):
        kind = pyarrow.string()
    else:
        kind = pyarrow.int64() if is_whole_number else pyarrow.float64()
    return pyarrow.field(
        name,
        kind,
        nullable=column.nullable,
        metadata={
            "description": column.description,
            "unit": about["unit"],
            "sdmx_concept": about["sdmx_concept"],
            **_encode_meanings("values", {} if is_truth else list_values(table, name)),
            **_encode_meanings("special_values", special_values(table, name)),
        },
    )


def _encode_meanings(key: str, meanings: dict[str, str]) -> dict[str, str]:
    """Return the meanings of coded values as metadata of a column; empty without coded values."""
    return {key: json.dumps(meanings, ensure_ascii=False)} if meanings else {}


def _arrow_array(series: pd.Series, field: pyarrow.Field) -> pyarrow.Array:
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
