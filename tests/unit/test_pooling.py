"""What several figures say together: laws by kind of statement, the pool, drift."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq
from scipy.stats import t as student

from audience_impact import periods
from audience_impact.audiences import figures, pooling
from audience_impact.audiences.scope import scope
from audience_impact.facts.tables import Tables
from audience_impact.frames import Array
from audience_impact.simulation import audiences
from audience_impact.simulation.sampler import Sampler
from flows.pipeline import steps
from tests.support import AS_OF, World, world

COUNT = 20_000
FIGURES = ["shape", "low", "mode", "high"]


def distributions(made: World) -> pd.DataFrame:
    """How the audiences of a world are drawn, one row an audience."""
    tables = made.typed()
    before = figures.before(scope(tables, AS_OF).wanted, figures.candidates(tables))
    return pooling.distributions(figures.choose(before), before)


def told(made: World) -> pd.DataFrame:
    """How the audiences of a world are drawn, one row an audience of the act R1."""
    return distributions(made.restrict("R1", "alpha"))


def sampled(table: pd.DataFrame, months: float = 0.0, count: int = COUNT) -> Array:
    """Draws of the rows of a table."""
    rows = table.assign(age_months=months, monthly_growth_error=pooling.GROWTH_ERROR)
    return audiences.values(rows, Sampler(0, count))


def several(*values: float, **cells: str) -> World:
    """A figure of each of several measurers."""
    made = world()
    for place, value in enumerate(values):
        name = f"measurer-{place}"
        made.add("lineages", lineage_id=name, measurer=name)
        made.add("sources", source_id=name, lineage_id=name)
        made.estimate(f"E{place}", value=str(value), source_id=name, **cells)
    return made


def test_a_figure_without_a_stated_error_is_taken_as_it_stands() -> None:
    table = told(world().estimate("E1"))
    assert table[FIGURES].to_numpy().tolist() == [["fixed", 500000.0, 500000.0, 500000.0]]
    assert table["audience_key"].tolist() == ["E1"]
    assert np.unique(sampled(table)).tolist() == [500000.0]


def test_a_stated_range_is_a_pert_law_inside_it() -> None:
    stated = {"value": "500000", "low": "450000", "high": "600000", "interval_kind": "min_max"}
    table = told(world().estimate("E1", **stated))
    assert table[FIGURES].to_numpy().tolist() == [["pert", 450000.0, 500000.0, 600000.0]]
    drawn = sampled(table)
    assert 450000.0 <= drawn.min() < 460000.0
    assert 580000.0 < drawn.max() <= 600000.0
    # Mean of a PERT law: (low + 4 mode + high) / 6, Malcolm et al. (1959).
    assert drawn.mean() == pytest.approx((450000 + 4 * 500000 + 600000) / 6, rel=1e-3)


def test_a_range_without_a_value_has_its_mode_in_the_middle() -> None:
    stated = {"value": "", "low": "400000", "high": "600000", "interval_kind": "min_max"}
    table = told(world().estimate("E1", **stated))
    assert table[FIGURES].to_numpy().tolist() == [["pert", 400000.0, 500000.0, 600000.0]]


@pytest.mark.parametrize(("kind", "tail"), [("ci90", 0.05), ("ci95", 0.025)])
def test_a_confidence_interval_is_met_by_the_quantiles(kind: str, tail: float) -> None:
    stated = {"value": "500000", "low": "470000", "high": "560000", "interval_kind": kind}
    table = told(world().estimate("E1", **stated))
    assert table["shape"].tolist() == ["split"]
    ends = np.quantile(sampled(table), [tail, 1 - tail])
    assert ends == pytest.approx([470000.0, 560000.0], rel=3e-3)


def test_relays_that_print_other_values_spread_the_figure_over_what_is_printed() -> None:
    made = world().estimate("E1")
    for place, value in ((1, "480000"), (2, "530000"), (3, "500000")):
        made.estimate(f"E{place + 1}", value=value, source_id=f"relay-{place}", lineage_id="panel")
    table = told(made)
    assert table[FIGURES].to_numpy().tolist() == [["pert", 480000.0, 500000.0, 530000.0]]
    assert table["sources_count"].tolist() == [1]
    drawn = sampled(table)
    assert drawn.min() >= 480000.0
    assert drawn.max() <= 530000.0


def test_a_relay_of_another_month_says_nothing_of_the_error() -> None:
    made = world().estimate("E1")
    made.estimate("E2", value="480000", source_id="relay-1", lineage_id="panel", period="2025-05")
    assert told(made)["shape"].tolist() == ["fixed"]


@pytest.mark.parametrize("values", [(400e3, 460e3), (400e3, 410e3, 460e3, 450e3)])
def test_two_to_four_measurers_give_their_range(values: tuple[float, ...]) -> None:
    table = told(several(*values))
    assert table["sources_count"].tolist() == [len(values)]
    found = table[FIGURES].to_numpy().tolist()
    assert found == [["pert", 400e3, sum(values) / len(values), 460e3]]
    assert table["audience_key"].tolist() == ["+".join(f"E{n}" for n in range(len(values)))]


def test_a_figure_open_on_one_side_is_not_drawn() -> None:
    table = told(world().estimate("E1", interval_kind="one_sided_min"))
    assert table["shape"].tolist() == [""]
    assert np.isnan(sampled(table, count=3)).all()


# Thirteen trials of BCG against tuberculosis (Colditz et al. 1994): cases and others among the
# vaccinated, cases and others among the rest.  The Paule-Mandel variance between trials of the log
# relative risk is 0.3181: Viechtbauer (2010), metafor, Journal of Statistical Software 36(3).
BCG = np.array(
    [
        [4, 119, 11, 128],
        [6, 300, 29, 274],
        [3, 228, 11, 209],
        [62, 13536, 248, 12619],
        [33, 5036, 47, 5761],
        [180, 1361, 372, 1079],
        [8, 2537, 10, 619],
        [505, 87886, 499, 87892],
        [29, 7470, 45, 7232],
        [17, 1699, 65, 1600],
        [186, 50448, 141, 27197],
        [5, 2493, 3, 2338],
        [27, 16886, 29, 17825],
    ],
    dtype=float,
)


def log_relative_risks() -> tuple[Array, Array]:
    """Effects and their variances."""
    one, rest, two, others = BCG.T
    effects = np.log(one / (one + rest)) - np.log(two / (two + others))
    return effects, 1 / one - 1 / (one + rest) + 1 / two - 1 / (two + others)


def by_hand(values: Array, errors: Array) -> tuple[float, float, float, float]:
    """Variance between, mean, and the ends of the 90 % interval, from the printed equations."""

    def excess(between: float) -> float:
        weight = 1 / (errors**2 + between)
        middle = (weight * values).sum() / weight.sum()
        return float((weight * (values - middle) ** 2).sum()) - (len(values) - 1)

    top = float(np.ptp(values) ** 2) + 1e-12
    between = brentq(excess, 0.0, top, xtol=1e-14 * top) if excess(0.0) > 0 else 0.0
    weight = 1 / (errors**2 + between)
    middle = (weight * values).sum() / weight.sum()
    spread = (weight * (values - middle) ** 2).sum() / ((len(values) - 1) * weight.sum())
    half = student.ppf(0.95, len(values) - 1) * np.sqrt(spread)
    return between, middle, middle - half, middle + half


def test_the_published_variance_between_trials_is_met_by_the_equation() -> None:
    effects, variances = log_relative_risks()
    assert by_hand(effects, np.sqrt(variances))[0] == pytest.approx(0.3181, abs=5e-5)


def test_the_pool_is_the_published_one_with_the_error_of_hartung_and_knapp() -> None:
    effects, variances = log_relative_risks()
    found = pooling.random_effects(effects, np.sqrt(variances))
    _, *expected = by_hand(effects, np.sqrt(variances))
    assert found == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("unit", [1.0, 1e8])
def test_the_pool_does_not_hang_on_the_unit(unit: float) -> None:
    values, errors = unit * np.array([0.4, 0.5, 0.43, 0.62, 0.55]), unit * np.full(5, 0.01)
    _, *expected = by_hand(values, errors)
    assert pooling.random_effects(values, errors) == pytest.approx(expected, rel=1e-5)


def test_measurers_that_agree_have_no_variance_between_them() -> None:
    values, errors = np.array([100.0, 101.0, 99.0, 100.0, 100.0]), np.full(5, 20.0)
    assert by_hand(values, errors)[0] == 0.0
    assert pooling.random_effects(values, errors) == pytest.approx(by_hand(values, errors)[1:])


def test_five_measurers_are_pooled_with_the_error_of_two_digits() -> None:
    values = np.array([400e3, 500e3, 430e3, 620e3, 550e3])
    table = told(several(*values))
    _, *expected = by_hand(values, pooling.UNSTATED_ERROR * values)
    assert table["shape"].tolist() == ["pool"]
    assert table[["mode", "low", "high"]].to_numpy()[0] == pytest.approx(expected, rel=1e-5)
    ends = np.quantile(sampled(table), [0.05, 0.95])
    assert ends == pytest.approx([expected[1], expected[2]], rel=3e-3)


def test_stated_errors_weigh_in_the_pool() -> None:
    made = several(500e3, 500e3, 500e3, 500e3)
    made.add("lineages", lineage_id="rough", measurer="rough")
    made.add("sources", source_id="rough", lineage_id="rough")
    stated = {"low": "300000", "high": "900000", "interval_kind": "min_max"}
    made.estimate("rough", value="600000", source_id="rough", **stated)
    values = np.array([500e3] * 4 + [600e3])
    errors = np.array([0.02 * 500e3] * 4 + [300e3 / 1.645])
    found = told(made)[["mode", "low", "high"]].to_numpy()[0]
    assert found == pytest.approx(by_hand(values, errors)[1:], rel=1e-5)


def test_the_growth_error_grows_with_the_square_root_of_the_months() -> None:
    table = told(world().estimate("E1"))
    one, four = (np.log(sampled(table, months)[0] / 500e3) for months in (1.0, 4.0))
    assert one.std() == pytest.approx(pooling.GROWTH_ERROR, rel=0.02)
    assert four == pytest.approx(2 * one)
    assert np.median(one) == pytest.approx(0.0, abs=1e-3)


def test_the_growth_error_of_a_service_is_one_whatever_restricts_it() -> None:
    made = world().estimate("E1").estimate("E2", platform_id="beta")
    table = distributions(made.restrict("R1", "alpha", "beta").restrict("R2", "alpha"))
    drawn = sampled(table, 3.0, 50)
    pairs = list(zip(table["restriction_id"], table["platform_id"], strict=True))
    again, first = pairs.index(("R2", "alpha")), pairs.index(("R1", "alpha"))
    other = pairs.index(("R1", "beta"))
    assert (drawn[again] == drawn[first]).all()
    assert (drawn[other] != drawn[first]).all()


def test_an_unknown_age_has_no_growth_error() -> None:
    assert np.unique(sampled(told(world().estimate("E1")), np.nan)).tolist() == [500000.0]


# ---- The two constants, measured on the facts of the repository ----

MONTHLY = ["monthly_reach", "mau", "survey_monthly", "survey_regular", "dsa_amar"]


def monthly_spread(rows: pd.DataFrame, by: list[str], value: str) -> float:
    """Robust standard deviation of the change of a log in a month, between successive figures.

    1.4826 times the median of the absolute changes, each over the root of the months between
    the middles of its two periods.
    """
    ordered = rows.assign(middle=periods.middle(rows["period_start"], rows["period_end"]))
    ordered = ordered.sort_values([*by, "middle"])
    ordered = ordered.drop_duplicates([*by, "middle"])
    groups = ordered.groupby(by)
    months = periods.in_months(groups["middle"].diff().dt.days)
    change = np.log(ordered[value]).groupby([ordered[name] for name in by]).diff().abs()
    apart = months >= 1.0
    return float(1.4826 * (change[apart] / np.sqrt(months[apart])).median())


@pytest.fixture(scope="module")
def facts(repository_checked: steps.Checked) -> Tables:
    return repository_checked.tables


def test_the_growth_error_of_audiences_is_the_one_of_the_facts(facts: Tables) -> None:
    known = facts["estimates"]
    plain = (known["age"] == "") & (known["sex"] == "") & (known["interval_kind"] == "none")
    used = known[
        plain
        & known["audience_metric"].isin(MONTHLY)
        & (known["population_base"] != "custom")
        & (known["value"] > 0)
    ]
    by = ["lineage_id", "platform_id", "area_id", "audience_metric", "population_base", "unit"]
    assert monthly_spread(used, by, "value") == pytest.approx(pooling.GROWTH_ERROR, rel=0.15)


def test_the_growth_error_of_bases_is_the_one_of_the_facts(facts: Tables) -> None:
    known = facts["bases"]
    online = known[known["population_base"].str.startswith("internet")]
    by = ["lineage_id", "area_id", "population_base"]
    assert monthly_spread(online, by, "persons") == pytest.approx(
        pooling.BASE_GROWTH_ERROR, rel=0.15
    )
