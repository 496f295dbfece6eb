"""The union of audiences: identities, and the truth on small sets counted one by one."""

import itertools
import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audience_impact.bounds.frechet import bound_unions

Audience = tuple[float, float]


@st.composite
def audiences(draw: st.DrawFn) -> tuple[list[Audience], float]:
    """Some audiences, each an interval, and a base that can hold the largest."""
    base = draw(st.integers(0, 1000))
    cells = []
    for _ in range(draw(st.integers(1, 6))):
        low, high = sorted(draw(st.tuples(st.integers(0, base), st.integers(0, base))))
        cells.append((float(low), draw(st.sampled_from([float(high), math.nan]))))
    return cells, float(base)


def table(cells: list[Audience], base: float, group: str = "a") -> pd.DataFrame:
    """One row an audience."""
    frame = pd.DataFrame(cells, columns=["low_persons", "high_persons"])
    return frame.assign(base_persons=base, group=group)


def union(cells: list[Audience], base: float) -> tuple[float, float]:
    """Lower and upper bound of one group."""
    result = bound_unions(table(cells, base), ["group"]).loc["a"]
    return result["printed_min_persons"], result["printed_max_persons"]


@given(audiences())
def test_bounds_are_those_of_frechet(case: tuple[list[Audience], float]) -> None:
    cells, base = case
    lower, upper = union(cells, base)
    added = sum(high for _, high in cells)
    assert lower == max(low for low, _ in cells)
    assert lower <= upper <= base
    assert math.isnan(added) or upper == min(added, base)
    assert not math.isnan(added) or upper == base


@given(audiences(), st.integers(0, 1000), st.booleans())
def test_one_more_platform_never_lowers_a_bound(
    case: tuple[list[Audience], float], more: int, open_above: bool
) -> None:
    cells, base = case
    size = float(min(more, base))
    lower, upper = union(cells, base)
    wider = union([*cells, (size, math.nan if open_above else size)], base)
    assert wider[0] >= lower
    assert wider[1] >= upper


@given(audiences(), st.randoms(use_true_random=False))
def test_the_order_of_platforms_does_not_matter(
    case: tuple[list[Audience], float], chance: object
) -> None:
    cells, base = case
    shuffled = list(cells)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert union(shuffled, base) == union(cells, base)


@given(st.lists(audiences(), min_size=2, max_size=4))
def test_groups_do_not_touch_each_other(cases: list[tuple[list[Audience], float]]) -> None:
    parts = [table(cells, base, str(place)) for place, (cells, base) in enumerate(cases)]
    mixed = pd.concat(parts).sample(frac=1, random_state=1)
    together = bound_unions(mixed, ["group"])
    alone = pd.concat([bound_unions(part, ["group"]) for part in parts])
    pd.testing.assert_frame_equal(together, alone)


@settings(max_examples=60)
@given(st.integers(1, 12), st.data())
def test_the_true_union_of_sets_lies_inside(size: int, data: st.DataObject) -> None:
    people = st.sets(st.integers(0, size - 1))
    sets = data.draw(st.lists(people, min_size=1, max_size=5))
    lower, upper = union([(float(len(one)), float(len(one))) for one in sets], float(size))
    assert lower <= len(set().union(*sets)) <= upper


@pytest.mark.parametrize("sizes", [(1, 1), (2, 3), (3, 3), (0, 2), (4, 2), (1, 2, 2)])
def test_both_ends_are_reached_by_some_sets(sizes: tuple[int, ...]) -> None:
    """No narrower interval follows from sizes: brute force over all sets of these sizes."""
    base = 5
    choices = [list(itertools.combinations(range(base), size)) for size in sizes]
    reached = {
        len({person for one in sets for person in one}) for sets in itertools.product(*choices)
    }
    lower, upper = union([(float(size), float(size)) for size in sizes], float(base))
    assert (lower, upper) == (min(reached), max(reached))


def test_the_naive_sum_stands_beside_the_bounds() -> None:
    result = bound_unions(table([(96e6, 96e6), (89e6, 89e6)], 105e6), ["group"]).loc["a"]
    assert result.to_dict() == {
        "printed_min_persons": 96e6,
        "printed_max_persons": 105e6,
        "naive_sum_persons": 185e6,
    }


def test_a_platform_without_a_figure_leaves_the_base_as_the_limit() -> None:
    result = bound_unions(table([(3.0, 3.0), (math.nan, math.nan)], 10.0), ["group"]).loc["a"]
    assert (result["printed_min_persons"], result["printed_max_persons"]) == (3.0, 10.0)
    assert math.isnan(result["naive_sum_persons"])


def test_without_figures_nothing_is_known_but_the_base() -> None:
    assert union([(math.nan, math.nan)], 10.0) == (0.0, 10.0)


def test_without_a_base_only_the_audiences_limit() -> None:
    assert union([(3.0, 4.0), (2.0, 5.0)], math.nan) == (3.0, 9.0)
    lower, upper = union([(3.0, math.nan)], math.nan)
    assert lower == 3.0
    assert math.isnan(upper)
