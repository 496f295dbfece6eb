"""The place of published versions, locked for one writer, and the order in which it is changed.

A writer writes an entry of the history and then moves `latest`, under one lock. If a process dies
at any moment, a reader who opens `latest` finds a complete version, and the next writer completes
the move (see `history` and `storage`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from audience_impact.store import AwayError, PublishError, storage, versions
from audience_impact.store import history as logs
from audience_impact.store.files import explain_error
from audience_impact.store.history import Entry, Event
from audience_impact.store.manifest import MANIFEST
from audience_impact.store.storage import LATEST, VERSIONS, Storage
from audience_impact.store.versions import Stored

LOCK_SECONDS = 60.0


@dataclass(frozen=True)
class Place:
    """A locked storage, its versions (the oldest first), its last entry and target of `latest`."""

    store: Storage
    listed: tuple[Stored, ...]
    last: Entry | None
    target: str | None

    @classmethod
    def read(cls, store: Storage, at: datetime) -> "Place":
        """Read the place; begin the history where versions are older than it."""
        store.remove_leftovers(LATEST)
        target = store.read_pointer(LATEST)
        listed, last = tuple(versions.list_versions(store)), logs.read_last(store)
        current = next((version for version in listed if version.folder == target), None)
        if last is None and current and (identity := _read_identity(current)):
            name, reason = current.name, "latest led to this version when the history began"
            last = Entry(1, at, Event.ADOPTED, name, name, name, False, current.number, reason)
            last = replace(last, identity=identity)
            logs.append_entry(store, last)
        return cls(store, listed, last, target)

    @cached_property
    def highest(self) -> int:
        """Return the highest number that a version of this place ever had."""
        return max(self.last.highest if self.last else 0, *(v.number for v in self.listed), 0)

    def list_with_id(self, version_id: str) -> list[Stored]:
        """Return the versions with an id, the newest first."""
        return [version for version in reversed(self.listed) if version.id == version_id]

    def move_latest(self, entry: Entry) -> None:
        """Let `latest` and the copies of its tables follow an entry that is written."""
        folder = f"{VERSIONS}/{entry.latest}"
        self.store.flush_folder(VERSIONS)
        if entry.is_pinned and not versions.has_manifest(Stored(self.store, folder)):
            return  # removed by hand: a link that leads to nothing says so, and `rollback` mends it
        self.store.move_pointer(LATEST, folder)
        self.store.copy_latest(folder)


def _read_identity(version: Stored) -> dict[str, Any]:
    """Return what identifies a version; nothing where its manifest is damaged.

    A damaged version must not stop the next one from being published. Raises AwayError where the
    manifest cannot be read now.
    """
    try:
        return version.version.as_record()
    except AwayError:
        raise
    except PublishError:
        return {}


@contextmanager
def lock_place(root: Path, at: datetime, timeout_seconds: float) -> Iterator[Place]:
    """Yield the locked place; raise PublishError for an error of the disk or the store."""
    try:
        store = storage.select_storage(root)
        with store.hold_lock(timeout_seconds):
            yield Place.read(store, at)
    except OSError as error:
        raise PublishError(
            f"cannot publish below {storage.format_address(root)}: {explain_error(error)}"
        ) from error


def read_contents(version: Stored) -> dict[str, bytes] | None:
    """Return the files of a version; None where they are not those of its manifest.

    Raises AwayError where they cannot be read now: such a version may be whole.
    """
    try:
        contents = {name: version.read_content(name) for name in version.files}
    except AwayError:
        raise
    except PublishError:
        return None
    return {**contents, MANIFEST: version.manifest_bytes} if contents else None


def find_entry(store: Storage, name: str, event: Event) -> Entry | None:
    """Return the last entry of an event about a version; with a blank name, about any."""
    for number in reversed(logs.list_numbers(store)):
        try:
            entry = logs.read_entry(store, number)
        except AwayError:
            raise
        except PublishError:
            continue
        if entry.event is event and name in ("", entry.version):
            return entry
    return None
