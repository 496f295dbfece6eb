"""The services that a figure or a restriction is about: on record, or new ones to be added."""

from audience_impact import vocabulary as words
from flows.adding.known import Known, NotKnownError, slug
from flows.adding.page import Row
from flows.adding.questions import Answers, one_of

NEW_PLATFORM = one_of("new_platform", "add the platform, of this kind", words.PlatformKind)


def read_platform(told: str, answers: Answers, known: Known) -> str:
    """Id of a service; of a new one where its kind was told.

    Raises NotKnownError.
    """
    try:
        return known.platform(told)
    except NotKnownError:
        if NEW_PLATFORM.name in answers and slug(told):
            return slug(told)
        raise


def platform_rows(answers: Answers, known: Known) -> dict[str, list[Row]]:
    """The services that are not on record, named as they were told."""
    taken = known.ids("platforms", "platform_id")
    names = [name.strip() for name in answers.told["platform"].split(";")]
    ids = {read_platform(name, answers, known): name for name in names}
    rows: list[Row] = [
        {"platform_id": own, "name": name, "kind": answers[NEW_PLATFORM.name]}
        for own, name in sorted(ids.items())
        if own not in taken
    ]
    return {"platforms": rows} if rows else {}
