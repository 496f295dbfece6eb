"""The people by which an interval would narrow if an input were known."""

import pandas as pd

from audience_impact.outputs.sensitivity import find_narrowing


def impact(width: float) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "restriction_id": ["R1"],
            "impact_metric": ["people_exposed"],
            "q05_persons": [1000.0],
            "q95_persons": [1000.0 + width],
        }
    )


def shares(*known: tuple[str, float]) -> pd.DataFrame:
    return pd.DataFrame(
        [("R1", metric, share) for metric, share in known],
        columns=["restriction_id", "impact_metric", "first_order_share"],
    )


def test_without_three_quarters_of_its_variance_an_interval_is_half_as_wide() -> None:
    result = shares(("people_exposed", 0.75), ("people_exposed", -0.01), ("people_exposed", 1.2))
    assert find_narrowing(result, impact(200.0)).tolist() == [100.0, 0.0, 200.0]


def test_person_days_and_what_is_not_drawn_narrow_nothing() -> None:
    assert find_narrowing(shares(("person_days", 0.5)), impact(200.0)).isna().all()
    assert find_narrowing(shares(("people_exposed", float("nan"))), impact(200.0)).isna().all()
