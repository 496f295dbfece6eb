"""What of the facts was known on a day."""

from datetime import date

import pandas as pd
import pytest

from audience_impact.facts.known_facts import NOT_KNOWN_YET, KnownFacts, select_known_facts
from audience_impact.facts.tables import Tables
from schemas import facts as fact_models

DAY = date(2026, 1, 31)


def source(source_id: str, published_on: str, accessed_on: str = "2026-11-25") -> dict[str, str]:
    return {"source_id": source_id, "published_on": published_on, "accessed_on": accessed_on}


SOURCES = [
    source("that-day", "2026-01-31"),
    source("next-day", "2026-02-01"),
    source("that-month", "2026-01"),
    source("that-year", "2026"),
    source("undated", ""),
    source("undated-read-then", "", "2026-01-30"),
]


def tables(**rows: list[dict[str, str]]) -> Tables:
    """Tables as text with these rows."""
    return {
        table: pd.DataFrame(
            rows.get(table, []), columns=list(fact_models.COLUMNS[table]), dtype="str"
        )
        .fillna("")
        .assign(
            row_layer=1, row_file=f"{table}.csv", row_line=range(2, 2 + len(rows.get(table, [])))
        )
        for table in fact_models.TABLES
    }


def select_known(**rows: list[dict[str, str]]) -> KnownFacts:
    made = tables(**{"sources": SOURCES, **rows})
    return select_known_facts(made, DAY, fact_models.list_keys(), fact_models.list_references())


def ids(found: KnownFacts, table: str) -> list[str]:
    return list(found.tables[table].iloc[:, 0])


def test_a_source_is_known_once_the_period_of_its_publication_is_over() -> None:
    result = select_known()
    assert ids(result, "sources") == ["that-day", "that-month", "undated-read-then"]
    assert (result.cut.unknown_count, result.cut.undated_count) == (3, 1)
    assert {finding.rule for finding in result.findings} == {NOT_KNOWN_YET}
    assert [finding.line for finding in result.findings] == [3, 5, 6]


def test_rows_go_with_their_source_and_what_points_at_them_too() -> None:
    result = select_known(
        estimates=[
            {"estimate_id": "E1", "source_id": "that-day"},
            {"estimate_id": "E2", "source_id": "next-day"},
            {"estimate_id": "E3", "source_id": "nowhere"},
        ],
        surveys=[{"survey_id": "S1", "source_id": "undated"}],
        use_patterns=[{"survey_id": "S1", "online": "1", "platform_ids": "alpha"}],
    )
    assert ids(result, "estimates") == ["E1", "E3"]  # what never was is another rule's matter
    assert (ids(result, "surveys"), ids(result, "use_patterns")) == ([], [])
    assert result.cut.undated_count == 2  # the source and its survey; the pattern cites none


def test_a_row_is_known_through_any_of_its_pages() -> None:
    result = select_known(
        estimates=[
            {"estimate_id": "E1", "source_id": "next-day", "also_source_id": "that-day"},
            {"estimate_id": "E2", "source_id": "that-day", "also_source_id": "next-day"},
            {"estimate_id": "E3", "source_id": "undated", "also_source_id": "next-day"},
        ]
    )
    told = result.tables["estimates"][["estimate_id", "source_id", "also_source_id"]]
    assert told.to_numpy().tolist() == [["E1", "that-day", ""], ["E2", "that-day", ""]]


@pytest.mark.parametrize(
    ("cells", "is_known"),
    [
        ({"observed_from": "2026-01-31"}, True),
        ({"observed_from": "2026-02-01"}, False),
        ({"announced_on": "2026-01-20", "observed_from": "2026-03-01"}, True),
        ({}, True),
    ],
)
def test_what_begins_later_is_not_known(cells: dict[str, str], is_known: bool) -> None:
    act = {"restriction_id": "R1", "source_id": "that-day", **cells}
    target = {"restriction_id": "R1", "platform_id": "alpha", "source_id": "that-day"}
    result = select_known(restrictions=[act], restriction_targets=[target])
    assert [len(result.tables[t]) for t in ("restrictions", "restriction_targets")] == [
        is_known
    ] * 2


def test_what_ended_later_goes_on_and_what_it_continues_may_be_unknown() -> None:
    result = select_known(
        restrictions=[
            {"restriction_id": "R1", "source_id": "that-day", "observed_from": "2026-01-01",
             "ended_on": "2026-02-03", "end_status": "ended", "end_source": "recorded",
             "continues": "R2"},
            {"restriction_id": "R2", "source_id": "undated", "observed_from": "2025-01-01"},
            {"restriction_id": "R3", "source_id": "that-day", "observed_from": "2026-01-01",
             "ended_on": "2026-01-03", "end_status": "ended", "end_source": "recorded"},
        ]
    )  # fmt: skip
    told = result.tables["restrictions"].set_index("restriction_id")
    ends = ["ended_on", "end_status", "end_source", "continues"]
    assert told[ends].loc["R1"].tolist() == ["", "ongoing", "snapshot_date", ""]
    assert told[ends].loc["R3"].tolist() == ["2026-01-03", "ended", "recorded", ""]
    assert result.cut.unended_count == 1
    assert str(result.cut) == (
        "4 rows of facts were not known on 2026-01-31, 2 of them because their source "
        "has no day of publication; 1 restrictions had not ended then"
    )
