"""Membership patterns: the exact set of platforms that a person uses, as a number.

Bit i of the number says that platform i is used, so that n platforms have 2**n patterns and
pattern 0 is that of the people of a base who use none.
"""

from collections.abc import Sequence

import numpy as np

from audience_impact.frames import Array
from audience_impact.vocabulary import OverlapKind


def indicator(platforms: Sequence[int], kind: OverlapKind, count: int) -> Array:
    """1 for the patterns (2**count,) of `count` platforms that an overlap speaks of, else 0."""
    mask = sum(1 << i for i in platforms)
    index = np.arange(1 << count)
    together = (index & mask) == mask if kind is OverlapKind.INTERSECTION else (index & mask) != 0
    return np.asarray(together, dtype=float)
