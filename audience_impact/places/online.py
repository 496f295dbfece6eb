"""Stands in until people online of places are merged."""

import pandas as pd

from audience_impact.facts.tables import Tables


def online_odds(wanted: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Log odds of being online in a place less those of the country."""
    return pd.DataFrame({"online_q05": -0.8, "online_q50": 0.0, "online_q95": 0.8}, wanted.index)
