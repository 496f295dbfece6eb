"""Who uses a restricted feature and who keeps access: which shares speak, and what they force."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from audience_impact import bounds as limits
from audience_impact.audiences import scope
from audience_impact.simulation import audiences
from audience_impact.simulation.sampler import Sampler
from tests.engine import (
    ADULTS,
    ENDS,
    calibrated,
    calls,
    ends,
    impacts,
    known,
    of,
    rising,
    russia,
    scoped,
)
from tests.support import AGED, ERRORS, EXACT, World, world

pytestmark = pytest.mark.chain

FEATURE, DEPRIVED = "people_feature_exposed", "people_deprived_net"
SAMPLER = Sampler(0, 10_000)


def add_calls_survey(made: World, share: str = "0.37", **cells: str) -> World:
    """A survey of adults about calls in any messenger."""
    asked = {"platform_id": "any-messenger", "area_id": "RU", "period": "2025-07-22/2025-07-24"}
    return made.add("feature_use", share=share, **{"feature_use_id": "F1", **asked, **cells})


def aged(made: World, persons: str) -> World:
    """The people of twelve and more, of whom the base of the panel is the part online."""
    cells = {"area_id": "RU", "period": "2025", "persons": persons, "source_id": "census-page"}
    return made.base("RU-age_12_plus", population_base="age_12_plus", **cells)


def shares(made: World) -> pd.DataFrame:
    return known(made).feature_shares


def place(lower: float, upper: float, base: float) -> pd.DataFrame:
    index = pd.MultiIndex.from_tuples([("R1", "XA")], names=scope.COUNTRY)
    return pd.DataFrame(
        {"printed_min_persons": [lower], "printed_max_persons": [upper], "base_persons": [base]},
        index,
    )


def stated(*rows: tuple[float, float], own: bool = False, inside: bool = True) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "restriction_id": "R1",
            "country_id": "XA",
            "least": [low for low, _ in rows],
            "most": [high for _, high in rows],
            "of_persons": 1.0,
            "beyond_persons": 0.0,
            "is_own": own,
            "is_inside": inside,
        }
    )


def forced(
    rows: pd.DataFrame, exposed: tuple[float, float, float], missing: bool = False
) -> list[float]:
    about = place(*exposed)
    result = limits.bound_in_countries(rows, about, pd.Series(missing, about.index))
    return [float(each) for each in result.iloc[0]]


@pytest.mark.parametrize(
    ("callers", "exposed", "expected"),
    [
        ((40.0, 40.0), (96.0, 105.0, 105.0), [31.0, 40.0]),
        ((40.0, 50.0), (96.0, 105.0, 105.0), [31.0, 50.0]),
        ((5.0, 5.0), (96.0, 105.0, 105.0), [0.0, 5.0]),  # 5 + 96 - 105 < 0
        ((103.0, 103.0), (96.0, 100.0, 105.0), [94.0, 100.0]),
        ((105.0, 105.0), (96.0, 100.0, 105.0), [96.0, 100.0]),
    ],
)
def test_callers_and_exposed_meet_at_least_and_at_most(
    callers: tuple[float, float], exposed: tuple[float, float, float], expected: list[float]
) -> None:
    assert forced(stated(callers), exposed) == pytest.approx(expected)


def test_several_features_are_a_union() -> None:
    # The largest is certain; nobody is counted beyond the sum.
    rows = stated((40.0, 40.0), (30.0, 30.0))
    assert forced(rows, (96.0, 100.0, 105.0)) == pytest.approx([31.0, 70.0])
    assert forced(rows, (96.0, 60.0, 105.0)) == pytest.approx([31.0, 60.0])


def test_callers_of_the_service_itself_all_belong_to_the_exposed() -> None:
    assert forced(stated((40.0, 45.0), own=True), (60.0, 80.0, 105.0)) == [40.0, 45.0]


def test_callers_of_whom_some_are_outside_the_base_force_nobody() -> None:
    assert forced(stated((40.0, 45.0), inside=False), (96.0, 100.0, 105.0)) == [0.0, 45.0]


def test_a_feature_that_nobody_asked_about_opens_the_bound_to_the_exposed() -> None:
    assert forced(stated((40.0, 40.0)), (96.0, 100.0, 105.0), missing=True) == [31.0, 100.0]


# ---- Russia: 37 % of 112,669,874 adults use calls; exposed are 96 to 105 of 105 million ----


def test_calls_in_russia() -> None:
    # The population of twelve and more is as large as that of adults: nobody is beyond.
    callers = 0.37 * ADULTS
    made = calls(add_calls_survey(aged(russia(), str(ADULTS))))
    result = of(impacts(made), metric=FEATURE)
    assert callers == pytest.approx(41_687_853.4, abs=0.1)
    assert result["printed_min_persons"] == pytest.approx(callers + 96e6 - 105e6, rel=1e-4)
    assert result["printed_max_persons"] == pytest.approx(callers, rel=1e-4)
    low, *drawn, high = ends(result)
    assert rising(drawn)
    assert low < drawn[1] < high  # what is assumed takes the interval beyond the bounds
    assert result["obs_status"] == "U"
    assert "any messenger" in result["reason"]


def test_those_too_young_to_be_asked_may_all_call() -> None:
    made = calls(add_calls_survey(aged(russia(), "122000000")))
    result = of(impacts(made), metric=FEATURE)
    assert result["printed_min_persons"] == pytest.approx(0.37 * ADULTS + 96e6 - 105e6, rel=1e-4)
    assert result["printed_max_persons"] == pytest.approx(0.37 * ADULTS + 122e6 - ADULTS, rel=1e-4)
    assert "asked of age_18_plus, taken for internet_12_plus" in result["reason"]


def test_how_many_were_too_young_to_be_asked_must_be_known_for_an_upper_bound() -> None:
    result = of(impacts(calls(add_calls_survey(russia()))), metric=FEATURE)
    assert result["printed_max_persons"] == 105e6
    assert "asked of age_18_plus, taken for internet_12_plus" in result["reason"]


def test_a_share_of_the_base_itself_is_silent_on_nobody() -> None:
    made = calls(add_calls_survey(russia(), population_base="internet_12_plus"))
    (row,) = shares(made).to_dict("records")
    assert (row["of_persons"], row["beyond_persons"]) == (105e6, 0.0)
    assert "population" not in row["assumed"]


def test_what_is_taken_for_granted_is_named() -> None:
    made = calls(add_calls_survey(aged(russia(), "122000000"), feature="video_call"))
    assert shares(made)["assumed"].tolist() == [
        "any_messenger;feature:video_call:voice_call;population:age_18_plus:internet_12_plus"
    ]


@pytest.mark.parametrize(
    ("period", "used"), [("2025-11-12", True), ("2025-11-13", False), ("2024-01", True)]
)
def test_a_share_from_more_than_three_months_after_the_start_is_not_used(
    period: str, used: bool
) -> None:
    # From 13 August: the period 12 November ends 92 days later, at the end of that day.
    assert len(shares(calls(add_calls_survey(russia(), period=period)))) == used


def test_a_share_of_the_restricted_service_comes_first() -> None:
    made = calls(add_calls_survey(russia()))
    add_calls_survey(made, "0.2", feature_use_id="F2", platform_id="telegram", period="2024-01")
    rows = shares(made).set_index("feature_use_id")
    assert rows["is_own"].to_dict() == {"F1": False, "F2": True}  # whatsapp has the group's alone
    add_calls_survey(made, "0.3", feature_use_id="F3", platform_id="whatsapp", period="2024-01")
    assert shares(made)["feature_use_id"].tolist() == ["F2", "F3"]


def test_callers_of_the_services_themselves_are_all_exposed() -> None:
    made = calls(russia())
    for key, platform, share in (("F1", "telegram", "0.2"), ("F2", "whatsapp", "0.3")):
        told = {"feature_use_id": key, "platform_id": platform}
        add_calls_survey(made, share, population_base="internet_12_plus", **told)
    result = of(impacts(made), metric=FEATURE)
    assert result["printed_min_persons"] == pytest.approx(0.3 * 105e6, rel=1e-4)
    assert result["printed_max_persons"] == pytest.approx(0.5 * 105e6, rel=1e-4)
    assert result["reason"] == AGED
    assert rising(ends(result))


def two_polls(law: bool = True) -> World:
    """A poll of adults and one of respondents who are not described, both during the calls."""
    made = add_calls_survey(aged(russia(), str(ADULTS)), period="2025-08-22/2025-08-24")
    made.add("lineages", measurement_series_id="phone", source_type="survey")
    made.add("sources", source_id="phone-page", measurement_series_id="phone",
             source_type="survey")  # fmt: skip
    add_calls_survey(made, "0.75", feature_use_id="F2", population_base="custom", period="2025-09",
          source_id="phone-page")  # fmt: skip
    if law:
        made.add("feature_laws", feature="voice_call", mean="0.5", spread="0.8")
    return calls(made)


def test_polls_of_several_organisations_are_pooled_with_the_error_by_which_polls_differ() -> None:
    (pooled,) = shares(two_polls()).to_dict("records")
    assert pooled["feature_use_id"] == "F1+F2"
    odds = [logit(part) for part in (0.37 * ADULTS / 105e6, 0.75)]
    assert logit(pooled["mode"]) == pytest.approx(np.mean(odds), abs=1e-6)
    half = 1.6448536 * 0.8 / np.sqrt(2)
    assert logit(pooled["high"]) - logit(pooled["mode"]) == pytest.approx(half, abs=1e-6)
    assert (pooled["of_persons"], pooled["beyond_persons"]) == (105e6, 0.0)
    assert pooled["least"] < 0.42 < 0.75 <= pooled["most"]
    words = set(pooled["assumed"].split(";"))
    assert {"during", "any_messenger", "population:custom:internet_12_plus"} <= words
    assert len(shares(two_polls(law=False))) == 2


def test_both_polls_stand_in_the_lineage_and_the_answer_names_that_they_are_from_during() -> None:
    done = two_polls().results()
    used = done["lineage"]
    assert set(used.loc[used["role"] == "feature_share", "input_id"]) == {"F1", "F2"}
    result = of(done["impact"], metric=FEATURE)
    assert "asked during the restriction" in result["reason"]
    assert result["q05_persons"] < 0.37 * ADULTS < result["q50_persons"] < 0.75 * 105e6


def test_a_share_of_other_services_or_of_some_ages_does_not_speak() -> None:
    made = russia().add("platforms", platform_id="viber", name="Viber")
    add_calls_survey(made, platform_id="viber")
    add_calls_survey(made, feature_use_id="F3", age="18-24")
    add_calls_survey(made, feature_use_id="F4", feature="text_message")
    assert shares(calls(made)).empty


def test_an_upper_bound_over_countries_needs_one_in_each() -> None:
    made = add_calls_survey(
        world().estimate("E1"), population_base="internet_12_plus", area_id="XA"
    )
    made.add("platforms", platform_id="any-messenger", kind="group")
    made.add("restrictions", restriction_id="R1", area_ids="XA;XC")
    made.add("restriction_targets", restriction_id="R1", feature="voice_call")
    result = of(impacts(made), metric=FEATURE)
    assert result["printed_min_persons"] == pytest.approx(0.37 * 700e3 + 500e3 - 700e3)
    assert np.isnan(result["printed_max_persons"])  # nothing is on record of the other country


def test_a_feature_nobody_counted_is_named_and_not_drawn() -> None:
    result = of(impacts(calls(russia())), metric=FEATURE)
    assert (result["printed_min_persons"], result["printed_max_persons"]) == (0.0, 105e6)
    assert result[ENDS[1:4]].isna().all()
    assert (result["obs_status"], result["reason"]) == (
        "M",
        f"{AGED}; our record has no count of who uses the feature",
    )


def test_of_a_whole_service_everyone_exposed_uses_it() -> None:
    made = russia()
    made.restrict("R1", "telegram", "whatsapp", area_ids="RU", observed_from="2025-08-13")
    done = impacts(made)
    assert ends(of(done, metric=FEATURE)) == ends(of(done))


def test_whole_services_single_features_and_both() -> None:
    made = world().restrict("whole", "alpha", "beta").restrict("both", "alpha")
    for name, feature in (("both", "login"), ("part", "login"), ("mixed", "login")):
        made.add("restriction_targets", restriction_id=name, feature=feature)
    made.add("restriction_targets", restriction_id="mixed", platform_id="beta")
    result = scoped(made).is_whole_service
    assert result.to_dict() == {"whole": True, "both": True, "part": False, "mixed": None}


def test_a_share_enters_bounds_with_the_error_of_its_sample() -> None:
    made = calls(add_calls_survey(aged(russia(errors=ERRORS), str(ADULTS))))
    half = 1.645 * np.sqrt(0.37 * 0.63 / ERRORS["effective_sample", "count"])
    result = of(impacts(made), metric=FEATURE)
    assert result["printed_min_persons"] == pytest.approx(
        (0.37 - half) * ADULTS + 96e6 - 105e6, rel=0.01
    )
    assert result["printed_max_persons"] == pytest.approx((0.37 + half) * ADULTS, rel=0.01)


def test_draws_of_callers_are_as_wide_as_the_effective_sample() -> None:
    result = {"population_base": "internet_12_plus", "platform_id": "telegram"}
    known = EXACT | {("effective_sample", "count"): ERRORS["effective_sample", "count"]}
    made = calls(add_calls_survey(russia(errors=known), **result))
    share = audiences.draw_feature_users(shares(made), SAMPLER)[0] / 105e6
    expected = np.sqrt(0.37 * 0.63 / (ERRORS["effective_sample", "count"] + 1))
    assert share.mean() == pytest.approx(0.37, abs=1e-3)
    assert share.std() == pytest.approx(expected, rel=0.02)


def test_each_thing_taken_for_granted_widens_the_draws() -> None:
    made = calls(add_calls_survey(russia(), population_base="internet_12_plus"))
    plain = calls(
        add_calls_survey(russia(), population_base="internet_12_plus", platform_id="telegram")
    )
    wide, narrow = (
        np.log(share / (1 - share)).var()
        for share in (
            audiences.draw_feature_users(shares(each), SAMPLER)[0] / 105e6 for each in (made, plain)
        )
    )
    assert wide - narrow == pytest.approx(audiences.ASSUMED_SPREAD**2, rel=0.1)


@pytest.mark.parametrize(("kind", "tail"), [("ci90", 0.05), ("ci95", 0.025)])
def test_a_stated_interval_is_met_by_the_draws(kind: str, tail: float) -> None:
    interval = {"low_share": "0.35", "high_share": "0.41", "interval_kind": kind}
    result = {"population_base": "internet_12_plus", "platform_id": "telegram"}
    rows = shares(calls(add_calls_survey(russia(), **result, **interval)))
    found = np.quantile(audiences.draw_feature_users(rows, SAMPLER)[0] / 105e6, [tail, 1 - tail])
    assert found == pytest.approx([0.35, 0.41], abs=1e-3)
    assert rows[["least", "most"]].to_numpy()[0] == pytest.approx([0.35, 0.41])


def test_a_stated_range_without_a_value_is_drawn_inside_it() -> None:
    interval = {"low_share": "0.3", "high_share": "0.4", "interval_kind": "min_max"}
    result = {"population_base": "internet_12_plus", "platform_id": "telegram"}
    rows = shares(calls(add_calls_survey(russia(), "", **result, **interval)))
    share = audiences.draw_feature_users(rows, SAMPLER)[0] / 105e6
    rounding = 0.5 / 105  # of the base that the share is of, printed in millions
    assert 0.3 * (1 - rounding) <= share.min() < share.max() <= 0.4 * (1 + rounding)
    assert share.mean() == pytest.approx(0.35, abs=1e-3)


# ---- Those who keep access ----


def keep(made: World, key: str, share: str, **cells: str) -> World:
    return made.add(
        "circumvention", circumvention_id=key, restriction_id="R1", share=share, **cells
    )


def simple() -> World:
    return calibrated(world()).estimate("E1").restrict("R1", "alpha")


def deprived(made: World) -> tuple[pd.DataFrame, list[float]]:
    done = impacts(made)
    return done, ends(of(done, metric=DEPRIVED))


def test_deprived_are_those_who_do_not_keep_access() -> None:
    done, result = deprived(keep(simple(), "C1", "0.3"))
    assert (result[0], result[-1]) == pytest.approx((350e3, 350e3), rel=1e-4)
    assert (of(done, metric=DEPRIVED)["obs_status"], of(done)["obs_status"]) == ("A", "A")


def test_a_stated_range_of_circumventors_bounds_the_deprived() -> None:
    result = {"low_share": "0.2", "high_share": "0.5", "interval_kind": "min_max"}
    _, found = deprived(keep(simple(), "C1", "0.3", **result))
    assert (found[0], found[-1]) == (250e3, 400e3)
    assert rising(found)
    assert found[1] < found[2] < found[3]


def test_a_self_selected_poll_is_wide_and_gives_no_bound() -> None:
    done, result = deprived(keep(simple(), "C1", "0.3", self_selected="yes"))
    assert (result[0], result[-1]) == (0.0, 500e3)
    assert "self-selected poll" in of(done, metric=DEPRIVED)["reason"]
    assert of(done, metric=DEPRIVED)["obs_status"] == "U"
    rows = known(keep(simple(), "C1", "0.3", self_selected="yes")).circumvention
    odds = np.log(1 / (1 / audiences.draw_circumvention(rows, SAMPLER)[0] - 1))
    assert odds.std() == pytest.approx(audiences.SELF_SELECTED_SPREAD, rel=0.02)
    assert np.median(odds) == pytest.approx(np.log(0.3 / 0.7), abs=0.02)


def test_the_largest_share_of_the_latest_period_is_chosen() -> None:
    made = keep(simple(), "C1", "0.47", period="2025-09")
    keep(made, "C2", "0.5", period="2025-09")
    keep(made, "C3", "0.9", period="2025-08")
    assert known(made).circumvention["circumvention_id"].tolist() == ["C2"]
    assert deprived(made)[1][0] == pytest.approx(250e3, rel=1e-4)


def test_without_anyone_who_counted_the_circumventors_nothing_is_drawn() -> None:
    done, result = deprived(simple())
    assert (result[0], result[-1]) == (0.0, 500e3)
    assert np.isnan(result[1:4]).all()
    assert "our record has no count of who keeps access" in of(done, metric=DEPRIVED)["reason"]
