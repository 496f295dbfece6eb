"""What surveys teach: known correlations are found again, and the committed table is current."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from audience_impact.fitting import joint_use as calibration
from audience_impact.fitting.joint_use import FittedSurvey, Survey
from audience_impact.overlap.model import list_area_surveys, read_calibration
from audience_impact.vocabulary import OverlapParameter, ParameterBasis
from benchmarks.overlap import fit_calibration
from flows.fitting import complete_table
from flows.fitting import is_same as same_table
from tests.engine import patterns

SHARES = {"alpha": 0.7, "beta": 0.5, "gamma": 0.2}
NO_SETS = np.zeros((0, 5)), np.zeros(0)


def tables(
    correlations: dict[str, float], override: float | None = None, online: float = 0.8
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fact tables of surveys whose people follow the copula; a house for each of them."""
    surveys, rows = [], []
    for name, r in correlations.items():
        surveys.append((name, "XA", "2025-06", f"house of {name}", override))
        rows.append((name, 0.0, "", 1.0 - online))
        for index, p in enumerate(patterns(list(SHARES.values()), r)):
            used = [platform for place, platform in enumerate(SHARES) if index >> place & 1]
            rows.append((name, 1.0, ";".join(used), online * float(p)))
    asked = pd.DataFrame(surveys, columns=calibration.READ["surveys"])
    asked["online_share_override"] = asked["online_share_override"].astype("float64")
    patterned = pd.DataFrame(
        rows, columns=["survey_id", "online", "platform_ids", "weighted_share"]
    )
    return asked, patterned


def learn(surveys: pd.DataFrame, use_patterns: pd.DataFrame) -> pd.DataFrame:
    """The table as it is written, the notes of which are blank at first."""
    facts = {"surveys": surveys, "use_patterns": use_patterns}
    current = pd.DataFrame(columns=["parameter", "note"], dtype="str")
    return complete_table(calibration.fit_table(facts), current).round(6)


def fitted(house: str, area: str, year: str, log_odds: float, error: float = 0.0) -> FittedSurvey:
    return FittedSurvey(
        Survey(f"{area}{year}{house}", house, area, year, *NO_SETS), log_odds, error, 1.0
    )


def test_the_correlation_of_a_made_up_survey_is_found_again() -> None:
    (survey,) = calibration.read_surveys(*tables({"S1": 0.37}))
    result = calibration.fit_survey(survey)
    assert len(survey.truth) == 4
    assert float(expit(result.log_odds)) == pytest.approx(0.37, abs=1e-5)
    assert result.error < 1e-12


def test_sets_are_shares_of_the_people_online() -> None:
    (survey,) = calibration.read_surveys(*tables({"S1": 0.37}))
    assert survey.shares.max() == pytest.approx(0.7)
    (raised,) = calibration.read_surveys(*tables({"S1": 0.37}, override=0.9))
    assert raised.shares.max() == pytest.approx(0.7 * 0.8 / 0.9)


def test_an_online_share_below_what_was_seen_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"S1: the online share 0\.5 is below"):
        calibration.read_surveys(*tables({"S1": 0.37}, override=0.5))


def test_parameters_by_hand() -> None:
    fits = [
        *(fitted("a", "XA", "1", x) for x in (0.0, 2.0)),
        fitted("b", "XB", "1", 3.0, error=0.25),
    ]
    values, learned = fit_calibration(fits), calibration.fit_parameters(fits)
    assert (values.mean, values.between, values.within) == (2.0, 2.0, 2.0)
    assert learned[OverlapParameter.WITHIN].basis is ParameterBasis.SINGLE_HOUSE
    assert values.model == pytest.approx(0.25 * np.sqrt(2.0))
    assert min(values.spread_below, values.spread_above) > 1.0
    assumed = (
        OverlapParameter.SPREAD_BELOW, OverlapParameter.SPREAD_ABOVE, OverlapParameter.REGION
    )  # fmt: skip
    assert all(learned[name].basis is ParameterBasis.ASSUMED for name in assumed)
    assert values.houses == 2


def test_a_single_survey_assumes_the_spread_and_says_so() -> None:
    learned = calibration.fit_parameters([fitted("a", "XA", "1", 1.0)])
    for name in (OverlapParameter.BETWEEN, OverlapParameter.WITHIN):
        assert learned[name].value == calibration.UNKNOWN_VARIANCE
        assert learned[name].basis is ParameterBasis.ASSUMED


def test_no_survey_is_refused() -> None:
    with pytest.raises(ValueError, match="no survey"):
        calibration.fit_parameters([])


def test_the_table_is_read_back_and_names_own_surveys() -> None:
    surveys, use_patterns = tables({"S1": 0.3, "S2": 0.5})
    written = learn(surveys, use_patterns)
    learned = read_calibration(written)
    assert learned.mean == pytest.approx((logit(0.3) + logit(0.5)) / 2.0, abs=1e-4)
    assert learned.houses == 2
    subset = list_area_surveys(written, surveys)["XA"]
    assert [one.house for one in subset] == ["house of S1", "house of S2"]
    assert [one.correlation for one in subset] == pytest.approx([0.3, 0.5], abs=1e-4)
    assert "XB" not in list_area_surveys(written, surveys)


def test_the_order_of_rows_changes_nothing_and_a_share_changes_the_digest() -> None:
    surveys, use_patterns = tables({"S1": 0.3, "S2": 0.5})
    written = learn(surveys, use_patterns)
    turned = learn(surveys[::-1], use_patterns[::-1])
    pd.testing.assert_frame_equal(written, turned)
    changed = use_patterns.assign(weighted_share=use_patterns["weighted_share"] * 1.001)
    assert learn(surveys, changed)["data_sha256"][0] != written["data_sha256"][0]


def test_a_table_that_lacks_a_parameter_is_refused() -> None:
    written = learn(*tables({"S1": 0.3}))
    with pytest.raises(ValueError, match="lacks model"):
        read_calibration(written[written["parameter"] != "model"])


@pytest.mark.parametrize(
    ("moved", "same"), [(0.0, True), (1e-6, True), (1e-5, False), (float("nan"), False)]
)
def test_same_forgives_the_last_decimal_alone(moved: float, same: bool) -> None:
    written = learn(*tables({"S1": 0.3}))
    other = written.assign(value=written["value"] + moved)
    assert same_table(written, other, 6) is same
    assert not same_table(written, written[1:], 6)
    assert not same_table(written, written.assign(note="another"), 6)
    assert not same_table(written, written.assign(houses=7), 6)
    assert not same_table(written, written.drop(columns="note"), 6)
