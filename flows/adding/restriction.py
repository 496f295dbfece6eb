"""A restriction as a row of `restrictions`, with its targets and the published number of people."""

from audience_impact import vocabulary as words
from flows.adding import questions as ask
from flows.adding.page import (
    NEW_PLATFORM,
    PAGE,
    EntryKind,
    Row,
    SimilarRow,
    build_page_rows,
    build_platform_rows,
    read_platform,
)
from flows.adding.questions import Answers, Question, one_of, required_word
from flows.adding.records import FactRecords, make_slug

NEAR_DAYS = 7
"""Maximum days between the starts of two restrictions of one service in one area that may be
duplicates."""
MOST_WORDS = 2
CALLS = {words.Feature.VOICE_CALL, words.Feature.VIDEO_CALL, words.Feature.GROUP_CALL}
SEVERITY = {
    words.Action.NETWORK_SHUTDOWN: words.Severity.NETWORK_UNAVAILABLE,
    words.Action.THROTTLE: words.Severity.SERVICE_IMPAIRED,
    words.Action.DEGRADE: words.Severity.SERVICE_IMPAIRED,
    words.Action.LEGAL_BAN_ONLY: words.Severity.NONE,
}
END_SOURCE = {
    words.EndStatus.ENDED: words.EndSource.RECORDED,
    words.EndStatus.WITHDRAWN: words.EndSource.RECORDED,
    words.EndStatus.ONGOING: words.EndSource.SNAPSHOT_DATE,
    words.EndStatus.UNKNOWN: words.EndSource.MISSING,
}
"""The origin of an end date, by end status."""


def _choose_start(answers: Answers) -> str:
    return answers.get("observed_from") or answers.get("announced_on", "")


def _choose_severity(answers: Answers, records: FactRecords) -> str:
    action = answers.get("action", "")
    if action == words.Action.BLOCK:
        is_whole = answers.get("feature", "") == words.Feature.WHOLE_SERVICE
        severity = words.Severity
        return (severity.SERVICE_UNAVAILABLE if is_whole else severity.FEATURE_UNAVAILABLE).value
    severities = {key.value: word.value for key, word in SEVERITY.items()}
    return severities.get(action, "")


def _choose_end_status(answers: Answers, records: FactRecords) -> str:
    return words.EndStatus.ENDED.value if answers.get("ended_on") else ""


def _choose_precision(answers: Answers, records: FactRecords) -> str:
    exact = len(_choose_start(answers)) == len("2025-07-13")
    return (words.StartPrecision.ACTUAL if exact else words.StartPrecision.ESTIMATED).value


def _choose_scope(answers: Answers, records: FactRecords) -> str:
    from audience_impact.populations import is_region

    areas = answers.get("area", "").split(";")
    if not any(is_region(area) for area in areas):
        return words.GeoScope.NATIONAL.value
    scopes = words.GeoScope
    return (scopes.REGION if len(areas) == 1 else scopes.MULTI_REGION).value


def _choose_networks(answers: Answers, records: FactRecords) -> str:
    is_whole = words.WHOLE_INTERNET in answers.get("platform", "").split(";")
    return "" if is_whole else words.NetworkScope.ALL.value


def _has_people(answers: Answers, records: FactRecords) -> bool:
    return bool(answers.get("people"))


QUESTIONS = (
    *PAGE,
    NEW_PLATFORM,
    Question(
        "area",
        "the country, or places of it",
        lambda raw_answer, _, records: records.find_area(raw_answer),
        must=ask.always_applies,
        many=True,
    ),
    Question(
        "platform",
        "the services, or * for the whole internet",
        read_platform,
        must=ask.always_applies,
        many=True,
        adds=NEW_PLATFORM.name,
    ),
    required_word(
        "feature",
        "the features that are restricted",
        words.Feature,
        default=lambda answers, records: words.Feature.WHOLE_SERVICE.value,
        many=True,
    ),
    Question(
        "announced_on", "day of the order or announcement", ask.read_period, may=ask.always_applies
    ),
    Question(
        "observed_from",
        "day on which access changed",
        ask.read_period,
        must=lambda answers, records: not answers.get("announced_on"),
        may=ask.always_applies,
    ),
    Question(
        "ended_on", "last day in force, if it is over", ask.read_period, may=ask.always_applies
    ),
    required_word("end_status", "whether it goes on", words.EndStatus, default=_choose_end_status),
    required_word("action", "what was done", words.Action),
    required_word("severity", "how severe it is", words.Severity, default=_choose_severity),
    required_word("evidence", "what measurements say", words.EvidenceState),
    required_word("claim", "who says so", words.ClaimStatus),
    required_word("scope", "how far it reaches", words.GeoScope, default=_choose_scope),
    required_word("networks", "on which networks", words.NetworkScope, default=_choose_networks),
    required_word(
        "precision",
        "whether the start is known to the day",
        words.StartPrecision,
        default=_choose_precision,
    ),
    Question("authority", "who ordered it", may=ask.always_applies),
    Question("reason", "the reason that was stated", may=ask.always_applies),
    Question("legal_basis", "the law that was named"),
    one_of("cause", "what caused it", words.Cause),
    Question("continues", "id of the restriction that this one continues"),
    Question("also_source", "id of a second page on record"),
    Question("word", "last word of its id; default: the services"),
    Question("note", "remarks for readers", may=ask.always_applies),
    Question(
        "people", "how many people the page says it hits", ask.read_amount, may=ask.always_applies
    ),
    one_of("people_kind", "what that number is", words.FigureKind, must=_has_people),
    Question(
        "people_platform",
        "the service that the number is about, if it is about one",
        read_platform,
        may=_has_people,
    ),
)
_CELLS = {
    "area_ids": "area",
    "geo_scope": "scope",
    "network_scope": "networks",
    "start_precision": "precision",
    "evidence_state": "evidence",
    "claim_status": "claim",
    "stated_reason": "reason",
    "also_source_id": "also_source",
    **{
        name: name
        for name in (
            *("announced_on", "observed_from", "ended_on", "end_status", "action", "severity"),
            *("authority", "legal_basis", "cause", "continues", "note"),
        )
    },
}
"""The question that fills each column of `restrictions`."""


