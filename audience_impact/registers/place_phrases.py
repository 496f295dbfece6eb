"""The phrases of a text on places: name, kind and amount of each place, in normalised spelling.

Definitions. A phrase is a name with the words around it for its kind (district, towns) or its
amount (parts of, 10 districts of, all). A phrase without a name refers to the next one.

Method. A text is split at commas, brackets, `and`, `of`, `in` and their like; words of kinds and
amounts are removed from each piece. A kind in the plural applies to all names before it.

Drawbacks. Only English words of kinds and amounts are known.
"""

import itertools
import re
from collections.abc import Container, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from audience_impact.plain_text import fold_name, remove_accents
from audience_impact.registers.phrase_tables import read_phrases

TABLE = read_phrases(Path(__file__).with_name("place_phrases.csv"))
"""Words for kinds and amounts of places, and phrases on places, in English."""
KINDS = ("state", "division", "district", "police", "township", "city", "part")
STATE, DIVISION, DISTRICT, POLICE, TOWNSHIP, CITY, PART = KINDS
"""Kinds of place in texts, from the largest to a part of any place."""
UNITS: dict[str, tuple[str, str, bool]] = {
    form: (kind, word, form != word)
    for word, kind in TABLE.phrases["unit"]
    for form in (f"{word}s", re.sub(r"y$", "ies", word), word)
}
"""Kind, singular and whether it is a plural, of each word for a unit."""
COUNTS = {word: int(count) for word, count in TABLE.phrases["number"]}
SEVERAL = 4
"""How many units a plural without a number is taken for ("several cities in")."""
AMOUNTS, ALL, IDLE = (TABLE.list_words(reading) for reading in ("amount", "all", "idle"))
CUTS = re.compile("|".join(f"(?P<{kind}>{phrase})" for phrase, kind in TABLE.phrases["cut"]))
INNER = re.compile(r" (?:and|of|in|at|from|or) ")
"""Words in names at which a text must not be split."""


@dataclass
class Phrase:
    """One name in a text, or the words of a piece without a name.

    `kind` is the stated kind, if any, and `unit` the word for it ("village"). `cut` is the kind of
    separator before the name, with `and` as a kind of its own. `is_part` states that only a part is
    meant, and `count` the number of its units, or 0. `clause` numbers the clauses, and `depth`
    counts the brackets around the name. `is_all` is for words that mean all of it.
    """

    name: str = ""
    kind: str = ""
    cut: str = ""
    is_part: bool = False
    is_plural: bool = False
    clause: int = 0
    depth: int = 0
    unit: str = ""
    count: int = 0
    is_all: bool = False

    def add_unit(self, word: str) -> None:
        """Take one more word for a unit; the first word decides."""
        kind, singular, is_plural = UNITS[word]
        self.kind, self.unit = self.kind or kind, self.unit or singular
        self.is_plural |= is_plural


def _sort_words(text: str, place_names: Container[str]) -> Phrase:
    """Return the words of a piece by role: its name, its kind, amounts and numbers."""
    words = re.sub(r"[^\w-]+", " ", text).split()
    phrase = Phrase()
    while words and fold_name(" ".join(words).replace("_", " ")) not in place_names:
        first, last = words[0], words[-1]
        if last in UNITS:
            phrase.add_unit(words.pop())
        elif first in ALL:
            phrase.is_all = True
            words.pop(0)
        elif first in AMOUNTS or first in COUNTS or first.isdecimal():
            number = COUNTS.get(first, 0) or (int(first) if first.isdecimal() else 0)
            phrase.is_part, phrase.count = True, phrase.count or number
            words.pop(0)
        elif last in AMOUNTS or last in IDLE:
            words.pop()
        elif first in IDLE:
            words.pop(0)
        elif first in UNITS and len(words) > 1:
            phrase.add_unit(words.pop(0))
        else:
            break
    phrase.name = " ".join(words).replace("_", " ")
    return phrase


