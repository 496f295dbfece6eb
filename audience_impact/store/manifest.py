"""Descriptions of a version, and the archive of its facts.

Descriptions are datapackage.json and the metadata of each Parquet file. The manifest names every
source of the facts; a Parquet file names those of its own rows alone, so that an empty table is a
small file.

The archive is a ZIP, whose `0/estimates.csv` is a table of the first layer. Names are sorted and
dates are fixed, so that the same files give the same bytes. An archive is not trusted: only files
with names of fact tables are unpacked, up to a limit.
"""

import io
import itertools
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from audience_impact.store import DETAILS, MANIFEST, PublishError, files
from audience_impact.store.files import ZIP_DAMAGES, hash_bytes, open_archive, write_below
from audience_impact.store.pages import sum_pages

ARCHIVE_NAME = "facts.zip"
LEVEL = 6
"""Of compression: 9 takes three times as long, and saves a fortieth of the archive."""
LEAST_DECODED_BYTES = 512 * 1024**2
"""Decoded bytes that any file may have: above the tables of a register of a hundred thousand."""
MOST_DECODED_RATIO = 100
"""Decoded bytes for each byte of a larger file: ours have up to twenty, and a trap a thousand."""
MOST_DECODED_BYTES = 2**32
"""Decoded bytes that no file may exceed however large it is: they must fit in memory."""
_OLDER_SCHEMA = re.compile(r"[0-4]\.[0-9]+")
_TABLE_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
_FILE = re.compile(r"(\d{1,3})/[a-z][a-z0-9_]*\.csv")
_EARLIEST = (1980, 1, 1, 0, 0, 0)

About = Mapping[str, Any]  # words about the tables, which no column says of itself
METADATA_KEY = "audience_impact"  # under it, a Parquet file describes itself
COLUMNS_KEY = "audience_impact_columns"  # in its footer: what each column says of itself
SOURCES_KEY = "audience_impact_sources"  # in its footer: the sources of its rows
FIELD_KEYS = ("description", "unit", "sdmx_concept")  # what every column says of itself
VALUES, SPECIAL_VALUES = "values", "special_values"
CODED = (VALUES, SPECIAL_VALUES)
"""Keys of a column's metadata: JSON with the meanings of all coded, or of special, values."""
FACT_KEYS = "fact_keys"
"""Key in the manifest for the key columns of each fact table in the archive of facts."""
OTHER_LICENCES = "other_licences"
"""Licences of what a version copies from its sources: the facts, and cells that quote them."""
PROFILES = "https://datapackage.org/profiles/2.0"
ROW_GROUP_ROWS = 128 * 1024

_KINDS = {"bool": "boolean", "float": "number", "double": "number", "string": "string"}
_KINDS |= {"large_string": "string", "date32": "date", "timestamp": "datetime"}
"""Types of columns in a manifest, by the names of Arrow's types; the rest are integers."""
LIST = "any"
"""The type of lists in a manifest: for validators, those of pandas are no arrays."""
_DECODED = {"number": ("integer", "number"), LIST: ("array",)}
"""Types of Arrow that a type of a manifest may have, where it is not one of the same name."""
NUMBER_BYTES = 8
MOST_COLUMNS = 600
"""Columns, or row groups, of a file: as many groups of ours would not fit in MOST_DECODED_BYTES."""


