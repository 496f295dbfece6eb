"""Rankings worked out by hand: sums over countries, lower bounds, order, months."""

import pandas as pd
import pytest

from audience_impact.answers import EventKind, Quantity, rankings, sentences, text
from audience_impact.answers.numbers import COUNTRIES, Cover, format_amount, read_estimate
from audience_impact.answers.records import AreaRecord
from audience_impact.vocabulary import WHOLE_INTERNET

NUMBERS = rankings.NUMBERS
NOTHING = (0.0, None, None, None, None)


def _make_numbers(unit: str, values: tuple[float | None, ...]) -> dict[str, float | None]:
    return {f"{name}_{unit}": value for name, value in zip(NUMBERS, values, strict=True)}


def _make_tables() -> dict[str, pd.DataFrame]:
    """Two countries of Africa and one of Asia; nobody drew the person-days of Kenya."""
    people = {
        "NG": (1.0, 2.0, 3.0, 4.0, 9.0),
        "KE": (5.0, 6.0, 7.0, 8.0, 9.0),
        "IN": (1.0, 1.0, 1.0, 1.0, 1.0),
        "002": (6.0, 8.0, 10.0, 12.0, 18.0),
    }
    areas = [
        {
            **{
                "area_id": area,
                "period": "2024",
                "is_lower_bound": "no",
                "restrictions_count": 1.0,
            },
            **{"bounds_only_count": 0.0, "base": "internet_all", "base_persons": 20.0},
            **dict.fromkeys(["countries_count", "countries_drawn"], 2.0 if area == "002" else 1.0),
            **_make_numbers("persons", values),
        }
        for area, values in people.items()
    ]
    acts = [("a", "NG", "001>002"), ("b", "KE", "001>002"), ("c", "IN", "001>142")]
    days = {
        "NG": ((10.0, 20.0, 30.0, 40.0, 50.0), "some_bounds_only;some_imputed"),
        "KE": ((7.0, None, None, None, None), "too_wide"),
        "IN": ((0.0, 1.0, 2.0, 3.0, 4.0), None),
    }
    rows = [
        {
            **{"restriction_id": name, "area_id": area, "period": "2024"},
            **_make_numbers("person_days", days[area][0]),
            "reason_rule_ids": days[area][1],
        }
        for act, area, _ in acts
        for name in ("all", act)
    ]
    table = pd.DataFrame(acts, columns=["restriction_id", "country_id", "country_paths"])
    parts = [("a", "*"), ("b", "x"), ("c", "x")]
    services = pd.DataFrame(parts, columns=["restriction_id", "platform_id"])
    return {
        "impact_by_area": pd.DataFrame(areas),
        "person_days": pd.DataFrame(rows),
        "restrictions": table.assign(
            area_id=table["country_id"], area_name=table["country_id"], start_on="2024-05-01",
            observed_from=None, ended_on="2024-05-09", end_status="ended", as_of="2026-01-01",
            listed_until=None,
        ),
        "impact_by_platform": services.replace("*", WHOLE_INTERNET).assign(
            feature="whole_service"
        ),
    }  # fmt: skip


def test_person_days_of_a_region_are_sums_and_say_what_they_leave_out() -> None:
    ranking = rankings.build_ranking(_make_tables(), "002", "2024", Quantity.PERSON_DAYS)
    assert ranking.rows["area_id"].tolist() == ["NG", "KE"]
    assert ranking.rows["is_days_lower_bound"].tolist() == ["yes", "no"]
    amount = rankings.read_amount(ranking.total, Quantity.PERSON_DAYS)
    assert amount[:5] == (17.0, 20.0, 30.0, 40.0, None)
    assert str(amount.covered) == "in 1 of 2 countries"
    in_part = Cover(COUNTRIES, 1, 2, "restrictions of 1 other")  # Nigeria is drawn in part
    assert amount.covered == in_part
    complete = {**ranking.total, "days_countries_incomplete": 0.0}
    covered = rankings.read_amount(complete, Quantity.PERSON_DAYS).covered
    assert covered == Cover(COUNTRIES, 1, 2)
    people = rankings.read_amount(ranking.total, Quantity.PEOPLE)
    assert (people.q50, people.covered) == (10.0, None)
    assert rankings.count_without_estimate(ranking.rows, Quantity.PERSON_DAYS) == 1


def test_rows_without_an_estimate_are_not_said_to_be_left_out_of_the_list() -> None:
    ranking = rankings.build_ranking(_make_tables(), "002", "2024", Quantity.PERSON_DAYS)
    record = AreaRecord("002", "Africa", {**ranking.total, "as_of": "2024-12-31"}, (), (), ())

    def list_below(most: int) -> str:
        return text.render_area_brief(record, ranking, "v", ranking.rows, most)

    without = "1 of all 2 rows has no estimate of its own."
    assert f"\n  {without}\n" in list_below(2)
    assert "Left out" not in list_below(2)
    assert f"\n  Left out: 1 more (--top 2 shows them). {without}\n" in list_below(1)


