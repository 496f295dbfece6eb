"""Sobol shares against functions whose shares are known, and of small worlds."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from audience_impact.frames import Array
from audience_impact.outputs import sensitivity as sensitivity_table
from audience_impact.pipeline import Settings
from audience_impact.simulation.sampler import Sampler, draw_uniforms
from audience_impact.simulation.simulate import DEPRIVED, EXPOSED, simulate_metrics
from audience_impact.vocabulary import InputKind
from tests.engine import calibrated, calls, impact_of, prepared, russia
from tests.support import World, world

pytestmark = pytest.mark.chain

COUNT = 1 << 16
WANTED = Settings(draws=1000)


def ishigami(x: Array) -> Array:
    """Ishigami and Homma (1990), First ISUMA: a = 7, b = 0.1, inputs (3, D) even in -pi..pi."""
    one, two, three = np.pi * (2.0 * x - 1.0)
    return np.asarray(np.sin(one) + 7.0 * np.sin(two) ** 2 + 0.1 * three**4 * np.sin(one))


A = np.array([0.0, 0.5, 3.0, 9.0])


def g_function(x: Array) -> Array:
    """Sobol's g-function: Saltelli et al. (2010), section 4."""
    wide = np.abs(4.0 * x - 2.0)
    return np.asarray(np.prod((wide + A[:, None]) / (1.0 + A[:, None]), axis=0))


def streams(inputs: int, count: int = COUNT) -> tuple[Array, Array]:
    first, second = (
        np.array([draw_uniforms(5, f"{name}{i}", count) for i in range(inputs)]) for name in "ab"
    )
    return first, second


def samples(function: object, inputs: int, moved: list[int], count: int = COUNT) -> list[Array]:
    """Draws (D, 1) of A, B and A with some inputs of B."""
    first, second = streams(inputs, count)
    mixed = first.copy()
    mixed[moved] = second[moved]
    return [function(x)[:, None] for x in (first, second, mixed)]  # type: ignore[operator]


def shares_of(function: object, inputs: int, moved: list[int]) -> tuple[float, float, float]:
    """First-order and total share, and the larger of their errors."""
    first, total, *errors = sobol(*samples(function, inputs, moved))
    return float(first[0]), float(total[0]), float(max(errors)[0])


def sobol(a: Array, b: Array, ab: Array) -> Array:
    """Both shares, and the error of each (4, outputs)."""
    return np.array(
        sensitivity_table.sobol_shares(
            a, b, ab, sensitivity_table.SampleMoments.from_draws(a, b, 0)
        )
    )


# Shares of Ishigami's function: Saltelli et al. (2008), Global Sensitivity Analysis: The Primer.
# Of several inputs: variances that have no input outside the group, and all that have one inside.
ISHIGAMI = [
    ([0], 0.3139, 0.5576),
    ([1], 0.4424, 0.4424),
    ([2], 0.0, 0.2437),
    ([0, 2], 0.5576, 0.5576),
    ([0, 1], 0.7563, 1.0),
    ([1, 2], 0.4424, 0.6861),
]


@pytest.mark.parametrize(("moved", "first", "total"), ISHIGAMI)
def test_the_function_of_ishigami(moved: list[int], first: float, total: float) -> None:
    result = shares_of(ishigami, 3, moved)
    assert result[2] < 0.01
    assert result[:2] == pytest.approx((first, total), abs=4 * result[2] + 1e-4)


@pytest.mark.parametrize("moved", range(len(A)))
def test_the_g_function_of_sobol(moved: int) -> None:
    own = 1.0 / (3.0 * (1.0 + A) ** 2)
    variance = np.prod(1.0 + own) - 1.0
    total = own[moved] * np.prod(1.0 + np.delete(own, moved)) / variance
    result = shares_of(g_function, len(A), [moved])
    assert result[2] < 0.02
    assert result[:2] == pytest.approx((own[moved] / variance, total), abs=4 * result[2] + 1e-4)


def test_many_outputs_are_each_one_alone() -> None:
    one, other = samples(ishigami, 3, [0], 500), samples(g_function, 3 + 1, [0], 500)
    both = [np.hstack(pair) for pair in zip(one, other, strict=True)]
    alone = [sobol(*each) for each in (one, other)]
    assert sobol(*both) == pytest.approx(np.hstack(alone))
    common = sensitivity_table.SampleMoments.from_draws(both[0], both[1], 0).select_outputs(
        np.array([False, True])
    )
    a, b, ab = other
    assert np.array(sensitivity_table.sobol_shares(a, b, ab, common)) == pytest.approx(alone[1])


