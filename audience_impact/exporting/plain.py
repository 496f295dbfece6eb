"""Exports for programs: CSV, JSON and Parquet, each exact, each with what its columns mean.

A CSV file holds every text as it is published: a mark put before what a spreadsheet would run would
be another text to every program that reads it, so the README beside the files says that they are
for programs, and that the workbook is for people.
"""

import io
import json
from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from audience_impact.exporting.content import Content
from audience_impact.store.manifest import MANIFEST, ROW_GROUP_ROWS, sha256
from audience_impact.store.versions import Stored

README = "README.txt"
NULLABLE = {pa.int64(): pd.Int64Dtype(), pa.float64(): pd.Float64Dtype()}
"""Types in which a whole number beside a gap stays whole."""


def csv_files(content: Content) -> dict[str, bytes]:
    """One CSV a table, what its columns mean, and a text that says what the folder is."""
    files = {f"{name}.csv": _csv(table) for name, table in content.tables.items()}
    return {
        **files,
        MANIFEST: _package(content, "csv", "text/csv", files),
        README: _readme(content),
    }


def _csv(table: pa.Table) -> bytes:
    frame = table.to_pandas(types_mapper=NULLABLE.get)
    return bytes(frame.to_csv(index=False, lineterminator="\n").encode())


def _readme(content: Content) -> bytes:
    lines = [
        content.title,
        "",
        *content.answers,
        "",
        *(f"Cite as: {one}" for one in content.citations),
        "",
        "One CSV file a table (UTF-8, commas, an empty cell is not known), for programs: every",
        "text is exactly as published, also where it begins with = + - or @, which a spreadsheet",
        "would run as a formula. To open the tables in a spreadsheet, take the workbook:",
        "audience-impact export --format xlsx.",
        f"What each column and each of its coded values means is in {MANIFEST}.",
        *_left_out(content),
    ]
    return ("\n".join(lines) + "\n").encode()


def _left_out(content: Content) -> list[str]:
    return [f"Left out: {', '.join(content.left_out)}."] if content.left_out else []


def parquet_files(content: Content, version: Stored) -> dict[str, bytes]:
    """The tables as they are, or what was chosen of them, as `audience_impact.load` reads them."""
    if not content.chosen:
        files = {f"{name}.parquet": version.content(f"{name}.parquet") for name in content.tables}
    else:
        files = {f"{name}.parquet": _parquet(table) for name, table in content.tables.items()}
    about = _package(content, "parquet", "application/vnd.apache.parquet", files)
    return {**files, MANIFEST: about}


def _parquet(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table.combine_chunks(), sink, compression="zstd", row_group_size=ROW_GROUP_ROWS)
    return bytes(sink.getvalue())


def _package(content: Content, ending: str, kind: str, files: Mapping[str, bytes]) -> bytes:
    """`datapackage.json` of the version, with the files that are here."""
    resources = [
        {
            **content.resource(name),
            "path": f"{name}.{ending}",
            "format": ending,
            "mediatype": kind,
            "hash": f"sha256:{sha256(files[f'{name}.{ending}'])}",
            "size_bytes": len(files[f"{name}.{ending}"]),
            "rows": table.num_rows,
        }
        for name, table in content.tables.items()
    ]
    about = {**content.package, "title": content.title, "resources": resources}
    return json.dumps(about, indent=2, ensure_ascii=False).encode() + b"\n"


def json_file(content: Content) -> bytes:
    """One file: what it is, and each table with its columns and its rows as objects."""
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
    out.write("{\n" + "".join(f"{_json(key)}: {_json(told)},\n" for key, told in about.items()))
    out.write('"tables": {\n')
    for number, (name, table) in enumerate(content.tables.items()):
        out.write(f"{',' if number else ''}{_json(name)}: {{\n")
        out.write(f'"description": {_json(content.resource(name)["description"])},\n')
        out.write(f'"columns": {_json(content.fields(name))},\n"rows": [\n')
        out.write(",\n".join(_json(row) for row in table.to_pylist()) + "\n]}\n")
    out.write("}}\n")
    return out.getvalue().encode()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str, allow_nan=False)
