"""One export: what is wanted of a version, in a form, in its place."""

from pathlib import Path

import duckdb
import pyarrow as pa

from audience_impact.exporting import ExportError, Form, content, plain, sheets, writing
from audience_impact.exporting.content import Content, values_of
from audience_impact.exporting.selection import Wanted, select
from audience_impact.store import archive
from audience_impact.store.versions import Stored

WORKBOOK, ARCHIVE = ".xlsx", ".zip"
"""How the name of a workbook ends; and that of a folder that becomes one file."""
ABOUT, VALUES = "about", "column_values"
"""Tables of a database beside those of the version: what it is, and what coded values mean."""


def export(
    version: Stored, form: Form, into: Path, wanted: Wanted, overwrite: bool = False
) -> list[str]:
    """Write what is wanted of a version; returns what the form could not hold as it is.

    Raises ExportError where nothing was written, PublishError where the version is damaged.
    """
    if form is Form.XLSX and into.suffix != WORKBOOK:
        raise ExportError(f"{into} does not end in {WORKBOOK}: Excel would not open it")
    found = select(version, content.read(version), wanted)
    told: list[str] = []
    if form in (Form.CSV, Form.PARQUET):
        is_csv = form is Form.CSV
        files = plain.csv_files(found) if is_csv else plain.parquet_files(found, version)
        if into.suffix == ARCHIVE:
            writing.put_file(into, lambda aside: _fill(aside, archive.packed(files)), overwrite)
        else:
            writing.put_folder(into, files, overwrite)
    elif form is Form.JSON:
        writing.put_file(into, lambda aside: _fill(aside, plain.json_file(found)), overwrite)
    elif form is Form.DUCKDB:
        writing.put_file(into, lambda aside: _write_database(aside, found), overwrite)
    else:
        writing.put_file(into, lambda aside: told.extend(sheets.write(aside, found)), overwrite)
    return told


def _fill(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _write_database(path: Path, found: Content) -> None:
    """Write a DuckDB file that is not there yet: the tables, with their meaning as comments."""
    with duckdb.connect(str(path)) as base:
        for name, table in found.tables.items():
            _table(base, name, table)
            about = found.resource(name)["description"]
            base.execute(f"COMMENT ON TABLE {_name(name)} IS {_text(about)}")
            for field in found.fields(name):
                unit = f" ({field['unit']})" if field.get("unit") else ""
                where = f"{_name(name)}.{_name(field['name'])}"
                told = _text(f"{field['description']}{unit}")
                base.execute(f"COMMENT ON COLUMN {where} IS {told}")
        _about(base, found)
        _values(base, found)


def _about(base: duckdb.DuckDBPyConnection, found: Content) -> None:
    """What the database is, a line each."""
    lines = {
        "title": found.title,
        **{f"answer {number}": told for number, told in enumerate(found.answers, 1)},
        "version": found.version_id,
        "as_of": found.as_of,
        "licence": found.package["licenses"][0]["title"],
        **{f"cite as {number}": told for number, told in enumerate(found.citations, 1)},
    }
    _table(base, ABOUT, pa.table({"what": list(lines), "told": list(lines.values())}))


def _values(base: duckdb.DuckDBPyConnection, found: Content) -> None:
    """What each coded value means."""
    rows = [
        {"table": table, "column": field["name"], "value": value, "meaning": meaning}
        for table in found.tables
        for field in found.fields(table)
        for value, meaning in values_of(field).items()
    ]
    columns = [(name, pa.string()) for name in ("table", "column", "value", "meaning")]
    _table(base, VALUES, pa.Table.from_pylist(rows, pa.schema(columns)))


def _table(base: duckdb.DuckDBPyConnection, name: str, rows: pa.Table) -> None:
    """Make a table of these rows."""
    base.register("given", rows)
    base.execute(f"CREATE TABLE {_name(name)} AS SELECT * FROM given")
    base.unregister("given")


def _name(told: str) -> str:
    """A name as SQL takes it."""
    return '"' + told.replace('"', '""') + '"'


def _text(told: str) -> str:
    """A text as SQL takes it: COMMENT knows no parameters."""
    return "'" + told.replace("'", "''") + "'"
