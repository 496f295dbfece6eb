"""People under at least one restriction in a month or a year of an area, by kind of restriction.

An area is a country, a region of the world or the world; areas.py describes the method. Each kind
of restriction (vocabulary.RestrictionKind) has rows of its own.

Table `draws` has the first draws of the years of countries, of which the quantiles are computed, so
that a reader can add up countries that no published region has together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from audience_impact.frames import Array, no_rows
from audience_impact.outputs import areas
from audience_impact.outputs.areas import COUNTS, PEOPLE, Members, Sets
from audience_impact.periods import parse_periods
from audience_impact.simulation import timeline
from audience_impact.simulation.simulate import Simulation, SimulationInputs
from audience_impact.simulation.worlds import DRAWN, find_undrawn, fold_largest, summarise
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


@dataclass(frozen=True)
class _Periods:
    """The sets of audiences in force at any time in each period of a country, with members."""

    table: pd.DataFrame
    members: Members


def draw_periods(simulation: Simulation) -> Sets:
    """Return the people under restrictions of each kind in each country and period."""
    inputs = simulation.inputs
    alive = {
        world: _mark_rows(inputs, _rows_by_period(inputs, rows, areas.ENDS[world]))
        for world, rows in areas.rows_by_kind(inputs).items()
    }
    if alive["every"].empty:
        return areas.make_no_sets(OF_SETS, simulation.sampler.count)
    periods = _make_periods(alive)
    counts, shared = areas.count_restrictions(periods.members["every"], inputs, len(periods.table))
    described = periods.table[OF_SETS].join(counts).join(_describe_sets(periods, inputs))
    return Sets(described, shared, _draw_people(simulation, periods))


def _mark_rows(inputs: SimulationInputs, rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows in force in periods (country_id, period, row) once for each of their kinds."""
    marks = timeline.mark_kinds(inputs.timeline, rows)
    parts = [rows[is_of].assign(kind=kind.value) for kind, is_of in marks.items()]
    return pd.concat(parts, ignore_index=True)


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
    if not any(len(sets.table) for sets in by_country.values()):
        return _make_empty_table()
    rows, pairs = _sum_countries(by_country, places)
    if pairs.empty:
        return _make_empty_table()
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


def _sum_countries(
    by_country: Mapping[str, Sets], places: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return people and counts of the sums of countries by KEY, and the sets in each sum."""
    table, shared = areas.stack_sets(by_country.values())
    pairs = table.merge(places, on="country_id")
    pairs = pairs.assign(total=pairs.groupby(KEY, sort=True).ngroup())
    counts = areas.count_totals(pairs[["total", "set_id"]], table[COUNTS], shared)
    parts = []
    for area, rows in pairs.groupby("area_id", sort=True):
        number, keys = pd.factorize(pd.MultiIndex.from_frame(rows[KEY[1:]]), sort=True)
        persons = areas.sum_people(
            rows.assign(total=number), lambda country: by_country[country].people, len(keys)
        )
        periods, kinds = (keys.get_level_values(level) for level in (0, 1))
        index = pd.MultiIndex.from_arrays([[area] * len(keys), periods, kinds], names=KEY)
        parts.append(summarise(persons, index, "persons"))
    nothing = pd.DataFrame(
        columns=PEOPLE, index=pd.MultiIndex.from_arrays([[]] * len(KEY), names=KEY)
    )
    sums = pd.concat(parts) if parts else nothing.astype("float64")
    return sums.join(counts.set_axis(sums.index)), pairs


def _make_empty_table() -> pd.DataFrame:
    """Return the table without rows, for facts in which no restriction was ever in force."""
    names = [*KEY, "base", "platforms", "as_of", "impact_metric", *areas.STATUS]
    return no_rows(names, [*PEOPLE, *COUNTS, *areas.COUNTRIES, *BASES])


def _make_periods(alive: Members) -> _Periods:
    """Return sets of each country, period and kind, of the rows in force on some day of it.

    `alive` has these rows (country_id, period, kind, row) by the world that counts them.
    """
    table = alive["every"][OF_SETS].drop_duplicates().sort_values(OF_SETS, ignore_index=True)
    table = table.reset_index(names="set_id")
    members = {
        world: rows.merge(table, on=OF_SETS, validate="m:1")[["set_id", "row"]]
        for world, rows in alive.items()
    }
    return _Periods(table, members)


def _rows_by_period(inputs: SimulationInputs, rows: pd.DataFrame, end: str) -> pd.DataFrame:
    """Return rows in force on some day of each month and year: country_id, period, row."""
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


def _draw_people(simulation: Simulation, periods: _Periods) -> Array:
    """Return people of each set; a year has at least those of each of its months."""
    table = periods.table
    persons = areas.draw_apart(simulation, periods.members, _name_drawn_together(table))
    keys = pd.MultiIndex.from_frame(table[OF_SETS])
    years = pd.MultiIndex.from_frame(table[OF_SETS].assign(period=table["period"].str[:4]))
    at = keys.get_indexer(years)
    inside = table["kind"].isin(WITHIN_YEARS).to_numpy()
    largest = fold_largest(at[inside], persons[inside], len(table))
    raised = np.fmax(persons, largest)
    raised[find_undrawn(persons), DRAWN:] = np.nan
    return np.asarray(raised)


def _name_drawn_together(table: pd.DataFrame) -> "pd.Series[str]":
    """Return a name for each set, the same for those that are drawn together.

    Sets that are drawn together have one base, which is at least their largest audience.
    """
    is_alone = ~table["kind"].isin(WITHIN_YEARS)
    return table["kind"] + table["period"].str.len().astype("str").where(is_alone, "")


def _describe_sets(periods: _Periods, inputs: SimulationInputs) -> pd.DataFrame:
    """Return base, BASES and platforms of each set, by set_id."""
    rows = inputs.timeline.rows.set_index("row")
    expected = (rows["expected_persons"] / rows["base_persons"]).fillna(1.0)
    people = rows[["platform_id", "base"]].assign(
        base_persons=np.fmax.reduce(inputs.timeline.online_limits, axis=1),
        base_q50_persons=rows["online_persons"] * expected,
    )
    joined = periods.members["every"].join(people, on="row")
    joined = joined.sort_values(["set_id", "base_persons", "platform_id"])
    groups = joined.groupby("set_id")
    return pd.DataFrame(
        {
            "base": groups["base"].last(),
            **{name: groups[name].max(skipna=False) for name in BASES},
            "platforms": groups["platform_id"].agg(lambda ids: ";".join(sorted(set(ids)))),
        }
    )
