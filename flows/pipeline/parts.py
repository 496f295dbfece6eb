"""The parts of a run, each with the restrictions of some countries, and all of them together.

A part gives the same results whoever computes it: this process, or one of several beside it.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass
from datetime import date

import pandas as pd
import pyarrow as pa

from audience_impact import pipeline
from audience_impact.facts.tables import Finding, Tables
from audience_impact.pipeline import PartInput, PartResult, RunPlan, SharedInput
from audience_impact.processes import count_processors, open_pool
from flows.pipeline import quality
from schemas import published

MOST_ALONE, MOST_BESIDE = 2_500, 1_250
"""Restrictions of a part, at most: of a single process, which spares the fixed cost of each part,
and of each of several. A process needs half a GiB whatever it computes, and a third of a MiB for
each restriction; a part takes two seconds whatever its size.
"""
LEAST_RESTRICTIONS, MOST_PROCESSES = 500, 2
"""Default minimum of restrictions per process, and maximum of processes: each needs most of a GiB.
"""
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


Save = Callable[[PartInput, ComputedPart], None]
"""Takes a part and its results."""


def count_processes(restrictions: int) -> int:
    """Return the number of processes that shorten a run of that size, at most the processors."""
    return max(1, min(count_processors(), MOST_PROCESSES, restrictions // LEAST_RESTRICTIONS))


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
    save: Save = lambda part, computed: None,
) -> list[ComputedPart]:
    """Compute all parts, in this process or in several; raise the first error of a part.

    Each is saved as soon as it is computed.
    """
    processes = min(processes, len(parts))
    if processes <= 1:
        return [_compute_saved(shared, part, save) for part in parts]
    if figures := shared.input.fitted.audiences:
        figures.compute_inverse()  # once, and not by each process
    with open_pool(processes, _prepare_process, shared) as pool:
        futures = {pool.submit(compute_beside, part): part for part in parts}
        try:
            for done, future in enumerate(as_completed(futures), 1):
                save(futures[future], future.result())
                log.info("computed %d of %d parts", done, len(futures))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
        return [future.result() for future in futures]


def _compute_saved(shared: Shared, part: PartInput, save: Save) -> ComputedPart:
    computed = compute_part(shared, part)
    save(part, computed)
    return computed


_SHARED: list[Shared] = []
"""What the parts share, in a process beside that of the run."""


def _prepare_process(shared: Shared) -> None:
    _SHARED.append(shared)


def compute_beside(part: PartInput) -> ComputedPart:
    """Compute a part in a process beside that of the run."""
    return compute_part(_SHARED[0], part)


def compute_part(shared: Shared, part: PartInput) -> ComputedPart:
    """Compute a part, and validate its rows; raise ParameterError or ContractError."""
    result = pipeline.compute_part(shared.input, part)
    tables = {**shared.input.tables, **part.tables}
    frames = {name: result.tables.pop(name) for name in pipeline.OF_RESTRICTIONS}
    frames["impact"] = quality.add_losses(frames["impact"], shared.refused, tables)
    rows = {name: published.to_arrow(name, frame) for name, frame in frames.items()}
    return ComputedPart(result, rows)


def list_source_ids(table: str, frame: pd.DataFrame, lineage: pd.DataFrame) -> frozenset[str]:
    """Return the sources that rows name, and of results those of facts on their restrictions."""
    ids = set(frame.get("source_id", ()))
    if published.holds_results(table) and len(frame):
        is_fed = lineage["restriction_id"].isin(
            frame.get("restriction_id", lineage["restriction_id"])
        )
        ids |= set(lineage.loc[is_fed, "source_id"])
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
    about = {name: _select_sources(table) for name, table in rows.items()}
    return MergedResults(
        rows,
        frames,
        {name: list_source_ids(name, about[name], about["lineage"]) for name in names},
        tuple(sorted(findings, key=lambda finding: (finding.layer, finding.line, finding.message))),
        {rule: sorted(keys) for rule, keys in broken.items()},
    )


def _select_sources(table: pa.Table) -> pd.DataFrame:
    names = [name for name in ("restriction_id", "source_id") if name in table.column_names]
    return table.select(names).to_pandas()


def _sort_rows(tables: Sequence[pa.Table]) -> pa.Table:
    table = pa.concat_tables(tables)
    names = [name for name in ("restriction_id", "area_id") if name in table.column_names]
    return table.sort_by([(name, "ascending") for name in names]).combine_chunks()  # stable
