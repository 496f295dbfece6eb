"""The published table `impact_by_platform`."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from schemas import columns
from schemas.columns import PublishedModel

KEY = ("restriction_id", "platform_id", "feature", "impact_metric")


class ImpactByPlatform(PublishedModel):
    """The audiences behind each restriction; they overlap and must not be added."""

    restriction_id: Series[str] = columns.restriction_column()
    platform_id: Series[str] = columns.platform_column("the platform, `*` for the whole internet")
    feature: Series[str] = columns.word_column(words.Feature, "what of the platform is restricted")
    impact_metric: Series[str] = columns.word_column(
        words.ImpactMetric, "which people are counted", "INDICATOR"
    )
    claim_status: Series[str] = columns.word_column(
        words.ClaimStatus, "who says that this is restricted"
    )
    lower_persons: Series[float] = columns.people_column(
        "audience of the platform, at least", null=False
    )
    upper_persons: Series[float] = columns.people_column("audience of the platform, at most")
    base: Series[str] = columns.base_column("population that contains the audience")
    base_persons: Series[float] = columns.people_column("people in the base")
    naive_sum_persons: Series[float] = columns.people_column(
        "the audiences of all platforms added up, which counts people twice; null: one unknown"
    )
    audience_metric: Series[str] = columns.word_column(
        words.AudienceMetric, "what the audience figure counts", null=True
    )
    period: Series[str] = columns.make_column(
        "period of the audience figure", null=True, sdmx="TIME_PERIOD"
    )
    measurement_series_count: Series[float] = columns.make_column(
        "independent measurement series behind it", "count", ge=0
    )
    lineages_count: Series[float] = columns.make_column(
        "deprecated, goes with schema version 3: measurement_series_count", "count", ge=0
    )
    staleness: Series[str] = columns.word_column(
        words.Staleness, "age of the figure at the start", null=True
    )
    imputed_q05_persons: Series[float] = columns.people_column(
        "audience that nobody counted, imputed from figures of others, 5 % quantile; in no bound"
    )
    imputed_q50_persons: Series[float] = columns.people_column(
        "the same, median; null: counted, or not"
    )
    imputed_q95_persons: Series[float] = columns.people_column("the same, 95 % quantile")
    imputation_rung: Series[str] = columns.word_column(
        words.ImputationRung, "from what it was imputed", null=True
    )
    window_days: Series[float] = columns.make_column(
        "days it lasted; null: end not known", "days", null=True
    )
    window_lower_persons: Series[float] = columns.people_column(
        "reach in exactly these days, at least"
    )
    window_persons: Series[float] = columns.people_column(
        "the same by the beta-binomial law; null: not known"
    )
    window_upper_persons: Series[float] = columns.people_column(
        "reach in exactly these days, at most"
    )
    aggregation_hazard: Series[str] = columns.text_column(
        "why these rows must not be added; null for one"
    )
    as_of: Series[str] = columns.as_of()
    platform_name: Series[str] = columns.make_column("name of the platform")
