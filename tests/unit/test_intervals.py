"""What a figure says with its interval, by kind of interval and by what is stated."""

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience_impact.audiences import distributions
from audience_impact.vocabulary import IntervalKind

NO = math.nan
# value, low, high and kind; then least, most, low, mode, high, coverage and shape.
Said = tuple[float, float, float, str]
CASES: list[tuple[Said, tuple[float, ...], str]] = [
    ((50, NO, NO, "none"), (50, 50, 50, 50, 50, NO), "fixed"),
    ((50, 40, 70, "none"), (50, 50, 50, 50, 50, NO), "fixed"),  # the ends are said to be nothing
    ((50, 40, 70, "min_max"), (40, 70, 40, 50, 70, NO), "pert"),
    ((NO, 40, 70, "min_max"), (40, 70, 40, 55, 70, NO), "pert"),
    ((NO, 40, 70, "none"), (40, 70, 40, 55, 70, NO), "pert"),  # they are all that is said
    ((50, 40, 70, "ci90"), (40, 70, 40, 50, 70, 0.90), "split"),
    ((50, 40, 70, "ci95"), (40, 70, 40, 50, 70, 0.95), "split"),
    ((50, 40, NO, "ci95"), (40, 50, 40, 50, 50, NO), "pert"),  # one end is no interval
    ((50, 50, 50, "ci95"), (50, 50, 50, 50, 50, 0.95), "fixed"),
    ((50, NO, NO, "one_sided_min"), (50, NO, 50, 50, 50, NO), "fixed"),
    ((50, NO, NO, "one_sided_max"), (0, 50, 50, 50, 50, NO), "fixed"),
    ((NO, 40, NO, "one_sided_min"), (40, NO, 40, NO, NO, NO), "fixed"),
    ((NO, NO, 70, "one_sided_max"), (0, 70, NO, NO, 70, NO), "fixed"),
]
NUMBERS = ["least", "most", "low", "mode", "high", "coverage"]


def read(*said: Said) -> pd.DataFrame:
    frame = pd.DataFrame(said, columns=["share", "low_share", "high_share", "interval_kind"])
    names = ("share", "low_share", "high_share")
    return distributions.read_intervals(frame.astype(dict.fromkeys(names, "float64")), names)


@pytest.mark.parametrize(("said", "numbers", "shape"), CASES)
def test_what_a_figure_says(said: Said, numbers: tuple[float, ...], shape: str) -> None:
    result = read(said).iloc[0]
    assert result[NUMBERS].tolist() == pytest.approx(list(numbers), nan_ok=True)
    assert result["shape"] == shape


def test_figures_are_read_together_as_each_by_itself() -> None:
    together = read(*(said for said, _, _ in CASES))
    alone = pd.concat([read(said) for said, _, _ in CASES], ignore_index=True)
    pd.testing.assert_frame_equal(together, alone)


def test_every_kind_of_interval_is_read() -> None:
    assert {said[3] for said, _, _ in CASES} == {kind.value for kind in IntervalKind}


@given(
    st.lists(st.integers(0, 1000), min_size=3, max_size=3).map(sorted),
    st.sampled_from([kind.value for kind in IntervalKind]),
)
def test_the_order_is_kept(ends: list[int], kind: str) -> None:
    low, value, high = map(float, ends)
    result = read((value, low, high, kind)).iloc[0]
    assert result["least"] <= result["low"] <= result["mode"] <= result["high"]
    assert not result["high"] > result["most"]
