"""The fact table `event_links`."""

from pandera.typing import Series

from schemas import fields
from schemas.fields import FactModel

KEY = ("restriction_id", "other_restriction_id")

OPTIONAL = True
"""Only an imported register needs it: where none is, it may be missing."""


class EventLinks(FactModel):
    """Two restrictions that tell of one event, and on what they disagree."""

    restriction_id: Series[str] = fields.reference("restrictions")
    other_restriction_id: Series[str] = fields.reference("restrictions")
    rule: Series[str] = fields.text(filled=True)
    disagreements: Series[str] = fields.text()
    source_id: Series[str] = fields.reference("sources")
