"""Unions of a whole register: many sets of platforms, many draws, the model of overlap.py.

Definitions
-----------
Cell: an area at one time.  All sets asked for in it share the draws of the audiences, of the
correlation and of the model error.
Set: the platforms that one restriction touches.
Rule: the nodes and weights by which the integral over the common factor is done.

Method
------
For a draw with shares m_i, correlation r and error e, union.py's integral gives the union that
the correlation makes (the core); the answer is core + e (independence - largest audience), both
kept inside the Frechet bounds max m_i and min(1, sum m_i) of the draw's own shares.

Within a cell Phi((t_i - sqrt(r) z) / sqrt(1-r)) is looked up once for each platform, draw and
node z, and every set multiplies its platforms' tables.  Sets are taken in the order of a
dictionary, so that {a, b, c} starts from the product that {a, b} left.  Draws that share a rule
are run together, in blocks that fit the cache.  Phi is read off a table of 16,384 chords on
[-6, 6] (off by 1.7e-8 at most).  The trapezoidal rule spans [-4.9, 4.9]; its step follows from
the draw's correlation by the law in overlap.py and from the class of the set's size (up to 8
platforms, up to 16, up to 32, ...), on a ladder of ratio sqrt(2), with at least 11 nodes.

Measured against overlap.union at 10 digits: off by less than 1e-6, for up to 20 platforms,
shares from 0 to 1 and correlations from 0 to 0.99.

A set's draws depend, to the last bit, on nothing but the set's own shares in the order of the
cell's platforms, the correlation and the error: not on other sets or platforms of the cell, on
blocks, or on the number of workers.  Only additions, multiplications and look-ups are made in
blocks, each in a fixed order.

Assumptions
-----------
Those of overlap.py; in addition the draws of a cell belong together (draw k of one platform
goes with draw k of every other, of the correlation and of the error).

Known drawbacks
---------------
A set of 8 platforms and one of 9 use different rules, so that the smaller one may come out
larger by the error of the rules, 1e-6, where the ninth platform adds nothing.

Citations
---------
Trefethen and Weideman (2014), The exponentially convergent trapezoidal rule, SIAM Review 56.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from audience_impact.overlap import LARGEST_CORRELATION, Array

REACH = 4.9  # the factor beyond which a normal has 1e-6 of its mass
DIGITS = 3.5  # of the law of the error, which promises too little
LEAST_HALF = 5  # nodes on either side of the middle, where the correlation is small
SMALLEST_CLASS = 8
BLOCK = 1 << 12  # numbers in one platform's table of a block, nodes x draws
LEAST_DRAWS = 2  # NumPy adds up a single column in another order
CHORDS = 1 << 14
TABLE_REACH = 6.0
PER_UNIT = CHORDS / (2.0 * TABLE_REACH)

_GRID = ndtr(np.linspace(-TABLE_REACH, TABLE_REACH, CHORDS + 1))
_GRID[0], _GRID[-1] = 0.0, 1.0
_RISE = np.append(np.diff(_GRID), 0.0)

Fold = Callable[..., Array]


@dataclass(frozen=True)
class Cell:
    """All sets of platforms asked for in one area at one time: G sets, P platforms, D draws."""

    shares: Array  # (P, D) draws of the audiences over the base, 0..1
    correlation: Array  # (D,) draws of the correlation
    error: Array  # (D,) draws of the model error over (independence - largest audience)
    members: NDArray[np.bool_]  # (G, P) which platforms each set holds


@dataclass(frozen=True)
class _Step:
    """One set: how many of its platforms the set before it has left multiplied, and the rest."""

    kept: int
    added: tuple[int, ...]


def _check(cell: Cell) -> None:
    platforms, draws = cell.shares.shape
    if cell.correlation.shape != (draws,) or cell.error.shape != (draws,):
        raise ValueError("shares, correlation and error must have the same draws")
    if cell.members.ndim != 2 or cell.members.shape[1] != platforms:
        raise ValueError("shares and members must have the same platforms")
    if not ((cell.shares >= 0.0) & (cell.shares <= 1.0)).all():
        raise ValueError("shares must lie in 0..1")
    if not ((cell.correlation >= 0.0) & (cell.correlation <= LARGEST_CORRELATION)).all():
        raise ValueError(f"correlations must lie in 0..{LARGEST_CORRELATION}")


def _plan(members: NDArray[np.bool_]) -> list[_Step]:
    """Steps through sets in dictionary order, in which a common beginning is met once."""
    steps, before = list[_Step](), ()
    for row in members:
        now = tuple(np.flatnonzero(row).tolist())
        differ = (at for at, (a, b) in enumerate(zip(before, now, strict=False)) if a != b)
        kept = next(differ, min(len(before), len(now)))
        steps.append(_Step(kept, now[kept:]))
        before = now
    return steps


def _fold(combine: Fold, start: Array, tables: Array, plan: Sequence[_Step]) -> Array:
    """Combine the tables (P, nodes, draws) of each set, then add up its nodes."""
    deepest = max(step.kept + len(step.added) for step in plan)
    stack = [start, *np.empty((deepest, *tables.shape[1:]))]
    result = np.empty((len(plan), tables.shape[2]))
    rows = list(tables)
    for step, out in zip(plan, result, strict=True):
        depth = step.kept
        for platform in step.added:
            combine(stack[depth], rows[platform], stack[depth + 1])
            depth += 1
        np.add.reduce(stack[depth], 0, None, out)
    return result


def _half_counts(correlation: Array, size: int) -> NDArray[np.int64]:
    """Nodes on either side of the middle, for sets of up to `size` platforms."""
    steepness = 1.0 + size * correlation / (1.0 - correlation)
    h = np.pi * np.sqrt(2.0 / (np.log(10.0) * DIGITS * steepness))
    rung = np.ceil(2.0 * np.log2(np.maximum(REACH / h, LEAST_HALF)))
    return np.asarray(np.ceil(2.0 ** (rung / 2.0) - 1e-9), dtype=np.int64)


def _look_up(place: Array) -> None:
    """Replace places on the grid by the normal integral there."""
    np.clip(place, 0.0, CHORDS, out=place)
    index = place.astype(np.intp)
    place -= index
    place *= _RISE.take(index)
    place += _GRID.take(index)


def _block(shares: Array, correlation: Array, half: int, plan: Sequence[_Step]) -> Array:
    """Probability of using none of each set (G, D), for draws that share a rule."""
    z = np.linspace(-REACH, REACH, 2 * half + 1)
    weight = np.exp(-0.5 * z * z)
    scale = PER_UNIT / np.sqrt(1.0 - correlation)
    line = np.sqrt(correlation) * scale * z[:, None] - 0.5 * CHORDS
    threshold = -ndtri(shares) * scale
    tables = np.empty((len(shares), *line.shape))
    for table, own in zip(tables, threshold, strict=True):
        np.subtract(own, line, out=table)
        _look_up(table)
    start = np.repeat((weight / weight.sum())[:, None], line.shape[1], axis=1)
    return _fold(np.multiply, start, tables, plan)


def _none(cell: Cell, members: NDArray[np.bool_], size: int) -> Array:
    """Probability of using none of each set, for distinct sets of one class of sizes."""
    used = members.any(axis=0)
    plan = _plan(members[:, used])
    shares = cell.shares[used]
    half = _half_counts(cell.correlation, size)
    none = np.empty((len(members), len(half)))
    for rule in np.unique(half):
        which = np.flatnonzero(half == rule)
        width = max(LEAST_DRAWS, BLOCK // (2 * int(rule) + 1))
        for at in range(0, len(which), width):
            part = which[at : at + width]
            part = np.resize(part, max(LEAST_DRAWS, len(part)))
            none[:, part] = _block(shares[:, part], cell.correlation[part], int(rule), plan)
    return none


def _classes(members: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The largest size in each set's class: 8, 16, 32, ...; 0 for less than two platforms."""
    sizes = members.sum(axis=1)
    power = np.ceil(np.log2(np.maximum(sizes, SMALLEST_CLASS)))
    return np.asarray(np.where(sizes > 1, 2.0**power, 0.0), dtype=np.int64)


