"""Names in backticks exist: in the docstrings of the code, and paths and modules in the pages."""

import ast
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("audience_impact", "flows", "schemas")
PAGES = ("README.md", "CONTRIBUTING.md", "data/facts/README.md")
MENTION = re.compile(r"(?<!`)`([A-Za-z_][\w.]*)`(?!`)")
PATH = re.compile(r"`((?:audience_impact|flows|schemas|tests|benchmarks|data|docs)/[\w./-]+)`")
OF_OTHERS = {"White_Space", "Default_Ignorable_Code_Point", "ast.dump", "sha256sum"}
"""Names of things outside of this repository."""
OF_FAMILIES = {
    "least_end",
    "least_start",
    "macros.html",
    "printed_max_person_days",
    "printed_min_person_days",
    "q05_person_days",
    "q95_person_days",
}
"""Columns whose names are put together, and a file that is no module."""


def list_modules() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def list_docstrings(path: Path) -> Iterator[tuple[int, str]]:
    """The docstrings of a module, those of constants too, each with its line."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            for statement in node.body:
                if not isinstance(statement, ast.Expr):
                    continue
                if not isinstance(statement.value, ast.Constant):
                    continue
                yield statement.lineno, str(statement.value.value)


@cache
def read_words() -> set[str]:
    """Every name and every word of a text in the code (docstrings left out) and of the facts."""
    words: set[str] = set()
    for path in list_modules():
        docstrings = {line for line, _ in list_docstrings(path)}
        with path.open("rb") as file:
            for token in tokenize.tokenize(file.readline):
                if token.type == tokenize.NAME:
                    words.add(token.string)
                elif token.type != tokenize.COMMENT and token.start[0] not in docstrings:
                    words |= set(re.findall(r"\w+", token.string))
    for path in [*ROOT.glob("data/*/*.csv"), *ROOT.glob("audience_impact/**/*.csv")]:
        words |= {path.stem, *re.findall(r"\w+", path.read_text("utf-8").partition("\n")[0])}
    for name in ("vocabulary.csv", "cli/options.csv"):
        words |= set(re.findall(r"\w+", (ROOT / "audience_impact" / name).read_text("utf-8")))
    return words | {path.stem for path in list_modules()} | {"csv", "parquet", "json", "toml", "md"}


def find_unresolved(text: str) -> list[str]:
    """The mentions of a text of which a part is no word of the code."""
    return [
        name
        for name in MENTION.findall(text)
        if name not in OF_OTHERS | OF_FAMILIES
        and not set(name.strip(".").split(".")) <= read_words()
    ]


def test_names_in_backticks_of_docstrings_exist() -> None:
    assert [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in list_modules()
        for line, text in list_docstrings(path)
        for name in find_unresolved(text)
    ] == []


def test_paths_in_backticks_of_pages_exist() -> None:
    pages = [*(ROOT / name for name in PAGES), *sorted((ROOT / "docs").rglob("*.md"))]
    assert [
        f"{page.relative_to(ROOT)}: {name}"
        for page in pages
        for name in PATH.findall(page.read_text("utf-8"))
        if not (ROOT / name).exists() and "data/published" not in name and "_checkout" not in name
    ] == []


def test_a_name_that_is_gone_is_seen() -> None:
    assert find_unresolved("The columns of `a_name_that_is_gone`, of `Path`.") == [
        "a_name_that_is_gone"
    ]
