"""The comparison of a run with the last version: what changed, and warnings of large changes.

The same inputs have to give the same bytes, whatever was published before. Therefore a run reports
these findings, but they are not part of a version.
"""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pandas as pd

from audience_impact.comparing.changes import (
    ANSWER,
    IMPACT_KEY,
    ComparedVersion,
    Row,
    describe_settings,
    key_answers,
    read_published,
)
from audience_impact.store import AwayError, PublishError, versions
from audience_impact.vocabulary import FactChange
from flows.last_version.rules import (
    GONE,
    RULES,
    LastComparison,
    format_cells,
    format_edit,
    format_keys,
    format_moves,
)
from flows.pipeline.quality import count_cases
from flows.pipeline.steps import Results
from schemas import facts as fact_models

READ = [*IMPACT_KEY, *ANSWER]
"""The columns of table `impact` that are compared."""

ACCEPT = (
    "much changed since the last version: if all changes are intended, run once with "
    "--accept-changes (accept_changes of a deployment's run)"
)
"""The first line of the message of a run that is refused for large changes."""
OF_CHECKS = ("quality", "quarantine")
"""Published tables about the checks, of which a new row of facts moves the counts."""


@lru_cache(maxsize=1)
def _compare(before: ComparedVersion, now: ComparedVersion) -> LastComparison:
    return LastComparison(before, now)


def list_changes(before: ComparedVersion, now: ComparedVersion) -> list[str]:
    """Return a line for each kind of large change: its first case, and how many there are."""
    cases = [run(_compare(before, now)) for run in RULES.values()]
    return [count_cases(lines, "audience-impact diff") for lines in cases if lines]


def list_notes(before: ComparedVersion, now: ComparedVersion) -> list[str]:
    """Return lines about the facts that differ and the numbers that moved, none of them a warning.

    A line names the first row of its kind, or the first table that moved and then the others. There
    are none where no number moved.
    """
    comparison = _compare(before, now)
    moved = [moves for moves in comparison.moves if moves.has_moved]
    days = [side.settings.get("the day") for side in comparison.sides]
    is_other_day = None not in days and days[0] != days[1]
    if not is_other_day and all(moves.table in OF_CHECKS for moves in moved):
        return []
    new_rows: dict[str, list[Row]] = {}
    changed = []
    for row in comparison.rows:
        if row.change is FactChange.ADDED:
            new_rows.setdefault(row.table, []).append(row)
        else:
            cells = row.changed_cells
            column = next(iter(cells or row.sides[0]), "")
            change = format_cells(row, *cells) if cells else GONE
            place, fault = format_edit(row, column, change, "compare it with its page")
            changed.append(f"{place}: facts_changed: {fault}")
    notes = [
        f"{table}.csv: facts_added: {len(rows):,} new: {format_keys(rows)}"
        for table, rows in new_rows.items()
    ]
    if changed:
        notes.append(count_cases(changed, "audience-impact diff"))
    if moved:
        names = ", ".join(f"{moves.table}.parquet" for moves in moved[1:])
        more = f"; other numbers as well in {names}" * bool(names)
        notes.append(f"{moved[0].table}.parquet: {format_moves(moved[0])}{more}")
    if is_other_day:
        notes.append("the results are of {1}, were of {0}".format(*days))
    return notes


def describe_results(results: Results) -> ComparedVersion:
    """Return results that are not published yet as a side of a comparison."""
    version = results.version
    return ComparedVersion(
        version.id,
        False,
        describe_settings(version.as_of, version.seed, *version.method),
        key_answers(results.tables["impact"].to_pandas(), IMPACT_KEY),
        results.files,
        fact_models.list_keys(),
        results.read_frame,
        results.count_rows(),
    )


def read_last_version(root: Path) -> ComparedVersion:
    """Return the latest version as far as it can be read.

    A damaged version is treated as missing, because the next run repairs it.
    """
    none = pd.DataFrame({name: [] for name in READ})
    side = ComparedVersion("", True, {}, key_answers(none, IMPACT_KEY))
    try:
        stored = versions.find_latest(root)
        side = replace(side, counts=stored.count_rows())
        impact = key_answers(stored.read_table("impact")[READ], IMPACT_KEY)
        read = read_published(stored)
        return replace(read, answers=impact, keys=fact_models.list_keys())
    except AwayError:
        raise
    except PublishError:
        return side
