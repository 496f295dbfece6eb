"""The contract of each fact table, column by column."""

from collections.abc import Iterator

import pandas as pd
import pandera.errors
import pytest

from audience_impact.vocabulary import RuleStage
from flows.pipeline.quality import collect_rules
from schemas import contracts
from schemas import facts as fact_models
from tests.support import DEFAULTS, FACTS, load

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


def estimate(**cells: str) -> set[tuple[str, str]]:
    """What is wrong with an audience figure."""
    return {failure[1:] for failure in failures("estimates", [sound_cells("estimates") | cells])}


@pytest.mark.parametrize(
    ("low", "value", "high", "sound"),
    [
        ("", "5", "", True),
        ("4", "5", "6", True),
        ("5", "5", "5", True),
        ("4", "", "6", True),
        ("4", "5", "", True),
        ("", "5", "6", True),
        ("", "", "", False),
        ("4", "", "", False),
        ("", "", "6", False),
        ("6", "5", "", False),
        ("", "5", "4", False),
        ("6", "", "4", False),
    ],
)
def test_low_value_high(low: str, value: str, high: str, sound: bool) -> None:
    result = estimate(low=low, value=value, high=high, interval_kind="min_max")
    assert result == (set() if sound else {("value", "low_value_high")})


@pytest.mark.parametrize(
    ("metric", "unit", "sound"),
    [
        ("registered", "persons", False),
        ("registered", "accounts", True),
        ("population", "households", False),
        ("population", "persons", True),
        ("monthly_reach", "persons", True),
    ],
)
def test_unit_fits_metric(metric: str, unit: str, sound: bool) -> None:
    result = estimate(audience_metric=metric, unit=unit)
    assert result == (set() if sound else {("unit", "unit_fits_metric")})


def test_a_share_may_be_one_and_persons_any_number() -> None:
    assert estimate(unit="share", value="1") == set()
    assert estimate(unit="share", value="1.0001") == {("value", "share_above_one")}
    assert estimate(unit="persons", value="2e6") == set()


@pytest.mark.parametrize(
    ("cells", "rules"),
    [
        (
            {
                "observed_from": "2025-08-10/2025-08-11",
                "ended_on": "2025-08-09",
                "end_status": "ended",
            },
            {"end_before_start"},
        ),
        ({"observed_from": "2025-08-10", "ended_on": "2025-08-10", "end_status": "ended"}, set()),
        ({"observed_from": "2025-08-10", "ended_on": "2025-08", "end_status": "ended"}, set()),
        (
            {
                "observed_from": "",
                "announced_on": "2025-08-10",
                "ended_on": "2025-08-09",
                "end_status": "ended",
            },
            {"end_before_start"},
        ),
        (
            {
                "observed_from": "2025-08-10",
                "announced_on": "2025-09-10",
                "ended_on": "2025-08-12",
                "end_status": "ended",
            },
            set(),
        ),
        ({"ended_on": "2025-12-31"}, {"ongoing_has_end"}),
        ({"observed_from": ""}, {"start_missing"}),
        ({"observed_from": "", "announced_on": "2025"}, set()),
        ({"observed_from": "soon"}, {"date"}),
        ({"least_hours_a_day": "2", "most_hours_a_day": "3.5"}, set()),
        ({"least_hours_a_day": "3", "most_hours_a_day": "2"}, {"hours_in_order"}),
        ({"least_hours_a_day": "3"}, {"hours_in_order"}),
        ({"most_hours_a_day": "3"}, {"hours_in_order"}),
        ({"observed_from": "2025-08-10", "days_in_force": "2025-08-10;2025-08-14"}, set()),
        ({"observed_from": "2025-08-10", "days_in_force": "2025-08-09"}, {"days_outside"}),
        (
            {
                "observed_from": "2025-08-10",
                "ended_on": "2025-08-12",
                "end_status": "ended",
                "days_in_force": "2025-08-10;2025-08-13",
            },
            {"days_outside"},
        ),
    ],
)
def test_days_of_a_restriction(cells: dict[str, str], rules: set[str]) -> None:
    result = failures("restrictions", [sound_cells("restrictions") | cells])
    assert {rule for _, _, rule in result} == rules


@pytest.mark.parametrize(
    ("cells", "rules"),
    [
        ({"begin": "2025-08-16T04:00+02:00", "end": "2025-08-16T03:00Z"}, set()),
        ({"begin": "2025-08-16T06:00-01:00", "end": "2025-08-16T06:30Z"}, {"outage_without_time"}),
        ({"end": "2025-08-16T05:00"}, {"time_with_zone"}),
        ({"end": "2025-08-32T05:00Z"}, {"time_with_zone", "outage_without_time"}),
        ({"begin": "", "end": "", "restriction_id": ""}, {"outage_without_time"}),
        ({"begin": "", "end": "", "restriction_id": "R1"}, set()),
        ({"begin": "", "restriction_id": "R1"}, {"outage_without_time"}),
        ({"most_lost_share": "1.01"}, {"share_at_most_one"}),
        ({"least_lost_share": "-0.1"}, {"not_negative"}),
        ({"most_lost_share": ""}, {"lost_shares_in_order"}),
        ({"least_lost_share": "", "most_lost_share": ""}, set()),
    ],
)
def test_times_and_shares_of_evidence(cells: dict[str, str], rules: set[str]) -> None:
    result = failures("evidence", [sound_cells("evidence") | cells])
    assert {rule for _, _, rule in result} == rules


