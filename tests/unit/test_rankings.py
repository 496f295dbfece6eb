"""Records of areas and lists worked out by hand: lower bounds, order, kinds, months."""

from typing import Any

import pandas as pd
import pytest

from audience_impact.answers import EventKind, Quantity, areas, rankings, text
from audience_impact.answers.areas import AreaRecord, build_area_record, list_years
from audience_impact.answers.numbers import COUNTRIES, Cover, format_amount, read_estimate
from audience_impact.vocabulary import WHOLE_INTERNET, RestrictionKind

NUMBERS = rankings.NUMBERS


def _make_numbers(unit: str, values: tuple[float | None, ...]) -> dict[str, float | None]:
    return {f"{name}_{unit}": value for name, value in zip(NUMBERS, values, strict=True)}


PEOPLE = {
    "NG": (1.0, 2.0, 3.0, 4.0, 9.0),
    "KE": (5.0, 6.0, 7.0, 8.0, 9.0),
    "IN": (1.0, 1.0, 1.0, 1.0, 1.0),
    "002": (6.0, 8.0, 10.0, 12.0, 18.0),
}
DAYS = {
    "NG": ((10.0, 20.0, 30.0, 40.0, 50.0), "some_bounds_only;some_imputed"),
    "KE": ((7.0, None, None, None, None), "too_wide"),
    "IN": ((0.0, 1.0, 2.0, 3.0, 4.0), None),
    "002": ((17.0, 20.0, 30.0, 40.0, None), "some_areas_undrawn"),
}


def _make_area(area: str, **cells: Any) -> dict[str, Any]:
    """A row of an area in 2024, with the numbers above."""
    days, rules = DAYS[area]
    return {
        **{"area_id": area, "area_name": area, "period": "2024", "kind": "all"},
        **{"is_lower_bound": "no", "restrictions_count": 1, "bounds_only_count": 0},
        **{"base_persons": 20.0, "as_of": "2026-01-01", "collected_until": None},
        **dict.fromkeys(["countries_count", "countries_drawn"], 2 if area == "002" else 1),
        **_make_numbers("persons", PEOPLE[area]),
        **_make_numbers("person_days", days),
        "person_days_reason_rule_ids": rules,
        **cells,
    }


def _make_tables() -> dict[str, pd.DataFrame]:
    """Two countries of Africa and one of Asia; nobody drew the person-days of Kenya."""
    acts = [("a", "NG", "001>002"), ("b", "KE", "001>002"), ("c", "IN", "001>142")]
    table = pd.DataFrame(acts, columns=["restriction_id", "country_ids", "country_paths"])
    parts = [("a", WHOLE_INTERNET), ("b", "x"), ("c", "x")]
    services = pd.DataFrame(parts, columns=["restriction_id", "platform_id"])
    return {
        "areas": pd.DataFrame([_make_area(area) for area in PEOPLE]),
        "area_comparisons": pd.DataFrame({"area_id": [], "period": []}, dtype="str"),
        "person_days": table[["restriction_id"]].assign(period="2024"),
        "restrictions": table.assign(
            area_ids=table["country_ids"], area_names=table["country_ids"], start_on="2024-05-01",
            observed_from=None, observed_by=None, ended_by="2024-05-09", end_status="ended",
            as_of="2026-01-01", listed_until=None,
        ),
        "impact_by_platform": services.assign(feature="whole_service"),
    }  # fmt: skip


def _build(
    area: str = "002",
    quantity: Quantity = Quantity.PERSON_DAYS,
    kind: RestrictionKind = RestrictionKind.ALL,
    tables: dict[str, pd.DataFrame] | None = None,
) -> AreaRecord:
    return build_area_record(tables or _make_tables(), area, None, kind, quantity)


def test_person_days_of_a_region_say_what_they_leave_out() -> None:
    record = _build()
    assert record.countries["area_id"].tolist() == ["NG", "KE"]
    assert record.amount[:5] == (17.0, 20.0, 30.0, 40.0, None)
    assert str(record.amount.covered) == "in 1 of 2 countries"
    in_part = Cover(COUNTRIES, 1, 2, "restrictions of 1 other")  # Nigeria is drawn in part
    assert record.amount.covered == in_part
    tables = _make_tables()
    tables["areas"]["person_days_reason_rule_ids"] = None
    assert _build(tables=tables).amount.covered == Cover(COUNTRIES, 1, 2)
    people = _build(quantity=Quantity.PEOPLE).amount
    assert (people.q50, people.covered) == (10.0, None)
    assert rankings.count_without_estimate(record.countries, Quantity.PERSON_DAYS) == 1


