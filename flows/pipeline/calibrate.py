"""The calibration of the overlap model: from the survey tables to `overlap_calibration.csv`."""

from pathlib import Path

import pandas as pd

from audience_impact.overlap import calibration
from audience_impact.vocabulary import FindingSeverity
from flows.pipeline import steps

TABLE = "overlap_calibration"
READ = ("surveys", "use_patterns")


def learned(folder: Path) -> tuple[pd.DataFrame, steps.Checked]:
    """What the surveys in the folder teach, and the facts as checked.

    Raises RefusedError where a row of the survey tables is bad.
    """
    checked = steps.check(steps.read([folder]))
    bad = [
        found
        for found in checked.findings
        if found.table in READ and found.severity is not FindingSeverity.WARNING
    ]
    if bad:
        raise steps.RefusedError([steps.line(found) for found in bad], bad)
    return calibration.table(checked.tables["surveys"], checked.tables["use_patterns"]), checked


def calibrate(folder: Path, only_check: bool) -> tuple[bool, str]:
    """Write the table where it says something else than the surveys, or only compare.

    Returns whether the table on the disk matched, and what to tell.
    """
    ours, checked = learned(folder)
    theirs = checked.tables[TABLE][list(ours.columns)]
    path = folder / f"{TABLE}.csv"
    matches = path.is_file() and calibration.same(ours, theirs)
    if matches:
        return True, f"{path} is up to date"
    if only_check:
        return False, f"{path} does not match the surveys; run: audience-impact calibrate"
    path.write_text(ours.to_csv(index=False, lineterminator="\n"), encoding="utf-8", newline="")
    return False, f"{path} written"
