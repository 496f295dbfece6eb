"""Pictures: the same bytes twice, well-formed, their numbers in words, honest at the edges."""

import csv
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience_impact.answers.numbers import Estimate
from audience_impact.answers.records import Driver
from audience_impact.site import drawing, maps, rows, series
from audience_impact.site.maps import load_shapes
from audience_impact.site.rows import FAR
from tests.support import FACTS, replace_cells

SVG = "{http://www.w3.org/2000/svg}"
Row = dict[str, Any]
ALPHABET = "ab1 ().…"
HOSTILE = '<script>alert("1")</script>&amp;'


def ends(unit: str, *values: float | None) -> Row:
    names = ("min", "q05", "q50", "q95", "max")
    return {f"{name}_{unit}": one for name, one in zip(names, values, strict=True)}


def impact(*values: float | None, metric: str = "people_exposed", **more: Any) -> Row:
    base = {"base": "internet_all", "base_persons": 110e6, "population_persons": 140e6}
    return {"impact_metric": metric, **ends("persons", *values), **base, **more}


def published(value: float, **more: Any) -> Row:
    told = {"publisher": "A page", "platform_id": "alpha", "figure_kind": "platform_audience"}
    return {**told, "published_value": value, "unit": "persons", "interval_kind": "none", **more}


def in_year(period: str, *values: float | None) -> Row:
    code = {"area_id": "IN", "period": period, "base": "internet_all", "base_q50_persons": 200.0}
    return {**code, **ends("persons", *values)}


def on_days(first: str, last: str, *values: float | None) -> Row:
    days = {"from_day": first, "to_day": last, "as_of": "2026-01-31"}
    return {**days, **ends("persons", *values)}


def years(*rows: Row, **ordered: Row) -> dict[str, dict[str, Row]]:
    """Years of an area, of which all restrictions were ordered if nothing else is given."""
    return {row["period"]: {"all": row, "ordered": ordered.get("ordered", row)} for row in rows}


EXPOSED = impact(96e6, 97e6, 101e6, 104e6, 105e6)
YEARS = [in_year("2023", 1e6, 2e6, 3e6, 4e6, 9e6), in_year("2025", 0, None, None, None, 8e6)]
DAYS = [on_days("2025-03-01", "2025-03-03", 1e6, 2e6, 3e6, 4e6, 9e6)]
PERSON_DAYS = [
    {"period": period, **ends("person_days", 1e6, 2e6, 3e6, 4e6, 9e6)}
    for period in ("2024", "2024-05", "2025", "all")
]
SHARES = [
    Driver(
        input="base",
        first_order_share=0.77,
        first_order_error_share=0.04,
        narrowing_persons=1e6,
        advice="count anew",
    )
]
ACTS = [{"area": "India", "start": "2020-01-02", "end": "2021-03-04"}]

PICTURES: dict[str, Callable[[], str]] = {
    "answer": lambda: rows.draw_answer("T", [EXPOSED], [published(96e6)], {"alpha": "A service"}),
    "person_days": lambda: rows.draw_person_days("T", PERSON_DAYS),
    "drivers": lambda: rows.draw_drivers("T", SHARES),
    "years": lambda: series.draw_years("T", years(*YEARS)),
    "days": lambda: series.draw_days("T", DAYS),
    "acts": lambda: series.draw_platform("T", ACTS),
    "map": lambda: maps.draw_map("T", [YEARS[0]], {"IN": "area/IN.html"}),
}
every = pytest.mark.parametrize("name", PICTURES)


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)


def words(svg: str) -> str:
    return parsed(svg).findtext(f"{SVG}desc") or ""


def marks(svg: str, tag: str) -> list[ET.Element]:
    return list(parsed(svg).iter(f"{SVG}{tag}"))


@every
def test_a_picture_is_well_formed_and_fits_a_page_that_has_others(name: str) -> None:
    drawn = parsed(PICTURES[name]())
    assert drawn.tag == f"{SVG}svg"
    assert drawn.get("role") in ("img", "group")
    told = [attribute for one in drawn.iter() for attribute in one.attrib]
    assert not {"id", "style", "clip-path"} & set(told), "an id would be there twice"
    assert drawn.findtext(f"{SVG}title") == "T"
    assert "graphics-symbol" not in {one.get("role") for one in drawn.iter()}, "it has no text"


@every
def test_a_picture_follows_the_theme_and_stands_alone_as_well(name: str) -> None:
    drawn = PICTURES[name]()
    alone = drawing.Picture(drawn, "", ()).encode(".svg").decode()
    assert "var(--" in drawn
    assert "var(" not in alone


