"""The published table `impact_by_group`."""

from pandera.typing import Series

from audience_impact import vocabulary as words
from audience_impact.outputs.review import status_rules
from schemas import columns
from schemas.columns import ReasonedModel

KEY = ("restriction_id", "area_id", "age", "sex", "base")


class ImpactByGroup(ReasonedModel):
    """Bounds on the share exposed of each age and sex, where figures by age or sex exist."""

    restriction_id: Series[str] = columns.restriction_column()
    area_id: Series[str] = columns.make_column("ISO 3166 code of the country", sdmx="REF_AREA")
    age: Series[str] = columns.make_column(
        "ages as the source groups them; all: every age", sdmx="AGE", special={"all": "every age"}
    )
    sex: Series[str] = columns.word_column(
        words.Sex, "M, F, or _T for both", "SEX", also={"_T": "both sexes"}
    )
    impact_metric: Series[str] = columns.word_column(
        words.ImpactMetric, "which people are counted", "INDICATOR"
    )
    base: Series[str] = columns.base_column("population whose age and sex group it is", null=False)
    lower_base_share: Series[float] = columns.make_column(
        "at least this share of the group", "share", ge=0
    )
    upper_base_share: Series[float] = columns.make_column(
        "at most this share of the group", "share", le=1
    )
    platforms: Series[str] = columns.make_column(
        "platforms with a figure of the group, joined by ;"
    )
    period: Series[str] = columns.make_column(
        "periods of the figures, joined by ;", sdmx="TIME_PERIOD"
    )
    obs_status: Series[str] = columns.status_column()
    reason: Series[str] = columns.reason_column()
    as_of: Series[str] = columns.as_of()
    reason_rule_ids: Series[str] = columns.reason_rules(*status_rules.RULES_OF_GROUPS)
