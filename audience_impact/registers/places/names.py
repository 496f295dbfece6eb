"""Names of places in normalised spelling: folded, and as a key that transliterations share.

Definitions. A folded name has no accents, capitals, apostrophes and punctuation, and `and` for the
ampersand. Its key contains the consonants by their sound, so that Shopian and Shupiyan, Bandipora
and Bandipore have one.

Drawbacks. Keys of short names collide; callers that compare keys must compare the names as well.
"""

import difflib
import re
import unicodedata

LETTERS = str.maketrans(
    {
        **dict.fromkeys("'`\u2018\u2019\u02bb\u02bc\u02bf\u02be\u00ad", ""),
        **{"\u0131": "i", "ø": "o", "ł": "l", "đ": "d", "ß": "ss", "æ": "ae", "œ": "oe", "ə": "a"},
    }
)
SOUNDS = (
    *(("chh", "ch"), ("sh", "s"), ("th", "t"), ("dh", "d"), ("bh", "b"), ("gh", "g")),
    *(("kh", "k"), ("ph", "f"), ("jh", "j"), ("ck", "k"), ("q", "k"), ("z", "j")),
    *(("w", "v"), ("x", "ks"), ("oo", "u"), ("ee", "i"), ("y", "i")),
)
"""Replacements that map transliterations of a sound to the same letters, in this order."""
LEAST_SIGNS = 5
"""Minimum length of a name for the detection of misspellings; shorter names are too similar."""
LIKENESS = 0.8
NUMERALS = re.compile(r"\d+|\b(?:[ivx]+|\w)\b")
"""Pattern of numbers, Roman numerals and single letters: names that differ in them are different
places.
"""


def fold_name(text: str) -> str:
    """Return a name without accents, capitals, apostrophes and punctuation."""
    return " ".join(re.sub(r"[^\w]+", " ", remove_accents(text).replace("&", " and ")).split())


def remove_accents(text: str) -> str:
    """Return a text in small letters without accents and apostrophes; punctuation stays."""
    flat = unicodedata.normalize("NFKD", text.translate(LETTERS))
    return "".join(sign for sign in flat if not unicodedata.combining(sign)).casefold()


def sound_key(name: str) -> str:
    """Return the consonants of a folded name as they sound, and the vowel that it begins with."""
    sound = name
    for letters, alike in SOUNDS:
        sound = sound.replace(letters, alike)
    words = (re.sub(r"(?<=.)[aeiouh]", "", word) for word in sound.split())
    return re.sub(r"(.)\1+", r"\1", "".join(words))


def is_like(first: str, second: str) -> bool:
    """Return whether two folded names may be two spellings of one name."""
    if min(len(first), len(second)) < LEAST_SIGNS or first[0] != second[0]:
        return False
    if NUMERALS.findall(first) != NUMERALS.findall(second):
        return False
    return difflib.SequenceMatcher(None, first, second).ratio() >= LIKENESS
