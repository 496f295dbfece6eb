"""Patterns of use of one set, conditioned on measured overlaps by minimum discrimination.

Definitions. A pattern is the exact set of platforms that a person uses, as a number whose bit i
says that platform i is used: n platforms have 2**n patterns, and pattern 0 is that of non-users. A
fact is the measured share of the universe that uses all of some platforms, or any of them.

Method. Of all distributions over patterns with the given audiences and the measured values, the
closest to that of the copula in Kullback-Leibler divergence: the copula's, multiplied by exp(sum of
multipliers of the facts that a pattern satisfies). The multipliers come from damped Newton steps on
the convex dual, all draws at once; at a bound they grow until the values are met to 1e-7.

Assumptions. Within one draw facts and audiences are measured on one universe without error: errors
are expressed by conditioning each draw on its own shares and values.

Known drawbacks. At most 12 platforms (4,096 patterns). Draws that cannot meet the values are
unknown.

Citations. Csiszar (1975), I-divergence geometry of probability distributions, Annals of Probability
3; Kullback (1959), Information Theory and Statistics, Wiley.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from audience_impact.frames import Array
from audience_impact.overlap.copula import BLOCK, count_half_nodes, make_nodes
from audience_impact.vocabulary import OverlapKind


def draw_patterns(shares: ArrayLike, correlation: ArrayLike) -> Array:
    """Return patterns (D, 2**n) of one set from shares (D, n), n at most 12, and correlations.

    Absolute error below 1e-7.
    """
    m, r = np.asarray(shares, dtype=float), np.asarray(correlation, dtype=float)
    half = int(count_half_nodes(m, r, digits=7.0).max(initial=8))
    size = max(1, (BLOCK << 3) // ((2 * half + 1) << m.shape[1]))
    z, weight = make_nodes(half)
    parts = [np.empty((0, 1 << m.shape[1]))]
    for at in range(0, len(m), size):
        correlations = r[at : at + size]
        scale = (1.0 / np.sqrt(1.0 - correlations))[:, None]
        slope = np.sqrt(correlations)[:, None] * z
        joint = np.broadcast_to(weight[:, None], (len(correlations), len(z), 1))
        for threshold in -ndtri(m[at : at + size].T):
            above = (threshold[:, None] - slope) * scale
            joint = np.concatenate(
                [joint * ndtr(above)[:, :, None], joint * ndtr(-above)[:, :, None]], axis=2
            )
        parts.append(joint.sum(axis=1))
    return np.concatenate(parts)


def mark_patterns(platforms: Sequence[int], kind: OverlapKind, count: int) -> Array:
    """Return 1 for the patterns (2**count,) that an overlap covers, else 0."""
    mask = sum(1 << i for i in platforms)
    index = np.arange(1 << count)
    together = (index & mask) == mask if kind is OverlapKind.INTERSECTION else (index & mask) != 0
    return np.asarray(together, dtype=float)


def condition_unions(
    prior: ArrayLike, shares: ArrayLike, rows: ArrayLike, targets: ArrayLike
) -> Array:
    """Return unions (D,), each draw conditioned on the shares and measured values of that draw.

    `prior` (D, 2**n) patterns, `shares` (D, n), `rows` (k, 2**n) the indicators of the facts,
    `targets` (D, k) their values as shares of the base. NaN in draws whose values are impossible,
    because the drawn audiences leave no room for the drawn overlap.
    """
    q, m = np.asarray(prior, dtype=float), np.asarray(shares, dtype=float)
    count = m.shape[1]
    single_platforms = [mark_patterns((i,), OverlapKind.UNION, count) for i in range(count)]
    matrix = np.vstack([*single_platforms, np.asarray(rows, dtype=float)])
    goals = np.hstack([m, np.asarray(targets, dtype=float)])
    p = _tilt_patterns(q, matrix, goals)
    missed = np.abs(p @ matrix.T - goals).max(axis=1)
    return np.where(missed < 1e-7, 1.0 - p[:, 0], np.nan)


def _tilt_patterns(q: Array, matrix: Array, goals: Array, steps: int = 40) -> Array:
    dual = np.zeros(goals.shape)
    p, value = _evaluate_dual(q, matrix, goals, dual)
    small = 1e-12 * np.eye(goals.shape[1])
    for _ in range(steps):
        mean = p @ matrix.T
        gradient = mean - goals
        if np.abs(gradient).max() < 1e-12:
            break
        hessian = np.einsum("dk,mk,nk->dmn", p, matrix, matrix, optimize=True)
        hessian -= mean[:, :, None] * mean[:, None, :]
        move = -np.linalg.solve(hessian + small, gradient[:, :, None])[:, :, 0]
        size = np.ones((len(value), 1))
        for _ in range(20):  # halve the step of each draw until its dual does not rise
            patterns, height = _evaluate_dual(q, matrix, goals, dual + size * move)
            is_fine = height <= value + 1e-15
            if is_fine.all():
                break
            size = np.where(is_fine[:, None], size, size / 2.0)
        dual = np.where(is_fine[:, None], dual + size * move, dual)
        p, value = np.where(is_fine[:, None], patterns, p), np.where(is_fine, height, value)
    return p


def _evaluate_dual(q: Array, matrix: Array, goals: Array, dual: Array) -> tuple[Array, Array]:
    exponent = dual @ matrix
    top = exponent.max(axis=1, keepdims=True)
    weight = q * np.exp(exponent - top)
    total = weight.sum(axis=1, keepdims=True)
    value = (top + np.log(total))[:, 0] - (dual * goals).sum(axis=1)
    return weight / total, value
