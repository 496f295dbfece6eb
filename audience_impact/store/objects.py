"""Versions in an object store: S3 and what speaks like it, Google's and Microsoft's.

There are no folders, no links and no locks of a system here, only objects that are written whole,
and writes that the store refuses where an object is not what it was (conditional writes). So

    latest                  an object that says which folder it leads to, as JSON
    .lock                   an object that its holder renews; whoever has seen it unchanged for
                            LEASE_SECONDS by their own clock takes it over: clocks are not compared
    versions/<id>/          is whole when its manifest is there: it is written last, removed first
    versions/<id>/.begun    while it is written or removed: the names of the objects concerned

The pointer moves only from what was read under the lock, so that a publisher that slept beyond
its lease cannot undo what another did meanwhile.
"""

import functools
import json
import os
import secrets
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError
from obstore.store import ObjectStore, from_url

from audience_impact.store import VERSION_ID, PublishError
from audience_impact.store.files import as_json
from audience_impact.store.manifest import MANIFEST

SCHEMES = ("s3", "s3a", "gs", "az", "azure", "abfs", "abfss")
"""Stores that refuse a write where an object is not what it was: without that none is safe."""
VARIABLES = ("AWS_", "GOOGLE_", "AZURE_")
LOCK, BEGUN = ".lock", ".begun"
LEASE_SECONDS = float(os.environ.get("AUDIENCE_IMPACT_LEASE_SECONDS", "60"))
POLL_SECONDS = 0.2
MOST_BYTES = 500_000_000
"""Of a folder that is copied: far beyond any facts."""
CLIENT: Any = {"connect_timeout": "5 seconds", "timeout": "60 seconds"}
RETRY: Any = {"max_retries": 4, "retry_timeout": timedelta(seconds=30)}
"""A store that is away is told of within half a minute; Prefect tries the task again."""
P = ParamSpec("P")
R = TypeVar("R")


def at(address: str) -> "ObjectStorage":
    """The storage at an address such as s3://bucket/folder; PublishError where it is none.

    Keys and the endpoint come from the variables of the store's own tools (AWS_ACCESS_KEY_ID,
    AWS_ENDPOINT_URL and so on).
    """
    if address.partition(":")[0].lower() not in SCHEMES:
        raise PublishError(f"{address}: give a folder, or an address of {', '.join(SCHEMES)}")
    _unset_blanks()
    try:
        return ObjectStorage(
            address, from_url(address, client_options=_client(), retry_config=RETRY)
        )
    except (BaseError, ValueError) as error:
        raise PublishError(f"{address}: cannot be used: {_first_line(error)}") from error


def _unset_blanks() -> None:
    """Take a variable that is set to nothing, as compose files do, for none: the client panics."""
    for name in [name for name, text in os.environ.items() if not text]:
        if name.startswith(VARIABLES):
            del os.environ[name]


