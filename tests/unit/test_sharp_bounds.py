"""Unions with measured overlaps: answers from the literature, brute force, conflicts, repairs."""

import itertools
import math
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from audience_impact.bounds import conflicts
from audience_impact.bounds.sharp import (
    Change,
    Conflict,
    MeasuredOverlap,
    Problem,
    Sharp,
    bound_sharply,
    repair_problem,
)
from audience_impact.vocabulary import OverlapKind

BOTH, ANY = OverlapKind.INTERSECTION, OverlapKind.UNION


def exact(base: float, sizes: Iterable[float], *measured: MeasuredOverlap) -> Problem:
    """A problem whose audiences are known without error."""
    known = tuple(map(float, sizes))
    return Problem(base, known, known, measured)


def pair(i: int, j: int, value: float, kind: OverlapKind = BOTH) -> MeasuredOverlap:
    """An exact number of persons who use both, or any, of two platforms."""
    return MeasuredOverlap((i, j), kind, value, value)


def solved(problem: Problem) -> Sharp:
    """The bounds of one problem whose facts can hold."""
    (result,) = bound_sharply([problem])
    assert isinstance(result, Sharp)
    return result


def ends(problem: Problem) -> tuple[float, float]:
    """Lower and upper bound of one problem whose facts can hold."""
    result = solved(problem)
    return result.lower, result.upper


def near(*numbers: float) -> Any:
    """What equals some numbers but for rounding."""
    return pytest.approx(numbers, rel=1e-8)


def moves(changes: Iterable[Change]) -> list[tuple[int, float, float, float]]:
    """The changes as plain numbers."""
    return [(change.measured, change.low, change.high, change.by) for change in changes]


def contradiction(problem: Problem) -> Conflict:
    """The conflict of one problem whose facts cannot hold."""
    (result,) = bound_sharply([problem])
    assert isinstance(result, Conflict)
    return result


def russia(low: float, high: float, base: float = 105e6) -> Problem:
    """Two platforms, and the share of the second one's users who use both."""
    return exact(base, [96e6, 89e6], MeasuredOverlap((0, 1), BOTH, low, high, of=1))


# --- a second way to the same answers: every row written out, solved by scipy


def members(platforms: Iterable[int], kind: OverlapKind, pattern: int) -> bool:
    using = [bool(pattern >> i & 1) for i in platforms]
    return all(using) if kind is BOTH else any(using)


def inequalities(problem: Problem, facts: Iterable[int]) -> tuple[list[list[float]], list[float]]:
    """Rows `left x <= right` of the facts, numbered base, audiences, overlaps."""
    count = len(problem.low)
    patterns = range(1, 1 << count)
    left, right = [], []

    def row(sign: float, coefficients: Iterable[float], limit: float) -> None:
        if math.isfinite(limit):
            left.append([sign * float(one) for one in coefficients])
            right.append(sign * limit)

    for fact in facts:
        if fact == 0:
            row(1, [1.0 for _ in patterns], problem.base)
            continue
        if fact <= count:
            people, of = [members([fact - 1], ANY, p) for p in patterns], None
            low, high = problem.low[fact - 1], problem.high[fact - 1]
        else:
            one = problem.measured[fact - count - 1]
            people = [members(one.platforms, one.kind, p) for p in patterns]
            of, low, high = one.of, one.low, one.high
        users = [0 if of is None else p >> of & 1 for p in patterns]
        for sign, end in ((-1, low), (1, high)):
            share = 0.0 if of is None else end
            lhs = [a - share * b for a, b in zip(people, users, strict=True)]
            row(sign, lhs, end if of is None else 0.0)
    return left, right


def brute(problem: Problem, facts: Iterable[int] | None = None) -> tuple[float, float] | None:
    """Smallest and largest union as scipy finds them; None where the facts contradict."""
    count = len(problem.low)
    asked = range(1 + count + len(problem.measured)) if facts is None else facts
    left, right = inequalities(problem, asked)
    if not left:
        return 0.0, math.inf
    cost = np.ones((1 << count) - 1)
    least = linprog(cost, A_ub=left, b_ub=right, method="highs")
    if least.status != 0:
        return None
    # What has a minimum and no maximum is unlimited, whichever of the two words scipy has for it.
    most = linprog(-cost, A_ub=left, b_ub=right, method="highs")
    return float(least.fun), -float(most.fun) if most.status == 0 else math.inf


