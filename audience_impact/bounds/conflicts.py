"""Contradictory facts: a smallest set of them, and the smallest change that resolves it.

Definitions
-----------
Conflict: facts that contradict one another. Irreducible: if any of the facts is removed, the others
are consistent.
Smallest: no conflict has fewer facts; every smallest conflict is irreducible.

Method
------
A deletion filter gives an irreducible conflict. Then smaller sets of facts are tested in order of
size. All of them contain the facts that every conflict must contain, and none is a subset of a set
known to be consistent. Each consistent set is extended until no fact can be added, so that it rules
out as many other sets as possible. The first conflict met is a smallest one.

Repair: a linear program distributes persons such that the measured overlaps miss their intervals by
the smallest sum, with shares in share points and persons as parts of the base. Each overlap that
misses its interval is changed until it fits. The width of the interval is unchanged, so an exact
value stays exact. Only an end without information (0; a share of 1; no upper limit) is not changed.

Assumptions
-----------
The sizes of base and audiences are more reliable than the measured overlaps.

Known drawbacks
---------------
* Several smallest sets and several smallest repairs may exist; the result depends on the order of
  the facts.
* Where the audience that a share refers to is an interval, the least change is one of persons in
  parts of the audience's middle, which need not be the least one in share points.

Citations
---------
Chinneck and Dravnieks (1991), Locating minimal infeasible constraint sets in linear programs,
ORSA Journal on Computing 3.
Ignatiev, Previti, Liffiton and Marques-Silva (2015), Smallest MUS extraction with minimal hitting
set dualization, CP 2015.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from audience_impact.bounds.linear_program import TOLERANCE, MeasuredOverlap, Part, Problem, Program
from audience_impact.frames import Array
from audience_impact.overlap.conditioning import mark_patterns
from audience_impact.vocabulary import OverlapKind

MOST_PROGRAMS = 5_000
"""Maximum number of linear programs in the search for a smaller conflict."""

MOST_SETS = 200_000
"""Maximum number of sets of facts in the search for a smaller conflict."""


@dataclass(frozen=True)
class Conflict:
    """A smallest set of facts that contradict one another.

    Attributes:
        base: Whether the size of the base is part of it.
        audiences: Positions of the platforms whose sizes are part of it.
        measured: Numbers of the measured overlaps that are part of it.
        smallest: Whether no conflict has fewer facts; else it is only irreducible, because the
            search for a smaller one was cut short.
    """

    base: bool
    audiences: tuple[int, ...]
    measured: tuple[int, ...]
    smallest: bool

    def __len__(self) -> int:
        """Return the number of facts in the conflict."""
        return self.base + len(self.audiences) + len(self.measured)

    def renumber_facts(self, piece: Part) -> "Conflict":
        """Return the conflict with the numbers that the facts have in the whole problem.

        Args:
            piece: The part of the whole whose facts these are.
        """
        audiences = tuple(piece.platforms[i] for i in self.audiences)
        return replace(
            self, audiences=audiences, measured=tuple(piece.measured[i] for i in self.measured)
        )


@dataclass(frozen=True)
class Change:
    """The change of a measured overlap that resolves a conflict.

    Attributes:
        measured: Number of the measured overlap.
        low: The new lower limit, in the unit of the overlap: persons, or a share.
        high: The new upper limit, in the same unit.
        by: The size of the change, in the same unit.
    """

    measured: int
    low: float
    high: float
    by: float


def find_conflict(problem: Problem) -> Conflict:
    """Return a smallest set of facts of a problem that contradict one another.

    Args:
        problem: Contradictory, at most 12 platforms.

    Raises:
        ValueError: The facts do not contradict one another.
        RuntimeError: HiGHS came to no answer.
    """
    count, program = len(problem.low), Program(problem)
    conflict, smallest = _find_smallest(
        range(1 + count + len(problem.measured)), program.is_possible
    )
    return Conflict(
        conflict[0] == 0,
        tuple(fact - 1 for fact in conflict if 0 < fact <= count),
        tuple(fact - count - 1 for fact in conflict if fact > count),
        smallest,
    )


def _find_smallest(
    facts: Sequence[int], possible: Callable[[Sequence[int]], bool]
) -> tuple[Sequence[int], bool]:
    """Return a smallest impossible set of facts, in order, and whether it is surely smallest."""
    smallest_so_far = _reduce_conflict(facts, possible)
    # Whatever removes the contradiction when it alone is left out is in every conflict.
    needed = [
        fact
        for fact in smallest_so_far
        if possible([candidate for candidate in facts if candidate != fact])
    ]
    others = [fact for fact in facts if fact not in needed]
    sizes = range(len(smallest_so_far) - len(needed))
    programs, sets, consistent = 0, 0, list[set[int]]()
    smaller = (itertools.combinations(others, size) for size in sizes)
    for some in itertools.chain.from_iterable(smaller):
        tried = sorted([*needed, *some])
        sets += 1
        if any(consistent_facts.issuperset(tried) for consistent_facts in consistent):
            continue
        if programs + len(facts) > MOST_PROGRAMS or sets > MOST_SETS:
            return smallest_so_far, False
        programs += 1
        if not possible(tried):
            return tried, True
        programs += len(facts) - len(tried)
        consistent.append(_extend_consistent(tried, facts, possible))
    return smallest_so_far, True


def _reduce_conflict(
    facts: Sequence[int], possible: Callable[[Sequence[int]], bool]
) -> Sequence[int]:
    """Return the facts without those that the contradiction does not need."""
    if possible(facts):
        raise ValueError("the facts do not contradict one another")
    needed = list(facts)
    for fact in facts:
        others = [candidate for candidate in needed if candidate != fact]
        if not possible(others):
            needed = others
    return needed


def _extend_consistent(
    some: Sequence[int], facts: Sequence[int], possible: Callable[[Sequence[int]], bool]
) -> set[int]:
    consistent = list(some)
    for fact in facts:
        if fact not in consistent and possible([*consistent, fact]):
            consistent.append(fact)
    return set(consistent)


def repair_overlaps(problem: Problem, widen: bool = False) -> Problem:
    """Return the problem with its overlaps moved by the least that makes the facts consistent.

    Args:
        problem: At most 12 platforms.
        widen: Extend moved intervals, so that they still allow the values from before.

    Raises:
        ValueError: The sizes alone contradict one another.
        RuntimeError: HiGHS came to no answer.
    """
    if not problem.measured or Program(problem).is_possible():
        return problem
    persons = Program(problem, slack=True).spread_persons()
    if persons is None:
        raise ValueError("the sizes contradict one another, whatever the overlaps are")
    # The persons meet the moved facts but for rounding; should that still matter, give way to it.
    for allowance in (0.0, TOLERANCE, 10 * TOLERANCE, 1e3 * TOLERANCE):
        moved = tuple(
            _move_overlap(overlap, problem, persons, widen, allowance)
            for overlap in problem.measured
        )
        result = replace(problem, measured=moved)
        if Program(result).is_possible():
            break
    return result


def _move_overlap(
    overlap: MeasuredOverlap, problem: Problem, persons: Array, widen: bool, allowance: float
) -> MeasuredOverlap:
    """Return the overlap moved to its value in a population; unmoved if it allows that value."""
    count, unit, users = len(problem.low), problem.scale, 1.0
    people = float(mark_patterns(overlap.platforms, overlap.kind, count)[1:] @ persons)
    if overlap.of is not None:
        users = float(mark_patterns((overlap.of,), OverlapKind.UNION, count)[1:] @ persons)
        unit = 1.0
    # Persons, so that a share of nobody is met by nobody.
    over = people - overlap.high * users if math.isfinite(overlap.high) else 0.0
    missed = max(over, overlap.low * users - people)
    if missed <= (0.0 if allowance else TOLERANCE * problem.scale):
        return overlap
    if users == 0.0:
        return replace(overlap, high=math.inf)
    low, high = _shift_interval(overlap, people / users, widen)
    return replace(overlap, low=max(low - allowance * unit, 0.0), high=high + allowance * unit)


def _shift_interval(overlap: MeasuredOverlap, value: float, widen: bool) -> tuple[float, float]:
    """Return low and high of an overlap, moved until they include a value."""
    if overlap.low == overlap.high and not widen:
        return value, value
    by = value - overlap.high if value > overlap.high else value - overlap.low
    low_stays = widen or overlap.low == 0.0
    high_stays = widen or (overlap.of is not None and overlap.high == 1.0)
    low = min(overlap.low, value) if low_stays else min(overlap.low + by, value)
    high = max(overlap.high, value) if high_stays else max(overlap.high + by, value)
    return low, high


def list_changes(before: Problem, after: Problem) -> list[Change]:
    """Return the differences between the overlaps of a problem and of its repaired version.

    Args:
        before: The problem as measured.
        after: The same with other lows and highs of the overlaps.
    """
    differences = []
    for number, (old, new) in enumerate(zip(before.measured, after.measured, strict=True)):
        pairs = [(old.low, new.low), (old.high, new.high)]
        by = max((abs(a - b) for a, b in pairs if a != b), default=0.0)
        if by > 0.0:
            differences.append(Change(number, new.low, new.high, by))
    return differences
