"""Texts of registers read as places: each rule, what must hold for any text, and what must not."""

from dataclasses import replace
from functools import cache
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audience_impact.registers.place_names import (
    Entry,
    Gazetteer,
    Reviewed,
    build_atlas,
    gazetteer_of,
    merge_places,
)
from audience_impact.registers.place_phrases import Vocabulary
from audience_impact.registers.places import (
    NameMeaning,
    narrow_meanings,
    resolve_text,
    settle_cities,
)
from audience_impact.vocabulary import GeoScope, PartKind, PlaceMatch, PlaceReading
from flows.pipeline import steps
from tests.support import FACTS

LOCALITY, CITIES, REGIONS = GeoScope.LOCALITY, GeoScope.MULTI_LOCALITY, GeoScope.MULTI_REGION
WHOLE, WITHIN, EITHER = PlaceReading.WHOLE, PlaceReading.WITHIN, PlaceReading.CITY_OR_DISTRICT
READ = cache(lambda: steps.read_facts([FACTS]).tables)
ATLAS = cache(lambda: build_atlas(("BD", "ID", "IN", "IQ", "IR", "MM", "PK", "RU", "UA"), READ()))
"""Read when a test needs them: all tests are collected by each process that runs some."""


def read(country: str, text: str, scope: GeoScope = CITIES) -> list[NameMeaning]:
    return resolve_text(text, scope, ATLAS()[country])


def ids(country: str, text: str, scope: GeoScope = CITIES) -> set[str]:
    result = read(country, text, scope)
    return set(merge_places((area for each in result for area in each.area_ids), ATLAS()[country]))


@pytest.mark.parametrize(
    ("country", "text", "places"),
    [
        # what holds a place behind it is not meant
        ("IN", "Sikar, Rajasthan", "IN-RJ/sikar"),
        ("IN", "Rohtak and Sonipat (Haryana)", "IN-HR/rohtak IN-HR/sonipat"),
        # other names, other letters, the seat of a district
        ("IN", "Poonch and Shopian districts", "IN-JK/punch IN-JK/shupiyan"),
        ("IR", "Khuzestan", "IR-06"),
        ("UA", "Irpin", "UA32080150000035443"),
        # kinds of places
        ("UA", "Kharkiv", "UA63120270000028556"),
        ("UA", "Kharkiv and Sumy Oblasts", "UA-63 UA-59"),
        ("PK", "Hyderabad and Karachi", "PK-SD/hyderabad PK-SD/karachi-division"),
        # names in which words stand that part others
        ("IN", "Jammu and Kashmir", "IN-JK"),
        ("PK", "Azad Jammu and Kashmir", "PK-JK"),
        ("IN", "all districts of South Kashmir", "IN-JK/south-kashmir"),
    ],
)
def test_what_a_text_names(country: str, text: str, places: str) -> None:
    assert ids(country, text) == set(places.split())


