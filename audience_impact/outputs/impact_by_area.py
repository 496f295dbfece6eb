"""Table `impact_by_area`: people under at least one restriction in a month or a year of a country.

Each number is made three times: what is certain (lower bound), what can be drawn (quantiles), what
is possible (upper bound). timeline.py says how.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from audience_impact.bounds import frechet
from audience_impact.outputs.person_days import IN_PART, nothing
from audience_impact.outputs.reasons import undrawn
from audience_impact.outputs.status_rules import ESTIMATED, MISSING, UNRELIABLE, sentence
from audience_impact.periods import spans
from audience_impact.simulation import audiences, timeline, unions
from audience_impact.simulation.inputs import SimulationInputs
from audience_impact.simulation.sampler import Sampler
from audience_impact.vocabulary import ImpactMetric


@dataclass(frozen=True)
class _Periods:
    """Audiences in force at any time in each period of a country: all, and one a platform."""

    table: pd.DataFrame
    members: pd.DataFrame
    alive: pd.DataFrame


def impact_by_area(
    inputs: SimulationInputs, sampler: Sampler, workers: int, as_of: date
) -> pd.DataFrame:
    """One row a country and month or year with a restriction in force."""
    line = inputs.timeline
    ready = inputs.audiences["shape"] != ""
    complete = line.rows["restriction_id"].isin(inputs.countries["restriction_id"])
    every, certain, drawable = (
        _in_period(inputs, rows, end)
        for rows, end in (
            (line.rows, "most_end"),
            (line.certain_rows, "least_end"),
            (line.rows[complete & ready.to_numpy()], "end"),
        )
    )
    if every.table.empty:
        return _no_area()
    ends = ("monthly_low_persons", "monthly_high_persons")
    most, least = (frechet.of_sets(one.alive, line.rows, *ends) for one in (every, certain))
    table = every.table.assign(upper_persons=most["upper"].to_numpy())
    table = table.set_index(["country_id", "period"])
    low = certain.table.assign(lower_persons=least["lower"].to_numpy())
    table["lower_persons"] = low.set_index(["country_id", "period"])["lower_persons"]
    table["lower_persons"] = table["lower_persons"].fillna(0.0)
    joined = table.join(_middle(inputs, drawable, table, sampler, workers))
    return _about_area(joined, every, inputs, as_of)


def _no_area() -> pd.DataFrame:
    """The table without rows, where no restriction was ever in force."""
    names = ["area_id", "period", "base", "platforms", "obs_status", "reason", "as_of"]
    words = {name: pd.Series(dtype="str") for name in [*names, "impact_metric"]}
    numbers = ["lower", *unions.QUANTILES, "upper", "base"]
    return pd.DataFrame(words).assign(
        **{f"{name}_persons": pd.Series(dtype="float64") for name in numbers},
        restrictions_count=pd.Series(dtype="float64"),
        bounds_only_count=pd.Series(dtype="float64"),
    )


def _in_period(inputs: SimulationInputs, rows: pd.DataFrame, end: str) -> _Periods:
    """Sets of each country and period from what is in force on some day of it."""
    times = inputs.timeline.periods
    intervals, _ = timeline.intervals_of(rows, times, end, by_country=True)
    about = times.reindex(rows["restriction_id"])
    alive = pd.DataFrame(
        {
            "country_id": rows["country_id"].to_numpy(),
            "row": rows["row"].to_numpy(),
            "platform_id": rows["platform_id"].to_numpy(),
            "from": timeline.begins(about, end).to_numpy(),
            "until": about[end].to_numpy(),
        }
    )
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
    joined = alive.merge(periods, on="country_id")
    inside = joined[(joined["from"] < joined["last"]) & (joined["until"] > joined["first"])]
    table = (
        inside[["country_id", "period"]]
        .drop_duplicates()
        .sort_values(["country_id", "period"], ignore_index=True)
        .reset_index(names="set_id")
    )
    keyed = inside.merge(table, on=["country_id", "period"])
    alive = keyed[["set_id", "row"]]
    return _Periods(table, timeline.one_a_platform(alive, rows, times), alive)


def _middle(
    inputs: SimulationInputs,
    drawable: _Periods,
    bounds: pd.DataFrame,
    sampler: Sampler,
    workers: int,
) -> pd.DataFrame:
    """Quantiles of the people in each period, by country and period."""
    if inputs.overlap_model is None or drawable.table.empty:
        return nothing(["country_id", "period"], "persons")
    own = audiences.values(inputs.audiences, sampler, inputs.timeline.tail_degrees)
    wanted = timeline.unions_of(drawable.members, inputs.timeline.rows)
    drawn, _ = unions.people(own, wanted, inputs.overlap_model, sampler, workers)
    index = pd.MultiIndex.from_frame(drawable.table[["country_id", "period"]])
    forced = bounds["lower_persons"].reindex(index).to_numpy("float64")
    ends = ("monthly_low_persons", "monthly_high_persons")
    own_least = frechet.of_sets(drawable.alive, inputs.timeline.rows, *ends)["lower"].to_numpy()
    # what is not drawn can force more than what is
    floor = np.where(forced > own_least + 1.0, forced, 0.0)
    return unions.quantiles(np.fmax(drawn, floor[:, None]), index, "persons")


def _about_area(
    table: pd.DataFrame, every: _Periods, inputs: SimulationInputs, as_of: date
) -> pd.DataFrame:
    """Base, platforms, counts, status and reason of each country and period."""
    drawn = set(inputs.countries["restriction_id"])
    rows = inputs.timeline.rows.set_index("row")
    joined = every.alive.join(
        rows[["restriction_id", "platform_id", "base", "base_persons"]], on="row"
    ).sort_values(["set_id", "base_persons", "platform_id"])
    groups = joined.groupby("set_id", sort=True)
    open_rows = joined[~joined["restriction_id"].isin(drawn)].groupby("set_id")
    silent = table["q50_persons"].isna().to_numpy()
    bounded = open_rows["restriction_id"].nunique().reindex(list(groups.groups), fill_value=0)
    bounded = bounded.to_numpy()
    return (
        table.reset_index()
        .assign(
            area_id=lambda frame: frame["country_id"],
            impact_metric=ImpactMetric.PEOPLE_EXPOSED.value,
            base=groups["base"].last().to_numpy(),
            base_persons=groups["base_persons"].max(skipna=False).to_numpy(),
            platforms=groups["platform_id"].agg(lambda ids: ";".join(sorted(set(ids)))).to_numpy(),
            restrictions_count=groups["restriction_id"].nunique().to_numpy(),
            bounds_only_count=bounded,
            obs_status=np.where(silent, MISSING, np.where(bounded > 0, UNRELIABLE, ESTIMATED)),
            reason=np.where(
                bounded > 0, IN_PART, "" if inputs.overlap_model else sentence(undrawn(inputs))
            ),
            as_of=as_of.isoformat(),
        )
        .sort_values(["area_id", "period"], ignore_index=True)
    )