def cell_unions(cell: Cell) -> Array:
    """Draws (G, D) of the union of each set, as shares of the base."""
    _check(cell)
    if not cell.members.size:
        return np.zeros((len(cell.members), cell.shares.shape[1]))
    distinct, place = np.unique(cell.members, axis=0, return_inverse=True)
    core = np.zeros((len(distinct), cell.shares.shape[1]))
    classes = _classes(distinct)
    for size in np.unique(classes[classes > 0]):
        core[classes == size] = 1.0 - _none(cell, distinct[classes == size], int(size))
    return np.asarray(_finished(cell, distinct, core)[place.reshape(-1)])


def _finished(cell: Cell, members: NDArray[np.bool_], core: Array) -> Array:
    """Add the model error to the core, inside the Frechet bounds of each draw."""
    plan, shares = _plan(members), cell.shares[:, None, :]
    nothing = np.zeros(shares.shape[1:])
    low = _fold(np.maximum, nothing, shares, plan)
    high = np.minimum(_fold(np.add, nothing, shares, plan), 1.0)
    spread = 1.0 - _fold(np.multiply, nothing + 1.0, 1.0 - shares, plan) - low
    kept = np.clip(core, low, high, out=core)
    return np.asarray(np.clip(kept + cell.error * spread, low, high))


def unions(
    cells: Sequence[Cell], reduce: Callable[[Array], Array], workers: int = 1
) -> list[Array]:
    """What `reduce` makes of the draws (G, D) of each cell, in the order of the cells.

    Workers are threads: NumPy frees the interpreter while it computes.
    """

    def reduced(cell: Cell) -> Array:
        return reduce(cell_unions(cell))

    if workers == 1:
        return [reduced(cell) for cell in cells]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(reduced, cells))
