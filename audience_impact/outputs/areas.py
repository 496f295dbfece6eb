"""People under at least one restriction at once, by country, and their totals by region.

Definitions. A set holds the audiences of one country that are in force in a period, or on a day. A
region of the world is one of the UN's (M49), with all countries in it; 001 is the world.

Method. Each number is made three times: what is certain (lower bound), what can be drawn, what is
possible (upper bound); timeline.py says how. A set has at least as many people as each of its
restrictions, and a year as each of its months, in bounds and in every draw. Countries are disjoint:
people of a region are the sum of its countries, draw by draw. A country of which nothing can be
drawn enters the draws of a region with its lower bound.

Assumptions. A person is under restrictions of one country alone.

Known drawbacks. Audiences and bases of different countries are drawn as independent, so that the
interval of a region is too narrow where they err together.

Citation. United Nations, Standard Country or Area Codes for Statistical Use (M49).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from audience_impact.audiences.scope import COUNTRY
from audience_impact.bounds import frechet
from audience_impact.frames import Array
from audience_impact.populations import is_region
from audience_impact.simulation import audiences, parts, simulate, unions
from audience_impact.simulation.inputs import SimulationInputs
from audience_impact.simulation.parts import Places
from audience_impact.simulation.sampler import Sampler

WORLD = "001"
ENDS = {"every": "most_end", "certain": "least_end", "drawn": "end"}
"""What the three kinds of sets are for, and until when their restrictions count."""
Members = Mapping[str, pd.DataFrame]
"""Rows of the timeline in each set (set_id, row), by kind."""
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class People:
    """People of each set: bounds (sets,) and draws (sets, D), NaN where nothing can be drawn."""

    lower: Array
    upper: Array
    drawn: Array


@dataclass(frozen=True)
class Floors:
    """People of each restriction in each of its countries, by COUNTRY: bounds, draws, places."""

    bounds: pd.DataFrame
    drawn: Array
    places: Places


def places(areas: pd.DataFrame, countries: pd.Series) -> pd.DataFrame:
    """Each country with itself, the regions that hold it and the world: country_id, area_id.

    `areas` is the fact table, whose `parent_id` leads from a country to the world.
    """
    parents = areas.set_index("area_id")["parent_id"]
    own = pd.Series(sorted(set(countries)), dtype="str")
    steps, at = [own], own
    while at.ne("").any():
        at = at.map(parents).fillna("").astype("str")
        steps.append(at)
    found = pd.concat([pd.DataFrame({"country_id": own, "area_id": step}) for step in steps])
    world = pd.DataFrame({"country_id": own, "area_id": WORLD})
    whole = pd.concat([found[found["area_id"] != ""], world]).drop_duplicates()
    return whole.sort_values(["country_id", "area_id"], ignore_index=True)


def itself(countries: pd.Series) -> pd.DataFrame:
    """Each country with itself alone."""
    own = sorted(set(countries))
    return pd.DataFrame({"country_id": own, "area_id": own}, dtype="str")


def is_country(area_ids: pd.Series) -> pd.Series:
    """Whether each area is a country: regions of the world have numbers."""
    return ~area_ids.str.isdigit() & ~area_ids.map(is_region)


def kinds(inputs: SimulationInputs, wanted: pd.Index | None = None) -> Members:
    """Rows of the timeline of each kind, of the wanted restrictions."""
    line = inputs.timeline
    complete = line.rows["restriction_id"].isin(inputs.countries["restriction_id"])
    ready = (line.monthly["shape"] != "").to_numpy() & line.rows["base_persons"].notna()
    found = {
        "every": line.rows,
        "certain": line.certain_rows,
        "drawn": line.rows[complete & ready],
    }
    if wanted is None:
        return found
    return {kind: rows[rows["restriction_id"].isin(wanted)] for kind, rows in found.items()}


def floors(inputs: SimulationInputs, sampler: Sampler, workers: int) -> Floors:
    """People of each restriction in each of its countries."""
    known = inputs.bounds.countries[["lower_persons", "upper_persons"]]
    certain = inputs.timeline.certain_rows["restriction_id"].unique()
    sure = known.index.get_level_values("restriction_id").isin(certain)
    inside = known.assign(lower_persons=known["lower_persons"].where(sure, 0.0))
    total = inputs.bounds.exposed["upper_persons"].reindex(
        known.index.get_level_values("restriction_id")
    )
    inside["upper_persons"] = np.fmin(known["upper_persons"], total.to_numpy("float64"))
    found = simulate.people_by_country(inputs, sampler, workers)
    return Floors(inside, found.exposed, found.places)


def people(
    inputs: SimulationInputs,
    members: Members,
    count: int,
    own: Floors,
    draw: tuple[Sampler, int],
) -> People:
    """People of each of `count` sets, each at least those of its restrictions."""
    rows = inputs.timeline.rows
    numbers, ends = range(count), ("monthly_low_persons", "monthly_high_persons")
    every, certain = (
        frechet.of_sets(members[kind], rows, *ends).reindex(numbers)
        for kind in ("every", "certain")
    )
    known = members["every"].join(rows.set_index("row")["base_persons"], on="row")
    base = known.groupby("set_id")["base_persons"].max().reindex(numbers).to_numpy("float64")
    limit = np.where(np.isnan(base), np.inf, base)
    most, least = (
        _of_restrictions(members[kind], rows, own.bounds[f"{end}_persons"], count)
        for kind, end in (("every", "upper"), ("certain", "lower"))
    )
    lower = np.minimum(np.fmax(np.nan_to_num(certain["lower"].to_numpy("float64")), least), limit)
    upper = every["upper"].to_numpy("float64")
    upper = np.where(np.isnan(upper), np.nan, np.fmin(np.fmax(np.fmax(upper, most), lower), limit))
    drawn = _drawn(inputs, members["drawn"], count, own.places, draw)
    sure = members["drawn"][members["drawn"]["row"].isin(inputs.timeline.certain_rows["row"])]
    own_least = frechet.of_sets(sure, rows, *ends)["lower"].reindex(numbers)
    # what is not drawn can force more than what is
    forced = np.where(lower > np.nan_to_num(own_least.to_numpy("float64")) + 1.0, lower, 0.0)
    inside = np.fmax(drawn, forced[:, None])
    # beside those who are forced, places add who is not among them
    alone = ~np.isin(np.arange(count), sure["set_id"]) & (forced > 0.0)
    rest = 1.0 - np.clip(forced / limit, 0.0, 1.0)
    inside[alone] = (forced[:, None] + rest[:, None] * drawn)[alone]
    inside[np.isnan(drawn)] = np.nan
    return People(lower, upper, _raised(inside, inputs, members["drawn"], own.drawn))


def _of_restrictions(
    members: pd.DataFrame, rows: pd.DataFrame, value: pd.Series, count: int
) -> Array:
    """The largest number of any restriction of each set (sets,); 0 where there is none."""
    about = rows.set_index("row")[COUNTRY]
    single = members.join(about, on="row").drop_duplicates(["set_id", *COUNTRY])
    largest = single.join(value.rename("value"), on=COUNTRY).groupby("set_id")["value"].max()
    return np.asarray(largest.reindex(range(count)).fillna(0.0).to_numpy("float64"))


def _drawn(
    inputs: SimulationInputs,
    members: pd.DataFrame,
    count: int,
    places: Places,
    draw: tuple[Sampler, int],
) -> Array:
    """Draws (sets, D) of the people in the audiences and parts of each set."""
    sampler, _ = draw
    line, found = inputs.timeline, np.full((count, sampler.count), np.nan)
    if inputs.overlap_model is None or members.empty:
        return found
    used = line.rows["row"].isin(members["row"]).to_numpy()
    own = np.full((len(line.rows), sampler.count), np.nan)
    own[used] = audiences.values(line.monthly[used], sampler, line.tail_degrees)
    drawn = parts.people(members, own, line, places, inputs.overlap_model, draw, inputs.kept)
    found[: len(drawn)] = drawn
    return found


def _raised(drawn: Array, inputs: SimulationInputs, members: pd.DataFrame, own: Array) -> Array:
    """Draws of sets, each at least that of its restrictions."""
    about = inputs.timeline.rows.set_index("row")[COUNTRY]
    single = members.join(about, on="row").drop_duplicates(["set_id", *COUNTRY])
    keys = pd.MultiIndex.from_frame(inputs.countries[COUNTRY])
    at = keys.get_indexer(pd.MultiIndex.from_frame(single[COUNTRY]))
    sets = single["set_id"].to_numpy()[at >= 0]
    most = at_least(sets, own[at[at >= 0]], len(drawn))
    return np.asarray(np.where(np.isnan(drawn), drawn, np.fmax(drawn, most)))


def at_least(sets: Integers, values: Array, count: int) -> Array:
    """The largest draw (count, D) of the rows of each set; NaN where a set has none."""
    found = np.full((count, values.shape[1]), np.nan)
    if len(sets):
        order = np.argsort(sets, kind="stable")
        known, first = np.unique(sets[order], return_index=True)
        found[known] = np.fmax.reduceat(values[order], first, axis=0)
    return found


def summed(parts: People, total: Integers, sets: Integers, count: int) -> People:
    """Sums over sets of different countries: number of the total and of the set, pair by pair.

    Draws of a set without any are its lower bound; a total with no draws at all has none.
    """
    shape = (count, len(parts.lower))
    table = csr_array((np.ones(len(sets)), (total, sets)), shape=shape)
    silent = np.asarray(np.isnan(parts.drawn).all(axis=1))
    drawn = table @ np.where(silent[:, None], parts.lower[:, None], parts.drawn)
    drawn[table @ (~silent).astype("float64") == 0] = np.nan
    return People(table @ parts.lower, table @ parts.upper, np.asarray(drawn))


def columns(found: People, index: pd.Index) -> pd.DataFrame:
    """Bounds and quantiles of people, as published."""
    middle = unions.quantiles(found.drawn, index, "persons")
    return middle.assign(lower_persons=found.lower, upper_persons=found.upper)
