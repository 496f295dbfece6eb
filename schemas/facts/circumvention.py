"""The fact table `circumvention`."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import fields
from schemas.figures import ShareOfPeople


class Circumvention(ShareOfPeople):
    """Which share keeps access in spite of a restriction."""

    circumvention_id: Series[str] = fields.key()
    restriction_id: Series[str] = fields.reference("restrictions", filled=False)
    area_id: Series[str] = fields.reference("areas")
    platform_ids: Series[str] = fields.reference("platforms")
    feature: Series[str] = fields.code(words.Feature)
    asked: Series[str] = fields.text(filled=True)
    self_selected: Series[str] = fields.code(words.YesNo)
    period: Series[str] = fields.day(filled=True)
