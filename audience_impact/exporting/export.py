"""One export: the requested part of a version, in a form, written in its place."""

from pathlib import Path

import duckdb
import pyarrow as pa

from audience_impact.exporting import ExportError, Form, content, plain, sheets, writing
from audience_impact.exporting.content import Content, read_values
from audience_impact.exporting.selection import ExportQuery, select_content
from audience_impact.store import archive
from audience_impact.store.versions import Stored

WORKBOOK, ARCHIVE = ".xlsx", ".zip"
"""Endings of a workbook, and of a folder that becomes one file."""
ABOUT, VALUES = "about", "column_values"
"""Tables of a database beside those of the version: what it is, and what coded values mean."""


def export_version(
    version: Stored, form: Form, into: Path, query: ExportQuery, overwrite: bool = False
) -> list[str]:
    """Write the requested part of a version; return what the form could not store unchanged.

    Raise ExportError where nothing was written, PublishError where the version is damaged.
    """
    if form is Form.XLSX and into.suffix != WORKBOOK:
        raise ExportError(f"{into} does not end in {WORKBOOK}: Excel would not open it")
    chosen = select_content(version, content.read_content(version), query)
    notes: list[str] = []
    if form in (Form.CSV, Form.PARQUET):
        is_csv = form is Form.CSV
        files = (
            plain.make_csv_files(chosen) if is_csv else plain.make_parquet_files(chosen, version)
        )
        if into.suffix == ARCHIVE:
            writing.put_file(
                into, lambda aside: _write_bytes(aside, archive.pack_files(files)), overwrite
            )
        else:
            writing.put_folder(into, files, overwrite)
    elif form is Form.JSON:
        writing.put_file(
            into, lambda aside: _write_bytes(aside, plain.make_json_file(chosen)), overwrite
        )
    elif form is Form.DUCKDB:
        writing.put_file(into, lambda aside: _write_database(aside, chosen), overwrite)
    else:
        writing.put_file(
            into, lambda aside: notes.extend(sheets.write_workbook(aside, chosen)), overwrite
        )
    return notes


def _write_bytes(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _write_database(path: Path, selected: Content) -> None:
    """Write a DuckDB file that is not there yet: the tables, with their meaning as comments."""
    with duckdb.connect(str(path)) as base:
        for name, table in selected.tables.items():
            _create_table(base, name, table)
            about = selected.describe_table(name)["description"]
            base.execute(f"COMMENT ON TABLE {_quote_name(name)} IS {_quote_text(about)}")
            for field in selected.describe_columns(name):
                unit = f" ({field['unit']})" if field.get("unit") else ""
                where = f"{_quote_name(name)}.{_quote_name(field['name'])}"
                comment = _quote_text(f"{field['description']}{unit}")
                base.execute(f"COMMENT ON COLUMN {where} IS {comment}")
        _write_about(base, selected)
        _write_values(base, selected)


def _write_about(base: duckdb.DuckDBPyConnection, selected: Content) -> None:
    """Write the table that describes the database, a row for each line."""
    lines = {
        "title": selected.title,
        **{f"answer {number}": text for number, text in enumerate(selected.answers, 1)},
        "version": selected.version_id,
        "as_of": selected.as_of,
        "licence": selected.package["licenses"][0]["title"],
        **{f"cite as {number}": text for number, text in enumerate(selected.citations, 1)},
    }
    _create_table(base, ABOUT, pa.table({"what": list(lines), "told": list(lines.values())}))


def _write_values(base: duckdb.DuckDBPyConnection, selected: Content) -> None:
    """Write the table of the meanings of coded values."""
    rows = [
        {"table": table, "column": field["name"], "value": value, "meaning": meaning}
        for table in selected.tables
        for field in selected.describe_columns(table)
        for value, meaning in read_values(field).items()
    ]
    columns = [(name, pa.string()) for name in ("table", "column", "value", "meaning")]
    _create_table(base, VALUES, pa.Table.from_pylist(rows, pa.schema(columns)))


def _create_table(base: duckdb.DuckDBPyConnection, name: str, rows: pa.Table) -> None:
    base.register("given", rows)
    base.execute(f"CREATE TABLE {_quote_name(name)} AS SELECT * FROM given")
    base.unregister("given")


def _quote_name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _quote_text(text: str) -> str:
    """Return a text as SQL takes it: COMMENT knows no parameters."""
    return "'" + text.replace("'", "''") + "'"
