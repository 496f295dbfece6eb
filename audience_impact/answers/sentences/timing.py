"""How long it lasted and when it was announced, a sentence each."""

from collections.abc import Mapping
from typing import Any

from babel.numbers import format_decimal

from audience_impact.answers.sentences.acts import is_planned, is_span, start
from audience_impact.answers.sentences.names import day_in_words, on_day
from audience_impact.answers.sentences.numbers import LOCALE, ends, people
from audience_impact.vocabulary import EndStatus


def timing(told: Mapping[str, Any]) -> list[str]:
    """What the first sentence does not say of days and hours."""
    return [text for text in (_announced(told), _end(told), _lasted(told)) if text]


def _announced(told: Mapping[str, Any]) -> str:
    """The other of the two days, where it was announced on one and seen on another."""
    announced, observed = told["announced_on"], told["observed_from"]
    if is_planned(told):
        return "It has not been seen to be carried out."
    if not announced or not observed or announced == observed:
        return ""
    if start(told) == observed:
        return f"It was announced {on_day(announced)}."
    return f"It was first seen {on_day(observed)}."


def _end(told: Mapping[str, Any]) -> str:
    """That no end is known."""
    if told["end_status"] == EndStatus.ONGOING:
        return f"No end is on record by {day_in_words(told['as_of'])}."
    return "" if told["ended_on"] or is_planned(told) else "When it ended is not known."


WHOLE_DAY_HOURS = 24


def _lasted(told: Mapping[str, Any]) -> str:
    """Until when it lasted, how many hours a day, and how many person-hours these were."""
    last = told["ended_on"]
    until = f"until {day_in_words(last)}" if last and last != start(told) else ""
    lasted = ", ".join(text for text in (until if not is_span(told) else "", _hours(told)) if text)
    if not lasted:
        return "It lasted a day." if last and not until else ""
    return f"It lasted {lasted}{_person_hours(told)}."


def _hours(told: Mapping[str, Any]) -> str:
    least, most = told["least_hours_a_day"], told["most_hours_a_day"]
    if least is None and most is None:
        return ""
    first, last = _decimal(least or most), _decimal(most or least)
    a_day = "" if start(told) == told["ended_on"] else " a day"
    if a_day and (least or 0) >= WHOLE_DAY_HOURS:
        return ""  # as days always are
    return f"{first if first == last else f'{first} to {last}'} hours{a_day}"


def _person_hours(told: Mapping[str, Any]) -> str:
    """The person-hours of what is told in hours, as the end of a sentence."""
    whole = next((row for row in told["person_days"] if row["period"] == "all"), None)
    found = ends(whole, "person_hours") if whole and _hours(told) else None
    return f": {people(*found, noun='person-hours')}" if found and found[2] > 0 else ""


def _decimal(hours: float) -> str:
    return str(format_decimal(round(hours, 1), format="#,##0.#", locale=LOCALE))