def test_countries_are_ranked_by_what_is_asked_for() -> None:
    tables = _make_tables()
    by_people = rankings.build_ranking(tables, "002", "2024", Quantity.PEOPLE)
    assert by_people.rows["area_id"].tolist() == ["KE", "NG"]
    alone = rankings.build_ranking(tables, "IN", "2024", Quantity.PERSON_DAYS)
    assert alone.rows["area_id"].tolist() == ["IN"]
    assert rankings.read_amount(alone.total, Quantity.PERSON_DAYS).covered is None
    with pytest.raises(KeyError):
        rankings.build_ranking(tables, "002", "2023", Quantity.PEOPLE)


def test_without_any_estimate_a_total_has_bounds_alone() -> None:
    tables = _make_tables()
    tables["person_days"][["q05_person_days", "q50_person_days", "q95_person_days"]] = None
    total = rankings.build_ranking(tables, "002", "2024", Quantity.PERSON_DAYS).total
    amount = rankings.read_amount(total, Quantity.PERSON_DAYS)
    assert (amount.min, amount.interval) == (17.0, None)


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        (("002", "2024"), ["a", "b"]),
        (("KE", "2024"), ["b"]),
        (("", "2024", EventKind.SHUTDOWN), ["a"]),
        (("", "2024", EventKind.SERVICE, True), ["b", "c"]),
        (("", "2024-05", None, True), ["a", "b", "c"]),
        (("", "2024-04"), []),
        (("", "2023"), []),
        (("", None), ["a", "b", "c"]),
    ],
)
def test_restrictions_are_selected(options: tuple, ids: list[str]) -> None:  # type: ignore[type-arg]
    rows = rankings.select_restrictions(_make_tables(), *options)
    assert rows["restriction_id"].tolist() == ids


def test_a_month_has_what_was_in_force_in_it_and_not_what_was_announced_in_it() -> None:
    tables = _make_tables()
    tables["restrictions"]["observed_from"] = ["2024-06-01", None, None]
    tables["restrictions"]["ended_on"] = "2024-06-09"
    rows = rankings.select_restrictions(tables, "", "2024-05")
    assert rows["restriction_id"].tolist() == ["b", "c"]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ((0.0, 34e6, 60e6, 85e6, 9e7), "60 million (34 to 85)"),
        ((0.0, 350e6, 1.1e9, 1.9e9, 9e9), "1.1 billion (350 million to 1.9 billion)"),
        ((0.0, 330e3, 2.1e6, 5e6, 9e6), "2.1 million (330,000 to 5 million)"),
        ((1e6, None, None, None, 9e6), "no estimate"),
        ((None,) * 5, "-"),
    ],
)
def test_an_amount_never_loses_the_unit_of_its_lower_end(
    values: tuple[float | None, ...], text: str
) -> None:
    assert format_amount(read_estimate(_make_numbers("persons", values))) == text


@pytest.mark.parametrize(
    ("quantity", "median"), [(Quantity.PEOPLE, 10.0), (Quantity.PERSON_DAYS, 30.0)]
)
def test_the_years_of_an_area_have_the_same_numbers_as_its_rankings(
    quantity: Quantity, median: float
) -> None:
    [(year, estimate)] = rankings.list_years(_make_tables(), "002", quantity)
    assert (year, estimate.q50) == ("2024", median)


def test_a_ranking_of_a_kind_has_the_numbers_of_that_kind() -> None:
    tables = _make_tables()
    areas, days = tables["impact_by_area"], tables["person_days"]
    counts = areas["area_id"].map({"NG": 1.0, "KE": 0.0, "IN": 0.0, "002": 1.0})
    of_kind = {"shutdown_restrictions_count": counts}
    for number, people in zip(NUMBERS, (0.5, 1.0, 1.5, 2.0, 4.0), strict=True):
        of_kind[f"shutdown_{number}_persons"] = areas["area_id"].map({"NG": people, "002": people})
        days[f"shutdown_{number}_person_days"] = days["area_id"].map({"NG": 5.0 * people})
    tables["impact_by_area"] = areas.assign(**of_kind)
    tables["impact"] = pd.DataFrame(
        {"restriction_id": ["a"], "impact_metric": "people_exposed", "q50_persons": [1.5]}
    )
    ranking = rankings.build_ranking(tables, "002", "2024", Quantity.PEOPLE, EventKind.SHUTDOWN)
    assert ranking.rows["area_id"].tolist() == ["NG"]
    assert (ranking.total["restrictions_count"], ranking.total["q50_persons"]) == (1, 1.5)
    assert rankings.read_amount(ranking.total, Quantity.PERSON_DAYS).q50 == 7.5
    total = {**ranking.total, "as_of": "2026-01-01"}
    amount = rankings.read_amount(ranking.total, Quantity.PEOPLE)
    lead = sentences.write_kind_lead(total, "Africa", EventKind.SHUTDOWN, amount)
    assert lead.endswith("under shutdowns of the whole internet in 2024.")
    tables["impact"]["q50_persons"] = None
    without = rankings.build_ranking(tables, "002", "2024", Quantity.PEOPLE, EventKind.SHUTDOWN)
    assert str(rankings.read_amount(without.total, Quantity.PEOPLE).covered) == (
        "under 0 of 1 restrictions"
    )
    tables["impact_by_area"]["shutdown_q50_persons"] = None
    alone = rankings.build_ranking(tables, "002", "2024", Quantity.PEOPLE, EventKind.SHUTDOWN)
    assert alone.rows["countries_drawn"].tolist() == [0.0]  # its blocks were drawn


