"""Draws of every impact metric of every restriction, from one set of standard draws.

Definitions. A model holds what does not change from draw to draw: who is in which set, what the
bounds are, which shares apply. A sampler holds the standard draws. Outcomes are arrays
(restrictions, D), one for each metric, NaN where nothing can be drawn.

Method. The same function makes the published draws and, with some inputs taken from a second
stream, the draws from which sensitivity.py tells what drives the width.

Assumptions, drawbacks and citations: those of pooling, estimation, features and sweep.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from audience_impact.audiences import features
from audience_impact.bounds import measured
from audience_impact.bounds.measured import PLACE, Settled
from audience_impact.frames import Array
from audience_impact.overlap.model import OverlapModel
from audience_impact.simulation import audiences as pooling
from audience_impact.simulation import timeline as sweep
from audience_impact.simulation import unions as estimation
from audience_impact.simulation.distributions import Sampler
from audience_impact.simulation.timeline import Timed, Timeline
from audience_impact.simulation.unions import CELL, Sets
from audience_impact.vocabulary import ImpactMetric

EXPOSED = ImpactMetric.PEOPLE_EXPOSED.value
FEATURE = ImpactMetric.PEOPLE_FEATURE_EXPOSED.value
DEPRIVED = ImpactMetric.PEOPLE_DEPRIVED_NET.value
LOST = ImpactMetric.REACH_LOST.value
PERSON_DAYS = "person_days"


@dataclass(frozen=True)
class Model:
    """What is drawn: tables that hold the same whatever the draws are.

    `items` one row an audience, numbered by `row`, with the columns of pooling.distributions,
    `age_months` and CELL. `places` one row a place that can be drawn, with `lower_persons` and
    `upper_persons`. `shares` and `keepers` as features gives them. `bounds` by metric, each
    indexed by restriction_id.
    """

    overlap: OverlapModel | None
    restrictions: pd.Index
    items: pd.DataFrame
    places: pd.DataFrame
    settled: tuple[Settled, ...]
    by_feature: pd.Series
    shares: pd.DataFrame
    keepers: pd.DataFrame
    bounds: dict[str, pd.DataFrame]
    line: Timeline
    timed: Timed


@dataclass(frozen=True)
class Outcomes:
    """Draws by metric, and the share of draws of the people exposed that the bounds moved."""

    by_metric: dict[str, Array]
    cut_share: Array


def draw(model: Model, sampler: Sampler, workers: int = 1) -> Outcomes:
    """Draws of every metric of every restriction of the model."""
    count = len(model.restrictions)
    nothing = np.full((count, sampler.count), np.nan)
    overlap = model.overlap
    if overlap is None or model.places.empty:
        return Outcomes(
            dict.fromkeys((EXPOSED, FEATURE, DEPRIVED, PERSON_DAYS), nothing), np.zeros(count)
        )
    items = pooling.values(model.items, sampler)
    callers = features.callers(model.shares, sampler)
    exposed, feature = _places(model, overlap, (items, callers), sampler, workers)
    people, moved = _restrictions(model, exposed, EXPOSED)
    users = _restrictions(model, feature, FEATURE)[0]
    return Outcomes(
        {
            EXPOSED: people,
            FEATURE: users,
            DEPRIVED: _deprived(model, users, sampler),
            PERSON_DAYS: _days(model, overlap, sampler, workers),
        },
        moved,
    )


def _places(
    model: Model,
    overlap: OverlapModel,
    drawn_items: tuple[Array, Array],
    sampler: Sampler,
    workers: int,
) -> tuple[Array, Array]:
    """People exposed and feature users (places, D), before the bounds of features.

    `drawn_items` are the audiences and the callers, in persons.
    """
    sets = place_sets(model)
    items, callers = drawn_items
    drawn, base = estimation.people(np.vstack([items, callers]), sets, overlap, sampler, workers)
    kinds = sets.table["kind"].to_numpy(dtype=object)
    numbers = sets.table["number"].to_numpy()
    exposed = np.full((len(model.places), sampler.count), np.nan)
    both, who = exposed.copy(), exposed.copy()
    exposed[numbers[kinds == "exposed"]] = drawn[kinds == "exposed"]
    who[numbers[kinds == "callers"]] = drawn[kinds == "callers"]
    both[numbers[kinds == "both"]] = drawn[kinds == "both"]
    used = np.where(model.places["own"].to_numpy("bool")[:, None], who, who + exposed - both)
    whole = model.places["whole"].to_numpy("bool")[:, None]
    bases = np.empty_like(exposed)
    bases[numbers[kinds == "exposed"]] = base[kinds == "exposed"]
    told = _conditioned(model, overlap, items, (exposed, bases), sampler)
    low, high = (model.places[f"{end}_persons"].to_numpy("float64") for end in ("lower", "upper"))
    return told, np.where(whole, np.clip(told, low[:, None], high[:, None]), used)


def place_sets(model: Model) -> Sets:
    """The sets of each place: those exposed, the callers, and both together."""
    places = model.places.reset_index(drop=True).reset_index(names="number")
    own = model.items.merge(places[[*PLACE, "number"]], on=PLACE)[["number", "row"]]
    own = own.rename(columns={"row": "item"})
    used = model.shares.reset_index(names="place").merge(places[[*PLACE, "number"]], on=PLACE)
    asked = used.assign(item=used["place"] + len(model.items))[["number", "item"]]
    parts = {
        "exposed": own,
        "callers": asked,
        "both": pd.concat([own[own["number"].isin(asked["number"])], asked]),
    }
    members = pd.concat([part.assign(kind=kind) for kind, part in parts.items()])
    table = (
        members[["number", "kind"]]
        .drop_duplicates()
        .sort_values(["kind", "number"], ignore_index=True)
        .reset_index(names="set_id")
        .merge(places[["number", *CELL]], on="number")
        .sort_values("set_id", ignore_index=True)
    )
    keyed = members.merge(table[["number", "kind", "set_id"]], on=["number", "kind"])
    return Sets(table, keyed[["set_id", "item"]].sort_values(["set_id", "item"]))


def _conditioned(
    model: Model, overlap: OverlapModel, items: Array, drawn: tuple[Array, Array], sampler: Sampler
) -> Array:
    """People exposed, where overlaps were measured given those.

    `drawn` are the people exposed without them, and the bases (places, D).
    """
    exposed, bases = drawn
    keys = list(zip(model.places["restriction_id"], model.places["country_id"], strict=True))
    told = exposed.copy()
    for one in model.settled:
        if one.place.key not in keys or not one.valued:
            continue
        at = keys.index(one.place.key)
        own = model.items[(model.items[PLACE] == list(one.place.key)).all(axis=1)]
        rows = own.sort_values("platform_id").index
        shares = np.clip(items[rows] / bases[at], 0.0, 1.0)
        joint_use = overlap.joint_use(one.place.key[1], sampler.uniform)
        told[at] = bases[at] * measured.conditioned(
            one, shares, overlap, joint_use, bases[at], sampler
        )
    return told


def _restrictions(model: Model, drawn: Array, metric: str) -> tuple[Array, Array]:
    """Sums over countries (restrictions, D), cut to the bounds of the metric."""
    names = model.places["restriction_id"]
    total = estimation.by_restriction(drawn, names, model.restrictions)
    total[~model.restrictions.isin(names)] = np.nan
    bound = model.bounds[metric].reindex(model.restrictions)
    lower = bound["lower_persons"].fillna(0.0).to_numpy("float64")
    return estimation.cut(total, lower, bound["upper_persons"].to_numpy("float64"))


def _deprived(model: Model, users: Array, sampler: Sampler) -> Array:
    """Feature users less those who keep access; NaN where nobody counted them."""
    lost = np.full_like(users, np.nan)
    if not model.keepers.empty:
        rows = model.restrictions.get_indexer(model.keepers["restriction_id"])
        lost[rows] = users[rows] * (1.0 - features.kept(model.keepers, sampler))
    bound = model.bounds[DEPRIVED].reindex(model.restrictions)
    lower = bound["lower_persons"].fillna(0.0).to_numpy("float64")
    return estimation.cut(lost, lower, bound["upper_persons"].to_numpy("float64"))[0]


def _days(model: Model, overlap: OverlapModel, sampler: Sampler, workers: int) -> Array:
    """Person-days (restrictions, D) over the whole time each restriction is on record."""
    days = np.full((len(model.restrictions), sampler.count), np.nan)
    pieces, members = model.timed
    if members.empty:
        return days
    per_day = sweep.daily_people(model.timed, model.line, overlap, sampler, workers)
    names = pieces["group"].str.rsplit("|", n=1).str[0]
    at = (model.restrictions.get_indexer(names), pieces["set_id"].to_numpy())
    shape = (len(days), len(per_day))
    total = csr_array((pieces["days"].to_numpy("float64"), at), shape=shape) @ per_day
    known = model.restrictions.isin(names)
    days[known] = total[known]
    return days


def overlap_method(settled: Settled) -> str:
    """How a place with measured overlaps was kept from counting twice."""
    whole = set(range(len(settled.place.audiences)))
    facts = settled.place.problem.measured
    observed = any(f.kind.value == "union" and set(f.platforms) == whole for f in facts)
    return "observed_union" if observed else "conditioned"
