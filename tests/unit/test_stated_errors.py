"""A figure whose source states an error: what it forces, and how it is drawn."""

import pandas as pd
import pytest

from tests.support import World, world

ENDS = ["lower_persons", "upper_persons"]
QUANTILES = ["q05", "q50", "q95"]


def learned(made: World) -> World:
    """Add a calibration, without which nothing is drawn."""
    for name, value in (
        ("mean", "-0.3"),
        ("between", "0.3"),
        ("within", "0.3"),
        ("area", "0.01"),
        ("region", "0.5"),
        ("model", "0.1"),
    ):
        made.add("overlap_calibration", parameter=name, value=value)
    return made


def monthly(**cells: str) -> "pd.Series[float]":
    """The people exposed to the restriction of one service with one figure."""
    return learned(world()).estimate("E1", **cells).restrict("R1", "alpha").exposed()


@pytest.mark.parametrize("kind", ["ci90", "ci95", "min_max"])
def test_a_stated_interval_widens_the_bounds_to_its_ends(kind: str) -> None:
    found = monthly(low="400000", high="600000", interval_kind=kind)
    assert list(found[ENDS]) == [400000, 600000]


def test_a_stated_interval_on_one_side_widens_the_bounds_on_that_side() -> None:
    assert list(monthly(low="400000", interval_kind="ci95")[ENDS]) == [400000, 500000]


def test_ends_without_a_word_for_what_they_are_widen_nothing() -> None:
    assert list(monthly(low="400000", high="600000")[ENDS]) == [500000, 500000]


@pytest.mark.parametrize(("kind", "half"), [("ci90", 100000.0), ("ci95", 83925.0)])
def test_the_draws_keep_the_stated_interval(kind: str, half: float) -> None:
    found = monthly(low="400000", high="600000", interval_kind=kind)
    drawn = [found[f"{name}_persons"] for name in QUANTILES]
    assert drawn == pytest.approx([500000 - half, 500000, 500000 + half], abs=9000)
