"""The parts of a run, each with the restrictions of some countries, and all of them together.

A part gives the same results whoever computes it: this process, or one of several beside it.
"""

import itertools
import logging
import mmap
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from audience_impact import pipeline
from audience_impact.facts.tables import Finding, Tables
from audience_impact.pipeline import PartInput, PartResult, RunPlan, SharedInput
from audience_impact.processes import count_processors, open_pool
from audience_impact.store.manifest import ROW_GROUP_ROWS
from flows.pipeline import cache, quality
from schemas import published

MOST_ALONE, MOST_BESIDE = 2_500, 1_250
"""Restrictions of a part, at most: of a single process, which spares the fixed cost of each part,
and of each of several. A process needs half a GiB whatever it computes, and a third of a MiB for
each restriction; a part takes two seconds whatever its size.
"""
LEAST_RESTRICTIONS, MOST_PROCESSES = 500, 2
"""Minimum of `most` restrictions of a part of several, and the default maximum of processes: each
needs most of a GiB."""
SLACK = 1.1
"""Factor for unequal parts, since countries are not divided."""

pd.options.mode.string_storage = "python"  # in each process, as in `steps`
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Shared:
    """The input that all parts of a run share: the facts, and the rows that were refused."""

    input: SharedInput
    refused: tuple[Finding, ...]


@dataclass(frozen=True)
class ComputedPart:
    """The results of a part, with the published tables of its restrictions."""

    result: PartResult
    rows: Mapping[str, pa.Table]


def count_processes(restrictions: int) -> int:
    """Return the number of processes for a run: several if a single one would need several parts.

    For fewer, a second process takes a fifth more processor time and ends a tenth sooner.
    """
    return min(count_processors(), MOST_PROCESSES) if restrictions > MOST_ALONE else 1


def limit_size(restrictions: int, processes: int) -> int:
    """Return the number of restrictions that a part has at most."""
    if processes == 1:
        return MOST_ALONE
    return min(max(int(SLACK * restrictions / processes), LEAST_RESTRICTIONS), MOST_BESIDE)


def compute_all(
    plan: RunPlan, shared: Shared, processes: int, most: int | None = None
) -> list[ComputedPart]:
    """Compute a run in parts of `most` restrictions, by default as many as suit the processes."""
    most = most or limit_size(len(plan.scope.restrictions), processes)
    return compute_parts(shared, plan.divide(plan.list_groups(), most), processes)


def compute_parts(
    shared: Shared,
    parts: Sequence[PartInput],
    processes: int,
    enter: Callable[[PartInput, ComputedPart], None] = lambda part, computed: None,
    keys: Sequence[str] = (),
) -> list[ComputedPart]:
    """Compute all parts, in this process or in several; raise the first error of a part.

    With `keys`, each is saved under its own by the process that computes it, and mapped from there;
    each is entered as soon as it is computed.
    """
    processes = min(processes, len(parts))
    keyed = list(zip(parts, keys or [""] * len(parts), strict=True))

    def hold(part: PartInput, result: ComputedPart | str) -> ComputedPart:
        if isinstance(result, str):
            result = cache.load(result, is_new=True) or compute_part(shared, part)
        enter(part, result)
        return result

    if processes <= 1:
        return [hold(part, _compute_saved(shared, part, key)) for part, key in keyed]
    if figures := shared.input.fitted.audiences:
        figures.compute_inverse()  # once, and not by each process
    with open_pool(processes, _prepare_process, shared) as pool:
        futures = {pool.submit(compute_beside, *pair): at for at, pair in enumerate(keyed)}
        computed: dict[int, ComputedPart] = {}
        try:
            for future in as_completed([*futures]):
                at = futures.pop(future)  # with its result, which may be mapped from a file
                computed[at] = hold(parts[at], future.result())
                log.info("computed %d of %d parts", len(computed), len(parts))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
        return [computed[at] for at in range(len(parts))]


_SHARED: list[Shared] = []
"""What the parts share, in a process beside that of the run."""


def _prepare_process(shared: Shared) -> None:
    _SHARED.append(shared)


def compute_beside(part: PartInput, key: str) -> ComputedPart | str:
    """Compute a part in a process beside that of the run."""
    return _compute_saved(_SHARED[0], part, key)


