"""The published table `impact`."""

from typing import Any

import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

from audience_impact import vocabulary as words
from audience_impact.outputs.review import status_rules
from schemas import columns
from schemas.columns import JOINED_BY, ReasonedModel, bounds_in_order, row_rule

KEY = ("restriction_id", "impact_metric")


class Impact(ReasonedModel):
    """How many people each restriction touches, one row a restriction and impact metric."""

    restriction_id: Series[str] = columns.restriction_column()
    impact_metric: Series[str] = columns.word_column(
        words.ImpactMetric, "which people are counted", "INDICATOR"
    )
    area_id: Series[str] = columns.make_column(
        "ISO 3166 codes of the areas, joined by ;", sdmx="REF_AREA"
    )
    lower_persons: Series[float] = columns.people_column(
        "at least so many people, if each figure is right as printed", null=False
    )
    q05_persons: Series[float] = columns.people_column(
        "5 % quantile, with the errors of figures: may lie below lower_persons; null: none"
    )
    q50_persons: Series[float] = columns.people_column("median; null: no estimate")
    q95_persons: Series[float] = columns.people_column("95 % quantile; null: no estimate")
    upper_persons: Series[float] = columns.people_column(
        "at most so many people, if each figure is right as printed; null: no base on record"
    )
    base: Series[str] = columns.words_joined(
        words.PopulationBase,
        "population that contains the audiences, if several joined by ; (null: none on record)",
    )
    base_persons: Series[float] = columns.people_column("people in the base")
    population_persons: Series[float] = columns.people_column(
        "residents of the area, or of the places named in it; null: not on record"
    )
    lower_base_share: Series[float] = columns.share_column("lower bound as a share of the base")
    q05_base_share: Series[float] = columns.share_column("5 % quantile as a share of the base")
    q50_base_share: Series[float] = columns.share_column("median as a share of the base")
    q95_base_share: Series[float] = columns.share_column("95 % quantile as a share of the base")
    upper_base_share: Series[float] = columns.share_column("upper bound as a share of the base")
    lower_population_share: Series[float] = columns.share_column(
        "lower bound as a share of the residents"
    )
    q05_population_share: Series[float] = columns.share_column(
        "5 % quantile as a share of the residents"
    )
    q50_population_share: Series[float] = columns.share_column("median as a share of the residents")
    q95_population_share: Series[float] = columns.share_column(
        "95 % quantile as a share of the residents"
    )
    upper_population_share: Series[float] = columns.share_column(
        "upper bound as a share of the residents"
    )
    dedup_method: Series[str] = columns.word_column(
        words.DedupMethod, "how nobody was counted twice"
    )
    obs_status: Series[str] = columns.status_column(
        "A normal, E estimated, U low reliability, M missing"
    )
    reason: Series[str] = columns.reason_column(
        "what speaks for and against the number, by the rules of status; null: nothing to say"
    )
    staleness: Series[str] = columns.word_column(
        words.Staleness, "age of the oldest figure used at the start", null=True
    )
    evidence_state: Series[str] = columns.word_column(words.EvidenceState, "what measurements say")
    claim_status: Series[str] = columns.word_column(
        words.ClaimStatus, "who says that it is restricted"
    )
    quarantined_inputs_count: Series[float] = columns.make_column(
        "rows about these platforms, this act or the bases of its areas that were refused",
        "count",
        ge=0,
    )
    clamped_draws_share: Series[float] = columns.share_column(
        "draws of the people exposed outside the bounds, which hold if figures are right as printed"
    )
    window_days: Series[float] = columns.make_column(
        "days it lasted; null: end not known, or another metric", "days", null=True, ge=0
    )
    window_lower_persons: Series[float] = columns.people_column(
        "reach in exactly these days, at least"
    )
    window_upper_persons: Series[float] = columns.people_column(
        "reach in exactly these days, at most"
    )
    as_of: Series[str] = columns.as_of()
    reason_rule_ids: Series[str] = columns.reason_rules(*status_rules.RULES_OF_PEOPLE)
    reason_details: Series[str] = columns.explained_column(
        "what each sentence of reason says of the row itself, in the places of reason_rule_ids, "
        "joined by ;: rung, age, step, gap or assumption, parameters of these after colons (null: "
        "nothing)",
        by="reason",
        null=True,
    )

    @bounds_in_order
    def bounds_in_order(cls, frame: pd.DataFrame) -> Any:
        """Lower <= upper <= base, or residents where the base is projected.

        Residents of places are as many as expected, and an upper bound is the most that were
        counted: the rules over results hold these.
        """
        is_countries = frame["area_id"].str.fullmatch("[A-Z]{2}(;[A-Z]{2})*")
        limit = frame[["base_persons", "population_persons"]].max(axis=1)
        over = is_countries & (frame["upper_persons"] > limit)
        return ~(frame["lower_persons"] > frame["upper_persons"]) & ~over

    @pa.dataframe_check(name="details_without_rules")
    def details_without_rules(cls, frame: pd.DataFrame) -> Any:
        """As many details as rules, where there are any."""
        counts = frame[["reason_details", "reason_rule_ids"]].apply(
            lambda column: column.str.count(JOINED_BY)
        )
        return frame["reason_details"].isna() | counts["reason_details"].eq(
            counts["reason_rule_ids"]
        )

    @pa.dataframe_check(name="estimate_out_of_order")
    def estimate_out_of_order(cls, frame: pd.DataFrame) -> Any:
        """q05 <= q50 <= q95, to one person; figures may be off, and so pass the bounds."""
        steps = frame[[f"{name}_persons" for name in ("q05", "q50", "q95")]].diff(axis=1)
        return ~(steps.iloc[:, 1:] < -1).any(axis=1)

    @row_rule("a status other than A does not say why")
    def gap_has_reason(cls, frame: pd.DataFrame) -> Any:
        """Rows with a status other than A have a reason."""
        return (frame["obs_status"] == words.ObsStatus.NORMAL.value) | frame["reason"].notna()

    @row_rule("the upper bound is more than all of the base", number=20)
    def share_of_base_at_most_one(cls, frame: pd.DataFrame) -> Any:
        """No share of the base above one."""
        return ~(frame["upper_base_share"] > 1)
