"""The kinds of column a fact table may have, as pandera fields over the text as written.

Facts are checked as text, before any conversion: a failure then carries the cell exactly
as the maintainer sees it, and no coercion can lose or change a value. Each kind also says,
in its metadata, what type the column has once it passed.
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import pandas as pd
import pandera.pandas as pa
from pandera.extensions import register_check_method

from audience_impact import blanks, periods

NUMBER = r"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?$"
DAY = r"^\d{4}-\d{2}-\d{2}$"
LIMIT = 1e12
IDENTIFIER = re.compile(r"^(\*|[A-Za-z0-9][A-Za-z0-9_.-]*)$")

MEANINGS = {
    "white_space": "a cell holds nothing but white space, or begins or ends with it; signs of no "
    "width count as well",
    "required": "a cell that must be filled is blank",
    "number": "the cell is no plain number",
    "not_negative": "the number is below zero",
    "too_large": "a million million or more: no count of people, accounts or devices is",
    "share_at_most_one": "a share lies above 1",
    "whole_number": "persons and counts are whole numbers",
    "date": "the cell is no ISO 8601 date or period",
    "most_a_day": "a day has 24 hours",
    "list_of_days": "the cell is no list of days (YYYY-MM-DD) separated by semicolons",
    "word": "the word is not in the vocabulary of the column",
    "identifier": "the cell is no identifier (letters, digits, dot, dash, underscore)",
    "regular_expression": "the cell is no regular expression",
    "web_address": "the address does not begin with http:// or https://",
}
"""Rule id of each column rule and what it means when it fails; `key_repeats` etc. are in rules."""


class FactModel(pa.DataFrameModel):
    """What all fact tables share: exactly the columns named, in any order."""

    class Config:
        """Unknown columns are refused, so that a misspelt one cannot be lost silently."""

        strict = True


def _numbers(texts: Any) -> Any:
    return pd.to_numeric(texts.where(texts.str.match(NUMBER)), errors="coerce")


@register_check_method(statistics=["white_space"])
def white_space(texts: Any, *, white_space: bool) -> Any:
    """No cell that looks blank and is not, none that looks like another."""
    return ~blanks.padded(texts)


@register_check_method(statistics=["required"])
def required(texts: Any, *, required: bool) -> Any:
    """No blank cell."""
    return blanks.filled(texts) | (not required)


@register_check_method(statistics=["number"])
def number(texts: Any, *, number: bool) -> Any:
    """Blank or a plain number."""
    return ~blanks.filled(texts) | texts.str.match(NUMBER)


@register_check_method(statistics=["not_negative"])
def not_negative(texts: Any, *, not_negative: bool) -> Any:
    """No number below zero; what is no number is another rule's matter."""
    return ~(_numbers(texts) < 0)


@register_check_method(statistics=["too_large"])
def too_large(texts: Any, *, too_large: bool) -> Any:
    """No count beyond anything that can be counted; such a number is a slip of the pen."""
    return ~(_numbers(texts) >= LIMIT)


@register_check_method(statistics=["share_at_most_one"])
def share_at_most_one(texts: Any, *, share_at_most_one: bool) -> Any:
    """No share above one."""
    return ~(_numbers(texts) > 1)


@register_check_method(statistics=["whole_number"])
def whole_number(texts: Any, *, whole_number: bool) -> Any:
    """No fraction of a person."""
    values = _numbers(texts)
    return values.isna() | (values % 1 == 0)


@register_check_method(statistics=["date"])
def date(texts: Any, *, date: bool) -> Any:
    """Blank or an ISO 8601 date or period that exists in the calendar."""
    return ~blanks.filled(texts) | periods.spans(texts)["start"].notna()


@register_check_method(statistics=["most_a_day"])
def most_a_day(texts: Any, *, most_a_day: bool) -> Any:
    """No more hours than a day has."""
    return ~(_numbers(texts) > 24)


@register_check_method(statistics=["list_of_days"])
def list_of_days(texts: Any, *, list_of_days: bool) -> Any:
    """Blank or days that exist in the calendar, separated by semicolons."""
    known = {text: not text.strip() or _all_days(text.split(";")) for text in texts.unique()}
    return texts.map(known).astype("bool")


def _all_days(days: list[str]) -> bool:
    told = pd.Series(days, dtype="str")
    return bool((told.str.match(DAY) & periods.spans(told)["start"].notna()).all())


@register_check_method(statistics=["word"])
def word(texts: Any, *, word: Iterable[str]) -> Any:
    """Blank or one of the words of the vocabulary."""
    return ~blanks.filled(texts) | texts.isin(list(word))


@register_check_method(statistics=["identifier"])
def identifier(texts: Any, *, identifier: bool) -> Any:
    """Blank or identifiers separated by semicolons."""
    known = {
        text: all(IDENTIFIER.match(part) for part in text.split(";") if text)
        for text in texts.unique()
    }
    return texts.map(known)


@register_check_method(statistics=["web_address"])
def web_address(texts: Any, *, web_address: bool) -> Any:
    """Blank or an http address."""
    return ~blanks.filled(texts) | texts.str.match(r"^https?://\S+$")


def _compiles(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return True


@register_check_method(statistics=["regular_expression"])
def regular_expression(texts: Any, *, regular_expression: bool) -> Any:
    """A pattern that can be looked for."""
    return texts.map(_compiles).astype("bool")


def _field(kind: str, filled: bool, refers_to: str = "", **checks: Any) -> Any:
    if filled:
        checks["required"] = True
    checks["white_space"] = True
    return pa.Field(nullable=False, metadata={"kind": kind, "refers_to": refers_to}, **checks)


def optional(field: Any) -> Any:
    """A column that a file may lack: all its cells are blank then."""
    field.metadata["optional"] = "yes"
    return field


def text(filled: bool = False) -> Any:
    """Free text."""
    return _field("text", filled)


def pattern() -> Any:
    """A regular expression."""
    return _field("text", True, regular_expression=True)


def key() -> Any:
    """The identifier of a row, or a part of it."""
    return _field("key", True, identifier=True)


def reference(table: str, filled: bool = True) -> Any:
    """Identifiers that another table holds; several are separated by semicolons."""
    return _field("reference", filled, table, identifier=True)


def code(words: type[StrEnum], filled: bool = True) -> Any:
    """One word of a vocabulary."""
    return _field("code", filled, word=[member.value for member in words])


def day(filled: bool = False) -> Any:
    """An ISO 8601 date, period or interval."""
    return _field("period", filled, date=True)


def value(filled: bool = False) -> Any:
    """A number at or above zero whose unit stands in the column `unit`."""
    return _field("number", filled, number=True, not_negative=True, too_large=True)


def parameter() -> Any:
    """A number of any sign, such as a mean on a logarithmic scale."""
    return _field("number", True, number=True)


def hours() -> Any:
    """Hours on a day."""
    return _field("number", False, number=True, not_negative=True, most_a_day=True)


def days() -> Any:
    """Days, separated by semicolons."""
    return _field("text", False, list_of_days=True)


def persons(filled: bool = False) -> Any:
    """A whole number of people."""
    return _field(
        "number", filled, number=True, not_negative=True, too_large=True, whole_number=True
    )


def share(filled: bool = False) -> Any:
    """A share between 0 and 1."""
    return _field("number", filled, number=True, not_negative=True, share_at_most_one=True)


def address() -> Any:
    """A web address."""
    return _field("text", False, web_address=True)