@pytest.mark.parametrize(("country", "text", "areas", "reading", "part"), [
    # a part lies in the smallest place that holds it, and has a kind and a number
    ("IN", "Marhama area, Anantnag, Jammu & Kashmir", "IN-JK/anantnag", WITHIN, "locality:1"),
    ("IN", "Surana village, Jalore, Rajasthan", "IN-RJ/jalor", WITHIN, "village:1"),
    ("IN", "Sultanpur village, Ambala District, Haryana", "IN-HR/ambala", WITHIN, "village:1"),
    ("IN", "10 districts, Meghalaya", "IN-ML", WITHIN, "districts:10"),
    ("IN", "10 districts of Assam", "IN-AS", WITHIN, "districts:10"),
    ("IN", "Various districts in Bihar", "IN-BR", WITHIN, "districts:4"),
    ("IN", "Several parts of Rajasthan", "IN-RJ", WITHIN, "some:1"),
    ("IN", "Parts of Birbhum District, West Bengal", "IN-WB/birbhum", WITHIN, "some:1"),
    ("IN", "Several cities in Uttar Pradesh", "IN-UP", WITHIN, "city:4"),
    ("IN", "Kalimpong", "IN-WB/darjiling", WITHIN, "city:1"),
    ("IN", "Balotra, Rajasthan", "IN-RJ/barmer", WITHIN, "city:1"),
    ("IN", "Tral town of Pulwama district in Jammu and Kashmir",
     "IN-JK/pulwama/tral", WITHIN, "seat:1"),
    ("IN", "Hathwa sub-division, Gopalganj District, Bihar",
     "IN-BR/gopalganj", WITHIN, "subdistrict:1"),
    ("MM", "Namtaw town, Homalin township, Sagaing Division", "MMR005034", WITHIN, "town:1"),
    ("MM", "20 villages in Kyaikmaraw township, Mon State", "MMR011002", WITHIN, "village:20"),
    ("MM", "five townships in Rakhine State", "MM-16", WITHIN, "subdistrict:5"),
    # an area is a place where it is on record, and a part of one otherwise
    ("IN", "Parts of Sopore area, Jammu and Kashmir", "geonames:1255714", WITHIN, "some:1"),
    ("IN", "Sopore areas, Jammu and Kashmir", "IN-JK/baramula/sopore", WITHIN, "some:1"),
    ("IN", "3 areas of Sopore, Jammu and Kashmir", "IN-JK/baramula/sopore", WITHIN, "locality:3"),
    ("IN", "Areas along the Sopore border, Jammu and Kashmir",
     "geonames:1255714", WITHIN, "some:1"),
    ("IN", "Kulgam area, Jammu and Kashmir", "IN-JK/kulgam/kulgam", WHOLE, ""),
    ("IN", "Sopore area, Baramulla district, Jammu and Kashmir",
     "IN-JK/baramula/sopore", WHOLE, ""),
    # a word beside the name of a place makes no part of it
    ("IN", "Sopore town, Jammu and Kashmir", "geonames:1255714", WHOLE, ""),
    ("IN", "Gangapur City, Sawai Madhopur District, Rajasthan", "geonames:1271675", WHOLE, ""),
    ("IN", "Nakashipara area, Nadia, West Bengal", "IN-WB/nadia/nakashipara", WHOLE, ""),
    ("IN", "Police district of Awantipora in Jammu and Kashmir",
     "IN-JK/pulwama/awantipora IN-JK/pulwama/pampore IN-JK/pulwama/tral", WHOLE, ""),
    ("MM", "Munaung island, Rakhine State", "MMR012012", WHOLE, ""),
    ("MM", "Pyin Oo Lwin town, Mandalay Region", "MMR010008-town", WHOLE, ""),
    # a town of Myanmar is the wards of its township
    ("MM", "Hsipaw town, Shan State", "MMR015014-town", WHOLE, ""),
    ("MM", "Hsipaw township, Shan State", "MMR015014", WHOLE, ""),
    ("MM", "Hsipaw, Shan State", "MMR015014", WHOLE, ""),
    # a place with residents before a region without
    ("ID", "Papua", "ID-PA", WHOLE, ""),
])  # fmt: skip
def test_a_text_means_one_place_or_a_part_of_it(
    country: str, text: str, areas: str, reading: PlaceReading, part: str
) -> None:
    (meaning,) = read(country, text, LOCALITY)
    assert meaning.area_ids == tuple(areas.split())
    assert meaning.reading is reading
    kind, _, units = part.partition(":")
    if part:
        assert (meaning.part_kind, meaning.units) == (PartKind(kind), int(units))
    else:
        assert meaning.part_kind is None


def test_a_district_without_its_word_may_be_the_city_of_its_name() -> None:
    (bare,) = read("IN", "Srinagar", LOCALITY)
    (told,) = read("IN", "Srinagar district", LOCALITY)
    assert (bare.reading, told.reading) == (EITHER, WHOLE)
    assert bare.least_area_id == "geonames:1255634"
    assert told.least_area_id == ""


