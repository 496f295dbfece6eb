"""Denominators compared with neighbouring years, other publishers and other areas.

Method. As for figures. The ends of a range have separate series. The share of an age group in its
population is compared with that in all other areas.

Measured on 5,960 bases: the surprise of a population compared with neighbouring years is 4.6 at the
99th percentile, that of people online 3.6; compared with all publishers, 3.5 and 3.0.
"""

from typing import Any

import numpy as np
import pandas as pd

from audience_impact.facts.anomaly_checks import levels
from audience_impact.facts.anomaly_checks.accepted import (
    format_distance,
    format_number,
    format_ratio,
    report_rows,
)
from audience_impact.facts.rules import ACROSS
from audience_impact.facts.tables import Finding, Tables
from audience_impact.populations import EVERYONE, ONLINE, ONLINE_12_PLUS, are_regions
from audience_impact.vocabulary import FindingSeverity

SERIES = ["area_id", "population_base", "measurement_series_id"]
USERS, RESIDENTS, OF_PLACES = ("users", "residents", "of places")
"""Bases to compare: people online, residents of a country, residents of a place in a country."""
SPREADS = {USERS: (0.04, 0.01), RESIDENTS: (0.002, 0.002), OF_PLACES: (0.007, 0.002)}
"""Standard deviations of a monthly change and of a printed number."""
LIMITS = {USERS: 16.0, RESIDENTS: 10.0, OF_PLACES: 10.0}
RANGE_LIMITS = {USERS: 11.0, RESIDENTS: 6.0, OF_PLACES: 6.0}
RANGE_SPREADS = {USERS: (0.03, 0.01), RESIDENTS: (0.006, 0.006), OF_PLACES: (0.006, 0.006)}
PUBLISHED = ["area_id", "population_base"]
PUBLISHERS_ERROR = {USERS: 0.1, RESIDENTS: 0.05, OF_PLACES: 0.05}
PUBLISHERS_LIMIT = {USERS: 7.5, RESIDENTS: 10.0, OF_PLACES: 10.0}
RANGE_SLACK = 1.25
PARTS_LIMIT = 1.6
"""Maximum distance, in log odds, of the share of an age group from the median of all areas."""
LEAST_AREAS = 8
ONLINE_BASES = (ONLINE, ONLINE_12_PLUS)


