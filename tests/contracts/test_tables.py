"""The contracts are collected from a module a table."""

import pkgutil
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from schemas import facts, published
from schemas.columns import PublishedModel
from schemas.fields import FactModel
from schemas.tables import model


@pytest.mark.parametrize("package", [facts, published], ids=lambda package: package.__name__)
def test_every_module_of_a_package_is_a_table_and_every_table_a_module(package: Any) -> None:
    modules = {module.name for module in pkgutil.iter_modules(package.__path__)}
    assert modules == set(package.TABLES) == set(package.MODELS)
    assert list(package.MODELS) == list(package.TABLES)
    assert set(vars(package)) >= {"MODELS", "TABLES"}


def test_a_model_is_named_as_its_table_is() -> None:
    module: Any = ModuleType("schemas.facts.use_patterns")
    module.UsePatterns = facts.MODELS["use_patterns"]
    assert model(module, FactModel) is module.UsePatterns
    for wrong in (None, SimpleNamespace(), published.MODELS["impact"]):
        module.UsePatterns = wrong
        with pytest.raises(TypeError, match=r"use_patterns holds no FactModel named UsePatterns"):
            model(module, FactModel)


def test_tables_of_results_are_those_with_numbers_that_follow_from_facts() -> None:
    told = {table for table in published.TABLES if published.holds_results(table)}
    facts_or_checks = {"restrictions", "lineage", "sources", "quality", "quarantine"}
    assert set(published.TABLES) - told == facts_or_checks


@pytest.mark.parametrize("table", published.TABLES)
def test_each_key_is_made_of_columns_of_its_table(table: str) -> None:
    assert set(published.KEYS[table]) <= set(published.columns(table))
    assert issubclass(published.MODELS[table], PublishedModel)
