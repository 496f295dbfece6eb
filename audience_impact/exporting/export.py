"""One export: the requested part of a version, in a form, written in its place.

It is written aside, flushed and renamed; other files stay as they are. The report is written so
too.

Exports for programs are exact CSV, JSON and Parquet files, with the meaning of each column.

A CSV file contains every text exactly as published. Texts that a spreadsheet would execute as a
formula are not marked, because the mark would change the text for every other program. The README
next to the files therefore states that they are for programs, and that the workbook is for people.
"""

import errno
import filecmp
import json
import os
import re
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from audience_impact.exporting import Form
from audience_impact.exporting.content import (
    Content,
    ExportQuery,
    add_events,
    read_all_tables,
    select_content,
    write_note,
)
from audience_impact.store import MANIFEST, PublishError, manifest
from audience_impact.store.files import explain_error, flush_to_disk, hash_bytes, write_whole
from audience_impact.store.manifest import LIST, ROW_GROUP_ROWS
from audience_impact.store.versions import JOINED_BY, Stored, write_words

README = "README.txt"
ABOUT_CSV = Path(__file__).with_name("about_csv.txt")
QUOTED = re.compile('[,"\r\n]')
"""What a cell of CSV has in quotes alone."""
WORKBOOK, ARCHIVE = ".xlsx", ".zip"
"""File endings of a workbook, and of a folder that becomes a single file."""
ABOUT = "about"
"""Additional table of a database: a description of the data."""


def export_version(
    version: Stored, form: Form, into: Path, query: ExportQuery, overwrite: bool = False
) -> None:
    """Write the requested part of a version.

    Raise PublishError where nothing was written, or the version is damaged.
    """
    if form is Form.XLSX and into.suffix != WORKBOOK:
        raise PublishError(f"{into} does not end in {WORKBOOK}: Excel would not open it")
    everything = read_all_tables(version)
    chosen = select_content(version, everything, query)
    with report_unwritten(into):
        if form is Form.XLSX:
            from audience_impact.exporting.workbook import make_workbook

            made = make_workbook(add_events(chosen, everything, query))
        elif form is Form.JSON:
            made = make_json_file(chosen)
        elif form is Form.DUCKDB:
            made = _make_database(chosen)
        else:
            is_csv = form is Form.CSV
            files = make_csv_files(chosen) if is_csv else make_parquet_files(chosen, version)
            if into.suffix != ARCHIVE:
                put_folder(into, files.items(), files, "an export", overwrite)
                return
            made = manifest.pack_files(files)
    put_file(into, made, overwrite)


def make_csv_files(content: Content) -> dict[str, bytes]:
    """Return a CSV file for each table, the meaning of its columns, and a README, by name."""
    files = {}
    for name, table in content.tables.items():
        head, lines = write_lines(write_words(table, "true", "false"), "\n")
        rows = lines.buffers()[2:] if len(lines) else []
        files[content.find_path(name, "csv")] = b"".join([head.encode(), *rows])
    about = content.describe()
    lines = [
        *(about["title"], "", *content.answers, ""),
        *(f"Cite as: {citation}" for citation in about["cite_as"]),
        *("", ABOUT_CSV.read_text(encoding="utf-8").rstrip()),
        *([f"Left out: {', '.join(content.left_out)}."] if content.left_out else []),
    ]
    package = _encode_package(content, "csv", "text/csv", files)
    return {**files, MANIFEST: package, README: ("\n".join(lines) + "\n").encode()}


def write_lines(
    table: pa.Table, end: str, clean: Callable[[str], str] = str
) -> tuple[str, pa.LargeStringArray]:
    """Return the head and the rows of a table as lines of CSV, from the texts of distinct cells."""

    def write_cell(cell: Any) -> str | None:
        text = clean(cell) if isinstance(cell, str) else str(cell)
        quoted = '"' + text.replace('"', '""') + '"' if QUOTED.search(text) else text
        return None if cell is None else quoted

    columns, kind = [], pa.large_string()  # holds more than 2 GiB of text
    for column in table.columns:
        cells = column.combine_chunks()
        if not (pa.types.is_integer(cells.type) or pa.types.is_date(cells.type)):
            coded = cells.dictionary_encode()
            texts = pa.array(map(write_cell, coded.dictionary.to_pylist()), kind)
            cells = texts.take(coded.indices)
        columns.append(cells.cast(kind))
    comma, *ends = pa.array([",", end, ""], kind)
    cells = pc.binary_join_element_wise(*columns, comma, null_handling="replace")
    return ",".join(table.column_names) + end, pc.binary_join_element_wise(cells, *ends)


def make_parquet_files(content: Content, version: Stored) -> dict[str, bytes]:
    """Return the tables, or the chosen rows, as files that `audience_impact.load` reads."""
    files = {
        version.find_path(name): _encode_parquet(table)
        if content.chosen
        else version.read_content(version.find_path(name))
        for name, table in content.tables.items()
    }
    about = _encode_package(content, "parquet", "application/vnd.apache.parquet", files)
    return {**files, MANIFEST: about}


def _encode_parquet(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, table.schema, compression="zstd", store_schema=False) as file:
        file.write_table(table.combine_chunks(), row_group_size=ROW_GROUP_ROWS)
        file.add_key_value_metadata(table.schema.metadata)
    return bytes(sink.getvalue())


