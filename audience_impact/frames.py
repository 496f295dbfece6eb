"""Columns of the frames that are passed between packages, and empty and cached frames.

Each type that passes frames from one stage to the next names the columns of each of them.
`Declared` keeps these alone when the value is created, so that no other column reaches a later
stage. Values are not checked: the contracts do this at both ends of the run.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from typing import ClassVar, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
"""Numbers in double precision, usually (rows, draws)."""
Integers: TypeAlias = NDArray[np.int64]


def cache_last_frame(make: Callable[..., pd.DataFrame]) -> Callable[..., pd.DataFrame]:
    """Decorate a function of frames: for the same frames, return its last result again.

    Frames are compared by identity, so nobody may write into them. Only one result is stored, since
    successive rules read the same tables, so that memory is limited to one run.
    """
    last: list[tuple[tuple[pd.DataFrame, ...], pd.DataFrame]] = []

    @wraps(make)
    def run_cached(*frames: pd.DataFrame) -> pd.DataFrame:
        if not last or any(old is not new for old, new in zip(last[0][0], frames, strict=True)):
            last[:] = [(frames, make(*frames))]
        return last[0][1]

    return run_cached


def no_rows(texts: Iterable[str] = (), numbers: Iterable[str] = ()) -> pd.DataFrame:
    """Return a frame without rows, with columns of text and then columns of float64."""
    kinds = {**dict.fromkeys(texts, "str"), **dict.fromkeys(numbers, "float64")}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})


class Declared:
    """A value whose frames have the columns that it declares, by the name of the field.

    Names in one string are separated by spaces; one that comes twice counts once.
    """

    FRAMES: ClassVar[Mapping[str, Sequence[str]]] = {}

    def __post_init__(self) -> None:
        """Reduce each frame to its declared columns; raises KeyError where one is missing."""
        for name, columns in self.FRAMES.items():
            names = list(dict.fromkeys(" ".join(columns).split()))
            object.__setattr__(self, name, getattr(self, name)[names])
