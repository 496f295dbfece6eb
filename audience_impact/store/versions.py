"""Versions: their identity, publishing and reading, and the atomic switch of `latest`.

A version is a folder written once. If a process dies while it publishes, a reader who opens
`latest` finds the complete old or new version (see `storage`). Below the root of what
is published:

    latest                     leads to versions/<id>
    versions/<id>/             a Parquet file for each table, datapackage.json, and facts.zip, the
                               facts that the version was computed from
"""

import io
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from datetime import date
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from audience_impact.rules import Rule, register_rule
from audience_impact.store import VERSION_ID, PublishError, manifest, storage
from audience_impact.store.manifest import (
    FACT_KEYS,
    MANIFEST,
    METADATA_KEY,
    About,
    Rows,
    as_json,
    files_of,
    hash_bytes,
    render_files,
)
from audience_impact.store.storage import Storage
from audience_impact.vocabulary import FindingSeverity, RuleStage

LATEST, VERSIONS = "latest", "versions"
NO_FACTS: Mapping[str, bytes] = MappingProxyType({})
BYTES_DIFFER = register_rule(
    Rule(
        "bytes_differ",
        RuleStage.VERSIONS,
        FindingSeverity.TABLE_ERROR,
        "the same inputs, method and seed gave other bytes than the version that is there",
        "where a library has changed, or the form of what is published, remove that version and "
        "publish again",
        number=18,
    )
).id


@dataclass(frozen=True)
class Version:
    """The identity of a version: equal values of all five fields mean the same version."""

    as_of: date
    inputs_sha256: str
    method_version: str
    schema_version: str
    seed: int

    @property
    def id(self) -> str:
        """Return `<as_of>-<12 hex digits>`, which depends only on the fields."""
        return f"{self.as_of:%Y-%m-%d}-{hash_bytes(as_json(self.as_record()))[:12]}"

    @property
    def method(self) -> tuple[str, frozenset[str]]:
        """Return the name of the method and the options of the run."""
        number, code, *options = [*self.method_version.split("+"), ""]
        return f"{number}+{code}".strip("+"), frozenset(options) - {""}

    def as_record(self) -> dict[str, Any]:
        """Return the fields of the version as values for JSON."""
        return asdict(self) | {"as_of": f"{self.as_of:%Y-%m-%d}"}


@dataclass(frozen=True)
class Stored:
    """A version in a storage; all its tables come from one folder, found once."""

    store: Storage
    folder: str

    @property
    def id(self) -> str:
        """Return the id of the version."""
        return self.folder.rpartition("/")[2]

    @property
    def address(self) -> str:
        """Return the folder or address of the version for messages."""
        return f"{self.store.address}/{self.folder}"

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """Return the manifest; raise PublishError where it is damaged."""
        try:
            return dict(json.loads(self.manifest_bytes))
        except (ValueError, TypeError) as error:
            raise self._damage_error(MANIFEST, error) from error

    @cached_property
    def manifest_bytes(self) -> bytes:
        """Return the bytes of the manifest; raise PublishError where it is missing."""
        try:
            return self.store.read_file(f"{self.folder}/{MANIFEST}")
        except OSError as error:
            raise self._damage_error(MANIFEST, error) from error

    @cached_property
    def files(self) -> dict[str, dict[str, Any]]:
        """Return the entry of each file in the manifest; raise PublishError where it is damaged."""
        try:
            return files_of(self.manifest_bytes)
        except (ValueError, KeyError, TypeError) as error:
            raise self._damage_error(MANIFEST, error) from error

    def _damage_error(self, name: str, why: object) -> PublishError:
        return PublishError(
            f"{self.address}/{name} is damaged or missing ({why}): publish again to repair it"
        )

    def count_rows(self) -> dict[str, int]:
        """Return the number of rows of each table, from the manifest.

        Raises PublishError where the manifest is damaged.
        """
        return {
            record["name"]: record["rows"] for record in self.files.values() if "rows" in record
        }

    @cached_property
    def version(self) -> Version:
        """Return the identity of the version, from the manifest.

        Raises PublishError where the manifest is damaged.
        """
        try:
            metadata = self.manifest[METADATA_KEY]
            named = {field.name: metadata[field.name] for field in fields(Version)}
            return Version(**{**named, "as_of": date.fromisoformat(named["as_of"])})
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise self._damage_error(MANIFEST, error) from error

    def fact_files(self) -> dict[str, bytes]:
        """Return the fact files by name, such as `0/estimates.csv` in the first layer.

        Versions published before facts were stored have none. Raises PublishError where the archive
        is damaged.
        """
        if manifest.ARCHIVE_NAME not in self.files:
            return {}
        return manifest.unpack_files(self.read_content(manifest.ARCHIVE_NAME))

    def fact_keys(self) -> dict[str, list[str]]:
        """Return the key columns of each fact table; empty where the manifest lacks them."""
        return dict(self.files.get(manifest.ARCHIVE_NAME, {}).get(FACT_KEYS, {}))

    def read_table(self, name: str, **options: Any) -> pd.DataFrame:
        """Return a table, read with options of `pandas.read_parquet`.

        Raises PublishError where the bytes differ from the hash in the manifest.
        """
        return pd.read_parquet(io.BytesIO(self.read_content(f"{name}.parquet")), **options)

    def read_arrow(self, name: str) -> pa.Table:
        """Return a table with the metadata of the table and its columns.

        Raises PublishError where the bytes differ from the hash in the manifest.
        """
        return pq.read_table(io.BytesIO(self.read_content(f"{name}.parquet")))

    def read_content(self, path: str) -> bytes:
        """Return the bytes of a file of the version.

        Raises PublishError where the bytes differ from the hash in the manifest.
        """
        try:
            content, expected_hash = (
                self.store.read_file(f"{self.folder}/{path}"),
                self.files[path]["hash"],
            )
        except (OSError, KeyError) as error:
            raise self._damage_error(path, error) from error
        if expected_hash != f"sha256:{hash_bytes(content)}":
            raise self._damage_error(path, "its bytes are not those of the manifest")
        return content


