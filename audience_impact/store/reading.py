"""A version opened for reading: of a folder, of the archive of a release, or at an address.

What comes from outside is not trusted. Only names that a table may have are read, nothing is
unpacked onto the disk, sizes are limited before and while bytes are read, a table must have the
digest that the manifest states, and its cells may not fill the memory however small the file is.
"""

import io
import json
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from audience_impact.store import VERSION_ID, PublishError, storage
from audience_impact.store.manifest import MANIFEST, METADATA_KEY
from audience_impact.store.storage import LocalStorage, Storage
from audience_impact.store.versions import LATEST, VERSIONS, Stored

MOST_BYTES = 2**30
"""Maximum size of a table or an archive, some hundred times those of a register."""
MOST_MANIFEST_BYTES = 2**26
MOST_DECODED_BYTES = 2**32
"""Maximum size of the cells of a table in memory."""
MOST_COLUMNS = 1000
_TABLE = re.compile(r"[a-z][a-z0-9_]{0,99}")
_POINTER = re.compile(rf"{VERSIONS}/{VERSION_ID.pattern}")
_ARCHIVED = re.compile(rf"(audience-impact-{VERSION_ID.pattern})/{re.escape(MANIFEST)}")
_WEB = re.compile("https?:/+", re.IGNORECASE)


class Reader(Protocol):
    """The part of a storage that reads files."""

    @property
    def address(self) -> str:
        """Return the folder or address for messages."""

    def read_file(self, path: str) -> bytes:
        """Return the content of a file; raise OSError where it cannot be read."""


@dataclass(frozen=True)
class OpenVersion:
    """The tables of a version, of which each is read when it is needed.

    Attributes:
        address: Where it is, for messages.
        version_id: Its id; blank for Parquet files without a manifest.
        tables: The names of its tables.
        read_content: Returns the bytes of a table.
    """

    address: str
    version_id: str
    tables: tuple[str, ...]
    read_content: Callable[[str], bytes]

    def read_table(self, name: str) -> pa.Table:
        """Return a table with its metadata, texts as dictionaries.

        Raises PublishError where it is damaged or too large, OSError where it cannot be read.
        """
        return decode_table(f"{self.address}/{name}.parquet", self.read_content(name))


def open_version(place: Path | str) -> OpenVersion:
    """Return a version opened for reading.

    Args:
        place: The folder of a version, a folder in which versions are published, the archive of a
            release (.zip), a Parquet file or a folder of them, or an address of any of the first
            three: https://, http://, s3://, gs:// or az://.

    Raises:
        FileNotFoundError: Nothing is there.
        PublishError: It is no version, it is damaged or too large.
        OSError: It cannot be read.
        ImportError: An address needs a library that is not installed.
    """
    if storage.is_address(place):
        return _open_address(storage.format_address(place))
    path = Path(place)
    if path.is_dir():
        return _open_folder(path)
    if not path.is_file():
        raise FileNotFoundError(f"{place}: no such file, and no folder with published tables")
    if path.suffix.lower() == ".zip":
        _require_size(str(path), path.stat().st_size, MOST_BYTES)
        return _open_archive(str(path), path.read_bytes())
    return _open_files(path, [path])


def _open_folder(path: Path) -> OpenVersion:
    for folder in (path, path / LATEST):
        if (folder / MANIFEST).is_file():
            version = folder.resolve()
            return _open_stored(LocalStorage(version.parent), version.name)
    files = sorted(path.glob("*.parquet"))
    if not files:
        raise FileNotFoundError(f"{path}: no such file, and no folder with published tables")
    return _open_files(path, files)


def _open_files(place: Path, files: list[Path]) -> OpenVersion:
    """Return Parquet files without a manifest, for example one that was copied out of a version."""
    paths = {path.stem: path for path in files}

    def read_content(name: str) -> bytes:
        _require_size(str(paths[name]), paths[name].stat().st_size, MOST_BYTES)
        return paths[name].read_bytes()

    return OpenVersion(str(place.parent if place.is_file() else place), "", (*paths,), read_content)


def _open_stored(reader: Reader, folder: str) -> OpenVersion:
    # Of its storage, an opened version reads files alone.
    stored = Stored(cast("Storage", reader), folder)
    names = tuple(stored.count_rows())
    if wrong := [name for name in names if not _TABLE.fullmatch(name)]:
        raise PublishError(f"{stored.address}/{MANIFEST} names a table {wrong[0]!r}")
    return OpenVersion(
        stored.address,
        str(stored.manifest.get("version", "")),
        names,
        lambda name: stored.read_content(f"{name}.parquet"),
    )


