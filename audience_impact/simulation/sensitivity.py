"""Sobol shares: the part of the variance of a result that each uncertain input causes.

Definitions. An input is a kind of uncertain quantity (InputKind): all audience figures, the
correlation, the share who use the feature, ... Inputs of a kind are one group, because they may
depend on each other. First-order share: the part of the variance that would disappear if the input
were known. Total share: the part that would remain if all other inputs were known.

Method. Two independent streams of standard draws, A and B, and for each input a third sample: A
with that input from B. First order after Saltelli et al. (2010), total after Jansen (1999), both
as SALib computes them; all restrictions at once. Their own error is the standard deviation over
bootstrap resamples of the draws.

Assumptions. Groups are independent of each other (each has streams of its own).

Known drawbacks. With a thousand draws a share is known to about 0.05. A group does not show which
of its members matters.

Citations. I. M. Sobol, Mathematics and Computers in Simulation 55 (2001); A. Saltelli et al.,
Computer Physics Communications 181 (2010) 259-270; M. J. W. Jansen, ibid. 117 (1999) 35-43.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audience_impact.frames import Array, no_rows
from audience_impact.simulation.inputs import SimulationInputs
from audience_impact.simulation.sampler import Sampler, draw_uniforms
from audience_impact.simulation.simulate import Draws, simulate_metrics
from audience_impact.vocabulary import InputKind

RESAMPLES = 50


class SampleMoments(NamedTuple):
    """Moments of two samples, from which the shares of all inputs are computed.

    Attributes:
        middle: The mean (outputs,) of both samples.
        variance: Their variance (outputs,).
        weights: Weight of each draw in each bootstrap resample (RESAMPLES, D).
        middles: Means (RESAMPLES, outputs) of the resamples, less `middle`.
        variances: Their variances (RESAMPLES, outputs).
    """

    middle: Array
    variance: Array
    weights: Array
    middles: Array
    variances: Array

    @classmethod
    def from_draws(cls, a: Array, b: Array, seed: int) -> "SampleMoments":
        """Return the moments of draws (D, outputs) of the samples A and B.

        A resample is a weight for each draw, so that a product of matrices gives all means.
        """
        count = len(a)
        u = draw_uniforms(seed, "bootstrap", RESAMPLES * count).reshape(RESAMPLES, count)
        picks = (u * count).astype(np.int64)
        weights = np.array([np.bincount(pick, minlength=count) for pick in picks]) / count
        # far from zero, the products of numbers that hardly differ are noise
        middle = (a.mean(axis=0) + b.mean(axis=0)) / 2
        a, b = a - middle, b - middle
        middles = weights @ (a + b) / 2
        variances = weights @ (a**2 + b**2) / 2 - middles**2
        return cls(middle, np.var(np.concatenate([a, b]), axis=0), weights, middles, variances)

    def select_outputs(self, outputs: NDArray[np.bool_]) -> "SampleMoments":
        """Return the same moments of some outputs."""
        return SampleMoments(
            self.middle[outputs],
            self.variance[outputs],
            self.weights,
            self.middles[:, outputs],
            self.variances[:, outputs],
        )


class Shares(NamedTuple):
    """First-order and total shares (outputs,), and their standard errors from resamples."""

    first: Array
    total: Array
    first_error: Array
    total_error: Array


def sobol_shares(a: Array, b: Array, ab: Array, common: SampleMoments) -> Shares:
    """Return shares from draws (D, outputs) of A, B, and A with one input from B.

    The errors are those of the same shares in bootstrap resamples of the draws.
    """
    a, b, ab = (column - common.middle for column in (a, b, ab))
    move = ab - a
    product, square = b * move, move**2
    by, weights = common.variances, common.weights
    first = (weights @ product - common.middles * (weights @ move)) / by
    total = 0.5 * (weights @ square) / by
    return Shares(
        np.mean(product, axis=0) / common.variance,
        0.5 * np.mean(square, axis=0) / common.variance,
        first.std(axis=0, ddof=1),
        total.std(axis=0, ddof=1),
    )


def compute_shares(inputs: SimulationInputs, first: Draws, sampler: Sampler) -> pd.DataFrame:
    """Return shares of the variance by restriction, metric and input, one per row.

    Columns: restriction_id, impact_metric, input, first_order_share, first_order_error_share,
    total_share, total_error_share.
    """
    second = simulate_metrics(inputs, sampler.with_second(frozenset(InputKind)))
    metrics = [
        metric
        for name in first.by_metric
        if (metric := _Metric.from_draws(name, inputs.restrictions, first, second, sampler.seed))
    ]
    parts = [no_shares()]
    for kind in (kind for kind in InputKind if _has_effect(inputs, kind)):
        mixed = simulate_metrics(inputs, sampler.with_second(frozenset({kind})))
        parts += [metric.input_shares(kind, mixed) for metric in metrics]
    return pd.concat([part for part in parts if not part.empty] or parts, ignore_index=True)


@dataclass(frozen=True)
class _Metric:
    """Draws (restrictions, D) of a metric from both streams, for restrictions whose draws vary."""

    name: str
    restrictions: pd.Index
    varies: NDArray[np.bool_]
    first: Array
    second: Array
    common: SampleMoments

    @classmethod
    def from_draws(
        cls, name: str, restrictions: pd.Index, first: Draws, second: Draws, seed: int
    ) -> "_Metric | None":
        """Return the metric of both samples; None if the draws of no restriction vary."""
        a, b = (run.by_metric[name] for run in (first, second))
        varies = np.ptp(a, axis=1) > 1e-9 * np.abs(a).max(axis=1)
        if not varies.any():
            return None
        common = SampleMoments.from_draws(
            _select_columns(a, varies), _select_columns(b, varies), seed
        )
        return cls(name, restrictions, varies, a, b, common)

    def input_shares(self, kind: InputKind, mixed: Draws) -> pd.DataFrame:
        """Return the shares of one input for the restrictions that depend on it."""
        ab = mixed.by_metric[self.name]
        depends = (self.first != ab).any(axis=1) & self.varies
        if not depends.any():
            return no_shares()
        a, b, moved = (_select_columns(run, depends) for run in (self.first, self.second, ab))
        values = sobol_shares(a, b, moved, self.common.select_outputs(depends[self.varies]))
        return pd.DataFrame(
            {
                "restriction_id": self.restrictions[depends],
                "impact_metric": self.name,
                "input": kind.value,
                "first_order_share": values.first,
                "first_order_error_share": values.first_error,
                "total_share": values.total,
                "total_error_share": values.total_error,
            }
        )[values.total > 0]


def _select_columns(draws: Array, rows: NDArray[np.bool_]) -> Array:
    return np.ascontiguousarray(draws[rows].T)


def _has_effect(inputs: SimulationInputs, kind: InputKind) -> bool:
    """Return False for an input without any measured value, which cannot have an effect."""
    present = {
        InputKind.OVERLAP: any(overlap.used_ids for overlap in inputs.bounds.overlaps),
        InputKind.FEATURE_SHARE: not (inputs.feature_shares.empty and inputs.feature_laws.empty),
        InputKind.ASSUMED: (inputs.feature_shares["assumed"] != "").any(),
        InputKind.CIRCUMVENTION: not inputs.circumvention.empty,
        InputKind.DAILY_USE: inputs.timeline.daily["share_mean"].notna().any(),
        InputKind.PLACE: not inputs.parts.empty,
        InputKind.DEPTH: (inputs.parts["least_lost_share"] < inputs.parts["most_lost_share"]).any(),
        InputKind.NETWORK: (inputs.parts["only_q05"] < inputs.parts["only_q95"]).any(),
        InputKind.BASE: inputs.countries["base_low_persons"].notna().any(),
    }
    return bool(present.get(kind, True))


def no_shares() -> pd.DataFrame:
    """Return the columns of `compute_shares` without rows."""
    names = ("first_order_share", "first_order_error_share", "total_share", "total_error_share")
    return no_rows(("restriction_id", "impact_metric", "input"), names)
