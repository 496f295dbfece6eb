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

Known drawbacks. With a thousand draws a share is known to about 0.05; shares of what the bounds
cut are those after cutting. A group hides which of its members matters.

Citations. I. M. Sobol, Mathematics and Computers in Simulation 55 (2001); A. Saltelli et al.,
Computer Physics Communications 181 (2010) 259-270; M. J. W. Jansen, ibid. 117 (1999) 35-43.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from audience_impact.frames import Array
from audience_impact.simulation import simulate as outcomes
from audience_impact.simulation.distributions import Sampler, uniforms
from audience_impact.vocabulary import InputKind

if TYPE_CHECKING:
    from audience_impact.pipeline import Settings
    from audience_impact.simulation.simulate import Model, Outcomes

RESAMPLES = 50
LARGEST_REGISTER = 3000
"""Larger registers get no shares unless asked: each input costs one more run of the draws."""
ADVICE = {
    InputKind.AUDIENCE: "measure the audiences anew, nearer to the day",
    InputKind.BASE: "measure how many people are online",
    InputKind.CORRELATION: "ask one sample of the country which of these services each person uses",
    InputKind.MODEL: "measure how many use any of these services",
    InputKind.OVERLAP: "measure the overlap with a larger sample",
    InputKind.FEATURE_SHARE: "measure the share who use the feature with a larger sample",
    InputKind.ASSUMED: "measure the share who use the feature of these very services",
    InputKind.CIRCUMVENTION: "measure who keeps access with a random sample",
}
NO_FIGURE = "publish an audience figure for these services in this country"
HELPS_MOST = "no_figure"


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
    """Standard deviations of both shares over bootstrap resamples of the draws."""
    u = uniforms(seed, "bootstrap", RESAMPLES * len(a)).reshape(RESAMPLES, len(a))
    picks = (u * len(a)).astype(np.int64)
    found = np.array([sobol(a[pick], b[pick], ab[pick]) for pick in picks])
    return np.asarray(found[:, 0].std(axis=0, ddof=1)), np.asarray(found[:, 1].std(axis=0, ddof=1))


def shares(model: Model, first: Outcomes, settings: Settings) -> pd.DataFrame:
    """Shares of the variance of each restriction and metric by input, long form.

    Columns: restriction_id, impact_metric, input, first_order_share, first_order_error_share,
    total_share, total_error_share.
    """
    kinds = [kind for kind in InputKind if _enters(model, kind)]
    second = _outcomes(model, settings, frozenset(InputKind))
    parts = []
    for kind in kinds:
        mixed = _outcomes(model, settings, frozenset({kind}))
        parts += [
            _of(model, metric, kind, _columns(metric, first, second, mixed), settings.seed)
            for metric in first.by_metric
        ]
    return pd.concat([part for part in parts if not part.empty] or [_none()], ignore_index=True)


def _enters(model: Model, kind: InputKind) -> bool:
    """Whether an input can matter at all: what nobody measured is not drawn."""
    present = {
        InputKind.OVERLAP: any(one.used for one in model.settled),
        InputKind.FEATURE_SHARE: not model.shares.empty,
        InputKind.ASSUMED: (model.shares["assumed"] != "").any(),
        InputKind.CIRCUMVENTION: not model.keepers.empty,
        InputKind.BASE: model.items["base_low_persons"].notna().any(),
    }
    return bool(present.get(kind, True))


def _outcomes(model: Model, settings: Settings, second: frozenset[InputKind]) -> Outcomes:
    return outcomes.draw(model, Sampler(settings.seed, settings.draws, second), settings.workers)


def _columns(metric: str, *runs: Outcomes) -> list[Array]:
    return [run.by_metric[metric].T for run in runs]


def _of(
    model: Model, metric: str, kind: InputKind, columns: list[Array], seed: int
) -> pd.DataFrame:
    """Shares of one input for the restrictions of one metric that vary."""
    spread = np.ptp(columns[0], axis=0) > 1e-9 * np.abs(columns[0]).max(axis=0)
    if not spread.any():
        return _none()
    a, b, ab = (np.ascontiguousarray(column[:, spread]) for column in columns)
    first, total = sobol(a, b, ab)
    first_error, total_error = errors(a, b, ab, seed)
    return pd.DataFrame(
        {
            "restriction_id": model.restrictions[spread],
            "impact_metric": metric,
            "input": kind.value,
            "first_order_share": first,
            "first_order_error_share": first_error,
            "total_share": total,
            "total_error_share": total_error,
        }
    )[total > 0]


def table(model: Model, drawn: Outcomes, settings: Settings, impact: pd.DataFrame) -> pd.DataFrame:
    """Table `sensitivity`: shares and advice, and for what has no estimate what would help most."""
    wanted = settings.sensitivity and len(model.restrictions) <= LARGEST_REGISTER
    found = shares(model, drawn, settings) if wanted and not model.places.empty else _none()
    exposed = impact[(impact["impact_metric"] == outcomes.EXPOSED) & impact["q50_persons"].isna()]
    helps = (
        _none()
        .reindex(range(len(exposed)))
        .assign(
            restriction_id=exposed["restriction_id"].to_numpy(),
            impact_metric=outcomes.EXPOSED,
            input=HELPS_MOST,
        )
    )
    words = {kind.value: text for kind, text in ADVICE.items()} | {HELPS_MOST: NO_FIGURE}
    numbers = [name for name in found.columns if name.endswith("_share")]
    rounded = found.assign(**{name: found[name].round(4) for name in numbers})
    parts = [part for part in (rounded, helps) if not part.empty]
    whole = pd.concat(parts or [_none()], ignore_index=True)
    rank = whole.groupby(["restriction_id", "impact_metric"])["total_share"].rank(
        ascending=False, method="first"
    )
    return whole.assign(advice=whole["input"].map(words), rank_count=rank.fillna(1)).sort_values(
        ["restriction_id", "impact_metric", "rank_count", "input"], ignore_index=True
    )


def _none() -> pd.DataFrame:
    words = {name: pd.Series(dtype="str") for name in ("restriction_id", "impact_metric", "input")}
    names = ("first_order_share", "first_order_error_share", "total_share", "total_error_share")
    return pd.DataFrame(words).assign(**{name: pd.Series(dtype="float64") for name in names})
