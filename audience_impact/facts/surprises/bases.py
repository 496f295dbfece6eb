"""Denominators against their neighbours in years, other publishers, and what other areas have.

Method. As for figures. Ends of a range have a series of their own. The part that an age group is of
its population is compared with that of all other areas.

Measured on 5,960 bases: the surprise of a population beside its neighbours in years is 4.6 at the
99th percentile, that of people online 2.9; publishers of one year differ by 11 % of a population at
the 99th percentile, and by 0.5 in logs of people online.
"""

from typing import Any

import numpy as np
import pandas as pd

from audience_impact.facts.rules import ACROSS
from audience_impact.facts.surprises import levels
from audience_impact.facts.surprises.saying import apart, findings, number, times
from audience_impact.facts.tables import Finding, Tables
from audience_impact.populations import EVERYONE, ONLINE, ONLINE_12_PLUS
from audience_impact.vocabulary import FindingSeverity

SERIES = ["area_id", "population_base", "lineage_id"]
SPREADS = {True: (0.04, 0.01), False: (0.002, 0.002)}
"""Deviation of a month and of a printed number, for people online and for residents."""
LIMITS = {True: 8.0, False: 10.0}
RANGE_LIMIT = 10.0
RANGE_SPREADS = {True: (0.03, 0.01), False: (0.006, 0.006)}
PUBLISHERS_MONTHS = 7.0
PUBLISHERS_LOGS = {True: 0.8, False: 0.2}
PARTS_LIMIT = 1.6
"""Log odds of an age group in its population, from the middle of all areas."""
LEAST_AREAS = 8
ONLINE_BASES = (ONLINE, ONLINE_12_PLUS)


def _leveled(bases: pd.DataFrame, column: str) -> pd.DataFrame:
    """Bases with `level` (of people online: in the residents), `moment`, `online`, `stated`, `free`."""
    online = bases["population_base"].isin(ONLINE_BASES)
    everyone = bases[bases["population_base"] == EVERYONE]
    residents = levels.nearest_persons(bases, everyone, ["area_id"]).where(online)
    rows = bases.assign(
        stated=bases[column],
        level=levels.level(bases[column], residents),
        free=levels.headroom(bases[column], residents),
        moment=levels.moment(bases),
        online=online,
    )
    return rows[rows["level"].notna()]


@ACROSS.rule(
    FindingSeverity.WARNING,
    "a base is far from what the same publisher says of the years around",
    "compare the number with its page; a digit, a zero or the year may be wrong",
    "bases",
)
def base_unlike_neighbours(tables: Tables) -> list[Finding]:
    """A base, and the ends of its range, beside the last before and the first after."""
    bases = tables["bases"]
    return [
        found
        for column in ("persons", "low_persons", "high_persons")
        for online in (False, True)
        for found in _unlike(bases, column, online)
    ]


def _unlike(bases: pd.DataFrame, column: str, online: bool) -> list[Finding]:
    rows = _leveled(bases[bases[column].notna()], column)
    rows = rows[rows["online"] == online]
    is_range = column != "persons"
    month, error = (RANGE_SPREADS if is_range else SPREADS)[online]
    limit = RANGE_LIMIT if is_range else LIMITS[online]
    near = levels.surprise(rows, SERIES, month, error / rows["free"])
    odd = rows.assign(**near)[near["surprise"].abs() > limit]
    return findings(
        "bases", bases, "base_unlike_neighbours", odd, column, lambda row: _beside(row, rows)
    )


def _beside(row: Any, rows: pd.DataFrame) -> str:
    series = rows[(rows[SERIES] == [getattr(row, name) for name in SERIES]).all(axis=1)]
    near = series[series["moment"].isin([row.before, row.after])].sort_values("moment")
    told = ", ".join(f"{number(one.stated)} in {one.period}" for one in near.itertuples())
    return (
        f"{number(row.stated)} is {times(row.stated / near['stated'].mean())} what the years "
        f"around say: {told}; {abs(row.surprise):.1f} standard deviations"
    )


@ACROSS.rule(
    FindingSeverity.WARNING,
    "a base is far from what another publisher says of the time",
    "compare both with their pages",
    "bases",
)
def base_unlike_publishers(tables: Tables) -> list[Finding]:
    """A base beside the median of those of other publishers within seven months."""
    bases = tables["bases"]
    rows = bases.assign(moment=levels.moment(bases)).reset_index(names="place")
    columns = ["area_id", "population_base", "lineage_id", "moment", "persons", "place"]
    pairs = rows[columns].merge(rows[columns], on=columns[:2], suffixes=("", "_of"))
    near = (pairs["moment"] - pairs["moment_of"]).abs() <= PUBLISHERS_MONTHS
    others = pairs[near & (pairs["lineage_id"] != pairs["lineage_id_of"])].groupby("place")
    rows = rows.set_index("place").assign(other=others["persons_of"].median())
    limit = rows["population_base"].isin(ONLINE_BASES).map(PUBLISHERS_LOGS)
    odd = rows[np.log(rows["persons"] / rows["other"]).abs() > limit]
    return findings(
        "bases",
        bases,
        "base_unlike_publishers",
        odd,
        "persons",
        lambda row: (
            f"{number(row.persons)} is {times(row.persons / row.other)} the {number(row.other)} "
            "of other publishers"
        ),
    )


@ACROSS.rule(
    FindingSeverity.WARNING,
    "an age group is a part of its population as in hardly any other area",
    "compare the number with its page; a digit or the base may be wrong",
    "bases",
)
def age_group_unlike_areas(tables: Tables) -> list[Finding]:
    """The part that an age group is of all residents beside the middle of all other areas."""
    bases = tables["bases"]
    ages = bases[bases["population_base"].str.startswith("age_")]
    everyone = bases[bases["population_base"] == EVERYONE]
    residents = levels.nearest_persons(ages, everyone, ["area_id"])
    rows = ages.assign(level=levels.level(ages["persons"], residents))[residents.notna()]
    groups = rows.groupby("population_base")["level"]
    rows = rows.assign(apart=rows["level"] - groups.transform("median"))
    known = groups.transform("size") >= LEAST_AREAS
    odd = rows[known & (rows["apart"].abs() > PARTS_LIMIT)]
    return findings(
        "bases",
        bases,
        "age_group_unlike_areas",
        odd,
        "persons",
        lambda row: (
            f"{number(row.persons)} of {row.population_base} lie {apart(row.apart)} the middle of "
            "all areas"
        ),
    )
