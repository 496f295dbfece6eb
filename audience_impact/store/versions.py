"""Versions: their identity, and how one is found by its name, opened and read.

A version is a folder written once. Below the root of what is published:

    latest                     leads to versions/<name>
    versions/<name>/           a Parquet file for each table, datapackage.json, and facts.zip, the
                               facts that the version was computed from
    history/                   what was published when (see `history`)

The name of a folder is `v<number>-<id>`: the number counts the versions of this place, the id
depends only on what the version was computed from and is part of its bytes.

What comes from outside is not trusted: a file must have the digest and the columns that the
manifest states, and its cells may not fill the memory however small the file is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from audience_impact.store import (
    DETAILS,
    LATEST,
    MANIFEST,
    REPORT,
    VERSION_FOLDER,
    VERSIONS,
    DamagedError,
    MissingError,
    PublishError,
    Storage,
    storage,
)
from audience_impact.store import history as logs
from audience_impact.store import manifest as manifests
from audience_impact.store.files import MOST_BYTES, hash_bytes, read_whole, report_away
from audience_impact.vocabulary import YesNo

if TYPE_CHECKING:  # an answer for a restriction is made without pandas
    import pandas as pd

PREVIOUS = "previous"
VALUES = "+values-"
"""What stands before the digest of the values, in the method of a version that needs one."""
JOINED_BY = ";"
"""What stands between the items of a list that is a text."""
_NUMBER = re.compile(r"v?([0-9]{1,9})")
_AT_ADDRESS = re.compile(rf"(.+?)(?:/(?:{LATEST}|({VERSIONS}/{VERSION_FOLDER.pattern})))?/*")
"""Addresses of a folder of versions, of its `latest`, or of one of its versions."""
_OF_CONTENT = (pa.ArrowException, OSError, ValueError, KeyError, TypeError)


@dataclass(frozen=True)
class Version:
    """The identity of a version: equal values of all five fields mean the same version."""

    as_of: date
    inputs_sha256: str
    method_version: str
    schema_version: str
    seed: int

    @property
    def id(self) -> str:
        """Return `<as_of>-<12 hex digits>`, which depends only on the fields."""
        digest = hash_bytes(manifests.encode_json(self.as_record()))
        return f"{self.as_of:%Y-%m-%d}-{digest[:12]}"

    @property
    def method(self) -> tuple[str, frozenset[str]]:
        """Return the name of the method and the options of the run."""
        number, code, *options = [*self.method_version.split("+"), ""]
        return f"{number}+{code}".strip("+"), frozenset(options) - {""}

    def strip_values(self) -> Version:
        """Return the identity of the inputs alone, without a digest of the values."""
        return replace(self, method_version=self.method_version.partition(VALUES)[0])

    def as_record(self) -> dict[str, Any]:
        """Return the fields of the version as values for JSON."""
        return asdict(self) | {"as_of": f"{self.as_of:%Y-%m-%d}"}


@dataclass(frozen=True)
class Stored:
    """A version in a storage, in a folder found once; raises PublishError for what is damaged.

    `tables_read` are the names of the tables that have been read.
    """

    store: Storage
    folder: str
    tables_read: list[str] = field(default_factory=list, repr=False, compare=False)

    @property
    def name(self) -> str:
        """Return the name of the folder, which sorts in the order of publication."""
        return self.folder.rpartition("/")[2]

    @property
    def id(self) -> str:
        """Return the id of the version: the name without its number."""
        if self.name == LATEST:  # a web server does not say where this link leads
            return self.version.id
        return self.order[1]

    @property
    def order(self) -> tuple[int, str]:
        """Return what sorts the versions of a place by their publication."""
        return logs.split_folder(self.name)

    @property
    def number(self) -> int:
        """Return the number of the version in its place; 0 in the archive of a release."""
        return self.order[0]

    @property
    def address(self) -> str:
        """Return the folder or address of the version for messages."""
        return f"{self.store.address}/{self.folder}"

    @cached_property
    def manifest_bytes(self) -> bytes:
        """Return the bytes of the manifest."""
        return self._read_file(MANIFEST)

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """Return the manifest."""
        content = self.manifest_bytes
        with self._as_damage(MANIFEST):
            return manifests.read_package(content)

    @cached_property
    def files(self) -> dict[str, dict[str, Any]]:
        """Return the entry of each file in the manifest."""
        return {resource["path"]: resource for resource in self.manifest["resources"]}

    @cached_property
    def version(self) -> Version:
        """Return the identity of the version."""
        metadata = self.manifest[manifests.METADATA_KEY]
        with self._as_damage(MANIFEST):
            named = {field.name: metadata[field.name] for field in fields(Version)}
            return Version(**{**named, "as_of": date.fromisoformat(named["as_of"])})

    def count_rows(self) -> dict[str, int]:
        """Return the number of rows of each table, from the manifest."""
        return {entry["name"]: entry["rows"] for entry in self.files.values() if "rows" in entry}

    @property
    def tables(self) -> tuple[str, ...]:
        """Return the names of the tables."""
        return (*self.count_rows(),)

    def fact_files(self) -> dict[str, bytes]:
        """Return the fact files by name, such as `0/estimates.csv` in the first layer."""
        content = self.read_content(manifests.ARCHIVE_NAME)
        with self._as_damage(manifests.ARCHIVE_NAME):
            return manifests.unpack_files(content)

    def fact_keys(self) -> dict[str, list[str]]:
        """Return the key columns of each fact table."""
        with self._as_damage(MANIFEST):
            return dict(self.files[manifests.ARCHIVE_NAME][manifests.FACT_KEYS])

    def find_path(self, name: str) -> str:
        """Return the path of a table in the version; raise PublishError for an older schema."""
        manifests.require_schema(self.address, self.version.schema_version)
        path = f"{DETAILS}{name}.parquet"
        return path if path in self.files else path.removeprefix(DETAILS)

    def list_fields(self, name: str) -> Sequence[Mapping[str, Any]]:
        """Return the columns of a table as the manifest describes them."""
        return self.files[self.find_path(name)]["schema"]["fields"]  # type: ignore[no-any-return]

    def read_table(self, name: str) -> pd.DataFrame:
        """Return a table, checked as `read_arrow` checks it."""
        return self.read_arrow(name).to_pandas()

    def read_arrow(self, name: str, is_coded: bool = False) -> pa.Table:
        """Return a table, if coded with texts as dictionaries; raise PublishError if damaged."""
        path = self.find_path(name)
        self.tables_read.append(name)
        content = self.read_content(path)
        with self._as_damage(path):
            return manifests.decode_table(content, is_coded, self.list_fields(name))

    def read_frame(self, name: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return a table, or some columns, as answers read it (`make_frame`), missing cells NA."""
        table = self.read_arrow(name)
        return make_frame(table.select(columns) if columns else table, is_nullable=True)

    def read_content(self, path: str) -> bytes:
        """Return the bytes of a file; raise PublishError where their hash is another one."""
        if path not in self.files:
            raise self._report_damage(path, "its manifest does not name it")
        content = self._read_file(path)
        if self.files[path]["hash"] != f"sha256:{hash_bytes(content)}":
            raise self._report_damage(path, "its bytes are not those of the manifest")
        return content

    def _read_file(self, path: str) -> bytes:
        content = storage.read_existing(self.store, f"{self.folder}/{path}")
        if content is None:
            raise self._report_damage(path, "there is no such file")
        return content

    @contextmanager
    def _as_damage(self, path: str) -> Iterator[None]:
        try:
            yield
        except (PublishError, *_OF_CONTENT) as error:
            raise self._report_damage(path, error) from error

    def _report_damage(self, path: str, why: object) -> DamagedError:
        reason = " ".join(str(why).split())
        return DamagedError(
            f"{self.address}/{path} is damaged or missing ({reason}): publish again to repair it"
        )


