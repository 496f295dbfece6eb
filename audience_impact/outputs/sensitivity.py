"""Table `sensitivity`: the inputs that determine the width of each estimate, with advice."""

import pandas as pd

from audience_impact.simulation import sensitivity as variance
from audience_impact.simulation.inputs import SimulationInputs
from audience_impact.simulation.sampler import Sampler
from audience_impact.simulation.simulate import Draws
from audience_impact.vocabulary import ImpactMetric, InputKind

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
    shares = variance.no_shares()
    small = len(inputs.restrictions) <= LARGEST_REGISTER
    if sampler is not None and small and not inputs.countries.empty:
        shares = variance.compute_shares(inputs, draws, sampler)
    return rank_inputs(shares, impact)


def rank_inputs(shares: pd.DataFrame, impact: pd.DataFrame) -> pd.DataFrame:
    """Return the shares with rank and advice, and rows for restrictions without an estimate."""
    numbers = [name for name in shares.columns if name.endswith("_share")]
    rounded = shares.assign(**{name: shares[name].round(4) for name in numbers})
    parts = [part for part in (rounded, _without_estimate(impact)) if not part.empty]
    ranked = pd.concat(parts or [variance.no_shares()], ignore_index=True)
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
        variance.no_shares()
        .reindex(range(len(unestimated)))
        .assign(
            restriction_id=unestimated["restriction_id"].to_numpy(),
            impact_metric=metric,
            input=HELPS_MOST,
        )
    )
