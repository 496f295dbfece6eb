"""A published version, or a part of it, as files that other programs open."""

from enum import StrEnum


class Form(StrEnum):
    """The forms of an export."""

    XLSX = "xlsx"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"
    DUCKDB = "duckdb"
