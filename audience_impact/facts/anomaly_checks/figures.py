"""Audience figures against their relatives, and shares against the others of their table.

Relatives of a figure are its neighbours in time, other pages of the same measurement, other
measurements, other areas, and the numbers of the measurer with the digits to which he rounds.

Method. The level of a figure is that of `levels`, with a share multiplied by its own population.
Each rule compares with one kind of related figure and has its own limit.

Measured on 523 figures (limits are what hardly any exceeds): pages of one measurement differ by 1.8
% at the 99th percentile, 2 % at most; the surprise compared with neighbours in time exceeds 2.9 in
7 of 216; log odds between measurements of one service in one area within two years 2.25 at the
98th, with a daily audience 0.87 below a monthly one; between the areas of one service 2.7 at the
99th.

Known drawbacks. A figure without any related figure is not checked. A service that grows or shrinks
faster than others looks like an error; such warnings can be accepted.

Shares. The log odds of a share lie around the median of the others of its kind: in the facts at
most 1.4 from it where features are used, 2.7 where platforms are used together. Patterns of joint
use are a partition: their shares add up to one and their respondents to those of the survey, which
is exact in all surveys of the facts (rounding leaves a millionth). A pattern's weighted share
and its part of the respondents differ by the weights alone: from 30 respondents on by a factor 2.3
at most.
"""

from typing import Any

import numpy as np
import pandas as pd

from audience_impact.facts.anomaly_checks import levels
from audience_impact.facts.anomaly_checks.accepted import (
    format_distance,
    format_number,
    format_ratio,
)
from audience_impact.facts.rules import ACROSS, READ_METRICS, Odd, report_rows, reports
from audience_impact.facts.tables import COUNTED, SERIES, Finding, Tables
from audience_impact.frames import cache_last_frame
from audience_impact.vocabulary import AudienceMetric, PopulationBase, Unit

KINDS = {
    "feature_use": ("share", [], 2.2),
    "circumvention": ("share", [], 2.2),
    "overlaps": ("value", ["kind"], 3.0),
}
"""For each table the column of the share, the columns that define its kind, and the limit in log
odds from the median of the kind.
"""
LEAST_SHARES = 3
ROUNDING = 1e-4
WEIGHTS_FACTOR = 3.5
LEAST_RESPONDENTS = 30


@ACROSS.rule(*KINDS)
def share_unlike_others(tables: Tables) -> list[Finding]:
    """Compare shares of feature users, of circumventors and of joint use with their kind."""
    findings = []
    for table, (column, kind, limit) in KINDS.items():
        frame = tables[table]
        rows = frame[frame[column] > 0]
        if "unit" in rows:
            rows = rows[rows["unit"] == Unit.SHARE.value]
        ones = pd.Series(1.0, rows.index)
        rows = rows.assign(level=levels.compute_level(rows[column], ones), all_="")
        groups = rows.groupby([*kind, "all_"])["level"]
        rows = rows.assign(
            apart=rows["level"] - groups.transform("median"), size=groups.transform("size")
        )
        odd = (rows["apart"].abs() > limit) & (rows["size"] >= LEAST_SHARES)
        findings += report_rows(
            table,
            frame,
            "share_unlike_others",
            rows[odd],
            column,
            lambda row: f"lies {format_distance(row.apart)} the middle of all shares of its kind",
        )
    return findings


@reports("surveys", "respondents")
def patterns_incomplete(tables: Tables) -> Odd:
    """Compare the sum of shares of patterns with 1, and that of counts with the respondents."""
    surveys = tables["surveys"]
    sums = tables["use_patterns"].groupby("survey_id")[["weighted_share", "respondents"]].sum()
    rows = surveys.assign(
        all_shares=surveys["survey_id"].map(sums["weighted_share"]).astype("float64"),
        counted=surveys["survey_id"].map(sums["respondents"]).astype("float64"),
    )
    odd = (rows["all_shares"] - 1.0).abs() > ROUNDING
    odd |= rows["counted"].notna() & (rows["counted"] != rows["respondents"])
    return (
        rows[odd],
        lambda row: (
            f"its patterns add up to a share of {row.all_shares:.6g} and to {row.counted:.0f} of "
            f"{row.respondents:.0f} respondents"
        ),
    )


