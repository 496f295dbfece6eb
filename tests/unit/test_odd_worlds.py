"""Odd worlds: facts and days that nobody planned for, and numbers that have to agree anyway."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from audience_impact import pipeline as impact
from audience_impact.answers import records, text
from flows.pipeline import steps
from tests.support import AGED, AS_OF, Results, World, computed, load, row, save, world

pytestmark = pytest.mark.chain

ONE_SIDED = "a figure says only at least or at most"
COEFFICIENTS = {"mean": "-0.3", "between": "0.2", "within": "0.2"}
COEFFICIENTS |= {"area": "0.1", "region": "0.1", "model": "0.2"}
COEFFICIENTS |= {"spread_below": "1.0", "spread_above": "1.0"}


def calibrated(period: str = "2025-06") -> World:
    """The small world with a calibration, two measured services and their daily audiences.

    Daily figures bind on the days of their period alone.
    """
    made = world().estimate("A").estimate("B", platform_id="beta", value="400000")
    for platform, value in (("alpha", "300000"), ("beta", "200000")):
        made.estimate(
            f"D-{platform}",
            platform_id=platform,
            audience_metric="avg_daily_reach",
            value=value,
            period=period,
        )
    made.errors()
    for parameter, value in COEFFICIENTS.items():
        made.add("overlap_calibration", parameter=parameter, value=value)
    return made


def results(made: World, as_of: date = AS_OF) -> Results:
    """The tables that follow, each computed when a test looks at it."""
    typed = made.typed()
    stages, _ = impact.prepare_run(typed, as_of)
    return impact.Outputs(stages, impact.Settings(draws=200))


def exposed(tables: Results, act: str = "R1") -> "pd.Series[float]":
    """The row of the people exposed."""
    return row(tables["impact"], restriction_id=act, impact_metric="people_exposed")


def days(tables: Results, act: str = "R1", period: str = "all") -> "pd.Series[float]":
    """The person-days of an act."""
    return row(tables["person_days"], restriction_id=act, period=period)


STATED = (
    ({"interval_kind": "one_sided_min"}, 500_000, 650_000),
    ({"interval_kind": "one_sided_max"}, 650_000, 700_000),
    ({"unit": "persons", "value": "250000", "share_of": ""}, 650_000, 650_000),
    ({"unit": "persons", "value": "250000"}, 650_000, 650_000),
    ({"unit": "accounts", "value": "250000"}, 500_000, 700_000),
    ({"platform_ids": "one{0};one{0}", "share_of": ""}, 500_000, 700_000),
    ({"share_of": "gamma"}, 500_000, 700_000),
)
"""Cells of an overlap of two services, and the fewest and the most who use one of the two."""


@pytest.fixture(scope="module")
def overlapping() -> Results:
    """For each of STATED two services of its own, of 500 and 400 thousand, and a restriction."""
    made = calibrated()
    for number, (cells, _, _) in enumerate(STATED):
        one, other = f"one{number}", f"other{number}"
        for name, value in ((one, "500000"), (other, "400000")):
            made.add("platforms", platform_id=name, name=name)
            made.estimate(name, platform_id=name, value=value)
        result = {"platform_ids": f"{one};{other}", "share_of": one}
        result |= {name: cell.format(number) for name, cell in cells.items()}
        made.add("overlaps", overlap_id=f"O{number}", **result).restrict(f"R{number}", one, other)
    return results(made)


@pytest.mark.parametrize("number", range(len(STATED)))
def test_an_overlap_says_what_it_says_and_no_more(number: int, overlapping: Results) -> None:
    _, lower, upper = STATED[number]
    result = exposed(overlapping, f"R{number}")
    assert result[["printed_min_persons", "printed_max_persons"]].tolist() == pytest.approx(
        [lower, upper]
    )
    # Audiences are printed to ten thousands: what two of them force is drawn that far off.
    rounding = 10_000
    assert result["q05_persons"] < result["q95_persons"] < upper + rounding
    assert result["q05_persons"] > lower - rounding


def test_before_the_first_restriction_there_are_no_days() -> None:
    result = results(calibrated().restrict("R1", "alpha"), date(2020, 1, 1))
    assert result["person_days"].empty
    assert result["impact_by_area"].empty


def test_an_empty_register_of_a_full_country_gives_empty_tables() -> None:
    result = results(calibrated())
    assert all(result[name].empty for name in ("impact", "person_days", "impact_by_area"))


def test_without_a_calibration_every_gap_says_so() -> None:
    made = calibrated().restrict("R1", "alpha")
    made.rows.pop("overlap_calibration")
    result = results(made)
    assert pd.isna(exposed(result)["q50_persons"])
    assert (
        exposed(result)["printed_min_persons"] == exposed(result)["printed_max_persons"]
    )  # the bounds meet
    for one in (days(result), result["impact_by_area"].iloc[0]):
        assert "no calibration of joint use among the facts" in one["reason"]
        assert one["obs_status"] in ("U", "M")


@pytest.mark.parametrize("kind", ["one_sided_min", "one_sided_max"])
def test_a_figure_that_is_a_limit_gives_no_estimate_and_says_so(kind: str) -> None:
    made = calibrated().restrict("R1", "alpha", "beta")
    made.rows["estimates"][0]["interval_kind"] = kind
    result = exposed(results(made))
    assert pd.isna(result["q50_persons"])
    assert (result["obs_status"], result["reason"]) == ("U", f"{ONE_SIDED}; {AGED}")


def test_a_region_bounds_the_days_and_the_window_as_well() -> None:
    made = calibrated().base("XA-01-all", area_id="XA-01", population_base="all_ages")
    made.rows["bases"][-1]["persons"] = "1000"
    made.restrict("R1", "alpha", area_ids="XA-01", geo_scope="region", observed_from="2026-01-01")
    result = results(made)
    assert days(result)["printed_max_person_days"] == pytest.approx(31 * 1000)
    assert set(result["impact_by_area"]["printed_max_persons"]) == {1000}
    window = exposed(result)[["window_printed_min_persons", "window_printed_max_persons"]]
    assert window.tolist() == [0, 1000]
    part = result["impact_by_platform"].iloc[0]
    assert part["window_printed_min_persons"] == 0
    assert pd.isna(part["window_persons"])


def test_a_country_has_at_least_the_people_of_each_of_its_restrictions() -> None:
    made = calibrated().estimate("A2", value="600000", period="2025-08")
    made.restrict("R1", "alpha").restrict("R2", "alpha", observed_from="2025-10-01")
    result = results(made)
    year = row(result["impact_by_area"], area_id="XA", period="2025")
    assert year["printed_min_persons"] == exposed(result, "R2")["printed_min_persons"] == 600_000
    for quantile in ("q05_persons", "q50_persons", "q95_persons"):
        assert year[quantile] >= exposed(result, "R2")[quantile] > 0


def test_a_measured_overlap_holds_for_the_country_too() -> None:
    made = calibrated().restrict("R1", "alpha", "beta")
    made.add("overlaps", overlap_id="O1", share_of="alpha")
    result = results(made)
    year = row(result["impact_by_area"], area_id="XA", period="2025")
    assert year["printed_min_persons"] == pytest.approx(650_000)


def test_days_of_two_countries_are_not_added() -> None:
    made = calibrated().restrict("R1", "alpha", area_ids="XA;XB", observed_from="2026-01-01")
    assert days(results(made))["days"] == 31


def test_an_end_before_the_last_possible_start_leaves_one_day() -> None:
    ended = {"end_status": "ended", "end_source": "recorded", "ended_on": "2025-07"}
    result = days(results(calibrated("2025-07").restrict("R1", "alpha", **ended)))
    assert result["printed_min_person_days"] == 300_000
    assert result["q50_person_days"] == pytest.approx(17 * 300_000, rel=5e-3)


def test_a_start_known_to_the_month_is_certain_from_its_last_day() -> None:
    result = days(results(calibrated("2026-01").restrict("R1", "alpha", observed_from="2026-01")))
    assert result["printed_min_person_days"] == 300_000
    assert result["q50_person_days"] == pytest.approx(31 * 300_000, rel=5e-3)


def test_an_unknown_end_is_the_reason_and_imputed_days_run_out_at_zero() -> None:
    made = calibrated().restrict("R1", "alpha", end_status="unknown", end_source="missing")
    made.restrict("R2", "alpha", end_status="ended", end_source="recorded", ended_on="2025-07-20")
    later = days(results(made), period="2026")
    assert later["reason"] == "an end is not known"
    assert (later["imputed_days"], later["imputed_q50_person_days"]) == (0, 0)


def test_what_was_never_carried_out_has_a_median_of_nobody() -> None:
    result = exposed(results(calibrated().restrict("R1", "alpha", end_status="withdrawn")))
    assert result[["q05_persons", "q50_persons", "q95_persons"]].tolist() == [0, 0, 0]
    assert pd.isna(result["window_printed_max_persons"])


def test_a_share_that_is_a_limit_bounds_on_its_side_alone() -> None:
    made = calibrated().restrict("R1")
    made.add("restriction_targets", restriction_id="R1", feature="voice_call")
    made.base("XA-adults", population_base="age_18_plus", persons="600000", period="2025")
    made.add("feature_use", feature_use_id="F1", interval_kind="one_sided_min")
    result = row(
        results(made)["impact"], restriction_id="R1", impact_metric="people_feature_exposed"
    )
    assert result["printed_max_persons"] == 500_000
    assert "a limit taken for the share itself" in result["reason"]


def test_an_act_without_targets_is_told(tmp_path: Path) -> None:
    done = computed(calibrated().restrict("R1").write(tmp_path / "facts"))
    version = steps.publish_results(done, tmp_path / "published", None)
    record = records.build_record(version.version.read_arrow, "R1")
    shown = text.render_restriction(record)
    assert "no platform on record" in shown
    assert "some in part" not in shown


@pytest.mark.parametrize("table", ["feature_use", "overlaps", "estimates", "restriction_targets"])
@pytest.mark.filterwarnings("error")
def test_a_table_without_rows_is_no_error(small_facts: Path, table: str) -> None:
    save(small_facts / f"{table}.csv", load(small_facts / f"{table}.csv")[0], [])
    assert computed(small_facts).tables["impact"].num_rows


def test_a_contradicting_overlap_is_named_with_its_line(tmp_path: Path) -> None:
    made = calibrated().restrict("R1", "alpha", "beta")
    made.add("overlaps", overlap_id="X1", value="0.1", share_of="beta")
    quality = computed(made.write(tmp_path / "facts")).frames["quality"].set_index("check")
    details = quality["details"]["overlaps_contradict"]
    assert "overlaps.csv:2:value" in details
    assert "left out" in details
