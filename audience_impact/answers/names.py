"""Names for readers: of countries, regions and services, and of the coded words of the tables.

The meaning and the forms of each word stand with it in the vocabulary. A value that the vocabulary
does not hold is shown as it stands, with its underscores as blanks: it may come from a release that
knows more words.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Literal

from babel import Locale
from babel.lists import format_list

from audience_impact.answers.numbers import LOCALE
from audience_impact.vocabulary import IntervalKind, Word

WORDS = {
    re.sub("(?<=.)(?=[A-Z])", "_", kind.__name__).lower(): kind for kind in Word.__subclasses__()
}
"""The kinds of words, each by its name as a column has it: `obs_status` for ObsStatus."""
OTHERS = {"person_days": "person-days", "no_figure": "no figure at all"}
"""Values of such a column that are no words of the vocabulary."""
BLANK = {"cause": "not said"}
"""Meanings of a blank cell, by column, where it is not "not known"."""
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


def label_code(value: str | None, kind: str) -> str:
    """Return a coded value as a cell or a label has it."""
    if not isinstance(value, str) or not value:
        return BLANK.get(kind, "not known")
    words = WORDS[kind]
    return words(value).short if value in words else OTHERS.get(value, value.replace("_", " "))


def explain_code(value: str, kind: str) -> str:
    """Return what a coded value means, in the words of the vocabulary."""
    return WORDS[kind].list_meanings().get(value) or value.replace("_", " ")


def capitalise_first(text: str) -> str:
    """Return the text with a capital at its begin; `capitalize` would make the rest small."""
    return text[:1].upper() + text[1:]


def name_limit(kind: str) -> str:
    """Return `at least ` or `at most ` before a figure of others that says so; else nothing."""
    is_one_sided = kind in (IntervalKind.ONE_SIDED_MIN, IntervalKind.ONE_SIDED_MAX)
    return f"{IntervalKind(kind).short} " if is_one_sided else ""


@cache
def name_area(code: str) -> str:
    """Return the name of a country (ISO 3166-1) or a region (UN M49) as a heading has it."""
    name = area_in_words(code, code)
    return "The world" if code == "001" else name.removeprefix("the ")


def area_in_words(area_id: str, area_name: str) -> str:
    """Return a country, region or place as a sentence names it: `Türkiye`, `the Philippines`.

    Countries and regions have the name of the Unicode locale data, others their own, `area_name`.
    """
    if area_id in _NAMES:
        return _NAMES[area_id]
    has_standard_name = _CODE.fullmatch(area_id) and not _ASSIGNED_BY_USERS.fullmatch(area_id)
    name = _load_territories().get(area_id, area_name) if has_standard_name else area_name
    return ("the " if area_id in _WITH_ARTICLE else "") + name.replace(" & ", " and ")


@cache
def _load_territories() -> dict[str, str]:
    return dict(Locale.parse(LOCALE).territories)


def join_names(names: Sequence[str], style: Literal["standard", "or"] = "standard") -> str:
    """Return `a, b and c`; with style `or` `a, b or c`."""
    return str(format_list(list(names), style=style, locale=LOCALE))


def name_service(name: str) -> str:
    """Return a service within a sentence: `WhatsApp`; what is a kind and no name begins small."""
    is_kind = re.match("[A-Z][a-z]+ [a-z]", name)
    article = "the " if name.endswith(" internet") else ""
    return article + name[0].lower() + name[1:] if is_kind else name
