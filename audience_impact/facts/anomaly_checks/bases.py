"""Denominators compared with neighbouring years, other publishers and other areas.

Method. As for figures. The ends of a range have separate series. The share of an age group in its
population is compared with that in all other areas.

Measured on 5,960 bases: the surprise of a population compared with neighbouring years is 4.6 at the
99th percentile, that of people online 3.6; compared with all publishers, 3.5 and 3.0.
"""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from audience_impact.facts.anomaly_checks import levels
from audience_impact.facts.anomaly_checks.accepted import (
    format_distance,
    format_number,
    format_ratio,
)
from audience_impact.facts.rules import ACROSS, Odd, report_rows, reports
from audience_impact.facts.tables import Finding, Tables
from audience_impact.frames import cache_last_frame
from audience_impact.populations import EVERYONE, ONLINE, ONLINE_12_PLUS, are_regions

SERIES = ["area_id", "population_base", "measurement_series_id"]
PUBLISHED = ["area_id", "population_base"]
USERS, RESIDENTS, OF_PLACES = range(3)
"""Bases to compare: people online, residents of a country, residents of a place in a country."""


class Limits(NamedTuple):
    """Standard deviations of a monthly change and of a printed number, and the limit of both.

    Each for USERS, RESIDENTS and OF_PLACES.
    """

    spread: tuple[float, float, float]
    error: tuple[float, float, float]
    limit: tuple[float, float, float]

    def add_to(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return rows with the limits of their kind, the error as one of levels."""
        spread, error, limit = (np.array(values)[rows["kind"]] for values in self)
        return rows.assign(spread=spread, error=error / rows["free"], limit=limit)


OF_NUMBERS = Limits((0.04, 0.002, 0.007), (0.01, 0.002, 0.002), (16.0, 10.0, 10.0))
OF_RANGES = Limits((0.03, 0.006, 0.006), (0.01, 0.006, 0.006), (11.0, 6.0, 6.0))
OF_PUBLISHERS = Limits((0.04, 0.002, 0.007), (0.1, 0.05, 0.05), (7.5, 10.0, 10.0))
NUMBERS = {"persons": OF_NUMBERS, "low_persons": OF_RANGES, "high_persons": OF_RANGES}
RANGE_SLACK = 1.25
PARTS_LIMIT = 1.6
"""Maximum distance, in log odds, of the share of an age group from the median of all areas."""
LEAST_AREAS = 8
ONLINE_BASES = (ONLINE, ONLINE_12_PLUS)


@cache_last_frame
def _describe_bases(bases: pd.DataFrame) -> pd.DataFrame:
    """Return what the rules of this module need of each base, whichever of its numbers they read.

    `residents` are those of its area, nearest in time; `series` and `published` are numbers of the
    series of its publisher, and of all publishers.
    """
    online = bases["population_base"].isin(ONLINE_BASES)
    everyone = bases[bases["population_base"] == EVERYONE]
    return pd.DataFrame(
        {
            "population_base": bases["population_base"],
            "period": bases["period"],
            "series": bases.groupby(SERIES, sort=False, dropna=False).ngroup(),
            "published": bases.groupby(PUBLISHED, sort=False, dropna=False).ngroup(),
            "residents": levels.find_nearest_persons(bases, everyone, ["area_id"]),
            "moment": levels.compute_moment(bases),
            "kind": np.select(
                [online, are_regions(bases["area_id"])], [USERS, OF_PLACES], RESIDENTS
            ),
        },
        bases.index,
    )


def _add_levels(bases: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return the bases that have a number, with `stated`, `level` and `free` of that number.

    The ends of ranges are levels among residents who are counted with a range.
    """
    rows = _describe_bases(bases)
    is_of_users = rows["kind"] == USERS
    universe = rows["residents"].where(is_of_users)
    if column != "persons":
        is_stated = bases[column].notna()
        everyone = bases[is_stated & (bases["population_base"] == EVERYONE)]
        users = bases[is_stated & is_of_users]
        universe = levels.find_nearest_persons(users, everyone, ["area_id"]).reindex(bases.index)
    rows = rows.assign(
        column=column,
        stated=bases[column],
        level=levels.compute_level(bases[column], universe),
        free=levels.compute_headroom(bases[column], universe),
    )
    return rows[rows["level"].notna()].reset_index(names="place")


@ACROSS.rule("bases")
def base_unlike_neighbours(tables: Tables) -> list[Finding]:
    """Compare a base, and the ends of its range, with the bases before and after it in time."""
    rows = [limits.add_to(_add_levels(tables["bases"], name)) for name, limits in NUMBERS.items()]
    # The ends of ranges are series of their own.
    rows = [part.assign(series=part["series"] * len(NUMBERS) + at) for at, part in enumerate(rows)]
    return _report_beyond("base_unlike_neighbours", tables, pd.concat(rows, ignore_index=True))


def _report_beyond(rule: str, tables: Tables, rows: pd.DataFrame) -> list[Finding]:
    """Return findings on the numbers whose surprise is above their limit."""
    odd = levels.select_beyond(rows).set_index("place")
    numbers = rows[["series", "moment", "stated", "period"]]
    return [
        finding
        for column, odd_rows in odd.groupby("column")
        for finding in report_rows(
            "bases",
            tables["bases"],
            rule,
            odd_rows,
            str(column),
            lambda row: _describe_neighbours(row, numbers),
        )
    ]


def _describe_neighbours(row: Any, rows: pd.DataFrame) -> str:
    series = rows[rows["series"] == row.series]
    near = series[series["moment"].isin([row.before, row.after])].sort_values("moment")
    statements = ", ".join(
        f"{format_number(stated)} in {period}"
        for stated, period in zip(near["stated"], near["period"], strict=True)
    )
    return (
        f"{format_number(row.stated)} is {format_ratio(row.stated / near['stated'].mean())} "
        f"what the years around say: {statements}; {abs(row.surprise):.1f} standard deviations"
    )


@ACROSS.rule("bases")
def base_unlike_publishers(tables: Tables) -> list[Finding]:
    """Compare a base with those of any publisher before and after it in time."""
    rows = _add_levels(tables["bases"], "persons")
    rows = rows[rows["population_base"].isin([EVERYONE, ONLINE])]
    rows = OF_PUBLISHERS.add_to(rows.assign(series=rows["published"]))
    return _report_beyond("base_unlike_publishers", tables, rows)


@reports("bases", "persons")
def age_group_unlike_areas(tables: Tables) -> Odd:
    """Compare an age group's part of all residents with the median of all areas."""
    bases = tables["bases"]
    described = _describe_bases(bases)
    rows = described[["population_base"]].assign(
        persons=bases["persons"],
        level=levels.compute_level(bases["persons"], described["residents"]),
    )
    is_of_ages = bases["population_base"].str.startswith("age_")
    rows = rows[is_of_ages & described["residents"].notna()]
    groups = rows.groupby("population_base")["level"]
    rows = rows.assign(apart=rows["level"] - groups.transform("median"))
    is_comparable = groups.transform("size") >= LEAST_AREAS
    odd = rows[is_comparable & (rows["apart"].abs() > PARTS_LIMIT)]
    return (
        odd,
        lambda row: (
            f"{format_number(row.persons)} of {row.population_base} lie "
            f"{format_distance(row.apart)} the middle of all areas"
        ),
    )


@reports("bases", "high_persons")
def range_above_population(tables: Tables) -> Odd:
    """Report ranges above all people of their area, with RANGE_SLACK for error in that number."""
    bases = tables["bases"]
    rows = _describe_bases(bases)[["residents"]].assign(high_persons=bases["high_persons"])
    odd = rows[rows["high_persons"] > RANGE_SLACK * rows["residents"]]
    return (
        odd,
        lambda row: (
            f"at most {format_number(row.high_persons)} of {format_number(row.residents)} people"
        ),
    )
