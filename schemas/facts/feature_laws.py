"""The fact table `feature_laws`."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import fields
from schemas.fields import FactModel

KEY = ("feature", "area_id")
OPTIONAL = True


class FeatureLaws(FactModel):
    """The law of the share of users who use a feature; written by `learn-shares` alone.

    One row a feature, or any feature where `feature` is blank, for any country, and one a country
    with figures of its own. Log odds: Student t of `freedom` degrees around `mean`, times `spread`.
    """

    feature: Series[str] = fields.code(words.Feature, filled=False)
    area_id: Series[str] = fields.reference("areas", filled=False)
    mean: Series[str] = fields.parameter()
    spread: Series[str] = fields.parameter()
    freedom: Series[str] = fields.persons(filled=True)
    areas: Series[str] = fields.persons(filled=True)
    figures: Series[str] = fields.persons(filled=True)
    basis: Series[str] = fields.code(words.ParameterBasis)
    data_sha256: Series[str] = fields.text(filled=True)
    note: Series[str] = fields.text()
