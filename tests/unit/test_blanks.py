"""What a reader cannot see is named, wherever it stands."""

import sys
import unicodedata

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience_impact import plain_text

DRAWN = {0x0600, 0x0601, 0x0602, 0x0603, 0x0604, 0x0605, 0x06DD, 0x070F, 0x0890, 0x0891, 0x08E2}
"""Formats that are drawn: signs of Arabic and Syriac numbers."""
OF_OTHER_SCRIPTS = {0x110BD, 0x110CD, *range(0x13430, 0x13440)}
"""Formats of Kaithi and of hieroglyphs that are drawn or join what is drawn."""


def judged(text: str) -> tuple[bool, bool]:
    """Whether the text is filled, and whether it is padded."""
    cells = pd.Series([text], dtype="str")
    return bool(plain_text.mark_filled(cells)[0]), bool(plain_text.mark_padded(cells)[0])


def test_every_space_control_and_format_of_unicode_is_known() -> None:
    unseen = {
        code
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)) in ("Zs", "Zl", "Zp", "Cc", "Cf") or chr(code).isspace()
    }
    assert unseen - DRAWN - OF_OTHER_SCRIPTS <= {ord(sign) for sign in plain_text.INVISIBLE}
    assert not (DRAWN | OF_OTHER_SCRIPTS) & {ord(sign) for sign in plain_text.INVISIBLE}


def test_a_sign_alone_and_at_either_end_is_found_and_inside_it_is_not() -> None:
    expected = [(False, True), (False, True), (True, True), (True, True), (True, False)]
    for sign in plain_text.WHITE:
        texts = (sign, sign * 3, f"{sign}5", f"5{sign}", f"5{sign}5")
        assert [judged(text) for text in texts] == expected, f"U+{ord(sign):04X}"


def test_a_pictograph_keeps_its_selector_but_a_selector_is_no_text() -> None:
    assert judged("\u2764\ufe0f") == (True, False)
    assert judged("\ufe0f") == (False, True)


@given(st.text())
def test_what_is_trimmed_is_blank_or_sound(text: str) -> None:
    filled, padded = judged(plain_text.strip_blanks(text))
    assert not padded
    assert filled is (plain_text.strip_blanks(text) != "")
    assert filled is judged(text)[0]


@pytest.mark.parametrize(("text", "says"), [
    (" ", "contains nothing but U+0020 SPACE; empty it or fill it"),
    ("\u200b\xa0\u200b", "contains nothing but U+200B ZERO WIDTH SPACE, U+00A0 NO-BREAK SPACE;"),
    ("5\xa0", "the cell ends with U+00A0 NO-BREAK SPACE; delete that"),
    ("\ufeff5\t", "begins with U+FEFF ZERO WIDTH NO-BREAK SPACE and ends with U+0009 CONTROL"),
])  # fmt: skip
def test_it_is_said_where_and_which(text: str, says: str) -> None:
    assert says in plain_text.describe_white_space(text)
