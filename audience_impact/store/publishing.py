"""Publish versions and roll back: write a version once, record it, move `latest`, remove old ones.

A writer writes the files of a version, its manifest last; then an entry of the history; then moves
`latest`. If a process dies at any moment, a reader who opens `latest` finds a complete version, and
the next run or rollback completes the move (see `history` and `storage`).
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path

import pyarrow as pa

from audience_impact.rules import register_rule
from audience_impact.store import (
    LATEST,
    MANIFEST,
    VERSIONS,
    DamagedError,
    PublishError,
    Storage,
    storage,
    versions,
)
from audience_impact.store import history as logs
from audience_impact.store.files import as_json, explain_error, hash_bytes
from audience_impact.store.history import MOST_REASON_SIGNS, Entry, Origin, split_folder
from audience_impact.store.manifest import About, render_files
from audience_impact.store.versions import VALUES, Stored, Version
from audience_impact.vocabulary import RuleStage

Tables = Mapping[str, pa.Table]
Render = Callable[[Version], dict[str, bytes]]
"""Returns the files of a version, by name; the manifest is the last of them."""
BYTES_DIFFER = register_rule("bytes_differ", RuleStage.VERSIONS)
REASONS = {
    "as_of": "another day",
    "inputs_sha256": "other facts",
    "method_version": "other code or options",
    "schema_version": "another schema",
    "seed": "another seed",
}
"""Why a new version is published, by the field of its identity that differs."""
_OURS = re.compile(r"(details/)?[a-z][a-z0-9_]*\.parquet|facts\.zip|datapackage\.json")
"""Names of the files of a version."""


@dataclass(frozen=True)
class Published:
    """The version of a run, whether it was written and why, and the names of removed ones."""

    version: Stored
    created: bool
    removed: tuple[str, ...]
    reason: str


def publish_version(
    root: Path,
    version: Version,
    tables: Tables,
    about: About,
    origin: Origin,
    facts: Mapping[str, bytes],
    keep: int | None = None,
) -> Published:
    """Write the version below `root`, unless it is there, record it and let `latest` lead to it.

    Versions of the same inputs have the same values, unless other libraries computed them: then the
    id is another one, since the method ends in `+values-` and a digest of the values. Raises
    PublishError where the same libraries computed other values. With `keep`, the oldest versions
    beyond that number are removed, but not the one that `latest` leads to.

    `about` has `title`, `description`, `licence` (`name` or `path`, and `title`), `sources`
    (each with `title` and `path`) and `tables`: by name `title`, `description`, `sources` and
    perhaps `primary_key`; perhaps `fact_keys`, the key columns of each fact table, and
    `other_licences` of the facts, whose files are `facts`: `0/estimates.csv` in the first layer.
    """
    if keep is not None and keep < 1:
        raise PublishError(f"keep must be at least 1 (the version just published), not {keep}")

    @cache
    def render(identity: Version) -> dict[str, bytes]:
        words = {**identity.as_record(), "version_id": identity.id}
        return render_files(words, tables, about, facts)

    render(version)  # what cannot be published is refused before anything is locked
    with _lock_place(root, storage.PUBLISH_SECONDS) as place:
        _remove_unfinished(place)
        stored, is_new, news = _write_version(place, version, tables, render, origin)
        reason = _explain_version(place, stored, news)
        event = logs.RETURNED if stored.number <= place.highest else logs.PUBLISHED
        place.lead_to(stored, event, reason, origin)
        removed = _remove_oldest(place.store, stored.name, keep)
    return Published(stored, is_new, removed, reason)


def confirm_latest(root: Path, version: Stored, keep: int | None) -> Published | None:
    """Return the version that was published last if `latest` leads to it and its files are intact.

    Old versions beyond `keep` are removed, as if it were published again; else nothing is changed.
    """
    with _lock_place(root, storage.PUBLISH_SECONDS) as place:
        is_last = place.last is not None and place.last.version == version.name
        if not is_last or place.target != version.folder or read_contents(version) is None:
            return None
        _remove_unfinished(place)
        removed = _remove_oldest(place.store, version.name, keep)
    return Published(version, False, removed, "")


def roll_back(root: Path, name: str, reason: str, at: datetime) -> Stored:
    """Lead `latest` to an earlier version until the next run; raise PublishError if it cannot."""
    reason = " ".join(reason.split())
    if not 0 < len(reason) <= MOST_REASON_SIGNS:
        raise PublishError(
            f"give the reason of the rollback in words, at most {MOST_REASON_SIGNS} characters, "
            "for whoever reads the history"
        )
    versions.require_published(storage.select_storage(root))  # a lock would create the folder
    with _lock_place(root, storage.LOCK_SECONDS) as place:
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
        place.lead_to(version, logs.ROLLED_BACK, reason, Origin(at))
    return version


@dataclass(frozen=True)
class _Place:
    """A storage that a writer changes, as it was found.

    `paths` are those of all files below the folder of versions, `last` is the last entry of the
    history, and `target` the folder that `latest` leads to.
    """

    store: Storage
    paths: Sequence[str]
    last: Entry | None
    target: str | None

    @cached_property
    def listed(self) -> list[Stored]:
        """The versions, the oldest first."""
        return versions.list_complete(self.store, self.paths)

    @property
    def highest(self) -> int:
        """The highest number of a version that the history knows of; -1 without a history."""
        return self.last.highest if self.last else -1

    def lead_to(self, version: Stored, event: str, reason: str, origin: Origin) -> None:
        """Record that `latest` leads to a version, and let it lead there."""
        if self.last is None or self.last.version != version.name:
            entry = Entry(
                self.last.number + 1 if self.last else 1,
                origin.at,
                event,
                version.name,
                max(self.highest, version.number),
                reason,
                version.version.as_record(),
                dict(origin.libraries),
                origin.release,
            )
            path = logs.format_path(entry.number)
            self.store.create_file(path, as_json(entry.as_record()))  # refused if it is there
        if self.target != version.folder:
            self.store.move_pointer(LATEST, version.folder)


def require_writable(root: Path) -> None:
    """Raise PublishError, before a run computes for minutes, where it could not publish."""
    with _lock_place(root, storage.LOCK_SECONDS):
        pass


@contextmanager
def _lock_place(root: Path, seconds: float) -> Iterator[_Place]:
    """Yield the locked place; raise PublishError for an error of the disk or another writer."""
    try:
        store = storage.select_storage(root)
        with store.hold_lock(seconds):
            target = store.read_pointer(LATEST)
            yield _Place(store, store.list_paths(VERSIONS), logs.read_last(store), target)
    except FileExistsError as error:
        raise PublishError(
            f"another run has written {error.filename or error} below {store.address}: run again"
        ) from error
    except OSError as error:
        raise PublishError(
            f"cannot publish below {storage.format_address(root)}: {explain_error(error)}"
        ) from error


def read_contents(version: Stored) -> dict[str, bytes] | None:
    """Return the files of a version; None where they are not those of its manifest."""
    try:
        contents = {name: version.read_content(name) for name in version.files}
    except DamagedError:
        return None
    return {**contents, MANIFEST: version.manifest_bytes} if contents else None


def _write_version(
    place: _Place, identity: Version, tables: Tables, render: Render, origin: Origin
) -> tuple[Stored, bool, str]:
    """Write a version unless it is there, or mend it; return it, whether and how it is new."""
    differing: list[tuple[Stored, str]] = []
    inputs, values = identity.strip_values(), dict[str, str]()
    for version in reversed(place.listed):
        is_of_day = version.id.startswith(f"{inputs.as_of:%Y-%m-%d}-")
        if not (is_of_day and versions.has_manifest(version)):
            continue
        if version.version.strip_values() != inputs:
            continue
        files, contents = render(version.version), read_contents(version)
        if contents is not None:
            if contents == files:
                return version, False, ""
            values = values or _digest_values(tables)
            others = _digest_values({name: version.read_arrow(name) for name in version.tables})
            changed = ", ".join(sorted({name for name, _ in others.items() ^ values.items()}))
            if not changed:
                return version, False, ""
            differing.append((version, changed))
        elif version.manifest_bytes == files[MANIFEST]:
            for name, content in files.items():
                place.store.write_file(f"{version.folder}/{name}", content)
            return version, True, ""
    if not differing:
        return _write_new(place, identity, render), True, ""
    entries, _ = logs.read_history(place.store)
    libraries = {entry.version: entry.libraries for entry in entries if entry.libraries}
    for version, changed in differing:
        if libraries.get(version.name) == origin.libraries:
            raise PublishError(
                f"{BYTES_DIFFER}: version {version.name} has the same inputs, method, seed and "
                f"libraries, and other values (in {changed}): the results depend on something that "
                "is not recorded; run again on the machine that published it"
            )
    digest = hash_bytes(json.dumps(values).encode())
    method = f"{identity.method_version}{VALUES}{digest[:12]}"
    identity = replace(identity, method_version=method)
    newest, changed = differing[0]
    news = f"other values than version {newest.name} by other libraries (in {changed})"
    return _write_new(place, identity, render), True, news


def _write_new(place: _Place, identity: Version, render: Render) -> Stored:
    numbers = [split_folder(path.partition("/")[0])[0] for path in place.paths]
    number = max(place.highest, *numbers, 0) + 1
    version = Stored(place.store, f"{VERSIONS}/v{number:06}-{identity.id}")
    for name, content in render(identity).items():  # the manifest last
        place.store.create_file(f"{version.folder}/{name}", content)
    return version


def _digest_values(tables: Tables) -> dict[str, str]:
    """Return the SHA-256 digest of each table's values, which no library's format affects."""
    return {
        name: hash_bytes(json.dumps(table.to_pydict(), default=str).encode())
        for name, table in sorted(tables.items())
    }


def _explain_version(place: _Place, version: Stored, news: str) -> str:
    """Return what differs from the last version; blank where that is the same."""
    last = place.last
    if last is None:
        return "the first version"
    if last.version == version.name:
        return ""
    if version.number <= last.highest:
        return "facts, code and values are again those of this version"
    now = version.version.strip_values().as_record()
    method = str(last.identity.get("method_version", "")).partition(VALUES)[0]
    was = {**now, **last.identity, "method_version": method or now["method_version"]}
    words = [word for name, word in REASONS.items() if was[name] != now[name]]
    return ", ".join(filter(None, [*words, news])) or "a new version"


def _remove_unfinished(place: _Place) -> None:
    """Remove what dead writers left of versions without a manifest.

    A writer that still writes a version with a number up to the last recorded one is refused when
    it records it, so that nothing is lost.
    """
    complete = {version.name for version in place.listed}
    for path in place.paths:
        folder, _, name = path.partition("/")
        is_recorded = 0 < split_folder(folder)[0] <= place.highest
        if is_recorded and folder not in complete and _OURS.fullmatch(name):
            place.store.remove_file(f"{VERSIONS}/{path}")


def _remove_oldest(store: Storage, latest: str, keep: int | None) -> tuple[str, ...]:
    if not keep:
        return ()
    listed = versions.list_versions(store)
    others = [version for version in listed if version.name != latest]
    removed = []
    for version in others[: max(len(listed) - keep, 0)]:
        with suppress(DamagedError):  # nobody knows the files of one with a damaged manifest
            for path in (MANIFEST, *version.files):
                store.remove_file(f"{version.folder}/{path}")
            removed.append(version.name)
    return tuple(removed)
