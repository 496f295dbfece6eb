"""The contracts of the tables: the only folder that imports pandera."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager

UNUSED = ("hypothesis", "dask", "dask.dataframe", "modin", "pyspark")
"""Packages that pandera imports if installed, in a second; the contracts use none of them."""
OF_UNUSED = (
    *("pandas", "strategies.pandas_strategies"),
    *("typing.dask", "typing.modin", "typing.pyspark"),
)


@contextmanager
def _as_if_not_installed(names: tuple[str, ...]) -> Iterator[None]:
    """Make imports of some packages fail during the block, unless they are already imported."""
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


with _as_if_not_installed(UNUSED):
    for _name in OF_UNUSED:
        importlib.import_module(f"pandera.{_name}")
