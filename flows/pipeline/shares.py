"""What is learned of shares that nobody measured: `circumvention_laws` and `feature_laws`."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

from audience_impact.facts.tables import Tables
from audience_impact.shares import circumvention, features
from audience_impact.vocabulary import FindingSeverity
from flows.pipeline import daily_use, steps

TABLES: Mapping[str, Callable[[Tables], pd.DataFrame]] = {
    circumvention.TABLE: circumvention.table,
    features.TABLE: features.table,
}
TABLE = circumvention.TABLE
READ = ("circumvention", "restrictions", "feature_use", "platforms")


def learned(folder: Path) -> tuple[dict[str, pd.DataFrame], Tables]:
    """What the figures in the folder teach, by table, and the tables that are there.

    Raises RefusedError where a row of the figures is bad.
    """
    checked = steps.check(steps.read([folder]))
    bad = [
        found
        for found in checked.findings
        if found.table in READ and found.severity is not FindingSeverity.WARNING
    ]
    if bad:
        raise steps.RefusedError([steps.line(found) for found in bad], bad)
    return {name: made(checked.tables) for name, made in TABLES.items()}, checked.tables


def learn(folder: Path, only_check: bool) -> tuple[bool, str]:
    """Write the tables that say something else than the figures, or only compare.

    Returns whether the tables on the disk matched, and what to tell.
    """
    ours, theirs = learned(folder)
    old = [
        name
        for name, table in ours.items()
        if not (folder / f"{name}.csv").is_file() or not daily_use.same(table, theirs[name])
    ]
    paths = ", ".join(str(folder / f"{name}.csv") for name in (old or ours))
    if not old:
        return True, f"{paths} up to date"
    if only_check:
        return False, f"{paths} not as the figures say; run: audience-impact learn-shares"
    for name in old:
        text = ours[name].to_csv(index=False, lineterminator="\n")
        (folder / f"{name}.csv").write_text(text, encoding="utf-8", newline="")
    return False, f"{paths} written"
