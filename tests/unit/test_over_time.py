"""Person-days and people by month and year: the worked case, and a count of every day."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import binomtest

from audience_impact.audiences.scope import build_scope
from audience_impact.outputs import areas, over_time
from audience_impact.outputs import person_days as times
from audience_impact.outputs.queries import DayEngine
from audience_impact.outputs.review.status_rules import SENTENCES
from audience_impact.pipeline import select_all
from audience_impact.simulation import worlds
from audience_impact.simulation.sampler import Sampler
from audience_impact.simulation.simulate import Simulation, SimulationInputs
from tests import engine
from tests.engine import calibrated, calls, prepared, rising
from tests.support import AS_OF, World, row, world

pytestmark = pytest.mark.chain

DAYS = [f"{name}_person_days" for name in ("printed_min", "q05", "q50", "q95", "printed_max")]
LEAST = 80 * 82.1e6 + 61 * 96e6 / 30
"""Days of the daily figure, and those from November on, when a thirtieth of a month is certain."""
PEOPLE = [f"{name}_persons" for name in ("printed_min", "q05", "q50", "q95", "printed_max")]


def person_days(made: World) -> pd.DataFrame:
    return times.make_person_days(Simulation(prepared(made)[0].simulation, Sampler(0, 100)), AS_OF)


def draw_periods(inputs: SimulationInputs, sampler: Sampler) -> areas.Sets:
    simulation = Simulation(inputs, sampler)
    return over_time.draw_periods(simulation, DayEngine(simulation).count_by_kind())


def by_area(made: World) -> pd.DataFrame:
    return engine.by_area(prepared(made)[0].simulation, Sampler(0, 100))


def russia() -> World:
    """The worked case; daily figures are of August to October, the days on which they bind."""
    made = engine.russia()
    for figure in made.rows["estimates"]:
        if figure["audience_metric"] == "avg_daily_reach":
            figure["period"] = "2025-08/2025-10"
    return made


def total(table: pd.DataFrame, period: str = "all", name: str = "R1") -> "pd.Series[float]":
    return row(table, restriction_id=name, period=period)


@pytest.fixture(scope="module")
def worked() -> pd.DataFrame:
    """Calls in both messengers from 13 August to 31 December."""
    return person_days(calls(russia()))


@pytest.mark.parametrize(("name", "period"), [("R1", "all"), ("R1", "2025"), ("all", "2025")])
def test_calls_in_russia(name: str, period: str, worked: pd.DataFrame) -> None:
    result = total(worked, period, name)
    assert (result["days"], result["covered_days"]) == (141, 141)
    assert result["naive_sum_person_days"] == pytest.approx(26.085e9)  # 141 x (96 + 89)
    assert result["naive_daily_sum_person_days"] == pytest.approx(21.1641e9)  # 141 x (82.1 + 68.0)
    assert result["printed_min_person_days"] == pytest.approx(LEAST)
    assert result["printed_max_person_days"] == pytest.approx(14.805e9)  # 141 x 105
    assert rising([float(result[each]) for each in DAYS])
    assert result["q05_person_days"] < result["q95_person_days"]
    assert (result["obs_status"], result["reason"]) == ("E", "")


def test_months_add_up_to_the_year(worked: pd.DataFrame) -> None:
    country = worked[worked["restriction_id"] == "all"]
    months = country[country["period"].str.len() == 7]
    assert months["days"].tolist() == [19, 30, 31, 30, 31]
    for name in ("printed_min_person_days", "printed_max_person_days", "naive_sum_person_days"):
        assert months[name].sum() == pytest.approx(total(worked, "2025", "all")[name])


def test_two_restrictions_of_one_service_count_a_person_once_a_day() -> None:
    made = calls(russia())
    made.restrict("R2", "whatsapp", area_ids="RU", observed_from="2025-10-01",
                  ended_on="2025-10-31", end_status="ended")  # fmt: skip
    table = person_days(made)
    assert total(table, "all", "R2")["printed_max_person_days"] == pytest.approx(31 * 82.1e6)
    country = total(table, "2025", "all")
    assert country["printed_min_person_days"] == pytest.approx(LEAST)
    assert country["printed_max_person_days"] == pytest.approx(14.805e9)
    assert country["naive_daily_sum_person_days"] == pytest.approx(21.1641e9 + 31 * 82.1e6)
    area = row(by_area(made), period="2025-10")
    assert (area["printed_min_persons"], area["printed_max_persons"]) == (96e6, 105e6)
    assert (area["restrictions_count"], area["bounds_only_count"]) == (2, 0)


@pytest.mark.parametrize(
    "cells",
    [{"network_scope": "mobile"}, {"network_scope": "unknown"}, {"geo_scope": "multi_region"}],
)
def test_what_touches_a_part_adds_nothing_below_and_everything_above(cells: dict[str, str]) -> None:
    made = russia().restrict("R1", "whatsapp", area_ids="RU", observed_from="2025-08-13",
                             ended_on="2025-08-22", end_status="ended", **cells)  # fmt: skip
    table = person_days(made)
    for item in (total(table), total(table, "2025", "all")):
        assert item["printed_min_person_days"] == 0.0
        assert item["printed_max_person_days"] == pytest.approx(10 * 82.1e6)
        assert item[DAYS[1:4]].isna().all()
        assert (item["obs_status"], item["reason"]) == ("M", SENTENCES["some_bounds_only"])
    area = row(by_area(made), period="2025-08")
    assert (area["printed_min_persons"], area["printed_max_persons"]) == (0.0, 96e6)
    assert (area["bounds_only_count"], area["obs_status"]) == (1, "M")


def test_a_month_in_which_it_was_likelier_over_has_this_reason_and_no_estimate() -> None:
    made = russia().restrict("R1", "whatsapp", area_ids="RU", observed_from="2025-08-13",
                             end_status="unknown")  # fmt: skip
    table = by_area(made)
    begun, late = (row(table, period=month) for month in ("2025-08", "2025-12"))
    assert (begun["reason"], late["reason"]) == ("", SENTENCES["perhaps_over"])
    assert begun["q50_persons"] > 0
    assert pd.isna(late["q50_persons"])
    assert (late["printed_min_persons"], late["printed_max_persons"]) == (0.0, 96e6)


def test_a_part_beside_a_whole_is_in_the_upper_bound_alone() -> None:
    made = russia().restrict("R2", "telegram", area_ids="RU", observed_from="2025-08-13",
                             ended_on="2025-08-22", end_status="ended",
                             network_scope="mobile")  # fmt: skip
    made.restrict("R1", "whatsapp", area_ids="RU", observed_from="2025-08-13",
                  ended_on="2025-08-22", end_status="ended")  # fmt: skip
    result = total(person_days(made), "2025", "all")
    assert result["printed_min_person_days"] == pytest.approx(821e6)
    assert result["q50_person_days"] == pytest.approx(821e6, rel=0.01)
    assert result["printed_max_person_days"] == pytest.approx(1050e6)
    assert (result["obs_status"], result["reason"]) == ("U", SENTENCES["some_bounds_only"])


def test_what_was_never_carried_out_has_no_days() -> None:
    made = russia().restrict("R1", "whatsapp", area_ids="RU", severity="none")
    assert person_days(made).empty
    assert by_area(made).empty


def test_a_month_alone_gives_bounds_and_nothing_is_drawn() -> None:
    made = world().estimate("E1")
    made.restrict("R1", "alpha", ended_on="2025-07-24", end_status="ended")
    table = person_days(made)
    for item in (total(table), total(table, "2025", "all")):
        assert item["printed_min_person_days"] == pytest.approx(10 * 500e3 / 30)
        assert item["printed_max_person_days"] == pytest.approx(10 * 500e3)
        assert item[DAYS[1:4]].isna().all()
        assert (item["obs_status"], item["reason"]) == ("M", SENTENCES["no_daily"])


def test_totals_with_and_without_imputed_ends() -> None:
    made = russia()
    day = {"area_ids": "RU", "observed_from": "2025-08-13"}
    made.restrict("R1", "whatsapp", ended_on="2025-08-22", end_status="ended", **day)
    made.restrict("R2", "telegram", end_status="unknown", **day)
    table = person_days(made)
    result = total(table, "all", "R2")
    assert result["printed_min_person_days"] == pytest.approx(68.0e6)
    assert result["q50_person_days"] == pytest.approx(680.0e6, rel=0.01)
    days = (pd.Timestamp(AS_OF) - pd.Timestamp("2025-08-13")).days + 1
    assert result["printed_max_person_days"] == pytest.approx(80 * 68.0e6 + (days - 80) * 89.0e6)
    assert (result["days"], result["covered_days"]) == (days, 10)
    # 10 days, as long as the one that ended.
    for name in ("printed_min", "q50", "printed_max"):
        assert result[f"imputed_{name}_person_days"] == pytest.approx(680e6, rel=0.01)
    assert (result["obs_status"], result["reason"]) == ("U", SENTENCES["end_unknown"])
    assert total(table, "2026-01", "all")["reason"] == SENTENCES["end_unknown"]
    known = total(table)
    assert known["imputed_printed_max_person_days"] == known["printed_max_person_days"]


@pytest.mark.parametrize(("daily", "is_told"), [("1000000", False), ("60000000", True)])
def test_days_that_a_service_without_a_daily_figure_forces_beyond_what_is_drawn_have_no_median(
    daily: str, is_told: bool
) -> None:
    made = calls(russia())
    made.estimate("M9", platform_id="vast", area_id="RU", value="104000000", period="2025-07")
    for figure in made.rows["estimates"]:
        if figure["audience_metric"] == "avg_daily_reach":
            figure["value"] = daily
    made.add("platforms", platform_id="vast")
    made.restrict("R9", "vast", area_ids="RU", observed_from="2025-10-01")
    result = total(person_days(made), "2025-11", "all")
    assert result["printed_min_person_days"] > 2e6 * result["days"]
    assert (SENTENCES["outweighed"] in result["reason"]) != is_told
    assert (result["obs_status"] == "M") != is_told
    quantiles = result[[f"{name}_person_days" for name in ("q05", "q50", "q95")]]
    assert quantiles.notna().eq(is_told).all()
    if is_told:
        assert result["printed_min_person_days"] <= quantiles.iloc[0] < quantiles.iloc[2]


def test_sums_over_countries_are_unknown_where_one_is() -> None:
    made = russia().add("areas", area_id="XC", name="A land without facts")
    made.restrict("R1", "whatsapp", area_ids="RU;XC", observed_from="2025-08-13",
                  ended_on="2025-08-22", end_status="ended")  # fmt: skip
    table = person_days(made)
    result = total(table)
    assert result["area_id"] == "RU;XC"
    assert np.isnan(result["printed_max_person_days"])
    assert result["printed_min_person_days"] == pytest.approx(821e6)  # what the known one forces
    assert total(table[table["area_id"] == "RU"], "2025", "all")[
        "printed_max_person_days"
    ] == pytest.approx(821e6)


def test_a_year_has_everyone_who_was_under_one_at_any_time() -> None:
    made = russia()
    for name, platform, month in (("R1", "telegram", "09"), ("R2", "whatsapp", "11")):
        made.restrict(name, platform, area_ids="RU", observed_from=f"2025-{month}-10",
                      ended_on=f"2025-{month}-20", end_status="ended")  # fmt: skip
    table = select_all(by_area(made)).set_index("period")
    assert table.index.tolist() == ["2025", "2025-09", "2025-11"]
    assert table["printed_min_persons"].tolist() == [96e6, 89e6, 96e6]
    assert table["printed_max_persons"].tolist() == [105e6, 89e6, 96e6]
    assert table["platform_ids"].tolist() == ["telegram;whatsapp", "telegram", "whatsapp"]
    for _, result in table.iterrows():
        assert rising([float(result[each]) for each in PEOPLE[1:4]])
    assert table["q50_persons"]["2025"] > 96e6


def two_lands() -> World:
    """Alpha blocked in two lands of one region, one of them without a figure, and ten days more."""
    made = calibrated(world()).estimate("E1").estimate("E2", platform_id="beta", value="400000")
    made.add("areas", area_id="002", name="Region", parent_id="001")
    for land in made.rows["areas"]:
        if land["area_id"] in ("XA", "XB"):
            land["parent_id"] = "002"
    made.base("XB-online", area_id="XB", population_base="internet_all", persons="300000")
    dates = {"observed_from": "2026-01-05", "ended_on": "2026-01-20", "end_status": "ended"}
    made.restrict("R1", "alpha", area_ids="XA;XB", **dates)
    later = {**dates, "observed_from": "2026-01-11"}
    return made.restrict("R2", "beta", **later)


def areas_of(made: World) -> pd.DataFrame:
    return made.typed()["areas"]


def test_regions_and_the_world_are_the_sum_of_their_countries() -> None:
    made = two_lands()
    inputs = prepared(made)[0].simulation
    table = select_all(engine.by_area(inputs, Sampler(0, 100), areas_of(made)))
    year = table[table["period"] == "2026"].set_index("area_id")
    assert sorted(year.index) == ["001", "002", "XA", "XB"]
    lands = year.loc[["XA", "XB"]]
    for region in ("001", "002"):
        for name in ("printed_min_persons", "printed_max_persons", "base_persons"):
            assert year[name][region] == lands[name].sum()
        assert year["restrictions_count"][region] == 2
        assert (year["countries_count"][region], year["countries_drawn"][region]) == (2, 1)
        assert year["is_lower_bound"][region] == "yes"
        # What is drawn is below what the restriction of both lands forces, which cannot be drawn.
        assert pd.isna(year["q50_persons"][region])
        assert "outside_bounds" in year["reason_rule_ids"][region]


def test_a_region_that_leaves_out_a_land_has_the_quantiles_of_the_others() -> None:
    made = two_lands()
    for act in made.rows["restrictions"]:
        act["area_ids"] = "XA"
    made.restrict("R3", "alpha", area_ids="XB", observed_from="2026-01-05")
    table = engine.by_area(prepared(made)[0].simulation, Sampler(0, 100), areas_of(made))
    region, land = (row(table, area_id=area, period="2026") for area in ("002", "XA"))
    assert (region["countries_count"], region["countries_drawn"]) == (2, 1)
    assert (region["is_lower_bound"], land["is_lower_bound"]) == ("yes", "no")
    assert region["q50_persons"] == land["q50_persons"]
    assert SENTENCES["some_areas_undrawn"] in region["reason"]


def test_a_land_with_nothing_in_force_leaves_the_draws_of_the_others() -> None:
    made = calibrated(world()).estimate("E1").estimate("E2", area_id="XB", value="100000")
    for act, land, month in (("R1", "XA", "2025-08"), ("R2", "XB", "2025-10")):
        span = {"observed_from": f"{month}-01", "ended_on": f"{month}-10", "end_status": "ended"}
        made.restrict(act, "alpha", area_ids=land, **span)
    simulation = Simulation(prepared(made)[0].simulation, Sampler(0, 100))
    in_august, in_october, at_any_time, never = (
        over_time.unite_people(simulation, period) for period in ("2025-08", "2025-10", "", "2024")
    )
    assert (in_august > in_october).all()
    np.testing.assert_allclose(in_august + in_october, at_any_time)
    assert (never == 0.0).all()


def test_draws_of_countries_added_up_are_those_of_their_region() -> None:
    """To the precision of as many draws, by the binomial distribution of those below a quantile."""
    made = two_lands().estimate("E3", area_id="XB", value="100000")
    inputs, most = prepared(made)[0].simulation, over_time.PUBLISHED_DRAWS
    periods = draw_periods(inputs, Sampler(0, 4 * most))
    table = engine.by_area(inputs, Sampler(0, 4 * most), areas_of(made))
    drawn = over_time.make_draws(periods, table)
    assert set(drawn["area_id"]) == {"XA", "XB"}
    assert (drawn.groupby(["area_id", "year"])["draw"].nunique() == most).all()
    added = drawn[drawn["year"] == "2026"].groupby("draw")["persons"].sum()
    year = row(table, area_id="002", period="2026")
    for name, share in (("q05_persons", 0.05), ("q50_persons", 0.5), ("q95_persons", 0.95)):
        below = int((added < year[name]).sum())
        assert binomtest(below, most, share).pvalue > 0.001, name
    is_year = (periods.table["period"] == "2026") & (periods.table["kind"] == "all")
    both = periods.people["persons"][periods.rows["persons"][is_year], worlds.DRAWN :]
    np.testing.assert_allclose(added, both.sum(axis=0)[:most])


def test_a_land_that_cannot_be_drawn_publishes_no_draws() -> None:
    inputs = prepared(two_lands())[0].simulation
    periods = draw_periods(inputs, Sampler(0, 100))
    table = engine.by_area(inputs, Sampler(0, 100)).assign(q50_persons=1.0)
    drawn = over_time.make_draws(periods, table)
    assert set(drawn["area_id"]) == {"XA"}
    assert set(drawn["year"]) == {"2026"}
    assert len(drawn) == 100
    withheld = table.assign(q50_persons=np.nan)
    assert over_time.make_draws(periods, withheld).empty


def test_orders_alone_stand_in_rows_of_their_own() -> None:
    inputs = prepared(two_lands())[0].simulation
    is_order = inputs.timeline.rows["restriction_id"] == "R2"
    line = replace(inputs.timeline, rows=inputs.timeline.rows.assign(is_order=is_order))
    table = engine.by_area(replace(inputs, timeline=line), Sampler(0, 100))
    every, ordered = (
        row(table, area_id="XA", period="2026", kind=kind) for kind in ("all", "ordered")
    )
    assert (every["printed_min_persons"], ordered["printed_min_persons"]) == (500e3, 400e3)
    assert ordered["restrictions_count"] == 1
    assert set(table.loc[table["kind"] == "ordered", "area_id"]) == {"XA"}


def test_no_bound_enters_the_draws() -> None:
    """The restriction of both lands forces 500,000 people and cannot be drawn; the other can."""
    inputs = prepared(two_lands())[0].simulation
    sets = draw_periods(inputs, Sampler(0, 100))
    people = sets.people["persons"][sets.rows["persons"]]
    assert people[:, worlds.LEAST].max() == 500e3
    assert np.nanmax(people[:, worlds.DRAWN :]) < 450e3


def test_restrictions_of_a_year_are_told_apart_by_kind() -> None:
    """Two blocked services, one of them from the year before, and a shutdown of a day."""
    made = two_lands()
    made.restrict("R3", "*", severity="network_unavailable", action="shutdown",
                  observed_from="2026-01-25", ended_on="2026-01-25",
                  end_status="ended")  # fmt: skip
    made.restrict("R4", "beta", observed_from="2025-12-01", ended_on="2026-01-02",
                  end_status="ended")  # fmt: skip
    table = engine.by_area(prepared(made)[0].simulation, Sampler(0, 100), areas_of(made))
    totals = table.set_index(["area_id", "period", "kind"])
    counts = totals["restrictions_count"]
    kinds = {"began": 3, "carried_over": 1, "service": 3, "shutdown": 1}
    expected = {"all": 4, "ordered": 4, **kinds}
    for area in ("XA", "001", "002"):
        assert counts[area, "2026"].to_dict() == counts[area, "2026-01"].to_dict() == expected
    assert counts["XA", "2025"].to_dict() == {"all": 1, "ordered": 1, "began": 1, "service": 1}
    least, median = totals["min_persons"], totals["q50_persons"]
    assert least["XA", "2026", "carried_over"] < least["XA", "2026", "began"]
    assert least["XA", "2026", "shutdown"] > least["XA", "2026", "service"]
    assert median["001", "2026", "carried_over"] == median["XA", "2026", "carried_over"]


def test_each_day_of_the_last_two_years_has_its_people() -> None:
    made = two_lands()
    inputs = prepared(made)[0].simulation
    table = select_all(engine.by_day(inputs, Sampler(0, 100), areas_of(made)))
    land = table[table["area_id"] == "XA"]
    assert (land["period"].min(), land["period"].max()) == ("2026-01-05", "2026-01-20")
    assert land["printed_min_persons"].tolist() == [500e3] * 16
    assert land["printed_max_persons"].tolist() == [500e3] * 6 + [700e3] * 10
    assert land["restrictions_count"].tolist() == [1] * 6 + [2] * 10
    everywhere = table[table["area_id"] == "001"]
    assert set(everywhere["printed_max_persons"]) == {800e3, 1000e3}
    assert (everywhere["countries_count"] == 2).all()


def test_days_before_the_last_two_years_have_no_row() -> None:
    made = calibrated(world()).estimate("E1", period="2022-06")
    made.restrict("R1", "alpha", observed_from="2022-07-01", ended_on="2022-07-20",
                  end_status="ended")  # fmt: skip
    inputs = prepared(made)[0].simulation
    assert engine.by_day(inputs, Sampler(0, 100), areas_of(made)).empty


def test_person_days_of_a_feature_count_its_users() -> None:
    made = calls(russia())
    made.add("feature_use", feature_use_id="F1", platform_id="any-messenger", area_id="RU",
             share="0.37")  # fmt: skip
    result = total(person_days(made))
    users = [float(result[f"feature_{name}"]) for name in DAYS]
    assert rising(users)
    everyone = float(result["q50_person_days"])
    assert 0.3 * everyone < users[2] < 0.5 * everyone
    assert users[4] <= float(result["printed_max_person_days"])


def test_person_days_of_a_whole_service_are_those_of_everyone() -> None:
    made = russia().restrict("R1", "whatsapp", area_ids="RU", observed_from="2025-08-13",
                             ended_on="2025-08-22", end_status="ended")  # fmt: skip
    table = person_days(made)
    result = total(table)
    assert [result[f"feature_{name}"] for name in DAYS] == pytest.approx([result[n] for n in DAYS])
    assert total(table, "2025", "all")[[f"feature_{name}" for name in DAYS]].isna().all()


def test_a_share_of_users_who_come_on_a_day_turns_bounds_into_an_estimate() -> None:
    made = calibrated(world())
    made.base("online", population_base="internet_all", period="2025", persons="900000")
    made.add("daily_use", platform_id="*")
    made.restrict("R1", "*", observed_from="2026-01-10", ended_on="2026-01-19",
                  end_status="ended")  # fmt: skip
    result = total(person_days(made))
    assert result["printed_min_person_days"] == pytest.approx(10 * 900e3 / 90)
    assert result["printed_max_person_days"] == pytest.approx(10 * 900e3)
    assert result["q50_person_days"] / (10 * 900e3) == pytest.approx(expit(2.0), abs=0.03)
    assert 1.2 < result["q95_person_days"] / result["q05_person_days"] < 2.0
    assert (result["obs_status"], result["reason"]) == ("U", SENTENCES["daily_from_shares"])


# ---- Slowed and cut ----

SLOW_DAYS = [f"slowed_{name}" for name in DAYS]
SLOW_TEN = {"observed_from": "2025-08-13", "ended_on": "2025-08-22", "end_status": "ended",
            "action": "throttle", "severity": "service_impaired"}  # fmt: skip
CUT_TEN = {"observed_from": "2025-08-18", "ended_on": "2025-08-27", "end_status": "ended"}


def both(*acts: str) -> pd.DataFrame:
    """Telegram slowed for ten days, and WhatsApp cut from the sixth of them on."""
    made = russia()
    if "slowed" in acts:
        made.restrict("R1", "telegram", area_ids="RU", **SLOW_TEN)
    if "cut" in acts:
        made.restrict("R2", "whatsapp", area_ids="RU", **CUT_TEN)
    return person_days(made)


@pytest.fixture(scope="module")
def slowed_and_cut() -> pd.DataFrame:
    return both("slowed", "cut")


def test_a_slowed_restriction_is_slowed_alone_and_a_cut_is_not(
    slowed_and_cut: pd.DataFrame,
) -> None:
    slowed, cut = total(slowed_and_cut), total(slowed_and_cut, name="R2")
    assert slowed[SLOW_DAYS].tolist() == slowed[DAYS].tolist()
    assert (cut[SLOW_DAYS] == 0.0).all()


def test_nobody_is_slowed_and_cut_on_one_day(slowed_and_cut: pd.DataFrame) -> None:
    country, cut = (total(table, "2025", "all") for table in (slowed_and_cut, both("cut")))
    parts = country["slowed_q50_person_days"] + cut["q50_person_days"]
    assert parts == pytest.approx(country["q50_person_days"], rel=0.02)
    assert 0.4 < country["slowed_q50_person_days"] / total(slowed_and_cut)["q50_person_days"] < 0.9
    assert rising([float(country[name]) for name in SLOW_DAYS])
    assert country["slowed_printed_min_person_days"] == 0.0
    assert country["slowed_printed_max_person_days"] == pytest.approx(
        total(slowed_and_cut)["printed_max_person_days"]
    )


def test_where_nothing_was_cut_all_of_a_country_was_slowed() -> None:
    country = total(both("slowed"), "2025", "all")
    assert country[SLOW_DAYS].tolist() == country[DAYS].tolist()
    assert (total(both("cut"), "2025", "all")[SLOW_DAYS] == 0.0).all()


# ---- A count of every day ----


@dataclass(frozen=True)
class Act:
    """A restriction from a day on, of some platforms; in part or of the whole country."""

    first: int
    length: int
    platforms: tuple[str, ...]
    part: bool
    end: str  # recorded, ongoing or unknown


START, LAST = pd.Timestamp("2025-12-01"), pd.Timestamp(AS_OF)
# Monthly audience, daily audience; gamma has no figure. The base has 700 thousand.
FIGURES = {"alpha": (500e3, 210e3), "beta": (400e3, 300e3), "delta": (300e3, None)}
BASE = 700e3

IN_FIGURE = 31
"""Daily figures are of December, the first month: on later days the monthly ones limit."""

acts = st.lists(
    st.builds(
        Act,
        st.integers(0, 61),
        st.integers(1, 30),
        st.sets(st.sampled_from(["alpha", "beta", "gamma", "delta"]), min_size=1).map(
            lambda names: tuple(sorted(names))
        ),
        st.booleans(),
        st.sampled_from(["recorded", "recorded", "ongoing", "unknown"]),
    ),
    min_size=1,
    max_size=5,
)


def day_of(number: int) -> str:
    return f"{START + pd.Timedelta(days=number):%Y-%m-%d}"


def made_of(rows: Sequence[Act]) -> World:
    made = world().add("platforms", platform_id="delta", name="Delta")
    made.rows["bases"][-1]["period"] = "2025-11"
    made.rows["bases"][-2]["persons"] = "700000"  # that of a service without a figure
    for platform, (month, day) in FIGURES.items():
        result = {"platform_id": platform, "period": "2025-11"}
        made.estimate(f"{platform}-m", value=str(int(month)), **result)
        if day:
            made.estimate(
                f"{platform}-d",
                value=str(int(day)),
                audience_metric="avg_daily_reach",
                **{**result, "period": "2025-12"},
            )
    for place, act in enumerate(rows):
        ends = {
            "recorded": {"end_status": "ended", "ended_on": day_of(act.first + act.length - 1)},
            "ongoing": {},
            "unknown": {"end_status": "unknown"},
        }[act.end]
        part = {"network_scope": "mobile"} if act.part else {}
        made.restrict(f"R{place}", *act.platforms, observed_from=day_of(act.first), **ends, **part)
    return made


def _in_force(rows: Sequence[Act], today: int, most: bool) -> list[Act]:
    """Acts in force on a day: for certain, or perhaps."""
    result = []
    for act in rows:
        until = {
            "recorded": act.first + act.length,
            "ongoing": 10_000,
            "unknown": 10_000 if most else act.first + 1,
        }[act.end]
        if act.first <= today < until:
            result.append(act)
    return result


def _bounds_of(rows: Sequence[Act], today: int) -> tuple[float, float]:
    """Fewest and most people under a restriction on a day.

    Daily audience of that month known: itself; a month alone: a thirtieth to all of it; nothing:
    nobody to all of the base.
    """
    least, most = 0.0, {}
    for act in _in_force(rows, today, most=False):
        if not act.part:
            figures = [FIGURES.get(name, (0.0, None)) for name in act.platforms]
            days = [day if today < IN_FIGURE else None for _, day in figures]
            own = [day or month / 30 for day, (month, _) in zip(days, figures, strict=True)]
            least = max(least, *own)
    for act in _in_force(rows, today, most=True):
        for name in act.platforms:
            month, day = FIGURES.get(name, (BASE, None))
            most[name] = (day if today < IN_FIGURE else None) or month
    return least, min(sum(most.values()), BASE)


@settings(max_examples=6, phases=[Phase.explicit, Phase.generate])  # each takes a second
@given(acts)
def test_person_days_of_a_country_are_a_count_of_every_day(rows: list[Act]) -> None:
    table = person_days(made_of(rows))
    expected: dict[str, np.ndarray] = {}
    for today in range((LAST - START).days + 1):
        if _in_force(rows, today, most=True):
            date = START + pd.Timedelta(days=today)
            for period in (f"{date:%Y}", f"{date:%Y-%m}"):
                result = expected.setdefault(period, np.zeros(3))
                result += [*_bounds_of(rows, today), 1]
    country = table[table["restriction_id"] == "all"].set_index("period")
    assert sorted(country.index) == sorted(expected)
    for period, (lower, upper, days) in expected.items():
        result = country.loc[period]
        assert result["printed_min_person_days"] == pytest.approx(lower)
        assert result["printed_max_person_days"] == pytest.approx(upper)
        assert result["days"] == days


def test_totals_after_the_last_edition_of_a_register_say_so() -> None:
    made = russia()
    made.restrict("R1", "whatsapp", area_ids="RU", observed_from="2025-08-13", end_status="ongoing")
    made.add("register_rows", count_year="2025", restriction_id="R1")
    by_area = select_all(made.results()["impact_by_area"]).query("area_id == 'RU'")
    by_area = by_area.set_index("period")
    sentence = SENTENCES["after_last_edition"]
    assert by_area.loc["2026", "reason"].endswith(sentence)
    assert by_area.loc["2026", "reason_rule_ids"].endswith("after_last_edition")
    assert sentence not in by_area.loc["2025", "reason"]
    assert set(by_area["collected_until"]) == {"2025-12-31"}
    made.rows["register_rows"].clear()
    alone = made.results()["impact_by_area"]
    assert not alone["reason"].str.contains(sentence).any()
    assert (alone["collected_until"] == alone["as_of"]).all()


def test_a_restriction_of_which_nobody_says_who_did_it_counts_as_ordered() -> None:
    made = world().estimate("E1")
    for number, cell in enumerate(("yes", "no", "")):
        made.restrict(f"R{number}", "alpha", is_ordered=cell)
    scope = build_scope(made.typed(), AS_OF)
    assert scope.by_id["is_order"].to_dict() == {"R0": True, "R1": False, "R2": True}


def test_person_days_of_a_year_are_told_apart_by_kind_and_do_not_grow() -> None:
    """A service blocked since June 2024, and a shutdown of two days in January 2026."""
    made = calibrated(world()).estimate("E1", period="2024-05")
    for year, persons in (("2024", "700000"), ("2025", "800000"), ("2026", "900000")):
        made.base(f"B{year}", period=year, persons=persons)
    made.restrict("R1", "alpha", observed_from="2024-06-15")
    made.restrict("R2", "*", severity="network_unavailable", action="network_shutdown",
                  observed_from="2026-01-05", ended_on="2026-01-06",
                  end_status="ended")  # fmt: skip
    table = person_days(made)
    years = {year: total(table, year, "all") for year in ("2024", "2025", "2026")}
    block = {year: total(table, year) for year in years}
    a_day = {year: row["printed_max_person_days"] / row["days"] for year, row in block.items()}
    assert a_day["2024"] == pytest.approx(a_day["2025"]) == pytest.approx(a_day["2026"])
    of_kinds = by_area(made)
    most = of_kinds.pivot_table("max_person_days", "kind", "period", fill_value=0.0)
    assert (most.loc["older", ["2024", "2025", "2025-06"]] == 0.0).all()
    assert most.loc["older", "2025-07"] == most.loc["service", "2025-07"] > 0.0
    assert most.loc["older", "2026"] == pytest.approx(block["2026"]["max_person_days"])
    assert most.loc["older", "2026"] == most.loc["service", "2026"]
    assert most.loc["began", "2026"] == most.loc["shutdown", "2026"] > 0.0
    assert most.loc["began", "2024"] == pytest.approx(block["2024"]["max_person_days"])
    together = pd.Series({year: item["max_person_days"] for year, item in years.items()})
    assert (most[together.index].max() <= together + 1).all()
