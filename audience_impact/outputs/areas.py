"""People under at least one restriction at the same time, by country, and totals by region.

Definitions. A set contains the audiences of a country under the restrictions in force in a period,
or on a day. A region of the world is one of the UN's (M49), with all countries in it; 001 is the
world.

Method. Each set is computed in all worlds (simulation/worlds.py): of what is certain, possible and
drawn, as described in timeline.py. A set has at least as many people
as each of its restrictions, and a year as each of its months, in bounds and in every draw.
Countries are disjoint: people of a region are the sum of its countries, draw by draw. The draws of
a region are those of the countries that are drawn; where some are not, they are of a part of the
region (`is_lower_bound`). No lower bound enters any draw: what cannot be drawn is in the bounds
alone. Everyone online is the base at the 99 % end of its error; no bound and no draw is above it.

Assumptions. A person is under restrictions of one country alone.

Known drawbacks. Audiences and bases of different countries are drawn as independent, so that the
interval of a region is too narrow if their errors are correlated; docs/validation.md has the share
of the variance that countries have in common.

Citation. United Nations, Standard Country or Area Codes for Statistical Use (M49).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audience_impact.audiences.scope import COUNTRY
from audience_impact.bounds import BOUNDS
from audience_impact.frames import Array, Integers, no_rows
from audience_impact.outputs.review import reasons
from audience_impact.outputs.review.status_rules import (
    ESTIMATED,
    IMPUTED,
    MISSING,
    SENTENCES,
    UNRELIABLE,
)
from audience_impact.periods import parse_periods
from audience_impact.simulation import unions
from audience_impact.simulation.parts import find_countries
from audience_impact.simulation.simulate import Simulation, SimulationInputs
from audience_impact.simulation.timeline import find_days_in_force
from audience_impact.simulation.worlds import (
    DRAWN,
    LEASTS,
    MOSTS,
    bound_most,
    find_largest,
    find_undrawn,
    fold_largest,
    join_worlds,
    open_sides,
    summarise,
)
from audience_impact.vocabulary import WORLD, YesNo

PEOPLE = [f"{name}_persons" for name in (*BOUNDS, *unions.QUANTILES)]

STATUS = ["obs_status", "reason", "reason_rule_ids", "is_lower_bound"]
"""Columns of the status of a total and of its reasons."""
COUNTRIES = ["countries_count", "countries_drawn"]
"""Columns of the countries of a total."""
ENDS = {"every": "most_end", "certain": "least_end", "drawn": "end"}
"""The three kinds of sets, with the end date up to which a restriction counts in each."""
CONTINENTS = ("002", "009", "019", "142", "150")
"""UN M49 codes of its regions, which are the continents."""
Members = Mapping[str, pd.DataFrame]
"""Rows of the timeline in each set (set_id, row), by kind of set."""
COUNTS = [
    *("restrictions_count", "bounds_only_count"),
    *("imputed_count", "register_restrictions_count"),
]
"""Columns of a total: number of all restrictions, of those with bounds only, of imputed ones, and
of those that a register alone records.
"""


@dataclass(frozen=True)
class Sets:
    """Sets of countries, in the order of these: their description and their people.

    Attributes:
        table: One row per set: `country_id`, COUNTS of the restrictions of that country alone, and
            further columns of the published table.
        shared: Restrictions of several countries in the sets, as `count_restrictions` returns them.
        people: The people of each set in all worlds (sets, DRAWN + D).
    """

    table: pd.DataFrame
    shared: pd.DataFrame
    people: Array

    def of_country(self, country: str) -> "Sets":
        """Return the sets of a single country, renumbered."""
        rows = np.flatnonzero(self._country_ids == country)
        shared = self.shared
        if len(shared):
            numbers = pd.Series(np.arange(len(rows)), rows)
            shared = shared[shared["set_id"].isin(rows)]
            shared = shared.assign(set_id=shared["set_id"].map(numbers)).reset_index(drop=True)
        table = self.table.iloc[rows].reset_index(drop=True)
        return Sets(table, shared, self.people[rows])

    @cached_property
    def _country_ids(self) -> NDArray[np.object_]:
        return np.asarray(self.table["country_id"], dtype=object)


def make_no_sets(key: list[str], draws: int) -> Sets:
    """Return an empty `Sets` with these key columns and this number of draws."""
    table = no_rows(key).assign(**{name: pd.Series(dtype="int64") for name in COUNTS})
    nobody = np.zeros((0, DRAWN + draws))
    return Sets(table, pd.DataFrame(columns=["set_id", "restriction_id", *COUNTS]), nobody)


def make_no_totals(words: list[str], numbers: list[str]) -> pd.DataFrame:
    """Return totals without rows, for facts in which no restriction was ever in force.

    `words` and `numbers` are their columns beside those that all totals have.
    """
    words, numbers = [*words, "kind", *STATUS, "as_of"], [*PEOPLE, *COUNTS, *COUNTRIES, *numbers]
    return no_rows(words, numbers)


def stack_sets(parts: Iterable[Sets]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the descriptions of the sets of all countries, and their shared restrictions.

    `set_id` numbers the sets of all countries, `place` those of each country; `is_drawn` marks
    sets with draws. Draws of people are not copied; at least one country is required.
    """
    tables, shared, first = [], [], 0
    for sets in parts:
        place = np.arange(len(sets.table))
        is_drawn = ~find_undrawn(sets.people)
        tables.append(sets.table.assign(place=place, is_drawn=is_drawn, set_id=place + first))
        shared.append(sets.shared.assign(set_id=sets.shared["set_id"] + first))
        first += len(sets.table)
    filled = [part for part in shared if len(part)] or shared[:1]
    return pd.concat(tables, ignore_index=True), pd.concat(filled, ignore_index=True)


