"""The fact table `restriction_targets`."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import fields
from schemas.fields import FactModel

KEY = ("restriction_id", "platform_id", "feature")


class RestrictionTargets(FactModel):
    """What exactly a restriction touches; `*` is the whole internet."""

    restriction_id: Series[str] = fields.reference("restrictions")
    platform_id: Series[str] = fields.reference("platforms")
    feature: Series[str] = fields.code(words.Feature)
    claim_status: Series[str] = fields.code(words.ClaimStatus)
    source_id: Series[str] = fields.reference("sources")
    note: Series[str] = fields.text()
