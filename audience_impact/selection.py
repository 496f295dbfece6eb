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

    def _sort_rows(self, rows: pd.DataFrame) -> pd.DataFrame:
        columns = [key.column for key in self.keys]
        return rows.sort_values(columns, ascending=[key.ascending for key in self.keys])

    def mark_chosen(self, rows: pd.DataFrame) -> "pd.Series[bool]":
        """Mark the rows that this step chooses."""
        return ~self._sort_rows(rows).duplicated(list(self.by)).reindex(rows.index)

    def explain_rejections(self, rows: pd.DataFrame) -> "pd.Series[str]":
        """Return the reason why each row is not chosen; blank for chosen rows."""
        ordered = self._sort_rows(rows)
        # Groups are numbered as they appear: the first row of group n is row n of `best`.
        groups = ordered.groupby(list(self.by), sort=False, dropna=False).ngroup()
        best, number = ordered[~groups.duplicated()], groups.reindex(rows.index).to_numpy()
        reasons = np.full(len(rows), self.keys[-1].reason, dtype=object)
        for key in reversed(self.keys):
            cells, first = rows[key.column], best[key.column].iloc[number].set_axis(rows.index)
            reasons[~((cells == first) | (cells.isna() & first.isna()))] = key.reason
        reasons[rows.index.isin(best.index)] = ""
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
    rejections = pd.Series("", rows.index, dtype="str")
    for step in steps:
        reasons = step.explain_rejections(rows)
        rejections[rows.index] = reasons
        rows = rows[reasons == ""]
    return rejections
