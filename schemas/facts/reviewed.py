"""What was decided by hand, case by case: readings of texts of registers, and accepted warnings."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import fields
from schemas.fields import FactModel


class PlaceNames(FactModel):
    """What a name, or a whole text, of registers means where no rule can read it; reviewed by hand.

    Other names of one place are its aliases in `areas`; here stand names of several places and of
    parts of one that is not on record itself. `note` is the reason; `source_id` is the page on
    which it rests, blank where none was read.
    """

    country_id: Series[str] = fields.reference_field("areas")
    name: Series[str] = fields.text_field(filled=True)
    area_ids: Series[str] = fields.references_field("areas")
    reading: Series[str] = fields.code_field(words.PlaceReading)
    note: Series[str] = fields.text_field(filled=True)
    source_id: Series[str] = fields.reference_field("sources", filled=False)


class FeatureRules(FactModel):
    """A rule that reads a feature from the free text of a register; for review, one by one.

    `pattern` is a plain regular expression, looked for without regard to capitals in the named
    column of rows that restrict services.
    """

    rule_id: Series[str] = fields.key_field()
    register_column: Series[str] = fields.text_field(filled=True)
    pattern: Series[str] = fields.pattern_field()
    feature: Series[str] = fields.code_field(words.Feature)
    note: Series[str] = fields.text_field()


class AcceptedFindings(FactModel):
    """Warnings that were looked at and found right, each with its reason.

    One holds while the cell has this value and its row this period.
    """

    rule: Series[str] = fields.text_field(filled=True)
    table: Series[str] = fields.text_field(filled=True)
    key: Series[str] = fields.text_field(filled=True)
    column: Series[str] = fields.text_field(filled=True)
    value: Series[str] = fields.text_field()
    period: Series[str] = fields.text_field()
    reason: Series[str] = fields.text_field(filled=True)
    reviewed_on: Series[str] = fields.day_field(filled=True)
