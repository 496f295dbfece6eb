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

from audience_impact.figure_errors import QUANTILES, Spread
from audience_impact.frames import Array
from audience_impact.vocabulary import ErrorQuantile, ParameterBasis

TAILS = (0.05, 0.50, 0.95)
"""Probabilities of the three quantiles of a fitted distribution."""
INSIDE = 0.90
"""Share of the differences within a half width."""
BASES = (ParameterBasis.ASSUMED, ParameterBasis.SINGLE_HOUSE, ParameterBasis.ESTIMATED)
"""Basis of a number that rests on no measurer (or country), on one, and on two or more."""


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
    basis: ParameterBasis = ParameterBasis.ASSUMED
    figures: int = 0
    groups: int = 0


Fits = dict[StrEnum, Fit]
"""Fits by the name of the parameter."""


def name_quantiles(spread: Spread) -> dict[ErrorQuantile, float]:
    """Return the three numbers of a spread, by their kind."""
    return dict(zip(QUANTILES, (spread.q05, spread.q50, spread.q95), strict=True))


def make_parameter_table(
    fits: Mapping[StrEnum, Fit], counts: tuple[str, str], sha256: str
) -> pd.DataFrame:
    """Return a fact table of parameters, one row per number, without notes.

    `counts` are the names of the columns for the figures and the groups of a fit; `sha256` is the
    digest of what was read.
    """
    rows = [
        (name.value, kind.value, value, fit.basis.value, fit.figures, fit.groups, sha256)
        for name, fit in fits.items()
        for kind, value in fit.values.items()
    ]
    return pd.DataFrame(
        rows, columns=["parameter", "kind", "value", "basis", *counts, "data_sha256"]
    )


def complete_table(fitted: pd.DataFrame, current: pd.DataFrame, decimals: int) -> pd.DataFrame:
    """Return a fitted table as it is written: numbers rounded, and `note` the last column.

    The note of a parameter is the one that the table has now: people write it there.
    """
    if "parameter" in fitted:
        notes = current.drop_duplicates("parameter").set_index("parameter")["note"]
        noted = notes.reindex(fitted["parameter"], fill_value="").to_numpy()
        return fitted.assign(note=noted).round(decimals)
    return fitted.assign(note=fitted.get("note", "")).round(decimals)


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


def measure_spread(values: Array, weights: Array | None = None) -> Spread:
    """Return the weighted quantiles TAILS of values (n,), with equal weights by default."""
    weights = np.ones(len(values)) if weights is None else weights
    return Spread(*map(float, compute_quantiles(values, weights, TAILS)))


def measure_half_width(values: Array, weights: Array | None = None) -> float:
    """Return the size that the share INSIDE of differences (n,) does not exceed."""
    weights = np.ones(len(values)) if weights is None else weights
    return float(compute_quantiles(np.abs(values), weights, (INSIDE,))[0])
