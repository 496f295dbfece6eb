"""How the contracts of a package are collected: one module a table, named after it."""

from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import Any, TypeVar

Model = TypeVar("Model")


def modules(package: str, tables: Sequence[str]) -> dict[str, ModuleType]:
    """The module of each table of a package, in the order given."""
    return {table: import_module(f"{package}.{table}") for table in tables}


def model(module: ModuleType, kind: type[Model]) -> type[Model]:
    """The model that a module holds: named as its table is, without the underscores.

    Raises TypeError where it holds none of that kind.
    """
    name = module.__name__.rpartition(".")[2].title().replace("_", "")
    found: Any = getattr(module, name, None)
    if not (isinstance(found, type) and issubclass(found, kind)):
        raise TypeError(f"{module.__name__} holds no {kind.__name__} named {name}")
    return found
