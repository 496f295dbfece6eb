"""What others published beside our answers."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import columns
from schemas.columns import PublishedModel


class Comparisons(PublishedModel):
    """Figures that others published for a restriction, compared with our bounds."""

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
    at_least_persons: Series[float] = columns.people_column(
        "the fewest, with the errors of 99 % of such figures"
    )
    lower_persons: Series[float] = columns.people_column("our lower bound as printed")
    upper_persons: Series[float] = columns.people_column("our upper bound as printed")
    at_most_persons: Series[float] = columns.people_column(
        "the most, with the errors of 99 % of such figures; null: no base on record"
    )
    lower_ratio: Series[float] = columns.make_column(
        "theirs over our lower bound", "ratio", null=True, ge=0
    )
    upper_ratio: Series[float] = columns.make_column(
        "theirs over our upper bound", "ratio", null=True, ge=0
    )
    difference_reason: Series[str] = columns.word_column(
        words.DifferenceReason, "within_bounds, or why it differs"
    )
    disputed_by: Series[str] = columns.text_column(
        "whose page says that the figure is wrong; null: nobody's"
    )
    period: Series[str] = columns.text_column(
        "period of the figure; null: not said", sdmx="TIME_PERIOD"
    )
    source_id: Series[str] = columns.make_column("where it stands", sdmx="SOURCE")
    note: Series[str] = columns.text_column("what the source says of it", sdmx="COMMENT_OBS")
    attribution: Series[str] = columns.make_column(
        "whose figure it is, of when, and the page it is on"
    )


class AreaComparisons(PublishedModel):
    """Figures that others published for an area and period, compared with our numbers."""

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
    at_least_persons: Series[float] = columns.people_column(
        "the fewest, with the errors of 99 % of such figures"
    )
    lower_persons: Series[float] = columns.people_column(
        "our lower bound as printed; null: nothing on record"
    )
    q50_persons: Series[float] = columns.people_column("our median; null: no estimate")
    upper_persons: Series[float] = columns.people_column("our upper bound as printed")
    at_most_persons: Series[float] = columns.people_column(
        "the most, with the errors of 99 % of such figures; null: no base on record"
    )
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
