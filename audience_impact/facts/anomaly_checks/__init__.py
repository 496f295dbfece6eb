"""Rules that warn of what is surprising: typing errors that no single cell gives away.

Each compares a cell that carries results with its relatives and warns by the size of the surprise.
The limits are measured from the facts, each stated where it is used.
"""

from audience_impact.facts.anomaly_checks import (
    bases,
    days,
    figures,
    notes,
    place_overrides,
    shares,
    words,
)

RULES = (bases, days, figures, notes, place_overrides, shares, words)
"""The modules that enter rules in the registry."""
