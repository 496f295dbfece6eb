"""How each answer comes about: tables `candidates` and `steps`, and the words of the steps.

Method. items.csv has the items of table `steps`, in the order in which they are shown. An item is
made of the rows of `frame` for which the condition `when` holds. It is a sentence, or where
`numbers` names one column or those of the 5, 50 and 95 % quantiles, a number in `unit`. The braces
in `words` name columns whose cells are published in `details`, in this order: words are written
when the item is shown.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from string import Formatter

from audience_impact import vocabulary
from audience_impact.outputs.review.status_rules import SENTENCES, fill_sentence

SEPARATOR = "|"
"""Stands between the details of an item."""
RULES = "rules"
"""Kind of a detail that has ids of status rules, joined by `;`."""


@dataclass(frozen=True)
class Item:
    """An item, with the cells of its row in items.csv."""

    item: str
    step: str
    frame: str
    when: str
    numbers: str
    unit: str
    words: str

    @cached_property
    def details(self) -> list[str]:
        """Return the columns that the words name, each once."""
        fields = (name for _, name, *_ in Formatter().parse(self.words) if name)
        return list(dict.fromkeys(fields))

    def write_words(self, details: str) -> str:
        """Return the words with the cell `details` of a row of `steps`."""
        cells = dict(zip(self.details, details.split(SEPARATOR), strict=bool(self.details)))
        return "".join(
            text + (_spell_detail(cells[name], kind or "") if name else "")
            for text, name, kind, _ in Formatter().parse(self.words)
        )


def _spell_detail(detail: str, kind: str) -> str:
    """Return a detail in the words of its kind: status rules, a sentence, an enum or none."""
    if kind == RULES:
        return "; ".join(SENTENCES[rule] for rule in detail.split(";"))
    if kind in SENTENCES:
        return fill_sentence(kind, detail)
    return vocabulary.write_word(getattr(vocabulary, kind)(detail), "meaning") if kind else detail


_ROWS = vocabulary.read_table(Path(__file__).with_name("items.csv"))
ITEMS = {row["item"]: Item(**row) for row in _ROWS}
"""All items by name, in the order in which they are shown."""
