"""Reach lost: before against after, of one measurer, against drift."""

import numpy as np
import pandas as pd
import pytest

from audience_impact.outputs import reach_lost as lost
from tests.engine import calibrated, impacts, of, prepared
from tests.support import ERRORS, World, world

pytestmark = pytest.mark.chain

NAMES = ["lower_persons", "q05_persons", "q50_persons", "q95_persons", "upper_persons"]


def compared(*after: dict[str, str], platforms: tuple[str, ...] = ("alpha",)) -> pd.DataFrame:
    """Half a million in June, a restriction on 15 July, and what came after."""
    made = (
        calibrated(world(), ERRORS)
        .estimate("E1")
        .estimate("E2", platform_id="beta", value="400000")
    )
    for place, cells in enumerate(after):
        made.estimate(f"A{place}", **{"period": "2025-09", **cells})
    return prepared(made.restrict("R1", *platforms))[0].lost


def rules(found: "pd.Series[object]") -> list[str]:
    """The rules that say what is known of the loss."""
    return [rule for rule in lost.RULES if found[rule]]


def falls() -> list[float]:
    """Quantiles of what half a million in June had grown to in September, less 300 thousand."""
    months = (pd.Timestamp("2025-09-01") - pd.Timestamp("2025-06-01")).days / 30.4375
    at = np.log(5 / 2)  # log odds of half a million in a base of 700 thousand
    growth = [ERRORS[("growth", kind)] * np.sqrt(months) for kind in ("q05", "q50", "q95")]
    return [float(700e3 / (1 + np.exp(-at - by)) - 300e3) for by in growth]


def test_a_fall_is_what_was_expected_less_what_came() -> None:
    result = compared({"value": "300000"}).loc["R1"]
    assert result[NAMES].tolist() == pytest.approx([0.0, *falls(), 500e3])
    assert rules(result) == ["other_causes", "failed_attempts"]
    assert result["after_ids"] == "A0"


def test_a_small_fall_is_what_audiences_do_anyway() -> None:
    result = compared({"value": "490000"}).loc["R1"]
    assert result[NAMES[1:4]].isna().all()
    assert rules(result) == ["moves_anyway", "failed_attempts"]


@pytest.mark.parametrize("after", ["510000", "690000"])
def test_of_an_audience_that_grew_the_figures_tell_nothing(after: str) -> None:
    result = compared({"value": after}).loc["R1"]
    assert result[NAMES[1:4]].isna().all()
    assert result["upper_persons"] == 500e3
    assert rules(result) == ["did_not_fall", "moves_anyway", "failed_attempts"]


def test_the_first_figure_after_the_start_is_taken() -> None:
    after = [{"period": "2025-11", "value": "1"}, {"period": "2025-08", "value": "450000"}]
    assert compared(*after).loc["R1", "after_ids"] == "A1"


def test_the_page_of_the_measurer_comes_before_a_relay() -> None:
    relay = {"source_id": "relay-1", "measurement_series_id": "panel", "value": "1"}
    assert compared(relay, {"value": "450000"}).loc["R1", "after_ids"] == "A1"


def test_figures_that_cannot_be_compared() -> None:
    """Each alone would be the figure after the start, if it could be compared."""
    cells = [
        {"period": "2025-07"},  # begins before the start
        {"period": "2026-08"},  # more than twelve months after it
        {"source_id": "other-panel-page"},
        {"audience_metric": "mau"},
        {"population_base": "internet_all"},
        {"platform_id": "beta"},
        {"interval_kind": "one_sided_max"},
        {"value": "", "low": "1", "high": "2", "interval_kind": "min_max"},
    ]
    result = compared(*({"value": "300000", **cell} for cell in cells))
    assert result["after_ids"].tolist() == []


def test_of_several_platforms_there_are_bounds_alone() -> None:
    after = [{"value": "300000"}, {"platform_id": "beta", "value": "350000"}]
    result = compared(*after, platforms=("alpha", "beta")).loc["R1"]
    assert result[NAMES[1:4]].isna().all()
    assert (result["lower_persons"], result["upper_persons"]) == (0.0, 700e3)
    assert result["after_ids"] == "A0;A1"
    assert "several_audiences" in rules(result)


def test_no_more_are_lost_than_are_online() -> None:
    result = compared({"value": "1000"}).loc["R1"]
    assert result["q05_persons"] < result["q50_persons"] < result["q95_persons"] < 699e3
    assert result["upper_persons"] == 500e3


def test_a_survey_does_not_count_sessions() -> None:
    made = world().estimate("E1", audience_metric="survey_monthly")
    made.estimate("A0", audience_metric="survey_monthly", period="2025-09", value="300000")
    result = prepared(made.restrict("R1", "alpha"))[0].lost
    assert rules(result.loc["R1"]) == ["other_causes"]


def published(made: World) -> "pd.Series[float]":
    return of(impacts(made), metric="reach_lost")


def test_what_is_published_of_it() -> None:
    made = (
        calibrated(world(), ERRORS).estimate("E1").estimate("A0", period="2025-09", value="300000")
    )
    result = published(made.restrict("R1", "alpha"))
    assert result[NAMES[1:4]].tolist() == pytest.approx(falls())
    assert result["obs_status"] == "E"
    nothing = published(calibrated(world()).estimate("E1").restrict("R1", "alpha"))
    assert np.isnan(nothing["q50_persons"])
    assert (nothing["obs_status"], nothing["reason"]) == (
        "M",
        "no figure of the same measurer from before and after",
    )


def test_what_was_never_carried_out_lost_nobody() -> None:
    made = (
        calibrated(world(), ERRORS).estimate("E1").estimate("A0", period="2025-09", value="300000")
    )
    result = published(made.restrict("R1", "alpha", severity="none"))
    assert (result["obs_status"], result["reason"]) == ("E", "never carried out")
    assert (result["lower_persons"], result["upper_persons"]) == (0.0, 0.0)
    assert result["q50_persons"] == 0.0 or np.isnan(result["q50_persons"])
