"""How a surprise is told: numbers as a reader says them, and findings from messages by row."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from audience_impact.facts.rules import found_in
from audience_impact.facts.tables import Finding

Say = Callable[[Any], str]
"""What is told of a row, a named tuple of it."""


def number(value: float, unit: str = "persons") -> str:
    """A value as text: 97.4 million, 4,850, 37.5 %."""
    if unit == "share":
        return f"{100 * value:.3g} %"
    return f"{value / 1e6:.4g} million" if value >= 1e6 else f"{value:,.0f}"


def times(ratio: float) -> str:
    """A ratio as text: 14 times, a tenth of."""
    return f"{ratio:.3g} times" if ratio >= 1 else f"1/{1 / ratio:.3g} of"


def apart(log_odds: float) -> str:
    """How far a level lies from another, and on which side."""
    return f"{abs(log_odds):.1f} in log odds {'above' if log_odds > 0 else 'below'}"


def findings(
    table: str, frame: pd.DataFrame, rule: str, odd: pd.DataFrame, column: str, say: Say
) -> list[Finding]:
    """A finding for each odd row, which has the index of the frame, with what `say` makes of it.

    Where the cell of the column is blank the finding points at `low` or `high`.
    """
    found: list[Finding] = []
    if odd.empty:  # nearly always, and pandas makes no named tuples of nothing quickly
        return found
    for place, told in zip(odd.index, odd.itertuples(), strict=True):
        row = frame.loc[place]
        filled = (name for name in (column, "low", "high") if pd.notna(row.get(name)))
        found.append(found_in(table, row, next(filled, column), rule, say(told)))
    return found
