"""What figures may be off by: rounding, what pairs teach, the law, and the table of them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience_impact import figure_errors
from audience_impact.audiences.inputs import gather_inputs
from audience_impact.audiences.scope import build_scope
from audience_impact.facts.tables import Tables
from audience_impact.fitted.models import read_context
from audience_impact.fitting import errors as learning
from tests.engine import calibrated, impacts, of
from tests.support import AS_OF, ERRORS, World, world

pytestmark = pytest.mark.chain


@pytest.mark.parametrize(
    ("value", "is_share", "half"),
    [
        (96_000_000, False, 500_000),
        (97_400_000, False, 50_000),
        (100_000_000, False, 5_000_000),
        (122_357_019, False, 0.5),
        (90_000_000, False, 500_000),
        (0.44, True, 0.005),
        (0.4, True, 0.005),
        (0.787, True, 0.0005),
    ],
)
def test_rounding_follows_from_what_is_printed(value: float, is_share: bool, half: float) -> None:
    result = figure_errors.half_step(pd.Series([value]), pd.Series([is_share]))
    assert result.iloc[0] == pytest.approx(half)


def series(*months: str, **cells: str) -> World:
    """A figure a month of one measurer, growing by a tenth each time."""
    made = world()
    for place, month in enumerate(months):
        value = f"{300_000 * 1.1**place:.0f}"
        made.estimate(f"E{place}", period=month, value=value, **cells)
    return made


def successive(made: World) -> pd.DataFrame:
    return learning.pair_successive(made.typed())


def test_the_next_figure_of_a_series_is_its_pair() -> None:
    result = successive(series("2025-01", "2025-03", "2025-04"))
    assert result["months"].round(1).tolist() == [1.9, 1.0]
    at = [np.log(v / (700e3 - v)) for v in (300e3, 330e3, 363e3)]
    assert result["change"].tolist() == pytest.approx(np.diff(at))
    assert not result["is_restricted"].any()


def test_a_year_on_is_too_far_and_overlapping_periods_are_no_pair() -> None:
    assert successive(series("2024-01", "2025-03")).empty
    assert successive(series("2025-01", "2025-01/2025-02")).empty


@pytest.mark.parametrize(
    ("cells", "is_restricted", "is_use"),
    [
        ({}, True, True),
        ({"ended_on": "2025-02-12", "end_status": "ended"}, True, False),
        ({"geo_scope": "region"}, False, False),
        ({"severity": "none", "end_status": "withdrawn", "end_source": ""}, False, False),
        ({"severity": "feature_unavailable"}, True, False),
        ({"observed_from": "2025-06-01"}, False, False),
    ],
)
def test_a_pair_that_a_restriction_touches(
    cells: dict[str, str], is_restricted: bool, is_use: bool
) -> None:
    made = series("2025-01", "2025-03").restrict(
        "R1", "alpha", **{"observed_from": "2025-02-10", **cells}
    )
    result = successive(made).iloc[0]
    assert (result["is_restricted"], result["is_use_restricted"]) == (is_restricted, is_use)


def test_days_of_restrictions_that_overlap_count_once() -> None:
    made = world()
    for name, service, first, last in (
        ("R0", "alpha", "2025-01-10", "2025-01-20"),
        ("R1", "*", "2025-01-15", "2025-01-25"),
        ("R2", "alpha", "2025-01-12", "2025-01-13"),
    ):
        made.restrict(name, service, observed_from=first, ended_on=last, end_status="ended")
    made.restrict("R3", "alpha", observed_from="2025-03-30")
    days = [
        ("2025-01-01", "2025-04-01"),
        ("2025-01-18", "2025-01-24"),
        ("2025-02-01", "2025-03-01"),
    ]
    rows = pd.DataFrame(days, columns=["start", "end"]).apply(pd.to_datetime)
    rows = rows.assign(area_id="XA", platform_id="alpha")
    restrictions = figure_errors.list_restrictions(made.typed())
    touched = figure_errors.match_restrictions(rows, restrictions, "start", "end")
    assert touched["used_days"].tolist() == [18.0, 6.0, 0.0]


def facts() -> Tables:
    made = series("2024-09", "2024-11", "2025-01", "2025-02", "2025-03", "2025-04")
    return made.typed()


def test_the_table_is_the_same_each_time_and_reads_back() -> None:
    table = learning.fit_table(facts())
    pd.testing.assert_frame_equal(table, learning.fit_table(facts()))
    read = figure_errors.read_errors(table)
    assert read is not None
    assert read.growth.q05 <= read.growth.q50 <= read.growth.q95
    basis = table.set_index(["parameter", "kind"])["basis"]
    assert basis["growth", "q50"] == "single_house"
    assert basis["measurers", "q95"] == basis["effective_sample", "count"] == "assumed"


def test_a_table_that_lacks_a_parameter_is_refused() -> None:
    table = learning.fit_table(facts())
    for lost in (table.index[-1:], table.index[-3:-1]):
        with pytest.raises(ValueError, match="children; run"):
            figure_errors.read_errors(table.drop(lost))
    assert figure_errors.read_errors(table.iloc[:0]) is None


@given(st.floats(-3, 0), st.floats(-1, 1), st.floats(0, 3))
def test_a_law_goes_through_its_quantiles(down: float, middle: float, up: float) -> None:
    u = np.array([0.05, 0.5, 0.95])
    ends = (np.array(middle + down), np.array(middle), np.array(middle + up))
    for degrees in (4.0, np.inf):
        through_quantiles = figure_errors.draw_through_quantiles(u, *ends, degrees=degrees)
        assert through_quantiles == pytest.approx([middle + down, middle, middle + up], abs=1e-9)


@given(st.floats(1.0, 1e8), st.floats(-8, 8))
def test_nobody_leaves_the_universe(persons: float, by: float) -> None:
    universe = np.array(105e6)
    result = float(figure_errors.move_persons(np.array(persons), universe, np.array(by)))
    assert 0.0 <= result <= 105e6
    assert (result >= persons) == (by >= 0.0) or result == pytest.approx(persons)


def test_without_errors_nothing_is_drawn_and_the_row_says_so() -> None:
    made = world().estimate("E1").restrict("R1", "alpha")
    result = made.exposed()
    assert pd.isna(result["q50_persons"])
    assert "audience-impact learn" in str(result["reason"])


def test_a_known_error_gives_a_width() -> None:
    result = of(impacts(calibrated(world(), ERRORS).estimate("E1").restrict("R1", "alpha")))
    assert result["q05_persons"] < 500e3 < result["q95_persons"]
    assert result["printed_min_persons"] == result["printed_max_persons"] == 500e3
    assert result["clamped_draws_share"] > 0.9


@pytest.mark.parametrize(
    ("area", "values", "trend"),
    [
        ("XA", ("300000", "280000"), False),
        ("XA", ("300000", "320000"), True),
        ("001", ("90000000", "90000000"), False),
        ("001", ("90000000", "99000000"), True),
    ],
)
def test_a_service_that_shrank_does_not_run_up(
    area: str, values: tuple[str, str], trend: bool
) -> None:
    made = world().errors(ERRORS).add("areas", area_id="001", name="World")
    if area == "001":
        made.estimate("E1", value="300000", period="2024-05", audience_metric="unspecified")
    for number, (period, value) in enumerate(zip(("2024-03", "2024-04"), values, strict=True)):
        made.estimate(f"T{number}", area_id=area, value=value, period=period, audience_metric="mau")
    tables = made.restrict("R1", "alpha").typed()
    known = gather_inputs(build_scope(tables, AS_OF), read_context(tables))
    law = known.distributions.iloc[0]
    assert (law["growth_q50"] > 0.0) == trend
    assert law["growth_q05"] < 0.0 < law["growth_q95"]
