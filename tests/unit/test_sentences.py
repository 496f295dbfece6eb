"""Answers in sentences: what they say of whom, and how they round."""

import csv
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from audience_impact import vocabulary
from audience_impact.answers import Quantity, areas, numbers, records, sentences, text
from audience_impact.answers.areas import AreaRecord
from audience_impact.answers.names import area_in_words, name_area, name_service
from audience_impact.answers.numbers import (
    ENDS,
    describe_estimate,
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
    days: dict[str, Any] = {
        "period": "all",
        "days": 1,
        "naive_sum_person_days": None,
        "obs_status": "E",
    }
    act = {
        **dict.fromkeys(published.COLUMNS["restrictions"]),
        "restriction_id": "R1",
        "area_ids": "FR",
        "country_ids": "FR",
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


MANY = people(96e6, 96_991_037.0, 101_249_599.0, 104_023_255.0, 105e6)
FEW = people(0.0, 540.0, 4_612.0, 9_000.0, 12_000.0)
USERS = people(29_858_376.0, 33_047_447.0, 41_750_054.0, 51_381_940.0, 55_738_602.0)
BOUNDS = people(0.0, None, None, None, 93_200_000.0)
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


OF_NUMBERS = ("base_persons", "obs_status", "reason_rule_ids", "reason_details")
WRITERS: dict[str, Callable[[AnswerRecord], str]] = {
    "headline": sentences.write_headline,
    "lead": sentences.write_lead,
    "answer": lambda record: sentences.write_answer(record, VERSION),
    "evidence": sentences.describe_evidence,
    "brief": lambda record: text.render_brief(record, VERSION),
    "place": describe_place,
}


def read_people(words: str) -> dict[str, Any] | None:
    """The numbers of a case: a name, or numbers from at least to at most."""
    named = {"MANY": MANY, "FEW": FEW, "BOUNDS": BOUNDS, "USERS": USERS, "": None}
    return named[words] if words in named else people(*map(float, words.split()))


def read_cell(name: str, words: str) -> Any:
    """A cell of a case, with notes of the vocabulary by their name in braces."""
    if name == "targets":
        return [target(*each.split()) for each in words.split(", ")]
    if name == "left":
        return [float(each) for each in words.split()]
    if name == "comparisons":
        value, *pairs = words.split(", ")
        return [figure(float(value), **dict(pair.split("=") for pair in pairs))]
    if re.fullmatch(r"\d+(\.\d+|e\d)", words):
        return float(words)
    return None if words == "None" else words.format_map(vars(vocabulary))


def read_case(case: Mapping[str, str]) -> AnswerRecord:
    """The record that a row of sentences.csv describes."""
    pairs = (pair.partition("=") for pair in filter(None, case["cells"].split(" | ")))
    cells = {name: read_cell(name, words) for name, _, words in pairs}
    exposed = {**(read_people(case["people"]) or {})}
    exposed |= {name: cells.pop(name) for name in ENDS if name in cells}
    why = {name: cells.pop(name) for name in OF_NUMBERS if name in cells}
    if cells.pop("network", None):
        cells = NET | cells
    return told(exposed, read_people(case["users"]), **cells, why=why)


with (Path(__file__).parent / "sentences.csv").open(encoding="utf-8", newline="") as file:
    CASES = list(csv.DictReader(file))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['part']}: {case['words'][-40:]}")
def test_an_answer_says_what_the_record_holds(case: dict[str, str]) -> None:
    record = read_case(case)
    written = WRITERS[case["part"]](record)
    assert case["words"] in written
    assert not case["without"] or case["without"] not in written
    if case["part"] == "headline":
        assert sentences.write_answer(record, VERSION).startswith(case["words"])


def reasoned(
    numbers: dict[str, Any], rules: str, status: str, details: str | None = None, **cells: Any
) -> AnswerRecord:
    """A record whose rows give a reason by these rules, with what each says of the row itself."""
    reason = {"reason_rule_ids": rules, "reason_details": details}
    return told({**numbers, **reason, "obs_status": status}, **cells)


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


def test_our_own_projection_is_called_ours() -> None:
    base = {"role": "base", "attribution": "Audience Impact, 2026 (via Our World in Data)"}
    record = replace(told(MANY), figures=(base,))
    source = "people online by audience-impact projection from ITU data, 2026"
    assert sentences.write_sources(record) == f"Figures: {source}."


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
    assert format_interval(540_000, 1_230_000, 3) == "540,000 to 1.23 million"
    met = numbers.Estimate(None, None, None, None, None, 279_998.0, 280_002.0)
    assert numbers.describe_bounds(met) == "the sources' own figures give 280,000"
    assert format_interval(26e6, 600e6) == "26 to 600 million"
    assert describe_estimate(97e6, 101e6, 104e6).startswith("about 101 million people (likely ")


def test_days_and_spans_are_said_once() -> None:
    assert on_day("2025") == "in 2025"
    assert numbers.day_in_words("2020-02-31") == "2020-02-31", "which no calendar has"
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


UNKNOWN = (None, None, None)
NO_ESTIMATE = (
    "No reliable estimate exists of how many people in Africa were under an internet restriction "
    "at some time in 2023."
)
ON_RECORD = "Our record has 55 internet restrictions in force in Africa in that time."


@pytest.mark.parametrize(
    ("cells", "last"),
    [
        ({}, "The likely range is 80 to 99 million. Treat the total as rough."),
        ({"confidence": "medium"}, "The likely range is 80 to 99 million."),
        (people(26e6, *UNKNOWN, 600e6), f"{NO_ESTIMATE} The minimum is 26 million. {ON_RECORD}"),
        (
            people(0.0, *UNKNOWN, 9e6) | {"base_persons": 20e6},
            f"{NO_ESTIMATE} The maximum is 9 million. {ON_RECORD}",
        ),
        (
            people(*[0.0] * 5),
            "Our record has no internet restriction that affected people in Africa in 2023.",
        ),
    ],
)
def test_the_lead_of_an_area_ends_with_what_is_known(cells: dict[str, Any], last: str) -> None:
    assert areas.write_area_lead(area(**cells))[-1] == last


def test_an_area_is_told_with_each_person_once() -> None:
    write = areas.write_area_answer
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
    text = areas.write_area_answer(
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
    text = areas.write_area_answer(AreaRecord("Africa", {"all": row, "began": began}))
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
    lead, interval = areas.write_area_lead(area(**cells))
    higher = "The true figure is probably higher: another"
    assert lead.endswith(f"some time in 2023. {higher} 8 countries could not be estimated.")
    lead, interval = areas.write_area_lead(area(**cells, bounds_only_count=20))
    assert lead.endswith(
        f"{higher} 8 countries, and 20 of all 55 restrictions, could not be estimated."
    )
    assert interval == "The likely range of those estimated is 80 to 99 million."
    most = area(**cells | {"countries_drawn": 19}, bounds_only_count=20)
    assert f"{higher} country, and 20 of" in areas.write_area_lead(most)[0]


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
        return areas.write_area_lead(record)

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
    assert sentences.write_reasons(record, record.leading) == [
        ("disputed", "disputed"),
        ("step", "a step of X: the audience from before the first step"),
        ("extent", "as a register has it; a part"),
        ("feature_assumed", "channels taken for all of feeds, searches"),
    ]
    assert sentences.write_reasons(told(MANY), told(MANY).leading) == []


def read_arrow(tables: dict[str, Any]) -> records.ReadTable:
    """What returns computed tables as a version has them."""
    return lambda name: pa.Table.from_pandas(tables[name], preserve_index=False)


@pytest.fixture(scope="module")
def computed() -> tuple[Records, dict[str, Any]]:
    done = asked().results()
    names = ("impact", "impact_by_platform", "restrictions", "comparisons", "lineage")
    tables = {name: done[name] for name in (*names, "person_days", "sensitivity")}
    return records.build_records(read_arrow(tables)), tables


def test_all_records_are_those_of_each(computed: tuple[Records, dict[str, Any]]) -> None:
    known, tables = computed
    assert list(known) == tables["restrictions"]["restriction_id"].tolist()
    assert len(known) == 4
    assert {one: records.build_record(read_arrow(tables), one) for one in known} == dict(known)
    with pytest.raises(KeyError):
        records.build_record(read_arrow(tables), "nowhere")


def test_a_country_has_one_name_in_tables_and_sentences() -> None:
    _, rows = load(FACTS / "areas.csv")  # id and name come first
    names = {row[0]: row[1] for row in rows if re.fullmatch("[A-Z]{2}", row[0])}
    assert len(names) > 200
    assert {code: name_area(code) for code in names} == names
    assert (names["TR"], names["CI"]) == ("Türkiye", "Côte d'Ivoire")


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
