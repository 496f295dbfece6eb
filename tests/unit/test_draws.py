"""Seeded draws: streams that belong to their key, and quantile functions against scipy's."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from audience_impact.frames import Array
from audience_impact.simulation.sampler import Sampler, draw_pert, draw_split_normal, draw_uniforms

PINNED = [0.09280462553648883, 0.4259803157256109, 0.21232661916336293]
EVEN = (np.arange(2000) + 0.5) / 2000
NODES, WEIGHTS = np.polynomial.legendre.leggauss(400)
Draw = Callable[..., Array]


def two_piece(x: Array, mode: float, one: float, two: float) -> Array:
    """Cumulative function of the two-piece normal, as Wallis (2014) writes it."""
    whole = one + two
    return np.asarray(
        np.where(
            x <= mode,
            2 * one / whole * stats.norm.cdf(x, mode, one),
            1 - 2 * two / whole * stats.norm.sf(x, mode, two),
        )
    )


# Each law with its cumulative function in scipy, and a floor and a ceiling inside it.
PERT = stats.beta(1 + 4 * 3 / 7, 1 + 4 * 4 / 7, loc=2, scale=7)
LAWS: list[tuple[Draw, Callable[[Array], Array], float, float]] = [
    (
        lambda u, **ends: draw_split_normal(
            u, 10.0, 10 - 1.959963984540054, 11.959963984540054, 0.95, **ends
        ),
        lambda x: stats.norm.cdf(x, 10.0, 1.0),
        9.5,
        12.0,
    ),
    (lambda u, **ends: draw_pert(u, 2.0, 5.0, 9.0, **ends), PERT.cdf, 3.0, 6.0),
]
law = pytest.mark.parametrize(("draw", "cumulative", "floor", "ceiling"), LAWS)


def test_a_longer_run_begins_with_the_shorter() -> None:
    long = draw_uniforms(7, "RU|whatsapp", 4000)
    for count in (0, 1, 2, 3, 4, 5, 999):
        assert np.array_equal(draw_uniforms(7, "RU|whatsapp", count), long[:count])


def test_draws_are_pinned() -> None:
    assert draw_uniforms(1, "a", 3).tolist() == PINNED


def test_uniforms_are_uniform_and_open() -> None:
    u = draw_uniforms(3, "x", 100_000)
    assert u.min() > 0.0
    assert u.max() < 1.0
    assert stats.kstest(u, "uniform").pvalue > 0.01


def test_distinct_keys_and_seeds_are_uncorrelated() -> None:
    keys = ["", "a", "A", "b", "1|a", "ключ", *map(str, range(34))]
    many = np.corrcoef([draw_uniforms(seed, key, 4000) for seed in (0, 1) for key in keys])
    pairs = np.abs(many[np.triu_indices(len(many), 1)])
    # Independent draws: standard deviation 1 / sqrt(4000), so 0.0016 of 3,160 pairs beyond 0.05.
    assert np.sqrt(np.mean(pairs**2)) * np.sqrt(4000) == pytest.approx(1.0, abs=0.05)
    assert np.mean(pairs >= 0.05) < 0.004
    assert pairs.max() < 0.08


@law
def test_quantiles_agree_with_scipy(
    draw: Draw, cumulative: Callable[[Array], Array], floor: float, ceiling: float
) -> None:
    assert cumulative(draw(EVEN)) == pytest.approx(EVEN, abs=1e-9)
    assert stats.kstest(draw(draw_uniforms(1, "ks", 4000)), cumulative).pvalue > 0.01


@law
def test_a_law_between_floor_and_ceiling_keeps_its_shape(
    draw: Draw, cumulative: Callable[[Array], Array], floor: float, ceiling: float
) -> None:
    ends = cumulative(np.array([floor, ceiling]))
    for x in (draw(EVEN, floor=floor, ceiling=ceiling), draw(EVEN[:, None], floor=floor)[:, 0]):
        top = ends[1] if x.max() <= ceiling else 1.0
        assert x.min() >= floor
        assert (cumulative(x) - ends[0]) / (top - ends[0]) == pytest.approx(EVEN, abs=1e-9)
    below = draw(EVEN, ceiling=ceiling)
    assert below.max() <= ceiling
    assert cumulative(below) / ends[1] == pytest.approx(EVEN, abs=1e-9)


def test_a_cut_where_there_is_no_mass_gives_the_nearest_end() -> None:
    assert (draw_split_normal(EVEN, 0.0, -1.0, 1.0, 0.90, 500.0, 600.0) == 500.0).all()
    assert (draw_split_normal(EVEN, 0.0, -1.0, 1.0, 0.90, -600.0, -500.0) == -500.0).all()
    assert (draw_pert(EVEN, 2.0, 3.0, 4.0, floor=5.0, ceiling=6.0) == 5.0).all()


@given(
    st.floats(-50, 50),
    st.floats(0.0, 30),
    st.floats(0.0, 30),
    st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99]),
)
def test_the_interval_of_a_split_normal_is_given_back(
    middle: float, down: float, up: float, coverage: float
) -> None:
    tail = (1.0 - coverage) / 2.0
    ends = draw_split_normal([tail, 1.0 - tail], middle, middle - down, middle + up, coverage)
    assert ends == pytest.approx([middle - down, middle + up], abs=1e-6)


def test_a_lopsided_split_normal_is_two_halves_with_one_density_at_the_mode() -> None:
    at, step = 10.0, 1e-4
    u = np.linspace(0.001, 0.999, 999)
    x = draw_split_normal(u, at, 8.0, 15.0, 0.90)
    # widths read off the law itself, through the mass below the mode
    mass = stats.uniform.cdf(np.interp(at, x, u))
    one = 2.0 / -stats.norm.ppf(0.05 / (2 * mass))
    two = one * (1 - mass) / mass
    assert two_piece(x, at, one, two) == pytest.approx(u, abs=1e-5)
    around = two_piece(np.array([at - step, at, at + step]), at, one, two)
    assert np.diff(around)[0] == pytest.approx(np.diff(around)[1], rel=1e-3)


def test_a_split_normal_without_one_side_or_both() -> None:
    ends = draw_split_normal([0.05, 0.95], [[10.0], [10.0], [3.0]], [[10.0], [4.0], [3.0]],
                        [[15.0], [10.0], [3.0]], 0.90)  # fmt: skip
    assert ends == pytest.approx(np.array([[10.0, 15.0], [4.0, 10.0], [3.0, 3.0]]), abs=1e-9)


@given(st.floats(-9, 9), st.floats(0, 5), st.floats(0.01, 5))
def test_moments_of_a_pert(low: float, up: float, more: float) -> None:
    middle, high = low + up, low + up + more
    mean = (low + 4 * middle + high) / 6
    x = draw_pert((NODES + 1) / 2, low, middle, high)
    assert WEIGHTS @ x / 2 == pytest.approx(mean, abs=1e-4 * (high - low))
    # Its variance: (mean - low) (high - mean) / 7.
    variance = (mean - low) * (high - mean) / 7
    assert WEIGHTS @ (x - mean) ** 2 / 2 == pytest.approx(variance, abs=1e-4 * (high - low) ** 2)


@pytest.mark.parametrize("width", [0.0, 5e-324, 1e-310, 1e-300])
def test_widths_of_next_to_nothing(width: float) -> None:
    for x in (
        draw_split_normal(EVEN, 0.0, -width, width / 2, 0.9, -1.0, 1.0),
        draw_split_normal(EVEN, 0.0, -width, 1.0, 0.9, 0.0, 1.0),
        draw_pert(EVEN, 0.0, width / 2, width, -1.0, 1.0),
    ):
        assert (np.diff(x) >= 0.0).all()
        assert np.abs(x).max() <= 1.0


def test_rows_are_drawn_once_for_each_seed() -> None:
    made: list[int] = []

    def of(sampler: Sampler, keys: list[str]) -> Array:
        def draw(places: list[int]) -> Array:
            made.append(len(places))
            return sampler.draw_rows(pd.Series([keys[place] for place in places]))

        return sampler.draw_once(keys, draw)

    first = Sampler(0, 3)
    drawn = of(first, ["a", "b"])
    assert (of(first, ["c", "a"])[1] == drawn[0]).all()
    assert (of(replace(first, seed=1), ["a"])[0] != drawn[0]).all()
    assert made == [2, 1, 1]
    assert of(first, []).shape == (0, 3)
