"""Operators that a row of the STOP register names, in their column and in links to its sources.

Definitions. An operator is a company that sells access; its key is its name without owner, country
and accents, so that different spellings in two rows have the same key. A network number (AS)
belongs to one operator.

Drawbacks. A list without commas is split only after brackets, so that too few operators may be
counted.
"""

import re
from collections.abc import Mapping

from audience_impact.registers.gazetteer import country_parts, plain_name

COLUMN = "telcos_involved"
LINKS = "info_source_link"
PREFIX = re.compile(r"^([A-Z][\w .'()-]{2,40}?):\s*(?=\S)")
SEPARATORS = re.compile(r"[,;]|\band\b|(?<=\))\s+(?=[A-Z])")
OWNER = re.compile(r"\([^()]*\)")
EVERY = re.compile(r"\ball\b.*\b(telcos?|operators?|providers?|isps?|networks?)\b", re.IGNORECASE)
OFFICE = re.compile(r"\b(ministry|government|authority)\b", re.IGNORECASE)
"""Pattern of authorities, which may order restrictions but sell no access."""
NETWORK_LINK = re.compile(r"(?:/asn/|/(?:traffic/|quality/)?as)(\d{2,6})\b", re.IGNORECASE)
COUNTRY_LINK = re.compile(
    r"ioda[\w.]*/[^\s;]*country/[A-Z]{2}|radar\.cloudflare\.com/(?:traffic/)?[a-z]{2}(?=[?#;\s]|$)",
    re.IGNORECASE,
)
"""Pattern of links to a measurement of a whole country."""


def named_operators(row: Mapping[str, str]) -> tuple[str, ...]:
    """Return operators as printed, without their country; none if the row names all of them."""
    cell = row[COLUMN]
    if EVERY.search(cell):
        return ()
    parts = (PREFIX.sub("", part.strip()).strip(" .") for part in SEPARATORS.split(cell))
    return tuple(
        dict.fromkeys(part for part in parts if operator_key(part) and not OFFICE.search(part))
    )


def operator_key(name: str) -> str:
    """Return the key of an operator: equal for two spellings of one operator."""
    return plain_name(OWNER.sub(" ", name)) or plain_name(name)


def operator_names(name: str) -> frozenset[str]:
    """Return the names of an operator in texts: its name, the first word of it, and its owner."""
    owners = (plain_name(owner) for owner in OWNER.findall(name))
    plain_key = operator_key(name)
    return frozenset({plain_key, plain_key.split(" ")[0], *owners}) - {""}


def operator_countries(row: Mapping[str, str]) -> frozenset[str]:
    """Return the countries whose operators a row names, as it prints them."""
    matches = (PREFIX.match(part.strip()) for part in SEPARATORS.split(row[COLUMN]))
    return frozenset(match[1] for match in matches if match)


def network_numbers(row: Mapping[str, str]) -> frozenset[str]:
    """Return the numbers of single networks whose measurement the sources show."""
    return frozenset(NETWORK_LINK.findall(row[LINKS]))


def measures_country(row: Mapping[str, str]) -> bool:
    """Return whether a source measures the country as a whole."""
    return bool(COUNTRY_LINK.search(row[LINKS]))


def country_names(row: Mapping[str, str]) -> tuple[str, ...]:
    """Return plain names of the countries of a row: printed, short, and of its operators."""
    cells = country_parts(row["country"])
    short = [re.split(r"[(,]", cell)[0] for cell in cells]
    return tuple(
        sorted({plain_name(name) for name in (*cells, *short, *operator_countries(row))} - {""})
    )
