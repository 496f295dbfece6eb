"""The kinds of column a fact table may have, as pandera fields over the text as written.

Facts are checked as text, before any conversion: a failure then carries the cell exactly
as the maintainer sees it, and no coercion can lose or change a value. Each kind also says,
in its metadata, what type the column has once it passed.
"""

import re
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any, TypeVar

import pandas as pd
import pandera.pandas as pa
from pandera.extensions import register_check_method

from audience_impact import blanks, periods
from audience_impact.periods import SANE_YEARS
from audience_impact.rules import Rule, register
from audience_impact.vocabulary import FindingSeverity, RuleStage

NUMBER = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?$"
DAY = r"^\d{4}-\d{2}-\d{2}$"
LIMIT = 1e12
ONE, SEVERAL = "one", "several"
IDENTIFIER = r"(\*|[A-Za-z0-9][A-Za-z0-9_.:/-]*)"

Run = TypeVar("Run", bound=Callable[..., Any])
RowCheck = Callable[[Any, pd.DataFrame], Any]


class FactModel(pa.DataFrameModel):
    """What all fact tables share: exactly the columns named, in any order."""

    class Config:
        """Unknown columns are refused, so that a misspelt one cannot be lost silently."""

        strict = True


def cell_rule(
    meaning: str,
    advice: str,
    severity: FindingSeverity = FindingSeverity.ERROR,
    number: int | None = None,
) -> Callable[[Run], Run]:
    """Make the function below a rule of single cells, which fields name by its name.

    It takes a column of texts and, under its own name, what the field says of the rule.
    """

    def enter(check: Run) -> Run:
        name = check.__name__
        register(Rule(name, RuleStage.CELLS, severity, meaning, advice, number=number))
        checked: Run = register_check_method(statistics=[name])(check)
        return checked

    return enter


def row_rule(
    meaning: str,
    advice: str,
    *columns: str,
    severity: FindingSeverity = FindingSeverity.ERROR,
    number: int | None = None,
) -> Callable[[RowCheck], Any]:
    """Make the method below, of one model or of several, a rule of several columns of a row.

    Its name is the id; the finding points at the first of `columns` that the table has.
    """

    def enter(method: RowCheck) -> Any:
        name = method.__name__
        register(
            Rule(name, RuleStage.CELLS, severity, meaning, advice, number=number, columns=columns)
        )
        return pa.dataframe_check(name=name)(method)

    return enter


def _numbers(texts: Any) -> Any:
    return pd.to_numeric(texts.where(texts.str.match(NUMBER)), errors="coerce")


@cell_rule(
    "a cell holds nothing but white space, or begins or ends with it; signs of no width count as "
    "well",
    "delete what the finding names",
)
def white_space(texts: Any, *, white_space: bool) -> Any:
    """No cell that looks blank and is not, none that looks like another."""
    return ~blanks.padded(texts)


@cell_rule(
    "a cell that must be filled is blank",
    "fill the cell",
)
def required(texts: Any, *, required: bool) -> Any:
    """No blank cell."""
    return blanks.filled(texts) | (not required)


@cell_rule(
    "the cell is no plain number",
    "write digits, with a point before decimals: 1500000, 0.25",
)
def number(texts: Any, *, number: bool) -> Any:
    """Blank or a plain number."""
    return ~blanks.filled(texts) | texts.str.match(NUMBER)


@cell_rule(
    "the number is below zero",
    "correct the sign",
)
def not_negative(texts: Any, *, not_negative: bool) -> Any:
    """No number below zero; what is no number is another rule's matter."""
    return ~(_numbers(texts) < 0)


@cell_rule(
    "a million million or more: no count of people, accounts or devices is",
    "correct the number, or its unit",
)
def too_large(texts: Any, *, too_large: bool) -> Any:
    """No count beyond anything that can be counted; such a number is a slip of the pen."""
    return ~(_numbers(texts) >= LIMIT)


@cell_rule(
    "a share lies above 1",
    "write a share between 0 and 1: 37 % is 0.37",
    number=20,
)
def share_at_most_one(texts: Any, *, share_at_most_one: bool) -> Any:
    """No share above one."""
    return ~(_numbers(texts) > 1)


@cell_rule(
    "persons and counts are whole numbers",
    "write whole persons",
)
def whole_number(texts: Any, *, whole_number: bool) -> Any:
    """No fraction of a person."""
    values = _numbers(texts)
    return values.isna() | (values % 1 == 0)


@cell_rule(
    "the cell is no ISO 8601 date or period",
    "write 2025, 2025-H1, 2025-Q3, 2025-07, 2025-07-13, or two of them joined by /",
)
def date(texts: Any, *, date: bool) -> Any:
    """Blank or an ISO 8601 date or period that exists in the calendar."""
    return ~blanks.filled(texts) | periods.spans(texts)["start"].notna()


@cell_rule(
    "a day has 24 hours",
    "write the hours of a day in force: 2, 3.5",
)
def most_a_day(texts: Any, *, most_a_day: bool) -> Any:
    """No more hours than a day has."""
    return ~(_numbers(texts) > 24)


