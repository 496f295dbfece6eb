"""The laws of places: from `regional_use` and `network_use` to `place_laws` and `network_laws`."""

from pathlib import Path

import numpy as np
import pandas as pd

from audience_impact.facts.tables import Tables
from audience_impact.places import network_learning, online_learning
from audience_impact.vocabulary import FindingSeverity
from flows.pipeline import steps

TABLE = "place_laws"
READ = ("areas", "bases", "regional_use", "network_use")
NEAR = 2.5 * 10.0**-online_learning.DECIMALS
"""The last bits of a sum differ between processors, and may change the last decimal."""


def learned(tables: Tables) -> dict[str, pd.DataFrame]:
    """Both tables that typed facts give, by name."""
    return {
        TABLE: online_learning.table(tables),
        "network_laws": network_learning.table(tables["network_use"]),
    }


def same(ours: pd.DataFrame, theirs: pd.DataFrame) -> bool:
    """Whether two tables agree, values to two units of the last decimal written."""
    if len(ours) != len(theirs):
        return False
    other = theirs[list(ours.columns)]
    own, given = (frame["value"].to_numpy("float64") for frame in (ours, other))
    words = ours.columns.drop("value")
    near = np.isclose(own, given, rtol=1e-6, atol=NEAR)
    return bool(near.all() and (ours[words].to_numpy() == other[words].to_numpy()).all())


def learn(folder: Path, only_check: bool) -> tuple[bool, str]:
    """Write the tables where they say something else than the facts, or only compare.

    Returns whether the tables on the disk matched, and what to tell. Raises RefusedError where a
    row of a table that is learned from is bad.
    """
    checked = steps.check(steps.read([folder]))
    bad = [
        found
        for found in checked.findings
        if found.table in READ and found.severity is not FindingSeverity.WARNING
    ]
    if bad:
        raise steps.RefusedError([steps.line(found) for found in bad], bad)
    told, matched = [], True
    for name, ours in learned(checked.tables).items():
        path = folder / f"{name}.csv"
        if path.is_file() and same(ours, checked.tables[name]):
            told.append(f"{path} is up to date")
            continue
        matched = False
        if only_check:
            told.append(f"{path} does not match the facts; run: audience-impact learn-places")
            continue
        text = ours.to_csv(index=False, lineterminator="\n")
        path.write_text(text, encoding="utf-8", newline="")
        told.append(f"{path} written")
    return matched, "\n".join(told)
