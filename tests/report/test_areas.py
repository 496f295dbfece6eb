"""Pages of the world, its parts, countries and platforms, of a small country put into Kenya."""

import csv
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from audience_impact.site import areas, lists, rendering, report_data
from audience_impact.site.report_data import ListEntry, ReportData
from audience_impact.store import versions
from flows.pipeline import steps
from tests import support
from tests.conftest import Once
from tests.support import append, computed, edit, replace_cells

PARTS = (("001", ""), ("002", "001"), ("202", "002"), ("014", "202"))
THEIRS = {
    **{"published_area_figure_id": "P1", "area_id": "KE", "period": "2025", "publisher": "A VPN"},
    **{"figure_kind": "internet_users", "interval_kind": "none", "persons": "650000"},
    **{"source_id": "press-page", "note": "<b>all</b> of the year"},
}
JOINT_USE = {
    **{"mean": "-0.3", "between": "0.3", "within": "0.3", "area": "0.01", "region": "0.5"},
    **{"model": "0.1", "spread_below": "1.0", "spread_above": "1.0"},
}
DAMAGE = {
    **{"observed_from": "2024-03-01", "ended_on": "2024-03-04", "end_status": "ended"},
    **{"end_source": "recorded", "action": "network_shutdown", "severity": "network_unavailable"},
    **{"cause": "damage", "is_ordered": "no"},
}


def in_kenya(folder: Path) -> Path:
    """The small country as one that is on the map, cut off by damage once, beside a figure."""
    made = support.world().estimate("E1").errors(support.ERRORS)
    for parameter, value in JOINT_USE.items():
        made.add("overlap_calibration", parameter=parameter, value=value)
    made.restrict("R1", "alpha").restrict("R2", "*", **DAMAGE).write(folder)
    for path in folder.glob("*.csv"):
        path.write_text(path.read_text(encoding="utf-8").replace("XA", "KE"), encoding="utf-8")
    edit(folder, "areas", "KE", parent_id="014")
    for code, above in PARTS:
        append(folder, "areas", {"area_id": code, "name": f"Part {code}", "parent_id": above})
    append(folder, "published_area_figures", THEIRS)
    return folder


@pytest.fixture(scope="module")
def told(once: Once, tmp_path_factory: pytest.TempPathFactory) -> ReportData:
    """The published version, as pages read it."""
    folder = tmp_path_factory.mktemp("areas")
    results = once("areas", lambda: computed(in_kenya(folder / "facts")))
    steps.publish_results(results, folder / "published", None)
    return report_data.load_report_data(versions.find_latest(folder / "published"))


MAKERS = (areas.make_pages, areas.make_map_files, lists.make_platform_pages)


@pytest.fixture(scope="module")
def made(told: ReportData) -> Mapping[str, bytes]:
    """What the makers of areas and platforms write, by path."""
    return {one.path: one.content for make in MAKERS for one in make(told)}


def text(made: Mapping[str, bytes], path: str) -> str:
    return made[path].decode("utf-8-sig")


def test_there_is_a_page_for_each_area_above_a_restriction(made: Mapping[str, bytes]) -> None:
    pages = {path for path in made if path.endswith(".html") and path.startswith("area/")}
    assert pages == {f"area/{code}.html" for code in ("001", "002", "202", "KE")}


def test_a_page_says_the_years_of_its_area_and_where_it_lies(made: Mapping[str, bytes]) -> None:
    page = text(made, "area/KE.html")
    assert "In 2025 about" in page
    assert "people in Kenya" in page
    order = [page.index(f">{name}</a>") for name in ("The world", "Africa", "Sub-Saharan Africa")]
    assert order == sorted(order)
    assert page.count('<svg xmlns="http://www.w3.org/2000/svg" class="chart') == 3


def test_damage_is_among_all_and_not_among_ordered(
    told: ReportData, made: Mapping[str, bytes]
) -> None:
    assert told.by_area["KE", "2024"]["restrictions_count"] == 1
    years = text(made, "area/KE.html").partition('<th scope="row">2024</th>')[2]
    cells = years.partition("</tr>")[0].split("<td")
    assert "no one" in cells[3]
    assert "no one" not in "".join(cells[:3])


def test_what_others_published_stands_beside_ours_as_text(made: Mapping[str, bytes]) -> None:
    page = text(made, "area/KE.html")
    assert "A VPN" in page
    assert "650,000" in page
    assert "&lt;b&gt;all&lt;/b&gt; of the year" in page


