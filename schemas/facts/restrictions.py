"""Restrictions with what they touch and the places they name, and what stands beside them.

That is what an imported register leaves (its rows, and events recorded twice), and what was decided
by hand: readings of texts of registers, and accepted warnings.
"""

from typing import Any

import pandas as pd
from pandera.typing import Series

from audience_impact import blanks, periods
from audience_impact import vocabulary as words
from schemas import fields
from schemas.fields import FactModel

TIMES = ("begin", "end")


def _require_both(name: str, least: str, most: str) -> Any:
    """Return a rule of this name: both limits, the smaller one first, or neither of them."""

    def check(cls: Any, frame: pd.DataFrame) -> Any:
        low, high = (pd.to_numeric(frame[column], errors="coerce") for column in (least, most))
        return (low.isna() & high.isna()) | (low <= high)

    return fields.row_rule(least, name=name)(check)


class Restrictions(FactModel):
    """One restriction: action, place, dates, authority and reason."""

    restriction_id: Series[str] = fields.key_field()
    area_ids: Series[str] = fields.references_field("areas")
    geo_scope: Series[str] = fields.code_field(words.GeoScope)
    network_scope: Series[str] = fields.code_field(words.NetworkScope)
    announced_on: Series[str] = fields.day_field()
    observed_from: Series[str] = fields.day_field()
    ended_on: Series[str] = fields.day_field()
    end_status: Series[str] = fields.code_field(words.EndStatus)
    end_source: Series[str] = fields.code_field(words.EndSource)
    listed_until: Series[str] = fields.day_field(optional=True)
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
    cause: Series[str] = fields.code_field(words.Cause, filled=False, optional=True)
    occasion: Series[str] = fields.text_field(optional=True)
    is_ordered: Series[str] = fields.code_field(words.YesNo, filled=False, optional=True)
    operators: Series[str] = fields.text_field(optional=True)
    is_phone_cut: Series[str] = fields.code_field(words.YesNo, filled=False, optional=True)
    is_sms_cut: Series[str] = fields.code_field(words.YesNo, filled=False, optional=True)
    extent_reason: Series[str] = fields.text_field(optional=True)
    days_in_force: Series[str] = fields.text_field(list_of_days=True, optional=True)
    times_in_force: Series[str] = fields.persons_field(optional=True)
    least_hours_a_day: Series[str] = fields.hours_field(optional=True)
    most_hours_a_day: Series[str] = fields.hours_field(optional=True)
    hours_basis: Series[str] = fields.code_field(words.HoursBasis, filled=False, optional=True)
    continues: Series[str] = fields.reference_field("restrictions", filled=False, optional=True)
    measured_by: Series[str] = fields.text_field(optional=True)
    measured_url: Series[str] = fields.text_field(optional=True)

    hours_in_order = _require_both("hours_in_order", "least_hours_a_day", "most_hours_a_day")

    @fields.row_rule("days_in_force")
    def days_outside(cls, frame: pd.DataFrame) -> Any:
        """Require days in force between the first and the last day, as far as these are known."""
        day_texts = frame["days_in_force"].str.split(";").explode()
        days = pd.to_datetime(day_texts, format="%Y-%m-%d", errors="coerce").groupby(level=0)
        start = periods.parse_periods(frame["observed_from"])["start"]
        end = periods.parse_periods(frame["ended_on"])["end"]
        return ~(days.min() < start) & ~(days.max() >= end)

    @fields.row_rule("ended_on")
    def end_before_start(cls, frame: pd.DataFrame) -> Any:
        """Require that no end is before its start."""
        ends = periods.parse_periods(frame["ended_on"])["end"]
        starts = periods.parse_periods(
            frame["observed_from"].where(
                blanks.mark_filled(frame["observed_from"]), frame["announced_on"]
            )
        )["start"]
        return ~(ends <= starts)

    @fields.row_rule("ended_on")
    def ongoing_has_end(cls, frame: pd.DataFrame) -> Any:
        """Require that ongoing restrictions have no end."""
        goes_on = frame["end_status"].eq(words.EndStatus.ONGOING.value)
        return ~(goes_on & blanks.mark_filled(frame["ended_on"]))

    @fields.row_rule("observed_from")
    def start_missing(cls, frame: pd.DataFrame) -> Any:
        """Require a start, without which no figure is known to be from before the restriction."""
        return blanks.mark_filled(frame["observed_from"]) | blanks.mark_filled(
            frame["announced_on"]
        )


