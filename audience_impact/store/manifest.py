"""What a version says of itself: datapackage.json, and the metadata of each Parquet file.

The manifest names every source of the facts; a Parquet file names those of its own rows alone, so
that an empty table is a small file.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from audience_impact.store import PublishError, archive

About = Mapping[str, Any]  # words about the tables, which no column says of itself

METADATA_KEY = "audience_impact"  # under it, a Parquet file describes itself
FIELD_KEYS = ("description", "unit", "sdmx_concept")  # what every column says of itself
VALUES, SPECIAL_VALUES, SEPARATOR = "values", "special_values", "separator"
"""What a column says, as JSON, of its coded values: of all of them, or of the few that differ; and
what stands between those of one cell."""
MANIFEST = "datapackage.json"
FACT_KEYS = "fact_keys"
"""What the manifest says of the archive of facts: the columns of the key of each fact table."""
PROFILES = "https://datapackage.org/profiles/2.0"
ROW_GROUP_ROWS = 128 * 1024


class Rows(Protocol):
    """A table that need not be in memory whole."""

    @property
    def schema(self) -> pa.Schema:
        """Its columns."""

    @property
    def num_rows(self) -> int:
        """How many rows there are."""

    def groups(self) -> Iterator[pa.Table]:
        """The rows in order, ROW_GROUP_ROWS at a time; one table where there are none."""


@dataclass(frozen=True)
class InMemory:
    """A table of Arrow as rows."""

    table: pa.Table

    @property
    def schema(self) -> pa.Schema:
        """Its columns."""
        return self.table.schema

    @property
    def num_rows(self) -> int:
        """Its rows."""
        return int(self.table.num_rows)

    def groups(self) -> Iterator[pa.Table]:
        """Slices of the table."""
        for first in range(0, max(self.num_rows, 1), ROW_GROUP_ROWS):
            yield self.table.slice(first, ROW_GROUP_ROWS)


_FIELD_TYPES = {"bool": "boolean", "float": "number", "double": "number", "string": "string"}
_FIELD_TYPES |= {"large_string": "string", "date32": "date", "timestamp": "datetime"}
_TABLE_NAME = re.compile(r"[a-z][a-z0-9_]*")


def as_rows(table: Rows | pa.Table) -> Rows:
    """A table that is in memory, or is not, as rows."""
    if isinstance(table, pa.Table):
        return InMemory(table)
    rows: Rows = table
    return rows


def render(
    identity: Mapping[str, Any],
    tables: Mapping[str, Rows | pa.Table],
    about: About,
    facts: Mapping[str, bytes],
) -> dict[str, bytes]:
    """The files of a version, by name: bytes that depend on the arguments alone.

    `identity` is what tells the version from others, with its `version_id` and `as_of`; `about`
    and `facts` as `versions.publish` takes them. Raises PublishError where a table does not say
    what it holds.
    """
    if not tables:
        raise PublishError("there is no table to publish")
    files: dict[str, bytes] = {}
    resources = []
    for name in sorted(tables):
        table = tables[name]
        rows = as_rows(table)
        _check_schema(name, rows.schema, about)
        schema = _described(name, rows.schema, identity, about)
        files[f"{name}.parquet"] = content = _parquet(name, rows, schema)
        resources.append(_resource(name, schema, rows.num_rows, about["tables"][name], content))
    if facts:
        files[archive.NAME] = content = archive.packed(facts)
        resources.append(_facts(content, about))
    files[MANIFEST] = as_json(_package(identity, about, resources), indent=2)
    return files


def _parquet(name: str, rows: Rows, schema: pa.Schema) -> bytes:
    """A table as a file, a group of rows in memory at a time."""
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, schema, compression="zstd") as file:
        for group in rows.groups():
            _check_nulls(name, group)
            # Division into chunks reaches the bytes of the file, so it is fixed.
            file.write_table(group.cast(schema).combine_chunks(), row_group_size=ROW_GROUP_ROWS)
    return bytes(sink.getvalue())


def _check_nulls(name: str, table: pa.Table) -> None:
    for field in table.schema:
        if not field.nullable and table[field.name].null_count:
            raise PublishError(f"column {field.name} of table {name} may not be null, yet is")


def _check_schema(name: str, schema: pa.Schema, about: About) -> None:
    if not _TABLE_NAME.fullmatch(name):
        raise PublishError(f"{name!r} is no table name: lower-case letters, digits and _ only")
    if not all(about["tables"].get(name, {}).get(key) for key in ("title", "description")):
        raise PublishError(f"table {name} has no title or no description")
    for field in schema:
        told = _told(field)
        missing = [key for key in FIELD_KEYS if key not in told]
        if missing or not told["description"].strip():
            absent = ", ".join(missing) or "a description with words in it"
            raise PublishError(f"column {field.name} of table {name} lacks {absent}")


def _told(field: pa.Field) -> dict[str, str]:
    return {key.decode(): word.decode() for key, word in sorted((field.metadata or {}).items())}


def _described(
    name: str, schema: pa.Schema, identity: Mapping[str, Any], about: About
) -> pa.Schema:
    """Give the table its own description, and a form that does not tell how it was built."""
    description = {**identity, "table": name}
    told = about["tables"][name]
    description |= {key: told[key] for key in ("title", "description")}
    description |= {"licence": about["licence"], "sources": told["sources"]}
    # The order of metadata reaches the bytes of the file, so it is fixed.
    fields = [field.with_metadata(_told(field)) for field in schema]
    return pa.schema(fields, {METADATA_KEY: as_json(description)})


def _package(identity: Mapping[str, Any], about: About, resources: list[Any]) -> dict[str, Any]:
    return {
        "$schema": f"{PROFILES}/datapackage.json",
        "name": "audience-impact",
        "title": about["title"],
        "description": about["description"],
        "version": identity["version_id"],
        # The date of the facts: a clock would give other bytes on every run.
        "created": f"{identity['as_of']}T00:00:00Z",
        "licenses": [about["licence"]],
        "sources": about["sources"],
        METADATA_KEY: dict(identity),
        "resources": resources,
    }


def _resource(
    name: str, columns: pa.Schema, rows: int, told: About, content: bytes
) -> dict[str, Any]:
    fields = [_field(name, field) for field in columns]
    schema = {"$schema": f"{PROFILES}/tableschema.json", "fields": fields}
    if told.get("primary_key"):
        schema["primaryKey"] = list(told["primary_key"])
    return {
        "$schema": f"{PROFILES}/dataresource.json",
        "name": name,
        "type": "table",
        "title": told["title"],
        "description": told["description"],
        "path": f"{name}.parquet",
        "format": "parquet",
        "mediatype": "application/vnd.apache.parquet",
        "hash": f"sha256:{sha256(content)}",
        # Not `bytes`: frictionless would compare it with a count it does not keep for Parquet.
        "size_bytes": len(content),
        "rows": rows,
        "schema": schema,
    }


def _facts(content: bytes, about: About) -> dict[str, Any]:
    """What is said of the archive of facts, which is no table."""
    return {
        "$schema": f"{PROFILES}/dataresource.json",
        "name": "facts",
        "title": "facts",
        "description": "The fact tables that the version was computed from, a folder a layer.",
        FACT_KEYS: about.get(FACT_KEYS, {}),
        "path": archive.NAME,
        "mediatype": "application/zip",
        "hash": f"sha256:{sha256(content)}",
        "size_bytes": len(content),
    }


def _field(table: str, field: pa.Field) -> dict[str, Any]:
    told = _told(field)
    described = {"name": field.name, "type": _field_type(table, field)}
    described |= {key: told[key] for key in FIELD_KEYS if told[key]}
    meanings = json.loads(told[VALUES]) if VALUES in told else {}
    if SEPARATOR in told:
        # A cell may hold several: `categories` would say that it is one of them.
        described |= {VALUES: meanings, SEPARATOR: told[SEPARATOR]}
    elif meanings:
        described["categories"] = [{"value": one, "label": said} for one, said in meanings.items()]
    if SPECIAL_VALUES in told:
        described[SPECIAL_VALUES] = json.loads(told[SPECIAL_VALUES])
    return described if field.nullable else described | {"constraints": {"required": True}}


def _field_type(table: str, field: pa.Field) -> str:
    if pa.types.is_integer(field.type):
        # Validators read Parquet through pandas, which turns integers with gaps into floats.
        return "number" if field.nullable else "integer"
    if (kind := str(field.type).partition("[")[0]) in _FIELD_TYPES:
        return _FIELD_TYPES[kind]
    told = "published tables are flat, of text, numbers, booleans and dates"
    raise PublishError(f"column {field.name} of table {table} is of type {field.type}: {told}")


def as_json(value: object, indent: int | None = None) -> bytes:
    """A value as JSON; PublishError where it cannot be written so."""
    try:
        return json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise PublishError(f"a description cannot be written as JSON: {error}") from error


def sha256(content: bytes) -> str:
    """The digest of bytes, in hex."""
    return hashlib.sha256(content).hexdigest()


def files_of(manifest: bytes) -> dict[str, dict[str, Any]]:
    """What a manifest says of each file, by the name of the file.

    Raises ValueError, KeyError or TypeError where it is damaged.
    """
    return {resource["path"]: resource for resource in json.loads(manifest)["resources"]}
