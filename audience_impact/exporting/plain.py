"""Exports for programs: exact CSV, JSON and Parquet files, with the meaning of each column.

A CSV file contains every text exactly as published. Texts that a spreadsheet would execute as a
formula are not marked, because the mark would change the text for every other program. The README
next to the files therefore states that they are for programs, and that the workbook is for people.
"""

import io
import json
from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from audience_impact.exporting.content import Content
from audience_impact.store.manifest import MANIFEST, ROW_GROUP_ROWS, hash_bytes
from audience_impact.store.versions import Stored

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
    sink = pa.BufferOutputStream()
    pq.write_table(table.combine_chunks(), sink, compression="zstd", row_group_size=ROW_GROUP_ROWS)
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