def join_tables(parts: Sequence[pd.DataFrame], key: list[str]) -> pd.DataFrame:
    """Return the rows of countries and of regions as one table, in the order of the table's key."""
    filled = [part for part in parts if not part.empty] or list(parts[:1])
    return pd.concat(filled, ignore_index=True).sort_values(key, ignore_index=True)


@dataclass(frozen=True)
class Floors:
    """People of each restriction in each country: the minimum of a set that contains it.

    `bounds` has the bounds in persons by COUNTRY, in the order of the worlds.
    """

    bounds: pd.DataFrame
    drawn: Array


def mark_uncovered(rows: pd.DataFrame, register_rows: pd.DataFrame) -> pd.DataFrame:
    """Return totals by month and year, with a reason on those after the last edition of a register.

    `rows` have `period`; after the year of the last edition, no restriction counts that only the
    register records, so that these totals have low reliability. Without a register no total is
    marked. `collected_until` is the last day of which all sources were read.
    """
    last = register_rows["count_year"].max() if len(register_rows) else "9999"
    is_late = rows["period"].str[:4] > last
    rule = "after_last_edition"
    added = {"reason": (SENTENCES[rule], "; "), "reason_rule_ids": (rule, ";")}
    marked = {
        name: rows[name].where(~is_late, (rows[name] + between).where(rows[name] != "", "") + text)
        for name, (text, between) in added.items()
    }
    status = rows["obs_status"].mask(is_late & (rows["obs_status"] == ESTIMATED), UNRELIABLE)
    until = f"{last}-12-31" if len(register_rows) else rows["as_of"]
    return rows.assign(**marked, obs_status=status, collected_until=until)


def add_status(table: pd.DataFrame, no_estimate_reason: str, as_of: date) -> pd.DataFrame:
    """Return totals with columns for metric, status, reasons and day of the facts.

    `table` has `countries_count`, the countries under restriction, and `countries_drawn`, those of
    them whose draws the quantiles are of. `no_estimate_reason` is the rule that explains why
    nothing at all is drawn, as `find_no_estimate_reason` returns it.
    """
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
    return table.join(words).assign(
        is_lower_bound=np.where(is_part | is_bounded, YesNo.YES.value, YesNo.NO.value),
        obs_status=status,
        as_of=as_of.isoformat(),
    )


