"""Bounds on a union of audiences from their sizes and measured overlaps: sharp and Frechet.

Definitions. Audiences m_1..m_k are sets of people inside a base of I people, each of a size in an
interval [low_i, high_i]. The union is everyone in at least one. Besides sizes, overlaps are
measured: the users of all of some platforms, or of any of them.

Method. The sharp bounds are those of Boole and Hailperin: the smallest and largest union over all
ways to spread people over the membership patterns that the facts allow, two linear programs for
each set of platforms that overlaps connect. If no such spread exists, a smallest set of
contradictory facts is reported.

Assumptions. Those of Frechet bounds (below).

Known drawbacks. Of more than 12 connected platforms `sharp` gives weaker bounds: it looks at groups
of at most 12, and a contradiction that no single group contains is not detected.

Citation. T. Hailperin, Best possible inequalities for the probability of a
logical function of events, American Mathematical Monthly 72 (1965), 343-359.

Sizes alone give Frechet bounds.

Method. max low_i <= |union| <= min(I, sum high_i). Both ends can be reached, so no narrower
interval follows from sizes alone.

Assumptions. Every audience is a part of the base by definition, and base and audiences come from
one measurer; if not, the caller reports it in obs_status.

Known drawbacks. The interval is wide when audiences are small against the base; sharp bounds
use measured overlaps as well.

Citation. M. Frechet, Generalisation du theoreme des probabilites totales, Fundamenta
Mathematicae 25 (1935), 379-387.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from audience_impact.bounds.conflicts import (
    Change,
    Conflict,
    find_conflict,
    list_changes,
    repair_overlaps,
)
from audience_impact.bounds.linear_program import (
    MOST_PLATFORMS,
    MeasuredOverlap,
    Part,
    Problem,
    Program,
    extract_part,
    split_components,
)
from audience_impact.vocabulary import OverlapKind


def bound_unions(audiences: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return Frechet bounds of the union of the audiences of each group.

    `audiences` has one row an audience with `low_persons`, `high_persons` (NaN where nothing
    limits it from above) and `base_persons` (the same for all rows of a group; NaN where no
    base is known). Returns, indexed by `by`, `lower_persons`, `upper_persons` (NaN where
    neither audiences nor base limit the union) and `naive_sum_persons` (the audiences added
    up, NaN where one is unlimited).
    """
    groups = audiences.groupby(by, sort=True)
    added = groups["high_persons"].sum().where(groups["high_persons"].count() == groups.size())
    base = groups["base_persons"].first()
    lower = groups["low_persons"].max().fillna(0.0)
    upper = pd.concat([added, base], axis=1).min(axis=1)
    return pd.DataFrame(
        {
            "lower_persons": lower,
            "upper_persons": upper.where(upper.isna() | (upper >= lower), lower),
            "naive_sum_persons": added,
        }
    )


def bound_sets(members: pd.DataFrame, rows: pd.DataFrame, low: str, high: str) -> pd.DataFrame:
    """Return Frechet bounds of each set, by set_id: `lower`, `upper` and the sum `added`.

    Of several rows of one platform in one area the largest audience counts; areas may be
    disjoint, so they add up, to the audience of the whole country at most.
    """
    country_column = high.replace("_high_", "_whole_")
    about = rows.set_index("row")[
        list(dict.fromkeys(["platform_id", "where", low, high, country_column, "base_persons"]))
    ]
    joined = members.join(about, on="row")
    groups = joined.groupby("set_id", sort=True)
    by = ["set_id", "platform_id"]
    most = _take_largest(joined, [*by, "where"], high).groupby(level=by).sum(skipna=False)
    most = np.fmin(most, joined.groupby(by)[country_column].max()).where(most.notna())
    added = most.groupby(level="set_id").sum(skipna=False)
    base = _take_largest(joined, ["set_id"], "base_persons")
    lower = groups[low].max()
    return pd.DataFrame(
        {
            "lower": lower,
            "upper": pd.concat([np.fmin(added, base), lower], axis=1).max(axis=1, skipna=False),
            "added": added,
        }
    )


def _take_largest(rows: pd.DataFrame, by: list[str], name: str) -> pd.Series:
    """Return the largest number of each group; NaN if a number of the group is missing."""
    most = rows.groupby(by)[name].max()
    missing = rows[name].isna()
    if not missing.any():
        return most
    return most.where(~missing.groupby([rows[key] for key in by]).any())


__all__ = [
    "Change",
    "Conflict",
    "MeasuredOverlap",
    "Problem",
    "Sharp",
    "bound_sharply",
    "repair_problem",
]

_Answers = dict[Problem, "Sharp | Conflict"]


@dataclass(frozen=True)
class Sharp:
    """Bounds of a union that follow from sizes and measured overlaps.

    Attributes:
        lower: The lower bound, persons.
        upper: The upper bound, persons; math.inf if there is none.
        weaker: True if overlaps connect more than 12 platforms, so that narrower bounds may exist.
    """

    lower: float
    upper: float
    weaker: bool