def facts_of(found: Conflict, problem: Problem) -> list[int]:
    """The members of a conflict, numbered base, audiences, overlaps."""
    count = len(problem.low)
    numbers = [*(i + 1 for i in found.audiences), *(i + count + 1 for i in found.measured)]
    return [0, *numbers] if found.base else numbers


def smallest_by_trying_all(problem: Problem) -> int | None:
    facts = range(1 + len(problem.low) + len(problem.measured))
    for size in range(1, len(facts) + 1):
        for some in itertools.combinations(facts, size):
            if brute(problem, some) is None:
                return size
    return None


# --- populations, and problems that may or may not be possible


@st.composite
def populations(
    draw: st.DrawFn, most: int = 4, overlaps: int = 4, loose: bool = True
) -> tuple[Problem, float]:
    """A problem that is true of some population, and the population's union."""
    count = draw(st.integers(2, most))
    some = st.lists(st.integers(0, 9), min_size=1 << count, max_size=1 << count)
    people = np.array(draw(some), dtype=float)
    index = np.arange(1 << count)
    sizes = [float(people @ (index >> i & 1)) for i in range(count)]
    slack = st.sampled_from([0.0, 0.0, 1.0, 3.0]) if loose else st.just(0.0)
    low = tuple(max(size - draw(slack), 0.0) for size in sizes)
    high = tuple(draw(st.sampled_from([size + draw(slack), math.inf])) for size in sizes)
    if not loose:
        low, high = tuple(sizes), tuple(sizes)
    measured = []
    for _ in range(draw(st.integers(0, overlaps))):
        platforms = tuple(
            draw(st.lists(st.integers(0, count - 1), min_size=1, max_size=count, unique=True))
        )
        kind = draw(st.sampled_from([BOTH, ANY]))
        value = float(people @ np.array([members(platforms, kind, int(p)) for p in index]))
        of = draw(st.sampled_from([None, *(i for i in platforms if sizes[i] > 0)]))
        unit = 1.0 if of is None else sizes[of]
        width = draw(slack)
        measured.append(
            MeasuredOverlap(
                platforms, kind, max(value - width, 0.0) / unit, (value + width) / unit, of
            )
        )
    base = draw(st.sampled_from([float(people.sum()), math.inf]))
    return Problem(base, low, high, tuple(measured)), float(people[1:].sum())


@st.composite
def doubtful(draw: st.DrawFn) -> Problem:
    """A problem of three platforms with overlaps made up."""
    sizes = [float(draw(st.integers(1, 10))) for _ in range(3)]
    measured = []
    for _ in range(draw(st.integers(1, 4))):
        platforms = tuple(draw(st.lists(st.integers(0, 2), min_size=2, max_size=3, unique=True)))
        kind = draw(st.sampled_from([BOTH, ANY]))
        low, high = sorted(draw(st.tuples(st.integers(0, 10), st.integers(0, 10))))
        share = kind is BOTH and draw(st.booleans())
        unit, of = (10.0, platforms[0]) if share else (1.0, None)
        measured.append(MeasuredOverlap(platforms, kind, low / unit, high / unit, of))
    spare = draw(st.integers(0, 6))
    return exact(max(sizes) + spare, sizes, *measured)


# --- answers that are known


@pytest.mark.parametrize("sizes", [(0.3, 0.5), (0.7, 0.6), (0.2, 0.3, 0.1), (0.9, 0.8, 0.7)])
def test_sizes_alone_give_the_bounds_of_frechet(sizes: tuple[float, ...]) -> None:
    # Frechet (1935); Hailperin (1965), Amer. Math. Monthly 72, for n events.
    assert ends(exact(1.0, sizes)) == (max(sizes), min(1.0, sum(sizes)))


