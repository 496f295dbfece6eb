"""Net reach of each row of a frame: frames in, frames out.

A row is a set of audiences of one universe, and a column an audience. Each row has the numbers that
the same call gives for this row alone.
"""

import math
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from audience_impact.api.answers import check_sizes, compute_quantiles, draw_unions, require_exact
from audience_impact.api.countries import resolve_country

if TYPE_CHECKING:
    import pandas as pd

    from audience_impact.frames import Array
    from audience_impact.overlap.model import OverlapModel

UniversePersons: TypeAlias = "float | pd.Series[float]"
"""Persons in the universe of all rows, or of each row, indexed as the frame."""
Countries: TypeAlias = "str | pd.Series[str]"
"""The country of all rows, or of each row, indexed as the frame."""
BATCH_ROWS = 32
"""Rows that are drawn together: more cost memory, fewer time."""


def is_frame(audiences: Any) -> bool:
    """Return whether audiences are a frame, without importing pandas."""
    return hasattr(audiences, "columns")


def bound_rows(frame: "pd.DataFrame", universe: UniversePersons) -> "pd.DataFrame":
    """Return the bounds of each row (rows, audiences), as `union_bounds` has them.

    Raises ValueError as `union_bounds`, with the row and column.
    """
    universes = _align_cells(frame, universe, "universe")
    for label, persons, row_universe in _list_rows(frame, universes):
        check_sizes(list(persons), row_universe, _name_cells(frame, label))
    persons = frame.to_numpy("float64")
    upper = np.minimum(universes.to_numpy("float64"), persons.sum(axis=1))
    return _build_frame(frame, {"lower_persons": persons.max(axis=1), "upper_persons": upper})


def estimate_rows(
    frame: "pd.DataFrame",
    universe: UniversePersons,
    model: "OverlapModel",
    country_id: Countries,
    seed_and_draws: tuple[int, int],
) -> "pd.DataFrame":
    """Return the estimate of each row (rows, audiences), as `estimate_union` has it.

    Raises ValueError as `estimate_union`, with the row and column.
    """
    universes = _align_cells(frame, universe, "universe")
    shares = np.array(
        [
            require_exact(list(persons), row_universe, _name_cells(frame, label)) / row_universe
            for label, persons, row_universe in _list_rows(frame, universes)
        ]
    )
    countries = _align_cells(frame, country_id, "country_id").map(resolve_country).to_numpy()
    points = np.empty((len(frame), 3))
    for country in np.unique(countries):
        rows = np.flatnonzero(countries == country)
        for batch in np.split(rows, range(BATCH_ROWS, len(rows), BATCH_ROWS)):
            drawn = _draw_batch(shares[batch], model, country, seed_and_draws)
            people = drawn * universes.to_numpy("float64")[batch, None]
            points[batch] = [compute_quantiles(row) for row in people]
    names = ("q05_persons", "q50_persons", "q95_persons")
    return _build_frame(frame, dict(zip(names, points.T, strict=True)))


def _draw_batch(
    shares: "Array", model: "OverlapModel", country: str, seed_and_draws: tuple[int, int]
) -> "Array":
    """Return draws (rows, D) of the unions of rows (rows, audiences) of one country."""
    count = shares.shape[1]
    members = np.kron(np.eye(len(shares)), np.ones(count)).astype(bool)
    return draw_unions(shares.reshape(-1), members, model, country, seed_and_draws)


def _align_cells(frame: "pd.DataFrame", cells: Any, name: str) -> "pd.Series[Any]":
    """Return one cell for each row; raise ValueError where its index is not that of the frame."""
    import pandas as pd

    if not isinstance(cells, pd.Series):
        return pd.Series([cells] * len(frame), index=frame.index)
    if not cells.index.equals(frame.index):
        raise ValueError(f"{name} has another index than the frame: take both from one frame")
    return cells


def _list_rows(
    frame: "pd.DataFrame", universes: "pd.Series[float]"
) -> "list[tuple[Any, Array, float]]":
    """Return label, persons (audiences,) and universe of each row; raise ValueError for text."""
    if not len(frame.columns):
        raise ValueError("the frame has no column: give a column for each audience")
    for column in frame.columns:
        if frame[column].dtype.kind not in "iuf":
            raise ValueError(f"column {column!r} has no numbers: give audiences in persons")
    persons = frame.to_numpy("float64", na_value=math.nan)
    return list(zip(frame.index, persons, universes.astype("float64"), strict=True))


def _name_cells(frame: "pd.DataFrame", label: Any) -> list[str]:
    return [f"row {label!r}, column {column!r}" for column in frame.columns]


def _build_frame(frame: "pd.DataFrame", columns: "dict[str, Array]") -> "pd.DataFrame":
    import pandas as pd

    return pd.DataFrame(columns, index=frame.index)
