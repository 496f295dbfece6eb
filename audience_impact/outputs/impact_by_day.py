"""Table `impact_by_day`: people under at least one restriction on each day of the last two years.

A row holds for all days from its first to its last, on which the same restrictions are in force in
the area; days on which none is have no row. Areas and numbers are those of areas.py: everyone
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
from audience_impact.simulation.sampler import Sampler

YEARS = 2
KEY = ["area_id", "from_day"]
NONE = -1


@dataclass(frozen=True)
class OnDays:
    """What is in force in countries on a day (`sets`), and on which days (country_id, day, state).

    A state is a set by its number.
    """

    sets: Sets
    days: pd.DataFrame

    def of(self, country: str) -> "OnDays":
        """Those of a country alone, numbered anew."""
        first = np.flatnonzero(self.sets.table["country_id"] == country)[:1].sum()
        days = self.days[self.days["country_id"] == country]
        days = days.assign(state=days["state"] - first).reset_index(drop=True)
        return OnDays(self.sets.of(country), days)


def on_days(inputs: SimulationInputs, sampler: Sampler, as_of: date) -> OnDays:
    """The people of each country on the days of the last two years."""
    days, of_sets = _days(inputs, pd.Timestamp(as_of))
    if days.empty:
        nothing = areas.no_sets(["country_id"], sampler.count)
        return OnDays(nothing, pd.DataFrame(columns=["country_id", "day", "state"]))
    table, numbered, members = _states(days, of_sets)
    own = areas.floors(inputs, sampler)
    people = areas.people(inputs, members, len(table), own, sampler)
    counts, shared = areas.acts(members["every"], inputs, len(table))
    return OnDays(Sets(table.join(counts), shared, people), numbered)


def whole(found: OnDays, areas_table: pd.DataFrame, silent: str, as_of: date) -> pd.DataFrame:
    """One row an area and run of days with the same restrictions in force.

    `areas_table`, the fact table `areas`, says which regions there are; `silent` as reasons.silence
    gives it.
    """
    countries = found.sets.table["country_id"]
    alone = {country: found.of(country) for country in sorted(set(countries))}
    regions = of_regions(alone, areas.regions(areas_table, countries), silent, as_of)
    return areas.together([of_countries(found, silent, as_of), regions], KEY)


def of_countries(found: OnDays, silent: str, as_of: date) -> pd.DataFrame:
    """The rows of countries; `silent` as reasons.silence gives it."""
    if found.days.empty:
        return _no_day()
    own = found.days["country_id"].drop_duplicates()
    runs, pairs = _runs(found.days, pd.DataFrame({"area_id": own, "country_id": own}))
    sets, state = found.sets, pairs["state"].to_numpy()
    people = areas.columns(sets.people, sets.table.index).iloc[state].set_axis(runs.index)
    drawn = (~sets.people.is_silent[state]).astype("float64")
    counts = areas.counted(_named(pairs), sets.table[COUNTS], sets.shared)
    rows = runs.join(people).join(counts).assign(areas_count=1.0, estimated_areas_count=drawn)
    return areas.described(_dated(rows), silent, as_of)


def of_regions(
    found: Mapping[str, OnDays], held: pd.DataFrame, silent: str, as_of: date
) -> pd.DataFrame:
    """The rows of regions, of which `held` says what countries (country_id, area_id) lie in each.

    `found` by country, one of which is in memory at a time.
    """
    told_of = [(areas.told(one.sets), one.days) for one in found.values() if len(one.days)]
    if not told_of:
        return _no_day()
    table, shared = areas.stacked(sets for sets, _ in told_of)
    first = table.drop_duplicates("country_id").set_index("country_id")["set_id"]
    days = pd.concat([each for _, each in told_of], ignore_index=True)
    days = days.assign(state=days["state"] + days["country_id"].map(first).astype("int64"))
    runs, pairs = _runs(days, held)
    each = pairs.join(table[["country_id", "place", "is_drawn"]], on="state")
    totals = []
    for _, rows in runs.groupby("area_id", sort=False):
        inside = each["run"].between(rows.index[0], rows.index[-1])
        own = each[inside].assign(total=each["run"] - rows.index[0])
        total = areas.summed(own, lambda country: found[country].sets.people, len(rows))
        totals.append(areas.columns(total, rows.index))
    counts = areas.counted(_named(pairs), table[COUNTS], shared)
    rows = _dated(runs.join(pd.concat(totals)).join(counts))
    groups = each.groupby("run")["is_drawn"]
    return areas.described(
        rows.assign(
            areas_count=groups.size().astype("float64"),
            estimated_areas_count=groups.sum().astype("float64"),
        ),
        silent,
        as_of,
    )


def _dated(runs: pd.DataFrame) -> pd.DataFrame:
    """Return runs with their first and last day as text."""
    return runs.assign(
        from_day=runs["from_day"].dt.strftime("%Y-%m-%d"),
        to_day=runs["to_day"].dt.strftime("%Y-%m-%d"),
    )


def _named(pairs: pd.DataFrame) -> pd.DataFrame:
    """Runs and states as totals and their sets."""
    return pairs.rename(columns={"run": "total", "state": "set_id"})


def _no_day() -> pd.DataFrame:
    """The table without rows."""
    words = ["area_id", "from_day", "to_day", "impact_metric", *areas.STATUS, "as_of"]
    counts = ["days", "areas_count", "estimated_areas_count", *COUNTS]
    return no_rows(words, [*PEOPLE, *counts])


def _days(inputs: SimulationInputs, today: pd.Timestamp) -> tuple[pd.DataFrame, Members]:
    """Days of countries with a restriction in force and the set of each kind, and its rows.

    The days have country_id, day and a column for each kind of set (NONE: there is none).
    """
    first = today - pd.DateOffset(years=YEARS) + ONE_DAY
    parts, members = [], {}
    for kind, rows in areas.kinds(inputs).items():
        pieces, members[kind] = inputs.timeline.intervals(rows, areas.ENDS[kind], by_country=True)
        parts.append(_each_day(pieces, first, today).rename(columns={"set_id": kind}))
    days = parts[0]
    for part in parts[1:]:
        days = days.merge(part, on=["country_id", "day"], how="left")
    kinds = list(members)
    return days.assign(**{kind: days[kind].fillna(NONE).astype("int64") for kind in kinds}), members


def _each_day(pieces: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    """The days of pieces from the first to the last, with country and set."""
    start = pieces["start"].where(pieces["start"] > first, first)
    end = pieces["end"].where(pieces["end"] <= last, last + ONE_DAY)
    count = (end - start).dt.days.clip(lower=0)
    rows = pieces.loc[pieces.index.repeat(count), ["group", "set_id"]]
    step = rows.groupby(level=0).cumcount().to_numpy()
    day = start.loc[rows.index].to_numpy() + step * np.timedelta64(1, "D")
    return rows.rename(columns={"group": "country_id"}).assign(day=day).reset_index(drop=True)


def _states(days: pd.DataFrame, members: Members) -> tuple[pd.DataFrame, pd.DataFrame, Members]:
    """The states (country_id), days with the number of theirs, and the rows in each by kind."""
    kinds = list(members)
    states = days[["country_id", *kinds]].drop_duplicates().reset_index(drop=True)
    states = states.reset_index(names="state")
    rows = {
        kind: states[["state", kind]]
        .merge(found, left_on=kind, right_on="set_id")[["state", "row"]]
        .rename(columns={"state": "set_id"})
        for kind, found in members.items()
    }
    numbered = days.merge(states, on=["country_id", *kinds])
    return states[["country_id"]], numbered[["country_id", "day", "state"]], rows


def _runs(days: pd.DataFrame, held: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Runs of days of each area on which nothing changes, and the states in force in each.

    Runs: area_id, from_day, to_day, days; pairs: run (the row of the run), state.
    """
    grid = days.pivot(index="country_id", columns="day", values="state").sort_index()
    every = pd.date_range(grid.columns.min(), grid.columns.max(), unit="us")
    state = grid.reindex(columns=every).fillna(NONE).to_numpy().astype(np.int64)
    inside = pd.crosstab(held["area_id"], held["country_id"]).reindex(columns=grid.index)
    holds = inside.to_numpy(dtype=bool)
    moved = np.diff(state, axis=1, prepend=NONE - 1) != 0
    changed, alive = (holds.astype(int) @ each > 0 for each in (moved, state != NONE))
    area, at = np.nonzero(changed)
    after = np.where(np.append(area[1:], NONE) == area, np.append(at[1:], 0), len(every))
    kept = alive[area, at]
    area, at, after = area[kept], at[kept], after[kept]
    runs = pd.DataFrame(
        {
            "area_id": inside.index.to_numpy()[area],
            "from_day": every[at],
            "to_day": every[after - 1],
            "days": (after - at).astype("float64"),
        }
    )
    run, country = np.nonzero(holds[area] & (state[:, at] != NONE).T)
    return runs, pd.DataFrame({"run": run, "state": state[country, at[run]]})
