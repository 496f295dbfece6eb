"""Changes of facts, of the day, of the seed and of the method, told apart by runs.

Definitions. A cause is one edit of facts, another day, another seed, or the repair of overlaps.
What a cause does alone is the answer with it taken over into the old version, against the old
answer; what it does last is the new answer, against the one with all other causes taken over. Where
the two differ it acts together with others. Its share is the mean of both: of two causes that is
Shapley's value.

Method. The runs are made with the code that is installed. Where that is the code of a version, the
version itself is the run with no cause, or with all. What the runs do not explain is the part of
the method. First each cause is taken over alone. Where what the causes do alone adds up to the
change, that is what they did; for all other answers each cause is left out in turn. Effects below
MATTERS of the largest are not told: since figures speak for one another where nobody counted,
nearly every edit moves nearly every imputed answer a little.

Drawbacks. Of three causes and more that act together, shares need not add up to the change.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audience_impact.frames import Array
from audience_impact.pipeline import Only
from audience_impact.vocabulary import AnswerChange
from flows.comparing.answers import ANSWER, NEW, NUMBERS, OLD, STATUS
from flows.comparing.rows import Pair, Row
from flows.comparing.sides import Asked, Side, of_rows
from flows.pipeline import steps

Key = tuple[str, str]
Flags = NDArray[np.bool_]
ASKED = {"as_of": "the day", "seed": "the seed", "is_repaired": "the repair of overlaps"}
"""What is asked of a run beside the facts, and how it is called."""
MATTERS = 0.05


@dataclass(frozen=True)
class Cause:
    """What may have changed answers: rows of facts, or something asked beside them."""

    rows: tuple[Row, ...] = ()
    asked: str = ""


@dataclass(frozen=True)
class Effect:
    """What a cause did to the number that tells of a change, alone and last, and to the status."""

    cause: int
    alone_persons: float
    last_persons: float
    is_status_alone: bool
    is_status_last: bool

    @property
    def share_persons(self) -> float:
        """The part of the change that is ascribed to the cause."""
        return (self.alone_persons + self.last_persons) / 2

    @property
    def size(self) -> float:
        """How much it moved the number, alone or last."""
        return max(abs(self.alone_persons), abs(self.last_persons))

    @property
    def is_status(self) -> bool:
        """Whether it changed the status, alone or last."""
        return self.is_status_alone or self.is_status_last

    @property
    def is_joint(self) -> bool:
        """Whether what the cause does hangs on other causes."""
        apart = abs(self.alone_persons - self.last_persons)
        return apart > MATTERS * self.size or self.is_status_alone != self.is_status_last


@dataclass(frozen=True)
class Because:
    """Why an answer changed: effects of causes, the largest first, and the part of the method."""

    effects: tuple[Effect, ...]
    is_method: bool
    method_persons: float


def found(old: Side, new: Side, edits: Sequence[list[Row]]) -> list[Cause]:
    """What differs between two sides beside the method."""
    asked = [name for name in ASKED if getattr(old.asked, name) != getattr(new.asked, name)]
    return [*(Cause(tuple(edit)) for edit in edits), *(Cause(asked=name) for name in asked)]


class Runs:
    """Answers with some causes taken over, each run made once, for all that is asked first."""

    def __init__(self, sides: tuple[Side, Side], pair: Pair, causes: Sequence[Cause]) -> None:
        (self.old, self.new), self.pair, self.causes = sides, pair, causes
        self.every = frozenset(range(len(causes)))
        self._made: dict[frozenset[int], pd.DataFrame] = {}

    def of(self, taken: frozenset[int], index: pd.Index) -> pd.DataFrame:
        """The answers of an index.

        Raises RefusedError where the facts cannot be used with these causes alone.
        """
        ends = {frozenset[int](): self.old, self.every: self.new}
        if taken in ends and ends[taken].method == steps.method():
            return ends[taken].answers.reindex(index)
        if taken not in self._made:
            rows = [row for number in taken for row in self.causes[number].rows]
            facts = self.pair.taken_over(rows)
            self._made[taken] = of_rows(facts, self._asked(taken), _only(index))
        return self._made[taken].reindex(index)

    def _asked(self, taken: Collection[int]) -> Asked:
        names = [self.causes[number].asked for number in taken]
        cells = {name: getattr(self.new.asked, name) for name in names if name}
        return replace(self.old.asked, **cells)


def _only(index: pd.Index) -> Only:
    """The restrictions and the countries of answers."""
    is_area = index.get_level_values(1).str.isdigit()
    subjects = index.get_level_values(0)
    return Only(frozenset(subjects[~is_area]), frozenset(subjects[is_area]))


def sole(table: pd.DataFrame, is_method: bool) -> Mapping[Key, Because]:
    """Why answers changed where one thing alone differs: the first cause, or else the method."""
    changed = table[table["change"] != AnswerChange.SAME]
    status = changed[f"{STATUS}{OLD}"].fillna("") != changed[f"{STATUS}{NEW}"].fillna("")
    return {
        key: Because((), True, moved)
        if is_method
        else Because((Effect(0, moved, moved, is_other, is_other),), False, 0.0)
        for key, moved, is_other in zip(
            changed.index, changed["moved_persons"].astype("float64"), status, strict=True
        )
    }


def because(
    sides: tuple[Side, Side], pair: Pair, causes: Sequence[Cause], changed: pd.DataFrame
) -> Mapping[Key, Because]:
    """Why each of these answers changed; `changed` as answers.compared gives them.

    Raises RefusedError where facts cannot be used with some of the causes alone.
    """
    runs, index = Runs(sides, pair, causes), changed.index
    measure = changed["measure"]
    start, end = runs.of(frozenset(), index), runs.of(runs.every, index)
    numbers = sorted(runs.every)
    alone = [runs.of(frozenset({number}), index) for number in numbers]
    adds_up = _adds_up(start, end, alone, measure)
    rest = index[~adds_up]
    last = [runs.of(runs.every - {number}, rest) for number in numbers] if len(rest) else alone
    by_runs = _moved(start, end, measure)
    moved = changed["moved_persons"].to_numpy("float64")
    is_method = _differs(start, sides[0].answers.reindex(index)) | _differs(
        end, sides[1].answers.reindex(index)
    )
    effects = [
        _effects(number, (start, one), (other, end), measure, adds_up)
        for number, one, other in zip(numbers, alone, last, strict=True)
    ]
    return {
        key: Because(_mattering([own[place] for own in effects]), bool(is_method[place]), left)
        for place, (key, left) in enumerate(zip(index, moved - by_runs, strict=True))
    }


def _mattering(effects: Sequence[Effect]) -> tuple[Effect, ...]:
    """The effects that matter, the largest first."""
    largest = max((one.size for one in effects), default=0.0)
    own = [one for one in effects if one.is_status or one.size > MATTERS * largest]
    return tuple(sorted(own, key=lambda one: -one.size))


def _differs(one: pd.DataFrame, other: pd.DataFrame) -> Flags:
    """Which answers of two frames of the same index differ in a number or in their status."""
    same = one[ANSWER].eq(other[ANSWER]) | (one[ANSWER].isna() & other[ANSWER].isna())
    return np.asarray(~same.all(axis=1))


def _values(answers: pd.DataFrame, measure: "pd.Series[str]") -> Array:
    """The number that tells of each change; nobody where there is none."""
    numbers = answers.reindex(measure.index)[NUMBERS].fillna(0.0).to_numpy("float64")
    return np.asarray(numbers[np.arange(len(measure)), measure.map(NUMBERS.index).to_numpy("int")])


def _moved(before: pd.DataFrame, after: pd.DataFrame, measure: "pd.Series[str]") -> Array:
    return _values(after, measure) - _values(before, measure)


def _adds_up(
    start: pd.DataFrame, end: pd.DataFrame, alone: Sequence[pd.DataFrame], measure: "pd.Series[str]"
) -> Flags:
    """Answers whose change is what the causes do alone, together, to MATTERS of the largest."""
    if not alone:
        return np.ones(len(measure), dtype=bool)
    moves = np.array([_moved(start, one, measure) for one in alone])
    total = _moved(start, end, measure)
    near = np.abs(moves.sum(axis=0) - total) <= MATTERS * np.abs([*moves, total]).max(axis=0)
    status = np.array([_is_other(start, one) for one in alone])
    arrives = np.array([~_is_other(one, end) for one in alone])
    alike = ~_is_other(start, end) & ~status.any(axis=0)
    by_one = (status.sum(axis=0) == 1) & (status & arrives).any(axis=0)
    return np.asarray(near & (alike | by_one))


def _is_other(one: pd.DataFrame, other: pd.DataFrame) -> Flags:
    """Which answers have another status."""
    return np.asarray(one[STATUS].fillna("") != other[STATUS].fillna(""))


def _effects(
    number: int,
    alone: tuple[pd.DataFrame, pd.DataFrame],
    last: tuple[pd.DataFrame, pd.DataFrame],
    measure: "pd.Series[str]",
    adds_up: Flags,
) -> list[Effect]:
    """What a cause did to each answer; where what causes do adds up it does the same last."""
    first, then = _moved(*alone, measure), _moved(*_at(last, measure), measure)
    own, other = _is_other(*alone), _is_other(*_at(last, measure))
    return [
        Effect(number, float(a), float(a if added else b), bool(s), bool(s if added else t))
        for a, b, s, t, added in zip(first, then, own, other, adds_up, strict=True)
    ]


def _at(
    frames: tuple[pd.DataFrame, pd.DataFrame], measure: "pd.Series[str]"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    one, other = (frame.reindex(measure.index) for frame in frames)
    return one, other
