"""The class of published words, with their meanings and their forms for readers."""

import csv
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Self

FORMS = Path(__file__).parents[1] / "documents" / "words.csv"


@cache
def _read_forms() -> dict[tuple[str, str], dict[str, str]]:
    with FORMS.open(encoding="utf-8", newline="") as file:
        return {(row["set"], row["word"]): row for row in csv.DictReader(file)}


class Word(StrEnum):
    """A published word, whose meaning appears in the data dictionary.

    documents/words.csv has the forms of those words that answers use. A form that is blank there
    is replaced by the one before it: noun and verb by the short form, and this by the meaning.
    """

    meaning: str

    def __new__(cls, value: str, meaning: str = "") -> Self:
        """Take the word and its meaning; to look a member up, its value is enough."""
        if not meaning:
            raise TypeError(f"the word {value} has no meaning")
        word = str.__new__(cls, value)
        word._value_, word.meaning = value, meaning
        return word

    @classmethod
    def list_meanings(cls) -> Mapping[str, str]:
        """Return the meaning of each word."""
        return {word.value: word.meaning for word in cls}

    def find_form(self, form: str) -> str:
        """Return the short form, noun or verb of words.csv; blank where it has none."""
        return _read_forms().get((type(self).__name__, self.value), {}).get(form, "")

    @property
    def short(self) -> str:
        """Return the short form, for a cell or a label: `blocked`."""
        return self.find_form("short") or self.meaning

    @property
    def noun(self) -> str:
        """Return the word as the thing in a sentence: `a block of it was announced`."""
        return self.find_form("noun") or self.short

    @property
    def verb(self) -> str:
        """Return the word as what was done in a sentence: `it was blocked`."""
        return self.find_form("verb") or self.short
