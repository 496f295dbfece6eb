"""The fact tables of fitted parameters, and how they are fitted, compared and written.

To add a fit, add an entry to FITTERS.
"""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from audience_impact.facts.tables import Tables
from audience_impact.fitting import (
    audiences,
    durations,
    errors,
    joint_use,
    people_online,
    places,
    shares,
)
from audience_impact.vocabulary import FindingSeverity
from flows import REGISTER
from flows.pipeline import steps


class Fitter(NamedTuple):
    """A fit of some fact tables to others."""

    read: Collection[str]  # the tables that are read; an error there is refused
    fit: Mapping[str, Callable[[Tables], pd.DataFrame]]  # by fitted table
    decimals: int = 4  # that are written
    # whether the fitted tables belong to the facts, called first where fitting takes minutes
    is_current: Callable[[Tables], bool] = lambda facts: False
    # whether `--check` accepts tables that may differ from the facts, which are not learned anew
    # after each edit
    is_close: Callable[[Tables], bool] | None = None
    with_register: bool = False  # whether the register beside the facts is read


FITTERS = {
    "errors": Fitter(errors.READ, {"figure_errors": errors.fit_table}, decimals=6),
    "daily-use": Fitter(
        ("use_frequency", "areas", "bases", "sources"), {"daily_use": shares.fit_daily_use}
    ),
    "places": Fitter(
        (
            *("areas", "bases", "regional_use", "network_use", "network_shares"),
            *("operator_regions", "place_parts", "event_readings"),
            *("online_levels", "figure_errors"),
        ),
        {
            "place_laws": places.fit_places,
            "network_laws": places.fit_networks,
            "part_sizes": places.fit_part_sizes,
        },
    ),
    "durations": Fitter(
        durations.READ,
        {"duration_laws": durations.fit_table},
        decimals=12,
        is_close=durations.is_close,
        with_register=True,
    ),
    "chances": Fitter(("event_readings",), {"chances": shares.fit_chances}),
    "shares": Fitter(
        ("circumvention", "restrictions", "feature_use", "platforms"),
        {"circumvention_laws": shares.fit_keeping_access, "feature_laws": shares.fit_features},
    ),
    "audiences": Fitter(
        ("estimates", "surveys", "use_patterns", "bases", "areas", "platforms", "lineages"),
        {"audience_laws": audiences.fit_table},
        is_current=audiences.is_current,
    ),
    "online": Fitter(
        ("areas", "bases", "online_shares"),
        {"online_levels": people_online.fit_table},
        is_current=people_online.is_current,
    ),
    "joint-use": Fitter(joint_use.READ, {"overlap_calibration": joint_use.fit_table}, decimals=6),
}
"""Fits, by the argument of `audience-impact learn`."""


def complete_table(fitted: pd.DataFrame, current: pd.DataFrame) -> pd.DataFrame:
    """Return a fitted table with the notes that people wrote in the current one as last column."""
    if "parameter" not in fitted:
        return fitted.assign(note=fitted.get("note", ""))
    notes = current.drop_duplicates("parameter").set_index("parameter")["note"]
    return fitted.assign(note=notes.reindex(fitted["parameter"], fill_value="").to_numpy())


def is_same(ours: pd.DataFrame, theirs: pd.DataFrame, decimals: int) -> bool:
    """Return whether two tables agree, numbers to two units of the last decimal written.

    The last bits of a sum differ between processors, and may change the last decimal.
    """
    if not set(ours.columns) <= set(theirs.columns) or len(ours) != len(theirs):
        return False
    numbers = list(ours.select_dtypes("number").columns)
    words = ours.columns.drop(numbers)
    first, second = (frame[numbers].to_numpy("float64") for frame in (ours, theirs))
    near = np.isclose(first, second, rtol=0.0, atol=2.5 * 10.0**-decimals, equal_nan=True)
    return bool(near.all() and (ours[words].to_numpy() == theirs[words].to_numpy()).all())


def update_tables(name: str, folder: Path, only_check: bool) -> tuple[bool, str]:
    """Write the tables of a fitter that do not match the facts of a folder, or only compare them.

    Return whether the tables on the disk matched, and the message for the user. Raises RefusedError
    where a row that is read has an error.
    """
    fitter = FITTERS[name]
    beside = [folder.parent / REGISTER.name] * fitter.with_register
    layers = [folder, *filter(Path.is_dir, beside)]
    checked = steps.validate_facts(steps.read_facts(layers))
    bad = [
        finding
        for finding in checked.findings
        if finding.table in fitter.read and finding.severity is not FindingSeverity.WARNING
    ]
    if bad:
        raise steps.RefusedError([steps.format_finding(finding) for finding in bad], bad)
    facts = checked.tables
    if fitter.is_current(facts) or (only_check and fitter.is_close and fitter.is_close(facts)):
        return True, f"what learn {name} writes is up to date"
    lines, matched = [], True
    for table, fit in fitter.fit.items():
        path, ours = folder / f"{table}.csv", complete_table(fit(facts), facts[table])
        ours = ours.round(fitter.decimals)
        if path.is_file() and is_same(ours, facts[table], fitter.decimals):
            lines.append(f"{path} is up to date")
            continue
        matched = False
        if only_check:
            lines.append(f"{path} does not match the facts; run: audience-impact learn {name}")
            continue
        path.write_bytes(ours.to_csv(index=False, lineterminator="\n").encode())
        lines.append(f"{path} written")
    return matched, "\n".join(lines)
