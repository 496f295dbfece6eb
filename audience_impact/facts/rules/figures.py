"""Figures, denominators and shares against their relatives: warnings of typing errors.

Relatives of a figure are its neighbours in time, other pages of the same measurement, other
measurements, other areas, and the numbers of the measurer with the digits to which he rounds; those
of a denominator are neighbouring years, other publishers and other areas.

Method. The level of a figure is that of `levels`, with a share multiplied by its own population.
Each rule compares with one kind of related figure and has its own limit. The ends of a range have
separate series. The share of an age group in its population is compared with that in all other
areas.

Measured on 523 figures (limits are what hardly any exceeds): pages of one measurement differ by 1.8
% at the 99th percentile, 2 % at most; the surprise compared with neighbours in time exceeds 2.9 in
7 of 216; log odds between measurements of one service in one area within two years 2.25 at the
98th, with a daily audience 0.87 below a monthly one; between the areas of one service 2.7 at the
99th. On 5,960 bases: the surprise of a population compared with neighbouring years is 4.6 at the
99th percentile, that of people online 3.6; compared with all publishers, 3.5 and 3.0.

Known drawbacks. A figure without any related figure is not checked. A service that grows or shrinks
faster than others looks like an error; such warnings can be accepted.

Shares. The log odds of a share lie around the median of the others of its kind: in the facts at
most 1.4 from it where features are used, 2.7 where platforms are used together. Patterns of joint
use are a partition: their shares add up to one and their respondents to those of the survey, which
is exact in all surveys of the facts (rounding leaves a millionth). A pattern's weighted share
and its part of the respondents differ by the weights alone: from 30 respondents on by a factor 2.3
at most.
"""

import numpy as np
import pandas as pd

from audience_impact.facts.checks import check, check_each, format_message
from audience_impact.facts.rules import levels
from audience_impact.facts.rules.contradictions import READ_METRICS
from audience_impact.facts.tables import COUNTED, SERIES, Tables
from audience_impact.frames import cache_last_frame
from audience_impact.populations import EVERYONE, ONLINE, ONLINE_12_PLUS, are_regions
from audience_impact.vocabulary import AudienceMetric, PopulationBase, Unit

ENDS = "value|low|high"
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
def _add_levels(estimates: pd.DataFrame, bases: pd.DataFrame) -> pd.DataFrame:
    """Add `stated` (the middle of a range), `level`, `moment`, `free` and `is_daily` to figures.

    `persons` also converts shares, by the number of people in their population; NaN where the
    record has no count of it. `free` is the headroom; a share of a population without a count is
    its own universe. `series` is the number of the series.
    """
    stated = estimates["value"].fillna(np.sqrt(estimates["low"] * estimates["high"]))
    stated = stated.fillna(estimates["low"]).fillna(estimates["high"])
    columns = [*SERIES, "period", "period_start", "period_end", "value"]
    population = levels.find_population(estimates, bases)
    is_share = estimates["unit"] == Unit.SHARE.value
    alone = is_share & population.isna()
    persons = stated.where(~is_share | alone, stated * population)
    online, everyone = (
        levels.find_nearest_persons(estimates, bases[bases["population_base"] == name], ["area_id"])
        for name in (ONLINE, EVERYONE)
    )
    universe = online.fillna(everyone).mask(alone, 1.0)
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


