"""One event is one restriction: links between events, and what they leave of the facts."""

from dataclasses import replace

import pandas as pd
import pytest

from audience_impact.facts.events import (
    MEASURERS,
    choose_links,
    find_published_ids,
    merge_events,
    name_measurers,
)
from audience_impact.outputs.restrictions import make_register_rows
from audience_impact.registers import event_links
from audience_impact.vocabulary import EventRelation
from tests.support import World

PARENTS = {"XA-A": "XA", "XA-B": "XA", "XA-A/town": "XA-A"}
UNIONS = {"XA-U": ("XA-A", "XA-B")}
BLANK = dict.fromkeys(("announced_on", "ended_on", "geo_scope", "operators"), "")


def record(name: str, areas: str, start: str, **cells: str) -> event_links.EventRecord:
    row = {
        **BLANK,
        "network_scope": "all",
        "end_status": "ended",
        "restriction_id": name,
        "area_ids": areas,
        "observed_from": start,
        **cells,
    }
    target = {"restriction_id": name, "platform_id": "*", "feature": "whole_service"}
    return event_links.event_records([row], [target], PARENTS, UNIONS)[0]


def linked_record(row: event_links.EventRecord, *facts: event_links.EventRecord) -> dict[str, str]:
    """The link of a row of a register to one of these facts, or nothing."""
    return dict(*event_links.link_events([row], facts))


def relation(*events: event_links.EventRecord, **reviewed: str) -> tuple[str, str, str] | None:
    editions = {event.restriction_id: ("2020", 1) for event in events}
    links = event_links.link_duplicates(events, editions, [reviewed] if reviewed else [])
    names = ("restriction_id", "other_restriction_id", "rule")
    return tuple(links[0][name] for name in names) if links else None  # type: ignore[return-value]


@pytest.mark.parametrize(("fact", "row", "expected"), [
    (("XA", "2020-01-02", ""), ("XA", "2020-01-02", ""), "one_event"),
    (("XA", "2020-01-02", "2020-03-01"), ("XA", "2020-01-05", "2020-01-09"), "one_event"),
    (("XA", "2020-01-07", "2020-03-01"), ("XA", "2020-01-02", "2020-01-04"), "near"),
    (("XA", "2020-01-07", "2020-03-01"), ("XA", "2020-01-02", "2020-01-02/2020-12-31"),
     "one_event"),
    (("XA-A", "2020-01-02", ""), ("XA-A/town", "2020-01-03", ""), "one_event"),
    (("XA-A", "2020-01-02", "2020-02-01"), ("XA-A/town", "2020-01-05", ""), "near"),
    (("XA", "2020-01", "2020-12-01"), ("XA-A", "2020-01-05", ""), "near"),
])  # fmt: skip
def test_a_row_is_the_event_of_a_fact_where_places_and_days_agree(
    fact: tuple[str, str, str], row: tuple[str, str, str], expected: str
) -> None:
    others, rows = (
        [record(name, cells[0], cells[1], ended_on=cells[2])]
        for name, cells in (("F", fact), ("R", row))
    )
    assert linked_record(*rows, *others)["relation"] == expected


@pytest.mark.parametrize(
    ("areas", "start", "cells", "is_linked"),
    [
        ("XA", "2025-08-13", {}, True),
        ("XA", "2025-08-10/2025-08-11", {}, True),
        ("XA", "2025-08-20", {}, True),
        ("XA", "2025-08-21", {}, False),
        ("XA", "2025-07-01", {"announced_on": "2025-08-12"}, True),
        ("XA", "", {}, False),
        ("XB", "2025-08-13", {}, False),
        ("XA-A", "2025-08-13", {}, True),
        ("XA-B", "2025-08-13", {}, False),
    ],
)
def test_a_link_needs_a_near_start_and_a_place_in_common(
    areas: str, start: str, cells: dict[str, str], is_linked: bool
) -> None:
    row = record("R", "XA-A" if areas == "XA-B" else "XA", "2025-08-13")
    assert bool(linked_record(row, record("F", areas, start, **cells))) == is_linked


