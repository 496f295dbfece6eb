"""The parts of a run, each with the restrictions of some countries, and all of them together.

Another process, or another machine with access to the folder, computes a part from a folder with
what all parts share and the facts of each. It returns the same result however often it is asked.
"""

import pickle
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from audience_impact import partition
from audience_impact.facts.tables import Finding, Tables
from audience_impact.partition import PartInput, PartResult, SharedInput
from flows.pipeline import quality
from schemas import published
from schemas.arrow import to_arrow


@dataclass(frozen=True)
class Shared:
    """The input that all parts of a run share: the facts, and the rows that were refused."""

    input: SharedInput
    refused: tuple[Finding, ...]


@dataclass(frozen=True)
class ComputedPart:
    """The results of a part, with the published tables of its restrictions and their sources."""

    result: PartResult
    rows: Mapping[str, pa.Table]
    source_ids: Mapping[str, frozenset[str]]


def compute_part(shared: Shared, part: PartInput) -> ComputedPart:
    """Compute a part, and validate its rows against their contracts.

    Raises ParameterError where a fitted table lacks a parameter, ContractError where rows break a
    contract.
    """
    result = partition.compute_part(shared.input, part)
    frames = result.tables
    tables = {**shared.input.tables, **part.tables}
    frames["impact"] = quality.add_losses(frames["impact"], shared.refused, tables)
    published_frames = {name: frames[name] for name in partition.OF_RESTRICTIONS}
    lineage = frames["lineage"]
    merged = {name: frames[name] for name in partition.MERGED if name in frames}
    return ComputedPart(
        replace(result, tables=merged),
        {name: to_arrow(name, frame) for name, frame in published_frames.items()},
        {
            name: frozenset(list_source_ids(name, frame, lineage))
            for name, frame in published_frames.items()
        },
    )


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


def write_input(folder: Path, shared: Shared, parts: Iterable[PartInput]) -> None:
    """Write what `compute_in` reads: what all parts share, and the facts of each part."""
    if figures := shared.input.fitted.audiences:
        figures.compute_inverse()  # once, and not by each process
    _write(folder / "shared.pickle", shared)
    for number, part in enumerate(parts):
        _write(folder / f"{number}.pickle", part)


def compute_in(folder: Path, number: int) -> ComputedPart:
    """Compute a part of the run in a folder."""
    part: PartInput = _read(folder / f"{number}.pickle")
    return compute_part(_read_shared(folder), part)


@lru_cache(maxsize=1)
def _read_shared(folder: Path) -> Shared:
    shared: Shared = _read(folder / "shared.pickle")
    return shared


def _write(path: Path, value: object) -> None:
    path.write_bytes(pickle.dumps(value, pickle.HIGHEST_PROTOCOL))


def _read(path: Path) -> Any:
    return pickle.loads(path.read_bytes())


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
    """Return the merged results of all parts of a run.

    `tables` are the facts that all parts share, `as_of` is the date of the results.
    """
    results = [part.result for part in parts]
    frames, by_areas = partition.merge_parts(tables, as_of, results)
    broken: dict[str, set[str]] = defaultdict(set)
    for broken_rules in (*(result.broken for result in results), by_areas):
        for rule, keys in broken_rules.items():
            broken[rule] |= set(keys)
    findings = [finding for result in results for finding in result.findings]
    names = partition.OF_RESTRICTIONS
    return MergedResults(
        {name: _sort_rows([part.rows[name] for part in parts]) for name in names},
        frames,
        {name: frozenset().union(*(part.source_ids[name] for part in parts)) for name in names},
        tuple(sorted(findings, key=lambda finding: (finding.layer, finding.line, finding.message))),
        {rule: sorted(keys) for rule, keys in broken.items()},
    )


def _sort_rows(tables: Sequence[pa.Table]) -> pa.Table:
    """Return the rows of all parts in the order of their restrictions, then of their areas.

    Each restriction and each country is in one part, whose rows of it are in order.
    """
    table = pa.concat_tables(tables)
    names = [name for name in ("area_id", "restriction_id") if name in table.column_names]
    keys = [table[name].to_numpy().astype(object) for name in names]
    return table.take(np.lexsort(keys)).combine_chunks()
