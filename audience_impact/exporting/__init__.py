"""A published version, or a part of it, as files that other programs open."""

from enum import StrEnum

Form = StrEnum("Form", "XLSX CSV JSON PARQUET DUCKDB")
"""The forms of an export."""