def test_the_shares_are_those_of_salib() -> None:
    from SALib.analyze.sobol import first_order, total_order

    a, b, ab = samples(g_function, len(A), [0, 2], 999)
    middle = (a.mean(axis=0) + b.mean(axis=0)) / 2
    theirs = a - middle, ab - middle, b - middle
    expected = np.array([first_order(*theirs), total_order(*theirs)])
    assert sobol(a, b, ab)[:2] == pytest.approx(expected, rel=1e-12)


def test_far_from_zero_the_shares_are_the_same() -> None:
    near = samples(ishigami, 3, [1], 4000)
    far = [each + 1e8 for each in near]
    assert sobol(*far) == pytest.approx(sobol(*near))


def test_errors_shrink_with_the_root_of_the_draws() -> None:
    result = []
    for count in (1000, 16_000):
        result.append(sobol(*samples(ishigami, 3, [0], count))[2:, 0])
    assert result[0] / result[1] == pytest.approx([4.0, 4.0], rel=0.4)


def test_errors_are_the_spread_of_repeated_runs() -> None:
    a, b, ab = samples(ishigami, 3, [0], 64 * 500)
    parts = [
        sobol(*(each[at : at + 500] for each in (a, b, ab)))[:2] for at in range(0, 64 * 500, 500)
    ]
    expected = np.std(parts, axis=0, ddof=1)[:, 0]
    result = sobol(a[:500], b[:500], ab[:500])[2:, 0]
    assert result == pytest.approx(expected, rel=0.5)


# ---- Worlds ----


def compute_sensitivity(made: World, wanted: Settings = WANTED) -> pd.DataFrame:
    stages, _ = prepared(made)
    sampler = Sampler(wanted.seed, wanted.draws)
    draws = simulate_metrics(stages.simulation, sampler)
    return sensitivity_table.make_sensitivity(
        stages.simulation,
        draws,
        sampler if wanted.sensitivity else None,
        impact_of(stages, draws),
    )


def inputs(table: pd.DataFrame, metric: str = EXPOSED) -> list[str]:
    return list(table.loc[table["impact_metric"] == metric, "input"])


def one_audience() -> World:
    stated = {"low": "400000", "high": "600000", "interval_kind": "min_max"}
    return calibrated(world()).estimate("E1", **stated).restrict("R1", "alpha")


TOO_LITTLE = 0.01
"""Share of the variance that an input has at most which is off by its rounding alone."""


def of_metric(table: pd.DataFrame, metric: str) -> "tuple[pd.Series[float], pd.DataFrame]":
    """The input that ranks first, and all others."""
    ranked = table[table["impact_metric"] == metric].sort_values("rank_count")
    return ranked.iloc[0], ranked.iloc[1:]


def test_the_only_input_that_varies_has_all_of_the_variance() -> None:
    first, others = of_metric(compute_sensitivity(one_audience()), EXPOSED)
    assert first["input"] == "audience"
    error = first["first_order_error_share"]
    assert first["first_order_share"] == pytest.approx(1.0, abs=4 * error)
    assert first["total_share"] == pytest.approx(1.0, abs=4 * first["total_error_share"])
    assert first["rank_count"] == 1
    assert first["advice"] == sensitivity_table.ADVICE[InputKind.AUDIENCE]
    assert others["input"].tolist() == ["base"]
    assert (others["total_share"] < TOO_LITTLE).all()


def test_where_the_circumventors_alone_vary_they_have_it() -> None:
    made = calibrated(world()).estimate("E1").restrict("R1", "alpha")
    interval = {"low_share": "0.2", "high_share": "0.4", "interval_kind": "min_max"}
    made.add("circumvention", circumvention_id="C1", restriction_id="R1", **interval)
    table = compute_sensitivity(made)
    assert inputs(table) == ["audience", "base"]
    first, others = of_metric(table, DEPRIVED)
    assert first["input"] == "circumvention"
    # The audience is printed to ten thousands, which is a hundredth of the variance.
    assert first["total_share"] == pytest.approx(1.0, abs=4 * first["total_error_share"] + 0.02)
    assert (others["total_share"] < 0.02).all()


