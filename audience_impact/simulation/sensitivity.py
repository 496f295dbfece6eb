"""Which input drives the width: first-order and total Sobol shares of the variance.

Definitions. An input is a kind of uncertain quantity (InputKind): all audience figures, the
correlation, the share who use the feature, ... Inputs of a kind are one group, because they may
depend on each other. First-order share: the part of the variance that goes if the input were
known. Total share: the part that stays if everything else were known.

Method. Two independent streams of standard draws, A and B, and for each input a third sample: A
with that input from B. First order after Saltelli et al. (2010), total after Jansen (1999), both
as SALib computes them; all restrictions at once. Their own error is the standard deviation over
bootstrap resamples of the draws.

Assumptions. Groups are independent of each other (each has streams of its own).

Known drawbacks. With a thousand draws a share is known to about 0.05. A group hides which of its
members matters.

Citations. I. M. Sobol, Mathematics and Computers in Simulation 55 (2001); A. Saltelli et al.,
Computer Physics Communications 181 (2010) 259-270; M. J. W. Jansen, ibid. 117 (1999) 35-43.
"""

import numpy as np
import pandas as pd

from audience_impact.frames import Array
from audience_impact.simulation.inputs import SimulationInputs
from audience_impact.simulation.sampler import Sampler, uniforms
from audience_impact.simulation.simulate import Draws, simulate
from audience_impact.vocabulary import InputKind

RESAMPLES = 50


def sobol(a: Array, b: Array, ab: Array) -> tuple[Array, Array]:
    """First-order and total shares (outputs,) from draws (D, outputs) of A, B and A with B's input.

    Every output must vary.
    """
    from SALib.analyze.sobol import first_order, total_order

    # SALib's own analyze does the same before it calls these two: far from zero, they are noise
    middle = (a.mean(axis=0) + b.mean(axis=0)) / 2
    a, b, ab = (column - middle for column in (a, b, ab))
    return np.asarray(first_order(a, ab, b)), np.asarray(total_order(a, ab, b))


def errors(a: Array, b: Array, ab: Array, seed: int) -> tuple[Array, Array]:
    """Standard deviations of both shares over bootstrap resamples of the draws.

    A resample is a weight of each draw, so that the means of all resamples are one product of
    matrices; the shares are those of `sobol` of the draws picked.
    """
    count = len(a)
    u = uniforms(seed, "bootstrap", RESAMPLES * count).reshape(RESAMPLES, count)
    picks = (u * count).astype(np.int64)
    weights = np.array([np.bincount(pick, minlength=count) for pick in picks]) / count
    middle = (a.mean(axis=0) + b.mean(axis=0)) / 2
    a, b, ab = (column - middle for column in (a, b, ab))
    own_middle = weights @ (a + b) / 2
    variance = weights @ (a**2 + b**2) / 2 - own_middle**2
    first = (weights @ (b * (ab - a)) - own_middle * (weights @ (ab - a))) / variance
    total = 0.5 * (weights @ (a - ab) ** 2) / variance
    return np.asarray(first.std(axis=0, ddof=1)), np.asarray(total.std(axis=0, ddof=1))


def shares(inputs: SimulationInputs, first: Draws, sampler: Sampler, workers: int) -> pd.DataFrame:
    """Shares of the variance of each restriction and metric by input, long form.

    Columns: restriction_id, impact_metric, input, first_order_share, first_order_error_share,
    total_share, total_error_share.
    """
    kinds = [kind for kind in InputKind if _enters(inputs, kind)]
    second = _drawn(inputs, sampler, workers, frozenset(InputKind))
    parts = []
    for kind in kinds:
        mixed = _drawn(inputs, sampler, workers, frozenset({kind}))
        parts += [
            _of(
                inputs.restrictions,
                metric,
                kind,
                _columns(metric, first, second, mixed),
                sampler.seed,
            )
            for metric in first.by_metric
        ]
    return pd.concat([part for part in parts if not part.empty] or [nothing()], ignore_index=True)


def _enters(inputs: SimulationInputs, kind: InputKind) -> bool:
    """Whether an input can matter at all: what nobody measured is not drawn."""
    present = {
        InputKind.OVERLAP: any(one.used for one in inputs.bounds.overlaps),
        InputKind.FEATURE_SHARE: not (inputs.feature_shares.empty and inputs.feature_laws.empty),
        InputKind.ASSUMED: (inputs.feature_shares["assumed"] != "").any(),
        InputKind.CIRCUMVENTION: not inputs.circumvention.empty,
        InputKind.DAILY_USE: inputs.timeline.daily["share_mean"].notna().any(),
        InputKind.PLACE: not inputs.parts.empty,
        InputKind.NETWORK: (inputs.parts["only_q05"] < inputs.parts["only_q95"]).any(),
        InputKind.BASE: inputs.countries["base_low_persons"].notna().any(),
    }
    return bool(present.get(kind, True))


def _drawn(
    inputs: SimulationInputs, sampler: Sampler, workers: int, second: frozenset[InputKind]
) -> Draws:
    return simulate(inputs, Sampler(sampler.seed, sampler.count, second), workers)


def _columns(metric: str, *runs: Draws) -> list[Array]:
    return [run.by_metric[metric].T for run in runs]


def _of(
    restrictions: pd.Index, metric: str, kind: InputKind, columns: list[Array], seed: int
) -> pd.DataFrame:
    """Shares of one input for the restrictions of one metric that vary."""
    spread = np.ptp(columns[0], axis=0) > 1e-9 * np.abs(columns[0]).max(axis=0)
    if not spread.any():
        return nothing()
    a, b, ab = (np.ascontiguousarray(column[:, spread]) for column in columns)
    first, total = sobol(a, b, ab)
    first_error, total_error = errors(a, b, ab, seed)
    return pd.DataFrame(
        {
            "restriction_id": restrictions[spread],
            "impact_metric": metric,
            "input": kind.value,
            "first_order_share": first,
            "first_order_error_share": first_error,
            "total_share": total,
            "total_error_share": total_error,
        }
    )[total > 0]


def nothing() -> pd.DataFrame:
    """The columns of `shares` without rows."""
    words = {name: pd.Series(dtype="str") for name in ("restriction_id", "impact_metric", "input")}
    names = ("first_order_share", "first_order_error_share", "total_share", "total_error_share")
    return pd.DataFrame(words).assign(**{name: pd.Series(dtype="float64") for name in names})