@every
def test_the_numbers_of_a_picture_are_said_in_words(name: str) -> None:
    said = {
        "answer": "People affected: 101 million (97 to 104). "
        "Minimum to maximum: 96 to 105 million. People online: 110 million. "
        "Residents there: 140 million. A page: users of A service: 96 million.",
        "person_days": "2024: 3 million (2 to 4). 2025: 3 million (2 to 4).",
        "drivers": "The number of people in the base: 77 % ± 4 %.",
        "years": "2023, all restrictions: 3 million (2 to 4). 2024, all restrictions: 0. "
        "2025, all restrictions: 0 to 8 million.",
        "days": "Most, 1 to 3 March 2025: 3 million (2 to 4). "
        "Last, 4 March 2025 to 31 January 2026: 0.",
        "acts": "India: 1 restriction, 2020 to 2021.",
        "map": "India: 3 million (2 to 4) people",
    }
    assert words(PICTURES[name]()).startswith(said[name])


@given(st.text(ALPHABET, max_size=120), st.text(ALPHABET, max_size=120))
def test_name_and_number_share_a_line_whatever_their_lengths(name: str, number: str) -> None:
    drawn = rows.draw_rows("T", [rows.Row(name, number, "accent", ())], rows.PERCENT)
    assert len(list(marks(drawn, "text"))) >= 2
    for letters in rows.LETTERS.values():
        cut, short = rows.fit_line(name, number, letters)
        assert len(cut) + len(short) <= letters
        assert len(cut) >= min(len(name), rows.LEAST)
        if len(name) + len(number) <= letters:
            assert (cut, short) == (name, number)


def test_a_long_number_keeps_its_interval_and_the_name_beside_it() -> None:
    number = "at least 113 million (98 to 126) under 15 of 19 restrictions"
    assert rows.fit_line("Russia", number, 51) == ("Russia", "at least 113 million (98 to 126)")
    assert rows.fit_line("Russia", number, 92) == ("Russia", number)


def test_a_long_name_is_cut_on_a_narrow_screen_alone() -> None:
    publisher = "A publisher whose name is long enough to be cut"
    drawn = rows.draw_answer("T", [EXPOSED], [published(96e6, publisher=publisher)], {})
    short, whole = [text for text in marks(drawn, "text") if text.get("class")]
    assert (short.get("class"), whole.get("class")) == ("short", "long")
    assert (short.text or "").endswith("…")
    assert whole.text == f"{publisher}: users of it"
    alone = drawing.Picture(drawn, "", ()).encode(".svg").decode()
    assert whole.text in alone
    assert "…" not in alone


def test_text_of_facts_is_text() -> None:
    named = {"alpha": HOSTILE}
    drawn = rows.draw_answer(HOSTILE, [EXPOSED], [published(96e6, publisher=HOSTILE)], named)
    assert marks(drawn, "script") == []
    assert f"{HOSTILE}: users of {HOSTILE}: 96 million" in words(drawn)
    acts = series.draw_platform(HOSTILE, [{**ACTS[0], "area": HOSTILE}])
    assert marks(acts, "script") == []
    assert HOSTILE in "".join(parsed(acts).itertext())


def test_where_there_is_no_estimate_only_the_bounds_are_drawn() -> None:
    drawn = rows.draw_answer("T", [impact(0, None, None, None, 8e6)], [], {})
    assert "No estimate: minimum to maximum: 0 to 8 million." in words(drawn)
    assert "People affected" not in words(drawn)
    assert marks(drawn, "rect") == []


def test_an_interval_without_width_is_no_interval() -> None:
    drawn = rows.draw_answer("T", [impact(5e6, 5e6, 5e6, 5e6, 5e6)], [], {})
    assert words(drawn).startswith("People affected: 5 million. Minimum to maximum: 5 million.")
    assert marks(drawn, "rect") == []


def test_what_touched_nobody_is_zero_and_nothing_else() -> None:
    drawn = rows.draw_answer("T", [impact(0, 0, 0, 0, 0)], [], {})
    assert words(drawn).startswith("People affected: 0. People online: 110 million.")


def test_without_a_base_there_is_an_arrow_and_no_upper_bound() -> None:
    none: Row = {"base": None, "base_persons": None, "population_persons": None}
    drawn = rows.draw_answer("T", [impact(3e6, None, None, None, None, **none)], [], {})
    assert words(drawn) == "No estimate: minimum to maximum: 3 million or more."
    assert len(marks(drawn, "path")) == 1


def test_parts_are_drawn_where_they_are_others_than_the_whole() -> None:
    users = impact(3e6, 4e6, 5e6, 6e6, 7e6, metric="people_feature_exposed")
    same = {**EXPOSED, "impact_metric": "people_deprived_net"}
    said = words(rows.draw_answer("T", [EXPOSED, users, same], [], {}))
    assert "Of these, use what was cut: 5 million (4 to 6)." in said
    assert "lose access" not in said


