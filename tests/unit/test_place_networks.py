"""Who of the people online is cut off with one network."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from audience_impact.figure_errors import Spread
from audience_impact.fitting import places as network_learning
from audience_impact.places import networks
from audience_impact.vocabulary import NetworkScope, PartGap, list_meanings
from tests.support import World, world

LAWS = {
    ("change", "q05"): -0.6, ("change", "q50"): 0.0, ("change", "q95"): 0.6,
    ("other_countries", "q05"): -2.0, ("other_countries", "q50"): 0.5,
    ("other_countries", "q95"): 5.0,
}  # fmt: skip


def counted(*years: str) -> World:
    """A country where lines were counted in some years."""
    made = world()
    for year in years or ("2020",):
        made.add("network_use", period=year)
    for (parameter, kind), value in LAWS.items():
        made.add("network_laws", parameter=parameter, kind=kind, value=repr(value))
    return made


def share(made: World, network: str, day: str = "2020-07-01", country: str = "XA") -> "pd.Series":
    """The law of who is cut off."""
    wanted = pd.DataFrame(
        {"country_id": [country], "day": [pd.Timestamp(day)], "network_scope": [network],
         "area_id": [country], "operators": [""], "extent_reason": [""]}, index=[5]
    )  # fmt: skip
    wanted["day"] = wanted["day"].astype("datetime64[us]")
    tables = made.typed()
    fitted = networks.read_parameters(tables["network_laws"])
    return networks.estimate_cut_share(wanted, tables, fitted).loc[5]


def test_all_networks_are_everyone() -> None:
    assert list(share(counted(), "all")[networks.SHARE_QUANTILES]) == [1.0, 1.0, 1.0]
    assert list(share(world(), "all")[networks.SHARE_QUANTILES]) == [1.0, 1.0, 1.0], (
        "no law is needed"
    )


def test_mobile_alone_lies_anywhere_between_the_two_ends() -> None:
    law = share(counted(), "mobile")
    assert list(law[networks.SHARE_QUANTILES]) == pytest.approx([0.42, 0.6, 0.78])
    assert (law["rung"], law["reason"]) == ("country", "")


def test_each_year_beyond_the_count_widens_it() -> None:
    laws = pd.DataFrame([share(counted(), "mobile", f"{year}-07-01") for year in range(2020, 2026)])
    assert laws["only_q05"].is_monotonic_decreasing
    assert laws["only_q95"].is_monotonic_increasing
    assert laws["only_q05"].nunique() == 6
    assert laws["only_q50"].to_numpy() == pytest.approx(0.6)
    assert laws["only_q95"].iloc[-1] < 1.0


def test_the_nearest_year_counts() -> None:
    made = counted("2018", "2021")
    made.rows["network_use"][0] |= {"least_share": "0.1", "most_share": "0.2"}
    assert share(made, "mobile", "2018-03-01")["only_q50"] == pytest.approx(0.15)
    assert share(made, "mobile", "2021-03-01")["only_q50"] == pytest.approx(0.6)


def test_a_country_without_a_count_has_the_law_of_the_others() -> None:
    law = share(counted(), "mobile", country="XB")
    assert list(law[networks.SHARE_QUANTILES]) == pytest.approx(list(expit([-2.0, 0.5, 5.0])))
    assert law["rung"] == "other_countries"


def test_where_the_network_is_not_told_it_was_the_mobile_one_or_all() -> None:
    law = share(counted(), "unknown")
    assert list(law[networks.SHARE_QUANTILES]) == pytest.approx([0.42, 0.8, 1.0])
    assert law["rung"] == "network_unknown"


@pytest.mark.parametrize("network", ["fixed", "satellite", "asn_list"])
def test_what_nobody_counts_is_said(network: str) -> None:
    law = share(counted(), network)
    assert law[networks.SHARE_QUANTILES].isna().all()
    assert re.match(
        "no survey counts|our record has no count", list_meanings(PartGap)[law["reason"]]
    )


@pytest.mark.parametrize("network", list(NetworkScope))
def test_every_network_has_a_share_or_a_reason(network: NetworkScope) -> None:
    for made in (counted(), world()):
        law = share(made, network.value)
        assert pd.isna(law["only_q50"]) == (law["reason"] != "")


def test_a_law_that_lacks_a_quantile_is_no_law() -> None:
    made = counted()
    made.rows["network_laws"].pop()
    with pytest.raises(ValueError, match="other_countries; run audience-impact learn places"):
        share(made, "mobile")


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(0.0, 9.0))
def test_a_share_stays_a_share_and_in_order(one: float, other: float, years: float) -> None:
    ends = pd.DataFrame(
        {"least_share": [min(one, other)], "most_share": [max(one, other)], "years": [years]}
    )
    low, middle, high = networks.project_shares(ends, Spread(-0.6, 0.0, 0.6)).iloc[0]
    assert 0.0 < low <= middle <= high < 1.0


def walked(step: float) -> pd.DataFrame:
    """Counts of forty countries whose middle walks at random."""
    made, rng = world(), np.random.default_rng(3)
    for number in range(40):
        land = f"{chr(65 + number // 26)}{chr(65 + number % 26)}"
        made.add("areas", area_id=land, name=land)
        for year, x in enumerate(np.cumsum(rng.normal(0.0, step, 12))):
            middle = expit(x)
            made.add("network_use", area_id=land, period=str(2010 + year),
                     least_share=repr(float(middle * 0.9)),
                     most_share=repr(float(middle * 1.1)))  # fmt: skip
    rows = made.typed()["network_use"]
    return rows[rows["most_share"] < 1.0]


def test_the_change_of_a_year_is_learned_from_all_spans() -> None:
    table = network_learning.fit_networks(
        {**world().typed(), "network_use": walked(0.2)}
    ).set_index(["parameter", "kind"])["value"]
    half = (table[("change", "q95")] - table[("change", "q05")]) / 2.0
    assert half == pytest.approx(1.645 * 0.2, rel=0.2)
    pairs = network_learning.list_changes(walked(0.2))
    assert sorted(pairs["years"].unique()) == list(range(1, 8))


def test_too_few_countries_teach_nothing() -> None:
    assert network_learning.fit_networks(counted().typed()).empty
