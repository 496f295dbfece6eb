"""The fact table `feature_rules`."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import fields
from schemas.fields import FactModel

OPTIONAL = True
"""Only an imported register needs it: where none is, it may be missing."""


class FeatureRules(FactModel):
    """A rule that reads a feature from the free text of a register; for review, one by one.

    `pattern` is a plain regular expression, looked for without regard to capitals in the named
    column of rows that restrict services.
    """

    rule_id: Series[str] = fields.key()
    register_column: Series[str] = fields.text(filled=True)
    pattern: Series[str] = fields.pattern()
    feature: Series[str] = fields.code(words.Feature)
    note: Series[str] = fields.text()
