"""The services that a figure or a restriction is about: on record, or new ones to be added."""

from audience_impact import vocabulary as words
from flows.adding.page import Row
from flows.adding.questions import Answers, one_of
from flows.adding.records import FactRecords, NotOnRecordError, make_slug

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
