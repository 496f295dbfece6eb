"""People under restrictions of a country: regions add up, and nothing larger is hidden."""

import pandas as pd
import pytest

from audience_impact import sweep
from tests.support import World, row, world

MEMBERS = pd.DataFrame({"set_id": [0, 0, 0], "row": [0, 1, 2]})


def kept(platforms: str, limited: list[bool], certain: list[bool], regions: list[str]) -> list[int]:
    """Which rows of a set stay; each is of a restriction that began a day after the one before."""
    names = [f"R{number}" for number in range(3)]
    rows = pd.DataFrame(
        {
            "row": [0, 1, 2],
            "restriction_id": names,
            "platform_id": list(platforms),
            "limited": limited,
            "certain": certain,
            "regions": regions,
        }
    )
    days = pd.DataFrame({"from_day": pd.date_range("2025-01-01", periods=3)}, index=names)
    return sorted(sweep.one_a_platform(MEMBERS, rows, days)["row"])


@pytest.mark.parametrize(
    ("platforms", "limited", "certain", "regions", "left"),
    [
        ("aab", [False] * 3, [False] * 3, ["XA"] * 3, [0, 2]),
        ("aaa", [False] * 3, [False, True, True], ["XA"] * 3, [1]),
        ("aaa", [True, False, True], [False] * 3, ["XA-1", "XA", "XA-2"], [1]),
        ("aaa", [True] * 3, [False] * 3, ["XA-1", "XA-2", "XA-1"], [0, 1]),
        ("*ab", [False] * 3, [False] * 3, ["XA"] * 3, [0]),
        ("*ab", [True, False, False], [False] * 3, ["XA-1", "XA", "XA"], [0, 1, 2]),
    ],
)
def test_which_rows_of_a_set_stay(
    platforms: str, limited: list[bool], certain: list[bool], regions: list[str], left: list[int]
) -> None:
    assert kept(platforms, limited, certain, regions) == left


def regional() -> World:
    """A country with the population of its two regions."""
    made = world()
    for area, persons in (("XA-01", "100000"), ("XA-02", "50000")):
        made.base(
            f"{area}-all", area_id=area, population_base="all_ages", period="2025", persons=persons
        )
    return made


def upper(made: World) -> float:
    table = made.results()["impact_by_area"]
    return float(row(table, area_id="XA", period="2025-07")["upper_persons"])


def test_two_regions_without_the_internet_add_up() -> None:
    made = regional().restrict("R1", "*", area_ids="XA-01", geo_scope="region")
    assert upper(made) == 100_000
    made.restrict("R2", "*", area_ids="XA-02", geo_scope="region")
    assert upper(made) == 150_000


def test_an_earlier_region_does_not_hide_the_country() -> None:
    made = regional().restrict(
        "R1", "*", area_ids="XA-01", geo_scope="region", observed_from="2025-07-01"
    )
    made.restrict("R2", "*", observed_from="2025-07-20")
    found = row(made.results()["impact_by_area"], area_id="XA", period="2025-07")
    assert found["lower_persons"] == found["upper_persons"] == 800_000


def test_an_older_restriction_of_unknown_end_does_not_cross_the_bounds() -> None:
    made = world().base(
        "XA-then", population_base="internet_all", period="2022-01", persons="300000",
        source_id="census-page",
    )  # fmt: skip
    old = {"observed_from": "2022-03-01", "end_status": "unknown", "end_source": "missing"}
    made.restrict("R1", "*", **old).restrict("R2", "*")
    found = row(made.results()["impact_by_area"], area_id="XA", period="2025-07")
    assert found["lower_persons"] == 800_000
    assert found["upper_persons"] >= 800_000
