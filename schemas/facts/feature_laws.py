"""The fact table `feature_laws`."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import fields
from schemas.laws import ShareLaw

KEY = ("feature", "area_id")
OPTIONAL = True


class FeatureLaws(ShareLaw):
    """The law of the share of users who use a feature; written by `learn-shares` alone.

    One row a feature, or any feature where `feature` is blank, for any country, and one a country
    with figures of its own. Log odds: Student t of `freedom` degrees around `mean`, times `spread`.
    """

    feature: Series[str] = fields.code(words.Feature, filled=False)
