"""The code and the libraries that compute a version: a digest, and numbers of releases.

The digest is a part of the identity of a version. The libraries are not, since the same values
should follow from other releases of them: the history of the versions records them.

Method. From the modules that compute, every import is followed, those inside functions too. Each
module counts by its syntax tree without docstrings, so that a change of a comment, a docstring or
the layout does not create a new version of the same numbers, and by the CSV tables beside it that
it reads. The tree is written out here and not by `ast.dump`, whose text differs between versions of
Python. Parsing takes a second, so the digest is saved under the times and sizes of the files.
"""

import ast
import importlib.util
import os
import platform
import sys
import time
import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cache, partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import audience_impact
from audience_impact.store.files import hash_bytes
from flows import CHECKOUT
from flows.pipeline import cache as results

if TYPE_CHECKING:
    from audience_impact.store.history import Origin

ENTRIES = ("flows.pipeline.steps", "audience_impact.pipeline", "schemas.published")
OUTSIDE = ("audience_impact.store", "audience_impact.plain_text")
"""Modules that store and print a version and have no effect on numbers."""
PACKAGES = ("audience_impact", "schemas", "flows")
SUFFIXES = (".py", ".csv")
ROOTS = (CHECKOUT, Path(audience_impact.__file__).resolve().parents[1])
"""The folders in which the packages lie: two in the wheel, one and the same in a checkout."""
SETTLED_SECONDS = 2.0
"""Age from which the time of a file tells that nobody has written it since it was read."""
LIBRARIES = ("numpy", "pandas", "pyarrow", "scipy")
"""The libraries that compute the values of a version and write its tables."""
LIBRARIES_OF_CHECKS = ("numpy", "pandas", "pandera")


def describe_origin(now: datetime | None = None) -> "Origin":
    """Return the moment, the libraries, with Python and zlib that affect bytes, and the release."""
    from audience_impact.store.history import Origin

    libraries = {name: metadata.version(name) for name in LIBRARIES}
    libraries |= {"python": platform.python_version(), "zlib": zlib.ZLIB_RUNTIME_VERSION}
    return Origin(now or datetime.now(UTC), libraries, audience_impact.__version__)


@cache
def code_sha256(roots: tuple[Path, ...] = ROOTS) -> str:
    """Return the digest of the code of all modules in some folders that a run imports."""
    key = digest_states(list_files(roots))
    digest = partial(_digest_modules, roots)
    return results.recall(f"code-{key}", digest) if key else digest()


def digest_program(*words: object) -> str | None:
    """Return a digest of code, libraries and switches that check facts, and of words, or None."""
    specs = [importlib.util.find_spec(name) for name in LIBRARIES_OF_CHECKS]
    libraries = [Path(spec.origin) for spec in specs if spec is not None and spec.origin]
    switches = sorted(cell for cell in os.environ.items() if cell[0].startswith("PANDERA_"))
    return digest_states([*list_files(), *libraries], *words, switches)


def digest_states(paths: Sequence[Path], *words: object) -> str | None:
    """Return a digest of the times and sizes of files, and of words; None while one is new."""
    states = [(str(path), path.stat()) for path in paths]
    if any(about.st_ctime > time.time() - SETTLED_SECONDS for _, about in states):
        return None
    times = [(path, about.st_size, about.st_mtime_ns, about.st_ctime_ns) for path, about in states]
    return hash_bytes(repr((sys.version, times, words)).encode())


def list_files(roots: tuple[Path, ...] = ROOTS) -> list[Path]:
    """Return every module and table of the packages in some folders, in order."""
    packages = {root / package for root in roots for package in PACKAGES}
    return sorted(
        Path(folder, name)
        for package in packages
        for folder, _, names in os.walk(package)
        for name in names
        if name.endswith(SUFFIXES)
    )


def _digest_modules(roots: tuple[Path, ...]) -> str:
    digests, waiting = dict[str, str](), list(ENTRIES)
    while waiting:
        name = waiting.pop()
        path = _find_module(roots, name)
        if name in digests or path is None or _lies_in(name, OUTSIDE):
            continue
        text = path.read_bytes()
        tree = ast.parse(text)
        tables = [
            table.read_bytes()
            for table in sorted(path.parent.glob("*.csv"))
            if table.stem == path.stem or table.name.encode() in text
        ]
        digests[name] = hash_bytes(b"".join([_write_tree(tree).encode(), *tables]))
        waiting += [module for module in _list_imports(tree) if _lies_in(module, PACKAGES)]
    return hash_bytes(repr(sorted(digests.items())).encode())


def _find_module(roots: tuple[Path, ...], module: str) -> Path | None:
    places = [root.joinpath(*module.split(".")) for root in roots]
    candidates = [file for at in places for file in (at.with_suffix(".py"), at / "__init__.py")]
    return next((path for path in candidates if path.is_file()), None)


def _lies_in(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def _list_imports(tree: ast.Module) -> Iterator[str]:
    """Yield every name that a module imports, `a.b` and `a` for `from a import b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _write_tree(node: object) -> str:
    match node:
        case list():
            return f"[{', '.join(_write_tree(part) for part in node if not _is_text(part))}]"
        case ast.AST():
            values = ((name, getattr(node, name, None)) for name in node._fields)
            fields = ", ".join(
                f"({name!r}, {_write_tree(part)})"
                for name, part in values
                if part is not None and part != []
            )
            return f"({type(node).__name__!r}, [{fields}])"
    return repr(node)


def _is_text(node: object) -> bool:
    return isinstance(node, ast.Expr) and isinstance(getattr(node.value, "value", None), str)
