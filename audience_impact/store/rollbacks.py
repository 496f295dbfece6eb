"""Roll `latest` back to an earlier version, where it stays until the rollback is lifted."""

from datetime import datetime
from pathlib import Path

from audience_impact.store import AwayError, PublishError, storage, versions
from audience_impact.store import history as logs
from audience_impact.store.files import explain_error
from audience_impact.store.history import MOST_REASON_SIGNS, Entry, Event
from audience_impact.store.place import LOCK_SECONDS, Place, lock_place, read_contents
from audience_impact.store.storage import LATEST, VERSIONS
from audience_impact.store.versions import Stored


def roll_back(
    root: Path, name: str, reason: str, at: datetime, timeout_seconds: float = LOCK_SECONDS
) -> Entry:
    """Let `latest` lead to an earlier version until the rollback is lifted; return the entry.

    Raises PublishError where there is no such version, it is damaged, or the reason is blank.
    """
    reason = require_reason(reason)
    _require_published(root)
    with lock_place(root, at, timeout_seconds) as place:
        version = versions.find_version(root, name)
        if version.folder not in [stored.folder for stored in place.listed] or (
            version.store.address != place.store.address
        ):
            raise PublishError(f"{name} is no version below {place.store.address}")
        if read_contents(version) is None:
            raise PublishError(
                f"{version.address} is damaged: roll back to another version, or run with its "
                "facts to repair it"
            )
        last = place.last
        if last and last.is_pinned and (last.latest, last.reason) == (version.name, reason):
            entry = last
        else:
            entry = _append_move(place, Event.ROLLED_BACK, version, reason, at)
        place.move_latest(entry)
    return entry


def lift_rollback(
    root: Path, reason: str, at: datetime, timeout_seconds: float = LOCK_SECONDS
) -> Entry:
    """Let `latest` lead to the version of the last run again; return the entry.

    Raises PublishError where nothing is rolled back, or the version of the last run is gone.
    """
    reason = require_reason(reason)
    _require_published(root)
    with lock_place(root, at, timeout_seconds) as place:
        last = place.last
        if last is None or (not last.is_pinned and place.target == f"{VERSIONS}/{last.latest}"):
            raise PublishError(
                f"nothing is rolled back below {place.store.address}: audience-impact versions "
                "says what happened there; see whether it is the place you mean"
            )
        newest = Stored(place.store, f"{VERSIONS}/{last.newest}")
        if read_contents(newest) is None:
            raise PublishError(
                f"{newest.address}, the version of the last run, is damaged or missing: run again, "
                "then lift the rollback"
            )
        entry = _append_move(place, Event.LIFTED, newest, reason, at) if last.is_pinned else last
        place.move_latest(entry)
    return entry


def _require_published(root: Path) -> None:
    """Raise PublishError where nothing is published, before a lock creates the folder."""
    try:
        store = storage.select_storage(root)
        target = store.read_pointer(LATEST)
    except OSError as error:
        address = storage.format_address(root)
        raise AwayError(f"{address} cannot be read: {explain_error(error)}") from error
    if target is None:
        raise versions.report_unpublished(store)


def require_reason(reason: str) -> str:
    """Return a reason as one line; raise PublishError where it is blank or too long."""
    line = " ".join(reason.split())
    if not line:
        raise PublishError(
            "give the reason of the rollback in words, for whoever reads the history"
        )
    if len(line) > MOST_REASON_SIGNS:
        raise PublishError(f"the reason is longer than {MOST_REASON_SIGNS} characters: shorten it")
    return line


def _append_move(place: Place, event: Event, version: Stored, reason: str, at: datetime) -> Entry:
    """Write the entry of a rollback or of its end, and return it."""
    last = place.last
    entry = Entry(
        last.number + 1 if last else 1,
        at,
        event,
        version.name,
        version.name,
        last.newest if last else version.name,
        event is Event.ROLLED_BACK,
        place.highest,
        reason,
        version.version.as_record(),
    )
    logs.append_entry(place.store, entry)
    return entry
