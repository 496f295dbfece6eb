"""Selection of candidates in steps, with the reason of each rejection.

Definitions. A selection is a list of steps, each of which selects some of the rows that the
previous steps selected. `Only` selects the rows that satisfy a condition, `Best` the first row of
each group in the order of its keys.

Method. `select_candidates` selects rows, and `rejection_reason` explains the others by the same
steps, so that a reason always belongs to the step that rejected the row.

Known drawbacks. A row that several steps would reject has the reason of the first of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from audience_impact.frames import Integers

Reason = str | Callable[[pd.DataFrame], "pd.Series[str]"]
"""The reason of a rejection: the same text for all rows, or a function of their cells."""


@dataclass(frozen=True)
class Only:
    """Selects the rows that satisfy a condition."""

    holds: Callable[[pd.DataFrame], "pd.Series[bool]"]
    reason: Reason

    def mark_chosen(self, rows: pd.DataFrame) -> "pd.Series[bool]":
        """Mark the rows that this step chooses."""
        return self.holds(rows)

    def explain_rejections(self, rows: pd.DataFrame) -> "pd.Series[str]":
        """Return the reason why each row is not chosen; blank for chosen rows."""
        reasons = self.reason(rows) if callable(self.reason) else pd.Series(self.reason, rows.index)
        return reasons.mask(self.mark_chosen(rows), "")


@dataclass(frozen=True)
class Key:
    """A column by which rows are ordered, and the reason for rejecting rows that come later."""

    column: str
    reason: str
    ascending: bool = True


@dataclass(frozen=True)
class Best:
    """Selects the first row of each group in the order of the keys."""

    by: Sequence[str]
    keys: Sequence[Key]

    def _find_first(self, rows: pd.DataFrame) -> Integers:
        """Return for each row the place of the first row of its group; blank cells come last."""
        by = [*self.by]
        groups = rows[by].groupby(by, sort=False, dropna=False).ngroup().to_numpy()
        first, rest = np.full(1 + groups.max(initial=-1), len(rows)), np.arange(len(rows))
        for key in self.keys:
            if len(rest) == len(first):
                break
            codes, words = pd.factorize(rows[key.column].iloc[rest], sort=True)
            ranks = np.where(codes < 0, len(words), codes if key.ascending else -codes)
            least = np.full(len(first), len(words))
            np.minimum.at(least, groups[rest], ranks)
            rest = rest[ranks == least[groups[rest]]]
        np.minimum.at(first, groups[rest], rest)
        return np.asarray(first[groups])

    def mark_chosen(self, rows: pd.DataFrame) -> "pd.Series[bool]":
        """Mark the rows that this step chooses."""
        return pd.Series(self._find_first(rows) == np.arange(len(rows)), rows.index)

    def explain_rejections(self, rows: pd.DataFrame) -> "pd.Series[str]":
        """Return the reason why each row is not chosen; blank for chosen rows."""
        first = self._find_first(rows)
        reasons = np.full(len(rows), "", dtype=object)
        later = np.flatnonzero(first != np.arange(len(rows)))
        for key in self.keys:
            reasons[later] = key.reason
            cells, best = (rows[key.column].array.take(at) for at in (later, first[later]))
            later = later[np.asarray((cells == best) | (pd.isna(cells) & pd.isna(best)))]
        return pd.Series(reasons, rows.index, dtype="str")


Step = Only | Best
"""One step of a selection."""


def select_candidates(rows: pd.DataFrame, steps: Sequence[Step]) -> pd.DataFrame:
    """Return the rows that all steps choose, in their order."""
    for step in steps:
        rows = rows[step.mark_chosen(rows)]
    return rows


def rejection_reason(rows: pd.DataFrame, steps: Sequence[Step]) -> "pd.Series[str]":
    """Return the reason why each row is not chosen; blank for chosen rows."""
    rejections, at = np.full(len(rows), "", dtype=object), np.arange(len(rows))
    for step in steps:
        rejections[at] = step.explain_rejections(rows.iloc[at]).to_numpy()
        at = at[rejections[at] == ""]
    return pd.Series(rejections, rows.index, dtype="str")
