"""How far a number may lie from what was printed, because it was rounded.

Method. The unit of the last digit printed follows from the zeros at the end: 96,000,000 is printed
to the million, 97,400,000 to the hundred thousand, 0.44 to the hundredth. The truth lies anywhere
within half a unit.

Assumptions. A zero at the end was rounded, but for the first two digits of a count, which are taken
as printed (100,000,000 stands for 95 to 105 million), and a share is printed to the hundredth at
least (0.5 is 50 percent).

Known drawbacks. A count that happens to end in zeros is taken as rounded; one that was computed
from rounded numbers (a share times a population) ends in none.
"""

import numpy as np
import pandas as pd

from audience_impact.frames import Array

DIGITS = 2
"""Digits of a count that are taken as printed, zeros or not."""
SHARE_DECIMALS = 6


def half_step(values: "pd.Series[float]", is_share: "pd.Series[bool]") -> "pd.Series[float]":
    """Return half a unit of the last printed digit, in the unit of each value; NaN stays NaN."""
    numbers = values.to_numpy("float64")
    step = np.where(is_share.to_numpy("bool"), _share_step(numbers), _count_step(numbers))
    return pd.Series(np.where(np.isnan(numbers), np.nan, step / 2.0), values.index)


def _count_step(numbers: Array) -> Array:
    """Return the largest power of ten that divides a count and leaves its first digits alone."""
    counts = np.round(np.nan_to_num(numbers))
    step: Array = np.ones(counts.shape)
    for power in range(1, 13):
        unit = 10.0**power
        step = np.where(
            (counts % unit == 0.0) & (unit * 10.0 ** (DIGITS - 1) <= counts), unit, step
        )
    return step


def _share_step(numbers: Array) -> Array:
    """Return the coarsest decimal step, from a hundredth down, that divides a share."""
    shares = np.nan_to_num(numbers)
    step = np.full_like(shares, 10.0**-SHARE_DECIMALS)
    for decimals in range(SHARE_DECIMALS, 1, -1):
        unit = 10.0**-decimals
        is_multiple = np.abs(shares / unit - np.round(shares / unit)) < 1e-6
        step = np.where(is_multiple, unit, step)
    return step
