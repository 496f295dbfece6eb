"""The published table `sources`."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import columns
from schemas.columns import PublishedModel

KEY = ("source_id",)


class Sources(PublishedModel):
    """Every source of the facts."""

    source_id: Series[str] = columns.column("the source", sdmx="SOURCE")
    publisher: Series[str] = columns.column("who published it", sdmx="ORGANISATION")
    title: Series[str] = columns.column("title; not recorded: nobody noted it", sdmx="TITLE")
    url: Series[str] = columns.text("address; null: none on record")
    published_on: Series[str] = columns.column(
        "date of publication, as precise as the page; not recorded: nobody noted it"
    )
    accessed_on: Series[str] = columns.column("date it was read")
    source_type: Series[str] = columns.word(words.SourceType, "what kind of source")
    licence: Series[str] = columns.column(
        "licence as stated; not stated: looked for and not there; not recorded: nobody looked"
    )
    reliability: Series[str] = columns.word(words.Reliability, "how far to trust it")
    measurer: Series[str] = columns.column("whose measurement it relays")
