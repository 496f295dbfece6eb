"""What an imported register leaves besides restrictions: its rows, and events recorded twice."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import fields
from schemas.fields import FactModel


class RegisterRows(FactModel):
    """What became of each row of a register: an event, a repeat of one, or refused.

    Events of a country and year are counted here: the restrictions that have a row of that
    `count_year`.
    """

    source_id: Series[str] = fields.reference("sources")
    register_row: Series[str] = fields.persons(filled=True)
    count_year: Series[str] = fields.text()
    country: Series[str] = fields.text()
    country_ids: Series[str] = fields.references("areas", filled=False)
    fate: Series[str] = fields.code(words.ImportOutcome)
    restriction_id: Series[str] = fields.reference("restrictions", filled=False)
    reason: Series[str] = fields.text()


class EventLinks(FactModel):
    """Two restrictions that tell of one event, and on what they disagree."""

    restriction_id: Series[str] = fields.reference("restrictions")
    other_restriction_id: Series[str] = fields.reference("restrictions")
    rule: Series[str] = fields.text(filled=True)
    disagreements: Series[str] = fields.text()
    source_id: Series[str] = fields.reference("sources")
