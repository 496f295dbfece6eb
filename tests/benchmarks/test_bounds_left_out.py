"""Figures left out, and the bounds from those before them."""

import pandas as pd
import pytest

from audience_impact.bounds import BOUNDS_SHARE
from benchmarks import bounds
from flows.pipeline import steps
from tests.engine import calibrated
from tests.support import ERRORS, World, world


def two_figures(later: str, **cells: str) -> World:
    """A service counted in January, and again in June."""
    made = calibrated(world(), ERRORS).restrict("R1", "alpha")
    made.estimate("E1", value="400000", period="2025-01")
    return made.estimate("E2", value=later, period="2025-06", **cells)


@pytest.mark.parametrize(
    ("later", "inside", "below", "above"),
    [("410000", 1.0, 0.0, 0.0), ("100000", 0.0, 1.0, 0.0), ("690000", 0.0, 0.0, 1.0)],
)
def test_a_figure_is_held_by_the_bounds_of_the_one_before(
    later: str, inside: float, below: float, above: float
) -> None:
    tried = bounds.try_figures(two_figures(later).typed())
    assert tried["persons"].tolist() == [float(later)]
    assert (tried["min_persons"] < 400e3).all()
    assert (tried["max_persons"] > 400e3).all()
    metric, every = bounds.score(tried)
    assert metric["figures"] == "monthly_reach"
    shares = [every[f"{name}_share"] for name in ("inside", "below", "above")]
    assert shares == [inside, below, above]


def test_the_figure_itself_and_later_ones_bound_nothing() -> None:
    one, other = (
        bounds.try_figures(two_figures(later).typed())[["min_persons", "max_persons"]]
        for later in ("100000", "690000")
    )
    pd.testing.assert_frame_equal(one, other)


def test_a_group_or_a_limit_is_no_figure_of_everyone() -> None:
    assert len(bounds.list_figures(two_figures("410000").typed())) == 2
    for cells in ({"age": "18-24"}, {"interval_kind": "one_sided_min"}):
        assert len(bounds.list_figures(two_figures("410000", **cells).typed())) == 1


def test_the_level_that_sentences_state_is_that_of_the_facts(
    repository_checked: steps.Checked,
) -> None:
    *_, every = bounds.score(bounds.try_figures(repository_checked.tables))
    assert float(every["low_share"]) <= BOUNDS_SHARE <= float(every["high_share"])
    assert pytest.approx(float(every["inside_share"]), abs=0.03) == BOUNDS_SHARE
