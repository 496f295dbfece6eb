"""The search for pairs of one event, apart from the rules that merge them."""

from typing import Any

import pandas as pd
import pytest

from benchmarks import event_pairs

AREAS = pd.DataFrame(
    [("XA-A", "XA", ""), ("XA-B", "XA", ""), ("XA-A/t", "XA-A", ""), ("XA-U", "XA", "XA-A;XA-B")],
    columns=["area_id", "parent_id", "members"],
)


def restriction(name: str, areas: str, days: str, **cells: Any) -> dict[str, Any]:
    start, _, end = days.partition("/")
    return {
        "restriction_id": f"XA-{name}-stop-1",
        "country_ids": "XA",
        "area_ids": areas,
        "platform_ids": "*",
        "network_scope": "all",
        "operator_names": None,
        "place_readings": "whole",
        "severity": "network_unavailable",
        "start_on": f"2020-01-{start}",
        "ended_on": f"2020-01-{end or '01'}",
        "ended_by": f"2020-01-{end}" if end else "2020-12-31",
        "end_status": "ended",
        **cells,
    }


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (("XA-A", "01/03", {}), ("XA-A", "01/03", {}), "left"),
        (("XA-U", "01/03", {}), ("XA-A/t", "01/03", {}), "left"),
        (("XA-A;XA-B", "01/03", {}), ("XA-U", "01/02", {}), "left"),
        (("XA-A", "01/03", {}), ("XA-A", "03/05", {}), "consecutive"),
        (("XA-A", "01/03", {}), ("XA-A", "02/05", {}), "further order"),
        (
            ("XA-A", "01/03", {}),
            ("XA-A", "01/03", {"network_scope": "asn_list", "operator_names": "Simba"}),
            "other networks",
        ),
        (("XA", "01/03", {"network_scope": "mobile"}), ("XA-A", "01/03", {}), "other networks"),
        (("XA-A", "01/03", {"place_readings": "within"}), ("XA-A/t", "01/03", {}), "in part"),
        (("XA-A", "01/03", {"severity": "impaired"}), ("XA-A/t", "01/03", {}), "harder"),
    ],
)
def test_a_pair_has_the_first_explanation_that_holds(
    first: tuple[str, str, dict[str, str]], second: tuple[str, str, dict[str, str]], expected: str
) -> None:
    rows = [
        restriction(name, areas, days, **cells)
        for name, (areas, days, cells) in zip("RS", (first, second), strict=True)
    ]
    pairs = event_pairs.join_pairs(pd.DataFrame(rows), AREAS)
    assert event_pairs.explain_pairs(pairs).tolist() == [expected]


def test_other_places_services_and_days_make_no_pair() -> None:
    one = restriction("R", "XA-A", "01/03")
    others = [
        restriction("S", "XA-B", "01/03"),
        restriction("T", "XA-A", "01/03", platform_ids="telegram"),
        restriction("U", "XA-A", "05"),
        restriction("V", "XA-A", "04/06", country_ids="XB"),
    ]
    for other in others:
        assert event_pairs.join_pairs(pd.DataFrame([one, other]), AREAS).empty