def test_the_nearest_start_is_linked_and_the_link_says_what_differs() -> None:
    row = record("R", "XA", "2025-08-13")
    fact = record("F", "XA", "2025-08-14", ended_on="2025-09", geo_scope="national")
    fact = replace(fact, platforms=frozenset({"*", "x"}))
    link = linked_record(row, record("G", "XA", "2025-08-15"), fact)
    assert (link["other_restriction_id"], link["disagreements"]) == (
        "F",
        "start: 2025-08-13, the other 2025-08-14; end: none, the other 2025-09; "
        "scope: none, the other national; services: none here alone, x in the other alone",
    )


def test_a_group_of_services_and_a_member_of_it_may_be_one_event() -> None:
    cells = record("F", "XA", "2020-01-02").row
    targets = [
        {"restriction_id": name, "platform_id": platform, "feature": "whole_service"}
        for name, platform in (("F", "social-media"), ("R", "facebook"), ("S", "grindr"))
    ]
    rows = [{**cells, "restriction_id": name} for name in "FRS"]
    services = {"social-media": ("facebook", "x")}
    fact, row, other = event_links.event_records(rows, targets, PARENTS, UNIONS, services)
    links = event_links.link_events([row, other], [fact])
    assert [(link["restriction_id"], link["relation"]) for link in links] == [("R", "one_event")]


def test_rows_of_one_place_and_day_are_one_event_and_the_later_end_stands() -> None:
    first = record("R1", "XA-A", "2020-01-02", ended_on="2020-01-03")
    second = record("R2", "XA-A", "2020-01-02", ended_on="2020-01-09")
    assert relation(first, second) == ("R1", "R2", event_links.SAME_PLACE)
    assert relation(first, record("R3", "XA-B", "2020-01-02")) is None
    assert relation(first, record("R3", "XA-A", "2020-01-03")) is None
    pair = [record(name, "XA-A", "2020-01-02", operators=name) for name in ("R1", "R2")]
    assert relation(*pair) is None
    union = record("R2", "XA-U", "2020-01-02", ended_on="2020-01-03")
    both = record("R1", "XA-A;XA-B", "2020-01-02", ended_on="2020-01-02")
    assert relation(both, union) == ("R1", "R2", event_links.SAME_PLACE)


def test_a_link_that_a_reader_entered_is_taken_as_it_is() -> None:
    link = {"restriction_id": "R1", "relation": "remainder", "rule": "a part of it"}
    events = [record("R1", "XA-A", "2020-01-02"), record("R2", "XA", "2019-01-02")]
    assert relation(*events, other_restriction_id="R2", **link) == ("R1", "R2", "a part of it")
    assert relation(*events, other_restriction_id="R3", **link) is None


@pytest.mark.parametrize(
    ("second", "expected"), [("2020-01-20", "one_event"), ("2020-05-20", "near")]
)
def test_an_event_whose_places_are_recorded_apart_is_one_with_them(
    second: str, expected: str
) -> None:
    facts = [
        record("F1", "XA-A", "2020-01-05", ended_on="2020-01-30"),
        record("F2", "XA-B", second, ended_on="2020-06-01"),
    ]
    row = record("R", "XA-A;XA-B", "2020-01-02", ended_on="2020-02-01")
    link = linked_record(row, *facts)
    assert (link["other_restriction_id"], link["relation"]) == ("F1", expected)


def linked(*links: tuple[str, str, str]) -> World:
    made = World().add("platforms", platform_id="telegram").add("areas", area_id="XA")
    for name, status, last in (("F", "unknown", ""), ("R1", "ended", "2020-05-06")):
        made.restrict(name, "telegram", end_status=status, ended_on=last, network_scope="mobile")
    made.restrict("R2", "telegram", end_status="ended", ended_on="2020-07-08")
    for number, name in enumerate(("R1", "R2", ""), 1):
        made.add("register_rows", register_row=str(number), restriction_id=name)
    for name, other, relation_word in links:
        made.add(
            "event_links", restriction_id=name, other_restriction_id=other, relation=relation_word
        )
    return made


def published(world: World) -> tuple[pd.DataFrame, list[str]]:
    merged = merge_events(world.typed())
    rows = make_register_rows(merged)
    return merged["restrictions"].set_index("restriction_id"), rows["restriction_id"].tolist()


def test_a_row_of_a_register_is_published_under_the_id_of_the_fact() -> None:
    restrictions, rows = published(linked(("R1", "F", "one_event")))
    assert list(restrictions.index) == ["F", "R2"]
    assert rows == ["F", "R2", ""]
    assert restrictions.loc["F", ["end_status", "ended_on"]].tolist() == ["ended", "2020-05-06"]
    assert restrictions.loc["F", "network_scope"] == "mobile"


