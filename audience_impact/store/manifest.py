"""Descriptions of a version, and the archive of its facts.

Descriptions are datapackage.json and the metadata of each Parquet file.
The manifest names every source of the facts; a Parquet file names those of its own rows alone, so
that an empty table is a small file.

The archive is the same bytes for the same files: a ZIP that any machine opens: `0/estimates.csv` is
a table of the first layer. Names are sorted and dates are fixed. An archive is not trusted: only
files with names of fact tables are unpacked, up to MOST_ARCHIVE_BYTES.
"""

import hashlib
import io
import json
import lzma
import re
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from audience_impact.store import VERSION_ID, PublishError

ARCHIVE_NAME = "facts.zip"
MOST_ARCHIVE_BYTES = 2**30
"""Maximum size of all facts: a thousand times a register of two thousand events."""
LEAST_LIMIT_BYTES, MOST_RATIO = 64 * 1024**2, 50
"""Size that the facts of any archive may have, and above it their size for each byte of the
archive: deflated facts are a tenth to a fifth of their size, and a trap is a thousandth.
"""
ZIP_DAMAGES = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, lzma.LZMAError),
    *(RuntimeError, EOFError, ValueError),
)
"""Errors that reading a damaged, encrypted or unknown ZIP archive may raise."""
_FILE = re.compile(r"(\d{1,3})/[a-z][a-z0-9_]*\.csv")
_EARLIEST = (1980, 1, 1, 0, 0, 0)