def _client() -> Any:
    """Plain HTTP only where the endpoint that the operator names is plain."""
    plain = os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://")
    return {**CLIENT, "allow_http": plain}


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _as_os_error(method: Callable[P, R]) -> Callable[P, R]:
    """Let a store that fails look like a disk that fails, to whoever publishes."""

    @functools.wraps(method)
    def told(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(*args, **kwargs)
        except BaseError as error:
            raise OSError(_first_line(error)) from error

    return told


@dataclass
class ObjectStorage:
    """A place in an object store."""

    address: str
    store: ObjectStore
    lease_seconds: float = LEASE_SECONDS
    _held: Any = None
    _renewed: float = 0.0
    _seen: dict[str, Any] = field(default_factory=dict)

    @contextmanager
    def lock(self, timeout_seconds: float) -> Iterator[None]:
        """Hold the lock object; what is left by the dead is taken over after its lease."""
        self._held = self._take(timeout_seconds)
        try:
            yield
        finally:
            self._release()

    @_as_os_error
    def _take(self, timeout_seconds: float) -> Any:
        deadline = time.monotonic() + timeout_seconds + self.lease_seconds
        seen, since = None, time.monotonic()
        while True:
            now = self._tag(LOCK)
            if now != seen:
                seen, since = now, time.monotonic()
            if now is None or time.monotonic() - since > self.lease_seconds:
                with suppress(AlreadyExistsError, PreconditionError):
                    return self._put(LOCK, _token(), now)
            if time.monotonic() > deadline:
                raise PublishError(
                    f"another run is publishing below {self.address} and has not finished within "
                    f"{timeout_seconds:g} seconds: try again later"
                )
            time.sleep(POLL_SECONDS)

    @_as_os_error
    def _renew(self) -> None:
        """Say that the holder lives; PublishError where another took over."""
        self._renewed = time.monotonic()
        try:
            self._held = self._put(LOCK, _token(), self._held)
        except (AlreadyExistsError, PreconditionError) as error:
            raise PublishError(
                f"another run took over below {self.address}: this one was too slow; run it again"
            ) from error

    def _release(self) -> None:
        """Remove the lock where it is still this holder's; else it runs out."""
        with suppress(OSError, BaseError):
            if self._tag(LOCK) == self._held:
                obstore.delete(self.store, LOCK)

    def _tag(self, path: str) -> Any:
        """What the store knows the content of an object by; None where there is none."""
        try:
            return obstore.head(self.store, path)["e_tag"]
        except FileNotFoundError:
            return None

    def _put(self, path: str, content: bytes, before: Any) -> Any:
        """Write an object, where it is still what it was before; give its new tag."""
        mode: Any = "create" if before is None else {"e_tag": before}
        return obstore.put(self.store, path, content, mode=mode)["e_tag"]

    @_as_os_error
    def prepare(self, pointer: str) -> None:
        """Remove what dead publishers left: what they named when they began, without a manifest.

        Whatever else lies below versions/ is somebody's.
        """
        self.target(pointer)
        for folder in self._begun():
            if self._tag(f"{folder}/{MANIFEST}") is None:
                names = json.loads(self.read(f"{folder}/{BEGUN}"))["files"]
                self._delete(folder, names)
            self._delete(folder, [BEGUN])

    def _begun(self) -> list[str]:
        """Folders of versions that somebody began to write or to remove."""
        paths = [one["path"] for batch in obstore.list(self.store, "versions/") for one in batch]
        folders = [path.removesuffix(f"/{BEGUN}") for path in paths if path.endswith(f"/{BEGUN}")]
        return [one for one in folders if VERSION_ID.fullmatch(one.removeprefix("versions/"))]

    def _delete(self, folder: str, names: Collection[str]) -> None:
        """Delete objects of a folder, whether they are there or not."""
        for name in names:
            with suppress(FileNotFoundError):
                obstore.delete(self.store, f"{folder}/{name}")

    @_as_os_error
    def read(self, path: str) -> bytes:
        """All of an object."""
        return bytes(obstore.get(self.store, path).bytes())

    @_as_os_error
    def write(self, folder: str, files: Mapping[str, bytes]) -> None:
        """Write the manifest last: what has none is no version."""
        self._begin(folder, files)
        for name in sorted(files, key=lambda name: (name == MANIFEST, name)):
            if time.monotonic() - self._renewed > self.lease_seconds / 4:
                self._renew()
            obstore.put(self.store, f"{folder}/{name}", files[name])
        self._delete(folder, [BEGUN])

    def _begin(self, folder: str, names: Collection[str]) -> None:
        """Say what of a folder is written or removed, for who clears up after the dead."""
        obstore.put(self.store, f"{folder}/{BEGUN}", as_json({"files": sorted(names)}))

    @_as_os_error
    def put(self, path: str, content: bytes) -> None:
        """Write an object whole."""
        obstore.put(self.store, path, content)

    def flush(self, folder: str) -> None:
        """Nothing to do: what a store has confirmed lasts."""

    @_as_os_error
    def target(self, pointer: str) -> str | None:
        """The folder that the pointer leads to; PublishError where it says none."""
        try:
            found = obstore.get(self.store, pointer)
            content, tag = bytes(found.bytes()), found.meta["e_tag"]
            folder = json.loads(content)["folder"]
        except FileNotFoundError:
            self._seen[pointer] = None
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise PublishError(
                f"{self.address}/{pointer} leads to no version: move it away, publish again"
            ) from error
        self._seen[pointer] = tag
        return str(folder)

    @_as_os_error
    def swap(self, pointer: str, folder: str) -> None:
        """Write the pointer, where it is still what was read under the lock."""
        tag = self._seen.get(pointer)
        if tag is not None and self.target(pointer) == folder and self._seen[pointer] == tag:
            return
        self._renew()
        try:
            self._seen[pointer] = self._put(pointer, json.dumps({"folder": folder}).encode(), tag)
        except (AlreadyExistsError, PreconditionError) as error:
            raise PublishError(
                f"another run moved {self.address}/{pointer} meanwhile: run it again"
            ) from error

    @_as_os_error
    def list(self, folder: str) -> list[str]:
        """Names by the time at which they were written last; of one moment, by name."""
        times = self._times(folder)
        return sorted(times, key=lambda name: (times[name], name))

    def _times(self, folder: str) -> dict[str, Any]:
        """When each part of a folder was written last."""
        times: dict[str, Any] = {}
        for batch in obstore.list(self.store, f"{folder}/"):
            for one in batch:
                name = one["path"].removeprefix(f"{folder}/").partition("/")[0]
                times[name] = max(times.get(name, one["last_modified"]), one["last_modified"])
        return times

    @_as_os_error
    def copy(self, into: Path, suffix: str) -> None:
        """Copy the objects of one suffix that lie here, and not below, into a folder."""
        found = obstore.list_with_delimiter(self.store)["objects"]
        wanted = {name: one for one in found if (name := Path(one["path"]).name).endswith(suffix)}
        if sum(one["size"] for one in wanted.values()) > MOST_BYTES:
            raise OSError(f"its {suffix} files are longer than {MOST_BYTES:,} bytes together")
        for name in sorted(wanted):
            (into / name).write_bytes(self.read(name))

    @_as_os_error
    def remove(self, folder: str, names: Sequence[str]) -> None:
        """Remove in order the manifest, which makes a folder a version, and its other objects."""
        self._begin(folder, names)
        self._delete(folder, [*names, BEGUN])


def _token() -> bytes:
    """Another content each time, so that a renewal is seen."""
    return secrets.token_bytes(16)
