"""People under at least one restriction in a month or a year of an area, by kind of restriction.

An area is a country, a region of the world or the world; areas.py describes the method. Each kind
of restriction (vocabulary.RestrictionKind) has rows of its own.

Table `draws` has the first draws of the years of countries, of which the quantiles are computed, so
that a reader can add up countries that no published region has together.
"""

from collections.abc import Mapping
from datetime import date

import numpy as np
import pandas as pd

from audience_impact.frames import Array
from audience_impact.outputs import areas
from audience_impact.outputs.areas import COUNTS, Members, Sets
from audience_impact.periods import parse_periods
from audience_impact.simulation import timeline
from audience_impact.simulation.simulate import Simulation, SimulationInputs
from audience_impact.simulation.worlds import DRAWN, find_undrawn, fold_largest
from audience_impact.vocabulary import RestrictionKind

KEY = ["area_id", "period", "kind"]
OF_SETS = ["country_id", "period", "kind"]
ALL = RestrictionKind.ALL.value
WITHIN_YEARS = (ALL, RestrictionKind.ORDERED.value)
"""Kinds of which a year has at least the people of each of its months."""
BASES = ["base_persons", "base_q50_persons"]
"""Columns of everyone in the base: at most, which no bound exceeds, and the median."""
PUBLISHED_DRAWS = 250
"""Number of draws of a country-year that are published, the first of a run: the shares of draws
below the 5 % and the 95 % quantile have a standard error of 1.4 points.
"""


def draw_periods(simulation: Simulation) -> Sets:
    """Return the people under restrictions of each kind in each country and period.

    A set has the rows in force on some day of the period.
    """
    inputs = simulation.inputs
    alive = {
        world: timeline.spread_kinds(
            inputs.timeline, _rows_by_period(inputs, rows, areas.ENDS[world])
        )
        for world, rows in areas.rows_by_kind(inputs).items()
    }
    if alive["every"].empty:
        return areas.make_no_sets(OF_SETS, simulation.sampler.count)
    table = alive["every"][OF_SETS].drop_duplicates().sort_values(OF_SETS, ignore_index=True)
    numbers = table.reset_index(names="set_id")
    members = {
        world: rows.merge(numbers, on=OF_SETS, validate="m:1")[["set_id", "row"]]
        for world, rows in alive.items()
    }
    counts, shared = areas.count_restrictions(members["every"], inputs, len(table))
    described = table.join(counts).join(_describe_sets(members["every"], inputs))
    return Sets(described, shared, _draw_people(simulation, table, members))


