"""What was checked and how it went: rules, quality report, quarantine, and the last version."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow.parquet

from audience_impact.facts import reading as files
from audience_impact.facts import rules as checks
from audience_impact.facts.tables import Finding
from audience_impact.outputs import rules as review
from audience_impact.vocabulary import FindingSeverity, Staleness
from flows.publishing import versions as publish
from schemas import contracts, published
from schemas import facts as fact_models

if TYPE_CHECKING:
    from audience_impact.pipeline import Calculated
    from flows.pipeline.steps import Checked, Results


def with_losses(frame: pd.DataFrame, checked: Checked) -> pd.DataFrame:
    """Counts, for each restriction, the refused rows on it, its platforms and bases."""
    refused = [
        found
        for found in checked.findings
        if found.severity is FindingSeverity.ERROR and found.row.startswith("{")
    ]
    return frame.assign(quarantined_inputs_count=_losses(frame, checked, refused))


def _losses(frame: pd.DataFrame, checked: Checked, refused: list[Finding]) -> pd.Series:
    cells = [json.loads(row) for row in {found.place: found.row for found in refused}.values()]
    acts = Counter(cell["restriction_id"] for cell in cells if cell.get("restriction_id"))
    audiences = Counter(
        (cell["area_id"], cell["platform_id"]) for cell in cells if "estimate_id" in cell
    )
    bases = Counter(cell["area_id"] for cell in cells if "base_id" in cell)
    targets = checked.tables["restriction_targets"].groupby("restriction_id")["platform_id"]
    platforms = targets.agg(lambda ids: sorted(set(ids))).to_dict()
    return pd.Series(
        [
            acts[act]
            + sum(
                audiences[country, platform]
                for country in {area[:2] for area in areas.split(";")}
                for platform in platforms.get(act, [])
            )
            + sum(
                bases[area]
                for area in {part for area in areas.split(";") for part in (area, area[:2])}
            )
            for act, areas in zip(frame["restriction_id"], frame["area_id"], strict=True)
        ],
        index=frame.index,
    )


def report(checked: Checked, found: Calculated, told: Sequence[str]) -> pd.DataFrame:
    """One row a rule and table it applies to, also where nothing failed.

    `told` are the lines about contradicting overlaps.
    """
    failed: dict[tuple[str, str], list[str]] = {}
    for one in [*checked.findings, *found.findings]:
        failed.setdefault((one.rule, one.table), []).append(f"{one.file}:{one.line}")
    impact = found.tables["impact"]
    exposed = impact[impact["impact_metric"] == "people_exposed"]
    expired = exposed.loc[exposed["staleness"] == Staleness.EXPIRED.value, "restriction_id"]
    failed[EXPIRED.rule, "impact"] = list(expired)
    failed |= {(rule, "impact"): keys for rule, keys in found.broken.items()}
    rows = {**checked.rows, "impact": len(impact)}
    details = {review.CONTRADICT[0]: "\n".join(told)}
    return pd.DataFrame(
        [
            {
                "check": rule.rule,
                "table": table,
                "severity": rule.severity.value,
                "checked_count": rows.get(table, 0),
                "failed_count": len(failed.get((rule.rule, table), [])),
                "worst_rows": ";".join(failed.get((rule.rule, table), [])[:5]),
                "meaning": rule.meaning,
                "details": details.get(rule.rule, ""),
            }
            for rule in rules()
            for table in rule.tables
        ]
    ).sort_values(["check", "table"], ignore_index=True)


def faults(broken: dict[str, list[str]]) -> list[str]:
    """One line for each broken rule over results that stops publishing."""
    return [
        f"impact: {rule.rule}: {rule.meaning}: {', '.join(broken[rule.rule][:5])}"
        for rule in review.REVIEWS
        if rule.severity is FindingSeverity.TABLE_ERROR and broken.get(rule.rule)
    ]


def quarantine(findings: Sequence[Finding]) -> pd.DataFrame:
    """Every row refused, whole."""
    columns = list(published.MODELS["quarantine"].to_schema().columns)
    return pd.DataFrame(
        [
            {
                "table": found.table,
                "row_layer": found.layer,
                "file": found.file,
                "line": found.line,
                "column": found.column,
                "rule": found.rule,
                "value": found.value,
                "reason": found.message,
                "row": found.row,
            }
            for found in findings
            if found.severity is FindingSeverity.ERROR
        ],
        columns=columns,
    )


@dataclass(frozen=True)
class Rule:
    """A rule as the documentation and the quality table show it."""

    rule: str
    severity: FindingSeverity
    meaning: str
    tables: tuple[str, ...]


EXPIRED = Rule(
    "figure_expired",
    FindingSeverity.WARNING,
    "a result rests on a figure more than 24 months older than the restriction",
    ("impact",),
)
SHRUNK = Rule(
    "row_count_fell",
    FindingSeverity.WARNING,
    "a published table lost more than a fifth of its rows against the last version; "
    "told by the run, not published, since it depends on what was published before",
    ("impact", "impact_by_platform", "comparisons", "lineage", "sources"),
)
FALL_SHARE = 0.2
MOVED = Rule(
    "magnitude_moved",
    FindingSeverity.WARNING,
    "the people exposed to a restriction are more than twice, or less than half, of what the "
    "last version said; told by the run, not published",
    ("impact",),
)
MOVED_FACTOR = 2.0


def rules() -> list[Rule]:
    """Every rule there is, with the tables it applies to; from the code, nowhere else."""
    names = tuple(fact_models.MODELS)
    table_error, error = FindingSeverity.TABLE_ERROR, FindingSeverity.ERROR
    found = [
        Rule(
            rule,
            error
            if rule in files.ROW_RULES
            else FindingSeverity.WARNING
            if rule == "unknown_table"
            else table_error,
            meaning,
            names,
        )
        for rule, meaning in files.MEANINGS.items()
        if rule != "unknown_table"
    ]
    for rule, meaning in contracts.meanings().items():
        severity = FindingSeverity.WARNING if rule in fact_models.WARNINGS else error
        found.append(Rule(rule, severity, meaning, contracts.tables_with(rule)))
    references = fact_models.references()
    found.append(
        Rule(
            checks.KEY_UNRESOLVED,
            error,
            checks.KEY_MEANING,
            tuple(table for table in names if references[table]),
        )
    )
    found += [
        EXPIRED,
        Rule(review.CONTRADICT[0], FindingSeverity.WARNING, review.CONTRADICT[1], ("overlaps",)),
    ]
    found += [
        Rule(check.rule, check.severity, check.meaning, (check.table,)) for check in checks.CHECKS
    ]
    return found + [
        Rule(one.rule, one.severity, one.meaning, ("impact",)) for one in review.REVIEWS
    ]


def row_counts(root: Path) -> dict[str, int]:
    """Rows of each watched table of the last version below `root`; empty where there is none.

    A damaged `latest` counts as none: the next run is what mends it.
    """
    try:
        folder = publish.latest(root)
    except publish.PublishError:
        return {}
    paths = {name: folder / f"{name}.parquet" for name in SHRUNK.tables}
    return {
        name: pyarrow.parquet.read_metadata(path).num_rows
        for name, path in paths.items()
        if path.exists()
    }


def fallen(before: dict[str, int], now: dict[str, int]) -> list[str]:
    """One line for each published table that lost too many rows against the last version."""
    return [
        f"{name}.parquet: {SHRUNK.rule}: {count} rows in the last version, {now[name]} now; "
        "look at the quarantine"
        for name, count in before.items()
        if now[name] < (1 - FALL_SHARE) * count
    ]


def last_upper(root: Path) -> pd.Series:
    """Upper bounds on the people exposed in the last version; empty where there is none."""
    columns = ["restriction_id", "impact_metric", "upper_persons"]
    try:
        frame = pd.read_parquet(publish.latest(root) / "impact.parquet", columns=columns)
    except (publish.PublishError, OSError, ValueError):
        return pd.Series(dtype="float64")
    return upper(frame)


def upper(impact: pd.DataFrame) -> pd.Series:
    """Upper bounds on the people exposed, by restriction."""
    rows = impact[impact["impact_metric"] == "people_exposed"]
    return rows.set_index("restriction_id")["upper_persons"].astype("float64")


def moved(before: pd.Series, now: pd.Series) -> list[str]:
    """One line for each restriction whose people changed by more than the factor."""
    both = pd.DataFrame({"before": before, "now": now}).dropna()
    low, high = both.min(axis=1), both.max(axis=1)
    return [
        f"impact.parquet: {MOVED.rule}: {row.Index} had at most {row.before:,.0f} people in the "
        f"last version, {row.now:,.0f} now; see which fact changed"
        for row in both[high > MOVED_FACTOR * low].itertuples()
    ]


def against_last(root: Path, results: Results) -> list[str]:
    """One line for each thing that changed much against the last version below `root`."""
    now = {name: table.num_rows for name, table in results.tables.items()}
    return fallen(row_counts(root), now) + moved(last_upper(root), upper(results.frames["impact"]))


def contradictions(results: Results) -> list[str]:
    """What is said of measured overlaps that cannot hold together with other facts."""
    return [line for text in results.frames["quality"]["details"] for line in text.splitlines()]


def details(folder: Path) -> list[str]:
    """What a published version says of what was found, a line each."""
    told = pd.read_parquet(folder / "quality.parquet")["details"].dropna()
    return [line for text in told for line in text.splitlines()]
