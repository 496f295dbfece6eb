"""Publish versions: write a version once, record it, move `latest`, and remove old versions."""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from audience_impact.rules import register_rule
from audience_impact.store import AwayError, PublishError, storage, versions
from audience_impact.store import history as logs
from audience_impact.store.history import Entry, Event, Origin
from audience_impact.store.manifest import (
    MANIFEST,
    About,
    Rows,
    as_rows,
    hash_bytes,
    render_files,
)
from audience_impact.store.place import LOCK_SECONDS, Place, find_entry, lock_place, read_contents
from audience_impact.store.storage import VERSIONS, Storage
from audience_impact.store.versions import NO_FACTS, Stored, Version
from audience_impact.vocabulary import RuleStage

Tables = Mapping[str, Rows | pa.Table]
ROW_KEYS = ("restriction_id", "area_id", "source_id")
"""Columns that name the rows of a table for people, the clearest first."""
MOST_NAMES = 3
MOST_CHANGES = 5
"""Number of changed columns that the reason of a version names."""
BYTES_DIFFER = register_rule("bytes_differ", RuleStage.VERSIONS)
VALUES_DIFFER = register_rule("values_differ", RuleStage.VERSIONS)
REASONS = {
    "as_of": "another day",
    "inputs_sha256": "other facts",
    "method_version": "other code or options",
    "schema_version": "another schema",
    "seed": "another seed",
}
"""Why a new version is published, by the field of its identity that differs."""


@dataclass(frozen=True)
class Published:
    """The result of publishing: `created` is False where the version existed already.

    Attributes:
        version: The version of the run.
        created: Whether it was written.
        removed: The names of the old versions that were removed.
        replaced_count: The number of fact rows that a later layer replaced.
        notes: Lines about `latest`, where it did not simply move to the version of the run.
        reason: Why the version was published; blank if nothing changed.
    """

    version: Stored
    created: bool
    removed: tuple[str, ...]
    replaced_count: int = 0
    notes: tuple[str, ...] = ()
    reason: str = ""

    @property
    def version_id(self) -> str:
        """Return the id of the version."""
        return self.version.id

    @property
    def path(self) -> Path:
        """Return the folder of the version."""
        return Path(self.version.address)


def publish_version(
    root: Path,
    version: Version,
    tables: Tables,
    about: About,
    origin: Origin,
    keep: int | None = None,
    timeout_seconds: float = LOCK_SECONDS,
    facts: Mapping[str, bytes] = NO_FACTS,
) -> Published:
    """Publish the tables as one version below `root` and let `latest` lead to it.

    After a rollback `latest` stays where it is. If other libraries write the same values as other
    bytes, they are published as one more version with the same id. If they compute values that no
    version of the same inputs has, its id is another one: its method ends in `+values-` and a
    digest of the values.

    `about` has `title`, `description`, `licence` (`name` or `path`, and `title`), `sources`
    (each with `title` and `path`) and `tables`: by name `title`, `description`, its own `sources`
    and, optionally, `primary_key`; it may contain `fact_keys`, the key columns of each fact table,
    and `other_licences`, those of the facts. With `keep`, the oldest versions beyond that number
    are removed, but not the one that `latest` leads to. `facts` are the files that the version was
    computed from, `0/estimates.csv` in the first layer.
    """
    if keep is not None and keep < 1:
        raise PublishError(f"keep must be at least 1 (the version just published), not {keep}")
    draft = _Draft(version, tables, about, facts)
    draft.files  # noqa: B018  # what cannot be published is refused before anything is locked
    with lock_place(root, origin.at, timeout_seconds) as place:
        written = _write_version(place, draft, origin)
        entry = _record_version(place, written, origin)
        place.move_latest(entry)
        removed = _remove_oldest(place.store, {written.version.name, entry.latest}, keep)
        is_new = place.last is None or entry.number != place.last.number
        notes = _describe_latest(place, entry)
    reason = entry.reason if is_new else ""
    return Published(written.version, written.is_new, removed, 0, notes, reason)


