"""The free text of a row of the STOP register as sentences, and titles of its sources.

Drawbacks. A sentence that begins with a lower-case letter is appended to the previous one.
"""

import re
from collections.abc import Mapping

from audience_impact.registers.gazetteer import plain_name

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ABBREVIATED = "".join(rf"(?<!\b{month})" for month in [*MONTHS, "sept", "approx", "inc"])
SENTENCE_END = re.compile(rf"{_ABBREVIATED}[.!?]\s+(?=[A-Z\"'(])", re.IGNORECASE)
_BEGINS = re.compile(r"[A-Z\"'(]")
ADDRESS = re.compile(r"https?://(?:[\w-]+\.)+[a-z]+/([^\s;#?]*)", re.IGNORECASE)
TITLE_WORDS = 4
"""Minimum number of words for a part of an address to count as a title."""


def split_sentences(text: str) -> list[str]:
    """Return a text cut where a sentence ends and the next begins with a capital."""
    parts, begin = [], 0
    for end in SENTENCE_END.finditer(text):
        if _BEGINS.match(text, end.end()):
            parts.append(text[begin : end.end()].strip())
            begin = end.end()
    return [part for part in (*parts, text[begin:].strip()) if part]


def first_sentence(text: str) -> str:
    """Return the first sentence of a text: the event, before its later course."""
    return next(iter(split_sentences(text)), "")


def source_titles(row: Mapping[str, str]) -> list[str]:
    """Return plain titles inside the addresses of the sources."""
    parts = (part for path in ADDRESS.findall(row["info_source_link"]) for part in path.split("/"))
    plain_parts = (plain_name(part.replace("-", " ").replace("_", " ")) for part in parts)
    return [part for part in plain_parts if len(part.split()) >= TITLE_WORDS and "%" not in part]
