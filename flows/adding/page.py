"""Parts of every addition: a page that states it, services, and a kind with questions and rows.

The page is a source on record, found by its address, or a new row; so are the services.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from audience_impact import vocabulary as words
from audience_impact.registers.places.phrases import fold_name
from flows.adding import questions as ask
from flows.adding.questions import Answers, Question, one_of
from flows.adding.records import FactRecords, NotOnRecordError, choose_publisher_word, make_slug

Row = Mapping[str, str]
NOBODY = "not stated"
"""Answer for a page that names no measurer."""


def find_page(answers: Answers, records: FactRecords) -> Row | None:
    """Return the source row of the page, or None for a page that is not on record."""
    raw_answer = answers.get("source") or answers.get("url")
    return records.find_source(raw_answer) if raw_answer else None


def is_new_page(answers: Answers, records: FactRecords) -> bool:
    """Return whether the page is not among the sources."""
    return find_page(answers, records) is None


def _read_source(raw_answer: str, answers: Answers, records: FactRecords) -> str:
    row = records.find_source(raw_answer)
    if row is None:
        raise NotOnRecordError(f"{raw_answer} is no source on record; give its address with --url")
    return row["source_id"]


def _read_series(raw_answer: str, answers: Answers, records: FactRecords) -> str:
    if fold_name(raw_answer) == NOBODY:
        return ""
    try:
        return records.find_series(raw_answer)
    except NotOnRecordError:
        if "new_measurer" in answers:
            return make_slug(raw_answer)
        raise


PAGE = (
    Question("source", "id of the page, instead of its address", _read_source),
    Question(
        "url",
        "address of the page",
        ask.read_web_address,
        must=lambda answers, records: "source" not in answers,
    ),
    Question("publisher", "who publishes the page, such as TASS", must=is_new_page),
    Question(
        "published_on", "day on which the page was published", ask.read_period, may=is_new_page
    ),
    Question("title", "title of the page, as printed", may=is_new_page),
    one_of(
        "source_type",
        "what kind of page it is",
        words.SourceType,
        must=is_new_page,
        default=lambda answers, records: words.SourceType.PRESS_RELAY.value,
    ),
    one_of("reliability", "how far the page is to be trusted", words.Reliability, must=is_new_page),
    Question("licence", "licence as the page states it", may=is_new_page),
    Question(
        "accessed_on",
        "day on which it was read",
        ask.read_period,
        must=is_new_page,
        default=lambda answers, records: datetime.now(UTC).date().isoformat(),
    ),
    Question("source_note", "remarks on the page"),
    one_of("new_measurer", "add the measurer, of this kind", words.SourceType),
)
MEASURED = Question(
    "measured_by",
    f"who measured what it prints, or: {NOBODY}",
    _read_series,
    must=is_new_page,
    adds="new_measurer",
)
"""Questions on the measurer, for figures only; a restriction has no measurer."""


def _make_source_id(answers: Answers, records: FactRecords) -> str:
    """Return a free id of publisher and day, or of publisher and number without a day."""
    taken = records.list_ids("sources", "source_id")
    name = choose_publisher_word(answers.get("url", ""), answers["publisher"])
    day = answers.get("published_on", "").split("/")[0]
    candidate = f"{name}-{day}" if day else f"{name}-1"
    number = 2
    while candidate in taken:
        candidate = f"{name}-{day}-{number}" if day else f"{name}-{number}"
        number += 1
    return candidate


def build_page_rows(answers: Answers, records: FactRecords) -> tuple[Row, dict[str, list[Row]]]:
    """Return the source row of the page, and the new rows of sources and lineages by table."""
    page = find_page(answers, records)
    if page is not None:
        added = _build_series_rows(answers, records) if answers.get("measured_by") else []
        return page, {"lineages": added} if added else {}
    source_id = _make_source_id(answers, records)
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
    return row, {"lineages": _build_series_rows(answers, records, row), "sources": [row]}


def _build_series_rows(
    answers: Answers, records: FactRecords, page: Row | None = None
) -> list[Row]:
    """Return the row of the measuring programme; no row if it is on record."""
    series = answers.get("measured_by") or (page["measurement_series_id"] if page else "")
    if series in records.list_ids("lineages", "measurement_series_id"):
        return []
    raw_answer = answers.raw_answers.get("measured_by", "") if answers.get("measured_by") else ""
    kind = answers.get("new_measurer") if raw_answer else page["source_type"] if page else ""
    measurer = raw_answer or (page["publisher"] if page else "")
    return [{"measurement_series_id": series, "measurer": measurer, "source_type": kind or ""}]


Rows = dict[str, list[Mapping[str, str]]]
"""New rows by fact table; a row has cells by column."""


@dataclass(frozen=True)
class SimilarRow:
    """A row on record that resembles the addition, or is the same (`is_same`)."""

    description: str
    is_same: bool

    @classmethod
    def from_row(cls, row: Mapping[str, object], key: str, is_same: bool) -> "SimilarRow":
        """Describe a row as it was read, by file, line, key and page."""
        return cls(
            f"{row['row_file']}:{row['row_line']}: {row[key]}, of {row['source_id']}", is_same
        )


@dataclass(frozen=True)
class EntryKind:
    """Something that can be added.

    With `is_once`, a similar row on record prevents the addition unless the user confirms it.
    """

    questions: Sequence[Question]
    build_rows: Callable[[Answers, FactRecords], Rows]
    find_similar: Callable[[Rows, FactRecords], list[SimilarRow]]
    is_once: bool


NEW_PLATFORM = one_of("new_platform", "add the platform, of this kind", words.PlatformKind)


def read_platform(raw_answer: str, answers: Answers, records: FactRecords) -> str:
    """Return the id of a service; a new service gets one if its kind was answered.

    Raises NotOnRecordError.
    """
    try:
        return records.find_platform(raw_answer)
    except NotOnRecordError:
        if NEW_PLATFORM.name in answers and make_slug(raw_answer):
            return make_slug(raw_answer)
        raise


def build_platform_rows(answers: Answers, records: FactRecords) -> dict[str, list[Row]]:
    """Return the rows of services that are not on record, with the names that were entered."""
    taken = records.list_ids("platforms", "platform_id")
    names = [name.strip() for name in answers.raw_answers["platform"].split(";")]
    ids = {read_platform(name, answers, records): name for name in names}
    rows: list[Row] = [
        {"platform_id": new_id, "name": name, "kind": answers[NEW_PLATFORM.name]}
        for new_id, name in sorted(ids.items())
        if new_id not in taken
    ]
    return {"platforms": rows} if rows else {}
