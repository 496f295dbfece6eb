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
1. The area is qualified in its own words ("several areas of", "most of").
2. An attack by computers hits the network that was attacked. Service that comes from across a
   border is one network beside those of the country.
3. Attack and damage affect an unknown number of people: nationwide always, elsewhere where the main
   words say that it was partial or a disruption, or do not say that anything was cut off.
4. Nationwide, the first sentence or the cause describes it as partial, or on some, several, most or
   "at least N" networks or places; a later edition counts it as single services.
5. The row names one operator of a country with others, and ties the event to it: nationwide unless
   the words say that the country was cut; elsewhere where the words say that it was cut on, through
   or by the operator, or the row has no other text; or another of the country did not carry it out.

Assumptions. Cells that do not contradict each other are right. Of several operators that are named
others are hit as well.

Drawbacks. A network that was cut in one town counts for the row of a nation that names it. Titles
in other alphabets are not read. An operator named as an example is read as the one that was hit.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from audience_impact.registers.gazetteer import plain_name
from audience_impact.registers.stop.cause import CIVIL, read_cause
from audience_impact.registers.stop.texts import (
    OTHER,
    PHRASES,
    Row,
    country_names,
    first_sentence,
    measures_country,
    named_operators,
    network_numbers,
    operator_key,
    operator_names,
    row_words,
    says,
    source_titles,
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
MONOPOLY_ROWS = 3
"""Number of rows of a country after which an operator that is always the only one named counts as
the only operator.
"""
GENERIC = frozenset(
    {"telecom", "telecoms", "national", "local", "state", "mobile", "internet", "network", "free"}
)
"""First words of operators that are words of texts as well."""
MAIN_SENTENCES = 2


@dataclass(frozen=True)
class Cut:
    """The answers whether the full network and whether services were cut; `is_known` if clear."""

    full: bool
    services: bool
    is_known: bool = True


@dataclass(frozen=True)
class RegisterContext:
    """Information on a row from other rows: operators of its country, and later editions.

    `rows_naming` gives for each operator key how many rows of the country name it; `later_services`
    states whether a later edition counts the same event as single services.
    """

    rows_naming: Mapping[str, int] = field(default_factory=dict)
    later_services: bool = False

    def is_only(self, key: str) -> bool:
        """Return whether this is the only operator of the country in the register, and frequent."""
        return set(self.rows_naming) == {key} and self.rows_naming[key] >= MONOPOLY_ROWS

    def has_others(self, keys: Collection[str]) -> bool:
        """Return whether the register names an operator of the country other than these."""
        return bool(set(self.rows_naming) - set(keys))


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


def read_place_reason(row: Row) -> str:
    """Return why a row marked nationwide affects a part of the country; blank if it affects all."""
    qualified = PHRASES.find("partial", row["area_name"])
    return f"the area cell says '{qualified[0]}'" if qualified else ""


def read_network_reason(
    row: Row, cut: Cut, is_national: bool, is_marked: bool, context: RegisterContext
) -> str:
    """Return why a row does not cut off everyone in its places; blank if it does.

    Args:
        row: the cells of the row.
        cut: the kind of cut of the row.
        is_national: whether its place is the country.
        is_marked: whether it is marked nationwide.
        context: the evidence in other rows.
    """
    reasons = (
        _list_marked_reasons(row, context)
        if is_marked
        else _list_reasons(row, cut, is_national, context)
    )
    return next(filter(None, reasons), "")


def _list_marked_reasons(row: Row, context: RegisterContext) -> Iterator[str]:
    cause = read_cause(row)
    if cause in (Cause.ATTACK, Cause.DAMAGE):
        yield f"{cause.value}, not an order: the row does not count whom it cut off"
    if cause is Cause.UNKNOWN and row["ordered_by"].casefold() in CIVIL:
        yield "said to be ordered, and to be an attack"
    if row["ordered_by"].casefold() == "non-government":
        yield "no order: the row does not count whom it cut off"
    yield _quote("partial", first_sentence(row["event"]), row["actual_cause_details"])
    yield _operator_of_country(row, context)
    yield "a later edition counts it as single services" if context.later_services else ""


def _quote(reading: str, *texts: str) -> str:
    passage = PHRASES.find(reading, *texts)
    return f"the text says '{passage[0]}'" if passage else ""


def _operator_of_country(row: Row, context: RegisterContext) -> str:
    named = named_operators(row)
    keys = {operator_key(name) for name in named}
    if len(keys) != 1 or context.is_only(next(iter(keys))):
        return ""
    names = sorted({key for name in named for key in operator_names(name)})
    texts = [plain_name(row["event"]), plain_name(row["actual_cause_details"])]
    is_tied = PHRASES.find_named("tied", texts, operator=names)
    is_measured = measures_country(row) and not network_numbers(row)
    if not is_tied and (_says_everyone(row) or is_measured):
        return ""
    return f"one operator named: {named[0]}"


def _says_everyone(row: Row) -> bool:
    names, titles = country_names(row), source_titles(row)
    return PHRASES.find_named("everyone", row_words(row), country=names) or PHRASES.find_named(
        "everyone_by_title", titles, country=names
    )


def _list_reasons(row: Row, cut: Cut, is_national: bool, context: RegisterContext) -> Iterator[str]:
    event = " ".join(split_sentences(row["event"])[: MAIN_SENTENCES if cut.full else 1])
    main = [text for text in (plain_name(event), plain_name(row["actual_cause_details"])) if text]
    if cut.full and says("computers", *main):
        yield "attack, not an order: it hits the network that was attacked"
    if cut.full and says("border", *main):
        yield "service from across the border, beside the networks of the country"
    if cut.full:
        yield _damage_reason(row, main)
    yield _operator_reason(row, main, context)
    if is_national:
        yield _quote("around_sites", *main)
        yield _silent_reason(row, context)


def _damage_reason(row: Row, main: list[str]) -> str:
    cause = read_cause(row)
    if cause not in (Cause.ATTACK, Cause.DAMAGE):
        return ""
    if passage := PHRASES.find("lessened", *main):
        return f"{cause.value}, not an order, and the text says '{passage[0]}'"
    if says("cut_off", *main):
        return ""
    return f"{cause.value}, not an order: the row does not count whom it cut off"


def _operator_reason(row: Row, main: list[str], context: RegisterContext) -> str:
    named = named_operators(row)
    keys = {operator_key(name) for name in named}
    if not named or not context.has_others(keys):
        return ""
    parts = {part for name in named for part in (name, *name.split("/"))}
    names = {key for part in parts for key in operator_names(part)}
    names -= {*GENERIC, *country_names(row)}
    if len(keys) == 1 and PHRASES.find_named("hit", main, operator=sorted(names)):
        return f"one operator named: {named[0]}"
    others = {name for key in set(context.rows_naming) - keys for name in operator_names(key)}
    event = [plain_name(row["event"])]
    if PHRASES.find_named("spared", event, operator=sorted(others - GENERIC)):
        return f"some operators named, and another stayed: {', '.join(named)}"
    return ""


def _silent_reason(row: Row, context: RegisterContext) -> str:
    named = named_operators(row)
    keys = {operator_key(name) for name in named}
    is_silent = not row["event"] and not row["actual_cause_details"] and not measures_country(row)
    if len(keys) != 1 or not is_silent or not context.has_others(keys):
        return ""
    return f"one operator named, and nothing else is said: {named[0]}"
