"""The published table `comparisons`."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import columns
from schemas.columns import PublishedModel

KEY = ("restriction_id", "published_figure_id")


class Comparisons(PublishedModel):
    """What others published for a restriction, beside our bounds."""

    restriction_id: Series[str] = columns.restriction_column()
    published_figure_id: Series[str] = columns.make_column("the published figure")
    platform_id: Series[str] = columns.text_column("its platform; null: the whole restriction")
    publisher: Series[str] = columns.make_column("who published it")
    figure_kind: Series[str] = columns.word_column(words.FigureKind, "what it counts")
    unit: Series[str] = columns.word_column(words.Unit, "unit of published_value", "UNIT_MEASURE")
    published_value: Series[float] = columns.make_column(
        "the figure, in the unit beside it", "see unit", "OBS_VALUE", ge=0
    )
    interval_kind: Series[str] = columns.word_column(
        words.IntervalKind, "one_sided_min means: over"
    )
    compared_with: Series[str] = columns.word_column(
        words.ComparedWith, "platform or restriction: whose bounds stand here"
    )
    lower_persons: Series[float] = columns.people_column("our lower bound")
    upper_persons: Series[float] = columns.people_column("our upper bound")
    lower_ratio: Series[float] = columns.make_column(
        "theirs over our lower bound", "ratio", null=True, ge=0
    )
    upper_ratio: Series[float] = columns.make_column(
        "theirs over our upper bound", "ratio", null=True, ge=0
    )
    difference_reason: Series[str] = columns.word_column(
        words.DifferenceReason, "within_bounds, or why it differs"
    )
    period: Series[str] = columns.text_column(
        "period of the figure; null: not said", sdmx="TIME_PERIOD"
    )
    source_id: Series[str] = columns.make_column("where it stands", sdmx="SOURCE")
    note: Series[str] = columns.text_column("what the source says of it", sdmx="COMMENT_OBS")
    attribution: Series[str] = columns.make_column(
        "whose figure it is, of when, and the page it is on"
    )
