"""Versions that are only read: the archive of a release, and a folder of versions on a web server.

The archive is what `audience-impact release` writes: one folder with a version in it. It is read
where it lies: on the disk, in an object store or on a web server; nothing is unpacked. It is not
trusted: a file is read up to MOST_BYTES, and its bytes must be those of the manifest, as in every
version. A web server is read over HTTPS; plain HTTP only on this machine.
"""

import io
import json
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

from audience_impact.store import VERSION_ID, AwayError, PublishError, require_inside
from audience_impact.store.files import describe_client, explain_error, require_length
from audience_impact.store.manifest import MANIFEST, METADATA_KEY, ZIP_DAMAGES, read_package

if TYPE_CHECKING:
    from obstore.store import HTTPStore

SUFFIX = ".zip"
PIECE_BYTES = 2**20
WEB_SCHEMES = ("http", "https")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
_DAMAGED = (*ZIP_DAMAGES, KeyError, TypeError)


class ReadOnlyStorage:
    """The methods of a storage that write; they raise PublishError."""

    address: str

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise PublishError(f"{self.address} can only be read: give a folder to write into")

    hold_lock = remove_leftovers = write_folder = write_file = create_file = _refuse
    copy_latest = flush_folder = move_pointer = remove_files = _refuse


@dataclass(frozen=True)
class ArchiveStorage(ReadOnlyStorage):
    """The archive of a release as a storage with one version, `versions/<id>`."""

    address: str
    archive: zipfile.ZipFile

    @cached_property
    def _folder(self) -> str:
        """Return the folder of the version in the archive; raise PublishError without one."""
        names = [name for name in self.archive.namelist() if name.endswith(f"/{MANIFEST}")]
        if len(names) != 1 or names[0].count("/") != 1:
            raise PublishError(
                f"{self.address} is no release of audience-impact: it has no version in it"
            )
        return names[0].removesuffix(f"/{MANIFEST}")

    @cached_property
    def _version_id(self) -> str:
        try:
            manifest = read_package(self._read_member(MANIFEST))
        except (OSError, ValueError) as error:
            raise PublishError(f"{self.address} cannot be read: {error}") from error
        return _read_id(manifest, self.address)

    def _read_member(self, name: str) -> bytes:
        content = bytearray()
        try:
            with self.archive.open(f"{self._folder}/{name}") as file:
                while piece := file.read(PIECE_BYTES):
                    content += piece
                    require_length(f"{self.address}: {name}", len(content))
        except KeyError as error:
            raise FileNotFoundError(f"{name} is not in the archive") from error
        except _DAMAGED as error:
            raise PublishError(
                f"{self.address}: {name} cannot be unpacked ({error}): download the release again"
            ) from error
        return bytes(content)

    def read_file(self, path: str) -> bytes:
        """Return the content of a file of the version."""
        folder = f"versions/{self._version_id}/"
        if not path.startswith(folder):
            raise FileNotFoundError(f"{path} is not in the archive")
        return self._read_member(path.removeprefix(folder))

    def read_pointer(self, pointer: str) -> str | None:
        """Return the folder of the version for `latest`; None for every other pointer."""
        return f"versions/{self._version_id}" if pointer == "latest" else None

    def list_names(self, folder: str) -> list[str]:
        """Return the version for the folder of versions; raise FileNotFoundError for others."""
        if folder != "versions":
            raise FileNotFoundError(f"{folder} is not in the archive")
        return [self._version_id]


def _read_id(manifest: Any, address: str) -> str:
    """Return the id of the version that a manifest describes; raise PublishError without one."""
    try:
        version_id = str(manifest[METADATA_KEY]["version_id"])
    except (KeyError, TypeError):
        version_id = ""
    if not VERSION_ID.fullmatch(version_id):
        raise PublishError(f"{address} is no release of audience-impact: its manifest has no id")
    return version_id


