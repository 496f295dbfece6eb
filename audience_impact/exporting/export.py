"""One export: the requested part of a version, in a form, written in its place.

It is written aside, flushed and renamed; nothing foreign is touched.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from audience_impact.exporting import ExportError, Form, content, plain, sheets
from audience_impact.exporting.content import Content, read_values
from audience_impact.exporting.events import add_events
from audience_impact.exporting.selection import ExportQuery, select_content
from audience_impact.store import manifest
from audience_impact.store.files import flush_to_disk, write_below
from audience_impact.store.versions import Stored


def put_file(path: Path, write: Callable[[Path], None], overwrite: bool) -> None:
    """Write a file with `write`, unless its path is already taken.

    Raise ExportError if the path is taken or the disk refuses.
    """
    if path.is_dir():
        raise ExportError(f"{path} is a folder: give the name of a file")
    try:
        with _make_aside_path(path) as aside:
            write(aside)
            flush_to_disk(aside)
            if path.exists() and not overwrite and path.read_bytes() != aside.read_bytes():
                raise ExportError(f"{path} is there already: give another name, or --overwrite")
            aside.replace(path)
            flush_to_disk(path.parent)
    except OSError as error:
        raise ExportError(f"cannot write {path}: {error}") from error


def put_folder(path: Path, files: Mapping[str, bytes], overwrite: bool) -> None:
    """Write a folder that is new, empty or unchanged, or replaces an earlier export.

    Raise ExportError if other files are there or the disk refuses.
    """
    try:
        _require_free(path, files, overwrite)
        with _make_aside_path(path) as aside, _make_aside_path(path, "old") as old:
            aside.mkdir()
            write_below(aside, files)
            flush_to_disk(aside)
            _put_in_place(aside, path, old)
            flush_to_disk(path.parent)
    except OSError as error:
        raise ExportError(f"cannot write {path}: {error}") from error


def _put_in_place(aside: Path, path: Path, old: Path) -> None:
    """Rename a folder to its place; restore the old one where that fails."""
    there = path.exists()
    if there:
        path.rename(old)
    try:
        aside.rename(path)
    except OSError:
        if there:
            old.rename(path)
        raise


def _require_free(path: Path, files: Mapping[str, bytes], overwrite: bool) -> None:
    """Raise ExportError for a file, and for a folder with files that would be lost."""
    if not path.exists():
        return
    if not path.is_dir():
        raise ExportError(f"{path} is a file: give the name of a folder")
    there = {entry.name: entry for entry in path.iterdir()}
    if foreign := sorted(entry.name for entry in there.values() if not _is_file_of(files, entry)):
        raise ExportError(
            f"{path} contains {foreign[0]}, which is no part of an export: choose another folder"
        )
    same = all(entry.read_bytes() == files[name] for name, entry in there.items())
    if not same and not overwrite:
        raise ExportError(f"{path} is there already: give another name, or --overwrite")


def _is_file_of(files: Mapping[str, bytes], path: Path) -> bool:
    return path.name in files and path.is_file() and not path.is_symlink()


@contextmanager
def _make_aside_path(path: Path, word: str = "new") -> Iterator[Path]:
    """Yield a path next to `path`, with its ending (some writers need it); remove it afterwards."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".tmp-{word}-{os.getpid()}-{path.name}")
    try:
        yield aside
    finally:
        if aside.is_dir():
            shutil.rmtree(aside)
        else:
            aside.unlink(missing_ok=True)


WORKBOOK, ARCHIVE = ".xlsx", ".zip"
"""File endings of a workbook, and of a folder that becomes a single file."""
ABOUT, VALUES = "about", "column_values"
"""Additional tables of a database: a description of the data, and the meanings of coded values."""


def export_version(
    version: Stored, form: Form, into: Path, query: ExportQuery, overwrite: bool = False
) -> list[str]:
    """Write the requested part of a version; return what the form could not store unchanged.

    Raise ExportError where nothing was written, PublishError where the version is damaged.
    """
    if form is Form.XLSX and into.suffix != WORKBOOK:
        raise ExportError(f"{into} does not end in {WORKBOOK}: Excel would not open it")
    everything = content.read_content(version)
    chosen = select_content(version, everything, query)
    notes: list[str] = []
    if form in (Form.CSV, Form.PARQUET):
        is_csv = form is Form.CSV
        files = (
            plain.make_csv_files(chosen) if is_csv else plain.make_parquet_files(chosen, version)
        )
        if into.suffix == ARCHIVE:
            put_file(into, lambda aside: _write_bytes(aside, manifest.pack_files(files)), overwrite)
        else:
            put_folder(into, files, overwrite)
    elif form is Form.JSON:
        put_file(into, lambda aside: _write_bytes(aside, plain.make_json_file(chosen)), overwrite)
    elif form is Form.DUCKDB:
        put_file(into, lambda aside: _write_database(aside, chosen), overwrite)
    else:
        chosen = add_events(chosen, everything, query)
        put_file(into, lambda aside: notes.extend(sheets.write_workbook(aside, chosen)), overwrite)
    return notes


def _write_bytes(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _write_database(path: Path, selected: Content) -> None:
    """Write a new DuckDB file: the tables, with their meanings as comments."""
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
    """Return a text as an SQL literal, since COMMENT accepts no parameters."""
    return "'" + text.replace("'", "''") + "'"
