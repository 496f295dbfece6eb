"""The base expected on a day: in logs between two of one measurer, else as it stands."""

import numpy as np
import pandas as pd
import pytest

from audience_impact.denominators.denominators import LONGEST_GAP_DAYS, Denominators
from tests.engine import prepared
from tests.support import World, world


def grown(*others: dict[str, str]) -> World:
    """700 thousand people online in the middle of 2023 and 1.4 million in the middle of 2025."""
    made = World().add("areas", area_id="XA", name="A land")
    for name in ("panel", "other"):
        made.add("lineages", measurement_series_id=name, measurer=name)
        made.add("sources", source_id=f"{name}-page", measurement_series_id=name)
    made.base("B0", period="2023-07-02", persons="700000")
    made.base("B1", period="2025-07-02", persons="1400000")
    for place, cells in enumerate(others):
        made.base(f"C{place}", **cells)
    return made


def expected(made: World, day: str, base_id: str = "B0") -> float:
    wanted = pd.DataFrame({"base_id": [base_id], "start": [pd.Timestamp(day)]}, index=[7])
    result = Denominators(made.typed("bases", "sources")).interpolate_persons(wanted)
    assert result.index.tolist() == [7]
    return float(result.iloc[0])


@pytest.mark.parametrize("base_id", ["B0", "B1"])
def test_between_two_bases_it_grows_by_a_constant_rate(base_id: str) -> None:
    # 2 July 2024 is the middle (366 of 731 days): nearly the geometric mean.
    part = 366 / 731
    day = expected(grown(), "2024-07-02 12:00", base_id)
    assert day == pytest.approx(700e3 * 2**part, rel=1e-12)


def test_on_the_day_of_a_base_it_is_that_base() -> None:
    assert expected(grown(), "2023-07-02 12:00") == pytest.approx(700e3)
    assert expected(grown(), "2025-07-02 12:00", "B0") == pytest.approx(1400e3)


@pytest.mark.parametrize(("day", "base_id"), [("2022-01-01", "B0"), ("2026-01-01", "B1")])
def test_outside_the_series_it_is_the_base_as_it_stands(day: str, base_id: str) -> None:
    assert expected(grown(), day, base_id) == {"B0": 700e3, "B1": 1400e3}[base_id]


@pytest.mark.parametrize(
    "cells", [{"source_id": "other-page"}, {"population_base": "internet_all"}, {"area_id": "XB"}]
)
def test_another_measurer_population_or_country_does_not_speak(cells: dict[str, str]) -> None:
    made = grown({"period": "2024-07-02", "persons": "9000000", **cells})
    assert expected(made, "2024-07-02 12:00") == pytest.approx(700e3 * 2 ** (366 / 731))


def test_a_base_in_between_is_the_nearer_end() -> None:
    made = grown({"period": "2024-07-02", "persons": "800000"})
    assert expected(made, "2024-07-02 12:00") == pytest.approx(800e3)
    assert 800e3 < expected(made, "2025-01-01") < 1400e3


def test_bases_too_far_apart_say_nothing_of_the_time_between() -> None:
    made = grown({"period": "2015-07-02", "persons": "100000"})
    assert LONGEST_GAP_DAYS == 5 * 366
    assert expected(made, "2018-01-01") == 700e3  # 2015 to 2023


def test_the_order_of_the_bases_changes_nothing() -> None:
    made = grown({"period": "2024-07-02", "persons": "800000"})
    known = made.typed("bases", "sources")["bases"]
    wanted = pd.DataFrame(
        {"base_id": ["B1", "B0", "B1"], "start": pd.to_datetime(["2025-01-01"] * 3)}
    )
    first, second = (
        Denominators({"bases": each}).interpolate_persons(wanted) for each in (known, known[::-1])
    )
    assert first.tolist() == second.tolist()


def test_an_unknown_base_is_unknown() -> None:
    assert np.isnan(expected(grown(), "2024-07-02", "no such base"))


@pytest.mark.chain
def test_the_stated_range_moves_with_the_base() -> None:
    made = grown().add("platforms", platform_id="alpha")
    made.rows["bases"][0] |= {"low_persons": "630000", "high_persons": "770000"}
    made.errors().estimate("E1", period="2023-07", value="300000")
    made.restrict("R1", "alpha", observed_from="2023-12-31")
    (row,) = prepared(made)[0].inputs.sizes.to_dict("records")
    assert (row["base_id"], row["base_persons"]) == ("B0", 700e3)
    assert 700e3 < row["expected_persons"] < 1400e3
    assert row["base_low_persons"] == pytest.approx(0.9 * row["expected_persons"], rel=1e-3)
    assert row["base_high_persons"] == pytest.approx(1.1 * row["expected_persons"], rel=1e-3)


@pytest.mark.chain
def test_internet_users_are_the_base_of_the_day() -> None:
    made = world().base(
        "later", population_base="internet_all", period="2026-01", persons="1600000"
    )
    made.rows["bases"][-1]["source_id"] = "census-page"
    made.errors().restrict("R1", "*", action="network_shutdown")
    (row,) = prepared(made)[0].inputs.sizes.to_dict("records")
    assert row["audience_base_id"] == row["base_id"]
    # 15 July 2025 lies half-way between January and January: bounds keep the base as it stands.
    assert row["expected_persons"] == pytest.approx(800e3 * 2**0.49, rel=0.01)
    assert row["audience_expected_persons"] == row["expected_persons"]
    assert row["low_persons"] == row["high_persons"] == row["base_persons"]


@pytest.mark.chain
def test_publishers_that_differ_by_a_factor_are_spanned() -> None:
    made = world().base("other", population_base="internet_all", period="2025", persons="200000")
    made.rows["bases"][-1]["source_id"] = "panel-page"
    made.errors().restrict("R1", "*", action="network_shutdown")
    (row,) = prepared(made)[0].inputs.sizes.to_dict("records")
    assert (row["low_persons"], row["high_persons"]) == (200e3, 800e3)
    assert row["measurement_series_count"] == 2
    assert set(row["differing_base_ids"].split(";")) == {"XA-online", "other"}
    used = made.results()["lineage"]
    fed = used[(used["input_table"] == "bases") & (used["role"] == "audience")]
    assert set(fed["input_id"]) == {"XA-online", "other"}
    assert row["base_low_persons"] <= 200e3 < row["expected_persons"] < 800e3
    assert row["base_high_persons"] >= 800e3


@pytest.mark.chain
def test_publishers_that_differ_limit_a_service_as_they_do_the_network() -> None:
    made = world().base("other", population_base="internet_all", period="2025", persons="1600000")
    made.rows["bases"][-1]["source_id"] = "panel-page"
    made.rows["bases"][0]["persons"] = "2000000"  # no bound has more people than there are
    made.errors().restrict("R1", "*", action="network_shutdown").restrict("R2", "nobody")
    rows = prepared(made)[0].inputs.sizes.set_index("restriction_id")
    assert rows.loc["R2", "is_base_disputed"]
    assert rows["base_persons"].tolist() == [1600e3, 1600e3]
    assert rows.loc["R1", "base_high_persons"] == rows.loc["R2", "base_high_persons"] >= 1600e3
    result = made.results()["impact"].set_index(["restriction_id", "impact_metric"])
    service = result.loc[("R2", "people_exposed")]
    assert service["printed_max_persons"] == 1600e3
    assert "publishers of internet users differ" in service["reason"]
    made.rows["bases"][0]["persons"] = "1500000"
    result = made.results()["impact"].set_index(["restriction_id", "impact_metric"])
    assert result.loc[("R2", "people_exposed"), "printed_max_persons"] == 1500e3
