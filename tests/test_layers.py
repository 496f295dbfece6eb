"""The house rules that can be read off the code: which folder may import what, sizes, docstrings.

A rule takes the modules of a tree and names each breach as `file:line: what is wrong`. Each is held
against the repository, and against a small made-up tree in which it has to fail.
"""

import ast
import re
import statistics
import tomllib
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

PACKAGES = ("audience_impact", "schemas", "flows")
OURS = (*PACKAGES, "benchmarks", "tests")
# What each package may import of ours besides itself.
ARROWS = {
    "audience_impact": (),
    # Words, dates and blanks, the registry in which contracts enter their rules, and the sentences
    # of reasons and of steps, which the dictionary shows.
    "schemas": (
        *("audience_impact.vocabulary", "audience_impact.periods"),
        *("audience_impact.blanks", "audience_impact.rules", "audience_impact.plain_text"),
        *("audience_impact.outputs.review.status_rules", "audience_impact.tracing.items"),
    ),
    "flows": ("schemas", "audience_impact"),
}


def _order(package: str) -> tuple[str, ...]:
    """The rooms of a package, each importing only those before it, from its docstring."""
    text = (ROOT / package / "__init__.py").read_text("utf-8")
    return tuple(re.findall(r"^ {4}(\w+) - ", text, re.MULTILINE))


ORDERS = {package: _order(package) for package in ("audience_impact", "flows")}
# Names that say nothing of what they hold, and the columns of facts that have such a name.
EMPTY_NAMES = {
    *("told", "found", "wanted", "asked", "one", "own", "other", "each", "every", "said", "held"),
    *("kept", "left", "known", "given", "whole"),
}
COLUMNS_SO_NAMED: set[tuple[str, str]] = set()
# Folders that may hold more than MODULES_IN_FOLDER modules, and why.
MODULES_IN_FOLDER = 12
ONE_A_TABLE = "one or two tables a module"
WIDE_FOLDERS = {
    "audience_impact/outputs": ONE_A_TABLE,
}
# Where alone a library may be imported.
HOMES = {"prefect": ("flows", "tests/flows"), "pandera": ("schemas", "tests/contracts")}
# What would make the statistics depend on the machine, the moment or the network.
IMPURE_IMPORTS = (
    *("time", "socket", "ssl", "http", "urllib.request"),
    *("requests", "httpx", "aiohttp", "urllib3", "fsspec"),
    *("os.environ", "os.environb", "os.getenv"),
)
IMPURE_NAMES = (
    *("os.environ", "os.environb", "os.getenv"),
    *("datetime.now", "datetime.utcnow", "datetime.today", "date.today"),
    *("Timestamp.now", "Timestamp.utcnow", "Timestamp.today"),
)
COMMANDS_OF_FLOWS = {
    ("audience_impact/cli/command.py", "flows.commands"),
    ("audience_impact/cli/command.py", "flows.commands.estimating"),
    ("audience_impact/api/computing.py", "flows.answering"),
}
"""Where the command takes its other commands from flows, and the API what it computes."""
# Rooms that talk to an object store.
IMPURE_ROOMS = ("store",)
COMMAND = "flows/commands/__init__.py"
MEDIAN_LINES, NINETIETH_LINES, MODULE_LINES = 12, 35, 400

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """A source file, taken apart."""

    path: str
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def package(self) -> str:
        return self.path.split("/")[0]


@dataclass(frozen=True)
class Import:
    """One imported name in full, `a.b` also for `from a import b`."""

    name: str
    line: int

    def within(self, *names: str) -> bool:
        return any(self.name == name or self.name.startswith(f"{name}.") for name in names)


Rule = Callable[[list[Module]], list[str]]


def modules(root: Path) -> list[Module]:
    """Every module of the project below `root`."""
    result = []
    for path in sorted(root.rglob("*.py")):
        relative = path.relative_to(root)
        if not any(part.startswith(".") for part in relative.parts):
            text = path.read_text("utf-8")
            result.append(Module(relative.as_posix(), text, ast.parse(text)))
    return result


