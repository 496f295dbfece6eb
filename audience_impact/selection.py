"""Candidates, which of them are chosen, and why each of the others was passed over.

Definitions. A choice is a list of steps, each of which keeps some of the rows that the steps before
it left. `Only` keeps those of which something holds, `Best` the first of each group in the order
of its keys.

Method. What chooses (`left`) and what tells why the others were passed over (`passed_over`) go
through the same steps, so that a reason can never be another one than the rule that decided.

Known drawbacks. A row that several steps would refuse has the reason of the first of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import pandas as pd

Reason = str | Callable[[pd.DataFrame], "pd.Series[str]"]
"""Why a row is passed over: the same of all rows, or from their cells."""


class Step(Protocol):
    """One rule of a choice."""

    def keeps(self, rows: pd.DataFrame) -> "pd.Series[bool]":
        """Which rows it keeps."""

    def reasons(self, rows: pd.DataFrame) -> "pd.Series[str]":
        """Why it does not keep each row; blank where it does."""


@dataclass(frozen=True)
class Only:
    """Keeps the rows of which something holds."""

    holds: Callable[[pd.DataFrame], "pd.Series[bool]"]
    reason: Reason

    def keeps(self, rows: pd.DataFrame) -> "pd.Series[bool]":
        """Which rows it keeps."""
        return self.holds(rows)

    def reasons(self, rows: pd.DataFrame) -> "pd.Series[str]":
        """Why it does not keep each row; blank where it does."""
        told = self.reason(rows) if callable(self.reason) else pd.Series(self.reason, rows.index)
        return told.mask(self.keeps(rows), "")


@dataclass(frozen=True)
class Key:
    """A column by which rows are put in order, and what is said of a row that comes later by it."""

    column: str
    reason: str
    ascending: bool = True


@dataclass(frozen=True)
class Best:
    """Keeps the first row of each group in the order of the keys."""

    by: Sequence[str]
    keys: Sequence[Key]

    def _ordered(self, rows: pd.DataFrame) -> pd.DataFrame:
        columns = [key.column for key in self.keys]
        return rows.sort_values(columns, ascending=[key.ascending for key in self.keys])

    def keeps(self, rows: pd.DataFrame) -> "pd.Series[bool]":
        """Which rows it keeps."""
        return ~self._ordered(rows).duplicated(list(self.by)).reindex(rows.index)

    def reasons(self, rows: pd.DataFrame) -> "pd.Series[str]":
        """Return the first key by which each row comes after the best of its group, else blank."""
        told = pd.Series("", rows.index, dtype="str")
        ordered = self._ordered(rows)
        # Groups are numbered as they appear: the first row of group n is row n of `best`.
        groups = ordered.groupby(list(self.by), sort=False, dropna=False).ngroup()
        best = ordered[~groups.duplicated()]
        for key in reversed(self.keys):
            first = best[key.column].iloc[groups].set_axis(ordered.index).reindex(rows.index)
            own = rows[key.column]
            told = told.mask(~((own == first) | (own.isna() & first.isna())), key.reason)
        last = self.keys[-1].reason
        return told.mask(~self.keeps(rows) & (told == ""), last)


def left(rows: pd.DataFrame, steps: Sequence[Step]) -> pd.DataFrame:
    """The rows that all steps keep, in the order in which they stand."""
    for step in steps:
        rows = rows[step.keeps(rows)]
    return rows


def passed_over(rows: pd.DataFrame, steps: Sequence[Step]) -> "pd.Series[str]":
    """Why each row is not among those that the steps leave; blank where it is."""
    told = pd.Series("", rows.index, dtype="str")
    for step in steps:
        reasons = step.reasons(rows)
        told[rows.index] = reasons
        rows = rows[reasons == ""]
    return told
