"""Table `sensitivity`: the inputs that determine the width of each estimate, with advice.

The advice follows from Sobol shares: the part of the variance of a result that each uncertain input
causes.

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
from audience_impact.vocabulary import ImpactMetric, InputKind

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


LARGEST_REGISTER = 3000
"""Number of restrictions above which shares are computed only on request: each input needs another
run of the draws.
"""
ADVICE = {
    InputKind.AUDIENCE: "measure the audiences anew, nearer to the day",
    InputKind.BASE: "measure how many people are online",
    InputKind.CORRELATION: "ask one sample of the country which of these services each person uses",
    InputKind.MODEL: "measure how many use any of these services",
    InputKind.OVERLAP: "measure the overlap with a larger sample",
    InputKind.FEATURE_SHARE: "measure the share who use the feature with a larger sample",
    InputKind.ASSUMED: "measure the share who use the feature of these very services",
    InputKind.DAILY_USE: "ask users of the country whether they come every day",
    InputKind.CIRCUMVENTION: "measure who keeps access with a random sample",
    InputKind.PLACE: "say which places were cut off, and ask who is online there",
    InputKind.NETWORK: "count who is online over one network alone",
    InputKind.DEPTH: "measure how much of the traffic was lost",
}
NO_FIGURE = "publish an audience figure for these services in this country"
HELPS_MOST = "no_figure"


def make_sensitivity(
    inputs: SimulationInputs,
    draws: Draws,
    sampler: Sampler | None,
    impact: pd.DataFrame,
) -> pd.DataFrame:
    """Return shares and advice, and the most helpful input for restrictions without an estimate.

    `draws` are those of the sampler, None if no shares are requested; `impact` is the published
    table.
    """
    shares = no_shares()
    small = len(inputs.restrictions) <= LARGEST_REGISTER
    if sampler is not None and small and not inputs.countries.empty:
        shares = compute_shares(inputs, draws, sampler)
    return rank_inputs(shares, impact)


def rank_inputs(shares: pd.DataFrame, impact: pd.DataFrame) -> pd.DataFrame:
    """Return the shares with rank and advice, and rows for restrictions without an estimate."""
    numbers = [name for name in shares.columns if name.endswith("_share")]
    rounded = shares.assign(**{name: shares[name].round(4) for name in numbers})
    parts = [part for part in (rounded, _without_estimate(impact)) if not part.empty]
    ranked = pd.concat(parts or [no_shares()], ignore_index=True)
    rank = ranked.groupby(["restriction_id", "impact_metric"])["total_share"].rank(
        ascending=False, method="first"
    )
    words = {kind.value: text for kind, text in ADVICE.items()} | {HELPS_MOST: NO_FIGURE}
    return ranked.assign(
        narrowing_persons=find_narrowing(ranked, impact),
        advice=ranked["input"].map(words),
        rank_count=rank.fillna(1),
    ).sort_values(["restriction_id", "impact_metric", "rank_count", "input"], ignore_index=True)


def find_narrowing(shares: pd.DataFrame, impact: pd.DataFrame) -> pd.Series:
    """Return the persons (rows,) by which each 90 % interval would narrow if the input were known.

    Without a part S of its variance, an interval of width w has the width w sqrt(1 - S), if its
    shape does not change. NaN without draws, and for person-days.
    """
    keys = ["restriction_id", "impact_metric"]
    width = impact.set_index(keys).eval("q95_persons - q05_persons")
    interval_width = width.reindex(pd.MultiIndex.from_frame(shares[keys])).set_axis(shares.index)
    remaining = (1.0 - shares["first_order_share"].clip(0.0, 1.0)) ** 0.5
    return (interval_width * (1.0 - remaining)).round()


def _without_estimate(impact: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each restriction without an estimate of the people exposed."""
    metric = ImpactMetric.PEOPLE_EXPOSED.value
    unestimated = impact[(impact["impact_metric"] == metric) & impact["q50_persons"].isna()]
    return (
        no_shares()
        .reindex(range(len(unestimated)))
        .assign(
            restriction_id=unestimated["restriction_id"].to_numpy(),
            impact_metric=metric,
            input=HELPS_MOST,
        )
    )
