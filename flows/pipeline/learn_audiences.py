"""Audiences that nobody counted: from the figures of the facts to `audience_laws.csv`."""

from pathlib import Path

from audience_impact.imputation import learning
from audience_impact.vocabulary import FindingSeverity
from flows.pipeline import steps

TABLE = "audience_laws"


def learn(folder: Path, only_check: bool) -> tuple[bool, str]:
    """Write the table where the figures are others than it was learned from, or only compare.

    It is compared by the digest of the figures: learning takes minutes. Returns whether the table
    on the disk matched, and what to tell. Raises RefusedError where a row of a table that is
    learned from is bad.
    """
    checked = steps.check(steps.read([folder]))
    bad = [
        found
        for found in checked.findings
        if found.table in learning.READ and found.severity is not FindingSeverity.WARNING
    ]
    if bad:
        raise steps.RefusedError([steps.line(found) for found in bad], bad)
    path, theirs = folder / f"{TABLE}.csv", checked.tables[TABLE]
    if path.is_file() and learning.same(theirs, checked.tables):
        return True, f"{path} is up to date"
    if only_check:
        return False, f"{path} does not match the figures; run: audience-impact learn-audiences"
    ours = learning.table(checked.tables)
    path.write_text(ours.to_csv(index=False, lineterminator="\n"), encoding="utf-8", newline="")
    return False, f"{path} written"
