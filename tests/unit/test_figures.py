"""Which published figure stands for a platform, an area and a day."""

import pandas as pd
import pytest

from audience_impact.audiences import distributions, figures
from audience_impact.denominators.denominators import Denominators
from tests.support import World, row, world

START = "2025-07-15"
TABLES = ("estimates", "bases", "online_levels", "lineages", "sources")


def usable(made: World) -> pd.DataFrame:
    """The figures of a world that may stand for an audience, in persons."""
    tables = made.typed(*TABLES)
    return figures.list_qualifying_figures(tables, Denominators(tables))


def spoken(made: World, start: str = START, platform: str = "alpha") -> pd.DataFrame:
    """The figures that stand for a platform in XA on a day."""
    return figures.choose_figures(figures.select_before_start(pair(start, platform), usable(made)))


def pair(start: str, platform: str, before: str = "") -> pd.DataFrame:
    """One restriction of one platform in one country, or a step of an act that began `before`."""
    return pd.DataFrame(
        {
            "restriction_id": ["R1"],
            "country_id": ["XA"],
            "platform_id": [platform],
            "start": [pd.Timestamp(start)],
            "before": [pd.Timestamp(before or start)],
            "is_existing_use": [True],
        }
    )


def ids(made: World, start: str = START) -> list[str]:
    """Which estimates are chosen."""
    return sorted(spoken(made, start)["estimate_id"])


def audience(made: World, start: str = START) -> "pd.Series[float]":
    """The range that the chosen figures span."""
    return figures.summarise_audiences(pair(start, "alpha"), spoken(made, start)).iloc[0]


def limits(made: World, start: str = START) -> tuple[float, float]:
    """At least and at most; -1 where nothing limits."""
    result = audience(made, start).fillna({"low_persons": -1.0, "high_persons": -1.0})
    return result["low_persons"], result["high_persons"]


@pytest.mark.parametrize(
    ("start", "chosen"),
    [
        ("2025-03-31", []),
        ("2025-04-01", ["MARCH"]),
        ("2025-06-30", ["MARCH"]),
        ("2025-07-01", ["JUNE"]),
        ("2025-08-31", ["JUNE"]),
        ("2025-09-01", ["AUGUST"]),
    ],
)
def test_the_last_period_that_ends_no_later_than_the_start(start: str, chosen: list[str]) -> None:
    made = world().estimate("MARCH", period="2025-03").estimate("JUNE", period="2025-06")
    assert ids(made.estimate("AUGUST", period="2025-08"), start) == chosen


@pytest.mark.parametrize(("period", "chosen"), [("2025-06", ["FULL"]), ("2024-06", ["OVER"])])
def test_a_minimum_of_a_better_kind_hides_no_newer_full_figure(
    period: str, chosen: list[str]
) -> None:
    made = world().estimate("OVER", period="2025-03", interval_kind="one_sided_min")
    full = {"audience_metric": "unspecified", "measurement_series_id": "other"}
    assert ids(made.estimate("FULL", period=period, **full)) == chosen


def test_of_two_periods_with_the_same_end_the_longer_stands() -> None:
    made = world().estimate("JUNE", period="2025-06").estimate("QUARTER", period="2025-Q2")
    assert ids(made) == ["QUARTER"]


@pytest.mark.parametrize(
    "cells",
    [
        {"unit": "accounts"},
        {"unit": "identities"},
        {"age": "18-24"},
        {"sex": "F"},
        {"population_base": "custom"},
        {"audience_metric": "ad_audience", "unit": "persons"},
        {"audience_metric": "installs"},
        {"audience_metric": "feature_users"},
        {"audience_metric": "survey_daily"},
        {"platform_id": "beta"},
        {"area_id": "XB"},
        {"area_id": "XA-01"},
    ],
)
def test_what_does_not_count_the_people_of_the_country_never_stands(cells: dict[str, str]) -> None:
    assert ids(world().estimate("E1")) == ["E1"]
    assert ids(world().estimate("E1", **cells)) == []


