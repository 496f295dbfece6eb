"""Linear programs over the membership patterns of a few platforms: consistency and bounds.

Definitions
-----------
Pattern: the exact set of platforms that a person uses. Bit i of its number says that platform i
is used; pattern 0, people of the base who use none, is what the base leaves over.
Fact: a recorded constraint. Fact 0 is the size of the base, facts 1..n are the audiences of the n
platforms (low and high together), the measured overlaps follow.

Method
------
The variables are the persons in each of the 2^n - 1 patterns with somebody in them; every fact is
one row, or two where it gives a share as an interval. HiGHS minimises the number of people, then
maximises it from the vertex that it is at. The result is not the objective of HiGHS, which is exact
only up to its tolerances, but the bound that its multipliers y prove: since x >= 0 are persons and
the objective is their sum T, T <= y'limits + d T with d the largest violation of a dual constraint,
hence T <= y'limits / (1 - d), and likewise from below. So an error of the solver makes a bound
wider, never wrong, and with exact multipliers the bound is exact.

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
from audience_impact.overlap.conditioning import mark_patterns
from audience_impact.vocabulary import OverlapKind

MOST_PLATFORMS = 12
"""Maximum number of platforms in a linear program."""

TOLERANCE = 1e-9
"""Maximum violation of a row, as a share of the base."""

_STATUS = highspy.HighsModelStatus


@dataclass(frozen=True)
class MeasuredOverlap:
    """A measured overlap: people who use all of some platforms, or any of them.

    Attributes:
        platforms: Positions of the platforms in the problem.
        kind: Whether users of all of them are counted or users of any.
        low: The lower limit, in persons or as a share of the users of `of`.
        high: The upper limit, in the same unit; math.inf if there is none.
        of: Position of the platform whose users `low` and `high` are a share of; None where
            they are persons.
    """

    platforms: tuple[int, ...]
    kind: OverlapKind
    low: float
    high: float
    of: int | None = None

    @property
    def named_platforms(self) -> frozenset[int]:
        """Return the positions of all platforms that the overlap depends on."""
        return frozenset(self.platforms if self.of is None else (*self.platforms, self.of))


@dataclass(frozen=True)
class Problem:
    """Sizes and measured overlaps of audiences inside one base.

    Attributes:
        base: The size of the base, persons; math.inf where none is on record.
        low: The lower limit of each audience, persons.
        high: The upper limit of each audience, persons; math.inf if there is none.
        measured: The measured overlaps.

    Raises:
        ValueError: A number is missing (NaN) or negative, there are more lows than highs or the
            other way around, or an overlap names a platform that is not there.
    """

    base: float
    low: tuple[float, ...]
    high: tuple[float, ...]
    measured: tuple[MeasuredOverlap, ...]

    def __post_init__(self) -> None:
        """Raise ValueError if a number is missing or negative, or an overlap does not fit."""
        ends = [end for overlap in self.measured for end in (overlap.low, overlap.high)]
        if any(not number >= 0.0 for number in (self.base, *self.low, *self.high, *ends)):
            raise ValueError("a number of the problem is missing or negative")
        if len(self.low) != len(self.high):
            raise ValueError(f"{len(self.low)} lower limits, but {len(self.high)} upper limits")
        for overlap in self.measured:
            if not overlap.platforms or not overlap.named_platforms <= set(range(len(self.low))):
                raise ValueError(f"{overlap} names platforms that the problem does not have")

    @property
    def scale(self) -> float:
        """Return the base or, without one on record, the largest number of persons."""
        if math.isfinite(self.base):
            return self.base or 1.0
        counted = [
            end
            for overlap in self.measured
            if overlap.of is None
            for end in (overlap.low, overlap.high)
        ]
        return max((x for x in (*self.low, *self.high, *counted) if 0 < x < math.inf), default=1.0)


@dataclass(frozen=True)
class Part:
    """A subset of the platforms of a problem, renumbered, with the overlaps among them.

    Attributes:
        problem: The part as a problem of its own.
        platforms: The positions of its platforms in the whole problem.
        measured: The positions of its overlaps in the whole problem.
    """

    problem: Problem
    platforms: tuple[int, ...]
    measured: tuple[int, ...]


def extract_part(problem: Problem, platforms: Iterable[int]) -> Part:
    """Return the part of a problem that has these platforms and the overlaps among them.

    Args:
        problem: The whole.
        platforms: Positions of the platforms to keep.
    """
    positions = tuple(sorted(platforms))
    new = {old: position for position, old in enumerate(positions)}
    inside = tuple(
        i for i, overlap in enumerate(problem.measured) if overlap.named_platforms <= new.keys()
    )
    measured = tuple(
        MeasuredOverlap(
            tuple(sorted(new[i] for i in overlap.platforms)),
            *(
                overlap.kind,
                overlap.low,
                overlap.high,
                None if overlap.of is None else new[overlap.of],
            ),
        )
        for overlap in (problem.measured[i] for i in inside)
    )
    low, high = (tuple(sizes[i] for i in positions) for sizes in (problem.low, problem.high))
    return Part(Problem(problem.base, low, high, measured), positions, inside)


def split_components(problem: Problem) -> list[Part]:
    """Return the parts of a problem that no measured overlap connects.

    Args:
        problem: The whole, of any number of platforms.
    """
    groups = [{i} for i in range(len(problem.low))]
    for overlap in problem.measured:
        joined = set[int]().union(*(group for group in groups if group & overlap.named_platforms))
        groups = [group for group in groups if not group & overlap.named_platforms] + [joined]
    return [extract_part(problem, group) for group in sorted(groups, key=min)]


class Program:
    """The linear program of a problem of at most 12 platforms.

    With `slack`, overlaps may be violated, and the sum of the violations is minimised: persons as
    parts of the base, shares as parts of the audience that they refer to.
    """

    def __init__(self, problem: Problem, slack: bool = False) -> None:
        self._problem = problem
        self._scale = problem.scale
        self.rows, self._low, self._high, self._owner = _build_rows(problem)
        matrix, cost = self.rows, np.ones(self.rows.shape[1])
        if slack:
            missed = np.eye(len(matrix))[:, self._owner > len(problem.low)]
            weight = np.array([_weigh_slack(problem, fact) for fact in self._owner])
            price = weight[self._owner > len(problem.low)] * self._scale
            matrix = np.hstack([matrix, missed, -missed])
            cost = np.concatenate([np.zeros_like(cost), price, price])
        self._solver = _load_solver(matrix, cost, self._low / self._scale, self._high / self._scale)

    def is_possible(self, facts: Iterable[int] | None = None) -> bool:
        """Return whether some facts are consistent.

        Args:
            facts: Numbers of the facts, the base being 0; all of them where None.

        Raises:
            RuntimeError: HiGHS came to no answer.
        """
        is_included = np.isin(self._owner, list(facts)) if facts is not None else self._owner >= 0
        low = np.where(is_included, self._low / self._scale, -math.inf)
        high = np.where(is_included, self._high / self._scale, math.inf)
        if np.any(low > high):
            return False
        for row, ends in enumerate(zip(low, high, strict=True)):
            self._solver.changeRowBounds(row, *ends)
        return self._solve() == _STATUS.kOptimal

    def find_extremes(self) -> tuple[float, float] | None:
        """Return the least and most people in the union; None where facts contradict.

        Both in persons; the largest is math.inf where no fact limits it.

        Raises:
            RuntimeError: HiGHS came to no answer.
        """
        if not self.is_possible():
            return None
        lower = self._prove_limit(-1.0)
        self._solver.changeObjectiveSense(highspy.ObjSense.kMaximize)
        # Primal simplex: the vertex of the minimum is feasible for the maximum as well.
        self._solver.setOptionValue("simplex_strategy", 4)
        upper = self._prove_limit(1.0) if self._solve() == _STATUS.kOptimal else math.inf
        self._solver.setOptionValue("simplex_strategy", 1)
        self._solver.changeObjectiveSense(highspy.ObjSense.kMinimize)
        return min(lower, upper), max(lower, upper)

    def spread_persons(self) -> Array | None:
        """Return persons in each pattern except 0 that satisfy the facts with the least slack.

        Raises:
            RuntimeError: HiGHS came to no answer.
        """
        if not self.is_possible():
            return None
        values = np.array(self._solver.getSolution().col_value)[: self.rows.shape[1]]
        return np.asarray(np.maximum(values, 0.0) * self._scale)

    def _solve(self) -> highspy.HighsModelStatus:
        """Solve from the current vertex of HiGHS; start anew if that fails."""
        for retry in (False, True):
            if retry:
                self._solver.clearSolver()
            self._solver.run()
            status = self._solver.getModelStatus()
            if status in (_STATUS.kOptimal, _STATUS.kInfeasible, _STATUS.kUnbounded):
                return status
        raise RuntimeError(f"HiGHS returned {status} for {self._problem}")

    def _prove_limit(self, sense: float) -> float:
        """Return the minimum (sense -1) or maximum (1) of persons that the multipliers prove."""
        dual = np.array(self._solver.getSolution().row_dual)
        limit = np.where(dual * sense > 0.0, self._high, self._low)
        dual = np.where(np.isfinite(limit), dual, 0.0)
        value = math.fsum(dual * np.where(dual == 0.0, 0.0, limit))
        violated = max(float((sense * (1.0 - dual @ self.rows)).max()), 0.0)
        return value / (1.0 - sense * violated) if violated < 1.0 else sense * math.inf


def _weigh_slack(problem: Problem, fact: int) -> float:
    """Return the cost of one person of slack: 1 / the persons that the fact refers to."""
    number = fact - len(problem.low) - 1
    of = problem.measured[number].of if number >= 0 else None
    ends = () if of is None else (problem.low[of], problem.high[of])
    limits = [end for end in ends if 0.0 < end < math.inf]
    return len(limits) / sum(limits) if limits else 1.0 / problem.scale


def _build_rows(problem: Problem) -> tuple[Array, Array, Array, Array]:
    """Return coefficients, lower and upper limits (persons) and the fact of each row."""
    count = len(problem.low)
    using = [mark_patterns((i,), OverlapKind.UNION, count)[1:] for i in range(count)]
    rows = [(np.ones((1 << count) - 1), 0.0, problem.base, 0)]
    rows += [(using[i], problem.low[i], problem.high[i], i + 1) for i in range(count)]
    for fact, overlap in enumerate(problem.measured, count + 1):
        people = mark_patterns(overlap.platforms, overlap.kind, count)[1:]
        if overlap.of is None:
            rows.append((people, overlap.low, overlap.high, fact))
        elif overlap.low == overlap.high:
            rows.append((people - overlap.low * using[overlap.of], 0.0, 0.0, fact))
        else:
            rows.append((people - overlap.low * using[overlap.of], 0.0, math.inf, fact))
            if math.isfinite(overlap.high):
                rows.append((people - overlap.high * using[overlap.of], -math.inf, 0.0, fact))
    matrix, low, high, owner = zip(*rows, strict=True)
    return np.array(matrix), np.array(low), np.array(high), np.array(owner)


class _QuietSolver(highspy.Highs):
    """The solver HiGHS without output on stdout, where a program may write its results.

    HiGHS prints a header when callbacks are enabled, which the base class does in __init__.
    """

    def enableCallbacks(self) -> None:
        self.silent()
        super().enableCallbacks()  # type: ignore[no-untyped-call]


def _load_solver(matrix: Array, cost: Array, low: Array, high: Array) -> highspy.Highs:
    """Return HiGHS with low <= matrix x <= high, x >= 0, cost'x to be minimised."""
    solver = _QuietSolver()  # type: ignore[no-untyped-call]  # its __init__ has no hints
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
