"""The fact table `use_patterns`."""

from pandera.typing import Series

from schemas import fields
from schemas.fields import FactModel

KEY = ("survey_id", "online", "platform_ids")


class UsePatterns(FactModel):
    """Share of a survey's adults by the exact set of platforms they use."""

    survey_id: Series[str] = fields.reference("surveys")
    online: Series[str] = fields.share(filled=True)
    platform_ids: Series[str] = fields.references("platforms", filled=False)
    weighted_share: Series[str] = fields.share(filled=True)
    respondents: Series[str] = fields.persons(filled=True)
