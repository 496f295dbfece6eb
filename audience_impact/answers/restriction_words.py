"""The words for a restriction: action, services or networks, place and time."""

import math
import re
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from audience_impact.answers.names import area_in_words, join_names, name_service
from audience_impact.answers.numbers import (
    bracket_interval,
    dates_in_words,
    day_in_words,
    from_to,
    group_digits,
    last_day_in_words,
    on_day,
    round_interval,
)
from audience_impact.answers.records import AnswerRecord, Claim, End, Hours, Place, Restriction
from audience_impact.vocabulary import (
    IN_SERIES,
    ON_AND_OFF,
    PROLONGED,
    WHOLE_INTERNET,
    Action,
    Cause,
    EndSource,
    FactRole,
    Feature,
    HoursBasis,
    NetworkScope,
    StartPrecision,
    write_word,
)

MOST_SERVICES, MOST_PLACES = 5, 10
"""Most services and places that a sentence names. Of more, the first are named, the rest counted.
"""
CALLS = {Feature.VOICE_CALL, Feature.VIDEO_CALL}
ONE_NETWORK = (NetworkScope.MOBILE, NetworkScope.FIXED, NetworkScope.SATELLITE)
"""Network scopes that consist of a single kind of network."""
PLURAL = re.compile(r"\b(apps|media|platforms|services|websites)\b", re.IGNORECASE)
INSIDE, DOUBT = "in ", " (a town or all of it)"
"""Beginning and end of a place in `place_names`: a part of it is meant, or perhaps a town in it."""
NIGHTLY_HOURS = 12.0
"""Hours a day below which a cut of as many times as days comes back each day."""
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
FEW_HOURS = 20.0
"""Hours up to which a decimal is printed."""
ROUGH_STARTS = {
    StartPrecision.ESTIMATED: ("around {}", "around {}"),
    StartPrecision.FIRST_SEEN: ("on or before {}", "{} or before"),
}
"""A first day in words, alone and behind "from", where its source does not call it certain."""


class RestrictionWords(NamedTuple):
    """The words of a restriction, as parts of a sentence.

    Attributes:
        used: What the people did before: `used WhatsApp or Telegram`, `were online`.
        link: The word that joins people and restriction, or none.
        done: What was done: `calls on them were restricted on 13 August 2025`.
        users_did: What the users of the restricted features did: `made calls on WhatsApp`.
        done_to_such: The same as `done` behind `users_did`: `these were restricted on ...`.
    """

    used: str
    link: str
    done: str
    users_did: str = ""
    done_to_such: str = ""


def describe_restriction(record: AnswerRecord) -> RestrictionWords:
    """Return the words that describe a restriction, and say so if it is disputed."""
    describe = _describe_network_cut if record.is_network else _describe_service_restriction
    words = describe(record, describe_days(record))
    disputed = ", by a report that is disputed" * record.restriction.is_disputed
    such = words.done_to_such and f"{words.done_to_such}{disputed}"
    return words._replace(done=f"{words.done}{disputed}", done_to_such=such)


def _describe_network_cut(record: AnswerRecord, day: str) -> RestrictionWords:
    about, networks = record.restriction, _name_network(record.restriction)
    is_in_war = re.search(r"\b(?:conflict|war)\b", about.occasion or "", re.IGNORECASE)
    used, link = "were online", " when "
    if about.is_harm or is_in_war:  # they may have been cut off already
        used, link = "were ordinarily online", " before "
    if networks:
        is_kind = about.network_scope in ONE_NETWORK
        used = f"had only {networks} to go online" if is_kind else f"{used} through {networks}"
    if about.is_planned:
        done = f"a {name_action(about)} of {'these' if networks else 'the internet'} was announced"
        return RestrictionWords(used, link, f"{done} {day}")
    done = f"{_choose_verb(about)} there {day}".rstrip()
    if not networks and about.network_scope in (NetworkScope.ASN_LIST, NetworkScope.UNKNOWN):
        return RestrictionWords("depended on the networks", " ", f"that were {done}")
    subject = "these were" if networks else "the internet was"
    if about.network_scope == NetworkScope.ASN_LIST:
        subject = "their networks were" if ";" in about.operator_names else "its network was"
    return RestrictionWords(used, link, f"{subject} {done}")