@pytest.mark.parametrize(
    ("members", "target", "services"),
    [
        ("", "telegram", {"telegram"}),
        ("telegram;x", "telegram", {"social-media"}),
        ("", "*", {"social-media"}),
    ],
)
def test_named_services_replace_a_group_without_members(
    members: str, target: str, services: set[str]
) -> None:
    made = linked(("R1", "F", "one_event"))
    made.add("platforms", platform_id="social-media", kind="group", member_ids=members)
    made.add("platforms", platform_id="*", kind="network")
    made.rows["restriction_targets"][0]["platform_id"] = "social-media"
    made.rows["restriction_targets"][1]["platform_id"] = target
    targets = merge_events(made.typed())["restriction_targets"].set_index("restriction_id")
    assert set(targets.loc[["F"], "platform_id"]) == services


@pytest.mark.parametrize(
    ("row", "fact", "hours"),
    [
        ({}, {}, 21.0),
        ({"observed_from": "2020-01-03"}, {}, None),
        ({}, {"least_hours_a_day": "8", "most_hours_a_day": "9"}, 8.0),
        ({}, {"times_in_force": "2"}, None),
        ({"action": "network_shutdown"}, {"action": "block"}, None),
    ],
)
def test_printed_hours_of_the_same_days_are_those_of_the_fact(
    row: dict[str, str], fact: dict[str, str], hours: float | None
) -> None:
    made = linked(("R1", "F", "one_event"))
    days = {"observed_from": "2020-01-02", "ended_on": "2020-05-06", "end_status": "ended"}
    made.rows["restrictions"][0].update(days | fact)
    made.rows["restrictions"][1].update(
        days | {"least_hours_a_day": "21", "most_hours_a_day": "21"} | row
    )
    result = published(made)[0].loc["F", "least_hours_a_day"]
    assert (None if pd.isna(result) else result) == hours


def claimed(fact: dict[str, str], row: dict[str, str]) -> pd.Series:
    """The restriction F with these cells, after the row R1 with these was merged into it."""
    made = linked(("R1", "F", "one_event"))
    made.add("sources", source_id="register-page", publisher="A register")
    made.rows["restrictions"][0].update({"claim_status": "reported"} | fact)
    made.rows["restrictions"][1].update({"source_id": "register-page"} | row)
    return published(made)[0].loc["F"]


def test_the_best_claim_of_all_rows_of_an_event_counts() -> None:
    row = {"claim_status": "official", "authority": "A court", "is_ordered": "yes"}
    merged = claimed({}, row)[["claim_status", "authority", "is_ordered"]].tolist()
    assert merged == ["reported", "A court", "yes"]  # a fact that says less outranks a register
    same = claimed({"source_id": "register-page"}, row)
    assert same["claim_status"] == "official"
    harmed = claimed({"cause": "attack"}, row)
    assert harmed[["authority", "is_ordered"]].tolist() == ["A court", ""]
    assert claimed({"authority": "A ministry"}, row)["authority"] == "A ministry"
    assert claimed({}, {"claim_status": "reported"})["claim_status"] == "reported"
    assert claimed({"claim_status": "disputed"}, row)["claim_status"] == "disputed"
    seen = {"evidence_state": "down", "measured_by": "IODA"}
    measured = claimed({"evidence_state": "likely_blocked"}, seen)
    assert measured[["evidence_state", "measured_by"]].tolist() == ["down", "IODA"]


@pytest.mark.parametrize(
    ("cells", "names"),
    [
        ({"note": "NetBlocks: on fixed lines; OONI too"}, "NetBlocks;OONI"),
        ({"measured_by": "caida_ioda"}, "IODA"),
        ({"note": "said by Cloudflare", "evidence_state": "likely_blocked"}, ""),
        ({"note": "a measurement"}, ""),
        ({"note": "x.com/IODA_live and gatech_ioda, helioda"}, "IODA"),
        ({"note": "twitter.com/DougMadory; x.com/cloudflareradar"}, "Cloudflare;Doug"),
        ({"note": "x.com/OpenObservatory, @vesinfiltro, turkeyblocks.org"}, "OONI;Turkey;VE"),
        ({"note": "twitter.com/InternetIntel https://dyn.com/blog"}, "Oracle"),
        ({"note": "https://ioda.inetintel.cc.gatech.edu/country/BY"}, "IODA"),
        ({"note": "https://transparencyreport.google.com/traffic/overview"}, "Google"),
        ({"note": "https://stat.ripe.net/IR"}, "RIPE"),
    ],
)
def test_a_measurer_is_one_that_the_row_names(cells: dict[str, str], names: str) -> None:
    made = World().add("areas", area_id="XA").restrict("F", **cells)
    measured = merge_events(made.typed())["restrictions"]["measured_by"].tolist()
    assert [";".join(name.split(" ")[0] for name in measured[0].split(";"))] == [names]


