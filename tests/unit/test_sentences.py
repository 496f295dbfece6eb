"""Answers in sentences: what they say of whom, and how they round."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from audience_impact.answers import Quantity, caveats, numbers, records, sentences, text
from audience_impact.answers.areas import AreaRecord
from audience_impact.answers.names import area_in_words, name_area, name_service
from audience_impact.answers.numbers import (
    ENDS,
    Estimate,
    describe_estimate,
    describe_range,
    format_interval,
    format_number,
    from_to,
    on_day,
    round_interval,
)
from audience_impact.answers.records import AnswerRecord
from audience_impact.answers.restriction_words import (
    describe_place,
    list_services,
    name_other_ids,
    put_counts_last,
)
from audience_impact.periods import ONE_DAY, parse_period
from audience_impact.vocabulary import (
    BOTH_ACTIONS,
    EITHER_ACTION,
    FAST_CUT,
    IN_SERIES,
    NOT_AS_ORDER,
    ON_AND_OFF,
    PRINTED_AREA,
    PROLONGED,
    SLOWED_ALONE,
    WITH_NETWORK,
)
from schemas import published
from tests.support import FACTS, load, replace_cells
from tests.unit.test_answer import asked

VERSION = "2026-01-31-0123456789ab"
Records = Mapping[str, AnswerRecord]
METRICS = ("people_exposed", "people_feature_exposed", "people_deprived_net")


def people(*numbers: float | None) -> dict[str, Any]:
    """The numbers of a row of `impact`, from at least to at most; as printed 1 % further in."""
    low, *_, high = numbers
    inside = ((low or 0.0) * 1.01, high and high / 1.01)
    return dict(zip(ENDS, (*numbers, *inside), strict=True))


def target(platform: str, name: str, feature: str = "whole_service") -> dict[str, str]:
    """What a restriction restricts."""
    named = {"platform_id": platform, "platform_name": name, "feature": feature}
    return {**named, "claim_status": "official", "period": "2020"}


def told(
    exposed: dict[str, Any],
    users: dict[str, Any] | None = None,
    feature: str = "whole_service",
    **cells: Any,
) -> AnswerRecord:
    """The record of the block of a service in France, with these cells."""
    row = {"base": "internet_all", "base_persons": 100e6, "obs_status": "E", "confidence": "medium"}
    row |= {"population_persons": None, "dedup_method": "single"}
    row |= dict.fromkeys(("reason", "reason_rule_ids", "reason_details")) | cells.pop("why", {})
    none = people(0.0, None, None, None, 100e6)
    counts = {"people_exposed": exposed, "people_feature_exposed": users or exposed}
    counts["people_deprived_net"] = people(0.0, *cells.pop("left", (None, None, None)), 100e6)
    alone = target(cells.pop("platform_id", "alpha"), cells.pop("platform_name", "Alpha"), feature)
    targets, others = cells.pop("targets", [alone]), cells.pop("comparisons", [])
    sources = [{"role": "restriction", "attribution": cells.pop("reported_by", None)}]
    hours = dict.fromkeys(Estimate._fields) | dict(
        zip(Estimate._fields, cells.pop("hours", []), strict=False)
    )
    days = {
        f"{prefix}{name}_{unit}": hours[name]
        for prefix, unit in (("", "person_hours"), ("", "person_days"), ("feature_", "person_days"))
        for name in Estimate._fields
    }
    days |= {"period": "all", "days": 1, "naive_sum_person_days": None, "obs_status": "E"}
    act = {
        **dict.fromkeys(published.COLUMNS["restrictions"]),
        "restriction_id": "R1",
        "area_id": "FR",
        "country_id": "FR",
        "area_names": "France",
        "action": "block",
        "geo_scope": "national",
        "network_scope": "all",
        "evidence_state": "blocked",
        "claim_status": "official",
        "end_status": "unknown",
        "observed_from": "2020-11-04",
        "as_of": "2026-01-31",
        **cells,
    }
    for first, last in (("observed_from", "observed_by"), ("ended_on", "ended_by")):
        span = parse_period(act[first] or "") or (None, None)
        act[first] = span[0] and f"{span[0]:%Y-%m-%d}"
        act[last] = span[1] and f"{span[1] - ONE_DAY:%Y-%m-%d}"
    impact = [{**row, **counts.get(name, none), "impact_metric": name} for name in METRICS]
    return records.build_record_from_rows(
        {
            "comparisons": others,
            "restrictions": [act],
            "impact_by_platform": targets,
            "impact": impact,
            "lineage": sources,
            "person_days": [days],
        }
    )


TWO: dict[str, Any] = {
    "targets": [target("alpha", "Alpha"), target("beta", "Beta")],
}
MANY = people(96e6, 96_991_037.0, 101_249_599.0, 104_023_255.0, 105e6)
FEW = people(0.0, 540.0, 4_612.0, 9_000.0, 12_000.0)
USERS = people(29_858_376.0, 33_047_447.0, 41_750_054.0, 51_381_940.0, 55_738_602.0)
BOUNDS = people(0.0, None, None, None, 93_200_000.0)
BOTH = "France;Italy"
HOURS = ("q05_in_force_hours", "q50_in_force_hours", "q95_in_force_hours")
OTHER_END: dict[str, Any] = {"other_ended_on": "2021-01-02"}
NET: dict[str, Any] = {
    "platform_id": "*",
    "platform_name": "Whole internet",
    "action": "network_shutdown",
}


def figure(value: float, **cells: Any) -> dict[str, Any]:
    """A figure that others published of the people of an answer."""
    row: dict[str, Any] = {
        "figure_kind": "platform_audience",
        "unit": "persons",
        "interval_kind": "none",
    }
    row |= {"disputed_by": None, "platform_id": "alpha", "published_value": value}
    return row | {"publisher": "A page", "attribution": "A page"} | cells


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (
            told(MANY),
            "About 101 million people in France (likely range 97 to 104 million) ordinarily used "
            "Alpha before it was blocked on 4 November 2020.",
        ),
        (
            told(MANY, USERS, "voice_call", action="degrade", announced_on="2020-11-09"),
            "About 42 million people in France (likely range 33 to 51 million) ordinarily made "
            "voice calls on Alpha before these were restricted on 4 November 2020.",
        ),
        (
            told(MANY, BOUNDS, "voice_call"),
            "About 101 million people in France (likely range 97 to 104 million) ordinarily used "
            "Alpha before voice calls on it were blocked on 4 November 2020.",
        ),
        (
            told(FEW, **NET, ended_on="2020-11-26", area_id="FR-BRE", area_names="Bretagne"),
            "About 4,600 people in Bretagne, France (likely range 540 to 9,000), were online when "
            "the internet was shut down there from 4 to 26 November 2020.",
        ),
        (
            told(FEW, **NET, ended_on="2020-11-26", start_precision="estimated"),
            "About 4,600 people in France (likely range 540 to 9,000) were online when "
            "the internet was shut down there from around 4 November 2020 to 26 November 2020.",
        ),
        (
            told(FEW, **NET, ended_on="2020-11-26", end_source="last_report"),
            "About 4,600 people in France (likely range 540 to 9,000) were online when the "
            "internet was shut down there from 4 November 2020 until at least 26 November 2020.",
        ),
        (
            told(FEW, **NET, start_precision="first_seen"),
            "About 4,600 people in France (likely range 540 to 9,000) were online when "
            "the internet was shut down there on or before 4 November 2020.",
        ),
        (
            told(FEW, **NET, network_scope="mobile"),
            "About 4,600 people in France (likely range 540 to 9,000) had only mobile "
            "networks to go online when these were shut down there on 4 November 2020.",
        ),
        (
            told(FEW, **NET, network_scope="unknown", cause="damage", claim_status="reported"),
            "About 4,600 people in France (likely range 540 to 9,000) depended on "
            "the networks that were cut off by damage there on 4 November 2020.",
        ),
        (
            told(BOUNDS, **NET, area_id="FR;IT", country_id="FR;IT", area_names="France;Italy"),
            "No reliable estimate exists of how many people in France and Italy were online when "
            "the internet was shut down there on 4 November 2020.",
        ),
        (
            told(BOUNDS, geo_scope="multi_region", **TWO),
            "No reliable estimate exists of how many people in parts of France ordinarily used "
            "Alpha or Beta before they were blocked on 4 November 2020.",
        ),
        (
            told(
                people(0.0, 0.0, 0.0, 0.0, 0.0),
                announced_on="2020-11-01",
                observed_from=None,
                action="legal_ban_only",
            ),
            "No one in France was affected: the legal ban of Alpha announced on 1 November 2020 "
            "was never carried out.",
        ),
        (
            told(MANY, announced_on="2020-11", observed_from=None, evidence_state="insufficient"),
            "About 101 million people in France (likely range 97 to 104 million) ordinarily used "
            "Alpha before a block of it was announced in November 2020.",
        ),
        (
            told(
                MANY,
                action="throttle",
                targets=[target(name.lower(), name) for name in "ABCDEFGH"],
            ),
            "About 101 million people in France (likely range 97 to 104 million) ordinarily used "
            "A, B, C, D, E or any of 3 other services before they were slowed on 4 November 2020.",
        ),
        (
            told(
                MANY,
                targets=[target("alpha", "Alpha"), target("beta", "Beta", "live_stream")],
            ),
            "About 101 million people in France (likely range 97 to 104 million) ordinarily used "
            "Alpha or Beta before they (on Beta only live videos) were blocked on 4 November 2020.",
        ),
        (
            told(MANY, platform_name="Services that the source does not name"),
            "About 101 million people in France (likely range 97 to 104 million) ordinarily used "
            "services that the source does not name before they were blocked on 4 November 2020.",
        ),
        (
            told(MANY, observed_from=None),
            "About 101 million people in France (likely range 97 to 104 million) ordinarily used "
            "Alpha before it was blocked.",
        ),
    ],
)
def test_the_first_sentence_says_who_is_counted_and_what_happened(
    record: AnswerRecord, said: str
) -> None:
    assert sentences.write_headline(record) == said
    assert sentences.write_answer(record, VERSION).startswith(said)


def reasoned(
    numbers: dict[str, Any], rules: str, status: str, details: str | None = None, **cells: Any
) -> AnswerRecord:
    """A record whose rows give a reason by these rules, with what each says of the row itself."""
    reason = {"reason_rule_ids": rules, "reason_details": details}
    return told({**numbers, **reason, "obs_status": status}, **cells)


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (
            reasoned(BOUNDS, "no_figure", "M"),
            "no estimate because our record holds no user figure from before it began.",
        ),
        (
            reasoned(BOUNDS, "subnational;part_unknown", "M", ";no_places"),
            "no estimate because our record does not say which places were affected.",
        ),
        (
            reasoned(
                BOUNDS,
                "extent;some_networks",
                "M",
                extent_reason="one operator named: Orange",
            ),
            "because the source names only Orange",
        ),
        (
            reasoned(BOUNDS, "new_use_only", "M", feature="app_distribution"),
            "because only downloads were affected, and our record holds no count of those",
        ),
        (
            reasoned(MANY, "imputed;disputed", "I", "kind;"),
            "No survey measured the audience; the number is modelled on other services of its k",
        ),
        (
            reasoned(MANY, "feature_assumed", "U", "population:age_18_plus:internet_12_plus"),
            "Assumptions: residents aged 18 and over were asked, and this is applied to people "
            "online aged 12 and over.",
        ),
        (
            reasoned(
                MANY, "feature_assumed;feature_assumed", "U", "feature:voice:voice,video;during"
            ),
            "Assumptions: the share of voice is applied to voice and video; people were asked "
            "during the restriction, and this is applied to the time before it.",
        ),
        (reasoned(MANY, "ages", "A", "12"), "The number covers people aged 12 and over."),
        (
            reasoned(BOUNDS, "one_sided", "U"),
            "no estimate because a figure is only a lower or an upper limit.",
        ),
        (
            told(MANY, why={"base_persons": 110e6}),
            "The minimum is 96 million and the maximum 105 million; the sources' own "
            "figures give 97 to 104 million, of 110 million people online.",
        ),
        (
            told(people(0.0, 20e6, 50e6, 80e6, 105e6)),
            "2020. Our record counts 100 million people online there.",
        ),
        (
            told(MANY, USERS, "voice_call", observed_from="2020-11-04"),
            "About 101 million people (likely range 97 to 104 million) used Alpha at all.",
        ),
        (
            told(MANY, BOUNDS, "voice_call"),
            "No survey measured how many of them used what was restricted.",
        ),
        (
            told(MANY | {"max_persons": None}),
            "The minimum is 96 million; the sources' own figures give 97 to 104",
        ),
        (told(MANY), "People who got round the restriction, for instance with VPNs, are included."),
        (told(MANY, end_status="ongoing"), "Our record holds no end by 31 January 2026."),
        (
            told(MANY, end_status="ongoing", listed_until="2025-12-31"),
            "Our record holds no end by 31 December 2025.",
        ),
        (told(MANY), "Its end is not recorded."),
        (told(MANY, ended_on="2021-01-02"), "It lasted until 2 January 2021."),
        (
            told(MANY, ended_on="2021-01-02/2021-01-31"),
            "It lasted until a day between 2 and 31 January 2021.",
        ),
        (told(MANY, ended_on="2021-01-01/2021-12-31"), "Its end is not recorded."),
        (told(MANY, ended_on="2021-02/2021-12-31"), "Its end is not recorded."),
        (
            told(MANY, ended_on="2021-01-02/2021-12-31"),
            "Its end is not recorded; it was still in force on 2 January 2021.",
        ),
        (
            told(MANY, ended_on="2020-11-26", end_source="last_report"),
            "It lasted until at least 26 November 2020.",
        ),
        (
            told(MANY, end_status="ongoing", other_end_source="A register", **OTHER_END),
            "2020. Sources disagree about its end: our record holds none; A register lists it "
            "as over by 2 January 2021.",
        ),
        (
            told(MANY, ended_on="2021-03-02", other_end_source="A list"),
            "2020. Sources disagree about its end: our record has 2 March 2021; A list lists it as "
            "ongoing.",
        ),
        (told(MANY, announced_on="2020-11-09"), "It was announced on 9 November 2020."),
        (told(MANY, announced_on="2020-10-09"), "It was announced on 9 October 2020."),
        (
            told(
                MANY, announced_on="2020-10-09", observed_from=None, evidence_state="insufficient"
            ),
            "Our record does not show that it was carried out.",
        ),
        (told(MANY, claim_status="disputed"), "that it happened is disputed."),
        (
            told(
                MANY,
                **NET,
                targets=[target("*", "Whole internet"), target("alpha", "Alpha")],
            ),
            "Also restricted: Alpha.",
        ),
        (
            told(
                FEW,
                ended_on="2020-11-04",
                least_hours_a_day=5.0,
                most_hours_a_day=5.0,
                hours=(0.0, 2.1e6, 5.12e6, 12.9e6, 2e7),
            ),
            "It lasted 5 hours.",
        ),
        (
            told(FEW, ended_on="2020-11-04", least_hours_a_day=1.0, most_hours_a_day=1.0),
            "It lasted an hour",
        ),
        (
            told(
                MANY,
                hours_basis="measured",
                ended_on="2020-11-06",
                evidence_count=2.0,
                seen_by_names="IODA",
                q05_in_force_hours=3.2,
                q50_in_force_hours=6.0,
                q95_in_force_hours=10.14,
            ),
            "IODA saw 2 outages in its days: about 6 hours in all (likely range 3.2 to 10.1).",
        ),
        (
            told(MANY, hours_basis="measured", evidence_count=1.0, seen_by_names="IODA"),
            "IODA saw an outage in its days.",
        ),
        (
            told(
                MANY,
                hours_basis="exams",
                ended_on="2020-11-04",
                q05_in_force_hours=3.0,
                q50_in_force_hours=6.0,
                q95_in_force_hours=12.0,
            ),
            "Similar shutdowns suggest about 6 hours in all (likely range 3 to 12).",
        ),
        (
            told(
                MANY,
                hours_basis="network_cut",
                ended_on="2020-11-04",
                q05_in_force_hours=302.5,
                q50_in_force_hours=1026.4,
                q95_in_force_hours=2904.0,
            ),
            "Similar shutdowns suggest about 1,000 hours in all (likely range 300 to 2,900).",
        ),
        (
            told(
                MANY,
                evidence_count=1.0,
                seen_by_names="Access Now",
                least_lost_share=0.3,
                most_lost_share=0.5,
            ),
            "Access Now is the source of what was lost. It took 30 to 50% of the traffic or "
            "addresses.",
        ),
        (
            told(MANY),
            f"Medium confidence in the number. Figures: audience-impact version {VERSION}.",
        ),
    ],
)
def test_the_paragraph_says_what_is_not_sure(record: AnswerRecord, said: str) -> None:
    answer = sentences.write_answer(record, VERSION)
    assert said in answer, answer


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (
            {"claim_status": "reported"},
            "Our record holds no official statement and no measurement.",
        ),
        ({}, "It was officially confirmed. Our record holds no measurement."),
        (
            {"evidence_state": "likely_blocked", "authority": "Ministry of Peace; Military"},
            "It was ordered by the Ministry of Peace, and was officially confirmed. Our record "
            "holds no measurement.",
        ),
        (
            {"claim_status": "reported", "measured_by_names": "IODA;OONI"},
            "; measurements by IODA and OONI are on record. Our record holds no official sta",
        ),
        (
            {"reported_by": "OONI", "measured_by_names": "OONI"},
            "OONI reports it from its own measure",
        ),
        (
            {"claim_status": "reported", "authority": "Executive government"},
            "Our record attributes the order to the national government.",
        ),
        ({"claim_status": "reported", "is_ordered": "yes"}, "to an order, without saying whose."),
        ({"authority": "A court", "legal_basis": "Law 1"}, "by a court (Law 1), and was"),
        ({"authority": "A court", "legal_basis": "Yes. " * 20}, "by a court, and was officially"),
        (
            {"authority": "Military of Oz; Non-government", "is_ordered": "no"},
            "Our record attributes it to the Military of Oz; it was officially confirmed.",
        ),
        (
            {"claim_status": "disputed", "authority": "A regulator"},
            "that it happened is disputed. Our record attributes it to a regulator. Our record",
        ),
        ({"evidence_state": "ok", "measured_by_names": "OONI"}, "OONI found no restriction."),
        ({"authority": "President Jo Oz", "is_ordered": "yes"}, "ordered by President Jo Oz,"),
        ({"authority": "Supreme Court Judge Jo Oz"}, "ordered by Supreme Court Judge Jo Oz,"),
        ({"authority": "Vice President Office"}, "ordered by the Vice President Office,"),
        ({"authority": "Minister of Education"}, "ordered by the Minister of Education,"),
    ],
)
def test_who_did_it_and_who_confirms_it_is_what_the_record_holds(
    cells: dict[str, Any], said: str
) -> None:
    evidence = caveats.describe_evidence(told(MANY, **{"reported_by": "A page"} | cells))
    assert said in evidence, evidence
    assert ("measurements by" in evidence) == (
        "measured_by_names" in cells and cells.get("reported_by") != "OONI"
    )


def test_the_first_sentence_on_a_disputed_restriction_says_so() -> None:
    disputed = told(MANY, claim_status="disputed")
    for sentence in (sentences.write_lead(disputed), sentences.write_headline(disputed)):
        assert sentence.endswith(", by a report that is disputed.")
    assert "report" not in sentences.write_lead(told(MANY))


def test_a_disputed_figure_is_named_and_so_are_polls_from_during_the_restriction() -> None:
    dispute = figure(39.6e6, disputed_by="A checker", publisher="A pollster")
    answer = sentences.write_answer(told(MANY, comparisons=[dispute, figure(1.0, unit="accounts")]))
    named = "A checker disputes the figure of 39.6 million by A pollster, which is not used."
    assert named in answer
    assert answer.count("disputes") == 1
    why = {"reason_rule_ids": "feature_assumed", "reason_details": "during"}
    asked = sentences.write_answer(told(MANY, USERS, "voice_call", why=why))
    assert ", an estimate from polls taken during the restriction." in asked
    assert "people were asked during the restriction, and this is applied" in asked


@pytest.mark.parametrize(
    ("numbers", "cells", "said"),
    [
        ((20e6, 50e6, 90e6), {}, "Another published figure is 95 million, by A page."),
        ((20e6, 50e6, 99e6), {}, "Another published figure is 95 million, by A page."),
        ((20e6, 70e6, 99e6), {}, ""),
        ((20e6, 50e6, 90e6), {"interval_kind": "one_sided_max"}, ""),
        ((99e6, 100e6, 101e6), {"interval_kind": "one_sided_min"}, ""),
        ((20e6, 50e6, 90e6), {"disputed_by": "A checker"}, ""),
        ((20e6, 50e6, 90e6), {"figure_kind": "population"}, ""),
        (
            (20e6, 50e6, 90e6),
            {"figure_kind": "company_statement", "attribution": "Alpha (relayed) (via A page)"},
            "Another published figure is 95 million, by Alpha (via A page).",
        ),
    ],
)
def test_a_published_figure_that_ours_differs_from_is_in_the_second_sentence(
    numbers: tuple[float, float, float], cells: dict[str, Any], said: str
) -> None:
    record = told(people(0.0, *numbers, 110e6), comparisons=[figure(95e6, **cells)])
    answer = sentences.write_answer(record)
    assert ("Another" in answer) == bool(said)
    assert answer.startswith(f"{sentences.write_headline(record)} {said}".rstrip())


def test_without_an_estimate_the_best_published_figure_and_a_telling_maximum_are_named() -> None:
    few = people(0.0, None, None, None, 4e6)
    why: dict[str, Any] = {"base_persons": 10e6, "population_persons": 5e6}
    lead = sentences.write_lead(told(few, comparisons=[figure(3e6)], why=why))
    assert lead.startswith("No reliable estimate exists of how many people in France")
    assert lead.endswith(
        "2020. The best published figure is 3 million, by A page. The maximum is 4 million."
    )
    for silent in (
        {"base_persons": 8e6},
        {"population_persons": 4e6},
        {"population_persons": None},
    ):
        assert "maximum" not in sentences.write_lead(told(few, why=why | silent))


def test_the_best_figure_says_of_whom_it_is() -> None:
    used = [{"role": "audience", "platform_id": "alpha", "attribution": "A panel, May 2020"}]
    some: dict[str, Any] = {"geo_scope": "multi_region"}
    for part, cells, said in (
        ((0.0, 458e3), {}, "figure is up to 458,000: A panel, May 2020."),
        ((33e6, 90e6), {}, "figure is at least 33 million: A panel"),
        ((0.0, 9e6), some, "figure is 9 million for all of France: A"),
        ((0.0, 100e6), {}, None),  # that is everyone online
    ):
        record = told(BOUNDS, **cells)
        sizes = dict(zip(("printed_min_persons", "printed_max_persons"), part, strict=True))
        audience = {**record.audiences[0], "platform_id": "alpha", **sizes}
        lead = sentences.write_lead(replace(record, audiences=(audience,), figures=tuple(used)))
        assert ("best published" not in lead) if said is None else (said in lead)


def test_a_network_in_a_war_was_online_before() -> None:
    cut: dict[str, Any] = {
        "area_id": "FR-1",
        "area_names": "Brest Strip",
        "occasion": "Conflict",
    }
    lead = sentences.write_lead(told(FEW, **NET, **cut))
    assert "in the Brest Strip, France, were ordinarily online before the internet was shut" in lead
    inside = sentences.write_lead(told(FEW, **NET, **cut, region_name="Bretagne"))
    assert "in the Brest Strip, Bretagne, France, were" in inside
    harmed: dict[str, Any] = {
        "authority": "Military of Oz; Non-government",
        "is_ordered": "no",
        "cause": "damage",
    }
    lead = sentences.write_lead(told(FEW, **NET, **cut | harmed))
    assert "before the internet was cut off there" in lead


def test_a_time_of_the_day_in_a_note_is_not_denied() -> None:
    hours: dict[str, Any] = {"hours_basis": "exams", "ended_on": "2020-11-04"}
    hours |= dict(zip(HOURS, (3.0, 6.0, 12.0), strict=True))
    assert "Similar shutdowns suggest" in sentences.write_answer(told(MANY, **hours))
    for note in ("from 4:00pm to midnight", "10:30 to 13:30", "about 60 hours"):
        assert "no hours" not in sentences.write_answer(told(MANY, **hours, note=note))
    late: dict[str, Any] = {"ended_on": "2020-11-06/2020-12-31"}
    assert "hours" not in sentences.write_answer(told(MANY, **hours | late))


def test_places_that_the_source_names_are_not_said_to_be_unnamed() -> None:
    unnamed: dict[str, Any] = {"geo_scope": "multi_region"}
    silent = "Our record does not say which places were affected."
    for note in ("", f"{PRINTED_AREA}Nationwide; more"):
        assert silent in sentences.write_answer(told(MANY, **unnamed, note=note))
    named = sentences.write_answer(told(MANY, **unnamed, note=f"{PRINTED_AREA}Brest; more"))
    assert silent not in named
    assert "Its source says “Brest”, for which our record has no count of people." in named


def test_our_own_projection_is_called_ours() -> None:
    base = {"role": "base", "attribution": "Audience Impact, 2026 (via Our World in Data)"}
    record = replace(told(MANY), figures=(base,))
    assert "people online by audience-impact projection from ITU data, 2026." in (
        sentences.write_sources(record)
    )


def test_a_day_of_twenty_four_hours_is_told_as_a_day() -> None:
    hours: dict[str, Any] = {"least_hours_a_day": 24.0, "most_hours_a_day": 24.0}
    assert "hours" not in sentences.write_answer(told(FEW, ended_on="2020-11-06", **hours))
    shorter = told(FEW, ended_on="2020-11-06", least_hours_a_day=8.0, most_hours_a_day=24.0)
    assert "24 to 72 hours in all" in sentences.write_answer(shorter)
    exams = replace_cells(shorter.restriction, hours_basis="exams")
    assert "8 to 24 hours a day on average" in (
        sentences.write_answer(replace(shorter, restriction=exams))
    )
    night: dict[str, Any] = {"least_hours_a_day": 6.0, "most_hours_a_day": 6.0}
    two_dates = sentences.write_answer(told(FEW, ended_on="2020-11-05", **night))
    assert "until 5 November 2020, 12 hours in all" in two_dates
    nearly: dict[str, Any] = {"least_hours_a_day": 23.2, "most_hours_a_day": 24.0}
    assert "hours" not in sentences.write_answer(told(FEW, ended_on="2021-01-06", **nearly))
    seen: dict[str, Any] = {
        "hours_basis": "measured",
        "evidence_count": 1.0,
        "seen_by_names": "IODA",
    }
    seen |= {f"q{name}_in_force_hours": 30.0 for name in ("05", "50", "95")}
    fits = sentences.write_answer(told(FEW, **NET, ended_on="2020-11-05", **seen))
    assert "IODA saw an outage in its days: about 30 hours in all." in fits
    longer = sentences.write_answer(told(FEW, **NET, ended_on="2020-11-04", **seen))
    assert "IODA saw an outage in its days." in longer
    once = told(FEW, ended_on="2020-11-06", times_in_force=1.0, **night)
    assert "6 hours in all" in sentences.write_answer(once)


def test_days_of_a_single_cut_are_no_times() -> None:
    def write(hours: float, **cells: Any) -> str:
        cut: dict[str, Any] = NET | {
            "ended_on": "2020-11-06",
            "least_hours_a_day": hours,
            "most_hours_a_day": hours,
        }
        return sentences.write_answer(told(FEW, **cut, **cells))

    single = write(18.0, times_in_force=2.0)
    assert "2 times" not in single
    assert "It lasted 36 hours in all." in single
    assert "2 times from 4 to 6 November" in write(1.25, times_in_force=2.0)
    assert "7 times from 4 to 6 November" in write(18.0, times_in_force=7.0)
    assert "It lasted 6 hours a day." in write(6.0)
    exams = write(18.0, times_in_force=2.0, hours_basis="exams")
    assert "was shut down there during exams from 4 to 6 November 2020" in exams


def test_people_online_are_not_named_where_they_are_fewer_than_the_estimate() -> None:
    assert "104 million, of 108 million people online." in sentences.write_answer(
        told(MANY, why={"base_persons": 108e6})
    )
    printed = MANY | {"printed_max_persons": 99e6}  # the median is above the bound as printed
    assert "people online" not in sentences.write_answer(told(printed, why={"base_persons": 100e6}))
    assert "people online" in sentences.write_answer(told(printed, why={"base_persons": 102e6}))


def test_a_part_of_some_of_the_places_is_named() -> None:
    names: dict[str, Any] = {"area_id": "FR-1;FR-2", "area_names": "Brest;Nantes"}

    def write(readings: str, places: str) -> str:
        return describe_place(told(MANY, **names, place_readings=readings, place_names=places))

    some = "in Brest;Nantes"
    assert write("within;whole", some) == "Nantes and parts of Brest, France"
    town = f"{some} (a town or all of it)"
    assert write("within;city_or_district", town) == "Nantes and parts of Brest, France"
    assert write("within;whole", "in Brest;Brest") == "parts of Brest, France"
    assert write("within;within", "in Brest;in Nantes") == "parts of Brest and Nantes, France"
    assert write("whole;whole", "Brest;Nantes") == "Brest and Nantes, France"
    assert write("within;whole", "Port (Brest);Nantes") == "Port (Brest) and Nantes, France"
    assert write("within", "Port (Brest)") == "Port (Brest), France"


def test_places_that_the_source_names_are_not_said_to_be_missing() -> None:
    cells: dict[str, Any] = {
        "geo_scope": "multi_region",
        "place_readings": "within",
        "place_names": "Port and Harbour (France)",
        "note": "area as printed: Port and Harbour; more",
    }
    act = reasoned(BOUNDS, "subnational;part_unknown", "M", ";no_places", **cells)
    answer = sentences.write_answer(act)
    assert "Its source says \u201cPort and Harbour\u201d, for which our record has no" in answer
    assert "does not say which places" not in answer


def test_a_restriction_that_was_cut_and_slowed_says_so() -> None:
    note = f"area as printed: Brest; {BOTH_ACTIONS}; more"
    said = "The source says that it was shut down or slowed"
    assert f"{said}; the number covers both." in sentences.write_answer(told(MANY, note=note))
    assert f"{said}." in sentences.write_answer(told(BOUNDS, note=note))
    assert said in sentences.write_answer(told(MANY, note=EITHER_ACTION))
    assert said not in sentences.write_answer(told(MANY, note="shut down and throttled"))


@pytest.mark.parametrize(
    ("cells", "line"),
    [
        ({"announced_on": "2020-11-03", "start_on": "2020-11-03"}, "from 4 November 2020, "),
        ({"observed_from": None, "start_on": "2020-11-03"}, "from 3 November 2020, "),
        ({"start_on": "2020-11-04"}, "from 4 November 2020, end not recorded\n"),
        ({"start_precision": "estimated"}, "from around 4 November 2020, end not recorded\n"),
        ({"start_precision": "first_seen"}, "from 4 November 2020 or before, end not recorded\n"),
        ({"end_status": "ended", "ended_on": "2020-11-06"}, ", ended 6 November 2020\n"),
        (
            {"end_status": "ended", "ended_on": "2020-11-06/2020-11-30"},
            ", ended between 6 and 30 November 2020\n",
        ),
    ],
)
def test_the_days_beneath_an_answer_are_those_of_its_first_sentence(
    cells: dict[str, Any], line: str
) -> None:
    assert line in text.render_brief(told(MANY, **cells), VERSION)


def test_who_kept_access_is_taken_off_where_somebody_knows() -> None:
    record = told(MANY, left=(13e6, 27e6, 39e6))
    answer = sentences.write_answer(record)
    assert (
        "Allowing for people who got round it, for instance with VPNs, about 27 million lost "
        "access (likely range 13 to 39 million)." in answer
    )
    assert "version" not in answer


@pytest.mark.parametrize(
    ("numbers", "shown"),
    [
        ((96_991_037, 101_249_599, 104_023_255), ("97 million", "101 million", "104 million")),
        ((1_755_542, 5_686_455, 14_632_041), ("1.8 million", "5.7 million", "15 million")),
        ((300_000, 420_123, 500_000), ("300,000", "420,000", "500,000")),
        ((540, 4_612, 9_000), ("540", "4,600", "9,000")),
        (
            (101_010_000, 101_240_000, 101_430_000),
            ("101 million", "101.2 million", "101.4 million"),
        ),
        ((92e7, 1.019e9, 1.13e9), ("920 million", "1.02 billion", "1.13 billion")),
        ((95_500_000, 95_500_000, 95_500_000), ("95.5 million",) * 3),
        ((0, 0, 0), ("0",) * 3),
        ((0, 3.2, 9), ("0", "3", "9")),
    ],
)
def test_numbers_are_rounded_by_the_width_of_their_interval(
    numbers: tuple[float, float, float], shown: tuple[str, str, str]
) -> None:
    assert round_interval(*numbers) == shown


@pytest.mark.parametrize("middle", [1.0, 37.0, 4_612.0, 99_950.0, 999_600.0, 1e6, 5.2e7, 1.234e9])
@pytest.mark.parametrize("width", [0.001, 0.01, 0.1, 0.9])
def test_the_ends_of_an_interval_never_read_the_same(middle: float, width: float) -> None:
    low, high = middle * (1 - width), middle * (1 + width)
    if high - low >= 1:
        first, _, last = round_interval(low, middle, high)
        assert first != last
    assert len(format_number(middle).replace(",", "").replace(".", "").split()[0].strip("0")) <= 3


def test_bounds_keep_three_digits_and_all_but_meet_as_one() -> None:
    assert describe_range(0, 93_200_000) == "0 to 93.2 million"
    assert describe_range(279_998, 280_002) == "280,000"
    assert describe_range(540_000, 1_230_000) == "540,000 to 1.23 million"
    assert format_interval(26e6, 600e6) == "26 to 600 million"
    assert describe_estimate(97e6, 101e6, 104e6).startswith("about 101 million people (likely ")


def test_days_and_spans_are_said_once() -> None:
    assert on_day("2025") == "in 2025"
    assert on_day("2023-Q1") == "in Q1 2023"
    assert numbers.dates_in_words("2025-H1") == "first half of 2025"
    assert on_day("2025-08-10/2025-08-11") == "on 10 or 11 August 2025"
    assert from_to("2020-10-28", "2020-11-03") == "from 28 October to 3 November 2020"
    assert from_to("2020-12-30", "2021-01-02") == "from 30 December 2020 to 2 January 2021"
    assert from_to("2026-01-08", "2026-01") == "from 8 January 2026 until later that month"


def test_names_are_those_of_prose() -> None:
    assert area_in_words("TR", "Turkey") == "Türkiye"
    assert area_in_words("US", "United States") == "the United States"
    assert area_in_words("CD", "DR Congo") == "the Democratic Republic of the Congo"
    assert area_in_words("XA", "Land XA") == "Land XA"
    assert area_in_words("002", "002") == "Africa"
    assert area_in_words("IN-JK", "Jammu & Kashmir") == "Jammu and Kashmir"
    assert [name_service(name) for name in ("Social media", "VPN services", "Mail.ru")] == [
        "social media",
        "VPN services",
        "Mail.ru",
    ]
    assert name_service("58 other Chinese apps (India 2020)") == "58 other Chinese apps"
    assert put_counts_last(["58 other apps", "TikTok", "WeChat"]) == [
        "TikTok",
        "WeChat",
        "58 other apps",
    ]


def test_the_ids_of_an_outage_at_its_publisher_are_named_once_and_ours_are_not() -> None:
    record = told(people(1e6, 2e6, 3e6, 4e6, 5e6))
    seen = [{"role": "evidence", "input_id": name} for name in ("ioda-A1", "ioda-A1", "paper-7")]
    seen += [{"role": "audience", "input_id": "ioda-B2"}]
    assert name_other_ids(replace(record, figures=tuple(seen))) == "IODA A1"
    assert name_other_ids(record) == ""


def area_row(**cells: Any) -> dict[str, Any]:
    """A row of `regions_by_year` with its period."""
    return {
        "area_id": "002",
        "period": "2023",
        "kind": "all",
        "as_of": "2026-01-31",
        **people(26e6, 80e6, 89e6, 99e6, 600e6),
        **{"restrictions_count": 55, "bounds_only_count": 0},
        **{"countries_count": 20, "countries_drawn": 20, "is_lower_bound": "no"},
        **{"confidence": "low", "obs_status": "I", "register_restrictions_count": 40},
        **cells,
    }


def area(**cells: Any) -> AreaRecord:
    """The record of an area without rows of kinds."""
    return AreaRecord("Africa", {"all": area_row(**cells)})


def test_an_area_is_told_with_each_person_once() -> None:
    write = sentences.write_area_answer
    assert write(area()) == (
        "In 2023 about 89 million people in Africa (likely range 80 to 99 million) were under at "
        "least one restriction on record at some time, each counted once. The minimum is 26 "
        "million and the maximum 600 million; the sources' own figures give 26.3 "
        "to 594 million. It covers 55 restrictions: 15 of these facts and 40 that a register alone "
        "records. Low confidence in the number."
    )
    assert "leaves out 16 of 55 restrictions" in write(area(bounds_only_count=16))
    facts = write(area(register_restrictions_count=0))
    assert "It covers 55 restrictions of these facts. Low confidence" in facts
    assert write(area(period="2026-01")).startswith("In January 2026 about")
    assert write(area(period="2026")).startswith("In 2026, up to 31 January, about")
    none = write(area(**people(0.0, None, None, None, 9e6)))
    assert none.startswith("No reliable estimate exists of how many people in Africa were under")
    nobody = write(area(**people(0, 0, 0, 0, 0)))
    assert nobody == "Our record has no restriction that affected people in Africa in 2023."
    day = write(area(period="2026-01-31"))
    assert day.startswith("On 31 January 2026 about 89 million people in Africa (likely")
    assert "on record, each counted once. The minimum is 26 million" in day
    assert day.endswith("594 million.")


def test_a_country_that_leaves_out_restrictions_is_at_least_that_of_the_others() -> None:
    text = sentences.write_area_answer(
        area(
            **{"countries_count": 1, "countries_drawn": 1, "is_lower_bound": "yes"},
            **{"restrictions_count": 4, "bounds_only_count": 2},
        )
    )
    assert text.startswith(
        "In 2023 about 89 million people in Africa, those under 2 of 4 restrictions "
        "(likely range of these 80 to 99 million), were under at least"
    )
    assert "The estimate leaves out 2 of 4 restrictions" in text


@pytest.mark.parametrize(("period", "span"), [("2023", "year"), ("2023-05", "month")])
def test_a_total_that_leaves_out_countries_says_what_it_covers(period: str, span: str) -> None:
    row = area_row(countries_drawn=12, is_lower_bound="yes", period=period)
    began = people(0.0, 60e6, 70e6, 80e6, 90e6) | {"restrictions_count": 50}
    text = sentences.write_area_answer(AreaRecord("Africa", {"all": row, "began": began}))
    assert text.startswith(
        f"In {'May ' * (span == 'month')}2023 about 89 million people in Africa, those in 12 of 20 "
        "countries (likely range of these 80 to 99 million), were under at least"
    )
    assert (
        "By kind of restriction, with likely ranges, in 12 of 20 countries: about 70 million "
        f"(60 to 80 million) under those that began in the {span}." in text
    )
    total = numbers.read_estimate(row)
    assert numbers.format_median(total) == "89 million"
    for text in (numbers.format_median_interval(total), numbers.format_amount(total)):
        assert text == "89 million (80 to 99) in 12 of 20 countries"
    assert numbers.format_estimate(row) == "89.0 M (80.0 M to 99.0 M) in 12 of 20 countries"
    assert numbers.read_cover(area_row(countries_count=1, countries_drawn=0)) is None


def test_a_total_without_countries_and_restrictions_says_that_both_could_add_to_it() -> None:
    cells: dict[str, Any] = {"countries_drawn": 12, "is_lower_bound": "yes", "confidence": "medium"}
    lead, interval = sentences.write_area_lead(area(**cells))
    higher = "The true figure is probably higher: another"
    assert lead.endswith(f"some time in 2023. {higher} 8 countries could not be estimated.")
    lead, interval = sentences.write_area_lead(area(**cells, bounds_only_count=20))
    assert lead.endswith(
        f"{higher} 8 countries, and 20 of all 55 restrictions, could not be estimated."
    )
    assert interval == "The likely range of those estimated is 80 to 99 million."
    most = area(**cells | {"countries_drawn": 19}, bounds_only_count=20)
    assert f"{higher} country, and 20 of" in sentences.write_area_lead(most)[0]


def test_a_maximum_that_the_range_reaches_as_printed_is_not_named() -> None:
    people = numbers.Estimate(55e6, 57e6, 104e6, 117e6, 118e6, 100e6, 100e6)
    assert numbers.bracket_interval(57e6, 117e6) == " (likely range 57 to 120 million)"
    assert "maximum" not in numbers.describe_bounds(people)


@pytest.mark.parametrize(
    ("least", "text"),
    [
        (0.0, "the maximum is 81 million; the sources' own figures give 49 to"),
        (371e3, "the maximum is 81 million; the sources' own figures give 49 to"),
        (4e6, "the minimum is 4 million and the maximum 81 million; the sources"),
    ],
)
def test_a_lower_bound_that_is_a_small_part_of_the_median_is_not_named(
    least: float, text: str
) -> None:
    people = numbers.Estimate(least, 61e6, 72e6, 78e6, 81e6, 49e6, 79e6)
    assert numbers.describe_bounds(people).startswith(text)
    alone = people._replace(q05=None, q50=None, q95=None)  # it is all that is known
    assert ("minimum" in numbers.describe_bounds(alone)) == (least > 0)


def test_hundreds_beside_millions_are_not_read_as_millions() -> None:
    people = numbers.Estimate(809.0, None, None, None, 239e6, 0.0, 200e6)
    assert numbers.format_bounds(people) == "0 to 239 million"
    assert numbers.describe_bounds(people).startswith("the maximum is 239 million;")
    assert numbers.format_bounds(people._replace(max=9e5)) == "809 to 900,000"
    assert numbers.format_bounds(people._replace(min=1234.0)) == "1,230 to 239 million"


def test_person_days_of_a_region_say_which_part_of_it_they_count() -> None:
    silent, drawn = {"q50_person_days": None}, {"q50_person_days": 1.0}
    in_part = drawn | {"person_days_reason_rule_ids": "some_bounds_only"}

    def write(*rows: dict[str, Any], **cells: Any) -> list[str]:
        row = area_row(q05_person_days=1e9, q50_person_days=2e9, q95_person_days=3e9, **cells)
        countries = pd.DataFrame([{"person_days_reason_rule_ids": None, **each} for each in rows])
        days = Quantity.PERSON_DAYS
        record = AreaRecord("Africa", {"all": row}, quantity=days, countries=countries)
        return sentences.write_area_lead(record)

    assert write(drawn, silent, silent) == [
        "People in 1 country of Africa spent about 2 billion person-days under internet "
        "restrictions in 2023, each person counted once a day. The true figure is probably "
        "higher: another 2 countries could not be estimated.",
        "The likely range of those estimated is 1 to 3 billion.",
    ]
    world = write(drawn, silent, area_id="001")
    assert world[0].endswith("higher: another country could not be estimated.")
    assert write(in_part, in_part, silent)[0].endswith(
        "another country, and restrictions of 2 others, could not be estimated."
    )
    assert write(drawn)[0].endswith("each person counted once a day.")
    rules = in_part["person_days_reason_rule_ids"]
    country = write(
        area_id="UG", countries_count=1, countries_drawn=1, person_days_reason_rule_ids=rules
    )
    assert country[0].endswith("higher: some restrictions could not be estimated.")


def test_the_sentences_of_a_reason_are_made_from_its_rules_and_details() -> None:
    rules = "disputed;step;extent;feature_assumed"
    details = ";X;;feature:channel:feed,search"
    record = reasoned(MANY, rules, "E", details, extent_reason="as a register has it; a part")
    assert caveats.write_reasons(record, record.leading) == [
        ("disputed", "disputed"),
        ("step", "a step of X: the audience from before the first step"),
        ("extent", "as a register has it; a part"),
        ("feature_assumed", "channels taken for all of feeds, searches"),
    ]
    assert caveats.write_reasons(told(MANY), told(MANY).leading) == []


def test_a_comma_in_a_name_is_no_second_service() -> None:
    said = sentences.write_answer(told(MANY, platform_name="Alpha, the first"))
    assert "ordinarily used Alpha, the first before it was blocked" in said


def test_a_comma_in_the_name_of_a_place_is_no_second_place() -> None:
    act = told(MANY, area_id="XA-01", area_names="A, upon B", place_readings="within")
    assert "people in parts of A, upon B, France" in sentences.write_answer(act)


@pytest.fixture(scope="module")
def computed() -> tuple[Records, dict[str, Any]]:
    done = asked().results()
    names = ("impact", "impact_by_platform", "restrictions", "comparisons", "lineage")
    tables = {name: done[name] for name in (*names, "person_days", "sensitivity")}
    return records.build_records(tables), tables


@pytest.mark.parametrize(
    ("act", "words"),
    [
        ("calls", ["made voice calls on Alpha before", "own figures give", "panel, June"]),
        (
            "whole",
            [
                "ordinarily used Beta before",
                "and the maximum 408,000; the sources' own figures give 400,000",
                "panel, June 2025",
            ],
        ),
        (
            "nothing",
            ["No reliable estimate exists of how many people in", "There is no estimate because"],
        ),
        ("never", ["No one in"]),
    ],
)
def test_the_sentence_says_how_many_of_whom_and_who_measured(
    act: str, words: list[str], computed: tuple[Records, dict[str, Any]]
) -> None:
    said = sentences.write_answer(computed[0][act], VERSION)
    assert [word for word in words if word not in said] == [], said


def test_all_records_are_those_of_each(computed: tuple[Records, dict[str, Any]]) -> None:
    known, tables = computed
    assert list(known) == tables["restrictions"]["restriction_id"].tolist()
    assert len(known) == 4
    assert {one: records.build_record(tables, one) for one in known} == dict(known)
    with pytest.raises(KeyError):
        known["nowhere"]
    with pytest.raises(KeyError):
        records.build_record(tables, "nowhere")


@pytest.mark.parametrize(
    ("printed", "readings", "quoted"),
    [
        ("Jinotega, Managua, Leon, and others", "whole;whole;whole", "and others"),
        ("Baghdad and several other cities", "whole", "and several other cities"),
        ("Ndjamena and some provinces", "whole", "and some provinces"),
        ("Monywa and other townships, Sagaing Division", "whole;within", None),
        ("Rohtak and Jajjar districts", "whole;whole", None),
        ("12 districts of Haryana", "whole", None),
        ("Multiple Oblasts", None, None),  # no place is counted
        ("Multiple Oblasts", "whole", "multiple Oblasts"),
    ],
)
def test_places_that_a_register_does_not_name_are_said_not_to_be_counted(
    printed: str, readings: str | None, quoted: str | None
) -> None:
    note = f"{PRINTED_AREA}{printed}; and other cities in a later part of the note"
    record = told(MANY, place_readings=readings, note=note)
    verb = "speaks of" if printed.casefold() == (quoted or "").casefold() else "adds"
    text = f"The source {verb} “{quoted}”: places that it does not name are not counted."
    assert caveats.name_unnamed_places(record) == [text] * bool(quoted)
    assert (text in sentences.write_answer(record)) == bool(quoted)
    assert caveats.name_unnamed_places(told(MANY, place_readings="whole", note=printed)) == []


def test_a_country_has_one_name_in_tables_and_sentences() -> None:
    _, rows = load(FACTS / "areas.csv")  # id and name come first
    names = {row[0]: row[1] for row in rows if re.fullmatch("[A-Z]{2}", row[0])}
    assert len(names) > 200
    assert {code: name_area(code) for code in names} == names
    assert (names["TR"], names["CI"]) == ("Türkiye", "Côte d'Ivoire")


def test_a_cut_that_came_and_went_says_so() -> None:
    spells: dict[str, Any] = {"note": f"a page; {ON_AND_OFF}", "end_status": "ended"}
    answer = sentences.write_answer(told(MANY, **spells, ended_on="2020-11-20"))
    assert "It was on and off until 20 November 2020." in answer
    assert "It was on and off. " in sentences.write_answer(told(MANY, note=ON_AND_OFF))
    daily = told(MANY, **spells, ended_on="2020-11-20", most_hours_a_day=3.0)
    assert "It lasted until 20 November 2020, 3 hours a day." in sentences.write_answer(daily)
    assert "on and off" not in sentences.write_answer(told(MANY))
    slowed = sentences.write_answer(told(MANY, note=SLOWED_ALONE))
    assert "also calls it a shutdown: at most the faster networks were switched off." in slowed
    fast = sentences.write_answer(told(MANY, note=FAST_CUT))
    assert "The source says that the faster networks were suspended and 2G was slowed." in fast
    both = sentences.write_answer(told(MANY, note=WITH_NETWORK))
    assert "the whole internet was affected. Only the users of these services are" in both


def test_the_words_of_a_number_say_whom_it_counts() -> None:
    some = people(0.0, 540.0, 4_612.0, 9_000.0, 100e6)
    part = sentences.write_answer(told(some, geo_scope="multi_region"))
    assert "counts 100 million people online in the whole country." in part
    assert "100 million people online there." in sentences.write_answer(told(some))
    all_of_them = dict(some, printed_min_persons=50e6, printed_max_persons=100e6)
    figures = "the sources' own figures give 50 to 100 million"
    assert f"{figures}, the latter being all people online." in (
        sentences.write_answer(told(all_of_them)).replace("The s", "the s")
    )
    new = {"reason_rule_ids": "new_use_only", "reason_details": ""}
    blocked = sentences.write_answer(told(BOUNDS, feature="registration", why=new))
    asked = "wanted to start using Alpha when new registrations on it were blocked on 4 November"
    assert f"how many people in France {asked}" in blocked
    both = [target("alpha", "Alpha", "voice_call"), target("beta", "Beta", "voice_call")]
    users = sentences.write_answer(told(MANY, USERS, targets=both))
    assert "used these services at all." in users
    noise = {"reason_rule_ids": "part_unknown", "reason_details": "operators_noise"}
    no_count = sentences.write_answer(told(BOUNDS, why=noise))
    assert "because the counts of its operators' users there jump from month to month" in no_count
    of_some = {"reason_rule_ids": "extent", "reason_details": ""}
    for reason in ("attack, not an order", "damage, not an order: x"):
        without = sentences.write_answer(told(BOUNDS, why=of_some, extent_reason=reason))
        assert "caused it, and the source does not count whom it hit." in without


def test_a_fault_that_officials_admit_is_no_order() -> None:
    cells: dict[str, Any] = {"claim_status": "reported", "note": NOT_AS_ORDER}
    answer = sentences.write_answer(told(MANY, **cells))
    assert "Officials acknowledged it, but not as an order." in answer
    assert "no official statement" not in answer
    official = sentences.write_answer(told(MANY, **cells | {"claim_status": "official"}))
    assert "not as an order" not in official
    unnamed = sentences.write_answer(told(MANY, is_ordered="yes"))
    assert "it to an order, without saying whose; it was officially confirmed." in unnamed


def test_an_order_that_prolonged_another_is_no_new_cut() -> None:
    cells: dict[str, Any] = {"end_status": "ended", "ended_on": "2020-11-04"}
    text = "It prolonged an earlier restriction"
    same_day = sentences.write_answer(told(MANY, **cells, note=PROLONGED))
    assert f"{text}. " in same_day
    assert "began and ended" not in same_day
    cells |= {"ended_on": "2020-11-05", "most_hours_a_day": 20.0, "note": PROLONGED}
    later = sentences.write_answer(told(MANY, **cells, continues="R0"))
    assert f"{text}, until 5 November 2020. " in later
    assert "in all" not in later
    assert "followed" not in later
    assert "It followed an earlier restriction." in sentences.write_answer(
        told(MANY, continues="R0")
    )
    series = sentences.write_answer(told(MANY, note=IN_SERIES, continues="R0"))
    assert "It was one of a series of shutdowns." in series
    assert "followed" not in series


def test_of_many_services_those_with_most_users_are_named() -> None:
    record = told(MANY, targets=[target(name.lower(), name) for name in "ABCDEFGH"])
    sizes = [{"platform_id": "h", "imputed_q50_persons": 9.0}]
    assert list_services(replace(record, audiences=tuple(sizes))).startswith("H, A, B")
    few = told(MANY, targets=[target(name.lower(), name) for name in "ABH"])
    assert list_services(replace(few, audiences=tuple(sizes))) == "A, B and H"


def test_an_answer_without_an_estimate_has_no_person_days() -> None:
    def write(numbers: dict[str, Any]) -> str:
        record = told(numbers)
        days = tuple(replace_cells(row, period="2020") for row in record.person_days)
        return text.render_brief(replace(record, person_days=days), VERSION)

    assert "Person-days by year" in write(MANY)
    assert "Person-days by year" not in write(BOUNDS)
