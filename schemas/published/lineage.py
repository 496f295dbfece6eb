"""The published table `lineage`."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import columns
from schemas.columns import PublishedModel

KEY = ("output_table", "restriction_id", "platform_id", "role", "input_table", "input_id")


class Lineage(PublishedModel):
    """Which fact, on which line of which file, fed which restriction."""

    output_table: Series[str] = columns.table_name("the published table")
    restriction_id: Series[str] = columns.restriction_column()
    platform_id: Series[str] = columns.platform_column(
        "the platform; `all`: the restriction as a whole", all="the restriction as a whole"
    )
    role: Series[str] = columns.word_column(
        words.FactRole, "what the fact did for it: audience, base, ..."
    )
    input_table: Series[str] = columns.table_name("the fact table")
    input_id: Series[str] = columns.make_column("key of the fact")
    row_layer: Series[int] = columns.make_column(
        "number of the facts folder, from 1", "count", ge=1
    )
    row_file: Series[str] = columns.make_column("file of the fact")
    row_line: Series[int] = columns.make_column(
        "line of the fact in its file, from 1", "count", ge=1
    )
    source_id: Series[str] = columns.make_column("source of the fact", sdmx="SOURCE")
    publisher: Series[str] = columns.make_column("publisher of the source", sdmx="ORGANISATION")
    url: Series[str] = columns.text_column("address of the source; null: none on record")
    measurer: Series[str] = columns.text_column(
        "who measured it; null: an act, or the page does not say", sdmx="ORGANISATION"
    )
    period: Series[str] = columns.text_column(
        "period of the figure; null: an act", sdmx="TIME_PERIOD"
    )
    attribution: Series[str] = columns.make_column(
        "measurer, period and the page that relays it; of an act who reports it"
    )
