"""The copula: its quadrature against known answers, and the laws that any union obeys."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, ndtr, ndtri
from scipy.stats import multivariate_normal

from audience_impact.frames import Array
from audience_impact.overlap.copula import (
    LOGIT_GRID,
    Calibration,
    OwnSurvey,
    assume_independence,
    bound_by_shares,
    clip_log_odds,
    compute_union,
    draw_correlations,
    move_unions,
    predict_correlation,
)
from audience_impact.overlap.model import Group, OverlapModel, make_lattice
from benchmarks.overlap import compute_intervals
from tests.engine import patterns

LEARNED = Calibration(
    mean=-0.26, between=0.28, within=0.31, area=0.015, region=0.5, model=0.105, houses=6
)
COPULA = OverlapModel(LEARNED)
RUSSIA = np.array([96.0, 89.0]) / 105.0

share = st.one_of(
    st.sampled_from([0.0, 1.0, 1e-9, 1.0 - 1e-9, 0.5]), st.floats(0.0, 1.0, allow_subnormal=False)
)
sets = st.lists(share, min_size=1, max_size=8)
correlation = st.one_of(st.sampled_from([0.0, 0.99]), st.floats(0.0, 0.99))


def fine(shares: list[float], r: float) -> float:
    """The union by a rule of 20,001 nodes."""
    z = np.linspace(-9.0, 9.0, 20001)
    weight = np.exp(-0.5 * z * z)
    none = weight / weight.sum()
    for m in shares:
        bound = (-ndtri(m) - np.sqrt(r) * z) / np.sqrt(1.0 - r)
        none = none * ndtr(bound)
    return float(1.0 - none.sum())


@given(sets, correlation)
def test_the_union_lies_between_the_largest_and_what_adds_up(m: list[float], r: float) -> None:
    assert max(m) <= compute_union(m, r) <= min(1.0, np.sort(m)[::-1].sum())


@given(sets, share, correlation)
def test_one_platform_more_never_lowers_the_union(m: list[float], more: float, r: float) -> None:
    assert compute_union([*m, more], r) >= compute_union(m, r) - 1e-10


@given(sets, correlation, st.randoms(use_true_random=False))
def test_the_order_of_platforms_changes_no_bit(m: list[float], r: float, random: object) -> None:
    mixed = list(m)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert compute_union(mixed, r) == compute_union(m, r)


@given(sets, st.floats(0.0, 0.9), st.floats(0.0, 0.09))
def test_more_correlation_never_makes_more_people(m: list[float], r: float, more: float) -> None:
    assert compute_union(m, r + more) <= compute_union(m, r) + 1e-10


@given(sets, correlation)
def test_patterns_keep_audiences_and_hold_the_union(m: list[float], r: float) -> None:
    p = patterns(m, r)
    index = np.arange(len(p))
    for place, one in enumerate(m):
        assert p[index >> place & 1 == 1].sum() == pytest.approx(one, abs=1e-7)
    assert p.min() >= 0.0
    assert p.sum() == pytest.approx(1.0, abs=1e-12)
    assert 1.0 - p[0] == pytest.approx(float(compute_union(m, r)), abs=1e-7)


@pytest.mark.parametrize("r", [0.1, 0.44, 0.8, 0.99])
@pytest.mark.parametrize("m", [(0.9, 0.85), (0.3, 0.02), (0.5, 0.5), (0.999, 0.001)])
def test_two_platforms_against_the_bivariate_normal(m: tuple[float, float], r: float) -> None:
    known = 1.0 - multivariate_normal.cdf(-ndtri(np.array(m)), cov=[[1.0, r], [r, 1.0]])
    assert compute_union(m, r) == pytest.approx(known, abs=1e-10)


@pytest.mark.parametrize("r", [0.0, 0.3, 0.9, 0.99])
@pytest.mark.parametrize(("digits", "error"), [(5.0, 1e-5), (7.0, 1e-7), (10.0, 1e-10)])
def test_the_rule_is_as_good_as_it_says(r: float, digits: float, error: float) -> None:
    for m in ([0.5] * 20, [0.97, 0.95, 0.9], [1e-5, 0.2, 0.7, 0.999]):
        known = np.clip(fine(m, r), max(m), min(1.0, sum(m)))
        assert abs(compute_union(m, r, digits) - known) < error


def test_the_russian_case() -> None:
    low, middle, high = 105.0 * compute_intervals(COPULA, RUSSIA[None, :])[:, 0]
    assert 105.0 * assume_independence(RUSSIA) == pytest.approx(103.63, abs=0.01)
    assert middle == pytest.approx(101.4, abs=0.3)
    assert 96.0 < low < middle < high < 105.0


def test_draws_stay_in_the_bounds() -> None:
    wild = OverlapModel(replace(LEARNED, model=2.0))
    shares = np.tile(RUSSIA[:, None], 256)
    together = np.ones((1, 2), dtype=bool)
    drawn = wild.draw_unions(Group(shares, wild.joint_use("", make_lattice(256)), together))
    low, high = bound_by_shares(RUSSIA)
    assert drawn.shape == (1, 256)
    assert ((low <= drawn) & (drawn <= high)).all()


@given(
    st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(-3.0, 3.0, width=32)
)
def test_an_error_gives_way_near_a_bound_and_never_passes_it(
    a: float, b: float, c: float, move: float
) -> None:
    low, core, high = (np.asarray(x) for x in sorted((a, b, c)))
    result = move_unions(core, np.asarray(move), low, high)
    assert low <= result <= high
    assert abs(result - core) <= abs(move) + 1e-12
    further = move_unions(core, np.asarray(1.5 * move), low, high)
    assert abs(further - core) >= abs(result - core) - 1e-12
    if move == 0.0:
        assert result == core


def test_own_surveys_pull_and_narrow() -> None:
    centre, scale = predict_correlation(LEARNED)
    pulled, narrower = predict_correlation(LEARNED, [OwnSurvey(0.8, "a")])
    assert centre == LEARNED.mean
    assert centre < pulled < float(clip_log_odds(0.8))
    assert narrower < scale


def test_correlations_stay_on_the_grid() -> None:
    ends: Array = expit(LOGIT_GRID[[0, -1]])
    drawn = draw_correlations(LEARNED, np.linspace(0.001, 0.999, 99), area_parameters=(0.0, 50.0))
    assert (ends[0] <= drawn).all()
    assert (drawn <= ends[1]).all()


def test_the_factors_of_the_spread_stretch_each_side_and_leave_the_middle() -> None:
    u = (np.arange(999) + 0.5) / 999
    plain = clip_log_odds(draw_correlations(LEARNED, u)) - LEARNED.mean
    wide = replace(LEARNED, spread_below=1.5, spread_above=2.0)
    stretched = clip_log_odds(draw_correlations(wide, u)) - LEARNED.mean
    inside = np.abs(plain) < 1.5  # away from the ends of the grid
    assert np.where(plain < 0.0, 1.5, 2.0)[inside] * plain[inside] == pytest.approx(
        stretched[inside]
    )
    assert np.median(stretched) == pytest.approx(0.0, abs=1e-9)
    assert (np.diff(stretched) >= 0.0).all()
