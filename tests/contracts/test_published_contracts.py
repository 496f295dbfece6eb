"""The contracts of the published tables: what must not be published is refused, by name."""

import csv
import math
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from pandera.config import config_context

from audience_impact.outputs.review.status_rules import fill_sentence
from flows.pipeline import steps
from schemas import contracts, published
from schemas.published import ContractError, to_arrow
from tests.support import read_cells

Frames = dict[str, pd.DataFrame]


@pytest.fixture
def frames(repository_results: steps.Results) -> Frames:
    """Copies of the tables of the repository, to be broken."""
    return {name: repository_results.read_frame(name) for name in published.TABLES}


@pytest.mark.parametrize("table", published.TABLES)
def test_every_column_says_what_it_is(table: str, repository_results: steps.Results) -> None:
    schema = repository_results.tables[table].schema
    assert schema.names == list(published.COLUMNS[table])
    for field in schema:
        about = {key.decode(): text.decode() for key, text in field.metadata.items()}
        required = {"description", "unit", "sdmx_concept"}
        assert set(about) - {"values", "special_values"} == required
        assert len(about["description"]) > 3
        assert not pa.types.is_nested(field.type) or field.type == pa.list_(pa.string())


@pytest.mark.parametrize("table", published.TABLES)
def test_units_stand_in_the_names_of_numeric_columns(
    table: str, repository_results: steps.Results
) -> None:
    units = {"_persons": b"persons", "_share": b"share", "_count": b"count", "_ratio": b"ratio"}
    for field in repository_results.tables[table].schema:
        for ending, unit in units.items():
            if field.name.endswith(ending):
                assert field.metadata[b"unit"] == unit
        if field.name.endswith(("_persons", "_count")):
            assert pa.types.is_int64(field.type)
        if field.metadata[b"unit"] == b"date":
            assert pa.types.is_date32(field.type)


@pytest.mark.parametrize("table", published.TABLES)
def test_a_table_without_rows_keeps_its_types(
    table: str, frames: Frames, repository_results: steps.Results
) -> None:
    bare = to_arrow(table, frames[table].iloc[:0])
    assert bare.num_rows == 0
    assert bare.schema.equals(repository_results.tables[table].schema, check_metadata=True)


@pytest.mark.parametrize("table", published.TABLES)
def test_there_is_exactly_one_row_for_each_key(
    table: str, repository_results: steps.Results
) -> None:
    frame = repository_results.tables[table].to_pandas()
    assert not frame.duplicated(published.KEYS[table]).any()
    assert not frame[published.KEYS[table]].isna().any(axis=None)


@pytest.mark.parametrize("table", [name for name in published.TABLES if name != "quarantine"])
def test_a_repeated_key_is_refused(table: str, frames: Frames) -> None:
    frame = frames[table]
    if frame.empty:  # the facts alone have no rows of a register
        frame = pd.DataFrame([dict.fromkeys(frame.columns, "x") | {"register_row": 1}])
        frame["relation"] = None
    with pytest.raises(ContractError, match=f"{table} has two rows for the key"):
        to_arrow(table, pd.concat([frame, frame.iloc[[0]]], ignore_index=True))


def read_rows() -> list[list[str]]:
    with Path(__file__).with_name("broken_cells.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]


@pytest.mark.parametrize(("table", "cells", "named"), read_rows())
def test_a_broken_row_is_refused_by_name(
    table: str, cells: str, named: str, frames: Frames
) -> None:
    frame = frames[table].reset_index(drop=True)
    one = frame.index[-1]
    if "restriction_id" in frame:
        one = frame[frame["restriction_id"] == "RU-2025-08-13-calls"].index[0]
    for name, text in read_cells(cells).items():
        is_number = published.COLUMNS[table][name].is_number
        frame.loc[one, name] = float(text) if is_number else None if text == "null" else text
    with pytest.raises(ContractError, match=named) as refused:
        to_arrow(table, frame)
    assert str(refused.value).startswith(f"{table} breaks its contract")


@pytest.mark.parametrize("table", published.TABLES)
def test_a_cell_is_refused_if_and_only_if_pandera_refuses_it(table: str, frames: Frames) -> None:
    columns, row = published.COLUMNS[table], frames[table].head(1)
    sound = {name: published.read_cells(row[name], about) for name, about in columns.items()}
    for name, about in columns.items() if len(row) else ():
        for cell in (-1, 2e99, math.nan) if about.is_number else ("#", "", None):
            if about.type == "whole" and cell != -1:
                continue
            cells = published.read_cells(pd.Series([cell]), about)
            ready = pa.table({**sound, name: cells}).to_pandas()
            failures = contracts.check_table(published.read_schema(table), ready)
            named = {failure.column for failure in failures if failure.column}
            assert named == (set() if published.are_sound(cells, about) else {name}), cell


def test_a_reason_is_made_of_its_rules_and_details(frames: Frames) -> None:
    texts = frames["restrictions"].set_index("restriction_id")["extent_reason"]
    rows = frames["impact"].dropna(subset=["reason_rule_ids"])
    assert {"imputed", "ages", "feature_assumed"} <= {*";".join(rows["reason_rule_ids"]).split(";")}
    for row in rows.to_dict("records"):
        rules = row["reason_rule_ids"].split(";")
        blank = ";" * (len(rules) - 1)
        details = (blank if pd.isna(row["reason_details"]) else row["reason_details"]).split(";")
        words = [
            texts[row["restriction_id"]] if rule == "extent" else fill_sentence(rule, detail)
            for rule, detail in zip(rules, details, strict=True)
        ]
        assert "; ".join(words) == row["reason"]


def test_whole_numbers_are_whole_and_gaps_are_null(frames: Frames) -> None:
    table = to_arrow("impact", frames["impact"])
    assert 0 < table.column("q50_persons").null_count < table.num_rows
    assert 96_000_000 in table.column("printed_min_persons").to_pylist()
    assert all(isinstance(cell, int) for cell in table.column("printed_min_persons").to_pylist())


def test_nothing_is_published_where_validation_is_switched_off(
    small_results: steps.Results, tmp_path: Path
) -> None:
    with (
        config_context(validation_enabled=False),
        pytest.raises(contracts.ValidationOffError, match="pandera's configuration switches"),
    ):
        steps.publish_results(small_results, tmp_path / "published", None)
    assert not (tmp_path / "published").exists()