INTERMEDIATE_REGIONS = ("005", "011", "013", "014", "017", "018", "029", "830")
"""UN M49 codes of the parts of Sub-Saharan Africa and of Latin America and the Caribbean."""


def list_areas_of(areas: pd.DataFrame, countries: pd.Series) -> pd.DataFrame:
    """Return each country with itself, its regions and the world: country_id, area_id.

    `areas` is the fact table, whose `parent_id` leads from a country to the world. Intermediate
    regions, into which only some sub-regions are divided, are left out.
    """
    parents = areas.set_index("area_id")["parent_id"]
    codes = pd.Series(sorted(set(countries)), dtype="str")
    steps, at = [codes], codes
    while at.ne("").any():
        at = at.map(parents).fillna("").astype("str")
        steps.append(at)
    pairs = pd.concat([pd.DataFrame({"country_id": codes, "area_id": step}) for step in steps])
    world = pd.DataFrame({"country_id": codes, "area_id": WORLD})
    published = ~pairs["area_id"].isin(["", *INTERMEDIATE_REGIONS])
    all_pairs = pd.concat([pairs[published], world]).drop_duplicates()
    return all_pairs.sort_values(["country_id", "area_id"], ignore_index=True)


def classify(area_ids: "pd.Series[str]") -> "pd.Series[str]":
    """Return for each area whether it is a country, or its level in UN M49."""
    levels = {WORLD: "world"} | dict.fromkeys(CONTINENTS, "continent")
    others = area_ids.str.isdecimal().map({True: "subregion", False: "country"})
    return area_ids.map(levels).fillna(others).astype("str")


def list_numbers(unit: str) -> list[str]:
    """Return the columns of the seven numbers in a unit."""
    return [f"{name}_{unit}" for name in (*BOUNDS, *unions.QUANTILES)]


def list_regions(areas: pd.DataFrame, countries: pd.Series) -> pd.DataFrame:
    """Return the regions and the world of each country: `list_areas_of` without the country."""
    holders = list_areas_of(areas, countries)
    return holders[holders["area_id"] != holders["country_id"]].reset_index(drop=True)


def rows_by_kind(inputs: SimulationInputs) -> Members:
    """Return the rows of the timeline by kind of set."""
    line = inputs.timeline
    complete = line.rows["restriction_id"].isin(inputs.countries["restriction_id"])
    ready = (line.monthly["shape"] != "").to_numpy() & line.rows["base_persons"].notna()
    return {
        "every": line.rows,
        "certain": line.confirmed_rows,
        "drawn": line.rows[complete & ready],
    }


def find_floors(simulation: Simulation) -> Floors:
    """Return the people of each restriction in each of its countries."""
    inputs, present = simulation.inputs, simulation.present
    certain = inputs.timeline.confirmed_rows["restriction_id"].unique()
    exposed = simulation.countries.exposed
    if present is not None:
        exposed = exposed * present.of_restrictions(inputs.countries["restriction_id"])
    countries, ends = inputs.bounds.countries, [f"{name}_persons" for name in BOUNDS]
    ids = countries.index.get_level_values("restriction_id")
    values = countries[ends].to_numpy("float64")
    total = inputs.bounds.exposed[ends].reindex(ids).to_numpy("float64")
    values[:, MOSTS] = np.fmin(values[:, MOSTS], total[:, MOSTS])
    values[np.ix_(~ids.isin(certain), LEASTS)] = 0.0
    return Floors(pd.DataFrame(values, countries.index, ends), exposed)


def draw_people(
    simulation: Simulation, members: Members, count: int, restriction_floors: Floors
) -> Array:
    """Return people (count, DRAWN + D) of sets, at least those of each restriction present."""
    inputs, in_draws = simulation.inputs, members["drawn"]
    least, most = _bound_people(inputs, members, restriction_floors.bounds, count)
    drawn = np.full((count, simulation.sampler.count), np.nan)
    if simulation.model is not None and len(in_draws):
        people = simulation.draw_in_months(in_draws)
        drawn[: len(people)] = people
    raised = _raise_to_restrictions(drawn, inputs, in_draws, restriction_floors.drawn)
    return join_worlds(least, most, np.minimum(raised, most[:, [1]]))


