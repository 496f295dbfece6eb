"""Cells of Access Now's STOP register, converted to columns of a restriction.

A row is a mapping of the published columns to text. Unreadable cells are reported as defects and
never guessed.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from audience_impact.facts.events import name_measurers
from audience_impact.registers.register import COMMON_DEFECTS, parse_year
from audience_impact.registers.stop import hours
from audience_impact.registers.stop.hours import parse_day
from audience_impact.registers.stop.words import (
    OPERATORS,
    OTHER,
    PHRASES,
    SERVICES,
    UNSTATED,
    Row,
    event_text,
    first_sentence,
    is_admitted,
    is_full_network,
    named_operators,
    read_cause,
    read_network_reason,
    read_networks,
    row_words,
    says,
    split_sentences,
)
from audience_impact.vocabulary import (
    BOTH_ACTIONS,
    EITHER_ACTION,
    FAST_CUT,
    IN_SERIES,
    NOT_AS_ORDER,
    ON_AND_OFF,
    PRINTED_AREA,
    PROLONGED,
    SLOWED_ALONE,
    WITH_NETWORK,
    Action,
    Cause,
    ClaimStatus,
    EndSource,
    EndStatus,
    EvidenceState,
    GeoScope,
    HoursBasis,
    NetworkScope,
    Severity,
    StartPrecision,
    YesNo,
)

READ = (
    *("start_date_type", "start_date", "country", "geo_scope", "area_name", "shutdown_type"),
    *("affected_network", "shutdown_extent", "ordered_by", "decision_maker", "actual_cause"),
    *("actual_cause_details", "info_source_link", "shutdown_status", "end_date", "duration"),
    *("gov_justification", "gov_just_details", "gov_ack", "legal_method", "gov_ack_quote"),
    *(*SERVICES, OTHER, "sms_affected", "phonecall_affected", "telco_ack", "event", "count_year"),
    OPERATORS,
)
"""Columns of the published file that are read; a file without one of these is no STOP register."""
DEFECTS = dict(PHRASES.phrases["defect"]) | COMMON_DEFECTS
"""Kinds of defect, with their meanings."""
CALLS = {"is_phone_cut": "phonecall_affected", "is_sms_cut": "sms_affected"}
YES_NO = {word.value: word.value for word in YesNo}
MEASURED = {
    Action.NETWORK_SHUTDOWN: EvidenceState.DOWN,
    Action.THROTTLE: EvidenceState.IMPAIRED,
    Action.BLOCK: EvidenceState.BLOCKED,
}
NAMED = "full network named"
"""A corrected extent: services alone were cut, and the printed cell names the network as well."""
KIND_WORDS = {"Shutdown", "Throttle", "Unknown", "Full network", "Service-based", NAMED, ""}
"""Words of the cells of type and extent."""
MOST_LAW_WORDS = 8
EXAM_NOTE = "hours of an exam cut are not stated: those of other exam cuts"


@dataclass(frozen=True)
class End:
    """The last day in force, its status and source, and the defects."""

    ended_on: str
    status: EndStatus
    source: EndSource
    defects: tuple[str, ...] = ()


def read_end(row: Row, newest_year: str = "") -> End:
    """Return the end of a restriction, and the source of that end.

    If the edition of the newest year does not list an event without end, the event ended
    within the year of its last edition. Its end is then an interval, from the last evidence (its
    start, a day on which the text says that it was in force, or the first day of a later year in
    which it still counts as ongoing) to the last day of that year.
    """
    start, ended = parse_day(row["start_date"]), parse_day(row["end_date"])
    defects = ["end_unreadable"] if row["end_date"] and not ended else []
    status, year = row["shutdown_status"].casefold(), parse_year(row["count_year"])
    if ended and ended < start:
        return End("", EndStatus.UNKNOWN, EndSource.MISSING, (*defects, "end_before_start"))
    sign = hours.read_last_sign(row["event"], start)
    end_status, source = EndStatus.ENDED, EndSource.RECORDED
    if ended:
        defects += ["ongoing_with_end"] if status == "ongoing" else []
        source = EndSource.LAST_REPORT if sign == ended else EndSource.RECORDED
    elif status == "ongoing" and year >= newest_year:
        end_status, source = EndStatus.ONGOING, EndSource.SNAPSHOT_DATE
    else:
        defects += ["end_missing"] if status != "ongoing" else []
        first, last = max(start, sign, f"{year}-01-01"), f"{year}-12-31"
        if first <= last and year < newest_year:
            ended = first if first == last else f"{first}/{last}"
            source = EndSource.NOT_LISTED_LATER
        else:
            end_status = EndStatus.ENDED if status == "ended" else EndStatus.UNKNOWN
            source = EndSource.MISSING
    return End(ended, end_status, source, tuple(defects))


def read_scope(text: str) -> tuple[GeoScope, str]:
    """Return the geographic scope of a row, and the defect of its wording, if any."""
    for meant in PHRASES.list_meanings("scope", text):
        return GeoScope(meant), ""
    return GeoScope.UNKNOWN, "" if text.casefold() in UNSTATED else "word_unknown"


def read_action(row: Row, features_only: bool) -> tuple[Action, Severity, str]:
    """Return action, severity and defect; of shutdown and throttling the more severe one.

    A slowed network is not shut down. Nor is a network that a row counts as both, if it was slowed
    to 2G because faster generations were switched off, or if no word of the row says which it was.
    """
    kind, full = row["shutdown_type"], is_full_network(row)
    words = set(re.split(r",\s*", f"{kind}, {row['shutdown_extent']}"))
    defect = "word_unknown" if words - KIND_WORDS else ""
    if "Shutdown" not in kind and "Throttle" not in kind:
        return Action.UNKNOWN, Severity.UNKNOWN, defect
    if "Shutdown" not in kind or (full and "Throttle" in kind and _is_slowed(row)):
        is_impaired = full or features_only
        severity = Severity.IMPAIRED if is_impaired else Severity.SERVICE_IMPAIRED
        return Action.THROTTLE, severity, defect
    if full:
        return Action.NETWORK_SHUTDOWN, Severity.NETWORK_UNAVAILABLE, defect
    severity = Severity.FEATURE_UNAVAILABLE if features_only else Severity.SERVICE_UNAVAILABLE
    return Action.BLOCK, severity, defect


def _is_slowed(row: Row) -> bool:
    event = row["event"]
    if not (event or row["actual_cause_details"]):
        return not says("cutting", *row_words(row))
    texts = (first_sentence(event), event)
    is_alone = any(says("slowing", text) and not says("cutting", text) for text in texts)
    return is_alone or says("slowed_to_2g", event)


def judge_evidence(row: Row, done: Action) -> EvidenceState:
    """Return the state of the measurement evidence in the words of a row.

    A row that names a measurement is measured: `down` for a network, `impaired` for throttling,
    otherwise `blocked`. Without a measurement, a restriction that the government or an operator
    admits is `likely_blocked`, and any other `insufficient`, since the register itself prints no
    measurement.
    """
    text = f"{event_text(row)} {row['info_source_link']}"
    if name_measurers(text) or "measurement" in text.casefold():
        return MEASURED.get(done, EvidenceState.INSUFFICIENT)
    has_admission = "Yes" in (row["gov_ack"], row["telco_ack"]) and done is not Action.UNKNOWN
    return EvidenceState.LIKELY_BLOCKED if has_admission else EvidenceState.INSUFFICIENT


def shorten_text(text: str, signs: int) -> str:
    """Return a text of at most `signs` characters, cut between words."""
    return text if len(text) <= signs else text[: signs - 3].rsplit(" ", 1)[0] + "..."


def _join_known(*texts: str) -> str:
    return "; ".join(text for text in texts if text.casefold() not in UNSTATED)


def _describe_both(row: Row) -> str:
    if not {"Shutdown", "Throttle"} <= set(re.split(r",\s*", row["shutdown_type"])):
        return ""
    text = event_text(row)
    if not (is_full_network(row) and _is_slowed(row)):
        return BOTH_ACTIONS
    if says("fast_cut", text):
        return FAST_CUT
    return SLOWED_ALONE if says("generation", text) else EITHER_ACTION


def write_note(row: Row, also_named: Sequence[str]) -> str:
    """Return the cells that have no column; never the register's text, which is not ours."""
    link = re.split(r"[;\s]", row["info_source_link"])[0]
    text = event_text(row)
    main_text = " ".join([*split_sentences(row["event"])[:2], row["actual_cause_details"]])
    is_one_day = row["end_date"][:10] == row["start_date"][:10]
    is_fault = row["gov_ack"] == "Yes" and not is_admitted(row)
    return _join_known(
        f"{PRINTED_AREA}{shorten_text(row['area_name'], 100)}" if row["area_name"] else "",
        "Somaliland, which ISO 3166 counts as part of Somalia" * ("Somaliland" in row["country"]),
        _describe_both(row),
        WITH_NETWORK * ("full" in row["shutdown_extent"].casefold() and not is_full_network(row)),
        ON_AND_OFF * (says("on_and_off", main_text) and not is_one_day),
        PROLONGED if says("prolonging", text) else IN_SERIES * says("series", text),
        NOT_AS_ORDER * is_fault,
        f"also named: {shorten_text(', '.join(also_named), 100)}" if also_named else "",
        f"first link: {link}" if link.startswith("http") and len(link) <= 120 else "",
    )


