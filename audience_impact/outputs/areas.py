"""People and person-days of countries, and of regions, by year, month and day.

Definitions. A set contains the audiences of a country under the restrictions in force in a period,
or on a day; over_time.py lists the sets. A region of the world is one of the UN's (M49), with all
countries in it; 001 is the world.

Method. Each set is computed in all worlds (simulation/worlds.py). A set has at least as many people
as each of its restrictions, in bounds and in every draw. Countries are disjoint: people and
person-days of a region are the sum of its countries, draw by draw; where some are not drawn, the
draws are of a part of the region (`is_lower_bound`). No lower bound enters any draw: what cannot be
drawn is in the bounds alone. Everyone online is the base at the 99 % end of its error; no bound and
no draw is above it.

Assumptions. A person is under restrictions of one country alone.

Known drawbacks. Audiences and bases of different countries are drawn as independent, so that the
interval of a region is too narrow if their errors are correlated; docs/validation.md has the share
of the variance that countries have in common.

Citation. United Nations, Standard Country or Area Codes for Statistical Use (M49).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from audience_impact.audiences.scope import COUNTRY
from audience_impact.bounds import BOUNDS
from audience_impact.facts.tables import Tables
from audience_impact.frames import Array, Integers, no_rows
from audience_impact.outputs import area_names
from audience_impact.outputs.queries import EVERY, summarise_days
from audience_impact.outputs.review import reasons
from audience_impact.outputs.review.status_rules import ESTIMATED, IMPUTED, MISSING, UNRELIABLE
from audience_impact.periods import ONE_DAY, parse_periods
from audience_impact.places import nesting
from audience_impact.simulation import worlds
from audience_impact.simulation.parts import find_countries
from audience_impact.simulation.phases import expand_runs, find_equal_sets, find_runs, number_sets
from audience_impact.simulation.simulate import Simulation, SimulationInputs
from audience_impact.simulation.worlds import DRAWN, LEASTS, MOSTS, find_largest, find_undrawn
from audience_impact.vocabulary import RestrictionKind, YesNo

KEY = ["area_id", "period", "kind"]
SPANS = {"year": len("2025"), "month": len("2025-01"), "day": len("2025-01-01")}
"""The length of the text of a period of each span."""
UNITS = ("persons", "person_days")
ALL = RestrictionKind.ALL.value
BASES = ["base_persons", "base_q50_persons"]
"""Columns of everyone in the base: at most, which no bound exceeds, and the median."""
COUNTS = [
    *("restrictions_count", "bounds_only_count"),
    *("imputed_count", "register_restrictions_count"),
]
"""Numbers of all restrictions, of those with bounds only, imputed, and of a register alone."""
Members = Mapping[str, pd.DataFrame]
"""Rows of the timeline in each set (set_id, row), by the kinds of over_time.ENDS."""


def list_numbers(unit: str) -> list[str]:
    """Return the columns of the seven numbers in a unit."""
    return [f"{name}_{unit}" for name in (*BOUNDS, *worlds.QUANTILES)]


@dataclass(frozen=True)
class Sets:
    """Sets of countries, in the order of these, and when each is in force.

    `table` has a row for each set, with `country_id`, COUNTS and further columns; `shared` the
    restrictions of several countries (count_restrictions); `cells` the periods (`period`, `kind`)
    of which the people are those of `set_id`; `people` by UNITS those of sets (rows, DRAWN + D) in
    all worlds, and `rows` the row of each set, the same for sets with the same people.
    """

    table: pd.DataFrame
    shared: pd.DataFrame
    cells: pd.DataFrame
    people: dict[str, Array]
    rows: dict[str, Integers]


# ---- People of sets ----


def draw_apart(
    simulation: Simulation, members: Members, name: "pd.Series[str]"
) -> tuple[Integers, Array]:
    """Return people (rows, DRAWN + D) of sets, each drawn with those of the same `name` alone.

    These have one base, which is at least their largest audience. Comes first: the row of each set.
    """
    inputs, group = simulation.inputs, pd.factorize(name)[0]
    number, distinct = find_equal_sets(list(members.values()), group)
    some = dict(zip(members, distinct, strict=True))
    apart = group[np.unique(number, return_index=True)[1]]
    bounds_of, draws_of = _find_floors(simulation)
    least, most = _bound_people(inputs, some, bounds_of, len(apart))
    drawn = np.full((len(apart), simulation.sampler.count), np.nan)
    if simulation.model is not None and len(some["drawn"]):
        in_months = simulation.draw_sets(
            some["drawn"], simulation.monthly_audiences, simulation.present, apart
        )
        drawn[: len(in_months)] = in_months
    _raise_to_restrictions(drawn, inputs, some["drawn"], draws_of)
    return number, worlds.join_worlds(least, most, np.minimum(drawn, most[:, [1]]))


def _find_floors(simulation: Simulation) -> tuple[pd.DataFrame, Array]:
    """Return bounds and draws of restrictions in their countries: the least of their sets."""
    inputs, present = simulation.inputs, simulation.present
    certain = inputs.timeline.confirmed_rows["restriction_id"].unique()
    exposed = simulation.countries.exposed
    if present is not None:
        exposed = exposed * present.loc[inputs.countries["restriction_id"]].to_numpy()
    countries, ends = inputs.bounds.countries, [f"{name}_persons" for name in BOUNDS]
    ids = countries.index.get_level_values("restriction_id")
    values = countries[ends].to_numpy("float64")
    total = inputs.bounds.exposed[ends].reindex(ids).to_numpy("float64")
    values[:, MOSTS] = np.fmin(values[:, MOSTS], total[:, MOSTS])
    values[np.ix_(~ids.isin(certain), LEASTS)] = 0.0
    return pd.DataFrame(values, countries.index, ends), exposed


def _bound_people(
    inputs: SimulationInputs, members: Members, of_restrictions: pd.DataFrame, count: int
) -> tuple[Array, Array]:
    """Return least and most people (count, 2), at most the base of the year where it is known."""
    line, limits = inputs.timeline, inputs.timeline.monthly_limits
    possible, certain = members["most"], members["least"]
    keys = pd.MultiIndex.from_frame(line.rows[COUNTRY])
    of_rows = of_restrictions.reindex(keys).to_numpy("float64")  # of the restriction of each row
    sets, row = (possible[name].to_numpy() for name in ("set_id", "row"))
    online = nesting.find_largest(line.online_limits, row, sets, count, np.nan)
    base = worlds.open_sides(online)
    least = np.maximum(
        find_largest(certain, limits.low, count), find_largest(certain, of_rows[:, LEASTS], count)
    )
    least = np.minimum(least, base)
    most = worlds.bound_most(possible, line.rows, limits, count)
    raised = np.maximum(np.fmax(most, find_largest(possible, of_rows[:, MOSTS], count)), least)
    return least, np.where(np.isinf(most), most, np.minimum(raised, base))


def _raise_to_restrictions(
    drawn: Array, inputs: SimulationInputs, members: pd.DataFrame, restriction_draws: Array
) -> None:
    about = inputs.timeline.rows.set_index("row")[COUNTRY]
    single = members.join(about, on="row").drop_duplicates(["set_id", *COUNTRY])
    at = find_countries(single, inputs.countries)
    sets = single["set_id"].to_numpy()[at >= 0]
    most = nesting.find_largest(restriction_draws, at[at >= 0], sets, len(drawn), np.nan)
    np.fmax(drawn, most, out=drawn, where=~np.isnan(drawn))


def count_restrictions(
    members: pd.DataFrame, inputs: SimulationInputs, count: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the counts (COUNTS) of restrictions in each of `count` sets, and the shared ones.

    Restrictions of several countries are listed separately (set_id, restriction_id, COUNTS as
    flags), since a region that contains more than one of these countries counts them once.
    """
    rows = inputs.timeline.rows
    names = ["restriction_id", "is_imputed", "is_register"]
    joined = members.join(rows.set_index("row")[names], on="row")
    flags = joined.groupby(["set_id", "restriction_id"], as_index=False)[names[1:]].any()
    is_open = ~flags["restriction_id"].isin(set(inputs.countries["restriction_id"]))
    imputed = flags["is_imputed"].astype(bool) & ~is_open
    values = (True, is_open, imputed, flags["is_register"].astype(bool))
    flags = flags.assign(**dict(zip(COUNTS, values, strict=True)))
    flags = flags[["set_id", "restriction_id", *COUNTS]]
    places = rows.groupby("restriction_id")["country_id"].nunique()
    is_shared = flags["restriction_id"].map(places) > 1
    counts = flags[~is_shared].groupby("set_id")[COUNTS].sum()
    return counts.reindex(range(count), fill_value=0).astype("int64"), flags[is_shared]


