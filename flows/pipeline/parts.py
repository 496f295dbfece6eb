"""A part of a run: computed alone, held against the contracts, and laid down in a folder.

A run has a folder of its own while it lasts. What all parts share and the facts of each lie in it,
so that another process, or another machine that reaches the folder, needs its address and a number
alone; what a part gives is put there whole, under its number, however often it is computed. No more
than one part is in the memory of a process.

    shared.pickle           what all parts share
    parts/7.pickle          the facts of a part
    done/7/told.pickle      what is told of a part beside its rows (`Told`)
    done/7/impact.arrow     its rows of a table
    done/7/on_days/FR.pickle
                            people of a country of it, from whom regions are summed
"""

import ctypes
import pickle
import shutil
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
from flows.pipeline import quality
from schemas import published
from schemas.arrow import to_arrow

BATCH_ROWS = 4_096
"""Rows that are read at once from what a part gave."""


@dataclass(frozen=True)
class Shared:
    """What all parts of a run share: the facts, and the rows that were refused."""

    input: SharedInput
    refused: tuple[Finding, ...]

    def for_others(self) -> "Shared":
        """Return the same for other processes, with what takes seconds done for all."""
        if figures := self.input.fitted.audiences:
            figures.solve()
        return self


@dataclass(frozen=True)
class Told:
    """What is told of a part beside the rows of its restrictions.

    Attributes:
        tables: Rows of its countries by area and by day, not rounded yet.
        source_ids: The sources that each of its tables rests on.
        rows: How many rows it has for each restriction, in order: table, keys, counts.
        findings: What was found wrong with the facts on the way.
        broken: For each rule over results the keys of the rows that break it.
        silent: Why nothing at all is drawn.
        countries: Its countries.
    """

    tables: Tables
    source_ids: Mapping[str, frozenset[str]]
    rows: Mapping[str, "pd.Series[int]"]
    findings: tuple[Finding, ...]
    broken: Mapping[str, list[str]]
    silent: str
    countries: tuple[str, ...]


