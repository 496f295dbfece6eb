"""Names for readers: of countries, regions and services, and of the coded words of the tables.

The meaning and the forms of each word are defined in the vocabulary. A value that is not in the
vocabulary, for example one of a later release, is shown unchanged except that underscores become
blanks.
"""

import csv
import re
import textwrap
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

from babel import Locale
from babel.lists import format_list

from audience_impact.answers.numbers import LOCALE, dates_in_words
from audience_impact.vocabulary import SETS, IntervalKind, Unstated, list_meanings, write_word

DOCUMENTS = Path(__file__).parents[1] / "documents"
WORDS = {re.sub("(?<=.)(?=[A-Z])", "_", name).lower(): kind for name, kind in SETS.items()}
"""Sets of coded words, by the name of their column, for example `obs_status` for ObsStatus."""
OTHERS = {"person_days": "person-days", "no_figure": "no figure at all"}
"""Values of coded columns that are not in the vocabulary."""
BLANK = {"cause": "not said"}
"""Meanings of blank cells, by column, where a blank means something other than "not known"."""
_LANGUAGES = (
    *("fr", "es", "pt", "de", "it", "nl", "tr", "pl", "ru", "uk", "ar", "fa", "ur", "hi"),
    *("bn", "my", "zh", "ja", "ko", "vi", "id", "ms", "sw", "am", "ha"),
)
"""Languages besides English in which countries are found; of two that share a name, the first."""
SHARED_NAMES = dict.fromkeys(("congo", "kongo", "\u043a\u043e\u043d\u0433\u043e"), "congo")
"""Names of several countries, as `make_key` returns them, with the English one."""
TERRITORIES: dict[str, str] = dict(LOCALE.territories)
_CODE = re.compile(r"[A-Z]{2}|\d{3}")
_OCCASION = re.compile(r" \([A-Z]\w+ \d{4}\)$")
_ASSIGNED_BY_USERS = re.compile("Q[M-Z]|X[A-JL-Z]|AA|ZZ")
"""ISO 3166 codes that users may assign freely; XK denotes Kosovo everywhere."""


