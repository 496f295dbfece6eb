"""Days, countries, regions and services as prose names them."""

import re
from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Literal

from babel import Locale
from babel.dates import format_date
from babel.lists import format_list

from audience_impact.answers.sentences.numbers import LOCALE

_NAMES = {
    "001": "the world",
    "053": "Australia and New Zealand",
    "419": "Latin America and the Caribbean",
    "CD": "the Democratic Republic of the Congo",
    "CG": "the Republic of the Congo",
    "HK": "Hong Kong",
    "MM": "Myanmar",
    "MO": "Macao",
    "PS": "Palestine",
    "VA": "the Vatican",
}
"""Areas whose name in the Unicode locale data is a label, or names a part."""
_WITH_ARTICLE = frozenset(
    (
        *("AE", "BS", "CF", "CK", "DO", "FK", "FO", "GB", "GM", "KM", "KY", "MH", "MP", "MV"),
        *("NL", "PH", "SB", "TC", "UM", "US", "VG", "VI", "019", "029"),
    )
)
"""Countries and regions (the Americas, the Caribbean) that take an article."""
_CODE = re.compile(r"[A-Z]{2}|\d{3}")
_ASSIGNED_BY_USERS = re.compile("Q[M-Z]|X[A-JL-Z]|AA|ZZ")
"""Codes of ISO 3166 that mean whatever their user says; XK is Kosovo everywhere."""


def area_in_words(area_id: str, area_name: str) -> str:
    """A country, region or place as a sentence names it: `Türkiye`, `the Philippines`, `Africa`.

    Countries and regions have the name of the Unicode locale data, others their own, `area_name`.
    """
    if area_id in _NAMES:
        return _NAMES[area_id]
    known = _CODE.fullmatch(area_id) and not _ASSIGNED_BY_USERS.fullmatch(area_id)
    name = _territories().get(area_id, area_name) if known else area_name
    return ("the " if area_id in _WITH_ARTICLE else "") + name.replace(" & ", " and ")


@cache
def _territories() -> dict[str, str]:
    return dict(Locale.parse(LOCALE).territories)


def listed(names: Sequence[str], style: Literal["standard", "or"] = "standard") -> str:
    """`a, b and c`; with style `or` `a, b or c`."""
    return str(format_list(list(names), style=style, locale=LOCALE))


def on_day(text: str) -> str:
    """A day, month, year or span as a date of the facts is written: `on 13 August 2025`."""
    first, _, last = text.partition("/")
    if last:
        return "between " + _span(first, last, " and ")
    return f"{'on' if len(text) == 10 else 'in'} {day_in_words(text)}"


def from_to(first: str, last: str) -> str:
    """From one date of the facts to another: `from 4 to 26 November 2020`."""
    if first == last:
        return on_day(first)
    if len(last) < len(first) and first.startswith(last):
        return f"from {day_in_words(first)} to later in that {'month' if '-' in last else 'year'}"
    return "from " + _span(first, last, " to ")


def _span(first: str, last: str, word: str) -> str:
    """Two dates joined by a word, what they share said once: `4 to 26 November 2020`."""
    begin = day_in_words(first)
    if len(first) == len(last) > 4 and first[:4] == last[:4]:
        pattern = "d" if first[:7] == last[:7] else "d MMMM" if len(first) == 10 else "MMMM"
        begin = str(format_date(_date(first), pattern, LOCALE))
    return f"{begin}{word}{day_in_words(last)}"


def day_in_words(text: str) -> str:
    """A day, month or year of ISO 8601: `13 August 2025`, `July 2025`, `2025`."""
    if not re.fullmatch(r"\d{4}(-\d{2}){0,2}", text):
        return text
    pattern = {4: "y", 7: "MMMM y", 10: "d MMMM y"}[len(text)]
    return str(format_date(_date(text), pattern, LOCALE))


def _date(text: str) -> date:
    return date.fromisoformat((text + "-01-01")[:10])


def service(name: str) -> str:
    """A service within a sentence: `WhatsApp`; what is a kind and no name begins small."""
    is_kind = re.match("[A-Z][a-z]+ [a-z]", name)
    article = "the " if name.endswith(" internet") else ""
    return article + name[0].lower() + name[1:] if is_kind else name
