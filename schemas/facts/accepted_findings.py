"""The fact table `accepted_findings`."""

from pandera.typing import Series

from schemas import fields
from schemas.fields import FactModel

KEY = ("rule", "table", "key", "column")
OPTIONAL = True
"""Facts of which no warning was reviewed need none."""


class AcceptedFindings(FactModel):
    """Warnings that were looked at and found right, each with its reason.

    One holds while the cell has this value and its row this period.
    """

    rule: Series[str] = fields.text(filled=True)
    table: Series[str] = fields.text(filled=True)
    key: Series[str] = fields.text(filled=True)
    column: Series[str] = fields.text(filled=True)
    value: Series[str] = fields.text()
    period: Series[str] = fields.text()
    reason: Series[str] = fields.text(filled=True)
    reviewed_on: Series[str] = fields.day(filled=True)
