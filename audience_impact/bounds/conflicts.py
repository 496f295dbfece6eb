"""Facts that cannot all hold: a smallest set of them, and the least that would have to change.

Definitions
-----------
Conflict: facts that cannot all hold. Irreducible: without any one of them the others can.
Smallest: no conflict has fewer facts; every smallest conflict is irreducible.

Method
------
A deletion filter gives an irreducible conflict. Then sets of fewer facts are tried by increasing
size, all with the facts that no conflict can be without, and none inside a set that is known to be
consistent. Each consistent set that is found is first extended until nothing more can be added, so
that it rules out as many others as it can. The first conflict met is a smallest one.

Repair: one linear program gives persons for which the measured overlaps miss their intervals by
the least sum, shares in share points and persons in parts of the base; each overlap that misses
is moved until it is met. The interval keeps its width, so an exact value stays exact; only an
end that says nothing (0; a share of 1; no upper limit) stays where it is.

Assumptions
-----------
Whoever repairs trusts the sizes of base and audiences more than the measured overlaps.

Known drawbacks
---------------
* Several sets may be smallest and several repairs least; which one is found depends on the order
  of the facts.
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

from audience_impact.bounds.linear_program import TOLERANCE, Measured, Part, Problem, Program
from audience_impact.frames import Array
from audience_impact.overlap.conditioning import indicator
from audience_impact.vocabulary import OverlapKind

MOST_PROGRAMS = 5_000
"""After so many linear programs the search for a smaller conflict is cut short."""

MOST_SETS = 200_000
"""After so many sets of facts the search for a smaller conflict is cut short."""


@dataclass(frozen=True)
class Conflict:
    """A smallest set of facts that cannot all hold.

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
        """How many facts are part of it."""
        return self.base + len(self.audiences) + len(self.measured)

    def of_whole(self, piece: Part) -> "Conflict":
        """The same with the numbers that the facts have in the whole.

        Args:
            piece: The part of the whole whose facts these are.
        """
        audiences = tuple(piece.platforms[i] for i in self.audiences)
        return replace(
            self, audiences=audiences, measured=tuple(piece.measured[i] for i in self.measured)
        )


@dataclass(frozen=True)
class Change:
    """What a measured overlap would have to be.

    Attributes:
        measured: Number of the measured overlap.
        low: At least so many, in the unit of the overlap: persons, or a share.
        high: At most so many, in the same unit.
        by: How far it moves, in the same unit.
    """

    measured: int
    low: float
    high: float
    by: float


def conflict(problem: Problem) -> Conflict:
    """A smallest set of facts of a problem that cannot all hold.

    Args:
        problem: Contradictory, at most 12 platforms.

    Raises:
        ValueError: The facts do not contradict one another.
        RuntimeError: HiGHS came to no answer.
    """
    count, program = len(problem.low), Program(problem)
    found, smallest = _smallest(range(1 + count + len(problem.measured)), program.possible)
    return Conflict(
        found[0] == 0,
        tuple(fact - 1 for fact in found if 0 < fact <= count),
        tuple(fact - count - 1 for fact in found if fact > count),
        smallest,
    )


def _smallest(
    facts: Sequence[int], possible: Callable[[Sequence[int]], bool]
) -> tuple[Sequence[int], bool]:
    """A smallest set of facts that is not possible, in order, and whether it surely is one."""
    found = _irreducible(facts, possible)
    # Whatever removes the contradiction when it alone is left out is in every conflict.
    needed = [fact for fact in found if possible([one for one in facts if one != fact])]
    others = [fact for fact in facts if fact not in needed]
    sizes = range(len(found) - len(needed))
    programs, sets, consistent = 0, 0, list[set[int]]()
    smaller = (itertools.combinations(others, size) for size in sizes)
    for some in itertools.chain.from_iterable(smaller):
        tried = sorted([*needed, *some])
        sets += 1
        if any(known.issuperset(tried) for known in consistent):
            continue
        if programs + len(facts) > MOST_PROGRAMS or sets > MOST_SETS:
            return found, False
        programs += 1
        if not possible(tried):
            return tried, True
        programs += len(facts) - len(tried)
        consistent.append(_extended(tried, facts, possible))
    return found, True


