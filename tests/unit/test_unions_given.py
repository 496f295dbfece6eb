"""Patterns of many draws, and conditioning: facts are met, by the closest that meets them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audience_impact.frames import Array
from audience_impact.overlap.copula import (
    compute_union,
    condition_unions,
    draw_patterns,
    mark_patterns,
)
from audience_impact.vocabulary import OverlapKind
from tests.engine import patterns

BOTH, ANY = OverlapKind.INTERSECTION, OverlapKind.UNION
RUSSIA = np.array([96.0, 89.0]) / 105.0

Asked = tuple[tuple[int, ...], OverlapKind]


def mark_all_patterns(facts: list[Asked], count: int) -> Array:
    return np.array([mark_patterns(platforms, kind, count) for platforms, kind in facts])


def facts_of(rng: np.random.Generator, count: int, number: int) -> list[Asked]:
    return [
        (
            tuple(rng.choice(count, rng.integers(2, count + 1), replace=False).tolist()),
            (BOTH, ANY)[rng.integers(2)],
        )
        for _ in range(number)
    ]


def fitted(prior: Array, rows: Array, targets: Array) -> Array:
    """The closest distribution by the slow way: one fact after the other, until all hold."""
    p = prior.copy()
    for _ in range(20_000):
        missed = np.abs(rows @ p - targets).max()
        if missed < 1e-12:
            break
        for row, target in zip(rows, targets, strict=True):
            now = float(row @ p)
            p *= np.where(row > 0.0, target / now, (1.0 - target) / (1.0 - now))
    return p


@settings(max_examples=25)
@given(st.integers(2, 4), st.integers(1, 2), st.integers(0, 2**32 - 1))
def test_it_is_the_closest_that_meets_the_facts(count: int, number: int, seed: int) -> None:
    # Each draw is a population with use of its own; its shares and values are therefore possible.
    rng = np.random.default_rng(seed)
    draws = 3
    truth = draw_patterns(rng.uniform(0.05, 0.9, (draws, count)), rng.uniform(0.2, 0.7, draws))
    truth = truth * np.exp(rng.normal(0.0, 0.4, truth.shape))
    truth /= truth.sum(axis=1, keepdims=True)
    facts = mark_all_patterns(facts_of(rng, count, number), count)
    own = mark_all_patterns([((i,), ANY) for i in range(count)], count)
    shares, targets = truth @ own.T, truth @ facts.T
    prior = draw_patterns(shares, np.full(draws, 0.4))
    result = condition_unions(prior, shares, facts, targets)
    rows = np.vstack([own, facts])
    for d in range(draws):
        slow = fitted(prior[d], rows, np.concatenate([shares[d], targets[d]]))
        # The reference is found by a general optimiser, which stops this near.
        assert result[d] == pytest.approx(1.0 - slow[0], abs=2e-6)


@pytest.mark.parametrize("share", [RUSSIA[1], RUSSIA.sum() - 1.0])
def test_a_fact_at_its_bound_is_met(share: float) -> None:
    prior = patterns(RUSSIA, 0.435)[None, :]
    result = condition_unions(
        prior, RUSSIA[None, :], mark_all_patterns([((0, 1), BOTH)], 2), [[share]]
    )
    assert result[0] == pytest.approx(RUSSIA.sum() - share, abs=1e-6)


def test_values_that_cannot_be_met_are_unknown_and_the_others_stay() -> None:
    # Of 96 and 89 in 105 at least 80 use both, at most 89: between 96 and 105 use any.
    values = np.array([0.65, 0.95, 1.05, 0.92]) * RUSSIA[1]
    prior = draw_patterns(np.tile(RUSSIA, (4, 1)), np.full(4, 0.435))
    row = mark_all_patterns([((0, 1), BOTH)], 2)
    result = condition_unions(prior, np.tile(RUSSIA, (4, 1)), row, values[:, None])
    assert np.isnan(result).tolist() == [True, False, True, False]
    assert 105.0 * result[1] == pytest.approx(185.0 - 0.95 * 89.0, abs=1e-6)
    assert 105.0 * result[3] == pytest.approx(185.0 - 0.92 * 89.0, abs=1e-6)


def test_facts_that_contradict_one_another_are_unknown() -> None:
    shares = np.array([[0.6, 0.5, 0.3]] * 2)
    prior = draw_patterns(shares, np.full(2, 0.4))
    rows = mark_all_patterns([((0, 1), ANY), ((0, 1), BOTH)], 3)
    result = condition_unions(prior, shares, rows, [[0.95, 0.3], [0.8, 0.3]])
    assert np.isnan(result).tolist() == [True, False]


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
