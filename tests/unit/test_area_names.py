"""Names and codes of areas, their country and continent, and what a region adds up."""

import numpy as np
import pandas as pd
import pytest

from audience_impact.outputs.area_names import add_names, list_alpha_3, list_names, name_region
from audience_impact.outputs.areas import Sets, withhold_draws
from audience_impact.simulation.worlds import DRAWN

AREAS = pd.DataFrame(
    [
        ("001", "World", ""),
        ("142", "Asia", "001"),
        ("145", "Western Asia", "142"),
        ("019", "Americas", "001"),
        ("419", "Latin America and the Caribbean", "019"),
        ("005", "South America", "419"),
        ("XA", "Aland", "145"),
        ("XB", "Bland", "005"),
        ("XA-1", "North", "XA"),
        ("geonames:7", "Town", "XB-2"),
        ("XB-2", "South", "XB"),
    ],
    columns=["area_id", "name", "parent_id"],
).assign(members="")


def test_each_area_has_its_country_and_continent() -> None:
    frame = pd.DataFrame({"area_id": ["XA", "XA-1", "geonames:7", "XA-1;XB-2", "145", "001", "ZZ"]})
    named = add_names("impact", frame, AREAS)
    assert named["area_name"].tolist() == [
        *("Aland", "North", "Town", "North, South", "Western Asia", "World", "")
    ]
    assert named["country_name"].tolist() == [
        *("Aland", "Aland", "Bland", "Aland, Bland", "Western Asia", "World", "")
    ]
    assert named["continent_name"].tolist() == [
        *("Asia", "Asia", "Americas", "Asia, Americas", "Asia", "", "")
    ]


def test_tables_without_areas_and_rows_of_no_country_have_no_names() -> None:
    steps = pd.DataFrame({"country_id": ["XA", "all"]})
    named = add_names("steps", steps, AREAS)
    assert named["country_name"].tolist() == ["Aland", ""]
    assert "area_name" not in named
    bare = pd.DataFrame({"restriction_id": ["R1"]})
    assert add_names("lineage", bare, AREAS) is bare


def test_names_are_those_that_english_newspapers_print() -> None:
    rows = [
        ("TR", "Türkiye", "", "", ""),
        ("XA-1", "Qoraqalpog‘iston", "", "admin1", "Karakalpakstan"),
        ("XA-2", "Şanlıurfa", "", "admin1", ""),
        ("XA-3", "Павлоградська", "Павлоград;Pavlohrad", "admin3", ""),
    ]
    columns = ["area_id", "name", "aliases", "level", "press_name"]
    names = list_names(pd.DataFrame(rows, columns=columns, dtype="str"))
    assert list(names) == ["Türkiye", "Karakalpakstan", "Sanliurfa", "Pavlohrad"]
    assert list(list_names(AREAS)) == list(AREAS["name"]), "facts without the new columns"


@pytest.mark.parametrize(
    ("area_ids", "region"),
    [(["geonames:7"], "South"), (["geonames:7", "XB-2"], None), (["XB"], None), (["XA-1"], None)],
)
def test_a_place_is_named_with_the_state_that_contains_it(
    area_ids: list[str], region: str | None
) -> None:
    parents = dict(zip(AREAS["area_id"], AREAS["parent_id"], strict=True))
    names = list_names(AREAS).to_dict()
    assert name_region(area_ids, parents, names) == region
    assert name_region(["geonames:7"], parents, names | {"XB-2": "Town"}) is None


def test_the_code_of_a_map_is_that_of_iso_3166_and_an_alias_only_where_it_has_none() -> None:
    aliases = {"AE": "UAE", "CD": "DRC;DR Congo", "XK": "XKX", "RS": "", "001": ""}
    areas = pd.DataFrame({"area_id": [*aliases], "aliases": [*aliases.values()]})
    codes = {"AE": "ARE", "CD": "COD", "XK": "XKX", "RS": "SRB"}
    assert list_alpha_3(areas).to_dict() == codes


def test_a_region_draws_no_kind_of_a_country_whose_total_is_withheld() -> None:
    rows = [("XA", "2024", "all"), ("XA", "2024", "service"), ("XB", "2024", "all")]
    table = pd.DataFrame(rows, columns=["country_id", "period", "kind"])
    people = {"person_days": np.ones((2, DRAWN + 5))}
    row = {"person_days": np.array([0, 1, 1])}  # two of them have the same person-days
    sets = Sets(table, pd.DataFrame(), pd.DataFrame(), people, row)
    person_days = pd.DataFrame(
        {
            "restriction_id": ["all", "all"],
            "area_id": ["XA", "XB"],
            "period": ["2024", "2024"],
            "q50_person_days": [np.nan, 1.0],
        }
    )
    result = withhold_draws(sets, person_days)
    days = result.people["person_days"][result.rows["person_days"]]
    assert np.isnan(days[:, DRAWN:]).all(axis=1).tolist() == [True, True, False]
    assert (days[:, :DRAWN] == 1.0).all()
