"""Texts of facts made safe for terminals, Markdown, JSON and XML.

A cell may contain escape sequences for terminals, characters that reverse or hide the text around
them (marks of direction, characters without width), or Markdown links and pictures. Such characters
are shown by their number, `<U+001B>`, and markup as plain text. Nothing is removed.
"""

import json
import re
import unicodedata
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from audience_impact.blanks import INVISIBLE


class ReadableError(Exception):
    """An error for the user: its message says what is wrong and what to do, without a traceback."""


_MARKUP = re.compile(r"[\\`*_\[\]<>&|~!#:@$^=\"']|(?<=www)\.", re.IGNORECASE)
RUN = ("=", "+", "-", "@", "\t", "\r")
"""Characters with which a formula of a spreadsheet begins."""


class _Signs(dict[int, str]):
    """What stands for each character: itself where it is seen, else what `hide` returns.

    Looked up by `str.translate`, and filled as characters occur.
    """

    def __init__(self, hide: Callable[[str], str], stays: str = "") -> None:
        super().__init__({ord(sign): sign for sign in stays})
        self._hide = hide

    def __missing__(self, code: int) -> str:
        sign = chr(code)
        self[code] = shown = sign if _is_seen(sign) else self._hide(sign)
        return shown


def _name_sign(sign: str) -> str:
    return f"<U+{ord(sign):04X}>"


_OF_A_LINE = _Signs(_name_sign)
_OF_LINES = _Signs(_name_sign, stays="\n")
_OF_JSON = _Signs(lambda sign: json.dumps(sign)[1:-1], stays="\n")


def plain_line(text: object) -> str:
    """Return a text on one line, with visible signs in place of invisible characters."""
    line = str(text)
    return line if line.isascii() and line.isprintable() else line.translate(_OF_A_LINE)


def plain_lines(text: str) -> str:
    """Return a text of several lines with each line made plain."""
    return text if text.isascii() and text.isprintable() else text.translate(_OF_LINES)


def json_text(value: Any) -> str:
    """Return a value as indented JSON; invisible characters are escaped."""
    return json.dumps(value, ensure_ascii=False, indent=2).translate(_OF_JSON)


def markdown_text(text: object) -> str:
    """Return a text for a line of Markdown, without markup and without links from addresses."""
    return _MARKUP.sub(lambda sign: f"&#{ord(sign[0])};", plain_line(text).strip())


def cell_text(text: str) -> str:
    """Return a text for a cell of a CSV file, which no spreadsheet runs as a formula."""
    return f"'{text}" if text.startswith(RUN) else text


def _is_seen(sign: str) -> bool:
    if sign == " ":
        return True
    is_space = unicodedata.category(sign) == "Zs"
    return is_space or (sign.isprintable() and sign not in INVISIBLE)


def web_address(value: object) -> str:
    """Return an http or https address without hidden characters; blank for any other text."""
    if not isinstance(value, str) or value != plain_lines(value):
        return ""
    try:
        parts = urlsplit(value)
    except ValueError:
        return ""
    return value if parts.scheme in ("http", "https") and parts.netloc else ""


_LETTERS = str.maketrans(
    {
        **dict.fromkeys("`\u2018\u2019\u02bb\u02bc\u02bd\u02bf\u02be\u00ad", ""),
        **{"\u0131": "i", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ß": "ss"},
        **{"æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ə": "a", "Ə": "A"},
    }
)


def strip_accents(text: str) -> str:
    """Return a text without the accents and apostrophes of scholars."""
    flat = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return "".join(sign for sign in flat if not unicodedata.combining(sign))


def fold_name(text: str) -> str:
    """Return a name without accents, capitals, apostrophes and punctuation."""
    return " ".join(re.sub(r"[^\w]+", " ", remove_accents(text).replace("&", " and ")).split())


def remove_accents(text: str) -> str:
    """Return a text in small letters without accents and apostrophes; punctuation stays."""
    return strip_accents(text.replace("'", "").casefold()).casefold()
