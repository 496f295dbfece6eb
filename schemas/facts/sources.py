"""The fact table `sources`."""

from typing import Any

import pandas as pd
from pandera.typing import Series

from audience_impact import blanks
from audience_impact import vocabulary as words
from schemas import fields
from schemas.fields import FactModel


class Sources(FactModel):
    """A page or document that was read, each once."""

    source_id: Series[str] = fields.key()
    publisher: Series[str] = fields.text(filled=True)
    title: Series[str] = fields.text()
    url: Series[str] = fields.address()
    published_on: Series[str] = fields.day()
    accessed_on: Series[str] = fields.day(filled=True)
    source_type: Series[str] = fields.code(words.SourceType)
    licence: Series[str] = fields.stated()
    reliability: Series[str] = fields.code(words.Reliability)
    measurement_series_id: Series[str] = fields.reference("lineages")
    note: Series[str] = fields.text()

    @fields.row_rule(
        "a source needs an address, or a title where the page was never online",
        "add the address, or the title of what was never online",
        "url",
        number=16,
    )
    def source_incomplete(cls, frame: pd.DataFrame) -> Any:
        """An address, or for data that has no page of its own a title."""
        return blanks.filled(frame["url"]) | blanks.filled(frame["title"])
