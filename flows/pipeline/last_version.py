"""What changed much against the last version: told by a run, not published.

The same inputs have to give the same bytes, whatever was published before them: so nothing of this
enters a version.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from audience_impact.rules import Stage, named
from audience_impact.vocabulary import FindingSeverity, ImpactMetric, RuleStage
from flows.publishing import PublishError, versions

FALL_SHARE = 0.2
MOVED_FACTOR = 2.0


@dataclass(frozen=True)
class Summary:
    """What versions are compared by.

    `rows` counts the rows of each table; `upper_persons` holds the upper bounds on the people
    exposed, by restriction.
    """

    rows: Mapping[str, int]
    upper_persons: pd.Series


VERSIONS = Stage[Callable[[Summary, Summary], list[str]]](RuleStage.VERSIONS)
"""The rules over the last version and this one; each returns a line for whatever it finds."""


def summary(rows: Mapping[str, int], impact: pd.DataFrame) -> Summary:
    """What a version is compared by, from its rows and its table `impact`."""
    exposed = impact[impact["impact_metric"] == ImpactMetric.PEOPLE_EXPOSED.value]
    return Summary(rows, exposed.set_index("restriction_id")["upper_persons"].astype("float64"))


def last(root: Path) -> Summary:
    """The last version below `root`, as far as it can be read.

    A damaged one counts as none: the next run is what mends it.
    """
    rows: Mapping[str, int] = {}
    try:
        version = versions.latest(root)
        rows = version.rows()
        columns = ["restriction_id", "impact_metric", "upper_persons"]
        return summary(rows, version.table("impact", columns=columns))
    except PublishError:
        return Summary(rows, pd.Series(dtype="float64"))


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
    "the people exposed to a restriction are more than twice, or less than half, of what the "
    "last version said; told by the run, not published",
    "see which fact changed",
    "impact",
    number=21,
)
def magnitude_moved(before: Summary, now: Summary) -> list[str]:
    """One line for each restriction whose people changed by more than the factor."""
    both = pd.DataFrame({"before": before.upper_persons, "now": now.upper_persons}).dropna()
    low, high = both.min(axis=1), both.max(axis=1)
    return [
        f"impact.parquet: magnitude_moved: {row.Index} had at most {row.before:,.0f} people in "
        f"the last version, {row.now:,.0f} now; see which fact changed"
        for row in both[high > MOVED_FACTOR * low].itertuples()
    ]


def changes(before: Summary, now: Summary) -> list[str]:
    """One line for each thing that changed much."""
    return [line for run in VERSIONS.runs.values() for line in run(before, now)]