def _choose_verb(about: Restriction) -> str:
    """Return what was done to a network; an order comes before what the source calls its cause."""
    is_ordered = about.claim in (Claim.ORDERED, Claim.ORDERED_UNNAMED)
    is_other = about.action != Action.NETWORK_SHUTDOWN or is_ordered
    if is_other or about.cause not in (Cause.ATTACK, Cause.DAMAGE, Cause.UNKNOWN):
        return write_word(Action(about.action), "verb")
    is_claimed = about.claim is Claim.ATTRIBUTED or about.is_official
    return write_word(Cause.UNKNOWN if is_claimed else Cause(about.cause), "verb")


def _name_network(about: Restriction) -> str:
    if about.network_scope == NetworkScope.ASN_LIST:
        names = [name for name in (about.operator_names or "").split(";") if name]
        return join_names(names, "or") if len(names) <= MOST_PLACES else ""
    is_kind = about.network_scope in ONE_NETWORK
    return write_word(NetworkScope(about.network_scope), "noun") if is_kind else ""


def _describe_service_restriction(record: AnswerRecord, day: str) -> RestrictionWords:
    about, networks = record.restriction, _name_network(record.restriction)
    services = list_services(record, "or") or "what was restricted"
    noun, did = name_features({target.feature for target in record.targets})
    is_kind = about.network_scope in ONE_NETWORK
    through = f"{' only' * is_kind} over {networks}" if networks else ""
    it, were = ("them", "they were") if is_several(record) else ("it", "it was")
    thing = f"{noun} on {it}" if record.is_of_feature else it
    verb = f"{write_word(Action(about.action), 'verb')}{' on those networks' * is_kind}"
    subject = f"{thing} were" if record.is_of_feature else _name_mixed_targets(record) or were
    such = "these were"
    if about.action == Action.DELIST:
        subject, verb = were, "taken out of app stores"
    if about.is_planned:
        subject = such = f"a {name_action(about)} of {thing} was"
        verb = "announced"
    return RestrictionWords(
        f"used {services}{through}",
        " before ",
        f"{subject} {verb} {day}".rstrip(),
        f"{did} {services}{through}",
        f"{such} {verb} {day}".rstrip(),
    )


def _name_mixed_targets(record: AnswerRecord) -> str:
    """Return the targets if some services were restricted as a whole and others in part."""
    parts: dict[str, list[str]] = {}
    for platform, name in record.platforms.items():
        features = {item.feature for item in record.targets if item.platform_id == platform}
        is_whole = Feature.WHOLE_SERVICE in features
        noun = "" if is_whole else name_features(features)[0]
        parts.setdefault(noun, []).append(name_service(name))
    texts = [f"on {join_names(names)} only {noun}" for noun, names in parts.items() if noun]
    return f"they ({'; '.join(texts)}) were" if len(parts) > 1 else ""


def name_features(features: set[str]) -> tuple[str, str]:
    """Return the restricted features and the actions of their users, without whole services."""
    parts = [item for item in Feature if item in features and item != Feature.WHOLE_SERVICE]
    if set(parts) == CALLS:
        return "calls", "made calls on"
    if len(parts) == 1:
        return write_word(parts[0], "noun"), write_word(parts[0], "verb")
    nouns = [write_word(feature, "noun") for feature in parts]
    return join_names(nouns), write_word(Feature.UNKNOWN, "verb")


def list_services(record: AnswerRecord, word: str = "and") -> str:
    """Return the services, without the internet: `WhatsApp and Telegram`, or joined by `or`."""
    named = [item for item in record.platforms.items() if item[0] != WHOLE_INTERNET]
    is_many = len(named) > MOST_SERVICES + 1
    if is_many:  # those with most users are the ones that readers know
        persons = {row["platform_id"]: row.get("imputed_q50_persons") for row in record.audiences}
        named.sort(key=lambda item: -(persons.get(item[0]) or 0.0))
    names = put_counts_last([name_service(name) for _, name in named])
    if is_many:
        any_of = "any of " * (word == "or")
        names = [*names[:MOST_SERVICES], f"{any_of}{len(names) - MOST_SERVICES} other services"]
    return join_names(names, "or" if word == "or" else "standard")


