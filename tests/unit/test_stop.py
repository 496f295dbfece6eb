"""The cells of the STOP register, the services it names, its repeats, and its links."""

from collections.abc import Sequence

import pandas as pd
import pytest

from audience_impact.registers import register, register_tables
from audience_impact.registers.register import Background, Event, FeatureRule, Record
from audience_impact.registers.stop import cells as stop
from audience_impact.registers.stop import hours
from audience_impact.registers.stop import targets as stop_targets
from audience_impact.registers.stop.events import REGISTER
from audience_impact.vocabulary import (
    BOTH_ACTIONS,
    EITHER_ACTION,
    FAST_CUT,
    IN_SERIES,
    ON_AND_OFF,
    PROLONGED,
    SLOWED_ALONE,
    WITH_NETWORK,
)
from tests.support import lay_out_iso, register_row

PLATFORMS = [
    {"platform_id": name, "name": printed, "aliases": aliases}
    for name, printed, aliases in (
        ("*", "Whole internet", ""),
        ("whatsapp", "WhatsApp", ""),
        ("telegram", "Telegram", ""),
        ("facebook", "Facebook", ""),
        ("instagram", "Instagram", ""),
        ("x", "X", "Twitter"),
        ("tiktok", "TikTok", "TikTok Live"),
        ("youtube", "YouTube", ""),
        ("google", "Google", ""),
        ("google-plus", "Google+", ""),
        ("social-media", "Social media", "social networks"),
        ("voip-apps", "VoIP apps", ""),
        ("any-messenger", "Any messenger", ""),
    )
]
KNOWN = register.build_catalogue(PLATFORMS, stop_targets.SPELLINGS)
RULES = [
    FeatureRule("calls", "event", r"voice calls? [^.]*blocked", "voice_call"),
    FeatureRule("live", "other_affected", r"\blive$", "live_stream"),
    FeatureRule("voip", "other_affected", r"\bvoip\b", "voice_call"),
]


def read(**cells: str) -> register.Targets:
    return stop_targets.read_targets(register_row(**cells), RULES, KNOWN)


def cells_of(**cells: str) -> dict[str, str]:
    """The cells of the restriction that a row of the register with these cells records."""
    return dict(stop.restriction_cells(register_row(**cells), False))


def named(**cells: str) -> list[str]:
    service = {"shutdown_extent": "Service-based"}
    return [f"{target.platform_id}:{target.feature}" for target in read(**service | cells).targets]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("TikTok, YouTube and Telegram", ["telegram", "tiktok", "youtube"]),
        ("YouTube ", ["youtube"]),
        ("youtube", ["youtube"]),
        ("Google+", ["google-plus"]),
        ("Grindr", ["grindr"]),
        ("VPNs", ["vpn-services"]),
        ("Several VPN services", ["vpn-services"]),
        ("Proton VPN", ["proton-vpn"]),
        ("Unspecified messaging and social media services", ["any-messenger", "social-media"]),
        ("22 websites blocked", ["websites"]),
        ("WeChat, and 57 other Chinese-made apps", ["58-other-chinese-apps", "wechat"]),
        ("some streaming things", ["unnamed-services"]),
        ('Telegram, "all that is used for chat"', ["telegram"]),
        ("YouTube and other Google services", ["youtube"]),
        ("Starlink", ["unnamed-services"]),
        ("Ozone, Vinc", ["qzone", "vine"]),
        ("Signal, possibly", ["signal"]),
    ],
)
def test_services_in_free_text(text: str, ids: list[str]) -> None:
    assert named(other_affected=text) == [f"{each}:whole_service" for each in ids]


def test_services_of_the_columns_and_of_the_whole_network() -> None:
    assert named(whatsapp_affected="Yes", twitter_affected="Yes", telegram_affected="Unknown") == [
        "whatsapp:whole_service",
        "x:whole_service",
    ]
    both = {"shutdown_extent": "Full network, Service-based", "whatsapp_affected": "Yes"}
    assert named(**both, event="The internet was cut") == [
        "*:whole_service",
        "whatsapp:whole_service",
    ]
    assert named(**both) == ["whatsapp:whole_service"]
    full = read(shutdown_extent="Full network", whatsapp_affected="Yes", other_affected="VPNs")
    assert [target.platform_id for target in full.targets] == ["*"]
    assert full.also_named == ("WhatsApp", "VPNs")
    assert named(shutdown_extent="") == ["unnamed-services:unknown"]


def test_a_service_based_row_without_services_says_so() -> None:
    result = read(shutdown_extent="Service-based")
    assert result.targets[0].note == "the register names no service"
    assert result.defects == ("platform_not_named",)


