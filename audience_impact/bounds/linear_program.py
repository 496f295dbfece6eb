"""Membership patterns of a few platforms as a linear program: what is possible, what is not.

Definitions
-----------
Pattern: the exact set of platforms that a person uses. Bit i of its number says that platform i
is used; pattern 0, people of the base who use none, is what the base leaves over.
Fact: one thing that is on record. Fact 0 is the size of the base, facts 1..n are the audiences of
the n platforms (low and high together), the measured overlaps follow.

Method
------
The variables are the persons in each of the 2^n - 1 patterns with somebody in them; every fact is
one row, or two where it gives a share as an interval. HiGHS minimises the number of people, then
maximises it from the vertex that it is at. What is returned is not HiGHS' objective, which is
right up to its tolerances, but what its multipliers y prove: since x >= 0 are persons and the
objective is their sum T, T <= y'limits + d T with d the largest violation of a dual constraint,
hence T <= y'limits / (1 - d), and likewise from below. So an error of the solver moves a bound
outwards, and where all multipliers are exact so is the bound.

Assumptions
-----------
Low and high of an overlap that is a share refer to the persons of one platform, whatever that
number is between the low and high of its audience.

Known drawbacks
---------------
* The number of patterns doubles with every platform, so 12 is the most.
* Facts that contradict one another by less than a billionth of the base pass as consistent.

Citations
---------
Hailperin (1965), Best possible inequalities for the probability of a logical function of events,
American Mathematical Monthly 72.
Neumaier and Shcherbina (2004), Safe bounds in linear and mixed-integer programming, Mathematical
Programming 99.
Huangfu and Hall (2018), Parallelizing the dual revised simplex method, Mathematical Programming
Computation 10.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import highspy
import numpy as np

from audience_impact.frames import Array
from audience_impact.overlap.conditioning import indicator
from audience_impact.vocabulary import OverlapKind

MOST_PLATFORMS = 12
"""The most platforms that one linear program takes."""

TOLERANCE = 1e-9
"""How far a row may be missed, in parts of the base."""

_STATUS = highspy.HighsModelStatus


@dataclass(frozen=True)
class Measured:
    """A measured overlap: people who use all of some platforms, or any of them.

    Attributes:
        platforms: Positions of the platforms in the problem.
        kind: Whether users of all of them are counted or users of any.
        low: At least so many, in persons or as a share of the users of `of`.
        high: At most so many, in the same unit; math.inf where nothing limits.
        of: Position of the platform whose users `low` and `high` are a share of; None where
            they are persons.
    """

    platforms: tuple[int, ...]
    kind: OverlapKind
    low: float
    high: float
    of: int | None = None

    @property
    def touched(self) -> frozenset[int]:
        """The positions of all platforms that it says something about."""
        return frozenset(self.platforms if self.of is None else (*self.platforms, self.of))


@dataclass(frozen=True)
class Problem:
    """Sizes and measured overlaps of audiences inside one base.

    Attributes:
        base: The size of the base, persons; math.inf where none is on record.
        low: At least so many persons in each audience.
        high: At most so many persons in each audience; math.inf where nothing limits.
        measured: The measured overlaps.

    Raises:
        ValueError: A number is missing (NaN) or negative, there are more lows than highs or the
            other way around, or an overlap names a platform that is not there.
    """

    base: float
    low: tuple[float, ...]
    high: tuple[float, ...]
    measured: tuple[Measured, ...]

    def __post_init__(self) -> None:
        """Raise ValueError where the problem makes no sense whatever the numbers are."""
        ends = [end for one in self.measured for end in (one.low, one.high)]
        if any(not number >= 0.0 for number in (self.base, *self.low, *self.high, *ends)):
            raise ValueError("a number of the problem is missing or negative")
        if len(self.low) != len(self.high):
            raise ValueError(f"{len(self.low)} lower and {len(self.high)} upper limits")
        for one in self.measured:
            if not one.platforms or not one.touched <= set(range(len(self.low))):
                raise ValueError(f"{one} names platforms that the problem does not have")

    @property
    def scale(self) -> float:
        """The base or, where none is on record, the largest number of persons; persons."""
        if math.isfinite(self.base):
            return self.base or 1.0
        counted = [end for one in self.measured if one.of is None for end in (one.low, one.high)]
        return max((x for x in (*self.low, *self.high, *counted) if 0 < x < math.inf), default=1.0)


@dataclass(frozen=True)
class Part:
    """Some platforms of a problem with the overlaps among them, numbered anew.

    Attributes:
        problem: The part as a problem of its own.
        platforms: Which platforms of the whole its platforms are.
        measured: Which overlaps of the whole its overlaps are.
    """

    problem: Problem
    platforms: tuple[int, ...]
    measured: tuple[int, ...]


def part(problem: Problem, platforms: Iterable[int]) -> Part:
    """The part of a problem that only speaks of some platforms.

    Args:
        problem: The whole.
        platforms: Positions of the platforms to keep.
    """
    kept = tuple(sorted(platforms))
    new = {old: position for position, old in enumerate(kept)}
    inside = tuple(i for i, one in enumerate(problem.measured) if one.touched <= new.keys())
    measured = tuple(
        Measured(
            tuple(sorted(new[i] for i in one.platforms)),
            *(one.kind, one.low, one.high, None if one.of is None else new[one.of]),
        )
        for one in (problem.measured[i] for i in inside)
    )
    low, high = (tuple(sizes[i] for i in kept) for sizes in (problem.low, problem.high))
    return Part(Problem(problem.base, low, high, measured), kept, inside)


def components(problem: Problem) -> list[Part]:
    """The parts of a problem that no measured overlap connects.

    Args:
        problem: The whole, of any number of platforms.
    """
    groups = [{i} for i in range(len(problem.low))]
    for one in problem.measured:
        joined = set[int]().union(*(group for group in groups if group & one.touched))
        groups = [group for group in groups if not group & one.touched] + [joined]
    return [part(problem, group) for group in sorted(groups, key=min)]


class Program:
    """The linear program of a problem of at most 12 platforms.

    With `slack`, overlaps may be missed, and what is minimised is by how much: persons in parts
    of the base, shares in parts of the platform that they are a share of.
    """

    def __init__(self, problem: Problem, slack: bool = False) -> None:
        self._problem = problem
        self._scale = problem.scale
        self.rows, self._low, self._high, self._owner = _rows(problem)
        matrix, cost = self.rows, np.ones(self.rows.shape[1])
        if slack:
            missed = np.eye(len(matrix))[:, self._owner > len(problem.low)]
            weight = np.array([_weight(problem, one) for one in self._owner])
            price = weight[self._owner > len(problem.low)] * self._scale
            matrix = np.hstack([matrix, missed, -missed])
            cost = np.concatenate([np.zeros_like(cost), price, price])
        self._solver = _loaded(matrix, cost, self._low / self._scale, self._high / self._scale)

    def possible(self, facts: Iterable[int] | None = None) -> bool:
        """Whether some facts can hold together.

        Args:
            facts: Numbers of the facts, the base being 0; all of them where None.

        Raises:
            RuntimeError: HiGHS came to no answer.
        """
        kept = np.isin(self._owner, list(facts)) if facts is not None else self._owner >= 0
        low = np.where(kept, self._low / self._scale, -math.inf)
        high = np.where(kept, self._high / self._scale, math.inf)
        if np.any(low > high):
            return False
        for row, ends in enumerate(zip(low, high, strict=True)):
            self._solver.changeRowBounds(row, *ends)
        return self._run() == _STATUS.kOptimal

    def extremes(self) -> tuple[float, float] | None:
        """The smallest and largest number of people in the union; None where facts contradict.

        Persons; the largest is math.inf where nothing limits.

        Raises:
            RuntimeError: HiGHS came to no answer.
        """
        if not self.possible():
            return None
        lower = self._proven(-1.0)
        self._solver.changeObjectiveSense(highspy.ObjSense.kMaximize)
        # Primal simplex: the vertex of the minimum is feasible for the maximum as well.
        self._solver.setOptionValue("simplex_strategy", 4)
        upper = self._proven(1.0) if self._run() == _STATUS.kOptimal else math.inf
        self._solver.setOptionValue("simplex_strategy", 1)
        self._solver.changeObjectiveSense(highspy.ObjSense.kMinimize)
        return min(lower, upper), max(lower, upper)

    def persons(self) -> Array | None:
        """Persons in each pattern but 0 that meet the facts with the least slack, if any do.

        Raises:
            RuntimeError: HiGHS came to no answer.
        """
        if not self.possible():
            return None
        found = np.array(self._solver.getSolution().col_value)[: self.rows.shape[1]]
        return np.asarray(np.maximum(found, 0.0) * self._scale)

    def _run(self) -> highspy.HighsModelStatus:
        """Solve from the vertex that HiGHS is at; from scratch where that comes to nothing."""
        for retry in (False, True):
            if retry:
                self._solver.clearSolver()
            self._solver.run()
            status = self._solver.getModelStatus()
            if status in (_STATUS.kOptimal, _STATUS.kInfeasible, _STATUS.kUnbounded):
                return status
        raise RuntimeError(f"HiGHS says {status} about {self._problem}")

    def _proven(self, sense: float) -> float:
        """What the multipliers prove: the least (sense -1) or most (1) people, persons."""
        dual = np.array(self._solver.getSolution().row_dual)
        limit = np.where(dual * sense > 0.0, self._high, self._low)
        dual = np.where(np.isfinite(limit), dual, 0.0)
        value = math.fsum(dual * np.where(dual == 0.0, 0.0, limit))
        violated = max(float((sense * (1.0 - dual @ self.rows)).max()), 0.0)
        return value / (1.0 - sense * violated) if violated < 1.0 else sense * math.inf


def _weight(problem: Problem, fact: int) -> float:
    """What one person of slack costs: 1 / the persons whom the fact is measured against."""
    number = fact - len(problem.low) - 1
    of = problem.measured[number].of if number >= 0 else None
    ends = () if of is None else (problem.low[of], problem.high[of])
    known = [end for end in ends if 0.0 < end < math.inf]
    return len(known) / sum(known) if known else 1.0 / problem.scale


def _rows(problem: Problem) -> tuple[Array, Array, Array, Array]:
    """Coefficients, lower and upper limits of the rows (persons), and whose rows they are."""
    count = len(problem.low)
    using = [indicator((i,), OverlapKind.UNION, count)[1:] for i in range(count)]
    rows = [(np.ones((1 << count) - 1), 0.0, problem.base, 0)]
    rows += [(using[i], problem.low[i], problem.high[i], i + 1) for i in range(count)]
    for fact, one in enumerate(problem.measured, count + 1):
        people = indicator(one.platforms, one.kind, count)[1:]
        if one.of is None:
            rows.append((people, one.low, one.high, fact))
        elif one.low == one.high:
            rows.append((people - one.low * using[one.of], 0.0, 0.0, fact))
        else:
            rows.append((people - one.low * using[one.of], 0.0, math.inf, fact))
            if math.isfinite(one.high):
                rows.append((people - one.high * using[one.of], -math.inf, 0.0, fact))
    matrix, low, high, owner = zip(*rows, strict=True)
    return np.array(matrix), np.array(low), np.array(high), np.array(owner)


class _Silent(highspy.Highs):
    """HiGHS without a word on stdout, where a program's results may go.

    It prints a header when callbacks are enabled, which its __init__ does.
    """

    def enableCallbacks(self) -> None:
        self.silent()
        super().enableCallbacks()  # type: ignore[no-untyped-call]


def _loaded(matrix: Array, cost: Array, low: Array, high: Array) -> highspy.Highs:
    """HiGHS with low <= matrix x <= high, x >= 0, cost'x to be minimised."""
    solver = _Silent()  # type: ignore[no-untyped-call]  # its __init__ has no hints
    # Presolve costs more than these small programs, and would hide what is unbounded.
    solver.setOptionValue("presolve", "off")
    for option in ("primal_feasibility_tolerance", "dual_feasibility_tolerance"):
        solver.setOptionValue(option, TOLERANCE)
    row, column = np.nonzero(matrix)
    program = highspy.HighsLp()
    program.num_row_, program.num_col_ = matrix.shape
    program.col_cost_, program.col_lower_ = cost, np.zeros(len(cost))
    program.col_upper_ = np.full(len(cost), math.inf)
    program.row_lower_, program.row_upper_ = low, np.maximum(low, high)
    program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    starts = np.cumsum(np.bincount(row, minlength=len(matrix)))
    program.a_matrix_.start_ = np.concatenate([[0], starts])
    program.a_matrix_.index_, program.a_matrix_.value_ = column, matrix[row, column]
    solver.passModel(program)
    return solver
