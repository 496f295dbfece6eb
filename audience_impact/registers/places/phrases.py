"""The phrases of a text on places: name, kind and amount of each place, in normalised spelling.

Definitions. A phrase is a name with the words around it for its kind (district, towns) or its
amount (parts of, 10 districts of, all). A phrase without a name refers to the next one.

Method. A text is split at commas, brackets, `and`, `of`, `in` and their like; words of kinds and
amounts are removed from each piece. A kind in the plural applies to all names before it.

Drawbacks. Only English words of kinds and amounts are known.

Names are normalised in two ways: folded, and as a key that transliterations share. A folded name
has no accents, capitals, apostrophes and punctuation, and `and` for the ampersand. Its key contains
the consonants by their sound, so that Shopian and Shupiyan, Bandipora and Bandipore have one.

Drawbacks. Keys of short names collide; callers that compare keys must compare the names as well.
"""

import difflib
import re
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from audience_impact.plain_text import fold_name, remove_accents
from audience_impact.registers.phrase_tables import read_phrases

TABLE = read_phrases(Path(__file__).with_name("phrases.csv"))
"""Words for kinds and amounts of places, and phrases on places, in English."""
SOUNDS = TABLE.phrases["sound"]
LEAST_SIGNS = 5
"""Minimum length of a name for the detection of misspellings; shorter names are too similar."""
LIKENESS = 0.8
NUMERALS = re.compile(r"\d+|\b(?:[ivx]+|\w)\b")
"""Pattern of numbers, Roman numerals and single letters: names that differ in them are different
places.
"""


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


STATE, DIVISION, DISTRICT, POLICE, TOWNSHIP, CITY, PART = KINDS = (
    "state",
    "division",
    "district",
    "police",
    "township",
    "city",
    "part",
)
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
DESCRIBING = ("police", "rural", "refugee", "cell", "border")
"""Amounts that only describe a place that they follow."""
INNER = re.compile(r" (?:and|of|in|at|from|or) ")
"""Words in names at which a text must not be split."""
SLIPS = ("district", "districts", "township", "townships", "village", "villages")
_SIDE = "(?:north|south|east|west|central)(?:ern)?"
TWO_SIDES = re.compile(rf"\b({_SIDE})(,? and |, )(?={_SIDE} (?!and\b)(\w+))")
"""Pattern of two sides of the same place, for example central and south Kashmir."""
POSSESSIVE = re.compile("['\u2019](?=s\\b)")


@dataclass(frozen=True)
class Phrase:
    """One name in a text, or the words of a piece without a name.

    `kind` is the stated kind, if any, and `unit` the word for it ("village"). `cut` is the kind of
    separator before the name, with `and` as a kind of its own. `is_part` states that only a part is
    meant, and `count` the number of its units, or 0. `clause` numbers the clauses, and `depth`
    counts the brackets around the name. `is_excepted` states that the name is an exception from the
    names before it. `is_all` is for words that mean all of it.
    """

    name: str = ""
    kind: str = ""
    cut: str = ""
    is_part: bool = False
    is_plural: bool = False
    clause: int = 0
    depth: int = 0
    is_excepted: bool = False
    unit: str = ""
    count: int = 0
    is_all: bool = False

    def add_unit(self, word: str) -> "Phrase":
        """Return the phrase with one more word for a unit; the first word decides."""
        kind, singular, is_plural = UNITS[word]
        return replace(
            self,
            kind=self.kind or kind,
            unit=self.unit or singular,
            is_plural=self.is_plural or is_plural,
        )


def _sort_words(text: str, place_names: Container[str]) -> Phrase:
    """Return the words of a piece by role: its name, its kind, amounts and numbers."""
    words = re.sub(r"[^\w-]+", " ", text).split()
    phrase = Phrase()
    while words and fold_name(" ".join(words).replace("_", " ")) not in place_names:
        first, last = words[0], words[-1]
        last = words[-1] = next(iter(difflib.get_close_matches(last, SLIPS, 1, 0.86)), last)
        if last in UNITS:
            phrase = phrase.add_unit(words.pop())
        elif first in ALL:
            phrase = replace(phrase, is_all=True)
            words.pop(0)
        elif first in AMOUNTS or first in COUNTS or first.isdecimal():
            count = COUNTS.get(first, 0) or (int(first) if first.isdecimal() else 0)
            phrase = replace(phrase, is_part=True, count=phrase.count or count)
            words.pop(0)
        elif last in AMOUNTS:
            is_part = phrase.is_part or last not in DESCRIBING
            phrase = replace(phrase, is_part=is_part)
            words.pop()
        elif first in IDLE:
            words.pop(0)
        elif last in IDLE:
            words.pop()
        elif first in UNITS and len(words) > 1:
            phrase = phrase.add_unit(words.pop(0))
        else:
            break
    return replace(phrase, name=" ".join(words).replace("_", " "))


def _cut_pieces(text: str, place_names: Container[str]) -> list[Phrase]:
    pieces: list[Phrase] = []
    clause = depth = 0
    begin, cut, excepted, except_depth = 0, "", False, 0
    ends = [*CUTS.finditer(text), None]
    for end in ends:
        piece = text[begin : end.start() if end else len(text)].strip()
        if piece:
            words = _sort_words(piece, place_names)
            pieces.append(replace(words, clause=clause, depth=depth, cut=cut, is_excepted=excepted))
            cut = ""
        if end is None:
            break
        kind = str(end.lastgroup)
        begin = end.end()
        if kind == "clause":
            clause, excepted = clause + 1, False
        depth = max(depth + (kind == "open") - (kind == "close"), 0)
        if kind == "except" and not excepted:
            excepted, except_depth = True, depth
        excepted = excepted and depth >= except_depth
        separator = "and" if end[0] == "and" else kind
        cut = separator if not cut or kind != "close" else cut
    return pieces