def test_a_figure_that_several_pages_print_is_drawn_once_and_accounts_are_no_people() -> None:
    over = published(100e6, interval_kind="one_sided_min")
    others = [over, over, published(77e6, unit="accounts")]
    said = words(rows.draw_answer("T", [EXPOSED], others, {"alpha": "A service"}))
    assert said.count("A page: users of A service: at least 100 million.") == 1
    assert "77" not in said


def test_what_is_far_off_leaves_the_answer_to_be_seen() -> None:
    near, far = 10e6, 10e6 * FAR * 1.1
    drawn = rows.draw_answer("T", [impact(0, 8e6, 9e6, near, far, base_persons=far)], [], {})
    assert "An arrow at the edge: beyond the axis." in words(drawn)
    bar = marks(drawn, "rect")[0]
    assert float((bar.get("width") or "").rstrip("%")) == pytest.approx(20)


def test_one_year_is_no_picture_and_nor_are_inputs_without_shares() -> None:
    assert rows.draw_person_days("T", PERSON_DAYS[:2]) == ""
    assert rows.draw_drivers("T", [replace_cells(SHARES[0], first_order_share=None)]) == ""
    assert rows.draw_drivers("T", []) == ""
    assert (
        series.draw_years("T", {})
        == series.draw_days("T", [])
        == series.draw_platform("T", [])
        == ""
    )


def test_ordered_restrictions_stand_apart_where_they_are_not_all() -> None:
    both = years(
        in_year("2025", 1e6, 2e6, 3e6, 4e6, 9e6), ordered=in_year("2025", 0, 1e6, 2e6, 3e6, 9e6)
    )
    assert "2025, only ordered ones: 2 million (1 to 3)." in words(series.draw_years("T", both))
    assert "ordered" not in words(PICTURES["years"]())


def test_bounds_that_are_cut_off_are_told() -> None:
    wide = in_year("2025", 0, 2e6, 3e6, 4e6, 900e6)
    assert series.CUT in words(series.draw_years("T", years(wide)))
    near = in_year("2025", 1e6, 2e6, 3e6, 4e6, 4.1e6)
    assert series.CUT not in words(series.draw_years("T", years(near)))


def test_days_between_have_nobody_and_the_day_before_ends_there() -> None:
    later = on_days("2026-01-30", "2026-01-31", 5e6, 6e6, 7e6, 8e6, 9e6)
    said = words(series.draw_days("T", [*DAYS, later]))
    assert said == "Most, 30 to 31 January 2026: 7 million (6 to 8). " + said.partition(". ")[2]
    assert "Last, 30 to 31 January 2026: 7 million (6 to 8)." in said
    nobody = on_days("2025-03-04", "2026-01-29", 0, 0, 0, 0, 0)
    assert series.draw_days("T", [*DAYS, nobody, later]) == series.draw_days("T", [*DAYS, later])


def test_a_mark_of_a_picture_says_its_numbers_where_the_mouse_rests() -> None:
    titles = [mark.text for mark in marks(PICTURES["years"](), "title")]
    assert "2023, all restrictions: 3 million (2 to 4); bounds 1 to 9 million" in titles
    assert "2025, all restrictions: no estimate, 0 to 8 million" in titles
    titles = [mark.text for mark in marks(PICTURES["days"](), "title")]
    assert "1 to 3 March 2025: 3 million (2 to 4); bounds 1 to 9 million" in titles
    titles = [mark.text for mark in marks(PICTURES["acts"](), "title")]
    assert "India: from 2 January 2020 to 4 March 2021" in titles


@pytest.mark.parametrize(
    ("share", "colour"),
    [(0.0999, "map-1"), (0.1, "map-2"), (0.5, "map-4"), (0.75, "map-5"), (1.3, "map-5")],
)
def test_the_colour_of_a_country_is_its_share(share: float, colour: str) -> None:
    people = 200 * share
    assert maps.choose_colour(in_year("2025", 0, people, people, people, 200)) == colour


def test_what_is_not_known_has_a_colour_of_its_own() -> None:
    assert maps.choose_colour(in_year("2025", 0, None, None, None, 200)) == "map-unknown"
    assert maps.choose_colour(in_year("2025", 0, 0, 0, 0, 0)) == "map-none"
    told = maps.describe_country(in_year("2025", 0, 150.0, 210.0, 220.0, 230.0))
    assert "100" in told.split("of its")[0].rsplit(",", 1)[1], (
        "a median above the base is all of it"
    )
    assert maps.choose_colour(None) == "map-none"
    assert {colour for colour, _ in maps.SHARES.legend} <= drawing.COLOURS.keys()


