"""The share of users who come on a day: what is learned of it, and how it is read."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from audience_impact.fitted import shares
from audience_impact.fitting import shares as learning
from tests.support import World, world

SHARES = {"XA": 0.6, "XB": 0.7, "XC": 0.8, "XD": 0.9, "XE": 0.95}


def make_surveyed_world(platform: str = "*", kind: str = "of_users") -> World:
    made = world()
    for area in ("XD", "XE"):
        made.add("areas", area_id=area, name=f"Land {area}")
    for area, share in SHARES.items():
        made.add("use_frequency", use_frequency_id=f"U-{platform.strip('*')}{area}", area_id=area,
                 platform_id=platform, share=str(share), use_frequency_kind=kind)  # fmt: skip
    return made


def learned(made: World) -> pd.DataFrame:
    table = learning.fit_daily_use(made.typed())
    return table.set_index(["platform_id", "area_id", "use_frequency_kind"])


def test_the_law_of_a_service_is_that_of_the_next_area() -> None:
    result = learned(make_surveyed_world()).loc[("*", "", "of_users")]
    x = logit(np.array(list(SHARES.values())))
    assert result["mean"] == pytest.approx(x.mean(), abs=1e-4)
    assert result["spread"] == pytest.approx(x.std(ddof=1) * np.sqrt(1 + 1 / 5), abs=1e-4)
    assert (result["freedom"], result["areas"]) == (4, 5)


def test_an_area_with_a_figure_is_drawn_towards_the_law() -> None:
    made = make_surveyed_world()
    for year, share in (("2024", "0.5"), ("2025", "0.7")):  # another hand, a year apart
        made.add("use_frequency", use_frequency_id=f"V{year}", area_id="XC", platform_id="*",
                 share=share, period=year)  # fmt: skip
    result = learned(made)
    own, every = result.loc[("*", "XE", "of_users")], result.loc[("*", "", "of_users")]
    assert every["mean"] < own["mean"] < logit(0.95)
    assert 0 < own["spread"] < every["spread"]


def rows_of(**columns: object) -> pd.DataFrame:
    plain: dict[str, object] = {
        "is_internet": True,
        "is_metered": "",
        "measurement_series_id": "house",
    }
    return pd.DataFrame({**plain, **columns})


def test_who_comes_on_some_days_counts_a_part_of_a_day() -> None:
    rows = rows_of(share=[0.5, 0.6, 0.6], weekly_share=[0.8, np.nan, np.nan],
                   is_metered=["", "", "yes"])  # fmt: skip
    first = 0.5 + 0.3 * 3 / 7 + 0.2 / 15
    part = (first - 0.5) / 0.5  # of those who do not come every day
    expected = [first, 0.6 + 0.4 * part, 0.6]
    assert learning.estimate_day_shares(rows).tolist() == pytest.approx(expected)


def surveyed(noise: float = 0.1) -> pd.DataFrame:
    """Three areas of each of four subregions; x rises by 3 with the share online inside each."""
    number = np.arange(12)
    subregion, online = number // 3, 0.2 + 0.05 * number
    x = 1.0 + subregion + 3.0 * online + noise * np.tile([1.0, -2.0, 1.0], 4)
    return rows_of(
        online_share=online, x=x, area_id=[f"A{n}" for n in number], platform_id="*",
        subregion_id=[f"S{n}" for n in subregion], use_frequency_kind="of_users", own_kind=1,
        use_frequency_id=[f"U{n}" for n in number], period_end=pd.Timestamp("2024-01-01"),
    )  # fmt: skip


def test_the_slope_is_that_inside_subregions() -> None:
    slope, centre = learning.fit_trend(surveyed())
    assert [slope, centre] == pytest.approx([3.0, 0.475])
    assert np.isnan(learning.fit_trend(surveyed().head(learning.LEAST_FOR_SLOPE - 1))).all()
    assert np.isnan(learning.fit_trend(surveyed().assign(subregion_id="S1"))).all()


def test_a_subregion_has_a_distribution_of_its_own_and_others_a_wider_one() -> None:
    result = learning.fit_daily_distributions(surveyed()).set_index("area_id")
    means = 1.0 + np.arange(4) + 3.0 * 0.475
    assert result.loc["", "mean"] == pytest.approx(means.mean())
    assert result.loc["S0", "mean"] == pytest.approx(means[0], abs=0.05)
    assert result.loc["S0", "spread"] < 0.3 < 1.0 < result.loc["", "spread"]
    assert (result["freedom"] == 3).all()


def test_an_area_with_a_figure_has_no_slope_and_the_level_of_its_subregion() -> None:
    again = (
        surveyed()
        .iloc[[0]]
        .assign(
            use_frequency_id="V",
            period_end=pd.Timestamp("2025-01-01"),
            x=lambda rows: rows["x"] + 0.1,
        )
    )
    result = learning.fit_daily_distributions(
        pd.concat([surveyed(), again], ignore_index=True)
    ).set_index("area_id")
    assert result.loc["A11", ["slope", "centre_share"]].isna().all()
    assert result.loc["A11", "mean"] == pytest.approx(surveyed()["x"].iloc[11], abs=0.05)


def test_kinds_are_never_mixed_but_for_the_internet() -> None:
    made = make_surveyed_world("alpha")
    made.add("use_frequency", use_frequency_id="M1", share="0.1",
             use_frequency_kind="of_monthly_users", area_id="XC")  # fmt: skip
    made.add("use_frequency", use_frequency_id="A1", share="0.01", area_id="XD",
             use_frequency_kind="of_adopters")  # fmt: skip
    assert (
        learned(made)["mean"].to_dict() == learned(make_surveyed_world("alpha"))["mean"].to_dict()
    )
    both = make_surveyed_world()
    both.add("areas", area_id="XF", name="Land F")
    both.add("use_frequency", use_frequency_id="M1", share="0.1", platform_id="*", area_id="XF",
             use_frequency_kind="of_monthly_users")  # fmt: skip
    assert learned(both).loc[("*", "", "of_users"), "areas"] == 6


def test_the_law_of_an_audience_is_its_own_before_that_of_its_service() -> None:
    made = world()
    for platform, area, mean in (("alpha", "XA", "3"), ("alpha", "", "2"), ("", "", "1")):
        made.add("daily_use", platform_id=platform, area_id=area, mean=mean,
                 use_frequency_kind="of_monthly_users")  # fmt: skip
    wanted = pd.DataFrame(
        {
            "country_id": ["XA", "XB", "XA", "XA", "XA"],
            "platform_id": ["alpha", "alpha", "beta", "alpha", "*"],
            "metric": ["mau", "mau", "mau", "survey_regular", "mau"],
            "online_share": 0.5,
            "subregion_id": "",
        }
    )
    fitted = indexed(made)
    assert shares.daily_use(fitted, wanted)["mean"].tolist()[:3] == [3.0, 2.0, 1.0]
    assert shares.daily_use(fitted, wanted)["mean"].tolist()[3:] == pytest.approx(
        [np.nan, np.nan], nan_ok=True
    )


def indexed(made: World) -> pd.DataFrame:
    names = [*shares.PARAMETERS, *shares.TREND]
    return shares.index_parameters(made.typed()["daily_use"], shares.BY_SERVICE, names)


def test_more_come_on_a_day_where_more_are_online() -> None:
    made = world()
    for area, mean in (("", "2"), ("202", "1")):
        made.add("daily_use", platform_id="*", area_id=area, mean=mean, slope="4",
                 centre_share="0.6", use_frequency_kind="of_users")  # fmt: skip
    audiences = pd.DataFrame(
        {"country_id": "XA", "platform_id": "*", "metric": "internet_users_3m",
         "online_share": [0.6, 0.85, np.nan, 0.85], "subregion_id": ["145", "145", "145", "202"]}
    )  # fmt: skip
    assert shares.daily_use(indexed(made), audiences)["mean"].tolist() == [2.0, 3.0, 2.0, 2.0]


def test_where_no_area_was_asked_twice_none_has_a_law_of_its_own() -> None:
    """Its width would be zero; the law of the service has one."""
    table = learning.fit_daily_use(make_surveyed_world().typed())
    assert table["area_id"].tolist() == [""]
    assert (table["spread"] > 0).all()


def test_too_few_figures_teach_nothing() -> None:
    assert learning.fit_daily_use(world().typed()).empty
