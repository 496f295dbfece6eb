"""Rungs that failed where the answer was known make no estimate."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from audience_impact.audiences.inputs import Inputs, gather_inputs
from audience_impact.audiences.scope import build_scope
from audience_impact.fitted import models
from audience_impact.fitted.models import read_context
from audience_impact.imputation import audiences, distribution
from audience_impact.outputs.review import reasons
from audience_impact.vocabulary import PartGap, RungFamily, list_meanings
from benchmarks import answers
from tests.support import AS_OF, World
from tests.unit.test_imputation import restricted

GAPS = list_meanings(PartGap)
pytestmark = pytest.mark.chain


def known(made: World) -> tuple[Inputs, pd.Series]:
    """What the facts say of the restriction, and its status."""
    tables = made.typed()
    asked = build_scope(tables, AS_OF)
    result = gather_inputs(asked, read_context(tables))
    return result, reasons.find_status(asked, result).loc["R1"]


def test_an_audience_is_not_imputed_from_a_closed_rung() -> None:
    found, status = known(restricted())
    (rung,) = found.imputed["rung"]
    assert status["obs_status"] == "I"
    result = {"rung_family": "audience", "rung": rung}
    shut, closed = known(restricted().add("answer_rungs", **result, is_open="no"))
    assert shut.imputed.empty
    assert (shut.distributions["shape"] == "").all() or shut.distributions.empty
    assert closed["obs_status"] == "M"
    assert GAPS[PartGap.RUNG_CLOSED] in closed["reason"]
    still, _ = known(restricted().add("answer_rungs", **result, is_open="yes"))
    pd.testing.assert_frame_equal(still.imputed, found.imputed)


def test_what_would_span_more_than_a_factor_is_no_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    result, _ = known(restricted())
    (span,) = result.imputed["q95_share"] / result.imputed["q05_share"]
    monkeypatch.setattr(distribution, "WIDEST", span + 0.01)
    assert len(known(restricted())[0].imputed) == 1
    monkeypatch.setattr(distribution, "WIDEST", span - 0.01)
    vague, status = known(restricted())
    assert vague.imputed.empty
    assert (status["obs_status"], vague.too_uncertain_ids) == ("M", frozenset({"R1"}))
    assert "more than a factor of 20" in status["reason"]


def test_what_would_span_two_thirds_of_everyone_online_is_no_estimate() -> None:
    shares = pd.DataFrame(
        {"q05_share": [0.05, 0.2, 0.01], "q95_share": [0.75, 0.85, 0.3]}, index=["a", "b", "c"]
    )
    assert distribution.is_narrow(shares).to_dict() == {"a": False, "b": True, "c": False}


def test_a_small_service_beside_a_large_one_decides_nothing() -> None:
    shares = {"q05_share": [0.3, 0.001], "q50_share": [0.5, 0.2], "q95_share": [0.7, 0.6]}
    rows = pd.DataFrame(
        {"restriction_id": "R1", "country_id": "PA", "platform_id": ["large", "small"], **shares}
    )
    known_too = rows.assign(low_persons=[float("nan")] * 2, base_persons=100.0)
    decides = audiences._is_decisive(rows, known_too)
    assert decides.tolist() == [True, False]
    assert audiences.is_too_uncertain(rows.assign(is_decisive=decides, is_only=False)).tolist() == [
        False,
        False,
    ]
    counted_too = known_too.assign(low_persons=[90.0, 10.0])
    assert audiences._is_decisive(rows.iloc[1:], counted_too).tolist() == [False]


def test_a_vague_audience_decides_where_none_beside_it_is_clear() -> None:
    shares = {"q05_share": [0.3, 0.01], "q50_share": [0.5, 0.4], "q95_share": [0.7, 0.6]}
    rows = pd.DataFrame(
        {
            "restriction_id": "R1",
            "country_id": "PA",
            "is_decisive": True,
            "is_only": False,
            **shares,
        }
    )
    assert audiences.is_too_uncertain(rows).tolist() == [False, False]
    apart = rows.assign(restriction_id=["R1", "R2"])
    assert audiences.is_too_uncertain(apart).tolist() == [False, True]
    assert audiences.is_too_uncertain(rows.assign(q05_share=0.01)).tolist() == [True, True]


def test_the_only_audience_gives_no_estimate_from_few_to_most_of_all() -> None:
    about = {"restriction_id": ["R1", "R2"], "country_id": "PA", "is_decisive": True}
    rows = pd.DataFrame({**about, "q05_share": [0.05, 0.07], "q95_share": [0.6, 0.6]})
    assert distribution.is_narrow(rows).all()
    assert audiences.is_too_uncertain(rows.assign(is_only=True)).tolist() == [True, False]
    assert audiences.is_too_uncertain(rows.assign(is_only=False)).tolist() == [False, False]


def test_a_rung_of_another_family_closes_nothing() -> None:
    made = restricted().add("answer_rungs", rung_family="place", rung="country", is_open="no")
    assert models.list_closed(made.typed(), RungFamily.PLACE) == ["country"]
    assert models.list_closed(made.typed(), RungFamily.AUDIENCE) == []
    assert not known(made)[0].imputed.empty


@pytest.mark.parametrize(
    ("units", "inside", "is_open"),
    [(10, 0.6, "no"), (10, 0.7, "yes"), (2, 0.0, "no"), (3, 0.6, "yes"), (500, 0.86, "no")],
)
def test_a_rung_is_closed_where_it_failed_often_enough(
    units: int, inside: float, is_open: str
) -> None:
    trials = pd.DataFrame({"units": [units], "inside_share": [inside]})
    trials = trials.assign(rung_family="place", rung="country")
    assert answers.judge_levels(trials)["is_open"].tolist() == [is_open]


@pytest.mark.parametrize(
    ("units", "inside", "is_open"),
    [([29, 12], [1.0, 1.0], "no"), ([30, 12], [0.9, 0.1], "yes"), ([30, 40], [0.9, 0.6], "no")],
)
def test_a_rung_of_audiences_is_open_where_thirty_units_test_it(
    units: list[int], inside: list[float], is_open: str
) -> None:
    trials = pd.DataFrame({"units": units, "inside_share": inside})
    trials = trials.assign(rung_family="audience", rung="world")
    assert answers.judge_levels(trials)["is_open"].tolist() == [is_open] * 2


def test_of_many_tests_one_may_fall_short_by_chance() -> None:
    short = pd.DataFrame({"units": [161], "inside_share": [0.855]})
    short = short.assign(rung_family="audience", rung="own_people")
    sound = pd.DataFrame({"units": [200] * 9, "inside_share": [0.9] * 9})
    sound = sound.assign(rung_family="audience", rung="country")
    assert answers.judge_levels(short)["is_open"].tolist() == ["no"]
    together = answers.judge_levels(pd.concat([short, sound], ignore_index=True))
    assert set(together["is_open"]) == {"yes"}


@given(units=st.integers(1, 40), held=st.integers(0, 40))
def test_the_chance_of_whole_units_is_binomial(units: int, held: int) -> None:
    inside = min(held, units) / units
    chance = answers.compute_chance(pd.Series([units]), pd.Series([inside]))
    assert chance[0] == pytest.approx(binom.cdf(min(held, units), units, 0.9), abs=1e-6)
