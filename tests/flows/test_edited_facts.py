"""What the comparison with the last version says of edited facts and of numbers that moved."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from audience_impact.comparing.changes import IMPACT_KEY, ComparedVersion, key_answers
from flows import last_version
from flows.last_version import LONGEST_CELL, RULES, LastComparison, format_moves, measure_moves
from flows.pipeline import steps
from flows.runs import RunOptions, report_changes
from schemas import facts as fact_models
from tests.support import DEFAULTS, computed, edit

ACT = {"restriction_id": "R1", "ended_on": "2025-08-03", "end_status": "ended"}
FIGURE = {"estimate_id": "E1"}
KEY = ["restriction_id", "area_id", "period"]


def render_rows(table: str, *rows: Mapping[str, str]) -> str:
    """Return a fact table with typical rows, each with these cells."""
    columns = list(fact_models.COLUMNS[table])
    cells = [{**DEFAULTS[table], **row} for row in rows]
    text: str = (
        pd.DataFrame(cells).reindex(columns=columns, fill_value="").fillna("").to_csv(index=False)
    )
    return text


def to_arrow(frame: pd.DataFrame) -> pa.Table:
    """Return a frame as Arrow, without its index."""
    return pa.Table.from_pandas(frame, preserve_index=False)


def summarise(person_days: float, **tables: str) -> ComparedVersion:
    """Return a version of these facts, which publishes one number of person-days."""
    cells = {"q50_person_days": person_days, "printed_max_person_days": None}
    frame = pd.DataFrame([{name: name for name in KEY} | cells])
    files = {f"0/{table}.csv": text.encode() for table, text in tables.items()}
    return ComparedVersion(
        "",
        True,
        {"the day": "2026-01-31"},
        key_answers(pd.DataFrame({name: [] for name in last_version.READ}), IMPACT_KEY),
        files,
        fact_models.list_keys(),
        lambda name: to_arrow(frame if name == "person_days" else frame.iloc[:0]),
    )


def compare(
    table: str, old: Mapping[str, str], new: Mapping[str, str] | None, factor: float = 1.2
) -> list[str]:
    """Return the warnings after an edit of the second row of a table (None removes it).

    The person-days grow by the factor.
    """
    (key,) = fact_models.list_keys()[table]
    other = {**old, key: "other"}
    before = summarise(1e6, **{table: render_rows(table, other, old)})
    rows = [other] if new is None else [other, {**old, **new}]
    now = summarise(1e6 * factor, **{table: render_rows(table, *rows)})
    assert last_version.list_notes(before, now), "what moved is noted in any case"
    return last_version.list_changes(before, now)


@pytest.mark.parametrize(
    ("table", "old", "new", "rule", "column"),
    [
        ("restrictions", ACT, {"ended_on": "", "end_status": "ongoing"}, "end_changed", "ended_on"),
        ("restrictions", ACT, {"ended_on": "2025-09-03"}, "end_changed", "ended_on"),
        ("restrictions", ACT, {"ended_on": "2025-08"}, "end_changed", "ended_on"),
        (
            "restrictions",
            {**ACT, "ended_on": ""},
            {"end_status": "ongoing"},
            "end_changed",
            "end_status",
        ),
        ("restrictions", ACT, {"observed_from": "2024-07-15"}, "length_changed", "observed_from"),
        ("restrictions", ACT, {"observed_from": ""}, "length_changed", "observed_from"),
        (
            "restrictions",
            {**ACT, "days_in_force": "2025-07-15;2025-07-20;2025-08-02"},
            {"days_in_force": "2025-07-15"},
            "length_changed",
            "days_in_force",
        ),
        ("restrictions", ACT, {"area_ids": "XB"}, "subject_changed", "area_ids"),
        ("estimates", FIGURE, {"area_id": "XB"}, "subject_changed", "area_id"),
        ("estimates", FIGURE, {"platform_id": "beta"}, "subject_changed", "platform_id"),
        ("estimates", FIGURE, {"unit": "accounts"}, "subject_changed", "unit"),
        ("estimates", FIGURE, {"period": "2023-06"}, "subject_changed", "period"),
        ("surveys", {"survey_id": "S1"}, {"area_id": "XB"}, "subject_changed", "area_id"),
        ("estimates", FIGURE, {"value": "1000000"}, "number_rescaled", "value"),
        ("bases", {"base_id": "B1"}, {"persons": "70000"}, "number_rescaled", "persons"),
        ("estimates", FIGURE, None, "row_gone", "estimate_id"),
    ],
)
def test_an_edit_that_takes_back_what_was_known_names_its_cell(
    table: str, old: dict[str, str], new: dict[str, str] | None, rule: str, column: str
) -> None:
    (line,) = compare(table, old, new)
    assert line.startswith(f"{table}.csv:3:{column}: {rule}: ")
    assert line.endswith("; correct it, or confirm it with --accept-changes")
    for name, cell in (new or {}).items():
        if name == column:
            assert cell in line


@pytest.mark.parametrize(
    ("table", "old", "new"),
    [
        ("restrictions", {"restriction_id": "R1"}, {"ended_on": "2025-08", "end_status": "ended"}),
        ("restrictions", {**ACT, "ended_on": "2025-08"}, {"ended_on": "2025-08-12"}),
        ("restrictions", ACT, {"observed_from": "2025-07-14"}),
        ("restrictions", {**ACT, "observed_from": "", "announced_on": "2025-07-16"},
         {"observed_from": "2025-07-15"}),
        ("restrictions", ACT, {"evidence_state": "likely_blocked"}),
        ("estimates", FIGURE, {"value": "550000"}),
        ("estimates", FIGURE, {"period": "2025-07"}),
        ("estimates", FIGURE, {"low": "400000", "interval_kind": "min_max", "high": "600000"}),
        ("estimates", {**FIGURE, "area_id": ""}, {"area_id": "XA"}),
    ],
)  # fmt: skip
def test_an_ordinary_edit_is_a_note_alone(
    table: str, old: dict[str, str], new: dict[str, str]
) -> None:
    assert compare(table, old, new) == []


def test_new_rows_are_a_note_even_where_totals_grow() -> None:
    old, new = (
        render_rows("estimates", *rows) for rows in ([FIGURE], [FIGURE, {"estimate_id": "E2"}])
    )
    before, now = summarise(1e6, estimates=old), summarise(9e6, estimates=new)
    assert last_version.list_changes(before, now) == []
    assert last_version.list_notes(before, now) == [
        "estimates.csv: facts_added: 1 new: E2",
        "person_days.parquet: 1 of 1 rows have other numbers, most of all q50_person_days of "
        "restriction_id area_id period, from 1,000,000 to 9,000,000",
    ]


def test_all_tables_that_moved_are_named_in_one_line() -> None:
    old, new = (render_rows("estimates", {**FIGURE, "note": note}) for note in "ab")
    before, now = summarise(1e6, estimates=old), summarise(1.1e6, estimates=new)
    frame = pd.DataFrame({"restriction_id": ["R1"], "least_lost_share": [0.5]})
    read = before.read_arrow
    before = replace(
        before, read_arrow=lambda name: to_arrow(frame) if name == "restrictions" else read(name)
    )
    assert last_version.list_notes(before, now) == [
        "estimates.csv:2:note: facts_changed: E1 (alpha, XA, monthly_reach, internet_12_plus, "
        "2025-06) note: was a, now b; compare it with its page",
        "restrictions.parquet: 0 of 0 rows have other numbers, 1 are gone; other numbers as well "
        "in person_days.parquet",
    ]


def test_a_change_of_the_day_is_noted() -> None:
    before = summarise(1e6)
    later = replace(summarise(1e6), settings={"the day": "2026-02-01"})
    assert last_version.list_notes(before, later) == [
        "the results are of 2026-02-01, were of 2026-01-31"
    ]


def test_an_edit_that_moves_no_number_is_not_mentioned() -> None:
    old, new = (render_rows("estimates", {**FIGURE, "area_id": area}) for area in ("XA", "XB"))
    before, now = summarise(1e6, estimates=old), summarise(1e6, estimates=new)
    assert last_version.list_changes(before, now) == []
    assert last_version.list_notes(before, now) == []


def test_a_fitted_table_is_left_to_its_own_rule() -> None:
    old, new = (render_rows("figure_errors", {"value": value}) for value in ("-0.05", "-0.5"))
    before, now = summarise(1e6, figure_errors=old), summarise(1.2e6, figure_errors=new)
    (line,) = last_version.list_changes(before, now)
    assert ": fitted_rows_edited: " in line


def test_a_row_of_a_later_layer_names_its_layer() -> None:
    text = render_rows("estimates", FIGURE)
    files = {"0/estimates.csv": text.encode(), "1/estimates.csv": text.encode()}
    before = replace(summarise(1e6), files=files)
    edited = files | {"1/estimates.csv": text.replace("XA", "XB").encode()}
    now = replace(summarise(2e6), files=edited)
    line = RULES["subject_changed"](LastComparison(before, now))[0]
    assert line.startswith("estimates.csv:2:area_id (layer 2): subject_changed: E1 ")


def test_long_cells_are_cut() -> None:
    (line,) = compare("estimates", FIGURE, {"area_id": "X" * 500})
    assert len(line) < 400
    assert "X" * LONGEST_CELL + "..." in line


def test_moves_are_measured_by_key_and_not_by_the_line_of_a_fact() -> None:
    old = pd.DataFrame(
        {"id": list("abcd"), "row_line": [2, 3, 4, 5], "persons": [10.0, None, 5000.0, 1.0]}
    )
    new = pd.DataFrame(
        {"id": list("cbae"), "row_line": [9, 8, 7, 6], "persons": [1000.0, 2.0, 10.0, 1.0]}
    )
    moves = measure_moves("impact", to_arrow(old), to_arrow(new), ["id", "row_line"])
    assert (moves.count, moves.gone_count, moves.new_count) == (3, 1, 1)
    assert moves.rows["share"].round(2).tolist() == [1.0, 0.8]
    assert format_moves(moves) == (
        "2 of 3 rows have other numbers, 1 are gone, 1 are new, most of all "
        "persons of b, from none to 2"
    )


def test_rows_that_are_gone_alone_are_counted_without_a_largest_move() -> None:
    frame = pd.DataFrame({"id": ["a", "b"], "kind": "x", "persons": [1.0, 2.0]})
    moves = measure_moves("candidates", to_arrow(frame), to_arrow(frame.head(1)), ["id", "kind"])
    assert format_moves(moves) == ("0 of 1 rows have other numbers, 1 are gone")
    assert moves.largest_share == 1.0


def test_a_table_without_numbers_did_not_move() -> None:
    frame = pd.DataFrame({"id": ["a"], "text": ["x"]})
    moves = measure_moves("sources", to_arrow(frame), to_arrow(frame.assign(text="y")), ["id"])
    assert moves.largest_share == 0.0


@pytest.mark.chain
def test_a_strict_run_refuses_an_end_that_is_gone(small_facts: Path, tmp_path: Path) -> None:
    edit(small_facts, "restrictions", "R1", ended_on="2025-08-01", end_status="ended")
    steps.publish_results(computed(small_facts), tmp_path / "published", None)
    edit(small_facts, "restrictions", "R1", ended_on="", end_status="ongoing")
    options = RunOptions([small_facts], tmp_path / "published", strict=True)
    with pytest.raises(steps.RefusedError) as refused:
        report_changes(computed(small_facts), options)
    assert refused.value.lines[0] == last_version.ACCEPT
    (line,) = [line for line in refused.value.lines if "end_changed" in line]
    assert line.startswith("restrictions.csv:2:ended_on: end_changed: R1 ")
    assert "ended 2025-08-01 in the last version, without an end now" in line
