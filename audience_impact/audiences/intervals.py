"""What a figure says with its interval: the one place where a stated interval is read.

Definitions. A figure has a value, an interval of two ends, or both. The kind of the interval says
what the ends are: the least and the most (min_max), a central confidence interval (ci90, ci95),
nothing (none), or that the value is a limit (one_sided_min: over, one_sided_max: under).

Method. Ends count where their kind says that they are ends, or where they are all that is said.
The value is the mode, else the middle of the ends. What a figure says at least and at most
(`least`, `most`) are its ends, else its value; a limit leaves the other side open. What it is
drawn from is a law of a shape: split (a two-piece normal through a confidence interval), pert
(over a range), or fixed (no interval, or one of no width).

Assumptions. The truth lies inside a stated confidence interval where bounds are taken from it,
which it does not in one case of ten or twenty.
"""

import pandas as pd

from audience_impact.vocabulary import IntervalKind

COVERAGE = {IntervalKind.CI90.value: 0.90, IntervalKind.CI95.value: 0.95}
"""Coverage of the confidence intervals."""
RANGED = [IntervalKind.MIN_MAX.value, *COVERAGE]
"""Intervals whose ends are what a figure says at least and at most."""
AT_LEAST, AT_MOST = IntervalKind.ONE_SIDED_MIN.value, IntervalKind.ONE_SIDED_MAX.value
ONE_SIDED = [AT_LEAST, AT_MOST]
"""The value is a limit; the other side is open."""
FIXED, PERT, SPLIT = "fixed", "pert", "split"
LAW = ["shape", "low", "mode", "high", "coverage"]
"""Columns that say how a figure is drawn."""


def read(
    figures: pd.DataFrame, value: str = "value", low: str = "low", high: str = "high"
) -> pd.DataFrame:
    """What each figure says, in its own unit, indexed as the figures are.

    Args:
        figures: Columns named by `value`, `low` and `high` (NaN where nothing is stated) and
            `interval_kind`.
        value: Name of the column of the value.
        low: Name of the column of the lower end.
        high: Name of the column of the upper end.

    Returns:
        LAW (`mode` NaN where the figure says neither a value nor two ends, `coverage` NaN where
        low and high are no confidence interval), `least` (0 where only an upper limit is said),
        `most` (NaN where nothing limits), `is_ranged` (its ends count).
    """
    kind = figures["interval_kind"]
    is_ranged = kind.isin(RANGED) | figures[value].isna()
    ends = figures[[low, high]].where(is_ranged)
    mode = figures[value].fillna((figures[low] + figures[high]) / 2)
    least, most = ends[low].fillna(mode), ends[high].fillna(mode)
    coverage = kind.map(COVERAGE).where(ends.notna().all(axis=1)).astype("float64")
    law = pd.DataFrame({"low": least.clip(upper=mode), "mode": mode, "high": most.clip(lower=mode)})
    return law.assign(
        coverage=coverage,
        shape=shape(law["low"], law["high"], coverage),
        least=least.where(kind != AT_MOST, 0.0),
        most=most.where(kind != AT_LEAST),
        is_ranged=is_ranged,
    )


def shape(low: pd.Series, high: pd.Series, coverage: pd.Series) -> pd.Series:
    """The law that goes with two ends: split, pert, or fixed where they meet."""
    law = pd.Series(PERT, index=low.index).where(coverage.isna(), SPLIT)
    return law.where(low < high, FIXED)
