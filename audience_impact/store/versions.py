"""Versions: what one is, how it is published and read, and the atomic switch of `latest`.

A version is a folder written once. Whatever dies while it is published, a reader who opens
`latest` finds the old version or the new one, whole (how, `storage` says). Below the root of what
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

from audience_impact.rules import Rule, register
from audience_impact.store import VERSION_ID, PublishError, archive, storage
from audience_impact.store.manifest import (
    FACT_KEYS,
    MANIFEST,
    METADATA_KEY,
    About,
    Rows,
    as_json,
    files_of,
    render,
    sha256,
)
from audience_impact.store.storage import Storage
from audience_impact.vocabulary import FindingSeverity, RuleStage

LATEST, VERSIONS = "latest", "versions"
NO_FACTS: Mapping[str, bytes] = MappingProxyType({})
BYTES_DIFFER = register(
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
    """What identifies a version: the same five values are the same version, everywhere."""

    as_of: date
    inputs_sha256: str
    method_version: str
    schema_version: str
    seed: int

    @property
    def id(self) -> str:
        """`<as_of>-<12 hex digits>`, which follows from the fields alone."""
        return f"{self.as_of:%Y-%m-%d}-{sha256(as_json(self.facts()))[:12]}"

    @property
    def method(self) -> tuple[str, frozenset[str]]:
        """The method itself, and what was asked of the run."""
        number, code, *asked = [*self.method_version.split("+"), ""]
        return f"{number}+{code}".strip("+"), frozenset(asked) - {""}

    def facts(self) -> dict[str, Any]:
        """Return the fields as they go into JSON."""
        return asdict(self) | {"as_of": f"{self.as_of:%Y-%m-%d}"}


@dataclass(frozen=True)
class Stored:
    """A version that lies somewhere: every table of it is read from one folder, once resolved."""

    store: Storage
    folder: str

    @property
    def id(self) -> str:
        """The id of the version."""
        return self.folder.rpartition("/")[2]

    @property
    def address(self) -> str:
        """Where it lies, as told to people."""
        return f"{self.store.address}/{self.folder}"

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What the manifest says of the version; PublishError where it is damaged."""
        try:
            return dict(json.loads(self.manifest_bytes))
        except (ValueError, TypeError) as error:
            raise self._damaged(MANIFEST, error) from error

    @cached_property
    def manifest_bytes(self) -> bytes:
        """The manifest as it is written; PublishError where it is missing."""
        try:
            return self.store.read(f"{self.folder}/{MANIFEST}")
        except OSError as error:
            raise self._damaged(MANIFEST, error) from error

    @cached_property
    def files(self) -> dict[str, dict[str, Any]]:
        """What the manifest says of each file beside it; PublishError where it is damaged."""
        try:
            return files_of(self.manifest_bytes)
        except (ValueError, KeyError, TypeError) as error:
            raise self._damaged(MANIFEST, error) from error

    def _damaged(self, name: str, why: object) -> PublishError:
        return PublishError(
            f"{self.address}/{name} is damaged or missing ({why}): publish again, which mends it"
        )

    def rows(self) -> dict[str, int]:
        """Rows of each table, as the manifest says.

        Raises PublishError where the manifest is damaged.
        """
        return {told["name"]: told["rows"] for told in self.files.values() if "rows" in told}

    @cached_property
    def version(self) -> Version:
        """What identifies it, as the manifest says.

        Raises PublishError where the manifest is damaged.
        """
        try:
            told = self.manifest[METADATA_KEY]
            named = {field.name: told[field.name] for field in fields(Version)}
            return Version(**{**named, "as_of": date.fromisoformat(named["as_of"])})
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise self._damaged(MANIFEST, error) from error

    def fact_files(self) -> dict[str, bytes]:
        """The files that it was computed from, `0/estimates.csv` in the first layer.

        None where it was published before facts were kept. Raises PublishError where the archive
        is damaged.
        """
        if archive.NAME not in self.files:
            return {}
        return archive.unpacked(self.content(archive.NAME))

    def fact_keys(self) -> dict[str, list[str]]:
        """Return the columns of the key of each fact table; none of a version that does not say."""
        return dict(self.files.get(archive.NAME, {}).get(FACT_KEYS, {}))

    def facts(self, into: Path) -> list[Path]:
        """Lay out the facts that it was computed from; the folder of each layer, in order.

        As `fact_files` otherwise.
        """
        return archive.laid_out(self.fact_files(), into)

    def table(self, name: str, **options: Any) -> pd.DataFrame:
        """A table, with the options of `pandas.read_parquet`.

        Raises PublishError where its bytes are not those that the manifest tells of.
        """
        return pd.read_parquet(io.BytesIO(self.content(f"{name}.parquet")), **options)

    def arrow(self, name: str) -> pa.Table:
        """A table with what it and its columns say of themselves.

        Raises PublishError where its bytes are not those that the manifest tells of.
        """
        return pq.read_table(io.BytesIO(self.content(f"{name}.parquet")))

    def content(self, path: str) -> bytes:
        """The bytes of a file of a table.

        Raises PublishError where they are not those that the manifest tells of.
        """
        try:
            content, told = self.store.read(f"{self.folder}/{path}"), self.files[path]["hash"]
        except (OSError, KeyError) as error:
            raise self._damaged(path, error) from error
        if told != f"sha256:{sha256(content)}":
            raise self._damaged(path, "its bytes are not those of the manifest")
        return content