def _irreducible(facts: Sequence[int], possible: Callable[[Sequence[int]], bool]) -> Sequence[int]:
    """What is left when every fact that is not needed for the contradiction is taken out."""
    if possible(facts):
        raise ValueError("the facts do not contradict one another")
    kept = list(facts)
    for fact in facts:
        others = [one for one in kept if one != fact]
        if not possible(others):
            kept = others
    return kept


def _extended(
    some: Sequence[int], facts: Sequence[int], possible: Callable[[Sequence[int]], bool]
) -> set[int]:
    """Consistent facts with others added as long as they stay consistent."""
    kept = list(some)
    for fact in facts:
        if fact not in kept and possible([*kept, fact]):
            kept.append(fact)
    return set(kept)


def mended(problem: Problem, widen: bool = False) -> Problem:
    """The problem with its measured overlaps moved, as little as can be, so that they can hold.

    Args:
        problem: At most 12 platforms.
        widen: Let the moved overlaps keep what they allowed before.

    Raises:
        ValueError: The sizes alone contradict one another.
        RuntimeError: HiGHS came to no answer.
    """
    if not problem.measured or Program(problem).possible():
        return problem
    persons = Program(problem, slack=True).persons()
    if persons is None:
        raise ValueError("the sizes contradict one another, whatever the overlaps are")
    # The persons meet the moved facts but for rounding; should that still matter, give way to it.
    for allowance in (0.0, TOLERANCE, 10 * TOLERANCE, 1e3 * TOLERANCE):
        moved = tuple(_moved(one, problem, persons, widen, allowance) for one in problem.measured)
        result = replace(problem, measured=moved)
        if Program(result).possible():
            break
    return result


def _moved(
    one: Measured, problem: Problem, persons: Array, widen: bool, allowance: float
) -> Measured:
    """An overlap moved to its value in a population; unmoved where it is met."""
    count, unit, users = len(problem.low), problem.scale, 1.0
    people = float(indicator(one.platforms, one.kind, count)[1:] @ persons)
    if one.of is not None:
        users = float(indicator((one.of,), OverlapKind.UNION, count)[1:] @ persons)
        unit = 1.0
    # Persons, so that a share of nobody is met by nobody.
    over = people - one.high * users if math.isfinite(one.high) else 0.0
    missed = max(over, one.low * users - people)
    if missed <= (0.0 if allowance else TOLERANCE * problem.scale):
        return one
    if users == 0.0:
        return replace(one, high=math.inf)
    low, high = _shifted(one, people / users, widen)
    return replace(one, low=max(low - allowance * unit, 0.0), high=high + allowance * unit)


def _shifted(one: Measured, value: float, widen: bool) -> tuple[float, float]:
    """Low and high of an overlap once they are moved until they include a value."""
    if one.low == one.high and not widen:
        return value, value
    by = value - one.high if value > one.high else value - one.low
    low_stays = widen or one.low == 0.0
    high_stays = widen or (one.of is not None and one.high == 1.0)
    low = min(one.low, value) if low_stays else min(one.low + by, value)
    high = max(one.high, value) if high_stays else max(one.high + by, value)
    return low, high


def changes(before: Problem, after: Problem) -> list[Change]:
    """What differs between the overlaps of a problem and of its repaired version.

    Args:
        before: The problem as measured.
        after: The same with other lows and highs of the overlaps.
    """
    found = []
    for number, (old, new) in enumerate(zip(before.measured, after.measured, strict=True)):
        pairs = [(old.low, new.low), (old.high, new.high)]
        by = max((abs(a - b) for a, b in pairs if a != b), default=0.0)
        if by > 0.0:
            found.append(Change(number, new.low, new.high, by))
    return found
