"""Catalogues that other facts refer to: measuring programmes, sources, platforms and places."""

from typing import Any

import pandas as pd
from pandera.typing import Series

from audience_impact import blanks
from audience_impact import vocabulary as words
from schemas import fields
from schemas.fields import FactModel


class Lineages(FactModel):
    """One measuring programme; all pages that print its figures count as one."""

    measurement_series_id: Series[str] = fields.key_field()
    measurer: Series[str] = fields.text_field(filled=True)
    source_type: Series[str] = fields.code_field(words.SourceType)
    note: Series[str] = fields.text_field()


class OperatorNames(FactModel):
    """A further name of an operator, in a country or anywhere.

    It is an earlier or a later brand, the company behind the brand, or its group.
    """

    name: Series[str] = fields.text_field(filled=True)
    also_name: Series[str] = fields.text_field(filled=True)
    area_id: Series[str] = fields.reference_field("areas", filled=False)
    source_id: Series[str] = fields.reference_field("sources")


class Sources(FactModel):
    """A page or document that was read, each once."""

    source_id: Series[str] = fields.key_field()
    publisher: Series[str] = fields.text_field(filled=True)
    title: Series[str] = fields.text_field()
    url: Series[str] = fields.address_field()
    published_on: Series[str] = fields.day_field()
    accessed_on: Series[str] = fields.day_field(filled=True)
    source_type: Series[str] = fields.code_field(words.SourceType)
    licence: Series[str] = fields.stated_field()
    reliability: Series[str] = fields.code_field(words.Reliability)
    measurement_series_id: Series[str] = fields.reference_field("lineages")
    note: Series[str] = fields.text_field()

    @fields.row_rule(
        "a source needs an address, or a title where the page was never online",
        "add the address, or the title of what was never online",
        "url",
        number=16,
    )
    def source_incomplete(cls, frame: pd.DataFrame) -> Any:
        """Require an address or, for data without a web page, a title."""
        return blanks.mark_filled(frame["url"]) | blanks.mark_filled(frame["title"])


class Platforms(FactModel):
    """A service, or a group of services named without its members.

    `former_name` is what it was called until `renamed_on`; restrictions that begin before that
    have it. `member_ids` are the services of a group of which a page has the list; services without
    any figure are left out of it.
    """

    platform_id: Series[str] = fields.key_field()
    name: Series[str] = fields.text_field(filled=True)
    owner: Series[str] = fields.text_field()
    kind: Series[str] = fields.code_field(words.PlatformKind)
    aliases: Series[str] = fields.text_field()
    note: Series[str] = fields.text_field()
    former_name: Series[str] = fields.mark_optional(fields.text_field())
    renamed_on: Series[str] = fields.mark_optional(fields.day_field())
    member_ids: Series[str] = fields.mark_optional(
        fields.references_field("platforms", filled=False)
    )


class Areas(FactModel):
    """A part of the world, a country by its ISO 3166 code, or a place in one.

    `members` are the places of a union that has no level of its own.
    """

    area_id: Series[str] = fields.key_field()
    name: Series[str] = fields.text_field(filled=True)
    parent_id: Series[str] = fields.reference_field("areas", filled=False)
    aliases: Series[str] = fields.text_field()
    level: Series[str] = fields.mark_optional(fields.code_field(words.AreaLevel, filled=False))
    members: Series[str] = fields.mark_optional(fields.references_field("areas", filled=False))
    note: Series[str] = fields.text_field()
