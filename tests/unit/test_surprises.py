"""Every rule that compares a cell with its relatives is seen to fail, and to be silent before."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from audience_impact import pipeline
from audience_impact.facts import checks, events
from audience_impact.facts.rules import days, levels, words
from audience_impact.facts.tables import Finding
from flows.pipeline import steps
from tests.support import AS_OF, World, append, checked, edit, of_rule, world
from tests.unit.test_place_overrides import one_place

MONTHS = [f"2025-{month:02}" for month in range(1, 10)]
YEARS = [str(year) for year in range(2016, 2025)]


def series(changed: str = "500000", **cells: str) -> World:
    """Nine months of one audience, the fifth as given."""
    made = world()
    for place, period in enumerate(MONTHS):
        value = changed if place == 4 else str(500000 + 1000 * place)
        made.estimate(f"E{place}", period=period, **{"value": value, **cells})
    return made


def pages(other: str) -> World:
    """Three pages of one measurement, the third as given."""
    made = world()
    for place, value in enumerate(("510000", "510000", other)):
        made.estimate(
            f"E{place}", value=value, source_id=f"relay-{place + 1}", measurement_series_id="panel"
        )
    return made


def measurements(value: str) -> World:
    """One figure beside those of three other measurers."""
    made = world().estimate("E0", value=value)
    for name in ("other-panel", "survey", "company"):
        made.estimate(f"E-{name}", value="300000", source_id=f"{name}-page")
    return made


def areas(value: str) -> World:
    """One service in eight areas, the last as given."""
    made = world()
    for place in range(8):
        area = f"X{'DEFGHIJK'[place]}"
        made.add("areas", area_id=area, name=area)
        base = {"area_id": area, "period": "2025-06", "source_id": "census-page"}
        made.base(f"{area}-online", population_base="internet_all", persons="800000", **base)
        made.estimate(f"E{place}", area_id=area, value=value if place == 7 else "300000")
    return made


def rounded(value: str) -> World:
    """Thirty figures of three digits by one measurer, and one as given."""
    made = world()
    for place in range(30):
        made.estimate(f"E{place}", value=f"{100 + place}000", area_id="XC", platform_id="beta")
    return made.estimate("F", value=value, source_id="relay-1", measurement_series_id="panel")


def of_page(period: str, **source: str) -> World:
    """Two figures of a page, and one of the period given."""
    made = world()
    made.rows["sources"][0].update(source)
    made.estimate("E1", period="2025-06").estimate("E2", period="2025-06", platform_id="beta")
    return made.estimate("E3", period=period, platform_id="gamma")


def restricted(**cells: str) -> World:
    """A restriction told of by a page of its first day."""
    made = world()
    press = next(row for row in made.rows["sources"] if row["source_id"] == "press-page")
    press["published_on"] = "2025-07-15"
    return made.restrict("XA-2025-07-15-alpha", "alpha", **cells)


def sources(*accessed: str) -> World:
    """A world whose first sources were read on the days given."""
    made = world()
    for row, day in zip(made.rows["sources"], accessed, strict=False):
        row["accessed_on"] = day
    return made


def twice(**cells: str) -> World:
    """One figure, and the same again but for the cells given."""
    return world().estimate("E1", value="512000").estimate("E2", **{"value": "512000", **cells})


def kinds(base: str) -> World:
    """Eight figures of a measurer, the last of the base given."""
    made = world()
    for place in range(8):
        name = base if place == 7 else "internet_12_plus"
        made.estimate(f"E{place}", period=MONTHS[place], population_base=name)
    return made


def alone(platform: str) -> World:
    """Figures of one service month by month, one of them under the platform given."""
    made = world()
    for place, period in enumerate(MONTHS):
        made.estimate(
            f"E{place}",
            period=period,
            value="512000",
            platform_id=platform if place == 4 else "alpha",
        )
    return made


def years(changed: str, column: str = "persons") -> World:
    """Nine years of a population, the fifth as given."""
    made = world()
    for place, year in enumerate(YEARS):
        low, value, high = (str(each + 9000 * place) for each in (800000, 900000, 990000))
        cells = {"low_persons": low, "persons": value, "high_persons": high}
        made.base(
            f"XC-all_ages-{year}-census",
            area_id="XC",
            population_base="all_ages",
            period=year,
            source_id="census-page",
            **{**cells, column: changed if place == 4 else cells[column]},
        )
    return made


def publishers(persons: str) -> World:
    """A population of nine years by one publisher and of the tenth by another."""
    made = years("936000")
    return made.base(
        "XC-other", area_id="XC", population_base="all_ages", period="2025", persons=persons,
        source_id="survey-page",
    )  # fmt: skip


def ages(persons: str) -> World:
    """Adults in eight areas, in the last as given."""
    made = world()
    for place in range(8):
        area = f"X{'DEFGHIJK'[place]}"
        made.add("areas", area_id=area, name=area)
        cells = {"area_id": area, "period": "2025", "source_id": "census-page"}
        made.base(f"{area}-all", population_base="all_ages", persons="1000000", **cells)
        adults = persons if place == 7 else "700000"
        made.base(f"{area}-adult", population_base="age_18_plus", persons=adults, **cells)
    return made


def shares(last: str) -> World:
    """Four shares of users of a feature, the last as given."""
    made = world()
    for place, share in enumerate(("0.3", "0.4", "0.5", last)):
        made.add("feature_use", feature_use_id=f"F{place}", share=share)
    return made


def surveyed(share: str, respondents: str = "500") -> World:
    """A survey of two patterns, the second as given."""
    made = world().add("surveys", survey_id="S1").add("use_patterns")
    return made.add(
        "use_patterns", platform_ids="beta", weighted_share=share, respondents=respondents
    )


def noted(value: str, note: str = "printed as 40 %") -> World:
    """A share whose note says what was printed."""
    return world().estimate("E1", unit="share", value=value, note=note)


def counted_as(note: str, **cells: str) -> World:
    """A number of users whose note says what was printed of which service."""
    return world().estimate("E1", **{"value": "512000", "note": note, **cells})


def kept(share: str, note: str, **cells: str) -> World:
    """A share of users who keep access, with what its note says."""
    return world().add("circumvention", circumvention_id="C1", restriction_id="R1",
                       platform_ids="alpha", share=share, note=note, **cells)  # fmt: skip


def base_noted(note: str, **cells: str) -> World:
    """People online in a country of a million, whose note says what was printed."""
    made = world().base(
        "XA-2025", population_base="internet_all", period="2025", source_id="panel-page", note=note
    )
    made.rows["bases"][-1].update({"persons": "612500", **cells})
    return made


def counted(persons: str) -> World:
    """Persons and their share of 700,000, by one measurer of one month."""
    made = world().estimate("E1", value=persons)
    return made.estimate("E2", unit="share", value="0.6", source_id="relay-1",
                         measurement_series_id="panel")  # fmt: skip


def about(platform: str, **source: str) -> World:
    """A page about Alpha, by its address if nothing else is given, with a figure."""
    made = world()
    made.rows["sources"][0].update({"url": "https://example.org/news/alpha-2025", **source})
    return made.estimate("E1", platform_id=platform)


def recorded_twice(**cells: str) -> World:
    """A ban, and another row of it under a second id, with these cells."""
    days = {"observed_from": "2025-07-15", "announced_on": "2025-07-14"}
    made = world().restrict("R1", "alpha", "beta", **days)
    return made.restrict("R2", "beta", "alpha", **{**days, **cells})


def related(relation: str, *ids: str) -> World:
    """A ban under two ids, and a row that says how they are related."""
    return recorded_twice().add(
        "event_links", restriction_id=ids[0], other_restriction_id=ids[1], rule="read",
        source_id="panel-page", relation=relation)  # fmt: skip


CASES: dict[str, tuple[Callable[[], World], Callable[[], World], str, str, str]] = {
    "override_wider_than_row": (
        lambda: one_place("Lowe and Mill", "lowe", name="Lowe", reading="whole"),
        lambda: one_place("Parts of Lowe", "lowe", name="Lowe", reading="whole"),
        "restriction_places", "R1", "reading"),
    "pages_differ": (
        lambda: pages("515000"), lambda: pages("560000"), "estimates", "E2", "value"),
    "figure_unlike_neighbours": (
        lambda: series("505000"), lambda: series("50500"), "estimates", "E4", "value"),
    "figure_unlike_measurements": (
        lambda: measurements("400000"), lambda: measurements("4000"), "estimates", "E0", "value"),
    "figure_unlike_areas": (
        lambda: areas("100000"), lambda: areas("1000"), "estimates", "E7", "value"),
    "finer_than_its_measurer": (
        lambda: rounded("512000"), lambda: rounded("512004"), "estimates", "F", "value"),
    "id_disagrees": (
        lambda: restricted(), lambda: restricted(observed_from="2024-07-15"),
        "restrictions", "XA-2025-07-15-alpha", "observed_from"),
    "measured_after_its_page": (
        lambda: of_page("2025-06", published_on="2025-07-20"),
        lambda: of_page("2025-08", published_on="2025-07-20"), "estimates", "E3", "period"),
    "period_far_from_its_page": (
        lambda: of_page("2025-03"), lambda: of_page("2024-06"), "estimates", "E3", "period"),
    "restriction_far_from_its_page": (
        lambda: restricted(ended_on="2025-07-20", end_status="ended"),
        lambda: restricted(ended_on="2026-07-20", end_status="ended"),
        "restrictions", "XA-2025-07-15-alpha", "ended_on"),
    "restriction_recorded_twice": (
        lambda: recorded_twice(observed_from="2025-07-23"), recorded_twice,
        "restrictions", "R2", "restriction_id"),
    "read_before_published": (
        lambda: of_page("2025-06", published_on="2025-07-20"),
        lambda: of_page("2025-06", published_on="2026-02-01"),
        "sources", "panel-page", "accessed_on"),
    "access_stands_alone": (
        lambda: sources("2026-02-03"), lambda: sources("2027-01-31"),
        "sources", "panel-page", "accessed_on"),
    "unlike_its_note": (
        lambda: noted("0.4"), lambda: noted("0.04"), "estimates", "E1", "value"),
    "persons_unlike_share": (
        lambda: counted("421000"), lambda: counted("471000"), "estimates", "E1", "value"),
    "page_about_another": (
        lambda: about("alpha"), lambda: about("beta"), "estimates", "E1", "platform_id"),
    "figure_told_twice": (
        lambda: twice(value="513000", measurement_series_id="other-panel"),
        lambda: twice(measurement_series_id="other-panel"),
        "estimates",
        "E2",
        "measurement_series_id",
    ),
    "word_alone": (
        lambda: kinds("internet_12_plus"), lambda: kinds("internet_all"),
        "estimates", "E7", "population_base"),
    "platform_alone": (
        lambda: alone("alpha"), lambda: alone("gamma"), "estimates", "E4", "platform_id"),
    "base_unlike_neighbours": (
        lambda: years("936000"), lambda: years("906000"), "bases",
        "XC-all_ages-2020-census", "persons"),
    "base_unlike_publishers": (
        lambda: publishers("985000"), lambda: publishers("98500"), "bases", "XC-other", "persons"),
    "age_group_unlike_areas": (
        lambda: ages("800000"), lambda: ages("80000"), "bases", "XK-adult", "persons"),
    "range_above_population": (
        lambda: years("1026000", "high_persons"), lambda: years("10260000", "high_persons"),
        "bases", "XC-all_ages-2020-census", "high_persons"),
    "share_unlike_others": (
        lambda: shares("0.6"), lambda: shares("0.03"), "feature_use", "F3", "share"),
    "patterns_incomplete": (
        lambda: surveyed("0.5"), lambda: surveyed("0.51"), "surveys", "S1", "respondents"),
    "pattern_unlike_respondents": (
        lambda: surveyed("0.5"), lambda: surveyed("0.05"), "use_patterns", "beta",
        "weighted_share"),
}  # fmt: skip
"""Sound facts, the same with an error, and the table, row and column that must be named."""


def found(made: World, rule: str) -> list[Finding]:
    """What one rule finds."""
    return checks.run_rule(rule, made.typed())


@pytest.mark.parametrize("rule", CASES)
def test_sound_facts_do_not_surprise(rule: str) -> None:
    sound, _, _, key, _ = CASES[rule]
    assert [one.row for one in found(sound(), rule) if f'"{key}"' in one.row] == []


@pytest.mark.parametrize("rule", CASES)
def test_an_error_is_told_at_its_cell(rule: str) -> None:
    _, broken, table, key, column = CASES[rule]
    here = [(one.table, one.column) for one in found(broken(), rule) if f'"{key}"' in one.row]
    assert (table, column) in here


def one_more_target() -> World:
    return recorded_twice().add(
        "restriction_targets", restriction_id="R2", platform_id="gamma", source_id="panel-page"
    )


@pytest.mark.parametrize(
    "made",
    [
        recorded_twice(announced_on="2025-07-15", observed_from="2025-07-23"),
        recorded_twice(network_scope="mobile"),
        recorded_twice(operators="One"),
        recorded_twice(continues="R1"),
        one_more_target(),
        related("apart", "R1", "R2"),
        related("apart", "R2", "R1"),
        related("one_event", "R2", "R1"),
    ],
)
def test_two_restrictions_that_differ_or_are_related_are_not_one_twice(made: World) -> None:
    assert found(made, days.RECORDED_TWICE) == []


def test_a_second_id_is_named_with_the_line_of_the_first() -> None:
    (finding,) = found(recorded_twice(), days.RECORDED_TWICE)
    assert (finding.line, finding.value) == (3, "R2")
    assert finding.message == (
        "R1 on line 2 has the same areas, networks and services, and begins on 2025-07-15"
    )


@pytest.mark.parametrize(("ended", "count"), [("2025-07-17", 0), ("2025-07-19", 1), ("", 1)])
def test_an_act_that_begins_while_another_is_in_force_is_recorded_twice(
    ended: str, count: int
) -> None:
    """A page of some days later may give it that day."""
    made = recorded_twice(observed_from="2025-07-18", announced_on="")
    made.rows["restrictions"][0].update(ended_on=ended, end_status="ended" if ended else "ongoing")
    assert len(found(made, days.RECORDED_TWICE)) == count


def test_rows_of_a_register_on_other_days_are_other_events() -> None:
    made = recorded_twice(observed_from="2025-07-18")
    assert len(found(made, days.RECORDED_TWICE)) == 1
    for place in range(events.ACTS_OF_A_PAGE - 1):
        made.restrict(f"R1{place}", "gamma", observed_from=f"202{place}-01-18")
    assert found(made, days.RECORDED_TWICE) == []


def reported(start: str, **cells: str) -> World:
    """An act of a page of 5 October 2025, from a day."""
    made = world().restrict("R1", "alpha", observed_from=start, source_id="panel-page", **cells)
    made.rows["sources"][0].update(published_on="2025-10-05")
    return made


@pytest.mark.parametrize(
    ("made", "count"),
    [
        (reported("2025-10-04"), 0),
        (reported("2024-10-04"), 1),
        (reported("2025-05-10"), 1),
        (reported("2025-08-05"), 0),
        (reported("2024-10-04", ended_on="2025-10-01", end_status="ended"), 0),
        (reported("2024-10-04", announced_on="2025-09-20"), 0),
        (reported("2026-10-04"), 1),
    ],
)
def test_an_act_begins_about_the_day_of_its_page(made: World, count: int) -> None:
    rule = "restriction_far_from_its_page"
    assert len([one for one in found(made, rule) if one.column == "observed_from"]) == count


def test_another_page_or_a_register_may_tell_later() -> None:
    rule = "restriction_far_from_its_page"
    made = reported("2024-10-04", also_source_id="survey-page")
    assert len(found(made, rule)) == 1
    made.rows["sources"][2].update(published_on="2024-10-20")
    assert made.rows["sources"][2]["source_id"] == "survey-page"
    assert found(made, rule) == []
    made = reported("2024-10-04")
    for place in range(events.ACTS_OF_A_PAGE):
        made.restrict(f"R1{place}", "gamma", observed_from="2025-10-04", source_id="panel-page")
    assert found(made, rule) == []


def test_the_year_in_an_address_tells_of_a_page_without_a_day() -> None:
    made = reported("2024-10-04")
    made.rows["sources"][0].update(published_on="", url="https://example.org/2025/10/05/a")
    (finding,) = found(made, "restriction_far_from_its_page")
    assert finding.message == "2024-10-04 lies more than 62 days before its page, as does its end"


def named(restriction_id: str, *platforms: str, **source: str) -> World:
    """An act by its id and targets, on a page."""
    made = world().restrict(restriction_id, *platforms, source_id="panel-page")
    made.add("platforms", platform_id="alpha-proxies", name="Ways to Alpha")
    made.add("platforms", platform_id="both", name="Both", kind="group", member_ids="alpha;beta")
    made.add("platforms", platform_id="many", name="Many", kind="group")
    made.rows["platforms"][3].update(aliases="internet")
    made.rows["sources"][0].update(**source)
    return made


@pytest.mark.parametrize(
    ("restriction_id", "platforms", "count"),
    [
        ("XA-2025-07-15-alpha", ["alpha"], 0),
        ("XA-2025-07-15-alpha", ["beta"], 1),
        ("XA-2025-07-15-alpha", ["*"], 1),
        ("XA-2025-07-15-alpha-beta", ["beta", "gamma"], 0),
        ("XA-2025-07-15-alpha", ["both"], 0),
        ("XA-2025-07-15-gamma", ["both"], 1),
        ("XA-2025-07-15-alpha", ["many"], 0),
        ("XA-2025-07-15-alpha", ["alpha-proxies"], 0),
        ("XA-2025-07-15-internet", ["*"], 0),
        ("XA-2025-07-15-internet", ["alpha"], 1),
        ("XA-2025-07-15-block", ["alpha"], 0),
    ],
)
def test_the_id_of_an_act_names_its_service(
    restriction_id: str, platforms: list[str], count: int
) -> None:
    findings = [
        one
        for one in found(named(restriction_id, *platforms), "id_disagrees")
        if one.table == "restriction_targets"
    ]
    assert len(findings) == count


@pytest.mark.parametrize(
    ("platforms", "source", "columns"),
    [
        (["alpha"], {"title": "Alpha blocked in Land XA"}, []),
        (["beta"], {"title": "Alpha blocked in Land XA"}, ["platform_id"]),
        (["*"], {"title": "Alpha blocked in Land XA"}, ["platform_id"]),
        (["alpha"], {"title": "Alpha blocked in Land XB"}, ["area_ids"]),
        (["beta"], {"url": "https://example.org/land-xb-blocks-alpha"},
         ["area_ids", "platform_id"]),
        (["alpha"], {"title": "Alpha blocked in Land XA after Land XB"}, []),
        (["many"], {"title": "Alpha blocked"}, []),
    ],
)  # fmt: skip
def test_a_page_is_about_the_service_and_the_country_of_its_act(
    platforms: list[str], source: dict[str, str], columns: list[str]
) -> None:
    made = named("R1", *platforms, **source)
    assert sorted(one.column for one in found(made, "page_about_another")) == columns
    other = {"source_id": "survey-page", "title": "Alpha, Beta and the internet in Land XA"}
    made.rows["sources"][2].update(other)
    made.rows["restrictions"][0].update(also_source_id="survey-page")
    left = [] if platforms != ["*"] else columns
    assert [one.column for one in found(made, "page_about_another")] == left


@pytest.mark.parametrize(
    ("cells", "count"),
    [
        ({"value": "412345"}, 1),
        ({"value": "400000"}, 0),
        ({"value": "412345", "source_id": "survey-page"}, 0),
        ({"value": "0.417", "unit": "share"}, 1),
        ({"value": "0.41", "unit": "share"}, 0),
    ],
)
def test_a_number_of_two_areas_of_a_page_is_told_twice(cells: dict[str, str], count: int) -> None:
    first = cells | {"source_id": "panel-page"}
    made = world().estimate("E1", **first).estimate("E2", area_id="XB", **cells)
    assert len(found(made, "figure_told_twice")) == count
    made = world().estimate("E1", **first).estimate("E2", platform_id="beta", **cells)
    same_page = cells.get("source_id", "panel-page") == "panel-page"
    assert len(found(made, "figure_told_twice")) == (count if same_page else 0)


def test_a_word_alone_of_a_measurer_is_odd_whatever_else_the_row_says() -> None:
    made = world()
    for place in range(words.SURE_OTHERS):
        cells = {"audience_metric": "ad_reach", "unit": "identities", "period": "2025-06"}
        made.estimate(f"E{place}", value=str(400000 + place), **cells)
    made.estimate("E-users", audience_metric="mau", unit="persons", population_base="internet_all")
    (finding,) = found(made, "word_alone")
    assert '"E-users"' in finding.row
    made.rows["estimates"].pop(0)
    assert found(made, "word_alone") == []


def test_a_restriction_recorded_twice_is_a_warning_that_a_strict_run_refuses(
    tmp_path: Path,
) -> None:
    facts = checked(recorded_twice().write(tmp_path / "facts"))
    assert [one.value for one in facts.findings if one.rule == days.RECORDED_TWICE] == ["R2"]
    restrictions = steps.refuse_errors(facts, strict=False).tables["restrictions"]
    assert set(restrictions["restriction_id"]) == {"R1", "R2"}
    with pytest.raises(steps.RefusedError, match=r"restrictions\.csv:3:restriction_id: "):
        steps.refuse_errors(facts, strict=True)


@pytest.mark.parametrize("rule", [*checks.CHECKS])
def test_facts_without_a_row_surprise_nobody(rule: str) -> None:
    assert found(World(), rule) == []


@pytest.mark.parametrize(
    ("made", "odd"),
    [
        (noted("0.82", "printed as 18 % who do not use it"), []),
        (noted("0.18", "printed as 18 % who do not use it"), ["value"]),
        (noted("0.41", "printed as users; approximate"), []),
        (counted_as("approximate; Alpha printed as 512 thousand"), []),
        (counted_as("printed as 0.512 million in the address"), []),
        (counted_as("printed as 0.000512 billion"), []),
        (counted_as("Alpha printed as 521 thousand"), ["value"]),
        (counted_as("the page of 2025; Beta printed as 512 thousand"), ["platform_id"]),
        (counted_as("users printed as 512 thousand"), []),
        (counted_as("printed as 40 %"), []),
        (counted_as("printed as 0.5 to 0.6 million", value="", low="500000", high="650000"),
         ["high"]),
        (base_noted("printed as 612.5 thousand"), []),
        (base_noted("printed as 621.5 thousand"), ["persons"]),
        (kept("0.8652", "244 of 282 asked"), []),
        (kept("0.8562", "244 of 282 asked"), ["share"]),
        (kept("", "printed as 35 to 39 %", low_share="0.35", high_share="0.39"), []),
        (kept("", "printed as 35 to 39 %", low_share="0.53", high_share="0.39"), ["low_share"]),
        (base_noted("61.25 % of the population of the year"), []),
        (base_noted("61.25 % of the population of the year", persons="612700"), ["persons"]),
        (base_noted("61.25 % of the population of the year", period="2024"), []),
        (
            base_noted("61.25 % of the population of the year, 50 to 70 %", low_persons="500000",
                       high_persons="710000"),
            ["high_persons"],
        ),
        (base_noted("Digital 2025; 62 % of the population"), []),
        (base_noted("Digital 2025; 67 % of the population"), ["persons"]),
        (base_noted("Digital 2025; about 67 % of the population"), []),
        (base_noted("implied by a printed pair; Alpha 0.49 million are 80 %"), []),
        (base_noted("implied by a printed pair; Alpha 0.47 million are 80 %"), ["persons"]),
    ],
)  # fmt: skip
def test_what_a_note_says_was_printed(made: World, odd: list[str]) -> None:
    assert [one.column for one in found(made, "unlike_its_note")] == odd


@pytest.mark.parametrize("platform", ["alpha", "beta"])
@pytest.mark.parametrize(
    ("page", "odd"),
    [
        ({"url": "https://example.org/1", "published_on": "2025-07-17"}, {"beta"}),
        ({"url": "https://example.org/1", "published_on": "2025-07-19"}, set()),
        ({"url": "https://example.org/gamma", "title": "Alpha"}, {"beta"}),
        ({"url": "https://example.org/gamma", "title": "beta"}, {"alpha"}),
        ({"url": "https://alpha.example.org/1"}, set()),
    ],
)
def test_what_a_page_is_about(page: dict[str, str], odd: set[str], platform: str) -> None:
    """What its address or title names, else what was restricted in the days before."""
    made = about(platform, **page).restrict("R1", "alpha", observed_from="2025-07-15")
    assert len(found(made, "page_about_another")) == (platform in odd)


def test_a_page_with_figures_of_several_services_is_about_them() -> None:
    assert found(about("beta").estimate("E2", platform_id="gamma"), "page_about_another") == []


def test_a_figure_that_fits_another_service_is_told_far_from_its_own() -> None:
    made = series("512000").estimate("F1", platform_id="beta", period="2024-01", value="90000")
    made.estimate("F2", platform_id="beta", period="2025-05", value="512000")
    assert 12 in {one.line for one in found(made, "platform_alone")}


def test_the_message_says_what_the_months_around_say() -> None:
    (one,) = [
        each for each in found(series("50500"), "figure_unlike_neighbours") if '"E4"' in each.row
    ]
    assert one.message.startswith(
        "50,500 is 1/9.98 of what the periods around say: 503,000 in 2025-04, 505,000 in 2025-06; "
    )


def test_one_wrong_number_does_not_make_its_series_rough() -> None:
    """The spread of a series is that of the rest: only neighbours are suspected with an error."""
    told = found(series("50500"), "figure_unlike_neighbours")
    assert {6} <= {one.line for one in told} <= {5, 6, 7}


def test_a_straight_line_is_expected() -> None:
    rows = pd.DataFrame({"moment": [0.0, 1.0, 3.0], "level": [0.0, 1.0, 3.0]})
    near = levels.measure_surprise(rows.assign(series=7, spread=0.1, error=0.1, limit=0.0))
    assert near.loc[1, "expected"] == pytest.approx(1.0)
    assert near.loc[1, "months"] == pytest.approx(2 / 3)


def test_a_source_of_tomorrow_is_refused_where_there_is_a_clock(tmp_path: Path) -> None:
    folder = world().estimate("E1").write(tmp_path / "facts")
    line = edit(folder, "sources", "panel-page", accessed_on="2027-01-31")
    reading = steps.read_facts([folder])
    assert of_rule(steps.validate_facts(reading), days.READ_AFTER_TODAY) == []
    (one,) = of_rule(steps.validate_facts(reading, date(2026, 2, 1)), days.READ_AFTER_TODAY)
    assert (one.line, one.column, one.value) == (line, "accessed_on", "2027-01-31")


@pytest.mark.parametrize("day", ["2027-01-31", "2035-12-31"])
def test_one_day_of_access_does_not_move_the_day_of_the_results(day: str) -> None:
    assert pipeline.find_newest_access(sources(day).typed()) == AS_OF


def test_a_warning_that_was_accepted_is_told_no_more_until_its_value_changes(
    tmp_path: Path,
) -> None:
    folder = series("50500").write(tmp_path / "facts")
    rule = "figure_unlike_neighbours"
    cells = {
        "rule": rule, "table": "estimates", "key": "E4", "column": "value", "value": "50500",
        "period": "2025-05", "reason": "it fell", "reviewed_on": "2026-01-31",
    }  # fmt: skip
    assert 6 in [one.line for one in of_rule(checked(folder), rule)]
    line = append(folder, checks.ACCEPTED, cells)
    done = checked(folder)
    assert 6 not in [one.line for one in of_rule(done, rule)]
    assert [one.rule for one in done.accepted] == [rule]
    edit(folder, "estimates", "E4", value="40500")
    done = checked(folder)
    assert 6 in [one.line for one in of_rule(done, rule)]
    (lapsed,) = of_rule(done, checks.LAPSED)
    assert (lapsed.table, lapsed.line, lapsed.value) == (checks.ACCEPTED, line, "50500")


def test_an_error_cannot_be_accepted(tmp_path: Path) -> None:
    folder = world().estimate("E1", value="-1").write(tmp_path / "facts")
    cells = {
        "rule": "not_negative", "table": "estimates", "key": "E1", "column": "value",
        "value": "-1", "period": "2025-06", "reason": "so it is", "reviewed_on": "2026-01-31",
    }  # fmt: skip
    append(folder, checks.ACCEPTED, cells)
    assert len(of_rule(checked(folder), "not_negative")) == 1


@pytest.mark.parametrize(
    "period", ["0000-H1", "9999-H2", "9999-12-31", "0001", "1989-12-31", "2036"]
)
def test_a_year_that_cannot_be_is_a_finding(tmp_path: Path, period: str) -> None:
    folder = world().estimate("E1", period=period).write(tmp_path / "facts")
    told = {one.rule for one in checked(folder).findings if one.column == "period"}
    assert told & {"date", "sane_year"}


def test_a_pattern_too_large_for_python_is_a_finding(tmp_path: Path) -> None:
    made = world().add("feature_rules", rule_id="F", pattern="a{99999999999}")
    assert len(of_rule(checked(made.write(tmp_path / "facts")), "regular_expression")) == 1
