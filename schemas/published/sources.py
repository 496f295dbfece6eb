"""The published table `sources`."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import columns
from schemas.columns import PublishedModel

KEY = ("source_id",)


class Sources(PublishedModel):
    """Every source of the facts."""

    source_id: Series[str] = columns.make_column("the source", sdmx="SOURCE")
    publisher: Series[str] = columns.make_column("who published it", sdmx="ORGANISATION")
    title: Series[str] = columns.make_column("title; not recorded: nobody noted it", sdmx="TITLE")
    url: Series[str] = columns.text_column("address; null: none on record")
    published_on: Series[str] = columns.make_column(
        "date of publication, as precise as the page; not recorded: nobody noted it"
    )
    accessed_on: Series[str] = columns.make_column("date it was read")
    source_type: Series[str] = columns.word_column(words.SourceType, "what kind of source")
    licence: Series[str] = columns.make_column(
        "licence as stated; not stated: looked for and not there; not recorded: nobody looked"
    )
    reliability: Series[str] = columns.word_column(words.Reliability, "how far to trust it")
    measurer: Series[str] = columns.make_column("whose measurement it relays")
