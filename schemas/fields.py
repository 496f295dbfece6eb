"""The kinds of column a fact table may have, as pandera fields over the text as written.

Facts are checked as text, before any conversion: a failure then contains the cell exactly as the
maintainer sees it, and no conversion can lose or change a value. The metadata of each kind also
contain the type of the column after conversion.
"""

import math
import re
from collections.abc import Callable, Iterable
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeVar

import pandas as pd
import pandera.pandas as pa
from pandera.extensions import register_check_method

from audience_impact import blanks, periods
from audience_impact.periods import SANE_YEARS
from audience_impact.rules import register_rule
from audience_impact.vocabulary import RuleStage

NUMBER = re.compile(r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?$")
ISO_TIMES: Any = {"format": "ISO8601", "utc": True}
"""Arguments by which pandas reads times with their zone, of any precision."""
ZONED = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})"
DAY = r"^\d{4}-\d{2}-\d{2}$"
LIMIT = 1e12
LAST_NETWORK = 4294967295
ONE, SEVERAL = "one", "several"
IDENTIFIER = r"(\*|[A-Za-z0-9][A-Za-z0-9_.:/-]*)"

Run = TypeVar("Run", bound=Callable[..., Any])
RowCheck = Callable[[Any, pd.DataFrame], Any]


class FactModel(pa.DataFrameModel):
    """The base of all fact tables: exactly the columns of the model, in any order."""

    class Config:
        """Unknown columns are refused, so that a misspelt column is never ignored."""

        strict = True


def cell_rule(check: Run) -> Run:
    """Register a function as a rule of single cells, which fields use by its name.

    The function takes a column of texts and, as a keyword named as the function, the parameter.
    """
    name = register_rule(check.__name__, RuleStage.CELLS)
    checked: Run = register_check_method(statistics=[name])(check)
    return checked


def row_rule(*columns: str, name: str = "") -> Callable[[RowCheck], Any]:
    """Register a method of models as a rule of several columns of a row.

    The id is `name`, else the name of the method. The finding points at the first of `columns` that
    the table has.
    """

    def register_check(method: RowCheck) -> Any:
        rule = register_rule(name or method.__name__, RuleStage.CELLS, columns=columns)
        method.__name__ = rule  # pandera keeps one rule of a name in a model and its heirs
        return pa.dataframe_check(name=rule)(method)

    return register_check


@lru_cache(maxsize=1 << 18)
def _parse_number(text: str) -> float:
    """Return a plain number, NaN for any other text; several rules parse the same texts."""
    return float(text) if NUMBER.match(text) else math.nan


def _parse_numbers(texts: Any) -> Any:
    """Return the plain numbers of a column of texts without missing cells, else NaN."""
    numbers = [*map(_parse_number, texts.to_numpy(dtype="object").tolist())]
    return pd.Series(numbers, texts.index, dtype="float64")


@cell_rule
def white_space(texts: Any, *, white_space: bool) -> Any:
    """Return true for cells that neither begin nor end with white space, nor consist of it."""
    return ~blanks.mark_padded(texts)


@cell_rule
def required(texts: Any, *, required: bool) -> Any:
    """Return true for cells that are not blank."""
    return blanks.mark_filled(texts) | (not required)


@cell_rule
def number(texts: Any, *, number: bool) -> Any:
    """Return true for blank cells and plain numbers."""
    return ~blanks.mark_filled(texts) | _parse_numbers(texts).notna()


@cell_rule
def not_negative(texts: Any, *, not_negative: bool) -> Any:
    """Return true for numbers of at least 0, and for texts that are no numbers."""
    return ~(_parse_numbers(texts) < 0)


@cell_rule
def too_large(texts: Any, *, too_large: bool) -> Any:
    """Return true for counts below a limit above which a number is a misprint."""
    return ~(_parse_numbers(texts) >= LIMIT)


@cell_rule
def share_at_most_one(texts: Any, *, share_at_most_one: bool) -> Any:
    """Return true for shares of at most 1."""
    return ~(_parse_numbers(texts) > 1)


@cell_rule
def whole_number(texts: Any, *, whole_number: bool) -> Any:
    """Return true for whole numbers of persons."""
    values = _parse_numbers(texts)
    return values.isna() | (values % 1 == 0)


@cell_rule
def date(texts: Any, *, date: bool) -> Any:
    """Return true for blank cells and ISO 8601 dates or periods that exist in the calendar."""
    return ~blanks.mark_filled(texts) | periods.parse_periods(texts)["start"].notna()


@cell_rule
def most_a_day(texts: Any, *, most_a_day: bool) -> Any:
    """Return true for numbers of hours of at most 24."""
    return ~(_parse_numbers(texts) > 24)


@cell_rule
def list_of_days(texts: Any, *, list_of_days: bool) -> Any:
    """Return true for blank cells and days of the calendar, separated by semicolons."""
    is_valid = {text: not text.strip() or _all_days(text.split(";")) for text in texts.unique()}
    return texts.map(is_valid).astype("bool")


def _all_days(days: list[str]) -> bool:
    texts = pd.Series(days, dtype="str")
    return bool((texts.str.match(DAY) & periods.parse_periods(texts)["start"].notna()).all())


@cell_rule
def sane_year(texts: Any, *, sane_year: bool) -> Any:
    """Return true for days from the start of the public internet to the last projection."""
    spans = periods.parse_periods(texts)
    last = spans["end"] - periods.ONE_DAY
    return ~((spans["start"].dt.year < SANE_YEARS[0]) | (last.dt.year > SANE_YEARS[1]))