def name_other_ids(record: AnswerRecord) -> str:
    """Return the ids of the event at other publishers: `IODA 10E65557`; blank without one."""
    ids = [row["input_id"] for row in record.figures if row["role"] == FactRole.EVIDENCE]
    outages = (name for name in dict.fromkeys(ids) if name.startswith("ioda-"))
    return ", ".join(f"IODA {name.removeprefix('ioda-')}" for name in outages)


def put_counts_last(names: Sequence[str]) -> list[str]:
    """Return names in their order, those that count services (`58 other Chinese apps`) last."""
    return sorted(names, key=lambda name: name[:1].isdigit())


def name_restriction(record: AnswerRecord) -> str:
    """Return what was done to what, for a title: `block of Alpha`, `shutdown of the internet`."""
    target = "the internet" if record.is_network else list_services(record) or "a service"
    return f"{name_action(record.restriction)} of {target}"


def is_several(record: AnswerRecord) -> bool:
    """Return whether several services, or services of a kind, are restricted."""
    names = record.platforms.values()
    return len(names) > 1 or any(map(PLURAL.search, names))


def name_action(about: Restriction) -> str:
    """Return the action as a noun: `block`."""
    return write_word(Action(about.action), "noun")


def describe_days(record: AnswerRecord) -> str:
    """Return the first day; for a network both days: `from 4 to 26 November 2020`."""
    about = record.restriction
    if about.first_day is None:
        return ""
    if not _is_span(record):
        return say_start(about)
    if about.hours_basis == HoursBasis.EXAMS:
        return f"during exams {say_span(about)}"
    days, times = len((about.days_in_force or "").split(";")), _count_times(about)
    often = f"on {days} days " if days > 1 else f"{times} times " if times > 1 else ""
    return f"{often}{say_span(about)}"


def _is_span(record: AnswerRecord) -> bool:
    """Return whether `describe_days` has both days: of a network that was cut and restored."""
    first, last = record.restriction.first_day, record.restriction.ended_on
    if not (record.is_network and first and last) or "/" in first + last or first == last:
        return False
    return bool(first[: len(last)] <= last)


def name_start(about: Restriction) -> str:
    """Return the first day in words: `8 April 2024`, `around 8 April 2024`."""
    words = _choose_start_words(about)
    return (words[1] if words else "{}").format(dates_in_words(about.first_day))


def _choose_start_words(about: Restriction) -> tuple[str, str] | None:
    is_day = DAY.fullmatch(about.observed_from or "")
    return ROUGH_STARTS.get(about.start_precision) if is_day else None


def say_start(about: Restriction) -> str:
    """Return the first day behind its preposition: `on 8 April 2024`, `around 8 April 2024`."""
    first, words = about.first_day or "", _choose_start_words(about)
    return words[0].format(day_in_words(first)) if words else on_day(first)


def say_span(about: Restriction) -> str:
    """Return the first and the last day: `from around 8 April 2024 to 12 April 2024`."""
    first, last = about.first_day or "", about.ended_on or ""
    if first == last:
        return say_start(about)
    if not _choose_start_words(about) and not about.is_last_report:
        return from_to(first, last)
    until = "until at least" if about.is_last_report else "to"
    return f"from {name_start(about)} {until} {last_day_in_words(last)}"


def _count_span(about: Restriction) -> int | None:
    """Return the days from the first to the last; None where these are not days."""
    first, last = about.first_day or "", about.ended_on or ""
    if not (DAY.fullmatch(first) and DAY.fullmatch(last)):
        return None
    return (date.fromisoformat(last) - date.fromisoformat(first)).days + 1


def _count_times(about: Restriction) -> int:
    """Return how often it was in force; 0 where that is the number of days, as of a single cut."""
    days, times = _count_span(about), int(about.times_in_force or 0)
    is_nightly = 0 < (about.most_hours_a_day or 0) < NIGHTLY_HOURS
    if times < 2 or is_nightly or days is None:
        return times
    return 0 if days - 1 <= times <= days else times


