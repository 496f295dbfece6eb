"""The simulation of coverage, small, and what it says of publishers who are too sure."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from audience_impact import figure_errors
from audience_impact.fitting import joint_use as calibration
from audience_impact.overlap.copula import Calibration
from audience_impact.overlap.copula import compute_union as copula_union
from audience_impact.overlap.model import read_calibration
from benchmarks import coverage
from benchmarks.coverage_worlds import (
    FAMILIES,
    Area,
    ClaytonLaw,
    Maker,
    clayton_law,
    clayton_union,
    survey_people,
)
from benchmarks.overlap import facts

pytestmark = pytest.mark.nightly

KEYS = [
    "family",
    "measure",
    "areas",
    "coverage_share",
    "below_share",
    "above_share",
    "bounds_share",
    "width_share",
]


EXACT = Calibration(0.0, 1e-12, 1e-12, 0.0, 0.5, 0.0, 6)
"""One correlation for all, and no error of the model: figures are all that is not known."""


@cache
def areas(family: str, exact: bool = False) -> list[Area]:
    """Sixty areas of a family that asks no survey."""
    learned = EXACT if exact else read_calibration(facts("overlap_calibration"))
    strength = ClaytonLaw(-0.2, 0.9, 7, 0.0 if exact else 0.1)
    asks_one = {"house": [(np.array([0.9, 0.1]), np.array([[True], [False]]))]}
    maker = Maker(np.random.default_rng(1), learned, strength, asks_one)
    return [maker.area(family) for _ in range(60)]


def learned_errors() -> figure_errors.FigureErrors:
    """What the committed table says figures may be off by."""
    errors = figure_errors.read_errors(facts("figure_errors"))
    assert errors is not None
    return errors


def off_by(errors: figure_errors.FigureErrors, factor: float) -> figure_errors.FigureErrors:
    """Errors as many times as large, around the same medians."""

    def wider(spread: figure_errors.Spread) -> figure_errors.Spread:
        low, high = (spread.q50 + factor * (end - spread.q50) for end in (spread.q05, spread.q95))
        return figure_errors.Spread(low, spread.q50, high)

    return replace(
        errors,
        growth=wider(errors.growth),
        base_growth=wider(errors.base_growth),
        measurers=factor * errors.measurers,
        secondary_source=factor * errors.secondary_source,
    )


@cache
def covered(sure: float) -> dict[str, float]:
    """Coverage by measure where figures are off by so many times what is said, all else known.

    What is said: by the figures themselves, and by the table of errors for what they do not state.
    """
    errors = off_by(learned_errors(), sure)
    publisher = coverage.Publisher(np.random.default_rng(2), 1.0 / sure, errors)
    rows = coverage.summary(coverage.scored(areas("copula", exact=True), EXACT, publisher))
    return {str(r["measure"]): float(r["coverage_share"]) for r in rows if r["family"] == "copula"}


def test_a_small_run_gives_shares_by_family_and_over_all(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert coverage.main(["--areas", "2", "--seed", "3"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [list(row) for row in rows] == [KEYS] * 4 * (len(FAMILIES) + 1)
    assert {row["areas"] for row in rows if row["family"] == "all"} == {10}
    assert [row["measure"] for row in rows[:4]] == list(coverage.MEASURES)
    for row in rows:
        held, below, above, bounded = (float(row[name]) for name in KEYS[3:7])
        assert held + below + above == pytest.approx(1.0, abs=1e-3)
        assert min(held, below, above, bounded) >= 0.0
        assert bounded <= 1.0
        assert float(row["width_share"]) > 0.0  # above 1 where draws reach beyond the bounds


def test_a_run_is_the_same_again_and_another_seed_another() -> None:
    first, again, other = (coverage.simulated(1, seed, 1.0, ["clayton"]) for seed in (0, 0, 1))
    pd.testing.assert_frame_equal(first, again)
    assert not first["truth"].equals(other["truth"])


def test_a_table_has_a_line_for_each_row() -> None:
    row: coverage.Row = dict.fromkeys(KEYS, 0.9)
    lines = coverage.table([row, row]).splitlines()
    assert len(lines) == 4
    assert lines[0] == f"| {' | '.join(KEYS)} |"


def test_figures_that_state_their_error_give_honest_intervals() -> None:
    assert all(0.8 <= share <= 1.0 for share in covered(1.0).values())


def test_figures_that_are_off_by_three_times_what_is_said_lose_coverage() -> None:
    honest, sure = covered(1.0), covered(3.0)
    for measure in coverage.MEASURES:
        assert sure[measure] < honest[measure] - 0.1, measure


def test_the_own_world_without_an_error_of_the_model_is_the_copula() -> None:
    for area in areas("copula", exact=True):
        for shares, union in ((area.monthly, area.exposed), (area.daily, area.per_day)):
            assert union == pytest.approx(float(copula_union(shares, 0.5)), abs=0.02)


@pytest.mark.parametrize("family", [name for name in FAMILIES if name != "surveys"])
def test_what_is_true_hangs_together(family: str) -> None:
    for area in areas(family):
        assert area.monthly.max() <= area.exposed <= min(1.0, area.monthly.sum()) + 1e-9
        assert area.per_day <= area.exposed + 0.05
        assert (area.daily <= area.monthly + 1e-12).all()
        assert (area.calls <= area.monthly + 1e-12).all()
        assert 0.0 <= area.users <= area.exposed + 0.05


def test_people_of_a_survey_have_its_union() -> None:
    patterns = pd.DataFrame(
        {
            "platform_ids": ["a", "a;b", "", ""],
            "online": [1, 1, 1, 0],
            "weighted_share": [0.3, 0.2, 0.3, 0.2],
        }
    )
    weight, used = survey_people(patterns, float("nan"))
    assert weight @ used == pytest.approx([0.5 / 0.8, 0.2 / 0.8])
    weight, used = survey_people(patterns, 0.9)
    assert weight @ used.any(axis=1) == pytest.approx(0.5 / 0.9)
    assert float(weight.sum()) == pytest.approx(1.0)


def test_no_areas_are_refused() -> None:
    with pytest.raises(SystemExit):
        coverage.main(["--areas", "0"])


def test_what_surveys_say_of_clayton_is_found_again() -> None:
    shares = np.array([[0.5, 0.3], [0.6, 0.2], [0.7, 0.4]])
    asked = [
        calibration.Survey(f"{house}-{n}", house, "XA", "2020", shares, clayton_union(shares, t))
        for house, thetas in {"a": (0.5, 2.0), "b": (1.0, 1.0)}.items()
        for n, t in enumerate(thetas)
    ]
    result = clayton_law(asked)
    assert result.mean == pytest.approx(0.0, abs=1e-3)
    # houses agree in the mean; within: half the variance of log 0.5 and log 2, and none
    assert result.spread == pytest.approx(np.log(2.0), abs=1e-3)
    assert result.model == pytest.approx(0.0, abs=1e-3)
    assert result.freedom == 1
    assert result.draw(0.5) == pytest.approx(1.0, abs=1e-3)
