"""What was done to which service or network, where and when, in the words of a sentence."""

import json
import re
from dataclasses import dataclass

from audience_impact.answers.names import area_in_words, listed, service
from audience_impact.answers.numbers import about, day_in_words, decimal, from_to, on_day
from audience_impact.answers.records import ALL, AnswerRecord
from audience_impact.vocabulary import (
    WHOLE_INTERNET,
    Action,
    Cause,
    EndStatus,
    EvidenceState,
    Feature,
    GeoScope,
    NetworkScope,
    PlaceReading,
)

MOST_SERVICES = 5
"""Services that are named; of more the first are, and the others counted."""
MOST_PLACES = 4
"""Places that are named; of more the first are, and the others counted."""
CALLS = {Feature.VOICE_CALL, Feature.VIDEO_CALL}
ONE_NETWORK = (NetworkScope.MOBILE, NetworkScope.FIXED, NetworkScope.SATELLITE)
"""Scopes of one kind of network."""
SOME_NETWORKS = (NetworkScope.ASN_LIST, NetworkScope.UNKNOWN)
"""Scopes of networks that have no name of their own."""
PLURAL = re.compile(r"\b(apps|media|platforms|services|websites)\b", re.IGNORECASE)
UNNAMED = "what was restricted"
"""Stands for the services of an act whose targets are not on record."""
WHOLE_DAY_HOURS = 24


@dataclass(frozen=True)
class Act:
    """The words of an act.

    Attributes:
        used: What the people did before: `used WhatsApp or Telegram`, `were online`.
        users_did: What the users of the restricted features did: `made calls on WhatsApp`.
        link: The word that joins people and act, or none.
        done: What was done: `calls on them were restricted on 13 August 2025`.
        done_to_such: The same behind `users_did`: `such calls were restricted on 13 August 2025`.
    """

    used: str
    users_did: str
    link: str
    done: str
    done_to_such: str


def act_words(record: AnswerRecord) -> Act:
    """Return the words for what happened."""
    return _of_network(record) if record.is_network else _of_services(record)


def is_planned(record: AnswerRecord) -> bool:
    """Return whether it was announced, and not seen to be carried out."""
    act = record.act
    unseen = act.evidence_state in (EvidenceState.OK, EvidenceState.INSUFFICIENT)
    return bool(act.announced_on and not act.observed_from and unseen)


def _of_network(record: AnswerRecord) -> Act:
    networks, day = _networks(record), days(record)
    through = f" through {networks} alone" if networks else ""
    if is_planned(record):
        done = f"a {deed(record)} of {'these' if networks else 'the internet'} was announced"
        return Act(f"were online{through}", "", " when ", f"{done} {day}", "")
    done = f"{_network_verb(record)} there {day}".rstrip()
    if record.act.network_scope in SOME_NETWORKS:
        return Act("were online only through the networks", "", " ", f"that were {done}", "")
    subject = "these were" if networks else "the internet was"
    return Act(f"were online{through}", "", " when ", f"{subject} {done}", "")


def _networks(record: AnswerRecord) -> str:
    """Return the kind of networks that was cut; blank where it was none alone."""
    scope = record.act.network_scope
    return NetworkScope(scope).noun if scope in ONE_NETWORK else ""


def _network_verb(record: AnswerRecord) -> str:
    act = record.act
    if act.action == Action.NETWORK_SHUTDOWN and act.cause:
        return Cause(act.cause).verb
    return Action(act.action).verb


def _of_services(record: AnswerRecord) -> Act:
    named, many = services(record, "or") or UNNAMED, is_several(record)
    noun, did = feature_words({target.feature for target in record.targets})
    networks, day = _networks(record), days(record)
    through = f" over {networks} alone" if networks else ""
    it, were = ("them", "they were") if many else ("it", "it was")
    subject = f"{noun} on {it} were" if record.is_of_feature else _mixed(record) or were
    verb = f"{Action(record.act.action).verb}{' on these' if networks else ''}"
    if is_planned(record):
        thing = f"{noun} on {it}" if record.is_of_feature else it
        subject, verb = f"a {deed(record)} of {thing} was", "announced"
    return Act(
        f"used {named}{through}",
        f"{did} {named}{through}",
        " before ",
        f"{subject} {verb} {day}".rstrip(),
        f"{subject if is_planned(record) else f'such {noun} were'} {verb} {day}".rstrip(),
    )


def _mixed(record: AnswerRecord) -> str:
    """Return what was restricted, where some services were as a whole and others in part."""
    features: dict[str, set[str]] = {}
    for target in record.targets:
        features.setdefault(target.platform_id, set()).add(target.feature)
    parts: dict[str, list[str]] = {}
    for platform, name in record.platforms.items():
        of = features[platform]
        is_whole = Feature.WHOLE_SERVICE in of
        parts.setdefault("" if is_whole else feature_words(of)[0], []).append(service(name))
    if len(parts) < 2:
        return ""
    texts = [f"{noun} on {listed(some)}" if noun else listed(some) for noun, some in parts.items()]
    return f"{', and '.join(texts)} were"


def feature_words(features: set[str]) -> tuple[str, str]:
    """Return what is restricted of services, and what its users did, the whole service apart."""
    known = [one for one in Feature if one in features and one != Feature.WHOLE_SERVICE]
    if set(known) == CALLS:
        return "calls", "made calls on"
    if len(known) == 1:
        return known[0].noun, known[0].verb
    return listed([one.noun for one in known]), Feature.UNKNOWN.verb


