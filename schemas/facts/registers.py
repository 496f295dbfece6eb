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

    source_id: Series[str] = fields.reference_field("sources")
    register_row: Series[str] = fields.persons_field(filled=True)
    count_year: Series[str] = fields.text_field()
    country: Series[str] = fields.text_field()
    country_ids: Series[str] = fields.references_field("areas", filled=False)
    fate: Series[str] = fields.code_field(words.ImportOutcome)
    restriction_id: Series[str] = fields.reference_field("restrictions", filled=False)
    reason: Series[str] = fields.text_field()


class EventLinks(FactModel):
    """Two restrictions that may be one event, how they are related, and on what they disagree.

    A row with the relation `apart` in a folder of facts keeps two restrictions apart whatever an
    import says of them.
    """

    restriction_id: Series[str] = fields.reference_field("restrictions")
    other_restriction_id: Series[str] = fields.reference_field("restrictions")
    rule: Series[str] = fields.text_field(filled=True)
    disagreements: Series[str] = fields.text_field()
    source_id: Series[str] = fields.reference_field("sources")
    relation: Series[str] = fields.mark_optional(
        fields.code_field(words.EventRelation, filled=False)
    )
