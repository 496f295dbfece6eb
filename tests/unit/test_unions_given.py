"""Conditioning of many draws at once, against one draw after the other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audience_impact.overlap.conditioning import Fact, condition, indicator, unions_given
from audience_impact.overlap.copula import Array, pattern_draws, patterns
from audience_impact.vocabulary import OverlapKind

BOTH, ANY = OverlapKind.INTERSECTION, OverlapKind.UNION
RUSSIA = np.array([96.0, 89.0]) / 105.0


def told(facts: list[Fact], count: int) -> Array:
    return np.array([indicator(fact.platforms, fact.kind, count) for fact in facts])


def facts_of(rng: np.random.Generator, count: int, number: int) -> list[Fact]:
    found = []
    for _ in range(number):
        chosen = tuple(rng.choice(count, rng.integers(2, count + 1), replace=False).tolist())
        found.append(Fact(chosen, 0.0, (BOTH, ANY)[rng.integers(2)]))
    return found


@settings(max_examples=25)
@given(st.integers(2, 5), st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_many_draws_are_one_draw_after_the_other(count: int, number: int, seed: int) -> None:
    # Each draw is a population with use of its own; its shares and values are therefore possible.
    rng = np.random.default_rng(seed)
    draws = 6
    truth = pattern_draws(rng.uniform(0.05, 0.9, (draws, count)), rng.uniform(0.2, 0.7, draws))
    truth = truth * np.exp(rng.normal(0.0, 0.4, truth.shape))
    truth /= truth.sum(axis=1, keepdims=True)
    facts = facts_of(rng, count, number)
    shares = truth @ told([Fact((i,), 0.0) for i in range(count)], count).T
    targets = truth @ told(facts, count).T
    prior = pattern_draws(shares, np.full(draws, 0.4))
    found = unions_given(prior, shares, told(facts, count), targets)
    for d in range(draws):
        wanted = [
            Fact(f.platforms, float(v), f.kind) for f, v in zip(facts, targets[d], strict=True)
        ]
        assert found[d] == pytest.approx(1.0 - condition(prior[d], shares[d], wanted)[0], abs=1e-8)


def test_ninety_five_percent_of_telegram_meet_the_worked_figure() -> None:
    prior = patterns(RUSSIA, 0.435)[None, :]
    row = told([Fact((0, 1), 0.0, BOTH)], 2)
    found = unions_given(prior, RUSSIA[None, :], row, [[0.95 * RUSSIA[1]]])
    assert 105.0 * found[0] == pytest.approx(100.45, abs=1e-6)


def test_values_that_cannot_be_met_are_unknown_and_the_others_stay() -> None:
    # Of 96 and 89 in 105 at least 80 use both, at most 89: between 96 and 105 use any.
    values = np.array([0.65, 0.95, 1.05, 0.92]) * RUSSIA[1]
    prior = pattern_draws(np.tile(RUSSIA, (4, 1)), np.full(4, 0.435))
    row = told([Fact((0, 1), 0.0, BOTH)], 2)
    found = unions_given(prior, np.tile(RUSSIA, (4, 1)), row, values[:, None])
    assert np.isnan(found).tolist() == [True, False, True, False]
    assert 105.0 * found[1] == pytest.approx(185.0 - 0.95 * 89.0, abs=1e-6)
    assert 105.0 * found[3] == pytest.approx(185.0 - 0.92 * 89.0, abs=1e-6)


def test_facts_that_contradict_one_another_are_unknown() -> None:
    shares = np.array([[0.6, 0.5, 0.3]] * 2)
    prior = pattern_draws(shares, np.full(2, 0.4))
    rows = told([Fact((0, 1), 0.0), Fact((0, 1), 0.0, BOTH)], 3)
    found = unions_given(prior, shares, rows, [[0.95, 0.3], [0.8, 0.3]])
    assert np.isnan(found).tolist() == [True, False]


def test_a_measured_union_of_all_is_the_union() -> None:
    shares = np.array([[0.6, 0.5, 0.3], [0.5, 0.4, 0.2]])
    prior = pattern_draws(shares, np.array([0.4, 0.6]))
    found = unions_given(prior, shares, told([Fact((0, 1, 2), 0.0)], 3), [[0.9], [0.7]])
    assert found == pytest.approx([0.9, 0.7], abs=1e-8)


def test_a_fact_told_twice_changes_nothing() -> None:
    shares = np.array([[0.6, 0.5, 0.3]])
    prior = pattern_draws(shares, np.array([0.4]))
    once = told([Fact((0, 1), 0.0, BOTH)], 3)
    found = unions_given(prior, shares, once, [[0.4]])
    again = unions_given(prior, shares, np.vstack([once, once]), [[0.4, 0.4]])
    assert again == pytest.approx(found, abs=1e-8)


def test_one_draw_does_not_hang_on_its_company() -> None:
    rng = np.random.default_rng(5)
    shares = rng.uniform(0.2, 0.8, (30, 3))
    prior = pattern_draws(shares, np.full(30, 0.4))
    row = told([Fact((0, 2), 0.0, BOTH)], 3)
    targets = rng.uniform(0.0, 0.4, (30, 1))
    found = unions_given(prior, shares, row, targets)
    alone = [unions_given(prior[[d]], shares[[d]], row, targets[[d]])[0] for d in range(30)]
    assert np.isnan(found).any()
    assert found == pytest.approx(alone, abs=1e-8, nan_ok=True)
