"""The fact table `circumvention`."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import fields
from schemas.figures import ShareOfPeople


class Circumvention(ShareOfPeople):
    """Which share keeps access in spite of a restriction.

    A share of no restriction is of people online who use a VPN. A blank kind is `keeps_access`.
    """

    circumvention_id: Series[str] = fields.key()
    restriction_id: Series[str] = fields.reference("restrictions", filled=False)
    circumvention_kind: Series[str] = fields.optional(
        fields.code(words.CircumventionKind, filled=False)
    )
    area_id: Series[str] = fields.reference("areas")
    platform_ids: Series[str] = fields.references("platforms")
    feature: Series[str] = fields.code(words.Feature)
    asked: Series[str] = fields.text(filled=True)
    self_selected: Series[str] = fields.code(words.YesNo)
    period: Series[str] = fields.day(filled=True)