def services(record: AnswerRecord, word: str = "and") -> str:
    """Return the services: `WhatsApp and Telegram`, or as alternatives, the internet left out."""
    named = record.platforms.items()
    names = [service(name) for platform, name in named if platform != WHOLE_INTERNET]
    if len(names) > MOST_SERVICES + 1:
        any_of = "any of " * (word == "or")
        names = [*names[:MOST_SERVICES], f"{any_of}{len(names) - MOST_SERVICES} other services"]
    return listed(names, "or" if word == "or" else "standard")


def target_words(record: AnswerRecord) -> str:
    """Return what was restricted, in a title: the internet, the services, or `a service`."""
    return "the internet" if record.is_network else services(record) or "a service"


def is_several(record: AnswerRecord) -> bool:
    """Return whether several services are restricted, or what is named is a kind of services."""
    names = record.platforms.values()
    return len(names) > 1 or any(map(PLURAL.search, names))


def deed(record: AnswerRecord) -> str:
    """Return the act as a noun: `block`."""
    return Action(record.act.action).forms.noun or "restriction"


def start(record: AnswerRecord) -> str | None:
    """Return the day of the act: announced or seen, whichever is later."""
    dates = [date for date in (record.act.announced_on, record.act.observed_from) if date]
    return max(dates, default=None)


def days(record: AnswerRecord) -> str:
    """Return the day, or of a network the days: `from 4 to 26 November 2020`."""
    first, last = start(record), record.act.ended_on
    if first is None:
        return ""
    if last is None or not is_span(record):
        return on_day(first)
    many = len((record.act.days_in_force or "").split(";"))
    return f"on {many} days {from_to(first, last)}" if many > 1 else from_to(first, last)


def is_span(record: AnswerRecord) -> bool:
    """Return whether `days` says the end as well: of what is cut off while it lasts."""
    first, last = start(record), record.act.ended_on
    if not (record.is_network and first and last) or "/" in first + last or first == last:
        return False
    return bool(first[: len(last)] <= last)


def where(record: AnswerRecord) -> str:
    """Return where it was, to follow `in`: `Russia`, `an unnamed part of Myanmar`."""
    act, countries = record.act, _countries(record)
    if is_below(record):
        return f"{_within(record)}{_named(json.loads(act.area_names))}, {countries}"
    if act.geo_scope in (GeoScope.NATIONAL, GeoScope.UNKNOWN, GeoScope.NETWORK_ONLY):
        return countries
    return f"parts of {countries}" if act.places else f"unnamed parts of {countries}"


def is_below(record: AnswerRecord) -> bool:
    """Return whether the place has the country named behind it, so that a comma closes it."""
    return record.act.area_id != record.act.country_id


def _within(record: AnswerRecord) -> str:
    """Return `parts of` where the source means something inside every place that it names."""
    readings = (record.act.place_readings or "").split(";")
    return "parts of " if set(readings) == {PlaceReading.WITHIN.value} else ""


def _countries(record: AnswerRecord) -> str:
    codes, named = record.act.country_id.split(";"), json.loads(record.act.area_names)
    fits = len(named) == len(codes) and not is_below(record)
    return _named([area_in_words(code, named[n] if fits else code) for n, code in enumerate(codes)])


def _named(names: list[str]) -> str:
    """Return the names, each once; of many the first ones."""
    once = list(dict.fromkeys(names))
    if len(once) <= MOST_PLACES + 1:
        return listed(once)
    return listed([*once[:MOST_PLACES], f"{len(once) - MOST_PLACES} other places"])


def timing(record: AnswerRecord) -> list[str]:
    """Return what the first sentence leaves out of days and hours, a sentence each."""
    return [text for text in (_announced(record), _end(record), _lasted(record)) if text]


def _announced(record: AnswerRecord) -> str:
    """Return the other of the two days, where it was announced on one and seen on another."""
    announced, observed = record.act.announced_on, record.act.observed_from
    if is_planned(record):
        return "It has not been seen to be carried out."
    if not announced or not observed or announced == observed:
        return ""
    if start(record) == observed:
        return f"It was announced {on_day(announced)}."
    return f"It was first seen {on_day(observed)}."


def _end(record: AnswerRecord) -> str:
    """Return that no end is known, where none is."""
    if record.act.end_status == EndStatus.ONGOING:
        return f"No end is on record by {day_in_words(record.act.as_of)}."
    return "" if record.act.ended_on or is_planned(record) else "When it ended is not known."


def _lasted(record: AnswerRecord) -> str:
    """Return until when it lasted, the hours a day, and the person-hours."""
    last = record.act.ended_on
    until = f"until {day_in_words(last)}" if last and last != start(record) else ""
    parts = (until if not is_span(record) else "", _hours(record))
    lasted = ", ".join(text for text in parts if text)
    if not lasted:
        return "It lasted a day." if last and not until else ""
    return f"It lasted {lasted}{_person_hours(record)}."


def _hours(record: AnswerRecord) -> str:
    least, most = record.act.least_hours_a_day, record.act.most_hours_a_day
    if least is None and most is None:
        return ""
    first, last = decimal(least or most or 0.0, 1), decimal(most or least or 0.0, 1)
    a_day = "" if start(record) == record.act.ended_on else " a day"
    if a_day and (least or 0) >= WHOLE_DAY_HOURS:
        return ""  # as days always are
    return f"{first if first == last else f'{first} to {last}'} hours{a_day}"


def _person_hours(record: AnswerRecord) -> str:
    """Return the person-hours of what lasted some hours, as the end of a sentence."""
    all_days = next((row for row in record.person_days if row.period == ALL), None)
    hours = all_days.hours.interval if all_days and _hours(record) else None
    return f": {about(*hours, noun='person-hours')}" if hours and hours[2] > 0 else ""