def make_frame(table: pa.Table, is_nullable: bool = False) -> pd.DataFrame:
    """Return a published table with texts in the place of booleans and of lists."""
    import pandas as pd

    types: dict[pa.DataType, Any] = {}
    if is_nullable:
        types = {pa.int64(): pd.Int64Dtype(), pa.float64(): pd.Float64Dtype()}
        types |= {pa.string(): pd.StringDtype()}
    words = write_words(table, YesNo.YES.value, YesNo.NO.value)
    return words.to_pandas(types_mapper=types.get)


def write_words(table: pa.Table, yes: str, no: str) -> pa.Table:
    """Return a table without metadata, with texts in the place of booleans and of lists."""
    columns = dict(zip(table.column_names, table.columns, strict=True))
    for name, cells in columns.items():
        if pa.types.is_boolean(cells.type):
            columns[name] = pc.if_else(cells, yes, no)
        elif pa.types.is_list(cells.type):
            columns[name] = pc.binary_join(cells, JOINED_BY)
    return pa.table(columns)


@dataclass(frozen=True)
class LooseTables:
    """Parquet files without a manifest, for example one that was copied out of a version."""

    address: str
    paths: Mapping[str, Path]
    id = ""

    @property
    def tables(self) -> tuple[str, ...]:
        """Return the names of the tables."""
        return (*self.paths,)

    def list_fields(self, name: str) -> Sequence[Mapping[str, Any]]:
        """Return no description of the columns, which only a manifest has."""
        return ()

    def read_arrow(self, name: str, is_coded: bool = False) -> pa.Table:
        """Return a table, if coded with texts as dictionaries; raise PublishError if damaged."""
        path = self.paths[name]
        content = read_whole(path, MOST_BYTES)
        try:
            table = manifests.decode_table(content, is_coded)
        except _OF_CONTENT as error:
            reason = " ".join(str(error).split())[:120]
            raise PublishError(f"{path} is no Parquet file, or a damaged one: {reason}") from error
        if manifests.METADATA_KEY.encode() not in (table.schema.metadata or {}):
            raise PublishError(f"{path} was not published by audience-impact: no description")
        return table


