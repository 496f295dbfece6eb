"""Table `sources`: every source of the facts, with the measurement that it prints."""

import pandas as pd

from audience_impact.facts.tables import Tables


def sources(tables: Tables) -> pd.DataFrame:
    """Table `sources`: every source of the facts, with the measurer whose figures it prints."""
    measurer = tables["lineages"].set_index("measurement_series_id")["measurer"]
    frame = tables["sources"]
    return frame.assign(measurer=frame["measurement_series_id"].map(measurer)).sort_values(
        "source_id", ignore_index=True
    )
