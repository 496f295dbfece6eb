"""Validation of figures against all others, with blocks of them left out.

Definitions. Blocks are sets of figures that are left out together: those of a country, or of a
service in it. With the covariance K of all figures, Q its inverse and a = Q y, the figures y_b of a
block have, given all others, the mean y_b - S_b a_b and the covariance S_b = (Q_bb)^-1. No model is
fitted again.

Method. The score of a block is the log density of each of its figures by itself, of Student's t of
DEGREES degrees, so that a wrong figure does not rule; figures weigh with one over the square root
of the figures of their country. The gradient of all scores by K is

    sum_ij W_ij dK_ij,   W = Q D Q - (q a' + a q') / 2,   q = Q u,

with u and D from the derivatives of the scores by residual r = S a and variance s = diag S of each
block: u_b = S_b g_r, D_b = sym(u_b r_b') + S_b diag(g_s) S_b.

Citation. K. L. Lange, R. J. A. Little, J. M. G. Taylor, Robust statistical modeling using the t
distribution, JASA 84 (1989) 881-896; S. Sundararajan, S. S. Keerthi, Predictive approaches for
choosing hyperparameters in Gaussian processes, Neural Computation 13 (2001) 1103-1118; for the
inverse of a block, C. E. Rasmussen, C. K. I. Williams (2006), section 5.4.2.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audience_impact.frames import Array
from audience_impact.imputation.distribution import invert_covariance

DEGREES = 6.0
Blocks = Sequence[NDArray[np.int64]]


def split_blocks(groups: NDArray[np.int64]) -> Blocks:
    """Return the places of the figures of each group."""
    order = np.argsort(groups, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(groups[order])) + 1)


@dataclass(frozen=True)
class LeftOut:
    """Of each figure, given those of other blocks: what it is off by, and its variance."""

    residual: Array
    variance: Array


def leave_out(precision: Array, weighted: Array, parts: Blocks) -> LeftOut:
    """Return residuals and variances of figures; `precision` is Q and `weighted` Q y."""
    residual, variance = np.empty(len(weighted)), np.empty(len(weighted))
    for part in parts:
        inside = np.linalg.inv(precision[np.ix_(part, part)])
        residual[part], variance[part] = inside @ weighted[part], np.diag(inside)
    return LeftOut(residual, variance)


def score_blocks(
    precision: Array, weighted: Array, parts: Blocks, weights: Array
) -> tuple[float, Array, list[Array]]:
    """Return the score of leaving out these blocks, and its derivatives u and D by block."""
    total, u, inner = 0.0, np.zeros(len(weighted)), []
    for part in parts:
        inside = np.linalg.inv(precision[np.ix_(part, part)])
        r, s, w = inside @ weighted[part], np.diag(inside), weights[part]
        both = DEGREES * s + r**2
        total += float(
            w @ (-(DEGREES + 1.0) / 2.0 * np.log1p(r**2 / (DEGREES * s)) - 0.5 * np.log(s))
        )
        by_residual = -w * (DEGREES + 1.0) * r / both
        by_variance = w * (-0.5 / s + (DEGREES + 1.0) / 2.0 * r**2 / (s * both))
        u[part] = inside @ by_residual
        outer = np.outer(u[part], r)
        inner.append(0.5 * (outer + outer.T) + (inside * by_variance) @ inside)
    return total, u, inner


def score_ways(
    covariance: Array, odds: Array, ways: Sequence[tuple[Blocks, float]], weights: Array
) -> tuple[float, Array]:
    """Return the sum of scores of ways of leaving out, and its gradient W.

    `ways` has blocks and how much their score counts; `covariance` is used up.
    """
    precision = invert_covariance(covariance)
    weighted = precision @ odds
    middle, u, total = np.zeros_like(precision), np.zeros(len(odds)), 0.0
    for parts, counts in ways:
        block_score, slope, inner = score_blocks(precision, weighted, parts, counts * weights)
        total, u = total + block_score, u + slope
        for part, block in zip(parts, inner, strict=True):
            middle[part] += block @ precision[part]
    gradient = precision @ middle
    q = precision @ u
    gradient -= 0.5 * (np.outer(q, weighted) + np.outer(weighted, q))
    return total, gradient
