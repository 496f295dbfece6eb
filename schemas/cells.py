"""The kinds of cell that a fact table may have, and the rules of single cells.

Facts are checked as text, before any conversion: a failure then contains the cell exactly as the
maintainer sees it, and no conversion can lose or change a value.
"""

import math
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import pandas as pd

from audience_impact import periods, vocabulary
from audience_impact.periods import SANE_YEARS
from audience_impact.plain_text import mark_filled, mark_padded
from audience_impact.rules import register_rule
from audience_impact.vocabulary import RuleStage

NUMBER = re.compile(r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?$")
ISO_TIMES: Any = {"format": "ISO8601", "utc": True}
"""Arguments by which pandas reads times with their zone, of any precision."""
ZONED = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})"
DAY = r"^\d{4}-\d{2}-\d{2}$"
LIMIT = 1e12
LAST_NETWORK = 4294967295
"""Number up to which registries assign numbers to networks (RFC 6793, RFC 7300)."""
ONE, SEVERAL = "one", "several"
IDENTIFIER = r"(\*|[A-Za-z0-9][A-Za-z0-9_.:/-]*)"
NOTHING_STATED = re.compile(
    r"(no|none|nothing|copy states no)( licence| license)?( (stated|given|recorded|known))?|"
    r"n/?a|-+|unknown|not (known|given|available|recorded)",
    re.IGNORECASE,
)
"""Words for a missing statement other than the one word of the vocabulary."""

_COUNT = {"number": True, "not_negative": True, "too_large": True}
KINDS: dict[str, dict[str, Any]] = {
    "key": {"identifier": ONE},
    "reference": {"identifier": ONE},
    "references": {"identifier": SEVERAL},
    "code": {},
    "text": {},
    "period": {"date": True, "sane_year": True},
    "parameter": {"number": True},
    "value": _COUNT,
    "persons": {**_COUNT, "whole_number": True},
    "share": {"number": True, "not_negative": True, "share_at_most_one": True},
    "hours": {"number": True, "not_negative": True, "most_a_day": True},
}
"""The rules of each kind of column, with their parameters.

`list_rules` adds the words of a code and the rule of a text. The unit of a `value` is in the column
`unit`, a `parameter` has any sign, and a `period` is a date, a period or an interval.
"""
NUMBERS = ("parameter", "value", "persons", "share", "hours")


def list_rules(kind: str, of: str, is_filled: bool) -> dict[str, Any]:
    """Return the rules of a column with their parameters.

    `of` is the vocabulary of a code, by its name, or the rule of a text.
    """
    rules: dict[str, Any] = {"required": True} if is_filled else {}
    rules |= {"white_space": True, **KINDS[kind]}
    if kind == "code":
        rules["word"] = [member.value for member in getattr(vocabulary, of)]
    if kind == "text" and of:
        rules[of] = True
    return rules


@lru_cache(maxsize=1 << 18)
def _parse_number(text: str) -> float:
    """Return a plain number, NaN for any other text; several rules parse the same texts."""
    return float(text) if NUMBER.match(text) else math.nan


def _parse_numbers(texts: Any) -> Any:
    numbers = [*map(_parse_number, texts.to_numpy(dtype="object").tolist())]
    return pd.Series(numbers, texts.index, dtype="float64")


def _are_identifiers(texts: Any, identifier: str) -> Any:
    more = f"(;{IDENTIFIER})*" if identifier == SEVERAL else ""
    return texts.str.fullmatch(f"({IDENTIFIER}{more})?")


def _are_lists_of_days(texts: Any) -> Any:
    days = texts[texts.str.strip() != ""].str.split(";").explode()
    is_day = days.str.match(DAY) & periods.parse_periods(days)["start"].notna().to_numpy()
    return is_day.groupby(level=0).all().reindex(texts.index, fill_value=True)


def _are_in_sane_years(texts: Any) -> Any:
    spans = periods.parse_periods(texts)
    last = spans["end"] - periods.ONE_DAY
    return ~((spans["start"].dt.year < SANE_YEARS[0]) | (last.dt.year > SANE_YEARS[1]))


def _are_times_with_zone(texts: Any) -> Any:
    times = pd.to_datetime(texts.where(texts.str.fullmatch(ZONED)), errors="coerce", **ISO_TIMES)
    return _are_blank(texts) | times.notna()


def _are_network_numbers(texts: Any) -> Any:
    is_sound = texts.str.fullmatch(r"[1-9]\d*") & _parse_numbers(texts).lt(LAST_NETWORK)
    return _are_blank(texts) | is_sound


def _is_expression(text: str) -> bool:
    try:
        re.compile(text)
    except (re.error, OverflowError):
        return False
    return True


def _are_blank(texts: Any) -> Any:
    return ~mark_filled(texts)


RULES: dict[str, Callable[..., Any]] = {
    "white_space": lambda texts: ~mark_padded(texts),
    "required": mark_filled,
    "number": lambda texts: _are_blank(texts) | _parse_numbers(texts).notna(),
    "not_negative": lambda texts: ~(_parse_numbers(texts) < 0),
    "too_large": lambda texts: ~(_parse_numbers(texts) >= LIMIT),
    "share_at_most_one": lambda texts: ~(_parse_numbers(texts) > 1),
    "whole_number": lambda texts: ~(_parse_numbers(texts) % 1 > 0),
    "date": lambda texts: _are_blank(texts) | periods.parse_periods(texts)["start"].notna(),
    "most_a_day": lambda texts: ~(_parse_numbers(texts) > 24),
    "list_of_days": _are_lists_of_days,
    "sane_year": _are_in_sane_years,
    "word": lambda texts, word: _are_blank(texts) | texts.isin(word),
    "identifier": _are_identifiers,
    "web_address": lambda texts: _are_blank(texts) | texts.str.match(r"^https?://\S+$"),
    "time_with_zone": _are_times_with_zone,
    "nothing_stated": lambda texts: ~texts.str.fullmatch(NOTHING_STATED),
    "sha256": lambda texts: _are_blank(texts) | texts.str.fullmatch("[0-9a-f]{64}"),
    "regular_expression": lambda texts: texts.map(_is_expression).astype("bool"),
    "network_number": _are_network_numbers,
}
"""The rules of single cells by id: each returns which texts of a column pass.

The texts pass that are blank, unless they are required; `rules.csv` has the meaning of each rule.
"""
for _rule in RULES:
    register_rule(_rule, RuleStage.CELLS)
