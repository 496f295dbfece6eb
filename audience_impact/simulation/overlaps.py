"""Draws of a union given its measured overlaps.

Method. In each draw the patterns of joint use are conditioned on the overlaps (conditioning.py),
each drawn from its distribution within what the audiences of that draw leave room for: their
Frechet range. An overlap that is only a limit (over 93 %) narrows the bounds; in the draws it is
what the model has, moved to the limit where the model is beyond it. The model's own error is
narrowed by how much the overlaps narrow the bounds.

Known drawbacks. Overlaps describe the audiences of a month; the timeline and the union over a
month or a year of a whole country do not use them. A limit that a draw comes up to fixes the
overlap in the other draws at what the model has.
"""

import numpy as np

from audience_impact.bounds.measured import Resolved
from audience_impact.bounds.sharp import MeasuredOverlap
from audience_impact.frames import Array
from audience_impact.overlap import conditioning
from audience_impact.overlap.conditioning import mark_patterns
from audience_impact.overlap.model import JointUse, OverlapModel, add_model_error
from audience_impact.simulation import distributions
from audience_impact.simulation.sampler import Sampler
from audience_impact.vocabulary import InputKind, OverlapKind

INSIDE = 1e-6
"""Part of the room that is left free at each end, where patterns would come to nothing."""
TINY = np.finfo(np.float64).tiny


def draw_conditioned(
    resolved: Resolved,
    shares: Array,
    model_and_use: tuple[OverlapModel, JointUse],
    base: Array,
    sampler: Sampler,
) -> Array:
    """Return draws (D,) of the union of a country, as a share of its base, given its overlaps.

    `shares` (n, D) of its audiences in the order of `measurements.audiences`; the error of the
    joint use is narrowed by how much the overlaps narrow the bounds. NaN where all overlaps are
    limits that no draw comes up to. Draws in which several overlaps leave each other no room fall
    back on the model alone.
    """
    model, use = model_and_use
    prior = model.draw_patterns(shares.T, use)
    facts = dict(zip(resolved.used_ids, resolved.measurements.problem.measured, strict=True))
    rows, targets = [], []
    for key, fact in facts.items():
        row = mark_patterns(fact.platforms, fact.kind, len(shares))
        scale = shares[fact.of] if fact.of is not None else 1.0 / base
        model_overlap = prior @ row
        if key in resolved.valued_overlaps:
            target = _draw_overlap(fact, key, scale, _find_room(fact, shares), sampler)
        else:
            target = _apply_limit(fact, model_overlap, scale, _find_room(fact, shares))
        if key in resolved.valued_overlaps or (target != model_overlap).any():
            rows.append(row)
            targets.append(target)
    if not rows:
        return np.full(len(base), np.nan)
    met = conditioning.condition_unions(prior, shares.T, np.array(rows), np.array(targets).T)
    core = np.where(np.isnan(met), 1.0 - prior[:, 0], met)
    return add_model_error(core, shares.T, use.error, _narrowing_ratio(resolved))


def _narrowing_ratio(resolved: Resolved) -> float:
    """Return width of the sharp bounds over that of the Frechet bounds."""
    problem = resolved.measurements.problem
    widest = min(problem.base, sum(problem.high)) - max(problem.low)
    return (resolved.sharp.upper - resolved.sharp.lower) / widest if widest > 0 else 0.0


def _find_room(fact: MeasuredOverlap, shares: Array) -> tuple[Array, Array]:
    """Return the least and greatest overlap (D,) of each draw, as shares of the base."""
    sizes = shares[list(fact.platforms)]
    if fact.kind is OverlapKind.INTERSECTION:
        least, most = np.maximum(sizes.sum(axis=0) - len(sizes) + 1.0, 0.0), sizes.min(axis=0)
    else:
        least, most = sizes.max(axis=0), np.minimum(sizes.sum(axis=0), 1.0)
    inside = INSIDE * (most - least)
    return least + inside, most - inside


def _apply_limit(
    fact: MeasuredOverlap, model_overlap: Array, scale: Array, room: tuple[Array, Array]
) -> Array:
    """Return the model's overlap (D,), moved to the limit of the fact as far as room allows."""
    low = np.clip(fact.low * scale, *room)
    high = np.clip(fact.high * np.maximum(scale, TINY), *room)
    beyond = (model_overlap < fact.low * scale) | (model_overlap > high)
    return np.where(beyond, np.clip(model_overlap, low, high), model_overlap)


def _draw_overlap(
    fact: MeasuredOverlap, key: str, scale: Array, room: tuple[Array, Array], sampler: Sampler
) -> Array:
    """Return draws (D,) of a measured overlap within its room, as a share of the base."""
    u = sampler.draw_uniform(InputKind.OVERLAP, f"overlap|{key}")
    # low and high as they stand after a repair; the middle, since that moves both
    low, high = np.array(fact.low), np.array(fact.high)
    floor, ceiling = (end / np.maximum(scale, TINY) for end in room)
    drawn = distributions.draw_pert(u, low, (low + high) / 2, high, floor, ceiling)
    return np.clip(drawn * scale, *room)
