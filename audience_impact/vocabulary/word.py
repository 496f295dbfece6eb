"""The class of published words, with their meanings and their forms for readers."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple, Self


class Forms(NamedTuple):
    """The forms of a word for readers; a blank form is replaced by another one.

    Attributes:
        short: In a cell or a label; by default the meaning.
        noun: As the thing in a sentence: `a block of it was announced`; by default `short`.
        verb: As what was done in a sentence: `it was blocked`; by default `short`.
    """

    short: str = ""
    noun: str = ""
    verb: str = ""


class Word(StrEnum):
    """A published word, whose meaning appears in the data dictionary."""

    meaning: str
    forms: Forms

    def __new__(cls, value: str, meaning: str = "", forms: Forms | str = "") -> Self:
        """Take the word, its meaning, and its forms; a text alone is the short form.

        A new member requires a meaning; to look a member up, its value is enough.
        """
        if not meaning:
            raise TypeError(f"the word {value} has no meaning")
        word = str.__new__(cls, value)
        words = Forms(forms) if isinstance(forms, str) else forms
        word._value_, word.meaning, word.forms = value, meaning, words
        return word

    @classmethod
    def list_meanings(cls) -> Mapping[str, str]:
        """Return the meaning of each word."""
        return {word.value: word.meaning for word in cls}

    @property
    def short(self) -> str:
        """Return the short form of the word, for a cell or a label."""
        return self.forms.short or self.meaning

    @property
    def noun(self) -> str:
        """Return the word as a noun within a sentence."""
        return self.forms.noun or self.short

    @property
    def verb(self) -> str:
        """Return the word as a verb within a sentence."""
        return self.forms.verb or self.short