def _compute_saved(shared: Shared, part: PartInput, key: str) -> ComputedPart | str:
    """Compute a part, and return the key under which its results are saved, if possible."""
    computed = compute_part(shared, part)
    return key if key and cache.save(key, computed) else computed


def compute_part(shared: Shared, part: PartInput) -> ComputedPart:
    """Compute a part, and validate its rows; raise ParameterError or ContractError."""
    result = pipeline.compute_part(shared.input, part)
    tables = {**shared.input.tables, **part.tables}
    frames = {name: result.tables.pop(name) for name in pipeline.OF_RESTRICTIONS}
    frames["impact"] = quality.add_losses(frames["impact"], shared.refused, tables)
    rows = {name: published.to_arrow(name, frame) for name, frame in frames.items()}
    return ComputedPart(result, rows)


def list_source_ids(table: str, rows: pa.Table, lineage: pa.Table) -> frozenset[str]:
    """Return the sources that rows name, and of results those of facts on their restrictions."""
    ids = set(rows["source_id"].unique().to_pylist() if "source_id" in rows.column_names else ())
    if published.holds_results(table) and len(rows):
        is_fed = pc.is_in(lineage["restriction_id"], rows["restriction_id"].unique())
        ids |= set(lineage["source_id"].filter(is_fed).unique().to_pylist())
    return frozenset(ids)


@dataclass(frozen=True)
class MergedResults:
    """The results of all parts of a run; findings and broken rules as in `PartResult`.

    `rows` are the tables of restrictions, with their sources in `source_ids`; `frames` are those of
    areas, and the sources.
    """

    rows: Mapping[str, pa.Table]
    frames: Tables
    source_ids: Mapping[str, frozenset[str]]
    findings: tuple[Finding, ...]
    broken: Mapping[str, list[str]]


def merge_results(parts: Sequence[ComputedPart], tables: Tables, as_of: date) -> MergedResults:
    """Return the merged results of all parts; `tables` are the facts that they share."""
    results = [part.result for part in parts]
    frames, by_areas = pipeline.merge_parts(tables, as_of, results)
    broken: dict[str, set[str]] = defaultdict(set)
    for broken_rules in (*(result.broken for result in results), by_areas):
        for rule, keys in broken_rules.items():
            broken[rule] |= set(keys)
    findings = [finding for result in results for finding in result.findings]
    names = pipeline.OF_RESTRICTIONS
    rows = {name: _sort_rows([part.rows[name] for part in parts]) for name in names}
    return MergedResults(
        rows,
        frames,
        {name: list_source_ids(name, table, rows["lineage"]) for name, table in rows.items()},
        tuple(sorted(findings, key=lambda finding: (finding.layer, finding.line, finding.message))),
        {rule: sorted(keys) for rule, keys in broken.items()},
    )


def _sort_rows(tables: Sequence[pa.Table]) -> pa.Table:
    """Return the rows of all parts in order; those of more than a row group lie in a file."""
    groups = _iterate_groups(tables)
    first = next(groups)
    if len(first) == sum(map(len, tables)):
        return first
    with tempfile.TemporaryFile() as file:  # gone with the last that reads it
        with pa.ipc.new_file(file, first.schema) as writer:
            for group in itertools.chain([first], groups):
                writer.write_table(group)
        file.flush()
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return pa.ipc.open_file(pa.py_buffer(mapped)).read_all()


def _iterate_groups(tables: Sequence[pa.Table]) -> Iterator[pa.Table]:
    """Yield the rows of tables in the order of their keys, a row group at a time."""
    names = [name for name in ("restriction_id", "area_id") if name in tables[0].column_names]
    keys = pa.concat_tables(table.select(names) for table in tables)
    order = pc.sort_indices(keys, [(name, "ascending") for name in names])  # stable
    if len(order) <= ROW_GROUP_ROWS:
        yield pa.concat_tables(tables).take(order)
        return
    ends = np.cumsum([len(table) for table in tables])
    for first in range(0, len(order), ROW_GROUP_ROWS):
        rows = order.slice(first, ROW_GROUP_ROWS).to_numpy().astype("int64")
        part = np.searchsorted(ends, rows, "right")
        pieces = [
            tables[number].take(rows[part == number] - (ends[number] - len(tables[number])))
            for number in np.unique(part)
        ]
        joined = pa.concat_tables(pieces).combine_chunks()
        yield joined.take(np.argsort(np.argsort(part, kind="stable")))
