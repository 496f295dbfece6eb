"""Stands in until networks are merged."""

import pandas as pd

from audience_impact.facts.tables import Tables


def only_share(wanted: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Share of people online who are cut with a network."""
    share = wanted["network_scope"].map({"all": 1.0}).astype("float64")
    return pd.DataFrame(
        {
            "only_q05": share,
            "only_q50": share,
            "only_q95": share,
            "reason": share.notna().map({True: "", False: "nobody counts its users"}),
        },
        index=wanted.index,
    )