def test_new_services_come_with_name_and_kind() -> None:
    result = read(shutdown_extent="Service-based", other_affected="Grindr, Boykotyap, Moi mir")
    assert dict(result.new) == {
        "grindr": ("Grindr", "dating"),
        "boykotyap": ("Boykotyap", "other"),
        "moi-mir": ("Moi mir", "social_network"),
    }
    assert result.defects == ("platform_in_text", "platform_new")


def test_features_stand_in_free_text_and_name_their_rule() -> None:
    text = "Voice calls on WhatsApp were blocked. Telegram was blocked too."
    cells = {"whatsapp_affected": "Yes", "telegram_affected": "Yes", "event": text}
    assert named(**cells) == ["telegram:whole_service", "whatsapp:voice_call"]
    result = read(shutdown_extent="Service-based", **cells)
    assert result.targets[1].note == "rule calls on event"
    assert "feature_in_text" in result.defects
    nobody = {**cells, "event": "Voice calls were blocked."}
    assert named(**nobody) == ["telegram:voice_call", "whatsapp:voice_call"]
    assert named(other_affected="TikTok Live, Facebook Live, VoIP") == [
        "facebook:live_stream",
        "tiktok:live_stream",
        "voip-apps:voice_call",
    ]
    assert named(**cells, shutdown_extent="Full network") == ["*:whole_service"]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2025-08-13", "2025-08-13"),
        ("2025-08-13 00:00:00", "2025-08-13"),
        ("45882", ""),
        ("2025-02-30", ""),
        ("13/08/2025", ""),
        ("2025", ""),
        ("-44138", ""),
        ("", ""),
    ],
)
def test_days(text: str, day: str) -> None:
    assert hours.parse_day(text) == day


@pytest.mark.parametrize(("cells", "ended_on", "status", "source", "defects"), [
    ({"end_date": "2025-08-20"}, "2025-08-20", "ended", "recorded", ()),
    ({"shutdown_status": "Ongoing"}, "", "ongoing", "snapshot_date", ()),
    ({"shutdown_status": "Unknown"}, "", "unknown", "missing", ("end_missing",)),
    ({"end_date": "2025-08-12"}, "", "unknown", "missing", ("end_before_start",)),
    ({"end_date": "soon"}, "", "ended", "missing", ("end_unreadable", "end_missing")),
    ({"end_date": "9999-12-31"}, "", "ended", "missing", ("end_unreadable", "end_missing")),
    ({"end_date": "60000"}, "", "ended", "missing", ("end_unreadable", "end_missing")),
    ({"shutdown_status": "Ongoing", "end_date": "2025-08-20"}, "2025-08-20", "ended", "recorded",
     ("ongoing_with_end",)),
])  # fmt: skip
def test_ends(
    cells: dict[str, str], ended_on: str, status: str, source: str, defects: Sequence[str]
) -> None:
    end = stop.read_end(register_row(**cells))
    assert (end.ended_on, end.status, end.source) == (ended_on, status, source)
    assert end.defects == tuple(defects)


@pytest.mark.parametrize(
    ("kind", "event", "precision"),
    [
        ("", "", "actual"),
        ("Actual", "It was cut since at least Aug. 13.", "actual"),
        ("Estimated", "It was cut around Aug. 13.", "estimated"),
        ("Estimated", "It has been blocked since at least Aug. 13, 2025.", "first_seen"),
        ("Estimated", "It was cut for at least 3 days.", "estimated"),
    ],
)
def test_a_start_is_as_certain_as_the_row_says(kind: str, event: str, precision: str) -> None:
    assert cells_of(start_date_type=kind, event=event)["start_precision"] == precision