def unite_people(simulation: Simulation, period: str = "") -> Array:
    """Return the people (1, DRAWN + D) under any restriction of a simulation in a period.

    `period` is a year, a month or a day; blank for all time. Countries are added up.
    """
    inputs = simulation.inputs
    times, limits = inputs.timeline.periods, parse_periods(pd.Series([period])).iloc[0]
    countries = sorted(set(inputs.timeline.rows["country_id"]))
    members = {}
    for world, rows in rows_by_kind(inputs).items():
        days = find_days_in_force(rows, times, ENDS[world])
        inside = days["start"] < days["end"]
        if period:
            inside &= (days["start"] < limits["end"]) & (days["end"] > limits["start"])
        sets = rows["country_id"].map(countries.index)
        members[world] = rows[["row"]].assign(set_id=sets)[inside].reset_index(drop=True)
    by_country = draw_people(simulation, members, len(countries), find_floors(simulation))
    drawn = by_country[~find_undrawn(by_country), DRAWN:].sum(axis=0)
    if find_undrawn(by_country).any():
        drawn[:] = np.nan
    return np.hstack([by_country[:, :DRAWN].sum(axis=0), drawn])[None, :]


def draw_apart(simulation: Simulation, members: Members, name: "pd.Series[str]") -> Array:
    """Return people (sets, DRAWN + D) of sets, each drawn with those of the same `name` alone.

    Sets that are drawn together have one base, which is at least their largest audience.
    """
    floors = find_floors(simulation)
    people = np.empty((len(name), DRAWN + simulation.sampler.count))
    for sets in name.groupby(name).indices.values():
        some = {world: _select_sets(rows, sets) for world, rows in members.items()}
        people[sets] = draw_people(simulation, some, len(sets), floors)
    return people


def _select_sets(members: pd.DataFrame, sets: Integers) -> pd.DataFrame:
    number = pd.Series(np.arange(len(sets)), sets).reindex(members["set_id"]).to_numpy()
    some = ~np.isnan(number)
    return members[some].assign(set_id=number[some].astype("int64")).reset_index(drop=True)


def _bound_people(
    inputs: SimulationInputs, members: Members, of_restrictions: pd.DataFrame, count: int
) -> tuple[Array, Array]:
    """Return least and most people (count, 2), at most the base of the year where it is known."""
    line, limits = inputs.timeline, inputs.timeline.monthly_limits
    possible, certain = members["every"], members["certain"]
    keys = pd.MultiIndex.from_frame(line.rows[COUNTRY])
    of_rows = of_restrictions.reindex(keys).to_numpy("float64")  # of the restriction of each row
    sets = possible["set_id"].to_numpy()
    base = open_sides(fold_largest(sets, line.online_limits[possible["row"]], count))
    least = np.maximum(
        find_largest(certain, limits.low, count), find_largest(certain, of_rows[:, LEASTS], count)
    )
    least = np.minimum(least, base)
    most = bound_most(possible, line.rows, limits, count)
    raised = np.maximum(np.fmax(most, find_largest(possible, of_rows[:, MOSTS], count)), least)
    return least, np.where(np.isinf(most), most, np.minimum(raised, base))


DRAWS_AT_ONCE = 125
"""Number of draws of a set that are compared at once with those of its many restrictions."""


def _raise_to_restrictions(
    drawn: Array, inputs: SimulationInputs, members: pd.DataFrame, restriction_draws: Array
) -> Array:
    """Return draws of sets, at least those of their restrictions; overwrites `drawn`."""
    about = inputs.timeline.rows.set_index("row")[COUNTRY]
    single = members.join(about, on="row").drop_duplicates(["set_id", *COUNTRY])
    at = find_countries(single, inputs.countries)
    sets = single["set_id"].to_numpy()[at >= 0]
    for first in range(0, drawn.shape[1], DRAWS_AT_ONCE):
        some = slice(first, first + DRAWS_AT_ONCE)
        most = fold_largest(sets, restriction_draws[:, some][at[at >= 0]], len(drawn))
        own_draws = drawn[:, some]
        drawn[:, some] = np.where(np.isnan(own_draws), own_draws, np.fmax(own_draws, most))
    return drawn