@dataclass(frozen=True)
class Published:
    """The result of publishing: `created` is False where the version existed already.

    `replaced_count` is the number of fact rows that a later layer replaced.
    """

    version: Stored
    created: bool
    removed: tuple[str, ...]
    replaced_count: int = 0

    @property
    def version_id(self) -> str:
        """Return the id of the version."""
        return self.version.id

    @property
    def path(self) -> Path:
        """Return the folder of the version."""
        return Path(self.version.address)


def publish_version(
    root: Path,
    version: Version,
    tables: Mapping[str, Rows | pa.Table],
    about: About,
    keep: int | None = None,
    timeout_seconds: float = 60.0,
    facts: Mapping[str, bytes] = NO_FACTS,
) -> Published:
    """Publish the tables as one version below `root` and let `latest` lead to it.

    `about` has `title`, `description`, `licence` (`name` or `path`, and `title`), `sources`
    (each with `title` and `path`) and `tables`: by name `title`, `description`, its own `sources`
    and, optionally, `primary_key`; it may contain `fact_keys`, the key columns of each fact table,
    and `other_licences`, those of the facts.
    With `keep`, the oldest versions beyond that number are removed.
    `facts` are the files that the version was computed from, `0/estimates.csv` in the first layer.
    """
    if keep is not None and keep < 1:
        raise PublishError(f"keep must be at least 1 (the version just published), not {keep}")
    files = render_files({**version.as_record(), "version_id": version.id}, tables, about, facts)
    try:
        store, folder = storage.select_storage(root), f"{VERSIONS}/{version.id}"
        with store.hold_lock(timeout_seconds):
            store.remove_leftovers(LATEST)
            created = not _is_whole(store, folder, files)
            if created:
                store.write_folder(folder, files)
            else:
                _check_same_bytes(store, folder, files)
            store.flush_folder(VERSIONS)
            store.move_pointer(LATEST, folder)
            removed = _remove_oldest(store, version.id, keep)
    except OSError as error:
        raise PublishError(
            f"cannot publish below {storage.format_address(root)}: {error}"
        ) from error
    return Published(Stored(store, folder), created, removed)


def find_latest(root: Path) -> Stored:
    """Return the version that `latest` names; read all tables from it, as `latest` may move.

    Raises PublishError where nothing is published.
    """
    store = storage.select_storage(root)
    folder = store.read_pointer(LATEST)
    if folder is None:
        raise PublishError(f"nothing has been published below {store.address}")
    try:
        store.read_file(f"{folder}/{MANIFEST}")
    except OSError as error:
        where = f"{store.address}/{LATEST}"
        raise PublishError(f"{where} does not lead to a version: publish again") from error
    return Stored(store, folder)


def is_id(name: str) -> bool:
    """Return whether a name is the id of a version."""
    return bool(VERSION_ID.fullmatch(name))


def _is_whole(store: Storage, folder: str, files: Mapping[str, bytes]) -> bool:
    """Return whether the folder has all these files with the digests of its manifest."""
    try:
        files_in_manifest = files_of(store.read_file(f"{folder}/{MANIFEST}"))
        hashes = {
            name: hash_bytes(store.read_file(f"{folder}/{name}")) for name in files_in_manifest
        }
        is_complete = all(
            files_in_manifest[name]["hash"] == f"sha256:{hashes[name]}"
            for name in files_in_manifest
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return is_complete and files_in_manifest.keys() == files.keys() - {MANIFEST}


def _check_same_bytes(store: Storage, folder: str, files: Mapping[str, bytes]) -> None:
    """Raise PublishError where files of the existing version have other bytes."""
    differing = sorted(name for name in files if store.read_file(f"{folder}/{name}") != files[name])
    if differing:
        raise PublishError(
            f"{BYTES_DIFFER}: version {Path(folder).name} exists already, and the same inputs, "
            f"method and seed now give different bytes of {', '.join(differing)}: if a library or "
            f"the form of what is published has changed, remove {store.address}/{folder} and "
            "publish again; otherwise the results depend on something that is not in the version"
        )


def _remove_oldest(store: Storage, current: str, keep: int | None) -> tuple[str, ...]:
    """Remove the oldest versions beyond `keep`, and no files that no manifest names."""
    if not keep:
        return ()
    names = [name for name in store.list_names(VERSIONS) if is_id(name)]
    others = [name for name in names if name != current]
    oldest = others[: max(len(others) + 1 - keep, 0)]
    return tuple(name for name in oldest if _remove_version(Stored(store, f"{VERSIONS}/{name}")))


def _remove_version(version: Stored) -> bool:
    """Remove the files of a version; return False if its manifest is unreadable."""
    with suppress(PublishError):
        version.store.remove_files(version.folder, [MANIFEST, *version.files])
        return True
    return False