def open_version(place: Path | str, version: str | None = None) -> Stored | LooseTables:
    """Return a version opened for reading, by a name as `find_version` takes it, else the latest.

    A place is the folder of a version, a folder in which versions are published, the archive of a
    release (.zip), or an address of any of these; or a Parquet file of a version, or a folder of
    such files. Raises FileNotFoundError where nothing is there, OSError where it cannot be read,
    and PublishError where it is no version, damaged, too large or of an older schema.
    """
    path = Path(place)
    is_address = storage.is_address(place)
    is_folder = (path / LATEST / MANIFEST).is_file() or (path / MANIFEST).is_file()
    if version is None and not (is_folder or is_address or storage.is_archive(path)):
        files = [path] if path.is_file() else sorted(path.glob("*.parquet"))
        if not files:
            raise FileNotFoundError(f"{place}: no such file, and no folder with published tables")
        folder = path.parent if path.is_file() else path
        return LooseTables(str(folder), {file.stem: file for file in files})
    stored = find_version(path, version or str(place if is_address else path.absolute()))
    manifests.require_schema(stored.address, stored.version.schema_version)
    return stored


def find_latest(root: Path) -> Stored:
    """Return the version that `latest` names; raise PublishError without one, AwayError if away."""
    store = storage.select_storage(root)
    version = Stored(store, require_published(store))
    if storage.read_existing(store, f"{version.folder}/{MANIFEST}") is None:
        raise PublishError(
            f"{store.address}/{LATEST} does not lead to a version: publish again, or roll back to "
            "another version"
        )
    return version


def require_published(store: Storage) -> str:
    """Return the folder that `latest` leads to; raise MissingError where nothing is published."""
    with report_away(store.address):
        folder = store.read_pointer(LATEST)
    if folder is None:
        raise MissingError(
            f"nothing has been published below {store.address}: give another folder or address, or "
            "publish with `audience-impact run`"
        )
    return folder


