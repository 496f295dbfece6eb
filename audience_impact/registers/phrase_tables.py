"""Tables of phrases: what the words of a register mean, reviewed line by line in a CSV file.

A row has the name of a reading, a phrase, the meaning of the phrase where a reading has several,
and a comment. A phrase is a regular expression in which capitals do not count; `{name}` stands for
the phrases of another reading.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from audience_impact.vocabulary import read_table

REFERENCE = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True)
class PhraseTable:
    """The phrases of a register: for each reading its pairs of phrase and meaning."""

    phrases: Mapping[str, Sequence[tuple[str, str]]]

    def expand(self, phrase: str) -> str:
        """Return a phrase as a regular expression; KeyError for an unknown reading in it."""
        return REFERENCE.sub(lambda reference: self._join_phrases(reference[1]), phrase)

    def _join_phrases(self, reading: str) -> str:
        return f"(?:{'|'.join(self.expand(phrase) for phrase, _ in self.phrases[reading])})"

    @cached_property
    def _patterns(self) -> dict[str, re.Pattern[str]]:
        return {}

    def pattern(self, reading: str) -> re.Pattern[str]:
        """Return the pattern of all phrases of a reading."""
        if reading not in self._patterns:
            self._patterns[reading] = re.compile(self._join_phrases(reading), re.IGNORECASE)
        return self._patterns[reading]

    def find(self, reading: str, *texts: str) -> re.Match[str] | None:
        """Return the first match of a reading, in the first of the texts that has one."""
        return next(filter(None, map(self.pattern(reading).search, texts)), None)

    def list_words(self, reading: str) -> frozenset[str]:
        """Return the phrases of a reading that are plain words."""
        return frozenset(phrase for phrase, _ in self.phrases[reading])

    def list_meanings(self, reading: str, text: str) -> list[str]:
        """Return the meanings of the phrases that occur in a text, in the order of the table."""
        return [
            meaning
            for phrase, meaning in self.phrases[reading]
            if re.search(self.expand(phrase), text, re.IGNORECASE)
        ]


def read_phrases(path: Path) -> PhraseTable:
    """Return the table of phrases of a CSV file: `reading`, `phrase`, `meaning`, `comment`."""
    phrases: dict[str, list[tuple[str, str]]] = {}
    for row in read_table(path):
        phrases.setdefault(row["reading"], []).append((row["phrase"], row["meaning"]))
    return PhraseTable(phrases)
