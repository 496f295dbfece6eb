"""The target of a cut by the words of a row: networks or services, which, and how much of them.

Definitions. The cut of a row is the full network, single services, or both. Its words are the
event, the cause and the titles inside the addresses of its sources.

Method. A row of the full network and of single services is both where its words say that a network
was cut or slowed, for the cell says so too. It is of services alone where its words speak of
services and never of a network that was cut; a slowed service that is named is a service. Where its
words say neither, it is both if calls were cut as well or a source measures the country, and else
of the services that its cells name, the safer reading. Where they name none, which of both it was
is not known.

Fixed lines beside services leave open on which networks the services were cut.
"Broadband, Mobile" is mobile alone where every word of the row that names a network says mobile.
Where a satellite service stands alone beside the networks and the words are about it, the
satellite service was cut, and not the networks on the ground.

Drawbacks. A network that was cut in one town counts for the row of a nation that names it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from audience_impact.registers.gazetteer import plain_name
from audience_impact.registers.stop import operators, words
from audience_impact.vocabulary import NetworkScope

OTHER = "other_affected"
SERVICE_COLUMNS = (
    "facebook_affected",
    "twitter_affected",
    "whatsapp_affected",
    "instagram_affected",
    "telegram_affected",
)
NETWORKS = {
    frozenset({"broadband", "mobile"}): NetworkScope.ALL,
    frozenset({"mobile"}): NetworkScope.MOBILE,
    frozenset({"broadband"}): NetworkScope.FIXED,
    frozenset({"unknown"}): NetworkScope.UNKNOWN,
}
_KIND = r"(?:internet|data|network|connectivity|broadband)"
_SERVICE = r"(?:access|services?|connections?|connectivity|data|speeds?|and|sms|mms|phone|lines?)"
_AUXILIARY = (
    r"(?:was|were|is|are|has|have|had|be|been|being|will|remains?|again|also|completely|partially|"
    r"fully|reportedly|and|significantly|severely|entirely|basically)"
)
_CUT = (
    r"(?:suspen\w+|shut\w*|cut\w*|snapp\w+|block\w*|disconnect\w*|down|off|disrupt\w*|disabl\w+|"
    r"halt\w*|unavailable|offline|slow\w*|throttl\w+|restor\w+|switched)"
)
NETWORK_CUT = re.compile(
    rf"\b{_KIND}(?: {_SERVICE}){{0,4}}(?: {_AUXILIARY}){{0,4}} {_CUT}\b|"
    rf"\b{_KIND} (?!users|service providers?)(?:\w+ ){{0,6}}(?:was|were|been|be) (?:\w+ )?{_CUT}\b|"
    rf"\b{_KIND}(?: \w+){{0,5}} slower\b|"
    rf"\b{_KIND} (?:black ?outs?|outages?|shut ?downs?|suspensions?)\b|"
    r"\b[234]g mobile internet\b|\b(?:mobile|communications?) shut ?downs?\b|"
    r"\b(?:complete|total|full) (?:black ?out|shut ?down)\b|"
    r"\b(?:shut\w*|cut\w*|suspend\w*|snapp\w+|disconnect\w*|block\w*|disrupt\w*|throttl\w+|pull\w*)"
    r"(?: (?:down|off|access|to|of|all|the|mobile|and|broadband|fixed)){0,5} internet\b",
)
"""A network that is cut or slowed, in plain words."""
SERVICE_NAMED = re.compile(
    r"\b(?:social (?:media|networks?)|messag\w+|messengers?|apps?|platforms?|whatsapp|facebook|"
    r"twitter|telegram|youtube|instagram|viber|tiktok|skype)\b"
)
MOBILE = re.compile(
    r"\bmobile (?:(?:and|or|data|phone|[2345]g) )*(?:internet|data|services?|networks?|net)\b|"
    r"\bcell ?(?:ular|phones?)\b|\b3g\b"
)
NOT_MOBILE = re.compile(
    r"\b(?:broadband|fixed|wired|wire ?line|wi ?fi|landlines?|leased|fib(?:er|re)|dsl|isps?)\b|"
    r"\ball (?:internet|networks?)\b"
)
INTERNET = re.compile(r"\b(?:internet|net)\b")
SATELLITE = re.compile(r"starlink", re.IGNORECASE)
INCLUDING = re.compile(r"\bincluding starlink", re.IGNORECASE)

Row = Mapping[str, str]


@dataclass(frozen=True)
class Cut:
    """The answers whether the full network and whether services were cut; `is_known` if clear."""

    full: bool
    services: bool
    is_known: bool = True


def row_words(row: Row) -> list[str]:
    """Return the words of a row in plain text: event, cause, reason given, and titles."""
    cells = ("event", "actual_cause_details", "gov_just_details")
    return [*(plain_name(row[column]) for column in cells), *words.source_titles(row)]


def names_services(row: Row) -> bool:
    """Return whether the cells of a row name a service."""
    return bool(row[OTHER]) or any(row[column] == "Yes" for column in SERVICE_COLUMNS)


def read_cut(row: Row) -> Cut:
    """Return the kind of cut in a row: the full network, services, or both."""
    extent = row["shutdown_extent"]
    full, services = "Full" in extent, "Service" in extent
    if not (full and services):
        return Cut(full, services)
    texts = row_words(row)
    if any(NETWORK_CUT.search(text) for text in (*texts, plain_name(row[OTHER]))):
        return Cut(True, True)
    slowed = "Shutdown" not in row["shutdown_type"] and names_services(row)
    if slowed or any(SERVICE_NAMED.search(text) for text in texts):
        return Cut(False, True)
    if are_lines_cut(row):
        return Cut(True, True)
    return Cut(False, True) if names_services(row) else Cut(True, True, is_known=False)


def are_lines_cut(row: Row) -> bool:
    """Return whether calls were cut as well, or a source measures the networks of the country."""
    return row["phonecall_affected"] == "Yes" or operators.measures_country(row)


def is_mobile_alone(row: Row) -> bool:
    """Return whether every word for a network in a row means a mobile network."""
    texts = row_words(row)
    rest = " ; ".join(MOBILE.sub(" ", text) for text in texts)
    is_named = any(MOBILE.search(text) for text in texts)
    return is_named and not NOT_MOBILE.search(rest) and not INTERNET.search(rest)


def _is_satellite_named(row: Row) -> bool:
    """Return whether a satellite service is the only item in the cell of other services."""
    is_alone = SATELLITE.fullmatch(row[OTHER]) and not INCLUDING.search(row["event"])
    return bool(is_alone) and "Full" in row["shutdown_extent"]


def is_satellite_cut(row: Row) -> bool:
    """Return whether a satellite service was cut and the networks on the ground were not."""
    main_texts = (words.first_sentence(row["event"]), row["actual_cause_details"])
    return _is_satellite_named(row) and any(SATELLITE.search(text) for text in main_texts)


def read_networks(row: Row) -> tuple[NetworkScope, str]:
    """Return the access networks of a row, and the defect of their wording, if any."""
    names = frozenset(
        part.strip().casefold() for part in row["affected_network"].split(",") if part.strip()
    )
    if is_satellite_cut(row):
        return NetworkScope.SATELLITE, "satellite_named"
    if _is_satellite_named(row):
        return NetworkScope.UNKNOWN, "satellite_named"
    cut = read_cut(row)
    if not cut.is_known:
        return NetworkScope.UNKNOWN, "extent_mixed"
    networks = NETWORKS.get(names)
    if networks is NetworkScope.FIXED and cut.full and cut.services:
        return NetworkScope.UNKNOWN, "extent_mixed"
    if networks is NetworkScope.ALL and cut.full and is_mobile_alone(row):
        return NetworkScope.MOBILE, ""
    return networks or NetworkScope.UNKNOWN, "word_unknown" if names and not networks else ""
