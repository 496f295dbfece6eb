"""The history of a place: which version was published when, from what, and why `latest` moved.

    history/000001.json    an entry: written once, and neither changed nor removed afterwards
    history/000002.json    the next entry

Each entry is a file of its own, which is written completely or not at all, so that no line can be
torn. An entry is created only if there is none with its number: of two writers, one is refused.

An entry is written before `latest` moves. If a process dies between the two, the next publisher
moves `latest` to where the last entry says. The times come from whoever publishes. As a clock may
be wrong for a night, `date_entries` trusts as many times as possible that are in order.
"""

import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from audience_impact.store import MISPLACED, VERSION_FOLDER, AwayError, PublishError
from audience_impact.store.files import as_json, explain_error
from audience_impact.store.storage import HISTORY, Storage

MOST_REASON_SIGNS = 500
MOST_REQUESTS = 16
"""Number of entries that are read at the same time: each is a request to an object store."""


class Event(StrEnum):
    """What an entry records."""

    ADOPTED = "adopted"
    PUBLISHED = "published"
    RETURNED = "returned"
    ROLLED_BACK = "rolled back"
    LIFTED = "lifted"


@dataclass(frozen=True)
class Origin:
    """The circumstances of a publication that its bytes do not depend on.

    Attributes:
        at: The moment of the publication.
        libraries: The version of each library that computes and writes the tables, by its name.
        release: The version of this package.
    """

    at: datetime
    libraries: Mapping[str, str]
    release: str


@dataclass(frozen=True)
class Entry:
    """An entry of the history.

    Attributes:
        number: The number of the entry, from 1.
        at: The moment of the event, in UTC.
        event: What happened.
        version: The folder of the version that the event is about.
        latest: The folder of the version that `latest` leads to from then on.
        newest: The folder of the version that the last run computed, which differs from `latest`
            after a rollback.
        is_pinned: Whether `latest` stays where it is until the rollback is lifted.
        highest: The highest number of a version so far.
        reason: Why `latest` moved, or why it did not.
        identity: The day, the digest of the facts, the method with the digest of its code, the
            schema and the seed of the version.
        libraries: The version of each library, by its name; empty where no version was computed.
        release: The version of this package; blank where no version was computed.
    """

    number: int
    at: datetime
    event: Event
    version: str
    latest: str
    newest: str
    is_pinned: bool
    highest: int
    reason: str
    identity: Mapping[str, Any] = field(default_factory=dict)
    libraries: Mapping[str, str] = field(default_factory=dict)
    release: str = ""

    def as_record(self) -> dict[str, Any]:
        """Return the entry as values for JSON."""
        return asdict(self) | {"at": f"{self.at:%Y-%m-%dT%H:%M:%SZ}"}


@dataclass(frozen=True)
class History:
    """All entries, the oldest first, and one line for each entry that cannot be read."""

    entries: tuple[Entry, ...]
    damages: tuple[str, ...] = ()


def format_place(number: int) -> str:
    """Return the path of an entry below the folder of the versions."""
    return f"{HISTORY}/{number:06}.json"


def split_folder(name: str) -> tuple[int, str]:
    """Return the number of a version, 0 for one without a number, and its id."""
    match = VERSION_FOLDER.fullmatch(name)
    return (int(match[1] or 0), match[2]) if match else (0, name)


def append_entry(store: Storage, entry: Entry) -> None:
    """Write an entry, under the lock; raise PublishError if another writer took its number."""
    try:
        store.create_file(format_place(entry.number), as_json(entry.as_record()))
    except FileExistsError as error:
        raise PublishError(
            f"another run has written {store.address}/{format_place(entry.number)}: this run was "
            "too slow; run again"
        ) from error


def list_numbers(store: Storage) -> list[int]:
    """Return the numbers of all entries, in order."""
    try:
        names = store.list_names(HISTORY)
    except FileNotFoundError:
        return []
    stems = [name.removesuffix(".json") for name in names if name.endswith(".json")]
    return sorted(int(stem) for stem in stems if stem.isdecimal() and stem.isascii())


def read_last(store: Storage) -> Entry | None:
    """Return the last entry; None without any.

    Raises PublishError where it is damaged, because it says whether `latest` may move.
    """
    numbers = list_numbers(store)
    return read_entry(store, numbers[-1]) if numbers else None


