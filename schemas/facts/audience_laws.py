"""The fact table `audience_laws`."""

from typing import Any

import pandas as pd
from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import fields, laws
from schemas.laws import Law

KEY = ("parameter", "kind")
OPTIONAL = True


class AudienceLaws(Law):
    """What the figures teach of audiences that nobody counted; by `learn-audiences` alone.

    `kind` is an effect of the model or `own_` and a way of counting (effect_spread), a rung
    (rung_factor), a platform (platform_factor), or a region of the world (region_factor).
    """

    parameter: Series[str] = fields.code(words.AudienceLaw)
    kind: Series[str] = fields.text(filled=True)
    value: Series[str] = fields.parameter()
    figures: Series[str] = fields.persons(filled=True)
    areas: Series[str] = fields.persons(filled=True)

    @laws.law_out_of_range
    def law_out_of_range(cls, frame: pd.DataFrame) -> Any:
        """A spread, or a factor, which is above zero."""
        is_spread = frame["parameter"].eq(words.AudienceLaw.EFFECT_SPREAD.value)
        spreads = laws.between(frame, "value", 0.0, laws.MOST_LOG_ODDS)
        return spreads.where(is_spread, laws.above_zero(frame, "value"))