@dataclass(frozen=True)
class Vocabulary:
    """The folded names of places of a country, inside which a text must not be split."""

    names: frozenset[str]

    @cached_property
    def _with_cuts(self) -> list[str]:
        return sorted(filter(INNER.search, self.names), key=len, reverse=True)

    @cached_property
    def _first_words(self) -> frozenset[str]:
        return frozenset(name.split(" ", 1)[0] for name in self.names)

    def prepare_text(self, text: str) -> str:
        """Return a text in small letters in which no `and` or `'s` of a name separates names."""
        owned = POSSESSIVE.split(text)
        flat = remove_accents(owned[0])
        for part in owned[1:]:
            last = re.sub(r"\W+", " ", flat).split()[-1:]
            is_name = bool(last) and f"{last[0]}s" in self._first_words
            flat += ("" if is_name else "'") + remove_accents(part)
        flat = re.sub(r"\bj\s*(?:&|and)\s*k\b", "jammu and kashmir", flat)
        flat = re.sub(r"\bst\. ?", "st ", flat)
        flat = re.sub(r"\bpolice (?=district|division)", "police", flat)
        flat = re.sub(r"\bdozens of\b", "dozens", flat)
        flat = re.sub(r"\bsub-(?=division|district)", "sub", re.sub(r"\s*&\s*", " and ", flat))
        while TWO_SIDES.search(flat):
            flat = TWO_SIDES.sub(r"\1 \3\2", flat)
        for name in self._with_cuts:
            flat = re.sub(rf"\b{re.escape(name)}\b", name.replace(" ", "_"), flat)
        return flat

    def find_phrases(self, text: str) -> list[Phrase]:
        """Return the names in a text, in order."""
        return _join_pieces(_cut_pieces(self.prepare_text(text), self.names))


def _join_pieces(pieces: Sequence[Phrase]) -> list[Phrase]:
    """Return names with their kinds and amounts, which other pieces of the text may state.

    Words before a list apply to the list, and not to the place that contains it.
    """
    phrases: list[Phrase] = []
    before, clause = Phrase(), 0
    for last, piece in zip([None, *pieces], pieces, strict=False):
        is_container = piece.cut == "of" and last is not None and bool(last.name)
        if piece.clause != clause or piece.cut == "own" or is_container:
            before, clause = Phrase(), piece.clause
        elif piece.cut in ("open", "including", "dash"):
            before = _name_members(before)
        if piece.name:
            phrases.append(_make_phrase(piece, before))
        elif piece.depth:
            if phrases and piece.is_part:
                phrases[-1] = replace(phrases[-1], is_part=True, unit=piece.unit, count=piece.count)
        elif piece.kind or piece.is_part or piece.is_all:
            is_list = piece.kind not in ("", PART) and not piece.is_part and not piece.is_all
            is_part = piece.is_part or piece.kind == PART
            before = replace(
                piece,
                kind=piece.kind if is_list else "",
                is_part=is_part and not is_list and not piece.is_all,
            )
    return _spread_plurals(phrases)


def _is_of_several(words: Phrase) -> bool:
    """Return whether words mean parts of the place after them ("10 districts of", "part of").

    "Area of" before a place adds nothing to the kind of the place.
    """
    is_part = words.unit in ("part", "portion", "village")
    return words.is_part and bool(words.unit) and (words.is_plural or words.count > 0 or is_part)


def _count_plural(words: Phrase) -> int:
    """Return SEVERAL for a plural of places that have residents, or nothing."""
    is_place = words.unit == "village" or (_kind_of(words.unit) or PART) != PART
    return SEVERAL if words.is_plural and words.is_part and is_place else 0


def _kind_of(unit: str) -> str:
    return UNITS[unit][0] if unit else ""


def _name_members(before: Phrase) -> Phrase:
    """Return the words in front of a list of members: "10 districts of M (A, B)" are whole.

    An amount refers to the place before the list, and its unit to the members.
    """
    kind = _kind_of(before.unit) if before.is_part and before.is_plural else before.kind
    is_place = kind not in ("", PART)
    named = Phrase(kind=kind, is_plural=before.is_plural) if is_place else Phrase()
    return replace(named, unit=before.unit)


def _make_phrase(piece: Phrase, before: Phrase) -> Phrase:
    """Return the phrase of a piece with a name; `before` are the words in front of it."""
    unit = piece.unit or before.unit
    if _is_of_several(before):
        is_counted = piece.kind != PART or before.count or _count_plural(before)
        unit = before.unit if is_counted else "part"  # "areas along the X border"
    return replace(
        piece,
        kind=piece.kind or before.kind,
        is_part=not piece.is_all and (piece.is_part or before.is_part or piece.kind == PART),
        unit=unit,
        count=piece.count or before.count or _count_plural(before),
    )


def _spread_plurals(phrases: list[Phrase]) -> list[Phrase]:
    for place in range(len(phrases) - 1, 0, -1):
        this, before = phrases[place], phrases[place - 1]
        in_list = this.cut in ("list", "and") and this.clause == before.clause
        if in_list and this.is_plural and not before.kind and this.depth == before.depth:
            phrases[place - 1] = replace(
                before,
                kind=this.kind,
                is_plural=True,
                is_part=before.is_part or this.kind == PART,
                unit=this.unit,
            )
    return phrases