@dataclass(frozen=True)
class _Draft:
    """A version that is about to be published."""

    version: Version
    tables: Tables
    about: About
    facts: Mapping[str, bytes]

    @cached_property
    def files(self) -> dict[str, bytes]:
        """Return the files of the version, by name."""
        identity = {**self.version.as_record(), "version_id": self.version.id}
        return render_files(identity, self.tables, self.about, self.facts)

    def name_values(self) -> "_Draft":
        """Return the draft with a digest of its values in its identity."""
        digest = hash_values(self.tables)[:12]
        return self.rename(self.version.add_values(digest))

    def rename(self, version: Version) -> "_Draft":
        """Return the draft with another identity."""
        return self if version == self.version else replace(self, version=version)


@dataclass(frozen=True)
class _Written:
    """The version of a run.

    Attributes:
        version: The version.
        is_new: Whether it was written, or was there already.
        compared: The version of the same inputs that its values were compared with, if any.
        changes: A line for each column whose values differ between the two.
    """

    version: Stored
    is_new: bool
    compared: Stored | None = None
    changes: tuple[str, ...] = ()


def _write_version(place: Place, draft: _Draft, origin: Origin) -> _Written:
    """Write a version unless it is there, after a comparison with all versions of its inputs."""
    same_inputs = versions.list_same_inputs(place.listed, draft.version)
    compared = _choose_compared(same_inputs, place.last)
    if compared and (stored := _find_or_mend(place, draft.rename(compared.version))):
        return _Written(*stored)
    by_id = {version.id: version for version in reversed(same_inputs) if read_contents(version)}
    changes = {
        version_id: tuple(list_value_changes(_read_tables(version), draft.tables))
        for version_id, version in by_id.items()
    }
    for version in same_inputs:
        _require_other_libraries(version, origin, changes.get(version.id, ()))
    equal = next((by_id[version_id] for version_id in by_id if not changes[version_id]), None)
    if equal:
        draft = draft.rename(equal.version)
    elif by_id:
        draft = draft.name_values()
    stored = _find_or_mend(place, draft) or (_write_new(place, draft), True)
    return _Written(*stored, compared, changes.get(compared.id, ()) if compared else ())


def _write_new(place: Place, draft: _Draft) -> Stored:
    """Write a draft as one more version."""
    version = Stored(place.store, f"{VERSIONS}/v{place.highest + 1:06}-{draft.version.id}")
    place.store.write_folder(version.folder, draft.files)
    return version


def _choose_compared(same_inputs: Sequence[Stored], last: Entry | None) -> Stored | None:
    """Return the version of the last run if it is one of these, and otherwise the newest."""
    newest = [version for version in same_inputs if last and version.name == last.newest]
    return next(iter([*newest, *same_inputs]), None)


def _find_or_mend(place: Place, draft: _Draft) -> tuple[Stored, bool] | None:
    """Return the version with these bytes, and whether a damaged one had to be written again."""
    same = place.list_with_id(draft.version.id)
    contents = [read_contents(version) for version in same]
    for version, content in zip(same, contents, strict=True):
        if content == draft.files:
            return version, False
    for version, content in zip(same, contents, strict=True):
        if content is None and _is_draft_of(version, draft):
            place.store.write_folder(version.folder, draft.files)
            return Stored(place.store, version.folder), True
    return None


def _is_draft_of(version: Stored, draft: _Draft) -> bool:
    """Return whether the manifest of a damaged version is that of the draft, or is damaged too."""
    try:
        version.files  # noqa: B018  # a manifest that is none says nothing of what was there
        return version.manifest_bytes == draft.files[MANIFEST]
    except AwayError:
        raise
    except PublishError:
        return True


def _read_tables(version: Stored) -> dict[str, pa.Table]:
    names = [name for name in version.files if name.endswith(".parquet")]
    return {
        name.removesuffix(".parquet"): pq.read_table(io.BytesIO(version.read_content(name)))
        for name in names
    }


