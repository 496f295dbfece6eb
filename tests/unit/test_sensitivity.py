"""First-order shares of functions whose shares are known, and of small worlds."""

import numpy as np
import pandas as pd
import pytest

from audience_impact.frames import Array
from audience_impact.outputs import sensitivity as sensitivity_table
from audience_impact.outputs.sensitivity import first_order_shares, sort_draws
from audience_impact.simulation.sampler import Sampler, draw_uniforms
from audience_impact.simulation.simulate import DEPRIVED, EXPOSED, Simulation
from audience_impact.vocabulary import InputKind
from tests.engine import calibrated, calls, impact_of, prepared, russia
from tests.support import World, world

pytestmark = pytest.mark.chain

COUNT = 1000
RUNS = 60


def ishigami(x: Array) -> Array:
    """Ishigami and Homma (1990), First ISUMA: a = 7, b = 0.1, inputs (3, D) even in -pi..pi."""
    one, two, three = np.pi * (2.0 * x - 1.0)
    return np.asarray(np.sin(one) + 7.0 * np.sin(two) ** 2 + 0.1 * three**4 * np.sin(one))


A = np.array([0.0, 0.5, 3.0, 9.0])


def g_function(x: Array) -> Array:
    """Sobol's g-function: Saltelli et al. (2010), section 4."""
    wide = np.abs(4.0 * x - 2.0)
    return np.asarray(np.prod((wide + A[:, None]) / (1.0 + A[:, None]), axis=0))


G_SHARES = 1.0 / (3.0 * (1.0 + A) ** 2)
KNOWN = [
    # Saltelli et al. (2008), Global Sensitivity Analysis: The Primer.
    *((ishigami, 3, at, share) for at, share in enumerate((0.3139, 0.4424, 0.0))),
    *(
        (g_function, len(A), at, share / (np.prod(1.0 + G_SHARES) - 1.0))
        for at, share in enumerate(G_SHARES)
    ),
]


def test_draws_that_are_equal_keep_their_order() -> None:
    random = np.random.default_rng(5)
    drawn = np.vstack([random.integers(0, 4, 300) / 4.0, random.random(300), np.ones(300)])
    assert (sort_draws(drawn) == np.argsort(drawn, axis=1, kind="stable")).all()


@pytest.mark.parametrize(("function", "inputs", "at", "expected"), KNOWN)
def test_shares_of_known_functions(function: object, inputs: int, at: int, expected: float) -> None:
    runs = [
        np.array([draw_uniforms(run, f"x{i}", COUNT) for i in range(inputs)]) for run in range(RUNS)
    ]
    results = np.array([function(x) for x in runs])  # type: ignore[operator]
    drawn = np.array([x[at] for x in runs])
    share, error = first_order_shares(sort_draws(drawn), results)
    spread = share.std(ddof=1)
    assert share.mean() == pytest.approx(expected, abs=4 * spread / RUNS**0.5 + 0.006)
    assert (np.abs(share - expected) < 4 * error + 0.01).all()
    # the same for large numbers, and for any order of the input alike
    again, _ = first_order_shares(sort_draws(np.exp(drawn)), results + 1e8)
    assert again == pytest.approx(share, abs=1e-6)


# ---- Worlds ----


def compute_sensitivity(made: World) -> pd.DataFrame:
    stages, _ = prepared(made)
    simulation = Simulation(stages.simulation, Sampler(0, 1000))
    draws = simulation.draw_metrics()
    return sensitivity_table.make_sensitivity(simulation, draws, impact_of(stages, draws))


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
    assert first["first_order_share"] == pytest.approx(1.0, abs=TOO_LITTLE)
    assert first["rank_count"] == 1
    assert first["advice"] == sensitivity_table.ADVICE[InputKind.AUDIENCE]
    assert others.empty


def test_where_the_circumventors_alone_vary_they_have_it() -> None:
    made = calibrated(world()).estimate("E1").restrict("R1", "alpha")
    interval = {"low_share": "0.2", "high_share": "0.4", "interval_kind": "min_max"}
    made.add("circumvention", circumvention_id="C1", restriction_id="R1", **interval)
    table = compute_sensitivity(made)
    assert inputs(table) == ["audience"]
    first, others = of_metric(table, DEPRIVED)
    assert first["input"] == "circumvention"
    # The audience is printed to ten thousands, which is a hundredth of the variance.
    assert first["first_order_share"] == pytest.approx(1.0, abs=0.03)
    assert (others["first_order_share"] < 0.03).all()


def everything() -> World:
    """Every kind of input at once."""
    made = calls(russia())
    made.rows["bases"][-1] |= {"low_persons": "103000000", "high_persons": "108000000"}
    wide = {"low_share": "0.2", "high_share": "0.6", "interval_kind": "min_max"}
    made.add("feature_use", feature_use_id="F1", platform_id="any-messenger", area_id="RU", **wide)
    made.add("circumvention", circumvention_id="C1", restriction_id="R1", area_id="RU", **wide)
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
    assert {"overlap"} <= set(inputs(table))
    assert {"feature_share", "assumed", "circumvention"} <= set(inputs(table, DEPRIVED))
    ranked = table[table["impact_metric"] == DEPRIVED]
    assert ranked["rank_count"].tolist() == list(range(1, len(ranked) + 1))
    assert ranked["first_order_share"].is_monotonic_decreasing
    assert set(table["advice"]) <= set(sensitivity_table.ADVICE.values())


def test_what_nobody_measured_does_not_enter() -> None:
    made = calibrated(world()).estimate("E1").estimate("E2", platform_id="beta")
    table = compute_sensitivity(made.restrict("R1", "alpha", "beta"))
    assert set(inputs(table)) <= {"audience", "base", "correlation", "model"}


def test_for_what_has_no_estimate_it_says_what_would_help() -> None:
    made = one_audience().restrict("R2", "gamma")
    table = compute_sensitivity(made)
    (row,) = table[table["restriction_id"] == "R2"].to_dict("records")
    assert (row["impact_metric"], row["input"]) == (EXPOSED, sensitivity_table.HELPS_MOST)
    assert (row["advice"], row["rank_count"]) == (sensitivity_table.NO_FIGURE, 1)
    assert np.isnan(row["first_order_share"])


def test_each_kind_of_input_has_its_advice() -> None:
    assert set(sensitivity_table.ADVICE) == set(InputKind)


# ---- Narrowing ----


@pytest.mark.parametrize(
    ("metric", "share", "persons"),
    [
        ("people_exposed", 0.75, 100.0),
        ("people_exposed", -0.01, 0.0),
        ("people_exposed", 1.2, 200.0),
        ("people_exposed", np.nan, np.nan),
        ("person_days", 0.5, np.nan),
    ],
)
def test_without_a_part_of_its_variance_an_interval_is_narrower(
    metric: str, share: float, persons: float
) -> None:
    key = {"restriction_id": ["R1"], "impact_metric": ["people_exposed"]}
    impact = pd.DataFrame({**key, "q05_persons": [1000.0], "q95_persons": [1200.0]})
    shares = pd.DataFrame({**key, "impact_metric": [metric], "first_order_share": [share]})
    narrowing = sensitivity_table.find_narrowing(shares, impact)
    assert narrowing.tolist() == pytest.approx([persons], nan_ok=True)
