"""What several figures say together: laws by kind of statement, the pool, drift."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq
from scipy.stats import t as student

from audience_impact import figure_errors
from audience_impact.audiences import distributions, figures
from audience_impact.audiences.scope import build_scope
from audience_impact.denominators.denominators import Denominators
from audience_impact.frames import Array
from audience_impact.simulation import audiences
from audience_impact.simulation.sampler import Sampler
from tests.support import AS_OF, ERRORS, World, world

COUNT = 20_000
FIGURES = ["shape", "low", "mode", "high"]


RANGE = {"value": "500000", "low": "450000", "high": "600000", "interval_kind": "min_max"}


def drawn_from(made: World) -> pd.DataFrame:
    """How the audiences of a world are drawn, one row an audience."""
    tables = made.typed()
    before = figures.select_before_start(
        build_scope(tables, AS_OF).requested,
        figures.list_qualifying_figures(tables, Denominators(tables)),
    )
    errors = figure_errors.read_errors(tables["figure_errors"])
    return distributions.pool_figures(figures.choose_figures(before), before, tables, errors)


def list_distributions(made: World) -> pd.DataFrame:
    """How the audiences of a world are drawn, one row an audience of the act R1."""
    return drawn_from(made.restrict("R1", "alpha"))


def sampled(table: pd.DataFrame, count: int = COUNT) -> Array:
    """Draws of the rows of a table."""
    rows = table.reindex(columns=[*table, *set(audiences.DRAWN_BY) - set(table)])
    return audiences.draw_audiences(rows, Sampler(0, count), 4.0)


def several(*values: float, **cells: str) -> World:
    """A figure of each of several measurers."""
    made = world().errors()
    for place, value in enumerate(values):
        name = f"measurer-{place}"
        made.add("lineages", measurement_series_id=name, measurer=name)
        made.add("sources", source_id=name, measurement_series_id=name)
        made.estimate(f"E{place}", value=str(value), source_id=name, **cells)
    return made


def test_a_figure_without_a_stated_error_is_taken_as_it_stands() -> None:
    table = list_distributions(world().estimate("E1"))
    assert table[FIGURES].to_numpy().tolist() == [["fixed", 500000.0, 500000.0, 500000.0]]
    assert table["audience_key"].tolist() == ["E1"]
    assert np.unique(sampled(table)).tolist() == [500000.0]


def test_rows_that_are_drawn_alike_are_drawn_once_and_stand_where_they_stood() -> None:
    one, other = (
        list_distributions(world().estimate("E1", **RANGE)),
        list_distributions(several(400e3, 600e3)),
    )
    table = pd.concat([one, other, one], ignore_index=True)
    drawn = sampled(table)
    apart = [sampled(table.iloc[[row]])[0] for row in range(len(table))]
    assert drawn.tobytes() == np.array(apart).tobytes()
    assert len(np.unique(drawn, axis=0)) == len(table) - 1


def test_a_stated_range_is_a_pert_law_inside_it() -> None:
    table = list_distributions(world().estimate("E1", **RANGE))
    assert table[FIGURES].to_numpy().tolist() == [["pert", 450000.0, 500000.0, 600000.0]]
    drawn = sampled(table)
    assert 450000.0 <= drawn.min() < 460000.0
    assert 580000.0 < drawn.max() <= 600000.0
    # Mean of a PERT law: (low + 4 mode + high) / 6, Malcolm et al. (1959).
    assert drawn.mean() == pytest.approx((450000 + 4 * 500000 + 600000) / 6, rel=1e-3)


def test_a_range_without_a_value_has_its_mode_in_the_middle() -> None:
    stated = {"value": "", "low": "400000", "high": "600000", "interval_kind": "min_max"}
    table = list_distributions(world().estimate("E1", **stated))
    assert table[FIGURES].to_numpy().tolist() == [["pert", 400000.0, 500000.0, 600000.0]]


@pytest.mark.parametrize(("kind", "tail"), [("ci90", 0.05), ("ci95", 0.025)])
def test_a_confidence_interval_is_met_by_the_quantiles(kind: str, tail: float) -> None:
    stated = {"value": "500000", "low": "470000", "high": "560000", "interval_kind": kind}
    table = list_distributions(world().estimate("E1", **stated))
    assert table["shape"].tolist() == ["split"]
    ends = np.quantile(sampled(table), [tail, 1 - tail])
    assert ends == pytest.approx([470000.0, 560000.0], rel=3e-3)


def test_relays_that_print_other_values_spread_the_figure_over_what_is_printed() -> None:
    made = world().estimate("E1")
    for place, value in ((1, "480000"), (2, "530000"), (3, "500000")):
        made.estimate(
            f"E{place + 1}", value=value, source_id=f"relay-{place}", measurement_series_id="panel"
        )
    table = list_distributions(made)
    assert table[FIGURES].to_numpy().tolist() == [["pert", 480000.0, 500000.0, 530000.0]]
    assert table["sources_count"].tolist() == [1]
    drawn = sampled(table)
    assert drawn.min() >= 480000.0
    assert drawn.max() <= 530000.0


def test_the_measurers_own_months_outweigh_the_value_that_most_relays_print() -> None:
    made = world()
    for place, value in ((1, "490000"), (2, "490000"), (3, "515000")):
        made.estimate(f"E{place}", value=value, source_id=f"relay-{place}", period="2025-06",
                      measurement_series_id="panel")  # fmt: skip
    assert list_distributions(made)[FIGURES].to_numpy().tolist() == [
        ["pert", 490000.0, 490000.0, 515000.0]
    ]
    made.estimate("BEFORE", value="517000", period="2025-05")
    made.estimate("AFTER", value="516000", period="2025-07")
    made.rows["restrictions"].clear()
    made.rows["restriction_targets"].clear()
    assert list_distributions(made)[FIGURES].to_numpy().tolist() == [
        ["pert", 490000.0, 515000.0, 515000.0]
    ]
    made.rows["restrictions"].clear()
    made.rows["restriction_targets"].clear()
    made.estimate("E0", value="490000", period="2025-06")  # the measurer's own page
    assert list_distributions(made)["mode"].tolist() == [490000.0]


def test_a_relay_of_another_month_says_nothing_of_the_error() -> None:
    made = world().estimate("E1")
    made.estimate(
        "E2", value="480000", source_id="relay-1", measurement_series_id="panel", period="2025-05"
    )
    assert list_distributions(made)["shape"].tolist() == ["fixed"]


@pytest.mark.parametrize("values", [(400e3, 460e3), (400e3, 410e3, 460e3, 450e3)])
def test_two_to_four_measurers_give_their_range(values: tuple[float, ...]) -> None:
    table = list_distributions(several(*values))
    assert table["sources_count"].tolist() == [len(values)]
    result = table[FIGURES].to_numpy().tolist()
    assert result == [["pert", 400e3, sum(values) / len(values), 460e3]]
    assert table["audience_key"].tolist() == ["+".join(f"E{n}" for n in range(len(values)))]


def test_a_figure_open_on_one_side_is_not_drawn() -> None:
    table = list_distributions(world().estimate("E1", interval_kind="one_sided_min"))
    assert table["shape"].tolist() == [""]
    assert np.isnan(sampled(table, 3)).all()


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


@pytest.mark.parametrize("unit", [1.0, 1e8])
def test_the_pool_does_not_hang_on_the_unit(unit: float) -> None:
    values, errors = unit * np.array([0.4, 0.5, 0.43, 0.62, 0.55]), unit * np.full(5, 0.01)
    _, *expected = by_hand(values, errors)
    assert distributions.pool_random_effects(values, errors) == pytest.approx(expected, rel=1e-5)


def test_measurers_that_agree_have_no_variance_between_them() -> None:
    values, errors = np.array([100.0, 101.0, 99.0, 100.0, 100.0]), np.full(5, 20.0)
    assert by_hand(values, errors)[0] == 0.0
    assert distributions.pool_random_effects(values, errors) == pytest.approx(
        by_hand(values, errors)[1:]
    )


def test_five_measurers_are_pooled_with_the_error_of_two_digits() -> None:
    values = np.array([400e3, 500e3, 430e3, 620e3, 550e3])
    table = list_distributions(several(*values))
    _, *expected = by_hand(values, distributions.UNSTATED_ERROR * values)
    assert table["shape"].tolist() == ["pool"]
    assert table[["mode", "low", "high"]].to_numpy()[0] == pytest.approx(expected, rel=1e-5)
    ends = np.quantile(sampled(table), [0.05, 0.95])
    assert ends == pytest.approx([expected[1], expected[2]], rel=3e-3)


def test_stated_errors_weigh_in_the_pool() -> None:
    made = several(500e3, 500e3, 500e3, 500e3)
    made.add("lineages", measurement_series_id="rough", measurer="rough")
    made.add("sources", source_id="rough", measurement_series_id="rough")
    stated = {"low": "300000", "high": "900000", "interval_kind": "min_max"}
    made.estimate("rough", value="600000", source_id="rough", **stated)
    values = np.array([500e3] * 4 + [600e3])
    errors = np.array([0.02 * 500e3] * 4 + [300e3 / 1.645])
    result = list_distributions(made)[["mode", "low", "high"]].to_numpy()[0]
    assert result == pytest.approx(by_hand(values, errors)[1:], rel=1e-5)


def aged(months: int, **cells: str) -> pd.DataFrame:
    """How a figure of so many months before the start is drawn, with errors as learned."""
    day = pd.Timestamp("2025-07-15") - pd.DateOffset(months=months)
    made = world().errors(ERRORS).estimate("E1", period=f"{day:%Y-%m}", **cells)
    return list_distributions(made)


def test_growth_goes_with_the_square_root_of_the_months_and_keeps_its_quantiles() -> None:
    one, four = aged(1).iloc[0], aged(4).iloc[0]
    months = ((31 + 15 + 15) / 2 / 30.4375, 4.0)
    assert four["growth_q95"] == pytest.approx(ERRORS[("growth", "q95")] * 2, rel=0.05)
    assert four["growth_q05"] / one["growth_q05"] == pytest.approx(2.0, rel=0.1)
    assert months[0] < months[1]
    drawn = sampled(pd.DataFrame([four]))[0]
    share = drawn / four["universe_persons"]
    level = np.log(share / (1 - share))
    at = np.log(500e3 / (four["universe_persons"] - 500e3))
    assert np.quantile(level, 0.5) == pytest.approx(at + four["growth_q50"], abs=0.03)
    assert np.quantile(level, 0.95) > at + four["growth_q95"] - 0.02


def test_an_audience_never_leaves_its_universe() -> None:
    table = aged(11, value="690000")
    assert sampled(table).max() < 700e3 / 0.98


def test_the_growth_of_a_service_is_one_whatever_restricts_it() -> None:
    made = world().errors(ERRORS).estimate("E1").estimate("E2", platform_id="beta")
    table = drawn_from(made.restrict("R1", "alpha", "beta").restrict("R2", "alpha"))
    drawn = sampled(table, 50)
    pairs = list(zip(table["restriction_id"], table["platform_id"], strict=True))
    again, first = pairs.index(("R2", "alpha")), pairs.index(("R1", "alpha"))
    other = pairs.index(("R1", "beta"))
    assert (drawn[again] == drawn[first]).all()
    assert (drawn[other] != drawn[first]).all()


def test_a_service_restricted_since_the_figure_may_have_fallen() -> None:
    made = world().errors(ERRORS).estimate("E1", period="2025-03")
    made.restrict("R0", "alpha", observed_from="2025-05-15").restrict("R1", "alpha")
    table = drawn_from(made).set_index("restriction_id")
    assert table.loc["R1", "growth_q05"] < 3 * table.loc["R0", "growth_q05"]


def test_a_service_restricted_for_a_day_since_the_figure_grew_like_others() -> None:
    made = world().errors(ERRORS).estimate("E1", period="2025-03").restrict("R1", "alpha")
    free = drawn_from(made).set_index("restriction_id").loc["R1", "growth_q05"]
    day = {"observed_from": "2025-05-15", "ended_on": "2025-05-15", "end_status": "ended"}
    after_a_day = drawn_from(made.restrict("R0", "alpha", **day)).set_index("restriction_id")
    assert free > after_a_day.loc["R1", "growth_q05"] > 2.0 * free


def test_figures_of_companies_relays_and_doubtful_pages_are_off_by_more() -> None:
    plain = aged(1).iloc[0]
    assert plain["odds_error"] == plain["page_error_share"] == 0.0
    assert plain["rounding_error_persons"] == pytest.approx(0.9 * 5000)
    made = world().errors(ERRORS).estimate("E1", audience_metric="unspecified")
    assert list_distributions(made)["odds_error"].tolist() == [ERRORS[("measurers", "q95")]]
    made = world().errors(ERRORS).estimate("E1", source_id="relay-1", measurement_series_id="panel")
    assert list_distributions(made)["page_error_share"].tolist() == [
        ERRORS[("secondary_source", "q95")]
    ]
    made = world().errors(ERRORS).estimate("E1")
    for row in made.rows["sources"]:
        row["reliability"] = "low"
    assert list_distributions(made)["odds_error"].tolist() == [ERRORS[("low_reliability", "q95")]]
