"""Membership patterns conditioned on what is measured: minimum discrimination information.

Definitions
-----------
Pattern: the exact set of platforms that a person of the base uses, numbered so that bit i of
the number says that platform i is used (as `overlap.patterns` returns them).
Fact: the measured share of the base that uses all of some platforms, or any of them.

Method
------
Of all distributions over patterns that keep the audiences and have the measured values, take
the one closest to the copula's in Kullback-Leibler divergence.  It is the copula's, tilted by
exp(sum of multipliers of the facts a pattern fulfils); the multipliers come from Newton's
method on the convex dual.  Where facts leave no freedom (an intersection at its bound) the
multipliers run off to infinity; then one linear program finds the patterns that can have mass
at all, the others are emptied, and Newton's method runs on the rest.

Assumptions
-----------
Facts and audiences are measured on the same base and without error; whoever has an error to
express conditions once a draw.

Known drawbacks
---------------
* At most 12 platforms (4,096 patterns).
* What the copula thinks impossible stays impossible; with a correlation below 1 and shares
  inside 0..1 nothing is.
* Facts that contradict one another only in the tenth digit count as contradictory.
* The set of facts that an error names is irreducible, not the smallest of all.

Citations
---------
Csiszar (1975), I-divergence geometry of probability distributions, Annals of Probability 3.
Kullback (1959), Information Theory and Statistics, Wiley.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from audience_impact.overlap.copula import Array
from audience_impact.vocabulary import OverlapKind


class ContradictoryFactsError(ValueError):
    """No distribution over patterns has the measured values; `facts` says which, by number.

    `facts` is irreducible: leaving out any one of them, the others agree.
    """

    def __init__(self, facts: Sequence[int]) -> None:
        self.facts = tuple(facts)
        named = ", ".join(map(str, self.facts))
        super().__init__(f"facts {named} contradict one another or the audiences")


@dataclass(frozen=True)
class Fact:
    """A measured share of the base: of users of all of them, or of any of them."""

    platforms: tuple[int, ...]
    share: float
    kind: OverlapKind = OverlapKind.UNION


def indicator(platforms: Sequence[int], kind: OverlapKind, count: int) -> Array:
    """1 for the patterns of `count` platforms that a fact speaks of, else 0."""
    mask = sum(1 << i for i in platforms)
    index = np.arange(1 << count)
    together = (index & mask) == mask if kind is OverlapKind.INTERSECTION else (index & mask) != 0
    return np.asarray(together, dtype=float)


def condition(
    prior: ArrayLike, shares: ArrayLike, facts: Sequence[Fact], tolerance: float = 1e-9
) -> Array:
    """Return the distribution closest to `prior` that keeps the shares and has the facts.

    Raises ContradictoryFactsError, naming the facts, where no distribution does.  Facts that
    leave no freedom (an intersection at its bound) are met exactly, by emptying patterns.
    """
    q, m = np.asarray(prior, dtype=float), np.asarray(shares, dtype=float)
    result = _conditioned(q, m, facts, tolerance)
    if result is None:
        raise ContradictoryFactsError(_irreducible(q, m, facts, tolerance))
    return result


def _conditioned(q: Array, shares: Array, facts: Sequence[Fact], tolerance: float) -> Array | None:
    """The tilted distribution, or None where the facts cannot be met."""
    count = len(shares)
    rows = [indicator((i,), OverlapKind.UNION, count) for i in range(count)]
    rows += [indicator(fact.platforms, fact.kind, count) for fact in facts]
    matrix, target = np.array(rows), np.concatenate([shares, [fact.share for fact in facts]])
    result = tilt(q, matrix, target)
    if result is None or _miss(matrix, result, target) > tolerance:
        support = possible_patterns(matrix, target, q > 0.0)
        if support is None:
            return None
        result = tilt(np.where(support, q, 0.0), matrix, target)
    met = result is not None and _miss(matrix, result, target) <= tolerance
    return result if met else None


def _irreducible(q: Array, shares: Array, facts: Sequence[Fact], tolerance: float) -> list[int]:
    """Numbers of facts that contradict one another, none of which could be left out."""
    kept = list(range(len(facts)))
    for number in range(len(facts)):
        others = [one for one in kept if one != number]
        if _conditioned(q, shares, [facts[one] for one in others], tolerance) is None:
            kept = others
    return kept


def _miss(matrix: Array, p: Array, target: Array) -> float:
    return float(np.abs(matrix @ p - target).max())


def _tilted(q: Array, exponent: Array) -> tuple[Array, float]:
    """Normalised q exp(exponent) and the log of its normaliser."""
    top = float(exponent.max())
    p = q * np.exp(exponent - top)
    total = float(p.sum())
    return p / total, top + float(np.log(total))


def tilt(q: Array, matrix: Array, target: Array, steps: int = 60) -> Array | None:
    """Newton's method on the dual; None where it does not get to the target."""
    alive = q > 0.0
    a, base, dual = matrix[:, alive], q[alive], np.zeros(len(target))
    p, height = _tilted(base, dual @ a)
    for _ in range(steps):
        gradient = a @ p - target
        if np.abs(gradient).max() < 1e-13:
            break
        moved = _newton_step(a, base, p, target, dual, height - float(dual @ target))
        if moved is None:
            break
        dual = moved
        p, height = _tilted(base, dual @ a)
    result = np.zeros(len(q))
    result[alive] = p
    return result if np.isfinite(p).all() and _miss(matrix, result, target) < 1e-7 else None