@check("estimates", "value")
def _pages_differ(estimates: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    rows = _add_levels(estimates, tables["bases"])
    rows = rows[rows["value"].notna()]
    groups = rows.groupby(["series", "period"])
    middle = levels.compute_median_of_others(rows["value"], groups.ngroup())
    rows = rows.assign(other=middle, pages=groups["value"].transform("size") - 1)
    rows = rows.assign(ratio=rows["value"] / rows["other"])
    return rows[np.log(rows["ratio"]).abs() > PAGES_DIFFER]


@check("estimates", "value")
def _persons_unlike_share(estimates: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    rows = _add_levels(estimates, tables["bases"])
    rows = rows[rows["value"].notna()].reset_index(names="place")
    by = [name for name in (*SERIES, "period") if name not in ("unit", "population_base")]
    counted = rows[rows["unit"] == Unit.PERSONS.value]
    shares = rows[(rows["unit"] == Unit.SHARE.value) & (rows["persons"] > 0)]
    shares = shares.assign(most=PAGES_DIFFER + SHARE_ERROR / shares["value"])
    shares = shares.assign(log=np.log(shares["persons"]))
    # Of many shares, those that allow the fewest and the most persons.
    ends = [shares["log"] - shares["most"], -shares["log"] - shares["most"]]
    outer = [shares.loc[end.groupby([shares[name] for name in by]).idxmax()] for end in ends]
    compared = pd.concat(outer).drop_duplicates("place").sort_values("place")
    columns = [*by, "value", "persons", "most"]
    pairs = counted.merge(compared[columns], on=by, suffixes=("", "_of"))
    odd = pairs[np.log(pairs["persons"] / pairs["persons_of"]).abs() > pairs["most"]]
    return odd.drop_duplicates("place").set_index("place")


@check("estimates", ENDS)
def _figure_unlike_neighbours(estimates: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    rows = _add_levels(estimates, tables["bases"])
    is_reach = rows["unit"] == Unit.IDENTITIES.value
    error = is_reach.map({True: REACH_ERROR, False: PRINTED_ERROR}) / rows["free"]
    rows = rows.assign(spread=MONTH_SPREAD, error=error, limit=NEIGHBOURS_LIMIT)
    numbers = rows.drop_duplicates(["series", "moment"])
    return _describe_neighbours(levels.select_beyond(rows), numbers)


def _describe_neighbours(odd: pd.DataFrame, numbers: pd.DataFrame) -> pd.DataFrame:
    """Add what neighbours in time among `numbers` say, in words (`around`), and `ratio`."""
    around, ratio = [], []
    for row in odd.itertuples():
        is_near = numbers["moment"].isin([row.before, row.after])
        near = numbers[is_near & (numbers["series"] == row.series)].sort_values("moment")
        near = near[["stated", "period"]].assign(unit=getattr(row, "unit", Unit.PERSONS.value))
        says, cells = "{stated:number {unit}} in {period}", near.to_dict("records")
        around.append(", ".join(format_message(says, of_number) for of_number in cells))
        ratio.append(row.stated / near["stated"].mean())
    return odd.assign(around=around, ratio=ratio, surprise=odd["surprise"].abs())


@check("estimates", ENDS)
def _figure_unlike_measurements(estimates: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    rows = _select_comparable(estimates, tables)
    rows = rows.assign(monthly=rows["level"] + DAILY_BELOW_MONTHLY * rows["is_daily"])
    groups = rows.groupby(["platform_id", "area_id"])
    spread = groups["monthly"].transform("max") - groups["monthly"].transform("min")
    rows = rows.assign(group=groups.ngroup())[spread > RELATIVES_LIMIT].reset_index(names="place")
    numbers = rows[["place", "group", "series", "monthly", "moment"]]
    compared = []
    for pairs in levels.list_pairs(numbers, numbers, ["group"]):
        near = (pairs["moment"] - pairs["moment_of"]).abs() <= RELATIVES_MONTHS
        near &= pairs["series"] != pairs["series_of"]
        compared.append(pairs[near].groupby("place")["monthly_of"].agg(["size", "median"]))
    others = pd.concat(compared)
    rows = rows.set_index("place").assign(others_count=others["size"])
    rows = rows.assign(apart=rows["monthly"] - others["median"])
    return rows[rows["apart"].abs() > RELATIVES_LIMIT]


def _select_comparable(estimates: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Return the figures of all ages and sexes of a population that others count as well."""
    rows = _add_levels(estimates, tables["bases"])
    is_undivided = (rows["age"] == "") & (rows["sex"] == "") & rows["unit"].isin(COUNTED)
    return rows[is_undivided & (rows["population_base"] != PopulationBase.CUSTOM.value)]


@check("estimates", ENDS)
def _figure_unlike_areas(estimates: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    rows = _select_comparable(estimates, tables)
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
    is_far = rows["apart"].abs() > AREAS_LIMIT * spread
    return rows[is_far & (rows["others_count"] >= LEAST_AREAS)]


@check_each(*(("estimates", column) for column in ("value", "low", "high")), ("bases", "persons"))
def _finer_than_its_measurer(frame: pd.DataFrame, _: Tables, column: str) -> pd.DataFrame:
    """Select numbers with more digits than nearly all of their measurer and all of their page."""
    is_number = frame[column] > 0
    if "unit" in frame:
        is_number &= frame["unit"] != Unit.SHARE.value
    numbers, names = frame.loc[is_number, column], ["measurement_series_id", "source_id"]
    rows = frame.loc[is_number, names].assign(printed=numbers, digits=levels.count_digits(numbers))
    measurer, page = (rows.groupby(name)["digits"] for name in names)
    # Ranks from the finest: how many of a group have as many digits or more, the row included.
    as_fine, of_page = (
        group.rank(method="max", ascending=False).astype("int64") - 1 for group in (measurer, page)
    )
    rows = rows.assign(as_fine=as_fine, others_count=measurer.transform("size") - 1)
    rare = rows["as_fine"] <= FINE_SHARE * rows["others_count"]
    rounds = measurer.transform("median") < FINE_DIGITS
    enough = rounds & (rows["others_count"] >= LEAST_ROUNDED)
    return rows[(rows["digits"] >= FINE_DIGITS) & rare & enough & (of_page == 0)]


BASE_SERIES = ["area_id", "population_base", "measurement_series_id"]
USERS, RESIDENTS, OF_PLACES = range(3)
"""Bases to compare: people online, residents of a country, residents of a place in a country."""
Limits = dict[str, tuple[float, float, float]]
OF_NUMBERS: Limits = {
    "spread": (0.04, 0.002, 0.007), "error": (0.01, 0.002, 0.002), "limit": (16.0, 10.0, 10.0),
}  # fmt: skip
OF_RANGES: Limits = {
    "spread": (0.03, 0.006, 0.006), "error": (0.01, 0.006, 0.006), "limit": (11.0, 6.0, 6.0),
}  # fmt: skip
OF_PUBLISHERS: Limits = {
    "spread": (0.04, 0.002, 0.007), "error": (0.1, 0.05, 0.05), "limit": (7.5, 10.0, 10.0),
}  # fmt: skip
"""Standard deviations of a month's change and of a number, and their limit, by kind of base."""
NUMBERS = {"persons": OF_NUMBERS, "low_persons": OF_RANGES, "high_persons": OF_RANGES}
RANGE_SLACK = 1.25
PARTS_LIMIT = 1.6
"""Maximum distance, in log odds, of the share of an age group from the median of all areas."""
LEAST_AREAS_OF_AGES = 8


@cache_last_frame
def _describe_bases(bases: pd.DataFrame) -> pd.DataFrame:
    """Return what these rules need of each base, whichever of its numbers they read.

    `residents` are those of its area, nearest in time; `series` and `published` are numbers of the
    series of its publisher, and of all publishers.
    """
    online = bases["population_base"].isin([ONLINE, ONLINE_12_PLUS])
    everyone = bases[bases["population_base"] == EVERYONE]
    return bases[["population_base", "period", "persons", "high_persons"]].assign(
        series=bases.groupby(BASE_SERIES, sort=False, dropna=False).ngroup(),
        published=bases.groupby(BASE_SERIES[:2], sort=False, dropna=False).ngroup(),
        residents=levels.find_nearest_persons(bases, everyone, ["area_id"]),
        moment=levels.compute_moment(bases),
        kind=np.select([online, are_regions(bases["area_id"])], [USERS, OF_PLACES], RESIDENTS),
    )


def _add_base_levels(bases: pd.DataFrame, column: str, limits: Limits) -> pd.DataFrame:
    """Return bases with a number as `stated`, `level` and `free`, and `limits`; ends among ends."""
    rows = _describe_bases(bases)
    is_of_users = rows["kind"] == USERS
    universe = rows["residents"].where(is_of_users)
    if column != "persons":
        is_stated = bases[column].notna()
        everyone = bases[is_stated & (bases["population_base"] == EVERYONE)]
        users = bases[is_stated & is_of_users]
        universe = levels.find_nearest_persons(users, everyone, ["area_id"]).reindex(bases.index)
    free = levels.compute_headroom(bases[column], universe)
    of_kind = {name: np.array(values)[rows["kind"]] for name, values in limits.items()}
    rows = rows.assign(
        **of_kind | {"column": column, "free": free, "error": of_kind["error"] / free},
        stated=bases[column],
        level=levels.compute_level(bases[column], universe),
    )
    return rows[rows["level"].notna()].reset_index(names="place")


@check("bases", "persons")
def _base_unlike_neighbours(bases: pd.DataFrame, _: Tables) -> pd.DataFrame:
    rows = [_add_base_levels(bases, name, limits) for name, limits in NUMBERS.items()]
    # The ends of ranges are series of their own.
    rows = [part.assign(series=part["series"] * len(NUMBERS) + at) for at, part in enumerate(rows)]
    together = pd.concat(rows, ignore_index=True)
    return _describe_neighbours(levels.select_beyond(together).set_index("place"), together)


@check("bases", "persons")
def _base_unlike_publishers(bases: pd.DataFrame, _: Tables) -> pd.DataFrame:
    rows = _add_base_levels(bases, "persons", OF_PUBLISHERS)
    rows = rows[rows["population_base"].isin([EVERYONE, ONLINE])]
    rows = rows.assign(series=rows["published"])
    return _describe_neighbours(levels.select_beyond(rows).set_index("place"), rows)


@check("bases", "persons")
def _age_group_unlike_areas(bases: pd.DataFrame, _: Tables) -> pd.DataFrame:
    rows = _describe_bases(bases)
    rows = rows.assign(level=levels.compute_level(rows["persons"], rows["residents"]))
    rows = rows[rows["population_base"].str.startswith("age_") & rows["residents"].notna()]
    groups = rows.groupby("population_base")["level"]
    rows = rows.assign(apart=rows["level"] - groups.transform("median"))
    is_comparable = groups.transform("size") >= LEAST_AREAS_OF_AGES
    return rows[is_comparable & (rows["apart"].abs() > PARTS_LIMIT)]


@check("bases", "high_persons")
def _range_above_population(bases: pd.DataFrame, _: Tables) -> pd.DataFrame:
    rows = _describe_bases(bases)
    return rows[rows["high_persons"] > RANGE_SLACK * rows["residents"]]


LEAST_SHARES = 3
ROUNDING = 1e-4
WEIGHTS_FACTOR = 3.5
LEAST_RESPONDENTS = 30


@check_each(
    ("feature_use", "share", 2.2), ("circumvention", "share", 2.2), ("overlaps", "value", 3.0)
)
def _share_unlike_others(rows: pd.DataFrame, _: Tables, column: str, limit: float) -> pd.DataFrame:
    rows = rows[rows[column] > 0]
    if "unit" in rows:
        rows = rows[rows["unit"] == Unit.SHARE.value]
    level = levels.compute_level(rows[column], pd.Series(1.0, rows.index))
    groups = level.groupby(rows["kind"] if "kind" in rows else pd.Series("", rows.index))
    rows = rows.assign(apart=level - groups.transform("median"))
    return rows[(rows["apart"].abs() > limit) & (groups.transform("size") >= LEAST_SHARES)]


@check("surveys", "respondents")
def _patterns_incomplete(surveys: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    sums = tables["use_patterns"].groupby("survey_id")[["weighted_share", "respondents"]].sum()
    all_shares, counted = (
        surveys["survey_id"].map(sums[name]).astype("float64")
        for name in ("weighted_share", "respondents")
    )
    is_odd = (all_shares - 1.0).abs() > ROUNDING
    is_odd |= counted.notna() & (counted != surveys["respondents"])
    return surveys.assign(all_shares=all_shares, counted=counted)[is_odd]


@check("use_patterns", "weighted_share")
def _pattern_unlike_respondents(patterns: pd.DataFrame, _: Tables) -> pd.DataFrame:
    respondents = patterns["respondents"]
    part = respondents / respondents.groupby(patterns["survey_id"]).transform("sum")
    ratio = np.log(patterns["weighted_share"].where(patterns["weighted_share"] > 0) / part)
    is_odd = (respondents >= LEAST_RESPONDENTS) & (ratio.abs() > np.log(WEIGHTS_FACTOR))
    return patterns.assign(part=part)[is_odd]
