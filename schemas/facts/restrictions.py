"""Restrictions: each with what it touches and the places that it names."""

from typing import Any

import pandas as pd
from pandera.typing import Series

from audience_impact import blanks, periods
from audience_impact import vocabulary as words
from schemas import fields
from schemas.fields import FactModel


class Restrictions(FactModel):
    """One restriction: the act, where, when, by whom and why."""

    restriction_id: Series[str] = fields.key_field()
    area_ids: Series[str] = fields.references_field("areas")
    geo_scope: Series[str] = fields.code_field(words.GeoScope)
    network_scope: Series[str] = fields.code_field(words.NetworkScope)
    announced_on: Series[str] = fields.day_field()
    observed_from: Series[str] = fields.day_field()
    ended_on: Series[str] = fields.day_field()
    end_status: Series[str] = fields.code_field(words.EndStatus)
    end_source: Series[str] = fields.code_field(words.EndSource)
    listed_until: Series[str] = fields.mark_optional(fields.day_field())
    start_precision: Series[str] = fields.code_field(words.StartPrecision)
    action: Series[str] = fields.code_field(words.Action)
    severity: Series[str] = fields.code_field(words.Severity)
    evidence_state: Series[str] = fields.code_field(words.EvidenceState)
    claim_status: Series[str] = fields.code_field(words.ClaimStatus)
    authority: Series[str] = fields.text_field()
    stated_reason: Series[str] = fields.text_field()
    legal_basis: Series[str] = fields.text_field()
    source_id: Series[str] = fields.reference_field("sources")
    also_source_id: Series[str] = fields.reference_field("sources", filled=False)
    note: Series[str] = fields.text_field()
    cause: Series[str] = fields.mark_optional(fields.code_field(words.Cause, filled=False))
    occasion: Series[str] = fields.mark_optional(fields.text_field())
    is_ordered: Series[str] = fields.mark_optional(fields.code_field(words.YesNo, filled=False))
    operators: Series[str] = fields.mark_optional(fields.text_field())
    is_phone_cut: Series[str] = fields.mark_optional(fields.code_field(words.YesNo, filled=False))
    is_sms_cut: Series[str] = fields.mark_optional(fields.code_field(words.YesNo, filled=False))
    extent_reason: Series[str] = fields.mark_optional(fields.text_field())
    days_in_force: Series[str] = fields.mark_optional(fields.days_field())
    times_in_force: Series[str] = fields.mark_optional(fields.persons_field())
    least_hours_a_day: Series[str] = fields.mark_optional(fields.hours_field())
    most_hours_a_day: Series[str] = fields.mark_optional(fields.hours_field())
    continues: Series[str] = fields.mark_optional(
        fields.reference_field("restrictions", filled=False)
    )

    @fields.row_rule(
        "least hours <= most hours does not hold, or one of the two is missing",
        "write both, the same number in both where one is told",
        "least_hours_a_day",
    )
    def hours_in_order(cls, frame: pd.DataFrame) -> Any:
        """Least and most hours stand both or neither, in order."""
        least, most = (
            pd.to_numeric(frame[f"{name}_hours_a_day"], errors="coerce")
            for name in ("least", "most")
        )
        return (least.isna() & most.isna()) | (least <= most)

    @fields.row_rule(
        "a day in force lies before the start or after the end",
        "correct the day, the start or the end",
        "days_in_force",
    )
    def days_outside(cls, frame: pd.DataFrame) -> Any:
        """Days in force lie between the first and the last day, as far as these are known."""
        day_texts = frame["days_in_force"].str.split(";").explode()
        days = pd.to_datetime(day_texts, format="%Y-%m-%d", errors="coerce").groupby(level=0)
        start = periods.parse_periods(frame["observed_from"])["start"]
        end = periods.parse_periods(frame["ended_on"])["end"]
        return ~(days.min() < start) & ~(days.max() >= end)

    @fields.row_rule(
        "the end lies before the start",
        "correct the end or the start",
        "ended_on",
        number=13,
    )
    def end_before_start(cls, frame: pd.DataFrame) -> Any:
        """Require ends, if any, not before starts."""
        ends = periods.parse_periods(frame["ended_on"])["end"]
        starts = periods.parse_periods(
            frame["observed_from"].where(
                blanks.mark_filled(frame["observed_from"]), frame["announced_on"]
            )
        )["start"]
        return ~(ends <= starts)

    @fields.row_rule(
        "the restriction is ongoing and yet has an end",
        "correct end_status, or remove the end",
        "ended_on",
        number=13,
    )
    def ongoing_has_end(cls, frame: pd.DataFrame) -> Any:
        """Ongoing restrictions have no end."""
        goes_on = frame["end_status"].eq(words.EndStatus.ONGOING.value)
        return ~(goes_on & blanks.mark_filled(frame["ended_on"]))

    @fields.row_rule(
        "neither an announcement nor an observed start is given",
        "add the start when it is known; until then no figure can be said to be from before",
        "observed_from",
        severity=words.FindingSeverity.WARNING,
    )
    def start_missing(cls, frame: pd.DataFrame) -> Any:
        """Without a start no figure can be said to be from before."""
        return blanks.mark_filled(frame["observed_from"]) | blanks.mark_filled(
            frame["announced_on"]
        )


class RestrictionTargets(FactModel):
    """What exactly a restriction touches; `*` is the whole internet."""

    restriction_id: Series[str] = fields.reference_field("restrictions")
    platform_id: Series[str] = fields.reference_field("platforms")
    feature: Series[str] = fields.code_field(words.Feature)
    claim_status: Series[str] = fields.code_field(words.ClaimStatus)
    source_id: Series[str] = fields.reference_field("sources")
    note: Series[str] = fields.text_field()


class RestrictionPlaces(FactModel):
    """What the text of a register names, and how it is read.

    Read whole, everyone in the place is meant; within, a part of it that nobody counts; and where
    a city or the district of its name may be meant, `least_area_id` is the smaller of the two.
    """

    restriction_id: Series[str] = fields.reference_field("restrictions")
    area_id: Series[str] = fields.reference_field("areas")
    reading: Series[str] = fields.code_field(words.PlaceReading)
    least_area_id: Series[str] = fields.reference_field("areas", filled=False)
    name: Series[str] = fields.text_field(filled=True)
    found_by: Series[str] = fields.code_field(words.PlaceMatch)
    note: Series[str] = fields.text_field()
