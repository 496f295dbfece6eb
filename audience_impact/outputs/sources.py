"""Table `sources`: every source of the facts, with the measurement that it prints."""

import pandas as pd

from audience_impact import blanks
from audience_impact.facts.tables import Tables
from audience_impact.vocabulary import Unstated

TOLD_OR_NOT = ["title", "published_on", "licence"]
"""What a page may not say: in the facts blank where nobody noted it, here in words."""


def sources(tables: Tables) -> pd.DataFrame:
    """Table `sources`: every source of the facts, with the measurer whose figures it prints."""
    measurer = tables["lineages"].set_index("measurement_series_id")["measurer"]
    frame = tables["sources"]
    told = frame[TOLD_OR_NOT].apply(
        lambda cells: cells.where(blanks.filled(cells), Unstated.NOT_RECORDED.value)
    )
    return frame.assign(**told, measurer=frame["measurement_series_id"].map(measurer)).sort_values(
        "source_id", ignore_index=True
    )
