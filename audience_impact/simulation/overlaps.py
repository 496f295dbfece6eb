"""Draws of a union given its measured overlaps.

Method. In each draw the patterns of joint use are conditioned on the overlaps (conditioning.py). An
overlap that is only a limit (over 93 %) narrows the bounds and does not enter the draws. The
model's own error is narrowed by how much the overlaps narrow the bounds.

Known drawbacks. Overlaps speak for the audiences of a month; the timeline and the union over a
month or a year of a whole country do not use them.
"""

import numpy as np

from audience_impact.bounds.measured import Resolved
from audience_impact.bounds.sharp import Measured
from audience_impact.frames import Array
from audience_impact.overlap import conditioning
from audience_impact.overlap.model import JointUse, OverlapModel, with_error
from audience_impact.overlap.patterns import indicator
from audience_impact.simulation import distributions
from audience_impact.simulation.sampler import Sampler
from audience_impact.vocabulary import InputKind


def conditioned(
    one: Resolved,
    shares: Array,
    model_and_use: tuple[OverlapModel, JointUse],
    base: Array,
    sampler: Sampler,
) -> Array:
    """Draws (D,) of the union of a country, as a share of its base, given its overlaps.

    `shares` (n, D) of its audiences in the order of `measurements.audiences`; the error of the
    joint use is narrowed by how much the overlaps narrow the bounds. Draws in which audiences
    leave no room for the overlap fall back on the model alone.
    """
    model, use = model_and_use
    facts, count = one.valued, len(shares)
    rows = [indicator(f.platforms, f.kind, count) for f in facts.values()]
    targets = np.array(
        [
            _value(f, key, sampler) * (shares[f.of] if f.of is not None else 1.0 / base)
            for key, f in facts.items()
        ]
    ).T
    prior = model.patterns(shares.T, use)
    met = conditioning.unions_given(prior, shares.T, np.array(rows), targets)
    core = np.where(np.isnan(met), 1.0 - prior[:, 0], met)
    return with_error(core, shares.T, use.error, _narrowing(one))


def _narrowing(one: Resolved) -> float:
    """Width of the sharp bounds over that of the Frechet bounds."""
    problem = one.measurements.problem
    widest = min(problem.base, sum(problem.high)) - max(problem.low)
    return (one.sharp.upper - one.sharp.lower) / widest if widest > 0 else 0.0


def _value(fact: Measured, key: str, sampler: Sampler) -> Array:
    """Draws (D,) of a measured overlap, in its own unit."""
    u = sampler.uniform(InputKind.OVERLAP, f"overlap|{key}")
    # low and high as they stand after a repair; the middle, since that moves both
    low, high = np.array(fact.low), np.array(fact.high)
    return distributions.pert(u, low, (low + high) / 2, high)