@pytest.mark.parametrize(
    "text", ["Narnia", "Narnia and Archenland", "Some towns", "Narnia district, Calormen"]
)
def test_what_is_no_place_is_not_guessed(text: str) -> None:
    result = read("IN", text)
    assert [each for each in result if each.area_ids] == []


def test_two_of_one_name_are_not_told_apart_by_guessing() -> None:
    known = gazetteer_of(
        "XA",
        [
            {"area_id": f"XA-{state}", "name": state, "aliases": "", "level": "admin1"}
            for state in ("North One", "Two")
        ]
        + [
            {"area_id": f"XA-{state}/b", "name": "Bilas", "aliases": "", "level": "admin2"}
            for state in ("North One", "Two")
        ],
        {},
        {
            "XA-North One": "XA",
            "XA-Two": "XA",
            "XA-North One/b": "XA-North One",
            "XA-Two/b": "XA-Two",
        },
    )
    assert resolve_text("Bilas", CITIES, known) == [NameMeaning("bilas")]
    assert resolve_text("Bilas, Two", CITIES, known)[0].area_ids == ("XA-Two/b",)


def test_a_reviewed_name_stands_before_the_rules() -> None:
    known = Gazetteer("IN", ATLAS()["IN"].entries, {"sikar": Reviewed(("IN-BR", "IN-HR"), WITHIN)})
    (result,) = resolve_text("Sikar", CITIES, known)
    override = NameMeaning("sikar", ("IN-BR", "IN-HR"), WITHIN, PlaceMatch.OVERRIDE)
    assert result == replace(override, part_kind=PartKind.CITY)


def states() -> list[str]:
    return [
        value.names[0]
        for value in ATLAS()["IN"].entries.values()
        if value.level == "admin1" and " and " not in value.names[0]
    ]


STATES = st.deferred(lambda: st.sampled_from(states()))


@given(st.lists(STATES, min_size=1, max_size=5, unique=True), st.randoms())
def test_the_order_of_names_does_not_matter(chosen: list[str], random: Random) -> None:
    turned = list(chosen)
    random.shuffle(turned)
    assert ids("IN", ", ".join(chosen), REGIONS) == ids("IN", ", ".join(turned), REGIONS)
    assert len(ids("IN", ", ".join(chosen), REGIONS)) == len(chosen)


def districts() -> list[Entry]:
    india = ATLAS()["IN"]
    return [
        value
        for value in india.entries.values()
        if value.level == "admin2" and value.names and value.holders[1] in india.first_level
    ]


@given(st.deferred(lambda: st.sampled_from(districts())))
def test_every_district_is_found_by_its_name_and_its_state(district: Entry) -> None:
    state = ATLAS()["IN"].entries[district.holders[1]].names[0]
    assert ids("IN", f"{district.names[0]} district, {state}", LOCALITY) == {district.area_id}


@given(st.text(alphabet="bcdfgklmnprst ", min_size=12, max_size=30))
def test_noise_never_becomes_a_place(text: str) -> None:
    assert not [
        each
        for each in read("IN", f"x{text}")
        if each.found_by is PlaceMatch.EXACT and each.area_ids
    ]


@example("\U00010e60")  # a digit that is no decimal number
@given(st.text(max_size=60))
def test_any_text_can_be_read(text: str) -> None:
    for each in read("IN", text):
        assert all(area in ATLAS()["IN"].entries or area == "IN" for area in each.area_ids)


def test_places_that_lie_in_another_are_named_once() -> None:
    assert merge_places(["IN-RJ/sikar", "IN-RJ", "IN-RJ"], ATLAS()["IN"]) == ("IN-RJ",)
    assert merge_places(["PK-SD/karachi-central", "PK-SD/karachi-division"], ATLAS()["PK"]) == (
        "PK-SD/karachi-division",
    )