@pytest.mark.parametrize(
    ("cells", "ended_on", "status", "source"),
    [
        ({"shutdown_status": "Ongoing"}, "2025-08-13/2025-12-31", "ended", "not_listed_later"),
        ({"shutdown_status": "Unknown"}, "2025-08-13/2025-12-31", "ended", "not_listed_later"),
        ({"start_date": "2023-05-01", "shutdown_status": "Ongoing"},
         "2025-01-01/2025-12-31", "ended", "not_listed_later"),
        ({"start_date": "2025-12-31", "shutdown_status": "Ongoing"},
         "2025-12-31", "ended", "not_listed_later"),
        ({"start_date": "2026-01-02", "shutdown_status": "Ongoing"}, "", "unknown", "missing"),
        ({"end_date": "2025-08-20"}, "2025-08-20", "ended", "recorded"),
        ({"end_date": "2025-08-20", "event": "Lines were cut to at least Aug. 20."},
         "2025-08-20", "ended", "last_report"),
        ({"end_date": "2025-08-20", "event": "The block ended as of Aug. 20, 2025."},
         "2025-08-20", "ended", "recorded"),
        ({"event": "Lines were cut until at least 8:00 (local time) on Sep. 24."},
         "2025-09-24/2025-12-31", "ended", "not_listed_later"),
        ({"event": "Lines were cut until at least Sep. 24."},
         "2025-09-24/2025-12-31", "ended", "not_listed_later"),
        ({"event": "Cut since May. As of Aug. 28, one operator had returned to the town."},
         "2025-08-13/2025-12-31", "ended", "not_listed_later"),
        ({"event": "Lines were still cut as of October 2025."},
         "2025-10-01/2025-12-31", "ended", "not_listed_later"),
        ({"event": "Cut until Sep. 24. Shops were open until at least noon."},
         "2025-08-13/2025-12-31", "ended", "not_listed_later"),
    ],
)  # fmt: skip
def test_what_the_newest_edition_does_not_list_ended_within_the_year_of_its_own(
    cells: dict[str, str], ended_on: str, status: str, source: str
) -> None:
    end = stop.read_end(register_row(**{"count_year": "2025", **cells}), newest_year="2026")
    assert (end.ended_on, end.status, end.source) == (ended_on, status, source)
    listed = stop.read_end(register_row(**{"count_year": "2026", **cells}), newest_year="2026")
    assert listed.source != "not_listed_later"


@pytest.mark.parametrize(
    ("kind", "extent", "features", "told"),
    [
        ("Shutdown", "Full network", False, ("network_shutdown", "network_unavailable", "")),
        ("Shutdown, Throttle", "Full network", False, ("throttle", "impaired", "")),
        ("Shutdown", "Service-based", False, ("block", "service_unavailable", "")),
        ("Shutdown", "Service-based", True, ("block", "feature_unavailable", "")),
        ("Throttle", "Service-based", False, ("throttle", "service_impaired", "")),
        ("Throttle", "Service-based", True, ("throttle", "impaired", "")),
        ("Throttle", "Full network", False, ("throttle", "impaired", "")),
        ("Unknown", "Full network", False, ("unknown", "unknown", "")),
        ("Slowdown", "Full network", False, ("unknown", "unknown", "word_unknown")),
        ("Shutdown", "Half", False, ("block", "service_unavailable", "word_unknown")),
    ],
)  # fmt: skip
def test_acts(kind: str, extent: str, features: bool, told: tuple[str, str, str]) -> None:
    row = register_row(shutdown_type=kind, shutdown_extent=extent)
    assert stop.read_action(row, features) == told


SLOWED, CUT = ("throttle", "impaired", ""), ("network_shutdown", "network_unavailable", "")


@pytest.mark.parametrize(("event", "told"), [
    ("Mobile internet was suspended for 3G/4G/5G and throttled for 2G in the district.", SLOWED),
    ("It was throttled to 2G speeds when 3G and 4G was shut down at 5 universities.", SLOWED),
    ("3G and 4G was suspended, and 2G service was throttled to less than 128 kb/s.", SLOWED),
    ("4G was suspended in the district (with only 2G available).", SLOWED),
    ("Mobile internet was throttled during a rally.", SLOWED),
    ("Mobile internet was shut down during a rally, and throttled before.", CUT),
    ("Internet shutdown in the south and speed reduced to 2G in the north.", CUT),
    ("2G/3G/4G services were suspended.", CUT),
    ("4G was suspended. Remaining mobile internet service was throttled to 100 kbps.", SLOWED),
    ("3G was shut down, though 2G remained online.", SLOWED),
    ("Mobile internet was throttled. The order had been to shut 3G down.", SLOWED),
    ("Networks were shut down in one town and 2G was restored in May.", CUT),
    ("", SLOWED),
])  # fmt: skip
def test_a_network_slowed_to_2g_is_not_shut_down(event: str, told: tuple[str, str, str]) -> None:
    row = register_row(shutdown_type="Shutdown, Throttle", event=event)
    assert stop.read_action(row, False) == told
    note = cells_of(shutdown_type="Shutdown, Throttle", event=event)["note"]
    is_slowed = any(words in note for words in (SLOWED_ALONE, EITHER_ACTION, FAST_CUT))
    assert (is_slowed, BOTH_ACTIONS in note) == (told == SLOWED, told == CUT)
    assert stop.read_action(register_row(shutdown_type="Shutdown", event=event), False) == CUT