def _comes_back(about: Restriction) -> bool:
    """Return whether its days, times or exams say that it was on and off."""
    is_of_exams = about.hours_basis == HoursBasis.EXAMS
    return bool(about.days_in_force or _count_times(about) or is_of_exams)


def describe_place(record: AnswerRecord) -> str:
    """Return the place, to follow `in`: `Russia`, `parts of Myanmar`."""
    about = record.restriction
    codes, names = about.country_ids.split(";"), about.area_names.split(";")
    named = codes if len(names) != len(codes) or about.is_below else names
    countries = _list_places([*map(area_in_words, codes, named)])
    if about.is_below:
        inside = f", {about.region_name}" if about.region_name else ""
        return f"{_name_places(about)}{inside}, {countries}"
    return countries if about.place is Place.COUNTRY else f"parts of {countries}"


def _name_places(about: Restriction) -> str:
    """Return the places, those that are meant whole before those of which a part is meant."""
    names = about.area_names.split(";")
    if about.place is not Place.PART:
        return _list_places(names)
    items = (about.place_names or ";".join(map(INSIDE.__add__, names))).split(";")
    counted = [item.removesuffix(DOUBT) for item in items if not item.startswith(INSIDE)]
    parts = [item.removeprefix(INSIDE) for item in items if item.startswith(INSIDE)]
    parts = [name for name in parts if name not in counted]  # a town and others of its district
    if len(counted) == len(items):  # each part has its name
        return _list_places(counted)
    inside = f"parts of {_list_places(parts or counted)}"
    return f"{_list_places(counted)} and {inside}" if parts and counted else inside


def _list_places(names: list[str]) -> str:
    several = [f"{'the ' * name.endswith((' Strip', ' Region'))}{name}" for name in names]
    if len(several) > MOST_PLACES + 1:
        several = [*several[:MOST_PLACES], f"{len(several) - MOST_PLACES} other places"]
    return join_names(several)


def describe_timing(record: AnswerRecord) -> list[str]:
    """Return a sentence for each statement on days and hours that the first sentence omits."""
    about, note = record.restriction, record.restriction.note or ""
    announced = followed = ""
    if about.is_planned:
        announced = "Our record does not show that it was carried out."
    elif about.announced_on and about.observed_from not in (None, "", about.announced_on):
        announced = f"It was announced {on_day(about.announced_on)}."
    if about.continues and not (PROLONGED in note or IN_SERIES in note):
        followed = "It followed an earlier restriction."
    sentences = (
        *(announced, followed, _describe_unknown_end(about), _describe_duration(record)),
        *(_describe_outages(about), _describe_loss(about)),
    )
    return [*filter(None, sentences)]


def describe_other_end(about: Restriction) -> str:
    """Return that another source disagrees about the end; blank where none does."""
    if not about.other_end_source:
        return ""
    ours, theirs = "our record holds none", "lists it as ongoing"
    if about.end in (End.DAY, End.WINDOW):
        ours = f"our record has {last_day_in_words(about.ended_on or '')}"
    if about.other_ended_on:
        theirs = f"lists it as over by {day_in_words(about.other_ended_on)}"
    return f"Sources disagree about its end: {ours}; {about.other_end_source} {theirs}."


def _describe_unknown_end(about: Restriction) -> str:
    """Return that no end is on record; blank if one is, or a sentence says who disagrees."""
    if about.end is End.ONGOING and not about.other_end_source:
        return f"Our record holds no end by {day_in_words(about.covered_until)}."
    if about.end is not End.NOT_RECORDED or about.is_planned:
        return ""
    first, _, last = (about.ended_on or "").partition("/")
    if last and about.end_source == EndSource.RECORDED:
        return f"It was over by {day_in_words(last)}."
    is_day = last and DAY.fullmatch(first) and not first.endswith("-01")  # or a month is meant
    is_later = first > (about.first_day or first)
    seen = f"; it was still in force on {day_in_words(first)}" if is_day and is_later else ""
    return f"Its end is not recorded{seen}."


