"""Blank and invisible characters in texts, and their names for messages.

A cell that contains a no-break space or a zero-width character looks empty or correct but is
neither: it is not a number, not a key and not blank. The characters are defined by Unicode 16:
`White_Space`, control characters, and `Default_Ignorable_Code_Point` (shown as nothing), with the
blank Braille pattern. Format characters that are visible (Arabic number signs) are not included.

Assumption: a text may end in a variation selector or a tag, as pictographs do; it may not consist
of them alone.
"""

import unicodedata
from typing import TYPE_CHECKING

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


def strip_blanks(text: str) -> str:
    """Return a text without invisible characters at its ends; blank if none is visible."""
    return text.strip(WHITE) if text.strip(INVISIBLE) else ""


def mark_filled(texts: "pd.Series") -> "pd.Series":
    """Mark the cells with a visible character, and missing cells."""
    return texts.isna() | (texts.str.strip(INVISIBLE) != "")


def mark_padded(texts: "pd.Series") -> "pd.Series":
    """Mark the cells that begin or end with white space, or consist of it."""
    is_trimmed = (texts.str.strip(WHITE) == texts) & (texts.str.strip(INVISIBLE) != "")
    return ~(is_trimmed | (texts == "") | texts.isna())


def describe_white_space(text: str) -> str:
    """Return a message on white space at the ends of a text: `U+00A0 NO-BREAK SPACE`."""
    if not strip_blanks(text):
        signs = ", ".join(map(_name_sign, list(dict.fromkeys(text))[:3]))
        return f"the cell contains nothing but {signs}; empty it or fill it"
    ends = [("begins", text[0])] * (text[0] in WHITE) + [("ends", text[-1])] * (text[-1] in WHITE)
    where = " and ".join(f"{verb} with {_name_sign(sign)}" for verb, sign in ends)
    return f"the cell {where}; delete that"


def _name_sign(sign: str) -> str:
    return f"U+{ord(sign):04X} {unicodedata.name(sign, 'CONTROL CHARACTER')}"
