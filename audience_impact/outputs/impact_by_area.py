"""Table `impact_by_area`: people under at least one restriction in a month or a year of an area.

An area is a country, a region of the world or the world; areas.py describes the method. There are
numbers for all restrictions, and for restrictions that an authority ordered.

Table `draws_by_area` has the first draws of the years of countries, of which the quantiles are
computed, so that a reader can add up countries that no published region has together.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from audience_impact.bounds.restrictions import BOUNDS
from audience_impact.frames import no_rows
from audience_impact.outputs import areas
from audience_impact.outputs.areas import COUNTS, PEOPLE, Members, People, Sets
from audience_impact.outputs.review.reasons import drop_outside, drop_wide
from audience_impact.periods import parse_periods
from audience_impact.simulation import timeline
from audience_impact.simulation.inputs import SimulationInputs
from audience_impact.simulation.sampler import Sampler
from audience_impact.vocabulary import ImpactMetric

KEY = ["area_id", "period"]
ORDERED = "ordered_"
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
    """Sets of countries and periods, for all restrictions and for ordered ones."""

    all_sets: Sets
    ordered: Sets

    def of_country(self, country: str) -> "InPeriods":
        """Return the sets of one country, with their people."""
        return InPeriods(self.all_sets.of_country(country), self.ordered.of_country(country))


def draw_periods(inputs: SimulationInputs, sampler: Sampler) -> InPeriods:
    """Return the people under restrictions in each country and period."""
    periods = _make_periods(inputs, areas.rows_by_kind(inputs))
    if periods.table.empty:
        nothing = areas.make_no_sets(["country_id", "period"], sampler.count)
        return InPeriods(nothing, nothing)
    floors = areas.find_floors(inputs, sampler)
    counts, shared = areas.count_restrictions(periods.members["every"], inputs, len(periods.table))
    table = (
        periods.table[["country_id", "period"]].join(_describe_sets(periods, inputs)).join(counts)
    )
    sets = Sets(table, shared, _draw_people(inputs, periods, floors, sampler))
    rows = inputs.timeline.rows
    orders = rows.loc[rows["is_order"], "restriction_id"].unique()
    if len(orders) == rows["restriction_id"].nunique():
        return InPeriods(sets, sets)
    ordered = _make_periods(inputs, areas.rows_by_kind(inputs, pd.Index(orders)))
    if ordered.table.empty:
        return InPeriods(sets, areas.make_no_sets(["country_id", "period"], sampler.count))
    people = _draw_people(inputs, ordered, floors, sampler)
    return InPeriods(sets, Sets(ordered.table, shared.iloc[:0], people))


def make_impact_by_area(
    persons: InPeriods, areas_table: pd.DataFrame, no_estimate_reason: str, as_of: date
) -> pd.DataFrame:
    """Return the rows of `impact_by_area` of countries and regions.

    Each area has a row for each month and year with a restriction in force. `areas_table` is the
    fact table `areas`; `no_estimate_reason` is the result of `find_no_estimate_reason`.
    """
    countries = persons.all_sets.table["country_id"]
    alone = {country: persons.of_country(country) for country in sorted(set(countries))}
    regions = make_region_rows(
        alone, areas.list_regions(areas_table, countries), no_estimate_reason, as_of
    )
    return areas.join_tables([make_country_rows(persons, no_estimate_reason, as_of), regions], KEY)


def make_country_rows(persons: InPeriods, no_estimate_reason: str, as_of: date) -> pd.DataFrame:
    """Return the rows of `impact_by_area` of all countries, without regions."""
    table = persons.all_sets.table
    if table.empty:
        return _make_empty_table()
    rows, alone = (
        areas.make_columns(
            sets.people,
            pd.MultiIndex.from_arrays([sets.table["country_id"], sets.table["period"]], names=KEY),
        )
        for sets in (persons.all_sets, persons.ordered)
    )
    pairs = pd.DataFrame({"total": range(len(table)), "set_id": range(len(table))})
    counts = areas.count_totals(pairs, table[COUNTS], persons.all_sets.shared)
    details = table[["base", "base_persons", "platforms"]].join(counts)
    drawn = (~persons.all_sets.people.is_undrawn).astype("float64")
    rows = rows.join(details.set_axis(rows.index)).assign(
        areas_count=1.0, estimated_areas_count=drawn
    )
    return areas.add_status(_add_ordered(rows, alone), no_estimate_reason, as_of).reset_index()


def make_draws(persons: InPeriods) -> pd.DataFrame:
    """Return the rows of `draws_by_area`: countries that are drawn, years, and the first draws.

    A draw has the same number in every country, so that sums over countries are draws as well.
    """
    table, people = persons.all_sets.table, persons.all_sets.people
    is_year = table["period"].str.len() == len("2025")
    rows = np.flatnonzero(is_year.to_numpy("bool") & ~people.is_undrawn)
    drawn = people.drawn[rows, :PUBLISHED_DRAWS]
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


def make_region_rows(
    by_country: Mapping[str, InPeriods], regions: pd.DataFrame, no_estimate_reason: str, as_of: date
) -> pd.DataFrame:
    """Return the rows of regions.

    `regions` lists the countries of each (country_id, area_id); `by_country` has one of them in
    memory at a time.
    """
    if not by_country:
        return _make_empty_table()
    described = [
        (areas.describe_sets(persons.all_sets), areas.describe_sets(persons.ordered))
        for persons in by_country.values()
    ]
    (table, shared), (orders, _) = (areas.stack_sets(kind) for kind in zip(*described, strict=True))
    pairs = table.merge(regions, on="country_id")
    groups = pairs.groupby(KEY, sort=True)
    pairs = pairs.assign(total=groups.ngroup())
    counts = areas.count_totals(pairs[["total", "set_id"]], table[COUNTS], shared)
    details = pd.DataFrame(
        {
            "base": pd.Series(None, counts.index, dtype="str"),
            "base_persons": groups["base_persons"].sum(skipna=False).to_numpy(),
            "platforms": groups["platforms"].agg(_join_words).to_numpy(),
            "areas_count": groups.size().to_numpy("float64"),
            "estimated_areas_count": groups["is_drawn"].sum().to_numpy("float64"),
        }
    ).join(counts)
    rows = _sum_regions(pairs, lambda country: by_country[country].all_sets.people)
    rows = rows.join(details.set_axis(rows.index))
    alone = _sum_regions(
        orders.merge(regions, on="country_id"), lambda country: by_country[country].ordered.people
    )
    return areas.add_status(_add_ordered(rows, alone), no_estimate_reason, as_of).reset_index()


def _join_words(lists: "pd.Series[str]") -> str:
    return ";".join(sorted({word for words in set(lists) for word in words.split(";")}))


def _sum_regions(pairs: pd.DataFrame, people_of: Callable[[str], People]) -> pd.DataFrame:
    """Return bounds and quantiles of the sums of countries, by KEY."""
    parts = []
    for area, rows in pairs.groupby("area_id", sort=True):
        number, periods = pd.factorize(rows["period"], sort=True)
        persons = areas.sum_people(rows.assign(total=number), people_of, len(periods))
        keys = pd.MultiIndex.from_arrays([[area] * len(periods), periods], names=KEY)
        parts.append(areas.make_columns(persons, keys))
    nothing = pd.DataFrame(columns=PEOPLE, index=pd.MultiIndex.from_arrays([[], []], names=KEY))
    return pd.concat(parts) if parts else nothing.astype("float64")


def _add_ordered(rows: pd.DataFrame, alone: pd.DataFrame) -> pd.DataFrame:
    """Add the numbers of ordered restrictions to those of all; 0 where none is ordered."""
    joined = rows.join(alone[PEOPLE].add_prefix(ORDERED).reindex(rows.index))
    joined, _ = drop_outside(joined, kind=ORDERED)
    joined, _ = drop_wide(joined, kind=ORDERED)
    none = ~rows.index.isin(alone.index)
    for end in BOUNDS:
        name = f"{ORDERED}{end}_persons"
        joined[name] = joined[name].mask(none, 0.0)
    return joined


def _make_empty_table() -> pd.DataFrame:
    """Return the table without rows, for facts in which no restriction was ever in force."""
    names = [*KEY, "base", "platforms", "as_of", "impact_metric", *areas.STATUS]
    counts = [*COUNTS, "areas_count", "estimated_areas_count", "base_persons"]
    people = [f"{alone}{name}" for alone in ("", ORDERED) for name in PEOPLE]
    return no_rows(names, [*people, *counts])


def _make_periods(inputs: SimulationInputs, kinds: Members) -> _Periods:
    """Return sets of each country and period, of the rows in force on some day of the period."""
    alive = {kind: _rows_by_period(inputs, rows, areas.ENDS[kind]) for kind, rows in kinds.items()}
    table = (
        alive["every"][["country_id", "period"]]
        .drop_duplicates()
        .sort_values(["country_id", "period"], ignore_index=True)
        .reset_index(names="set_id")
    )
    members = {
        kind: rows.merge(table, on=["country_id", "period"])[["set_id", "row"]]
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


def _draw_people(
    inputs: SimulationInputs, periods: _Periods, floors: areas.Floors, sampler: Sampler
) -> People:
    """Return people of each country and period; a year has at least those of each of its months."""
    table = periods.table
    persons = areas.draw_people(inputs, periods.members, len(table), floors, sampler)
    keys = pd.MultiIndex.from_frame(table[["country_id", "period"]])
    years = pd.MultiIndex.from_arrays([table["country_id"], table["period"].str[:4]])
    at = keys.get_indexer(years)
    bounds = pd.DataFrame({name: getattr(persons, name) for name in BOUNDS})
    of_months = bounds.groupby(at).max().reindex(bounds.index)
    raised = np.fmax(bounds, of_months).where(bounds.notna())
    silent = np.asarray(np.isnan(persons.drawn).all(axis=1))
    drawn = np.fmax(persons.drawn, areas.largest_draws(at, persons.drawn, len(table)))
    drawn[silent] = np.nan
    return People(drawn=drawn, **{name: raised[name].to_numpy() for name in BOUNDS})


def _describe_sets(periods: _Periods, inputs: SimulationInputs) -> pd.DataFrame:
    """Return base and platforms of each set, by set_id."""
    rows = inputs.timeline.rows.set_index("row")[["platform_id", "base", "base_persons"]]
    joined = periods.members["every"].join(rows, on="row")
    joined = joined.sort_values(["set_id", "base_persons", "platform_id"])
    groups = joined.groupby("set_id")
    return pd.DataFrame(
        {
            "base": groups["base"].last(),
            "base_persons": groups["base_persons"].max(skipna=False),
            "platforms": groups["platform_id"].agg(lambda ids: ";".join(sorted(set(ids)))),
        }
    )
