"""docs/reference.md: what `audience_impact` exports, from the docstrings of the code itself."""

import ast
import inspect
import re
import textwrap
from typing import Any

import audience_impact

SECTION = re.compile(r"^(Args|Attributes|Returns|Raises|Source|Examples):$", re.MULTILINE)
ENTRY = re.compile(r"^(\w+): ", re.MULTILINE)
LINE = 88
HEAD = """# Reference

What an analyst imports from `audience_impact`, in a notebook anywhere:

```python
from audience_impact import estimate_union, load_calibration, union_bounds

union_bounds([96e6, 89e6], universe=105e6)
model = load_calibration()
estimate_union([96e6, 89e6], universe=105e6, calibration=model, country_id="RU")
```

Audiences and universe are persons, the people of one country by one definition of use. Every
function raises `ValueError` for a number that is missing, negative or larger than the universe.
`Persons` is a number of persons or a pair of the least and the most; a `Restriction` is its first
day, the first day after it and the names of the audiences that it restricts.
"""


def page() -> str:
    """The page, in Markdown: functions first, then the types that they take and give."""
    named = {name: getattr(audience_impact, name) for name in audience_impact.__all__}
    functions = {name: one for name, one in named.items() if inspect.isfunction(one)}
    types = {name: one for name, one in named.items() if name not in functions}
    parts = [_entry(name, one) for group in (functions, types) for name, one in group.items()]
    return HEAD + "".join(parts)


def _entry(name: str, one: Any) -> str:
    return f"\n## {name}\n\n```python\n{_signature(name, one)}\n```\n\n{_body(one)}"


def _signature(name: str, one: Any) -> str:
    """The call as the source has it; a long one with an argument a line."""
    (node,) = ast.parse(inspect.getsource(one)).body
    if isinstance(one, type) and issubclass(one, Exception):
        return f"class {name}({', '.join(base.__name__ for base in one.__bases__)})"
    if isinstance(node, ast.FunctionDef):
        parts, end = _parameters(node.args), f" -> {_note(node.returns)}"
    else:
        parts, end = (
            [_field(each) for each in ast.walk(node) if isinstance(each, ast.AnnAssign)],
            "",
        )
    line = f"{name}({', '.join(parts)}){end}"
    every = "".join(f"    {part},\n" for part in parts)
    return line if len(line) <= LINE else f"{name}(\n{every}){end}"


def _parameters(arguments: ast.arguments) -> list[str]:
    """The parameters of a function; those after * are given by name."""
    by_name = [
        _with_default(each, default)
        for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    ]
    none = [None] * (len(arguments.args) - len(arguments.defaults))
    placed = [
        _with_default(each, default)
        for each, default in zip(arguments.args, [*none, *arguments.defaults], strict=True)
    ]
    several = arguments.vararg
    rest = [f"*{several.arg}: {_note(several.annotation)}"] if several else ["*"] if by_name else []
    return [*placed, *rest, *by_name]


def _with_default(argument: ast.arg, default: ast.expr | None) -> str:
    told = f"{argument.arg}: {_note(argument.annotation)}"
    return told if default is None else f"{told} = {ast.unparse(default)}"


def _field(node: ast.AnnAssign) -> str:
    told = f"{ast.unparse(node.target)}: {_note(node.annotation)}"
    return told if node.value is None else f"{told} = {ast.unparse(node.value)}"


def _note(annotation: ast.expr | None) -> str:
    """An annotation as written, without the quotes that put off an import."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return annotation.value
    return ast.unparse(annotation) if annotation else ""


def _body(one: Any) -> str:
    """The docstring with its sections as Markdown."""
    first, *rest = SECTION.split(inspect.getdoc(one) or "")
    parts = [first.strip() + "\n"]
    for title, text in zip(rest[::2], rest[1::2], strict=True):
        dedented = textwrap.dedent(text.strip("\n"))
        parts.append(f"\n**{title}**\n\n{_section(title, dedented)}\n")
    return "".join(parts)


def _section(title: str, text: str) -> str:
    if title == "Examples":
        return _examples(text)
    return text if title in ("Returns", "Source") else _entries(text)


def _entries(text: str) -> str:
    """Entries `name: words` as a list, else the words as they stand."""
    lines = ENTRY.sub(r"- `\1`: ", text.strip())
    return re.sub(r"\n {4}", "\n  ", lines)


def _examples(text: str) -> str:
    """Examples as blocks of code, and the words between them."""
    blocks = []
    for block in text.strip().split("\n\n"):
        is_code = block.startswith(">>>")
        blocks.append(f"```pycon\n{block}\n```" if is_code else block)
    return "\n\n".join(blocks)
