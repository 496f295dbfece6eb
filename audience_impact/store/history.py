"""The history of a place: which version was published when, from what, and why `latest` moved.

    history/000001.json    an entry: written once, and neither changed nor removed afterwards
    history/000002.json    the next entry

An entry is created only if there is none with its number: of two writers, one is refused. It is
written before `latest` moves. If a process dies between the two, the next run or rollback moves
`latest`. The times come from whoever publishes.
"""

import json
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from audience_impact.store import HISTORY, VERSION_FOLDER, DamagedError, Storage
from audience_impact.store.manifest import require_shape
from audience_impact.store.storage import read_existing

PUBLISHED, RETURNED, ROLLED_BACK = "published", "returned", "rolled back"
"""What an entry records."""
MOST_REASON_SIGNS = 500
_ENTRY = re.compile(r"(\d+)\.json", re.ASCII)
_SHAPE = {
    **dict.fromkeys(("number", "highest"), int),
    **dict.fromkeys(("at", "event", "version", "reason", "release"), str),
    **dict.fromkeys(("identity", "libraries"), dict),
}
"""The types of an entry in its file."""


@dataclass(frozen=True)
class Origin:
    """When and by which releases a version was computed: none of its bytes depends on them."""

    at: datetime
    libraries: Mapping[str, str] = field(default_factory=dict)
    release: str = ""


@dataclass(frozen=True)
class Entry:
    """An entry of the history, numbered from 1: `latest` leads to `version` from then on.

    `highest` is the highest number of a version so far, `identity` has the fields of the version;
    `libraries` and `release` are those of `Origin`, empty where no version was computed.
    """

    number: int
    at: datetime
    event: str
    version: str
    highest: int
    reason: str
    identity: Mapping[str, Any] = field(default_factory=dict)
    libraries: Mapping[str, str] = field(default_factory=dict)
    release: str = ""

    def as_record(self) -> dict[str, Any]:
        """Return the entry as values for JSON."""
        return asdict(self) | {"at": f"{self.at:%Y-%m-%dT%H:%M:%SZ}"}


def split_folder(name: str) -> tuple[int, str]:
    """Return the number of a version, 0 for one without a number, and its id."""
    match = VERSION_FOLDER.fullmatch(name)
    return (int(match[1] or 0), match[2]) if match else (0, name)


def format_path(number: int) -> str:
    """Return the path of an entry."""
    return f"{HISTORY}/{number:06}.json"


def list_numbers(store: Storage) -> list[int]:
    """Return the numbers of all entries, in order."""
    matches = map(_ENTRY.fullmatch, store.list_paths(HISTORY))
    return sorted(int(match[1]) for match in matches if match)


def read_last(store: Storage) -> Entry | None:
    """Return the last entry; None without any; raise DamagedError where it is no entry."""
    numbers = list_numbers(store)
    return read_entry(store, numbers[-1]) if numbers else None


def read_history(store: Storage) -> tuple[list[Entry], list[str]]:
    """Return all entries that can be read, the oldest first, and a line for each of the others."""

    def try_entry(number: int) -> Entry | str:
        try:
            return read_entry(store, number)
        except DamagedError as error:
            return str(error)

    with ThreadPoolExecutor(16) as pool:  # of a bucket, each entry is a request
        results = list(pool.map(try_entry, list_numbers(store)))
    entries = [result for result in results if isinstance(result, Entry)]
    return entries, [result for result in results if isinstance(result, str)]


def read_entry(store: Storage, number: int) -> Entry:
    """Return an entry; raise DamagedError or, where it cannot be read now, AwayError."""
    path = format_path(number)
    try:
        record = json.loads(read_existing(store, path) or b"")
        require_shape(record, _SHAPE, "entry")
        at = datetime.strptime(record["at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        if record["number"] != number or not VERSION_FOLDER.fullmatch(record["version"]):
            raise ValueError("its number or version is wrong")
        return Entry(**{name: record[name] for name in _SHAPE} | {"at": at})
    except (ValueError, RecursionError) as error:
        raise DamagedError(
            f"{store.address}/{path} is damaged ({error}): put back a copy of it, or move it away"
        ) from error