# ---- Sums over countries ----


def make_rows(
    parts: Sequence[Sets], places: pd.DataFrame, no_estimate_reason: str, as_of: date
) -> pd.DataFrame:
    """Return a row by KEY for each area and period with a restriction of the kind in force.

    `places` has `country_id` and each `area_id` that contains it, itself or a region.
    """
    table, shared, cells = _stack_sets(parts)
    # Rows are sorted and compared by the codes of their texts.
    codes = pd.CategoricalDtype(sorted({*places["country_id"], *places["area_id"]}))
    table, places = table.astype({"country_id": codes}), places.astype(codes)
    pairs = cells.astype({"period": "category", "kind": "category"})
    pairs = pairs.join(table[["country_id"]], on="set_id").merge(places, on="country_id")
    pairs = pairs.sort_values([*KEY, "country_id"], ignore_index=True)
    first = np.flatnonzero(~pairs.duplicated(KEY))
    size = np.diff(first, append=len(pairs))
    area = pairs["area_id"].cat.codes.to_numpy("int64")[first]
    # The same sets of an area, as on successive days, are one total.
    number = number_sets(area, first, size, pairs["set_id"].to_numpy("int64"))
    rows = _order_by_runs(pairs.loc[first, KEY].assign(total=number))
    pairs = pairs.assign(total=np.repeat(number, size)).drop_duplicates(["total", "set_id"])
    pairs = pairs[["total", "area_id", "set_id"]].join(table, on="set_id")
    totals = _sum_units(pairs, parts).join(_describe_totals(pairs, shared))
    totals = _add_status(totals, no_estimate_reason, as_of)
    rows = rows.astype(dict.fromkeys(KEY, "str")).join(totals, on="total")
    return rows.drop(columns="total").reset_index(drop=True)


