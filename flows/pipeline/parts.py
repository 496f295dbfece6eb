"""A part of a run: computed alone, validated against the contracts, and stored in a folder.

A run has a temporary folder with the shared input and the facts of each part, so that another
process, or another machine with access to the folder, needs only its address and a number. The
results of a part are stored atomically under its number, however often it is computed. No more than
one part is in the memory of a process.

    lock                    locked by the process of the run, which the system frees when it dies
    shared.pickle           what all parts share
    shared.arrays           its arrays, of which processes of one machine share one copy
    counts.pickle           the number of restrictions of each part
    parts/7.pickle          the facts of a part
    done/7/record.pickle    the record of a part beside its rows (`PartRecord`)
    done/7/impact.arrow     its rows of a table
    done/7/on_days/FR.pickle
                            people of a country of it, from whom regions are summed
"""

import ctypes
import fcntl
import mmap
import os
import pickle
import shutil
import stat
import tempfile
import weakref
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from audience_impact import partition
from audience_impact.facts.tables import Finding, Tables
from audience_impact.partition import PartInput, Partitioning, PartResult, SharedInput
from audience_impact.store.divided import divide_tables
from flows.pipeline import quality
from schemas import published
from schemas.arrow import to_arrow

PREFIX, LOCK = "audience-impact-parts-", "lock"
"""The beginning of the name of a run's folder, and its file that says whether the run lives."""
ALIGNED = 64
"""Number of bytes of which the place of an array in a file is a multiple, as in memory."""
BATCH_ROWS = 4_096
"""Number of rows that are read at once from the results of a part."""


@dataclass(frozen=True)
class Shared:
    """The input that all parts of a run share: the facts, and the rows that were refused."""

    input: SharedInput
    refused: tuple[Finding, ...]

    def for_others(self) -> "Shared":
        """Return the shared input for other processes, with slow computations already done."""
        if figures := self.input.fitted.audiences:
            figures.compute_inverse()
        return self


@dataclass(frozen=True)
class PartRecord:
    """The results of a part, without the rows of its restrictions.

    Attributes:
        tables: Rows of its countries by area and by day, not rounded yet.
        source_ids: The sources of each of its tables.
        rows: The number of rows of each restriction or country, in order: table, keys, counts.
        findings: Findings about the facts during the computation.
        broken: For each rule over results the keys of the rows that break it.
        no_estimate_reason: The rule that explains why nothing at all is drawn.
        countries: Its countries.
    """

    tables: Tables
    source_ids: Mapping[str, frozenset[str]]
    rows: Mapping[str, "pd.Series[int]"]
    findings: tuple[Finding, ...]
    broken: Mapping[str, list[str]]
    no_estimate_reason: str
    countries: tuple[str, ...]


