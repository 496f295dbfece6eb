"""Restrictions over time: daily figures, spans, and who is counted once."""

import numpy as np
import pandas as pd
import pytest

from audience_impact.pipeline import Stages
from audience_impact.simulation import reach, timeline, unions, worlds
from audience_impact.vocabulary import RestrictionKind
from tests.engine import calls, known, prepared, russia, scoped
from tests.support import World, row, world


def day(text: str) -> pd.Timestamp:
    return pd.Timestamp(text)


def windows(stages: Stages) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return the audiences, their daily figures and the periods of the restrictions."""
    inputs = stages.inputs
    return inputs.sizes, inputs.daily, stages.simulation.timeline.periods


# ---- The daily figure ----

FRESH = {"period": "2025-06", "value": "110000"}  # ends 14 days before the start on 15 July
LATER = {"period": "2025-09", "value": "120000"}
OLD = {"period": "2025-03", "value": "130000"}  # ends 105 days before
TOO_LATE = {"period": "2025-10-16", "value": "140000"}  # ends 94 days after the start


CHOSEN = (
    ((FRESH, LATER, OLD), 110000, 0),
    ((LATER, OLD), 120000, 78),
    ((OLD, TOO_LATE), 130000, 0),
    ((FRESH, {**FRESH, "period": "2025-05", "value": "1"}), 110000, 0),
    ((LATER, {**LATER, "period": "2025-08", "value": "1"}), 1, 48),
    (({**FRESH, "audience_metric": "dau", "value": "1"}, FRESH), 110000, 0),
    (({**FRESH, "audience_metric": "daily_reach", "value": "1"}, FRESH), 110000, 0),
    (({**FRESH, "audience_metric": "dau"}, {**FRESH, "audience_metric": "daily_reach"}), 110000, 0),
    # An average of a month ago before the count of one day of this month.
    (({"audience_metric": "dau", "period": "2025-07-14", "value": "1"}, FRESH), 110000, 0),
    (({**FRESH, "source_id": "relay-1", "value": "1"}, FRESH), 110000, 0),
)
"""Figures of a service, the persons of the one that is taken, and its days after the start."""
NONE_DAILY = (
    TOO_LATE,
    {**FRESH, "audience_metric": "monthly_reach"},
    {**FRESH, "audience_metric": "weekly_reach"},
    {**FRESH, "age": "18-24"},
)
LIMITS = ("one_sided_min", "one_sided_max")


@pytest.fixture(scope="module")
def daily() -> pd.DataFrame:
    """The daily figures, by service: each case is one, restricted alone in a world of all."""
    made = world()
    cases = {f"chosen{number}": figures for number, (figures, _, _) in enumerate(CHOSEN)}
    cases |= {f"none{number}": (cells,) for number, cells in enumerate(NONE_DAILY)}
    cases |= {kind: ({**FRESH, "interval_kind": kind},) for kind in LIMITS}
    for name, figures in cases.items():
        made.add("platforms", platform_id=name, name=name).restrict(name, name)
        for place, cells in enumerate(figures):
            result = {"audience_metric": "avg_daily_reach", **cells}
            made.estimate(f"{name}-{place}", platform_id=name, **result)
    return known(made).daily.set_index("platform_id")


@pytest.mark.parametrize("number", range(len(CHOSEN)))
def test_the_daily_figure(number: int, daily: pd.DataFrame) -> None:
    _, chosen, late = CHOSEN[number]
    result = daily.loc[f"chosen{number}"]
    assert (result["daily_persons"], result["late_days"]) == (chosen, late)


@pytest.mark.parametrize("number", range(len(NONE_DAILY)))
def test_what_is_no_daily_figure(number: int, daily: pd.DataFrame) -> None:
    assert f"none{number}" not in daily.index


@pytest.mark.parametrize(
    ("kind", "least", "most"), [(LIMITS[0], 110000, None), (LIMITS[1], 0, 110000)]
)
def test_a_limit_is_a_bound_on_its_side_alone(
    kind: str, least: int, most: int | None, daily: pd.DataFrame
) -> None:
    result = daily.loc[kind]
    assert pd.isna(result["daily_persons"])
    assert (result["daily_least_persons"], result["shape"]) == (least, "")
    assert pd.isna(result["daily_most_persons"]) if most is None else True
    assert most is None or result["daily_most_persons"] == most


# ---- Spans ----


def spans(**acts: dict[str, str]) -> pd.DataFrame:
    made = world()
    for name, cells in acts.items():
        made.restrict(name, "alpha", **cells)
    return timeline.list_periods(scoped(made))


def span(**cells: str) -> "pd.Series[pd.Timestamp]":
    return spans(R1=cells).loc["R1"]


ENDED = {"ended_on": "2025-07-20", "end_status": "ended"}


def days(found: "pd.Series[pd.Timestamp]") -> list[str]:
    names = ["from_day", "least_end", "end", "most_end"]
    return [f"{found[name]:%Y-%m-%d}" for name in names]


def test_from_the_observed_day_to_the_day_after_the_recorded_one() -> None:
    assert days(span(**ENDED)) == ["2025-07-15", *["2025-07-21"] * 3]


@pytest.mark.parametrize(
    ("cells", "first"),
    [
        ({"announced_on": "2025-07-01"}, "2025-07-15"),
        ({"announced_on": "2025-07-01", "observed_from": ""}, "2025-07-01"),
        ({"announced_on": "2025-07-10", "observed_from": "2025-07"}, "2025-07-10"),
        ({"observed_from": "2025-07"}, "2025-07-01"),
    ],
)
def test_where_no_day_was_observed_it_starts_with_the_announcement(
    cells: dict[str, str], first: str
) -> None:
    assert span(**cells, **ENDED)["from_day"] == day(first)


def test_what_is_ongoing_ends_with_the_day_of_the_facts() -> None:
    result = span()
    assert days(result) == ["2025-07-15", *["2026-02-01"] * 3]
    assert not result["is_end_unknown"]


def test_an_end_in_a_month_is_early_or_late_in_it() -> None:
    result = span(ended_on="2025-08", end_status="ended")
    assert days(result)[1:4] == ["2025-08-02", "2025-09-01", "2025-09-01"]


@pytest.mark.parametrize("cells", [{"end_status": "unknown"}, {"end_status": "ended"}])
def test_an_unknown_end_counts_one_day_and_at_most_to_the_day_of_the_facts(
    cells: dict[str, str],
) -> None:
    result = span(**cells)
    assert days(result)[:4] == ["2025-07-15", "2025-07-16", "2025-07-17", "2026-02-01"]
    assert result["is_end_unknown"]


def test_an_unknown_end_is_imputed_by_the_length_of_the_same_severity() -> None:
    def of_days(last: int, severity: str = "service_unavailable") -> dict[str, str]:
        return {"ended_on": f"2025-07-{last}", "end_status": "ended", "severity": severity}

    result = spans(
        A=of_days(15), B=of_days(17), C=of_days(24), D=of_days(31, "degraded"),
        E={"end_status": "unknown"}, F={"end_status": "unknown", "severity": "degraded"},
        G={"end_status": "unknown", "severity": "feature_unavailable"},
        H={"severity": "feature_unavailable"},
    )  # fmt: skip
    # 1, 3 and 10 days of the first kind, 17 of the second, none of the third.
    short, long, neither = (days(result.loc[name])[2] for name in "EFG")
    assert "2025-07-16" < short <= neither <= long < "2025-08-01"
    assert short < long
    assert [days(result.loc[name])[1] for name in "EFG"] == ["2025-07-16"] * 3
    assert [days(result.loc[name])[3] for name in "EFG"] == ["2026-02-01"] * 3


def test_a_row_of_a_register_counts_no_day_after_the_year_of_its_last_edition() -> None:
    listed = {"listed_until": "2025-12-31"}
    result = spans(
        A={"end_status": "ongoing", **listed},
        B={"end_status": "unknown", **listed},
        C={"end_status": "ongoing"},
        D={"observed_from": "2026-01-05", "end_status": "ongoing", **listed},
        E={"ended_on": "2026-01-08", "end_status": "ended", **listed},  # as the register says
    )
    last_days = "2026-01-01 2026-01-01 2026-02-01 2026-01-06 2026-01-09"
    assert [days(result.loc[name])[3] for name in "ABCDE"] == last_days.split()


def test_what_begins_after_the_day_of_the_facts_is_in_force_on_no_day() -> None:
    later = {"observed_from": "2026-05-01", "end_status": "ongoing"}
    result = spans(A=later, B={**later, "listed_until": "2026-12-31"})
    for name in "AB":
        assert result.loc[name, "most_end"] <= result.loc[name, "from_day"]


def test_what_no_later_edition_lists_ended_within_the_year_of_its_own() -> None:
    within = {
        "ended_on": "2025-09-01/2025-12-31",
        "end_status": "ended",
        "end_source": "not_listed_later",
    }
    result = span(**within)
    assert result["is_end_unknown"]
    assert days(result)[0] == "2025-07-15"
    assert days(result)[1] == "2025-09-02"
    assert days(result)[3] == "2026-01-01"
    assert "2025-09-02" <= days(result)[2] <= "2026-01-01"
    assert not span(**{**within, "end_source": "recorded"})["is_end_unknown"]


@pytest.mark.parametrize("cells", [{"severity": "none"}, {"end_status": "withdrawn"}])
def test_what_was_never_carried_out_is_never_in_force(cells: dict[str, str]) -> None:
    assert pd.isna(span(**cells)["from_day"])


# ---- One audience a platform ----


def members(*rows: tuple[int, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["set_id", "row"])


def audiences(*rows: tuple[str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["restriction_id", "platform_id"])
    return frame.assign(row=frame.index)


BEGAN = pd.DataFrame(
    {"from_day": pd.to_datetime(["2025-03-01", "2025-02-01", "2025-04-01"])},
    index=pd.Index(["R1", "R2", "R3"], name="restriction_id"),
)


def test_of_a_platform_the_audience_of_the_restriction_that_began_first_stays() -> None:
    rows = audiences(("R1", "alpha"), ("R2", "alpha"), ("R3", "alpha"), ("R3", "beta"))
    asked = members((0, 0), (0, 1), (0, 3), (1, 0), (1, 2))
    result = unions.keep_one_per_platform(asked, rows, BEGAN)
    assert result.to_numpy().tolist() == [[0, 1], [0, 3], [1, 0]]
    shuffled = unions.keep_one_per_platform(asked[::-1], rows, BEGAN)
    assert shuffled.to_numpy().tolist() == result.to_numpy().tolist()


def test_the_whole_internet_swallows_every_service() -> None:
    rows = audiences(("R1", "alpha"), ("R2", "beta"), ("R3", "*"))
    result = unions.keep_one_per_platform(
        members((0, 0), (0, 1), (0, 2), (1, 0), (1, 1)), rows, BEGAN
    )
    assert result.to_numpy().tolist() == [[0, 2], [1, 0], [1, 1]]


def test_bounds_of_a_day_are_those_of_frechet() -> None:
    rows = pd.DataFrame({"row": range(4), "platform_id": list("abcd"), "where": "XA"})
    low, high, base = (
        np.array(each)[:, None]
        for each in ([50.0, 40.0, 10.0, 5.0], [50.0, 45.0, 20.0, 5.0], [80.0, 80.0, np.inf, 80.0])
    )
    limits = worlds.Limits(low, high, high, base)
    asked = members((0, 0), (0, 1), (1, 1), (1, 3), (2, 0), (2, 2))
    assert worlds.find_largest(asked, limits.low, 3)[:, 0].tolist() == [50.0, 40.0, 50.0]
    assert worlds.add_audiences(asked, rows, limits, 3)[:, 0].tolist() == [95.0, 50.0, 70.0]
    most = worlds.bound_most(asked, rows, limits, 3)[:, 0].tolist()
    assert most == [80.0, 50.0, 70.0]  # without a base nothing caps the sum


# ---- The rows that are swept ----


def swept(made: World) -> pd.DataFrame:
    line = prepared(made)[0].simulation.timeline
    limits = {
        f"{span}_{end}_persons": getattr(of_span, end)[:, 0]
        for span, of_span in (("daily", line.daily_limits), ("monthly", line.monthly_limits))
        for end in ("low", "high")
    }
    return line.rows.assign(**limits).set_index(["restriction_id", "platform_id"])


@pytest.mark.chain
def test_a_month_alone_gives_a_day_between_a_thirtieth_and_all_of_it() -> None:
    result = swept(world().estimate("E1").restrict("R1", "alpha")).iloc[0]
    assert result["daily_low_persons"] == pytest.approx(500e3 / 30)
    assert (result["daily_high_persons"], result["monthly_low_persons"]) == (500e3, 500e3)
    assert (result["is_certain"], result["is_daily_measured"]) == (True, False)


@pytest.mark.chain
def test_a_daily_figure_binds_on_the_days_of_its_own_period_alone() -> None:
    made = russia()
    for figure in made.rows["estimates"]:
        if figure["audience_metric"] == "avg_daily_reach":
            figure["period"] = "2025-09"
    result = swept(calls(made)).loc[("R1", "telegram")]
    assert result["from_limit"].dt.strftime("%Y-%m").tolist() == ["2025-01", "2025-09", "2025-10"]
    low, high = 89e6 / 30, 89e6
    assert result["daily_low_persons"].tolist() == pytest.approx([low, 68e6, low])
    assert result["daily_high_persons"].tolist() == [high, 68e6, high]
    assert result["is_certain"].all()
    assert result["is_daily_measured"].all()


@pytest.mark.chain
def test_internet_users_of_three_months_give_a_ninetieth_on_a_day() -> None:
    made = world().base("online", population_base="internet_all", period="2025", persons="900000")
    made.restrict("R1", "*", observed_from="2026-01-10", ended_on="2026-01-12", end_status="ended")
    result = swept(made).iloc[0]
    assert result["daily_low_persons"] == pytest.approx(900e3 / 90)


@pytest.mark.chain
def test_a_limit_on_a_day_is_a_lower_bound_alone() -> None:
    limit = {"audience_metric": "dau", "value": "200000", "interval_kind": "one_sided_min"}
    made = world().estimate("E1").estimate("D1", period="2025-07", **limit)
    made.restrict("R1", "alpha", ended_on="2025-07-24", end_status="ended")
    result = swept(made).iloc[0]
    assert (result["daily_low_persons"], result["daily_high_persons"]) == (200e3, 500e3)
    assert not result["is_daily_measured"]


@pytest.mark.chain
def test_an_ongoing_restriction_has_the_audience_of_its_first_day_in_every_year() -> None:
    made = world().estimate("E1")
    for year, persons in (("2025", "700000"), ("2026", "900000")):
        made.base(f"B{year}", period=year, persons=persons)
    result = swept(made.restrict("R1", "alpha", observed_from="2025-07-15"))
    assert result["base_persons"].tolist() == [700e3, 700e3]
    assert result["online_persons"].tolist() == [700e3, 900e3]
    assert result["monthly_high_persons"].tolist() == [500e3, 500e3]


@pytest.mark.chain
def test_years_that_begin_long_after_the_first_day_are_older() -> None:
    made = world().estimate("E1", period="2024-06")
    for year, persons in (("2024", "700000"), ("2025", "800000"), ("2026", "900000")):
        made.base(f"B{year}", period=year, persons=persons)
    made.restrict("R1", "alpha", observed_from="2024-07-15")
    line = prepared(made)[0].simulation.timeline
    assert line.rows["monthly_high_persons"].tolist() == [500e3] * 3
    years = line.rows[["row"]].assign(period=["2024", "2025", "2026"])
    kinds = timeline.spread_kinds(line, years).groupby("kind")["period"].agg(list)
    assert kinds[RestrictionKind.OLDER.value] == ["2026"]
    assert kinds[RestrictionKind.BEGAN.value] == ["2024"]


@pytest.mark.chain
def test_without_any_figure_a_restriction_is_not_complete() -> None:
    made = world().estimate("E1").restrict("R1", "alpha", "gamma").restrict("R2", "alpha")
    result = swept(made)
    assert result["is_certain"].all()
    first = result[result["from_limit"].dt.year == 2025]
    assert first["is_complete"].to_dict() == {
        ("R1", "alpha"): False,
        ("R1", "gamma"): False,
        ("R2", "alpha"): True,
    }
    gamma = first.loc[("R1", "gamma")]
    assert (gamma["daily_low_persons"], gamma["daily_high_persons"]) == (0.0, 700e3)


@pytest.mark.chain
def test_reach_in_the_days_a_restriction_lasted() -> None:
    stages, _ = prepared(calls(russia()))
    result = row(reach.window_by_platform(*windows(stages)), platform_id="telegram")
    assert result["window_days"] == 141
    assert result["window_printed_min_persons"] == 89e6  # no fewer than in a month
    assert 89e6 <= result["window_persons"] <= result["window_printed_max_persons"] <= 105e6
    both = reach.window_by_restriction(*windows(stages)).loc["R1"]
    assert (both["window_printed_min_persons"], both["window_printed_max_persons"]) == (96e6, 105e6)


@pytest.mark.chain
def test_reach_of_a_day_is_no_less_than_the_daily_audience() -> None:
    made = calls(russia(), ended_on="2025-08-13")
    stages, _ = prepared(made)
    result = reach.window_by_platform(*windows(stages))
    assert result["window_days"].tolist() == [1, 1]
    assert result["window_persons"].tolist() == pytest.approx([68.0e6, 82.1e6], rel=1e-6)


@pytest.mark.chain
def test_reach_of_an_unknown_time_is_unknown() -> None:
    made = calls(russia(), ended_on="", end_status="unknown")
    stages, _ = prepared(made)
    result = reach.window_by_restriction(*windows(stages)).loc["R1"]
    assert np.isnan(result["window_days"])
    assert np.isnan(result["window_printed_min_persons"])
    assert np.isnan(result["window_printed_max_persons"])


def test_places_of_one_country_add_up_to_the_whole_country_at_most() -> None:
    """Two regions without internet are at most their people together, not the larger of them."""
    rows = pd.DataFrame(
        {"row": range(3), "platform_id": ["*", "*", "x"], "where": ["XA-1", "XA-2", "XA"]}
    )
    limits = worlds.Limits(
        np.zeros((3, 1)),
        np.array([[30.0], [50.0], [10.0]]),
        np.array([[70.0], [70.0], [10.0]]),
        np.full((3, 1), 75.0),
    )
    asked = members((0, 0), (1, 0), (1, 1), (2, 0), (2, 1), (2, 2))
    assert worlds.add_audiences(asked, rows, limits, 3)[:, 0].tolist() == [30.0, 70.0, 80.0]
    assert worlds.bound_most(asked, rows, limits, 3)[:, 0].tolist() == [30.0, 70.0, 75.0]
