"""Restrictions answered again without their own figures: `python -m benchmarks.answers`."""

import pandas as pd
import pytest

from benchmarks import answers
from tests.engine import calibrated, cut, placed
from tests.support import AS_OF, ERRORS, World, world


def some() -> World:
    """A country with lines counted and a region asked, and restrictions of every kind."""
    made = placed(calibrated(world(), ERRORS)).estimate("E1")
    made.add("regional_use", area_id="XA-01")
    made.add("regional_use", area_id="XA-01", asked="men_15_49", share="0.75")
    cut(made, "whole")
    cut(made, "region", "XA-01")
    cut(made, "mobile", network_scope="mobile")
    made.restrict("unnamed", "alpha", geo_scope="locality")
    return made.restrict("service", "alpha")


@pytest.fixture(scope="module")
def list_answers() -> pd.DataFrame:
    return answers.answers(some().typed(), AS_OF)


@pytest.fixture(scope="module")
def tried() -> pd.DataFrame:
    return answers.trials(some().typed(), AS_OF)


def test_each_restriction_has_its_kind_and_rungs(list_answers: pd.DataFrame) -> None:
    assert list_answers["kind"].to_dict() == {
        "whole": answers.NETWORK,
        "region": answers.PART,
        "mobile": answers.MOBILE,
        "service": answers.SERVICE,
        "unnamed": answers.PART,
    }
    assert list_answers.loc["region", "place_rung"] == "survey"
    assert list_answers.loc["mobile", "network_rung"] == "country"
    assert list_answers.loc["service", "audience_rung"] == answers.COUNTED


def test_what_is_answered_is_counted_and_the_rest_says_why(list_answers: pd.DataFrame) -> None:
    table = answers.counted(list_answers).set_index(["by", "kind", "rung"])
    assert table.loc[("kind", "all", "all")].tolist() == [5, 4]
    assert table.loc[("kind", answers.PART, "all")].tolist() == [2, 1]
    (why,) = answers.unanswered(list_answers)["why"]
    assert why == "the places are not named"


def test_a_rung_is_tried_without_what_is_better(tried: pd.DataFrame) -> None:
    rows = tried.set_index(["left_out", "restriction_id"])
    assert rows.loc[("surveys of regions", "region"), "place_rung"] == "country"
    assert rows.loc[("counts of lines", "mobile"), "network_rung"] == "other_countries"
    assert set(tried.loc[tried["rung_family"] == "place", "restriction_id"]) == {"region"}


def test_scores_tell_answers_inside_and_ratio() -> None:
    trials = pd.DataFrame(
        {
            "rung_family": "network",
            "left_out": "counts of lines",
            "network_rung": "other_countries",
            **dict.fromkeys(("audience_rung", "place_rung", "online_rung"), ""),
            "kind": answers.MOBILE,
            "unit": ["XA", "XB", "XC"],
            "q05_persons": [1.0, 5.0, None],
            "q50_persons": [2.0, 6.0, None],
            "q95_persons": [4.0, 7.0, None],
            "known_persons": [4.0, 3.0, 1.0],
        }
    )
    (row,) = answers.scores(trials).to_dict("records")
    assert (row["tried"], row["answers"], row["inside_share"]) == (3, 2, 0.5)
    assert row["ratio"] == pytest.approx((0.5 + 2.0) / 2.0)
    published = pd.DataFrame({"q50_persons": [1.0, 2.0, None], "audience_rung": "kind;world"})
    published = published.assign(
        place_rung="", network_rung=["other_countries", "lines", "other_countries"], online_rung=""
    )
    figures = answers.audience_scores(left_out())
    by_rung = {
        row["rung"]: row
        for row in answers.rung_table(trials, figures, published).to_dict("records")
    }
    assert by_rung["other_countries"]["is_open"] == "yes"  # two answers say nothing
    assert by_rung["other_countries"]["published_count"] == "1"
    assert (by_rung["world"]["units"], by_rung["world"]["is_open"]) == ("31", "yes")
    assert (by_rung["world"]["error_points"], by_rung["world"]["published_count"]) == ("10.0", "0")
    assert (by_rung["kind"]["is_open"], by_rung["kind"]["published_count"]) == ("no", "2")
    (same,) = answers.scores(trials.assign(unit="XA")).to_dict("records")
    assert (same["answers"], same["units"]) == (2, 1)
    many = pd.concat([trials.assign(unit=[f"{n}{u}" for u in "ABC"]) for n in range(10)])
    table = answers.rung_table(many, figures, published).set_index("rung")
    assert table.loc["other_countries", "is_open"] == "no"


def left_out() -> pd.DataFrame:
    """Figures of a service of the world in 31 countries, held but for two, and one of its kind."""
    areas = [f"X{number}" for number in range(31)]
    rows = pd.DataFrame({"area_id": areas, "platform_id": "alpha", "rung": "world", "share": 0.2})
    rows = rows.assign(model_share=0.3, is_inside=[False, False, *[True] * 29])
    other = rows.head(1).assign(rung="kind", is_inside=True)
    figures = pd.concat([rows, other]).assign(left_out="counted_in_countries")
    return figures.assign(q05_share=0.1, q95_share=0.5)


def test_a_level_is_judged_by_what_a_run_would_show() -> None:
    figures = left_out()
    wide = figures.assign(is_inside=False, q05_share=0.001)
    scored = answers.audience_scores(pd.concat([figures, wide]))
    pd.testing.assert_frame_equal(scored, answers.audience_scores(figures))
