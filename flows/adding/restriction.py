"""An act as a row of `restrictions`, its targets, and what the page says of the people it hits."""

from audience_impact import vocabulary as words
from flows.adding import questions as ask
from flows.adding.kinds import Alike, Kind
from flows.adding.known import Known, slug
from flows.adding.page import PAGE, Row, page_rows
from flows.adding.platforms import NEW_PLATFORM, platform_rows, read_platform
from flows.adding.questions import Answers, Question, one_of

NEAR_DAYS = 7
"""Acts of one area on one service so near to each other may be one, told twice."""
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
"""How an end is known, as the facts kept by hand have it."""


def _start(answers: Answers) -> str:
    return answers.get("observed_from") or answers.get("announced_on", "")


def _is_whole(answers: Answers) -> bool:
    return answers.get("feature", "") == words.Feature.WHOLE_SERVICE


def _severity(answers: Answers, known: Known) -> str:
    action = answers.get("action", "")
    if action == words.Action.BLOCK:
        whole = _is_whole(answers)
        severity = words.Severity
        return (severity.SERVICE_UNAVAILABLE if whole else severity.FEATURE_UNAVAILABLE).value
    found = {key.value: word.value for key, word in SEVERITY.items()}
    return found.get(action, "")


def _end_status(answers: Answers, known: Known) -> str:
    return words.EndStatus.ENDED.value if answers.get("ended_on") else ""


def _precision(answers: Answers, known: Known) -> str:
    exact = len(_start(answers)) == len("2025-07-13")
    return (words.StartPrecision.ACTUAL if exact else words.StartPrecision.ESTIMATED).value


def _scope(answers: Answers, known: Known) -> str:
    from audience_impact.populations import is_region

    areas = answers.get("area", "").split(";")
    if not any(is_region(area) for area in areas):
        return words.GeoScope.NATIONAL.value
    scopes = words.GeoScope
    return (scopes.REGION if len(areas) == 1 else scopes.MULTI_REGION).value


def _networks(answers: Answers, known: Known) -> str:
    whole = words.WHOLE_INTERNET in answers.get("platform", "").split(";")
    return "" if whole else words.NetworkScope.ALL.value


def _told_people(answers: Answers, known: Known) -> bool:
    return bool(answers.get("people"))