def test_a_figure_that_counts_no_people_has_no_number_of_ours_beside_it(told: ReportData) -> None:
    row = dict.fromkeys(told.tables["area_comparisons"].columns) | {
        **{"publisher": "A register", "period": "2025", "interval_kind": "none"},
        **{"published_events_count": 24.0, "min_persons": 0.0, "q50_persons": 5e6},
        **{"max_persons": 9e6, "difference_reason": "other_unit", "source_id": "none"},
    }
    frame = pd.DataFrame([{**row, "area_id": "KE"}], columns=[*row])
    report = replace(told, tables={**told.tables, "area_comparisons": frame})
    page = next(one for one in areas.make_pages(report) if one.path == "area/KE.html")
    shown = page.content.decode().partition(">A register<")[2]
    cells = shown.partition("</tr>")[0]
    assert "24 restrictions" in cells
    assert "Not a number of people." in cells
    assert "million" not in cells


def test_the_world_has_a_map_that_leads_to_its_countries(made: Mapping[str, bytes]) -> None:
    page = text(made, "area/001.html")
    assert 'href="../area/KE.html" aria-label="Kenya: ' in page
    assert "Crimea" in page
    assert made["area/world-2025.png"].startswith(b"\x89PNG")
    assert "<svg" not in text(made, "area/KE-by-day.csv")


def test_each_country_is_found_below_its_part_of_the_world(
    told: ReportData, made: Mapping[str, bytes]
) -> None:
    assert '<a href="../area/KE.html">Kenya</a>' in text(made, "area/202.html")
    assert '<a href="../area/202.html">Sub-Saharan Africa</a>' in text(made, "area/002.html")
    assert told.areas_above["KE"] == ("001", "002", "202")
    assert told.areas_above["001"] == ()


def test_the_numbers_of_a_page_are_those_of_its_data(
    told: ReportData, made: Mapping[str, bytes]
) -> None:
    rows = list(csv.DictReader(text(made, "area/KE-by-period.csv").splitlines()))
    table = told.tables["areas"]
    assert len(rows) == (table["area_id"] == "KE").sum()
    assert {row["version_id"] for row in rows} == {told.stored.id}
    year = next(row for row in rows if (row["period"], row["kind"]) == ("2025", "all"))
    assert int(year["q50_persons"]) == told.by_area["KE", "2025"]["q50_persons"]


def test_no_cell_of_a_list_is_a_formula() -> None:
    content = report_data.encode_csv([["id", "count"], ["=HYPERLINK(1)", -1], ["@x", 2.5]])
    lines = content.decode("utf-8-sig").splitlines()
    assert lines == ["id,count", "'=HYPERLINK(1),-1", "'@x,2.5"]


def test_no_cell_of_the_data_is_a_formula() -> None:
    frame = pd.DataFrame(
        {
            "note": ["=1+1", "other", "plain", None],
            "count": [-1, 0, 2, 3],
            "at": ["X", "Y", "X", "X"],
        },
        dtype="object",
    )
    encode = report_data.split_csv(
        frame.astype({"note": "string", "count": "Int64", "at": "string"}), "at", "V1"
    )
    lines = encode("X").decode("utf-8-sig").splitlines()
    assert lines == ["note,count,at,version_id", "'=1+1,-1,X,V1", "plain,2,X,V1", ",3,X,V1"]
    assert encode("Z").decode("utf-8-sig").splitlines() == lines[:1]


def test_a_platform_tells_its_countries_and_audiences(made: Mapping[str, bytes]) -> None:
    page = text(made, "platform/alpha.html")
    assert "1 restriction in 1 country is on record, 1 of them in force" in page
    assert "panel, June 2025" in page
    assert "500,000" in page
    assert "must not be added up" in page
    assert 'id="in-KE"' in page


def test_the_whole_internet_has_no_audience_of_its_own(made: Mapping[str, bytes]) -> None:
    page = text(made, "platform/whole-internet.html")
    assert "<h1><bdi>The whole internet</bdi></h1>" in page
    assert 'id="audiences"' not in page
    assert "2024 to 2024" not in page


def test_a_page_opens_with_its_sentence_and_folds_the_details(made: Mapping[str, bytes]) -> None:
    page = text(made, "area/KE.html")
    opening = page.partition('<p class="answer">')[2].partition("</p>")[0]
    assert "people in Kenya were under an internet restriction at some time in 2025." in opening
    assert "is not known" not in opening
    assert page.index('<p class="answer">') < page.index("<summary>In full")


def test_a_chart_can_be_taken_away_and_read_as_a_table(made: Mapping[str, bytes]) -> None:
    page = text(made, "area/KE.html")
    for name in ("KE-years.svg", "KE-years.png", "KE-by-period.csv", "KE-days.svg"):
        assert f'<a href="{name}" download>' in page
        assert f"area/{name}" in made
    picture = text(made, "area/KE-years.svg")
    assert "audience-impact, version" in picture
    assert "var(" not in picture
    assert "&lt;img src=&#34;KE-years.svg&#34;" in page or '&lt;img src="KE-years.svg"' in page
    assert page.count('<details class="numbers"') == page.count('<div class="tabs">') == 3


