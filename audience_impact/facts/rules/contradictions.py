"""Numbers and references that contradict each other, whatever their size: most are errors."""

import numpy as np
import pandas as pd

from audience_impact.facts.checks import check
from audience_impact.facts.rules import levels
from audience_impact.facts.tables import Tables
from audience_impact.periods import ONE_DAY, WINDOW_DAYS
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
MOST_GROWTH = 1.2
"""Ends on record for each that durations were learned from, beyond which they are learned anew."""
DEEPEST = 12
"""Maximum depth of nested places."""
ENDS = "value|high|low"


def _select_excess(
    figures: pd.DataFrame, bases: pd.DataFrame, by: list[str], times: float = 1.0
) -> pd.DataFrame:
    """Return figures of which `stated` exceeds `times` the `limit`, their nearest base."""
    nearest = levels.find_nearest_bases(figures, bases, by)
    nearest = nearest.rename(columns={"persons": "limit", "base_id": "of_base_id"})
    joined = figures.join(nearest, how="inner")
    return joined[joined["stated"] > times * joined["limit"]]


def _select_excess_of_residents(
    figures: pd.DataFrame, tables: Tables, times: float = 1.0
) -> pd.DataFrame:
    bases = tables["bases"]
    residents = bases[bases["population_base"] == EVERYONE]
    return _select_excess(figures, residents, ["area_id"], times)


def _select_excess_of_measurer(figures: pd.DataFrame, bases: pd.DataFrame) -> pd.DataFrame:
    """Return figures above a base of the measurer, of those in `population_base`, within a year."""
    wide = figures.explode("population_base").dropna(subset=["population_base"])
    by = ["area_id", "population_base", "measurement_series_id"]
    over = _select_excess(wide.reset_index(names="place"), bases, by)
    over = over[over["gap"] <= WINDOW_DAYS].sort_values(["gap", "apart", "of_base_id"])
    return over.drop_duplicates("place").set_index("place")


def _state_largest_number(figures: pd.DataFrame) -> pd.DataFrame:
    """Add `stated`: the value, else the upper, else the lower end."""
    stated = figures["value"].fillna(figures["high"]).fillna(figures["low"])
    return figures.assign(stated=stated)


@check("estimates", ENDS)
def _estimate_above_base(estimates: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    persons = _state_largest_number(estimates[estimates["unit"] == Unit.PERSONS.value])
    containing = persons["population_base"].map(lambda name: (name, *PARENTS.get(name, ())))
    return _select_excess_of_measurer(persons.assign(population_base=containing), tables["bases"])


@check("estimates", ENDS)
def _above_population(estimates: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    persons = _state_largest_number(estimates[estimates["unit"] == Unit.PERSONS.value])
    return _select_excess_of_residents(persons, tables)


@check("estimates", ENDS)
def _accounts_above_people(estimates: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Select single services: those counted together may have any number of accounts a person."""
    platforms = tables["platforms"]
    groups = platforms.loc[platforms["kind"] == PlatformKind.GROUP.value, "platform_id"]
    accounts = estimates[estimates["unit"].isin(ACCOUNTS) & ~estimates["platform_id"].isin(groups)]
    accounts = accounts.assign(stated=accounts[["value", "low", "high"]].max(axis=1))
    return _select_excess_of_residents(accounts, tables, MOST_ACCOUNTS)


@check("bases", "persons")
def _base_above_population(bases: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    parts = bases[bases["population_base"] != EVERYONE]
    parts = parts.assign(stated=parts["persons"])
    return _select_excess_of_residents(parts, tables, VINTAGES_DIFFER)


@check("bases", "persons")
def _base_above_parent(bases: pd.DataFrame, _: Tables) -> pd.DataFrame:
    parents = bases["population_base"].map(lambda name: PARENTS.get(name, ()))
    parts = bases.assign(stated=bases["persons"], population_base=parents)
    return _select_excess_of_measurer(parts, bases)


@check("bases", "persons")
def _bases_contradict(bases: pd.DataFrame, _: Tables) -> pd.DataFrame:
    key = ["area_id", "population_base", "period", "measurement_series_id"]
    groups = bases[bases.duplicated(key, keep=False)].groupby(key)
    first, line = (groups[name].transform("first") for name in ("persons", "row_line"))
    repeated = bases.loc[first.index].assign(first=first, line=line)
    return repeated[repeated["persons"] != first]


@check("network_shares", "users_share")
def _networks_above_users(shares: pd.DataFrame, _: Tables) -> pd.DataFrame:
    """Select the largest network of each country and period whose shares exceed 1 together."""
    key = ["area_id", "period"]
    ordered = shares.sort_values("users_share", ascending=False)
    total = ordered.groupby(key)["users_share"].transform("sum")
    return ordered.assign(total=total)[total > 1.0 + ROUNDING].drop_duplicates(key)


@check("estimates", "value")
def _daily_above_monthly(estimates: pd.DataFrame, _: Tables) -> pd.DataFrame:
    spans = {metric: span for span, metrics in READ_METRICS.items() for metric in metrics}
    rows = _state_largest_number(estimates)
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
def _step_out_of_order(restrictions: pd.DataFrame, _: Tables) -> pd.DataFrame:
    starts = restrictions[["announced_on_start", "observed_from_start"]].min(axis=1)
    steps = restrictions[restrictions["continues"] != ""]
    earlier = starts.set_axis(restrictions["restriction_id"]).reindex(steps["continues"])
    return steps[~(starts[steps.index] > earlier.set_axis(steps.index))]


@check("areas", "parent_id")
def _area_in_itself(areas: pd.DataFrame, _: Tables) -> pd.DataFrame:
    """Select areas that contain themselves, at any depth, and unions that are their own member."""
    parents = parents_of(areas)
    above = dict(enumerate(areas["area_id"].tolist()))
    for _step in range(DEEPEST):
        above = {row: parent for row, area in above.items() if (parent := parents.get(area, ""))}
    is_above_itself = np.isin(np.arange(len(areas)), [*above])
    pairs = zip(areas["area_id"].tolist(), areas["members"].tolist(), strict=True)
    is_own_member = np.array([area in members.split(";") for area, members in pairs], dtype="bool")
    column = np.where(is_own_member, "members", "parent_id")
    return areas.assign(column=column)[is_above_itself | is_own_member]


@check("online_levels", "period")
def _years_missing(rows: pd.DataFrame, _: Tables) -> pd.DataFrame:
    """Select the first row of countries that lack a year: it is drawn from those around it."""
    years = rows["period_start"].dt.year.groupby(rows["area_id"])
    missing = {
        present.index[0]: ", ".join(map(str, sorted({*ONLINE_YEARS} - {*present})))
        for _area, present in years
    }
    first = rows.loc[[*missing]].assign(missing=[*missing.values()])
    return first[first["missing"] != ""]


@check("duration_laws", "figures")
def _learned_from_fewer(laws: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Select the mean of all restrictions where many more ends are on record than it is of."""
    ends = tables["restrictions"]
    is_of_a_day = ends["ended_on_end"] - ends["ended_on_start"] == ONE_DAY
    of_all = laws[laws["kind"] == ""].head(1).assign(ends=is_of_a_day.sum())
    return of_all[of_all["ends"] > MOST_GROWTH * of_all["figures"]]


@check("sources", "url")
def _source_without_address(sources: pd.DataFrame, _: Tables) -> pd.DataFrame:
    return sources[sources["url"] == ""]
