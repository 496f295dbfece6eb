"""Table `impact_by_area`: people under at least one restriction in a month or a year of an area.

An area is a country, a region of the world or the world; areas.py says how. Beside the numbers of
all restrictions stand those of restrictions that an authority ordered.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from audience_impact.outputs import areas
from audience_impact.outputs.areas import Members, People
from audience_impact.outputs.person_days import IMPUTED_SOME, IN_PART
from audience_impact.outputs.review.reasons import undrawn
from audience_impact.outputs.review.status_rules import (
    ESTIMATED,
    IMPUTED,
    MISSING,
    UNRELIABLE,
    sentence,
)
from audience_impact.periods import spans
from audience_impact.simulation import timeline, unions
from audience_impact.simulation.inputs import SimulationInputs
from audience_impact.simulation.sampler import Sampler
from audience_impact.vocabulary import ImpactMetric

KEY = ["area_id", "period"]
ORDERED = "ordered_"
SOME_SILENT = "countries without an estimate enter the quantiles with their lower bound"


@dataclass(frozen=True)
class _Periods:
    """Audiences in force at any time in each period of a country: its sets, and their members."""

    table: pd.DataFrame
    members: Members


def impact_by_area(
    inputs: SimulationInputs,
    sampler: Sampler,
    workers: int,
    as_of: date,
    areas_table: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """One row an area and month or year with a restriction in force.

    `areas_table`, the fact table `areas`, says which regions there are; without it countries alone.
    """
    every = _in_period(inputs, areas.kinds(inputs))
    if every.table.empty:
        return _no_area()
    countries = every.table["country_id"]
    held = areas.itself(countries) if areas_table is None else areas.places(areas_table, countries)
    own, draw = areas.floors(inputs, sampler, workers), (sampler, workers)
    found = _people(inputs, every, own, draw)
    table = _totals(every.table, found, held)
    orders = inputs.timeline.rows.loc[inputs.timeline.rows["is_order"], "restriction_id"].unique()
    alone = table
    if len(orders) < inputs.timeline.rows["restriction_id"].nunique():
        ordered = _in_period(inputs, areas.kinds(inputs, pd.Index(orders)))
        alone = table.iloc[:0]
        if not ordered.table.empty:
            alone = _totals(ordered.table, _people(inputs, ordered, own, draw), held)
    names = ["lower_persons", *(f"{name}_persons" for name in unions.QUANTILES), "upper_persons"]
    joined = table.join(alone[names].add_prefix(ORDERED).reindex(table.index))
    for end in ("lower", "upper"):
        none = ~table.index.isin(alone.index)
        joined[f"{ORDERED}{end}_persons"] = joined[f"{ORDERED}{end}_persons"].mask(none, 0.0)
    return _about_area(joined, every, held, inputs).assign(as_of=as_of.isoformat())


def _no_area() -> pd.DataFrame:
    """The table without rows, where no restriction was ever in force."""
    names = ["area_id", "period", "base", "platforms", "obs_status", "reason", "as_of"]
    words = {name: pd.Series(dtype="str") for name in [*names, "impact_metric"]}
    numbers = ["lower", *unions.QUANTILES, "upper"]
    counts = ("restrictions", "bounds_only", "ordered_restrictions", "areas", "estimated_areas")
    people = [f"{alone}{name}_persons" for alone in ("", ORDERED) for name in numbers]
    return pd.DataFrame(words).assign(
        **{name: pd.Series(dtype="float64") for name in [*people, "base_persons"]},
        **{f"{name}_count": pd.Series(dtype="float64") for name in counts},
    )


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
    inputs: SimulationInputs, periods: _Periods, own: areas.Floors, draw: tuple[Sampler, int]
) -> People:
    """People of each country and period; a year has at least those of each of its months."""
    table = periods.table
    found = areas.people(inputs, periods.members, len(table), own, draw)
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


def _totals(table: pd.DataFrame, found: People, held: pd.DataFrame) -> pd.DataFrame:
    """Bounds, quantiles and counts of countries, by KEY."""
    each = table.merge(held, on="country_id")
    groups = each.groupby(KEY, sort=True)
    number, sets = groups.ngroup().to_numpy(), each["set_id"].to_numpy()
    total = areas.summed(found, number, sets, groups.ngroups)
    index = groups.size().index
    silent = np.asarray(np.isnan(found.drawn).all(axis=1))
    drawn = pd.Series(~silent[sets], each.index).groupby([each[key] for key in KEY]).sum()
    return areas.columns(total, index).assign(
        areas_count=groups.size().astype("float64"),
        estimated_areas_count=drawn.astype("float64"),
    )


def _about_area(
    table: pd.DataFrame, every: _Periods, held: pd.DataFrame, inputs: SimulationInputs
) -> pd.DataFrame:
    """Base, platforms, counts, status and reason of each area and period."""
    rows = inputs.timeline.rows.set_index("row")
    names = ["restriction_id", "platform_id", "base", "base_persons", "is_order", "is_imputed"]
    joined = every.members["every"].join(rows[names], on="row").merge(every.table, on="set_id")
    bases = joined.groupby("set_id")["base_persons"].max(skipna=False)
    each = every.table.merge(held, on="country_id").join(bases, on="set_id")
    of_area = joined.merge(held, on="country_id").sort_values([*KEY, "base_persons", "platform_id"])
    groups = of_area.groupby(KEY, sort=True)
    open_rows = ~of_area["restriction_id"].isin(set(inputs.countries["restriction_id"]))
    bounded = _counted(of_area[open_rows], table.index)
    imputed = of_area[~open_rows & of_area["is_imputed"].astype(bool)]
    return (
        table.assign(
            impact_metric=ImpactMetric.PEOPLE_EXPOSED.value,
            base=groups["base"].last(),
            base_persons=each.groupby(KEY)["base_persons"].sum(skipna=False),
            platforms=groups["platform_id"].agg(lambda ids: ";".join(sorted(set(ids)))),
            restrictions_count=groups["restriction_id"].nunique(),
            bounds_only_count=bounded,
            ordered_restrictions_count=_counted(of_area[of_area["is_order"]], table.index),
        )
        .pipe(_described, bounded > 0, _counted(imputed, table.index) > 0, inputs)
        .reset_index()
        .sort_values(KEY, ignore_index=True)
    )


def _counted(rows: pd.DataFrame, index: pd.Index) -> pd.Series:
    """Restrictions of each area and period."""
    return rows.groupby(KEY)["restriction_id"].nunique().reindex(index, fill_value=0)


def _described(
    table: pd.DataFrame, is_bounded: pd.Series, is_imputed: pd.Series, inputs: SimulationInputs
) -> pd.DataFrame:
    """Status and reason; the base of several countries has no name of its own."""
    silent = table["q50_persons"].isna()
    some = ~silent & (table["estimated_areas_count"] < table["areas_count"])
    several = ~areas.is_country(table.index.get_level_values("area_id").to_series()).to_numpy()
    words = pd.Series("" if inputs.overlap_model else sentence(undrawn(inputs)), table.index)
    words = words.where(~is_bounded, IN_PART)
    said = words.where(~some, words.where(words == "", words + "; ") + SOME_SILENT)
    said = said.where(~is_imputed | silent, said.where(said == "", said + "; ") + IMPUTED_SOME)
    status = np.select(
        [silent, is_imputed, is_bounded | some], [MISSING, IMPUTED, UNRELIABLE], ESTIMATED
    )
    return table.assign(base=table["base"].mask(several, None), obs_status=status, reason=said)
