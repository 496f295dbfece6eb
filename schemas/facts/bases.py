"""The fact table `bases`."""

from typing import Any

import pandas as pd
from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import fields
from schemas.figures import SourcedFigure, low_value_high, ordered


class Bases(SourcedFigure):
    """How many people a population holds: the denominators."""

    base_id: Series[str] = fields.key()
    area_id: Series[str] = fields.reference("areas")
    population_base: Series[str] = fields.code(words.PopulationBase)
    period: Series[str] = fields.day(filled=True)
    persons: Series[str] = fields.persons(filled=True)
    low_persons: Series[str] = fields.persons()
    high_persons: Series[str] = fields.persons()
    obs_status: Series[str] = fields.code(words.ObsStatus)

    @low_value_high
    def low_value_high(cls, frame: pd.DataFrame) -> Any:
        """Low <= persons <= high."""
        return ordered(frame, "low_persons", "persons", "high_persons")
