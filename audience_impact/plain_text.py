"""Texts of facts made safe for terminals, Markdown, JSON and XML, and what counts as blank.

A cell may contain escape sequences for terminals, characters that reverse or hide the text around
them (marks of direction, characters without width), or Markdown links and pictures. Such characters
are shown by their number, `<U+001B>`, and markup as plain text. Nothing is removed.

A cell that contains a no-break space or a zero-width character looks empty or correct but is
neither: it is not a number, not a key and not blank. The characters are defined by Unicode 16:
`White_Space`, control characters, and `Default_Ignorable_Code_Point` (shown as nothing), with the
blank Braille pattern. Format characters that are visible (Arabic number signs) are not included.

Assumption: a text may end in a variation selector or a tag, as pictographs do; it may not consist
of them alone.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:  # the help of commands is shown without pandas
    import pandas as pd

_SPACES = (
    *((0x00, 0x20), (0x7F, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029)),
    *((0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000)),
)
_UNSEEN = (
    *((0xAD, 0xAD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5)),
    *((0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x2800, 0x2800)),
    *((0x3164, 0x3164), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB)),
    *((0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A)),
)
_OF_PICTOGRAPHS = ((0xFE00, 0xFE0F), (0xE0000, 0xE0FFF))


def _list_signs(*ranges: tuple[int, int]) -> str:
    return "".join(chr(code) for first, last in ranges for code in range(first, last + 1))


WHITE = _list_signs(*_SPACES, *_UNSEEN)
"""Characters with which no text may begin or end."""
INVISIBLE = WHITE + _list_signs(*_OF_PICTOGRAPHS)
"""Characters that are invisible, so that a text may not consist of them alone."""
_WHITE_SIGNS, _INVISIBLE_SIGNS = frozenset(WHITE), frozenset(INVISIBLE)


def strip_blanks(text: str) -> str:
    """Return a text without invisible characters at its ends; blank if none is visible."""
    return text.strip(WHITE) if text.strip(INVISIBLE) else ""


def mark_filled(texts: "pd.Series") -> "pd.Series":
    """Mark the cells with a visible character, and missing cells."""
    return texts.map(_is_filled).astype("bool")


def _is_filled(text: object) -> bool:
    return not isinstance(text, str) or not _INVISIBLE_SIGNS.issuperset(text)


def mark_padded(texts: "pd.Series") -> "pd.Series":
    """Mark the cells that begin or end with white space, or consist of it."""
    return texts.map(_is_padded).astype("bool")


def _is_padded(text: object) -> bool:
    if not isinstance(text, str) or not text:
        return False
    return text[0] in _WHITE_SIGNS or text[-1] in _WHITE_SIGNS or not _is_filled(text)


def describe_white_space(text: str) -> str:
    """Return a message on white space at the ends of a text: `U+00A0 NO-BREAK SPACE`."""
    if not strip_blanks(text):
        signs = ", ".join(map(_describe_sign, list(dict.fromkeys(text))[:3]))
        return f"the cell contains nothing but {signs}; empty it or fill it"
    ends = [("begins", text[0])] * (text[0] in WHITE) + [("ends", text[-1])] * (text[-1] in WHITE)
    where = " and ".join(f"{verb} with {_describe_sign(sign)}" for verb, sign in ends)
    return f"the cell {where}; delete that"


def _describe_sign(sign: str) -> str:
    return f"U+{ord(sign):04X} {unicodedata.name(sign, 'CONTROL CHARACTER')}"


_SECRET = re.compile(r"([?&][^=&\s]*(?:token|key|sig|secret|passw|auth)[^=&\s]*=)[^&\s#]+", re.I)
"""A parameter of an address that lets in whoever has it."""


def hide_passwords(text: str) -> str:
    """Return a text without the passwords, tokens and keys of the addresses in it."""
    return re.sub(r"(?<=://)[^/\s]*@", "...@", _SECRET.sub(r"\1...", text))


class ReadableError(Exception):
    """An error for the user: its message says what is wrong and what to do, without a traceback."""

    def __str__(self) -> str:
        """Return the message without passwords."""
        return hide_passwords(super().__str__())


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
        is_space = unicodedata.category(sign) == "Zs"
        is_seen = is_space or (sign.isprintable() and sign not in INVISIBLE)
        self[code] = shown = sign if is_seen else self._hide(sign)
        return shown


def _name_sign(sign: str) -> str:
    return f"<U+{ord(sign):04X}>"


_OF_A_LINE = _Signs(_name_sign)
_OF_JSON = _Signs(lambda sign: json.dumps(sign)[1:-1], stays="\n")


def plain_line(text: object) -> str:
    """Return a text on one line, with visible signs in place of invisible characters."""
    line = str(text).replace("##[", "## [")  # a command to the runner of GitHub
    return line if line.isascii() and line.isprintable() else line.translate(_OF_A_LINE)


def plain_lines(text: str) -> str:
    """Return a text of several lines with each line made plain."""
    return "\n".join(map(plain_line, text.split("\n"))) if "\n" in text else plain_line(text)


def json_text(value: Any) -> str:
    """Return a value as indented JSON; invisible characters are escaped."""
    return json.dumps(value, ensure_ascii=False, indent=2).translate(_OF_JSON)


def markdown_text(text: object) -> str:
    """Return a text for a line of Markdown, without markup and without links from addresses."""
    return _MARKUP.sub(lambda sign: f"&#{ord(sign[0])};", plain_line(text).strip())


def cell_text(text: str) -> str:
    """Return a text for a cell of a CSV file, which no spreadsheet runs as a formula."""
    return f"'{text}" if text.startswith(RUN) else text


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
    if text.isascii():
        return text.replace("`", "")
    flat = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return "".join(sign for sign in flat if not unicodedata.combining(sign))


def fold_name(text: str) -> str:
    """Return a name without accents, capitals, apostrophes and punctuation."""
    return " ".join(re.sub(r"[^\w]+", " ", remove_accents(text).replace("&", " and ")).split())


def remove_accents(text: str) -> str:
    """Return a text in small letters without accents and apostrophes; punctuation stays."""
    return strip_accents(text.replace("'", "").casefold()).casefold()


def count_cases(lines: Sequence[str], place: str) -> str:
    """Return the first of the lines of one kind, and how many more there are in a place."""
    more = f" (and {len(lines) - 1:,} more of this kind: {place})"
    return lines[0] + more * (len(lines) > 1)
