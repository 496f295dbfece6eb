"""Measured overlaps: which speak, what they force, and contradictions."""

import numpy as np
import pandas as pd
import pytest

from audience_impact import pipeline
from audience_impact.bounds import CONTRADICTION, Resolved
from audience_impact.facts.tables import Finding
from audience_impact.outputs.review.status_rules import SENTENCES
from audience_impact.simulation import unions
from audience_impact.simulation.sampler import Sampler
from tests.engine import calibrated, calls, ends, impacts, learned, of, prepared, russia
from tests.support import AGED, AS_OF, World, world

pytestmark = pytest.mark.chain

BOTH = "telegram;whatsapp"


def overlap(made: World, value: str = "0.95", overlap_id: str = "O1", **cells: str) -> World:
    """How many users of Telegram use WhatsApp as well."""
    result = {
        "platform_ids": BOTH,
        "area_id": "RU",
        "share_of": "telegram",
        "period": "2025-07",
        **cells,
    }
    return made.add("overlaps", overlap_id=overlap_id, value=value, **result)


def spoken(made: World) -> list[list[str]]:
    """The overlaps that speak, place by place."""
    return [one.used_ids for one in prepared(made)[0].bounds.overlaps]


def list_findings(made: World) -> list[Finding]:
    return list(pipeline.prepare_run(made.typed(), AS_OF)[1])


# ---- Which overlaps speak ----


def test_an_overlap_of_others_or_of_another_time_is_silent() -> None:
    made = russia().add("platforms", platform_id="signal").add("areas", area_id="XA")
    for number, cells in enumerate(
        (
            {"area_id": "XA"},
            {"population_base": "internet_all"},
            {"population_base": "custom"},
            {"platform_ids": "signal;telegram"},
            {"platform_ids": "signal;telegram;whatsapp"},
            {"period": "2025-08"},
            {"period": "2024-07"},
        )
    ):
        overlap(made, overlap_id=f"O{number}", **cells)
    assert spoken(calls(made)) == []  # one that spoke, whichever, would stand here


def test_the_period_ends_no_later_than_the_restriction_starts() -> None:
    made = overlap(russia(), period="2025-08-12")
    overlap(made, overlap_id="O2", period="2025-08-13", source_id="survey-page")
    assert spoken(calls(made)) == [["O1"]]


def test_the_period_is_no_more_than_twelve_months_before() -> None:
    # 366 days before 13 August 2025 is 12 August 2024: the day after the period's last.
    made = overlap(russia(), period="2024-08-11")
    overlap(made, overlap_id="O2", period="2024-08-10", source_id="survey-page")
    assert spoken(calls(made)) == [["O1"]]


# ---- Russia: 96 and 89 of 105 million ----

ROUNDED = 1e6
"""What rounding moves the sum of two audiences by, printed as 96 and 89 million, at most."""


def forced(found: "pd.Series[float]", persons: float) -> None:
    """The printed figures force one number, and rounding alone moves the draws around it."""
    low, *drawn, high = ends(found)
    assert (low, high) == pytest.approx((persons, persons))
    assert drawn == pytest.approx([persons] * 3, abs=ROUNDED)
    assert drawn[1] == pytest.approx(persons, rel=1e-3)
    assert drawn[0] < drawn[1] < drawn[2]


def test_ninety_five_of_a_hundred_meet_the_worked_figure() -> None:
    # |A or B| = 96 + 89 - 0.95 x 89 = 100.45 million
    result = of(impacts(calls(overlap(russia()))))
    forced(result, 100.45e6)
    assert result["dedup_method"] == "conditioned"
    assert (result["obs_status"], result["reason"]) == ("A", AGED)


def test_a_range_of_overlaps_is_a_range_of_people() -> None:
    stated = {"low": "0.93", "high": "0.97", "interval_kind": "min_max"}
    result = of(impacts(calls(overlap(russia(), **stated))))
    low, *middle, high = ends(result)
    assert (low, high) == pytest.approx((98.67e6, 102.23e6))
    assert low <= middle[0] < middle[1] < middle[2] <= high
    assert middle[1] == pytest.approx(100.45e6, rel=5e-3)


