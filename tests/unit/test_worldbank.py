"""What the World Bank, the ITU and the UN answer, up to the rows of `bases` made of it."""

import pandas as pd
import pytest

from audience_impact.registers.denominators.bases import (
    COLUMNS,
    Figures,
    Sources,
    Years,
    rows_from_figures,
)
from audience_impact.registers.denominators.publisher_files import (
    POPULATION,
    SHARES,
    ShapeError,
    answer_codes,
    read_figures,
    tidy_projections,
)
from schemas.facts import COLUMNS as FACT_COLUMNS

AREAS = answer_codes({"AE", "NA", "001"})
SOURCES = Sources("wb", "itu", "un", "middle of the year")
VARIANTS = (("Medium", 1.0), ("Lower 95 PI", 0.9), ("Upper 95 PI", 1.1))


def reported(*rows: tuple[str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["country", "date", "value"])


def un(
    *rows: tuple[str, str, str, str], variants: tuple[tuple[str, float], ...] = VARIANTS
) -> pd.DataFrame:
    lines = [
        (place, code, variant, year, str(factor * float(persons)))
        for place, code, year, persons in rows
        for variant, factor in variants
    ]
    return pd.DataFrame(lines, columns=["LocID", "ISO2_code", "Variant", "Time", "PopTotal"])


def rows(**figures: pd.DataFrame) -> pd.DataFrame:
    return rows_from_figures(Figures(**figures), SOURCES, Years(1960, 2030))


def list_persons(bases: pd.DataFrame) -> dict[str, str]:
    return dict(zip(bases["base_id"], bases["persons"], strict=True))


def test_columns_are_those_of_the_table() -> None:
    bases = rows(counted=read_figures(POPULATION, reported(("AE", "2023", "10")), AREAS))
    assert list(bases) == list(FACT_COLUMNS["bases"]) == COLUMNS
    assert bases.iloc[0].to_dict() == {
        "base_id": "AE-all_ages-2023-worldbank",
        "area_id": "AE",
        "population_base": "all_ages",
        "period": "2023",
        "persons": "10",
        "low_persons": "",
        "high_persons": "",
        "urban_persons": "",
        "obs_status": "A",
        "source_id": "wb",
        "also_source_id": "",
        "measurement_series_id": "",
        "note": "",
    }


def test_groups_of_countries_are_left_out_and_the_world_is_not() -> None:
    answer = reported(("1W", "2023", "8"), ("ZH", "2023", "7"), ("NA", "2022", "3"))
    assert list_persons(rows(counted=read_figures(POPULATION, answer, AREAS))) == {
        "001-all_ages-2023-worldbank": "8",
        "NA-all_ages-2022-worldbank": "3",
    }


def test_internet_users_are_share_times_population_of_the_same_year() -> None:
    shares = reported(("AE", "2022", "90.55"), ("AE", "2023", "100"), ("NA", "2023", "50"))
    people = reported(("AE", "2022", "1001"), ("AE", "2023", "1002"), ("NA", "2021", "9"))
    bases = rows(
        counted=read_figures(POPULATION, people, AREAS), shares=read_figures(SHARES, shares, AREAS)
    )
    online = bases[bases["population_base"] == "internet_all"]
    assert list_persons(online[online["obs_status"] == "E"]) == {
        "AE-internet_all-2022-itu": "906",
        "AE-internet_all-2023-itu": "1002",
    }
    assert set(online["also_source_id"]) == {"wb"}


def test_a_share_above_all_people_is_refused() -> None:
    with pytest.raises(ShapeError, match="above 100"):
        read_figures(SHARES, reported(("AE", "2022", "100.1")), AREAS)


def test_projections_begin_after_the_last_year_reported_and_are_in_thousands() -> None:
    answer = un(
        *[("784", "AE", str(year), f"{year}.0014") for year in (2022, 2023, 2024, 2025, 2031)],
        ("516", "NA", "2024", "1"),
        ("900", "", "2025", "8"),
        ("903", "", "2025", "8"),
    )
    counted = reported(("AE", "2024", "7"), ("NA", "1990", "7"))
    ahead = tidy_projections(answer, AREAS)
    bases = rows(counted=read_figures(POPULATION, counted, AREAS), ahead=ahead)
    projected = bases[bases["obs_status"] == "F"].set_index("base_id")
    assert list_persons(projected.reset_index()) == {
        "001-all_ages-2025-wpp2024": "8000",
        "AE-all_ages-2025-wpp2024": "2025001",
        "NA-all_ages-2024-wpp2024": "1000",
    }
    assert projected.loc["001-all_ages-2025-wpp2024", ["low_persons", "high_persons"]].tolist() == [
        "7200",
        "8800",
    ]
    assert "AE-all_ages-2024-wpp2024" in list_persons(rows(ahead=ahead))


def test_a_projection_without_both_bounds_is_left_out() -> None:
    answer = pd.concat(
        [un(("784", "AE", "2025", "9")), un(("516", "NA", "2025", "9"), variants=VARIANTS[:2])]
    )
    assert tidy_projections(answer, AREAS)["area_id"].tolist() == ["AE"]


def test_the_medium_variant_is_never_outside_its_bounds() -> None:
    odd = (("Medium", 1.0), ("Lower 95 PI", 1.1), ("Upper 95 PI", 0.9))
    result = tidy_projections(un(("784", "AE", "2025", "9"), variants=odd), AREAS)
    assert result[["low", "persons", "high"]].iloc[0].tolist() == [9000, 9000, 9000]


def test_a_place_and_year_that_stands_twice_is_refused() -> None:
    with pytest.raises(ShapeError, match="Medium of a place and year twice"):
        tidy_projections(un(*[("784", "AE", "2025", "9")] * 2), AREAS)


def test_nothing_reported_is_no_base() -> None:
    bases = rows(counted=read_figures(POPULATION, reported(("ZH", "2023", "7")), AREAS))
    assert bases.empty
    assert list(bases) == COLUMNS
    assert rows(ahead=tidy_projections(un(("4", "AF", "2025", "1")), AREAS)).empty


@pytest.mark.parametrize("cell", ["many", "inf", "nan"])
def test_a_cell_that_is_no_number_is_refused(cell: str) -> None:
    with pytest.raises(ShapeError, match="no number"):
        read_figures(POPULATION, reported(("AE", "2023", cell)), AREAS)
