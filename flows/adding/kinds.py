"""What can be added: its questions, its rows, and what on record looks like it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from flows.adding.known import Known
from flows.adding.questions import Answers, Question

Rows = dict[str, list[Mapping[str, str]]]
"""New rows by table."""


@dataclass(frozen=True)
class Alike:
    """A row on record that may be what is to be added; `is_same`: it is."""

    told: str
    is_same: bool

    @classmethod
    def of(cls, row: Mapping[str, object], key: str, is_same: bool) -> "Alike":
        """A row as read, named by file, line, key and page."""
        return cls(
            f"{row['row_file']}:{row['row_line']}: {row[key]}, of {row['source_id']}", is_same
        )


@dataclass(frozen=True)
class Kind:
    """Something that can be added.

    `is_once`: what is like it on record stands in the way, unless it is said to be another.
    """

    questions: Sequence[Question]
    rows: Callable[[Answers, Known], Rows]
    alike: Callable[[Rows, Known], list[Alike]]
    is_once: bool
