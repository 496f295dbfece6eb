"""Networks of named operators, and how many of a country's users are on them."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from audience_impact.figure_errors import Spread
from audience_impact.fitting import places as network_fitting
from audience_impact.places import networks, operator_names
from audience_impact.vocabulary import NetworkLaw, PartGap
from tests.support import World, world

COUNTRY = ("XL", "Xylandia", "Xylo")
NAMES = (("Vega", "Castor"), ("Lyra", "Old Lyra"), ("Pollux", "Rigel"), ("Rigel", "Deneb"))
REGISTERED = {
    1: "VEGAXYLANDIA-AS-AP VEGAXYLANDIA, XL",
    2: "CXL1-ASN, XL",
    3: "CASTOR-ABROAD, YY",
    4: "TNX Telecom Network Xylandia Ltd, XL",
    5: "XYLATEL-AS, XL",
    6: "ORIONCELL-AS Orion Cellular, XL",
    7: "ORION-AS Orion fixed lines, XL",
    8: "ORNX-AS Orion Broadband, XL",
    9: "ORNX-AS-2 Other Words, XL",
    10: "XYLONET-AS, XL",
    11: "DENEB-ABROAD, YY",
    12: "Télécom Mirà S.A. de C.V., XL",
    13: "INTERNET-XL Internet Kit, XL",
}


def find(operator: str, registered: dict[int, str] = REGISTERED) -> set[int]:
    """The numbers of the networks of an operator."""
    listed = tuple(operator_names.read_network(*about) for about in registered.items())
    return operator_names.find_networks(operator, listed, COUNTRY, NAMES)


@pytest.mark.parametrize(
    ("operator", "numbers", "why"),
    [
        ("Vega", {1, 2}, "a brand before its country, and first letters of an earlier name"),
        ("Vega (Orion)", {1, 2}, "an owner counts only where the brand is unknown"),
        ("Nobody (Vega Holding Ltd)", {1}, "the owner, without words of form"),
        ("TNX", {4}, "the first letters of the company"),
        ("Xylandia Telecom", {5}, "the beginnings of the words"),
        ("Xylo Telekom", {10}, "the country and another word of the trade"),
        ("Orion Mobile", {6}, "mobile networks alone"),
        ("Orion (fixed)", {7, 8, 9}, "fixed lines alone, and networks with the same handle"),
        ("Orion", {6, 7, 8, 9}, "all networks of a company"),
        ("Rigel", {11}, "abroad where no network of the country has the name"),
        ("Mira", {12}, "accents and spellings do not matter"),
        ("Miraculous", set(), "a longer name is another"),
        ("Inter", set(), "a word of the trade does not begin with a name"),
        ("AS4 and AS99 Nobody", {4}, "a number that is named"),
        ("Y", set(), "a letter is no name"),
        ("Aldebaran", set(), "no network has the name"),
    ],
)
def test_networks_are_found_by_rules_of_names(operator: str, numbers: set[int], why: str) -> None:
    assert find(operator) == numbers, why


def test_two_brands_of_one_operator_count_together() -> None:
    assert find("Vega/TNX") == {1, 2, 4}


def counted(**shares: str) -> World:
    """A country with shares of networks in two months and laws of their change."""
    made = world()
    cells = {"2019-11": "0.3", "2020-11": "0.4"} | shares
    for period, share in cells.items():
        made.add("network_shares", period=period, users_share=share)
        made.add("network_shares", period=period, asn="64501", as_name="BETA-AS, XA",
                 users_share="0.5")  # fmt: skip
    for parameter, spread in {
        "change": (-0.6, 0.0, 0.6), "other_countries": (-2.0, 0.5, 5.0),
        "operator_change": (-1.0, 0.1, 1.2), "operator_jump": (-2.0, -1.0, 0.0),
        "operator_region": (-1.5, 0.0, 0.8),
    }.items():  # fmt: skip
        for kind, value in zip(("q05", "q50", "q95"), spread, strict=True):
            made.add("network_laws", parameter=parameter, kind=kind, value=repr(value))
    return made


def share(made: World, operator: str = "Alpha", **cells: object) -> "pd.Series":
    """The share of the users of an operator, named alone."""
    place = {
        "country_id": "XA", "area_id": "XA", "day": "2024-11-15", "network_scope": "asn_list",
        "operators": operator, "extent_reason": "one operator named: Alpha",
    } | cells  # fmt: skip
    places = pd.DataFrame([place], index=[5])
    places["day"] = pd.to_datetime(places["day"]).astype("datetime64[us]")
    tables = made.typed()
    fitted = networks.read_parameters(tables["network_laws"])
    return networks.estimate_cut_share(places, tables, fitted).loc[5]


def test_an_operators_users_are_its_share_in_the_nearest_month() -> None:
    row = share(counted())
    assert (row["rung"], row["reason"]) == (networks.OPERATORS, "")
    reach = np.sqrt(4.0)
    ends = expit(logit(0.4) + np.array([-1.0, 0.1, 1.2]) * reach)
    assert list(row[networks.SHARE_QUANTILES]) == pytest.approx(ends, rel=0.01)
    assert share(counted(), day="2019-10-01")["only_q50"] == pytest.approx(
        expit(logit(0.3) + 0.1), rel=1e-6
    )


def test_operators_are_added_up() -> None:
    both = share(counted(), "Alpha;Beta", day="2020-11-15")
    assert both["only_q50"] == pytest.approx(expit(logit(0.9) + 0.1))


def test_where_nothing_states_that_they_alone_were_cut_the_rest_is_drawn() -> None:
    alone = share(counted())
    for words in ("", "the text says 'partial'", "damage, not an order"):
        row = share(counted(), extent_reason=words)
        assert row["only_q05"] == alone["only_q05"]
        assert row["only_q50"] >= alone["only_q50"]
        assert row["only_q95"] > alone["only_q95"] + 0.5 * (1.0 - alone["only_q95"])
    attacked = share(counted(), extent_reason="attack, not an order: it hits the network")
    assert attacked["only_q95"] == alone["only_q95"]


@pytest.mark.parametrize("cells", [{}, {"area_id": "XA-01"}])
def test_operators_that_nobody_counts_have_a_reason(cells: dict[str, str]) -> None:
    row = share(counted(), "Nobody", **cells)
    assert row[networks.SHARE_QUANTILES].isna().all()
    assert (row["reason"], row["rung"]) == (PartGap.OPERATORS.value, "")


def test_an_operator_of_a_place_has_the_spread_of_regions_as_well() -> None:
    here, there = share(counted()), share(counted(), area_id="XA-01")
    assert there["only_q50"] == pytest.approx(here["only_q50"])
    for name, spread in {"only_q05": 1.5, "only_q95": 0.8}.items():
        distance = abs(logit(here[name]) - logit(here["only_q50"]))
        wider = abs(logit(there[name]) - logit(there["only_q50"]))
        assert wider == pytest.approx(np.hypot(distance, spread))


def test_a_small_operator_of_a_country_is_not_counted_in_its_places() -> None:
    small = share(counted(**{"2019-11": "0.03", "2020-11": "0.04"}), area_id="XA-01")
    assert small[networks.SHARE_QUANTILES].isna().all()
    assert small["reason"] == PartGap.OPERATORS_BELOW.value
    made = counted()
    made.rows["network_laws"] = [
        row for row in made.rows["network_laws"] if row["parameter"] != "operator_region"
    ]
    assert share(made, area_id="XA-01")["reason"] == PartGap.OPERATORS_BELOW.value


def test_the_spread_of_regions_is_fitted_to_operators_that_have_customers_there() -> None:
    made = world()
    for country in ("XA", "XB", "XC"):
        if country != "XA":
            made.add("areas", area_id=country, name=country)
        for number, odds in enumerate(np.linspace(-1.0, 1.0, 201)):
            cells = {"area_id": country, "region": f"R{number}"}
            regional = {"regional_share": repr(float(expit(logit(0.4) + odds)))}
            made.add("operator_regions", **cells, **regional)
        absent, small = {"regional_share": "0.004"}, {"national_share": "0.03"}
        made.add("operator_regions", area_id=country, region="away", **absent)
        made.add("operator_regions", area_id=country, region="tiny", **small)
    tables = made.typed()
    table = network_fitting.fit_networks(tables)
    region = table[table["parameter"] == "operator_region"].set_index("kind")
    assert list(region["value"]) == pytest.approx([-0.9, 0.0, 0.9], abs=0.02)
    assert set(region["figures"]) == {603}
    rows = tables["operator_regions"]
    two = {**tables, "operator_regions": rows[rows["area_id"] != "XC"]}
    assert network_fitting.fit_networks(two).empty


def test_no_operator_is_counted_where_shares_jump_by_more_than_chance() -> None:
    row = share(counted(**{"2019-11": "0.01"}))
    assert row[networks.SHARE_QUANTILES].isna().all()
    assert row["reason"] == PartGap.OPERATORS_NOISE.value


def steady(jump: float = 0.0) -> pd.DataFrame:
    """Shares of forty countries that walk at random; those of the first jump at the end."""
    made, rng = world(), np.random.default_rng(3)
    for number in range(40):
        country = f"{chr(65 + number // 26)}{chr(65 + number % 26)}"
        made.add("areas", area_id=country, name=country)
        for asn in ("1", "2"):
            odds = -1.0 + np.cumsum(rng.normal(0.0, 0.3, 8))
            odds[-1] += jump * (number == 0)
            for year, x in enumerate(odds):
                made.add("network_shares", area_id=country, asn=asn, period=f"{2010 + year}-11",
                         users_share=repr(float(expit(x) / 2.0)))  # fmt: skip
    return made.typed()["network_shares"]


def test_the_change_of_a_year_and_the_jump_beyond_chance_are_learned() -> None:
    shares = steady()
    middle = logit(shares["users_share"]).groupby([shares["area_id"], shares["asn"]]).diff().std()
    table = network_fitting.fit_networks({**world().typed(), "network_shares": shares}).set_index(
        ["parameter", "kind"]
    )["value"]
    change = table["operator_change"]
    assert (change["q95"] - change["q05"]) / 2.0 == pytest.approx(1.645 * middle, rel=0.2)
    jump = Spread(*table["operator_jump"])
    assert networks.list_noisy(shares, jump) == []
    jumping = steady(-4.0)
    refitted = network_fitting.measure_jumps(jumping)
    assert networks.list_noisy(jumping, refitted) == ["AA"]


def test_facts_without_shares_of_networks_have_no_operators() -> None:
    made = counted()
    made.rows["network_laws"] = [
        row for row in made.rows["network_laws"] if "operator" not in row["parameter"]
    ]
    assert share(made)["reason"] == PartGap.OPERATORS.value
    assert set(networks.read_parameters(made.typed()["network_laws"])) == {
        NetworkLaw.CHANGE, NetworkLaw.OTHER_COUNTRIES,
    }  # fmt: skip


def test_the_lines_of_the_shares_that_were_used_stand_in_the_lineage() -> None:
    made = counted()
    results = made.restrict(
        "R1", "*", network_scope="asn_list", operators="Alpha", severity="network_unavailable",
        extent_reason="one operator named: Alpha",
    ).results()  # fmt: skip
    used = results["lineage"].query("role == 'operators'")
    assert not used.empty
    assert set(used["input_table"]) == {"network_shares"}
    (month,) = set(used["input_id"].str.split(" ").str[2])
    assert month == "2020-11"
