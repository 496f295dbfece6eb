"""What changed much against the last version: told by a run, not published.

The same inputs have to give the same bytes, whatever was published before them: so nothing of this
enters a version.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from audience_impact.rules import Stage, named
from audience_impact.vocabulary import FindingSeverity, ImpactMetric, ObsStatus, RuleStage
from flows.comparing.answers import ANSWER, IMPACT_KEY, NEW, OLD, STATUS, beside, keyed
from flows.publishing import PublishError, versions
from schemas.facts import TABLES

FALL_SHARE = 0.2
MOVED_FACTOR = 2.0


READ = [*IMPACT_KEY, *ANSWER]
"""What is read of table `impact`."""
SAID = {"lower_persons": "at least", "upper_persons": "at most", "q50_persons": "a median of"}
STRENGTH = [
    status.value
    for status in (
        ObsStatus.NORMAL,
        ObsStatus.ESTIMATED,
        ObsStatus.FORECAST,
        ObsStatus.LOW_RELIABILITY,
        ObsStatus.MISSING,
    )
]
"""Statuses from the surest on."""


@dataclass(frozen=True)
class Summary:
    """What versions are compared by.

    `rows` counts the rows of each table; `answers` holds bounds, quantiles and status of each
    restriction and metric, by both; `facts` counts the rows of each fact table.
    """

    rows: Mapping[str, int]
    answers: pd.DataFrame
    facts: Mapping[str, int] = field(default_factory=dict)


VERSIONS = Stage[Callable[[Summary, Summary], list[str]]](RuleStage.VERSIONS)
"""The rules over the last version and this one; each returns a line for whatever it finds."""


def summary(
    rows: Mapping[str, int], impact: pd.DataFrame, quality: pd.DataFrame | None = None
) -> Summary:
    """What a version is compared by, from its rows and its tables `impact` and `quality`."""
    counts = {} if quality is None else _fact_rows(quality)
    return Summary(rows, keyed(impact, IMPACT_KEY), counts)


def _fact_rows(quality: pd.DataFrame) -> dict[str, int]:
    """How many rows of each fact table were checked."""
    counts = quality[quality["table"].isin(TABLES)].groupby("table")["checked_count"].max()
    return {str(table): int(count) for table, count in counts.items()}


def nothing(rows: Mapping[str, int]) -> Summary:
    """A version of which no answer can be read."""
    return summary(rows, pd.DataFrame({name: [] for name in [*IMPACT_KEY, *ANSWER]}))


def last(root: Path) -> Summary:
    """The last version below `root`, as far as it can be read.

    A damaged one counts as none: the next run is what mends it.
    """
    rows: Mapping[str, int] = {}
    try:
        version = versions.latest(root)
        rows = version.rows()
        quality = version.table("quality", columns=["table", "checked_count"])
        return summary(rows, version.table("impact", columns=READ), quality)
    except PublishError:
        return nothing(rows)


@VERSIONS.rule(
    FindingSeverity.WARNING,
    "a published table lost more than a fifth of its rows against the last version; "
    "told by the run, not published, since it depends on what was published before",
    "look at the quarantine",
    *("impact", "impact_by_platform", "comparisons", "lineage", "sources"),
    number=19,
)
def row_count_fell(before: Summary, now: Summary) -> list[str]:
    """One line for each watched table that lost too many rows."""
    return [
        f"{table}.parquet: row_count_fell: {before.rows[table]} rows in the last version, "
        f"{now.rows[table]} now; look at the quarantine"
        for table in named("row_count_fell").tables
        if table in before.rows and now.rows[table] < (1 - FALL_SHARE) * before.rows[table]
    ]


@VERSIONS.rule(
    FindingSeverity.WARNING,
    "a fact table has several rows fewer than when the last version was made; told by the run, not "
    "published",
    "see which rows are gone; a file that is cut short reads as a shorter one",
    *TABLES,
)
def fact_rows_gone(before: Summary, now: Summary) -> list[str]:
    """One line for each fact table that lost more than one row."""
    return [
        f"{table}.csv: fact_rows_gone: {count:,} rows in the last version, "
        f"{now.facts[table]:,} now; see which are gone"
        for table, count in sorted(before.facts.items())
        if now.facts.get(table, count) < count - 1
    ]


@VERSIONS.rule(
    FindingSeverity.WARNING,
    "a bound or the median of an answer is more than twice, or less than half, of what the last "
    "version said; told by the run, not published",
    "see which fact changed",
    "impact",
    number=21,
)
def magnitude_moved(before: Summary, now: Summary) -> list[str]:
    """One line for each bound and median that changed by more than the factor."""
    both = beside(before.answers, now.answers)
    lines = []
    for name, said in SAID.items():
        pairs = both[[name + OLD, name + NEW]].dropna()
        moved = pairs[pairs.max(axis=1) > MOVED_FACTOR * pairs.min(axis=1)]
        lines += [
            f"impact.parquet: magnitude_moved: {_of(key)} had {said} {first:,.0f} people in the "
            f"last version, {then:,.0f} now; see which fact changed"
            for key, (first, then) in zip(moved.index, moved.to_numpy(), strict=True)
        ]
    return sorted(lines)


@VERSIONS.rule(
    FindingSeverity.WARNING,
    "an answer of the last version, or a bound or the median of one, is there no more; told by the "
    "run, not published",
    "see which fact is gone or in quarantine",
    "impact",
)
def answer_vanished(before: Summary, now: Summary) -> list[str]:
    """One line for each answer of which something is gone."""
    both, names = beside(before.answers, now.answers), [*SAID, STATUS]
    had, has = (both[[name + end for name in names]].set_axis(names, axis=1) for end in (OLD, NEW))
    gone = had.notna() & has.isna()
    return [
        f"impact.parquet: answer_vanished: {_of(key)} has no {', '.join(gone.columns[lost])} any "
        "more; see which fact is gone"
        for key, lost in zip(gone.index, gone.to_numpy(), strict=True)
        if lost.any()
    ]


@VERSIONS.rule(
    FindingSeverity.WARNING,
    "an answer is less sure than in the last version; told by the run, not published",
    "see which fact is gone or in quarantine",
    "impact",
)
def status_fell(before: Summary, now: Summary) -> list[str]:
    """One line for each answer whose status is weaker than it was."""
    both = beside(before.answers, now.answers)[[STATUS + OLD, STATUS + NEW]]
    ranks = {status: place for place, status in enumerate(STRENGTH)}
    rank = pd.DataFrame({name: both[name].map(ranks).astype("float64") for name in both})
    fell = both[rank[STATUS + NEW] > rank[STATUS + OLD]]
    return [
        f"impact.parquet: status_fell: {_of(key)} had status {first} in the last version, {then} "
        "now; see which fact changed"
        for key, (first, then) in zip(fell.index, fell.to_numpy(), strict=True)
    ]


def _of(key: tuple[str, str]) -> str:
    """A restriction, with the metric where it is not the people exposed."""
    restriction, metric = key
    return (
        restriction if metric == ImpactMetric.PEOPLE_EXPOSED.value else f"{restriction} ({metric})"
    )


def changes(before: Summary, now: Summary) -> list[str]:
    """One line for each thing that changed much."""
    return [line for run in VERSIONS.runs.values() for line in run(before, now)]