def test_words_of_kinds_and_amounts_are_no_names() -> None:
    result = Vocabulary(frozenset({"coxs bazar", "north twenty four parganas"})).find_phrases(
        "Various villages in Cox's Bazar; all districts of Narnia"
    )
    assert [(each.name, each.kind, each.is_part) for each in result] == [
        ("coxs bazar", "", True),
        ("narnia", "", False),
    ]


def test_no_name_is_reviewed_that_the_rules_read_the_same() -> None:
    bare = {code: Gazetteer(known.country, known.entries) for code, known in ATLAS().items()}
    names = READ()["place_names"]
    reviewed = names[names["country_id"].isin(bare.keys())].to_dict("records")
    assert reviewed
    for row in reviewed:
        places = resolve_text(row["name"], CITIES, bare[row["country_id"]])
        same = [(place.area_ids, place.reading.value) for place in places]
        assert same != [(tuple(row["area_ids"].split(";")), row["reading"])], row["name"]


def describe(country: str, text: str) -> dict[str, str]:
    """The kind of part, or the reading, of each place in a text."""
    return {
        area: str(meaning.part_kind or meaning.reading)
        for meaning in read(country, text)
        for area in meaning.area_ids
    }


@pytest.mark.parametrize(
    ("country", "text", "meanings"),
    [
        (
            "MM",
            "Ann plus other nearby townships, Rakhine State",
            "MM-16=subdistrict MMR012014=whole",
        ),
        # the letter in the name of a namesake is no name
        ("IN", "A bunch of towers in Sikar", "sikar=site"),
    ],
)
def test_how_much_of_each_listed_place_is_meant(country: str, text: str, meanings: str) -> None:
    names_by_area = {
        area.removeprefix("IN-").split("/", 1)[-1] if "/" in area else area: kind
        for area, kind in describe(country, text).items()
    }
    assert names_by_area == dict(pair.split("=") for pair in meanings.split())


@pytest.mark.parametrize(
    ("country", "text"),
    [
        ("IN", "Srinagar and south Kashmir area"),
        ("IN", "Entire Kashmir Valley"),
        ("MM", "Pyin Oo Lwin township, Mandalay Region"),
    ],
)
def test_the_word_for_an_area_or_a_spelling_with_blanks_makes_no_part(
    country: str, text: str
) -> None:
    assert {meaning.reading for meaning in read(country, text)} <= {WHOLE, EITHER}


def test_the_town_in_a_place_of_its_name_is_meant_by_the_word_town() -> None:
    rows = [
        {"area_id": "IN-A", "name": "Alpha", "aliases": "", "level": "admin1"},
        {"area_id": "IN-A/b", "name": "Beta", "aliases": "", "level": "admin3"},
        {"area_id": "IN-A/b-town", "name": "Beta city", "aliases": "", "level": "city"},
    ]
    known = gazetteer_of("IN", rows, {}, {"IN-A/b": "IN-A", "IN-A/b-town": "IN-A/b"})
    both = resolve_text("Alpha: Gamma and Beta towns", LOCALITY, known)
    assert [meaning.area_ids for meaning in both if meaning.name == "beta"] == [("IN-A/b-town",)]


def test_rows_of_bangladesh_mean_the_city() -> None:
    (meaning,) = settle_cities(read("BD", "Khulna"), "a rally in Khulna", ATLAS()["BD"])
    assert (meaning.area_ids, meaning.reading) == (("geonames:1336135",), WHOLE)