@pytest.mark.parametrize(
    ("cells", "state"),
    [
        ({"event": "OONI measurements show it"}, "down"),
        ({"event": "OONI shows it", "shutdown_type": "Throttle"}, "impaired"),
        ({"info_source_link": "https://radar.cloudflare.com/x", "shutdown_extent": "Service-based"},
         "blocked"),
        ({"event": "OONI shows it", "shutdown_type": "Unknown"}, "insufficient"),
        ({"gov_ack": "Yes"}, "likely_blocked"),
        ({"telco_ack": "Yes"}, "likely_blocked"),
        ({}, "insufficient"),
    ],
)  # fmt: skip
def test_evidence_goes_as_far_as_the_words(cells: dict[str, str], state: str) -> None:
    assert cells_of(**cells)["evidence_state"] == state


def test_who_why_and_by_what_law() -> None:
    row = register_row(
        ordered_by="Executive government",
        decision_maker="Roskomnadzor",
        gov_ack="Yes",
        gov_justification="Other",
        gov_just_details="Fraud",
        legal_method="An order",
        area_name="Tula",
        sms_affected="Yes",
        phonecall_affected="Yes",
        shutdown_type="Shutdown, Throttle",
        actual_cause="Protests",
        info_source_link="https://example.org/1; https://example.org/2",
        start_date_type="Estimated",
    )
    result = stop.restriction_cells(row, False, ("Starlink",))
    assert result["authority"] == "Roskomnadzor; Executive government"
    assert result["stated_reason"] == "Other"
    assert result["legal_basis"] == "An order"
    assert (result["claim_status"], result["start_precision"]) == ("official", "estimated")
    for part in (
        *("area as printed: Tula", "also named: Starlink", "shut down or slowed"),
        "first link: https://example.org/1",
    ):
        assert part in result["note"]
    assert (result["cause"], result["is_ordered"], result["occasion"]) == (
        "order",
        "yes",
        "Protests",
    )
    assert (result["is_phone_cut"], result["is_sms_cut"]) == ("yes", "yes")


def test_notes_are_short() -> None:
    assert len(cells_of(event="word " * 200)["note"]) < 300


def records(*rows: dict[str, str]) -> list[Record]:
    return register.read_records(register.clean_cells(pd.DataFrame(list(rows))), REGISTER)


def events(rows: Sequence[Record]) -> list[Event]:
    return register.group_events(rows, REGISTER)


def repeats(**cells: str) -> list[dict[str, str]]:
    return [register_row(count_year=str(year), **cells) for year in (2024, 2025, 2026)]


def test_an_event_repeated_each_year_is_one_and_its_newest_row_speaks() -> None:
    first, second, third = repeats(shutdown_status="Ongoing", start_date="2024-01-01")
    rows = records(third, first, {**second, "event": "goes on"})
    (event,) = events(rows)
    assert [row.count_year for row in event.records] == ["2024", "2025", "2026"]
    outcomes = register_tables.outcome_rows(rows, [event])
    assert [row["fate"] for row in outcomes] == ["merged", "event", "merged"]


def test_rows_of_one_year_stay_apart_by_their_services_and_then_by_number() -> None:
    same = register_row(shutdown_extent="Service-based", whatsapp_affected="Yes")
    other = {**same, "whatsapp_affected": "No", "telegram_affected": "Yes"}
    later = {**same, "count_year": "2026"}
    result = events(records(same, other, later))
    assert sorted(len(event.records) for event in result) == [1, 2]
    assert len(events(records(same, same))) == 2
    twice = register_tables.collect_defects(REGISTER, records(same, same), [])
    assert twice == {"same_row_twice": (2,)}


def test_ids_do_not_depend_on_the_order_of_the_rows() -> None:
    rows = [register_row(area_name=place) for place in ("Tula", "Tver", "Orel", "Omsk")]
    one = [event.restriction_id for event in events(records(*rows))]
    other = [event.restriction_id for event in events(records(*rows[::-1]))]
    assert one == other
    assert len(set(one)) == 4
    assert all(each.startswith("RU-2025-08-13-stop-") for each in one)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"start_date": ""}, "start_missing"),
        ({"start_date": "in August"}, "start_unreadable"),
        ({"start_date": "1901-08-13"}, "start_unreadable"),
        ({"start_date": "2325-08-13"}, "start_unreadable"),
        ({"country": "Narnia"}, "country_unresolved"),
        ({"country": ""}, "country_unresolved"),
        ({"count_year": ""}, "count_year_unreadable"),
        ({"count_year": "last"}, "count_year_unreadable"),
    ],
)
def test_refusals(cells: dict[str, str], reason: str) -> None:
    rows = records(register_row(**cells))
    assert rows[0].refused == reason
    assert events(rows) == []
    (outcome,) = register_tables.outcome_rows(rows, [])
    assert (outcome["fate"], outcome["reason"], outcome["restriction_id"]) == (
        "refused",
        reason,
        "",
    )


