"""Denominators against their neighbours in years, other publishers, and what other areas have.

Method. As for figures. Ends of a range have a series of their own. The part that an age group is of
its population is compared with that of all other areas.

Measured on 5,960 bases: the surprise of a population beside its neighbours in years is 4.6 at the
99th percentile, that of people online 3.6; beside all publishers, 3.5 and 3.0.
"""

from typing import Any

import numpy as np
import pandas as pd

from audience_impact.facts.rules import ACROSS
from audience_impact.facts.surprises import levels
from audience_impact.facts.surprises.saying import apart, findings, number, times
from audience_impact.facts.tables import Finding, Tables
from audience_impact.populations import EVERYONE, ONLINE, ONLINE_12_PLUS, are_regions
from audience_impact.vocabulary import FindingSeverity

SERIES = ["area_id", "population_base", "measurement_series_id"]
USERS, RESIDENTS, OF_PLACES = ("users", "residents", "of places")
"""People online, all people of a country, all people of a place in one."""
SPREADS = {USERS: (0.04, 0.01), RESIDENTS: (0.002, 0.002), OF_PLACES: (0.007, 0.002)}
"""Deviation of a month and of a printed number."""
LIMITS = {USERS: 16.0, RESIDENTS: 10.0, OF_PLACES: 10.0}
RANGE_LIMITS = {USERS: 11.0, RESIDENTS: 6.0, OF_PLACES: 6.0}
RANGE_SPREADS = {USERS: (0.03, 0.01), RESIDENTS: (0.006, 0.006), OF_PLACES: (0.006, 0.006)}
PUBLISHED = ["area_id", "population_base"]
PUBLISHERS_ERROR = {USERS: 0.1, RESIDENTS: 0.05, OF_PLACES: 0.05}
PUBLISHERS_LIMIT = {USERS: 7.5, RESIDENTS: 10.0, OF_PLACES: 10.0}
RANGE_SLACK = 1.25
PARTS_LIMIT = 1.6
"""Log odds of an age group in its population, from the middle of all areas."""
LEAST_AREAS = 8
ONLINE_BASES = (ONLINE, ONLINE_12_PLUS)


def _leveled(bases: pd.DataFrame, column: str) -> pd.DataFrame:
    """Bases with `level` (people online: of residents), `moment`, `kind`, `stated`, `free`."""
    online = bases["population_base"].isin(ONLINE_BASES)
    everyone = bases[bases["population_base"] == EVERYONE]
    residents = levels.nearest_persons(bases[online], everyone, ["area_id"]).reindex(bases.index)
    # these columns alone: tens of thousands of rows are copied again and again
    rows = bases[[*SERIES, "period"]].assign(
        stated=bases[column],
        level=levels.level(bases[column], residents),
        free=levels.headroom(bases[column], residents),
        moment=levels.moment(bases),
        kind=np.select([online, are_regions(bases["area_id"])], [USERS, OF_PLACES], RESIDENTS),
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
        for kind, rows in _leveled(bases[bases[column].notna()], column).groupby("kind")
        for found in _unlike(bases, rows, column, str(kind))
    ]


def _unlike(bases: pd.DataFrame, rows: pd.DataFrame, column: str, kind: str) -> list[Finding]:
    is_range = column != "persons"
    month, error = (RANGE_SPREADS if is_range else SPREADS)[kind]
    limit = (RANGE_LIMITS if is_range else LIMITS)[kind]
    near = levels.surprise(rows, SERIES, month, error / rows["free"], limit)
    odd = rows.assign(**near)[levels.beyond(near, limit)]
    return findings(
        "bases",
        bases,
        "base_unlike_neighbours",
        odd,
        column,
        lambda row: _beside(row, rows, SERIES),
    )


def _beside(row: Any, rows: pd.DataFrame, by: list[str]) -> str:
    series = levels.series_of(rows, by, row)
    near = series[series["moment"].isin([row.before, row.after])].sort_values("moment")
    told = ", ".join(f"{number(one.stated)} in {one.period}" for one in near.itertuples())
    return (
        f"{number(row.stated)} is {times(row.stated / near['stated'].mean())} what the years "
        f"around say: {told}; {abs(row.surprise):.1f} standard deviations"
    )


@ACROSS.rule(
    FindingSeverity.WARNING,
    "a base is far from what all publishers say of the time around",
    "compare both with their pages",
    "bases",
)
def base_unlike_publishers(tables: Tables) -> list[Finding]:
    """A base beside the last before and the first after of any publisher."""
    bases = tables["bases"]
    rows = _leveled(bases, "persons")
    rows = rows[rows["population_base"].isin([EVERYONE, ONLINE])]
    return [
        found for kind, own in rows.groupby("kind") for found in _unlike_all(bases, own, str(kind))
    ]


def _unlike_all(bases: pd.DataFrame, rows: pd.DataFrame, kind: str) -> list[Finding]:
    error = PUBLISHERS_ERROR[kind] / rows["free"]
    limit = PUBLISHERS_LIMIT[kind]
    near = levels.surprise(rows, PUBLISHED, SPREADS[kind][0], error, limit)
    odd = rows.assign(**near)[levels.beyond(near, limit)]
    return findings(
        "bases",
        bases,
        "base_unlike_publishers",
        odd,
        "persons",
        lambda row: _beside(row, rows, PUBLISHED),
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


@ACROSS.rule(
    FindingSeverity.WARNING,
    "the upper end of a base's range exceeds the population of its area",
    "correct the end of the range",
    "bases",
)
def range_above_population(tables: Tables) -> list[Finding]:
    """No range reaches beyond all the people of its area, themselves known within a quarter."""
    bases = tables["bases"]
    everyone = bases[bases["population_base"] == EVERYONE]
    residents = levels.nearest_persons(bases, everyone, ["area_id"])
    rows = bases.assign(residents=residents)
    odd = rows[rows["high_persons"] > RANGE_SLACK * rows["residents"]]
    return findings(
        "bases",
        bases,
        "range_above_population",
        odd,
        "high_persons",
        lambda row: f"at most {number(row.high_persons)} of {number(row.residents)} people",
    )