def test_rows_without_an_estimate_are_not_said_to_be_left_out_of_the_list() -> None:
    record = _build()

    def list_below(most: int) -> str:
        return text.render_area_brief(record, "v", record.countries, most)

    without = "1 of all 2 rows has no estimate of its own."
    assert f"\n  {without}\n" in list_below(2)
    assert "Left out" not in list_below(2)
    assert f"\n  Left out: 1 more (--top 2 shows them). {without}\n" in list_below(1)


def test_countries_are_ranked_by_what_is_asked_for() -> None:
    assert _build(quantity=Quantity.PEOPLE).countries["area_id"].tolist() == ["KE", "NG"]
    alone = _build("IN")
    assert alone.countries["area_id"].tolist() == ["IN"]
    assert alone.amount.covered is None
    with pytest.raises(KeyError):
        build_area_record(_make_tables(), "002", "2023")


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
    for name in ("observed_from", "observed_by"):
        tables["restrictions"][name] = ["2024-06-01", None, None]
    tables["restrictions"]["ended_by"] = "2024-06-09"
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
def test_the_years_of_an_area_have_the_same_numbers_as_its_records(
    quantity: Quantity, median: float
) -> None:
    [(year, estimate)] = list_years(_make_tables(), _build(quantity=quantity))
    assert (year, estimate.q50) == ("2024", median)


@pytest.mark.parametrize("period", ["2024", "2024-05"])
def test_a_record_of_a_kind_has_the_numbers_of_that_kind(period: str) -> None:
    tables, kind = _make_tables(), RestrictionKind.SHUTDOWN
    numbers = _make_numbers("persons", (0.5, 1.0, 1.5, 2.0, 4.0))
    rows = [_make_area(area, kind=kind, period=period, **numbers) for area in ("NG", "002")]
    everything = tables["areas"].assign(period=period)
    tables["areas"] = pd.concat([everything, pd.DataFrame(rows)], ignore_index=True)
    record = build_area_record(tables, "002", period, kind)
    assert record.countries["area_id"].tolist() == ["NG"]
    assert (record.row["restrictions_count"], record.amount.q50) == (1, 1.5)
    when = {"2024": "2024", "2024-05": "May 2024"}[period]
    lead = areas.write_area_lead(record)[0]
    assert lead.endswith(f"under a shutdown of the whole internet at some time in {when}.")
    days = build_area_record(tables, "002", period, kind, Quantity.PERSON_DAYS)
    assert days.amount.q50 == 30.0
    lead = areas.write_area_lead(days)[0]
    assert "about 30 person-days under shutdowns of the whole internet in " in lead


def _make_events() -> pd.DataFrame:
    ends = [
        ("a", "2024-05-09", "ended"), ("b", "2024-05-09/2024-12-31", "ended"),
        ("c", None, "unknown"), ("d", None, "ongoing"),
    ]  # fmt: skip
    events = pd.DataFrame(ends, columns=["restriction_id", "ended_on", "end_status"])
    numbers = _make_numbers("persons", (1.0, 2.0, 3.0, 4.0, 5.0))
    return events.assign(
        start_on="2024-05-01", area_names="Kenya", platform_names="X", source="Page", **numbers,
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
    tables["areas"]["collected_until"] = "2023-12-31"
    assert list_years(tables, _build(tables=tables)) == []
    tables["areas"]["collected_until"] = "2024-12-31"
    assert len(list_years(tables, _build(tables=tables))) == 1
    row = {"period": "2026", "collected_until": "2025-12-31"}
    assert "do not compare 2026 with earlier years" in areas.describe_collection(row)
    assert areas.describe_collection(row | {"period": "2025-12"}) == ""


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
    result = areas.name_uncounted([*rows[::-1], counted, nobody])
    assert [text.startswith(start) for text, start in zip(result, named, strict=True)] == [
        True
    ] * len(named)


@pytest.mark.parametrize(("period", "when"), [("2024", "2024"), ("2024-02", "February 2024")])
def test_a_total_says_what_began_in_its_period_and_what_is_older(period: str, when: str) -> None:
    kinds = {"all": _make_area("NG", restrictions_count=9, period=period)}
    for kind, million in (("began", 60e6), ("older", 30e6)):
        people = (0.0, 0.8 * million, million, 1.2 * million, 2.0 * million)
        kinds[kind] = _make_area("NG", **_make_numbers("persons", people))
    begun, older = areas.describe_age(AreaRecord("Nigeria", kinds))
    assert begun.startswith(f"Under restrictions that began in {when}: about 60 million people (")
    assert older.startswith(f"Under restrictions more than a year old when {when} began: about 30 ")
    kinds["began"]["restrictions_count"] = 9
    assert len(areas.describe_age(AreaRecord("Nigeria", kinds))) == 1
    days = AreaRecord("Nigeria", kinds, quantity=Quantity.PERSON_DAYS)
    assert "began: about 30 person-days (likely range 20 to 40)." in areas.describe_age(days)[0]
