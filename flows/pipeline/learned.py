"""The fact tables that are learned from others, and the commands that write them.

Another one is an entry of LEARNED and a command that names it.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from audience_impact.errors import learning as errors_learning
from audience_impact.facts.tables import Tables
from audience_impact.frequency import learning as frequency_learning
from audience_impact.imputation import learning as imputation_learning
from audience_impact.overlap import calibration
from audience_impact.places import network_learning, online_learning
from audience_impact.shares import circumvention, features, random_effects
from audience_impact.vocabulary import FindingSeverity
from flows.pipeline import steps


@dataclass(frozen=True)
class Learned:
    """What a command learns.

    Attributes:
        read: The tables that it reads; a bad row there is refused.
        what: What these are called.
        make: The tables learned, by name, from typed facts.
        decimals: How many of a number are written.
        is_current: Whether the tables of some facts were learned from these; asked first where
            learning takes minutes.
    """

    read: Collection[str]
    what: str
    make: Callable[[Tables], Tables]
    decimals: int
    is_current: Callable[[Tables], bool] = lambda facts: False


LEARNED = {
    "calibrate": Learned(
        ("surveys", "use_patterns"),
        "surveys",
        lambda facts: {
            "overlap_calibration": calibration.table(facts["surveys"], facts["use_patterns"])
        },
        calibration.DECIMALS,
    ),
    "learn": Learned(
        errors_learning.READ,
        "facts",
        lambda facts: {"figure_errors": errors_learning.table(facts)},
        errors_learning.DECIMALS,
    ),
    "learn-daily-use": Learned(
        ("use_frequency",),
        "figures",
        lambda facts: {"daily_use": frequency_learning.table(facts["use_frequency"])},
        frequency_learning.DECIMALS,
    ),
    "learn-places": Learned(
        ("areas", "bases", "regional_use", "network_use"),
        "facts",
        lambda facts: {
            "place_laws": online_learning.table(facts),
            "network_laws": network_learning.table(facts["network_use"]),
        },
        online_learning.DECIMALS,
    ),
    "learn-shares": Learned(
        ("circumvention", "restrictions", "feature_use", "platforms"),
        "figures",
        lambda facts: {
            circumvention.TABLE: circumvention.table(facts),
            features.TABLE: features.table(facts),
        },
        random_effects.DECIMALS,
    ),
    "learn-audiences": Learned(
        imputation_learning.READ,
        "figures",
        lambda facts: {"audience_laws": imputation_learning.table(facts)},
        imputation_learning.DECIMALS,
        imputation_learning.is_current,
    ),
}
"""By the name of the command."""


def same(ours: pd.DataFrame, theirs: pd.DataFrame, decimals: int) -> bool:
    """Whether two tables agree, numbers to two units of the last decimal written.

    The last bits of a sum differ between processors, and may change the last decimal.
    """
    if not set(ours.columns) <= set(theirs.columns) or len(ours) != len(theirs):
        return False
    numbers = list(ours.select_dtypes("number").columns)
    words = ours.columns.drop(numbers)
    own, given = (frame[numbers].to_numpy("float64") for frame in (ours, theirs))
    near = np.abs(own - given) < 2.5 * 10.0**-decimals
    return bool(near.all() and (ours[words].to_numpy() == theirs[words].to_numpy()).all())


def learn(command: str, folder: Path, only_check: bool) -> tuple[bool, str]:
    """Write the tables where they say something else than the facts, or only compare.

    Returns whether the tables on the disk matched, and what to tell. Raises RefusedError where a
    row of a table that is learned from is bad.
    """
    wanted = LEARNED[command]
    checked = steps.check(steps.read([folder]))
    bad = [
        found
        for found in checked.findings
        if found.table in wanted.read and found.severity is not FindingSeverity.WARNING
    ]
    if bad:
        raise steps.RefusedError([steps.line(found) for found in bad], bad)
    if wanted.is_current(checked.tables):
        return True, f"what {command} learns is up to date"
    told, matched = [], True
    for name, ours in wanted.make(checked.tables).items():
        path = folder / f"{name}.csv"
        if path.is_file() and same(ours, checked.tables[name], wanted.decimals):
            told.append(f"{path} is up to date")
            continue
        matched = False
        if only_check:
            advice = f"run: audience-impact {command}"
            told.append(f"{path} does not match the {wanted.what}; {advice}")
            continue
        text = ours.to_csv(index=False, lineterminator="\n")
        path.write_text(text, encoding="utf-8", newline="")
        told.append(f"{path} written")
    return matched, "\n".join(told)