def test_a_country_of_the_map_says_its_number_and_leads_to_its_page() -> None:
    drawn = PICTURES["map"]()
    links = marks(drawn, "a")
    assert [one.get("href") for one in links] == ["area/IN.html"]
    assert (links[0].get("aria-label") or "").startswith("India: 3 million (2 to 4) people")
    assert marks(drawn, "a")[0][0].findtext(f"{SVG}title") == links[0].get("aria-label")


PARTS = {"BQ", "CC", "CX", "GF", "GP", "MQ", "RE", "SJ", "TK", "YT"}
"""Parts of other countries, whose shapes hold them."""


def test_every_country_of_the_facts_is_on_the_map() -> None:
    with (FACTS / "areas.csv").open(encoding="utf-8", newline="") as file:
        known = {row["area_id"] for row in csv.DictReader(file) if len(row["area_id"]) == 2}
    assert known - {shape["id"] for shape in load_shapes()} == PARTS
    assert "Réunion" in maps.write_note([{**YEARS[0], "area_id": "RE"}])


def test_disputed_areas_have_no_colour_and_lie_in_no_other_shape() -> None:
    by_key = {shape["id"]: shape["geometry"]["coordinates"] for shape in load_shapes()}
    assert set(maps.DISPUTED) <= set(by_key)
    assert all(part not in by_key["RU"] for part in by_key["Crimea"])
    shown = maps.draw_map("T", [{**YEARS[0], "area_id": "EH"}], {"EH": "area/EH.html"})
    assert marks(shown, "a") == []
    assert "Western Sahara" in maps.write_note([{**YEARS[0], "area_id": "EH"}])


@pytest.mark.parametrize(
    ("days", "colour"),
    [(0.5, "map-1"), (1.0, "map-2"), (49.0, "map-3"), (149.0, "map-4"), (200.0, "map-5")],
)
def test_the_colour_of_person_days_is_days_for_each_person_online(days: float, colour: str) -> None:
    country = {"area_id": "IN", "base_q50_persons": 1e7}
    country |= ends("person_days", 0, 0, days * 1e7, 9e9, 9e9)
    assert maps.choose_colour(country, maps.DAYS) == colour
    assert maps.choose_colour({**country, "q50_person_days": None}, maps.DAYS) == "map-unknown"


def test_a_map_of_a_region_has_labels_and_a_legend() -> None:
    rows = [{**YEARS[0], "area_id": area} for area in ("NG", "GH", "CI")]
    labels = {"NG": "Nigeria 3 million", "GH": "Ghana 2 million"}
    legend = maps.SHARES.legend
    drawn = maps.draw_map("T", rows, {}, legend=legend, region=["NG", "GH", "CI"], labels=labels)
    texts = {text.text for text in marks(drawn, "text")}
    assert {*labels.values(), *(meaning for _, meaning in legend)} <= texts


def test_where_labels_meet_the_later_one_is_left_out() -> None:
    crowded = ("PL", "LT", "LV", "EE", "MD", "RO", "HU", "SK", "CZ", "AT", "SI", "HR", "UA", "PT")
    labels = {area: f"{area} with a long name and number" for area in crowded}
    rows = [{**YEARS[0], "area_id": area} for area in labels]
    drawn = maps.draw_map("T", rows, {}, region=list(labels), labels=labels)
    shown = [text.text for text in marks(drawn, "text")]
    assert 0 < len(shown) < len(labels)


@pytest.mark.parametrize("areas", [("IN",), ("IN", "RE")])
def test_a_map_of_less_than_two_countries_is_refused(areas: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="a map needs two countries"):
        maps.draw_map("T", [{**YEARS[0], "area_id": area} for area in areas], {}, region=areas)


def test_a_year_without_an_estimate_breaks_the_line() -> None:
    known, unknown = Estimate(1.0, 2.0, 3.0, 4.0, 9.0), Estimate(1.0, None, None, None, 5.0)
    estimates = {"2019": known, "2020": known, "2021": unknown, "2022": known, "2023": known}
    drawn = series.draw_years_line("T", [(int(year), people) for year, people in estimates.items()])
    lines = [mark for mark in marks(drawn, "path") if mark.get("stroke-width") == "2.5"]
    assert len(lines) == 2
    assert "2021: 1 to 5." in words(drawn)


def test_a_year_that_leaves_out_countries_says_which_part_its_interval_is_of() -> None:
    part = in_year("2025", 1e6, 2e6, 3e6, 4e6, 9e6)
    part |= {"is_lower_bound": "yes", "countries_count": 53, "countries_drawn": 41}
    picture = series.draw_years("T", years(part))
    assert series.PARTLY in [text.text for text in parsed(picture).iter(f"{SVG}tspan")]
    assert "3 million (2 to 4) in 41 of 53 countries" in words(picture)