def find_version(root: Path, name: str) -> Stored:
    """Return the version with this name; of a folder of versions, or an archive, the latest.

    A name is the number of a version (`v42`), its id, the beginning of its id or of the name of its
    folder, `latest`, `previous` (published before the latest), or the path of a folder, or the
    address of one. Where an id was published twice, with other bytes, it names the version
    published last. Raises PublishError where the name fits no version, or several.
    """
    if name == LATEST:
        return find_latest(root)
    if name == PREVIOUS:
        latest = find_latest(root)
        before = [stored for stored in list_versions(latest.store) if stored.order < latest.order]
        if not before:
            raise PublishError(
                f"there is only one version below {latest.store.address}, and nothing to compare "
                "it with: run again when facts have changed, or see what an edit does with --facts "
                "DIR"
            )
        return before[-1]
    path = Path(name)
    if storage.is_address(name):
        match = _AT_ADDRESS.fullmatch(storage.format_address(name))
        place, folder = match.group(1, 2) if match else (name, None)
        return Stored(storage.select_storage(place), folder) if folder else find_latest(Path(place))
    if (path / MANIFEST).is_file():
        target = path.resolve()
        return Stored(storage.select_storage(target.parent), target.name)
    if path.is_dir() or storage.is_archive(path):
        return find_latest(path)
    if storage.is_archive(archive := path.parent.parent):
        return Stored(storage.select_storage(archive), f"{VERSIONS}/{path.name}")
    store = storage.select_storage(root)
    listed, number = list_versions(store), _NUMBER.fullmatch(name)
    by_id = {version.id: version for version in listed}
    ways = (
        [version for version in listed if number and version.number == int(number[1]) > 0],
        [version for version in listed if version.name == name],
        [version for version in by_id.values() if version.id.startswith(name)],
        [version for version in listed if version.name.startswith(name)],
    )
    matching = next(filter(None, ways), [])
    if not matching:
        raise PublishError(
            f"there is no version {name} below {store.address}: audience-impact versions lists "
            "them; name one by its number or id, by latest or previous, or by its folder"
        )
    if len(matching) > 1:
        ids = ", ".join(version.name for version in matching)
        raise PublishError(
            f"several versions have an id that begins with {name}: {ids}; give more of the id"
        )
    return matching[0]


def find_version_on(root: Path, day: date) -> Stored:
    """Return the version that `latest` led to at the end of a day (UTC), or raise PublishError."""
    store = storage.select_storage(root)
    entries, damages = logs.read_history(store)
    if damages:
        raise PublishError(f"our history does not say what was published on {day}: {damages[0]}")
    before = [entry for entry in entries if entry.at.date() <= day]
    if not before:
        begins = f"it begins on {entries[0].at:%Y-%m-%d}" if entries else "it has no entry"
        raise PublishError(
            f"the history does not say what was published on {day}: {begins}; "
            "audience-impact versions lists what is there"
        )
    version = Stored(store, f"{VERSIONS}/{before[-1].version}")
    if not has_manifest(version):
        raise PublishError(
            f"on {day} latest led to version {version.name}, which is no longer below "
            f"{store.address}: the same facts and release compute it again"
        )
    return version


def list_versions(store: Storage) -> list[Stored]:
    """Return the versions of a storage, the oldest first; raise AwayError where it is away."""
    with report_away(store.address):
        return list_complete(store, store.list_paths(VERSIONS))


def list_complete(store: Storage, paths: Iterable[str]) -> list[Stored]:
    """Return the versions whose manifest is among the paths, those without a number first."""
    folders = [path.removesuffix(f"/{MANIFEST}") for path in paths if path.endswith(f"/{MANIFEST}")]
    names = [name for name in folders if VERSION_FOLDER.fullmatch(name)]
    return [Stored(store, f"{VERSIONS}/{name}") for name in sorted(names, key=logs.split_folder)]


def has_manifest(version: Stored) -> bool:
    """Return whether a version is there; raise AwayError where its manifest is out of reach."""
    try:
        return bool(version.version)
    except DamagedError:
        return False


def find_reported(root: Path) -> str:
    """Return the id of the version whose report is next to the versions; blank without one."""
    try:
        folder = storage.select_storage(root).read_pointer(REPORT)
    except (OSError, PublishError):
        return ""
    return (folder or "").rpartition("/")[2]
