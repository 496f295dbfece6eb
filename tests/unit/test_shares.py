"""Who keeps access and who uses a feature: what is learned of other countries, how it is read."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from audience_impact.audiences.use import LEARNED
from audience_impact.fitted import shares
from audience_impact.fitting.shares import fit_distributions, fit_features, fit_keeping_access
from audience_impact.simulation import audiences
from audience_impact.simulation.sampler import Sampler
from tests.engine import calibrated, impacts, of, prepared
from tests.support import World, world

pytestmark = pytest.mark.chain

FEATURE, DEPRIVED = "people_feature_exposed", "people_deprived_net"
SHARES = {"XA": 0.2, "XB": 0.4, "XC": 0.5, "XD": 0.7, "XE": 0.35}
SAMPLER = Sampler(0, 10_000)


def rows(*figures: tuple[str, str, float]) -> pd.DataFrame:
    """Figures by group, country and log odds."""
    return pd.DataFrame(figures, columns=["group", "area_id", "x"])


def lands(made: World) -> World:
    for area in SHARES:
        if area not in ("XA", "XB"):
            made.add("areas", area_id=area, name=f"Land {area}")
    return made


def vpn(made: World | None = None) -> World:
    made = lands(made or world())
    for area, share in SHARES.items():
        made.add("circumvention", circumvention_id=f"V{area}", circumvention_kind="uses_vpn",
                 area_id=area, platform_ids="*", share=str(share))  # fmt: skip
    return made


def simple(**cells: str) -> World:
    made = calibrated(world()).estimate("E1").restrict("R1", "alpha", **cells)
    return made.add("circumvention_laws", mean="-0.5", spread="0.8", freedom="14")


# ---- The law ----


def test_the_law_of_any_country_is_that_of_the_next_one() -> None:
    x = np.array([-1.0, 0.0, 0.5, 2.0, -0.5])
    distributions = fit_distributions(
        rows(*((("g", f"X{at}", value)) for at, value in enumerate(x)))
    )
    law = distributions[distributions["area_id"] == ""].iloc[0]
    assert law["mean"] == pytest.approx(x.mean())
    assert law["spread"] == pytest.approx(x.std(ddof=1) * np.sqrt(1 + 1 / 5))
    assert (law["freedom"], law["areas"], law["figures"]) == (4, 5, 5)


@pytest.mark.parametrize("again", [[], [("g", "X3", 2.0)]])
def test_where_figures_of_one_country_never_differ_none_has_a_law_of_its_own(
    again: list[tuple[str, str, float]],
) -> None:
    """Its width would be zero; the law of any country has one."""
    made = [("g", f"X{at}", value) for at, value in enumerate([-1.0, 0.0, 0.5, 2.0, -0.5])]
    (law,) = fit_distributions(rows(*made, *again)).itertuples()
    assert (law.area_id, law.spread > 0) == ("", True)


def test_a_group_of_few_countries_has_the_law_of_any_group() -> None:
    made = [(name, f"X{at}", float(at + by)) for by, name in enumerate("abcd") for at in range(4)]
    distributions = fit_distributions(rows(*made, ("a", "X0", 0.5), ("e", "X1", 3.0)))
    assert set(distributions.loc[distributions["area_id"] == "", "group"]) == {
        "",
        "a",
        "b",
        "c",
        "d",
    }
    assert "e" in set(distributions.loc[distributions["area_id"] == "X1", "group"])
    read = shares.choose_parameters(
        shares.index_parameters(distributions, shares.BY_GROUP),
        pd.Series(["e", "a"]),
        pd.Series(["X9", "X9"]),
    )
    law = distributions.set_index(["group", "area_id"])["mean"]
    assert read["mean"].tolist() == [law["", ""], law["a", ""]]


def test_too_few_countries_teach_nothing() -> None:
    distributions = fit_distributions(rows(("g", "X1", 0.0), ("g", "X2", 1.0), ("g", "X3", 2.0)))
    assert distributions.empty
    nothing = shares.choose_parameters(
        shares.index_parameters(distributions, shares.BY_GROUP), pd.Series(["g"]), pd.Series(["X1"])
    )
    assert nothing["mean"].isna().all()


# ---- What is learned from ----


def test_reach_of_a_day_and_of_what_was_slowed_teaches_nothing() -> None:
    made = vpn().restrict("R1", "alpha").restrict("R2", "alpha", severity="service_impaired")
    plain = fit_keeping_access(made.typed())
    for key, restriction, kind in (
        ("D1", "R1", "still_reached_daily"),
        ("D2", "R1", "still_reached_weekly"),
        ("D3", "R2", "still_reached_monthly"),
    ):
        made.add("circumvention", circumvention_id=key, restriction_id=restriction,
                 circumvention_kind=kind, share="0.99")  # fmt: skip
    assert fit_keeping_access(made.typed())["mean"].tolist() == plain["mean"].tolist()
    made.add("circumvention", circumvention_id="M1", restriction_id="R1",
             circumvention_kind="still_reached_monthly", share="0.9")  # fmt: skip
    tables = fit_keeping_access(made.typed())
    assert tables.loc[tables["area_id"] == "", "mean"].iloc[0] > plain.loc[0, "mean"]


def test_of_shares_that_contain_each_other_the_largest_counts() -> None:
    made = vpn().restrict("R1", "alpha")
    made.add("circumvention", circumvention_id="K1", restriction_id="R1", share="0.6")
    whole = fit_keeping_access(made.typed()).drop(columns="data_sha256")
    made.add("circumvention", circumvention_id="K2", restriction_id="R1", share="0.5")
    pd.testing.assert_frame_equal(
        fit_keeping_access(made.typed()).drop(columns="data_sha256"), whole
    )


def test_a_range_is_learned_by_its_middle() -> None:
    made = vpn().add("circumvention", circumvention_id="W", circumvention_kind="uses_vpn",
                     area_id="XA", share="", low_share="0.3", high_share="0.5",
                     interval_kind="min_max", asked="others")  # fmt: skip
    usable_circumvention = shares.select_usable_circumvention(
        made.typed()["circumvention"], made.typed()["restrictions"]
    )
    assert usable_circumvention.set_index("circumvention_id").loc["W", "x"] == pytest.approx(
        logit(0.4)
    )


def test_calls_are_one_feature_and_a_share_of_everyone_online_is_no_share_of_users() -> None:
    made = lands(world())
    made.add("platforms", platform_id="any-messenger", name="Any messenger", kind="group")
    for area, share in SHARES.items():
        made.add("feature_use", feature_use_id=f"F{area}", platform_id="any-messenger",
                 feature="video_call" if area < "XC" else "voice_call", area_id=area,
                 share=str(share))  # fmt: skip
    plain = fit_features(made.typed())
    assert set(plain["feature"]) == {"voice_call"}
    made.add("feature_use", feature_use_id="G1", platform_id="alpha", share="0.01")
    pd.testing.assert_frame_equal(
        fit_features(made.typed()).drop(columns="data_sha256"), plain.drop(columns="data_sha256")
    )
    made.add("feature_use", feature_use_id="G2", platform_id="alpha", share="0.01",
             population_base="custom")  # fmt: skip
    assert fit_features(made.typed())["mean"].tolist() != plain["mean"].tolist()


# ---- What is done with it ----


def test_who_keeps_access_is_learned_where_nobody_counted_and_bounds_nothing() -> None:
    done = impacts(simple())
    result = of(done, metric=DEPRIVED)
    assert (result["printed_min_persons"], result["printed_max_persons"]) == (0.0, 500e3)
    middle = 500e3 * (1 - expit(-0.5))
    assert result["q50_persons"] == pytest.approx(middle, rel=0.02)
    assert 0 < result["q05_persons"] < result["q50_persons"] < result["q95_persons"] < 500e3
    assert result["obs_status"] == "U"
    assert "learned from other countries" in result["reason"]


def test_a_share_that_was_counted_comes_before_one_that_is_learned() -> None:
    made = simple().add("circumvention", circumvention_id="C1", restriction_id="R1", share="0.3")
    result = of(impacts(made), metric=DEPRIVED)
    assert "learned" not in (result["reason"] or "")
    assert result["printed_min_persons"] == pytest.approx(350e3, rel=1e-3)


def test_the_law_of_the_country_comes_before_that_of_any() -> None:
    made = simple().add("circumvention_laws", area_id="XA", mean="3", spread="0.1")
    assert of(impacts(made), metric=DEPRIVED)["q50_persons"] == pytest.approx(
        500e3 * (1 - expit(3)), rel=0.02
    )


def test_restrictions_of_one_country_share_a_draw() -> None:
    made = simple().restrict("R2", "alpha", observed_from="2025-08-01")
    known = prepared(made)[0].inputs.circumvention
    assert known["shape"].tolist() == [LEARNED, LEARNED]
    first, second = audiences.draw_circumvention(known, SAMPLER)
    assert (first == second).all()


def test_reach_under_a_block_speaks_for_no_restriction_by_itself() -> None:
    made = simple().add("circumvention", circumvention_id="C1", restriction_id="R1", share="0.9",
                        circumvention_kind="still_reached_monthly")  # fmt: skip
    assert prepared(made)[0].inputs.circumvention["basis"].tolist() == ["learned"]


def test_a_representative_share_comes_before_a_later_poll_of_those_who_chose_to_answer() -> None:
    made = simple().add("circumvention", circumvention_id="C1", restriction_id="R1", share="0.5")
    made.add("circumvention", circumvention_id="C2", restriction_id="R1", share="0.9",
             period="2025-12", self_selected="yes")  # fmt: skip
    assert prepared(made)[0].inputs.circumvention["circumvention_id"].tolist() == ["C1"]


def test_what_was_slowed_leaves_nobody_known_to_be_without_access() -> None:
    result = of(impacts(simple(severity="service_impaired")), metric=DEPRIVED)
    assert np.isnan(result["q50_persons"])
    assert result["obs_status"] == "M"
    assert "slowed or impaired, not cut" in result["reason"]


def test_where_the_network_is_gone_nobody_is_taken_to_keep_access() -> None:
    made = simple(severity="network_unavailable", action="network_shutdown")
    made.add("restriction_targets", restriction_id="R1", platform_id="*")
    made.base("B9", population_base="internet_all", persons="800000")
    done = impacts(made)
    exposed, without = of(done), of(done, metric=DEPRIVED)
    assert without["q50_persons"] == exposed["q50_persons"] > 0
    assert without["printed_min_persons"] == 0
    assert "no one keeps access" in without["reason"]


def calling() -> World:
    made = calibrated(world()).estimate("E1")
    made.add("restrictions", restriction_id="R1", severity="feature_unavailable")
    for feature in ("voice_call", "video_call"):
        made.add("restriction_targets", restriction_id="R1", feature=feature)
    return made


def test_who_uses_a_feature_is_learned_where_nobody_asked_and_bounds_nothing() -> None:
    made = calling().add("feature_laws", feature="voice_call", mean="0.5", spread="0.4")
    result = of(impacts(made), metric=FEATURE)
    assert (result["printed_min_persons"], result["printed_max_persons"]) == (0.0, 500e3)
    assert result["q50_persons"] == pytest.approx(500e3 * expit(0.5), rel=0.02)
    assert result["obs_status"] == "U"
    assert "who uses the feature is learned from other countries" in result["reason"]


def test_without_a_law_nobody_is_said_to_use_the_feature() -> None:
    result = of(impacts(calling()), metric=FEATURE)
    assert np.isnan(result["q50_persons"])
    assert "our record has no count of who uses the feature" in result["reason"]


def test_of_several_features_the_largest_share_counts() -> None:
    laws = pd.DataFrame(
        {"restriction_id": "R1", "country_id": "XA", "feature": ["a", "b"], "draw_key": ["a", "b"],
         "mean": [-1.0, 1.0], "spread": [1e-9, 1e-9], "freedom": [9.0, 9.0]}
    )  # fmt: skip
    countries = pd.DataFrame({"restriction_id": ["R0", "R1"], "country_id": ["XA", "XA"]})
    fitted_shares = audiences.draw_fitted_shares(laws, countries, Sampler(0, 10))
    assert np.isnan(fitted_shares[0]).all()
    assert fitted_shares[1] == pytest.approx(np.full(10, expit(1.0)))