def pack_files(files: Mapping[str, bytes]) -> bytes:
    """Return files, by name, as a ZIP archive whose bytes depend only on the files."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EARLIEST)
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, files[name], zipfile.ZIP_DEFLATED, 9)
    return sink.getvalue()


def unpack_files(content: bytes) -> dict[str, bytes]:
    """Return the files of an archive, by name.

    Raises PublishError where the content is no archive, is too large or has other files than fact
    tables.
    """
    files: dict[str, bytes] = {}
    most_bytes = min(MOST_ARCHIVE_BYTES, max(LEAST_LIMIT_BYTES, MOST_RATIO * len(content)))
    bytes_left = most_bytes
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in archive.infolist():
                if not _FILE.fullmatch(entry.filename) or entry.filename in files:
                    raise PublishError(
                        f"{ARCHIVE_NAME} contains {entry.filename!r}, which is no fact table"
                    )
                with archive.open(entry) as file:
                    files[entry.filename] = file.read(bytes_left + 1)
                files[entry.filename].decode()
                bytes_left -= len(files[entry.filename])
                if bytes_left < 0:
                    raise PublishError(f"{ARCHIVE_NAME} contains more than {most_bytes:,} bytes")
    except ZIP_DAMAGES as error:
        raise PublishError(f"{ARCHIVE_NAME} cannot be opened: {error}") from error
    return files


def write_layers(files: Mapping[str, bytes], into: Path) -> list[Path]:
    """Write fact files below a folder; return the folder of each layer, in order."""
    for name, content in files.items():
        place = into / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return [into / number for number in sorted({name.split("/")[0] for name in files}, key=int)]


About = Mapping[str, Any]  # words about the tables, which no column says of itself

METADATA_KEY = "audience_impact"  # under it, a Parquet file describes itself
COLUMNS_KEY = "audience_impact_columns"  # in its footer: what each column says of itself
SOURCES_KEY = "audience_impact_sources"  # in its footer: the sources of its rows
FIELD_KEYS = ("description", "unit", "sdmx_concept")  # what every column says of itself
VALUES, SPECIAL_VALUES, SEPARATOR = "values", "special_values", "separator"
CODED = (VALUES, SPECIAL_VALUES)
"""Keys of a column's metadata: JSON with the meanings of all coded values, or of the few special
values; and the separator between several values in one cell."""
MANIFEST = "datapackage.json"
FACT_KEYS = "fact_keys"
"""Key in the manifest for the key columns of each fact table in the archive of facts."""
OTHER_LICENCES = "other_licences"
"""Licences of what a version copies from its sources: the facts, and cells that quote them."""
PROFILES = "https://datapackage.org/profiles/2.0"
ROW_GROUP_ROWS = 128 * 1024


class Rows(Protocol):
    """A published table that need not be in memory as a whole."""

    @property
    def schema(self) -> pa.Schema:
        """Return the Arrow schema of the table."""

    @property
    def num_rows(self) -> int:
        """Return the number of rows."""

    def iterate_groups(self) -> Iterator[pa.Table]:
        """Yield the rows in order, ROW_GROUP_ROWS at a time; an empty table without rows."""


@dataclass(frozen=True)
class InMemory:
    """An Arrow table in memory with the interface of `Rows`."""

    table: pa.Table

    @property
    def schema(self) -> pa.Schema:
        """Return the Arrow schema of the table."""
        return self.table.schema

    @property
    def num_rows(self) -> int:
        """Return the number of rows."""
        return int(self.table.num_rows)

    def iterate_groups(self) -> Iterator[pa.Table]:
        """Yield slices of the table."""
        for first in range(0, max(self.num_rows, 1), ROW_GROUP_ROWS):
            yield self.table.slice(first, ROW_GROUP_ROWS)


_FIELD_TYPES = {"bool": "boolean", "float": "number", "double": "number", "string": "string"}
_FIELD_TYPES |= {"large_string": "string", "date32": "date", "timestamp": "datetime"}


def as_rows(table: Rows | pa.Table) -> Rows:
    """Return a table as `Rows`; a table in memory is wrapped."""
    if isinstance(table, pa.Table):
        return InMemory(table)
    rows: Rows = table
    return rows


def render_files(
    identity: Mapping[str, Any],
    tables: Mapping[str, Rows | pa.Table],
    about: About,
    facts: Mapping[str, bytes],
) -> dict[str, bytes]:
    """Return the files of a version, by name; their bytes depend on the arguments alone.

    `identity` identifies the version, with its `version_id` and `as_of`; `about` and `facts` are
    the arguments of `publishing.publish_version`.
    """
    if not tables:
        raise PublishError("there is no table to publish")
    files: dict[str, bytes] = {}
    resources = []
    for name in sorted(tables):
        table = tables[name]
        rows = as_rows(table)
        table_words = about["tables"][name]
        description = _describe_table(name, identity, about)
        files[f"{name}.parquet"] = content = _write_parquet(
            name, rows, rows.schema, description, table_words["sources"]
        )
        resources.append(_build_resource(name, rows.schema, rows.num_rows, table_words, content))
    if facts:
        files[ARCHIVE_NAME] = content = pack_files(facts)
        resources.append(_describe_facts(content, about))
    files[MANIFEST] = as_json(_build_package(identity, about, resources), indent=2)
    return files


def _write_parquet(
    name: str, rows: Rows, schema: pa.Schema, description: Mapping[str, Any], sources: Any
) -> bytes:
    """Return a table as a Parquet file, with one group of rows in memory at a time.

    What the table and its columns are is in its footer once, as JSON without spaces, with the
    meanings of the codes that its rows have; the manifest has those of all codes. In the schema of
    Arrow it would be written a second time, in base64.
    """
    sink = io.BytesIO()
    bare = pa.schema([field.remove_metadata() for field in schema])
    columns = {field.name: _read_words(field) for field in schema}
    codes: dict[str, set[str]] = {name: set() for name in columns if VALUES in columns[name]}
    with pq.ParquetWriter(sink, bare, compression="zstd", store_schema=False) as file:
        for group in rows.iterate_groups():
            # Division into chunks reaches the bytes of the file, so it is fixed.
            file.write_table(group.cast(bare).combine_chunks(), row_group_size=ROW_GROUP_ROWS)
            for name, codes_of_column in codes.items():
                codes_of_column |= _list_codes(group[name], columns[name].get(SEPARATOR))
        for name, codes_of_column in codes.items():
            columns[name] = _keep_meanings(columns[name], codes_of_column)
        about = {METADATA_KEY: description, COLUMNS_KEY: columns, SOURCES_KEY: sources}
        file.add_key_value_metadata(
            {key: as_json(words, separators=(",", ":")) for key, words in about.items()}
        )
    return sink.getvalue()


def _list_codes(cells: pa.ChunkedArray, separator: str | None) -> set[str]:
    texts = [text for text in cells.unique().to_pylist() if text is not None]
    return {code for text in texts for code in (text.split(separator) if separator else [text])}


def _keep_meanings(words: Mapping[str, Any], codes: Collection[str]) -> dict[str, Any]:
    """Return what a column says of itself, with the meanings of these codes alone."""
    meanings = {code: meaning for code, meaning in words[VALUES].items() if code in codes}
    rest = {key: word for key, word in words.items() if key != VALUES}
    return rest | {VALUES: meanings} if meanings else rest


def _read_words(field: pa.Field) -> dict[str, Any]:
    """Return what a column says of itself, without blanks, meanings of codes as objects."""
    metadata = _decode_metadata(field)
    coded = {key: json.loads(metadata[key]) for key in CODED if key in metadata}
    return {key: words for key, words in {**metadata, **coded}.items() if words}


def describe_columns(
    schema: pa.Schema, fields: Sequence[Mapping[str, Any]] = ()
) -> dict[str, dict[str, Any]]:
    """Return what each column of a published table says of itself, from its schema as read.

    Description, unit and SDMX concept; `values`, `special_values` and `separator` where there are
    such. The file has the meanings of the codes that occur in it, `fields` of the manifest those of
    all. Files of older versions have it in the schema of Arrow. Raise PublishError where the words
    are no such words.
    """
    try:
        written = json.loads((schema.metadata or {}).get(COLUMNS_KEY.encode(), b"{}"))
        columns = {field.name: written.get(field.name) or _read_words(field) for field in schema}
        for field in fields:
            if (meanings := _read_meanings(field)) and field["name"] in columns:
                columns[field["name"]] |= {VALUES: meanings}
        for words in (*written.values(), *columns.values()):
            _require_words(words)
    except (ValueError, AttributeError, TypeError, KeyError, RecursionError) as error:
        raise PublishError(f"a table has no words of its columns under {COLUMNS_KEY}") from error
    return {name: dict.fromkeys(FIELD_KEYS, "") | words for name, words in columns.items()}


def _read_meanings(field: Mapping[str, Any]) -> dict[str, str]:
    listed = {coded["value"]: coded["label"] for coded in field.get("categories", ())}
    return listed or field.get(VALUES, {})


def _require_words(words: Mapping[str, Any]) -> None:
    """Raise ValueError where a column has other words than texts, and objects of codes."""
    for key, word in words.items():
        if not isinstance(word, dict if key in CODED else str):
            raise ValueError(f"{key} is of another type")


def _decode_metadata(field: pa.Field) -> dict[str, str]:
    return {key.decode(): word.decode() for key, word in sorted((field.metadata or {}).items())}


def _describe_table(name: str, identity: Mapping[str, Any], about: About) -> dict[str, Any]:
    table_words = about["tables"][name]
    words = {key: table_words[key] for key in ("title", "description")}
    return {**identity, "table": name, **words, "licence": about["licence"]}


def _build_package(
    identity: Mapping[str, Any], about: About, resources: list[Any]
) -> dict[str, Any]:
    return {
        "$schema": f"{PROFILES}/datapackage.json",
        "name": "audience-impact",
        "title": about["title"],
        "description": about["description"],
        "version": identity["version_id"],
        # The date of the facts: a clock would give other bytes on every run.
        "created": f"{identity['as_of']}T00:00:00Z",
        "licenses": [about["licence"], *about.get(OTHER_LICENCES, [])],
        "sources": about["sources"],
        METADATA_KEY: dict(identity),
        "resources": resources,
    }


def _build_resource(
    name: str, columns: pa.Schema, rows: int, about: About, content: bytes
) -> dict[str, Any]:
    fields = [_describe_field(name, field) for field in columns]
    schema = {"$schema": f"{PROFILES}/tableschema.json", "fields": fields}
    if about.get("primary_key"):
        schema["primaryKey"] = list(about["primary_key"])
    return {
        "$schema": f"{PROFILES}/dataresource.json",
        "name": name,
        "type": "table",
        "title": about["title"],
        "description": about["description"],
        "path": f"{name}.parquet",
        "format": "parquet",
        "mediatype": "application/vnd.apache.parquet",
        "hash": f"sha256:{hash_bytes(content)}",
        # Not `bytes`: frictionless would compare it with a count it does not keep for Parquet.
        "size_bytes": len(content),
        "rows": rows,
        "schema": schema,
    }


def _describe_facts(content: bytes, about: About) -> dict[str, Any]:
    return {
        "$schema": f"{PROFILES}/dataresource.json",
        "name": "facts",
        "title": "facts",
        "description": "The fact tables that the version was computed from, a folder a layer.",
        FACT_KEYS: about.get(FACT_KEYS, {}),
        **({"licenses": about[OTHER_LICENCES]} if OTHER_LICENCES in about else {}),
        "path": ARCHIVE_NAME,
        "mediatype": "application/zip",
        "hash": f"sha256:{hash_bytes(content)}",
        "size_bytes": len(content),
    }


def _describe_field(table: str, field: pa.Field) -> dict[str, Any]:
    metadata = _decode_metadata(field)
    described = {"name": field.name, "type": _field_type(table, field)}
    described |= {key: metadata[key] for key in FIELD_KEYS if metadata[key]}
    meanings = json.loads(metadata[VALUES]) if VALUES in metadata else {}
    if SEPARATOR in metadata:
        # A cell may hold several: `categories` would say that it is one of them.
        described |= {VALUES: meanings, SEPARATOR: metadata[SEPARATOR]}
    elif meanings:
        described["categories"] = [
            {"value": code, "label": meaning} for code, meaning in meanings.items()
        ]
    if SPECIAL_VALUES in metadata:
        described[SPECIAL_VALUES] = json.loads(metadata[SPECIAL_VALUES])
    return described if field.nullable else described | {"constraints": {"required": True}}


def _field_type(table: str, field: pa.Field) -> str:
    if pa.types.is_integer(field.type):
        # Validators read Parquet through pandas, which turns integers with gaps into floats.
        return "number" if field.nullable else "integer"
    if (kind := str(field.type).partition("[")[0]) in _FIELD_TYPES:
        return _FIELD_TYPES[kind]
    advice = "published tables are flat, of text, numbers, booleans and dates"
    raise PublishError(f"column {field.name} of table {table} is of type {field.type}: {advice}")


def as_json(value: object, **layout: Any) -> bytes:
    """Return a value as JSON, its keys as they are; `layout` are options of `json.dumps`."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, **layout).encode()