def _describe_duration(record: AnswerRecord) -> str:
    about, note = record.restriction, record.restriction.note or ""
    last = about.ended_on if about.end in (End.DAY, End.WINDOW) else None
    word = "until at least" if about.is_last_report else "until"
    until = f"{word} {last_day_in_words(last)}" if last and last != about.first_day else ""
    ended = "" if _is_span(record) else until
    lasted = ", ".join(filter(None, (ended, _describe_hours(about))))
    if PROLONGED in note:
        return f"It prolonged an earlier restriction{f', {ended}' if ended else ''}."
    if ON_AND_OFF in note and not (lasted.endswith("day") or _comes_back(about)):
        return f"It was on and off{f' {ended}' if ended else ''}."
    if not lasted:
        day = "the same" if _choose_start_words(about) else "that"
        return f"It began and ended on {day} day." if last and not until else ""
    verb = "lasted" if last else "was in force"
    if until and about.hours_basis == HoursBasis.EXAMS:
        verb = "was in force during exams"
    return f"It {verb} {lasted}."


def _describe_outages(about: Restriction) -> str:
    """Return who measured it and for how long, or the hours estimated from similar cuts."""
    count = int(about.evidence_count or 0)
    interval = (about.q05_in_force_hours, about.q50_in_force_hours, about.q95_in_force_hours)
    low, middle, high = ((value or 0.0) for value in interval)
    # Many hours are rounded as people are.
    hours = f"{round_interval(low, middle, high)[1]} hours in all{bracket_interval(low, high)}"
    if high <= max(low, FEW_HOURS):
        ends = f" (likely range {group_digits(low, 1)} to {group_digits(high, 1)})" * (high > low)
        hours = f"{group_digits(middle, 1)} hours in all{ends}"
    seen_by = (about.seen_by_names or "").replace(";", "; ")
    if about.hours is Hours.MEASURED:
        seen = f"{seen_by} saw {'an outage' if count == 1 else f'{count} outages'} in its days"
        fits = middle <= 24.0 * (_count_days(about) or math.inf)
        return f"{seen}: about {hours}." if high and fits and about.end is End.DAY else f"{seen}."
    if about.hours is Hours.SIMILAR and high and about.ended_on == about.first_day:
        return f"Similar shutdowns suggest about {hours}."
    return f"{seen_by} is the source of what was lost." if count else ""


def _describe_loss(about: Restriction) -> str:
    least, most = about.least_lost_share, about.most_lost_share
    if least is None or most is None:
        return ""
    first, last = (f"{share:.0%}".removesuffix("%") for share in (least, most))
    share = first if first == last else f"{first} to {last}" if least else f"up to {last}"
    return f"It took {share}% of the traffic or addresses."


def _describe_hours(about: Restriction) -> str:
    least, most = about.least_hours_a_day, about.most_hours_a_day
    if least is None and most is None:
        return ""
    low, high = least or most or 0.0, most or least or 0.0
    days = 1 if about.times_in_force == 1 else _count_days(about)
    is_daily = days not in (1, 2) and high < NIGHTLY_HOURS  # two dates may be one night
    is_total = days is not None and days <= 31 and not is_daily
    is_whole = days != 1 and low >= 23.9 - (not is_total)  # as days always are
    if is_whole or (is_total and about.is_last_report):
        return ""  # or it lasted longer
    ends = [hours * (days or 1) if is_total else hours for hours in (low, high)]
    first, last = (group_digits(hours, (hours < 3.0) + (hours < FEW_HOURS)) for hours in ends)
    hours = "an hour" if first == last == "1" else f"{first} hours"
    span = hours if first == last else f"{first} to {last} hours"
    if days == 1 and (about.first_day == about.ended_on or about.times_in_force != 1):
        return span
    if is_total:
        return f"{span} in all"
    return f"{span} a day{' on average' * (first != last or not is_daily)}"


def _count_days(about: Restriction) -> int | None:
    """Return the days of a single cut without a break; None where days recur or none are known."""
    if _comes_back(about):
        return None
    if about.times_in_force:
        return int(about.times_in_force)
    return _count_span(about) if about.end is End.DAY else None
