"""The promise of the interval on houses it has not seen, on a part of the sets for speed."""

from collections.abc import Sequence

import pandas as pd
import pytest

from audience_impact.fitting import joint_use as calibration
from audience_impact.fitting.joint_use import FittedSurvey
from benchmarks import overlap

LEAST_COVERAGE, LARGEST_WIDTH = 0.80, 0.60
SETS = 24


@pytest.fixture(scope="module")
def fits() -> list[FittedSurvey]:
    """The surveys of data/facts with at most 24 sets each, evenly taken."""
    parts = []
    for survey in overlap.surveys([]):
        step = -(-len(survey.truth) // SETS)
        parts.append(survey._replace(shares=survey.shares[::step], truth=survey.truth[::step]))
    return calibration.fit_surveys(parts)


def unseen(
    fits: Sequence[FittedSurvey], factors: tuple[float, float] | None = None
) -> pd.DataFrame:
    return overlap.house_means(overlap.leave_houses_out(fits, factors))


def test_the_interval_is_honest_in_every_house_and_no_wider_than_promised(
    fits: list[FittedSurvey],
) -> None:
    means = unseen(fits)
    assert len(means) == 9
    assert (means["coverage_share"] >= LEAST_COVERAGE).all(), means["coverage_share"]
    assert means.loc[overlap.EVERY_HOUSE, "width_over_frechet"] <= LARGEST_WIDTH


def test_without_the_factors_of_the_spread_it_is_not(fits: list[FittedSurvey]) -> None:
    assert unseen(fits, (1.0, 1.0))["coverage_share"].min() < LEAST_COVERAGE


def test_the_frontier_has_a_line_for_each_choice_and_wider_covers_no_less(
    fits: list[FittedSurvey], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overlap, "FRONTIER", [(1.0, 1.0), (2.0, 2.5)])
    chosen = [fit for fit in fits if fit.survey.area in {"RU", "KZ", "US", "EG"}]
    narrow, wide = (line.split("|") for line in overlap.frontier(chosen).splitlines()[2:])
    for column in (3, 4, 6):
        assert float(narrow[column]) <= float(wide[column])
    assert float(narrow[3]) < float(wide[3])


def test_nested_factors_are_chosen_without_the_house_that_they_are_scored_on(
    fits: list[FittedSurvey], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[set[str]] = []

    def choose_factors(chosen: Sequence[FittedSurvey]) -> tuple[float, float]:
        seen.append({fit.survey.house for fit in chosen})
        return (2.0, 2.5)

    monkeypatch.setattr(overlap, "choose_factors", choose_factors)
    some = [fit for fit in fits if fit.survey.area in {"RU", "KZ", "US"}]
    rows = overlap.nest_choice(some)
    houses = sorted({fit.survey.house for fit in some})
    assert seen == [set(houses) - {house} for house in houses]
    assert {(row["below"], row["above"]) for row in rows} == {(2.0, 2.5)}


def test_the_narrowest_factors_that_hold_in_every_house_are_chosen(
    fits: list[FittedSurvey], monkeypatch: pytest.MonkeyPatch
) -> None:
    some = [fit for fit in fits if fit.survey.area in {"RU", "KZ", "EG"}]
    monkeypatch.setattr(overlap, "FRONTIER", [(9.0, 9.0), (2.5, 3.25), (0.01, 0.01)])
    chosen = overlap.choose_factors(some)
    assert chosen != (0.01, 0.01)
    monkeypatch.setattr(overlap, "FRONTIER", [(0.01, 0.01)])
    assert overlap.choose_factors(some) == (0.01, 0.01)
