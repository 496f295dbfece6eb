"""Names of services as they were on a day."""

import pandas as pd
import pytest

from audience_impact.outputs.restrictions import name_platforms
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