def relayed(*values: str) -> World:
    """One measurement as several newspapers print it."""
    made = world()
    for place, value in enumerate(values, 1):
        made.estimate(f"E{place}", value=value, source_id=f"relay-{(place - 1) % 3 + 1}")
    return made


def test_of_relays_the_value_that_most_of_them_print() -> None:
    made = relayed("510000", "490000", "490000")
    assert limits(made) == (490000.0, 490000.0)
    chosen = spoken(made).iloc[0]
    assert (chosen["estimate_id"], chosen["pages_count"]) == ("E2", 3)


def test_a_page_votes_for_the_finer_printing_that_it_rounds_or_cuts_off() -> None:
    assert ids(relayed("520000", "517600", "517000", "490000", "490000")) == ["E2"]
    assert ids(relayed("490000", "517600", "490000", "490000", "520000")) == ["E1"]


def stepped(made: World, before: str) -> list[str]:
    """Which estimates speak for a step of 15 July of an act that began earlier."""
    wanted = pair(START, "alpha", before)
    known = usable(made)
    return sorted(figures.choose_figures(figures.select_before_start(wanted, known))["estimate_id"])


def test_a_step_takes_the_audience_from_before_the_first_or_nearest_to_it() -> None:
    made = world().estimate("MARCH", period="2025-03").estimate("MAY", period="2025-05")
    made.estimate("JUNE", period="2025-06")
    assert stepped(made, "2025-04-10") == ["MARCH"]
    assert stepped(made, "2025-03-10") == ["MARCH"]  # all are later: the nearest
    made.estimate("OTHER", period="2025-02", source_id="other-panel-page")
    assert stepped(made, "2025-03-10") == ["OTHER"]
    made.estimate("DAY", period="2025-01", audience_metric="dau")
    assert stepped(made, "2025-01-10") == ["OTHER", "MARCH"][::-1]


def test_what_no_existing_user_comes_upon_has_no_figure() -> None:
    wanted = pair(START, "alpha").assign(is_existing_use=False)
    known = usable(world().estimate("E1"))
    assert figures.select_before_start(wanted, known).empty


def test_the_measurers_own_page_stands_before_any_number_of_relays() -> None:
    made = relayed("490000", "490000", "490000").estimate("OWN", value="510000")
    assert ids(made) == ["OWN"]


def test_a_plain_value_stands_before_over_so_many() -> None:
    made = relayed("490000").estimate(
        "E0", value="490000", interval_kind="one_sided_min", source_id="relay-2"
    )
    assert ids(made) == ["E1"]


def test_of_equals_the_first_by_name_whatever_the_order_of_rows() -> None:
    made = relayed("500001", "500002", "500003")
    assert ids(made) == ["E1"]
    made.rows["estimates"].reverse()
    assert ids(made) == ["E1"]


def test_several_lineages_give_a_range() -> None:
    made = world().estimate("E1").estimate("E2", value="450000", source_id="other-panel-page")
    result = audience(made)
    assert (result["low_persons"], result["high_persons"]) == (450000.0, 500000.0)
    assert (result["measurement_series_count"], result["measurement_series_id"]) == (2, "")


def test_each_lineage_speaks_with_its_own_latest_period() -> None:
    made = (
        world()
        .estimate("E1")
        .estimate("E2", value="450000", source_id="other-panel-page", period="2024-06")
    )
    result = audience(made)
    assert (result["low_persons"], result["high_persons"]) == (450000.0, 500000.0)
    assert result["period"] == "2024-06;2025-06"
    assert 12 < result["age_months"] < 13


def test_a_relay_of_another_measurer_is_that_measurers_voice() -> None:
    made = world().estimate(
        "E1", value="450000", source_id="relay-1", measurement_series_id="other-panel"
    )
    assert audience(made.estimate("E2"))["measurement_series_count"] == 2