def pack_files(files: Mapping[str, bytes]) -> bytes:
    """Return files, by name, as a ZIP archive whose bytes depend only on the files."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EARLIEST)
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, files[name], zipfile.ZIP_DEFLATED, LEVEL)
    return sink.getvalue()


def unpack_files(content: bytes) -> dict[str, bytes]:
    """Return the files of an archive by name; raise PublishError for any but fact tables."""
    files: dict[str, bytes] = {}
    bytes_left = most_bytes = _limit_bytes(len(content))
    try:
        with open_archive(io.BytesIO(content)) as archive:
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


def _limit_bytes(size_bytes: int) -> int:
    return min(max(LEAST_DECODED_BYTES, MOST_DECODED_RATIO * size_bytes), MOST_DECODED_BYTES)


def write_layers(files: Mapping[str, bytes], into: Path) -> list[Path]:
    """Write fact files below a folder; return the folder of each layer, in order."""
    write_below(into, files)
    return [into / number for number in sorted({name.split("/")[0] for name in files}, key=int)]


def render_files(
    identity: Mapping[str, Any],
    tables: Mapping[str, pa.Table],
    about: About,
    facts: Mapping[str, bytes],
) -> dict[str, bytes]:
    """Return the files of a version by name; the bytes depend on the arguments alone."""
    if not tables:
        raise PublishError("there is no table to publish")

    def write_table(name: str) -> tuple[str, bytes, dict[str, Any]]:
        words = about["tables"][name]
        described = {key: words[key] for key in ("title", "description")}
        of_table = {**identity, "table": name, **described, "licence": about["licence"]}
        path = f"{words.get('folder', '')}{name}.parquet"
        content = _write_parquet(tables[name], of_table, words["sources"])
        return path, content, _build_resource(name, path, tables[name], words, content)

    with ThreadPoolExecutor() as pool:  # Arrow and zlib run beside the interpreter
        archive = pool.submit(pack_files, facts)
        written = [*pool.map(write_table, sorted(tables))]
    files = {path: content for path, content, _ in written}
    resources = [resource for _, _, resource in written]
    files[ARCHIVE_NAME] = content = archive.result()
    resources.append(
        {
            "$schema": f"{PROFILES}/dataresource.json",
            "name": "facts",
            "title": "facts",
            "description": "The fact tables that the version was computed from, a folder a layer.",
            FACT_KEYS: about.get(FACT_KEYS, {}),
            **({"licenses": about[OTHER_LICENCES]} if OTHER_LICENCES in about else {}),
            "path": ARCHIVE_NAME,
            "mediatype": "application/zip",
            **_digest_file(content),
        }
    )
    package = {
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
    files[MANIFEST] = encode_json(package, indent=2)
    return files


def _write_parquet(table: pa.Table, of_table: Mapping[str, Any], sources: Any) -> bytes:
    """Return a table as a Parquet file.

    What the table and its columns are is in its footer once, as JSON without spaces, with the
    meanings of the codes that its rows have; the manifest has those of all codes. In the schema of
    Arrow it would be written a second time, in base64.
    """
    sink = io.BytesIO()
    columns = {field.name: _read_words(field) for field in table.schema}
    for name, words in columns.items():
        if VALUES in words:
            cells = table[name]
            single = pc.list_flatten(cells) if pa.types.is_list(cells.type) else cells
            codes = set(single.unique().to_pylist())
            words[VALUES] = {code: words[VALUES][code] for code in words[VALUES] if code in codes}
        columns[name] = {key: word for key, word in words.items() if word}
    about = {METADATA_KEY: of_table, COLUMNS_KEY: columns, SOURCES_KEY: sources}
    bare = pa.schema([field.remove_metadata() for field in table.schema])
    with pq.ParquetWriter(sink, bare, compression="zstd", store_schema=False) as file:
        # Division into chunks reaches the bytes of the file, so it is fixed.
        for first in range(0, max(len(table), 1), ROW_GROUP_ROWS):
            file.write_table(table.slice(first, ROW_GROUP_ROWS).cast(bare).combine_chunks())
        file.add_key_value_metadata(
            {key: encode_json(words, separators=(",", ":")) for key, words in about.items()}
        )
    return sink.getvalue()


def _read_words(field: pa.Field) -> dict[str, Any]:
    """Return what a column says of itself, without blanks, meanings of codes as objects."""
    texts = {key.decode(): word.decode() for key, word in sorted((field.metadata or {}).items())}
    words = {key: json.loads(text) if key in CODED else text for key, text in texts.items()}
    return {key: word for key, word in words.items() if word}


def describe_columns(
    schema: pa.Schema, fields: Sequence[Mapping[str, Any]] = ()
) -> dict[str, dict[str, Any]]:
    """Return what each column of a published table says of itself, from its schema as read.

    The file has the meanings of the codes that occur in it, `fields` of the manifest all of them.
    """
    try:
        written = json.loads((schema.metadata or {}).get(COLUMNS_KEY.encode(), b"{}"))
        columns = {field.name: written.get(field.name, {}) for field in schema}
        for field in fields:
            listed = {coded["value"]: coded["label"] for coded in field.get("categories", ())}
            if (meanings := listed or field.get(VALUES)) and field["name"] in columns:
                columns[field["name"]] |= {VALUES: meanings}
        for words in (*written.values(), *columns.values()):
            require_shape(words, {key: dict if key in CODED else str for key in words}, "column")
    except (ValueError, AttributeError, TypeError, KeyError, RecursionError) as error:
        raise PublishError(f"a table has no words of its columns under {COLUMNS_KEY}") from error
    return {name: dict.fromkeys(FIELD_KEYS, "") | words for name, words in columns.items()}


def _build_resource(
    name: str, path: str, table: pa.Table, about: About, content: bytes
) -> dict[str, Any]:
    fields = [_describe_field(name, field) for field in table.schema]
    schema = {"$schema": f"{PROFILES}/tableschema.json", "fields": fields}
    if about.get("primary_key"):
        schema["primaryKey"] = list(about["primary_key"])
    return {
        "$schema": f"{PROFILES}/dataresource.json",
        "name": name,
        "type": "table",
        "title": about["title"],
        "description": about["description"],
        "path": path,
        "format": "parquet",
        "mediatype": "application/vnd.apache.parquet",
        **_digest_file(content),
        "rows": table.num_rows,
        "schema": schema,
    }


def _digest_file(content: bytes) -> dict[str, Any]:
    # Not `bytes`: frictionless would compare it with a count it does not keep for Parquet.
    return {"hash": f"sha256:{hash_bytes(content)}", "size_bytes": len(content)}


def _describe_field(table: str, field: pa.Field) -> dict[str, Any]:
    kind = _name_kind(field.type)
    if kind is None:
        raise PublishError(
            f"column {field.name} of table {table} is of type {field.type}: published tables are "
            "of text, numbers, booleans, dates and lists of these"
        )
    if kind == "integer" and field.nullable:
        # Validators read Parquet through pandas, which turns integers with gaps into floats.
        kind = "number"
    words = _read_words(field)
    described = {"name": field.name, "type": LIST if kind == "array" else kind}
    described |= {key: words[key] for key in FIELD_KEYS if key in words}
    if kind == "array" and VALUES in words:
        # A cell has several: `categories` would say that it is one of them.
        described[VALUES] = words[VALUES]
    elif VALUES in words:
        described["categories"] = [
            {"value": code, "label": meaning} for code, meaning in words[VALUES].items()
        ]
    if SPECIAL_VALUES in words:
        described[SPECIAL_VALUES] = words[SPECIAL_VALUES]
    return described if field.nullable else described | {"constraints": {"required": True}}


def _name_kind(kind: pa.DataType) -> str | None:
    if pa.types.is_list(kind):
        return "array"
    return "integer" if pa.types.is_integer(kind) else _KINDS.get(str(kind).partition("[")[0])


def encode_json(value: object, **layout: Any) -> bytes:
    """Return a value as JSON, its keys as they are; `layout` are options of `json.dumps`."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, **layout).encode()


