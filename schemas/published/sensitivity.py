"""The published table `sensitivity`."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import columns
from schemas.columns import PublishedModel

KEY = ("restriction_id", "impact_metric", "input")


class Sensitivity(PublishedModel):
    """Which input drives the width of each interval, and what to measure next."""

    restriction_id: Series[str] = columns.restriction_column()
    impact_metric: Series[str] = columns.word_column(
        words.ImpactMetric,
        "which number's width",
        "INDICATOR",
        also={"person_days": "person-days: each person exposed once a day"},
    )
    input: Series[str] = columns.word_column(
        words.InputKind,
        "kind of input; no_figure: nothing is drawn, and this would help most",
        also={"no_figure": "an audience figure, which is lacking: nothing is drawn"},
    )
    rank_count: Series[float] = columns.make_column("1: the largest total share", "count", ge=1)
    first_order_share: Series[float] = columns.make_column(
        "part of the variance that goes if the input were known", "share", null=True
    )
    first_order_error_share: Series[float] = columns.share_column("its standard error")
    total_share: Series[float] = columns.make_column(
        "part of the variance that stays if all else were known", "share", null=True
    )
    total_error_share: Series[float] = columns.share_column("its standard error")
    narrowing_persons: Series[float] = columns.people_column(
        "people by whom the 90 % interval would narrow if the input were known; null: person-days, "
        "or nothing is drawn"
    )
    advice: Series[str] = columns.make_column("what to measure next")