@cache
def _read_rows(name: str) -> list[dict[str, str]]:
    with (DOCUMENTS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def read_phrases(kind: str) -> dict[str, str]:
    """Return the phrases of a set by their keys, in the order of documents/phrases.csv."""
    return {row["key"]: row["words"] for row in _read_rows("phrases.csv") if row["set"] == kind}


def read_names(kind: str) -> dict[str, str]:
    """Return the ids of a kind of names in documents/names.csv by name."""
    return {row["name"]: row["id"] for row in _read_rows("names.csv") if row["kind"] == kind}


_NAMES = {code: name for name, code in read_names("sentence").items()}
"""Areas whose name in the Unicode locale data is unsuitable for a sentence."""
_LABELS = {code: name for name, code in read_names("label").items()}
"""Names that fit beside a chart, of countries whose full name does not."""
_WITH_ARTICLE = set(read_names("article"))
"""Areas whose name takes an article, for example the Americas."""
_OTHER_NAMES = read_names("area")
"""Names that are in use, or were, and that the locale data do not have."""
NICKNAMES = read_names("service")
"""Services as people call them, or called them, with the id of each."""


@cache
def label_code(value: str | None, kind: str) -> str:
    """Return the short form of a coded value, for a cell or a label."""
    if not isinstance(value, str) or not value:
        return BLANK.get(kind, "not known")
    words = WORDS[kind]
    if value in words.__members__.values():
        return write_word(words(value), "short")
    return OTHERS.get(value, value.replace("_", " "))


def name_source(source: Mapping[str, Any]) -> str:
    """Return the title of a source; without one, its publisher and date."""
    return _stated(source, "title") or name_publisher(source)


def name_publisher(source: Mapping[str, Any]) -> str:
    """Return the publisher of a source and its date, where one is on record."""
    date = _stated(source, "published_on")
    return ", ".join([str(source["publisher"]), *([dates_in_words(date)] if date else [])])


def name_licence(source: Mapping[str, Any]) -> str:
    """Return the licence that a source states, in words; empty where none is on record."""
    licence = _stated(source, "licence")
    return f"licence {licence}" if licence else ""


def _stated(source: Mapping[str, Any], column: str) -> str:
    cell = source.get(column)
    return cell if isinstance(cell, str) and cell != Unstated.NOT_RECORDED else ""


def label_status(cells: Mapping[str, Any]) -> str:
    """Return the confidence in a number in words, which is about the number alone.

    How the number was made stands in its status, which is shown where there is no confidence.
    """
    if level := cells.get("confidence"):
        return label_code(level, "confidence")
    return label_code(cells["obs_status"], "obs_status")


@cache
def explain_code(value: str, kind: str) -> str:
    """Return the meaning of a coded value."""
    return list_meanings(WORDS[kind]).get(value) or value.replace("_", " ")


def capitalise_first(text: str) -> str:
    """Return the text with a capital first letter; `capitalize` would change the other letters."""
    return text[:1].upper() + text[1:]


def shorten(text: str, letters: int) -> str:
    """Return a text of at most so many letters, cut between words."""
    return textwrap.shorten(text, letters, placeholder=" ...")


def name_limit(kind: str) -> str:
    """Return `at least ` or `at most ` to precede a published limit; blank for other figures."""
    is_one_sided = kind in (IntervalKind.ONE_SIDED_MIN, IntervalKind.ONE_SIDED_MAX)
    return f"{write_word(IntervalKind(kind), 'short')} " if is_one_sided else ""


@cache
def name_area(code: str) -> str:
    """Return the name of a country (ISO 3166-1) or a region (UN M49) for a heading."""
    name = area_in_words(code, code)
    return "The world" if code == "001" else name.removeprefix("the ")


def label_area(code: str) -> str:
    """Return the name of a country or a region for a label beside a chart, where room is short."""
    return _LABELS.get(code) or name_area(code)


def area_in_words(area_id: str, area_name: str) -> str:
    """Return the name of a country, region or place in a sentence: `the Philippines`.

    Names of countries and regions are those of the Unicode locale data; places have `area_name`.
    """
    if area_id in _NAMES:
        return _NAMES[area_id]
    has_standard_name = _CODE.fullmatch(area_id) and not _ASSIGNED_BY_USERS.fullmatch(area_id)
    name = TERRITORIES.get(area_id, area_name) if has_standard_name else area_name
    return ("the " if area_id in _WITH_ARTICLE else "") + name.replace(" & ", " and ")


def list_area_names() -> Iterator[tuple[str, str]]:
    """Return each English or official name and code of a country or region, with its code."""
    import pycountry

    yield from ((name, code) for code, name in _NAMES.items())
    yield from _OTHER_NAMES.items()
    yield from _list_names_in(LOCALE)
    for country in pycountry.countries:
        for kind in ("name", "official_name", "common_name", "alpha_3", "alpha_2"):
            if hasattr(country, kind):
                yield getattr(country, kind), country.alpha_2


@cache
def make_key(text: str) -> str:
    """Return the letters and digits of a text, without case, accents and spaces."""
    if text.isascii():
        return re.sub("[^a-z0-9]", "", text.lower())
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in apart if sign.isalnum())


def list_foreign_names() -> Iterator[tuple[str, str]]:
    """Return each name of a country or region in other languages, with its code."""
    for language in _LANGUAGES:
        yield from _list_names_in(language)


def list_month_names() -> Iterator[tuple[str, int]]:
    """Yield each name of a month with its number, in English first, then in other languages."""
    for language in (LOCALE, *_LANGUAGES):
        months = Locale.parse(language).months
        for form in ("format", "stand-alone"):
            yield from ((name, number) for number, name in months[form]["wide"].items())


def _list_names_in(language: str | Locale) -> Iterator[tuple[str, str]]:
    """Return names in a language; of `Myanmar (Burma)` also the parts that no other has."""
    areas = Locale.parse(language).territories.items()
    named = [(name, code) for code, name in areas if _CODE.fullmatch(code)]
    yield from ((text, code) for name, code in named for text in (name, code))
    parts = [
        (part, code) for name, code in named if "(" in name for part in re.split(r"[()]", name)[:2]
    ]
    count = Counter(make_key(part) for part, _ in parts)
    yield from ((part, code) for part, code in parts if count[make_key(part)] == 1)


def join_names(names: Sequence[str], style: Literal["standard", "or"] = "standard") -> str:
    """Return `a, b and c`; with style `or` `a, b or c`."""
    return str(format_list(list(names), style=style, locale=LOCALE))


def drop_occasion(name: str) -> str:
    """Return a name without where and when it was used: `58 other Chinese apps (India 2020)`."""
    return _OCCASION.sub("", name)


def name_service(name: str) -> str:
    """Return the name of a service in a sentence; descriptions begin with a small letter."""
    name = drop_occasion(name)
    is_kind = re.match("[A-Z][a-z]+ [a-z]", name)
    article = "the " if name.endswith(" internet") else ""
    return article + name[0].lower() + name[1:] if is_kind else name