def _add_levels(bases: pd.DataFrame, column: str) -> pd.DataFrame:
    """Add the columns by which bases are compared: `level`, `moment`, `kind`, `stated`, `free`."""
    online = bases["population_base"].isin(ONLINE_BASES)
    everyone = bases[bases["population_base"] == EVERYONE]
    residents = levels.find_nearest_persons(bases[online], everyone, ["area_id"]).reindex(
        bases.index
    )
    # these columns alone: tens of thousands of rows are copied again and again
    rows = bases[[*SERIES, "period"]].assign(
        stated=bases[column],
        level=levels.compute_level(bases[column], residents),
        free=levels.compute_headroom(bases[column], residents),
        moment=levels.compute_moment(bases),
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
    """Compare a base, and the ends of its range, with the bases before and after it in time."""
    bases = tables["bases"]
    return [
        finding
        for column in ("persons", "low_persons", "high_persons")
        for kind, rows in _add_levels(bases[bases[column].notna()], column).groupby("kind")
        for finding in _report_unlike_neighbours(bases, rows, column, str(kind))
    ]


def _report_unlike_neighbours(
    bases: pd.DataFrame, rows: pd.DataFrame, column: str, kind: str
) -> list[Finding]:
    is_range = column != "persons"
    month, error = (RANGE_SPREADS if is_range else SPREADS)[kind]
    limit = (RANGE_LIMITS if is_range else LIMITS)[kind]
    near = levels.measure_surprise(rows, SERIES, month, error / rows["free"], limit)
    odd = rows.assign(**near)[levels.is_beyond(near, limit)]
    return report_rows(
        "bases",
        bases,
        "base_unlike_neighbours",
        odd,
        column,
        lambda row: _describe_neighbours(row, rows, SERIES),
    )


def _describe_neighbours(row: Any, rows: pd.DataFrame, by: list[str]) -> str:
    series = levels.select_series(rows, by, row)
    near = series[series["moment"].isin([row.before, row.after])].sort_values("moment")
    statements = ", ".join(
        f"{format_number(base.stated)} in {base.period}" for base in near.itertuples()
    )
    return (
        f"{format_number(row.stated)} is {format_ratio(row.stated / near['stated'].mean())} "
        f"what the years around say: {statements}; {abs(row.surprise):.1f} standard deviations"
    )


@ACROSS.rule(
    FindingSeverity.WARNING,
    "a base is far from what all publishers say of the time around",
    "compare both with their pages",
    "bases",
)
def base_unlike_publishers(tables: Tables) -> list[Finding]:
    """Compare a base with those of any publisher before and after it in time."""
    bases = tables["bases"]
    rows = _add_levels(bases, "persons")
    rows = rows[rows["population_base"].isin([EVERYONE, ONLINE])]
    return [
        finding
        for kind, rows_of_kind in rows.groupby("kind")
        for finding in _report_unlike_publishers(bases, rows_of_kind, str(kind))
    ]


def _report_unlike_publishers(bases: pd.DataFrame, rows: pd.DataFrame, kind: str) -> list[Finding]:
    error = PUBLISHERS_ERROR[kind] / rows["free"]
    limit = PUBLISHERS_LIMIT[kind]
    near = levels.measure_surprise(rows, PUBLISHED, SPREADS[kind][0], error, limit)
    odd = rows.assign(**near)[levels.is_beyond(near, limit)]
    return report_rows(
        "bases",
        bases,
        "base_unlike_publishers",
        odd,
        "persons",
        lambda row: _describe_neighbours(row, rows, PUBLISHED),
    )


@ACROSS.rule(
    FindingSeverity.WARNING,
    "an age group is a part of its population as in hardly any other area",
    "compare the number with its page; a digit or the base may be wrong",
    "bases",
)
def age_group_unlike_areas(tables: Tables) -> list[Finding]:
    """Compare an age group's part of all residents with the median of all areas."""
    bases = tables["bases"]
    ages = bases[bases["population_base"].str.startswith("age_")]
    everyone = bases[bases["population_base"] == EVERYONE]
    residents = levels.find_nearest_persons(ages, everyone, ["area_id"])
    rows = ages.assign(level=levels.compute_level(ages["persons"], residents))[residents.notna()]
    groups = rows.groupby("population_base")["level"]
    rows = rows.assign(apart=rows["level"] - groups.transform("median"))
    is_comparable = groups.transform("size") >= LEAST_AREAS
    odd = rows[is_comparable & (rows["apart"].abs() > PARTS_LIMIT)]
    return report_rows(
        "bases",
        bases,
        "age_group_unlike_areas",
        odd,
        "persons",
        lambda row: (
            f"{format_number(row.persons)} of {row.population_base} lie "
            f"{format_distance(row.apart)} the middle of all areas"
        ),
    )


@ACROSS.rule(
    FindingSeverity.WARNING,
    "the upper end of a base's range exceeds the population of its area",
    "correct the end of the range",
    "bases",
)
def range_above_population(tables: Tables) -> list[Finding]:
    """Report ranges above all people of their area, with RANGE_SLACK for error in that number."""
    bases = tables["bases"]
    everyone = bases[bases["population_base"] == EVERYONE]
    residents = levels.find_nearest_persons(bases, everyone, ["area_id"])
    rows = bases.assign(residents=residents)
    odd = rows[rows["high_persons"] > RANGE_SLACK * rows["residents"]]
    return report_rows(
        "bases",
        bases,
        "range_above_population",
        odd,
        "high_persons",
        lambda row: (
            f"at most {format_number(row.high_persons)} of {format_number(row.residents)} people"
        ),
    )