def _cut_pieces(text: str, place_names: Container[str]) -> list[Phrase]:
    pieces: list[Phrase] = []
    clause = depth = begin = 0
    cut = ""
    for end in [*CUTS.finditer(text), None]:
        if piece := text[begin : end.start() if end else len(text)].strip():
            phrase = _sort_words(piece, place_names)
            phrase.clause, phrase.depth, phrase.cut = clause, depth, cut
            pieces.append(phrase)
            cut = ""
        if end:
            kind, begin = str(end.lastgroup), end.end()
            clause += kind == "clause"
            depth = max(depth + (kind == "open") - (kind == "close"), 0)
            if not cut or kind != "close":
                cut = "and" if end[0] == "and" else kind
    return pieces


@dataclass(frozen=True)
class Vocabulary:
    """The folded names of places of a country, inside which a text must not be split."""

    names: frozenset[str]

    @cached_property
    def _with_cuts(self) -> list[str]:
        return sorted(filter(INNER.search, self.names), key=len, reverse=True)

    def prepare_text(self, text: str) -> str:
        """Return a text in small letters in which no `and` of a name separates names."""
        flat = remove_accents(text)
        flat = re.sub(r"\bst\. ?", "st ", flat)
        flat = re.sub(r"\bpolice (?=district|division)", "police", flat)
        flat = re.sub(r"\bdozens of\b", "dozens", flat)
        flat = re.sub(r"\bsub-(?=division|district)", "sub", re.sub(r"\s*&\s*", " and ", flat))
        for name in self._with_cuts:
            flat = re.sub(rf"\b{re.escape(name)}\b", name.replace(" ", "_"), flat)
        return flat

    def find_phrases(self, text: str) -> list[Phrase]:
        """Return the names in a text, in order, with the kinds and amounts of other pieces."""
        phrases: list[Phrase] = []
        before, clause, last_name = Phrase(), 0, ""
        for piece in _cut_pieces(self.prepare_text(text), self.names):
            if piece.clause != clause or piece.cut == "own" or (piece.cut == "of" and last_name):
                before, clause = Phrase(), piece.clause
            last_name = piece.name
            if piece.name:
                _apply_words(piece, before)
                phrases.append(piece)
            elif piece.depth and phrases and piece.is_part:
                phrases[-1].is_part, phrases[-1].unit = True, piece.unit
                phrases[-1].count = piece.count
            elif not piece.depth and (piece.kind or piece.is_part or piece.is_all):
                before = piece
                if piece.is_part or piece.is_all or piece.kind == PART:
                    before.is_part |= piece.kind == PART
                    before.kind = ""
        _spread_plurals(phrases)
        return phrases


def _apply_words(piece: Phrase, before: Phrase) -> None:
    """Complete the phrase of a piece with a name; `before` are the words in front of it."""
    is_place = before.unit == "village" or UNITS.get(before.unit, [PART])[0] != PART
    several = SEVERAL if before.is_plural and before.is_part and is_place else 0
    if before.is_part and before.unit:
        is_counted = piece.kind != PART or before.count or several
        piece.unit = before.unit if is_counted else "part"  # "areas along the X border"
    piece.unit = piece.unit or before.unit
    piece.is_part = not piece.is_all and (piece.is_part or before.is_part or piece.kind == PART)
    piece.kind = piece.kind or before.kind
    piece.count = piece.count or before.count or several


def _spread_plurals(phrases: Sequence[Phrase]) -> None:
    """Apply a kind in the plural to the names before it in its list."""
    for before, this in reversed([*itertools.pairwise(phrases)]):
        is_in_list = this.cut in ("list", "and") and this.clause == before.clause
        if is_in_list and this.is_plural and not before.kind and this.depth == before.depth:
            before.kind, before.is_plural, before.unit = this.kind, True, this.unit
            before.is_part |= this.kind == PART
