"""Versions, their manifests, and the atomic switch of `latest`.

A version is a folder written once. It is written aside, flushed and renamed into place, and only
then does the link `latest` move, itself by a rename. Whatever dies in between, a reader who opens
`latest` finds the old version or the new one, whole.

    root/
      .lock                      held while publishing; the system frees it when its holder dies
      latest -> versions/<id>
      versions/<id>/             one Parquet file a table, and datapackage.json
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

METADATA_KEY = "audience_impact"
"""The key of the Parquet schema metadata under which a file describes itself."""

FIELD_KEYS = ("description", "unit", "sdmx_concept")
"""What the Arrow metadata of every published column must say."""

MANIFEST = "datapackage.json"
PROFILES = "https://datapackage.org/profiles/2.0"
ROW_GROUP_ROWS = 128 * 1024

_TMP = ".tmp-"
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
    about: Mapping[str, Any],
    keep: int | None = None,
    timeout_seconds: float = 60.0,
) -> Published:
    """Publish the tables as one version below `root` and let `latest` point at it.

    `about` holds `title`, `description`, `licence` (`name`, and `title` or `path`), `sources`
    (each with `title`, and `path`) and `tables`: by name `title`, `description` and, optionally,
    `primary_key`. With `keep`, the oldest versions beyond that number are removed.
    """
    if keep is not None and keep < 1:
        raise PublishError(f"keep must be at least 1 (the version just published), not {keep}")
    files = _render(version, tables, about)
    try:
        root = root.resolve()
        versions = root / "versions"
        versions.mkdir(parents=True, exist_ok=True)
        with _only_publisher(root, timeout_seconds):
            _check_latest_can_move(root)
            _remove_leftovers(root, versions)
            created = not _is_whole(versions / version.id, set(files))
            if created:
                _write_version(versions / version.id, files)
            _point_latest_at(root, version.id)
            removed = _remove_oldest(versions, version.id, keep)
    except OSError as error:
        raise PublishError(f"cannot publish below {root}: {error}") from error
    return Published(version.id, versions / version.id, created, removed)


def latest(root: Path) -> Path:
    """Return the folder of the version that `latest` points at.

    Resolve once and read every table from the folder returned: `latest` may move between two reads.
    """
    link = root / "latest"
    if not os.path.lexists(link):
        raise PublishError(f"nothing has been published below {root}")
    if not link.is_symlink():
        raise PublishError(_not_a_link(link))
    if not (link / MANIFEST).is_file():
        raise PublishError(
            f"{link} points at {os.readlink(link)}, which is no version any more: publish again"
        )
    return link.resolve()


def code_sha256() -> str:
    """Return the digest of the source of this package: a change of code is a change of method."""
    package = Path(__file__).resolve().parent
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py"), key=lambda path: path.relative_to(package).parts):
        # Line ends depend on how the repository was checked out, and change no result.
        source = path.read_bytes().replace(b"\r\n", b"\n")
        name = path.relative_to(package).as_posix()
        digest.update(f"{name}\0{_sha256(source)}\n".encode())
    return digest.hexdigest()


# What is written: bytes that depend on the arguments alone.


def _render(
    version: Version, tables: Mapping[str, pa.Table], about: Mapping[str, Any]
) -> dict[str, bytes]:
    if not tables:
        raise PublishError("there is no table to publish")
    files: dict[str, bytes] = {}
    resources = []
    for name in sorted(tables):
        table = _described(name, tables[name], version, about)
        files[f"{name}.parquet"] = _parquet(table)
        resources.append(
            _resource(name, table, _about_table(about, name), files[f"{name}.parquet"])
        )
    files[MANIFEST] = _json(_package(version, about, resources), indent=2)
    return files


def _described(
    name: str, table: pa.Table, version: Version, about: Mapping[str, Any]
) -> pa.Table:
    """Give the table its own description, and a form that does not depend on how it was built."""
    _check_table(name, table)
    titles = _about_table(about, name)
    description = version.facts() | {
        "version_id": version.id,
        "table": name,
        "title": titles["title"],
        "description": titles["description"],
        "licence": about["licence"],
        "sources": list(about["sources"]),
    }
    # Order of metadata and division into chunks reach the bytes of the file, so both are fixed.
    fields = [field.with_metadata(dict(sorted(field.metadata.items()))) for field in table.schema]
    schema = pa.schema(fields, metadata={METADATA_KEY: _json(description)})
    return table.cast(schema).combine_chunks()


def _check_table(name: str, table: pa.Table) -> None:
    if not _TABLE_NAME.fullmatch(name):
        raise PublishError(f"{name!r} is no table name: lower-case letters, digits and _ only")
    for field in table.schema:
        told = {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
        missing = [key for key in FIELD_KEYS if key not in told]
        if missing or not told["description"].strip():
            absent = ", ".join(missing) or "a description with words in it"
            raise PublishError(f"column {field.name} of table {name} lacks {absent}")
        if not field.nullable and table[field.name].null_count:
            raise PublishError(f"column {field.name} of table {name} may not be null, yet is")


def _about_table(about: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    told: Mapping[str, Any] = about["tables"].get(name, {})
    if not told.get("title") or not told.get("description"):
        raise PublishError(f"table {name} has no title or no description")
    return told


def _parquet(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", row_group_size=ROW_GROUP_ROWS, version="2.6")
    return bytes(sink.getvalue())


def _package(
    version: Version, about: Mapping[str, Any], resources: list[dict[str, Any]]
) -> dict[str, Any]:
    """Describe the version as a Data Package; `created` is the date of the facts, not a clock."""
    return {
        "$schema": f"{PROFILES}/datapackage.json",
        "name": "audience-impact",
        "title": about["title"],
        "description": about["description"],
        "version": version.id,
        "created": f"{version.as_of:%Y-%m-%d}T00:00:00Z",
        "licenses": [about["licence"]],
        "sources": list(about["sources"]),
        METADATA_KEY: version.facts() | {"version_id": version.id},
        "resources": resources,
    }


def _resource(
    name: str, table: pa.Table, about: Mapping[str, Any], content: bytes
) -> dict[str, Any]:
    schema: dict[str, Any] = {"$schema": f"{PROFILES}/tableschema.json"}
    schema["fields"] = [_field(name, field) for field in table.schema]
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
        "hash": f"sha256:{_sha256(content)}",
        # Not `bytes`: validators count those of a Parquet table as they go by, and miss some.
        "size_bytes": len(content),
        "rows": table.num_rows,
        "schema": schema,
    }


def _field(table: str, field: pa.Field) -> dict[str, Any]:
    told = {key.decode(): value.decode() for key, value in field.metadata.items()}
    described = {"name": field.name, "type": _field_type(table, field)}
    described |= {key: told[key] for key in FIELD_KEYS if told[key]}
    return described if field.nullable else described | {"constraints": {"required": True}}


def _field_type(table: str, field: pa.Field) -> str:
    kind = field.type
    if pa.types.is_integer(kind):
        # Validators read Parquet through pandas, which turns integers with gaps into floats.
        return "number" if field.nullable else "integer"
    for test, name in (
        (pa.types.is_boolean, "boolean"),
        (pa.types.is_floating, "number"),
        (pa.types.is_string, "string"),
        (pa.types.is_large_string, "string"),
        (pa.types.is_date, "date"),
        (pa.types.is_timestamp, "datetime"),
    ):
        if test(kind):
            return name
    raise PublishError(
        f"column {field.name} of table {table} is of type {kind}: published tables are flat, "
        "of text, numbers, booleans and dates"
    )


def _json(value: Any, indent: int | None = None) -> bytes:
    try:
        text = json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise PublishError(f"the description of the tables is no JSON: {error}") from error
    return f"{text}\n".encode() if indent else text.encode()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# How it is written: every step leaves behind something a reader can open.


@contextmanager
def _only_publisher(root: Path, timeout_seconds: float) -> Iterator[None]:
    try:
        with FileLock(root / ".lock", timeout=timeout_seconds):
            yield
    except Timeout as error:
        raise PublishError(
            f"another run is publishing below {root} and has not finished within "
            f"{timeout_seconds:g} seconds: try again later"
        ) from error


def _check_latest_can_move(root: Path) -> None:
    """Refuse before anything is written where `latest` holds something that a swap would lose."""
    link = root / "latest"
    if link.is_dir() and not link.is_symlink() and not any(link.iterdir()):
        link.rmdir()
    if os.path.lexists(link) and not link.is_symlink():
        raise PublishError(_not_a_link(link))


def _not_a_link(link: Path) -> str:
    kind = "folder" if link.is_dir() else "file"
    return (
        f"{link} is a plain {kind}, not a link to a version (a copy that did not keep links?): "
        "move it away, then publish again"
    )


def _remove_leftovers(root: Path, versions: Path) -> None:
    """Remove what dead publishers left; under the lock nothing of a live one can be there."""
    for path in (*root.glob(f"{_TMP}*"), *versions.glob(f"{_TMP}*")):
        _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _is_whole(folder: Path, files: set[str]) -> bool:
    """Tell whether the folder holds these files, as its manifest says they were written."""
    try:
        resources = json.loads((folder / MANIFEST).read_bytes())["resources"]
        hashes = {resource["path"]: resource["hash"] for resource in resources}
        return hashes.keys() == files - {MANIFEST} and all(
            told == f"sha256:{_sha256((folder / path).read_bytes())}"
            for path, told in hashes.items()
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _write_version(folder: Path, files: Mapping[str, bytes]) -> None:
    aside = folder.with_name(f"{_TMP}{folder.name}-{os.getpid()}")
    aside.mkdir()
    try:
        for name, content in files.items():
            _write(aside / name, content)
        _flush_folder(aside)
        _put_in_place(aside, folder)
        _flush_folder(folder.parent)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _put_in_place(aside: Path, folder: Path) -> None:
    if not folder.is_dir():
        folder.unlink(missing_ok=True)
        os.rename(aside, folder)
        return
    # A damaged version is mended file by file, so that `latest` never points at nothing. The
    # manifest goes last: until then its hashes do not match, and the next publish starts again.
    for path in sorted(aside.iterdir(), key=lambda path: path.name == MANIFEST):
        os.replace(path, folder / path.name)
    _flush_folder(folder)


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _point_latest_at(root: Path, version_id: str) -> None:
    link, target = root / "latest", os.path.join("versions", version_id)
    if link.is_symlink() and os.readlink(link) == target:
        return
    aside = root / f"{_TMP}latest-{os.getpid()}"
    os.symlink(target, aside)
    os.replace(aside, link)
    _flush_folder(root)


def _remove_oldest(versions: Path, current: str, keep: int | None) -> tuple[str, ...]:
    """Remove the oldest versions beyond `keep`; what is no version is left alone."""
    if keep is None:
        return ()
    others = [
        path
        for path in versions.iterdir()
        if _VERSION_ID.fullmatch(path.name) and path.name != current
    ]
    others.sort(key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)
    for path in others[keep - 1 :]:
        # Renamed first: a half-removed folder must not pass for a version.
        aside = path.with_name(f"{_TMP}{path.name}-{os.getpid()}")
        os.rename(path, aside)
        _remove(aside)
    return tuple(path.name for path in reversed(others[keep - 1 :]))
