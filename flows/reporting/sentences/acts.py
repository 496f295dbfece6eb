"""What was done to which service or network, and when, as a sentence says it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audience_impact.vocabulary import (
    WHOLE_INTERNET,
    Action,
    Cause,
    EndStatus,
    Feature,
    NetworkScope,
)
from flows.reporting.sentences.names import day_in_words, from_to, listed, on_day, service

MOST_SERVICES = 5
"""Services that are named; of more the first are, and the others counted."""
ONE_FEATURE: dict[str, tuple[str, str]] = {
    Feature.TEXT_MESSAGE: ("text messages", "sent text messages on"),
    Feature.VOICE_MESSAGE: ("voice messages", "sent voice messages on"),
    Feature.VOICE_CALL: ("voice calls", "made voice calls on"),
    Feature.VIDEO_CALL: ("video calls", "made video calls on"),
    Feature.GROUP_CALL: ("group calls", "made group calls on"),
    Feature.MEDIA_TRANSFER: ("pictures and videos", "sent pictures or videos on"),
    Feature.FILE_TRANSFER: ("files", "sent files on"),
    Feature.CHANNEL: ("channels", "followed channels on"),
    Feature.FEED: ("the feed", "read the feed of"),
    Feature.LIVE_STREAM: ("live video", "used live video on"),
    Feature.SEARCH: ("search", "searched on"),
    Feature.REGISTRATION: ("new registrations", "registered with"),
    Feature.LOGIN: ("logins", "logged in to"),
    Feature.PAYMENT: ("payments", "paid on"),
    Feature.BOT_API: ("bots", "used bots on"),
    Feature.APP_DISTRIBUTION: ("downloads of the app", "downloaded the app of"),
    Feature.WEB_CLIENT: ("the web version", "used the web version of"),
    Feature.UNKNOWN: ("some functions", "used the restricted functions of"),
}
"""What is restricted, and what its users did."""
CALLS = {Feature.VOICE_CALL, Feature.VIDEO_CALL}
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
    Action.BLOCK: "a block",
    Action.THROTTLE: "a slowdown",
    Action.LEGAL_BAN_ONLY: "a legal ban",
    Action.SERVICE_WITHDRAWAL: "the withdrawal",
    Action.NETWORK_SHUTDOWN: "a shutdown",
}
NETWORKS: dict[str, str] = {
    NetworkScope.MOBILE: "mobile networks",
    NetworkScope.FIXED: "fixed lines",
    NetworkScope.SATELLITE: "satellite links",
}


@dataclass(frozen=True)
class Act:
    """The words of an act.

    Attributes:
        used: What the people did before: `used WhatsApp or Telegram`, `were online`.
        users_did: What the users of the restricted features did: `made calls on WhatsApp`.
        done: What was done, with its day: `calls on them were restricted on 13 August 2025`.
        is_of_feature: Whether functions of a service are restricted, and no service as a whole.
        is_network: Whether the internet is, and no service alone.
    """

    used: str
    users_did: str
    done: str
    is_of_feature: bool
    is_network: bool


def act(told: Mapping[str, Any]) -> Act:
    """The words for what happened."""
    network = any(target["platform_id"] == WHOLE_INTERNET for target in told["targets"])
    return _of_network(told) if network else _of_services(told)


def is_planned(told: Mapping[str, Any]) -> bool:
    """Whether it was announced, and not seen to be carried out."""
    shown = told["evidence_state"] not in ("ok", "insufficient")
    return bool(told["announced_on"] and not told["observed_from"] and not shown)


def _of_network(told: Mapping[str, Any]) -> Act:
    networks = NETWORKS.get(told["network_scope"])
    through = f" through {networks} alone" if networks else ""
    if is_planned(told):
        what = "these" if networks else "the internet"
        done = f"{_deed(told)} of {what} was announced {_start(told)}"
    else:
        subject = "these were" if networks else "the internet was"
        done = f"{subject} {_network_verb(told)} there {when(told)}"
    return Act(f"were online{through}", "", done, False, True)


def _network_verb(told: Mapping[str, Any]) -> str:
    if told["action"] == Action.NETWORK_SHUTDOWN and told["cause"] in BY_CAUSE:
        return BY_CAUSE[told["cause"]]
    return DONE[told["action"]]


def _of_services(told: Mapping[str, Any]) -> Act:
    named, many = services(told), len(told["platforms"].split(", ")) > 1
    features = {target["feature"] for target in told["targets"]}
    is_of_feature = Feature.WHOLE_SERVICE not in features
    noun, did = feature_words(features - {Feature.WHOLE_SERVICE})
    networks = NETWORKS.get(told["network_scope"])
    through = f" over {networks} alone" if networks else ""
    it = "them" if many else "it"
    if is_planned(told):
        done = f"{_deed(told)} of {f'{noun} on {it}' if is_of_feature else it} was announced"
        done = f"{done} {_start(told)}"
    else:
        subject = f"{noun} on {it} were" if is_of_feature else "they were" if many else "it was"
        done = f"{subject} {DONE[told['action']]}{' on these' if networks else ''} {_start(told)}"
    return Act(f"used {named}{through}", f"{did} {named}{through}", done, is_of_feature, False)


def feature_words(features: set[str]) -> tuple[str, str]:
    """What is restricted, and what its users did, for the features of a restriction."""
    if features == CALLS:
        return "calls", "made calls on"
    known = [words for feature, words in ONE_FEATURE.items() if feature in features]
    if len(known) == 1:
        return known[0]
    return listed([noun for noun, _ in known]), "used the restricted functions of"


def services(told: Mapping[str, Any]) -> str:
    """The services as alternatives: `WhatsApp or Telegram`."""
    names = [service(name) for name in told["platforms"].split(", ")]
    if len(names) > MOST_SERVICES + 1:
        names = [*names[:MOST_SERVICES], f"any of {len(names) - MOST_SERVICES} other services"]
    return listed(names, "or")


def _deed(told: Mapping[str, Any]) -> str:
    return DEED.get(told["action"], "a restriction")


def _start(told: Mapping[str, Any]) -> str:
    """On which day it was announced, or seen where it was not announced."""
    first = told["announced_on"] or told["observed_from"]
    return on_day(first) if first else "on a day that is not known"


def when(told: Mapping[str, Any]) -> str:
    """On which day or from when to when: `from 4 to 26 November 2020`."""
    first, last = told["observed_from"] or told["announced_on"], told["ended_on"]
    if not first or not last or "/" in first or "/" in last:
        return _start(told)
    days = (told["days_in_force"] or "").split(";")
    if len(days) > 1:
        return f"on {len(days)} days {from_to(first, last)}"
    return from_to(first, last)


def duration(told: Mapping[str, Any], is_dated: bool) -> str:
    """A sentence on how long it lasted; `is_dated`: the end was said already."""
    if told["end_status"] == EndStatus.ONGOING:
        return f"It was still in force on {day_in_words(told['as_of'])}."
    last = told["ended_on"]
    if not last:
        return "When it ended is not known."
    if is_dated:
        return ""
    first = told["observed_from"] or told["announced_on"]
    return "It lasted a day." if first == last else f"It ended {on_day(last)}."
