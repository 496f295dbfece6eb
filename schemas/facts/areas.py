"""The fact table `areas`."""

from pandera.typing import Series

from schemas import fields
from schemas.fields import FactModel


class Areas(FactModel):
    """A country or region by its ISO 3166 code."""

    area_id: Series[str] = fields.key()
    name: Series[str] = fields.text(filled=True)
    parent_id: Series[str] = fields.reference("areas", filled=False)
    aliases: Series[str] = fields.text()
    note: Series[str] = fields.text()
