"""What figures may be off by: from all facts to `figure_errors.csv`."""

from pathlib import Path

from audience_impact.errors import learning
from audience_impact.vocabulary import FindingSeverity
from flows.pipeline import steps

TABLE = "figure_errors"


def learn(folder: Path, only_check: bool) -> tuple[bool, str]:
    """Write the table where it says something else than the facts, or only compare.

    Returns whether the table on the disk matched, and what to tell. Raises RefusedError where a row
    of a table that is learned from is bad.
    """
    checked = steps.check(steps.read([folder]))
    bad = [
        found
        for found in checked.findings
        if found.table in learning.READ and found.severity is not FindingSeverity.WARNING
    ]
    if bad:
        raise steps.RefusedError([steps.line(found) for found in bad], bad)
    ours = learning.table(checked.tables)
    path = folder / f"{TABLE}.csv"
    if path.is_file() and learning.same(ours, checked.tables[TABLE][list(ours.columns)]):
        return True, f"{path} is up to date"
    if only_check:
        return False, f"{path} does not match the facts; run: audience-impact learn"
    path.write_text(ours.to_csv(index=False, lineterminator="\n"), encoding="utf-8", newline="")
    return False, f"{path} written"
