"""The contracts are collected from a module a table."""

import pkgutil
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from schemas import facts, published
from schemas.columns import PublishedModel
from schemas.tables import find_model


def test_every_module_of_the_published_tables_is_a_table_and_every_table_a_module() -> None:
    modules = {module.name for module in pkgutil.iter_modules(published.__path__)}
    assert modules == set(published.TABLES) == set(published.MODELS)
    assert list(published.MODELS) == list(published.TABLES)


@pytest.mark.parametrize("table", facts.TABLES)
def test_a_fact_model_is_named_as_its_table_is(table: str) -> None:
    assert facts.MODELS[table].__name__ == table.title().replace("_", "")
    assert set(facts.list_keys()[table]) <= set(facts.describe_columns(table))


def test_a_model_is_named_as_its_table_is() -> None:
    module: Any = ModuleType("schemas.published.person_days")
    module.PersonDays = published.MODELS["person_days"]
    assert find_model(module, PublishedModel) is module.PersonDays
    for wrong in (None, SimpleNamespace(), facts.MODELS["bases"]):
        module.PersonDays = wrong
        with pytest.raises(TypeError, match=r"person_days holds no PublishedModel named Perso"):
            find_model(module, PublishedModel)


def test_tables_of_results_are_those_with_numbers_that_follow_from_facts() -> None:
    told = {table for table in published.TABLES if published.holds_results(table)}
    facts_or_checks = {"restrictions", "lineage", "sources", "quality", "quarantine"}
    assert set(published.TABLES) - told == facts_or_checks


@pytest.mark.parametrize("table", published.TABLES)
def test_each_key_is_made_of_columns_of_its_table(table: str) -> None:
    assert set(published.KEYS[table]) <= set(published.list_columns(table))
    assert issubclass(published.MODELS[table], PublishedModel)
