"""The fact table `overlaps`."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import fields
from schemas.figures import Measured


class Overlaps(Measured):
    """How many use several platforms together, or any of them, as measured."""

    overlap_id: Series[str] = fields.key()
    platform_ids: Series[str] = fields.references("platforms")
    area_id: Series[str] = fields.reference("areas")
    population_base: Series[str] = fields.code(words.PopulationBase)
    kind: Series[str] = fields.code(words.OverlapKind)
    share_of: Series[str] = fields.reference("platforms", filled=False)
    period: Series[str] = fields.day(filled=True)
