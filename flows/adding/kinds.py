"""What can be added: its questions, its rows, and what on record looks like it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from flows.adding.questions import Answers, Question
from flows.adding.records import FactRecords

Rows = dict[str, list[Mapping[str, str]]]
"""New rows by table."""


@dataclass(frozen=True)
class SimilarRow:
    """A row on record that resembles the addition, or is the same (`is_same`)."""

    description: str
    is_same: bool

    @classmethod
    def from_row(cls, row: Mapping[str, object], key: str, is_same: bool) -> "SimilarRow":
        """Describe a row as it was read, by file, line, key and page."""
        return cls(
            f"{row['row_file']}:{row['row_line']}: {row[key]}, of {row['source_id']}", is_same
        )


@dataclass(frozen=True)
class EntryKind:
    """Something that can be added.

    With `is_once`, a similar row on record prevents the addition unless the user confirms it.
    """

    questions: Sequence[Question]
    build_rows: Callable[[Answers, FactRecords], Rows]
    find_similar: Callable[[Rows, FactRecords], list[SimilarRow]]
    is_once: bool