def _newton_step(
    a: Array, base: Array, p: Array, target: Array, dual: Array, value: float
) -> Array | None:
    """One damped Newton step; None when no step improves the dual any more."""
    mean = a @ p
    gradient = mean - target
    hessian = (a * p) @ a.T - np.outer(mean, mean)
    # lstsq: facts may repeat one another, and then the Hessian is singular
    move = -np.linalg.lstsq(hessian, gradient, rcond=1e-14)[0]
    slope, size = float(gradient @ move), 1.0
    while size > 1e-6:
        trial = dual + size * move
        risen = _tilted(base, trial @ a)[1] - float(trial @ target) - value
        if risen <= 1e-4 * size * slope + 1e-15:
            return np.asarray(trial)
        size /= 2.0
    return None


def possible_patterns(
    matrix: Array, target: Array, alive: NDArray[np.bool_]
) -> NDArray[np.bool_] | None:
    """Patterns that can have mass under the facts; None where the facts contradict.

    One linear program for the largest support: with p = s + e, s in 0..1, e >= 0 and a
    free scale t >= 1 on the right side, the sum of s is largest where s is 1 exactly on
    the patterns that some solution uses.
    """
    # here: it takes a tenth of the time of a check, which needs none of it
    from scipy.optimize import linprog

    a = np.vstack([matrix, np.ones(matrix.shape[1])])[:, alive]
    b = np.append(target, 1.0)
    count = a.shape[1]
    cost = np.concatenate([-np.ones(count), np.zeros(count + 1)])
    bounds = [(0.0, 1.0)] * count + [(0.0, None)] * count + [(1.0, None)]
    equal = np.hstack([a, a, -b[:, None]])
    solved = linprog(cost, A_eq=equal, b_eq=np.zeros(len(b)), bounds=bounds)
    if solved.status != 0:
        return None
    support = np.zeros(len(alive), dtype=bool)
    support[np.flatnonzero(alive)] = solved.x[:count] > 0.5
    return support


def unions_given(prior: ArrayLike, shares: ArrayLike, rows: ArrayLike, targets: ArrayLike) -> Array:
    """Unions (D,) of many draws, each conditioned on its own shares and measured values.

    `prior` (D, 2**n) patterns, `shares` (D, n), `rows` (k, 2**n) the indicators of the facts,
    `targets` (D, k) their values as shares of the base.  NaN in draws whose values cannot be
    met: a draw of audiences may leave no room for a draw of an overlap.
    """
    q, m = np.asarray(prior, dtype=float), np.asarray(shares, dtype=float)
    count = m.shape[1]
    own = [indicator((i,), OverlapKind.UNION, count) for i in range(count)]
    matrix = np.vstack([*own, np.asarray(rows, dtype=float)])
    wanted = np.hstack([m, np.asarray(targets, dtype=float)])
    p = _tilted_together(q, matrix, wanted)
    missed = np.abs(p @ matrix.T - wanted).max(axis=1)
    return np.where(missed < 1e-7, 1.0 - p[:, 0], np.nan)


def _tilted_together(q: Array, matrix: Array, wanted: Array, steps: int = 40) -> Array:
    """Damped Newton on the dual of every draw at once; patterns (D, 2**n)."""
    dual = np.zeros(wanted.shape)
    p, value = _heights(q, matrix, wanted, dual)
    small = 1e-12 * np.eye(wanted.shape[1])
    for _ in range(steps):
        mean = p @ matrix.T
        gradient = mean - wanted
        if np.abs(gradient).max() < 1e-12:
            break
        hessian = np.einsum("dk,mk,nk->dmn", p, matrix, matrix, optimize=True)
        hessian -= mean[:, :, None] * mean[:, None, :]
        move = -np.linalg.solve(hessian + small, gradient[:, :, None])[:, :, 0]
        dual, p, value = _descended(q, matrix, wanted, (dual, p, value), move)
    return p


def _descended(
    q: Array, matrix: Array, wanted: Array, now: tuple[Array, Array, Array], move: Array
) -> tuple[Array, Array, Array]:
    """Step by step halved until the dual of each draw does not rise."""
    dual, p, value = now
    size = np.ones(len(value))
    for _ in range(20):
        trial = dual + size[:, None] * move
        tried, height = _heights(q, matrix, wanted, trial)
        fine = height <= value + 1e-15
        if fine.all():
            break
        size = np.where(fine, size, size / 2.0)
    keep = fine[:, None]
    return np.where(keep, trial, dual), np.where(keep, tried, p), np.where(fine, height, value)


def _heights(q: Array, matrix: Array, wanted: Array, dual: Array) -> tuple[Array, Array]:
    exponent = dual @ matrix
    top = exponent.max(axis=1, keepdims=True)
    weight = q * np.exp(exponent - top)
    total = weight.sum(axis=1, keepdims=True)
    value = (top + np.log(total))[:, 0] - (dual * wanted).sum(axis=1)
    return weight / total, value
