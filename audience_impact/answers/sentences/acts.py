"""What was done to which service or network, and when, as a sentence says it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audience_impact.answers.sentences.names import from_to, listed, on_day, service
from audience_impact.vocabulary import (
    WHOLE_INTERNET,
    Action,
    Cause,
    EvidenceState,
    Feature,
    NetworkScope,
)

MOST_SERVICES = 5
"""Services that are named; of more the first are, and the others counted."""
FEATURES: dict[str, tuple[str, str]] = {
    Feature.TEXT_MESSAGE: ("text messages", "sent text messages on"),
    Feature.VOICE_MESSAGE: ("voice messages", "sent voice messages on"),
    Feature.VOICE_CALL: ("voice calls", "made voice calls on"),
    Feature.VIDEO_CALL: ("video calls", "made video calls on"),
    Feature.GROUP_CALL: ("group calls", "made group calls on"),
    Feature.MEDIA_TRANSFER: ("media files", "sent media files on"),
    Feature.FILE_TRANSFER: ("files", "sent files on"),
    Feature.CHANNEL: ("channels", "followed channels on"),
    Feature.FEED: ("feeds", "read the feed of"),
    Feature.LIVE_STREAM: ("live videos", "used live video on"),
    Feature.SEARCH: ("searches", "searched on"),
    Feature.REGISTRATION: ("new registrations", "registered with"),
    Feature.LOGIN: ("logins", "logged in to"),
    Feature.PAYMENT: ("payments", "paid on"),
    Feature.BOT_API: ("bots", "used bots on"),
    Feature.APP_DISTRIBUTION: ("downloads", "downloaded"),
    Feature.WEB_CLIENT: ("web versions", "used the web version of"),
    Feature.UNKNOWN: ("some functions", "used the restricted functions of"),
}
"""What is restricted, and what those did who used it."""
CALLS = {Feature.VOICE_CALL.value, Feature.VIDEO_CALL.value}
DONE: dict[str, str] = {
    Action.BLOCK: "blocked",
    Action.THROTTLE: "slowed",
    Action.DEGRADE: "restricted",
    Action.INTERMITTENT: "cut at times",
    Action.DELIST: "delisted",
    Action.LEGAL_BAN_ONLY: "banned by law",
    Action.SERVICE_WITHDRAWAL: "withdrawn",
    Action.NETWORK_SHUTDOWN: "shut down",
    Action.UNKNOWN: "restricted",
}
BY_CAUSE: dict[str, str] = {
    Cause.ATTACK: "cut off by an attack",
    Cause.DAMAGE: "cut off by damage",
    Cause.UNKNOWN: "cut off",
}
"""What is said of a shutdown that no order is known for."""
DEED: dict[str, str] = {
    Action.BLOCK: "block",
    Action.THROTTLE: "slowdown",
    Action.LEGAL_BAN_ONLY: "legal ban",
    Action.SERVICE_WITHDRAWAL: "withdrawal",
    Action.NETWORK_SHUTDOWN: "shutdown",
}
NETWORKS: dict[str, str] = {
    NetworkScope.MOBILE: "mobile networks",
    NetworkScope.FIXED: "fixed lines",
    NetworkScope.SATELLITE: "satellite links",
}
PLURAL = re.compile(r"\b(apps|media|platforms|services|websites)\b", re.IGNORECASE)
UNNAMED = "what was restricted"
"""Said of an act whose targets are not on record."""
SOME_NETWORKS = (NetworkScope.ASN_LIST, NetworkScope.UNKNOWN)
"""Scopes of networks that have no name of their own."""


@dataclass(frozen=True)
class Act:
    """The words of an act.

    Attributes:
        used: What the people did before: `used WhatsApp or Telegram`, `were online`.
        users_did: What the users of the restricted features did: `made calls on WhatsApp`.
        link: The word that joins people and act, or none.
        done: What was done: `calls on them were restricted on 13 August 2025`.
        done_to_such: The same behind `users_did`: `such calls were restricted on 13 August 2025`.
        is_of_feature: Whether functions of services are restricted, and no service as a whole.
        is_network: Whether the internet is, and no service alone.
    """

    used: str
    users_did: str
    link: str
    done: str
    done_to_such: str
    is_of_feature: bool
    is_network: bool


def act(told: Mapping[str, Any]) -> Act:
    """The words for what happened."""
    network = any(target["platform_id"] == WHOLE_INTERNET for target in told["targets"])
    return _of_network(told) if network else _of_services(told)


def is_planned(told: Mapping[str, Any]) -> bool:
    """Whether it was announced, and not seen to be carried out."""
    unseen = told["evidence_state"] in (EvidenceState.OK, EvidenceState.INSUFFICIENT)
    return bool(told["announced_on"] and not told["observed_from"] and unseen)


def _of_network(told: Mapping[str, Any]) -> Act:
    networks = NETWORKS.get(told["network_scope"])
    through = f" through {networks} alone" if networks else ""
    if is_planned(told):
        done = f"a {deed(told)} of {'these' if networks else 'the internet'} was announced"
        return Act(f"were online{through}", "", " when ", f"{done} {when(told)}", "", False, True)
    done = f"{_network_verb(told)} there {when(told)}".rstrip()
    if told["network_scope"] in SOME_NETWORKS:
        only = "were online only through the networks"
        return Act(only, "", " ", f"that were {done}", "", False, True)
    subject = "these were" if networks else "the internet was"
    return Act(f"were online{through}", "", " when ", f"{subject} {done}", "", False, True)


def _network_verb(told: Mapping[str, Any]) -> str:
    if told["action"] == Action.NETWORK_SHUTDOWN and told["cause"] in BY_CAUSE:
        return BY_CAUSE[told["cause"]]
    return DONE[told["action"]]


def _of_services(told: Mapping[str, Any]) -> Act:
    named, many = services(told, "or") or UNNAMED, is_several(told)
    features = {target["feature"] for target in told["targets"]}
    is_of_feature = bool(features) and Feature.WHOLE_SERVICE not in features
    noun, did = feature_words(features - {Feature.WHOLE_SERVICE})
    networks = NETWORKS.get(told["network_scope"])
    through = f" over {networks} alone" if networks else ""
    it, were = ("them", "they were") if many else ("it", "it was")
    subject = f"{noun} on {it} were" if is_of_feature else _mixed(told) or were
    verb = f"{DONE[told['action']]}{' on these' if networks else ''}"
    if is_planned(told):
        thing = f"{noun} on {it}" if is_of_feature else it
        subject, verb = f"a {deed(told)} of {thing} was", "announced"
    day = when(told)
    return Act(
        f"used {named}{through}",
        f"{did} {named}{through}",
        " before ",
        f"{subject} {verb} {day}".rstrip(),
        f"{subject if is_planned(told) else f'such {noun} were'} {verb} {day}".rstrip(),
        is_of_feature,
        False,
    )


def _mixed(told: Mapping[str, Any]) -> str:
    """What was restricted, where some services were as a whole and others in part."""
    features: dict[str, set[str]] = {}
    for target in told["targets"]:
        features.setdefault(target["platform_id"], set()).add(target["feature"])
    parts: dict[str, list[str]] = {}
    for platform, name in platforms(told).items():
        of = features[platform]
        whole = Feature.WHOLE_SERVICE in of
        parts.setdefault("" if whole else feature_words(of)[0], []).append(service(name))
    if len(parts) < 2:
        return ""
    said = [f"{noun} on {listed(own)}" if noun else listed(own) for noun, own in parts.items()]
    return f"{', and '.join(said)} were"


def feature_words(features: set[str]) -> tuple[str, str]:
    """What is restricted, and what its users did, for the features of a restriction."""
    if features == CALLS:
        return "calls", "made calls on"
    known = [words for feature, words in FEATURES.items() if feature in features]
    if len(known) == 1:
        return known[0]
    return listed([noun for noun, _ in known]), "used the restricted functions of"


def platforms(told: Mapping[str, Any]) -> dict[str, str]:
    """Return the names of the platforms of a restriction by their ids, in their order."""
    return {target["platform_id"]: target["platform_name"] for target in told["targets"]}


def services(told: Mapping[str, Any], word: str = "and") -> str:
    """The services: `WhatsApp and Telegram`, or as alternatives (`or`), the internet left out."""
    named = platforms(told).items()
    names = [service(name) for platform, name in named if platform != WHOLE_INTERNET]
    if len(names) > MOST_SERVICES + 1:
        any_of = "any of " * (word == "or")
        names = [*names[:MOST_SERVICES], f"{any_of}{len(names) - MOST_SERVICES} other services"]
    return listed(names, "or" if word == "or" else "standard")


def is_several(told: Mapping[str, Any]) -> bool:
    """Whether several services are restricted, or what is named is a kind of services."""
    names = list(platforms(told).values())
    return len(names) > 1 or any(map(PLURAL.search, names))


def deed(told: Mapping[str, Any]) -> str:
    """The act as a noun: `block`."""
    return DEED.get(told["action"], "restriction")


def start(told: Mapping[str, Any]) -> str | None:
    """The day of the act: when it was announced or when it was seen, whichever is later."""
    dates = [date for date in (told["announced_on"], told["observed_from"]) if date]
    return max(dates, default=None)


def when(told: Mapping[str, Any]) -> str:
    """On which day, or of a network from when to when: `from 4 to 26 November 2020`."""
    first, last = start(told), told["ended_on"]
    if first is None:
        return ""
    if not is_span(told):
        return on_day(first)
    days = len((told["days_in_force"] or "").split(";"))
    return f"on {days} days {from_to(first, last)}" if days > 1 else from_to(first, last)


def is_span(told: Mapping[str, Any]) -> bool:
    """Whether `when` says the end as well: of what is cut off while it lasts."""
    network = any(target["platform_id"] == WHOLE_INTERNET for target in told["targets"])
    first, last = start(told), told["ended_on"]
    if not (network and first and last) or "/" in first + last or first == last:
        return False
    return bool(first[: len(last)] <= last)