def hash_bytes(content: bytes) -> str:
    """Return the SHA-256 digest in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def files_of(manifest: bytes) -> dict[str, dict[str, Any]]:
    """Return the entry of each file in a manifest, by the name of the file.

    Raises ValueError where it is damaged.
    """
    return {resource["path"]: resource for resource in read_package(manifest)["resources"]}


_PARTS: Mapping[str, type] = {
    **dict.fromkeys(("title", "description", "version"), str),
    **dict.fromkeys(("licenses", "sources", "resources"), list),
    METADATA_KEY: dict,
}
"""What the manifest of a version has, as `_build_package` writes it."""
_FILE_PARTS = ("name", "path", "description", "hash")
_COLUMN_PARTS = ("name", "type", "description")


def read_package(content: bytes) -> dict[str, Any]:
    """Return the description of a version; raise ValueError where it is none.

    It is not trusted: it may have been handed over with the version.
    """
    try:
        package = json.loads(content)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(package, dict):
        raise ValueError("it is no JSON object")
    for name, kind in _PARTS.items():
        if not isinstance(package.get(name), kind):
            raise ValueError(f"it lacks {name}, or it is of another type")
    _require_texts("a licence", package["licenses"][:1] or [None], ("title",))
    _require_texts("a resource", package["resources"], _FILE_PARTS)
    for resource in package["resources"]:
        path = resource["path"]
        if path not in (ARCHIVE_NAME, f"{resource['name']}.parquet") or "/" in path:
            raise ValueError(f"its file {path!r} is no table of the version")
        if path != ARCHIVE_NAME:
            _check_table(resource)
    return package


def read_version_id(package: Mapping[str, Any]) -> str:
    """Return the id of the version that a manifest describes; raise ValueError without one."""
    version_id = str(package[METADATA_KEY].get("version_id", ""))
    if not VERSION_ID.fullmatch(version_id):
        raise ValueError("its manifest has no id")
    return version_id


def _check_table(resource: Mapping[str, Any]) -> None:
    """Raise ValueError where an entry does not describe a table."""
    schema = resource.get("schema")
    fields = schema.get("fields") if isinstance(schema, dict) else None
    if not isinstance(resource.get("rows"), int) or not isinstance(fields, list):
        raise ValueError(f"it does not describe the table {resource['name']}")
    _require_texts(f"a column of {resource['name']}", fields, _COLUMN_PARTS)


def _require_texts(what: str, entries: list[Any], names: Sequence[str]) -> None:
    """Raise ValueError where an entry is no object with these texts."""
    for entry in entries:
        missing = [name for name in names if not isinstance(entry, dict) or name not in entry]
        if missing or not all(isinstance(entry[name], str) for name in names):
            raise ValueError(f"{what} lacks {(missing or names)[0]}, or it is no text")


def find_difference(schema: pa.Schema, resource: Mapping[str, Any]) -> str:
    """Return how the columns of a table differ from its entry in the manifest; blank if not."""
    expected = {field["name"]: field["type"] for field in resource["schema"]["fields"]}
    types = dict(zip(schema.names, schema.types, strict=True))
    if len(types) < len(schema.names):
        return "it has a column twice"
    if missing := [name for name in expected if name not in types]:
        return f"it lacks the column {missing[0]}"
    for name, kind in expected.items():
        if (arrow_name := str(types[name]).partition("[")[0]) not in _TYPES_BY_KIND.get(kind, ()):
            return f"its column {name} is of type {arrow_name} and not {kind}"
    return ""


def find_blanks(file: pq.ParquetFile, resource: Mapping[str, Any]) -> str:
    """Return which column has blanks and none in the manifest; blank without one.

    Only columns that may have blanks by the schema of the file are read: none of a file that a run
    wrote.
    """
    constraints = {
        field["name"]: field.get("constraints") for field in resource["schema"]["fields"]
    }
    required = [
        name
        for name, constraint in constraints.items()
        if isinstance(constraint, dict) and constraint.get("required") is True
        if file.schema_arrow.field(name).nullable
    ]
    if not required:
        return ""
    table = file.read(columns=required)
    blank = [name for name in required if table.column(name).null_count]
    return f"its column {blank[0]} has blanks" if blank else ""


_WHOLE_TYPES = {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
_TYPES_BY_KIND = {
    kind: {name for name, word in _FIELD_TYPES.items() if word == kind}
    for kind in ("boolean", "string", "date", "datetime")
}
_TYPES_BY_KIND |= {"integer": _WHOLE_TYPES, "number": {*_WHOLE_TYPES, "float", "double"}}
"""Arrow types of the columns of each type of a manifest."""


LEAST_TABLE_BYTES = 512 * 1024**2
"""Decoded bytes that any file may have: above the tables of a register of a hundred thousand."""
MOST_TABLE_RATIO = 100
"""Decoded bytes for each byte of a larger file; published tables have up to about twenty."""
MOST_TABLE_BYTES = 2**32
"""Decoded bytes that no file may exceed however large it is: they must fit in memory."""
NUMBER_BYTES = 8
MOST_COLUMNS = 1000


class TooLargeError(ValueError):
    """A file decodes to far more than it should; the message states the limit."""


def require_bounded(file: pq.ParquetFile, size_bytes: int) -> None:
    """Raise TooLargeError where a file of this size decodes to too many bytes or columns.

    Raises ValueError where a column has lists, whose length nothing bounds.
    """
    most_bytes = min(max(LEAST_TABLE_BYTES, MOST_TABLE_RATIO * size_bytes), MOST_TABLE_BYTES)
    about = file.metadata
    if len(file.schema_arrow) > MOST_COLUMNS:
        raise TooLargeError(f"it has more than {MOST_COLUMNS:,} columns")
    if nested := [field.name for field in file.schema_arrow if pa.types.is_nested(field.type)]:
        raise ValueError(f"it has lists in the column {nested[0]}")
    chunks: dict[str, list[Any]] = {}
    for group in range(about.num_row_groups):
        for place in range(about.num_columns):
            chunk = about.row_group(group).column(place)
            chunks.setdefault(chunk.path_in_schema, []).append(chunk)
    if about.num_rows * about.num_columns * NUMBER_BYTES > most_bytes:
        raise _report_size(most_bytes)
    bytes_left = most_bytes
    for name, parts in chunks.items():
        largest = max(part.total_uncompressed_size for part in parts)
        if sum(part.total_uncompressed_size for part in parts) > bytes_left:
            raise _report_size(most_bytes)
        values = sum(part.num_values for part in parts)
        if "BYTE_ARRAY" in parts[0].physical_type and values * largest > bytes_left:
            rows_at_once = max(1, min(65_536, bytes_left // max(largest, 1)))
            for batch in file.iter_batches(rows_at_once, columns=[name]):
                cells = batch.column(0)
                if pa.types.is_dictionary(cells.type):
                    cells = cells.dictionary_decode()
                bytes_left -= cells.nbytes
                if bytes_left < 0:
                    raise _report_size(most_bytes)


def _report_size(most_bytes: int) -> TooLargeError:
    return TooLargeError(f"it decodes to more than {most_bytes:,} bytes")