def build_restriction_rows(answers: Answers, records: FactRecords) -> dict[str, list[Row]]:
    """Return the rows of each table that a restriction adds to the records."""
    page, added = build_page_rows(answers, records)
    new_id = _make_restriction_id(answers, records)
    restriction = {
        "restriction_id": new_id,
        "source_id": page["source_id"],
        "end_source": END_SOURCE[words.EndStatus(answers["end_status"])].value,
        **{column: answers.get(name, "") for column, name in _CELLS.items()},
    }
    return {
        **added,
        **build_platform_rows(answers, records),
        "restrictions": [restriction],
        "restriction_targets": [
            {
                "restriction_id": new_id,
                "platform_id": platform,
                "feature": feature,
                "claim_status": answers["claim"],
                "source_id": page["source_id"],
            }
            for platform in answers["platform"].split(";")
            for feature in answers["feature"].split(";")
        ],
        **_build_published_figure(new_id, answers, page),
    }


def _build_published_figure(
    restriction_id: str, answers: Answers, page: Row
) -> dict[str, list[Row]]:
    if not answers.get("people"):
        return {}
    audience_of = (
        answers["platform"] if answers["people_kind"] == words.FigureKind.PLATFORM_AUDIENCE else ""
    )
    row = {
        "published_figure_id": f"PF-{restriction_id}",
        "restriction_id": restriction_id,
        "platform_id": answers.get("people_platform")
        or ("" if ";" in audience_of else audience_of),
        "publisher": page["publisher"],
        "figure_kind": answers["people_kind"],
        "unit": words.Unit.PERSONS.value,
        "value": answers["people"],
        "interval_kind": words.IntervalKind.NONE.value,
        "source_id": page["source_id"],
    }
    return {"published_figures": [row]}


def _make_restriction_id(answers: Answers, records: FactRecords) -> str:
    """Return an id that consists of the area, the start as entered, and a word."""
    area = answers["area"].split(";")[0].replace("/", "-").replace(":", "-")
    start = _choose_start(answers).split("/")[0]
    return f"{area}-{start}-{make_slug(answers.get('word', '')) or _choose_word(answers, records)}"


def _choose_word(answers: Answers, records: FactRecords) -> str:
    features = set(answers["feature"].split(";"))
    if features <= CALLS:
        return "calls"
    platforms = answers["platform"].split(";")
    if platforms == [words.WHOLE_INTERNET]:
        return "internet"
    named = "-".join(platforms) if len(platforms) <= MOST_WORDS else "social-media"
    return make_slug(named)


def find_similar_restrictions(
    added: dict[str, list[Row]], records: FactRecords
) -> list[SimilarRow]:
    """Return restrictions on record of the same area and a common service with a near start.

    The same id means the same restriction. A row with exactly the same cells is left out: an
    earlier write was interrupted and may be completed.
    """
    import pandas as pd

    from audience_impact import periods

    (addition,), restrictions = added["restrictions"], records.tables["restrictions"]
    areas = set(addition["area_ids"].split(";"))
    services = {row["platform_id"] for row in added["restriction_targets"]}
    aims = records.tables["restriction_targets"]
    aimed = set(aims.loc[aims["platform_id"].isin(services), "restriction_id"])
    begins = restrictions["observed_from"].where(
        restrictions["observed_from"] != "", restrictions["announced_on"]
    )
    start = periods.parse_period(addition["observed_from"] or addition["announced_on"])
    gap = (periods.parse_periods(begins)["start"] - (start or [pd.NaT])[0]).abs()
    near = (
        restrictions["area_ids"].map(lambda ids: bool(areas & set(ids.split(";"))))
        & restrictions["restriction_id"].isin(aimed)
        & (gap <= pd.Timedelta(days=NEAR_DAYS))
    )
    is_same = restrictions["restriction_id"] == addition["restriction_id"]
    return [
        SimilarRow.from_row(
            row, "restriction_id", is_same=row["restriction_id"] == addition["restriction_id"]
        )
        for row in restrictions[near | is_same].to_dict("records")
        if any(row[name] != addition.get(name, "") for name in row if not name.startswith("row_"))
    ]


RESTRICTION = EntryKind(QUESTIONS, build_restriction_rows, find_similar_restrictions, is_once=True)
"""The entry for a restriction. It has one row, however many pages report it."""
