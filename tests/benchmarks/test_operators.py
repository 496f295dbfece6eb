"""Networks of operators against a reading of them, and months estimated from others."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from benchmarks import operators as benchmark
from tests.support import world


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    """Two networks in each of forty countries, whose log odds walk."""
    made, rng = world(), np.random.default_rng(3)
    for number in range(40):
        country = f"{chr(65 + number // 20)}{chr(65 + number % 20)}"
        made.add("areas", area_id=country, name=country)
        for asn, name in (("1", "ALPHA-AS"), ("2", "BETA-AS")):
            for year, x in enumerate(np.cumsum(rng.normal(0.0, 0.3, 4))):
                made.add("network_shares", area_id=country, asn=asn, as_name=f"{name}, {country}",
                         period=f"{2010 + year}-11",
                         users_share=repr(float(expit(x) / 2.0)))  # fmt: skip
    return made.typed()


def test_found_networks_are_scored_against_those_stated(tables: dict[str, pd.DataFrame]) -> None:
    shares = tables["network_shares"].set_index(["area_id", "asn", "period"])["users_share"]
    listed = pd.DataFrame(
        {
            "country": ["AA", "AB"],
            "operator": ["Alpha", "Beta Telecom"],
            "asns": ["1", "1"],
            "share_2010_11": [str(shares[("AA", "1", "2010-11")]), ""],
            "share_2013_11": [str(shares[("AA", "1", "2013-11")] * 1.2), "0.0001"],
        }
    )
    result = benchmark.find_shares(listed, tables)
    assert result["found_asns"].to_list() == ["1", "2"]
    assert result["found_2010_11"][1] == pytest.approx(shares[("AB", "2", "2010-11")])
    assert benchmark.score(result, tables) == {
        "operators": 2.0,
        "right_networks": 0.5,
        "within_factor": 0.5,
    }


def test_a_month_that_is_left_out_is_held(tables: dict[str, pd.DataFrame]) -> None:
    left_out = benchmark.leave_months_out(tables["network_shares"])
    assert sorted(left_out["years"].unique()) == [1.0, 2.0, 3.0]
    assert 0.8 < left_out["is_inside"].mean() < 0.99


def test_a_country_whose_regions_are_left_out_is_held_by_those_of_others() -> None:
    made, rng = world(), np.random.default_rng(5)
    for country in ("XA", "XB", "XC"):
        if country != "XA":
            made.add("areas", area_id=country, name=country)
        for number, odds in enumerate(rng.normal(0.0, 0.5, 200)):
            made.add("operator_regions", area_id=country, region=f"R{number}",
                     regional_share=repr(float(expit(odds))), national_share="0.5")  # fmt: skip
    left_out = benchmark.leave_countries_out(made.typed()["operator_regions"])
    assert left_out.groupby("area_id").size().to_dict() == {"XA": 200, "XB": 200, "XC": 200}
    assert 0.85 < left_out["is_inside"].mean() < 0.95
