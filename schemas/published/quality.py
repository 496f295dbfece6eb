"""The published table `quality`."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import columns
from schemas.columns import PublishedModel

KEY = ("check", "table")


class Quality(PublishedModel):
    """What was checked, and how it went."""

    check: Series[str] = columns.explained_column("rule id", by="meaning")
    table: Series[str] = columns.table_name("the table checked")
    severity: Series[str] = columns.word_column(words.FindingSeverity, "what a failure does")
    checked_count: Series[int] = columns.make_column("rows checked", "count", ge=0)
    failed_count: Series[int] = columns.make_column("rows that failed", "count", ge=0)
    worst_rows: Series[str] = columns.text_column("the first failures as FILE:LINE, joined by ;")
    meaning: Series[str] = columns.make_column("what a failure means")
    details: Series[str] = columns.text_column(
        "what was found, a line each; null: nothing more to say"
    )