def make_draws(persons: Sets, published: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `draws`: countries that are drawn, years, and the first draws.

    Years without a median among the `published` rows of `make_rows` are left out.

    A draw has the same number in every country, so that sums over countries are draws as well.
    """
    table, people = persons.table, persons.people
    is_year = (table["period"].str.len() == len("2025")) & (table["kind"] == ALL)
    answered = pd.MultiIndex.from_frame(published.loc[published["q50_persons"].notna(), KEY])
    is_year &= pd.MultiIndex.from_frame(table[OF_SETS]).isin(answered)
    rows = np.flatnonzero(is_year.to_numpy("bool") & ~find_undrawn(people))
    drawn = people[rows, DRAWN : DRAWN + PUBLISHED_DRAWS]
    keys = table.iloc[rows.repeat(drawn.shape[1])]
    return pd.DataFrame(
        {
            "area_id": keys["country_id"].to_numpy(),
            "year": keys["period"].to_numpy(),
            "draw": np.tile(np.arange(drawn.shape[1], dtype="float64"), len(rows)),
            "persons": drawn.ravel(),
        }
    )


def make_rows(
    by_country: Mapping[str, Sets], places: pd.DataFrame, no_estimate_reason: str, as_of: date
) -> pd.DataFrame:
    """Return a row for each area, month or year, and kind with a restriction in force.

    Args:
        by_country: The people of each country, of which one is in memory at a time.
        places: `country_id` and each `area_id` that contains it, itself or a region.
        no_estimate_reason: The result of `find_no_estimate_reason`.
        as_of: The day of the facts.
    """
    nothing = areas.make_no_totals([*KEY[:-1], "base", "platforms"], BASES)
    if not any(len(sets.table) for sets in by_country.values()):
        return nothing
    table, shared = areas.stack_sets(by_country.values())
    pairs = table.merge(places, on="country_id")
    if pairs.empty:
        return nothing
    pairs = pairs.assign(total=pairs.groupby(KEY, sort=True).ngroup())
    counts = areas.count_totals(pairs[["total", "set_id"]], table[COUNTS], shared)
    sums = areas.sum_over_countries(
        pairs, lambda country: by_country[country].people, KEY[1:], "persons"
    )
    rows = sums.join(counts.set_axis(sums.index))
    is_country = pairs["area_id"] == pairs["country_id"]
    groups = pairs.assign(base=pairs["base"].where(is_country)).groupby(KEY, sort=True)
    details = pd.DataFrame(
        {
            "base": groups["base"].first(),
            **{name: groups[name].sum(skipna=False) for name in BASES},
            "platforms": groups["platforms"].agg(_join_words),
            "countries_count": groups.size().astype("float64"),
            "countries_drawn": groups["is_drawn"].sum().astype("float64"),
        }
    )
    return areas.add_status(rows.join(details), no_estimate_reason, as_of).reset_index()


def _join_words(lists: "pd.Series[str]") -> str:
    return ";".join(sorted({word for words in set(lists) for word in words.split(";")}))


def _rows_by_period(inputs: SimulationInputs, rows: pd.DataFrame, end: str) -> pd.DataFrame:
    times = inputs.timeline.periods
    intervals, _ = inputs.timeline.find_intervals(rows, end, by_country=True)
    months = intervals[["group", "month"]].drop_duplicates().rename(columns={"group": "country_id"})
    months["year"] = months["month"].str[:4]
    periods = pd.concat(
        [
            months[["country_id", name]].rename(columns={name: "period"})
            for name in ("month", "year")
        ]
    ).drop_duplicates()
    limits = parse_periods(periods["period"])
    periods = periods.assign(first=limits["start"], last=limits["end"])
    joined = rows[["country_id", "row"]].join(timeline.find_days_in_force(rows, times, end))
    joined = joined.merge(periods, on="country_id")
    inside = (joined["start"] < joined["last"]) & (joined["end"] > joined["first"])
    return joined.loc[inside, ["country_id", "period", "row"]]


def _draw_people(simulation: Simulation, table: pd.DataFrame, members: Members) -> Array:
    """Return people of each set; a year has at least those of each of its months.

    Sets that are drawn together have one base, which is at least their largest audience.
    """
    is_alone = ~table["kind"].isin(WITHIN_YEARS)
    together = table["kind"] + table["period"].str.len().astype("str").where(is_alone, "")
    persons = areas.draw_apart(simulation, members, together)
    keys = pd.MultiIndex.from_frame(table[OF_SETS])
    years = pd.MultiIndex.from_frame(table[OF_SETS].assign(period=table["period"].str[:4]))
    at = keys.get_indexer(years)
    inside = table["kind"].isin(WITHIN_YEARS).to_numpy()
    largest = fold_largest(at[inside], persons[inside], len(table))
    raised = np.fmax(persons, largest)
    raised[find_undrawn(persons), DRAWN:] = np.nan
    return np.asarray(raised)


def _describe_sets(members: pd.DataFrame, inputs: SimulationInputs) -> pd.DataFrame:
    """Return base, BASES and platforms of each set, by set_id."""
    rows = inputs.timeline.rows.set_index("row")
    expected = (rows["expected_persons"] / rows["base_persons"]).fillna(1.0)
    people = rows[["platform_id", "base"]].assign(
        base_persons=np.fmax.reduce(inputs.timeline.online_limits, axis=1),
        base_q50_persons=rows["online_persons"] * expected,
    )
    joined = members.join(people, on="row")
    joined = joined.sort_values(["set_id", "base_persons", "platform_id"])
    groups = joined.groupby("set_id")
    return pd.DataFrame(
        {
            "base": groups["base"].last(),
            **{name: groups[name].max(skipna=False) for name in BASES},
            "platforms": groups["platform_id"].agg(lambda ids: ";".join(sorted(set(ids)))),
        }
    )
