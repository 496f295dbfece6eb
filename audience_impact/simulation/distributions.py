"""Seeded draws: uniforms with a name of their own, and the laws that turn them into numbers.

Definitions
-----------
Key: the name of one uncertain quantity.  Draw d of a key is the d-th number of its stream.
Floor, ceiling: the least and the most that a quantity can be, whatever its source says.
Central interval of coverage c: as much mass, (1 - c) / 2, below its low end as above its high.

Method
------
The uniforms of a key are the stream of the counter-based generator Philox4x64-10 under the
128-bit key blake2b("seed|key").  They depend on the seed, the key and the place in the stream,
and on nothing else: not on how many are asked for, in which order, or on which machine.

Each law is a quantile function Q, so that draws follow the uniforms up and down.  Between a floor
and a ceiling the law is conditioned: Q(F(floor) + u (F(ceiling) - F(floor))), F its cumulative
function; nothing piles up at the ends and between them the shape is kept.  Where the floor lies
above the median the same is done with 1 - F, so that no digits are lost in the upper tail.

* split_normal: halves of two normals joined at the mode with one density, hence with mass
  w = s1 / (s1 + s2) below the mode; the widths are those for which low and high are the ends of
  the central interval.  With a = (1 - coverage) / 2, d1 = middle - low, d2 = high - middle:
  d1 = -s1 Phi^-1(a / 2w), d2 = -s2 Phi^-1(a / 2(1 - w)); w is found by bisection, as
  s2 / s1 = (1 - w) / w rises steadily against the ratio of the two equations.
* pert: a beta on [low, high] with 1 + 4 (middle - low) / (high - low) and
  1 + 4 (high - middle) / (high - low); its mean is (low + 4 middle + high) / 6.
* beta: mean and effective sample size n, shapes mean n and (1 - mean) n.
* logit_normal: the log odds are normal around those of the middle, which is the median.

Assumptions
-----------
The middle of a split normal and of a PERT is the mode, not the mean or the median.  A central
interval as published leaves equal mass on both sides.

Known drawbacks
---------------
* In a lopsided split normal the median is not the middle but lies on the longer side.
* With floor and ceiling the stated interval is that of the law before it was conditioned.
* Floor and ceiling where the law has no mass at all (38 standard deviations out) give the end
  nearest to the middle.

Citations
---------
Salmon, Moraes, Dror and Shaw (2011), Parallel random numbers: as easy as 1, 2, 3, SC11.
Wallis (2014), The two-piece normal, binormal, or double Gaussian distribution: its origin and
rediscoveries, Statistical Science 29 (Fechner 1897).
Malcolm, Roseboom, Clark and Fazar (1959), Application of a technique for research and
development program evaluation, Operations Research 7 (PERT and its mean).
Atchison and Shen (1980), Logistic-normal distributions, Biometrika 67.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import (
    betainc,
    betaincc,
    betainccinv,
    betaincinv,
    expit,
    logit,
    ndtr,
    ndtri,
)

from audience_impact.frames import Array
from audience_impact.vocabulary import InputKind

LEAST, MOST = np.finfo(np.float64).tiny, 1.0 - 2.0**-53  # inside (0, 1): finite quantiles
OUTSIDE = 40.0  # standard deviations beyond which a float holds no mass of a normal
HALVINGS = 60  # of an interval shorter than 1/2: below the spacing of floats


@dataclass(frozen=True)
class _Law:
    """A law by its mass below and above a value, and the value that has such a mass."""

    centre: Array
    below: Callable[[Array], Array]
    above: Callable[[Array], Array]
    with_below: Callable[[Array], Array]
    with_above: Callable[[Array], Array]


def uniforms(seed: int, key: str, count: int) -> Array:
    """Draws (count,) in the open interval (0, 1) that belong to a seed and a key.

    Draw d is the same whatever `count` is: a longer run begins with the shorter one.

    Raises:
        ValueError: `count` is negative.
    """
    if count < 0:
        raise ValueError("count must not be negative")
    name = blake2b(f"{seed}|{key}".encode(), digest_size=16).digest()
    raw = np.random.Philox(key=int.from_bytes(name, "little")).random_raw(count)
    # 52 bits and a half: never 0, never 1, and as far from the one as from the other
    return np.asarray(((raw >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52)


def split_normal(
    u: ArrayLike,
    middle: ArrayLike,
    low: ArrayLike,
    high: ArrayLike,
    coverage: ArrayLike,
    floor: ArrayLike = -np.inf,
    ceiling: ArrayLike = np.inf,
) -> Array:
    """Quantiles of the two-piece normal with this mode and this central interval.

    Args:
        u: Uniforms (D,) or (rows, D); all else broadcasts against them, usually (rows, 1).
        middle: Mode, in any unit; the results have the same.
        low: Value with (1 - coverage) / 2 of the mass below.
        high: Value with (1 - coverage) / 2 of the mass above.
        coverage: Share of the mass between low and high, such as 0.90 or 0.95.
        floor: Least possible value.
        ceiling: Greatest possible value.

    Raises:
        ValueError: The order is not low <= middle <= high (finite) or floor <= ceiling, or the
            coverage does not lie between 0 and 1.
    """
    centre, left, right, within = _floats(middle, low, high, coverage)
    if not ((-np.inf < left) & (left <= centre) & (centre <= right) & (right < np.inf)).all():
        raise ValueError("a split normal needs finite low <= middle <= high")
    if not ((within > 0.0) & (within < 1.0)).all():
        raise ValueError("coverage must lie between 0 and 1")
    mass, one, two = _halves(centre - left, right - centre, (1.0 - within) / 2.0)
    return _drawn(u, _two_piece(centre, mass, one, two), floor, ceiling)


def _halves(down: Array, up: Array, tail: Array) -> tuple[Array, Array, Array]:
    """Mass below the mode, and the two widths, from the distances to the ends of the interval."""
    longer, shorter = np.maximum(down, up), np.minimum(down, up)
    ratio = shorter / np.where(longer > 0.0, longer, 1.0)
    # mass on the longer side: at least a half, and no more than leaves `tail` on the other
    least, most = np.full(ratio.shape, 0.5), 1.0 - tail
    for _ in range(HALVINGS):
        w = (least + most) / 2.0
        too_much = w * ratio * -ndtri(tail / (2.0 * w)) > (w - 1.0) * ndtri(tail / (2.0 - 2.0 * w))
        least, most = np.where(too_much, least, w), np.where(too_much, w, most)
    w = (least + most) / 2.0
    wide = longer / -ndtri(tail / (2.0 * w))
    narrow = wide * (1.0 - w) / w
    below = down >= up
    return (
        np.where(below, w, 1.0 - w),
        np.where(below, wide, narrow),
        np.where(below, narrow, wide),
    )


def _standard(distance: Array, width: Array) -> Array:
    """Distance in widths, cut off where a normal has no mass, so that no width is too small."""
    inside = np.clip(distance, -OUTSIDE * width, OUTSIDE * width)
    return np.asarray(inside / np.where(width > 0.0, width, 1.0))


def _two_piece(mode: Array, mass: Array, one: Array, two: Array) -> _Law:
    """Law with `mass` below the mode; `one` and `two` are the widths below and above it."""
    rest = 1.0 - mass

    def below(x: Array) -> Array:
        down = 2.0 * mass * ndtr(_standard(np.minimum(x - mode, 0.0), one))
        return np.asarray(np.where(x < mode, down, 1.0 - above_mode(x)))

    def above_mode(x: Array) -> Array:
        return np.asarray(2.0 * rest * ndtr(-_standard(np.maximum(x - mode, 0.0), two)))

    def above(x: Array) -> Array:
        return np.asarray(np.where(x < mode, 1.0 - below(x), above_mode(x)))

    def at(p: Array, q: Array) -> Array:
        down = mode + one * ndtri(np.minimum(p / (2.0 * mass), 0.5))
        up = mode - two * ndtri(np.minimum(q / (2.0 * rest), 0.5))
        return np.asarray(np.where(p < mass, down, up))

    return _Law(mode, below, above, lambda p: at(p, 1.0 - p), lambda q: at(1.0 - q, q))


def pert(
    u: ArrayLike,
    low: ArrayLike,
    middle: ArrayLike,
    high: ArrayLike,
    floor: ArrayLike = -np.inf,
    ceiling: ArrayLike = np.inf,
) -> Array:
    """Quantiles of a PERT (modified beta, weight 4) from the least to the greatest value.

    Args:
        u: Uniforms (D,) or (rows, D); all else broadcasts against them, usually (rows, 1).
        low: Least value of the law, in any unit; the results have the same.
        middle: Mode.
        high: Greatest value of the law; equal to low, all draws are that value.
        floor: Least possible value.
        ceiling: Greatest possible value.

    Raises:
        ValueError: The order is not low <= middle <= high (finite) or floor <= ceiling.
    """
    least, mode, most = _floats(low, middle, high)
    if not ((-np.inf < least) & (least <= mode) & (mode <= most) & (most < np.inf)).all():
        raise ValueError("a PERT needs finite low <= middle <= high")
    width = most - least
    part = (mode - least) / np.where(width > 0.0, width, 1.0)
    law = _beta(1.0 + 4.0 * part, 5.0 - 4.0 * part, least, width, mode)
    return _drawn(u, law, floor, ceiling)


def _beta(a: Array, b: Array, least: Array, width: Array, centre: Array) -> _Law:
    """Beta law stretched over [least, least + width]."""

    def unit(x: Array) -> Array:
        inside = np.clip(x, least, least + width) - least
        return np.asarray(np.minimum(inside / np.where(width > 0.0, width, 1.0), 1.0))

    return _Law(
        centre,
        lambda x: np.asarray(betainc(a, b, unit(x))),
        lambda x: np.asarray(betaincc(a, b, unit(x))),
        lambda p: np.asarray(least + width * betaincinv(a, b, p)),
        lambda q: np.asarray(least + width * betainccinv(a, b, q)),
    )


def beta(
    u: ArrayLike,
    mean: ArrayLike,
    size: ArrayLike,
    floor: ArrayLike = 0.0,
    ceiling: ArrayLike = 1.0,
) -> Array:
    """Quantiles of the beta of a share with this mean and effective sample size.

    Args:
        u: Uniforms (D,) or (rows, D); all else broadcasts against them, usually (rows, 1).
        mean: Share, 0..1; at 0 and at 1 all draws are the mean.
        size: Respondents that a simple random sample of the same precision would have had, > 0.
        floor: Least possible share.
        ceiling: Greatest possible share.

    Raises:
        ValueError: The mean is not in 0..1, the size not positive and finite, or floor > ceiling.
    """
    share, number = _floats(mean, size)
    _check_share(share, "mean")
    if not ((number > 0.0) & np.isfinite(number)).all():
        raise ValueError("size must be positive and finite")
    sure = (share == 0.0) | (share == 1.0)
    inner = np.where(sure, 0.5, share)
    least, width = np.where(sure, share, 0.0), np.where(sure, 0.0, 1.0)
    law = _beta(inner * number, (1.0 - inner) * number, least, width, share)
    return _drawn(u, law, floor, ceiling)


def logit_normal(
    u: ArrayLike,
    middle: ArrayLike,
    spread: ArrayLike,
    floor: ArrayLike = 0.0,
    ceiling: ArrayLike = 1.0,
) -> Array:
    """Quantiles of a share whose log odds are normal: expit(logit(middle) + spread Phi^-1(u)).

    Args:
        u: Uniforms (D,) or (rows, D); all else broadcasts against them, usually (rows, 1).
        middle: Median share, 0..1; at 0 and at 1 all draws are the middle.
        spread: Standard deviation of the log odds, >= 0.
        floor: Least possible share.
        ceiling: Greatest possible share.

    Raises:
        ValueError: The middle is not in 0..1, the spread negative or not finite, or
            floor > ceiling.
    """
    share, sd = _floats(middle, spread)
    _check_share(share, "middle")
    if not ((sd >= 0.0) & np.isfinite(sd)).all():
        raise ValueError("spread must be finite and not negative")
    sure = (share == 0.0) | (share == 1.0)
    inner = logit(np.where(sure, 0.5, share))

    def unit(x: Array) -> Array:
        return _standard(logit(np.clip(x, 0.0, 1.0)) - inner, sd)

    def at(z: Array) -> Array:
        return np.asarray(np.where(sure | (sd == 0.0), share, expit(inner + sd * z)))

    law = _Law(
        share,
        lambda x: np.asarray(ndtr(unit(x))),
        lambda x: np.asarray(ndtr(-unit(x))),
        lambda p: at(ndtri(p)),
        lambda q: at(-ndtri(q)),
    )
    return _drawn(u, law, floor, ceiling)


def _floats(*values: ArrayLike) -> list[Array]:
    return [np.asarray(each, dtype=float) for each in values]


def _check_share(share: Array, name: str) -> None:
    if not ((share >= 0.0) & (share <= 1.0)).all():
        raise ValueError(f"{name} must lie in 0..1")


def _drawn(u: ArrayLike, law: _Law, floor: ArrayLike, ceiling: ArrayLike) -> Array:
    """Quantiles of a law conditioned on [floor, ceiling]."""
    p, least, most = _floats(u, floor, ceiling)
    if not (least <= most).all():
        raise ValueError("floor must not lie above ceiling")
    start, end = law.below(least), law.below(most)
    over, rest = law.above(least), law.above(most)
    high_up = over < start
    mass = np.where(high_up, over - rest, end - start)
    x = law.with_below(np.clip(start + p * mass, LEAST, MOST))
    if high_up.any():
        x = np.where(high_up, law.with_above(np.clip(over - p * mass, LEAST, MOST)), x)
    return np.asarray(np.clip(np.where(mass > 0.0, x, law.centre), least, most))


@dataclass(frozen=True)
class Sampler:
    """The standard draws of a run: one row of uniforms for each uncertain quantity.

    Kinds of input in `second` come from a second stream, all others from the first: that is how
    sensitivity.py moves one kind of input and holds the rest.
    """

    seed: int
    count: int
    second: frozenset[InputKind] = frozenset()

    def uniform(self, kind: InputKind, key: str) -> Array:
        """Uniforms (D,) of a key."""
        return uniforms(self.seed, f"second|{key}" if kind in self.second else key, self.count)

    def rows(self, kind: InputKind, keys: "pd.Series[str]") -> Array:
        """Uniforms (rows, D), equal keys having equal rows."""
        numbers, names = pd.factorize(keys)
        drawn = [self.uniform(kind, str(name)) for name in names]
        return np.asarray(np.array(drawn).reshape(len(names), self.count)[numbers])

    def normals(self, kind: InputKind, keys: "pd.Series[str]") -> Array:
        """Standard normals (rows, D), equal keys having equal rows."""
        return np.asarray(ndtri(self.rows(kind, keys)))
