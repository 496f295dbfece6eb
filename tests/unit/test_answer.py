"""Answers in short, and the order in which they are shown."""

import numpy as np
import pandas as pd
import pytest

from audience_impact.answers import numbers, rankings
from audience_impact.answers.numbers import ENDS
from tests.engine import calibrated
from tests.support import Results, World, world

pytestmark = pytest.mark.chain


def rows(*told: tuple[str, str, list[float]]) -> pd.DataFrame:
    """Rows of people exposed: id, status and ENDS."""
    frame = pd.DataFrame([[*ends, ends[0], ends[-1]] for _, _, ends in told], columns=ENDS)
    return frame.assign(
        restriction_id=[name for name, _, _ in told],
        obs_status=[status for _, status, _ in told],
        confidence="medium",
    )


WIDE, NARROW, FEW = [0.0, 1e6, 5e6, 9e6, 9e6], [9e5, 9e5, 1e6, 1.05e6, 2e6], [9.0, 9, 10, 10, 10]
BOUNDS, NOBODY = [7e6, np.nan, np.nan, np.nan, 8e6], [0.0] * 5


def test_surest_first_then_narrowest_then_largest() -> None:
    result = [
        *(("missing", "M", BOUNDS), ("nobody", "E", NOBODY), ("bounds", "E", BOUNDS)),
        *(("few", "E", FEW), ("wide", "E", WIDE), ("narrow", "E", NARROW), ("normal", "A", WIDE)),
    ]
    ordered = ["normal", "few", "narrow", "wide", "bounds", "nobody", "missing"]
    shown = rankings.surest_first(rows(*result))["restriction_id"].tolist()
    assert shown[0] == "normal"
    assert set(shown[1:3]) == {"few", "narrow"}
    assert shown[3:] == ordered[3:]


def test_confidence_stands_before_the_status() -> None:
    table = rows(("low", "A", NARROW), ("high", "I", WIDE)).assign(confidence=["low", "high"])
    assert rankings.surest_first(table)["restriction_id"].tolist() == ["high", "low"]


def asked() -> World:
    """Calls of one service restricted, another as a whole, and one without a figure."""
    made = calibrated(world()).estimate("E1").estimate("E2", platform_id="beta", value="400000")
    made.add("restrictions", restriction_id="calls")
    made.add("restriction_targets", restriction_id="calls", feature="voice_call")
    made.add("feature_use", feature_use_id="F1", population_base="internet_12_plus")
    made.restrict("whole", "beta").restrict("nothing", "gamma")
    return made.restrict("never", "beta", severity="none")


@pytest.fixture(scope="module")
def done() -> Results:
    return asked().results()


def test_feature_users_stand_beside_the_exposed_of_a_feature_alone(done: Results) -> None:
    shown = rankings.list_exposed(done).set_index("restriction_id")["feature_users"]
    users = done["impact"][done["impact"]["impact_metric"] == "people_feature_exposed"]
    (calls,) = users[users["restriction_id"] == "calls"].to_dict("records")
    assert shown["calls"] == numbers.format_estimate(calls)
    assert shown[["whole", "nothing", "never"]].tolist() == ["-"] * 3


def test_what_nobody_counted_is_said(done: Results) -> None:
    row = dict.fromkeys(ENDS, 0.0) | {"obs_status": "M"}
    assert numbers.format_estimate(rows(("x", "E", BOUNDS)).iloc[0]) == "7.0 M to 8.0 M"
    assert numbers.format_estimate(row) == "0"