@cell_rule(
    "the cell is no list of days",
    "write days as 2025-07-13, several joined by ; without spaces",
)
def list_of_days(texts: Any, *, list_of_days: bool) -> Any:
    """Blank or days that exist in the calendar, separated by semicolons."""
    known = {text: not text.strip() or _all_days(text.split(";")) for text in texts.unique()}
    return texts.map(known).astype("bool")


def _all_days(days: list[str]) -> bool:
    each = pd.Series(days, dtype="str")
    return bool((each.str.match(DAY) & periods.spans(each)["start"].notna()).all())


@cell_rule(
    f"the year lies outside {SANE_YEARS[0]} to {SANE_YEARS[1]}",
    "correct the year; neither figures nor restrictions are older, nor projections later",
)
def sane_year(texts: Any, *, sane_year: bool) -> Any:
    """No day before the internet was public or after the last projection."""
    spans = periods.spans(texts)
    last = spans["end"] - periods.ONE_DAY
    return ~((spans["start"].dt.year < SANE_YEARS[0]) | (last.dt.year > SANE_YEARS[1]))


@cell_rule(
    "the word is not in the vocabulary of the column",
    "take one of the words that the finding lists",
    number=5,
)
def word(texts: Any, *, word: Iterable[str]) -> Any:
    """Blank or one of the words of the vocabulary."""
    return ~blanks.filled(texts) | texts.isin(list(word))


@cell_rule(
    "the cell is no identifier (letters, digits, dot, dash, underscore; colon and slash in places)",
    "write identifiers alone, in a column of several joined by ; without spaces",
)
def identifier(texts: Any, *, identifier: str) -> Any:
    """Blank or an identifier; where there may be SEVERAL, those separated by semicolons."""
    more = f"(;{IDENTIFIER})*" if identifier == SEVERAL else ""
    return texts.str.fullmatch(f"({IDENTIFIER}{more})?")


@cell_rule(
    "the address does not begin with http:// or https://",
    "write the whole address, or leave the cell blank",
)
def web_address(texts: Any, *, web_address: bool) -> Any:
    """Blank or an http address."""
    return ~blanks.filled(texts) | texts.str.match(r"^https?://\S+$")


def _compiles(text: str) -> bool:
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


@cell_rule(
    "the cell says in words of its own that nothing is stated",
    "write `not stated` where it was looked for and is not there; else leave the cell blank",
)
def nothing_stated(texts: Any, *, nothing_stated: bool) -> Any:
    """Blank, what is stated, or the one word for nothing."""
    return ~texts.str.fullmatch(NOTHING_STATED)


@cell_rule(
    "the cell is no SHA-256",
    "run the command that writes the table",
)
def sha256(texts: Any, *, sha256: bool) -> Any:
    """Blank or 64 hexadecimal digits."""
    return ~blanks.filled(texts) | texts.str.fullmatch("[0-9a-f]{64}")


@cell_rule(
    "the cell is no regular expression",
    "correct the expression at the place that Python names",
)
def regular_expression(texts: Any, *, regular_expression: bool) -> Any:
    """A pattern that can be looked for."""
    return texts.map(_compiles).astype("bool")


def _field(kind: str, filled: bool, refers_to: str = "", **checks: Any) -> Any:
    if filled:
        checks["required"] = True
    checks["white_space"] = True
    told = {"kind": kind, "refers_to": refers_to, "filled": "yes" if filled else ""}
    return pa.Field(nullable=False, metadata=told, **checks)


def optional(field: Any) -> Any:
    """A column that a file may lack: all its cells are blank then."""
    field.metadata["optional"] = "yes"
    return field


def hours() -> Any:
    """Hours on a day."""
    return _field("number", False, number=True, not_negative=True, most_a_day=True)


def days() -> Any:
    """Days, separated by semicolons."""
    return _field("text", False, list_of_days=True)


def text(filled: bool = False) -> Any:
    """Free text."""
    return _field("text", filled)


def stated() -> Any:
    """What a page states, or `not stated`."""
    return _field("text", False, nothing_stated=True)


def digest() -> Any:
    """What tells of which bytes something was made."""
    return _field("text", True, sha256=True)


def pattern() -> Any:
    """A regular expression."""
    return _field("text", True, regular_expression=True)


def key() -> Any:
    """The identifier of a row, or a part of it."""
    return _field("key", True, identifier=ONE)


def reference(table: str, filled: bool = True) -> Any:
    """An identifier that another table holds."""
    return _field("reference", filled, table, identifier=ONE)


def references(table: str, filled: bool = True) -> Any:
    """Identifiers that another table holds, separated by semicolons."""
    return _field("reference", filled, table, identifier=SEVERAL)


def code(words: type[StrEnum], filled: bool = True) -> Any:
    """One word of a vocabulary."""
    return _field("code", filled, word=[member.value for member in words])


def day(filled: bool = False) -> Any:
    """An ISO 8601 date, period or interval."""
    return _field("period", filled, date=True, sane_year=True)


def value(filled: bool = False) -> Any:
    """A number at or above zero whose unit stands in the column `unit`."""
    return _field("number", filled, number=True, not_negative=True, too_large=True)


def parameter() -> Any:
    """A number of any sign, such as a mean on a logarithmic scale."""
    return _field("number", True, number=True)


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
