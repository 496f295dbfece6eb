"""The law of daily use: from the fact table `use_frequency` to `daily_use.csv`."""

from pathlib import Path

import pandas as pd

from audience_impact.frequency import learning
from audience_impact.vocabulary import FindingSeverity
from flows.pipeline import steps

TABLE = "daily_use"
READ = "use_frequency"
NEAR = 2.5 * 10.0**-learning.DECIMALS
"""The last bits of a sum differ between processors, and may change the last decimal."""


def learned(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What the figures in the folder teach, and the table that is there.

    Raises RefusedError where a row of the figures is bad.
    """
    checked = steps.check(steps.read([folder]))
    bad = [
        found
        for found in checked.findings
        if found.table == READ and found.severity is not FindingSeverity.WARNING
    ]
    if bad:
        raise steps.RefusedError([steps.line(found) for found in bad], bad)
    return learning.table(checked.tables[READ]), checked.tables[TABLE]


def same(ours: pd.DataFrame, theirs: pd.DataFrame) -> bool:
    """Whether two tables agree, numbers to two units of the last decimal written."""
    if len(ours) != len(theirs):
        return False
    other, numbers = theirs[list(ours.columns)], ["mean", "spread"]
    near = (ours[numbers].to_numpy("float64") - other[numbers].to_numpy("float64")) ** 2 < NEAR**2
    words = ours.columns.drop(numbers)
    return bool(near.all() and (ours[words].to_numpy() == other[words].to_numpy()).all())


def learn(folder: Path, only_check: bool) -> tuple[bool, str]:
    """Write the table where it says something else than the figures, or only compare.

    Returns whether the table on the disk matched, and what to tell.
    """
    ours, theirs = learned(folder)
    path = folder / f"{TABLE}.csv"
    if path.is_file() and same(ours, theirs):
        return True, f"{path} is up to date"
    if only_check:
        return False, f"{path} does not match the figures; run: audience-impact learn-daily-use"
    path.write_text(ours.to_csv(index=False, lineterminator="\n"), encoding="utf-8", newline="")
    return False, f"{path} written"
