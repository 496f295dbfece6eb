"""Collecting the contracts of a package: one module for each table, with its name."""

from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import Any, TypeVar

Model = TypeVar("Model")


def import_modules(package: str, tables: Sequence[str]) -> dict[str, ModuleType]:
    """Return the module of each table of a package, in the given order."""
    return {table: import_module(f"{package}.{table}") for table in tables}


def find_model(module: ModuleType, kind: type[Model]) -> type[Model]:
    """Return the model of a module: its name is that of the table, without underscores.

    Raises TypeError where the module has no such model of that kind.
    """
    name = module.__name__.rpartition(".")[2].title().replace("_", "")
    candidate: Any = getattr(module, name, None)
    if not (isinstance(candidate, type) and issubclass(candidate, kind)):
        raise TypeError(f"{module.__name__} holds no {kind.__name__} named {name}")
    return candidate