class Folder:
    """The folder of a run."""

    def __init__(self, path: Path) -> None:
        """Take a folder that is there."""
        self.path = path

    @classmethod
    def temporary(cls) -> "Folder":
        """An empty folder, which goes with what is left of it at the end."""
        folder = cls(Path(tempfile.mkdtemp(prefix="audience-impact-")))
        weakref.finalize(folder, shutil.rmtree, folder.path, ignore_errors=True)
        return folder

    def lay_out(self, shared: Shared, partitioning: Partitioning) -> None:
        """Put down what all parts share, and the facts of each."""
        _dump(shared, self.path / "shared.pickle")
        for number, part in enumerate(partitioning):
            _dump(part, self.path / "parts" / f"{number}.pickle")

    def shared(self) -> Shared:
        """What all parts share."""
        found: Shared = _load(self.path / "shared.pickle")
        return found

    def part(self, number: int) -> PartInput:
        """Return the facts of a part."""
        found: PartInput = _load(self.path / "parts" / f"{number}.pickle")
        return found

    def told(self, number: int) -> Told:
        """What is told of a part that was computed."""
        found: Told = _load(self.path / "done" / str(number) / "told.pickle")
        return found

    def is_done(self, number: int) -> bool:
        """Whether a part was computed."""
        return (self.path / "done" / str(number)).is_dir()

    def people(self, number: int, country: str, kind: str) -> tuple[Any, int]:
        """People of a country of a part, a field of `Country`, and their bytes."""
        place = self.path / "done" / str(number) / kind / f"{country}.pickle"
        return _load(place), place.stat().st_size

    def rows(self, number: int, table: str, first: int, last: int) -> pa.Table:
        """Some of the rows of a part, in memory of their own."""
        with pa.OSFile(str(self.path / "done" / str(number) / f"{table}.arrow")) as source:
            reader = pa.ipc.open_file(source)
            batches = [
                reader.get_batch(batch)
                for batch in range(first // BATCH_ROWS, -(-last // BATCH_ROWS))
            ]
            found = pa.Table.from_batches(batches, reader.schema)
            return found.slice(first - first // BATCH_ROWS * BATCH_ROWS, last - first)

    def schema(self, table: str) -> pa.Schema:
        """The columns of a table, as the first part has them."""
        with pa.OSFile(str(self.path / "done" / "0" / f"{table}.arrow")) as source:
            return pa.ipc.open_file(source).schema

    def keep(self, number: int, found: PartResult, told: Told, tables: Mapping[str, Any]) -> None:
        """Put down what a part gave: whole, or not at all; what is there already stays."""
        done = self.path / "done" / str(number)
        done.parent.mkdir(exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=".tmp-", dir=done.parent))
        _dump(told, aside / "told.pickle")
        for name, table in tables.items():
            place = str(aside / f"{name}.arrow")
            with pa.OSFile(place, "wb") as sink, pa.ipc.new_file(sink, table.schema) as file:
                file.write_table(table.combine_chunks(), max_chunksize=BATCH_ROWS)
        for country, people in found.countries.items():
            for kind, each in people._asdict().items():
                _dump(each, aside / kind / f"{country}.pickle")
        try:
            aside.rename(done)
        except OSError:  # another worker was first, with the same bytes
            shutil.rmtree(aside)
            if not done.is_dir():
                raise


def _dump(value: object, path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as file:
        pickle.dump(value, file, protocol=pickle.HIGHEST_PROTOCOL)


def _load(path: Path) -> Any:
    with path.open("rb") as file:
        return pickle.load(file)


def source_ids(table: str, frame: pd.DataFrame, lineage: pd.DataFrame) -> set[str]:
    """The sources that rows of a published table rest on.

    These are those that the rows name; and where they hold results, those of the facts that fed
    their restrictions, or all restrictions of `lineage` where they speak of countries.
    """
    ids = set(frame.get("source_id", ()))
    if published.holds_results(table) and len(frame):
        own = lineage["restriction_id"].isin(frame.get("restriction_id", lineage["restriction_id"]))
        ids |= set(lineage.loc[own, "source_id"])
    return ids


def compute(folder: Folder, shared: Shared, part: PartInput, number: int) -> None:
    """Compute a part, hold its rows against their contracts, and lay it down.

    Raises ParameterError where a fitted table lacks something, ContractError where a contract is
    broken.
    """
    found = partition.compute_part(shared.input, part)
    frames = found.tables
    tables = {**shared.input.tables, **part.tables}
    frames["impact"] = quality.with_losses(frames["impact"], shared.refused, tables)
    made = {name: to_arrow(name, frames[name]) for name in partition.OF_RESTRICTIONS}
    told = Told(
        {name: frames[name] for name in partition.MERGED if name in frames},
        {name: frozenset(source_ids(name, frames[name], frames["lineage"])) for name in made},
        {name: _keys(name, frames[name]) for name in made},
        found.findings,
        found.broken,
        found.silent,
        tuple(found.countries),
    )
    folder.keep(number, found, told, made)


def _keys(table: str, frame: pd.DataFrame) -> "pd.Series[int]":
    """Rows of each restriction, in order; in `person_days` of each country, too, by its code."""
    key = frame["restriction_id"].astype("str")
    if table == "person_days":
        key = key + "\t" + frame["area_id"].astype("str")  # no id holds a tab
    return key.groupby(key.to_numpy(), sort=False).size()


_SHARED: dict[Path, Shared] = {}


def compute_in(path: Path, number: int) -> None:
    """Compute a part of the run in a folder; one that was computed already stays.

    A process reads what all parts share once.
    """
    folder = Folder(path)
    if folder.is_done(number):
        return
    if path not in _SHARED:
        _SHARED.clear()
        _SHARED[path] = folder.shared()
    compute(folder, _SHARED[path], folder.part(number), number)
    _give_back()


def _give_back() -> None:
    """Let go of what allocators keep of a part, or a process holds more with each."""
    pa.default_memory_pool().release_unused()
    with suppress(OSError, AttributeError):  # of another C library
        ctypes.CDLL("libc.so.6").malloc_trim(0)
