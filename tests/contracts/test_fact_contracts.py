"""The contract of each fact table, column by column."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pandera.errors
import pytest

from audience_impact.vocabulary import RuleStage
from flows.pipeline.quality import collect_rules
from schemas import contracts, published
from schemas import facts as fact_models
from tests.support import DEFAULTS, FACTS, load, read_cells

Failure = tuple[int, str, str]

BAD_CELLS = {
    "white_space": "x ",
    "required": "  ",
    "number": "12 million",
    "not_negative": "-0.5",
    "too_large": "1e12",
    "share_at_most_one": "1.01",
    "whole_number": "0.5",
    "date": "2025-13-01",
    "sane_year": "1922-07-15",
    "word": "no-such-word",
    "identifier": "-no id",
    "regular_expression": "calls (only",
    "sha256": "0F" * 32,
    "web_address": "ftp://example.org",
    "nothing_stated": "copy states no licence",
    "most_a_day": "24.5",
    "network_number": "4294967295",
    "list_of_days": "2025-02-28;2025-02-30",
    "time_with_zone": "2025-02-28 12:00",
}
"""A cell that breaks each rule of a column; not_negative and the others break no second one."""

KEYS = {"restriction_id": "R1", "survey_id": "S1"}


def sound_cells(table: str) -> dict[str, str]:
    """A row that passes."""
    columns = fact_models.COLUMNS[table]
    keys = {name: "K1" for name, about in columns.items() if about.kind == "key"}
    own = {name: cell for name, cell in KEYS.items() if name in columns}
    return {**dict.fromkeys(columns, ""), **own, **DEFAULTS[table], **keys}


def failures(table: str, rows: list[dict[str, str]]) -> set[Failure]:
    """Position, column and rule of everything found."""
    return set(contracts.check_fact_table(table, pd.DataFrame(rows, dtype="str")))


def column_rules(table: str) -> Iterator[tuple[str, str]]:
    """Each column of a table and each rule it is under."""
    for name, column in fact_models.read_schema(table).columns.items():
        for check in column.checks:
            yield name, str(check.name)


@pytest.mark.parametrize("table", fact_models.TABLES)
def test_a_sound_row_passes_and_every_rule_of_every_column_can_fail(table: str) -> None:
    """One row a column and rule, all judged at once: nothing found hides another."""
    cases = list(column_rules(table))
    rows = [sound_cells(table) | {column: BAD_CELLS[rule]} for column, rule in cases]
    result = failures(table, [sound_cells(table), *rows])
    assert result >= {(place, column, rule) for place, (column, rule) in enumerate(cases, 1)}
    assert not {failure for failure in result if failure[0] == 0}


@pytest.mark.parametrize("table", fact_models.TABLES)
def test_what_is_found_is_what_pandera_finds(table: str) -> None:
    rows = [sound_cells(table) | {column: BAD_CELLS[rule]} for column, rule in column_rules(table)]
    frame = pd.DataFrame([sound_cells(table), *rows], dtype="str")[list(fact_models.COLUMNS[table])]
    with pytest.raises(pandera.errors.SchemaErrors) as refused:
        fact_models.read_schema(table).validate(frame, lazy=True)
    cases = refused.value.failure_cases
    theirs = {
        (place, str(rule).partition("(")[0])
        for place, rule in zip(cases["index"], cases["check"], strict=True)
        if pd.notna(place)  # how a text is stored is no matter of ours
    }
    result = contracts.check_table(fact_models.read_schema(table), frame)
    assert {(one.position, one.rule) for one in result} == theirs


BLANKS = (
    "",
    "\xa0",
    "\u2003",
    "\u3000",
    "\u200b",
    "\u2060",
    "\ufeff",
    "\x00",
    "\x1b",
    "\u3164",
    " \t",
)
"""Nothing at all, and what looks like nothing."""


@pytest.mark.parametrize("table", fact_models.TABLES)
def test_no_cell_of_any_table_may_look_blank_or_begin_or_end_so(table: str) -> None:
    """Each column by itself: alone, before and after a sound cell, and never inside one."""
    sound = sound_cells(table)
    spoilt = [
        (column, cell)
        for column in fact_models.COLUMNS[table]
        for blank in BLANKS[1:]
        for cell in (blank, f"{blank}{sound[column] or 'x'}", f"{sound[column] or 'x'}{blank}")
    ]
    result = failures(table, [sound, *({**sound, column: cell} for column, cell in spoilt)])
    assert {failure for failure in result if failure[2] == "white_space"} == {
        (place, column, "white_space") for place, (column, _) in enumerate(spoilt, 1)
    }


@pytest.mark.parametrize("blank", BLANKS, ids=ascii)
@pytest.mark.parametrize("table", ["estimates", "overlaps", "feature_use", "circumvention"])
def test_a_figure_that_only_looks_filled_is_missing(table: str, blank: str) -> None:
    names = [name for name in fact_models.COLUMNS[table] if name in FIGURES]
    row = sound_cells(table) | dict.fromkeys(names, blank)
    assert (0, names[0], "low_value_high") in failures(table, [row])


FIGURES = ("value", "low", "high", "share", "low_share", "high_share")


@pytest.mark.parametrize("table", fact_models.TABLES)
def test_the_repository_writes_the_columns_of_the_contract(table: str) -> None:
    header, _ = load(FACTS / f"{table}.csv")
    assert sorted(header) == sorted(fact_models.COLUMNS[table])


def test_every_csv_of_the_repository_has_a_contract_and_the_other_way_round() -> None:
    assert {path.stem for path in FACTS.glob("*.csv")} == set(fact_models.TABLES)


def test_an_empty_table_passes() -> None:
    for table in fact_models.TABLES:
        columns = list(fact_models.COLUMNS[table])
        assert not contracts.check_fact_table(table, pd.DataFrame(columns=columns, dtype="str"))


def test_a_blank_cell_passes_unless_it_must_be_filled() -> None:
    for table in fact_models.TABLES:
        rules = set(column_rules(table))
        columns = list(fact_models.COLUMNS[table])
        rows = [sound_cells(table) | {name: ""} for name in columns]
        result = failures(table, rows)
        blank = {(column, rule) for place, column, rule in result if columns[place] == column}
        of_rows = {
            *("low_value_high", "start_missing", "source_incomplete", "data_differ"),
            *("part_without_kind", "outage_without_time", "lost_shares_in_order"),
        }
        assert {(column, "required") for column, rule in rules if rule == "required"} == {
            failure for failure in blank if failure[1] not in of_rows
        }


def read_rows() -> list[list[str]]:
    with Path(__file__).with_name("rows.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]


@pytest.mark.parametrize(("table", "cells", "expected"), read_rows())
def test_rules_find_what_is_wrong_with_a_row(table: str, cells: str, expected: str) -> None:
    result = failures(table, [sound_cells(table) | read_cells(cells)])
    assert {f"{column}:{rule}" for _, column, rule in result} == set(expected.split())


def test_quantiles_of_a_law_are_in_order() -> None:
    values = {"q95": "0.3", "q05": "0.1", "q50": "0.2"}
    rows = [sound_cells("place_laws") | {"kind": kind, "value": values[kind]} for kind in values]
    assert failures("place_laws", rows) == set()
    rows[2]["value"] = "0.35"
    assert failures("place_laws", rows) == {(0, "value", "quantiles_out_of_order")}


def test_rows_learned_from_other_data_are_told() -> None:
    rows = [sound_cells("daily_use") | {"data_sha256": digit * 64} for digit in "aab"]
    assert failures("daily_use", rows) == {(2, "data_sha256", "data_differ")}


def test_references_point_to_tables_with_a_single_key() -> None:
    keys = fact_models.list_keys()
    for columns in fact_models.list_references().values():
        for target in columns.values():
            assert len(keys[target]) == 1
    assert all(keys.values())


def test_the_documented_tables_of_a_rule_are_those_that_know_it() -> None:
    of_cells = [rule for rule in collect_rules() if rule.stage is RuleStage.CELLS]
    assert of_cells
    for rule in of_cells:
        assert rule.tables == published.tables_with(rule.id) != ()


@pytest.mark.parametrize("table", fact_models.TABLES)
def test_a_screened_table_is_suspect_if_and_only_if_a_rule_fails(table: str) -> None:
    frame = pd.DataFrame([sound_cells(table)], dtype="str")
    assert contracts.list_suspect_tables({table: frame}) == set()
    for column in fact_models.COLUMNS[table]:
        for cell in ("\u200b", "-1e99", ""):
            broken = frame.assign(**{column: cell})
            failures = contracts.check_fact_table(table, broken)
            suspects = contracts.list_suspect_tables({table: broken})
            assert suspects == ({table} if failures else set()), (column, cell)
