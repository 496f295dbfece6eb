"""The published table `quarantine`."""

from pandera.typing import Series

from schemas import columns
from schemas.columns import PublishedModel

KEY = ("table", "row_layer", "line", "column", "rule")


class Quarantine(PublishedModel):
    """Every row refused, whole."""

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
