"""Merge the results of parts into the published tables.

Each restriction is in one part, whose rows are in order; so a table is put together a group of rows
at a time, in the order of the restrictions, and is never in memory all at once.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from audience_impact import partition
from audience_impact.facts.tables import Finding, Tables
from audience_impact.partition import Country
from audience_impact.phases import expand_runs
from audience_impact.store.divided import list_published
from audience_impact.store.manifest import ROW_GROUP_ROWS, InMemory
from flows.pipeline.parts import PartRecord, RunFolder

CACHE_BYTES = 64 * 2**20


@dataclass(frozen=True)
class MergedResults:
    """The results of all parts of a run.

    Attributes:
        rows: Tables of restrictions.
        frames: Tables of areas, and the sources.
        source_ids: The sources of each table of restrictions.
        findings: Findings about the facts during the computation.
        broken: For each rule over results the keys of the rows that break it.
    """

    rows: Mapping[str, "SortedRows"]
    frames: Tables
    source_ids: Mapping[str, frozenset[str]]
    findings: tuple[Finding, ...]
    broken: Mapping[str, list[str]]


def merge_results(folder: RunFolder, count: int, tables: Tables, as_of: date) -> MergedResults:
    """Return the merged results of all parts of a run; every part was computed before.

    `tables` are the facts that all parts share, `as_of` is the date of the results.
    """
    records = [folder.read_record(number) for number in range(count)]
    frames, by_areas = partition.merge_parts(
        tables,
        as_of,
        [(record.tables, record.no_estimate_reason) for record in records],
        *(CountryPeople(folder, records, kind) for kind in Country._fields),
    )
    broken: dict[str, set[str]] = defaultdict(set)
    for finding in (*(record.broken for record in records), by_areas):
        for rule, keys in finding.items():
            broken[rule] |= set(keys)
    findings = [finding for record in records for finding in record.findings]
    return MergedResults(
        {
            name: SortedRows(folder, name, [record.rows[name] for record in records])
            for name in list_published(partition.OF_RESTRICTIONS)
        },
        frames,
        {
            name: frozenset().union(*(record.source_ids[name] for record in records))
            for name in list_published(partition.OF_RESTRICTIONS)
        },
        tuple(sorted(findings, key=lambda finding: (finding.layer, finding.line, finding.message))),
        {rule: sorted(keys) for rule, keys in broken.items()},
    )


class CountryPeople(Mapping[str, Any]):
    """The people of each country, sorted by its code and read on each access.

    Each region needs them once. The first countries that are read are cached, up to CACHE_BYTES.
    `kind` is the field of `Country` that is read.
    """

    def __init__(self, folder: RunFolder, records: Sequence[PartRecord], kind: str) -> None:
        """Record which part of the run contains each country."""
        self._folder, self._kind = folder, kind
        parts = {name: number for number, record in enumerate(records) for name in record.countries}
        self._parts = dict(sorted(parts.items()))
        self._cache: dict[str, Any] = {}
        self._cached_bytes = 0

    def __getitem__(self, country: str) -> Any:
        """Return the people of a country."""
        if country in self._cache:
            return self._cache[country]
        people, size = self._folder.read_people(self._parts[country], country, self._kind)
        if self._cached_bytes + size <= CACHE_BYTES:
            self._cache[country] = people
            self._cached_bytes += size
        return people

    def __iter__(self) -> Iterator[str]:
        """Iterate over the codes of the countries."""
        return iter(self._parts)

    def __len__(self) -> int:
        """Return the number of countries."""
        return len(self._parts)


class SortedRows:
    """The rows of a table from all parts, in the order of their restrictions.

    `keys` counts, for each part, the rows of each restriction.
    """

    def __init__(self, folder: RunFolder, name: str, keys: Sequence["pd.Series[int]"]) -> None:
        """Sort the restrictions of all parts."""
        self._folder, self._name = folder, name
        counts = [counted.to_numpy("int32") for counted in keys]
        sizes = [len(counted) for counted in counts]
        part = np.repeat(np.arange(len(keys), dtype="int32"), sizes)
        start = np.concatenate([np.cumsum(counted, dtype="int32") - counted for counted in counts])
        words = np.concatenate([counted.index.to_numpy(dtype=object) for counted in keys])
        order = np.argsort(words, kind="stable")
        self._part, self._start = part[order], start[order]
        self._count = np.concatenate(counts)[order]
        self._last = np.cumsum(self._count, dtype="int64")  # a table may have 2^31 rows, no part

    @cached_property
    def schema(self) -> pa.Schema:
        """Return columns and types of the table."""
        return self._folder.read_schema(self._name)

    @property
    def num_rows(self) -> int:
        """Return the number of rows of the table."""
        return int(self._count.sum())

    def iterate_groups(self) -> Iterator[pa.Table]:
        """Yield the rows in order, ROW_GROUP_ROWS at a time; one empty table if there are none."""
        if not self.num_rows:
            yield self.schema.empty_table()
        for first in range(0, self.num_rows, ROW_GROUP_ROWS):
            yield self._read_group(first, min(first + ROW_GROUP_ROWS, self.num_rows))

    def __reduce__(self) -> tuple[type[InMemory], tuple[pa.Table]]:
        """Pickle the rows themselves, since another process may not have the folder."""
        return InMemory, (pa.concat_tables(self.iterate_groups()).combine_chunks(),)

    def _read_group(self, first: int, last: int) -> pa.Table:
        """Return the rows from `first` to `last`, excluding `last`."""
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
            is_of_part = part == number
            begin, end = int(start[is_of_part][0]), int((start + count)[is_of_part][-1])
            tables.append(self._folder.read_rows(int(number), self._name, begin, end))
            place[is_of_part] = start[is_of_part] - begin + read
            read += end - begin
        return pa.concat_tables(tables).combine_chunks().take(expand_runs(place, count)[1])