@dataclass(frozen=True)
class Published:
    """What a publish did: `created` is False where the version was there already.

    `replaced_count` says of a run how many rows of its facts a later layer replaced.
    """

    version: Stored
    created: bool
    removed: tuple[str, ...]
    replaced_count: int = 0

    @property
    def version_id(self) -> str:
        """The id of the version."""
        return self.version.id

    @property
    def path(self) -> Path:
        """The folder of the version."""
        return Path(self.version.address)


def publish(
    root: Path,
    version: Version,
    tables: Mapping[str, Rows | pa.Table],
    about: About,
    keep: int | None = None,
    timeout_seconds: float = 60.0,
    facts: Mapping[str, bytes] = NO_FACTS,
) -> Published:
    """Publish the tables as one version below `root` and let `latest` lead to it.

    `about` holds `title`, `description`, `licence` (`name` or `path`, and `title`), `sources`
    (each with `title` and `path`) and `tables`: by name `title`, `description`, its own `sources`
    and, optionally, `primary_key`; it may hold `fact_keys`, the key columns of each fact table.
    With `keep`, the oldest versions beyond that number are removed.
    `facts` are the files that the version was computed from, `0/estimates.csv` in the first layer.
    """
    if keep is not None and keep < 1:
        raise PublishError(f"keep must be at least 1 (the version just published), not {keep}")
    files = render({**version.facts(), "version_id": version.id}, tables, about, facts)
    try:
        store, folder = storage.at(root), f"{VERSIONS}/{version.id}"
        with store.lock(timeout_seconds):
            store.prepare(LATEST)
            created = not _is_whole(store, folder, files)
            if created:
                store.write(folder, files)
            else:
                _check_same_bytes(store, folder, files)
            store.flush(VERSIONS)
            store.swap(LATEST, folder)
            removed = _remove_oldest(store, version.id, keep)
    except OSError as error:
        raise PublishError(f"cannot publish below {storage.address(root)}: {error}") from error
    return Published(Stored(store, folder), created, removed)


def latest(root: Path) -> Stored:
    """The version `latest` leads to; read every table of it, as `latest` may move.

    Raises PublishError where there is none.
    """
    store = storage.at(root)
    folder = store.target(LATEST)
    if folder is None:
        raise PublishError(f"nothing has been published below {store.address}")
    try:
        store.read(f"{folder}/{MANIFEST}")
    except OSError as error:
        where = f"{store.address}/{LATEST}"
        raise PublishError(
            f"{where} leads to what is no version (any more): publish again"
        ) from error
    return Stored(store, folder)


def is_id(name: str) -> bool:
    """Whether a name is that of a version."""
    return bool(VERSION_ID.fullmatch(name))


def _is_whole(store: Storage, folder: str, files: Mapping[str, bytes]) -> bool:
    """Tell whether the folder holds these files, with the hashes that its manifest gives."""
    try:
        told = files_of(store.read(f"{folder}/{MANIFEST}"))
        found = {name: sha256(store.read(f"{folder}/{name}")) for name in told}
        whole = all(told[name]["hash"] == f"sha256:{found[name]}" for name in told)
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return whole and told.keys() == files.keys() - {MANIFEST}


def _check_same_bytes(store: Storage, folder: str, files: Mapping[str, bytes]) -> None:
    """The same inputs, method and seed give the same bytes, or something else has changed."""
    other = sorted(name for name in files if store.read(f"{folder}/{name}") != files[name])
    if other:
        raise PublishError(
            f"{BYTES_DIFFER}: version {Path(folder).name} is there already, and the same inputs, "
            f"method and seed now give another {', '.join(other)}: if a library has changed, or "
            f"the form of what is published, remove {store.address}/{folder} and publish again; "
            "if not, something that decides results is not in the version"
        )


def _remove_oldest(store: Storage, current: str, keep: int | None) -> tuple[str, ...]:
    """Remove the oldest versions beyond `keep`; what no version names stays where it is."""
    if not keep:
        return ()
    names = [name for name in store.list(VERSIONS) if is_id(name)]
    others = [name for name in names if name != current]
    oldest = others[: max(len(others) + 1 - keep, 0)]
    return tuple(name for name in oldest if _remove(Stored(store, f"{VERSIONS}/{name}")))


def _remove(version: Stored) -> bool:
    """Remove the files of a version, where its manifest can be read; tell whether it could."""
    with suppress(PublishError):
        version.store.remove(version.folder, [MANIFEST, *version.files])
        return True
    return False
