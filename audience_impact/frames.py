"""Declarations of the frames that are passed between packages: their columns and types.

Definitions. A declaration names a frame, its columns and their types, the levels of its index and
its unique key. A column that contains only missing values matches any type.

Method. Each type that passes frames from one stage to the next names a declaration for each of
them. `Declared` validates the frame against it when the value is created and drops all other
columns, so that no undeclared column reaches a later stage.

Known drawbacks. Values are not checked: the contracts do this at both ends of the run.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import ClassVar, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types
from pandas.api.extensions import ExtensionDtype

Array: TypeAlias = NDArray[np.float64]
"""Numbers in double precision, usually (rows, draws)."""

TEXT, NUMBER, DAY, TRUTH, ANY = "text", "number", "day", "truth", "any"
"""Types of a declared column; ANY allows lists, or True, False and None."""

_TYPES: Mapping[str, Callable[[ExtensionDtype | np.dtype[np.generic]], bool]] = {
    TEXT: lambda dtype: bool(types.is_string_dtype(dtype) or types.is_object_dtype(dtype)),
    NUMBER: lambda dtype: bool(types.is_numeric_dtype(dtype) and not types.is_bool_dtype(dtype)),
    DAY: lambda dtype: bool(types.is_datetime64_dtype(dtype)),
    TRUTH: lambda dtype: bool(types.is_bool_dtype(dtype)),
    ANY: lambda dtype: True,
}


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


def list_columns(**names: str) -> dict[str, str]:
    """Return the type of each column; `names` are, by type, the columns separated by spaces."""
    return {name: kind for kind, words in names.items() for name in words.split()}


def no_rows(texts: Iterable[str] = (), numbers: Iterable[str] = ()) -> pd.DataFrame:
    """Return a frame without rows, with columns of text and then columns of float64."""
    kinds = {**dict.fromkeys(texts, "str"), **dict.fromkeys(numbers, "float64")}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})


class FrameError(TypeError):
    """A frame does not match its declaration: an error in the code, with frame and column."""


@dataclass(frozen=True)
class Frame:
    """The declaration of a frame.

    Attributes:
        name: The name of the frame in messages.
        columns: Type of each column.
        key: Columns and levels of the index that no two rows have in common; none where empty.
        index: Names of the levels of the index; none where the rows are only numbered.
    """

    name: str
    columns: Mapping[str, str]
    key: tuple[str, ...] = ()
    index: tuple[str, ...] = field(default=())

    def check_frame(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the declared columns of a frame.

        Raises:
            FrameError: A column is missing or of another type, the index is another one, or two
                rows have one key.
        """
        if self.index and tuple(frame.index.names) != self.index:
            raise FrameError(f"{self.name}: the index is {frame.index.names}, not {self.index}")
        types_of = dict(zip(frame.columns, frame.dtypes, strict=True))
        for name, kind in self.columns.items():
            if name not in types_of:
                raise FrameError(f"{self.name}: column {name} is missing")
            if not _TYPES[kind](types_of[name]) and frame[name].notna().any():
                raise FrameError(f"{self.name}: column {name} is {types_of[name]}, not {kind}")
        key = list(self.key)
        rows = frame.reset_index() if set(key) & set(self.index) else frame
        if key and (is_repeated := rows.duplicated(key)).any():
            cells = ", ".join(map(str, rows.loc[is_repeated, key].iloc[0]))
            raise FrameError(f"{self.name}: two rows with {', '.join(key)} = {cells}")
        return frame[list(self.columns)]


class Declared:
    """A value whose frames are validated against their declarations when it is created."""

    FRAMES: ClassVar[Mapping[str, Frame]] = {}

    def __post_init__(self) -> None:
        """Reduce each declared frame to its declared columns; raises FrameError for a bad one."""
        for name, frame in self.FRAMES.items():
            object.__setattr__(self, name, frame.check_frame(getattr(self, name)))
