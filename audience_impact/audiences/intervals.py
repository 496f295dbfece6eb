"""The limits and the distribution of a single figure, from its value and its stated interval.

Definitions. A figure has a value, an interval of two ends, or both. The kind of the interval
defines the ends: the minimum and the maximum (min_max), a central confidence interval (ci90, ci95),
nothing (none), or that the value is a limit (one_sided_min: over, one_sided_max: under).

Method. Ends are used if their kind defines them, or if there is no value. The mode is the value,
else the middle of the ends. The limits of a figure (`least`, `most`) are its ends, else its value;
a one-sided value has no limit on the other side. A figure is drawn from a distribution of one of
these shapes: split (a two-piece normal through a confidence interval), pert (over a range), or
fixed (no interval, or one of no width). A share from a survey whose source states no interval has
the sampling error of that survey.

Assumptions. Bounds treat a stated confidence interval as certain, although the true number is
outside it in one case of ten or twenty.
"""

import numpy as np
import pandas as pd

from audience_impact.figure_errors import FigureErrors
from audience_impact.vocabulary import IntervalKind

COVERAGE = {IntervalKind.CI90.value: 0.90, IntervalKind.CI95.value: 0.95}
"""Coverage of the confidence intervals."""
Z90 = 1.6448536269514722
RANGED = [IntervalKind.MIN_MAX.value, *COVERAGE]
"""Kinds of interval whose ends are the limits of the figure."""
AT_LEAST, AT_MOST = IntervalKind.ONE_SIDED_MIN.value, IntervalKind.ONE_SIDED_MAX.value
ONE_SIDED = [AT_LEAST, AT_MOST]
"""Kinds of interval whose value is a limit; the other side is open."""
FIXED, PERT, SPLIT = "fixed", "pert", "split"
DISTRIBUTION_COLUMNS = ["shape", "low", "mode", "high", "coverage"]
"""Columns that describe the distribution from which a figure is drawn."""


VALUE = ("value", "low", "high")
"""Columns of the value of a figure and of its two ends; NaN where nothing is stated."""


def read_intervals(figures: pd.DataFrame, names: tuple[str, str, str] = VALUE) -> pd.DataFrame:
    """Return the ends and the distribution of each figure, in its unit and on its index.

    `figures` has `interval_kind`, and the value and its ends in the columns `names`. Columns:
    DISTRIBUTION_COLUMNS (`mode` NaN where the figure says neither a value nor two ends, `coverage`
    NaN where low and high are no confidence interval), `least` (0 where only an upper limit is
    said), `most` (NaN where nothing limits), `is_ranged` (its ends count).
    """
    value, low, high = names
    kind = figures["interval_kind"]
    is_ranged = kind.isin(RANGED) | figures[value].isna()
    ends = figures[[low, high]].where(is_ranged)
    mode = figures[value].fillna((figures[low] + figures[high]) / 2)
    least, most = ends[low].fillna(mode), ends[high].fillna(mode)
    coverage = kind.map(COVERAGE).where(ends.notna().all(axis=1)).astype("float64")
    columns = pd.DataFrame(
        {"low": least.clip(upper=mode), "mode": mode, "high": most.clip(lower=mode)}
    )
    return columns.assign(
        coverage=coverage,
        shape=choose_shape(columns["low"], columns["high"], coverage),
        least=least.where(kind != AT_MOST, 0.0),
        most=most.where(kind != AT_LEAST),
        is_ranged=is_ranged,
    )


def add_sampling_intervals(
    figures: pd.DataFrame,
    is_asked: "pd.Series[bool]",
    errors: FigureErrors | None,
    names: tuple[str, str, str] = VALUE,
) -> pd.DataFrame:
    """Return figures with a sampling interval for shares of survey respondents (`is_asked`).

    A share without a stated interval gets a central 90 % interval, as if its source had stated it.
    Without errors of figures, they stay as they are.
    """
    if errors is None:
        return figures
    value, low, high = names
    bare = is_asked & (figures["interval_kind"] == IntervalKind.NONE.value) & figures[value].notna()
    share = figures[value].where(bare)
    half = Z90 * np.sqrt(share * (1.0 - share) / errors.effective_sample)
    ends = {low: (share - half).clip(lower=0.0), high: (share + half).clip(upper=1.0)}
    kind = figures["interval_kind"].mask(bare, IntervalKind.CI90.value)
    filled = {name: end.fillna(figures[name]) for name, end in ends.items()}
    return figures.assign(interval_kind=kind, **filled)


def describe_shares(
    facts: pd.DataFrame, is_asked: "pd.Series[bool]", errors: FigureErrors | None
) -> pd.DataFrame:
    """Return shares with what `read_intervals` returns; those of respondents with sampling."""
    names = ("share", "low_share", "high_share")
    facts = add_sampling_intervals(facts, is_asked, errors, names)
    return facts.join(read_intervals(facts, names))


def choose_shape(low: pd.Series, high: pd.Series, coverage: pd.Series) -> pd.Series:
    """Return the shape of the distribution: split, pert, or fixed where the ends meet."""
    shapes = pd.Series(PERT, index=low.index).where(coverage.isna(), SPLIT)
    return shapes.where(low < high, FIXED)
