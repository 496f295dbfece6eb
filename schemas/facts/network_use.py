"""The fact table `network_use`."""

from typing import Any

import pandas as pd
from pandera.typing import Series

from schemas import fields
from schemas.figures import SourcedFigure, low_value_high, ordered

KEY = ("area_id", "period", "source_id")
OPTIONAL = True


class NetworkUse(SourcedFigure):
    """Which share of the people online has a mobile network alone, and no fixed line at home.

    `least_share` and `most_share` are what the count of fixed lines leaves: a line serves a whole
    household, or one person.
    """

    area_id: Series[str] = fields.reference("areas")
    period: Series[str] = fields.day(filled=True)
    least_share: Series[str] = fields.share(filled=True)
    most_share: Series[str] = fields.share(filled=True)

    @low_value_high
    def low_value_high(cls, frame: pd.DataFrame) -> Any:
        """Least <= most."""
        return ordered(frame, "least_share", "least_share", "most_share")