def _make_events() -> pd.DataFrame:
    ends = [
        ("a", "2024-05-09", "ended"), ("b", "2024-05-09/2024-12-31", "ended"),
        ("c", None, "unknown"), ("d", None, "ongoing"),
    ]  # fmt: skip
    events = pd.DataFrame(ends, columns=["restriction_id", "ended_on", "end_status"])
    numbers = _make_numbers("persons", (1.0, 2.0, 3.0, 4.0, 5.0))
    return events.assign(
        start_on="2024-05-01", area_name="Kenya", platforms="X", source="Page", **numbers,
        chain_id=[None, "b", "b", None], chain_days=[None, 12.0, 12.0, None],
    )  # fmt: skip


def test_a_list_says_where_the_record_holds_no_end() -> None:
    events = _make_events().assign(chain_id=None)
    ends = [line.split("  ")[3] for line in text.list_events(events)]
    assert ends == ["2024-05-09", "end not recorded", "end not recorded", "ongoing"]


def test_steps_of_one_chain_are_one_line_of_a_list() -> None:
    lines = text.list_events(_make_events())
    assert [line.split()[0] for line in lines] == ["a", "b", "d"]
    assert "Kenya: X; 2 steps or renewals, 12 days" in lines[1]
    assert "steps" not in lines[0]
    joined = rankings.join_chains(_make_events())
    assert text.list_events(joined) == lines
    later = _make_events()
    later.loc[2, "start_on"] = "2024-06-01"
    chain = rankings.join_chains(later).set_index("restriction_id").loc["b"]
    assert chain[["start_on", "end_status"]].tolist() == ["2024-05-01", "unknown"]


def test_a_year_that_is_not_collected_stands_in_no_line_of_years() -> None:
    tables = _make_tables()
    area = tables["impact_by_area"]
    tables["impact_by_area"] = area.assign(collected_until="2023-12-31")
    assert rankings.list_years(tables, "002", Quantity.PEOPLE) == []
    tables["impact_by_area"] = area.assign(collected_until="2024-12-31")
    assert len(rankings.list_years(tables, "002", Quantity.PEOPLE)) == 1
    row = {"period": "2026", "collected_until": "2025-12-31"}
    assert "do not compare 2026 with earlier years" in sentences.describe_collection(row)
    assert sentences.describe_collection(row | {"period": "2025-12"}) == ""


@pytest.mark.parametrize(
    ("count", "named"),
    [
        (0, []),
        (1, ["The total leaves out China, where there is no reliable estimate."]),
        (4, ["The total leaves out China, Iran, Jordan and Kenya, where there is no reliable"]),
        (5, ["The total leaves out China, Iran, Jordan and 2 more countries, where there is no"]),
    ],
)
def test_a_total_names_the_countries_without_an_estimate(count: int, named: list[str]) -> None:
    codes = ["CN", "IR", "JO", "KE", "NP"][:count]
    rows = [
        {"area_id": code, "countries_drawn": 0, "max_persons": 9.0, "base_persons": 9.0 - place}
        for place, code in enumerate(codes)
    ]
    counted = {"area_id": "IN", "countries_drawn": 1, "max_persons": 9.0, "base_persons": 99.0}
    nobody = counted | {"countries_drawn": 0, "max_persons": 0.0}
    result = sentences.name_uncounted([*rows[::-1], counted, nobody])
    assert [text.startswith(start) for text, start in zip(result, named, strict=True)] == [
        True
    ] * len(named)


def test_a_total_says_what_began_in_its_year_and_what_is_older() -> None:
    row = {"period": "2024", "restrictions_count": 9, "began_restrictions_count": 4}
    for prefix, million in (("began_", 60), ("older_", 30)):
        for name, part in (("q05", 0.8), ("q50", 1.0), ("q95", 1.2)):
            row[f"{prefix}{name}_persons"] = million * 1e6 * part
    row["older_restrictions_count"] = 3
    begun, older = sentences.describe_age(row)
    assert begun.startswith("Under restrictions that began in 2024: about 60 million people (")
    assert older.startswith("Under restrictions more than a year old when 2024 began: about 30 mil")
    assert len(sentences.describe_age(row | {"began_restrictions_count": 9})) == 1
