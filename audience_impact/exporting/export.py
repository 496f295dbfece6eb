"""One export: the requested part of a version, in a form, written in its place.

It is written aside, flushed and renamed; nothing foreign is touched.

Exports for programs are exact CSV, JSON and Parquet files, with the meaning of each column.

A CSV file contains every text exactly as published. Texts that a spreadsheet would execute as a
formula are not marked, because the mark would change the text for every other program. The README
next to the files therefore states that they are for programs, and that the workbook is for people.
"""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from audience_impact.exporting import ExportError, Form, content, sheets
from audience_impact.exporting.content import Content, read_values
from audience_impact.exporting.events import add_events
from audience_impact.exporting.selection import ExportQuery, select_content
from audience_impact.store import manifest
from audience_impact.store.files import explain_error, find_advice, flush_to_disk, write_below
from audience_impact.store.manifest import COLUMNS_KEY, MANIFEST, ROW_GROUP_ROWS, hash_bytes
from audience_impact.store.versions import Stored

if TYPE_CHECKING:
    import duckdb

README = "README.txt"
NULLABLE = {pa.int64(): pd.Int64Dtype(), pa.float64(): pd.Float64Dtype()}
"""Types in which whole numbers remain whole numbers in a column with missing cells."""


def make_csv_files(content: Content) -> dict[str, bytes]:
    """Return a CSV file for each table, the meaning of its columns, and a README, by name."""
    files = {f"{name}.csv": _encode_csv(table) for name, table in content.tables.items()}
    return {
        **files,
        MANIFEST: _encode_package(content, "csv", "text/csv", files),
        README: _write_readme(content),
    }


def _encode_csv(table: pa.Table) -> bytes:
    frame = table.to_pandas(types_mapper=NULLABLE.get)
    return bytes(frame.to_csv(index=False, lineterminator="\n").encode())


def _write_readme(content: Content) -> bytes:
    lines = [
        content.title,
        "",
        *content.answers,
        "",
        *(f"Cite as: {citation}" for citation in content.citations),
        "",
        "One CSV file a table (UTF-8, commas, an empty cell is not known), for programs: every",
        "text is exactly as published, also where it begins with = + - or @, which a spreadsheet",
        "would run as a formula. To open the tables in a spreadsheet, take the workbook:",
        "audience-impact export --format xlsx.",
        f"What each column and each of its coded values means is in {MANIFEST}.",
        *([f"Left out: {', '.join(content.left_out)}."] if content.left_out else []),
    ]
    return ("\n".join(lines) + "\n").encode()


def make_parquet_files(content: Content, version: Stored) -> dict[str, bytes]:
    """Return the tables, or the chosen rows, as files that `audience_impact.load` reads."""
    if not content.chosen:
        files = {
            f"{name}.parquet": version.read_content(f"{name}.parquet") for name in content.tables
        }
    else:
        files = {
            f"{name}.parquet": _encode_parquet(table) for name, table in content.tables.items()
        }
    about = _encode_package(content, "parquet", "application/vnd.apache.parquet", files)
    return {**files, MANIFEST: about}


def _encode_parquet(table: pa.Table) -> bytes:
    """Return rows of a published table as a file with the words of the table and its columns."""
    sink, words = pa.BufferOutputStream(), table.schema.metadata or {}
    # A table of an older version has the words of its columns in the schema of Arrow, where those
    # of the table are as well.
    is_older = COLUMNS_KEY.encode() not in words
    options = {"compression": "zstd", "store_schema": is_older}
    with pq.ParquetWriter(sink, table.schema, **options) as file:
        file.write_table(table.combine_chunks(), row_group_size=ROW_GROUP_ROWS)
        if not is_older:
            file.add_key_value_metadata(words)
    return bytes(sink.getvalue())


def _encode_package(content: Content, ending: str, kind: str, files: Mapping[str, bytes]) -> bytes:
    """Return `datapackage.json` of the version, with the files of the export."""
    resources = [
        {
            **content.describe_table(name),
            "path": f"{name}.{ending}",
            "format": ending,
            "mediatype": kind,
            "hash": f"sha256:{hash_bytes(files[f'{name}.{ending}'])}",
            "size_bytes": len(files[f"{name}.{ending}"]),
            "rows": table.num_rows,
        }
        for name, table in content.tables.items()
    ]
    about = {**content.package, "title": content.title, "resources": resources}
    return json.dumps(about, indent=2, ensure_ascii=False).encode() + b"\n"