QUESTIONS = (
    *PAGE,
    NEW_PLATFORM,
    Question(
        "area",
        "the country, or places of it",
        lambda told, _, known: known.area(told),
        must=ask.always,
        many=True,
    ),
    Question(
        "platform",
        "the services, or * for the whole internet",
        read_platform,
        must=ask.always,
        many=True,
        adds=NEW_PLATFORM.name,
    ),
    one_of(
        "feature",
        "what of them is gone",
        words.Feature,
        must=ask.always,
        default=lambda answers, known: words.Feature.WHOLE_SERVICE.value,
        many=True,
    ),
    Question("announced_on", "day of the order or announcement", ask.day, may=ask.always),
    Question(
        "observed_from",
        "day on which access changed",
        ask.day,
        must=lambda answers, known: not answers.get("announced_on"),
        may=ask.always,
    ),
    Question("ended_on", "last day in force, if it is over", ask.day, may=ask.always),
    one_of(
        "end_status", "whether it goes on", words.EndStatus, must=ask.always, default=_end_status
    ),
    one_of("action", "what was done", words.Action, must=ask.always),
    one_of("severity", "how hard it hits", words.Severity, must=ask.always, default=_severity),
    one_of("evidence", "what measurements say", words.EvidenceState, must=ask.always),
    one_of("claim", "who says so", words.ClaimStatus, must=ask.always),
    one_of("scope", "how far it reaches", words.GeoScope, must=ask.always, default=_scope),
    one_of("networks", "on which networks", words.NetworkScope, must=ask.always, default=_networks),
    one_of(
        "precision",
        "whether the start is known to the day",
        words.StartPrecision,
        must=ask.always,
        default=_precision,
    ),
    Question("authority", "who ordered it", may=ask.always),
    Question("reason", "the reason that was stated", may=ask.always),
    Question("legal_basis", "the law that was named"),
    one_of("cause", "what caused it", words.Cause),
    Question("continues", "id of the act whose next step this is"),
    Question("also_source", "id of a second page on record"),
    Question("word", "last word of its id; else made of the services"),
    Question("note", "what a reader must know of it", may=ask.always),
    Question("people", "how many people the page says it hits", ask.amount, may=ask.always),
    one_of("people_kind", "what that number is", words.FigureKind, must=_told_people),
    Question(
        "people_platform",
        "the service that the number is about, if it is about one",
        read_platform,
        may=_told_people,
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
"""By column of `restrictions`: the question whose answer stands there."""


def rows(answers: Answers, known: Known) -> dict[str, list[Row]]:
    """The rows of all tables that a restriction needs, those on record left out."""
    page, added = page_rows(answers, known)
    own = _restriction_id(answers, known)
    restriction = {
        "restriction_id": own,
        "source_id": page["source_id"],
        "end_source": END_SOURCE[words.EndStatus(answers["end_status"])].value,
        **{column: answers.get(name, "") for column, name in _CELLS.items()},
    }
    return {
        **added,
        **platform_rows(answers, known),
        "restrictions": [restriction],
        "restriction_targets": [
            {
                "restriction_id": own,
                "platform_id": platform,
                "feature": feature,
                "claim_status": answers["claim"],
                "source_id": page["source_id"],
            }
            for platform in answers["platform"].split(";")
            for feature in answers["feature"].split(";")
        ],
        **_published(own, answers, page),
    }


def _published(restriction_id: str, answers: Answers, page: Row) -> dict[str, list[Row]]:
    if not answers.get("people"):
        return {}
    own = (
        answers["platform"] if answers["people_kind"] == words.FigureKind.PLATFORM_AUDIENCE else ""
    )
    row = {
        "published_figure_id": f"PF-{restriction_id}",
        "restriction_id": restriction_id,
        "platform_id": answers.get("people_platform") or ("" if ";" in own else own),
        "publisher": page["publisher"],
        "figure_kind": answers["people_kind"],
        "unit": words.Unit.PERSONS.value,
        "value": answers["people"],
        "interval_kind": words.IntervalKind.NONE.value,
        "source_id": page["source_id"],
    }
    return {"published_figures": [row]}


def _restriction_id(answers: Answers, known: Known) -> str:
    """Area, start as known, and a word."""
    area = answers["area"].split(";")[0].replace("/", "-").replace(":", "-")
    start = _start(answers).split("/")[0]
    return f"{area}-{start}-{slug(answers.get('word', '')) or _word(answers, known)}"


def _word(answers: Answers, known: Known) -> str:
    features = set(answers["feature"].split(";"))
    if features <= CALLS:
        return "calls"
    platforms = answers["platform"].split(";")
    if platforms == [words.WHOLE_INTERNET]:
        return "internet"
    named = "-".join(platforms) if len(platforms) <= MOST_WORDS else "social-media"
    return slug(named)


def alike(added: dict[str, list[Row]], known: Known) -> list[Alike]:
    """Acts on record that may be this one: same area, a service in common, a start near it.

    One of the same id is this one; one of the same cells is no obstacle, but half of it written.
    """
    import pandas as pd

    from audience_impact import periods

    (own,), acts = added["restrictions"], known.tables["restrictions"]
    areas = set(own["area_ids"].split(";"))
    services = {row["platform_id"] for row in added["restriction_targets"]}
    aims = known.tables["restriction_targets"]
    aimed = set(aims.loc[aims["platform_id"].isin(services), "restriction_id"])
    begins = acts["observed_from"].where(acts["observed_from"] != "", acts["announced_on"])
    start = periods.span(own["observed_from"] or own["announced_on"])
    gap = (periods.spans(begins)["start"] - (start or [pd.NaT])[0]).abs()
    near = (
        acts["area_ids"].map(lambda ids: bool(areas & set(ids.split(";"))))
        & acts["restriction_id"].isin(aimed)
        & (gap <= pd.Timedelta(days=NEAR_DAYS))
    )
    is_same = acts["restriction_id"] == own["restriction_id"]
    return [
        Alike.of(row, "restriction_id", is_same=row["restriction_id"] == own["restriction_id"])
        for row in acts[near | is_same].to_dict("records")
        if any(row[name] != own.get(name, "") for name in row if not name.startswith("row_"))
    ]


RESTRICTION = Kind(QUESTIONS, rows, alike, is_once=True)
"""One act is one row, however often it is reported."""
