"""The house rules that can be read off the code: which folder may import what, sizes, names.

A rule takes the modules of a tree and names each breach as `file:line: what is wrong`. Each is held
against the repository, and against a breach that it has to see. That what is public has types and a
docstring is said by mypy and ruff, that the command starts without prefect by tests of the command.
"""

import ast
import re
import statistics
import tomllib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("audience_impact", "schemas", "flows")
OURS = (*PACKAGES, "benchmarks", "tests")
ARROWS = {
    "audience_impact": (),
    # Words, dates and blanks, the registry in which contracts enter their rules, and the sentences
    # of reasons and of steps, which the dictionary shows.
    "schemas": (
        *("audience_impact.vocabulary", "audience_impact.periods"),
        *("audience_impact.rules", "audience_impact.plain_text"),
        *("audience_impact.outputs.review.status_rules", "audience_impact.tracing"),
    ),
    "flows": ("schemas", "audience_impact"),
}
"""What each package may import of ours besides itself."""
COMMANDS_OF_FLOWS = {
    ("audience_impact/cli/command.py", "flows.commands"),
    ("audience_impact/cli/command.py", "flows.commands.estimating"),
    ("audience_impact/cli/folders.py", "flows.commands.operating"),
    ("audience_impact/api/computing.py", "flows.answering"),
}
"""Where the command takes its other commands from flows, and the API what it computes."""
HOMES = {"prefect": ("flows/", "tests/flows/"), "pandera": ("schemas/", "tests/contracts/")}
"""Where alone a library may be imported."""
IMPURE_NAMES = (
    *("os.environ", "os.environb", "os.getenv", "datetime.now", "datetime.utcnow"),
    *("datetime.today", "date.today", "Timestamp.now", "Timestamp.utcnow", "Timestamp.today"),
)
IMPURE = (
    *("time", "socket", "ssl", "http", "urllib.request", "requests", "httpx", "aiohttp", "urllib3"),
    *("fsspec", *IMPURE_NAMES),
)
"""What would make the statistics depend on the machine, the moment or the network."""
EMPTY_NAMES = {
    *("told", "found", "wanted", "asked", "one", "own", "other", "each", "every", "said", "held"),
    *("kept", "left", "known", "given", "whole"),
}
"""Names that say nothing of what they hold."""
MODULES_IN_FOLDER = 12
"""Most modules of a folder."""
MEDIAN_LINES, NINETIETH_LINES = 12, 35

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Module(NamedTuple):
    """A source file, taken apart."""

    path: str
    tree: ast.Module

    @property
    def name(self) -> str:
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def package(self) -> str:
        return self.path.split("/")[0]


class Import(NamedTuple):
    """One imported name in full, `a.b` also for `from a import b`."""

    name: str
    line: int

    def within(self, *names: str) -> bool:
        return any(self.name == name or self.name.startswith(f"{name}.") for name in names)


Rule = Callable[[list[Module]], list[str]]


def modules(root: Path) -> list[Module]:
    """Every module of the project below `root`."""
    paths = [path.relative_to(root).as_posix() for path in sorted(root.rglob("*.py"))]
    return [
        Module(path, ast.parse((root / path).read_text("utf-8")))
        for path in paths
        if not path.startswith(".")
    ]