def test_a_measurer_is_recognised_by_its_name_alone_and_beside_others() -> None:
    assert name_measurers(";".join(MEASURERS)).split(";") == list(MEASURERS)
    assert [name_measurers(name) for name in MEASURERS] == list(MEASURERS)


def test_a_page_of_a_measurer_names_it_and_is_the_page_of_the_measurement() -> None:
    made = World().add("areas", area_id="XA").restrict("F", source_id="page")
    made.add("sources", source_id="page", publisher="OONI", url="https://ooni.org/post/1")
    row = merge_events(made.typed())["restrictions"].iloc[0]
    assert row[["measured_by", "measured_url"]].tolist() == ["OONI", "https://ooni.org/post/1"]


@pytest.mark.parametrize(
    ("fact", "row", "other"),
    [
        (("ongoing", ""), ("ended", "2020-05-06"), "2020-05-06"),
        (("ended", "2020-05-16"), ("ended", "2020-05-06"), "2020-05-06"),
        (("ended", "2020-05-08"), ("ended", "2020-05-06"), None),
        (("ended", "2020-05-08"), ("ongoing", ""), ""),
        (("unknown", ""), ("ended", "2020-05-06"), None),
    ],
)
def test_an_end_of_another_source_that_differs_is_noted(
    fact: tuple[str, str], row: tuple[str, str], other: str | None
) -> None:
    names = ("end_status", "ended_on")
    merged = claimed(dict(zip(names, fact, strict=True)), dict(zip(names, row, strict=True)))
    assert (None if pd.isna(merged["other_ended_on"]) else merged["other_ended_on"]) == other


def test_an_end_that_no_edition_states_is_no_statement_of_the_source() -> None:
    within = {"end_status": "ended", "ended_on": "2020-05-06/2020-12-31"}
    merged = claimed({"end_status": "ongoing"}, within | {"end_source": "not_listed_later"})
    assert pd.isna(merged["other_end_source_id"])


def test_near_events_and_pairs_kept_apart_stay_two() -> None:
    for links in ([("R1", "F", "near")], [("R1", "F", "one_event"), ("F", "R1", "apart")], []):
        restrictions, rows = published(linked(*links))
        assert list(restrictions.index) == ["F", "R1", "R2"]
        assert rows == ["R1", "R2", ""]


def test_links_are_followed_to_their_end_and_a_loop_keeps_one() -> None:
    chain = linked(("R2", "R1", "one_event"), ("R1", "F", "one_event"))
    assert published(chain)[1] == ["F", "F", ""]
    loop = linked(("R2", "R1", "one_event"), ("R1", "R2", "one_event")).typed()
    assert find_published_ids(choose_links(loop["event_links"])) == {"R2": "R1"}


def test_split_networks_are_of_all_networks() -> None:
    restrictions, _ = published(linked(("R1", "F", "other_networks")))
    assert restrictions.loc["F", "network_scope"] == "all"


def test_a_remainder_begins_when_the_other_ended_and_continues_it() -> None:
    restrictions, rows = published(linked(("R2", "R1", "remainder")))
    assert restrictions.loc["R2", ["observed_from", "continues"]].tolist() == ["2020-05-07", "R1"]
    assert rows == ["R1", "R2", ""]
    restrictions, rows = published(linked(("R1", "R2", "remainder")))
    assert list(restrictions.index) == ["F", "R2"]
    assert rows == ["R2", "R2", ""]


def test_targets_leave_with_their_restriction() -> None:
    merged = merge_events(linked(("R1", "F", "one_event")).typed())
    assert sorted(merged["restriction_targets"]["restriction_id"]) == ["F", "R2"]


