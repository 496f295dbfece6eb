"""Table `impact_by_day`: people under at least one restriction on each day of the last two years.

A row holds for all days from its first to its last, on which the same restrictions are in force in
the area; days on which none is have no row. Areas and numbers are those of areas.py: everyone
exposed on the day, whether they come on that day or not.
"""

from datetime import date

import numpy as np
import pandas as pd

from audience_impact.outputs import areas
from audience_impact.outputs.areas import Members
from audience_impact.outputs.impact_by_area import SOME_SILENT
from audience_impact.outputs.person_days import IMPUTED_SOME, IN_PART
from audience_impact.outputs.review.reasons import undrawn
from audience_impact.outputs.review.status_rules import (
    ESTIMATED,
    IMPUTED,
    MISSING,
    UNRELIABLE,
    sentence,
)
from audience_impact.periods import ONE_DAY
from audience_impact.simulation.inputs import SimulationInputs
from audience_impact.simulation.sampler import Sampler
from audience_impact.vocabulary import ImpactMetric

YEARS = 2
KEY = ["area_id", "from_day"]
NONE = -1


def impact_by_day(
    inputs: SimulationInputs,
    sampler: Sampler,
    workers: int,
    as_of: date,
    areas_table: pd.DataFrame,
) -> pd.DataFrame:
    """One row an area and run of days with the same restrictions in force.

    `areas_table`, the fact table `areas`, says which regions there are.
    """
    days, of_sets = _days(inputs, pd.Timestamp(as_of))
    if days.empty:
        return _no_day()
    numbered, members = _states(days, of_sets)
    own = areas.floors(inputs, sampler, workers)
    count = 1 + int(numbered["state"].max())
    found = areas.people(inputs, members, count, own, (sampler, workers))
    held = areas.places(areas_table, numbered["country_id"])
    runs, pairs = _runs(numbered, held)
    run, state = pairs["run"].to_numpy(), pairs["state"].to_numpy()
    total = areas.columns(areas.summed(found, run, state, len(runs)), runs.index)
    known = pd.Series(~np.isnan(found.drawn[state]).all(axis=1)).groupby(run).sum()
    table = runs.join(total).assign(
        areas_count=pairs.groupby("run").size().astype("float64"),
        estimated_areas_count=known.astype("float64"),
    )
    return _described(table, pairs, members["every"], inputs).assign(as_of=as_of.isoformat())


def _no_day() -> pd.DataFrame:
    """The table without rows."""
    words = ["area_id", "from_day", "to_day", "impact_metric", "obs_status", "reason", "as_of"]
    people = [f"{name}_persons" for name in ("lower", "q05", "q50", "q95", "upper")]
    counts = ["days", "areas_count", "estimated_areas_count", "restrictions_count"]
    return pd.DataFrame({name: pd.Series(dtype="str") for name in words}).assign(
        **{name: pd.Series(dtype="float64") for name in [*people, *counts]}
    )


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


def _states(days: pd.DataFrame, members: Members) -> tuple[pd.DataFrame, Members]:
    """Days with the number of what is in force on them (`state`), and its rows by kind."""
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
    return numbered[["country_id", "day", "state"]], rows


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


def _described(
    table: pd.DataFrame, pairs: pd.DataFrame, every: pd.DataFrame, inputs: SimulationInputs
) -> pd.DataFrame:
    """Counts, status and reason of each run."""
    names = inputs.timeline.rows.set_index("row")[["restriction_id", "is_imputed"]]
    acts = every.join(names, on="row")[["set_id", "restriction_id", "is_imputed"]]
    acts = acts.groupby(["set_id", "restriction_id"], as_index=False)["is_imputed"].any()
    each = pairs.merge(acts, left_on="state", right_on="set_id")
    count = each.groupby("run")["restriction_id"].nunique()
    open_acts = ~each["restriction_id"].isin(set(inputs.countries["restriction_id"]))
    imputed = (each["is_imputed"] & ~open_acts).groupby(each["run"]).any()
    imputed = imputed.reindex(table.index).eq(True)
    bounded = open_acts.groupby(each["run"]).any().reindex(table.index).astype(bool)
    silent = table["q50_persons"].isna()
    some = ~silent & (table["estimated_areas_count"] < table["areas_count"])
    words = pd.Series("" if inputs.overlap_model else sentence(undrawn(inputs)), table.index)
    words = words.where(~bounded, IN_PART)
    words = words.where(~some, words.where(words == "", words + "; ") + SOME_SILENT)
    return table.assign(
        from_day=table["from_day"].dt.strftime("%Y-%m-%d"),
        to_day=table["to_day"].dt.strftime("%Y-%m-%d"),
        impact_metric=ImpactMetric.PEOPLE_EXPOSED.value,
        restrictions_count=count.reindex(table.index).astype("float64"),
        obs_status=np.select(
            [silent, imputed, bounded | some], [MISSING, IMPUTED, UNRELIABLE], ESTIMATED
        ),
        reason=words.where(
            ~imputed | silent, words.where(words == "", words + "; ") + IMPUTED_SOME
        ),
    ).sort_values(KEY, ignore_index=True)
