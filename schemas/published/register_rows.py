"""The published table `register_rows`."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import columns
from schemas.columns import PublishedModel

KEY = ("source_id", "register_row")


class RegisterRows(PublishedModel):
    """For each row of a register the restriction that is published for it.

    Several rows have one restriction where they record one event.
    """

    source_id: Series[str] = columns.make_column("the register", sdmx="SOURCE")
    register_row: Series[int] = columns.make_column(
        "number of the row below the header, from 1", "count", ge=1
    )
    restriction_id: Series[str] = columns.make_column(
        "the restriction that is published for the row; null: the row was refused",
        sdmx="TITLE",
        null=True,
    )
    event_id: Series[str] = columns.text_column(
        "the event of the register that the row records; null: the row was refused"
    )
    relation: Series[str] = columns.word_column(
        words.EventRelation,
        "why the event is published under another id; null: it is published under its own",
        null=True,
    )
    rule: Series[str] = columns.text_column("rule by which the two are one event; null: none")
    count_year: Series[str] = columns.text_column("edition of the register that has the row")
    country: Series[str] = columns.text_column("countries as printed", sdmx="REF_AREA")
    reason: Series[str] = columns.text_column(
        "why the row repeats another of its event, or was refused; null: nothing to say"
    )
