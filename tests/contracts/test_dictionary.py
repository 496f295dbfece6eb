"""Every coded value of a published table has a meaning, every other text a reason to need none.

The rules go over all tables and columns as they are published: a new column of few different values
is seen, whatever it is called.
"""

import csv
import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from audience_impact import vocabulary
from audience_impact.vocabulary import YesNo
from flows.documenting import docs
from flows.pipeline import steps
from schemas import published

Frames = Mapping[str, pd.DataFrame]
FEW = 40
"""A text column with fewer different values than this may be coded: somebody has to say."""

FREE = {
    name: reason
    for reason, names in {
        "ids of the facts; the row they point to says what they are": (
            "restriction_id platform_id platform_ids source_id event_id continues chain_id subject"
        ),
        "names, as people and services call themselves": (
            "platform_name platform_names area_name area_names country_name region_name "
            "continent_name other_end_source measured_by_names country publisher disputed_by "
            "measurer title seen_by_names operator_names place_names"
        ),
        "codes of ISO 3166 and UN M49, which are standards": "area_id area_ids",
        "codes of ISO 3166": "country_id country_ids",
        "codes of UN M49": "country_paths",
        "names of files": "row_file file",
        "lines of files": "worst_rows",
        "dates or periods in ISO 8601, as written in the source": (
            "period other_ended_on accessed_on days_in_force"
        ),
        "addresses of pages": "measured_url",
        "years": "count_year",
        "a sentence in plain words, which explains itself": (
            "rule reason person_days_reason advice passed_over aggregation_hazard extent_reason "
            "details"
        ),
        "what a choice was for, in words, or the id of a feature or place": "looked_for",
        "free text in the words of a source": "authority stated_reason legal_basis licence note",
        "the word of the register, which has a list of its own that may change": "occasion",
        "names of columns of the facts, which data/facts/README.md explains": "column",
        "a cell as somebody wrote it": "value",
        "a row as somebody wrote it": "row",
    }.items()
    for name in names.split()
}
"""Columns of text with few different values in the facts that are not coded, and why."""


@pytest.fixture
def frames(repository_results: steps.Results) -> dict[str, pd.DataFrame]:
    """The published tables, to be changed by a test."""
    return {name: table.to_pandas() for name, table in repository_results.tables.items()}


def list_meanings(table: str, column: str) -> dict[str, str]:
    """Return the meanings of the words of a column; a boolean needs none."""
    is_boolean = published.COLUMNS[table][column].of == YesNo.__name__
    return {} if is_boolean else published.list_values(table, column)


def is_coded(table: str, column: str) -> bool:
    return bool(list_meanings(table, column) or published.explained_by(table, column))


def list_free_texts(frames: Frames) -> dict[str, int]:
    """Return the columns of texts that are not coded, with the number of different texts."""
    counts: dict[str, int] = {}
    for table, frame in frames.items():
        for column in frame:
            cells = frame[column].explode().dropna()
            if pd.api.types.is_string_dtype(cells) and not is_coded(table, column):
                counts[column] = min(cells.nunique(), counts.get(column, FEW))
    return counts


def find_meaningless(frames: Frames) -> list[str]:
    """Return each value of a coded column that the dictionary does not explain."""
    result = []
    for table, frame in frames.items():
        for column in frame.columns:
            if meanings := list_meanings(table, column):
                cells = set(frame[column].explode().dropna()) - set(meanings)
            elif by := published.explained_by(table, column):
                cells = set(frame.loc[frame[by].fillna("") == "", column].dropna())
            else:
                cells = set()
            result += [f"{table}.{column}: {value}" for value in cells]
    return result


def test_every_coded_value_that_occurs_is_in_the_dictionary(frames: Frames) -> None:
    assert find_meaningless(frames) == []


def list_undeclared(frames: Frames) -> set[str]:
    """Return the columns of few texts that are neither coded nor free for a reason."""
    counts = list_free_texts(frames)
    return {column for column, count in counts.items() if count < FEW} - set(FREE)


def test_a_text_of_few_values_is_coded_or_free_for_a_reason(frames: Frames) -> None:
    assert list_undeclared(frames) == set(), "a word of the vocabulary, or a reason in FREE"


def test_no_reason_is_given_for_what_is_coded_or_gone(frames: Frames) -> None:
    assert set(FREE) - set(list_free_texts(frames)) == set()


def test_special_values_stand_for_something(frames: Frames) -> None:
    seen: dict[str, set[bool]] = {}
    for table, frame in frames.items():
        for column in frame.columns:
            for value in published.special_values(table, column):
                occurs = frame[column].explode().astype("str").str.split(";").explode().eq(value)
                seen.setdefault(f"{column} {value}", set()).add(bool(occurs.any()))
    assert {name for name, occurs in seen.items() if True not in occurs} == set()


def test_a_word_that_is_published_has_a_meaning_of_its_own() -> None:
    texts = {column.of for columns in published.COLUMNS.values() for column in columns.values()}
    names = {name for text in texts for name in text.split("; ")}
    assert len(names & set(vocabulary.SETS)) > 20
    for name in names & set(vocabulary.SETS):
        meanings = list(vocabulary.list_meanings(vocabulary.SETS[name]).values())
        assert all(meanings)
        assert len(set(meanings)) == len(meanings)


def test_the_table_of_words_has_each_set_and_each_word_once() -> None:
    with Path(vocabulary.__file__).with_suffix(".csv").open(encoding="utf-8") as file:
        rows = [(row["set"], row["word"]) for row in csv.DictReader(file)]
    sets = vocabulary.SETS.items()
    assert rows == [(name, word) for name, kind in sets for word in ("", *map(str, kind))]
    assert all(map(vocabulary.describe_set, vocabulary.SETS.values()))


def test_files_the_manifest_and_the_page_carry_the_same_words(
    repository_results: steps.Results, repository_published: Path
) -> None:
    schema: pa.Schema = repository_results.tables["impact"].schema
    result = json.loads(schema.field("obs_status").metadata[b"values"])
    assert result == vocabulary.list_meanings(vocabulary.ObsStatus)
    path = repository_published / "latest" / "datapackage.json"
    manifest = json.loads(path.read_text("utf-8"))
    (impact,) = [each for each in manifest["resources"] if each["name"] == "impact"]
    fields = {field["name"]: field for field in impact["schema"]["fields"]}
    assert {each["value"]: each["label"] for each in fields["obs_status"]["categories"]} == result
    page = docs.format_dictionary()
    for value, meaning in result.items():
        assert f"| `obs_status` | `{value}` | {meaning} |" in page
    assert "| `input_table` |  | as `output_table` of [lineage](#lineage) |" in page
    assert "| `check` |  | `meaning` of the same row says it |" in page