def restriction_cells(
    row: Row, features_only: bool, also_named: Sequence[str] = (), newest_year: str = ""
) -> dict[str, str]:
    """Return the cells of a restriction, without id and areas; `also_named` are no targets."""
    ended = read_end(row, newest_year)
    networks, reason = read_networks(row)[0], read_network_reason(row)
    if reason and networks is not NetworkScope.SATELLITE:
        networks = NetworkScope.ASN_LIST if named_operators(row) else NetworkScope.UNKNOWN
    action, severity, _ = read_action(row, features_only)
    is_day = re.fullmatch(r"\d{4}-\d{2}-\d{2}", ended.ended_on)
    start = parse_day(row["start_date"])
    last = date.fromisoformat(ended.ended_on) if is_day else None
    timing = hours.read_timing(row, date.fromisoformat(start), last)
    cause = read_cause(row)
    precision = StartPrecision.ACTUAL
    if row["start_date_type"] == "Estimated":
        is_first_seen = says("first_seen", row["event"])
        precision = StartPrecision.FIRST_SEEN if is_first_seen else StartPrecision.ESTIMATED
    law = row["legal_method"]  # which may also tell a story
    is_law = len(law.split()) <= MOST_LAW_WORDS and says("law", law)
    links = re.findall(r"https?://[^;,\s]+", row["info_source_link"])
    return {
        "network_scope": networks,
        "observed_from": start,
        "ended_on": ended.ended_on,
        "end_status": ended.status,
        "end_source": ended.source,
        "listed_until": f"{parse_year(row['count_year'])}-12-31",
        "start_precision": precision,
        "action": action,
        "severity": severity,
        "evidence_state": judge_evidence(row, action),
        "claim_status": ClaimStatus.OFFICIAL if is_admitted(row) else ClaimStatus.REPORTED,
        "authority": _join_known(row["decision_maker"], row["ordered_by"]),
        "stated_reason": _join_known(row["gov_justification"]),
        "legal_basis": _join_known(law) if is_law else "",
        "note": _join_known(write_note(row, also_named), EXAM_NOTE if timing.is_of_exams else ""),
        "cause": cause,
        "occasion": _join_known(row["actual_cause"]),
        "is_ordered": {Cause.UNKNOWN: "", Cause.ORDER: YesNo.YES}.get(cause, YesNo.NO),
        "operators": ";".join(named_operators(row)),
        **{name: YES_NO.get(row[column].casefold(), "") for name, column in CALLS.items()},
        "extent_reason": reason,
        "days_in_force": "",
        "times_in_force": str(timing.times or ""),
        "least_hours_a_day": _format_hours(timing.least_hours),
        "most_hours_a_day": _format_hours(timing.most_hours),
        "hours_basis": HoursBasis.EXAMS if timing.is_of_exams else "",
        "measured_by": name_measurers(f"{event_text(row)} {row['info_source_link']}"),
        "measured_url": next(filter(name_measurers, links), ""),
    }


def _format_hours(number: float | None) -> str:
    return "" if number is None else f"{number:g}"


def refusal_reason(row: Row, country_ids: Sequence[str]) -> str:
    """Return the kind of defect for which a row is refused, or blank."""
    if not row["start_date"]:
        return "start_missing"
    if not parse_day(row["start_date"]):
        return "start_unreadable"
    if not country_ids:
        return "country_unresolved"
    return "" if parse_year(row["count_year"]) else "count_year_unreadable"
