"""The fact table `overlap_calibration`."""

from typing import Any

import pandas as pd
from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import fields, laws
from schemas.laws import Law

KEY = ("parameter", "survey_id")
LOG_ODDS = (words.OverlapParameter.MEAN, words.OverlapParameter.SURVEY)
VARIANCES = (
    words.OverlapParameter.BETWEEN,
    words.OverlapParameter.WITHIN,
    words.OverlapParameter.AREA,
)


class OverlapCalibration(Law):
    """What the surveys teach about joint use; written by `audience-impact calibrate` alone.

    One row a parameter, and one a survey with its own correlation (in log odds).
    """

    parameter: Series[str] = fields.code(words.OverlapParameter)
    survey_id: Series[str] = fields.reference("surveys", filled=False)
    value: Series[str] = fields.parameter()
    surveys: Series[str] = fields.persons(filled=True)
    houses: Series[str] = fields.persons(filled=True)

    @laws.law_out_of_range
    def law_out_of_range(cls, frame: pd.DataFrame) -> Any:
        """Log odds of a correlation, variances, a part of one, and factors above zero."""
        odds = laws.between(frame, "value", -laws.MOST_LOG_ODDS, laws.MOST_LOG_ODDS)
        kinds = {
            **dict.fromkeys(LOG_ODDS, odds),
            **dict.fromkeys(VARIANCES, laws.between(frame, "value", 0.0, laws.MOST_LOG_ODDS)),
            words.OverlapParameter.REGION: laws.between(frame, "value", 0.0, 1.0),
        }
        found = laws.above_zero(frame, "value")
        for parameter, sound in kinds.items():
            found = found.where(frame["parameter"] != parameter.value, sound)
        return found

    @laws.learned_from_nothing
    def learned_from_nothing(cls, frame: pd.DataFrame) -> Any:
        """What is not assumed comes from at least one survey of at least one house."""
        counts = [laws.above_zero(frame, name, laws.MOST_COUNT) for name in ("surveys", "houses")]
        is_assumed = frame["basis"].eq(words.ParameterBasis.ASSUMED.value)
        return is_assumed | (counts[0] & counts[1])