def everything() -> World:
    """Every kind of input at once."""
    made = calls(russia())
    made.rows["bases"][-1] |= {"low_persons": "103000000", "high_persons": "108000000"}
    made.add("feature_use", feature_use_id="F1", platform_id="any-messenger", area_id="RU")
    made.add("circumvention", circumvention_id="C1", restriction_id="R1", area_id="RU")
    return made.add(
        "overlaps",
        overlap_id="O1",
        platform_ids="telegram;whatsapp",
        area_id="RU",
        period="2025-07",
        value="0.8",
        low="0.77",
        high="0.83",
        interval_kind="min_max",
    )


def test_every_kind_of_input_is_found_where_it_enters() -> None:
    table = compute_sensitivity(everything())
    assert set(inputs(table)) <= {"audience", "base", "correlation", "model", "overlap"}
    assert {"overlap", "base"} <= set(inputs(table))
    assert {"feature_share", "assumed", "circumvention"} <= set(inputs(table, DEPRIVED))
    ranked = table[table["impact_metric"] == DEPRIVED]
    assert ranked["rank_count"].tolist() == list(range(1, len(ranked) + 1))
    assert ranked["total_share"].is_monotonic_decreasing
    assert set(table["advice"]) <= set(sensitivity_table.ADVICE.values())


def test_what_nobody_measured_does_not_enter() -> None:
    made = calibrated(world()).estimate("E1").estimate("E2", platform_id="beta")
    table = compute_sensitivity(made.restrict("R1", "alpha", "beta"))
    assert set(inputs(table)) == {"audience", "base", "correlation", "model"}
    # The base is known but for its rounding.
    base = table[(table["impact_metric"] == EXPOSED) & (table["input"] == "base")]
    assert base["total_share"].max() < TOO_LITTLE


def test_for_what_has_no_estimate_it_says_what_would_help() -> None:
    made = one_audience().restrict("R2", "gamma")
    table = compute_sensitivity(made)
    (row,) = table[table["restriction_id"] == "R2"].to_dict("records")
    assert (row["impact_metric"], row["input"]) == (EXPOSED, sensitivity_table.HELPS_MOST)
    assert (row["advice"], row["rank_count"]) == (sensitivity_table.NO_FIGURE, 1)
    assert np.isnan(row["total_share"])


@pytest.mark.parametrize("way", ["not wanted", "too large"])
def test_shares_that_cost_too_much_are_left_out(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if way == "too large":
        monkeypatch.setattr(sensitivity_table, "LARGEST_REGISTER", 1)
    wanted = replace(WANTED, sensitivity=way == "too large")
    table = compute_sensitivity(one_audience().restrict("R2", "gamma"), wanted)
    assert table["input"].tolist() == [sensitivity_table.HELPS_MOST]


def test_a_second_stream_moves_its_own_input_alone() -> None:
    plain, moved = Sampler(0, 50), Sampler(0, 50, frozenset({InputKind.BASE}))
    assert (
        plain.draw_uniform(InputKind.AUDIENCE, "k") == moved.draw_uniform(InputKind.AUDIENCE, "k")
    ).all()
    assert (
        plain.draw_uniform(InputKind.BASE, "k") != moved.draw_uniform(InputKind.BASE, "k")
    ).all()
    rows = plain.draw_rows(InputKind.BASE, pd.Series(["b", "a", "b"]))
    assert (rows[0] == rows[2]).all()
    assert (rows[1] == plain.draw_uniform(InputKind.BASE, "a")).all()


def test_each_kind_of_input_has_its_advice() -> None:
    assert set(sensitivity_table.ADVICE) == set(InputKind)


def test_redraws_that_share_steps_are_those_drawn_alone() -> None:
    """Nothing kept from other draws gets into draws that move one kind of input."""
    made = calls(russia())
    shared, _ = prepared(made)
    first = Sampler(0, 100)
    simulate_metrics(shared.simulation, first)
    for kind in InputKind:
        kept = simulate_metrics(shared.simulation, first.with_second(frozenset({kind})))
        own = simulate_metrics(replace(shared.simulation), Sampler(0, 100, frozenset({kind})))
        for metric, draws in own.by_metric.items():
            np.testing.assert_array_equal(kept.by_metric[metric], draws)