@reports("use_patterns", "weighted_share")
def pattern_unlike_respondents(tables: Tables) -> Odd:
    """Compare the weighted share of a pattern with its part of the respondents."""
    patterns = tables["use_patterns"]
    all_ = patterns.groupby("survey_id")["respondents"].transform("sum")
    rows = patterns.assign(part=patterns["respondents"] / all_)
    ratio = np.log(rows["weighted_share"].where(rows["weighted_share"] > 0) / rows["part"])
    many = rows["respondents"] >= LEAST_RESPONDENTS
    odd = rows[many & (ratio.abs() > np.log(WEIGHTS_FACTOR))]
    return (
        odd,
        lambda row: f"a share of {row.weighted_share:.3g}, and {row.part:.3g} of the respondents",
    )


PAGES_DIFFER = 0.021
"""Maximum difference, in logs, between the figures that pages print of one measurement."""
SHARE_ERROR = 0.0005
"""Rounding error of a share: half a unit of the last digit, as most are printed."""
MONTH_SPREAD = 0.2
PRINTED_ERROR = 0.01
REACH_ERROR = 0.07
"""Error of advertising reach, which its publishers revise."""
NEIGHBOURS_LIMIT = 2.9
RELATIVES_LIMIT = 3.8
"""Maximum difference between related figures, in log odds."""
AREAS_LIMIT = 5.6
AREA_SPREAD = 1.24
"""Standard deviation of the log odds between areas, of all services together."""
DAILY_BELOW_MONTHLY = 0.87
RELATIVES_MONTHS = 24
LEAST_AREAS = 4
FINE_DIGITS = 4
LEAST_ROUNDED = 8
FINE_SHARE = 0.04
"""Share of a measurer's numbers with as many significant digits below which such digits are odd."""
DAILY = (*READ_METRICS["daily"], AudienceMetric.SURVEY_DAILY.value)


@cache_last_frame
def add_levels(estimates: pd.DataFrame, bases: pd.DataFrame) -> pd.DataFrame:
    """Add `stated` (the middle of a range), `level`, `moment`, `free` and `is_daily` to figures.

    `persons` also converts shares, by the number of people in their population; NaN where nobody
    counted it. `free` is the headroom; a share of a population that nobody counted is its own
    universe. `series` is the number of the series.
    """
    stated = estimates["value"].fillna(np.sqrt(estimates["low"] * estimates["high"]))
    stated = stated.fillna(estimates["low"]).fillna(estimates["high"])
    columns = [*SERIES, "period", "period_start", "period_end", "value"]
    by = ["area_id", "population_base"]
    population = levels.find_nearest_persons(estimates, bases, [*by, "measurement_series_id"])
    population = population.fillna(levels.find_nearest_persons(estimates, bases, by))
    is_share = estimates["unit"] == Unit.SHARE.value
    alone = is_share & population.isna()
    persons = stated.where(~is_share | alone, stated * population)
    universe = levels.count_universe(estimates, bases).mask(alone, 1.0)
    # These columns alone: all others would be copied again and again.
    leveled = estimates[columns].assign(
        series=estimates.groupby(SERIES, dropna=False).ngroup(),
        stated=stated,
        persons=persons.mask(alone),
        level=levels.compute_level(persons, universe),
        free=levels.compute_headroom(persons, universe),
        moment=levels.compute_moment(estimates),
        is_daily=estimates["audience_metric"].isin(DAILY),
    )
    return leveled[leveled["level"].notna() & leveled["moment"].notna()]


@reports("estimates", "value")
def pages_differ(tables: Tables) -> Odd:
    """Compare a figure with the median of other pages that print the same measurement."""
    rows = add_levels(tables["estimates"], tables["bases"])
    rows = rows[rows["value"].notna()].reset_index(names="place")
    by = ["series", "period"]
    pairs = rows[[*by, "place"]].merge(rows[[*by, "place", "value"]], on=by, suffixes=("", "_of"))
    others = pairs[pairs["place"] != pairs["place_of"]].groupby("place")["value"]
    rows = rows.set_index("place").assign(other=others.median(), pages=others.size())
    odd = rows[np.log(rows["value"] / rows["other"]).abs() > PAGES_DIFFER]
    return (
        odd,
        lambda row: (
            f"{format_number(row.value, row.unit)} is {format_ratio(row.value / row.other)} the "
            f"{format_number(row.other, row.unit)} that {row.pages:.0f} "
            f"other pages print for {row.period}"
        ),
    )


