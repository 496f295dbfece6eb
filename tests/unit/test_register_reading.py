"""What a row of the STOP register says: whose network, why, on which days, for how many hours."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from audience_impact.registers import places, register
from audience_impact.registers.places import NameMeaning
from audience_impact.registers.register import Background, Event, Reading
from audience_impact.registers.stop import cells as stop_cells
from audience_impact.registers.stop import events as stop_events
from audience_impact.registers.stop import hours, words
from audience_impact.registers.stop import targets as stop_targets
from audience_impact.registers.stop.events import REGISTER
from audience_impact.vocabulary import GeoScope, PlaceReading, read_table
from tests.support import lay_out_iso, register_row

ROOT = Path(__file__).resolve().parents[2]
FACTS = ROOT / "data" / "stop"
CITIES = "It affected more than one city in the same state, province, or region"
KENYA = {"country": "Kenya", "count_year": "2024", "start_date": "2024-03-01"}


ORDERED = {"ordered_by": "Executive government"}


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (ORDERED, ""),
        ({"ordered_by": "Unknown"}, ""),
        (ORDERED | {"gov_just_details": "To protect the country against cyberattacks"}, ""),
        (
            {"ordered_by": "Non-government", "event": "Missile strikes hit the power grid."},
            "damage, not an order: the row does not count whom it cut off",
        ),
        (
            {"ordered_by": "Non-government", "gov_justification": "Sabotage/ Third-party Action"},
            "attack, not an order: the row does not count whom it cut off",
        ),
    ],
)
def test_attack_and_damage_do_not_count_whom_they_cut_off(
    cells: dict[str, str], reason: str
) -> None:
    (reading,) = readings(cells)
    assert reading.restriction["extent_reason"] == reason
    assert reading.restriction["network_scope"] == ("unknown" if reason else "all")
    assert ("extent_doubtful" in {kind for kind, _ in reading.defects}) is bool(reason)


@pytest.mark.parametrize(
    ("text", "national"),
    [
        ("National", True),
        ("regional", False),
        ("Nationwide except Nairobi", False),
        ("Near country-wide", True),
        ("Nearly every region", True),
        ("Nearly Nairobi", False),
        ("Most of the country", False),
    ],
)
def test_words_for_the_whole_country(text: str, national: bool) -> None:
    assert places.is_national(text) is national


def test_operators_as_named() -> None:
    row = register_row(telcos_involved="Kenya: Simba (Tembo), Kenya: Twiga and Chui")
    assert words.named_operators(row) == ("Simba (Tembo)", "Twiga", "Chui")
    spaced = register_row(telcos_involved="Simba (Tembo) Twiga")
    assert words.named_operators(spaced) == ("Simba (Tembo)", "Twiga")
    assert words.named_operators(register_row(telcos_involved="Simba, Ministry of Works")) == (
        "Simba",
    )


def test_sentences_do_not_end_at_months() -> None:
    text = "It was cut on Mar. 3 and Apr. Fool's day. Then it came back. and went"
    assert words.split_sentences(text) == (
        "It was cut on Mar. 3 and Apr. Fool's day.",
        "Then it came back. and went",
    )
    assert words.first_sentence("") == ""


# ---- Why ----


@pytest.mark.parametrize(("cells", "cause", "ordered"), [
    ({"ordered_by": "Judiciary"}, "order", "yes"),
    ({"ordered_by": "Military", "actual_cause_details": "Cut in an area of war"}, "order", "yes"),
    ({"ordered_by": "Unknown", "gov_justification": "School Exams"}, "order", "yes"),
    ({"ordered_by": "Unknown", "gov_ack": "Yes"}, "unknown", ""),
    ({"ordered_by": "Unknown"}, "unknown", ""),
    ({"ordered_by": "", "actual_cause_details": "A fibre cable was cut"}, "damage", "no"),
    ({"ordered_by": "", "actual_cause_details": "A cable cut at sea"}, "damage", "no"),
    ({"ordered_by": "Non-government", "event": "A DDoS hit a bank."}, "attack", "no"),
    ({"ordered_by": "Non-government"}, "unknown", ""),
    ({"ordered_by": "Local government", "event": "To ward off cyberattacks."}, "order", "yes"),
])  # fmt: skip
def test_cause(cells: dict[str, str], cause: str, ordered: str) -> None:
    result = stop_cells.restriction_cells(register_row(**cells), False)
    assert (result["cause"], result["is_ordered"]) == (cause, ordered)


def test_the_occasion_is_the_registers_own_word() -> None:
    def cells(**cells: str) -> tuple[str, str]:
        row = register_row(**cells)
        result = stop_cells.restriction_cells(row, False)
        return result["occasion"], result["is_phone_cut"]

    assert cells(actual_cause="Elections", phonecall_affected="Yes") == ("Elections", "yes")
    assert cells(actual_cause="Unknown", phonecall_affected="No") == ("", "no")
    assert cells(phonecall_affected="Unknown") == ("", "")


# ---- When ----


def timing(first: str = "2024-03-01", last: str = "2024-03-20", **cells: str) -> hours.Timing:
    until = date.fromisoformat(last) if last else None
    return hours.read_timing(register_row(**cells), date.fromisoformat(first), until)


@pytest.mark.parametrize(("last", "cells", "hours_a_day"), [
    ("2024-03-02", {"event": "It was cut for 30 hours."}, 15),
    ("2024-03-01", {"event": "Cut between 9:50am to 6:20pm."}, 8.5),
    ("2024-03-01", {"event": "Cut from 11:00-1:00pm."}, 2),
    ("2024-03-01", {"event": "Cut from 2 to 4 of the towns."}, None),
    ("2024-03-01", {"duration": "0.25"}, 6),
    ("2024-03-01", {"duration": "about two hours"}, 2),
    ("2024-03-02", {"duration": "about two hours"}, None),
    ("2024-03-03", {"event": "Cut from 17:00 on Mar. 1 until around 5:00 (UTC) on Mar. 3."}, 18),
    ("2024-03-04", {"event": "Cut from 17:00 on Mar. 1 until around 5:00 on Mar. 3."}, None),
    ("2024-03-03", {"event": "Cut from 17:00 on Mar. 1 until 5:00 on Mar. 9."}, None),
    ("2024-03-01", {"event": "Cut twice: from 1:00-2:00 and from 5:00-9:00."}, None),
    ("", {"duration": "2 hours"}, 2),
    ("", {"event": "Cut daily from 10pm to 6am."}, None),
    # an edge of the days
    ("2024-03-03", {"event": "Cut from Mar. 1 to 15:00 on Mar. 3."}, (13, 21)),
    ("2024-03-03", {"event": "Cut beginning around 6:00 local time (UTC+6:30) on Mar. 1."},
     (14, 22)),
    ("2024-03-02", {"event": "Cut from 10:00 on Mar. 1. It ended by 4:00pm on Mar. 2."}, 15),
    ("2024-03-03", {"event": "Police met at 15:00 on Mar. 3."}, None),
])  # fmt: skip
def test_hours_of_the_whole_and_of_an_edge(
    last: str, cells: dict[str, str], hours_a_day: float | tuple[float, float] | None
) -> None:
    result = timing(last=last, **cells)
    both = hours_a_day if isinstance(hours_a_day, tuple) else (hours_a_day, hours_a_day)
    assert (result.least_hours, result.most_hours) == both


# ---- The register as a whole ----


def readings(*rows: dict[str, str]) -> list[Reading]:
    frame = register.clean_cells(pd.DataFrame([register_row(**KENYA | row) for row in rows]))
    records = register.read_records(frame, REGISTER)
    background = Background(
        register.build_catalogue([], stop_targets.SPELLINGS), [], "2025", lay_out_iso("KE")
    )
    return [
        REGISTER.read(part, background)
        for event in register.group_events(records, REGISTER)
        for part in REGISTER.correct(event)
    ]


def numbers(events: list[Event]) -> list[list[int]]:
    return [[record.number for record in event.records] for event in events]


def test_one_event_under_two_words_for_the_country() -> None:
    result = readings(
        {"area_name": "Nationwide", "end_date": "2024-12-31"},
        {"area_name": "National", "end_date": "2025-01-04", "count_year": "2025"},
    )
    assert numbers([each.event for each in result]) == [[1, 2]]
    assert result[0].restriction["ended_on"] == "2025-01-04"


def test_any_sentence_of_the_event_may_narrow_the_place() -> None:
    first = "Mobile internet was cut on Aug. 10. Some speed was left. "
    for last, reading in (
        ("The order gives a 5 km radius.", PlaceReading.WITHIN),
        ("It was lifted.", PlaceReading.WHOLE),
    ):
        (result,) = readings({"area_name": "Mandera", "event": first + last})
        assert [meaning.reading for meaning in result.place.names] == [reading]


def test_twice_in_one_year_from_one_source_is_one_event_and_the_fuller_row_speaks() -> None:
    link = {"info_source_link": "https://news.example/a"}
    result = readings(link | {"actual_cause": "Elections"}, link)
    assert numbers([each.event for each in result]) == [[2, 1]]
    assert result[0].restriction["occasion"] == "Elections"
    apart = readings(link, {"info_source_link": "https://news.example/b"})
    assert len(apart) == 2
    assert len(readings({}, {})) == 2  # without a source nothing says that they are one


@pytest.mark.parametrize(
    ("cells", "scope"),
    [
        ({"shutdown_extent": "Service-based"}, GeoScope.NATIONAL),
        ({"event": "The internet was cut in Mombasa."}, GeoScope.MULTI_REGION),
        ({"shutdown_extent": "Service-based", "geo_scope": CITIES}, GeoScope.MULTI_LOCALITY),
    ],
)
def test_a_row_on_services_without_an_area_means_the_country(
    cells: dict[str, str], scope: str
) -> None:
    (result,) = readings(ORDERED | {"area_name": ""} | cells)
    assert result.place.geo_scope == scope


def test_a_row_is_corrected_before_its_event_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    days = {"start_date": "2023-12-28", "end_date": "2024-01-03"}
    rows = {("KE", "2023-01-03", "2023"): days}
    monkeypatch.setattr(stop_events, "read_rows_as_corrected", lambda: rows)
    turned = {"start_date": "2023-01-03", "end_date": "2023-12-28", "count_year": "2023"}
    (result,) = readings(turned)
    assert result.restriction["observed_from"] == "2023-12-28"
    assert result.event.restriction_id.startswith("KE-2023-12-28-")


def correct(monkeypatch: pytest.MonkeyPatch, parts: Mapping[str, Mapping[str, str]]) -> None:
    """Correct the cells of the event of KENYA, as a whole ("") or in parts."""
    (event,) = readings({})
    corrections = {event.event.restriction_id: parts}
    monkeypatch.setattr(stop_events, "read_corrections", lambda: corrections)


def test_a_corrected_cell_is_read_in_place_of_the_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = readings({})
    cells = {"affected_network": "Mobile", "start_date": "2024-06-30", "authority": "Nobody"}
    correct(monkeypatch, {"": cells})
    (reading,) = readings({})
    assert reading.event.restriction_id == printed[0].event.restriction_id
    assert reading.restriction["network_scope"] == "mobile"
    assert reading.restriction["observed_from"] == "2024-06-30"
    assert reading.restriction["authority"] == "Nobody", "a column of restrictions"
    assert "authority" in printed[0].restriction


def test_places_that_a_reader_entered_stand_for_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    (printed,) = readings({"area_name": "Everywhere except Mombasa"})
    assert (printed.place.area_ids, printed.place.defect) == (("KE",), "place_unresolved")
    meaning = NameMeaning("kenya", ("KE-24", "KE-46"))
    entered = {printed.event.restriction_id: (meaning,)}
    monkeypatch.setattr(stop_events, "read_places", lambda: entered)
    (reading,) = readings({"area_name": "Everywhere except Mombasa"})
    assert (reading.place.area_ids, reading.place.names) == (("KE-24", "KE-46"), (meaning,))


def test_a_row_is_divided_where_its_words_tell_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    event = "Service was cut in Nairobi on June 25 and in Mombasa on June 27."
    days = {"1": "2024-06-25", "2": "2024-06-27"}
    correct(monkeypatch, {part: {"start_date": day} for part, day in days.items()})
    parts = readings({"event": event})
    first = parts[0].event.restriction_id
    assert [part.event.restriction_id for part in parts] == [first, f"{first}-2"]
    assert [part.restriction["observed_from"] for part in parts] == list(days.values())
    assert {part.event.newest_record.cells["event"] for part in parts} == {""}


def test_corrections_name_events_and_columns_on_record() -> None:
    rows = read_table(stop_events.FOLDER / "corrections.csv")
    keys = [(row["restriction_id"], row["part"], row["column"]) for row in rows]
    assert keys == sorted(set(keys))
    events = {row["restriction_id"] for row in read_table(FACTS / "register_rows.csv")}
    assert {row["restriction_id"] for row in (*rows, *REGISTER.links)} <= events
    parts = {f"{event}-{part}" for event, part, _ in keys if part}
    places = read_table(stop_events.FOLDER / "places.csv")
    assert {row["restriction_id"] for row in places} <= events | parts
    assert all(row["reason"] for row in places)
    assert {row["other_restriction_id"] for row in REGISTER.links} <= events
    (reading,) = readings({})
    assert {row["column"] for row in rows} <= {*REGISTER.columns, *reading.restriction}
    assert all(row["reason"] for row in rows)
    divided = {key[0] for key in keys if key[1]}
    assert divided <= {key[0] for key in keys if key[1] == "1"}
