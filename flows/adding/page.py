"""The page on which something stands: found among the sources by its address, or a new row."""

from collections.abc import Mapping
from datetime import UTC, datetime

from audience_impact import vocabulary as words
from audience_impact.registers.places.names import folded
from flows.adding import questions as ask
from flows.adding.known import Known, NotKnownError, publisher_word, slug
from flows.adding.questions import Answers, Question, one_of

Row = Mapping[str, str]
NOBODY = "not stated"
"""The answer of who does not know whose measurement a page relays."""


def on_record(answers: Answers, known: Known) -> Row | None:
    """The row of the page, where the facts have it."""
    told = answers.get("source") or answers.get("url")
    return known.source(told) if told else None


def is_new(answers: Answers, known: Known) -> bool:
    """Whether the page is none of the sources."""
    return on_record(answers, known) is None


def _source(told: str, answers: Answers, known: Known) -> str:
    row = known.source(told)
    if row is None:
        raise NotKnownError(f"{told} is no source on record; give its address with --url")
    return row["source_id"]


def _series(told: str, answers: Answers, known: Known) -> str:
    if folded(told) == NOBODY:
        return ""
    try:
        return known.series(told)
    except NotKnownError:
        if "new_measurer" in answers:
            return slug(told)
        raise


def _today(answers: Answers, known: Known) -> str:
    return datetime.now(UTC).date().isoformat()


PAGE = (
    Question("source", "id of the page, instead of its address", _source),
    Question(
        "url",
        "address of the page",
        ask.web_address,
        must=lambda answers, known: "source" not in answers,
    ),
    Question("publisher", "who publishes the page, such as TASS", must=is_new),
    Question("published_on", "day on which the page was published", ask.day, may=is_new),
    Question("title", "title of the page, as printed", may=is_new),
    one_of(
        "source_type",
        "what kind of page it is",
        words.SourceType,
        must=is_new,
        default=lambda answers, known: words.SourceType.PRESS_RELAY.value,
    ),
    one_of("reliability", "how far the page is to be trusted", words.Reliability, must=is_new),
    Question("licence", "licence as the page states it", may=is_new),
    Question("accessed_on", "day on which it was read", ask.day, must=is_new, default=_today),
    Question("source_note", "what is to be known of the page"),
    one_of("new_measurer", "add the measurer, of this kind", words.SourceType),
)
MEASURED = Question(
    "measured_by",
    f"who measured what it prints, or: {NOBODY}",
    _series,
    must=is_new,
    adds="new_measurer",
)
"""Asked of a figure; a page that tells of a restriction speaks for itself."""


def _source_id(answers: Answers, known: Known) -> str:
    """Publisher and day, as the facts have them; a number where no day is known."""
    taken = known.ids("sources", "source_id")
    name = publisher_word(answers.get("url", ""), answers["publisher"])
    day = answers.get("published_on", "").split("/")[0]
    wanted = f"{name}-{day}" if day else f"{name}-1"
    number = 2
    while wanted in taken:
        wanted = f"{name}-{day}-{number}" if day else f"{name}-{number}"
        number += 1
    return wanted


def page_rows(answers: Answers, known: Known) -> tuple[Row, dict[str, list[Row]]]:
    """The page as a source, and the rows that are new: of it, and of who measured."""
    found = on_record(answers, known)
    if found is not None:
        added = _new_series(answers, known) if answers.get("measured_by") else []
        return found, {"lineages": added} if added else {}
    source_id = _source_id(answers, known)
    series = answers.get("measured_by") or source_id
    row = {
        "source_id": source_id,
        "measurement_series_id": series,
        "note": answers.get("source_note", ""),
        **{
            name: answers.get(name, "")
            for name in (
                *("publisher", "title", "url", "published_on", "accessed_on"),
                *("source_type", "licence", "reliability"),
            )
        },
    }
    return row, {"lineages": _new_series(answers, known, row), "sources": [row]}


def _new_series(answers: Answers, known: Known, page: Row | None = None) -> list[Row]:
    """The row of the measuring programme where there is none: the page's own, or the new one."""
    series = answers.get("measured_by") or (page["measurement_series_id"] if page else "")
    if series in known.ids("lineages", "measurement_series_id"):
        return []
    told = answers.told.get("measured_by", "") if answers.get("measured_by") else ""
    kind = answers.get("new_measurer") if told else page["source_type"] if page else ""
    measurer = told or (page["publisher"] if page else "")
    return [{"measurement_series_id": series, "measurer": measurer, "source_type": kind or ""}]