def defects(*rows: dict[str, str]) -> dict[str, list[int]]:
    result = records(*rows)
    countries = {country for row in result for country in row.country_ids}
    background = Background(KNOWN, RULES, "2026", lay_out_iso(*countries))
    readings = [REGISTER.read(event, background) for event in events(result)]
    told = register_tables.collect_defects(REGISTER, result, readings)
    return {kind: list(numbers) for kind, numbers in told.items()}


def test_defects_of_events_are_those_of_all_their_rows() -> None:
    going_on = repeats(shutdown_status="Ongoing", area_name="")[:2]
    assert defects(going_on[0], {**going_on[1], "event": "told anew"}) == {
        "ongoing_not_repeated": [2],
        "place_missing": [1, 2],
        "repeat_differs": [2],
    }
    assert defects(register_row(country="Kenya; India", geo_scope="Sideways")) == {
        "several_countries": [1],
        "end_missing": [1],
        "word_unknown": [1],
    }


def test_blank_rows_are_no_rows() -> None:
    blank = dict.fromkeys(register_row(), "")
    assert [row.number for row in records(register_row(), blank, register_row())] == [1, 3]


def test_cells_become_text_on_one_line() -> None:
    frame = pd.DataFrame(
        {"a": [pd.Timestamp("2025-08-13"), pd.NaT], "b": ["x\n y", None], "c": [2016.0, 0.5]}
    )
    assert register.clean_cells(frame).to_dict("list") == {
        "a": ["2025-08-13", ""],
        "b": ["x y", ""],
        "c": ["2016", "0.5"],
    }


BOTH = {"shutdown_type": "Shutdown, Throttle"}
BLOCK = {"whatsapp_affected": "Yes", "event": "WhatsApp was blocked."}
NOTED = (ON_AND_OFF, PROLONGED, IN_SERIES, FAST_CUT, SLOWED_ALONE, EITHER_ACTION, WITH_NETWORK)
LONG = {"end_date": "2025-08-20"}


@pytest.mark.parametrize(("cells", "noted"), [
    (LONG | {"event": "The internet was cut intermittently in the region"}, ON_AND_OFF),
    (LONG | {"event": "Phones were cut every time a battle picked up"}, ON_AND_OFF),
    (LONG | {"event": "The internet was cut off frequently by the army"}, ON_AND_OFF),
    (LONG | {"event": "The internet was off. The cuts were nightly, from 7:00pm"}, ON_AND_OFF),
    (LONG | {"event": "WhatsApp was blocked during baccalaureate exam hours"}, ON_AND_OFF),
    (LONG | {"event": "Telegram was blocked twice a day"}, ON_AND_OFF),
    ({"event": "The internet was cut intermittently", "end_date": "2025-08-13"}, ""),
    (LONG | {"event": "It was one of a series of shutdowns of that year"}, ""),
    (LONG | {"event": "It was cut. One operator worked intermittently"}, ""),
    (LONG | {"event": "It was snapped amid an intermittent gunfight"}, ""),
    ({"event": "In an extension of a previous order, mobile internet was suspended."}, PROLONGED),
    ({"actual_cause_details": "Officials extended a shutdown across 7 districts"}, PROLONGED),
    ({"actual_cause_details": "Violence led to an extension of a shutdown"}, PROLONGED),
    ({"event": "It was scheduled until Nov. 24, and later extended until Nov. 28."}, ""),
    ({"actual_cause_details": "Reforms which could extend the rule of the president"}, ""),
    ({"event": "It was one of a virtually uninterrupted series of shutdowns"}, IN_SERIES),
    (BOTH | {"event": "It was suspended for 3G/4G/5G and throttled for 2G."}, FAST_CUT),
    (BOTH | {"event": "Only 2G was left, as 3G and 4G were cut off."}, SLOWED_ALONE),
    (BOTH | {"event": "Mobile internet was throttled during a rally."}, EITHER_ACTION),
    ({"shutdown_extent": "Full network, Service-based"}, WITH_NETWORK),
    (BLOCK | {"shutdown_extent": "Service-based"}, ""),
])  # fmt: skip
def test_what_words_of_a_row_are_noted(cells: dict[str, str], noted: str) -> None:
    note = stop.write_note(register_row(**cells), [])
    assert [words for words in NOTED if words in note] == [noted] * bool(noted)