def count_restrictions(
    members: pd.DataFrame, inputs: SimulationInputs, count: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the counts (COUNTS) of restrictions in each of `count` sets, and the shared ones.

    `members` has the rows of the timeline in each set. The counts of a country include restrictions
    of that country alone. Restrictions of several countries are listed separately (set_id,
    restriction_id, COUNTS as flags), since a region that contains more than one of these countries
    counts them once.
    """
    rows = inputs.timeline.rows
    names = ["restriction_id", "is_imputed", "is_register"]
    joined = members.join(rows.set_index("row")[names], on="row")
    flags = joined.groupby(["set_id", "restriction_id"], as_index=False)[names[1:]].any()
    is_open = ~flags["restriction_id"].isin(set(inputs.countries["restriction_id"]))
    imputed = flags["is_imputed"].astype(bool) & ~is_open
    values = (True, is_open, imputed, flags["is_register"].astype(bool))
    flags = flags.assign(**dict(zip(COUNTS, values, strict=True)))[
        ["set_id", "restriction_id", *COUNTS]
    ]
    places = rows.groupby("restriction_id")["country_id"].nunique()
    is_shared = flags["restriction_id"].map(places) > 1
    counts = flags[~is_shared].groupby("set_id")[COUNTS].sum()
    shared = flags[is_shared].reset_index(drop=True)
    return counts.reindex(range(count), fill_value=0).astype("int64"), shared


def count_totals(pairs: pd.DataFrame, counts: pd.DataFrame, shared: pd.DataFrame) -> pd.DataFrame:
    """Return the restrictions (COUNTS) of each total.

    `pairs` has `total` and `set_id`; the other arguments are results of `count_restrictions`.
    """
    table = counts.loc[pairs["set_id"]].groupby(pairs["total"].to_numpy()).sum()
    if shared.empty:
        return table.astype("float64")
    more = pairs.merge(shared, on="set_id").drop_duplicates(["total", "restriction_id"])
    added = more.groupby("total")[COUNTS].sum().reindex(table.index, fill_value=0)
    return (table + added.astype("int64")).astype("float64")


def sum_over_countries(
    pairs: pd.DataFrame, people_of: Callable[[str], Array], key: list[str], unit: str
) -> pd.DataFrame:
    """Return the seven numbers of sums over countries, by `area_id` and `key`, an area at a time.

    `pairs` has these columns, and `country_id` and `place` as `sum_people` takes them.
    """
    parts = {}
    for area, rows in pairs.groupby("area_id", sort=True):
        number, keys = pd.factorize(pd.MultiIndex.from_frame(rows[key]), sort=True)
        people = sum_people(rows.assign(total=number), people_of, len(keys))
        parts[area] = summarise(people, keys.set_names(key), unit)
    parts = parts or {"": no_rows(key, list_numbers(unit)).set_index(key)}
    return pd.concat(parts, names=["area_id"])


def sum_people(pairs: pd.DataFrame, people_of: Callable[[str], Array], count: int) -> Array:
    """Return sums (count, DRAWN + D) over sets of different countries, one country at a time.

    `pairs` has `total` (0 to count - 1), `country_id` and `place`, the row of a set in the people
    of its country; no total has two sets of one country. A set without draws adds nothing to the
    draws of a total; a total with no draws at all has none.
    """
    total, drawn_count = np.zeros((count, DRAWN)), np.zeros(count)
    for number, (country, sets) in enumerate(pairs.groupby("country_id", sort=True)):
        people, at = people_of(str(country))[sets["place"]], sets["total"]
        if number == 0:
            total = np.zeros((count, people.shape[1]))
        is_undrawn = find_undrawn(people)
        people[is_undrawn, DRAWN:] = 0.0
        total[at] += people
        drawn_count[at] += ~is_undrawn
    total[drawn_count == 0, DRAWN:] = np.nan
    return total
