"""The published table `area_comparisons`."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import columns
from schemas.columns import PublishedModel

KEY = ("published_area_figure_id",)


class AreaComparisons(PublishedModel):
    """What others published for an area and period, beside ours, and why the two differ."""

    published_area_figure_id: Series[str] = columns.make_column("the published figure")
    area_id: Series[str] = columns.place_column("ISO 3166 code; 001: the world")
    period: Series[str] = columns.make_column("period of the figure", sdmx="TIME_PERIOD")
    publisher: Series[str] = columns.make_column("who published it")
    figure_kind: Series[str] = columns.word_column(words.FigureKind, "what it counts")
    interval_kind: Series[str] = columns.word_column(
        words.IntervalKind, "one_sided_min means: over"
    )
    published_persons: Series[float] = columns.people_column(
        "their number of people; null: none given"
    )
    published_events_count: Series[float] = columns.make_column(
        "their number of restrictions; null: none given", "count", null=True, ge=0
    )
    published_hours: Series[float] = columns.make_column(
        "their hours of restriction; null: none given", "hours", null=True, ge=0
    )
    lower_persons: Series[float] = columns.people_column("our lower bound; null: nothing on record")
    q50_persons: Series[float] = columns.people_column("our median; null: no estimate")
    upper_persons: Series[float] = columns.people_column("our upper bound")
    base_persons: Series[float] = columns.people_column("people in our base")
    restrictions_count: Series[float] = columns.make_column(
        "restrictions of ours", "count", null=True
    )
    lower_ratio: Series[float] = columns.make_column(
        "theirs over our lower bound", "ratio", null=True
    )
    q50_ratio: Series[float] = columns.make_column("theirs over our median", "ratio", null=True)
    upper_ratio: Series[float] = columns.make_column(
        "theirs over our upper bound", "ratio", null=True
    )
    difference_reason: Series[str] = columns.word_column(
        words.DifferenceReason, "within_bounds, or why it differs"
    )
    source_id: Series[str] = columns.make_column("where it stands", sdmx="SOURCE")
    note: Series[str] = columns.text_column("what the source says of it", sdmx="COMMENT_OBS")