@pytest.mark.parametrize(
    ("text", "area", "reading"),
    [
        ("mobile internet was cut in Sikar district on the day", "sikar", WHOLE),
        ("orders for the district of Sikar", "sikar", WHOLE),
        ("services in Sikar city were suspended", "sikar/sikar", WHOLE),
        ("a town of Rajasthan", "sikar", WHOLE),
        ("https://paper.example.com/city/sikar/no-internet", "sikar", WHOLE),
        ("Sikar district, where Sikar city was calm", "sikar", EITHER),
    ],
)
def test_other_cells_say_whether_a_city_or_its_district_is_meant(
    text: str, area: str, reading: PlaceReading
) -> None:
    (meaning,) = settle_cities(read("IN", "Sikar, Rajasthan"), text, ATLAS()["IN"])
    assert (meaning.area_ids, meaning.reading) == ((f"IN-RJ/{area}",), reading)


@pytest.mark.parametrize(
    ("name", "text", "area"),
    [
        ("Jhang", "Mobile data was cut", "jhang"),
        ("Jhang", "It was cut in 3 cities across the country (Islamabad, Jhang)", "jhang"),
        ("Jhang", "It was cut in cities across the country. Jhang district", None),
        ("Jhang", "Data was cut in some districts", None),
        ("Jhang", "Data was cut in Jhang district", ""),
        ("Lahore", "Mobile data was cut", ""),
    ],
)
def test_rows_of_cities_mean_the_city_where_orders_do_not_go_by_district(
    name: str, text: str, area: str | None
) -> None:
    (meaning,) = settle_cities(read("PK", name), text, ATLAS()["PK"])
    district = f"PK-PB/{name.casefold()}"
    if area is None:
        assert meaning.reading is EITHER
    else:
        assert meaning.area_ids == (f"{district}/{area}" if area else district,)
        assert meaning.reading is WHOLE


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Internet was suspended in parts of the district.", PartKind.SOME),
        ("The affected area was a 5km radius from the campus.", PartKind.CIRCLE),
        ("Lines were cut off in the vicinity of the ceremonies.", PartKind.LOCALITY),
        ("Internet was shut down on Sep. 28 in parts of the district.", PartKind.SOME),
        ("Internet was shut down. Shops closed in parts of the district.", None),
        ("Data was cut off on Sep. 17 in Kishtwar along procession routes.", PartKind.SOME),
        ("Lines were cut off along the Kishtwar-Doda highway.", PartKind.SOME),
        ("Data was cut. Soldiers stood along the roads.", None),
        ("Internet was suspended in the district.", None),
        ("Violence broke out in parts of the state; the internet was cut.", None),
    ],
)
def test_the_event_narrows_a_place_where_it_says_that_a_part_was_cut(
    text: str, kind: PartKind | None
) -> None:
    meanings = read("IN", "Kishtwar District, Jammu & Kashmir")
    (meaning,) = narrow_meanings(meanings, text)
    assert meaning.part_kind is kind
    assert (meaning.reading is WITHIN) is (kind is not None)


def test_the_city_of_a_district_may_have_the_word_in_its_name() -> None:
    (meaning,) = read("PK", "Faisalabad", LOCALITY)
    assert meaning.least_area_id == "PK-PB/faisalabad/faisalabad-city"


def test_a_reviewed_part_lies_in_the_holder_that_the_text_names() -> None:
    zamfara = Reviewed(("XA-Z",), WITHIN)
    known = gazetteer_of(
        "XA", [{"area_id": "XA-Z", "name": "Zamfara", "aliases": ""}], {"zurmi": zamfara}
    )
    (meaning,) = resolve_text("Zurmi, Zamfara State", CITIES, known)
    assert (meaning.name, meaning.reading) == ("zurmi", WITHIN)


@pytest.mark.parametrize(
    ("text", "units"),
    [("It was cut for two 3-km radius areas.", 3), ("It was cut in a 4 km radius.", 4)],
)
def test_circles_count_their_radius(text: str, units: int) -> None:
    cell = "Wampora and Hunipora areas, Pulwama District, Jammu & Kashmir"
    meanings = narrow_meanings(read("IN", cell), text)
    assert [(each.part_kind, each.units) for each in meanings] == [(PartKind.CIRCLE, units)] * 2
