"""What sizes and measured overlaps say of a union of audiences: sharp bounds.

Definitions. Audiences m_1..m_k are sets of people inside a base of I people, each of a size in an
interval [low_i, high_i]. The union is everyone in at least one. Besides sizes, overlaps are
measured: the users of all of some platforms, or of any of them.

Method. The sharp bounds are those of Boole and Hailperin: the smallest and largest union over all
ways to spread people over the membership patterns that the facts allow, two linear programs for
each set of platforms that overlaps connect. Facts that nobody's membership can meet are named, a
smallest set of them.

Assumptions. Those of frechet.py.

Known drawbacks. Of more than 12 connected platforms `sharp` gives weaker bounds: it
looks at groups of at most 12, and a contradiction that no group shows goes unseen.

Citation. T. Hailperin, Best possible inequalities for the probability of a
logical function of events, American Mathematical Monthly 72 (1965), 343-359.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from audience_impact.bounds.conflicts import Change, Conflict, changes, conflict, mended
from audience_impact.bounds.linear_program import (
    MOST_PLATFORMS,
    Measured,
    Part,
    Problem,
    Program,
    components,
    part,
)
from audience_impact.vocabulary import OverlapKind

__all__ = ["Change", "Conflict", "Measured", "Problem", "Sharp", "repaired", "sharp"]

_Answers = dict[Problem, "Sharp | Conflict"]


@dataclass(frozen=True)
class Sharp:
    """Bounds of a union that follow from sizes and measured overlaps.

    Attributes:
        lower: At least so many persons.
        upper: At most so many persons; math.inf where nothing limits.
        weaker: Overlaps connect more than 12 platforms, so these are bounds, though not the
            narrowest.
    """

    lower: float
    upper: float
    weaker: bool


def sharp(problems: Sequence[Problem]) -> list[Sharp | Conflict]:
    """The narrowest bounds of each union, or facts that cannot all hold, in the same order.

    Platforms that no overlap connects are solved apart, which loses nothing: facts of one
    component say nothing of how its people lie to those of another. Component c can have any
    number of people in [l_c, u_c], as the numbers that its patterns allow are convex. Let each
    have the least: laid into one another as far as they go, all are inside the largest, so
    max l_c is reached. Let each have the most: laid side by side until the base is full, they
    reach min(base, sum u_c). Equal components are solved once.

    Args:
        problems: Sizes and overlaps, persons and shares, of any number of platforms.

    Raises:
        RuntimeError: HiGHS came to no answer.
    """
    answers: _Answers = {}
    return [_combined(problem, components(problem), answers) for problem in problems]


def repaired(problem: Problem) -> tuple[Problem, list[Change]]:
    """The problem with the measured overlaps moved so that they can hold, and what moved.

    Sizes and base stay. What is least is the sum of the moves, shares in share points and persons
    in parts of the base. An interval keeps its width, save an end that says nothing.

    Args:
        problem: Sizes that can hold, and overlaps that need not; persons and shares.

    Raises:
        ValueError: The sizes alone contradict one another.
        RuntimeError: HiGHS came to no answer.
    """
    result = problem
    # Groups of one wide component share overlaps: what is moved for the one may stand against
    # the other, so what is still in conflict the second time is only given more room.
    for widen in (False, True):
        for group in [group for piece in components(problem) for group in _groups(piece)]:
            small = part(result, group)
            moved = dict(zip(small.measured, mended(small.problem, widen).measured, strict=True))
            measured = tuple(
                replace(one, low=moved[i].low, high=moved[i].high) if i in moved else one
                for i, one in enumerate(result.measured)
            )
            result = replace(result, measured=measured)
    return result, changes(problem, result)


def _combined(whole: Problem, pieces: Sequence[Part], answers: _Answers) -> Sharp | Conflict:
    """What the pieces of a problem say of the whole."""
    found = [(_answer(piece.problem, answers), piece) for piece in pieces]
    wrong = [one.of_whole(piece) for one, piece in found if isinstance(one, Conflict)]
    if wrong:
        hidden = any(isinstance(one, Sharp) and one.weaker for one, _ in found)
        surely = all(one.smallest for one in wrong) and not hidden
        return replace(min(wrong, key=len), smallest=surely)
    right = [one for one, _ in found if isinstance(one, Sharp)]
    lower = max((one.lower for one in right), default=0.0)
    upper = min(whole.base, sum(one.upper for one in right))
    return Sharp(lower, max(lower, upper), any(one.weaker for one in right))


def _answer(problem: Problem, answers: _Answers) -> Sharp | Conflict:
    """What the facts of connected platforms force, looked up where it is known."""
    if problem not in answers:
        wide = len(problem.low) > MOST_PLATFORMS
        answers[problem] = _weaker(problem, answers) if wide else _solved(problem)
    return answers[problem]


def _solved(problem: Problem) -> Sharp | Conflict:
    """What the facts of at most 12 connected platforms force."""
    (low, *more), (high, *_), base = problem.low, problem.high, problem.base
    if not more and not problem.measured and low <= min(high, base):
        return Sharp(low, min(high, base), False)
    extremes = Program(problem).extremes()
    if extremes is None:
        return conflict(problem)
    least, most = max(problem.low), min(base, sum(problem.high))
    lower, upper = min(max(extremes[0], least), most), max(min(extremes[1], most), least)
    return Sharp(lower, upper, False)


def _weaker(problem: Problem, answers: _Answers) -> Sharp | Conflict:
    """What groups of at most 12 of the connected platforms force, and wide unions by themselves.

    A group's union is inside the whole one, so its lower bound holds for the whole; groups
    that no platform is left out of add up to at least the whole.
    """
    lower, upper = _wide_unions(problem)
    for groups in _partitions(problem):
        answer = _combined(problem, [part(problem, group) for group in groups], answers)
        if isinstance(answer, Conflict):
            return replace(answer, smallest=False)
        lower, upper = max(lower, answer.lower), min(upper, answer.upper)
    # Crossed bounds come from a contradiction that no group shows.
    return Sharp(min(lower, upper), min(max(lower, upper), problem.base), True)


def _wide_unions(problem: Problem) -> tuple[float, float]:
    """What each measured union alone says of the number of people; persons."""
    lower, upper = 0.0, math.inf
    for one in problem.measured:
        if one.kind is OverlapKind.UNION:
            low, high = one.low, one.high
            if one.of is not None:
                low *= problem.low[one.of]
                high = high * problem.high[one.of] if high else 0.0
            rest = set(range(len(problem.low))) - set(one.platforms)
            lower, upper = max(lower, low), min(upper, high + sum(problem.high[i] for i in rest))
    return lower, upper


def _groups(piece: Part) -> list[frozenset[int]]:
    """The sets of at most 12 platforms of the whole whose facts are looked at together."""
    if len(piece.platforms) <= MOST_PLATFORMS:
        return [frozenset(piece.platforms)]
    found = {group: None for groups in _partitions(piece.problem) for group in groups}
    return [frozenset(piece.platforms[i] for i in group) for group in found]


def _partitions(problem: Problem) -> Iterator[list[frozenset[int]]]:
    """Ways to split platforms into groups of at most 12, each overlap whole in one of them."""
    small = [one.touched for one in problem.measured if len(one.touched) <= MOST_PLATFORMS]
    everything = frozenset(range(len(problem.low)))
    for first in dict.fromkeys([*small, frozenset([0])]):
        free, groups, start = everything, list[frozenset[int]](), first
        while start:
            groups.append(_grown(start, [one for one in small if one <= free]))
            free -= groups[-1]
            start = next((one for one in small if one <= free), frozenset(sorted(free)[:1]))
        yield groups


def _grown(group: frozenset[int], overlaps: Sequence[frozenset[int]]) -> frozenset[int]:
    """A group with overlaps that touch it added, the narrowest first, up to 12 platforms."""
    while True:
        wider = [group | one for one in overlaps if group & one and not one <= group]
        best = min(wider, key=len, default=group)
        if not wider or len(best) > MOST_PLATFORMS:
            return group
        group = best