@reports("estimates", "value")
def persons_unlike_share(tables: Tables) -> Odd:
    """Compare persons with the share that the same measurer prints, times its population."""
    rows = add_levels(tables["estimates"], tables["bases"])
    rows = rows[rows["value"].notna()].reset_index(names="place")
    by = [name for name in (*SERIES, "period") if name not in ("unit", "population_base")]
    counted = rows[rows["unit"] == Unit.PERSONS.value]
    shares = rows[(rows["unit"] == Unit.SHARE.value) & rows["persons"].notna()]
    pairs = counted.merge(shares[[*by, "value", "persons"]], on=by, suffixes=("", "_of"))
    most = PAGES_DIFFER + SHARE_ERROR / pairs["value_of"]
    odd = pairs[np.log(pairs["persons"] / pairs["persons_of"]).abs() > most]
    return (
        odd.drop_duplicates("place").set_index("place"),
        lambda row: (
            f"{format_number(row.value)} are not {format_number(row.value_of, 'share')} of "
            f"their population, which are {format_number(row.persons_of)}"
        ),
    )


@reports("estimates", "value")
def figure_unlike_neighbours(tables: Tables) -> Odd:
    """Compare a figure with the figures before and after it in its series."""
    rows = add_levels(tables["estimates"], tables["bases"])
    rows = rows.assign(
        spread=MONTH_SPREAD, error=_compute_printed_error(rows), limit=NEIGHBOURS_LIMIT
    )
    odd = levels.select_beyond(rows)
    numbers = rows[["series", "moment", "stated", "period"]]
    return odd, lambda row: _describe_neighbours(row, numbers)


def _compute_printed_error(rows: pd.DataFrame) -> "pd.Series[float]":
    """Return the standard deviation of a printed number, as a level."""
    is_reach = rows["unit"] == Unit.IDENTITIES.value
    return is_reach.map({True: REACH_ERROR, False: PRINTED_ERROR}) / rows["free"]


def _describe_neighbours(row: Any, rows: pd.DataFrame) -> str:
    """Return a message with the neighbours, their periods and the surprise."""
    series = rows[rows["series"] == row.series]
    near = series[series["moment"].isin([row.before, row.after])]
    figures = near.drop_duplicates("moment").sort_values("moment")
    statements = ", ".join(
        f"{format_number(stated, row.unit)} in {period}"
        for stated, period in zip(figures["stated"], figures["period"], strict=True)
    )
    ratio = row.stated / figures["stated"].median()
    return (
        f"{format_number(row.stated, row.unit)} is {format_ratio(ratio)} what the periods "
        f"around say: {statements}; {abs(row.surprise):.1f} standard deviations"
    )


@reports("estimates", "value")
def figure_unlike_measurements(tables: Tables) -> Odd:
    """Compare a figure with other measurers, metrics and units within two years."""
    rows = add_levels(tables["estimates"], tables["bases"])
    rows = rows[rows["unit"].isin(COUNTED) & (rows["age"] == "") & (rows["sex"] == "")]
    rows = rows[rows["population_base"] != PopulationBase.CUSTOM.value]
    rows = rows.assign(monthly=rows["level"] + DAILY_BELOW_MONTHLY * rows["is_daily"]).reset_index(
        names="place"
    )
    columns = ["place", "platform_id", "area_id", "series", "monthly", "moment"]
    pairs = rows[columns].merge(rows[columns], on=["platform_id", "area_id"], suffixes=("", "_of"))
    near = (pairs["moment"] - pairs["moment_of"]).abs() <= RELATIVES_MONTHS
    others = pairs[near & (pairs["series"] != pairs["series_of"])].groupby("place")["monthly_of"]
    rows = rows.set_index("place").assign(other=others.median(), others_count=others.size())
    rows = rows.assign(apart=rows["monthly"] - rows["other"])
    odd = rows[rows["apart"].abs() > RELATIVES_LIMIT]
    return odd, lambda row: _describe_far_figure(row, "other measurements in the area")


