"""What other facts point at: measuring programmes, sources, platforms and places."""

from typing import Any

import pandas as pd
from pandera.typing import Series

from audience_impact import blanks
from audience_impact import vocabulary as words
from schemas import fields
from schemas.fields import FactModel


class Lineages(FactModel):
    """One measuring programme: all relays of its figures are one voice."""

    measurement_series_id: Series[str] = fields.key()
    measurer: Series[str] = fields.text(filled=True)
    source_type: Series[str] = fields.code(words.SourceType)
    note: Series[str] = fields.text()


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


class Platforms(FactModel):
    """A service, or a group of services named without its members."""

    platform_id: Series[str] = fields.key()
    name: Series[str] = fields.text(filled=True)
    owner: Series[str] = fields.text()
    kind: Series[str] = fields.code(words.PlatformKind)
    aliases: Series[str] = fields.text()
    note: Series[str] = fields.text()


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
