"""Stands in until the populations of places are merged."""

import numpy as np
import pandas as pd

from audience_impact.facts.tables import Tables
from audience_impact.populations import EVERYONE


def people(wanted: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """People of places on a day."""
    bases = tables["bases"]
    known = bases[bases["population_base"] == EVERYONE].sort_values("period_end")
    last = known.drop_duplicates("area_id", keep="last").set_index("area_id")
    persons = wanted["area_id"].map(last["persons"]).astype("float64")
    most = wanted["area_id"].map(known.groupby("area_id")["persons"].max()).astype("float64")
    return pd.DataFrame(
        {
            "people_low_persons": persons * np.exp(-0.05),
            "people_persons": persons,
            "people_high_persons": persons * np.exp(0.05),
            "most_persons": most,
            "people_base_id": wanted["area_id"].map(last["base_id"]),
        },
        index=wanted.index,
    )