def test_a_measured_union_is_the_people() -> None:
    made = overlap(russia(), "0.96", kind="union", share_of="")
    result = of(impacts(calls(made)))
    assert ends(result) == pytest.approx([0.96 * 105e6] * 5)
    assert result["dedup_method"] == "observed_union"


def test_a_share_of_the_base_counts_of_the_base() -> None:
    made = overlap(russia(), "0.8", share_of="")
    forced(of(impacts(calls(made))), 185e6 - 0.8 * 105e6)


def test_an_audience_that_is_not_known_can_add_to_the_union() -> None:
    made = overlap(russia()).add("platforms", platform_id="signal", name="Signal")
    made.restrict("R1", "signal", "telegram", "whatsapp", area_ids="RU", observed_from="2025-08-13")
    result = of(impacts(made))
    assert (result["printed_min_persons"], result["printed_max_persons"]) == pytest.approx(
        (100.45e6, 105e6)
    )
    assert "no figure for some of the platforms" in result["reason"]


# ---- An overlap that audiences and base leave no room for ----


def lines(made: World) -> dict[str, str]:
    """File and line of each fact by its key."""
    return {
        str(row[0]): f"{name}.csv:{line}"
        for name in ("estimates", "bases", "overlaps")
        for line, row in enumerate((list(cells.values()) for cells in made.rows[name]), start=2)
    }


def test_a_contradiction_names_all_four_facts_and_their_lines() -> None:
    # At least 96 + 89 - 105 = 80 of 89 million use both; 0.65 x 89 = 57.85 do not.
    made = calls(overlap(russia(), "0.65"))
    (result,) = list_findings(made)
    at = lines(made)
    assert f"{result.file}:{result.line}" == at["O1"]
    assert (result.table, result.column, result.rule) == ("overlaps", "value", CONTRADICTION)
    for text in (
        f"telegram 89,000,000 (telegram-monthly_reach, {at['telegram-monthly_reach']})",
        f"whatsapp 96,000,000 (whatsapp-monthly_reach, {at['whatsapp-monthly_reach']})",
        f"base 105,000,000 (RU-panel, {at['RU-panel']})",
    ):
        assert text in result.message
    assert "left out" in result.message


def test_it_is_left_out_and_the_restriction_marked() -> None:
    result, plain = (of(impacts(calls(made))) for made in (overlap(russia(), "0.65"), russia()))
    assert ends(result) == ends(plain)
    assert (result["printed_min_persons"], result["printed_max_persons"]) == (96e6, 105e6)
    assert result["dedup_method"] == "latent_factor"
    assert (result["obs_status"], result["reason"]) == (
        "U",
        f"{AGED}; {SENTENCES['overlap_left_out']}",
    )


def test_an_overlap_that_agrees_stays_beside_one_that_does_not() -> None:
    made = calibrated(world()).estimate("E1").estimate("E2", platform_id="beta", value="400000")
    made.estimate("E3", platform_id="gamma", value="100000")
    made.add("overlaps", overlap_id="O1", value="0.1", share_of="beta")
    made.add("overlaps", overlap_id="O2", platform_ids="alpha;gamma", value="1", share_of="gamma")
    (one,) = prepared(made.restrict("R1", "alpha", "beta", "gamma"))[0].bounds.overlaps
    assert one.used_ids == ["O2"]
    assert [item.line for item in list_findings(made)] == [2]
    assert ends(of(impacts(made)))[::4] == [500e3, 700e3]


def test_of_two_overlaps_that_contradict_one_another_the_second_is_left_out() -> None:
    made = overlap(russia(), "0.95")
    overlap(made, "0.99", "O2", kind="union", share_of="", source_id="survey-page")
    (result,) = list_findings(calls(made))
    assert result.line == 3
    assert "O1 (overlaps.csv:2)" in result.message


# ---- Draws ----


def resolved(made: World) -> Resolved:
    (one,) = prepared(made)[0].bounds.overlaps
    return one


