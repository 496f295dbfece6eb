"""Messages about surprising rows: numbers as text, and findings from a message per row."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from audience_impact.facts.rules import report_row
from audience_impact.facts.tables import Finding

Describe = Callable[[Any], str]
"""The message about a row, a named tuple."""


def format_number(value: float, unit: str = "persons") -> str:
    """Return a value as text: 97.4 million, 4,850, 37.5 %."""
    if unit == "share":
        return f"{100 * value:.3g} %"
    return f"{value / 1e6:.4g} million" if value >= 1e6 else f"{value:,.0f}"


def format_ratio(ratio: float) -> str:
    """Return a ratio as text: 14 times, 1/10 of."""
    return f"{ratio:.3g} times" if ratio >= 1 else f"1/{1 / ratio:.3g} of"


def format_distance(log_odds: float) -> str:
    """Return a distance in log odds as text, with its side."""
    return f"{abs(log_odds):.1f} in log odds {'above' if log_odds > 0 else 'below'}"


def report_rows(
    table: str, frame: pd.DataFrame, rule: str, odd: pd.DataFrame, column: str, describe: Describe
) -> list[Finding]:
    """Return a finding for each odd row (index of the frame), with the message of `describe`.

    Where the cell of the column is blank the finding points at `low` or `high`.
    """
    findings: list[Finding] = []
    if odd.empty:  # nearly always, and pandas makes no named tuples of nothing quickly
        return findings
    for place, odd_row in zip(odd.index, odd.itertuples(), strict=True):
        row = frame.loc[place]
        filled = (name for name in (column, "low", "high") if pd.notna(row.get(name)))
        findings.append(report_row(table, row, next(filled, column), rule, describe(odd_row)))
    return findings
