"""The union of audiences: identities, and the truth on small sets counted one by one."""

import math

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from audience_impact.bounds import bound_unions

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
    sizes = dict.fromkeys(["base_persons", "base_size_persons", "population_persons"], base)
    return frame.assign(**sizes, restriction_id=group, country_id="XA")


def union(cells: list[Audience], base: float) -> tuple[float, float]:
    """Lower and upper bound of one group."""
    result = bound_unions(table(cells, base)).loc["a", "XA"]
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


@given(st.lists(audiences(), min_size=2, max_size=4))
def test_groups_do_not_touch_each_other(cases: list[tuple[list[Audience], float]]) -> None:
    parts = [table(cells, base, str(place)) for place, (cells, base) in enumerate(cases)]
    mixed = pd.concat(parts).sample(frac=1, random_state=1)
    together = bound_unions(mixed)
    alone = pd.concat([bound_unions(part) for part in parts])
    pd.testing.assert_frame_equal(together, alone)


def test_the_naive_sum_stands_beside_the_bounds() -> None:
    result = bound_unions(table([(96e6, 96e6), (89e6, 89e6)], 105e6)).loc["a", "XA"]
    bounds = ["printed_min_persons", "printed_max_persons", "naive_sum_persons"]
    assert result[bounds].to_dict() == {
        "printed_min_persons": 96e6,
        "printed_max_persons": 105e6,
        "naive_sum_persons": 185e6,
    }


def test_a_platform_without_a_figure_leaves_the_base_as_the_limit() -> None:
    result = bound_unions(table([(3.0, 3.0), (math.nan, math.nan)], 10.0)).loc["a", "XA"]
    assert (result["printed_min_persons"], result["printed_max_persons"]) == (3.0, 10.0)
    assert math.isnan(result["naive_sum_persons"])


def test_without_figures_nothing_is_known_but_the_base() -> None:
    assert union([(math.nan, math.nan)], 10.0) == (0.0, 10.0)


def test_without_a_base_only_the_audiences_limit() -> None:
    assert union([(3.0, 4.0), (2.0, 5.0)], math.nan) == (3.0, 9.0)
    lower, upper = union([(3.0, math.nan)], math.nan)
    assert lower == 3.0
    assert math.isnan(upper)
