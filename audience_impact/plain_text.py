"""Texts of facts made safe for terminals, Markdown, JSON and XML.

A cell may contain escape sequences for terminals, characters that reverse or hide the text around
them (marks of direction, characters without width), or Markdown links and pictures. Such characters
are shown by their number, `<U+001B>`, and markup as plain text. Nothing is removed.
"""

import json
import re
import unicodedata
from typing import Any
from urllib.parse import urlsplit

from audience_impact.blanks import INVISIBLE

_MARKUP = re.compile(r"[\\`*_\[\]<>&|~!#:@$^=\"']|(?<=www)\.", re.IGNORECASE)
RUN = ("=", "+", "-", "@", "\t", "\r")
"""Characters with which a formula of a spreadsheet begins."""


def plain_line(text: object) -> str:
    """Return a text on one line, with visible signs in place of invisible characters."""
    line = str(text)
    if line.isascii() and line.isprintable():
        return line
    return "".join(sign if _is_seen(sign) else f"<U+{ord(sign):04X}>" for sign in line)


def plain_lines(text: str) -> str:
    """Return a text of several lines with each line made plain."""
    return "\n".join(plain_line(line) for line in text.split("\n"))


def json_text(value: Any) -> str:
    """Return a value as indented JSON; invisible characters are escaped."""
    return "".join(
        sign if sign == "\n" or _is_seen(sign) else json.dumps(sign)[1:-1]
        for sign in json.dumps(value, ensure_ascii=False, indent=2)
    )


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