def list_changed_values(root: Path, version: Version, tables: Tables, origin: Origin) -> list[str]:
    """Return lines about values that differ from the last version of the same inputs.

    There are none if a version of these inputs was published with the same libraries: its values
    are no news, and publishing refuses others.
    """
    try:
        store = storage.select_storage(root)
        same_inputs = versions.list_same_inputs(versions.list_versions(store), version)
        if any(_find_libraries(stored) == origin.libraries for stored in same_inputs):
            return []
        compared = _choose_compared(same_inputs, logs.read_last(store))
        changes = list(list_value_changes(_read_tables(compared), tables)) if compared else []
    except (PublishError, OSError):
        return []  # the next publish repairs a damaged version
    if compared is None:
        return []
    libraries = _describe_libraries(_find_libraries(compared), origin.libraries)
    return [f"{line}: {VALUES_DIFFER}: {libraries}" for line in changes]


def _require_other_libraries(before: Stored, origin: Origin, changes: tuple[str, ...]) -> None:
    """Raise PublishError where the libraries are those of a version with other values."""
    if changes and _find_libraries(before) == origin.libraries:
        raise PublishError(
            f"{BYTES_DIFFER}: version {before.name} has the same inputs, method, seed and "
            f"libraries, and other values ({_join_changes(changes)}): the results depend on "
            "something that is not recorded; run again on the machine that published it"
        )


def _find_libraries(version: Stored) -> Mapping[str, str]:
    """Return the libraries of a version; none for one from before the history."""
    entry = find_entry(version.store, version.name, Event.PUBLISHED)
    return entry.libraries if entry else {}


