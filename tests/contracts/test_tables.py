"""The contracts of all tables: models, names and keys."""

import re

import pytest

import audience_impact as ai
from flows import CHECKOUT
from schemas import facts, published


@pytest.mark.parametrize("table", facts.TABLES)
def test_a_fact_table_has_a_meaning_and_a_key(table: str) -> None:
    assert facts.MEANINGS[table].endswith(".")
    assert facts.list_keys()[table]


def test_the_page_of_the_facts_describes_every_table() -> None:
    page = (CHECKOUT / "data" / "facts" / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| ((?:`\w+\.csv`(?:, )?)+) \|", page, re.MULTILINE)
    described = [name for row in rows for name in re.findall(r"`(\w+)\.csv`", row)]
    assert sorted(described) == sorted(facts.TABLES), "see 'The files' in data/facts/README.md"


def test_tables_of_results_are_those_with_numbers_that_follow_from_facts() -> None:
    result = {table for table in published.TABLES if published.holds_results(table)}
    of_inputs = {"lineage", "steps", "sources", "register_rows"}
    assert set(published.TABLES) - result == of_inputs | {"quality", "quarantine"}


@pytest.mark.parametrize("table", published.TABLES)
def test_each_key_is_made_of_columns_of_its_table(table: str) -> None:
    assert set(published.KEYS[table]) <= set(published.COLUMNS[table])


def test_analysts_are_shown_every_published_table() -> None:
    tables, details = ai.tables(), ai.tables(details=True)
    assert (*tables, *details) == published.TABLES
    assert tuple(details) == published.DETAILS
    assert all(sentence.endswith(".") for sentence in {**tables, **details}.values())