READ_PLACE = {
    "area_id": "XA",
    "start_on": "2025-08-16",
    "network_scope": "all",
    "least_share": "0.2",
    "most_share": "0.5",
}

NO_LAW = {
    "circumvention_laws": [
        ({"mean": "20.1"}, "mean", "parameter_out_of_range"),
        ({"spread": "0"}, "mean", "parameter_out_of_range"),
        ({"spread": "-0.4"}, "mean", "parameter_out_of_range"),
        ({"freedom": "0"}, "freedom", "learned_from_nothing"),
        ({"areas": "0"}, "freedom", "learned_from_nothing"),
    ],
    "overlap_calibration": [
        ({"parameter": "model", "value": "0"}, "value", "parameter_out_of_range"),
        ({"parameter": "within", "value": "-0.1"}, "value", "parameter_out_of_range"),
        ({"parameter": "region", "value": "1.1"}, "value", "parameter_out_of_range"),
        ({"value": "-96"}, "value", "parameter_out_of_range"),
        ({"houses": "0"}, "houses", "learned_from_nothing"),
    ],
    "audience_laws": [
        ({"value": "-0.1"}, "value", "parameter_out_of_range"),
        ({"parameter": "rung_factor", "value": "0"}, "value", "parameter_out_of_range"),
    ],
    "chances": [
        ({"share": "1"}, "share", "parameter_out_of_range"),
        ({"weight": "0"}, "share", "parameter_out_of_range"),
        ({"figures": "0"}, "figures", "learned_from_nothing"),
    ],
    "event_readings": [
        ({"end_group": "alone"}, "is_real", "answer_without_group"),
        ({"is_on": "yes"}, "is_real", "answer_without_group"),
        ({"area_id": "XA"}, "least_share", "share_of_place_incomplete"),
        ({**READ_PLACE, "least_share": "0.6"}, "least_share", "share_of_place_incomplete"),
        ({**READ_PLACE, "least_share": "0"}, "least_share", "share_of_place_incomplete"),
    ],
    "figure_errors": [
        ({"value": "1e99"}, "value", "parameter_out_of_range"),
        (
            {"parameter": "measurers", "kind": "q95", "value": "0"},
            "value",
            "parameter_out_of_range",
        ),
        ({"kind": "count", "value": "1e13"}, "value", "parameter_out_of_range"),
    ],
}


@pytest.mark.parametrize(
    ("table", "cells", "column", "rule"),
    [(table, *case) for table, cases in NO_LAW.items() for case in cases],
)
def test_what_no_law_says(table: str, cells: dict[str, str], column: str, rule: str) -> None:
    assert failures(table, [sound_cells(table) | cells]) == {(0, column, rule)}


def test_what_laws_may_say() -> None:
    rows = [
        {"parameter": "region", "value": "1"},
        {"parameter": "area", "value": "0"},
        {"parameter": "spread_below", "basis": "assumed", "value": "2.25", "houses": "0"},
    ]
    rows = [sound_cells("overlap_calibration") | row for row in rows]
    assert failures("overlap_calibration", rows) == set()


def test_quantiles_of_a_law_are_in_order() -> None:
    values = {"q95": "0.3", "q05": "0.1", "q50": "0.2"}
    rows = [sound_cells("place_laws") | {"kind": kind, "value": values[kind]} for kind in values]
    assert failures("place_laws", rows) == set()
    rows[2]["value"] = "0.35"
    assert failures("place_laws", rows) == {(0, "value", "quantiles_out_of_order")}


def test_rows_learned_from_other_data_are_told() -> None:
    rows = [sound_cells("daily_use") | {"data_sha256": digit * 64} for digit in "aab"]
    assert failures("daily_use", rows) == {(2, "data_sha256", "data_differ")}


def test_a_column_of_one_identifier_holds_no_list() -> None:
    sound = sound_cells("restriction_targets")
    rows = [sound | {"platform_id": cell} for cell in ("alpha;beta", ";", "alpha;")]
    assert failures("restriction_targets", rows) == {
        (place, "platform_id", "identifier") for place in range(3)
    }


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
        assert rule.tables == contracts.tables_with(rule.id) != ()


def test_several_identifiers_stand_in_one_cell_and_each_must_be_one() -> None:
    good = sound_cells("overlaps") | {"platform_ids": "alpha;beta;*"}
    bad = [
        sound_cells("overlaps") | {"platform_ids": cell}
        for cell in ("alpha; beta", "alpha;", ";beta", "alpha;;beta", ";")
    ]
    assert failures("overlaps", [good, *bad]) == {
        (place, "platform_ids", "identifier") for place in range(1, 1 + len(bad))
    }