_PACKAGE: Mapping[str, Any] = {
    **dict.fromkeys(("title", "description", "version"), str),
    "licenses": [{"title": str}],
    "sources": list,
    "resources": [dict.fromkeys(("name", "path", "description", "hash"), str)],
    METADATA_KEY: dict,
}
_FIELD = dict.fromkeys(("name", "type", "description"), str)
_TABLE = {"rows": int, "schema": {"fields": [_FIELD]}}
"""The shapes of the manifest of a version and of its tables, as they are written here."""


def read_package(content: bytes) -> dict[str, Any]:
    """Return the description of a version, which is not trusted; raise ValueError if it is none."""
    try:
        package: dict[str, Any] = json.loads(content)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    require_shape(package, _PACKAGE, "manifest")
    for resource in package["resources"]:
        path = resource["path"]
        if path != ARCHIVE_NAME:
            if not _TABLE_NAME.fullmatch(resource["name"]):
                raise ValueError(f"it names a table {resource['name']!r}")
            if path.removeprefix(DETAILS) != f"{resource['name']}.parquet" or path.count("/") > 1:
                raise ValueError(f"its file {path!r} is no table of the version")
            require_shape(resource, _TABLE, resource["name"])
    return package


def require_shape(value: Any, shape: Any, name: str) -> None:
    """Raise ValueError where a value is not of a type, or its parts are not of theirs."""
    kind: type = shape if isinstance(shape, type) else type(shape)
    if not issubclass(type(value), kind):
        raise ValueError(f"{name} is missing or of another type")
    if isinstance(shape, dict):
        for key, inner in shape.items():
            require_shape(value.get(key), inner, f"{name}.{key}")
    if isinstance(shape, list):
        if not value:
            raise ValueError(f"{name} is empty")
        for entry in value:
            require_shape(entry, shape[0], name)


def require_schema(address: str, schema_version: str) -> None:
    """Raise PublishError for tables of an older schema, whose names and columns are others."""
    if _OLDER_SCHEMA.fullmatch(schema_version):
        raise PublishError(
            f"{address} has tables of schema {schema_version}, and those of schema 5.0 and later "
            "are read: publish again, or read it with the release that wrote it"
        )


