"""Numbers and references that contradict each other, whatever their size: most are errors."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from audience_impact.facts.checks import check
from audience_impact.facts.rules import levels
from audience_impact.facts.tables import Tables
from audience_impact.periods import WINDOW_DAYS
from audience_impact.populations import EVERYONE, PARENTS, parents_of
from audience_impact.vocabulary import ONLINE_YEARS, PlatformKind, Unit

READ_METRICS = {
    "daily": ("daily_reach", "avg_daily_reach", "dau"),
    "weekly": ("weekly_reach", "wau"),
    "monthly": ("monthly_reach", "mau"),
}
ROUNDING = 1e-3
"""Excess over 1 of rounded shares that add up to it."""
MOST_ACCOUNTS = 3.0
"""Accounts of a service for each person, beyond which a number is no count of them: the highest on
record is 1.1."""
VINTAGES_DIFFER = 1.05
"""Ratio of two counts of the same residents from which they are no two vintages of one."""
ACCOUNTS = (Unit.ACCOUNTS.value, Unit.IDENTITIES.value)
DEEPEST = 12
"""Maximum depth of nested places."""
ENDS = "value|high|low"


def _select_excess(
    figures: pd.DataFrame, bases: pd.DataFrame, by: list[str], times: float = 1.0
) -> pd.DataFrame:
    """Return the figures that exceed `times` the base that agrees in `by`, the nearest in time.

    `stated` is the number of a figure; the result has `limit` and `of_base_id` of the base.
    """
    nearest = levels.find_nearest_bases(figures, bases, by).set_axis(
        ["limit", "of_base_id", "gap", "apart"], axis=1
    )
    joined = figures.join(nearest, how="inner")
    return joined[joined["stated"] > times * joined["limit"]]


def _select_excess_of_measurer(
    figures: pd.DataFrame, bases: pd.DataFrame, choose_bases: Callable[[str], tuple[str, ...]]
) -> pd.DataFrame:
    """Return the figures above a base of the same measurer within a year, each with the nearest."""
    wide = figures.assign(population_base=figures["population_base"].map(choose_bases))
    wide = wide.explode("population_base").dropna(subset=["population_base"])
    by = ["area_id", "population_base", "measurement_series_id"]
    over = _select_excess(wide.reset_index(names="place"), bases, by)
    over = over[over["gap"] <= WINDOW_DAYS].sort_values(["gap", "apart", "of_base_id"])
    return over.drop_duplicates("place").set_index("place")


def _select_excess_of_residents(
    figures: pd.DataFrame, tables: Tables, times: float = 1.0
) -> pd.DataFrame:
    bases = tables["bases"]
    residents = bases[bases["population_base"] == EVERYONE]
    return _select_excess(figures, residents, ["area_id"], times)


def _state_largest_number(figures: pd.DataFrame) -> pd.DataFrame:
    """Add `stated`: the value, else the upper, else the lower end."""
    stated = figures["value"].fillna(figures["high"]).fillna(figures["low"])
    return figures.assign(stated=stated)


def _select_persons(estimates: pd.DataFrame) -> pd.DataFrame:
    return _state_largest_number(estimates[estimates["unit"] == Unit.PERSONS.value])


@check("estimates", ENDS)
def estimate_above_base(tables: Tables) -> pd.DataFrame:
    """Select audiences above their base, or one that contains it, by the same measurer."""
    return _select_excess_of_measurer(
        _select_persons(tables["estimates"]),
        tables["bases"],
        lambda name: (name, *PARENTS.get(name, ())),
    )


@check("estimates", ENDS)
def above_population(tables: Tables) -> pd.DataFrame:
    """Select audiences larger than all the people of their area."""
    return _select_excess_of_residents(_select_persons(tables["estimates"]), tables)


@check("estimates", ENDS)
def accounts_above_people(tables: Tables) -> pd.DataFrame:
    """Select accounts of single services beyond MOST_ACCOUNTS times the people of their area.

    Services that are counted together may have any number of accounts a person.
    """
    estimates, platforms = tables["estimates"], tables["platforms"]
    groups = platforms.loc[platforms["kind"] == PlatformKind.GROUP.value, "platform_id"]
    accounts = estimates[estimates["unit"].isin(ACCOUNTS) & ~estimates["platform_id"].isin(groups)]
    accounts = accounts.assign(stated=accounts[["value", "low", "high"]].max(axis=1))
    return _select_excess_of_residents(accounts, tables, MOST_ACCOUNTS)


@check("bases", "persons")
def base_above_population(tables: Tables) -> pd.DataFrame:
    """Select bases above all people of their area, with a twentieth of slack for vintages."""
    bases = tables["bases"]
    parts = bases[bases["population_base"] != EVERYONE]
    return _select_excess_of_residents(
        parts.assign(stated=parts["persons"]), tables, VINTAGES_DIFFER
    )


@check("bases", "persons")
def base_above_parent(tables: Tables) -> pd.DataFrame:
    """Select bases larger than the base that contains them, by the same measurer."""
    bases = tables["bases"]
    stated = bases.assign(stated=bases["persons"])
    return _select_excess_of_measurer(stated, bases, lambda name: PARENTS.get(name, ()))


@check("bases", "persons")
def bases_contradict(tables: Tables) -> pd.DataFrame:
    """Select second numbers of one measurer for an area, a population and a period."""
    bases = tables["bases"]
    key = ["area_id", "population_base", "period", "measurement_series_id"]
    groups = bases[bases.duplicated(key, keep=False)].groupby(key)
    first, line = (groups[name].transform("first") for name in ("persons", "row_line"))
    repeated = bases.loc[first.index].assign(first=first, line=line)
    return repeated[repeated["persons"] != first]


@check("network_shares", "users_share")
def networks_above_users(tables: Tables) -> pd.DataFrame:
    """Select the largest network of each country and period whose shares exceed 1 together."""
    shares = tables["network_shares"].sort_values("users_share", ascending=False)
    key = ["area_id", "period"]
    total = shares.groupby(key)["users_share"].transform("sum")
    return shares.assign(total=total)[total > 1.0 + ROUNDING].drop_duplicates(key)


@check("estimates", "value")
def daily_above_monthly(tables: Tables) -> pd.DataFrame:
    """Select daily > weekly or weekly > monthly figures in one series and period."""
    spans = {metric: span for span, metrics in READ_METRICS.items() for metric in metrics}
    rows = _state_largest_number(tables["estimates"])
    rows = rows.assign(span=rows["audience_metric"].map(spans))
    key = [
        *("platform_id", "area_id", "measurement_series_id", "population_base", "period"),
        *("unit", "age", "sex", "activity_threshold"),
    ]
    above = []
    for short, long in (("daily", "weekly"), ("daily", "monthly"), ("weekly", "monthly")):
        ceiling = rows[rows["span"] == long].groupby(key)["stated"].max().rename("ceiling")
        lower = rows[rows["span"] == short].join(ceiling, on=key).assign(short=short, long=long)
        above.append(lower[lower["stated"] > lower["ceiling"]])
    return pd.concat(above)


@check("restrictions", "continues")
def step_out_of_order(tables: Tables) -> pd.DataFrame:
    """Select steps that do not start after the one that they continue."""
    restrictions = tables["restrictions"]
    starts = restrictions[["announced_on_start", "observed_from_start"]].min(axis=1)
    steps = restrictions[restrictions["continues"] != ""]
    earlier = starts.set_axis(restrictions["restriction_id"]).reindex(steps["continues"])
    return steps[~(starts[steps.index] > earlier.set_axis(steps.index))]


@check("areas", "parent_id")
def area_in_itself(tables: Tables) -> pd.DataFrame:
    """Select areas that contain themselves, at any depth, and unions that are their own member."""
    areas = tables["areas"]
    parents = parents_of(areas)
    above = dict(enumerate(areas["area_id"].tolist()))
    for _ in range(DEEPEST):
        above = {row: parent for row, area in above.items() if (parent := parents.get(area, ""))}
    is_above_itself = np.isin(np.arange(len(areas)), [*above])
    pairs = zip(areas["area_id"].tolist(), areas["members"].tolist(), strict=True)
    is_own_member = np.array([area in members.split(";") for area, members in pairs], dtype="bool")
    column = np.where(is_own_member, "members", "parent_id")
    return areas.assign(column=column)[is_above_itself | is_own_member]


@check("online_levels", "period")
def years_missing(tables: Tables) -> pd.DataFrame:
    """Select the first row of each country of which a fitted year is missing.

    A country without it has no levels, because a year is drawn from those around it.
    """
    rows = tables["online_levels"]
    years = rows["period_start"].dt.year.groupby(rows["area_id"])
    missing = {
        present.index[0]: ", ".join(map(str, sorted({*ONLINE_YEARS} - {*present})))
        for _, present in years
    }
    first = rows.loc[[*missing]].assign(missing=[*missing.values()])
    return first[first["missing"] != ""]


@check("sources", "url")
def source_without_address(tables: Tables) -> pd.DataFrame:
    """Select sources without an address on record."""
    return tables["sources"][tables["sources"]["url"] == ""]
