"""Places as a register prints them: countries, regions, and how far a restriction reaches."""

import pytest

from audience_impact.ingest import gazetteer as places
from audience_impact.vocabulary import GeoScope
from flows.registers import gazetteer

NAMES = (
    *("India", "Iran (Islamic Republic of)", "Turkey", "Somaliland", "Kosovo", "Namibia", "NA"),
    *("Tanzania, United Republic of", "Kenya", "Palestine, State of", "Myanmar", "Narnia", "Iraq"),
    *("Congo", "Congo (Democratic Republic of the)", "Ukraine", "Yemen", "Laos", "Viet Nam"),
)
KNOWN = gazetteer.gazetteer(NAMES)
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
    assert places.countries(cell, KNOWN) == codes


def test_no_country_is_made_of_a_number_or_of_nothing() -> None:
    assert [gazetteer.country_code(text) for text in ("", " ", "404", "Narnia")] == [""] * 4


def locate(cell: str, text: str, scope: GeoScope) -> tuple[str, GeoScope, str]:
    country = places.countries(cell, KNOWN)[0]
    place = places.locate(cell, text, scope, KNOWN, places.index(country, KNOWN))
    return ";".join(place.area_ids), place.geo_scope, place.defect


@pytest.mark.parametrize("text", ["Nationwide", "national ", "Entire country", "Nation Wide"])
def test_all_of_a_country(text: str) -> None:
    assert locate("India", text, REGIONS) == ("IN", NATIONAL, "")


@pytest.mark.parametrize(
    ("cell", "text", "scope", "found"),
    [
        ("India", "State of Manipur", CITIES, ("IN-MN", REGION, "")),
        ("India", "Orissa", REGIONS, ("IN-OD", REGION, "")),
        ("India", "Pulwama, Jammu & Kashmir", LOCALITY, ("IN-JK", LOCALITY, "")),
        ("India", "Sikar and Tonk districts, Rajasthan", CITIES, ("IN-RJ", CITIES, "")),
        ("India", "Rajasthan, Bihar and Punjab", REGIONS, ("IN-BR;IN-PB;IN-RJ", REGIONS, "")),
        ("India", "Rajasthan; Bihar / Punjab", REGIONS, ("IN-BR;IN-PB;IN-RJ", REGIONS, "")),
        ("India", "Delhi", LOCALITY, ("IN-DL", LOCALITY, "")),
        ("Iran (Islamic Republic of)", "Sistan and Baluchestan", REGIONS, ("IR-11", REGION, "")),
        ("Ukraine", "Kherson and Zaporizhzhia Oblasts", REGIONS, ("UA-23;UA-65", REGIONS, "")),
        ("Yemen", "Al Jawf governorate", REGIONS, ("YE-JA", REGION, "")),
        ("Myanmar", "Sagaing’s Pale township", LOCALITY, ("MM-01", LOCALITY, "")),
        (
            "Palestine, State of",
            "Gaza Strip",
            CITIES,
            ("PS-DEB;PS-GZA;PS-KYS;PS-NGZ;PS-RFH", REGIONS, ""),
        ),
    ],
)
def test_regions(cell: str, text: str, scope: GeoScope, found: tuple[str, GeoScope, str]) -> None:
    assert locate(cell, text, scope) == found


@pytest.mark.parametrize(
    ("cell", "text", "scope", "found"),
    [
        ("India", "", REGIONS, ("IN", REGIONS, "place_missing")),
        ("India", "Sopore", LOCALITY, ("IN", LOCALITY, "place_unresolved")),
        ("India", "Bihar and some towns", REGIONS, ("IN", REGIONS, "place_unresolved")),
        ("India", "Bihar, Sopore", REGIONS, ("IN", REGIONS, "place_unresolved")),
        ("Iraq", "National except Kurdish region", REGIONS, ("IQ", REGIONS, "")),
        ("India", "Most of the country", REGIONS, ("IN", REGIONS, "place_unresolved")),
        ("Laos; Myanmar", "Shan State", LOCALITY, ("LA;MM", LOCALITY, "place_unresolved")),
        ("Somaliland", "Nationwide", REGIONS, ("SO", REGIONS, "")),
    ],
)
def test_what_is_not_told_exactly_leaves_the_country(
    cell: str, text: str, scope: GeoScope, found: tuple[str, GeoScope, str]
) -> None:
    assert locate(cell, text, scope) == found


def test_of_two_regions_of_one_name_the_larger_is_meant() -> None:
    known = places.Gazetteer(
        {}, {"XA": {"XA-1": ("Dhaka", "XA-A"), "XA-A": ("Dhaka", ""), "XA-N": ("Northern", "")}}
    )
    assert places.index("XA", known) == {"dhaka": "XA-A"}


def test_every_other_name_is_a_region_of_iso() -> None:
    regions = gazetteer.regions()
    for country, names in places.OTHER_NAMES.items():
        for codes in names.values():
            assert set(codes.split(";")) <= set(regions[country])
