"""What the words of a row of the STOP register say: sentences, operators, networks and cause.

Definitions. An operator is a company that sells access. The cut of a row is the full network,
single services, or both.

Method: networks or services
----------------------------
The cell of the extent decides; of a row of both without a text the services that it names. Fixed
lines beside services leave open on which networks the services were cut. "Broadband, Mobile" is
mobile alone where every word of the row that names a network says mobile: in the event, the cause,
the reason given and the titles inside the addresses of its sources. Where a satellite service
stands alone beside the networks and the words are about it, the satellite service was cut, and not
the networks on the ground.

Method: whose
-------------
Attack and damage affect an unknown number of people. Other rows that do not cut off everyone in
their places, because a text says so or names the operators that were hit, are read by hand
(corrections.csv).

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
work.

Assumptions. Cells that do not contradict each other are right.

Drawbacks. Titles in other alphabets are not read. In a new edition, words such as "partial" say
nothing until somebody reads the row. A sentence that begins with a lower-case letter is appended to
the previous one. A list of operators without commas is split only after brackets, so that too few
may be counted.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from audience_impact.registers.countries import plain_name
from audience_impact.registers.phrase_tables import read_phrases
from audience_impact.vocabulary import Cause, NetworkScope

Row = Mapping[str, str]
PHRASES = read_phrases(Path(__file__).with_name("phrases.csv"))
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_BEGINS = re.compile(r"[A-Z\"'(]")
TITLE_WORDS = 4
"""Minimum number of words for a part of an address to count as a title."""
OPERATORS, SOURCES = "telcos_involved", "info_source_link"
OTHER = "other_affected"
COUNTRY_PREFIX = re.compile(r"^([A-Z][\w .'()-]{2,40}?):\s*(?=\S)")
SEPARATORS = re.compile(r"[,;]|\band\b|(?<=\))\s+(?=[A-Z])")
_WITH_COLUMN = ("Facebook", "Twitter", "WhatsApp", "Instagram", "Telegram")
SERVICES = {f"{name.lower()}_affected": name for name in _WITH_COLUMN}
"""The columns of services and their names."""
NETWORKS = {
    frozenset({"broadband", "mobile"}): NetworkScope.ALL,
    frozenset({"mobile"}): NetworkScope.MOBILE,
    frozenset({"broadband"}): NetworkScope.FIXED,
    frozenset({"unknown"}): NetworkScope.UNKNOWN,
}
_GOVERNMENTS = {f"{level} government" for level in ("executive", "state", "local")}
CIVIL = _GOVERNMENTS | {"law enforcement", "judiciary"}
CHOSEN = frozenset({"protests", "elections", "exam cheating", "political instability"})
"""Occasions on which authorities cut networks."""
UNSTATED = frozenset({"", "unknown", "no", "not sure"})
UNCOUNTED = "{}, not an order: the row does not count whom it cut off"


def says(reading: str, *texts: str) -> bool:
    """Return whether one of the texts has a phrase of the reading."""
    return PHRASES.find(reading, *texts) is not None


@lru_cache(maxsize=10_000)
def split_sentences(text: str) -> tuple[str, ...]:
    """Return a text cut where a sentence ends and the next begins with a capital."""
    parts, begin = [], 0
    for end in PHRASES.pattern("sentence_end").finditer(text):
        if _BEGINS.match(text, end.end()):
            parts.append(text[begin : end.end()].strip())
            begin = end.end()
    return tuple(part for part in (*parts, text[begin:].strip()) if part)


def first_sentence(text: str) -> str:
    """Return the first sentence of a text: the event, before its later course."""
    return next(iter(split_sentences(text)), "")


def source_titles(row: Row) -> list[str]:
    """Return plain titles inside the addresses of the sources."""
    paths = re.findall(r"https?://(?:[\w-]+\.)+[a-z]+/([^\s;#?]*)", row[SOURCES], re.IGNORECASE)
    parts = (part for path in paths for part in re.sub("[-_]", " ", path).split("/"))
    titles = map(plain_name, parts)
    return [title for title in titles if len(title.split()) >= TITLE_WORDS and "%" not in title]


def row_words(row: Row) -> list[str]:
    """Return the words of a row in plain text: event, cause, reason given, and titles."""
    cells = ("event", "actual_cause_details", "gov_just_details")
    return [*(plain_name(row[column]) for column in cells), *source_titles(row)]


def event_text(row: Row) -> str:
    """Return the texts on the event and its cause."""
    return f"{row['event']} {row['actual_cause_details']}"


def cause_text(row: Row) -> str:
    """Return the texts on the cause and then on the event."""
    return f"{row['actual_cause_details']}. {row['event']}"


def named_operators(row: Row) -> tuple[str, ...]:
    """Return operators as printed, without their country; none if the row names all of them."""
    cell = row[OPERATORS]
    if says("all_operators", cell):
        return ()
    parts = (COUNTRY_PREFIX.sub("", part.strip()).strip(" .") for part in SEPARATORS.split(cell))
    names = (part for part in parts if plain_name(part) and not says("authority", part))
    return tuple(dict.fromkeys(names))


def is_full_network(row: Row) -> bool:
    """Return whether a row cut a network; of both without a text, it cut what its cells name."""
    extent = row["shutdown_extent"]
    return "Full" in extent and ("Service" not in extent or bool(event_text(row).strip()))


def read_networks(row: Row) -> tuple[NetworkScope, str]:
    """Return the access networks of a row, and the defect of their wording, if any."""
    is_satellite = row[OTHER].casefold() == "starlink" and is_full_network(row)
    if is_satellite and not says("including_satellite", row["event"]):
        is_cut = says("satellite", first_sentence(row["event"]), row["actual_cause_details"])
        return NetworkScope.SATELLITE if is_cut else NetworkScope.UNKNOWN, "satellite_named"
    is_full, has_services = is_full_network(row), "Service" in row["shutdown_extent"]
    parts = (part.strip().casefold() for part in row["affected_network"].split(","))
    names = frozenset(filter(None, parts))
    networks = NETWORKS.get(names)
    if networks is NetworkScope.FIXED and is_full and has_services:
        return NetworkScope.UNKNOWN, "extent_mixed"
    if networks is NetworkScope.ALL and is_full:
        texts = row_words(row)
        rest = PHRASES.pattern("mobile").sub(" ", " ; ".join(texts))
        if says("mobile", *texts) and not says("not_mobile_alone", rest):
            return NetworkScope.MOBILE, ""
    return networks or NetworkScope.UNKNOWN, "word_unknown" if names and not networks else ""


def read_network_reason(row: Row) -> str:
    """Return why a row does not cut off everyone in its places; blank if it does."""
    cause = read_cause(row)
    is_uncounted = is_full_network(row) and cause in (Cause.ATTACK, Cause.DAMAGE)
    return UNCOUNTED.format(cause.value) if is_uncounted else ""


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


def is_admitted(row: Row) -> bool:
    """Return whether an authority admits its own order, or the attack or damage of others."""
    if row["gov_ack"] != "Yes" or row["ordered_by"].casefold() == "non-government":
        return row["gov_ack"] == "Yes"
    texts = (row["gov_ack_quote"], row["gov_just_details"])
    return not (says("fault", *texts) or _is_fault(row["gov_justification"].casefold()))