class RestrictionTargets(FactModel):
    """A target of a restriction; `*` is the whole internet."""

    restriction_id: Series[str] = fields.reference_field("restrictions")
    platform_id: Series[str] = fields.reference_field("platforms")
    feature: Series[str] = fields.code_field(words.Feature)
    claim_status: Series[str] = fields.code_field(words.ClaimStatus)
    source_id: Series[str] = fields.reference_field("sources")
    note: Series[str] = fields.text_field()


class RestrictionPlaces(FactModel):
    """A place that the text of a register names, and the reading of the text.

    `whole` means everyone in the place, `within` a part of it that nobody counts. If a city or the
    district of the same name may be meant, `least_area_id` is the smaller of the two.
    `part_kind` is the kind of the part, and `units_count` the number of such parts.
    """

    restriction_id: Series[str] = fields.reference_field("restrictions")
    area_id: Series[str] = fields.reference_field("areas")
    reading: Series[str] = fields.code_field(words.PlaceReading)
    least_area_id: Series[str] = fields.reference_field("areas", filled=False)
    name: Series[str] = fields.text_field(filled=True)
    found_by: Series[str] = fields.code_field(words.PlaceMatch)
    part_kind: Series[str] = fields.code_field(words.PartKind, filled=False)
    units_count: Series[str] = fields.persons_field()
    note: Series[str] = fields.text_field()

    @fields.row_rule("part_kind")
    def part_without_kind(cls, frame: pd.DataFrame) -> Any:
        """Require the kind of a part for readings `within`, and only for these."""
        is_within = frame["reading"].eq(words.PlaceReading.WITHIN.value)
        return is_within == blanks.mark_filled(frame["part_kind"])


class RegisterRows(FactModel):
    """The outcome for each row of a register: an event, a repeat of an event, or refused.

    Events of a country and year are counted here: the restrictions that have a row of that
    `count_year`.
    """

    source_id: Series[str] = fields.reference_field("sources")
    register_row: Series[str] = fields.persons_field(filled=True)
    count_year: Series[str] = fields.text_field()
    country: Series[str] = fields.text_field()
    country_ids: Series[str] = fields.references_field("areas", filled=False)
    fate: Series[str] = fields.code_field(words.ImportOutcome)
    restriction_id: Series[str] = fields.reference_field("restrictions", filled=False)
    reason: Series[str] = fields.text_field()


class EventLinks(FactModel):
    """Two restrictions that may be one event, their relation, and their differences.

    A row with the relation `apart` in a folder of facts keeps two restrictions apart whatever an
    import says of them.
    """

    restriction_id: Series[str] = fields.reference_field("restrictions")
    other_restriction_id: Series[str] = fields.reference_field("restrictions")
    rule: Series[str] = fields.text_field(filled=True)
    disagreements: Series[str] = fields.text_field()
    source_id: Series[str] = fields.reference_field("sources")
    relation: Series[str] = fields.code_field(words.EventRelation, filled=False, optional=True)


class EventReadings(FactModel):
    """The reading of a row of a register, by a person or by the next edition of the register.

    `event_id` is the id of the event that the import gives the row. A group is what the row itself
    says; the answer beside it is whether it happened, was complete, was still on at the end of the
    year of its edition, and is another event than those before it. Of a place that the row names
    as a whole, `least_share` and `most_share` are the range of nine in ten of the share of its
    residents who used what was cut.
    """

    register_row: Series[str] = fields.key_field()
    event_id: Series[str] = fields.text_field(filled=True)
    evidence_group: Series[str] = fields.code_field(words.ChanceGroup, filled=False)
    is_real: Series[str] = fields.code_field(words.YesNo, filled=False)
    extent_group: Series[str] = fields.code_field(words.ChanceGroup, filled=False)
    is_whole: Series[str] = fields.code_field(words.YesNo, filled=False)
    end_group: Series[str] = fields.code_field(words.ChanceGroup, filled=False)
    is_on: Series[str] = fields.code_field(words.YesNo, filled=False)
    neighbour_group: Series[str] = fields.code_field(words.ChanceGroup, filled=False)
    is_distinct: Series[str] = fields.code_field(words.YesNo, filled=False)
    area_id: Series[str] = fields.reference_field("areas", filled=False)
    start_on: Series[str] = fields.day_field()
    network_scope: Series[str] = fields.code_field(words.NetworkScope, filled=False)
    least_share: Series[str] = fields.share_field()
    most_share: Series[str] = fields.share_field()
    source_id: Series[str] = fields.reference_field("sources")
    note: Series[str] = fields.text_field()

    @fields.row_rule("is_real", "is_whole", "is_on", "is_distinct")
    def answer_without_group(cls, frame: pd.DataFrame) -> Any:
        """Require a group beside each answer, and an answer beside each group."""
        groups = ["evidence_group", "extent_group", "end_group", "neighbour_group"]
        answers = ["is_real", "is_whole", "is_on", "is_distinct"]
        blank = [frame[names].eq("").to_numpy() for names in (groups, answers)]
        return pd.Series((blank[0] == blank[1]).all(axis=1), frame.index)

    @fields.row_rule("least_share")
    def share_of_place_incomplete(cls, frame: pd.DataFrame) -> Any:
        """Require a place, its day, network and two shares above zero in order, or none of them."""
        names = ["area_id", "start_on", "network_scope", "least_share", "most_share"]
        filled = frame[names].ne("").sum(axis=1)
        least, most = (pd.to_numeric(frame[name], errors="coerce") for name in names[3:])
        return filled.eq(0) | (filled.eq(len(names)) & least.gt(0.0) & (least <= most))


