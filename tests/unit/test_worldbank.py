"""Bases from reported figures: codes, years, rounding, and what is left out."""

import pandas as pd
import pytest

from audience_impact.ingest.denominators import worldbank
from audience_impact.ingest.denominators.publisher_files import ShapeError
from schemas.facts import columns

AREAS = {"AE", "NA", "001"}


def reported(*rows: tuple[str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["country", "date", "value"])


def un(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["LocID", "ISO2_code", "Time", "PopTotal"])


def told(bases: pd.DataFrame) -> dict[str, str]:
    return dict(zip(bases["base_id"], bases["persons"], strict=True))


def test_columns_are_those_of_the_table() -> None:
    bases = worldbank.population(reported(("AE", "2023", "10")), AREAS, "s")
    assert list(bases) == list(columns("bases")) == list(worldbank.COLUMNS)
    assert bases.iloc[0].to_dict() == {
        "base_id": "AE-all_ages-2023-worldbank",
        "area_id": "AE",
        "population_base": "all_ages",
        "period": "2023",
        "persons": "10",
        "low_persons": "",
        "high_persons": "",
        "obs_status": "A",
        "source_id": "s",
        "also_source_id": "",
        "lineage_id": "",
        "note": "",
    }


def test_groups_of_countries_are_left_out_and_the_world_is_not() -> None:
    rows = reported(("1W", "2023", "8"), ("ZH", "2023", "7"), ("NA", "2022", "3"))
    assert told(worldbank.population(rows, AREAS, "s")) == {
        "001-all_ages-2023-worldbank": "8",
        "NA-all_ages-2022-worldbank": "3",
    }


def test_internet_users_are_share_times_population_of_the_same_year() -> None:
    shares = reported(("AE", "2022", "90.55"), ("AE", "2023", "100"), ("NA", "2023", "50"))
    people = reported(("AE", "2022", "1001"), ("AE", "2023", "1002"), ("NA", "2021", "9"))
    bases = worldbank.internet_users(shares, people, AREAS, ("itu", "wb"))
    assert told(bases) == {"AE-internet_all-2022-itu": "906", "AE-internet_all-2023-itu": "1002"}
    assert set(bases["obs_status"]) == {"E"}
    assert set(bases["also_source_id"]) == {"wb"}


def test_a_share_above_all_people_is_refused() -> None:
    rows = reported(("AE", "2022", "100.1"))
    with pytest.raises(ShapeError, match="above 100"):
        worldbank.internet_users(rows, rows, AREAS, ("itu", "wb"))


def test_projections_begin_after_the_last_year_reported_and_are_in_thousands() -> None:
    rows = un(
        *[("784", "AE", str(year), f"{year}.0014") for year in (2022, 2023, 2024, 2025, 2031)],
        ("516", "NA", "2024", "1"),
        ("900", "", "2025", "8"),
        ("903", "", "2025", "8"),
    )
    reported_to = {"AE": 2024, "NA": 1990}
    bases = worldbank.projected(rows, AREAS, "s", reported_to)
    assert told(bases) == {
        "001-all_ages-2025-wpp2024": "8000",
        "AE-all_ages-2025-wpp2024": "2025001",
        "NA-all_ages-2024-wpp2024": "1000",
    }
    assert set(bases["obs_status"]) == {"F"}
    assert "AE-all_ages-2024-wpp2024" in told(worldbank.projected(rows, AREAS, "s"))


def test_nothing_reported_is_no_base() -> None:
    bases = worldbank.population(reported(("ZH", "2023", "7")), AREAS, "s")
    assert bases.empty
    assert list(bases) == list(worldbank.COLUMNS)
    assert worldbank.last_reported(bases) == {}
    assert worldbank.projected(un(("4", "AF", "2025", "1")), AREAS, "s").empty


def test_last_reported_is_the_latest_year() -> None:
    rows = reported(("AE", "2023", "7"), ("AE", "2021", "7"), ("NA", "2020", "7"))
    assert worldbank.last_reported(worldbank.population(rows, AREAS, "s")) == {
        "AE": 2023,
        "NA": 2020,
    }


@pytest.mark.parametrize("cell", ["many", "", "inf", "nan"])
def test_a_cell_that_is_no_number_is_refused(cell: str) -> None:
    with pytest.raises(ShapeError, match="no number"):
        worldbank.population(reported(("AE", "2023", cell)), AREAS, "s")
