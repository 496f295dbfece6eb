"""What a row of the STOP register cut: networks or services, which, and whether everyone's.

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
1. The area is a country but a part of it.
2. An attack by computers hits the network that was attacked. Service that comes from across a
   border is one network beside those of the country.
3. Attack and damage affect an unknown number of people: nationwide always, elsewhere where the main
   words say that it was partial or a disruption, or do not say that anything was cut off.
4. Nationwide, the first sentence or the cause describes it as partial, or on some, several, most or
   "at least N" networks or places.
5. Elsewhere, the row names one operator of a country with others, and its words say that it was cut
   on, through or by the operator, or the row has no other text; or another of the country did not
   carry it out.

Assumptions. Cells that do not contradict each other are right. Of several operators that are named
others are hit as well.

Drawbacks. A network that was cut in one town counts for the row of a nation that names it. Titles
in other alphabets are not read. An operator named as an example is read as the one that was hit.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from audience_impact.registers.gazetteer import plain_name
from audience_impact.registers.stop.cause import read_cause
from audience_impact.registers.stop.texts import (
    OTHER,
    PHRASES,
    Row,
    country_names,
    first_sentence,
    measures_country,
    named_operators,
    operator_key,
    operator_names,
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
GENERIC = frozenset(
    {"telecom", "telecoms", "national", "local", "state", "mobile", "internet", "network", "free"}
)
"""First words of operators that are words of texts as well."""
MAIN_SENTENCES = 2
UNCOUNTED = "{}, not an order: the row does not count whom it cut off"


@dataclass(frozen=True)
class Cut:
    """The answers whether the full network and whether services were cut; `is_known` if clear."""

    full: bool
    services: bool
    is_known: bool = True


def names_services(row: Row) -> bool:
    """Return whether the cells of a row name a service."""
    return bool(row[OTHER]) or any(row[column] == "Yes" for column in SERVICES)


def read_cut(row: Row) -> Cut:
    """Return the kind of cut in a row: the full network, services, or both."""
    extent = row["shutdown_extent"]
    full, services = "Full" in extent, "Service" in extent
    if not (full and services):
        return Cut(full, services)
    texts = row_words(row)
    if says("network_cut", *texts, plain_name(row[OTHER])):
        return Cut(True, True)
    slowed = "Shutdown" not in row["shutdown_type"] and names_services(row)
    if slowed or says("service", *texts):
        return Cut(False, True)
    if are_lines_cut(row):
        return Cut(True, True)
    return Cut(False, True) if names_services(row) else Cut(True, True, is_known=False)


def are_lines_cut(row: Row) -> bool:
    """Return whether calls were cut as well, or a source measures the networks of the country."""
    return row["phonecall_affected"] == "Yes" or measures_country(row)


def is_mobile_alone(row: Row) -> bool:
    """Return whether every word for a network in a row means a mobile network."""
    texts = row_words(row)
    rest = PHRASES.pattern("mobile").sub(" ", " ; ".join(texts))
    return says("mobile", *texts) and not says("not_mobile_alone", rest)


def _is_satellite_named(row: Row) -> bool:
    is_alone = row[OTHER].casefold() == "starlink" and "Full" in row["shutdown_extent"]
    return is_alone and not says("including_satellite", row["event"])


def read_networks(row: Row) -> tuple[NetworkScope, str]:
    """Return the access networks of a row, and the defect of their wording, if any."""
    if _is_satellite_named(row):
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
    if networks is NetworkScope.ALL and cut.full and is_mobile_alone(row):
        return NetworkScope.MOBILE, ""
    return networks or NetworkScope.UNKNOWN, "word_unknown" if names and not networks else ""


def read_network_reason(
    row: Row, cut: Cut, is_national: bool, is_marked: bool, operators: Collection[str]
) -> str:
    """Return why a row does not cut off everyone in its places; blank if it does.

    Args:
        row: the cells of the row.
        cut: the kind of cut of the row.
        is_national: whether its place is the country.
        is_marked: whether it is marked nationwide.
        operators: the keys of the operators that the register names in the country.
    """
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
    if cut.full and says("computers", *main):
        yield "attack, not an order: it hits the network that was attacked"
    if cut.full and says("border", *main):
        yield "service from across the border, beside the networks of the country"
    if cut.full:
        yield _damage_reason(row, main)
    named = named_operators(row)
    others = set(operators) - {operator_key(name) for name in named}
    if named and others:
        yield _operator_reason(row, main, named, others)
    if is_national:
        yield _quote("around_sites", *main)
        is_silent = not row["event"] and not row["actual_cause_details"]
        is_of_one = len({operator_key(name) for name in named}) == 1 and others
        if is_of_one and is_silent and not measures_country(row):
            yield f"one operator named, and nothing else is said: {named[0]}"


def _damage_reason(row: Row, main: list[str]) -> str:
    cause = read_cause(row)
    if cause not in (Cause.ATTACK, Cause.DAMAGE):
        return ""
    if passage := PHRASES.find("lessened", *main):
        return f"{cause.value}, not an order, and the text says '{passage[0]}'"
    if says("cut_off", *main):
        return ""
    return UNCOUNTED.format(cause.value)


def _operator_reason(row: Row, main: list[str], named: Sequence[str], others: set[str]) -> str:
    parts = {part for name in named for part in (name, *name.split("/"))}
    names = {key for part in parts for key in operator_names(part)}
    names -= {*GENERIC, *country_names(row)}
    is_one = len({operator_key(name) for name in named}) == 1
    if is_one and PHRASES.find_named("hit", main, operator=sorted(names)):
        return f"one operator named: {named[0]}"
    spared = {name for key in others for name in operator_names(key)} - GENERIC
    if PHRASES.find_named("spared", [plain_name(row["event"])], operator=sorted(spared)):
        return f"some operators named, and another stayed: {', '.join(named)}"
    return ""
