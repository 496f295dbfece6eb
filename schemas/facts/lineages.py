"""The fact table `lineages`."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import fields
from schemas.fields import FactModel


class Lineages(FactModel):
    """One measuring programme: all relays of its figures are one voice."""

    measurement_series_id: Series[str] = fields.key()
    measurer: Series[str] = fields.text(filled=True)
    source_type: Series[str] = fields.code(words.SourceType)
    note: Series[str] = fields.text()