class RunFolder:
    """The folder through which the parts of a run exchange files."""

    def __init__(self, path: Path) -> None:
        """Use an existing folder for a run."""
        self.path = path

    @classmethod
    def make_temporary(cls) -> "RunFolder":
        """Return a new empty folder, which is removed together with the object.

        Folders of killed runs of this user, which could not do that, are removed first.
        """
        remove_leftovers(Path(tempfile.gettempdir()))
        folder = cls(Path(tempfile.mkdtemp(prefix=PREFIX)))
        aside = folder.path / f".tmp-{LOCK}"
        descriptor = os.open(aside, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        weakref.finalize(folder, _remove_run, folder.path, descriptor)
        with suppress(OSError):  # a disk without locks: the folder of a killed run remains
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            aside.rename(folder.path / LOCK)
        return folder

    def lay_out(self, shared: Shared, partitioning: Partitioning) -> None:
        """Write the shared input, and the facts of each part."""
        _dump_arrays(shared, self.path / "shared")
        counts = []
        for number, part in enumerate(partitioning):
            _dump_pickle(part, self.path / "parts" / f"{number}.pickle")
            counts.append(len(part.tables["restrictions"]))
        self.write_counts(counts)

    def write_counts(self, counts: list[int]) -> None:
        """Write the number of restrictions of each part."""
        _dump_pickle(counts, self.path / "counts.pickle")

    def read_counts(self) -> list[int]:
        """Return the number of restrictions of each part."""
        counts: list[int] = _load_pickle(self.path / "counts.pickle")
        return counts

    def read_shared(self) -> Shared:
        """Return the input that all parts share."""
        shared_input: Shared = _load_arrays(self.path / "shared")
        return shared_input

    def read_part(self, number: int) -> PartInput:
        """Return the facts of a part."""
        part: PartInput = _load_pickle(self.path / "parts" / f"{number}.pickle")
        return part

    def read_record(self, number: int) -> PartRecord:
        """Return the record of a part that was computed."""
        record: PartRecord = _load_pickle(self.path / "done" / str(number) / "record.pickle")
        return record

    def is_done(self, number: int) -> bool:
        """Return whether a part was computed."""
        return (self.path / "done" / str(number)).is_dir()

    def read_people(self, number: int, country: str, kind: str) -> tuple[Any, int]:
        """Return the field `kind` of `Country` for a country of a part, and its size in bytes."""
        place = self.path / "done" / str(number) / kind / f"{country}.pickle"
        return _load_pickle(place), place.stat().st_size

    def read_rows(self, number: int, table: str, first: int, last: int) -> pa.Table:
        """Return a copy in memory of rows `first` to `last` (excluded) of a table of a part."""
        with pa.OSFile(str(self.path / "done" / str(number) / f"{table}.arrow")) as source:
            reader = pa.ipc.open_file(source)
            batches = [
                reader.get_batch(batch)
                for batch in range(first // BATCH_ROWS, -(-last // BATCH_ROWS))
            ]
            table_rows = pa.Table.from_batches(batches, reader.schema)
            return table_rows.slice(first - first // BATCH_ROWS * BATCH_ROWS, last - first)

    def read_schema(self, table: str) -> pa.Schema:
        """Return the columns of a table, as the first part has them."""
        with pa.OSFile(str(self.path / "done" / "0" / f"{table}.arrow")) as source:
            return pa.ipc.open_file(source).schema

    def store_part(
        self, number: int, result: PartResult, record: PartRecord, tables: Mapping[str, Any]
    ) -> None:
        """Store all results of a part or none; existing results are not replaced."""
        done = self.path / "done" / str(number)
        done.parent.mkdir(exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=".tmp-", dir=done.parent))
        _dump_pickle(record, aside / "record.pickle")
        for name, table in tables.items():
            place = str(aside / f"{name}.arrow")
            with pa.OSFile(place, "wb") as sink, pa.ipc.new_file(sink, table.schema) as file:
                file.write_table(table.combine_chunks(), max_chunksize=BATCH_ROWS)
        for country, people in result.countries.items():
            for kind, values in people._asdict().items():
                _dump_pickle(values, aside / kind / f"{country}.pickle")
        try:
            aside.rename(done)
        except OSError:  # another worker was first, with the same bytes
            shutil.rmtree(aside)
            if not done.is_dir():
                raise


def _remove_run(path: Path, descriptor: int) -> None:
    """Remove the folder of a run, then free its lock."""
    shutil.rmtree(path, ignore_errors=True)
    os.close(descriptor)


def remove_leftovers(place: Path) -> None:
    """Remove the folders of runs in a place whose processes are dead.

    Folders of other users, of runs that live, and without a lock are left alone.
    """
    for path in place.glob(f"{PREFIX}*"):
        descriptor = _lock_leftover(path)
        if descriptor is not None:
            _remove_run(path, descriptor)


def _lock_leftover(path: Path) -> int | None:
    """Return the locked descriptor of a folder whose process is dead; None for any other."""
    try:
        about = path.lstat()
        if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid():
            return None
        descriptor = os.open(path / LOCK, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _dump_pickle(value: object, path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as file:
        pickle.dump(value, file, protocol=pickle.HIGHEST_PROTOCOL)


def _load_pickle(path: Path) -> Any:
    with path.open("rb") as file:
        return pickle.load(file)


def _dump_arrays(value: object, path: Path) -> None:
    """Write a value whose arrays are in a file of their own, each at a multiple of ALIGNED."""
    arrays: list[pickle.PickleBuffer] = []
    content = pickle.dumps(value, pickle.HIGHEST_PROTOCOL, buffer_callback=arrays.append)
    edges = []
    with path.with_suffix(".arrays").open("wb") as file:
        for array in arrays:
            file.write(bytes(-file.tell() % ALIGNED))
            first = file.tell()
            file.write(array.raw())
            edges.append((first, file.tell()))
        file.write(bytes(1))  # an empty file has no map
    _dump_pickle((edges, content), path.with_suffix(".pickle"))


def _load_arrays(path: Path) -> Any:
    """Read a value whose arrays are parts of the map of a file: memory that processes share.

    A process that writes into an array gets a copy of that page.
    """
    edges, content = _load_pickle(path.with_suffix(".pickle"))
    with path.with_suffix(".arrays").open("rb") as file:
        arrays = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))
    return pickle.loads(content, buffers=[arrays[first:last] for first, last in edges])


def list_source_ids(table: str, frame: pd.DataFrame, lineage: pd.DataFrame) -> set[str]:
    """Return the ids of the sources on which rows of a published table depend.

    These are the sources that the rows name; for rows with results also the sources of the facts on
    their restrictions, or on all restrictions of `lineage` where the rows are of countries.
    """
    ids = set(frame.get("source_id", ()))
    if published.holds_results(table) and len(frame):
        is_fed = lineage["restriction_id"].isin(
            frame.get("restriction_id", lineage["restriction_id"])
        )
        ids |= set(lineage.loc[is_fed, "source_id"])
    return ids


def compute_and_store(folder: RunFolder, shared: Shared, part: PartInput, number: int) -> None:
    """Compute a part, validate its rows against their contracts, and store it.

    Raise ParameterError where a fitted table lacks a parameter, ContractError where rows break a
    contract.
    """
    result = partition.compute_part(shared.input, part)
    frames = result.tables
    tables = {**shared.input.tables, **part.tables}
    frames["impact"] = quality.add_losses(frames["impact"], shared.refused, tables)
    published_frames = divide_tables({name: frames[name] for name in partition.OF_RESTRICTIONS})
    made = {name: to_arrow(name, frame) for name, frame in published_frames.items()}
    record = PartRecord(
        {name: frames[name] for name in partition.MERGED if name in frames},
        {
            name: frozenset(list_source_ids(name, frame, frames["lineage"]))
            for name, frame in published_frames.items()
        },
        {name: _count_rows(frame) for name, frame in published_frames.items()},
        result.findings,
        result.broken,
        result.no_estimate_reason,
        tuple(result.countries),
    )
    folder.store_part(number, result, record, made)


def _count_rows(frame: pd.DataFrame) -> "pd.Series[int]":
    """Count the rows of each restriction in order; in tables without restrictions, of countries."""
    name = "restriction_id" if "restriction_id" in frame else "area_id"
    key = frame[name].astype("str")
    return key.groupby(key.to_numpy(), sort=False).size()


_SHARED: dict[Path, Shared] = {}


def compute_in(path: Path, number: int) -> None:
    """Compute a part of the run in a folder, unless its results exist.

    A process reads the shared input once.
    """
    folder = RunFolder(path)
    if folder.is_done(number):
        return
    if path not in _SHARED:
        _SHARED.clear()
        _SHARED[path] = folder.read_shared()
    compute_and_store(folder, _SHARED[path], folder.read_part(number), number)
    free_memory()


def free_memory() -> None:
    """Free the memory that allocators retain, so that a process does not grow with each part."""
    pa.default_memory_pool().release_unused()
    with suppress(OSError, AttributeError):  # of another C library
        ctypes.CDLL("libc.so.6").malloc_trim(0)
