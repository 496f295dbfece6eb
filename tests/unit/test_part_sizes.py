"""People in parts of places: typical units, predictions, and the fit to readings."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience_impact.fitting import places as fitting
from audience_impact.places import population
from audience_impact.vocabulary import PartKind

AREAS = pd.DataFrame(
    [
        ("XA", "", ""),
        ("XA-1", "XA", "admin1"),
        *((f"XA-1/d{number}", "XA-1", "admin2") for number in range(4)),
        *((f"XA-1/d0/t{number}", "XA-1/d0", "admin3") for number in range(5)),
        ("XB", "", ""),
        *((f"XB-{number}", "XB", "admin1") for number in range(2)),
    ],
    columns=["area_id", "parent_id", "level"],
)
SIZES = pd.DataFrame(
    {"level": 9.0, "unit_slope": 0.5, "count_slope": 1.0, "deviation": 0.8},
    index=[kind.value for kind in PartKind],
)


def make_parts(kind: str, area: str, people: float, units: float = 1.0) -> pd.DataFrame:
    return pd.DataFrame(
        {"area_id": [area], "part_kind": kind, "units_count": units, "people_persons": people}
    ).assign(urban_share=np.nan)


@pytest.mark.parametrize(
    ("kind", "area", "persons"),
    [
        ("districts", "XA-1", 100e3),
        ("districts", "XB", 200e3),
        ("subdistrict", "XA-1", 80e3),
        ("village", "XA-1/d0", 80e3),
        ("village", "XA-1/d1", 400e3),
        ("some", "XA-1", 400e3),
    ],
)
def test_the_typical_unit_is_the_holder_divided_by_its_places(
    kind: str, area: str, persons: float
) -> None:
    units = population.measure_typical_units(make_parts(kind, area, 400e3), AREAS)
    assert units.tolist() == [persons]


@pytest.mark.parametrize(
    ("share", "persons"),
    [(0.25, 100e3), (0.0, 400e3 * population.LEAST_SEAT_SHARE), (np.nan, 120e3)],
)
def test_the_seat_of_a_place_has_those_of_its_residents_who_live_in_towns(
    share: float, persons: float
) -> None:
    parts = make_parts("seat", "XA-1", 400e3).assign(urban_share=share)
    assert population.measure_typical_units(parts, AREAS).tolist() == pytest.approx([persons])


@given(st.sampled_from([kind.value for kind in PartKind]), st.floats(1e2, 1e8), st.integers(1, 50))
def test_a_part_has_at_most_the_people_of_its_holder_and_more_units_never_fewer(
    kind: str, people: float, units: int
) -> None:
    several, single = (
        population.predict_persons(make_parts(kind, "XA-1", people, count), AREAS, SIZES)
        for count in (float(units), 1.0)
    )
    assert several["part_persons"].iloc[0] <= people * (1.0 + 1e-9)
    assert several["part_persons"].iloc[0] >= single["part_persons"].iloc[0] * (1.0 - 1e-9)


def test_a_kind_without_a_size_is_not_predicted() -> None:
    persons = population.predict_persons(make_parts("site", "XA-1", 1e6), AREAS, SIZES.drop("site"))
    assert persons.isna().all(axis=None)


def test_the_fit_recovers_the_numbers_that_readings_were_made_of() -> None:
    random = np.random.default_rng(21)
    unit, count = random.normal(0.0, 1.5, 400), random.exponential(0.7, 400)
    log_persons = 9.0 + 0.5 * unit + 0.8 * count + 0.7 * random.normal(size=400)
    readings = pd.DataFrame({"log_persons": log_persons, "unit": unit, "count": count})
    readings["register_row"] = readings.index.astype("str")
    numbers = fitting.fit_kind(readings, PartKind.VILLAGE)
    assert numbers["level"] == pytest.approx(9.0, abs=0.15)
    assert numbers["unit_slope"] == pytest.approx(0.5, abs=0.1)
    assert numbers["count_slope"] == pytest.approx(0.8, abs=0.15)
    assert numbers["deviation"] == pytest.approx(0.7, abs=0.1)
