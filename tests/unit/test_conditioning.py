"""Conditioning: facts are met, audiences kept, contradictions named."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audience_impact.overlap.conditioning import ContradictoryFactsError, Fact, condition, indicator
from audience_impact.overlap.copula import Array, patterns
from audience_impact.vocabulary import OverlapKind

BOTH, ANY = OverlapKind.INTERSECTION, OverlapKind.UNION
RUSSIA = np.array([96.0, 89.0]) / 105.0
PRIOR = patterns(RUSSIA, 0.435)


def measured(p: Array, fact: Fact, count: int) -> float:
    return float(p @ indicator(fact.platforms, fact.kind, count))


@settings(deadline=None, max_examples=50)
@given(st.integers(2, 7), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_facts_of_a_population_are_reproduced(count: int, facts: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = patterns(rng.uniform(0.02, 0.95, count), 0.5) * np.exp(rng.normal(0, 0.5, 1 << count))
    truth /= truth.sum()
    m = np.array([measured(truth, Fact((i,), 0.0), count) for i in range(count)])
    asked = []
    for _ in range(facts):
        chosen = tuple(rng.choice(count, rng.integers(2, count + 1), replace=False).tolist())
        kind = (BOTH, ANY)[rng.integers(2)]
        asked.append(Fact(chosen, measured(truth, Fact(chosen, 0.0, kind), count), kind))
    found = condition(patterns(m, 0.4), m, asked)
    kept = [Fact((i,), m[i]) for i in range(count)]
    assert max(abs(measured(found, f, count) - f.share) for f in [*asked, *kept]) < 1e-9
    assert found.sum() == pytest.approx(1.0, abs=1e-12)
    assert found.min() >= 0.0


def test_a_fact_that_already_holds_changes_nothing() -> None:
    found = condition(PRIOR, RUSSIA, [Fact((0, 1), float(1.0 - PRIOR[0]))])
    assert found == pytest.approx(PRIOR, abs=1e-10)


def test_facts_in_another_order_or_told_twice_give_the_same() -> None:
    m = np.array([0.6, 0.5, 0.3])
    facts = [Fact((0, 1), 0.4, BOTH), Fact((0, 1, 2), 0.8)]
    found = condition(patterns(m, 0.4), m, facts)
    assert condition(patterns(m, 0.4), m, facts[::-1]) == pytest.approx(found, abs=1e-9)
    assert condition(patterns(m, 0.4), m, [*facts, facts[0]]) == pytest.approx(found, abs=1e-9)


def test_it_is_the_closest_of_those_that_meet_the_fact() -> None:
    # Two platforms: the measured union leaves no freedom, so the answer is known.
    found = condition(PRIOR, RUSSIA, [Fact((0, 1), 0.95)])
    known = [0.05, 0.95 - RUSSIA[1], 0.95 - RUSSIA[0], RUSSIA.sum() - 0.95]
    assert found == pytest.approx(known, abs=1e-9)


def test_ninety_five_percent_of_telegram_meet_the_worked_figure() -> None:
    found = condition(PRIOR, RUSSIA, [Fact((0, 1), 0.95 * RUSSIA[1], BOTH)])
    assert 105.0 * (1.0 - found[0]) == pytest.approx(100.45, abs=1e-6)


@pytest.mark.parametrize("share", [RUSSIA[1], RUSSIA.sum() - 1.0])
def test_a_fact_at_its_bound_empties_a_pattern(share: float) -> None:
    found = condition(PRIOR, RUSSIA, [Fact((0, 1), share, BOTH)])
    assert found[3] == pytest.approx(share, abs=1e-9)
    assert found.min() == pytest.approx(0.0, abs=1e-9)


def test_what_the_audiences_forbid_is_named() -> None:
    with pytest.raises(ContradictoryFactsError, match="facts 0 contradict") as caught:
        condition(PRIOR, RUSSIA, [Fact((0, 1), 0.65 * RUSSIA[1], BOTH)])
    assert caught.value.facts == (0,)


def test_only_facts_that_contradict_one_another_are_named() -> None:
    m = np.array([0.6, 0.5, 0.3])
    facts = [Fact((1, 2), 0.6), Fact((0, 1), 0.95), Fact((0, 2), 0.7), Fact((0, 1), 0.3, BOTH)]
    with pytest.raises(ContradictoryFactsError) as caught:
        condition(patterns(m, 0.4), m, facts)
    assert caught.value.facts == (1, 3)
    assert condition(patterns(m, 0.4), m, [facts[0], facts[2], facts[3]]).min() >= 0.0


def test_twelve_platforms_are_done_in_a_moment() -> None:
    m = np.linspace(0.05, 0.9, 12)
    found = condition(patterns(m, 0.44), m, [Fact(tuple(range(12)), 0.93)])
    assert 1.0 - found[0] == pytest.approx(0.93, abs=1e-9)