@pytest.mark.parametrize(
    ("p", "p12", "p13", "p23"),
    [
        ((0.5, 0.4, 0.3), 0.2, 0.1, 0.05),
        ((0.6, 0.6, 0.6), 0.3, 0.3, 0.3),
        ((0.7, 0.5, 0.4), 0.45, 0.3, 0.2),
        ((0.2, 0.2, 0.2), 0.0, 0.0, 0.1),
    ],
)
def test_three_events_and_their_pairs(
    p: tuple[float, float, float], p12: float, p13: float, p23: float
) -> None:
    # Boole's problem as Hailperin (1965) puts it, with three events small enough to be done by
    # hand: only p123 is free, and each of the eight patterns must stay at least empty.
    plain = sum(p) - p12 - p13 - p23
    least = max(0.0, p12 + p13 - p[0], p12 + p23 - p[1], p13 + p23 - p[2])
    most = min(p12, p13, p23, 1.0 - plain)
    result = ends(exact(1.0, p, pair(0, 1, p12), pair(0, 2, p13), pair(1, 2, p23)))
    assert result == pytest.approx((plain + least, plain + most), abs=1e-9)


@given(st.lists(st.integers(0, 9), min_size=3, max_size=7))
def test_exchangeable_events_have_the_bounds_of_dawson_sankoff_and_kwerel(
    having: list[int],
) -> None:
    # Dawson and Sankoff (1967), Proc. Amer. Math. Soc. 18: P >= 2 S1/(k+1) - 2 S2/(k(k+1)) with
    # k = 1 + floor(2 S2/S1). Kwerel (1975), J. Amer. Statist. Assoc. 70: P <= S1 - 2 S2/n. Both
    # are sharp given S1 and S2; where all events and all pairs are alike, averaging a solution
    # over the orders of the events keeps it one, so S1 and S2 say as much as their parts.
    count, base = len(having) - 1, sum(having)
    s1 = sum(r * people for r, people in enumerate(having))
    s2 = sum(r * (r - 1) // 2 * people for r, people in enumerate(having))
    assume(s1 > 0)
    k = 1 + 2 * s2 // s1
    lower = 2 * s1 / (k + 1) - 2 * s2 / (k * (k + 1))
    upper = min(base, s1 - 2 * s2 / count)
    edges = list(itertools.combinations(range(count), 2))
    pairs = [pair(i, j, s2 / len(edges)) for i, j in edges]
    result = ends(exact(base, [s1 / count] * count, *pairs))
    assert result == pytest.approx((lower, upper), rel=1e-7)


@given(st.integers(2, 7), st.data())
def test_measured_along_a_tree_the_union_reaches_hunter_and_worsley(
    count: int, data: st.DataObject
) -> None:
    # Hunter (1976), J. Appl. Prob. 13; Worsley (1982), Biometrika 69: P <= S1 - sum over a tree.
    # Attained: let whoever has an event without its parent in the tree have no other line.
    sizes = [data.draw(st.integers(1, 50)) for _ in range(count)]
    edges = [(data.draw(st.integers(0, j - 1)), j) for j in range(1, count)]
    weights = [float(data.draw(st.integers(0, min(sizes[i], sizes[j])))) for i, j in edges]
    tree = [pair(i, j, weight) for (i, j), weight in zip(edges, weights, strict=True)]
    upper = ends(exact(math.inf, sizes, *tree))[1]
    assert upper == pytest.approx(sum(sizes) - sum(weights), rel=1e-9)


@given(populations(most=5, loose=False), st.data())
def test_a_spanning_tree_of_pairs_limits_from_above(
    case: tuple[Problem, float], data: st.DataObject
) -> None:
    # The same bound where more than the tree is measured: it holds, but need not be reached.
    problem, _ = case
    count = len(problem.low)
    edges = [(data.draw(st.integers(0, j - 1)), j) for j in range(1, count)]
    least = [max(0.0, problem.low[i] + problem.low[j] - problem.base) for i, j in edges]
    pairs = [
        MeasuredOverlap(edge, BOTH, low, math.inf) for edge, low in zip(edges, least, strict=True)
    ]
    upper = ends(replace(problem, measured=(*problem.measured, *pairs)))[1]
    assert upper <= sum(problem.high) - sum(least) + 1e-6


def test_ninety_five_percent_of_the_second_leave_one_number() -> None:
    assert ends(russia(0.95, 0.95)) == pytest.approx((100_450_000.0, 100_450_000.0), abs=1.0)


def test_an_interval_of_shares_gives_an_interval_of_unions() -> None:
    assert ends(russia(0.93, 0.97)) == pytest.approx((98_670_000.0, 102_230_000.0), abs=1.0)


def test_a_share_of_an_interval_is_one_of_whatever_it_is() -> None:
    # Half of the second platform, be it 40 or 60, is outside the first.
    problem = Problem(
        math.inf, (50.0, 40.0), (50.0, 60.0), (MeasuredOverlap((0, 1), BOTH, 0.5, 0.5, 1),)
    )
    assert ends(problem) == pytest.approx((70.0, 80.0))


def test_a_measured_union_is_met() -> None:
    assert ends(exact(100.0, [50, 40], pair(0, 1, 70.0, ANY))) == pytest.approx((70.0, 70.0))


def test_nothing_limits_without_base_and_upper_limits() -> None:
    measured = (MeasuredOverlap((0, 1), BOTH, 0.5, 1.0, 1),)
    problem = Problem(math.inf, (3.0, 0.0), (4.0, math.inf), measured)
    assert ends(problem) == pytest.approx((3.0, 8.0))
    assert ends(replace(problem, high=(math.inf, math.inf))) == (3.0, math.inf)
    assert ends(Problem(math.inf, (3.0,), (math.inf,), ())) == (3.0, math.inf)


# --- properties


@given(populations(most=5))
def test_the_true_union_lies_inside_and_the_bounds_inside_those_of_frechet(
    case: tuple[Problem, float],
) -> None:
    problem, union = case
    lower, upper = ends(problem)
    noise = 1e-6 * max(union, 1.0)
    assert lower - noise <= union <= upper + noise
    assert max(problem.low) <= lower <= upper <= min(problem.base, sum(problem.high))


@given(populations())
def test_one_more_fact_never_widens_the_bounds(case: tuple[Problem, float]) -> None:
    problem, union = case
    assume(problem.measured)
    wider = ends(replace(problem, measured=problem.measured[:-1]))
    lower, upper = ends(problem)
    assert wider[0] - 1e-6 * max(union, 1.0) <= lower
    assert upper <= wider[1] + 1e-6 * max(union, 1.0)


@given(populations())
def test_scipy_finds_the_same_bounds(case: tuple[Problem, float]) -> None:
    problem, _ = case
    assert ends(problem) == pytest.approx(brute(problem), rel=1e-6, abs=1e-5)


@given(populations(most=3), populations(most=3))
def test_components_lose_nothing(a: tuple[Problem, float], b: tuple[Problem, float]) -> None:
    first, second = a[0], b[0]
    shift = len(first.low)
    moved = tuple(
        replace(
            one,
            platforms=tuple(i + shift for i in one.platforms),
            of=None if one.of is None else one.of + shift,
        )
        for one in second.measured
    )
    whole = Problem(
        max(first.base, second.base),
        first.low + second.low,
        first.high + second.high,
        first.measured + moved,
    )
    assert ends(whole) == pytest.approx(brute(whole), rel=1e-6, abs=1e-5)


@given(populations(loose=False), st.sampled_from([1e-3, 1e6]))
def test_the_unit_of_persons_does_not_matter(case: tuple[Problem, float], unit: float) -> None:
    problem, _ = case
    scaled = Problem(
        problem.base * unit,
        tuple(size * unit for size in problem.low),
        tuple(size * unit for size in problem.high),
        tuple(
            one if one.of is not None else replace(one, low=one.low * unit, high=one.high * unit)
            for one in problem.measured
        ),
    )
    again = tuple(end / unit for end in ends(scaled))
    assert again == pytest.approx(ends(problem), rel=1e-7, abs=1e-6)


def test_a_platform_of_few_is_not_lost_beside_a_large_base() -> None:
    problem = exact(1.4e9, [300.0, 200.0], pair(0, 1, 50.0))
    assert ends(problem) == pytest.approx((450.0, 450.0), abs=1e-6)


def test_problems_keep_their_order_and_equal_ones_their_answer() -> None:
    problems = [russia(0.95, 0.95), russia(0.65, 0.65), russia(0.93, 0.97)]
    assert bound_sharply([*problems, *problems]) == [
        *bound_sharply(problems),
        *bound_sharply(problems),
    ]
    assert bound_sharply([]) == []


def test_a_problem_without_platforms_has_no_people() -> None:
    assert ends(Problem(5.0, (), (), ())) == (0.0, 0.0)


def test_nothing_is_printed() -> None:
    code = (
        "from audience_impact.bounds.linear_program import MeasuredOverlap, OverlapKind, Problem\n"
        "from audience_impact.bounds.sharp import bound_sharply\n"
        "one = MeasuredOverlap((0, 1), OverlapKind.INTERSECTION, 1.0, 2.0)\n"
        "bound_sharply([Problem(9.0, (3.0, 2.0), (3.0, 2.0), (one,))])\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert (run.stdout, run.stderr) == (b"", b"")


@pytest.mark.parametrize(
    ("base", "low", "high", "measured"),
    [
        (math.nan, (1.0,), (1.0,), ()),
        (9.0, (-1.0,), (1.0,), ()),
        (9.0, (1.0,), (1.0, 2.0), ()),
        (9.0, (1.0,), (1.0,), (pair(0, 1, 1.0),)),
        (9.0, (1.0,), (1.0,), (MeasuredOverlap((0,), BOTH, 0.1, 0.2, of=3),)),
        (9.0, (1.0,), (1.0,), (MeasuredOverlap((), BOTH, 0.1, 0.2),)),
        (9.0, (1.0,), (1.0,), (MeasuredOverlap((0,), BOTH, math.nan, 0.2),)),
    ],
)
def test_a_problem_that_makes_no_sense_is_refused(
    base: float,
    low: tuple[float, ...],
    high: tuple[float, ...],
    measured: tuple[MeasuredOverlap, ...],
) -> None:
    with pytest.raises(ValueError, match=r"."):
        Problem(base, low, high, measured)


# --- more than twelve platforms


@pytest.mark.parametrize("count", [12, 13])
def test_more_than_twelve_connected_platforms_have_weaker_bounds(count: int) -> None:
    chain = [pair(i, i + 1, 2.0) for i in range(count - 1)]
    result = solved(exact(1000.0, [10.0] * count, *chain))
    assert result.weaker is (count > 12)
    # Along the chain the largest union is the sum less the pairs; it needs all of them at once.
    assert result.lower >= 10.0
    assert result.upper >= 10.0 * count - 2.0 * (count - 1) - 1e-6
    assert result.upper == pytest.approx(10.0 * count - 2.0 * (count - 1), abs=2.1)


def test_weaker_bounds_hold_for_a_population() -> None:
    rng = np.random.default_rng(5)
    people = rng.random((500, 15)) < rng.uniform(0.05, 0.6, 15)
    measured = []
    for _ in range(25):
        two = rng.choice(15, 2, replace=False)
        measured.append(pair(int(two[0]), int(two[1]), float(people[:, two].all(axis=1).sum())))
    union = float(people.any(axis=1).sum())
    problem = exact(500.0, people.sum(axis=0), *measured)
    result = solved(problem)
    assert result.weaker
    assert max(problem.low) < result.lower <= union <= result.upper <= 500.0


def test_a_union_of_more_than_twelve_limits_by_itself() -> None:
    everything = MeasuredOverlap(tuple(range(14)), ANY, 55.0, 60.0)
    assert ends(exact(100.0, [10.0] * 14, everything)) == (55.0, 60.0)
    share = MeasuredOverlap(tuple(range(14)), ANY, 1.5, 2.0, of=0)
    assert ends(exact(100.0, [10.0] * 14, share)) == (15.0, 20.0)


def test_a_conflict_among_many_platforms_is_found_and_repaired() -> None:
    chain = [pair(i, i + 1, 2.0) for i in range(12)]
    problem = exact(1000.0, [10.0] * 13, *chain, pair(4, 5, 11.0))
    result = contradiction(problem)
    assert not result.smallest
    assert result.measured
    after, _ = repair_problem(problem)
    assert solved(after).weaker


# --- conflicts


def test_the_worked_conflict_has_all_its_facts() -> None:
    assert contradiction(russia(0.65, 0.65)) == Conflict(True, (0, 1), (0,), True)


def test_only_what_is_in_conflict_is_named() -> None:
    problem = exact(100.0, [50, 40, 30, 20], pair(2, 3, 25.0), pair(0, 1, 20.0))
    assert contradiction(problem) == Conflict(False, (3,), (0,), True)


def test_the_smallest_conflict_of_all_components_is_named() -> None:
    problem = exact(
        100.0,
        [90, 80, 30, 20],
        pair(0, 1, 60.0),
        MeasuredOverlap((0, 1), ANY, 0.0, 110.0),
        pair(2, 3, 9),
    )
    assert contradiction(problem) == Conflict(True, (0, 1), (0,), True)
    also = replace(problem, measured=(*problem.measured, MeasuredOverlap((2, 3), BOTH, 12.0, 13.0)))
    assert contradiction(also) == Conflict(False, (), (2, 3), True)


def test_an_interval_upside_down_is_a_conflict_of_one() -> None:
    upside = MeasuredOverlap((0, 1), BOTH, 5.0, 4.0)
    assert contradiction(exact(100.0, [50, 40], upside)) == Conflict(False, (), (0,), True)
    shares = replace(upside, low=0.5, high=0.4, of=0)
    # Nobody on the platform would meet it, so its size is part of the conflict.
    assert contradiction(exact(100.0, [50, 40], shares)) == Conflict(False, (0,), (0,), True)


def test_an_audience_larger_than_the_base_is_a_conflict() -> None:
    assert contradiction(exact(10.0, [5.0, 12.0])) == Conflict(True, (1,), (), True)


@given(doubtful())
def test_a_conflict_is_irreducible_and_smallest(problem: Problem) -> None:
    (result,) = bound_sharply([problem])
    if isinstance(result, Sharp):
        assert brute(problem) is not None
        return
    facts = facts_of(result, problem)
    assert brute(problem, facts) is None
    for first in facts:
        assert brute(problem, [other for other in facts if other != first]) is not None
    assert result.smallest
    assert len(facts) == len(result) == smallest_by_trying_all(problem)


@pytest.mark.parametrize("limit", ["MOST_PROGRAMS", "MOST_SETS"])
def test_a_search_cut_short_says_so(monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(conflicts, limit, 0)
    result = contradiction(exact(100.0, [50, 40, 30], pair(0, 1, 45.0), pair(1, 2, 35.0)))
    assert result == Conflict(False, (2,), (1,), False)
    # Here no search is needed: without any one of the four facts the others can hold.
    assert contradiction(russia(0.65, 0.65)).smallest


def test_facts_that_can_hold_are_no_conflict() -> None:
    with pytest.raises(ValueError, match="do not contradict"):
        conflicts.find_conflict(russia(0.95, 0.95))


# --- repairs


def test_the_worked_repair() -> None:
    after, moved = repair_problem(russia(0.65, 0.65))
    assert moves(moved) == [near(0, 80 / 89, 80 / 89, 80 / 89 - 0.65)]
    assert moved[0].low == moved[0].high == after.measured[0].low
    assert ends(after) == pytest.approx((105e6, 105e6), abs=1.0)


def test_a_repair_in_persons_and_from_above() -> None:
    _, moved = repair_problem(exact(100.0, [50, 40], pair(0, 1, 44.0)))
    assert moves(moved) == [near(0, 40.0, 40.0, 4.0)]
    _, moved = repair_problem(exact(100.0, [50, 20], MeasuredOverlap((0, 1), BOTH, 0.6, 0.7, of=0)))
    assert moves(moved) == [near(0, 0.4, 0.5, 0.2)]


@pytest.mark.parametrize(
    ("one", "low", "high"),
    [
        (MeasuredOverlap((0, 1), BOTH, 0.6, 0.65, of=1), 80 / 89 - 0.05, 80 / 89),
        (MeasuredOverlap((0, 1), BOTH, 0.0, 0.65, of=1), 0.0, 80 / 89),
        (MeasuredOverlap((0, 1), ANY, 1.3, math.inf, of=1), 105 / 89, math.inf),
        (MeasuredOverlap((0, 1), BOTH, 0.0, 0.0, of=1), 80 / 89, 80 / 89),
    ],
)
def test_a_repair_keeps_the_width_and_ends_that_say_nothing(
    one: MeasuredOverlap, low: float, high: float
) -> None:
    after, moved = repair_problem(exact(105e6, [96e6, 89e6], one))
    assert [(each.low, each.high) for each in moved] == [pytest.approx((low, high))]
    assert isinstance(bound_sharply([after])[0], Sharp)


def test_a_share_of_all_stays_an_upper_end() -> None:
    _, moved = repair_problem(exact(100.0, [50, 20], MeasuredOverlap((0, 1), BOTH, 0.6, 1.0, of=0)))
    assert [(each.low, each.high) for each in moved] == [pytest.approx((0.4, 1.0))]


def test_what_can_hold_is_not_moved() -> None:
    problem = exact(105e6, [96e6, 89e6, 9e6, 5e6], *russia(0.95, 0.95).measured, pair(2, 3, 6e6))
    after, moved = repair_problem(problem)
    assert moves(moved) == [near(1, 5e6, 5e6, 1e6)]
    assert after.measured[0] == problem.measured[0]
    assert repair_problem(russia(0.93, 0.97)) == (russia(0.93, 0.97), [])


def test_a_share_of_nobody_is_given_up() -> None:
    problem = exact(10.0, [0.0, 5.0], MeasuredOverlap((0, 1), ANY, 1.0, 2.0, of=0))
    after, moved = repair_problem(problem)
    assert moved == [Change(0, 1.0, math.inf, math.inf)]
    assert ends(after) == pytest.approx((5.0, 5.0))


def test_sizes_that_cannot_hold_are_not_repaired() -> None:
    with pytest.raises(ValueError, match="sizes"):
        repair_problem(exact(10.0, [12.0, 5.0], pair(0, 1, 3.0)))


@given(doubtful())
def test_a_repaired_problem_can_hold(problem: Problem) -> None:
    after, moved = repair_problem(problem)
    assert isinstance(bound_sharply([after])[0], Sharp)
    assert (after.base, after.low, after.high) == (problem.base, problem.low, problem.high)
    assert bool(moved) is isinstance(bound_sharply([problem])[0], Conflict)
    for number, one in enumerate(after.measured):
        assert (one != problem.measured[number]) is (number in [each.measured for each in moved])


@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 15), st.integers(0, 30))
def test_one_fact_moves_to_the_nearest_possible_value(
    first: int, second: int, spare: int, value: int
) -> None:
    base = max(first, second) + spare
    nearest = min(max(value, first + second - base), min(first, second))
    _, moved = repair_problem(exact(base, [first, second], pair(0, 1, float(value))))
    expected = [] if nearest == value else [(0, nearest, nearest, abs(nearest - value))]
    assert moves(moved) == [pytest.approx(one, abs=1e-6) for one in expected]


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_rounding_of_the_facts_is_no_conflict(seed: int) -> None:
    rng = np.random.default_rng(seed)
    people = rng.dirichlet(np.full(64, 0.3)) * 105e6
    index = np.arange(64)
    sizes = [float(people @ (index >> i & 1)) for i in range(6)]
    measured = []
    for i, j in itertools.combinations(range(6), 2):
        share = float(people @ ((index >> i & 1) * (index >> j & 1))) / sizes[j]
        measured.append(MeasuredOverlap((i, j), BOTH, share, share, of=j))
    lower, upper = ends(exact(105e6, sizes, *measured))
    assert lower - 105.0 <= people[1:].sum() <= upper + 105.0
