"""Merge the results of parts into the published tables."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from audience_impact import partition
from audience_impact.facts.tables import Finding, Tables
from audience_impact.store.divided import list_published
from flows.pipeline.parts import ComputedPart


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
    names = list_published(partition.OF_RESTRICTIONS)
    return MergedResults(
        {name: _sort_rows([part.rows[name] for part in parts]) for name in names},
        frames,
        {name: frozenset().union(*(part.source_ids[name] for part in parts)) for name in names},
        tuple(sorted(findings, key=lambda finding: (finding.layer, finding.line, finding.message))),
        {rule: sorted(keys) for rule, keys in broken.items()},
    )


def _sort_rows(tables: Sequence[pa.Table]) -> pa.Table:
    """Return the rows of all parts in the order of their restrictions, or else of countries.

    Each restriction is in one part, whose rows of it are in order.
    """
    table = pa.concat_tables(tables)
    name = "restriction_id" if "restriction_id" in table.column_names else "area_id"
    keys = table[name].to_numpy().astype(object)
    return table.take(np.argsort(keys, kind="stable")).combine_chunks()
