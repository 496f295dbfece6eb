"""Columns of the frames that are passed between packages, and empty and cached frames.

Each type that passes frames from one stage to the next names the columns of each of them, as
`Annotated[pd.DataFrame, ...]`. `Declared` keeps these alone when the value is created, so that no
other column reaches a later stage. Values are not checked: the contracts do this at both ends of
the run.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache, wraps
from typing import Annotated, TypeAlias, TypeVar, get_origin, get_type_hints

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
"""Numbers in double precision, usually (rows, draws)."""
Integers: TypeAlias = NDArray[np.int64]


Result = TypeVar("Result")


def cache_last_frame(make: Callable[..., Result]) -> Callable[..., Result]:
    """Decorate a function of frames, or of tables: for the same frames, return its last result.

    Frames are compared by identity, so nobody may write into them or the result. One result alone
    is stored, so that memory is limited to one run.
    """
    last: list[tuple[list[pd.DataFrame], Result]] = []

    @wraps(make)
    def run_cached(*arguments: pd.DataFrame | Mapping[str, pd.DataFrame]) -> Result:
        parts = ([part] if isinstance(part, pd.DataFrame) else part.values() for part in arguments)
        frames = [frame for part in parts for frame in part]
        if not last or [*map(id, last[0][0])] != [*map(id, frames)]:
            last[:] = [(frames, make(*arguments))]
        return last[0][1]

    return run_cached


def no_rows(texts: Iterable[str] = (), numbers: Iterable[str] = ()) -> pd.DataFrame:
    """Return a frame without rows, with columns of text and then columns of float64."""
    kinds = {**dict.fromkeys(texts, "str"), **dict.fromkeys(numbers, "float64")}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})


class Declared:
    """A value whose frames have declared columns: lists of names, or texts of names with spaces."""

    @classmethod
    @cache
    def list_columns(cls) -> dict[str, list[str]]:
        """Return the columns of each frame, by the name of the field."""
        return {
            name: list(dict.fromkeys(_split_names(hint.__metadata__)))
            for name, hint in get_type_hints(cls, include_extras=True).items()
            if get_origin(hint) is Annotated
        }

    def __post_init__(self) -> None:
        """Reduce each frame to its declared columns; raises KeyError where one is missing."""
        for name, columns in self.list_columns().items():
            object.__setattr__(self, name, getattr(self, name)[columns])


def _split_names(texts: Iterable[str | Iterable[str]]) -> list[str]:
    lists = ([words] if isinstance(words, str) else words for words in texts)
    return " ".join(text for words in lists for text in words).split()