def _describe_far_figure(row: Any, others: str) -> str:
    return (
        f"{format_number(row.stated, row.unit)} lies {format_distance(row.apart)} "
        f"the middle of {row.others_count:.0f} {others}"
    )


@reports("estimates", "value")
def figure_unlike_areas(tables: Tables) -> Odd:
    """Compare a figure's share of the people online with that in other areas."""
    rows = add_levels(tables["estimates"], tables["bases"])
    is_undivided = (rows["age"] == "") & (rows["sex"] == "") & rows["unit"].isin(COUNTED)
    rows = rows[is_undivided & (rows["population_base"] != PopulationBase.CUSTOM.value)]
    by = ["platform_id", "is_daily"]
    areas = rows.groupby([*by, "area_id"])["level"].median().reset_index()
    services = areas.groupby(by)["level"]
    areas = areas.assign(size=services.transform("size"), rough=services.transform("median"))
    areas["rough"] = (areas["level"] - areas["rough"]).abs()
    # The median of a service with an area less lies between its neighbours in rank: as itself.
    about = areas.groupby(by).agg(
        other=("level", "median"), others_count=("size", "first"), rough=("rough", "median")
    )
    rows = rows.join(about, on=by)
    rows = rows.assign(apart=rows["level"] - rows["other"], others_count=rows["others_count"] - 1)
    spread = levels.pool_spreads(AREA_SPREAD, rows["others_count"], rows["rough"])
    odd = rows["apart"].abs() > AREAS_LIMIT * spread
    odd = rows[odd & (rows["others_count"] >= LEAST_AREAS)]
    return odd, lambda row: _describe_far_figure(row, "other areas")


def count_digits(values: "pd.Series[float]") -> "pd.Series[int]":
    """Return the significant digits of printed numbers: 96,500,000 has three."""
    return values.map(lambda value: len(f"{value:.0f}".rstrip("0")))


@ACROSS.rule("estimates", "bases")
def finer_than_its_measurer(tables: Tables) -> list[Finding]:
    """Report numbers with more digits than their measurer and page print."""
    estimates = tables["estimates"]
    numbers = {
        "estimates": estimates[estimates["unit"] != Unit.SHARE.value],
        "bases": tables["bases"],
    }
    columns = {"estimates": ("value", "low", "high"), "bases": ("persons",)}
    return [
        finding
        for table, frame in numbers.items()
        for column in columns[table]
        for finding in report_rows(
            table,
            frame,
            "finer_than_its_measurer",
            _select_finer(frame[["measurement_series_id", "source_id", column]], column),
            column,
            lambda row: (
                f"{row.printed:,.0f} has {row.digits} significant digits, as {row.as_fine} of "
                f"{row.others_count} other numbers of its measurer and none of its page"
            ),
        )
    ]


def _select_finer(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return numbers with more digits than most of their measurer; `as_fine`, `others_count`."""
    frame = frame[frame[column] > 0]
    rows = frame.assign(printed=frame[column], digits=count_digits(frame[column]))
    measurer, page = (
        rows.groupby(name)["digits"] for name in ("measurement_series_id", "source_id")
    )
    # Ranks from the finest: how many of a group have as many digits or more, the row included.
    as_fine = measurer.rank(method="max", ascending=False).astype("int64") - 1
    of_page = page.rank(method="max", ascending=False).astype("int64") - 1
    rows = rows.assign(as_fine=as_fine, others_count=measurer.transform("size") - 1)
    rare = rows["as_fine"] <= FINE_SHARE * rows["others_count"]
    rounds = measurer.transform("median") < FINE_DIGITS
    enough = rounds & (rows["others_count"] >= LEAST_ROUNDED)
    return rows[(rows["digits"] >= FINE_DIGITS) & rare & enough & (of_page == 0)]
