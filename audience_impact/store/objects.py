"""Versions in buckets (S3 and compatible stores, Google's, Microsoft's) and on web servers.

A bucket has no folders, links or locks, only objects that are written completely, and writes that
it refuses where an object is there or has changed (conditional writes). Therefore `latest` is an
object that says which folder it leads to, as JSON, and of two writers at once one is refused:

- each has its numbered folder of a version, whose files are created and never replaced;
- each entry of the history is created once;
- the pointer is moved only from the value that the writer read before.

Who is refused has changed nothing that a reader of `latest` sees, and runs again.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import obstore
from obstore import exceptions
from obstore.store import HTTPStore, ObjectStore, from_url

from audience_impact.store import MANIFEST, PublishError, Storage, files, require_inside
from audience_impact.store.files import explain_error, limit_length, report_away, require_length
from audience_impact.store.manifest import read_package

SCHEMES = ("s3", "s3a", "gs", "az", "azure", "abfs", "abfss")
"""Object stores with conditional writes, which safe publishing requires."""
REFUSED = (exceptions.AlreadyExistsError, exceptions.PreconditionError)
"""Errors of a conditional write."""
TIMES = {"connect_timeout": "5 seconds", "timeout": "60 seconds"}
RETRY = {"max_retries": 4, "retry_timeout": timedelta(seconds=30)}
"""Retries of a request: what is away is reported within a minute, and the step is tried again."""


def open_storage(address: str) -> "BucketStorage | WebStorage":
    """Return the storage at an address; raise PublishError if it is unusable."""
    if address.partition(":")[0].lower() not in ("http", "https"):
        return open_bucket(address)
    parts = urlsplit(address)
    is_plain = parts.scheme.lower() == "http"
    if not parts.hostname or (is_plain and parts.hostname not in ("127.0.0.1", "localhost", "::1")):
        raise PublishError(f"{address}: give an address of https:// with its host")
    return WebStorage(address, _connect(HTTPStore.from_url, address, is_plain))


def open_bucket(address: str) -> "BucketStorage":
    """Return the storage at an address such as s3://bucket/folder; raise PublishError if unusable.

    Keys and the endpoint come from the variables of the store's own tools (AWS_ACCESS_KEY_ID,
    AWS_ENDPOINT_URL and so on); plain HTTP is used where the operator's endpoint is plain.
    """
    if address.partition(":")[0].lower() not in SCHEMES:
        raise PublishError(f"{address}: give a folder, or an address of {', '.join(SCHEMES)}")
    if not address.partition("://")[2].strip("/"):
        raise PublishError(f"{address}: names no bucket; give it, as in s3://bucket/folder")
    for name in [name for name, text in os.environ.items() if not text]:
        if name.startswith(("AWS_", "GOOGLE_", "AZURE_")):  # set by compose files; they fail here
            del os.environ[name]
    is_plain = os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://")
    return BucketStorage(address, _connect(from_url, address, is_plain))


def _connect(connect: Callable[..., Any], address: str, is_plain: bool) -> Any:
    options: Any = {"client_options": {**TIMES, "allow_http": is_plain}, "retry_config": RETRY}
    try:
        return connect(address, **options)
    except (exceptions.BaseError, ValueError) as error:
        raise PublishError(f"{address}: cannot be used: {explain_error(error)}") from error


@contextmanager
def _as_os_error() -> Iterator[None]:
    try:
        yield
    except exceptions.BaseError as error:
        line = (str(error).splitlines() or [type(error).__name__])[0]
        if isinstance(error, (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError)):
            line += ", so check the keys (AWS_ACCESS_KEY_ID and others) and what they may do"
        raise OSError(line) from error


def _read_object(store: Any, address: str, path: str) -> tuple[bytes, str | None]:
    """Return an object, as long as it may be, and the tag of its content.

    The bytes are counted as they come, because a server may state another length.
    """
    content = bytearray()
    try:
        with _as_os_error():
            stored = obstore.get(store, path)
            for piece in stored.stream():
                content += piece
                require_length(f"{address}/{path}", len(content), limit_length(path))
            return bytes(content), stored.meta["e_tag"]
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{path} is not there") from error


def _read_pointer(content: bytes, address: str) -> str:
    """Return the folder that the pointer of a bucket names; raise PublishError if damaged."""
    try:
        folder = str(json.loads(content)["folder"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise PublishError(
            f"{address} leads to no version: move it away and publish again"
        ) from error
    return require_inside(folder, address)


@dataclass
class BucketStorage(Storage):
    """A folder in a bucket, as a storage of versions."""

    address: str
    store: ObjectStore
    is_read_only = False
    _tags: dict[str, str | None] = field(default_factory=dict)

    def hold_lock(self, seconds: float) -> AbstractContextManager[None]:
        """Do nothing: conditional writes refuse the second of two writers."""
        return nullcontext()

    @_as_os_error()
    def list_paths(self, folder: str) -> list[str]:
        """Return the paths of all objects below a folder, in order."""
        prefix = f"{folder}/" if folder else ""
        paths: list[str] = []
        for batch in obstore.list(self.store, prefix):
            paths += [item["path"] for item in batch]  # of at most 1,024 bytes each
            require_length(f"{self.address}: the list of it", 1024 * len(paths), files.MOST_BYTES)
        return sorted(path.removeprefix(prefix) for path in paths)

    def read_file(self, path: str) -> bytes:
        """Return the content of an object."""
        return _read_object(self.store, self.address, path)[0]

    @_as_os_error()
    def write_file(self, path: str, content: bytes) -> None:
        """Write an object completely."""
        obstore.put(self.store, path, content)

    @_as_os_error()
    def create_file(self, path: str, content: bytes) -> None:
        """Write an object if there is none; a repeated request may find its own."""
        try:
            obstore.put(self.store, path, content, mode="create")
        except REFUSED as error:
            if self.read_file(path) != content:
                raise FileExistsError(path) from error

    @_as_os_error()
    def remove_file(self, path: str) -> None:
        """Remove an object if it is there."""
        with suppress(FileNotFoundError):
            obstore.delete(self.store, path)

    def read_pointer(self, pointer: str) -> str | None:
        """Return the folder that the pointer names, and remember its state for a move."""
        self._tags[pointer] = None
        try:
            content, self._tags[pointer] = _read_object(self.store, self.address, pointer)
        except FileNotFoundError:
            return None
        return _read_pointer(content, f"{self.address}/{pointer}")

    @_as_os_error()
    def move_pointer(self, pointer: str, folder: str) -> None:
        """Write the pointer if it has not changed since it was read."""
        tag = self._tags[pointer]
        mode: Any = "create" if tag is None else {"e_tag": tag}
        content = json.dumps({"folder": folder}).encode()
        try:
            self._tags[pointer] = obstore.put(self.store, pointer, content, mode=mode)["e_tag"]
        except REFUSED as error:
            raise FileExistsError(pointer) from error


@dataclass
class WebStorage(Storage):
    """A folder of versions that a web server shows; `latest` is a folder or a pointer there."""

    address: str
    store: HTTPStore

    def read_file(self, path: str) -> bytes:
        """Return the content of a file."""
        return _read_object(self.store, self.address, path)[0]

    def read_pointer(self, pointer: str) -> str | None:
        """Return the folder of the version that the pointer leads to; None without one.

        A link is a folder here, and is returned itself: nothing on a web server says where it
        leads, and a folder named by the id alone may be an older edition of the version.
        """
        with report_away(self.address):
            try:
                read_package(self.read_file(f"{pointer}/{MANIFEST}"))
                return pointer
            except ValueError as error:
                raise PublishError(f"{self.address}/{pointer} leads to no version") from error
            except FileNotFoundError:
                pass
            try:
                return _read_pointer(self.read_file(pointer), f"{self.address}/{pointer}")
            except FileNotFoundError:
                return None

    def list_paths(self, folder: str) -> list[str]:
        """Raise PublishError: a web server lists nothing that can be relied on."""
        raise PublishError(
            f"{self.address} is on a web server, which lists neither its versions nor its history, "
            "so that only the latest can be read: name no version and no day, or give the folder "
            "or bucket itself or the archive of a release"
        )
