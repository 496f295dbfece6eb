"""Versions in an object store: S3 and compatible stores, Google's and Microsoft's.

An object store has no folders, links or locks, only objects that are written completely, and writes
that it refuses where an object has changed (conditional writes). Therefore

    latest                  an object that says which folder it leads to, as JSON
    .lock                   an object that its holder renews; whoever has seen it unchanged for
                            LEASE_SECONDS by their own clock takes it over: clocks are not compared
    versions/<name>/        is whole when its manifest is there: it is written last, removed first
    versions/<name>/.begun  while it is written or removed: the names of the objects concerned
    current/                copies of the files of the latest version, for programs that read a
                            table at an address and cannot follow `latest`
    current/.begun          while the copies are replaced

The pointer is changed only from the value that was read under the lock, so that a publisher whose
lease expired cannot undo the changes of another.

The copies are no folder `latest/`, because some stores (MinIO, which has folders on its disks)
refuse an object below another object. Each copy is replaced by one request: a reader of one table
gets the old or the new table. The manifest is replaced after all tables, and tables that the new
version does not have are removed after that, so that every table that the manifest names is there.
"""

import functools
import json
import os
import secrets
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)
from obstore.store import ObjectStore, from_url

from audience_impact.store import VERSION_FOLDER, PublishError, require_inside
from audience_impact.store.files import as_json, describe_client, explain_error, require_length
from audience_impact.store.manifest import MANIFEST, files_of

SCHEMES = ("s3", "s3a", "gs", "az", "azure", "abfs", "abfss")
"""Object stores with conditional writes, which safe publishing requires."""
VARIABLES = ("AWS_", "GOOGLE_", "AZURE_")
LOCK, BEGUN, CURRENT = ".lock", ".begun", "current"
LEASE = "AUDIENCE_IMPACT_LEASE_SECONDS"
LEASE_SECONDS, MOST_LEASE_SECONDS = 60.0, 3600.0
POLL_SECONDS = 0.2
P = ParamSpec("P")
R = TypeVar("R")


def open_storage(address: str) -> "ObjectStorage":
    """Return the storage at an address such as s3://bucket/folder; raise PublishError if unusable.

    Keys and the endpoint come from the variables of the store's own tools (AWS_ACCESS_KEY_ID,
    AWS_ENDPOINT_URL and so on).
    """
    if address.partition(":")[0].lower() not in SCHEMES:
        raise PublishError(f"{address}: give a folder, or an address of {', '.join(SCHEMES)}")
    if not address.partition("://")[2].strip("/"):
        raise PublishError(f"{address}: names no bucket; give it, as in s3://bucket/folder")
    _unset_blanks()
    try:
        return ObjectStorage(address, from_url(address, **describe_client(_is_plain())))
    except (BaseError, ValueError) as error:
        raise PublishError(f"{address}: cannot be used: {explain_error(error)}") from error


def _unset_blanks() -> None:
    """Remove empty variables, as compose files set them, because the client fails on them."""
    for name in [name for name, text in os.environ.items() if not text]:
        if name.startswith(VARIABLES):
            del os.environ[name]


def _is_plain() -> bool:
    """Return whether plain HTTP may be used, which is so where the operator's endpoint is plain."""
    return os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://")


def describe_error(error: BaseError) -> str:
    """Return the first line of an error, with what to do about keys that are refused."""
    line = (str(error).splitlines() or [type(error).__name__])[0]
    if isinstance(error, (PermissionDeniedError, UnauthenticatedError)):
        return f"{line}, so check the keys (AWS_ACCESS_KEY_ID and others) and what they may do"
    return line