def _open_archive(address: str, content: bytes) -> OpenVersion:
    """Return the version in the archive of a release."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise PublishError(f"{address}: is no archive of a release ({error})") from error
    folders = [match[1] for name in archive.namelist() if (match := _ARCHIVED.fullmatch(name))]
    if len(folders) != 1:
        raise PublishError(
            f"{address}: is no archive of a release: it has {len(folders)} versions instead of one"
        )
    return _open_stored(_ArchiveReader(address, archive), folders[0])


@dataclass(frozen=True)
class _ArchiveReader:
    """The files of an archive, read without unpacking it."""

    address: str
    archive: zipfile.ZipFile

    def read_file(self, path: str) -> bytes:
        """Return the content of a file of the archive."""
        most = _most_bytes(path)
        try:
            with self.archive.open(path) as file:
                content = file.read(most + 1)
        except (KeyError, zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
            raise OSError(f"{path} cannot be read: {error}") from error
        except ValueError as error:
            raise OSError(f"{path} cannot be read: {error}") from error
        _require_size(f"{self.address}/{path}", len(content), most)
        return content


def _open_address(address: str) -> OpenVersion:
    """Return the version at an address, or the latest one of those published below it."""
    if address.lower().endswith(".zip"):
        above, _, name = address.rpartition("/")
        return _open_archive(address, _AddressReader(above, _connect(above)).read_file(name))
    reader = _AddressReader(address.rstrip("/"), _connect(address.rstrip("/")))
    for folder in (".", LATEST):
        if _has_manifest(reader, folder):
            return _open_stored(reader, folder)
    return _open_stored(reader, _read_pointer(reader))


def _has_manifest(reader: Reader, folder: str) -> bool:
    try:
        reader.read_file(f"{folder}/{MANIFEST}")
    except FileNotFoundError:
        return False
    return True


def _read_pointer(reader: Reader) -> str:
    """Return the folder that the object `latest` of an object store names."""
    try:
        folder = str(json.loads(reader.read_file(LATEST))["folder"])
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileNotFoundError(
            f"{reader.address}: no version is there, and none is published below it"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise PublishError(f"{reader.address}/{LATEST} leads to no version") from error
    if not _POINTER.fullmatch(folder):
        raise PublishError(f"{reader.address}/{LATEST} leads to no version")
    return folder


def _connect(address: str) -> Any:
    """Return the client of an address."""
    try:
        from audience_impact.store import objects
    except ImportError as error:
        raise ImportError(
            f"{address}: reading an address needs the extra `command`: "
            "pip install 'audience-impact[command]'"
        ) from error
    if _WEB.match(address):
        return objects.open_web_folder(address)
    return objects.open_storage(address).store


@dataclass(frozen=True)
class _AddressReader:
    """The files below an address, each read up to a limit of bytes."""

    address: str
    client: Any

    def read_file(self, path: str) -> bytes:
        """Return the content of a file."""
        from audience_impact.store import objects

        most, name = _most_bytes(path), path.removeprefix("./")
        chunks, count = [], 0
        for chunk in objects.stream_object(self.client, name):
            count += len(chunk)
            _require_size(f"{self.address}/{name}", count, most)
            chunks.append(chunk)
        return b"".join(chunks)


def _most_bytes(path: str) -> int:
    return MOST_BYTES if path.endswith((".parquet", ".zip")) else MOST_MANIFEST_BYTES


def _require_size(address: str, count: int, most: int) -> None:
    if count > most:
        raise PublishError(f"{address} is longer than {most:,} bytes, more than any version has")


def decode_table(address: str, content: bytes) -> pa.Table:
    """Return a published table from its bytes, with metadata, texts as dictionaries.

    Raises PublishError where it is no table that was published, is damaged, or needs more memory
    than MOST_DECODED_BYTES.
    """
    try:
        with pq.ParquetFile(io.BytesIO(content)) as file:
            about, schema = file.metadata, file.schema_arrow
        _require_shape(address, about, schema)
        texts = [field.name for field in schema if pa.types.is_string(field.type)]
        with pq.ParquetFile(io.BytesIO(content), read_dictionary=texts) as file:
            table = file.read()
    except (pa.ArrowException, OSError, ValueError) as error:
        words = " ".join(str(error).split())[:120]
        raise PublishError(f"{address} is no Parquet file, or a damaged one: {words}") from error
    if sum(_count_decoded(table[name]) for name in texts) > MOST_DECODED_BYTES:
        raise _memory_error(address)
    return table


def _require_shape(address: str, about: pq.FileMetaData, schema: pa.Schema) -> None:
    if METADATA_KEY.encode() not in (schema.metadata or {}):
        raise PublishError(f"{address} was not published by audience-impact: no description")
    nested = [field.name for field in schema if pa.types.is_nested(field.type)]
    if nested or len(schema) > MOST_COLUMNS:
        raise PublishError(f"{address} has lists or more than {MOST_COLUMNS} columns")
    groups = [about.row_group(place) for place in range(about.num_row_groups)]
    pages = sum(group.total_byte_size for group in groups)
    if max(about.num_rows * len(schema) * 8, pages) > MOST_DECODED_BYTES:
        raise _memory_error(address)


def _memory_error(address: str) -> PublishError:
    most = MOST_DECODED_BYTES // 2**20
    return PublishError(f"{address} needs more than {most:,} MiB of memory, too much for a table")


def _count_decoded(column: pa.ChunkedArray) -> int:
    """Return the bytes of the texts of a column, each cell counted."""
    return sum(
        pc.sum(pc.binary_length(chunk.dictionary).take(chunk.indices)).as_py() or 0
        for chunk in column.chunks
        if len(chunk)
    )