def _require_columns(schema: pa.Schema, fields: Sequence[Mapping[str, Any]]) -> None:
    kinds = dict(zip(schema.names, map(_name_kind, schema.types), strict=True))
    if len(kinds) < len(schema.names):
        raise ValueError("it has a column twice")
    if fields and (unnamed := kinds.keys() - {field["name"] for field in fields}):
        raise ValueError(f"it has the column {min(unnamed)}, which the manifest does not name")
    for field in fields:
        name, expected = field["name"], field["type"]
        if name not in kinds:
            raise ValueError(f"it lacks the column {name}")
        if kinds[name] not in _DECODED.get(expected, (expected,)):
            kind = schema.field(name).type
            raise ValueError(f"its column {name} is of type {kind} and not {expected}")


class TooLargeError(ValueError):
    """A file decodes to far more than it should; the message states the limit."""


def open_parquet(content: bytes, texts: Sequence[str] = ()) -> pq.ParquetFile:
    """Open a Parquet file, these columns as dictionaries; raise OSError for too many row groups."""
    # From Arrow's memory: a thread of Arrow that frees Python's as Python ends aborts the process.
    memory = pa.allocate_buffer(len(content))
    pa.FixedSizeBufferWriter(memory).write(content)
    return pq.ParquetFile(
        pa.BufferReader(memory),
        read_dictionary=texts,
        thrift_string_size_limit=files.MOST_WORDS_BYTES,
        thrift_container_size_limit=MOST_COLUMNS,
    )


def require_bounded(file: pq.ParquetFile, content: bytes) -> None:
    """Raise TooLargeError for too many bytes, ValueError for types of which no table has columns.

    Counted is what decoding obeys (`pages`), not what the footer says. Texts that are stored once
    and repeated by number are counted without decoding them.
    """
    most_bytes = _limit_bytes(len(content))
    about, fields = file.metadata, list(file.schema_arrow)
    for field in fields:
        is_list = pa.types.is_nested(field.type) and field.type != pa.list_(pa.string())
        if is_list or pa.types.is_fixed_size_binary(field.type):
            raise ValueError(f"its column {field.name} is of type {field.type}")
    stored_bytes, repeated_bytes, texts = 0, 0, dict[str, None]()
    for number, place in itertools.product(range(about.num_row_groups), range(len(fields))):
        chunk = about.row_group(number).column(place)
        start = chunk.data_page_offset  # as Arrow reads it, unless a dictionary is before it
        if chunk.has_dictionary_page and 0 < chunk.dictionary_page_offset < start:
            start = chunk.dictionary_page_offset
        end = start + chunk.total_compressed_size if chunk.num_values else start
        size_bytes, dictionary_bytes, values = sum_pages(content, start, end, most_bytes)
        values = max(values, chunk.num_values)
        stored_bytes += max(size_bytes, values * NUMBER_BYTES)
        if chunk.physical_type == "BYTE_ARRAY":
            texts[chunk.path_in_schema] = None
            repeated_bytes += values * dictionary_bytes
        if stored_bytes > most_bytes:
            break
    is_large = stored_bytes + repeated_bytes > most_bytes
    if stored_bytes > most_bytes or (is_large and _count_signs(content, [*texts]) > most_bytes):
        raise TooLargeError(f"it decodes to more than {most_bytes:,} bytes")


def _count_signs(content: bytes, texts: list[str]) -> int:
    """Return the bytes of all texts of a file, of which columns these paths have some."""
    with open_parquet(content, texts) as file:
        # Arrow reads no lists of coded texts from several row groups at once.
        groups = map(file.read_row_group, range(file.num_row_groups))
        cells = (chunk for group in groups for column in group.columns for chunk in column.chunks)
        parts = (chunk.flatten() if pa.types.is_list(chunk.type) else chunk for chunk in cells)
        lengths = (
            pc.take(pc.binary_length(part.dictionary), part.indices)
            for part in parts
            if pa.types.is_dictionary(part.type)
        )
        return sum(pc.sum(part).as_py() or 0 for part in lengths)


def decode_table(
    content: bytes, is_coded: bool, fields: Sequence[Mapping[str, Any]] = ()
) -> pa.Table:
    """Return a table, if coded with texts as dictionaries; raise ValueError if it is damaged."""
    with open_parquet(content) as file:
        schema = file.schema_arrow
        _require_columns(schema, fields)
        require_bounded(file, content)
    texts = [column.name for column in schema if is_coded and pa.types.is_string(column.type)]
    with open_parquet(content, texts) as file:
        return file.read()
