"""Patterns of many draws at once, against one after the other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audience_impact.overlap.copula import compute_union
from audience_impact.overlap.patterns import draw_patterns
from tests.engine import patterns


@settings(max_examples=30)
@given(st.integers(1, 6), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_rows_are_the_patterns_of_one_draw(count: int, draws: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    shares, correlations = rng.uniform(0.0, 1.0, (draws, count)), rng.uniform(0.0, 0.95, draws)
    result = draw_patterns(shares, correlations)
    assert result.shape == (draws, 1 << count)
    for d in range(draws):
        assert result[d] == pytest.approx(patterns(shares[d], correlations[d]), abs=1e-7)
    assert result.sum(axis=1) == pytest.approx(np.ones(draws), abs=1e-12)
    assert 1.0 - result[:, 0] == pytest.approx(compute_union(shares, correlations), abs=1e-7)


def test_more_draws_than_a_block_holds() -> None:
    shares = np.random.default_rng(2).uniform(0.1, 0.9, (700, 7))
    result = draw_patterns(shares, np.full(700, 0.9))
    for d in (0, 350, 699):
        assert result[d] == pytest.approx(patterns(shares[d], 0.9), abs=1e-7)
