"""What parts gave, as the tables that are published.

Each restriction is in one part, whose rows are in order; so a table is put together a group of rows
at a time, in the order of the restrictions, and is never in memory whole.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from audience_impact import partition
from audience_impact.facts.tables import Finding, Tables
from audience_impact.partition import Country, SharedInput
from audience_impact.store.manifest import ROW_GROUP_ROWS, InMemory
from flows.pipeline.parts import Folder, Told

Integers = NDArray[np.int64]
KEPT_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Merged:
    """What the parts of a run give together.

    Attributes:
        rows: Tables of restrictions.
        frames: Tables of areas, and the sources.
        source_ids: The sources that each table of restrictions rests on.
        findings: What was found wrong with the facts on the way.
        broken: For each rule over results the keys of the rows that break it.
    """

    rows: Mapping[str, "Sorted"]
    frames: Tables
    source_ids: Mapping[str, frozenset[str]]
    findings: tuple[Finding, ...]
    broken: Mapping[str, list[str]]


def merged(folder: Folder, count: int, shared: SharedInput) -> Merged:
    """The parts of a run, all of which were computed, together."""
    told = [folder.told(number) for number in range(count)]
    frames, by_areas = partition.merge_parts(
        shared,
        [(one.tables, one.silent) for one in told],
        *(Countries(folder, told, kind) for kind in Country._fields),
    )
    broken: dict[str, set[str]] = defaultdict(set)
    for found in (*(one.broken for one in told), by_areas):
        for rule, keys in found.items():
            broken[rule] |= set(keys)
    findings = [found for one in told for found in one.findings]
    return Merged(
        {
            name: Sorted(folder, name, [one.rows[name] for one in told])
            for name in partition.OF_RESTRICTIONS
        },
        frames,
        {
            name: frozenset().union(*(one.source_ids[name] for one in told))
            for name in partition.OF_RESTRICTIONS
        },
        tuple(sorted(findings, key=lambda found: (found.layer, found.line, found.message))),
        {rule: sorted(keys) for rule, keys in broken.items()},
    )


class Countries(Mapping[str, Any]):
    """The people of each country, read when they are asked for; countries by their code.

    They are asked for once a region. Those that are read first stay, as far as KEPT_BYTES go.

    `kind`, a field of `Country`, says which people.
    """

    def __init__(self, folder: Folder, told: Sequence[Told], kind: str) -> None:
        """Look at which countries the parts have."""
        self._folder, self._kind = folder, kind
        parts = {name: number for number, one in enumerate(told) for name in one.countries}
        self._parts = dict(sorted(parts.items()))
        self._kept: dict[str, Any] = {}
        self._kept_bytes = 0

    def __getitem__(self, country: str) -> Any:
        """The people of a country."""
        if country in self._kept:
            return self._kept[country]
        found, size = self._folder.people(self._parts[country], country, self._kind)
        if self._kept_bytes + size <= KEPT_BYTES:
            self._kept[country] = found
            self._kept_bytes += size
        return found

    def __iter__(self) -> Iterator[str]:
        """The countries."""
        return iter(self._parts)

    def __len__(self) -> int:
        """How many countries there are."""
        return len(self._parts)


class Sorted:
    """The rows of a table from all parts in the order of their restrictions.

    `keys` counts, of each part, the rows of each restriction in it.
    """

    def __init__(self, folder: Folder, name: str, keys: Sequence["pd.Series[int]"]) -> None:
        """Put the restrictions in order."""
        self._folder, self._name = folder, name
        counts = [one.to_numpy("int64") for one in keys]
        part = np.repeat(np.arange(len(keys)), [len(one) for one in counts])
        start = np.concatenate([np.cumsum(one) - one for one in counts])
        words = np.concatenate([one.index.to_numpy(dtype=object) for one in keys])
        order = np.argsort(words, kind="stable")
        self._part, self._start = part[order], start[order]
        self._count = np.concatenate(counts)[order]
        self._last = np.cumsum(self._count)

    @cached_property
    def schema(self) -> pa.Schema:
        """Its columns."""
        return self._folder.schema(self._name)

    @property
    def num_rows(self) -> int:
        """Its rows."""
        return int(self._count.sum())

    def groups(self) -> Iterator[pa.Table]:
        """The rows in order, ROW_GROUP_ROWS at a time; one table where there are none."""
        if not self.num_rows:
            yield self.schema.empty_table()
        for first in range(0, self.num_rows, ROW_GROUP_ROWS):
            yield self._group(first, min(first + ROW_GROUP_ROWS, self.num_rows))

    def __reduce__(self) -> tuple[type[InMemory], tuple[pa.Table]]:
        """Elsewhere the folder may be gone: there the rows are in memory."""
        return InMemory, (pa.concat_tables(self.groups()).combine_chunks(),)

    def _group(self, first: int, last: int) -> pa.Table:
        """Rows from the first to before the last."""
        inside = slice(
            np.searchsorted(self._last, first, "right"),
            np.searchsorted(self._last, last, "left") + 1,
        )
        part, start, count = (
            values[inside].copy() for values in (self._part, self._start, self._count)
        )
        before = first - (self._last[inside][0] - count[0])
        start[0], count[0] = start[0] + before, count[0] - before
        count[-1] -= self._last[inside][-1] - last
        tables, place, read = [], np.zeros(len(part), dtype="int64"), 0
        for number in np.unique(part):
            own = part == number
            begin, end = int(start[own][0]), int((start + count)[own][-1])
            tables.append(self._folder.rows(int(number), self._name, begin, end))
            place[own] = start[own] - begin + read
            read += end - begin
        return pa.concat_tables(tables).combine_chunks().take(_ranges(place, count))


def _ranges(first: Integers, count: Integers) -> Integers:
    """The numbers from each first on, as many as are counted, one after another."""
    begin = np.cumsum(count) - count
    return np.asarray(np.arange(count.sum()) + np.repeat(first - begin, count))
