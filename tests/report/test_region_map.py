"""Maps of a ranking and lines over the years: labels keep apart, colours are rates, gaps stay."""

import xml.etree.ElementTree as ET
from itertools import combinations
from typing import Any

import pytest

from audience_impact.answers import Quantity
from audience_impact.answers.numbers import Estimate
from audience_impact.site.charts import atlas, line, region_map
from audience_impact.site.charts.atlas import HEIGHT, WIDTH

SVG = "{http://www.w3.org/2000/svg}"
CROWDED = ("RU", "UA", "BY", "PL", "LT", "LV", "EE", "MD", "RO", "HU", "SK", "CZ", "AT", "SI", "HR")


def row(area: str, persons: float = 4e6) -> dict[str, Any]:
    people = dict.fromkeys(("at_least_persons", "q05_persons"), persons / 2)
    people |= {"q50_persons": persons, "q95_persons": 2 * persons, "at_most_persons": 3 * persons}
    days = {
        f"{name.removesuffix('persons')}person_days": 30 * cell for name, cell in people.items()
    }
    return {"area_id": area, "area_name": f"Land {area}", "base_q50_persons": 1e7, **people, **days}


def test_labels_meet_no_label_and_no_edge() -> None:
    rows = [row(area) for area in CROWDED]
    frame = region_map.choose_frame(CROWDED)
    labels = list(region_map.place_labels(rows, Quantity.PEOPLE, frame))
    assert len(labels) > 5
    assert {label.tie is None for label in labels} == {True, False}
    boxes = [region_map._measure_label(label) for label in labels]
    assert not any(region_map._overlap(*pair) for pair in combinations(boxes, 2))
    for west, north, east, south in boxes:
        assert west >= 0
        assert north >= 0
        assert east <= WIDTH
        assert south <= frame.height
    assert region_map._overlap(boxes[0], boxes[0])


def test_the_frame_shows_every_country_of_the_ranking_enlarged() -> None:
    areas = ("NG", "GH", "CI", "SN")
    frame = region_map.choose_frame(areas)
    assert frame.scale > 2
    for place in atlas.load_places():
        if place.key in areas:
            west, north, east, south = region_map.find_box(place)
            assert (west - frame.west) * frame.scale >= 0
            assert (north - frame.north) * frame.scale >= 0
            assert (east - frame.west) * frame.scale <= WIDTH
            assert (south - frame.north) * frame.scale <= frame.height


@pytest.mark.parametrize("areas", [(), ("IN",), ("IN", "RE")])
def test_a_map_of_less_than_two_countries_is_refused(areas: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="a map needs two countries"):
        region_map.choose_frame(areas)


@pytest.mark.parametrize(
    ("days", "colour"),
    [(0.5, "map-1"), (1.0, "map-2"), (49.0, "map-3"), (149.0, "map-4"), (200.0, "map-5")],
)
def test_the_colour_of_person_days_is_days_for_each_person_online(days: float, colour: str) -> None:
    country = {**row("IN"), "q50_person_days": days * 1e7}
    assert atlas.choose_colour(country, atlas.DAYS) == colour
    assert atlas.choose_colour({**country, "q50_person_days": None}, atlas.DAYS) == "map-unknown"


def test_a_part_of_the_map_is_well_formed_and_says_its_numbers() -> None:
    rows = [{**row(area), "base": "internet_all"} for area in ("NG", "GH", "CI")]
    frame = region_map.choose_frame(["NG", "GH", "CI"])
    labels = list(region_map.place_labels(rows, Quantity.PERSON_DAYS, frame))
    legend = atlas.DAYS.legend
    drawn = ET.fromstring(atlas.draw_part("T", rows, {}, atlas.DAYS, legend, frame, labels))
    assert "12 days for each of its people online" in (drawn.findtext(f"{SVG}desc") or "")
    texts = {text.text for text in drawn.iter(f"{SVG}text")}
    assert {"Land NG", "120 million", *(words for _, words in legend)} <= texts


def test_the_legend_runs_over_lines_and_out_of_no_picture() -> None:
    legend = [("map-1", "a" * 40)] * 5
    entries = atlas.lay_out_legend(legend, HEIGHT)
    assert len({y for *_, y in entries}) > 1
    assert all(x + atlas.LEGEND_LETTER * len(words) < WIDTH for _, words, x, _ in entries)


def test_a_year_without_an_estimate_breaks_the_line_and_one_without_a_record_is_zero() -> None:
    known = Estimate(1.0, 2.0, 3.0, 4.0, 9.0)
    unknown = Estimate(1.0, None, None, None, 5.0)
    years = line._fill_years([("2019", known), ("2021", known), ("2022", unknown), ("2023", known)])
    assert [year for year, _ in years] == ["2019", "2020", "2021", "2022", "2023"]
    drawn = ET.fromstring(line.draw_line("T", years))
    steps = [one for one in drawn.iter(f"{SVG}line") if one.get("stroke-linecap") == "round"]
    assert len(steps) == 2  # to 2020 and to 2021; none to 2022 and from it
    assert len(list(drawn.iter(f"{SVG}circle"))) == 4
    assert "2022: 1 to 5." in (drawn.findtext(f"{SVG}desc") or "")
