"""Unions with measured overlaps: answers from the literature, true populations, contradictions."""

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience_impact.bounds import MeasuredOverlap, Sizes, bound_union, choose_consistent
from audience_impact.vocabulary import OverlapKind

BOTH, ANY = OverlapKind.INTERSECTION, OverlapKind.UNION


class Problem(NamedTuple):
    """Sizes, and overlaps of them."""

    sizes: Sizes
    measured: tuple[MeasuredOverlap, ...]


def exact(base: float, sizes: Iterable[float], *measured: MeasuredOverlap) -> Problem:
    """A problem whose audiences are known without error."""
    known = tuple(map(float, sizes))
    return Problem(Sizes(base, known, known), measured)


def pair(i: int, j: int, value: float, kind: OverlapKind = BOTH) -> MeasuredOverlap:
    """An exact number of persons who use both, or any, of two platforms."""
    return MeasuredOverlap((i, j), kind, value, value)


def ends(problem: Problem) -> tuple[float, float]:
    """Lower and upper bound of one problem whose facts can hold."""
    result = bound_union(*problem)
    assert result is not None
    return result


def russia(low: float, high: float, base: float = 105e6) -> Problem:
    """Two platforms, and the share of the second one's users who use both."""
    return exact(base, [96e6, 89e6], MeasuredOverlap((0, 1), BOTH, low, high, of=1))


def members(platforms: Iterable[int], kind: OverlapKind, pattern: int) -> bool:
    using = [bool(pattern >> i & 1) for i in platforms]
    return all(using) if kind is BOTH else any(using)


@st.composite
def populations(draw: st.DrawFn) -> tuple[Problem, float]:
    """A problem that is true of some population, and the population's union."""
    count = draw(st.integers(2, 5))
    some = st.lists(st.integers(0, 9), min_size=1 << count, max_size=1 << count)
    people = np.array(draw(some), dtype=float)
    index = np.arange(1 << count)
    sizes = [float(people @ (index >> i & 1)) for i in range(count)]
    slack = st.sampled_from([0.0, 0.0, 1.0, 3.0])
    low = tuple(max(size - draw(slack), 0.0) for size in sizes)
    high = tuple(draw(st.sampled_from([size + draw(slack), math.inf])) for size in sizes)
    measured = []
    for _ in range(draw(st.integers(0, 4))):
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
    return Problem(Sizes(base, low, high), tuple(measured)), float(people[1:].sum())


# --- answers that are known


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


def test_a_share_of_an_interval_is_one_of_whatever_it_is() -> None:
    # Half of the second platform, be it 40 or 60, is outside the first.
    half = MeasuredOverlap((0, 1), BOTH, 0.5, 0.5, of=1)
    problem = Problem(Sizes(math.inf, (50.0, 40.0), (50.0, 60.0)), (half,))
    assert ends(problem) == pytest.approx((70.0, 80.0))


def test_nothing_limits_without_base_and_upper_limits() -> None:
    measured = (MeasuredOverlap((0, 1), BOTH, 0.5, 1.0, 1),)
    for high, upper in ((math.inf, 8.0), (8.0, 8.0)):
        sizes = Sizes(math.inf, (3.0, 0.0), (4.0, high))
        assert ends(Problem(sizes, measured)) == pytest.approx((3.0, upper))
    sizes = Sizes(math.inf, (3.0, 0.0), (math.inf, math.inf))
    assert ends(Problem(sizes, measured)) == (3.0, math.inf)
    assert ends(Problem(Sizes(math.inf, (3.0,), (math.inf,)), ())) == (3.0, math.inf)


# --- properties


@given(populations())
def test_the_true_union_lies_inside_and_the_bounds_inside_those_of_frechet(
    case: tuple[Problem, float],
) -> None:
    (sizes, measured), union = case
    lower, upper = ends(Problem(sizes, measured))
    noise = 1e-6 * max(union, 1.0)
    assert lower - noise <= union <= upper + noise
    assert max(sizes.low) <= lower <= upper <= min(sizes.base, sum(sizes.high))
    assert choose_consistent(sizes, measured) == list(range(len(measured)))


def test_a_platform_of_few_is_not_lost_beside_a_large_base() -> None:
    problem = exact(1.4e9, [300.0, 200.0], pair(0, 1, 50.0))
    assert ends(problem) == pytest.approx((450.0, 450.0), abs=1e-6)


@pytest.mark.parametrize("count", [12, 13])
def test_at_most_twelve_platforms_are_linked(count: int) -> None:
    chain = [pair(i, i + 1, 2.0) for i in range(count - 1)]
    problem = exact(1000.0, [10.0] * count, *chain)
    assert len(choose_consistent(*problem)) == 11
    if count > 12:
        with pytest.raises(ValueError, match="at most 12"):
            bound_union(*problem)
    else:
        # Along the chain the largest union is the sum less the pairs.
        assert ends(problem)[1] == pytest.approx(10.0 * count - 2.0 * (count - 1))


# --- contradictions


@pytest.mark.parametrize(
    ("problem", "consistent"),
    [
        (russia(0.65, 0.65), []),  # at least 80 of 89 million use both
        (russia(0.97, 0.93), []),
        (exact(105e6, [96e6, 89e6, 2e6], pair(0, 2, 1e6), pair(0, 1, 50e6)), [0]),
        (exact(100.0, [50.0, 40.0], pair(0, 1, 70.0, ANY), pair(0, 1, 10.0)), [0]),
        (exact(10.0, [12.0, 5.0], pair(0, 1, 3.0)), []),
    ],
)
def test_an_overlap_that_contradicts_is_left_out(problem: Problem, consistent: list[int]) -> None:
    assert bound_union(*problem) is None
    assert choose_consistent(*problem) == consistent
