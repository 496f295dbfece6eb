"""A published version, or a part of it, as files that other programs open."""

from enum import StrEnum

from audience_impact.plain_text import ReadableError


class Form(StrEnum):
    """The forms of an export."""

    XLSX = "xlsx"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"
    DUCKDB = "duckdb"


class ExportError(ReadableError):
    """The export failed and nothing was written; the message states the cause and the remedy."""
