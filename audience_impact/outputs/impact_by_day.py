"""People under restrictions and person-days on each day of the last two years, by kind.

Rows are runs of days on which the same restrictions are in force in an area; days on which none is
have no row. Areas and numbers are those of areas.py: everyone exposed on the day, whether they come
on that day or not. Person-days are those who come on it (queries.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from audience_impact.frames import Array
from audience_impact.outputs import areas
from audience_impact.outputs.areas import COUNTS, Members, Sets
from audience_impact.outputs.queries import DayEngine
from audience_impact.periods import ONE_DAY
from audience_impact.simulation.simulate import Simulation, SimulationInputs
from audience_impact.simulation.timeline import OLDER_DAYS, spread_kinds

YEARS = 2
KEY = ["area_id", "from_day", "kind"]
NONE = -1
PER_DAY = "daily"
"""The rows of which people on a day are drawn, beside those of areas.rows_by_kind."""


@dataclass(frozen=True)
class OnDays:
    """The sets of restrictions in force in countries, and the days on which they are.

    `days` has country_id, day, kind and `state`, the row of the set in `sets.table`. `person_days`
    (sets, DRAWN + D) has the people who use what is restricted on a day of each set.
    """

    sets: Sets
    person_days: Array
    days: pd.DataFrame

    def of_country(self, country: str) -> "OnDays":
        """Return the part of a single country, renumbered."""
        rows = np.flatnonzero(self.sets.table["country_id"] == country)
        days = self.days[self.days["country_id"] == country]
        days = days.assign(state=np.searchsorted(rows, days["state"])).reset_index(drop=True)
        return OnDays(self.sets.of_country(country), self.person_days[rows], days)


def draw_days(simulation: Simulation, as_of: date) -> OnDays:
    """Return the people of each country on the days of the last two years, by kind."""
    inputs, draws = simulation.inputs, simulation.sampler.count
    days, of_sets = _list_days(inputs, pd.Timestamp(as_of))
    if days.empty:
        nothing = areas.make_no_sets(["country_id", "kind"], draws)
        columns = ["country_id", "day", "kind", "state"]
        return OnDays(nothing, nothing.people, pd.DataFrame(columns=columns))
    table, numbered, members = _number_states(days, of_sets, inputs)
    counts, shared = areas.count_restrictions(members["every"], inputs, len(table))
    people = areas.draw_apart(simulation, members, table["kind"])
    each_day = DayEngine(simulation).unite_on_a_day(
        (members["certain"], members["every"], members[PER_DAY]), len(table)
    )
    return OnDays(Sets(table.join(counts), shared, people), each_day, numbered)


def make_rows(
    by_country: Mapping[str, OnDays], places: pd.DataFrame, no_estimate_reason: str, as_of: date
) -> pd.DataFrame:
    """Return a row for each area, kind, and run of days with the same restrictions in force.

    The arguments are those of `impact_by_area.make_rows`.
    """
    filled = {name: part for name, part in by_country.items() if len(part.days)}
    if not filled:
        numbers = ["days", *areas.list_numbers("person_days")]
        return areas.make_no_totals(["area_id", "from_day", "to_day"], numbers)
    table, shared = areas.stack_sets(part.sets for part in filled.values())
    first = table.drop_duplicates("country_id").set_index("country_id")["set_id"]
    days = pd.concat([part.days for part in filled.values()], ignore_index=True)
    days = days.assign(state=days["state"] + days["country_id"].map(first).astype("int64"))
    parts = [
        _sum_kind(of_kind, places, table, shared, filled).assign(kind=kind)
        for kind, of_kind in days.groupby("kind", sort=True)
    ]
    return areas.add_status(pd.concat(parts, ignore_index=True), no_estimate_reason, as_of)


def _sum_kind(
    days: pd.DataFrame,
    places: pd.DataFrame,
    table: pd.DataFrame,
    shared: pd.DataFrame,
    by_country: Mapping[str, OnDays],
) -> pd.DataFrame:
    runs, pairs = _find_runs(days, places)
    joined = pairs.join(table[["country_id", "place", "is_drawn"]], on="state")
    in_areas = joined.join(runs["area_id"], on="run")
    people, each_day = (
        areas.sum_over_countries(in_areas, people_of, ["run"], unit).droplevel("area_id")
        for people_of, unit in (
            (lambda name: by_country[name].sets.people, "persons"),
            (lambda name: by_country[name].person_days, "person_days"),
        )
    )
    as_totals = pairs.rename(columns={"run": "total", "state": "set_id"})
    counts = areas.count_totals(as_totals, table[COUNTS], shared)
    groups = joined.groupby("run")["is_drawn"]
    return (
        runs.join(people)
        .join(each_day)
        .join(counts)
        .assign(
            from_day=runs["from_day"].dt.strftime("%Y-%m-%d"),
            to_day=runs["to_day"].dt.strftime("%Y-%m-%d"),
            countries_count=groups.size().astype("float64"),
            countries_drawn=groups.sum().astype("float64"),
        )
    )


def _list_days(inputs: SimulationInputs, today: pd.Timestamp) -> tuple[pd.DataFrame, Members]:
    """Return the days of countries with a restriction in force, and the rows of each set.

    The days have country_id, day and a column with the set of each world (NONE: there is none).
    """
    first, line = today - pd.DateOffset(years=YEARS) + ONE_DAY, inputs.timeline
    rows_of = {**areas.rows_by_kind(inputs), PER_DAY: line.drawn_rows}
    parts, members = [], {}
    for world, rows in rows_of.items():
        end = areas.ENDS.get(world, areas.ENDS["drawn"])
        pieces, members[world] = line.find_intervals(rows, end, by_country=True)
        parts.append(_spread_days(pieces, first, today).rename(columns={"set_id": world}))
    days = parts[0]
    for part in parts[1:]:
        days = days.merge(part, on=["country_id", "day"], how="left", validate="m:1")
    filled = days.fillna(dict.fromkeys(members, NONE))
    return filled.astype(dict.fromkeys(members, "int64")), members


def _spread_days(pieces: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    start = pieces["start"].where(pieces["start"] > first, first)
    end = pieces["end"].where(pieces["end"] <= last, last + ONE_DAY)
    count = (end - start).dt.days.clip(lower=0)
    rows = pieces.loc[pieces.index.repeat(count), ["group", "set_id"]]
    step = rows.groupby(level=0).cumcount().to_numpy()
    day = start.loc[rows.index].to_numpy() + step * np.timedelta64(1, "D")
    return rows.rename(columns={"group": "country_id"}).assign(day=day).reset_index(drop=True)


def _number_states(
    days: pd.DataFrame, members: Members, inputs: SimulationInputs
) -> tuple[pd.DataFrame, pd.DataFrame, Members]:
    """Return the sets of each kind in force on a day, the days of each, and its rows by world.

    A state is a combination of sets in force, with the number of rows that are older than a year,
    which grows in the order of their starts, and the day where one began on it: rows of one state
    are of the same kinds on all of its days.
    """
    cells = days[["country_id", "day", "every"]].merge(
        members["every"], left_on="every", right_on="set_id"
    )
    line, key = inputs.timeline, ["country_id", "day"]
    began = line.periods["from_day"].reindex(line.rows["restriction_id"].iloc[cells["row"]])
    age = (cells["day"] - began.to_numpy()).dt.days
    marks = cells[key].assign(older=age > OLDER_DAYS, began=age == 0).groupby(key)
    dated = days.join(marks["older"].sum(), on=key).join(marks["began"].any(), on=key)
    dated["began"] = dated["day"].where(dated["began"])
    state = ["country_id", *members, "older", "began"]
    dated["moment"] = dated.groupby(state, dropna=False, sort=False).ngroup()
    moments = dated.drop_duplicates("moment")
    period = moments["day"].dt.strftime("%Y-%m-%d")
    rows = {
        world: _mark_rows(moments.assign(period=period), world, of_world, inputs)
        for world, of_world in members.items()
    }
    table = rows["every"][["country_id", "moment", "kind"]].drop_duplicates()
    table = table.sort_values(["country_id", "kind", "moment"], ignore_index=True)
    numbers = table[["moment", "kind"]].reset_index(names="set_id")
    of_sets = {
        world: of_kind.merge(numbers, on=["moment", "kind"], validate="m:1")[["set_id", "row"]]
        for world, of_kind in rows.items()
    }
    numbered = dated[[*key, "moment"]].merge(numbers, on="moment")
    numbered = numbered.rename(columns={"set_id": "state"})[[*key, "kind", "state"]]
    return table[["country_id", "kind"]], numbered, of_sets


def _mark_rows(
    moments: pd.DataFrame, world: str, members: pd.DataFrame, inputs: SimulationInputs
) -> pd.DataFrame:
    rows = moments[["country_id", "moment", "period", world]].merge(
        members, left_on=world, right_on="set_id"
    )
    return spread_kinds(inputs.timeline, rows)[["country_id", "moment", "kind", "row"]]


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