def _encode_package(content: Content, ending: str, kind: str, files: Mapping[str, bytes]) -> bytes:
    """Return `datapackage.json` of the version, with the files of the export.

    The lists of a CSV file are texts.
    """
    resources = []
    for name, table in content.tables.items():
        about, path = content.describe_table(name), content.find_path(name, ending)
        if ending == "csv":
            joined = {"type": "string", "separator": JOINED_BY}
            fields = content.describe_columns(name)
            fields = [field | joined if field["type"] == LIST else field for field in fields]
            about["schema"] = {**about["schema"], "fields": fields}
        made = {
            "path": path,
            "format": ending,
            "mediatype": kind,
            "hash": f"sha256:{hash_bytes(files[path])}",
            "size_bytes": len(files[path]),
            "rows": table.num_rows,
        }
        resources.append(about | made)
    package = {**content.package, "title": content.describe()["title"], "resources": resources}
    return json.dumps(package, indent=2, ensure_ascii=False).encode() + b"\n"


def make_json_file(content: Content) -> bytes:
    """Return one file: a description, and each table with its columns and its rows as objects.

    A row is a line, so that a file of many rows can be read line by line.
    """
    encode = partial(json.dumps, ensure_ascii=False, default=str, allow_nan=False)
    about = content.describe().items()
    head = "".join(f"{encode(key)}: {encode(value)},\n" for key, value in about)
    tables = ",".join(
        f'{encode(name)}: {{\n"description": {encode(content.describe_table(name)["description"])}'
        f',\n"columns": {encode(content.describe_columns(name))},\n"rows": [\n'
        + ",\n".join(map(encode, table.to_pylist()))
        + "\n]}\n"
        for name, table in content.tables.items()
    )
    return f'{{\n{head}"tables": {{\n{tables}}}}}\n'.encode()


def _make_database(content: Content) -> bytes:
    import duckdb

    lines = content.describe()
    lines |= {name: "\n".join(lines[name]) for name in ("answers", "cite_as")}
    lines |= {"licence": lines["licence"]["title"]}
    del lines["left_out"]
    about = pa.table({"what": list(lines), "words": list(lines.values())})
    with tempfile.TemporaryDirectory(prefix="audience-impact-") as folder:
        path = Path(folder) / "tables.duckdb"
        try:
            with duckdb.connect(str(path)) as base:
                for name, table in {**content.tables, ABOUT: about}.items():
                    base.register("rows", table)
                    base.execute(f'CREATE TABLE "{name}" AS SELECT * FROM rows')
                    base.unregister("rows")
                for name in content.tables:
                    words = content.describe_table(name)["description"]
                    base.execute(f'COMMENT ON TABLE "{name}" IS {_quote_text(words)}')
                    for field in content.describe_columns(name):
                        words = _quote_text(write_note(field))
                        base.execute(f'COMMENT ON COLUMN "{name}"."{field["name"]}" IS {words}')
        except duckdb.IOException as error:
            raise OSError(errno.EIO, str(error)) from error
        return path.read_bytes()


def _quote_text(text: str) -> str:
    """Return a text as an SQL literal, since COMMENT accepts no parameters."""
    return "'" + text.replace("'", "''") + "'"


def put_file(path: Path, made: bytes, overwrite: bool) -> None:
    """Write a file, unless another one has its path.

    Raise PublishError if the path is taken or the disk refuses.
    """
    if os.path.lexists(path) and not path.is_file():  # a device may be read without end
        raise PublishError(f"{path} is no plain file: give the name of another file")
    with report_unwritten(path):
        if path.exists() and not overwrite and path.read_bytes() != made:
            raise PublishError(f"{path} is there already: give another name, or --overwrite")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, made)


@contextmanager
def report_unwritten(path: Path) -> Iterator[None]:
    """Raise PublishError, which names the path, where the system refuses to write."""
    try:
        yield
    except OSError as error:
        raise PublishError(f"cannot write {path}: {explain_error(error)}") from error


def put_folder(
    folder: Path,
    files: Iterable[tuple[str, bytes]],
    parts: Collection[str],
    what: str,
    overwrite: bool = True,
) -> bool:
    """Write files into a new or empty folder, or replace what was written there earlier.

    `files` are paths below the folder with the content of each; `parts` are the paths of files that
    may be replaced or removed, and `what` names them: `an export`.

    Return whether anything changed. Raise PublishError if other files are there, which then stay,
    or the disk refuses.
    """
    folder = folder.resolve()
    with report_unwritten(folder):
        if folder.exists() and not folder.is_dir():
            raise PublishError(f"{folder} is no folder: give the name of a folder")
        before = list_files(folder)
        if foreign := sorted(before.difference(parts)):
            raise PublishError(
                f"{folder} contains {foreign[0]}, which is no part of {what}: choose an empty "
                "folder"
            )
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".tmp-{folder.name}-", dir=folder.parent) as aside:
            new = Path(aside) / "new"
            names = _write_files(new, files)
            if before == names and not filecmp.cmpfiles(new, folder, names, shallow=False)[1]:
                return False
            if before and not overwrite:
                raise PublishError(f"{folder} is there already: give another name, or --overwrite")
            if folder.exists():
                folder.rename(Path(aside) / "old")
            new.rename(folder)
            flush_to_disk(folder.parent)
    return True


def list_files(folder: Path) -> set[str]:
    """Return the paths of the files and links below a folder."""
    there = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    return {path.relative_to(folder).as_posix() for path in there}


def _write_files(folder: Path, files: Iterable[tuple[str, bytes]]) -> set[str]:
    folder.mkdir()
    folders, names = {folder}, dict[str, str]()
    for name, made in files:
        if name.casefold() in names:  # small and capital letters are one on some disks
            raise PublishError(f"two files have the path {name}")
        names[name.casefold()] = name
        path = folder / name
        if path.parent not in folders:
            path.parent.mkdir(parents=True, exist_ok=True)
            folders.add(path.parent)
        path.write_bytes(made)
    for made_folder in folders:
        flush_to_disk(made_folder)
    return set(names.values())
