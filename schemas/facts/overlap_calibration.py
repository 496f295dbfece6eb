"""The fact table `overlap_calibration`."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import fields
from schemas.fields import FactModel

KEY = ("parameter", "survey_id")


class OverlapCalibration(FactModel):
    """What the surveys teach about joint use; written by `audience-impact calibrate` alone.

    One row a parameter, and one a survey with its own correlation (in log odds).
    """

    parameter: Series[str] = fields.code(words.OverlapParameter)
    survey_id: Series[str] = fields.reference("surveys", filled=False)
    value: Series[str] = fields.parameter()
    basis: Series[str] = fields.code(words.ParameterBasis)
    surveys: Series[str] = fields.persons(filled=True)
    houses: Series[str] = fields.persons(filled=True)
    data_sha256: Series[str] = fields.text(filled=True)
    note: Series[str] = fields.text()
