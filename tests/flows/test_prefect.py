"""What is used of Prefect beside its public names: listed, bounded, and there in this version."""

import ast
import importlib
import inspect
import re
import tomllib
from importlib.metadata import version
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import pytest
from packaging.requirements import Requirement

from flows import CHECKOUT

NOT_PUBLIC = {
    "prefect.server.api.server.create_app": ("final",),
    "prefect.events.worker.EventsWorker.drain_all": ("timeout",),
    "prefect.logging.handlers.APILogWorker.drain_all": ("timeout",),
    "prefect.context.refresh_global_settings_context": (),
}
"""Names without a place in Prefect's reference, with parameters that are given to them."""
VARIABLES = {
    "PREFECT__FLOW_RUN_ID": "flow_engine",
    "PREFECT__SERVER_EPHEMERAL": "server.api.server",
}
"""Variables that Prefect reads and does not document, with the module that reads them."""
PRIVATE = re.compile(
    r"(^|\.)_|\.legacy\b|SubprocessASGIServer"
    r"|^prefect\.(server|context|events\.worker|logging\.handlers)\b"
)


def imports(text: str) -> set[str]:
    """All names that a module imports from Prefect, in full."""
    return {
        f"{node.module}.{alias.name}"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("prefect")
        for alias in node.names
    }


SOURCES = [path.read_text(encoding="utf-8") for path in (CHECKOUT / "flows").rglob("*.py")]


def private(names: set[str]) -> set[str]:
    """The names that are not public, as far as their form shows."""
    return {name for name in names if PRIVATE.search(name)}


def test_no_other_private_name_of_prefect_is_imported() -> None:
    used = set().union(*map(imports, SOURCES))
    assert private(used) == {name.removesuffix(".drain_all") for name in NOT_PUBLIC}
    read = set(re.findall(r"PREFECT__\w+", "".join(SOURCES)))
    assert read == VARIABLES.keys()


@pytest.mark.parametrize(
    "line",
    [
        "from prefect.server.api.server import SubprocessASGIServer",
        "from prefect.settings.legacy import Setting",
        "from prefect._internal.concurrency import api",
        "from prefect.client.orchestration import _work_pools",
    ],
)
def test_a_private_import_would_be_seen(line: str) -> None:
    assert private(imports(line))


def bound() -> Requirement:
    """What pyproject.toml says of Prefect."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (result,) = [
        Requirement(line)
        for line in project["optional-dependencies"]["pipeline"]
        if Requirement(line).name == "prefect"
    ]
    return result


def test_the_next_prefect_is_not_installed_untried() -> None:
    major, minor, *_ = map(int, version("prefect").split("."))
    assert bound().specifier.contains(version("prefect"))
    assert not bound().specifier.contains(f"{major}.{minor + 1}.0")


@pytest.mark.parametrize(("name", "parameters"), NOT_PUBLIC.items())
def test_each_private_name_is_there_as_it_is_called(name: str, parameters: tuple[str, ...]) -> None:
    used: Any = resolve_name(name)
    assert set(parameters) <= inspect.signature(used).parameters.keys()


@pytest.mark.parametrize(("variable", "module"), VARIABLES.items())
def test_each_variable_is_read_by_prefect(variable: str, module: str) -> None:
    file = importlib.import_module(f"prefect.{module}").__file__
    assert file is not None
    assert variable in Path(file).read_text(encoding="utf-8")