def _order_by_runs(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows by area, kind and the first of successive days with the same total."""
    rows = rows.sort_values(["area_id", "kind", "period"])
    starts = parse_periods(rows["period"].cat.categories.to_series())["start"].to_numpy()
    day = pd.Series(starts[rows["period"].cat.codes], rows.index)
    is_same = rows["total"].eq(rows["total"].shift()) & (day.diff() == ONE_DAY)
    rows = rows.assign(first=rows["period"].mask(is_same).ffill())
    return rows.sort_values(["area_id", "first", "kind", "period"]).drop(columns="first")


def _stack_sets(parts: Sequence[Sets]) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return table, shared restrictions and cells of all parts, sets numbered by `set_id`."""
    tables, shared, cells, first = [], [], [], 0
    for number, sets in enumerate(parts):
        rows = {f"row_{unit}": sets.rows[unit] for unit in UNITS}
        is_drawn = {
            f"is_drawn_{unit}": ~find_undrawn(sets.people[unit])[sets.rows[unit]] for unit in UNITS
        }
        tables.append(sets.table.assign(part=number, **rows, **is_drawn))
        shared.append(sets.shared.assign(set_id=sets.shared["set_id"] + first))
        cells.append(sets.cells.assign(set_id=sets.cells["set_id"] + first))
        first += len(sets.table)
    return _join_filled(tables), _join_filled(shared), _join_filled(cells)


def _join_filled(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return tables as one; empty ones, whose columns may be of any type, count for nothing."""
    return pd.concat([part for part in tables if len(part)] or tables[:1], ignore_index=True)


def join_tables(parts: Sequence[pd.DataFrame], key: list[str]) -> pd.DataFrame:
    """Return the rows of countries and of regions as one table, in the order of the table's key."""
    return _join_filled(parts).sort_values(key, ignore_index=True)


PAIRS_AT_ONCE = 4_000
"""Number of sets of countries that are added up at once, to limit memory."""


def _sum_units(pairs: pd.DataFrame, parts: Sequence[Sets]) -> pd.DataFrame:
    """Return the seven numbers of totals in UNITS; `pairs` by total and country."""
    totals = pd.RangeIndex(pairs["total"].nunique(), name="total")
    summaries = []
    for unit, summarise in zip(UNITS, (worlds.summarise, summarise_days), strict=True):
        row, people = pairs[f"row_{unit}"].to_numpy(), [sets.people[unit] for sets in parts]
        numbers, sums = sum_people(pairs["total"].to_numpy(), pairs["part"].to_numpy(), row, people)
        made = [no_rows([], list_numbers(unit))]
        made += [summarise(part, pd.RangeIndex(len(part)), unit) for part in sums]
        summaries.append(_join_filled(made).iloc[numbers].set_axis(totals))
    return pd.concat(summaries, axis=1)


def sum_people(
    total: Integers, part: Integers, row: Integers, people: Sequence[Array]
) -> tuple[Integers, Iterator[Array]]:
    """Return the number of the sum of each total, and the sums (rows, DRAWN + D) in blocks.

    A total is a run of equal numbers, with the `row` of people of a `part` for each country. A row
    without draws adds nothing to those of a total; a sum with no draws at all has none.
    """
    first, size = find_runs(total)
    width = 1 + int(row.max(initial=0))
    code = part * width + row
    number = number_sets(np.zeros_like(first), first, size, code)
    at = np.unique(number, return_index=True)[1]
    block = np.cumsum(size[at]) // PAIRS_AT_ONCE
    return number, (
        _sum_runs(first[some], size[some], code, people, width)
        for some in np.split(at, 1 + np.flatnonzero(np.diff(block)))
    )


def _sum_runs(
    first: Integers, size: Integers, code: Integers, people: Sequence[Array], width: int
) -> Array:
    used, at = np.unique(code[expand_runs(first, size)[1]], return_inverse=True)
    values = np.empty((len(used), people[0].shape[1]))
    ends = np.searchsorted(used, width * np.arange(len(people) + 1))
    for number, (start, end) in enumerate(pairwise(ends)):
        some = used[start:end] - number * width
        np.take(people[number], some, axis=0, out=values[start:end], mode="clip")
    is_drawn = ~find_undrawn(values)
    values[~is_drawn, DRAWN:] = 0.0
    edges = np.append(0, np.cumsum(size))
    counted = csr_array((np.ones(len(at)), at, edges), shape=(len(first), len(values)))
    total = np.asarray(counted @ values)
    total[counted @ is_drawn.astype("float64") == 0.0, DRAWN:] = np.nan
    return total


def _describe_totals(pairs: pd.DataFrame, shared: pd.DataFrame) -> pd.DataFrame:
    groups = pairs.groupby("total", sort=True)
    counts, more = groups[COUNTS].sum(), pairs[["total", "set_id"]].merge(shared, on="set_id")
    more = more.drop_duplicates(["total", "restriction_id"]).groupby("total")[COUNTS].sum()
    counts += more.reindex(counts.index, fill_value=0).astype("int64")
    about = counts.astype("float64").assign(
        countries_count=groups.size().astype("float64"),
        countries_drawn=groups["is_drawn_persons"].sum().astype("float64"),
        days_drawn=groups["is_drawn_person_days"].sum(),
    )
    if "base" not in pairs:  # totals of days
        return about
    of_country = pairs[pairs["area_id"] == pairs["country_id"]]
    return about.assign(
        base=of_country.groupby("total")["base"].first(),
        **{name: groups[name].sum(skipna=False) for name in BASES},
        platform_ids=_join_platforms(pairs),
        days=groups["days"].max(),
    )


def _join_platforms(pairs: pd.DataFrame) -> "pd.Series[str]":
    """Return the platforms of each total, joined by `;`; those of one set are joined already."""
    names_of: dict[int, set[str]] = defaultdict(set)
    for total, names in zip(pairs["total"].tolist(), pairs["platform_ids"].tolist(), strict=True):
        names_of[total].add(names)
    joined = cache(lambda names: ";".join(sorted({*";".join(names).split(";")})))
    return pd.Series({total: joined(frozenset(names)) for total, names in names_of.items()})


# ---- Status ----


def _add_status(table: pd.DataFrame, no_estimate_reason: str, as_of: date) -> pd.DataFrame:
    table, withheld = reasons.withhold_quantiles(table)
    is_silent = table["q50_persons"].isna()
    is_bounded, is_imputed = table["bounds_only_count"] > 0, table["imputed_count"] > 0
    is_part = table["countries_drawn"] < table["countries_count"]
    some = ~is_silent & is_part
    flags = {
        **({no_estimate_reason: ~is_bounded} if no_estimate_reason else {}),
        "some_bounds_only": is_bounded,
        "some_areas_undrawn": some,
        "some_imputed": is_imputed & ~is_silent,
        **withheld,
    }
    if not no_estimate_reason:
        flags["perhaps_over"] = is_silent & ~is_bounded & ~pd.DataFrame(withheld).any(axis=1)
    status = np.select(
        [is_silent, is_imputed, is_bounded | some], [MISSING, IMPUTED, UNRELIABLE], ESTIMATED
    )
    words = reasons.state_reasons(flags, table.index)[["reason", "reason_rule_ids"]]
    table, withheld = reasons.withhold_quantiles(table, "person_days")
    no_days = table["q50_person_days"].isna()
    is_part_of_days = (table["days_drawn"] < table["countries_count"]) & ~no_days
    flags = {"some_areas_undrawn": is_part_of_days, **withheld}
    of_days = reasons.state_reasons(flags, table.index)
    return table.join(words).assign(
        is_lower_bound=np.where(is_part | is_bounded, YesNo.YES.value, YesNo.NO.value),
        obs_status=status,
        person_days_obs_status=np.select(
            [no_days, is_part_of_days], [MISSING, UNRELIABLE], ESTIMATED
        ),
        person_days_reason=of_days["reason"],
        person_days_reason_rule_ids=of_days["reason_rule_ids"],
        as_of=as_of.isoformat(),
    )


def mark_uncovered(rows: pd.DataFrame, register_rows: pd.DataFrame) -> pd.DataFrame:
    """Return totals, of low reliability after the last edition of a register.

    `collected_until` is the last day of which all sources were read.
    """
    last = register_rows["count_year"].max() if len(register_rows) else "9999"
    is_late = rows["period"].str[:4] > last
    marked = reasons.add_status_rules(
        rows.assign(reason_details=""), {"after_last_edition": is_late}, cap=UNRELIABLE
    )
    until = f"{last}-12-31" if len(register_rows) else rows["as_of"]
    return marked.drop(columns="reason_details").assign(collected_until=until)


# ---- Person-days of countries, and the published tables ----


def withhold_draws(sets: Sets, person_days: pd.DataFrame) -> Sets:
    """Return the sets of periods, without draws of person-days where a rule withholds them.

    Where those of all restrictions of a country are withheld, no kind is drawn: a region then has
    at least as many person-days under all restrictions as under those of a kind.
    """
    of_countries = person_days[person_days["restriction_id"] == EVERY]
    silent = of_countries.loc[of_countries["q50_person_days"].isna(), ["area_id", "period"]]
    keys = pd.MultiIndex.from_frame(sets.table[["country_id", "period"]])
    is_silent = keys.isin(pd.MultiIndex.from_frame(silent))
    people, row = sets.people["person_days"], sets.rows["person_days"].copy()
    bounds = people[row[is_silent]]
    bounds[:, DRAWN:] = np.nan
    row[is_silent] = len(people) + np.arange(len(bounds))
    return replace(
        sets,
        people={**sets.people, "person_days": np.vstack([people, bounds])},
        rows={**sets.rows, "person_days": row},
    )


def take_person_days(rows: pd.DataFrame, person_days: pd.DataFrame) -> pd.DataFrame:
    """Return totals of countries, with person-days under all restrictions from `person_days`."""
    names = {
        **{name: name for name in (*list_numbers("person_days"), "days")},
        **{name: f"person_days_{name}" for name in ("obs_status", "reason", "reason_rule_ids")},
    }
    of_countries = person_days[person_days["restriction_id"] == EVERY].assign(kind=ALL)
    ours = of_countries.set_index(KEY)[list(names)].rename(columns=names)
    keys = pd.MultiIndex.from_frame(rows[KEY])
    is_there, ours = keys.isin(ours.index), ours.reindex(keys).set_axis(rows.index)
    return rows.assign(**{name: rows[name].mask(is_there, ours[name]) for name in ours})


def make_tables(rows: pd.DataFrame, spans: Sequence[str], facts: Tables) -> dict[str, pd.DataFrame]:
    """Return the published facts of countries and, apart from them, of regions, by spans."""
    area, period = rows["area_id"], rows["period"]
    residents = area_names.count_residents(area, period.str[:4], facts)
    shares = {
        f"{name}_population_share": (rows[f"{name}_persons"] / residents).round(6)
        for name in worlds.QUANTILES
    }
    smaller = area.str.isdecimal().map({True: "subregion", False: "country"})
    level = area.map(area_names.LEVELS).fillna(smaller).astype("str")
    iso3 = area.map(area_names.list_alpha_3(facts["areas"]))
    rows = rows.assign(area_level=level, iso3=iso3, population_persons=residents, **shares)
    made, is_country = {}, level == "country"
    for span in spans:
        is_of_span = period.str.len() == SPANS[span]
        of_span = rows.rename(columns={"period": span})
        made[f"countries_by_{span}"] = of_span[is_of_span & is_country].reset_index(drop=True)
        made[f"regions_by_{span}"] = of_span[is_of_span & ~is_country].reset_index(drop=True)
    return made
