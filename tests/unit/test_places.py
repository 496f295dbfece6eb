"""Places as a register prints them: countries, regions, and how far a restriction reaches."""

from functools import cache

import pycountry
import pytest

from audience_impact.registers import countries, places
from audience_impact.registers.place_names import Atlas, build_atlas
from audience_impact.vocabulary import GeoScope
from flows.pipeline import steps
from tests.support import FACTS, lay_out_iso

NAMES = (
    *("India", "Iran (Islamic Republic of)", "Turkey", "Somaliland", "Kosovo", "Namibia", "NA"),
    *("Tanzania, United Republic of", "Kenya", "Palestine, State of", "Myanmar", "Narnia", "Iraq"),
    *("Congo", "Congo (Democratic Republic of the)", "Ukraine", "Yemen", "Laos", "Viet Nam"),
)
LOCALITY, CITIES = GeoScope.LOCALITY, GeoScope.MULTI_LOCALITY
REGION, REGIONS, NATIONAL = GeoScope.REGION, GeoScope.MULTI_REGION, GeoScope.NATIONAL


@pytest.mark.parametrize(
    ("cell", "codes"),
    [
        ("India", ["IN"]),
        ("Iran (Islamic Republic of)", ["IR"]),
        ("Turkey", ["TR"]),
        ("Somaliland", ["SO"]),
        ("Kosovo", ["XK"]),
        ("NA", ["NA"]),
        ("Namibia", ["NA"]),
        ("Congo", ["CG"]),
        ("Congo (Democratic Republic of the)", ["CD"]),
        ("Viet Nam", ["VN"]),
        ("Tanzania, United Republic of; Kenya", ["KE", "TZ"]),
        ("Laos; Myanmar", ["LA", "MM"]),
        ("Kenya; Narnia", []),
        ("Narnia", []),
        ("", []),
        (" ; ", []),
    ],
)
def test_countries(cell: str, codes: list[str]) -> None:
    assert countries.country_codes(cell) == codes


def test_no_country_is_made_of_a_number_or_of_nothing() -> None:
    assert [countries.country_code(text) for text in ("", " ", "404", "Narnia")] == [""] * 4


def test_every_country_has_its_code_by_its_name_and_by_each_of_its_codes() -> None:
    for country in pycountry.countries:
        result = (country.name, country.alpha_2, country.alpha_3)
        assert {countries.country_code(each) for each in result} == {country.alpha_2}
    assert [countries.country_code(text) for text in ("UK", "EL")] == ["GB", "GR"]
    assert "" not in countries.list_country_names()


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Congo", "CG"),
        ("Republic of the Congo", "CG"),
        ("Congo, Dem. Rep.", "CD"),
        ("Democratic Republic of Congo", "CD"),
        ("Korea, Republic of", "KR"),
        ("Korea, Democratic People's Republic of", "KP"),
        ("Iran, Islamic Rep.", "IR"),
        ("Lao PDR", "LA"),
        ("Republic of China", "TW"),
        ("People's Republic of China", "CN"),
        ("Republic of the Union of Myanmar", "MM"),
        ("Ivory Coast (Cote d'Ivoire)", "CI"),
        ("Kyrgyz Republic (Kyrgyzstan)", "KG"),
        ("Micronesia, Fed. Sts.", "FM"),
        ("Occupied Palestinian Territory", "PS"),
        ("Guinea", "GN"),
        ("Equatorial Guinea", "GQ"),
        ("Dominica", "DM"),
        ("Dominican Republic", "DO"),
        ("AND", "AD"),
        ("Republic", ""),
        ("Virgin Islands", ""),
        ("European Union", ""),
        ("x" * 201, ""),
    ],
)
def test_names_in_other_forms_mean_one_country_or_none(name: str, code: str) -> None:
    assert countries.country_code(name) == code


@cache
def atlas() -> Atlas:
    facts = steps.read_facts([FACTS]).tables
    return build_atlas(("IN", "IR", "IQ", "LA", "MM", "PS", "SO", "UA", "YE"), facts)


def locate(cell: str, text: str, scope: GeoScope) -> tuple[str, GeoScope, str]:
    place = places.locate_event(cell, text, scope, atlas())
    return ";".join(place.area_ids), place.geo_scope, place.defect


@pytest.mark.parametrize(("cell", "text", "scope", "found"), [
    ("India", "Nationwide", REGIONS, ("IN", NATIONAL, "")),
    ("India", "national ", REGIONS, ("IN", NATIONAL, "")),
    ("India", "Entire country", REGIONS, ("IN", NATIONAL, "")),
    ("India", "Nation Wide", REGIONS, ("IN", NATIONAL, "")),
    ("India", "State of Manipur", CITIES, ("IN-MN", REGION, "")),
    ("India", "Orissa", REGIONS, ("IN-OD", REGION, "")),
    ("India", "Pulwama, Jammu & Kashmir", LOCALITY, ("IN-JK/pulwama", LOCALITY, "")),
    ("India", "Sikar and Tonk districts, Rajasthan", CITIES,
     ("IN-RJ/sikar;IN-RJ/tonk", CITIES, "")),
    ("India", "Rajasthan, Bihar and Punjab", REGIONS, ("IN-BR;IN-PB;IN-RJ", REGIONS, "")),
    ("India", "Rajasthan; Bihar / Punjab", REGIONS, ("IN-BR;IN-PB;IN-RJ", REGIONS, "")),
    ("India", "Delhi", LOCALITY, ("IN-DL", LOCALITY, "")),
    ("India", "Sopore", LOCALITY, ("IN-JK/baramula/sopore", LOCALITY, "")),
    ("Iran (Islamic Republic of)", "Sistan and Baluchestan", REGIONS, ("IR-11", REGION, "")),
    ("Ukraine", "Kherson and Zaporizhzhia Oblasts", REGIONS, ("UA-23;UA-65", REGIONS, "")),
    ("Yemen", "Al Jawf governorate", REGIONS, ("YE-JA", REGION, "")),
    ("Palestine, State of", "Gaza Strip", CITIES, ("OCHA:PS02", CITIES, "")),
    ("Somaliland", "Nationwide", REGIONS, ("SO:somaliland", REGIONS, "")),
    # what is not told exactly leaves the country
    ("India", "", REGIONS, ("IN", REGIONS, "place_missing")),
    ("India", "Narnia", LOCALITY, ("IN", LOCALITY, "place_unresolved")),
    ("India", "Bihar and Narnia", REGIONS, ("IN", REGIONS, "place_unresolved")),
    ("India", "Most of the country", REGIONS, ("IN", REGIONS, "place_unresolved")),
    ("Laos; Myanmar", "Shan State", LOCALITY, ("LA;MM", LOCALITY, "place_unresolved")),
])  # fmt: skip
def test_places(cell: str, text: str, scope: GeoScope, found: tuple[str, GeoScope, str]) -> None:
    assert locate(cell, text, scope) == found


def test_a_text_with_an_exception_is_left_to_a_reader() -> None:
    text = "National except Kurdish region"
    assert locate("Iraq", text, REGIONS) == ("IQ", REGIONS, "place_unresolved")
    reviewed = [places.NameMeaning("IQ", ("IQ-BA", "IQ-NI"))]
    place = places.locate_event("Iraq", text, REGIONS, atlas(), reviewed=reviewed)
    assert (place.area_ids, place.defect) == (("IQ-BA", "IQ-NI"), "")


def test_iso_alone_is_enough_for_its_regions() -> None:
    place = places.locate_event("Kenya", "Mandera", REGIONS, lay_out_iso("KE"))
    assert place.area_ids == ("KE-24",)
