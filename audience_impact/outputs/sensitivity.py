"""Table `sensitivity`: the inputs that determine the width of each estimate, with advice.

Definitions. An input is a kind of uncertain quantity (InputKind). First-order share: the part of
the variance of a result that would go if the input were known, Var(E[Y | X]) / Var(Y).

Method. X is an input as it was drawn (drawn_inputs.py), one number a restriction and
draw. The draws of the result Y are put in the order of X and cut into CLASSES of equal size. The
share is 1 less the variance within classes over the variance, each divided by its degrees of
freedom, so that an input without effect has a share of 0 on average (Plischke et al. 2013). Its
standard error is that of an adjusted R squared (Olkin and Finn 1995), with that of a share of 0.

Assumptions. Inputs are independent of each other. Where several quantities are of one kind, their
weighted sum speaks for them.

Known drawbacks. With a thousand draws a share is known to about 0.03. What inputs do only together
belongs to none of them, so that shares may add up to less than 1. A share that is not twice its
error is left out.

Citations. E. Plischke, E. Borgonovo, C. L. Smith, European Journal of Operational Research 226
(2013) 536-550; I. Olkin, J. D. Finn, Psychological Bulletin 118 (1995) 155-164.
"""

import numpy as np
import pandas as pd

from audience_impact.frames import Array, no_rows
from audience_impact.outputs.drawn_inputs import draw_inputs
from audience_impact.simulation.simulate import Draws, Simulation
from audience_impact.vocabulary import ImpactMetric, InputKind

CLASSES = 30
KEYS = ["restriction_id", "impact_metric"]
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


def make_sensitivity(simulation: Simulation, draws: Draws, impact: pd.DataFrame) -> pd.DataFrame:
    """Return shares with rank and advice, and what helps most where nothing is estimated.

    `draws` are those of the simulation; `impact` is the published table.
    """
    parts = [_compute_shares(simulation, draws), _without_estimate(impact)]
    parts = [part for part in parts if not part.empty]
    shares = pd.concat(parts, ignore_index=True) if parts else _no_shares()
    rank = shares.groupby(KEYS)["first_order_share"].rank(ascending=False, method="first")
    words = {kind.value: text for kind, text in ADVICE.items()} | {HELPS_MOST: NO_FIGURE}
    return shares.assign(
        narrowing_persons=find_narrowing(shares, impact),
        advice=shares["input"].map(words),
        rank_count=rank.fillna(1),
    ).sort_values([*KEYS, "rank_count", "input"], ignore_index=True)


def _compute_shares(simulation: Simulation, draws: Draws) -> pd.DataFrame:
    """Return the shares by restriction, metric and input, one per row."""
    if simulation.model is None:
        return _no_shares()
    parts = [_no_shares()]
    for kind, metrics, drawn in draw_inputs(simulation):
        parts += [
            _share_out(kind, name, simulation.inputs.restrictions, drawn, draws[name])
            for name in metrics
        ]
    return pd.concat([part for part in parts if not part.empty] or parts, ignore_index=True)


def _share_out(
    kind: InputKind, metric: str, restrictions: pd.Index, drawn: Array, result: Array
) -> pd.DataFrame:
    """Return the shares of an input (restrictions, D) of a metric, where both vary."""
    varies = (_measure_spread(drawn) > 1e-9) & (_measure_spread(result) > 1e-9)
    share, error = first_order_shares(drawn[varies], result[varies])
    frame = pd.DataFrame(
        {
            "restriction_id": restrictions[varies],
            "impact_metric": metric,
            "input": kind.value,
            "first_order_share": share.round(4),
            "first_order_error_share": error.round(4),
        }
    )
    return frame[share > 2.0 * error]


def _measure_spread(draws: Array) -> Array:
    """Return the range (rows,) of draws as a share of the largest; 0 for rows of NaN."""
    largest = np.abs(draws).max(axis=1, initial=0.0)
    return np.nan_to_num(np.ptp(draws, axis=1) / np.where(largest > 0.0, largest, 1.0))


def first_order_shares(drawn: Array, result: Array) -> tuple[Array, Array]:
    """Return the share of the variance of `result` (rows, D) due to `drawn`, and its error."""
    count = result.shape[1]
    classes = min(CLASSES, max(count // 4, 2))
    ordered = np.take_along_axis(result, np.argsort(drawn, axis=1, kind="stable"), axis=1)
    ordered = ordered - ordered.mean(axis=1, keepdims=True)  # large numbers would lose digits
    first = np.arange(classes) * count // classes
    size = np.diff(first, append=count)
    between = (np.add.reduceat(ordered, first, axis=1) ** 2 / size).sum(axis=1)
    total = (ordered**2).sum(axis=1)
    within = (total - between) / (count - classes)
    share = np.clip(1.0 - within / (total / (count - 1)), 0.0, 1.0)
    spread = 4.0 * share / count + 2.0 * (classes - 1) / count**2
    return share, (1.0 - share) * np.sqrt(spread)


def find_narrowing(shares: pd.DataFrame, impact: pd.DataFrame) -> pd.Series:
    """Return the persons (rows,) by which each 90 % interval would narrow if the input were known.

    Without a part S of its variance, an interval of width w has the width w sqrt(1 - S), if its
    shape does not change. NaN without draws, and for person-days.
    """
    width = impact.set_index(KEYS).eval("q95_persons - q05_persons")
    interval_width = width.reindex(pd.MultiIndex.from_frame(shares[KEYS])).set_axis(shares.index)
    remaining = (1.0 - shares["first_order_share"].clip(0.0, 1.0)) ** 0.5
    return (interval_width * (1.0 - remaining)).round()


def _without_estimate(impact: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each restriction without an estimate of the people exposed."""
    metric = ImpactMetric.PEOPLE_EXPOSED.value
    unestimated = impact[(impact["impact_metric"] == metric) & impact["q50_persons"].isna()]
    rows = unestimated[KEYS].reset_index(drop=True).assign(input=HELPS_MOST)
    return rows.reindex(columns=_no_shares().columns).astype(_no_shares().dtypes)


def _no_shares() -> pd.DataFrame:
    return no_rows((*KEYS, "input"), ("first_order_share", "first_order_error_share"))