@cell_rule
def word(texts: Any, *, word: Iterable[str]) -> Any:
    """Return true for blank cells and words of the vocabulary."""
    return ~blanks.mark_filled(texts) | texts.isin(list(word))


@cell_rule
def identifier(texts: Any, *, identifier: str) -> Any:
    """Return true for blank cells and identifiers, with SEVERAL also ids joined by semicolons."""
    more = f"(;{IDENTIFIER})*" if identifier == SEVERAL else ""
    return texts.str.fullmatch(f"({IDENTIFIER}{more})?")


@cell_rule
def web_address(texts: Any, *, web_address: bool) -> Any:
    """Return true for blank cells and http addresses."""
    return ~blanks.mark_filled(texts) | texts.str.match(r"^https?://\S+$")


@cell_rule
def time_with_zone(texts: Any, *, time_with_zone: bool) -> Any:
    """Return true for blank cells and times of the calendar with a zone."""
    times = pd.to_datetime(texts.where(texts.str.fullmatch(ZONED)), errors="coerce", **ISO_TIMES)
    return ~blanks.mark_filled(texts) | times.notna()


def _is_expression(text: str) -> bool:
    try:
        re.compile(text)
    except (re.error, OverflowError):
        return False
    return True


NOTHING_STATED = re.compile(
    r"(no|none|nothing|copy states no)( licence| license)?( (stated|given|recorded|known))?|"
    r"n/?a|-+|unknown|not (known|given|available|recorded)",
    re.IGNORECASE,
)


@cell_rule
def nothing_stated(texts: Any, *, nothing_stated: bool) -> Any:
    """Return true for blank cells, statements, and the single word for a missing statement."""
    return ~texts.str.fullmatch(NOTHING_STATED)


@cell_rule
def sha256(texts: Any, *, sha256: bool) -> Any:
    """Return true for blank cells and 64 hexadecimal digits."""
    return ~blanks.mark_filled(texts) | texts.str.fullmatch("[0-9a-f]{64}")


@cell_rule
def regular_expression(texts: Any, *, regular_expression: bool) -> Any:
    """Return true for cells that are valid regular expressions."""
    return texts.map(_is_expression).astype("bool")


@cell_rule
def network_number(texts: Any, *, network_number: bool) -> Any:
    """Return true for whole numbers that registries assign to networks (RFC 6793, RFC 7300)."""
    is_sound = texts.str.fullmatch(r"[1-9]\d*") & _parse_numbers(texts).lt(LAST_NETWORK)
    return ~blanks.mark_filled(texts) | is_sound


def _make_field(
    kind: str, filled: bool, refers_to: str = "", optional: bool = False, **checks: Any
) -> Any:
    """Return a column of a kind; one that is `optional` may be missing, and is then blank."""
    if filled:
        checks["required"] = True
    checks["white_space"] = True
    metadata = {"kind": kind, "refers_to": refers_to, "filled": "yes" if filled else ""}
    metadata |= {"optional": "yes"} if optional else {}
    return pa.Field(nullable=False, metadata=metadata, **checks)


def hours_field(**more: Any) -> Any:
    """Return a column of hours on a day."""
    return _make_field("number", False, number=True, not_negative=True, most_a_day=True, **more)


def text_field(filled: bool = False, **checks: Any) -> Any:
    """Return a column of text; `checks` are the rules of cells that it has to satisfy."""
    return _make_field("text", filled, **checks)


def key_field(**more: Any) -> Any:
    """Return a column of the keys of rows, or of a part of the keys."""
    return _make_field("key", True, identifier=ONE, **more)


def reference_field(table: str, filled: bool = True, **more: Any) -> Any:
    """Return a column of one identifier of another table."""
    return _make_field("reference", filled, table, identifier=ONE, **more)


def references_field(table: str, filled: bool = True, **more: Any) -> Any:
    """Return a column of identifiers of another table, separated by semicolons."""
    return _make_field("reference", filled, table, identifier=SEVERAL, **more)


def code_field(words: type[StrEnum], filled: bool = True, **more: Any) -> Any:
    """Return a column of one word of a vocabulary."""
    return _make_field("code", filled, word=[member.value for member in words], **more)


def day_field(filled: bool = False, **more: Any) -> Any:
    """Return a column of ISO 8601 dates, periods or intervals."""
    return _make_field("period", filled, date=True, sane_year=True, **more)


def value_field(filled: bool = False, **more: Any) -> Any:
    """Return a column of numbers from zero up, whose unit is in the column `unit`."""
    return _make_field("number", filled, number=True, not_negative=True, too_large=True, **more)


def parameter_field(filled: bool = True, **more: Any) -> Any:
    """Return a column of numbers of any sign, such as means on a logarithmic scale."""
    return _make_field("number", filled, number=True, **more)


def persons_field(filled: bool = False, **more: Any) -> Any:
    """Return a column of whole persons."""
    return _make_field(
        "number", filled, number=True, not_negative=True, too_large=True, whole_number=True, **more
    )


def share_field(filled: bool = False, **more: Any) -> Any:
    """Return a column of shares between 0 and 1."""
    return _make_field(
        "number", filled, number=True, not_negative=True, share_at_most_one=True, **more
    )