def _as_os_error(method: Callable[P, R]) -> Callable[P, R]:
    """Convert an error of the store to OSError, which a disk would raise."""

    @functools.wraps(method)
    def call_method(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(*args, **kwargs)
        except BaseError as error:
            raise OSError(describe_error(error)) from error

    return call_method


def read_lease_seconds() -> float:
    """Return the lease of a lock; raise PublishError where its variable has no such number."""
    text = os.environ.get(LEASE) or str(LEASE_SECONDS)
    with suppress(ValueError):
        if 0 < float(text) <= MOST_LEASE_SECONDS:
            return float(text)
    raise PublishError(
        f"{LEASE} is {text!r}: give a number of seconds above 0 and up to {MOST_LEASE_SECONDS:g}"
    )


@dataclass
class ObjectStorage:
    """A folder in an object store, as a storage of versions."""

    address: str
    store: ObjectStore
    lease_seconds: float = field(default_factory=read_lease_seconds)
    _lock_tag: Any = None
    _renewed: float = 0.0
    _seen: dict[str, Any] = field(default_factory=dict)

    @contextmanager
    def hold_lock(self, timeout_seconds: float) -> Iterator[None]:
        """Lock the storage for this writer; take over the lock of a dead writer after its lease."""
        self._lock_tag = self._take_lock(timeout_seconds)
        try:
            yield
        finally:
            self._release_lock()

    @_as_os_error
    def _take_lock(self, timeout_seconds: float) -> Any:
        deadline = time.monotonic() + timeout_seconds + self.lease_seconds
        seen, since = None, time.monotonic()
        while True:
            now = self._read_tag(LOCK)
            if now != seen:
                seen, since = now, time.monotonic()
            if now is None or time.monotonic() - since > self.lease_seconds:
                with suppress(AlreadyExistsError, PreconditionError):
                    return self._put_if_unchanged(LOCK, _make_token(), now)
            if time.monotonic() > deadline:
                raise PublishError(
                    f"another run is publishing below {self.address} and has not finished within "
                    f"{timeout_seconds:g} seconds: try again later"
                )
            time.sleep(POLL_SECONDS)

    @_as_os_error
    def _renew_lock(self) -> None:
        """Renew the lease; raise PublishError where another writer took over."""
        self._renewed = time.monotonic()
        try:
            self._lock_tag = self._put_if_unchanged(LOCK, _make_token(), self._lock_tag)
        except (AlreadyExistsError, PreconditionError) as error:
            raise PublishError(
                f"another run took over below {self.address}: this run was too slow; run again"
            ) from error

    def _release_lock(self) -> None:
        """Remove the lock if it is still that of this writer."""
        with suppress(OSError, BaseError):
            if self._read_tag(LOCK) == self._lock_tag:
                obstore.delete(self.store, LOCK)

    def _read_tag(self, path: str) -> Any:
        """Return the store's tag of the content of an object; None without an object."""
        try:
            return obstore.head(self.store, path)["e_tag"]
        except FileNotFoundError:
            return None

    def _put_if_unchanged(self, path: str, content: bytes, before: Any) -> Any:
        """Write an object if its tag is still `before`; return its new tag."""
        mode: Any = "create" if before is None else {"e_tag": before}
        return obstore.put(self.store, path, content, mode=mode)["e_tag"]

    @_as_os_error
    def remove_leftovers(self, pointer: str) -> None:
        """Remove only the objects that interrupted publishers had listed before they began.

        All other objects below versions/ may belong to somebody else.
        """
        self.read_pointer(pointer)
        self._require_copies()
        for folder in self._list_begun():
            if self._read_tag(f"{folder}/{MANIFEST}") is None:
                self._delete_objects(folder, self._read_begun(folder))
            self._delete_objects(folder, [BEGUN])

    def _read_begun(self, folder: str) -> list[str]:
        """Return the names that an interrupted publisher listed; raise PublishError if damaged."""
        path = f"{folder}/{BEGUN}"
        try:
            names = [str(name) for name in json.loads(self.read_file(path))["files"]]
        except (ValueError, KeyError, TypeError, RecursionError):
            names = [""]
        if any(not name or "/" in name for name in names):
            raise PublishError(
                f"{self.address}/{path} does not name objects of its folder: move it away and "
                "publish again"
            )
        return names

    def _list_begun(self) -> list[str]:
        """Return the folders of versions that somebody began to write or to remove."""
        paths = [item["path"] for batch in obstore.list(self.store, "versions/") for item in batch]
        folders = [path.removesuffix(f"/{BEGUN}") for path in paths if path.endswith(f"/{BEGUN}")]
        return [
            item for item in folders if VERSION_FOLDER.fullmatch(item.removeprefix("versions/"))
        ]

    def _delete_objects(self, folder: str, names: Collection[str]) -> None:
        """Delete objects of a folder; missing objects are no error."""
        for name in names:
            with suppress(FileNotFoundError):
                obstore.delete(self.store, f"{folder}/{name}")

    @_as_os_error
    def read_file(self, path: str) -> bytes:
        """Return the content of an object."""
        stored = obstore.get(self.store, path)
        require_length(f"{self.address}/{path}", stored.meta["size"])
        return bytes(stored.bytes())

    @_as_os_error
    def write_folder(self, folder: str, files: Mapping[str, bytes]) -> None:
        """Write the manifest last, because a folder without a manifest is no version."""
        self._mark_begun(folder, files)
        for name in sorted(files, key=lambda name: (name == MANIFEST, name)):
            if time.monotonic() - self._renewed > self.lease_seconds / 4:
                self._renew_lock()
            obstore.put(self.store, f"{folder}/{name}", files[name])
        self._delete_objects(folder, [BEGUN])

    def _mark_begun(self, folder: str, names: Collection[str]) -> None:
        """Write the names of a folder's objects that change, for the clean-up after a crash."""
        obstore.put(self.store, f"{folder}/{BEGUN}", as_json({"files": sorted(names)}))

    @_as_os_error
    def write_file(self, path: str, content: bytes) -> None:
        """Write an object completely."""
        obstore.put(self.store, path, content)

    @_as_os_error
    def create_file(self, path: str, content: bytes) -> None:
        """Write an object if there is none; a repeated request may find its own."""
        self._renew_lock()
        try:
            self._put_if_unchanged(path, content, None)
        except (AlreadyExistsError, PreconditionError) as error:
            if self.read_file(path) != content:
                raise FileExistsError(path) from error

    @_as_os_error
    def copy_latest(self, folder: str) -> None:
        """Replace the copies in `current/` if they are not those of the version in a folder."""
        content = self.read_file(f"{folder}/{MANIFEST}")
        names, before = [*files_of(content), MANIFEST], self._read_copies()
        is_begun = BEGUN in self._read_times(CURRENT)
        if before == content and not is_begun:
            return
        old_names = set(files_of(before)) if before else set()
        old_names |= set(self._read_begun(CURRENT)) if is_begun else set()
        self._mark_begun(CURRENT, {*names, *old_names})
        for name in names:
            if time.monotonic() - self._renewed > self.lease_seconds / 4:
                self._renew_lock()
            obstore.copy(self.store, f"{folder}/{name}", f"{CURRENT}/{name}")
        self._delete_objects(CURRENT, [*sorted(old_names - set(names)), BEGUN])

    def _read_copies(self) -> bytes:
        """Return the manifest of the copies; nothing without one, or where it is damaged."""
        try:
            content = self.read_file(f"{CURRENT}/{MANIFEST}")
            files_of(content)
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return b""
        return content

    def _require_copies(self) -> None:
        """Raise PublishError where `current/` has objects that no publisher wrote."""
        names = set(self._read_times(CURRENT))
        if names and not names & {MANIFEST, BEGUN}:
            raise PublishError(
                f"{self.address}/{CURRENT}/ has objects that no run wrote, such as {min(names)}: "
                "move them away, because copies of the latest tables are written there"
            )

    def flush_folder(self, folder: str) -> None:
        """Do nothing, because a store saves each object before it confirms the write."""

    @_as_os_error
    def read_pointer(self, pointer: str) -> str | None:
        """Return the folder that the pointer names; raise PublishError if it is damaged."""
        try:
            pointer_object = obstore.get(self.store, pointer)
            content, tag = bytes(pointer_object.bytes()), pointer_object.meta["e_tag"]
            folder = json.loads(content)["folder"]
        except FileNotFoundError:
            self._seen[pointer] = None
            return None
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise PublishError(
                f"{self.address}/{pointer} leads to no version: move it away and publish again"
            ) from error
        self._seen[pointer] = tag
        return require_inside(str(folder), f"{self.address}/{pointer}")

    @_as_os_error
    def move_pointer(self, pointer: str, folder: str) -> None:
        """Write the pointer if it has not changed since it was read under the lock."""
        tag = self._seen.get(pointer)
        if tag is not None and self.read_pointer(pointer) == folder and self._seen[pointer] == tag:
            return
        self._renew_lock()
        try:
            self._seen[pointer] = self._put_if_unchanged(
                pointer, json.dumps({"folder": folder}).encode(), tag
            )
        except (AlreadyExistsError, PreconditionError) as error:
            raise PublishError(
                f"another run has moved {self.address}/{pointer}: run again"
            ) from error

    @_as_os_error
    def list_names(self, folder: str) -> list[str]:
        """Return names by the time of the last write, then by name."""
        times = self._read_times(folder)
        return sorted(times, key=lambda name: (times[name], name))

    def _read_times(self, folder: str) -> dict[str, Any]:
        """Return the time of the last write of each name in a folder."""
        times: dict[str, Any] = {}
        for batch in obstore.list(self.store, f"{folder}/"):
            for item in batch:
                name = item["path"].removeprefix(f"{folder}/").partition("/")[0]
                times[name] = max(times.get(name, item["last_modified"]), item["last_modified"])
        return times

    @_as_os_error
    def list_sizes(self, suffix: str) -> dict[str, int]:
        """Return the size of each object with a suffix, by name, without those of subfolders."""
        listed = obstore.list_with_delimiter(self.store)["objects"]
        names = {Path(item["path"]).name: item["size"] for item in listed}
        return {name: size for name, size in names.items() if name.endswith(suffix)}

    @_as_os_error
    def copy_files(self, into: Path, suffix: str) -> None:
        """Copy the objects with one suffix into a folder, without objects of subfolders."""
        sizes = self.list_sizes(suffix)
        require_length(f"{self.address}, all {suffix} files together,", sum(sizes.values()))
        for name in sorted(sizes):
            (into / name).write_bytes(self.read_file(name))

    @_as_os_error
    def remove_files(self, folder: str, names: Sequence[str]) -> None:
        """Remove objects of a folder in the given order."""
        self._mark_begun(folder, names)
        self._delete_objects(folder, [*names, BEGUN])


def _make_token() -> bytes:
    """Return new content on each call, so that other writers notice a renewal."""
    return secrets.token_bytes(16)