def test_the_relation_of_a_row_is_published_with_its_rule() -> None:
    merged = merge_events(linked(("R1", "F", "one_event")).typed())
    rows = make_register_rows(merged)
    assert rows["event_id"].tolist() == ["R1", "R2", ""]
    assert rows["relation"].tolist() == [EventRelation.ONE_EVENT.value, "", ""]
    assert rows["rule"].tolist() == ["country, days and platform", "", ""]


def test_an_end_on_one_of_several_days_is_replaced_by_a_day_on_record() -> None:
    made = linked(("R1", "F", "one_event"))
    vague = {"ended_on": "2020-03-01/2020-12-31", "end_status": "ended"}
    made.rows["restrictions"][0].update(end_source="not_listed_later", **vague)
    assert published(made)[0].loc["F", "ended_on"] == "2020-05-06"
    made.rows["restrictions"][0]["end_source"] = "recorded"
    assert published(made)[0].loc["F", "ended_on"] == vague["ended_on"]


def order(first: str, last: str, **cells: str) -> dict[str, str]:
    status = "ended" if last else "ongoing"
    return {
        "observed_from": first, "ended_on": last, "end_status": status,
        "area_ids": "XA-A", "network_scope": "mobile", **cells,
    }  # fmt: skip


def find_steps(*orders: dict[str, str]) -> dict[str, str]:
    made = World().add("platforms", platform_id="*", kind="network")
    for number, cells in reversed([*enumerate(orders, 1)]):
        made.restrict(f"R{number}", "*", **cells)
    merged = merge_events(made.typed())["restrictions"]
    return dict(zip(merged["restriction_id"], merged["continues"], strict=True))


@pytest.mark.parametrize(("earlier", "later", "continues"), [
    (order("2023-05-03", "2023-05-08"), order("2023-05-09", "2023-05-13"), "R1"),
    (order("2023-05-03", "2023-05-08"), order("2023-05-10", "2023-05-13"), "R1"),
    (order("2023-05-03", "2023-05-08"), order("2023-05-11", "2023-05-13"), ""),
    (order("2021-05-03", ""), order("2023-05-11", "2023-05-13"), "R1"),
    (order("2023-05-03", "2023-05-08", network_scope="all"), order("2023-05-09", "2023-05-13"), ""),
    (order("2023-05-03", "2023-05-08", action="throttle"), order("2023-05-09", "2023-05-13"), ""),
    (order("2023-05-03", "2023-05-08", operators="MTN"),
     order("2023-05-09", "2023-05-13", operators="Orange"), ""),
    (order("2023-05-03", "2023-05-08", area_ids="XA-B"), order("2023-05-09", "2023-05-13"), ""),
])  # fmt: skip
def test_consecutive_orders_of_one_place_and_network_are_steps_of_one_event(
    earlier: dict[str, str], later: dict[str, str], continues: str
) -> None:
    assert find_steps(earlier, later) == {"R1": "", "R2": continues}


def test_an_order_within_a_longer_one_leads_back_to_the_longer_one() -> None:
    orders = (("2023-05-03", "2023-06-30"), ("2023-05-09", "2023-05-13"), ("2023-06-01", ""))
    assert find_steps(*(order(*days) for days in orders)) == {"R1": "", "R2": "R1", "R3": "R1"}


@pytest.mark.parametrize(
    ("page", "listed_until", "until"),
    [
        ("2021-10-05", "", "2021-10-05"),
        ("2023-04-23", "", "2021-12-31"),  # a page of a later year tells what was
        ("", "", "2021-12-31"),
        ("2021-09-01", "", "2021-12-31"),
        ("2021-10-05", "2022-12-31", "2022-12-31"),
    ],
)
def test_the_record_of_an_unknown_end_closes(page: str, listed_until: str, until: str) -> None:
    made = World().add("platforms", platform_id="*", kind="network")
    made.add("sources", source_id="page", published_on=page)
    made.restrict(
        "R1", "*", observed_from="2021-09-20", end_status="unknown", source_id="page",
        listed_until=listed_until,
    )  # fmt: skip
    made.restrict("R2", "*", observed_from="2021-09-20", end_status="ongoing", source_id="page")
    merged = merge_events(made.typed())["restrictions"].set_index("restriction_id")
    assert merged["listed_until"].to_dict() == {"R1": until, "R2": ""}
    assert merged.loc["R1", "listed_until_end"] == pd.Timestamp(until) + pd.Timedelta(days=1)
