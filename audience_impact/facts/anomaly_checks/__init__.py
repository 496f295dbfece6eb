"""Rules that warn of surprising values: typing errors that no single cell reveals.

Each rule compares a cell with related cells and warns if the difference is too large. The limits
were measured on the facts and are stated where they are used.
"""

from audience_impact.facts.anomaly_checks import (
    bases,
    days,
    figures,
    notes,
    place_overrides,
    words,
)

RULES = (bases, days, figures, notes, place_overrides, words)
"""The modules that register these rules."""