def _describe_libraries(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    if not before:
        return "the libraries of the version before are not recorded"
    moved = [
        f"{name} {before.get(name, 'missing')} -> {now.get(name, 'missing')}"
        for name in sorted(before.keys() | now.keys())
        if before.get(name) != now.get(name)
    ]
    return ", ".join(moved) or "the same libraries, and another form of the files"


def _record_version(place: Place, written: _Written, origin: Origin) -> Entry:
    """Write the entry of the version of a run, unless the last one says the same; return it."""
    last, version = place.last, written.version
    is_pinned = last is not None and last.is_pinned
    latest = last.latest if last and last.is_pinned else version.name
    if last and (last.newest, last.latest) == (version.name, latest):
        return last
    is_new = last is None or version.number > last.highest
    entry = Entry(
        last.number + 1 if last else 1,
        origin.at,
        Event.PUBLISHED if is_new else Event.RETURNED,
        version.name,
        latest,
        version.name,
        is_pinned,
        max(place.highest, version.number),
        _explain_version(place, written, origin),
        version.version.as_record(),
        dict(origin.libraries),
        origin.release,
    )
    logs.append_entry(place.store, entry)
    return entry


def _explain_version(place: Place, written: _Written, origin: Origin) -> str:
    """Return why a version differs from the one before it."""
    last, version = place.last, written.version
    if last is None:
        return "the first version"
    if version.number <= last.highest:
        return "facts, code and bytes are again those of this version"
    before = Stored(place.store, f"{VERSIONS}/{last.newest}")
    was, now = _read_inputs(before), version.version.strip_values().as_record()
    words = [word for name, word in REASONS.items() if was and was[name] != now[name]]
    if written.compared and written.changes:
        libraries = _describe_libraries(_find_libraries(written.compared), origin.libraries)
        than = "" if written.compared == before else f" than version {written.compared.name}"
        values = f"other values{than} by other libraries ({libraries})"
        return f"{', '.join([*words, values])}: {_join_changes(written.changes)}"
    if version.id == before.id:
        libraries = _describe_libraries(_find_libraries(before), origin.libraries)
        return f"the same values as other bytes ({libraries})"
    return ", ".join(words) or "a new version"


def _join_changes(changes: Sequence[str]) -> str:
    """Return the first changes, and how many more there are."""
    more = [f"{len(changes) - MOST_CHANGES} more"] * (len(changes) > MOST_CHANGES)
    return "; ".join([*changes[:MOST_CHANGES], *more])


def _read_inputs(version: Stored) -> Mapping[str, object]:
    """Return the fields that identify the inputs; none where the manifest cannot be read."""
    try:
        return version.version.strip_values().as_record()
    except PublishError:
        return {}


def _describe_latest(place: Place, entry: Entry) -> tuple[str, ...]:
    """Return lines about `latest` where it was rolled back, or moved by hand."""
    if entry.is_pinned:
        pin = find_entry(place.store, entry.latest, Event.ROLLED_BACK) or entry
        return (
            f"latest stays with version {entry.latest}, rolled back on {pin.at:%Y-%m-%d}: "
            f"{pin.reason} (audience-impact rollback --lift lets it move again)",
        )
    target = (place.target or "").removeprefix(f"{VERSIONS}/")
    if place.last and target != place.last.latest:
        return (
            f"latest led to {target or 'nothing'} and not, as recorded, to {place.last.latest}: it "
            f"was moved by hand, or a run was interrupted; it leads to {entry.latest} now "
            "(audience-impact rollback VERSION keeps it with a version)",
        )
    return ()


def _remove_oldest(store: Storage, spared_names: set[str], keep: int | None) -> tuple[str, ...]:
    """Remove the oldest versions beyond `keep`, and no files that no manifest names."""
    if not keep:
        return ()
    listed = versions.list_versions(store)
    others = [version for version in listed if version.name not in spared_names]
    oldest = others[: max(len(listed) - keep, 0)]
    return tuple(version.name for version in oldest if _remove_version(version))


def _remove_version(version: Stored) -> bool:
    """Remove the files of a version; return False if its manifest is unreadable."""
    with suppress(PublishError):
        version.store.remove_files(version.folder, [MANIFEST, *version.files])
        return True
    return False


def hash_values(tables: Mapping[str, Rows | pa.Table]) -> str:
    """Return the SHA-256 digest of the values of tables, which no library's file format affects."""
    digests = {
        name: hash_bytes(json.dumps(_read_table(tables[name]).to_pydict(), default=str).encode())
        for name in sorted(tables)
    }
    return hash_bytes(json.dumps(digests).encode())


def list_value_changes(
    before: Mapping[str, pa.Table], now: Mapping[str, Rows | pa.Table]
) -> Iterator[str]:
    """Yield a line for each table with other columns, and each column with other values."""
    for name in sorted(before.keys() | now.keys()):
        if name not in before or name not in now:
            yield f"{name}.parquet: the table is in one of both versions only"
            continue
        yield from _compare_tables(name, before[name], _read_table(now[name]))


def _compare_tables(name: str, before: pa.Table, now: pa.Table) -> Iterator[str]:
    if before.schema.names != now.schema.names or before.num_rows != now.num_rows:
        yield (
            f"{name}.parquet: {now.num_rows} rows and {now.num_columns} columns, before "
            f"{before.num_rows} and {before.num_columns}"
        )
        return
    for column in now.schema.names:
        if before[column].equals(now[column]):
            continue
        first, then = (table[column].to_pandas().astype(object) for table in (before, now))
        differs = (first != then) & ~(first.isna() & then.isna())
        if differs.any():
            rows = _name_rows(now, differs)
            yield f"{name}.parquet: {column} has other values in {differs.sum():,} rows{rows}"


def _name_rows(table: pa.Table, chosen: "pd.Series[bool]") -> str:
    """Return the first names of rows in parentheses; blank for a table without such names."""
    key = next((key for key in ROW_KEYS if key in table.schema.names), None)
    if key is None:
        return ""
    names = table[key].to_pandas()[chosen].dropna().astype(str).unique()
    more = f" and {len(names) - MOST_NAMES:,} more" * (len(names) > MOST_NAMES)
    return f" ({', '.join(names[:MOST_NAMES])}{more})"


def _read_table(table: Rows | pa.Table) -> pa.Table:
    return pa.concat_tables(as_rows(table).iterate_groups())
