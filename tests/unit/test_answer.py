"""Answers in short, and the order in which they are shown."""

from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from audience_impact.answers import numbers, rankings
from audience_impact.answers.numbers import ENDS
from tests.engine import calibrated
from tests.support import Results, World, world

pytestmark = pytest.mark.chain


def row(name: str, status: str, ends: list[Any], confidence: str = "medium") -> SimpleNamespace:
    """A row of people exposed."""
    numbers = dict(zip(ENDS, [*ends, ends[0], ends[-1]], strict=True))
    about = {"restriction_id": name, "obs_status": status, "confidence": confidence}
    return SimpleNamespace(**numbers, **about)


def sort_surest(*rows: SimpleNamespace) -> list[str]:
    """The ids of rows, the best known first."""
    return [row.restriction_id for row in sorted(rows, key=rankings.rank_answer)]


WIDE, NARROW, FEW = [0.0, 1e6, 5e6, 9e6, 9e6], [9e5, 9e5, 1e6, 1.05e6, 2e6], [9.0, 9, 10, 10, 10]
BOUNDS, NOBODY = [7e6, None, None, None, 8e6], [0.0] * 5


def test_surest_first_then_narrowest_then_largest() -> None:
    result: list[tuple[str, str, list[Any]]] = [
        *(("missing", "M", BOUNDS), ("nobody", "E", NOBODY), ("bounds", "E", BOUNDS)),
        *(("few", "E", FEW), ("wide", "E", WIDE), ("narrow", "E", NARROW), ("normal", "A", WIDE)),
    ]
    ordered = ["normal", "few", "narrow", "wide", "bounds", "nobody", "missing"]
    shown = sort_surest(*(row(*about) for about in result))
    assert shown[0] == "normal"
    assert set(shown[1:3]) == {"few", "narrow"}
    assert shown[3:] == ordered[3:]


def test_confidence_stands_before_the_status() -> None:
    rows = row("low", "A", NARROW, "low"), row("high", "I", WIDE, "high")
    assert sort_surest(*rows) == ["high", "low"]


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
    rows = rankings.list_exposed(lambda name: pa.Table.from_pandas(done[name]))
    shown = {row.restriction_id: row.feature_users for row in rows}
    users = done["impact"][done["impact"]["impact_metric"] == "people_feature_exposed"]
    (calls,) = users[users["restriction_id"] == "calls"].to_dict("records")
    assert shown["calls"] == numbers.format_estimate(calls)
    assert [shown[name] for name in ("whole", "nothing", "never")] == ["-"] * 3


def test_what_nobody_counted_is_said(done: Results) -> None:
    assert numbers.format_estimate(vars(row("x", "E", BOUNDS))) == "7.0 M to 8.0 M"
    assert numbers.format_estimate(vars(row("x", "M", NOBODY))) == "0"
