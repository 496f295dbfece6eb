"""Rules that warn of answers that moved, became weaker or are gone, and of lost rows."""

import pandas as pd

from audience_impact.comparing import edits
from audience_impact.comparing.compared_versions import NEW, OLD, STATUS, align_versions
from audience_impact.comparing.moves import format_move
from audience_impact.rules import get_rule
from audience_impact.store.divided import list_published
from audience_impact.vocabulary import ImpactMetric, ObsStatus
from flows.last_version.summaries import (
    OF_ANSWERS,
    VERSIONS,
    Summary,
    compare_summaries,
    name_files,
)

FALL_SHARE = 0.2
BOUND_WORDS = {
    "lower_persons": "as printed at least",
    "upper_persons": "as printed at most",
    "q50_persons": "a median of",
}
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
"""Statuses of an estimate, the most reliable first."""


@VERSIONS.rule(*("impact", "impact_by_platform", "comparisons", "lineage", "sources"))
def row_count_fell(before: Summary, now: Summary) -> list[str]:
    """Return a line for each watched table that lost too many rows."""
    return [
        f"{table}.parquet: row_count_fell: {before.rows[table]} rows in the last version, "
        f"{now.rows[table]} now; look at the quarantine"
        for table in get_rule("row_count_fell").tables
        if table in before.rows and now.rows[table] < (1 - FALL_SHARE) * before.rows[table]
    ]


@VERSIONS.rule("impact")
def magnitude_moved(before: Summary, now: Summary) -> list[str]:
    """Return a line for each bound and median that changed by more than the factor."""
    both = align_versions(before.answers, now.answers)
    lines = []
    for name, bound_words in BOUND_WORDS.items():
        pairs = both[[name + OLD, name + NEW]].dropna()
        moved = pairs[pairs.max(axis=1) > edits.RESCALED_FACTOR * pairs.min(axis=1)]
        lines += [
            f"impact.parquet: magnitude_moved: {_format_answer_key(key)} had {bound_words} "
            f"{first:,.0f} people in the last version, {then:,.0f} now; see which fact changed"
            for key, (first, then) in zip(moved.index, moved.to_numpy(), strict=True)
        ]
    return sorted(lines)


@VERSIONS.rule("impact")
def answer_vanished(before: Summary, now: Summary) -> list[str]:
    """Return a line for each answer that lost a bound, its median or its status."""
    both, names = align_versions(before.answers, now.answers), [*BOUND_WORDS, STATUS]
    had, has = (both[[name + end for name in names]].set_axis(names, axis=1) for end in (OLD, NEW))
    gone = had.notna() & has.isna()
    return [
        f"impact.parquet: answer_vanished: {_format_answer_key(key)} has no "
        f"{', '.join(gone.columns[lost])} any more; see which fact is gone"
        for key, lost in zip(gone.index, gone.to_numpy(), strict=True)
        if lost.any()
    ]


@VERSIONS.rule("impact")
def status_fell(before: Summary, now: Summary) -> list[str]:
    """Return a line for each answer whose status is weaker than before."""
    both = align_versions(before.answers, now.answers)[[STATUS + OLD, STATUS + NEW]]
    ranks = {status: place for place, status in enumerate(STRENGTH)}
    rank = pd.DataFrame({name: both[name].map(ranks).astype("float64") for name in both})
    fell = both[rank[STATUS + NEW] > rank[STATUS + OLD]]
    return [
        f"impact.parquet: status_fell: {_format_answer_key(key)} had status {first} in the last "
        f"version, {then} now; see which fact changed"
        for key, (first, then) in zip(fell.index, fell.to_numpy(), strict=True)
    ]


@VERSIONS.rule(*list_published(table for table in OF_ANSWERS if table != "impact"))
def numbers_rescaled(before: Summary, now: Summary) -> list[str]:
    """Return a line for each published table with numbers that changed by the factor.

    There are none where a version has no facts, since rows may then be new.
    """
    differences = compare_summaries(before, now)
    if not differences.has_facts or edits.has_additions(differences.rows):
        return []
    return [
        f"{name_files(moves.table)}: numbers_rescaled: in {len(moves.rescaled):,} rows a number of "
        f"people more than doubled or fell below a half, most of all {format_move(moves.rescaled)};"
        " see which fact changed"
        for moves in differences.moves
        if moves.table in OF_ANSWERS and moves.table != "impact" and len(moves.rescaled)
    ]


def _format_answer_key(key: tuple[str, str]) -> str:
    """Return the restriction, and the metric unless it is the people exposed."""
    restriction, metric = key
    return (
        restriction if metric == ImpactMetric.PEOPLE_EXPOSED.value else f"{restriction} ({metric})"
    )