@pytest.mark.parametrize(("cells", "expected"), [
    ({}, (500000.0, 500000.0)),
    ({"interval_kind": "one_sided_min"}, (500000.0, -1.0)),
    ({"interval_kind": "one_sided_max"}, (0.0, 500000.0)),
    ({"value": "", "low": "400000", "high": "600000", "interval_kind": "min_max"},
     (400000.0, 600000.0)),
    ({"value": "", "low": "400000", "high": "600000", "interval_kind": "ci95"},
     (400000.0, 600000.0)),
    ({"value": "", "low": "400000", "high": "600000"}, (400000.0, 600000.0)),
    ({"low": "400000", "high": "600000", "interval_kind": "ci95"}, (400000.0, 600000.0)),
    ({"low": "400000", "interval_kind": "min_max"}, (400000.0, 500000.0)),
])  # fmt: skip
def test_what_a_figure_says_at_least_and_at_most(
    cells: dict[str, str], expected: tuple[float, float]
) -> None:
    assert limits(world().estimate("E1", **cells)) == expected


TIERS = [
    ("monthly_reach", "panel-page"),
    ("survey_monthly", "survey-page"),
    ("mau", "other-panel-page"),
    ("unspecified", "census-page"),
    ("daily_reach", "panel-page"),
]


@pytest.mark.parametrize("better", range(len(TIERS) - 1))
def test_only_the_best_kind_of_figure_speaks_even_an_older_one(better: int) -> None:
    made = world()
    for place, (metric, source) in enumerate(TIERS[better:]):
        made.estimate(
            f"E{place}",
            audience_metric=metric,
            source_id=source,
            period="2025-05" if place == 0 else "2025-06",
        )
    assert ids(made) == ["E0"]
    assert audience(made)["metric"] == TIERS[better][0]


@pytest.mark.parametrize("metric", ["daily_reach", "avg_daily_reach", "weekly_reach", "dau", "wau"])
def test_a_daily_or_weekly_figure_is_a_floor(metric: str) -> None:
    assert limits(world().estimate("E1", audience_metric=metric)) == (500000.0, -1.0)


def test_of_daily_figures_of_the_latest_day_the_highest_is_the_floor() -> None:
    made = world().estimate("E1", audience_metric="daily_reach", value="300000")
    made.estimate("E2", audience_metric="weekly_reach", value="400000", period="2025-06")
    assert limits(made) == (400000.0, -1.0)


def test_a_company_enters_only_where_nothing_better_exists() -> None:
    alone = world().estimate(
        "E1", audience_metric="monthly_reach", source_id="company-page", period="2025-06-30"
    )
    assert ids(alone) == ["E1"]
    assert audience(alone)["metric_priority"] == distributions.WEAK
    assert ids(alone.estimate("E2", audience_metric="mau", period="2024-01")) == ["E2"]


def test_a_company_s_daily_figure_stays_a_floor() -> None:
    made = world().estimate("E1", audience_metric="dau", source_id="company-page")
    assert audience(made)["metric_priority"] == distributions.FLOOR


def test_a_share_times_the_base_of_the_same_measurer() -> None:
    made = world().estimate("E1", unit="share", value="0.5")
    assert limits(made) == (350000.0, 350000.0)
    assert audience(made)["is_from_share"]
    assert spoken(made)["share_base_id"].tolist() == ["XA-panel"]


def test_of_the_measurers_bases_the_nearest_in_time_turns_a_share_into_people() -> None:
    made = world().base("XA-older", period="2024-12", persons="600000")
    assert limits(made.estimate("E1", unit="share", value="0.5", period="2025-02")) == (
        300000.0,
        300000.0,
    )


@pytest.mark.parametrize(
    "cells",
    [{"source_id": "other-panel-page"}, {"population_base": "internet_all"}, {"period": "2024-01"}],
)
def test_a_share_without_such_a_base_says_nothing(cells: dict[str, str]) -> None:
    assert ids(world().estimate("E1", unit="share", value="0.5", **cells)) == []