def bound_sharply(problems: Sequence[Problem]) -> list[Sharp | Conflict]:
    """Return the narrowest bounds of each union, or facts that contradict, in the same order.

    Platforms that no overlap connects are solved apart, which loses nothing: facts of one
    component do not limit the overlap of its people with those of another. Component c can have any
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
    return [_combine_parts(problem, split_components(problem), answers) for problem in problems]


def repair_problem(problem: Problem) -> tuple[Problem, list[Change]]:
    """Return the problem with its overlaps moved until its facts are consistent, and the moves.

    Sizes and base do not change. The sum of the moves is minimal, with shares measured in share
    points and persons in shares of the base. An interval keeps its width, unless one of its ends is
    open.

    Args:
        problem: Consistent sizes, and overlaps that may contradict them; persons and shares.

    Raises:
        ValueError: The sizes alone contradict one another.
        RuntimeError: HiGHS came to no answer.
    """
    result = problem
    # Groups of one wide component share overlaps: what is moved for the one may stand against
    # the other, so what is still in conflict the second time is only given more room.
    for widen in (False, True):
        for group in [
            group for piece in split_components(problem) for group in _list_groups(piece)
        ]:
            small = extract_part(result, group)
            moved = dict(
                zip(small.measured, repair_overlaps(small.problem, widen).measured, strict=True)
            )
            measured = tuple(
                replace(overlap, low=moved[i].low, high=moved[i].high) if i in moved else overlap
                for i, overlap in enumerate(result.measured)
            )
            result = replace(result, measured=measured)
    return result, list_changes(problem, result)


def _combine_parts(problem: Problem, pieces: Sequence[Part], answers: _Answers) -> Sharp | Conflict:
    """Return the bounds of the whole problem from those of its parts, or a conflict of a part."""
    answered = [(_look_up_answer(piece.problem, answers), piece) for piece in pieces]
    wrong = [
        answer.renumber_facts(piece) for answer, piece in answered if isinstance(answer, Conflict)
    ]
    if wrong:
        hidden = any(isinstance(answer, Sharp) and answer.weaker for answer, _ in answered)
        surely = all(answer.smallest for answer in wrong) and not hidden
        return replace(min(wrong, key=len), smallest=surely)
    right = [answer for answer, _ in answered if isinstance(answer, Sharp)]
    lower = max((answer.lower for answer in right), default=0.0)
    upper = min(problem.base, sum(answer.upper for answer in right))
    return Sharp(lower, max(lower, upper), any(answer.weaker for answer in right))


def _look_up_answer(problem: Problem, answers: _Answers) -> Sharp | Conflict:
    """Return bounds or conflict of connected platforms; solve each problem only once."""
    if problem not in answers:
        wide = len(problem.low) > MOST_PLATFORMS
        answers[problem] = (
            _bound_wide_problem(problem, answers) if wide else _solve_problem(problem)
        )
    return answers[problem]


def _solve_problem(problem: Problem) -> Sharp | Conflict:
    """Return bounds or conflict of at most 12 connected platforms."""
    (low, *more), (high, *_), base = problem.low, problem.high, problem.base
    if not more and not problem.measured and low <= min(high, base):
        return Sharp(low, min(high, base), False)
    extremes = Program(problem).find_extremes()
    if extremes is None:
        return find_conflict(problem)
    least, most = max(problem.low), min(base, sum(problem.high))
    lower, upper = min(max(extremes[0], least), most), max(min(extremes[1], most), least)
    return Sharp(lower, upper, False)


def _bound_wide_problem(problem: Problem, answers: _Answers) -> Sharp | Conflict:
    """Return weaker bounds from groups of at most 12 platforms and from wide unions.

    A group's union is inside the whole union, which therefore has at least its lower bound;
    the unions of groups that cover all platforms add up to at least the whole.
    """
    lower, upper = _bound_wide_unions(problem)
    for groups in _partition_platforms(problem):
        answer = _combine_parts(
            problem, [extract_part(problem, group) for group in groups], answers
        )
        if isinstance(answer, Conflict):
            return replace(answer, smallest=False)
        lower, upper = max(lower, answer.lower), min(upper, answer.upper)
    # Crossed bounds come from a contradiction that no group shows.
    return Sharp(min(lower, upper), min(max(lower, upper), problem.base), True)


def _bound_wide_unions(problem: Problem) -> tuple[float, float]:
    """Return the least and most persons that follow from single measured unions."""
    lower, upper = 0.0, math.inf
    for overlap in problem.measured:
        if overlap.kind is OverlapKind.UNION:
            low, high = overlap.low, overlap.high
            if overlap.of is not None:
                low *= problem.low[overlap.of]
                high = high * problem.high[overlap.of] if high else 0.0
            rest = set(range(len(problem.low))) - set(overlap.platforms)
            lower, upper = max(lower, low), min(upper, high + sum(problem.high[i] for i in rest))
    return lower, upper


def _list_groups(piece: Part) -> list[frozenset[int]]:
    """Return sets of at most 12 platforms of the whole problem to solve together."""
    if len(piece.platforms) <= MOST_PLATFORMS:
        return [frozenset(piece.platforms)]
    distinct = {group: None for groups in _partition_platforms(piece.problem) for group in groups}
    return [frozenset(piece.platforms[i] for i in group) for group in distinct]


def _partition_platforms(problem: Problem) -> Iterator[list[frozenset[int]]]:
    """Yield ways to split platforms into groups of at most 12 that split few overlaps."""
    small = [
        overlap.named_platforms
        for overlap in problem.measured
        if len(overlap.named_platforms) <= MOST_PLATFORMS
    ]
    everything = frozenset(range(len(problem.low)))
    for first in dict.fromkeys([*small, frozenset([0])]):
        free, groups, start = everything, list[frozenset[int]](), first
        while start:
            groups.append(_grow_group(start, [overlap for overlap in small if overlap <= free]))
            free -= groups[-1]
            start = next(
                (overlap for overlap in small if overlap <= free), frozenset(sorted(free)[:1])
            )
        yield groups


def _grow_group(group: frozenset[int], overlaps: Sequence[frozenset[int]]) -> frozenset[int]:
    """Return a group extended by overlaps that share a platform, narrowest first, to at most 12."""
    while True:
        wider = [
            group | overlap for overlap in overlaps if group & overlap and not overlap <= group
        ]
        best = min(wider, key=len, default=group)
        if not wider or len(best) > MOST_PLATFORMS:
            return group
        group = best
