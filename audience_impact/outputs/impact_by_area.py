"""Table `impact_by_area`: people under at least one restriction in a month or a year of an area.

An area is a country, a region of the world or the world; areas.py describes the method. There are
numbers for all restrictions, and for those of each of KINDS.

Table `draws_by_area` has the first draws of the years of countries, of which the quantiles are
computed, so that a reader can add up countries that no published region has together.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd

from audience_impact.bounds.restrictions import BOUNDS
from audience_impact.frames import Array, no_rows
from audience_impact.outputs import areas
from audience_impact.outputs.areas import COUNTS, PEOPLE, Members, Sets
from audience_impact.outputs.review.reasons import withhold_quantiles
from audience_impact.periods import parse_periods
from audience_impact.simulation import timeline
from audience_impact.simulation.inputs import SimulationInputs
from audience_impact.simulation.simulate import Simulation
from audience_impact.simulation.worlds import DRAWN, find_undrawn, fold_largest, summarise
from audience_impact.vocabulary import ImpactMetric

KEY = ["area_id", "period"]
ALL, ORDERED = "", "ordered_"
KINDS = (ORDERED, *timeline.KINDS)
"""Prefixes of the columns of restrictions of a kind: ordered by an authority; of years alone,
those of timeline.py.
"""
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


@dataclass(frozen=True)
class InPeriods:
    """Sets of countries and periods, for ALL restrictions and for those of each of KINDS."""

    by_kind: Mapping[str, Sets]

    @property
    def all_sets(self) -> Sets:
        """Return the sets of all restrictions."""
        return self.by_kind[ALL]

    def of_country(self, country: str) -> "InPeriods":
        """Return the sets of one country, with their people."""
        return InPeriods({kind: sets.of_country(country) for kind, sets in self.by_kind.items()})


def draw_periods(simulation: Simulation) -> InPeriods:
    """Return the people under restrictions in each country and period."""
    inputs = simulation.inputs
    alive = {
        kind: _rows_by_period(inputs, rows, areas.ENDS[kind])
        for kind, rows in areas.rows_by_kind(inputs).items()
    }
    if alive["every"].empty:
        nothing = areas.make_no_sets(["country_id", "period"], simulation.sampler.count)
        return InPeriods(dict.fromkeys((ALL, *KINDS), nothing))
    floors = areas.find_floors(simulation)
    all_periods = _make_periods(alive)
    all_sets = _make_sets(simulation, all_periods, floors)
    described = all_sets.table.join(_describe_sets(all_periods, inputs))
    is_of_kind = {kind: _mark_kinds(rows, inputs) for kind, rows in alive.items()}
    by_kind = {ALL: replace(all_sets, table=described)}
    for prefix in KINDS:
        if all(marks[prefix].all() for marks in is_of_kind.values()):
            by_kind[prefix] = all_sets
            continue
        rows = {kind: alive[kind][marks[prefix]] for kind, marks in is_of_kind.items()}
        by_kind[prefix] = _make_sets(simulation, _make_periods(rows), floors)
    return InPeriods(by_kind)


def _mark_kinds(rows: pd.DataFrame, inputs: SimulationInputs) -> pd.DataFrame:
    """Return whether each row (country_id, period, row) is of a kind, in a column per KINDS."""
    line = inputs.timeline
    is_order = line.rows.set_index("row")["is_order"].reindex(rows["row"]).astype("bool")
    is_year = (rows["period"].str.len() == len("2025")).to_numpy()
    marks = timeline.mark_kinds(line).reindex(rows["row"]).astype("bool") & is_year[:, None]
    return marks.assign(**{ORDERED: is_order}).set_axis(rows.index)


def _make_sets(simulation: Simulation, periods: _Periods, floors: areas.Floors) -> Sets:
    """Return the sets of some restrictions, with their counts and people."""
    key = ["country_id", "period"]
    if periods.table.empty:
        return areas.make_no_sets(key, simulation.sampler.count)
    counts, shared = areas.count_restrictions(
        periods.members["every"], simulation.inputs, len(periods.table)
    )
    people = _draw_people(simulation, periods, floors)
    return Sets(periods.table[key].join(counts), shared, people)


def make_draws(persons: InPeriods, published: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `draws_by_area`: countries that are drawn, years, and the first draws.

    Years without a median among the `published` rows of `impact_by_area` are left out.

    A draw has the same number in every country, so that sums over countries are draws as well.
    """
    table, people = persons.all_sets.table, persons.all_sets.people
    is_year = table["period"].str.len() == len("2025")
    answered = pd.MultiIndex.from_frame(published.loc[published["q50_persons"].notna(), KEY])
    is_year &= pd.MultiIndex.from_frame(table[["country_id", "period"]]).isin(answered)
    rows = np.flatnonzero(is_year.to_numpy("bool") & ~find_undrawn(people))
    drawn = people[rows, DRAWN : DRAWN + PUBLISHED_DRAWS]
    keys = table.iloc[rows.repeat(drawn.shape[1])]
    return pd.DataFrame(
        {
            "area_id": keys["country_id"].to_numpy(),
            "period": keys["period"].to_numpy(),
            "impact_metric": ImpactMetric.PEOPLE_EXPOSED.value,
            "draw": np.tile(np.arange(drawn.shape[1], dtype="float64"), len(rows)),
            "persons": drawn.ravel(),
        }
    )