def given_overlaps(one: Resolved, shares: list[list[float]], sampler: Sampler) -> pd.DataFrame:
    """Union and bounds of draws (platforms, D) of shares of 105 million."""
    drawn = np.array(shares)
    conditioned = unions.draw_conditioned(
        one, drawn, np.full(sampler.count, 105e6), learned(), sampler
    )
    return pd.DataFrame(
        {"union": conditioned, "low": drawn.max(axis=0), "high": np.minimum(drawn.sum(axis=0), 1.0)}
    )


def test_draws_are_conditioned_on_their_own_audiences() -> None:
    sampler = Sampler(0, 3)
    telegram, whatsapp = [0.84, 0.85, 0.86], [0.92, 0.91, 0.9]
    result = given_overlaps(resolved(calls(overlap(russia()))), [telegram, whatsapp], sampler)
    expected = np.array(whatsapp) + 0.05 * np.array(telegram)
    assert result["union"].to_numpy() == pytest.approx(expected, abs=1e-7)


def test_an_overlap_is_drawn_within_what_each_draw_leaves_room_for() -> None:
    sampler = Sampler(0, 4)
    one = resolved(calls(overlap(russia(), "85000000", unit="persons", share_of="")))
    # 85 million of both: too many where one of the two has fewer, too few where both are all.
    telegram, whatsapp = [0.85, 0.6, 0.5, 0.99], [0.92, 0.9, 0.3, 0.98]
    result = given_overlaps(one, [telegram, whatsapp], sampler)
    assert result["union"][0] == pytest.approx(0.85 + 0.92 - 85 / 105, abs=1e-7)
    assert result["union"].tolist()[1:] == pytest.approx([0.9, 0.5, 1.0], abs=1e-5)


@pytest.mark.parametrize(("limit", "moved"), [("0.5", True), ("1", False)])
def test_a_limit_moves_the_draws_that_are_beyond_it(limit: str, moved: bool) -> None:
    sampler = Sampler(0, 400)
    made = calibrated(world()).estimate("E1").estimate("E2", platform_id="beta", value="400000")
    made.add("overlaps", overlap_id="O1", value=limit, share_of="beta")
    made.rows["overlaps"][-1]["interval_kind"] = "one_sided_max"
    one = resolved(made.restrict("R1", "alpha", "beta"))
    shares = np.array([[0.625] * 400, [0.5] * 400])
    conditioned = unions.draw_conditioned(one, shares, np.full(400, 8e5), learned(), sampler)
    assert np.isnan(conditioned).all() != moved
    # At most half of the 0.5 use both: the union is 0.875 at least.
    assert not moved or conditioned.min() == pytest.approx(0.875, abs=1e-6)


def test_the_error_of_the_model_is_narrowed_as_the_bounds_are() -> None:
    sampler = Sampler(0, 400)
    shares = [[89 / 105] * 400, [96 / 105] * 400]
    exact, ranged, plain = (
        given_overlaps(resolved(calls(overlap(russia(), **cells))), shares, sampler)["union"].std()
        for cells in (
            {"value": "0.95"},
            {"value": "0.95", "low": "0.949", "high": "0.951", "interval_kind": "min_max"},
            {"value": "0.95", "low": "0.90", "high": "1", "interval_kind": "min_max"},
        )
    )
    assert exact == pytest.approx(0.0, abs=1e-9)
    assert 0.0 < ranged < plain / 10


def test_three_services_of_which_two_are_measured() -> None:
    made = calibrated(world()).estimate("E1").estimate("E2", platform_id="beta", value="400000")
    made.estimate("E3", platform_id="gamma", value="100000")
    made.add("overlaps", overlap_id="O1", value="0.9", share_of="beta")
    result = of(impacts(made.restrict("R1", "alpha", "beta", "gamma")))
    low, *middle, high = ends(result)
    # 500 + 400 - 360 = 540 thousand use one of the two; the third adds nobody or all of its own.
    assert (low, high) == pytest.approx((540e3, 640e3))
    # Figures printed to ten thousands move the draws of the two by less than this.
    assert low - 10e3 < middle[0] < middle[1] < middle[2] < high
    assert result["dedup_method"] == "conditioned"
