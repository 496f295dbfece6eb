"""What a row of the STOP register cut, why, and whether everyone's: networks or services.

Definitions. The cut of a row is the full network, single services, or both. Its words are the
event, the cause, the reason given and the titles inside the addresses of its sources; its main
words are the first two sentences of the event and the cause, of a row of services the first alone,
since later ones say how it went on. A row is marked nationwide where its area is the country, its
extent the full network and its networks broadband and mobile.

Method: networks or services
----------------------------
A row of the full network and of single services is both where its words say that a network was cut
or slowed, for the cell says so too. It is of services alone where its words speak of services and
never of a network that was cut; a slowed service that is named is a service. Where its words say
neither, it is both if calls were cut as well or a source measures the country, and else of the
services that its cells name, the safer reading. Where they name none, which of both it was is not
known. Fixed lines beside services leave open on which networks the services were cut. "Broadband,
Mobile" is mobile alone where every word of the row that names a network says mobile. Where a
satellite service stands alone beside the networks and the words are about it, the satellite service
was cut, and not the networks on the ground.

Method: whose
-------------
The first that applies is recorded as the reason, and the number of people affected is not known:
1. The area is a country without a part of it.
2. An attack by computers hits the network that was attacked. Service that comes from across a
   border is one network beside those of the country.
3. Attack and damage affect an unknown number of people: nationwide always, elsewhere where the main
   words say that it was partial or a disruption, or do not say that anything was cut off.
4. Nationwide, the first sentence or the cause describes it as partial, or on some, several, most or
   "at least N" networks or places.
5. Elsewhere, of a row whose area is the country: the main words say that it was cut around sites,
   or the row names one operator of a country with others and has no text on the event.
Which operators a text names as hit is read by hand (corrections.csv).

Method: the cause
-----------------
An order comes from an authority, an attack on a network from others; damage has physical causes:
strikes, fire, a cut cable, a failed power grid. The column on who ordered the event has priority; a
military that is named there ordered it. The official reason of a government is not used, because
authorities name sabotage and faults even when they gave orders. If nobody, or somebody other than a
civil authority, gave an order, the details of the cause, the event and the stated reason
distinguish attack and damage. A stated fault counts for nothing where the occasion is one on which
authorities cut networks (protests, elections, exams). If a civil authority is named and the cause
is an attack, the row contradicts itself and the cause is unknown. An event by unknown actors counts
as an order if its reason is one that only an authority can give (exams, order, security), and where
the text says that somebody in power, of whatever country, cut off or ordered it, and no damage but
a lack of power that they may have cut as well.

What an authority admits is no order if the reason that it gives is a fault, sabotage or others'
work. Who ordered it is the name in the cell, unless it is a place; else the kind of body stands; of
several countries it is open whose.

Assumptions. Cells that do not contradict each other are right. Of several operators that are named
others are hit as well.

Drawbacks. A network that was cut in one town counts for the row of a nation that names it. Titles
in other alphabets are not read. An operator named as an example is read as the one that was hit.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from audience_impact.registers.countries import plain_name
from audience_impact.registers.stop.texts import (
    OTHER,
    PHRASES,
    SOURCES,
    Row,
    cause_text,
    first_sentence,
    named_operators,
    operator_key,
    row_words,
    says,
    split_sentences,
)
from audience_impact.vocabulary import Cause, NetworkScope

SERVICES = {
    "facebook_affected": "Facebook",
    "twitter_affected": "Twitter",
    "whatsapp_affected": "WhatsApp",
    "instagram_affected": "Instagram",
    "telegram_affected": "Telegram",
}
"""The columns of services and their names."""
NETWORKS = {
    frozenset({"broadband", "mobile"}): NetworkScope.ALL,
    frozenset({"mobile"}): NetworkScope.MOBILE,
    frozenset({"broadband"}): NetworkScope.FIXED,
    frozenset({"unknown"}): NetworkScope.UNKNOWN,
}
CIVIL = frozenset(
    {
        *("executive government", "state government", "local government"),
        *("law enforcement", "judiciary"),
    }
)
CHOSEN = frozenset({"protests", "elections", "exam cheating", "political instability"})
"""Occasions on which authorities cut networks."""
UNSTATED = frozenset({"", "unknown", "no", "not sure"})
PLACE_LETTERS = 6  # that two spellings of a place share
MAIN_SENTENCES = 2
UNCOUNTED = "{}, not an order: the row does not count whom it cut off"


@dataclass(frozen=True)
class Cut:
    """The answers whether the full network and whether services were cut; `is_known` if clear."""

    full: bool
    services: bool
    is_known: bool = True


def read_cut(row: Row) -> Cut:
    """Return the kind of cut in a row: the full network, services, or both."""
    extent = row["shutdown_extent"]
    full, services = "Full" in extent, "Service" in extent
    if not (full and services):
        return Cut(full, services)
    texts = row_words(row)
    if says("network_cut", *texts, plain_name(row[OTHER])):
        return Cut(True, True)
    names_services = bool(row[OTHER]) or any(row[column] == "Yes" for column in SERVICES)
    slowed = "Shutdown" not in row["shutdown_type"] and names_services
    if slowed or says("service", *texts):
        return Cut(False, True)
    if are_lines_cut(row):
        return Cut(True, True)
    return Cut(False, True) if names_services else Cut(True, True, is_known=False)


def are_lines_cut(row: Row) -> bool:
    """Return whether calls were cut as well, or a source measures the networks of the country."""
    return row["phonecall_affected"] == "Yes" or says("country_link", row[SOURCES])


def read_networks(row: Row) -> tuple[NetworkScope, str]:
    """Return the access networks of a row, and the defect of their wording, if any."""
    is_satellite = row[OTHER].casefold() == "starlink" and "Full" in row["shutdown_extent"]
    if is_satellite and not says("including_satellite", row["event"]):
        is_cut = says("satellite", first_sentence(row["event"]), row["actual_cause_details"])
        return NetworkScope.SATELLITE if is_cut else NetworkScope.UNKNOWN, "satellite_named"
    cut = read_cut(row)
    if not cut.is_known:
        return NetworkScope.UNKNOWN, "extent_mixed"
    parts = (part.strip().casefold() for part in row["affected_network"].split(","))
    names = frozenset(filter(None, parts))
    networks = NETWORKS.get(names)
    if networks is NetworkScope.FIXED and cut.full and cut.services:
        return NetworkScope.UNKNOWN, "extent_mixed"
    if networks is NetworkScope.ALL and cut.full:
        texts = row_words(row)
        rest = PHRASES.pattern("mobile").sub(" ", " ; ".join(texts))
        if says("mobile", *texts) and not says("not_mobile_alone", rest):
            return NetworkScope.MOBILE, ""
    return networks or NetworkScope.UNKNOWN, "word_unknown" if names and not networks else ""


def read_network_reason(row: Row, is_national: bool, operators: Collection[str]) -> str:
    """Return why a row does not cut off everyone in its places; blank if it does.

    Args:
        row: the cells of the row.
        is_national: whether its place is the country.
        operators: the keys of the operators that the register names in the country.
    """
    cut = read_cut(row)
    is_marked = is_national and cut.full and read_networks(row)[0] is NetworkScope.ALL
    reasons = (
        _list_marked_reasons(row) if is_marked else _list_reasons(row, cut, is_national, operators)
    )
    return next(filter(None, reasons), "")


def _list_marked_reasons(row: Row) -> Iterator[str]:
    cause = read_cause(row)
    if cause in (Cause.ATTACK, Cause.DAMAGE):
        yield UNCOUNTED.format(cause.value)
    yield _quote("partial", first_sentence(row["event"]), row["actual_cause_details"])


def _quote(reading: str, *texts: str) -> str:
    passage = PHRASES.find(reading, *texts)
    return f"the text says '{passage[0]}'" if passage else ""


def _list_reasons(
    row: Row, cut: Cut, is_national: bool, operators: Collection[str]
) -> Iterator[str]:
    event = " ".join(split_sentences(row["event"])[: MAIN_SENTENCES if cut.full else 1])
    main = [text for text in (plain_name(event), plain_name(row["actual_cause_details"])) if text]
    cause = read_cause(row)
    if cut.full and says("computers", *main):
        yield "attack, not an order: it hits the network that was attacked"
    if cut.full and says("border", *main):
        yield "service from across the border, beside the networks of the country"
    if cut.full and cause in (Cause.ATTACK, Cause.DAMAGE):
        if passage := PHRASES.find("lessened", *main):
            yield f"{cause.value}, not an order, and the text says '{passage[0]}'"
        if not says("cut_off", *main):
            yield UNCOUNTED.format(cause.value)
    if is_national:
        yield _quote("around_sites", *main)
        named = named_operators(row)
        keys = {operator_key(name) for name in named}
        is_of_one = len(keys) == 1 and bool(set(operators) - keys)
        if is_of_one and not main and not says("country_link", row[SOURCES]):
            yield f"one operator named, and nothing else is said: {named[0]}"


def read_cause(row: Row) -> Cause:
    """Return the cause of the loss of the network."""
    hand, reason = row["ordered_by"].casefold(), row["gov_justification"].casefold()
    details, both = row["actual_cause_details"], cause_text(row)
    if hand in CIVIL:
        return Cause.UNKNOWN if says("attack", details) else Cause.ORDER
    if hand == "military":
        return Cause.ORDER
    if hand == "non-government":
        return _cause_of_others(both, reason)
    if not says("no_motive", reason):
        return Cause.ORDER
    if row["gov_ack"] == "Yes":
        return Cause.UNKNOWN
    if row["actual_cause"].casefold() not in CHOSEN and _is_fault(reason):
        return _cause_of_others(both, reason)
    return _cause_of_others(details, "")


def _is_fault(reason: str) -> bool:
    return "sabotage" in reason or "technical" in reason


def _cause_of_others(text: str, reason: str) -> Cause:
    if says("imposed", text):
        return Cause.ORDER
    if says("attack", text):
        return Cause.ATTACK
    if says("decided", text) and not says("damage", PHRASES.pattern("power").sub(" ", text)):
        return Cause.ORDER
    if says("damage", text) or "technical" in reason:
        return Cause.DAMAGE
    return Cause.ATTACK if "sabotage" in reason else Cause.UNKNOWN


def correct_spelling(text: str) -> str:
    """Return a name of an authority or a law without the slips of the register."""
    slips = dict(PHRASES.phrases["slip"])
    return re.sub(r"\w+", lambda word: slips.get(word[0], word[0]), text)


def read_authority(row: Row) -> list[str]:
    """Return who ordered it or did it, by name and by kind; none where the row contradicts it."""
    hand, name = row["ordered_by"], correct_spelling(row["decision_maker"])
    place = plain_name(name)[:PLACE_LETTERS] if len(name.split()) == 1 else "-"
    if name and place not in plain_name(row["area_name"]):
        return [name, hand]
    if hand.casefold() != "executive government":
        return [hand]
    return [] if ";" in row["country"] else [hand]


def is_admitted(row: Row) -> bool:
    """Return whether an authority admits its own order, or the attack or damage of others."""
    if row["gov_ack"] != "Yes" or row["ordered_by"].casefold() == "non-government":
        return row["gov_ack"] == "Yes"
    texts = (row["gov_ack_quote"], row["gov_just_details"])
    return not (says("fault", *texts) or _is_fault(row["gov_justification"].casefold()))