@dataclass(frozen=True)
class WebStorage(ReadOnlyStorage):
    """A folder of versions that a web server shows; `latest` is a folder or a pointer there."""

    address: str
    store: "HTTPStore"

    def read_file(self, path: str) -> bytes:
        """Return the content of a file."""
        return _read_object(self.store, self.address, path)

    def read_pointer(self, pointer: str) -> str | None:
        """Return the folder of the version that the pointer leads to; None without one.

        A link is a folder here, and is returned itself: nothing on a web server says where it
        leads, and a folder named by the id alone may be an older edition of the version.
        """
        try:
            manifest = read_package(self.read_file(f"{pointer}/{MANIFEST}"))
            _read_id(manifest, self.address)
        except FileNotFoundError:
            return self._read_bucket_pointer(pointer)
        except ValueError as error:
            raise PublishError(f"{self.address}/{pointer} leads to no version") from error
        except OSError as error:
            raise AwayError(f"{self.address} cannot be read: {explain_error(error)}") from error
        return pointer

    def _read_bucket_pointer(self, pointer: str) -> str | None:
        """Return the folder that the pointer of a bucket names, which is shown as a file."""
        try:
            folder = str(json.loads(self.read_file(pointer))["folder"])
            return require_inside(folder, f"{self.address}/{pointer}")
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise PublishError(f"{self.address}/{pointer} leads to no version") from error
        except OSError as error:
            raise AwayError(f"{self.address} cannot be read: {explain_error(error)}") from error

    def list_names(self, folder: str) -> list[str]:
        """Return no names: a web server lists none that can be relied on."""
        return []


def is_archive(place: Path | str) -> bool:
    """Return whether a place is named like the archive of a release."""
    return str(place).lower().endswith(SUFFIX)


def is_web(address: str) -> bool:
    """Return whether an address is one of a web server."""
    return address.partition(":")[0].lower() in WEB_SCHEMES


def open_local_archive(path: Path) -> ArchiveStorage:
    """Return the storage of an archive on the disk; raise PublishError if it is unreadable."""
    try:
        return ArchiveStorage(str(path), zipfile.ZipFile(path))
    except _DAMAGED as error:
        raise PublishError(f"{path} cannot be opened as a release: {error}") from error
    except OSError as error:
        raise AwayError(f"{path} cannot be read: {explain_error(error)}") from error


def open_remote_archive(address: str) -> ArchiveStorage:
    """Return the storage of an archive at an address; raise PublishError if it is unreadable."""
    folder, _, name = address.rpartition("/")
    try:
        content = _read_object(_open_folder(folder), folder, name)
        return ArchiveStorage(address, zipfile.ZipFile(io.BytesIO(content)))
    except (FileNotFoundError, *_DAMAGED) as error:
        raise PublishError(f"{address} cannot be opened as a release: {error}") from error
    except OSError as error:
        raise AwayError(f"{address} cannot be read: {explain_error(error)}") from error


def _open_folder(address: str) -> Any:
    """Return the client of a folder of a web server or an object store."""
    from audience_impact.store import objects

    return open_web(address).store if is_web(address) else objects.open_storage(address).store


def open_web(address: str) -> WebStorage:
    """Return the storage of a folder on a web server; raise PublishError if it is unusable."""
    from obstore.exceptions import BaseError
    from obstore.store import HTTPStore

    parts = urlsplit(address)
    is_plain = parts.scheme.lower() == "http"
    if not parts.hostname or (is_plain and parts.hostname not in LOOPBACK):
        raise PublishError(f"{address}: give an address of https:// with its host")
    try:
        store = HTTPStore.from_url(address, **describe_client(is_plain))
    except (BaseError, ValueError) as error:
        raise PublishError(f"{address}: cannot be used: {explain_error(error)}") from error
    return WebStorage(address, store)


def _read_object(store: Any, address: str, path: str) -> bytes:
    """Return an object of at most MOST_BYTES below the address of its store.

    Raises OSError where it cannot be read, PublishError where it is longer. The bytes are counted
    as they come, because a server may state another length.
    """
    import obstore
    from obstore.exceptions import BaseError

    from audience_impact.store.objects import describe_error

    content = bytearray()
    try:
        for piece in obstore.get(store, path).stream():
            content += piece
            require_length(f"{address}/{path}", len(content))
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{path} is not there") from error
    except BaseError as error:
        raise OSError(describe_error(error)) from error
    return bytes(content)