def imports(module: Module) -> list[Import]:
    """What a module imports, anywhere in it."""
    result = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            result += [Import(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            result += [Import(f"{node.module}.{alias.name}", node.lineno) for alias in node.names]
        elif isinstance(node, ast.Call) and _dotted(node.func).endswith("import_module"):
            name = node.args[0]
            result += [Import(name.value, node.lineno)] if isinstance(name, ast.Constant) else []  # type: ignore[arg-type]
    return result


def _dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def libraries_stay_in_their_homes(tree: list[Module]) -> list[str]:
    """prefect is imported in flows/ alone, pandera in schemas/ alone, and in their tests."""
    return [
        f"{module.path}:{result.line}: {library} is imported outside {' and '.join(homes)}"
        for library, homes in HOMES.items()
        for module in tree
        if not module.path.startswith(homes)
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


def nothing_imports_in_a_circle(tree: list[Module]) -> list[str]:
    """No module imports itself by way of others, for types neither."""
    names = {module.name for module in tree if module.package in PACKAGES}
    arrows: dict[str, set[str]] = {}
    for module in tree:
        if module.name in names:
            named = [
                result.name if result.name in names else result.name.rpartition(".")[0]
                for result in imports(module)
                if (module.path, result.name) not in COMMANDS_OF_FLOWS
            ]
            arrows[module.name] = {
                name
                for name in names.intersection(named)
                if name != module.name and not module.name.startswith(f"{name}.")
            }
    # What leads nowhere is in no circle, and so on.
    while free := [name for name, to in arrows.items() if not to & arrows.keys()]:
        arrows = {name: to for name, to in arrows.items() if name not in free}
    return [f"{name}: leads into a circle" for name in sorted(arrows)]


def folders_are_small(tree: list[Module]) -> list[str]:
    """A newcomer sees at most a dozen modules in a folder."""
    paths = [module.path for module in tree if module.package in PACKAGES]
    folders = Counter(path.rpartition("/")[0] for path in paths if "__init__" not in path)
    return [
        f"{folder}: has {count} modules"
        for folder, count in folders.items()
        if count > MODULES_IN_FOLDER
    ]


def the_core_is_pure(tree: list[Module]) -> list[str]:
    """audience_impact knows no environment, no clock and no network; its store alone does.

    The command sets a variable for its children.
    """
    breaches = []
    for module in tree:
        apart = ("audience_impact/store/", "audience_impact/cli/__init__.py")
        if module.name.startswith("audience_impact") and not module.path.startswith(apart):
            used = [result for result in imports(module) if result.within(*IMPURE)]
            used += [
                Import(_dotted(node), node.lineno)
                for node in ast.walk(module.tree)
                if isinstance(node, ast.Attribute)
                and f".{_dotted(node)}".endswith(tuple(f".{name}" for name in IMPURE_NAMES))
            ]
            breaches += [f"{module.path}:{result.line}: uses {result.name}" for result in used]
    return breaches


def functions_are_short(tree: list[Module]) -> list[str]:
    """The median function has at most 12 lines, nine in ten at most 35, docstrings left out."""
    sized = []
    for module in tree:
        for node in ast.walk(module.tree) if module.package in PACKAGES else ():
            if isinstance(node, Function):
                body = node.body[1:] if ast.get_docstring(node) is not None else node.body
                end = body[-1].end_lineno if body else node.lineno
                before = body[0].lineno - node.body[0].lineno if body else 0
                sized.append(
                    ((end or 0) - node.lineno + 1 - before, f"{module.path}:{node.lineno}")
                )
    sized.sort(reverse=True)
    longest = ", ".join(f"{place} ({size})" for size, place in sized[:5])
    median = statistics.median(size for size, _ in sized or [(0, "")])
    ninetieth = sized[len(sized) // 10][0] if sized else 0
    breaches = [f"the median function has {median} lines; longest: {longest}"]
    breaches *= median > MEDIAN_LINES
    if ninetieth > NINETIETH_LINES:
        breaches.append(f"one function in ten has {ninetieth} lines or more; longest: {longest}")
    return breaches


def names_say_what_they_hold(tree: list[Module]) -> list[str]:
    """No variable, parameter or function has a name that says nothing of what it holds."""
    breaches = []
    for module in tree:
        for node in ast.walk(module.tree) if module.package in PACKAGES else ():
            name = _name_given(node)
            if name.strip("_") in EMPTY_NAMES:
                breaches.append(f"{module.path}:{getattr(node, 'lineno', 1)}: {name} says nothing")
    return breaches


def _name_given(node: ast.AST) -> str:
    """The name that a node assigns or defines; blank where it does neither."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return node.id
    if isinstance(node, ast.arg):
        return node.arg
    return node.name if isinstance(node, Function) else ""


BREACHES: list[tuple[Rule, dict[str, str]]] = [
    (libraries_stay_in_their_homes, {"schemas/a.py": "def f():\n    import prefect.states"}),
    (arrows_point_inwards, {"schemas/a.py": "from audience_impact import facts"}),
    (
        arrows_point_inwards,
        {"audience_impact/a.py": "import importlib as i\ni.import_module('flows')"},
    ),
    (
        nothing_imports_in_a_circle,
        {"flows/a.py": "import flows.b", "flows/b.py": "if X:\n    from flows.a import Y"},
    ),
    (folders_are_small, {f"flows/a{number}.py": "" for number in range(MODULES_IN_FOLDER + 1)}),
    (the_core_is_pure, {"audience_impact/a.py": "from datetime import date\nx = date.today()"}),
    (the_core_is_pure, {"audience_impact/a.py": "import httpx"}),
    (functions_are_short, {"flows/a.py": "def f():\n" + "    pass\n" * MEDIAN_LINES}),
    (names_say_what_they_hold, {"schemas/a.py": "def f(wanted): ..."}),
]


@pytest.fixture(scope="module")
def repository() -> list[Module]:
    return modules(ROOT)


@pytest.mark.parametrize("rule", dict.fromkeys(rule for rule, _ in BREACHES))
def test_the_repository_keeps(rule: Rule, repository: list[Module]) -> None:
    assert len(repository) > 300
    assert rule(repository) == []


@pytest.mark.parametrize(("rule", "files"), BREACHES)
def test_a_breach_is_seen(rule: Rule, files: dict[str, str]) -> None:
    assert rule([Module(path, ast.parse(text)) for path, text in files.items()])


@pytest.mark.parametrize("package", ["audience_impact", "flows"])
def test_the_rooms_are_told_in_the_order_that_the_linter_checks(package: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    layers = {
        contract["containers"][0]: contract["layers"]
        for contract in project["tool"]["importlinter"]["contracts"]
    }
    text = (ROOT / package / "__init__.py").read_text("utf-8")
    rooms = re.findall(r"^ {4}(\w+) - ", text, re.MULTILINE)
    assert layers[package][::-1] == rooms
