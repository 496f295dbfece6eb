"""The fact table `feature_use`."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import fields
from schemas.figures import ShareOfPeople


class FeatureUse(ShareOfPeople):
    """Which share of a population uses a feature."""

    feature_use_id: Series[str] = fields.key()
    platform_id: Series[str] = fields.reference("platforms")
    feature: Series[str] = fields.code(words.Feature)
    area_id: Series[str] = fields.reference("areas")
    population_base: Series[str] = fields.code(words.PopulationBase)
    age: Series[str] = fields.text()
    period: Series[str] = fields.day(filled=True)