def make_json_file(content: Content) -> bytes:
    """Return one file: a description, and each table with its columns and its rows as objects."""
    out = io.StringIO()
    about = {
        "title": content.title,
        "answers": content.answers,
        "version": content.version_id,
        "as_of": content.as_of,
        "licence": content.package["licenses"][0],
        "cite_as": content.citations,
        "left_out": content.left_out,
    }
    out.write(
        "{\n"
        + "".join(f"{_encode_json(key)}: {_encode_json(value)},\n" for key, value in about.items())
    )
    out.write('"tables": {\n')
    for number, (name, table) in enumerate(content.tables.items()):
        out.write(f"{',' if number else ''}{_encode_json(name)}: {{\n")
        out.write(f'"description": {_encode_json(content.describe_table(name)["description"])},\n')
        out.write(f'"columns": {_encode_json(content.describe_columns(name))},\n"rows": [\n')
        out.write(",\n".join(_encode_json(row) for row in table.to_pylist()) + "\n]}\n")
    out.write("}}\n")
    return out.getvalue().encode()


def _encode_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str, allow_nan=False)


def put_file(path: Path, write: Callable[[Path], object], overwrite: bool) -> None:
    """Write a file with `write`, unless its path is already taken.

    Raise ExportError if the path is taken or the disk refuses.
    """
    if path.is_dir():
        raise ExportError(f"{path} is a folder: give the name of a file")
    if path.exists() and not path.is_file():  # a device may be read without end
        raise ExportError(f"{path} is no plain file: give the name of another file")
    try:
        with _make_aside_path(path) as aside:
            write(aside)
            flush_to_disk(aside)
            if _is_there(path) and not overwrite and path.read_bytes() != aside.read_bytes():
                raise ExportError(f"{path} is there already: give another name, or --overwrite")
            aside.replace(path)
            flush_to_disk(path.parent)
    except Exception as error:  # DuckDB and XlsxWriter have their own for a disk that refuses
        if find_advice(error) is None:
            raise
        raise ExportError(f"cannot write {path}: {explain_error(error)}") from error


def _is_there(path: Path) -> bool:
    """Return whether a file is there; raise OSError where that cannot be seen.

    A link that leads to itself would else count as none, and be replaced.
    """
    try:
        path.stat()
    except FileNotFoundError:
        return False
    return True


def put_folder(path: Path, files: Mapping[str, bytes], overwrite: bool) -> None:
    """Write a folder that is new, empty or unchanged, or replaces an earlier export.

    Raise ExportError if other files are there or the disk refuses.
    """
    try:
        _require_free(path, files, overwrite)
        with _make_aside_path(path) as aside, _make_aside_path(path) as old:
            aside.mkdir()
            write_below(aside, files)
            flush_to_disk(aside)
            _put_in_place(aside, path, old)
            flush_to_disk(path.parent)
    except OSError as error:
        raise ExportError(f"cannot write {path}: {explain_error(error)}") from error


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
def _make_aside_path(path: Path) -> Iterator[Path]:
    """Yield a path of the same name in a new folder next to it; remove the folder afterwards.

    A database has a second file beside it while it is written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".tmp-", dir=path.parent) as folder:
        yield Path(folder) / path.name


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
        files = make_csv_files(chosen) if is_csv else make_parquet_files(chosen, version)
        if into.suffix == ARCHIVE:
            put_file(into, lambda aside: aside.write_bytes(manifest.pack_files(files)), overwrite)
        else:
            put_folder(into, files, overwrite)
    elif form is Form.JSON:
        put_file(into, lambda aside: aside.write_bytes(make_json_file(chosen)), overwrite)
    elif form is Form.DUCKDB:
        put_file(into, lambda aside: _write_database(aside, chosen), overwrite)
    else:
        chosen = add_events(chosen, everything, query)
        put_file(into, lambda aside: notes.extend(_write_workbook(aside, chosen)), overwrite)
    return notes


def _write_workbook(path: Path, selected: Content) -> list[str]:
    """Write a workbook; return what Excel could not store unchanged.

    In memory first: where the disk is full, the library never closes the file.
    """
    packed = io.BytesIO()
    notes = sheets.write_workbook(packed, selected)
    path.write_bytes(packed.getvalue())
    return notes


def _write_database(path: Path, selected: Content) -> None:
    """Write a new DuckDB file: the tables, with their meanings as comments."""
    import duckdb

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
    _create_table(base, ABOUT, pa.table({"what": list(lines), "words": list(lines.values())}))


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
