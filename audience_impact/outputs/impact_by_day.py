"""Table `impact_by_day`: people under at least one restriction on each day of the last two years.

A row is valid for all days from its first to its last, on which the same restrictions are in force
in the area; days on which none is have no row. Areas and numbers are those of areas.py: everyone
exposed on the day, whether they come on that day or not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from audience_impact.frames import no_rows
from audience_impact.outputs import areas
from audience_impact.outputs.areas import COUNTS, PEOPLE, Members, Sets
from audience_impact.periods import ONE_DAY
from audience_impact.simulation.inputs import SimulationInputs
from audience_impact.simulation.simulate import Simulation
from audience_impact.simulation.worlds import summarise

YEARS = 2
KEY = ["area_id", "from_day"]
NONE = -1


@dataclass(frozen=True)
class OnDays:
    """The sets in force in countries on a day, and their days (country_id, day, state).

    A state is a set by its number.
    """

    sets: Sets
    days: pd.DataFrame

    def of_country(self, country: str) -> "OnDays":
        """Return the part of a single country, renumbered."""
        first = np.flatnonzero(self.sets.table["country_id"] == country)[:1].sum()
        days = self.days[self.days["country_id"] == country]
        days = days.assign(state=days["state"] - first).reset_index(drop=True)
        return OnDays(self.sets.of_country(country), days)


def draw_days(simulation: Simulation, as_of: date) -> OnDays:
    """Return the people of each country on the days of the last two years."""
    inputs = simulation.inputs
    days, of_sets = _list_days(inputs, pd.Timestamp(as_of))
    if days.empty:
        nothing = areas.make_no_sets(["country_id"], simulation.sampler.count)
        return OnDays(nothing, pd.DataFrame(columns=["country_id", "day", "state"]))
    table, numbered, members = _number_states(days, of_sets)
    floors = areas.find_floors(simulation)
    people = areas.draw_people(simulation, members, len(table), floors)
    counts, shared = areas.count_restrictions(members["every"], inputs, len(table))
    return OnDays(Sets(table.join(counts), shared, people), numbered)


def make_rows(
    by_country: Mapping[str, OnDays], places: pd.DataFrame, no_estimate_reason: str, as_of: date
) -> pd.DataFrame:
    """Return a row for each area and run of days with the same restrictions in force.

    The arguments are those of `impact_by_area.make_rows`.
    """
    on_days = [part.days for part in by_country.values() if len(part.days)]
    if not on_days:
        return _make_empty_table()
    table, shared = areas.stack_sets(part.sets for part in by_country.values() if len(part.days))
    first = table.drop_duplicates("country_id").set_index("country_id")["set_id"]
    days = pd.concat(on_days, ignore_index=True)
    days = days.assign(state=days["state"] + days["country_id"].map(first).astype("int64"))
    runs, pairs = _find_runs(days, places)
    joined = pairs.join(table[["country_id", "place", "is_drawn"]], on="state")
    totals = []
    for _, rows in runs.groupby("area_id", sort=False):
        inside = joined["run"].between(rows.index[0], rows.index[-1])
        in_run = joined[inside].assign(total=joined["run"] - rows.index[0])
        total = areas.sum_people(in_run, lambda country: by_country[country].sets.people, len(rows))
        totals.append(summarise(total, rows.index, "persons"))
    as_totals = pairs.rename(columns={"run": "total", "state": "set_id"})
    counts = areas.count_totals(as_totals, table[COUNTS], shared)
    groups = joined.groupby("run")["is_drawn"]
    rows = runs.join(pd.concat(totals)).join(counts)
    rows = rows.assign(
        from_day=runs["from_day"].dt.strftime("%Y-%m-%d"),
        to_day=runs["to_day"].dt.strftime("%Y-%m-%d"),
        countries_count=groups.size().astype("float64"),
        countries_drawn=groups.sum().astype("float64"),
    )
    return areas.add_status(rows, no_estimate_reason, as_of)


def _make_empty_table() -> pd.DataFrame:
    """Return `impact_by_day` without rows."""
    words = ["area_id", "from_day", "to_day", "impact_metric", *areas.STATUS, "as_of"]
    counts = ["days", *areas.COUNTRIES, *COUNTS]
    return no_rows(words, [*PEOPLE, *counts])


def _list_days(inputs: SimulationInputs, today: pd.Timestamp) -> tuple[pd.DataFrame, Members]:
    """Return the days of countries with a restriction in force, and the rows of each set.

    The days have country_id, day and a column with the set of each kind (NONE: there is none).
    """
    first = today - pd.DateOffset(years=YEARS) + ONE_DAY
    parts, members = [], {}
    for kind, rows in areas.rows_by_kind(inputs).items():
        pieces, members[kind] = inputs.timeline.find_intervals(
            rows, areas.ENDS[kind], by_country=True
        )
        parts.append(_spread_days(pieces, first, today).rename(columns={"set_id": kind}))
    days = parts[0]
    for part in parts[1:]:
        days = days.merge(part, on=["country_id", "day"], how="left", validate="m:1")
    kinds = list(members)
    return days.assign(**{kind: days[kind].fillna(NONE).astype("int64") for kind in kinds}), members


def _spread_days(pieces: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    """Return each day of each interval, with country and set."""
    start = pieces["start"].where(pieces["start"] > first, first)
    end = pieces["end"].where(pieces["end"] <= last, last + ONE_DAY)
    count = (end - start).dt.days.clip(lower=0)
    rows = pieces.loc[pieces.index.repeat(count), ["group", "set_id"]]
    step = rows.groupby(level=0).cumcount().to_numpy()
    day = start.loc[rows.index].to_numpy() + step * np.timedelta64(1, "D")
    return rows.rename(columns={"group": "country_id"}).assign(day=day).reset_index(drop=True)


def _number_states(
    days: pd.DataFrame, members: Members
) -> tuple[pd.DataFrame, pd.DataFrame, Members]:
    """Return the combinations of sets in force (states), the days of each, and its rows by kind."""
    kinds = list(members)
    states = days[["country_id", *kinds]].drop_duplicates().reset_index(drop=True)
    states = states.reset_index(names="state")
    rows = {
        kind: states[["state", kind]]
        .merge(of_kind, left_on=kind, right_on="set_id")[["state", "row"]]
        .rename(columns={"state": "set_id"})
        for kind, of_kind in members.items()
    }
    numbered = days.merge(states, on=["country_id", *kinds], validate="m:1")
    return states[["country_id"]], numbered[["country_id", "day", "state"]], rows


def _find_runs(days: pd.DataFrame, regions: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the longest runs of days on which nothing changes in an area, and their states.

    The runs have area_id, from_day, to_day and days; the pairs have run (the row of the run) and
    state.
    """
    grid = days.pivot(index="country_id", columns="day", values="state").sort_index()
    all_days = pd.date_range(grid.columns.min(), grid.columns.max(), unit="us")
    state = grid.reindex(columns=all_days).fillna(NONE).to_numpy().astype(np.int64)
    inside = pd.crosstab(regions["area_id"], regions["country_id"]).reindex(columns=grid.index)
    contains = inside.to_numpy(dtype=bool)
    moved = np.diff(state, axis=1, prepend=NONE - 1) != 0
    changed, alive = (contains.astype(int) @ flags > 0 for flags in (moved, state != NONE))
    area, at = np.nonzero(changed)
    after = np.where(np.append(area[1:], NONE) == area, np.append(at[1:], 0), len(all_days))
    is_in_force = alive[area, at]
    area, at, after = area[is_in_force], at[is_in_force], after[is_in_force]
    runs = pd.DataFrame(
        {
            "area_id": inside.index.to_numpy()[area],
            "from_day": all_days[at],
            "to_day": all_days[after - 1],
            "days": (after - at).astype("float64"),
        }
    )
    run, country = np.nonzero(contains[area] & (state[:, at] != NONE).T)
    return runs, pd.DataFrame({"run": run, "state": state[country, at[run]]})
