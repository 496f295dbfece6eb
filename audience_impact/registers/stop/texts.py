"""The texts of a row of the STOP register: sentences, titles of its sources, and operators.

Definitions. An operator is a company that sells access; its key is its name without owner, country
and accents, so that different spellings in two rows have the same key.

Drawbacks. A sentence that begins with a lower-case letter is appended to the previous one. A list
of operators without commas is split only after brackets, so that too few may be counted.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from audience_impact.registers.countries import plain_name
from audience_impact.registers.phrase_tables import read_phrases

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
OWNER = re.compile(r"\([^()]*\)")


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
    plain_parts = (
        plain_name(re.sub("[-_]", " ", part)) for path in paths for part in path.split("/")
    )
    return [part for part in plain_parts if len(part.split()) >= TITLE_WORDS and "%" not in part]


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
    return tuple(
        dict.fromkeys(part for part in parts if operator_key(part) and not says("authority", part))
    )


def operator_key(name: str) -> str:
    """Return the key of an operator: equal for two spellings of one operator."""
    return plain_name(OWNER.sub(" ", name)) or plain_name(name)
