"""Versions, their manifests, and the atomic switch of `latest`.

A version is a folder written once. It is written aside, flushed and renamed into place, and only
then does the link `latest` move, itself by a rename. Whatever dies in between, a reader who opens
`latest` finds the old version or the new one, whole. Below the root of what is published:

    .lock                      held while publishing; the system frees it when its holder dies
    latest -> versions/<id>
    versions/<id>/             a Parquet file for each table, and datapackage.json
    versions/.tmp-<id>-<pid>/  being written, or left behind by a publisher that died
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from flows.publishing.files import flush

About = Mapping[str, Any]  # words about the tables, which no column says of itself

METADATA_KEY = "audience_impact"  # under it, a Parquet file describes itself
FIELD_KEYS = ("description", "unit", "sdmx_concept")  # what every column says of itself
MANIFEST = "datapackage.json"
PROFILES = "https://datapackage.org/profiles/2.0"
ROW_GROUP_ROWS = 128 * 1024

_TMP = ".tmp-"
_FIELD_TYPES = {"bool": "boolean", "float": "number", "double": "number", "string": "string"}
_FIELD_TYPES |= {"large_string": "string", "date32": "date", "timestamp": "datetime"}
_VERSION_ID = re.compile(r"\d{4}-\d{2}-\d{2}-[0-9a-f]{12}")
_TABLE_NAME = re.compile(r"[a-z][a-z0-9_]*")


class PublishError(Exception):
    """A version could not be published or found; the message says why and what to do."""


@dataclass(frozen=True)
class Version:
    """What identifies a version: the same five values are the same version, everywhere."""

    as_of: date
    inputs_sha256: str
    method_version: str
    schema_version: str
    seed: int

    @property
    def id(self) -> str:
        """`<as_of>-<12 hex digits>`, which follows from the fields alone."""
        return f"{self.as_of:%Y-%m-%d}-{_sha256(_json(self.facts()))[:12]}"

    def facts(self) -> dict[str, Any]:
        """Return the fields as they go into JSON."""
        return asdict(self) | {"as_of": f"{self.as_of:%Y-%m-%d}"}


@dataclass(frozen=True)
class Published:
    """What a publish did: `created` is False where the version was there already."""

    version_id: str
    path: Path
    created: bool
    removed: tuple[str, ...]


def publish(
    root: Path,
    version: Version,
    tables: Mapping[str, pa.Table],
    about: About,
    keep: int | None = None,
    timeout_seconds: float = 60.0,
) -> Published:
    """Publish the tables as one version below `root` and let `latest` point at it.

    `about` holds `title`, `description`, `licence` (`name` or `path`, and `title`), `sources`
    (each with `title` and `path`) and `tables`: by name `title`, `description` and, optionally,
    `primary_key`. With `keep`, the oldest versions beyond that number are removed.
    """
    if keep is not None and keep < 1:
        raise PublishError(f"keep must be at least 1 (the version just published), not {keep}")
    files = _render(version, tables, about)
    try:
        root = root.resolve()
        folder = root / "versions" / version.id
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _only_publisher(root, timeout_seconds):
            _check_latest_can_move(root / "latest")
            _remove_leftovers(root)
            created = not _is_whole(folder, set(files))
            if created:
                _write_version(folder, files)
            else:
                _check_same_bytes(folder, files)
            flush(folder.parent)
            _point_latest_at(root, version.id)
            removed = _remove_oldest(folder, keep)
    except OSError as error:
        raise PublishError(f"cannot publish below {root}: {error}") from error
    return Published(version.id, folder, created, removed)


def latest(root: Path) -> Path:
    """Return the folder `latest` points at; read every table there, as `latest` may move."""
    link = root / "latest"
    if not os.path.lexists(link):
        raise PublishError(f"nothing has been published below {root}")
    if not link.is_symlink():
        raise PublishError(_not_a_link(link))
    if not (link / MANIFEST).is_file():
        raise PublishError(f"{link} points at what is no version (any more): publish again")
    return link.resolve()


def code_sha256(*packages: Path) -> str:
    """Return the digest of the source of these packages: new code, new method."""
    digests = {}
    for number, package in enumerate(packages):
        for path in package.rglob("*.py"):
            # Line ends depend on how the repository was checked out, and change no result.
            source = path.read_bytes().replace(b"\r\n", b"\n")
            digests[f"{number}/{path.relative_to(package).as_posix()}"] = _sha256(source)
    return _sha256(_json(sorted(digests.items())))


# What is written: bytes that depend on the arguments alone.


def _render(version: Version, tables: Mapping[str, pa.Table], about: About) -> dict[str, bytes]:
    if not tables:
        raise PublishError("there is no table to publish")
    files: dict[str, bytes] = {}
    resources = []
    for name in sorted(tables):
        _check_table(name, tables[name], about)
        table = _described(name, tables[name], version, about)
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, compression="zstd", row_group_size=ROW_GROUP_ROWS)
        files[f"{name}.parquet"] = content = bytes(sink.getvalue())
        resources.append(_resource(name, table, about["tables"][name], content))
    files[MANIFEST] = _json(_package(version, about, resources), indent=2)
    return files


def _check_table(name: str, table: pa.Table, about: About) -> None:
    if not _TABLE_NAME.fullmatch(name):
        raise PublishError(f"{name!r} is no table name: lower-case letters, digits and _ only")
    if not all(about["tables"].get(name, {}).get(key) for key in ("title", "description")):
        raise PublishError(f"table {name} has no title or no description")
    for field in table.schema:
        told = _told(field)
        missing = [key for key in FIELD_KEYS if key not in told]
        if missing or not told["description"].strip():
            absent = ", ".join(missing) or "a description with words in it"
            raise PublishError(f"column {field.name} of table {name} lacks {absent}")
        if not field.nullable and table[field.name].null_count:
            raise PublishError(f"column {field.name} of table {name} may not be null, yet is")


def _told(field: pa.Field) -> dict[str, str]:
    return {key.decode(): word.decode() for key, word in sorted((field.metadata or {}).items())}


def _described(name: str, table: pa.Table, version: Version, about: About) -> pa.Table:
    """Give the table its own description, and a form that does not tell how it was built."""
    description = version.facts() | {"version_id": version.id, "table": name}
    description |= {key: about["tables"][name][key] for key in ("title", "description")}
    description |= {key: about[key] for key in ("licence", "sources")}
    # Order of metadata and division into chunks reach the bytes of the file, so both are fixed.
    fields = [field.with_metadata(_told(field)) for field in table.schema]
    return table.cast(pa.schema(fields, {METADATA_KEY: _json(description)})).combine_chunks()


def _package(version: Version, about: About, resources: list[Any]) -> dict[str, Any]:
    return {
        "$schema": f"{PROFILES}/datapackage.json",
        "name": "audience-impact",
        "title": about["title"],
        "description": about["description"],
        "version": version.id,
        # The date of the facts: a clock would give other bytes on every run.
        "created": f"{version.as_of:%Y-%m-%d}T00:00:00Z",
        "licenses": [about["licence"]],
        "sources": about["sources"],
        METADATA_KEY: version.facts() | {"version_id": version.id},
        "resources": resources,
    }


def _resource(name: str, table: pa.Table, told: About, content: bytes) -> dict[str, Any]:
    fields = [_field(name, field) for field in table.schema]
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
        "hash": f"sha256:{_sha256(content)}",
        # Not `bytes`: frictionless would compare it with a count it does not keep for Parquet.
        "size_bytes": len(content),
        "rows": table.num_rows,
        "schema": schema,
    }


def _field(table: str, field: pa.Field) -> dict[str, Any]:
    told = _told(field)
    described = {"name": field.name, "type": _field_type(table, field)}
    described |= {key: told[key] for key in FIELD_KEYS if told[key]}
    return described if field.nullable else described | {"constraints": {"required": True}}


def _field_type(table: str, field: pa.Field) -> str:
    if pa.types.is_integer(field.type):
        # Validators read Parquet through pandas, which turns integers with gaps into floats.
        return "number" if field.nullable else "integer"
    if (kind := str(field.type).partition("[")[0]) in _FIELD_TYPES:
        return _FIELD_TYPES[kind]
    told = "published tables are flat, of text, numbers, booleans and dates"
    raise PublishError(f"column {field.name} of table {table} is of type {field.type}: {told}")


def _json(value: object, indent: int | None = None) -> bytes:
    try:
        return json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise PublishError(f"a description cannot be written as JSON: {error}") from error


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# How it is written: every step leaves behind something a reader can open.


@contextmanager
def _only_publisher(root: Path, timeout_seconds: float) -> Iterator[None]:
    try:
        with FileLock(root / ".lock", timeout=timeout_seconds):
            yield
    except Timeout as error:
        waited = f"and has not finished within {timeout_seconds:g} seconds: try again later"
        raise PublishError(f"another run is publishing below {root} {waited}") from error


def _check_latest_can_move(link: Path) -> None:
    """Refuse before anything is written where `latest` holds something that a swap would lose."""
    if link.is_dir() and not link.is_symlink() and not any(link.iterdir()):
        link.rmdir()
    if os.path.lexists(link) and not link.is_symlink():
        raise PublishError(_not_a_link(link))


def _not_a_link(link: Path) -> str:
    return f"{link} is no link to a version (a copy without links?): move it away, publish again"


def _remove_leftovers(root: Path) -> None:
    """Remove what dead publishers left; under the lock, nothing of a live one can be there."""
    for path in (*root.glob(f"{_TMP}*"), *root.glob(f"versions/{_TMP}*")):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _is_whole(folder: Path, files: set[str]) -> bool:
    """Tell whether the folder holds these files, with the hashes that its manifest gives."""
    try:
        resources = json.loads((folder / MANIFEST).read_bytes())["resources"]
        told = {resource["path"]: resource["hash"] for resource in resources}
        found = {name: f"sha256:{_sha256((folder / name).read_bytes())}" for name in told}
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return told == found and told.keys() == files - {MANIFEST}


def _check_same_bytes(folder: Path, files: Mapping[str, bytes]) -> None:
    """The same inputs, method and seed give the same bytes, or something else has changed."""
    other = sorted(name for name in files if (folder / name).read_bytes() != files[name])
    if other:
        raise PublishError(
            f"bytes_differ: version {folder.name} is there already, and the same inputs, method "
            f"and seed now give another {', '.join(other)}: if a library has changed, remove "
            f"{folder} and publish again; if not, something that decides results is not in the "
            "version"
        )


def _write_version(folder: Path, files: Mapping[str, bytes]) -> None:
    aside = folder.with_name(f"{_TMP}{folder.name}-{os.getpid()}")
    try:
        aside.mkdir()
        for name, content in files.items():
            (aside / name).write_bytes(content)
            flush(aside / name)
        flush(aside)
        _put_in_place(aside, folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _put_in_place(aside: Path, folder: Path) -> None:
    if not folder.is_dir():
        folder.unlink(missing_ok=True)
        os.rename(aside, folder)
        return
    # A damaged version is mended file by file, so that `latest` never points at nothing. Until
    # that is done its hashes do not match, so that the next publish starts again.
    for path in aside.iterdir():
        os.replace(path, folder / path.name)
    flush(folder)


def _point_latest_at(root: Path, version_id: str) -> None:
    link, target = root / "latest", f"versions/{version_id}"
    if not link.is_symlink() or os.readlink(link) != target:
        aside = root / f"{_TMP}latest-{os.getpid()}"
        os.symlink(target, aside)
        os.replace(aside, link)
    flush(root)


def _remove_oldest(current: Path, keep: int | None) -> tuple[str, ...]:
    """Remove the oldest versions beyond `keep`; what is not named like a version stays."""
    versions = [path for path in current.parent.iterdir() if _VERSION_ID.fullmatch(path.name)]
    versions.sort(key=lambda path: (path.stat().st_mtime_ns, path.name))
    others = [path for path in versions if path != current]
    oldest = others[: max(len(others) + 1 - keep, 0)] if keep else []
    for path in oldest:
        # Renamed first: what is half removed must not pass for a version.
        aside = path.with_name(f"{_TMP}{path.name}-{os.getpid()}")
        os.rename(path, aside)
        shutil.rmtree(aside)
    return tuple(path.name for path in oldest)
