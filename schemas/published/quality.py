"""What was checked, and what was refused."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import columns
from schemas.columns import PublishedModel


class Quality(PublishedModel):
    """The checks of facts and results, and their outcome."""

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


class Quarantine(PublishedModel):
    """Every refused row, complete."""

    table: Series[str] = columns.table_name("the fact table")
    row_layer: Series[int] = columns.make_column(
        "number of the facts folder, from 1", "count", ge=1
    )
    file: Series[str] = columns.make_column("file of the row")
    line: Series[int] = columns.make_column("line of the row in its file, from 1", "count", ge=1)
    column: Series[str] = columns.make_column("column at fault")
    rule: Series[str] = columns.explained_column("rule id", by="reason")
    value: Series[str] = columns.text_column("the cell as written")
    reason: Series[str] = columns.make_column("what is wrong and what to do")
    row: Series[str] = columns.make_column("the row as JSON")
