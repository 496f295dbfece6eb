"""Table `impact_by_area`: people under at least one restriction in a month or a year of an area.

An area is a country, a region of the world or the world; areas.py says how. Beside the numbers of
all restrictions stand those of restrictions that an authority ordered.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from audience_impact.frames import no_rows
from audience_impact.outputs import areas
from audience_impact.outputs.areas import COUNTS, PEOPLE, Members, People, Sets
from audience_impact.periods import spans
from audience_impact.simulation import timeline
from audience_impact.simulation.inputs import SimulationInputs
from audience_impact.simulation.sampler import Sampler

KEY = ["area_id", "period"]
ORDERED = "ordered_"


@dataclass(frozen=True)
class _Periods:
    """Audiences in force at any time in each period of a country: its sets, and their members."""

    table: pd.DataFrame
    members: Members


@dataclass(frozen=True)
class InPeriods:
    """Sets of countries and periods: of all restrictions, and of those that were ordered."""

    every: Sets
    ordered: Sets

    def of(self, country: str) -> "InPeriods":
        """Those of a country alone."""
        return InPeriods(self.every.of(country), self.ordered.of(country))


def in_periods(inputs: SimulationInputs, sampler: Sampler) -> InPeriods:
    """The people of each country and period, by country and period."""
    every = _in_period(inputs, areas.kinds(inputs))
    if every.table.empty:
        nothing = areas.no_sets(["country_id", "period"], sampler.count)
        return InPeriods(nothing, nothing)
    own = areas.floors(inputs, sampler)
    counts, shared = areas.acts(every.members["every"], inputs, len(every.table))
    table = every.table[["country_id", "period"]].join(_about(every, inputs)).join(counts)
    sets = Sets(table, shared, _people(inputs, every, own, sampler))
    rows = inputs.timeline.rows
    orders = rows.loc[rows["is_order"], "restriction_id"].unique()
    if len(orders) == rows["restriction_id"].nunique():
        return InPeriods(sets, sets)
    ordered = _in_period(inputs, areas.kinds(inputs, pd.Index(orders)))
    if ordered.table.empty:
        return InPeriods(sets, areas.no_sets(["country_id", "period"], sampler.count))
    people = _people(inputs, ordered, own, sampler)
    return InPeriods(sets, Sets(ordered.table, shared.iloc[:0], people))


def whole(found: InPeriods, areas_table: pd.DataFrame, silent: str, as_of: date) -> pd.DataFrame:
    """One row an area and month or year with a restriction in force, countries and regions.

    `areas_table`, the fact table `areas`, says which regions there are; `silent` as reasons.silence
    gives it.
    """
    countries = found.every.table["country_id"]
    alone = {country: found.of(country) for country in sorted(set(countries))}
    regions = of_regions(alone, areas.regions(areas_table, countries), silent, as_of)
    return areas.together([of_countries(found, silent, as_of), regions], KEY)


def of_countries(found: InPeriods, silent: str, as_of: date) -> pd.DataFrame:
    """The rows of countries; `silent` as reasons.silence gives it."""
    table = found.every.table
    if table.empty:
        return _no_area()
    rows, alone = (
        areas.columns(
            one.people,
            pd.MultiIndex.from_arrays([one.table["country_id"], one.table["period"]], names=KEY),
        )
        for one in (found.every, found.ordered)
    )
    pairs = pd.DataFrame({"total": range(len(table)), "set_id": range(len(table))})
    counts = areas.counted(pairs, table[COUNTS], found.every.shared)
    told = table[["base", "base_persons", "platforms"]].join(counts)
    drawn = (~found.every.people.is_silent).astype("float64")
    rows = rows.join(told.set_axis(rows.index)).assign(areas_count=1.0, estimated_areas_count=drawn)
    return areas.described(_beside(rows, alone), silent, as_of).reset_index()


def of_regions(
    found: Mapping[str, InPeriods], held: pd.DataFrame, silent: str, as_of: date
) -> pd.DataFrame:
    """The rows of regions, of which `held` says what countries (country_id, area_id) lie in each.

    `found` by country, one of which is in memory at a time.
    """
    if not found:
        return _no_area()
    told_of = [(areas.told(one.every), areas.told(one.ordered)) for one in found.values()]
    (table, shared), (orders, _) = (areas.stacked(each) for each in zip(*told_of, strict=True))
    each = table.merge(held, on="country_id")
    groups = each.groupby(KEY, sort=True)
    each = each.assign(total=groups.ngroup())
    counts = areas.counted(each[["total", "set_id"]], table[COUNTS], shared)
    told = pd.DataFrame(
        {
            "base": pd.Series(None, counts.index, dtype="str"),
            "base_persons": groups["base_persons"].sum(skipna=False).to_numpy(),
            "platforms": groups["platforms"].agg(_all_of).to_numpy(),
            "areas_count": groups.size().to_numpy("float64"),
            "estimated_areas_count": groups["is_drawn"].sum().to_numpy("float64"),
        }
    ).join(counts)
    rows = _summed(each, lambda country: found[country].every.people)
    rows = rows.join(told.set_axis(rows.index))
    alone = _summed(
        orders.merge(held, on="country_id"), lambda country: found[country].ordered.people
    )
    return areas.described(_beside(rows, alone), silent, as_of).reset_index()


def _all_of(lists: "pd.Series[str]") -> str:
    """The words of some lists joined by `;`, each once."""
    return ";".join(sorted({word for words in set(lists) for word in words.split(";")}))


def _summed(each: pd.DataFrame, people_of: Callable[[str], People]) -> pd.DataFrame:
    """Bounds and quantiles of the sums of countries, by KEY."""
    parts = []
    for area, own in each.groupby("area_id", sort=True):
        number, periods = pd.factorize(own["period"], sort=True)
        found = areas.summed(own.assign(total=number), people_of, len(periods))
        keys = pd.MultiIndex.from_arrays([[area] * len(periods), periods], names=KEY)
        parts.append(areas.columns(found, keys))
    nothing = pd.DataFrame(columns=PEOPLE, index=pd.MultiIndex.from_arrays([[], []], names=KEY))
    return pd.concat(parts) if parts else nothing.astype("float64")


def _beside(rows: pd.DataFrame, alone: pd.DataFrame) -> pd.DataFrame:
    """The numbers of ordered restrictions beside those of all; nobody where none is ordered."""
    joined = rows.join(alone[PEOPLE].add_prefix(ORDERED).reindex(rows.index))
    none = ~rows.index.isin(alone.index)
    for end in ("lower", "upper"):
        name = f"{ORDERED}{end}_persons"
        joined[name] = joined[name].mask(none, 0.0)
    return joined


def _no_area() -> pd.DataFrame:
    """The table without rows, where no restriction was ever in force."""
    names = [*KEY, "base", "platforms", "as_of", "impact_metric", *areas.STATUS]
    counts = [*COUNTS, "areas_count", "estimated_areas_count", "base_persons"]
    people = [f"{alone}{name}" for alone in ("", ORDERED) for name in PEOPLE]
    return no_rows(names, [*people, *counts])


def _in_period(inputs: SimulationInputs, kinds: Members) -> _Periods:
    """Sets of each country and period from what is in force on some day of it."""
    alive = {kind: _alive(inputs, rows, areas.ENDS[kind]) for kind, rows in kinds.items()}
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


def _alive(inputs: SimulationInputs, rows: pd.DataFrame, end: str) -> pd.DataFrame:
    """Rows in force on some day of each month and year: country_id, period, row."""
    times = inputs.timeline.periods
    intervals, _ = inputs.timeline.intervals(rows, end, by_country=True)
    months = intervals[["group", "month"]].drop_duplicates().rename(columns={"group": "country_id"})
    months["year"] = months["month"].str[:4]
    periods = pd.concat(
        [
            months[["country_id", name]].rename(columns={name: "period"})
            for name in ("month", "year")
        ]
    ).drop_duplicates()
    limits = spans(periods["period"])
    periods = periods.assign(first=limits["start"], last=limits["end"])
    joined = rows[["country_id", "row"]].join(timeline.in_force(rows, times, end))
    joined = joined.merge(periods, on="country_id")
    inside = (joined["start"] < joined["last"]) & (joined["end"] > joined["first"])
    return joined.loc[inside, ["country_id", "period", "row"]]


def _people(
    inputs: SimulationInputs, periods: _Periods, own: areas.Floors, sampler: Sampler
) -> People:
    """People of each country and period; a year has at least those of each of its months."""
    table = periods.table
    found = areas.people(inputs, periods.members, len(table), own, sampler)
    keys = pd.MultiIndex.from_frame(table[["country_id", "period"]])
    years = pd.MultiIndex.from_arrays([table["country_id"], table["period"].str[:4]])
    at = keys.get_indexer(years)
    lower, upper = (
        np.fmax(own, pd.Series(own).groupby(at).max().reindex(range(len(table))).to_numpy())
        for own in (found.lower, found.upper)
    )
    upper = np.where(np.isnan(found.upper), np.nan, upper)
    silent = np.asarray(np.isnan(found.drawn).all(axis=1))
    drawn = np.fmax(found.drawn, areas.at_least(at, found.drawn, len(table)))
    drawn[silent] = np.nan
    return People(lower, upper, drawn)


def _about(every: _Periods, inputs: SimulationInputs) -> pd.DataFrame:
    """Base and platforms of each set, by set_id."""
    rows = inputs.timeline.rows.set_index("row")[["platform_id", "base", "base_persons"]]
    joined = every.members["every"].join(rows, on="row")
    joined = joined.sort_values(["set_id", "base_persons", "platform_id"])
    groups = joined.groupby("set_id")
    return pd.DataFrame(
        {
            "base": groups["base"].last(),
            "base_persons": groups["base_persons"].max(skipna=False),
            "platforms": groups["platform_id"].agg(lambda ids: ";".join(sorted(set(ids)))),
        }
    )
