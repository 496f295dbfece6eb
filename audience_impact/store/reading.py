"""A version opened for reading: of a folder, of the archive of a release, or at an address.

What comes from outside is not trusted. Only names that a table may have are read, nothing is
unpacked onto the disk, sizes are limited, a table must have the digest and the columns that the
manifest states, and its cells may not fill the memory however small the file is
(`manifest.require_bounded`, as for every command).
"""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from audience_impact.store import VERSION_FOLDER, PublishError, releases, storage
from audience_impact.store.files import read_whole, require_length
from audience_impact.store.manifest import (
    MANIFEST,
    METADATA_KEY,
    TooLargeError,
    require_bounded,
    require_schema,
)
from audience_impact.store.storage import LATEST, VERSIONS, LocalStorage
from audience_impact.store.versions import Stored, find_version

_TABLE = re.compile(r"[a-z][a-z0-9_]{0,99}")
_FOLDER = re.compile(rf"{LATEST}|{VERSIONS}/{VERSION_FOLDER.pattern}")
_AT_ADDRESS = re.compile(rf"(.+?)(?:/(?:{LATEST}|({VERSIONS}/{VERSION_FOLDER.pattern})))?/*")
"""Addresses of a folder of versions, of its `latest`, or of one of its versions."""


@dataclass(frozen=True)
class OpenVersion:
    """The tables of a version, of which each is read when it is needed.

    Attributes:
        address: Where it is, for messages.
        version_id: Its id; blank for Parquet files without a manifest.
        tables: The names of its tables.
        read_content: Returns the bytes of a table.
        fields: The columns of each table in its manifest; none without a manifest.
    """

    address: str
    version_id: str
    tables: tuple[str, ...]
    read_content: Callable[[str], bytes]
    fields: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)

    def read_table(self, name: str) -> pa.Table:
        """Return a table with its metadata, texts as dictionaries.

        Raises PublishError where it is damaged or too large, OSError where it cannot be read.
        """
        return decode_table(f"{self.address}/{name}.parquet", self.read_content(name))


def open_version(place: Path | str, version: str | None = None) -> OpenVersion:
    """Return a version opened for reading.

    Args:
        place: The folder of a version, a folder in which versions are published, the archive of a
            release (.zip), or an address of any of these; or a Parquet file of a version, or a
            folder of such files.
        version: Its name, as `versions.find_version` takes it; None: the latest.

    Raises:
        FileNotFoundError: Nothing is there.
        PublishError: It is no version, it is damaged, too large or of an older schema.
        OSError: It cannot be read.
        ImportError: An address needs a library that is not installed.
    """
    path = Path(place)
    if storage.is_address(place):
        return _open_address(storage.format_address(place), version)
    if version is not None:
        return _open_stored(find_version(path, version))
    if releases.is_archive(path) and path.is_file():
        return _open_stored(_find_latest(path))
    for folder in (path, path / LATEST):
        if (folder / MANIFEST).is_file():
            target = folder.resolve()
            return _open_stored(Stored(LocalStorage(target.parent), target.name))
    files = [path] if path.is_file() else sorted(path.glob("*.parquet"))
    if not files:
        raise FileNotFoundError(f"{place}: no such file, and no folder with published tables")
    return _open_files(path, files)


def _open_files(place: Path, files: list[Path]) -> OpenVersion:
    """Return Parquet files without a manifest, for example one that was copied out of a version."""
    paths = {path.stem: path for path in files}

    def read_content(name: str) -> bytes:
        require_length(str(paths[name]), paths[name].stat().st_size)
        return read_whole(paths[name])

    return OpenVersion(str(place.parent if place.is_file() else place), "", (*paths,), read_content)


def _open_address(address: str, version: str | None) -> OpenVersion:
    match = _AT_ADDRESS.fullmatch(address)
    root, folder = match.group(1, 2) if match else (address, None)
    try:
        if version is not None:
            return _open_stored(find_version(Path(address), version))
        if folder:
            return _open_stored(Stored(storage.select_storage(root), folder))
        return _open_stored(_find_latest(root))
    except ModuleNotFoundError as error:
        raise ImportError(
            f"{address}: reading an address needs the extra `buckets`: "
            "pip install 'audience-impact[buckets]'"
        ) from error


def _find_latest(place: Path | str) -> Stored:
    store = storage.select_storage(place)
    folder = store.read_pointer(LATEST)
    if folder is None:
        raise FileNotFoundError(f"{store.address}: no version is published there")
    if not _FOLDER.fullmatch(folder):
        raise PublishError(f"{store.address}/{LATEST} leads to no version")
    return Stored(store, folder)


def _open_stored(stored: Stored) -> OpenVersion:
    require_schema(stored.address, stored.version.schema_version)
    names = tuple(stored.count_rows())
    if wrong := [name for name in names if not _TABLE.fullmatch(name)]:
        raise PublishError(f"{stored.address}/{MANIFEST} names a table {wrong[0]!r}")
    return OpenVersion(
        stored.address,
        str(stored.manifest.get("version", "")),
        names,
        lambda name: stored.read_checked(stored.find_path(name)),
        {
            resource["name"]: resource["schema"]["fields"]
            for resource in stored.manifest["resources"]
            if "schema" in resource  # the archive of facts has none
        },
    )


def decode_table(address: str, content: bytes) -> pa.Table:
    """Return a published table from its bytes, with metadata, texts as dictionaries.

    Raises PublishError where it is no table that was published, is damaged or is too large.
    """
    try:
        with pq.ParquetFile(io.BytesIO(content)) as file:
            schema = file.schema_arrow
            require_bounded(file, content)
        if METADATA_KEY.encode() not in (schema.metadata or {}):
            raise PublishError(f"{address} was not published by audience-impact: no description")
        texts = [column.name for column in schema if pa.types.is_string(column.type)]
        with pq.ParquetFile(io.BytesIO(content), read_dictionary=texts) as file:
            return file.read()
    except TooLargeError as error:
        raise PublishError(f"{address}: {error}, too much for a table") from error
    except (pa.ArrowException, OSError, ValueError) as error:
        words = " ".join(str(error).split())[:120]
        raise PublishError(f"{address} is no Parquet file, or a damaged one: {words}") from error