def test_the_slider_of_the_map_has_every_year(told: ReportData, made: Mapping[str, bytes]) -> None:
    script = text(made, "area/world-years.js").removeprefix("window.worldYears = ")
    years = json.loads(script.rstrip(";\n"))
    assert years["years"] == areas.list_map_years(told) == ["2024", "2025", "2026"]
    colour, words = years["places"]["KE"][1]
    assert colour.startswith("map-")
    assert words.startswith("Kenya: ")
    assert 'href="../area/KE.html" aria-label="Kenya: ' in text(made, "area/001.html")
    assert {f"area/world-{year}.svg" for year in years["years"]} <= set(made)


def test_a_long_list_is_folded_after_ten(told: ReportData) -> None:
    macros = rendering.load_environment().get_template("macros.html").make_module({})
    rows = [told.entries[0]]
    assert "<details" not in macros.restrictions("A", rows * 12, "")  # type: ignore[attr-defined]
    folded = str(macros.restrictions("A", rows * 30, ""))  # type: ignore[attr-defined]
    first, _, rest = folded.partition("<details")
    assert (first.count("<tr data-start"), rest.count("<tr data-start")) == (10, 20)
    assert "The other 20" in rest


def entry(told: ReportData, name: str, **values: object) -> ListEntry:
    return ListEntry(**{**vars(told.entries[0]), "restriction": name, **values})


def test_of_each_country_and_service_one_restriction_is_named(told: ReportData) -> None:
    rows = [
        entry(told, "A", countries=("BR",), platforms=("whatsapp",)),
        entry(told, "B", countries=("BR",), platforms=("telegram", "whatsapp")),
        entry(told, "C", countries=("BR", "RU"), platforms=("telegram",)),
    ]
    assert [row.restriction for row in report_data.select_distinct(rows, 5)] == ["A", "C"]
    assert [row.restriction for row in report_data.select_distinct(rows, 1)] == ["A"]


@pytest.mark.parametrize(
    ("cells", "is_major"),
    [
        ({}, True),
        ({"claim_status": "disputed"}, False),
        ({"claim_status": "reported", "evidence_state": "insufficient"}, False),
        ({"claim_status": "reported", "evidence_state": "down"}, False),
        ({"claim_status": "reported", "measured_by_names": "IODA"}, True),
        ({"q50_in_force_hours": 2.0}, False),
        ({"ended_on": "2025-08-13", "start_on": "2025-08-13", "end_status": "ended"}, False),
        ({"ended_on": "2025-08-14", "start_on": "2025-08-13", "end_status": "ended"}, True),
        ({"ended_on": None, "end_status": "unknown"}, False),
    ],
)
def test_only_confirmed_restrictions_of_a_day_rank(
    cells: dict[str, object], is_major: bool, told: ReportData
) -> None:
    record = told.records["R1"]
    usual = {"claim_status": "official", "evidence_state": "blocked", "end_status": "ongoing",
             "q50_in_force_hours": None}  # fmt: skip
    claim = (usual | cells)["claim_status"]
    claimed = {"is_official": claim == "official", "is_disputed": claim == "disputed"}
    restriction = replace_cells(record.restriction, **(usual | cells), **claimed)
    numbers = tuple(replace_cells(number, confidence="medium") for number in record.numbers)
    changed = replace(record, restriction=restriction, numbers=numbers)
    assert report_data.make_entry(changed).is_major is is_major
    low = replace(changed, numbers=tuple(replace_cells(one, confidence="low") for one in numbers))
    assert not report_data.make_entry(low).is_major


def test_a_list_of_a_year_opens_with_its_count_and_its_largest(told: ReportData) -> None:
    rows = [entry(told, "A", is_major=True), entry(told, "B", is_major=False, countries=("XB",))]
    lead = lists.write_year_lead(rows)
    assert lead.startswith("2 restrictions in 2 countries on record. The largest is Kenya: ")
    assert lead.endswith(" people.")
    assert lists.write_year_lead(rows[1:]) == "1 restriction in 1 country on record."


def test_the_year_of_the_pages_is_the_last_that_is_covered_well(told: ReportData) -> None:
    def covered(*starts: str) -> str:
        changed = ReportData(told.stored, told.tables)
        entries = [entry(told, start, start=start) for start in starts]
        changed.__dict__["by_id"] = {row.restriction: row for row in entries}
        return changed.covered_year

    assert covered("2024-01-01", "2024-02-01", "2025-01-01") == "2025"
    assert covered("2024-01-01", "2024-02-01", "2024-03-01", "2025-01-01", "") == "2024"
    assert covered() == "2026"


def test_each_restriction_of_a_country_has_the_next_on_both_sides(told: ReportData) -> None:
    for country, listed in told.by_country.items():
        around = [told.neighbours[country, entry.restriction] for entry in listed]
        assert [older for older, _ in around] == [*listed[1:], None]
        assert [newer for _, newer in around] == [None, *listed[:-1]]