def read_history(store: Storage) -> History:
    """Return all entries that can be read, and a line for each of the others."""

    def try_entry(number: int) -> Entry | str:
        try:
            return read_entry(store, number)
        except AwayError:
            raise
        except PublishError as error:
            return str(error)

    with ThreadPoolExecutor(MOST_REQUESTS) as pool:
        results = list(pool.map(try_entry, list_numbers(store)))
    return History(
        tuple(result for result in results if isinstance(result, Entry)),
        tuple(result for result in results if isinstance(result, str)),
    )


def read_entry(store: Storage, number: int) -> Entry:
    """Return an entry; raise PublishError where it is damaged, AwayError where it is unreadable."""
    place = f"{store.address}/{format_place(number)}"
    try:
        content = store.read_file(format_place(number))
    except MISPLACED as error:
        raise _damage_error(place, error) from error
    except OSError as error:
        raise AwayError(f"{place} cannot be read: {explain_error(error)}") from error
    try:
        return _parse_entry(number, json.loads(content))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _damage_error(place, error) from error


def _damage_error(place: str, why: Exception) -> PublishError:
    return PublishError(
        f"{place} is damaged ({why}): put back a copy of it, or move it away, then roll back again "
        "if it recorded a rollback"
    )


def _parse_entry(number: int, record: Mapping[str, Any]) -> Entry:
    """Return the entry of a record; raise ValueError, TypeError or KeyError for another one."""
    at = datetime.strptime(record["at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    version, latest, newest = (str(record[name]) for name in ("version", "latest", "newest"))
    for folder in (version, latest, newest):
        if not VERSION_FOLDER.fullmatch(folder):
            raise ValueError(f"{folder!r} is no folder of a version")
    if record["number"] != number or not isinstance(record["is_pinned"], bool):
        raise ValueError("its number or is_pinned is wrong")
    return Entry(
        number,
        at,
        Event(record["event"]),
        version,
        latest,
        newest,
        record["is_pinned"],
        int(record["highest"]),
        str(record["reason"]),
        dict(record["identity"]),
        {str(name): str(release) for name, release in dict(record["libraries"]).items()},
        str(record["release"]),
    )


def date_entries(entries: Sequence[Entry]) -> list[Entry]:
    """Return the entries with times that never decrease.

    The longest sequence of entries whose times do not decrease is trusted. Every other entry, which
    was written while a clock was wrong, gets the time of the next trusted entry; without one, it is
    later than any day.
    """
    if not entries:
        return []
    trusted = _list_in_order([entry.at for entry in entries])
    dated: list[Entry] = []
    at = datetime.max.replace(tzinfo=UTC)
    for index in range(len(entries) - 1, -1, -1):
        at = entries[index].at if index in trusted else at
        dated.append(replace(entries[index], at=at))
    return dated[::-1]


def _list_in_order(times: Sequence[datetime]) -> set[int]:
    """Return the places of a longest sequence of times that does not decrease.

    Of several such sequences it is one with the last possible end, and otherwise with early places.
    """
    ends: list[datetime] = []
    places_by_length: list[list[int]] = []
    for place, at in enumerate(times):
        length = bisect_right(ends, at)
        if length == len(ends):
            ends.append(at)
            places_by_length.append([place])
        else:
            ends[length] = at
            places_by_length[length].append(place)
    chosen = places_by_length[-1][-1:]
    for places in reversed(places_by_length[:-1]):
        last = chosen[-1]
        chosen.append(next(p for p in places if p < last and times[p] <= times[last]))
    return set(chosen)


def find_entry_on(history: History, day: date) -> Entry:
    """Return the last entry of a day (UTC) or of an earlier one.

    Raises PublishError without one, and where a damaged entry may be the one of that day.
    """
    if history.damages:
        raise PublishError(f"nobody knows what was published on {day}: {history.damages[0]}")
    dated = date_entries(history.entries)
    before = [entry for entry in dated if entry.at.date() <= day]
    if before:
        return before[-1]
    begins = f"it begins on {dated[0].at:%Y-%m-%d}" if dated else "it has no entry"
    raise PublishError(
        f"the history does not say what was published on {day}: {begins}; "
        "audience-impact versions lists what is there"
    )
