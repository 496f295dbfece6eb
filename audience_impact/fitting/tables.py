"""The fact tables of fitted parameters: rows, the digest of the facts read, weighted quantiles.

Citation. Weighted quantiles: Hyndman and Fan (1996), Sample quantiles in statistical packages, The
American Statistician 50, definition 5.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from audience_impact.figure_errors import QUANTILES
from audience_impact.frames import Array
from audience_impact.vocabulary import ErrorQuantile, ParameterBasis

TAILS = (0.05, 0.50, 0.95)
"""Probabilities of the three quantiles of a fitted distribution."""
INSIDE = 0.90
"""Share of the differences within a half width."""


@dataclass(frozen=True)
class Fit:
    """The numbers of a fitted parameter, and the figures behind them.

    Attributes:
        values: Numbers by kind, in the order of the rows.
        basis: Whether they were estimated or assumed.
        figures: The number of figures, or of pairs, that they were fitted to.
        groups: The number of countries, or measurers, of these figures.
    """

    values: Mapping[ErrorQuantile, float]
    basis: ParameterBasis
    figures: int
    groups: int


Fits = dict[StrEnum, Fit]
"""Fits by the name of the parameter."""


def name_quantiles(values: Array) -> dict[ErrorQuantile, float]:
    """Return three numbers, keyed by the names of the quantiles."""
    return dict(zip(QUANTILES, map(float, values), strict=True))


def make_parameter_table(
    fits: Mapping[StrEnum, Fit], notes: Mapping[StrEnum, str], counts: tuple[str, str], sha256: str
) -> pd.DataFrame:
    """Return a fact table of parameters, one row per number.

    `counts` are the names of the columns for the figures and the groups of a fit; `sha256` is the
    digest of what was read.
    """
    rows = [
        (
            name.value,
            kind.value,
            value,
            fit.basis.value,
            fit.figures,
            fit.groups,
            sha256,
            notes[name],
        )
        for name, fit in fits.items()
        for kind, value in fit.values.items()
    ]
    columns = ["parameter", "kind", "value", "basis", *counts, "data_sha256", "note"]
    return pd.DataFrame(rows, columns=columns)


def digest_frames(*frames: pd.DataFrame) -> str:
    """Return the SHA-256 of the rows of some frames, in any order."""
    total = hashlib.sha256()
    for frame in frames:
        ordered = frame.sort_values(list(frame.columns))
        total.update(ordered.to_csv(index=False, lineterminator="\n").encode())
    return total.hexdigest()


def compute_quantiles(values: Array, weights: Array, at: tuple[float, ...]) -> Array:
    """Return weighted quantiles; `values` and `weights` are (n,), n at least 1."""
    order = np.argsort(values, kind="stable")
    mass = weights[order]
    middles = (np.cumsum(mass) - mass / 2.0) / mass.sum()
    return np.asarray(np.interp(at, middles, values[order]))


def balance_quantiles(
    values: "pd.Series[float]", groups: list[pd.Series]
) -> dict[ErrorQuantile, float]:
    """Return the quantiles TAILS of values; each group has the same weight."""
    size = values.groupby(groups).transform("size").to_numpy("float64")
    return name_quantiles(compute_quantiles(values.to_numpy("float64"), 1.0 / size, TAILS))
