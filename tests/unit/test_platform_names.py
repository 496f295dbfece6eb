"""Names of services as they were on a day, and of parts of places."""

import pandas as pd
import pytest

from audience_impact.outputs.restrictions import _describe_places, name_platforms
from tests.support import World


@pytest.mark.parametrize(
    ("platform", "day", "name"),
    [
        ("x", "2023-06-30", "Twitter"),
        ("x", "2023-07-01", "X"),
        ("x", None, "X"),
        ("alpha", "2020-01-01", "Alpha"),
    ],
)
def test_a_service_has_the_name_that_it_had(platform: str, day: str | None, name: str) -> None:
    made = World().add("platforms", platform_id="alpha", name="Alpha")
    made.add("platforms", platform_id="x", name="X", former_name="Twitter", renamed_on="2023-07")
    days = pd.Series(pd.to_datetime([day]))
    named = name_platforms(pd.Series([platform]), days, made.typed()["platforms"])
    assert list(named) == [name]


def test_parts_have_the_names_that_a_register_prints() -> None:
    places = pd.DataFrame(
        [
            ("R1", "XA-1", "within", "kk park", "town", None),
            ("R1", "XA-2", "whole", "beta", "", None),
            ("R2", "XA-1", "within", "up the coast", "village", None),
            ("R3", "XA-1", "within", "g 6; g 7; h", "locality", 3),
            ("R4", "XA-1", "within", "gamma; delta", "village", 20),
            ("R5", "XA-1", "within", "gamma", "locality", None),
            ("R5", "XA-2", "within", "gamma", "locality", None),
            ("R6", "XA-1", "within", "alpha", "place", None),
            ("R7", "XA-1", "within", "alpha", "some", None),
            ("R8", "XA-1", "within", "alpha", "seat", None),
        ],
        columns=["restriction_id", "area_id", "reading", "name", "part_kind", "units_count"],
    ).assign(least_area_id="")
    notes = pd.Series(
        {
            "R1": "area as printed: KK Park and Beta",
            "R2": "area as printed: Up the coast",
            "R3": "area as printed: G-6, G-7, and H sectors",
            "R4": "area as printed: Gamma, Delta and 18 villages",
            "R5": "area as printed: Gamma area",
            "R6": "area as printed: Alpha",
        }
    )
    names = pd.Series({"XA-1": "Alpha", "XA-2": "Beta"})
    assert _describe_places(places, names, notes).to_dict() == {
        "R1": "KK Park (Alpha);Beta",
        "R2": "in Alpha",
        "R3": "G-6, G-7 and H (Alpha)",
        "R4": "in Alpha",
        "R5": "in Alpha;in Beta",
        "R6": "in Alpha",
        "R7": "in Alpha",
        "R8": "Alpha",
    }