def make_rows(
    by_country: Mapping[str, InPeriods], places: pd.DataFrame, no_estimate_reason: str, as_of: date
) -> pd.DataFrame:
    """Return a row for each area and each month and year with a restriction in force.

    Args:
        by_country: The people of each country, of which one is in memory at a time.
        places: `country_id` and each `area_id` that contains it, itself or a region.
        no_estimate_reason: The result of `find_no_estimate_reason`.
        as_of: The day of the facts.
    """
    if not by_country:
        return _make_empty_table()
    sums = {kind: _sum_countries(by_country, places, kind) for kind in (ALL, *KINDS)}
    rows, pairs = sums[ALL]
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
    by_kind = {kind: numbers for kind, (numbers, _) in sums.items()}
    rows = _add_kinds(rows.join(details), by_kind)
    return areas.add_status(rows, no_estimate_reason, as_of).reset_index()


def _join_words(lists: "pd.Series[str]") -> str:
    return ";".join(sorted({word for words in set(lists) for word in words.split(";")}))


def _sum_countries(
    by_country: Mapping[str, InPeriods], places: pd.DataFrame, kind: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return people and counts of the sums of countries by KEY, and the sets in each sum."""
    table, shared = areas.stack_sets(persons.by_kind[kind] for persons in by_country.values())
    pairs = table.merge(places, on="country_id")
    pairs = pairs.assign(total=pairs.groupby(KEY, sort=True).ngroup())
    counts = areas.count_totals(pairs[["total", "set_id"]], table[COUNTS], shared)
    parts = []
    for area, rows in pairs.groupby("area_id", sort=True):
        number, periods = pd.factorize(rows["period"], sort=True)
        persons = areas.sum_people(
            rows.assign(total=number),
            lambda country: by_country[country].by_kind[kind].people,
            len(periods),
        )
        keys = pd.MultiIndex.from_arrays([[area] * len(periods), periods], names=KEY)
        parts.append(summarise(persons, keys, "persons"))
    nothing = pd.DataFrame(columns=PEOPLE, index=pd.MultiIndex.from_arrays([[], []], names=KEY))
    sums = pd.concat(parts) if parts else nothing.astype("float64")
    return sums.join(counts.set_axis(sums.index)), pairs


def _add_kinds(rows: pd.DataFrame, by_kind: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Add the numbers of the restrictions of each kind; 0 where none is of the kind.

    Months have the numbers of ordered restrictions alone.
    """
    is_year = rows.index.get_level_values("period").str.len() == len("2025")
    columns = [*PEOPLE, "restrictions_count"]
    for kind in KINDS:
        alone = by_kind[kind]
        rows = rows.join(alone[columns].add_prefix(kind).reindex(rows.index))
        rows, _ = withhold_quantiles(rows, kind=kind)
        none = ~rows.index.isin(alone.index) & (is_year | (kind == ORDERED))
        names = [f"{kind}{end}_persons" for end in BOUNDS] + [f"{kind}restrictions_count"]
        rows.loc[none, names] = 0.0
    return rows


def _make_empty_table() -> pd.DataFrame:
    """Return the table without rows, for facts in which no restriction was ever in force."""
    names = [*KEY, "base", "platforms", "as_of", "impact_metric", *areas.STATUS]
    counts = [*COUNTS, *areas.COUNTRIES, *BASES]
    columns = [f"{kind}{name}" for kind in KINDS for name in (*PEOPLE, "restrictions_count")]
    return no_rows(names, [*PEOPLE, *columns, *counts])


def _make_periods(alive: Members) -> _Periods:
    """Return sets of each country and period, of the rows in force on some day of the period.

    `alive` has these rows (country_id, period, row) by kind of set.
    """
    table = (
        alive["every"][["country_id", "period"]]
        .drop_duplicates()
        .sort_values(["country_id", "period"], ignore_index=True)
        .reset_index(names="set_id")
    )
    members = {
        kind: rows.merge(table, on=["country_id", "period"], validate="m:1")[["set_id", "row"]]
        for kind, rows in alive.items()
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


def _draw_people(simulation: Simulation, periods: _Periods, floors: areas.Floors) -> Array:
    """Return people of each country and period; a year has at least those of each of its months."""
    table = periods.table
    persons = areas.draw_people(simulation, periods.members, len(table), floors)
    keys = pd.MultiIndex.from_frame(table[["country_id", "period"]])
    years = pd.MultiIndex.from_arrays([table["country_id"], table["period"].str[:4]])
    at = keys.get_indexer(years)
    raised = np.fmax(persons, fold_largest(at, persons, len(table)))
    raised[find_undrawn(persons), DRAWN:] = np.nan
    return np.asarray(raised)


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
