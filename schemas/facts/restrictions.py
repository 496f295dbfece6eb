"""The fact table `restrictions`."""

from typing import Any

import pandas as pd
from pandera.typing import Series

from audience_impact import blanks, periods
from audience_impact import vocabulary as words
from schemas import fields
from schemas.fields import FactModel


class Restrictions(FactModel):
    """One restriction: the act, where, when, by whom and why."""

    restriction_id: Series[str] = fields.key()
    area_ids: Series[str] = fields.reference("areas")
    geo_scope: Series[str] = fields.code(words.GeoScope)
    network_scope: Series[str] = fields.code(words.NetworkScope)
    announced_on: Series[str] = fields.day()
    observed_from: Series[str] = fields.day()
    ended_on: Series[str] = fields.day()
    end_status: Series[str] = fields.code(words.EndStatus)
    end_source: Series[str] = fields.code(words.EndSource)
    start_precision: Series[str] = fields.code(words.StartPrecision)
    action: Series[str] = fields.code(words.Action)
    severity: Series[str] = fields.code(words.Severity)
    evidence_state: Series[str] = fields.code(words.EvidenceState)
    claim_status: Series[str] = fields.code(words.ClaimStatus)
    authority: Series[str] = fields.text()
    stated_reason: Series[str] = fields.text()
    legal_basis: Series[str] = fields.text()
    source_id: Series[str] = fields.reference("sources")
    also_source_id: Series[str] = fields.reference("sources", filled=False)
    note: Series[str] = fields.text()

    @fields.row_rule(
        "the end lies before the start",
        "correct the end or the start",
        "ended_on",
        number=13,
    )
    def end_before_start(cls, frame: pd.DataFrame) -> Any:
        """The end, if any, is not before the start."""
        ends = periods.spans(frame["ended_on"])["end"]
        starts = periods.spans(
            frame["observed_from"].where(
                blanks.filled(frame["observed_from"]), frame["announced_on"]
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
        """What goes on has no end."""
        goes_on = frame["end_status"].eq(words.EndStatus.ONGOING.value)
        return ~(goes_on & blanks.filled(frame["ended_on"]))

    @fields.row_rule(
        "neither an announcement nor an observed start is given",
        "add the start when it is known; until then no figure can be said to be from before",
        "observed_from",
        severity=words.FindingSeverity.WARNING,
    )
    def start_missing(cls, frame: pd.DataFrame) -> Any:
        """Without a start no figure can be said to be from before."""
        return blanks.filled(frame["observed_from"]) | blanks.filled(frame["announced_on"])
