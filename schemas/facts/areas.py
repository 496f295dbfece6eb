"""The fact table `areas`."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import fields
from schemas.fields import FactModel


class Areas(FactModel):
    """A part of the world, a country by its ISO 3166 code, or a place in one.

    `members` are the places that a union is made of, where it is no level of its own.
    """

    area_id: Series[str] = fields.key()
    name: Series[str] = fields.text(filled=True)
    parent_id: Series[str] = fields.reference("areas", filled=False)
    aliases: Series[str] = fields.text()
    level: Series[str] = fields.optional(fields.code(words.AreaLevel, filled=False))
    members: Series[str] = fields.optional(fields.references("areas", filled=False))
    note: Series[str] = fields.text()
