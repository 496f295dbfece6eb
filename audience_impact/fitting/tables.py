"""The fact tables of fitted parameters: rows, the digest of the facts read, weighted quantiles.

Citation. Weighted quantiles: Hyndman and Fan (1996), Sample quantiles in statistical packages, The
American Statistician 50, definition 5.
"""

import hashlib
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from audience_impact.facts.tables import Tables
from audience_impact.figure_errors import Spread
from audience_impact.frames import Array
from audience_impact.vocabulary import ErrorQuantile, ParameterBasis

TAILS = (0.05, 0.50, 0.95)
INSIDE = 0.90
"""Share of the differences within a half width."""
BASES = (ParameterBasis.ASSUMED, ParameterBasis.SINGLE_HOUSE, ParameterBasis.ESTIMATED)
"""Basis of a number that rests on no measurer (or country), on one, and on two or more."""


class Fit(NamedTuple):
    """A fitted parameter, and the figures behind it."""

    value: Any  # the number (float), or the three quantiles (Spread)
    basis: ParameterBasis = ParameterBasis.ASSUMED  # whether it was estimated or assumed
    figures: int = 0  # the number of figures, or of pairs, that it was fitted to
    groups: int = 0  # the number of countries, or measurers, of these figures


Fits = dict[StrEnum, Fit]


def make_fit(
    value: float | Spread, rows: pd.DataFrame, *by: str, basis: ParameterBasis | None = None
) -> Fit:
    """Return a fit to `rows`; the columns `by` name their groups, whose number gives the basis."""
    groups = pd.concat([rows[name] for name in by]).nunique()
    return Fit(value, basis or BASES[min(groups, 2)], len(rows), groups)


def make_parameter_table(
    fits: Mapping[StrEnum, Fit],
    counts: tuple[str, str],
    sha256: str,
    plain: Collection[StrEnum] = (),
) -> pd.DataFrame:
    """Return a fact table of parameters, one row per number, without notes.

    `counts` name the columns of figures and groups of a fit; `plain` parameters are plain numbers.
    """
    rows = []
    for name, (value, basis, *numbers) in fits.items():
        spread = value if isinstance(value, Spread) else (value,)
        single = ErrorQuantile.COUNT if name in plain else ErrorQuantile.Q95
        kinds = Spread._fields if len(spread) > 1 else (single,)
        for kind, number in zip(kinds, spread, strict=True):
            rows.append((name.value, str(kind), number, basis.value, *numbers, sha256))
    return pd.DataFrame(
        rows, columns=["parameter", "kind", "value", "basis", *counts, "data_sha256"]
    )


def digest_facts(tables: Tables, read: Mapping[str, list[str]]) -> str:
    """Return the SHA-256 of the columns of each fact table that a fit reads."""
    return digest_frames(*(tables[name][columns] for name, columns in read.items()))


def digest_frames(*frames: pd.DataFrame) -> str:
    """Return the SHA-256 of the rows of some frames, in any order."""
    total = hashlib.sha256()
    for frame in frames:
        ordered = frame.sort_values(list(frame.columns))
        total.update(ordered.to_csv(index=False, lineterminator="\n").encode())
    return total.hexdigest()


def _compute_quantiles(values: Array, weights: Array | None, at: tuple[float, ...]) -> Array:
    order = np.argsort(values, kind="stable")
    mass = np.ones(len(values)) if weights is None else weights[order]
    middles = (np.cumsum(mass) - mass / 2.0) / mass.sum()
    return np.asarray(np.interp(at, middles, values[order]))


def measure_spread(values: Array, weights: Array | None = None) -> Spread:
    """Return the weighted quantiles TAILS of values (n,), with equal weights by default."""
    return Spread(*_compute_quantiles(values, weights, TAILS).tolist())


def measure_half_width(values: Array, weights: Array | None = None) -> float:
    """Return the size that the share INSIDE of differences (n,) does not exceed."""
    return float(_compute_quantiles(np.abs(values), weights, (INSIDE,))[0])


def balance_spread(values: "pd.Series[float]", *groups: "pd.Series[Any]") -> Spread:
    """Return the quantiles TAILS of values (n,); each group of them has the same weight."""
    size = values.groupby(list(groups)).transform("size").to_numpy("float64")
    return measure_spread(values.to_numpy("float64"), 1.0 / size)