def test_a_range_of_shares_becomes_a_range_of_people() -> None:
    made = world().estimate(
        "E1", unit="share", value="", low="0.3", high="0.4", interval_kind="min_max"
    )
    assert limits(made) == (210000.0, 280000.0)


@pytest.mark.parametrize(
    ("months", "word"),
    [
        (0.0, "fresh"),
        (3.0, "fresh"),
        (3.01, "ageing"),
        (12.0, "ageing"),
        (12.01, "stale"),
        (24.0, "stale"),
        (24.01, "expired"),
        (1000.0, "expired"),
        (float("nan"), ""),
    ],
)
def test_staleness(months: float, word: str) -> None:
    assert figures.classify_staleness(pd.Series([months])).tolist() == [word]


def base_of(
    made: World,
    by: list[str],
    start: str = "2025-07-15",
    lineage: str = "panel",
    window: int | None = 366,
) -> str:
    """The base found for a population, or nothing."""
    tables = made.typed(*TABLES)
    wanted = pd.DataFrame(
        {
            "country_id": ["XA"],
            "start": [pd.Timestamp(start)],
            "population_base": ["internet_12_plus"],
            "measurement_series_id": [lineage],
        }
    )
    nearest = Denominators(tables).find_nearest(wanted, by, window)
    return str(nearest["base_id"].get(0, ""))


OWN, ANY = ["population_base", "measurement_series_id"], ["population_base"]


@pytest.mark.parametrize(
    ("start", "found"),
    [
        ("2024-05-30", ""),
        ("2024-06-01", "XA-panel"),
        ("2025-07-01", "XA-panel"),
        ("2026-07-01", "XA-panel"),
        ("2026-07-10", ""),
    ],
)
def test_a_base_stands_for_twelve_months_on_either_side(start: str, found: str) -> None:
    assert base_of(world(), OWN, start) == found
    assert base_of(world(), OWN, start, window=None) == "XA-panel"


@pytest.mark.parametrize(
    ("other", "by", "start", "base"),
    [
        ({"base_id": "XA-later", "period": "2025-08"}, OWN, "2025-07-14", "XA-panel"),
        ({"base_id": "XA-later", "period": "2025-08"}, OWN, "2025-07-25", "XA-later"),
        ({"source_id": "blog", "period": "2025-07"}, ANY, "2025-07-15", "XA-panel"),
        ({"source_id": "other-panel-page", "obs_status": "F"}, ANY, "2025-07-15", "XA-panel"),
        ({"base_id": "XA-a", "source_id": "other-panel-page"}, ANY, "2025-07-15", "XA-a"),
    ],
)
def test_of_several_bases_the_nearest_the_surer_and_the_first_by_name(
    other: dict[str, str], by: list[str], start: str, base: str
) -> None:
    blog = {"reliability": "low", "measurement_series_id": "other-panel"}
    made = world().add("sources", source_id="blog", **blog)
    made.base(**{"base_id": "XA-other", **other})
    assert base_of(made, by, start) == base
    made.rows["bases"].reverse()
    assert base_of(made, by, start) == base


def test_another_measurers_base_is_not_the_own_one() -> None:
    assert base_of(world(), OWN, lineage="other-panel") == ""
    assert base_of(world(), ANY, lineage="other-panel") == "XA-panel"


def test_a_pair_without_figures_has_no_limits_and_no_tier() -> None:
    both = pd.concat([pair(START, "alpha"), pair(START, "gamma")], ignore_index=True)
    audiences = figures.summarise_audiences(both, spoken(world().estimate("E1")))
    assert row(audiences, platform_id="alpha")["metric_priority"] == 1
    assert (
        audiences.loc[
            audiences["platform_id"] == "gamma", ["metric_priority", "low_persons", "high_persons"]
        ]
        .isna()
        .all(axis=None)
    )
