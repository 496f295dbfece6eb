"""The fact table `place_names`."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import fields
from schemas.fields import FactModel

KEY = ("country_id", "name")

OPTIONAL = True
"""Only the import of a register needs it."""


class PlaceNames(FactModel):
    """What a name, or a whole text, of registers means where no rule can read it; reviewed by hand.

    Other names of one place are its aliases in `areas`; here stand names of several places and of
    parts of one that is not on record itself.
    """

    country_id: Series[str] = fields.reference("areas")
    name: Series[str] = fields.text(filled=True)
    area_ids: Series[str] = fields.references("areas")
    reading: Series[str] = fields.code(words.PlaceReading)
    note: Series[str] = fields.text()
