"""Confidence in three steps: of answers, and of totals over them."""

import numpy as np
import pandas as pd
import pytest

from audience_impact.answers.names import label_status
from audience_impact.outputs.review import confidence

SURE = (0.99, 0.99, 0.99)


def answer(
    quantiles: tuple[float, float, float],
    chances: tuple[float, float, float] = SURE,
    rules: str = "",
    details: str = "",
) -> pd.DataFrame:
    """A row of impact."""
    names = ("q05_persons", "q50_persons", "q95_persons")
    cells: dict[str, object] = dict(zip(names, quantiles, strict=True))
    cells |= dict(zip(confidence.CHANCES, chances, strict=True))
    cells |= {"claim_status": "reported"}
    return pd.DataFrame([cells | {"reason_rule_ids": rules, "reason_details": details}])


NAN = float("nan")
NARROW, MIDDLE, WIDE = (50.0, 100.0, 200.0), (50.0, 100.0, 201.0), (20.0, 100.0, 201.0)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (answer(NARROW), "high"),
        (answer(NARROW, (NAN, NAN, NAN)), "high"),
        (answer(MIDDLE), "medium"),
        (answer(WIDE), "low"),
        (answer((NAN, NAN, NAN)), "low"),
        (answer((0.0, 0.0, 0.0), rules="never_enforced"), "high"),
        (answer(NARROW, (0.97, 0.98, 0.979)), "high"),
        (answer(NARROW, (0.95, 0.98, 0.99)), "medium"),
        (answer(NARROW, (0.99, 0.37, 0.99)), "low"),
        (answer(NARROW, rules="unconfirmed;unasked;projected"), "medium"),
        (answer(NARROW, (NAN, NAN, NAN), rules="unconfirmed"), "medium"),
        (answer(NARROW).assign(claim_status="disputed"), "medium"),
        (answer(NARROW, rules="network_guessed"), "medium"),
        (answer(NARROW, rules="not_official;extent"), "medium"),
        (answer(NARROW, rules="imputed;derived", details="country;"), "medium"),
        (answer(NARROW, rules="imputed;derived", details="kind;"), "medium"),
        (answer(WIDE, rules="extent"), "low"),
    ],
)
def test_the_confidence_of_an_answer(row: pd.DataFrame, expected: str) -> None:
    assert confidence.rate_answers(row).tolist() == [expected]


def test_one_wording_says_confidence_and_status() -> None:
    pairs = [("high", "E"), ("medium", "U"), ("low", "M"), (None, "U")]
    assert [label_status({"confidence": level, "obs_status": code}) for level, code in pairs] == [
        "high confidence",
        "medium confidence",
        "low confidence",
        "low reliability",
    ]


def totals(*rows: tuple[str, str, float, str]) -> pd.DataFrame:
    """Totals of areas and years with narrow intervals, and the rules behind their reasons."""
    table = pd.DataFrame(rows, columns=["area_id", "period", "q50_persons", "reason_rule_ids"])
    middle = table["q50_persons"]
    return table.assign(q05_persons=middle / 1.5, q95_persons=middle * 1.5)


def impact(**levels: tuple[float, str]) -> pd.DataFrame:
    """Medians and confidences of restrictions."""
    rows = [(name, people, level) for name, (people, level) in levels.items()]
    table = pd.DataFrame(rows, columns=["restriction_id", "q50_persons", "confidence"])
    return table.assign(impact_metric="people_exposed")


def in_force(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    """Days of restrictions in countries."""
    table = pd.DataFrame(rows, columns=["restriction_id", "country_id", "start", "end"])
    return table.assign(start=pd.to_datetime(table["start"]), end=pd.to_datetime(table["end"]))


def test_a_country_has_the_lowest_confidence_of_its_large_restrictions() -> None:
    rows = totals(("XA", "2024", 100.0, ""), ("XA", "2025", 100.0, ""), ("XB", "2025", 100.0, ""))
    acts = impact(
        LARGE=(100.0, "high"), PART=(10.0, "medium"), SMALL=(9.9, "low"), UNKNOWN=(np.nan, "low")
    )
    days = in_force(
        ("LARGE", "XA", "2024-05-01", "2025-03-01"),
        ("PART", "XA", "2025-02-01", "2025-03-01"),
        ("SMALL", "XA", "2024-02-01", "2025-03-01"),
        ("UNKNOWN", "XA", "2024-02-01", "2025-03-01"),
        ("LARGE", "XB", "2024-05-01", "2025-01-01"),  # over before the year
    )
    result = confidence.rate_countries(rows, acts, days)
    assert result.tolist() == ["high", "medium", "high"]
    wide = rows.assign(q95_persons=rows["q05_persons"] * 11)
    assert confidence.rate_countries(wide, acts, days).tolist() == ["low", "low", "low"]


def test_a_region_has_the_lowest_confidence_of_its_large_countries() -> None:
    rows = totals(
        ("001", "2025", 111.0, ""),
        ("002", "2025", 100.0, "some_bounds_only"),
        ("XA", "2025", 100.0, ""),
        ("XB", "2025", 11.2, ""),
        ("XC", "2025", 1.0, ""),
    ).assign(confidence=[np.nan, np.nan, "high", "medium", "low"])
    pairs = [("XA", "001"), ("XB", "001"), ("XC", "001"), ("XA", "002")]
    regions = pd.DataFrame(pairs, columns=["country_id", "area_id"])
    result = confidence.rate_regions(rows, regions)
    # of the second something is left out
    assert result.tolist() == ["medium", "medium", "high", "medium", "low"]