class PlaceNames(FactModel):
    """The meaning of a name, or a whole text, of registers that no rule can read; reviewed by hand.

    Other names of one place are its aliases in `areas`; this table contains names of several
    places, and of parts of a place that are not on record themselves. `note` is the reason, and
    `source_id` the page that supports it, blank if none was read.
    """

    country_id: Series[str] = fields.reference_field("areas")
    name: Series[str] = fields.text_field(filled=True)
    area_ids: Series[str] = fields.references_field("areas")
    reading: Series[str] = fields.code_field(words.PlaceReading)
    note: Series[str] = fields.text_field(filled=True)
    source_id: Series[str] = fields.reference_field("sources", filled=False)


class FeatureRules(FactModel):
    """A rule that reads a feature from the free text of a register; for review, one by one.

    `pattern` is a plain regular expression, applied without regard to capitals to the named column
    of rows that restrict services.
    """

    rule_id: Series[str] = fields.key_field()
    register_column: Series[str] = fields.text_field(filled=True)
    pattern: Series[str] = fields.text_field(filled=True, regular_expression=True)
    feature: Series[str] = fields.code_field(words.Feature)
    note: Series[str] = fields.text_field()


class Evidence(FactModel):
    """The depth or the hours of an outage, by a measurer or by the text of a register.

    `source_event_id` is the id that the source gives it, `network` the networks it is of (AS and
    number), `signals` what saw it, `cause` the cause in the source's words and `cause_kind` the
    same in ours. `least_lost_share` and `most_lost_share` are the part of traffic or addresses
    that was lost. Evidence with `restriction_id` is of that restriction; any other is compared
    with the places and times of all restrictions.
    """

    evidence_id: Series[str] = fields.key_field()
    source_id: Series[str] = fields.reference_field("sources")
    source_event_id: Series[str] = fields.text_field()
    area_id: Series[str] = fields.reference_field("areas")
    network: Series[str] = fields.text_field()
    begin: Series[str] = fields.text_field(time_with_zone=True)
    end: Series[str] = fields.text_field(time_with_zone=True)
    evidence_scope: Series[str] = fields.code_field(words.EvidenceScope)
    signals: Series[str] = fields.text_field()
    cause: Series[str] = fields.text_field()
    cause_kind: Series[str] = fields.code_field(words.Cause, filled=False)
    least_lost_share: Series[str] = fields.share_field()
    most_lost_share: Series[str] = fields.share_field()
    restriction_id: Series[str] = fields.reference_field("restrictions", filled=False)
    note: Series[str] = fields.text_field()

    @fields.row_rule("end")
    def outage_without_time(cls, frame: pd.DataFrame) -> Any:
        """Require an end after the begin, or neither and the restriction that it is of."""
        begin, end = (
            pd.to_datetime(frame[name], errors="coerce", **fields.ISO_TIMES) for name in TIMES
        )
        is_timeless = (frame[list(TIMES)] == "").all(axis=1)
        return (end > begin) | (is_timeless & blanks.mark_filled(frame["restriction_id"]))

    lost_shares_in_order = _require_both(
        "lost_shares_in_order", "least_lost_share", "most_lost_share"
    )


class AcceptedFindings(FactModel):
    """Warnings that were reviewed and are right, each with its reason.

    An acceptance is valid while the cell has this value and its row this period.
    """

    rule: Series[str] = fields.text_field(filled=True)
    table: Series[str] = fields.text_field(filled=True)
    key: Series[str] = fields.text_field(filled=True)
    column: Series[str] = fields.text_field(filled=True)
    value: Series[str] = fields.text_field()
    period: Series[str] = fields.text_field()
    reason: Series[str] = fields.text_field(filled=True)
    reviewed_on: Series[str] = fields.day_field(filled=True)