def imports(module: Module, nodes: Iterator[ast.AST] | None = None) -> list[Import]:
    """What a module imports, anywhere in it or in the given nodes of it."""
    result = []
    for node in nodes or ast.walk(module.tree):
        if isinstance(node, ast.Import):
            result += [Import(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            origin = _origin(module, node)
            result += [Import(f"{origin}.{alias.name}", node.lineno) for alias in node.names]
        elif isinstance(node, ast.Call) and _dotted(node.func).endswith(
            ("import_module", "__import__", "importorskip")
        ):
            result += [
                Import(argument.value, node.lineno)
                for argument in node.args
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
            ]
    return result


def _origin(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parents = module.path.split("/")[: -node.level]
    return ".".join([*parents, *([node.module] if node.module else [])])


def _dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _at_start(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that run when a module is imported: all but the bodies of functions."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, Function | ast.Lambda):
            yield child
            yield from _at_start(child)


def _functions(tree: list[Module]) -> list[tuple[Module, Function]]:
    return [
        (module, node)
        for module in tree
        if module.package in PACKAGES
        for node in ast.walk(module.tree)
        if isinstance(node, Function)
    ]


def _lines(function: Function) -> int:
    """Lines of a function, from `def` on, without its docstring."""
    lines = (function.end_lineno or 0) - function.lineno + 1
    if ast.get_docstring(function) is not None:
        docstring = function.body[0]
        lines -= (docstring.end_lineno or 0) - docstring.lineno + 1
    return lines


def _public(body: list[ast.stmt]) -> Iterator[tuple[Function, bool]]:
    """The public functions and, marked True, the public methods of public classes."""
    for node in body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            if isinstance(node, ast.ClassDef):
                yield from ((method, True) for method, _ in _public(node.body))
            else:
                yield node, False


def libraries_stay_in_their_homes(tree: list[Module]) -> list[str]:
    """prefect is imported in flows/ alone, pandera in schemas/ alone, and in their tests."""
    return [
        f"{module.path}:{result.line}: {library} is imported outside {' and '.join(homes)}"
        for library, homes in HOMES.items()
        for module in tree
        if not module.path.startswith(tuple(f"{home}/" for home in homes))
        for result in imports(module)
        if result.within(library)
    ]


def arrows_point_inwards(tree: list[Module]) -> list[str]:
    """flows -> {schemas, audience_impact}; schemas -> a little of audience_impact; no other."""
    return [
        f"{module.path}:{result.line}: {module.package} must not import {result.name}"
        for module in tree
        if module.package in PACKAGES
        for result in imports(module)
        if result.within(*OURS) and not result.within(module.package, *ARROWS[module.package])
        if (module.path, result.name) not in COMMANDS_OF_FLOWS
    ]


def _room(name: str) -> str:
    """The room that a module, or something in it, belongs to: the name below its package."""
    return name.partition(".")[2].partition(".")[0]


def nothing_imports_in_a_circle(tree: list[Module]) -> list[str]:
    """No module imports itself by way of others, for types neither."""
    by_name = {module.name: module for module in tree if module.package in PACKAGES}
    arrows = {name: _modules_imported(module, by_name) for name, module in by_name.items()}
    # What neither leads anywhere nor is led to is in no circle, and so on.
    while free := [name for name, to in arrows.items() if not to & arrows.keys() - {name}]:
        arrows = {name: to for name, to in arrows.items() if name not in free}
    while led := set().union(*arrows.values()) & arrows.keys():
        if led == arrows.keys():
            break
        arrows = {name: to for name, to in arrows.items() if name in led}
    return [
        f"{by_name[name].path}:1: imports in a circle with {', '.join(sorted(to & arrows.keys()))}"
        for name, to in sorted(arrows.items())
    ]


def _modules_imported(module: Module, by_name: dict[str, Module]) -> set[str]:
    """Modules that a module imports, itself and the packages that it lies in left out."""
    named = {
        result.name if result.name in by_name else result.name.rpartition(".")[0]
        for result in imports(module)
        if (module.path, result.name) not in COMMANDS_OF_FLOWS
    }
    return {
        name
        for name in named & by_name.keys()
        if name != module.name and not module.name.startswith(f"{name}.")
    }


def folders_are_small(tree: list[Module]) -> list[str]:
    """A newcomer sees at most a dozen modules in a folder, save where there is a reason."""
    folders: dict[str, int] = {}
    for module in tree:
        folder, _, name = module.path.rpartition("/")
        if module.package in PACKAGES and name != "__init__.py":
            folders[folder] = folders.get(folder, 0) + 1
    return [
        f"{folder}: has {count} modules"
        for folder, count in folders.items()
        if count > MODULES_IN_FOLDER and folder not in WIDE_FOLDERS
    ]


def the_core_is_pure(tree: list[Module]) -> list[str]:
    """audience_impact knows no environment, no clock and no network; its store alone does."""
    breaches = []
    for module in tree:
        if module.package == "audience_impact" and _room(module.name) not in IMPURE_ROOMS:
            used = [result for result in imports(module) if result.within(*IMPURE_IMPORTS)]
            used += [
                Import(_dotted(node), node.lineno)
                for node in ast.walk(module.tree)
                if isinstance(node, ast.Attribute)
                and f".{_dotted(node)}".endswith(tuple(f".{name}" for name in IMPURE_NAMES))
            ]
            breaches += [f"{module.path}:{result.line}: uses {result.name}" for result in used]
    return breaches


def the_command_starts_without_prefect(tree: list[Module]) -> list[str]:
    """Importing the command imports prefect nowhere, not even through another module of ours."""
    by_name = {module.name: module for module in tree}
    if "flows.commands" not in by_name:
        return [f"{COMMAND}:1: is missing"]
    breaches, waiting, seen = [], ["flows.commands"], set[str]()
    while waiting:
        name = waiting.pop()
        if name in by_name and name not in seen:
            seen.add(name)
            module = by_name[name]
            result = imports(module, _at_start(module.tree))
            breaches += [
                f"{module.path}:{each.line}: is imported with {COMMAND} and imports prefect"
                for each in result
                if each.within("prefect")
            ]
            # `from a import b` may name a module b or something within a module a.
            waiting += [
                part for each in result for part in (each.name, each.name.rpartition(".")[0])
            ]
    return breaches


def functions_are_short(tree: list[Module]) -> list[str]:
    """The median function has at most 12 lines, nine in ten have at most 35."""
    sized = sorted(
        ((_lines(node), f"{module.path}:{node.lineno}") for module, node in _functions(tree)),
        reverse=True,
    )
    sizes = [size for size, _ in sized]
    longest = ", ".join(f"{place} ({size})" for size, place in sized[:5])
    breaches = []
    if sizes and (median := statistics.median(sizes)) > MEDIAN_LINES:
        breaches.append(f"the median function has {median} lines; longest: {longest}")
    if sizes and (size := sizes[len(sizes) // 10]) > NINETIETH_LINES:
        breaches.append(f"one function in ten has {size} lines or more; longest: {longest}")
    return breaches


def modules_are_short(tree: list[Module]) -> list[str]:
    """A module stays below 400 lines; one that does not is told, not refused."""
    return [
        f"{module.path}:{lines}: has {lines} lines"
        for module in tree
        if module.package in PACKAGES and (lines := len(module.text.splitlines())) >= MODULE_LINES
    ]


def public_functions_are_typed(tree: list[Module]) -> list[str]:
    """A public function gives the type of all that it takes and of what it returns."""
    breaches = []
    for module in tree:
        for node, is_method in _public(module.tree.body) if module.package in PACKAGES else ():
            taken = node.args
            optional = [each for each in (taken.vararg, taken.kwarg) if each]
            named = [*taken.posonlyargs, *taken.args, *taken.kwonlyargs, *optional]
            bound = is_method and "staticmethod" not in map(_dotted, node.decorator_list)
            if not node.returns or not all(each.annotation for each in named[bound:]):
                breaches.append(f"{module.path}:{node.lineno}: {node.name} lacks a type")
    return breaches


def public_functions_have_docstrings(tree: list[Module]) -> list[str]:
    """A public function says what it does; its overloads alone repeat its types."""
    return [
        f"{module.path}:{node.lineno}: {node.name} lacks a docstring"
        for module in tree
        if module.package in PACKAGES
        for node, _ in _public(module.tree.body)
        if not ast.get_docstring(node) and "overload" not in map(_dotted, node.decorator_list)
    ]


def names_say_what_they_hold(tree: list[Module]) -> list[str]:
    """No variable, parameter or function has a name that says nothing of what it holds."""
    breaches = []
    for module in tree:
        for node in ast.walk(module.tree) if module.package in PACKAGES else ():
            name = _name_given(node)
            if name.strip("_") in EMPTY_NAMES and (module.path, name) not in COLUMNS_SO_NAMED:
                breaches.append(f"{module.path}:{getattr(node, 'lineno', 1)}: {name} says nothing")
    return breaches


def _name_given(node: ast.AST) -> str:
    """The name that a node assigns or defines; blank where it does neither."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return node.id
    if isinstance(node, ast.arg):
        return node.arg
    return node.name if isinstance(node, Function) else ""


RULES: tuple[Rule, ...] = (
    libraries_stay_in_their_homes,
    arrows_point_inwards,
    nothing_imports_in_a_circle,
    folders_are_small,
    the_core_is_pure,
    the_command_starts_without_prefect,
    functions_are_short,
    public_functions_are_typed,
    public_functions_have_docstrings,
    names_say_what_they_hold,
)


@pytest.fixture(scope="module")
def repository() -> list[Module]:
    return modules(ROOT)


@pytest.mark.parametrize("rule", RULES)
def test_the_repository_keeps(rule: Rule, repository: list[Module]) -> None:
    assert rule(repository) == []


def test_the_whole_repository_is_read(repository: list[Module]) -> None:
    read = {module.path for module in repository}
    assert {
        COMMAND,
        "audience_impact/bounds/measured.py",
        "schemas/facts.py",
        "tests/test_layers.py",
    } <= read


def _function(lines: int) -> str:
    return "def _long():\n" + "    pass\n" * (lines - 1)


LIBRARIES, ARROW, CIRCLE, FOLDER, PURE, COMMAND_RULE, SHORT, TYPED, DOCSTRING, NAMES = RULES

BREACHES = [
    (LIBRARIES, "schemas/a.py", "import prefect"),
    (LIBRARIES, "audience_impact/facts/a.py", "from prefect.cache_policies import INPUTS"),
    (LIBRARIES, "benchmarks/run.py", "def f():\n    import prefect"),
    (LIBRARIES, "tests/unit/test_a.py", "import pytest\npytest.importorskip('prefect')"),
    (LIBRARIES, "flows/a.py", "import pandera.pandas as pa"),
    (
        LIBRARIES,
        "audience_impact/facts/a.py",
        "import importlib\nimportlib.import_module('pandera')",
    ),
    (ARROW, "schemas/a.py", "import flows.steps"),
    (ARROW, "schemas/a.py", "from audience_impact import facts, vocabulary"),
    (ARROW, "schemas/a.py", "from audience_impact.checks import CHECKS"),
    (ARROW, "schemas/a.py", "from ..audience_impact import checks"),
    (ARROW, "audience_impact/facts/a.py", "from schemas import facts"),
    (ARROW, "audience_impact/facts/a.py", "import os, flows"),
    (ARROW, "flows/a.py", "from tests import conftest"),
    (PURE, "audience_impact/facts/a.py", "import os\nx = os.environ['HOME']"),
    (PURE, "audience_impact/facts/a.py", "from os import environ"),
    (PURE, "audience_impact/facts/a.py", "import os\nx = os.getenv('HOME')"),
    (PURE, "audience_impact/facts/a.py", "import time"),
    (PURE, "audience_impact/facts/a.py", "from time import monotonic"),
    (PURE, "audience_impact/facts/a.py", "import datetime\nx = datetime.datetime.now()"),
    (PURE, "audience_impact/facts/a.py", "from datetime import date\nx = date.today()"),
    (PURE, "audience_impact/facts/a.py", "import pandas as pd\nx = pd.Timestamp.now()"),
    (PURE, "audience_impact/facts/a.py", "import requests"),
    (PURE, "audience_impact/facts/a.py", "def f():\n    from httpx import Client"),
    (PURE, "audience_impact/facts/a.py", "import socket"),
    (PURE, "audience_impact/facts/a.py", "from urllib import request"),
    (COMMAND_RULE, "flows/commands/__init__.py", "import prefect"),
    (COMMAND_RULE, "flows/commands/__init__.py", "if True:\n    from prefect import flow"),
    (COMMAND_RULE, "flows/commands/__init__.py", "class A:\n    import prefect"),
    (COMMAND_RULE, "flows/failures.py", "import prefect"),
    (SHORT, "flows/a.py", _function(13)),
    (SHORT, "flows/a.py", _function(12) * 8 + _function(36)),
    (TYPED, "flows/a.py", "def f(x) -> int: ..."),
    (TYPED, "flows/a.py", "def f(x: int): ..."),
    (TYPED, "flows/a.py", "def f(*, x) -> int: ..."),
    (TYPED, "flows/a.py", "async def f(**x) -> int: ..."),
    (TYPED, "schemas/a.py", "class A:\n    def f(self, x) -> int: ..."),
    (TYPED, "schemas/a.py", "class A:\n    @staticmethod\n    def f(x) -> int: ..."),
    (DOCSTRING, "schemas/a.py", "def f() -> int: ..."),
    (DOCSTRING, "audience_impact/facts/a.py", "class A:\n    def f(self) -> int: ..."),
    (NAMES, "audience_impact/facts/a.py", "told = 1"),
    (NAMES, "flows/commands/a.py", "for _one in range(3): ..."),
    (NAMES, "schemas/a.py", "def _f(wanted: int) -> int: ..."),
    (NAMES, "flows/commands/a.py", "def _held() -> int: ..."),
]

ALLOWED = {
    "flows/commands/__init__.py": (
        "from flows import pipeline\ndef _f():\n    import flows.failures, prefect"
    ),
    "flows/pipeline.py": "from schemas import facts\nfrom audience_impact import facts as core",
    "flows/serving.py": "from datetime import datetime\nimport prefect\nx = datetime.now()",
    "schemas/facts.py": "import pandera\nfrom audience_impact import periods, vocabulary",
    "audience_impact/facts/c.py": "import os\nfrom .. import periods\nx = os.replace",
    "audience_impact/periods.py": "from datetime import date\nx = date(2025, 8, 13)",
    "tests/flows/test_a.py": "import prefect\nimport flows.failures",
    "tests/unit/test_a.py": "import time\ndef test_a(x): ...",
    "audience_impact/facts/a.py": "class A:\n    def f(self) -> int:\n        '''Says so.'''",
    "audience_impact/facts/b.py": "class _A:\n    def f(self): ...\ndef _g(x): ...",
    "schemas/b.py": _function(12) * 9 + _function(36),
    "flows/commands/d.py": "import flows\nfrom flows import failures",
    ".venv/lib/flows/a.py": "this is not even Python",
}


def _tree(root: Path, files: dict[str, str]) -> list[Module]:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
    return modules(root)


@pytest.mark.parametrize("rule", RULES)
def test_what_is_allowed_passes(tmp_path: Path, rule: Rule) -> None:
    assert rule(_tree(tmp_path, ALLOWED)) == []


@pytest.mark.parametrize(("rule", "path", "text"), BREACHES)
def test_a_breach_is_seen(tmp_path: Path, rule: Rule, path: str, text: str) -> None:
    tree = _tree(tmp_path, {"flows/commands/__init__.py": "from flows import failures", path: text})
    result = rule(tree)
    assert len(result) == 1
    assert path in result[0]


def test_a_missing_command_is_seen(tmp_path: Path) -> None:
    assert COMMAND_RULE(_tree(tmp_path, {})) == ["flows/commands/__init__.py:1: is missing"]


def test_a_circle_is_seen_though_types_alone_close_it(tmp_path: Path) -> None:
    files = {
        "flows/a.py": "from flows import b",
        "flows/b.py": "from flows.c import x",
        "flows/c.py": "if TYPE_CHECKING:\n    from flows.a import Y",
        "flows/before.py": "import flows.a",
        "flows/after.py": "x = 1",
    }
    assert CIRCLE(_tree(tmp_path, {**files, "flows/c.py": "import flows.after"})) == []
    assert CIRCLE(_tree(tmp_path, files)) == [
        "flows/a.py:1: imports in a circle with flows.b",
        "flows/b.py:1: imports in a circle with flows.c",
        "flows/c.py:1: imports in a circle with flows.a",
    ]


def test_a_folder_of_too_many_modules_is_seen(tmp_path: Path) -> None:
    files = {f"flows/commands/a{n}.py": "" for n in range(MODULES_IN_FOLDER)}
    wide = {f"audience_impact/outputs/a{n}.py": "" for n in range(MODULES_IN_FOLDER + 1)}
    more = {"flows/commands/__init__.py": "", "flows/a.py": "", **wide}
    assert FOLDER(_tree(tmp_path, {**files, **more})) == []
    result = FOLDER(_tree(tmp_path, {"flows/commands/b.py": ""}))
    assert result == [f"flows/commands: has {MODULES_IN_FOLDER + 1} modules"]


def test_each_rule_is_seen_failing() -> None:
    assert {rule for rule, _, _ in BREACHES} | {CIRCLE, FOLDER} == set(RULES)


@pytest.mark.filterwarnings("default")
def test_a_long_module_is_reported(tmp_path: Path, repository: list[Module]) -> None:
    files = {"schemas/a.py": "\n" * MODULE_LINES, "schemas/b.py": "\n" * (MODULE_LINES - 1)}
    assert modules_are_short(_tree(tmp_path, files)) == ["schemas/a.py:400: has 400 lines"]
    for finding in modules_are_short(repository):
        warnings.warn(finding, stacklevel=1)


@pytest.mark.parametrize("package", ORDERS)
def test_the_rooms_are_told_in_the_order_that_the_linter_checks(package: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    layers = {
        contract["containers"][0]: contract["layers"]
        for contract in project["tool"]["importlinter"]["contracts"]
    }
    assert tuple(reversed(layers[package])) == ORDERS[package]
