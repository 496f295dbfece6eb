"""Distributions defined by quantiles or ranges, as functions from uniforms to draws.

Definitions
-----------
Floor, ceiling: the minimum and maximum that a quantity can have, whatever its source states.
Central interval of coverage c: as much mass, (1 - c) / 2, below its low end as above its high.

Method
------
Each distribution is a quantile function Q, so that draws increase with the uniforms. Between a
floor and a ceiling the distribution is conditioned: Q(F(floor) + u (F(ceiling) - F(floor))), F its
cumulative function; no probability accumulates at the ends, and the shape between them is
preserved. If the floor is above the median, the same is computed with 1 - F, so that no digits are
lost in the upper tail.

* split_normal: halves of two normals joined at the mode with one density, hence with mass w = s1 /
  (s1 + s2) below the mode; the widths are those for which low and high are the ends of the central
  interval. With a = (1 - coverage) / 2, d1 = middle - low, d2 = high - middle: d1 = -s1 Phi^-1(a /
  2w), d2 = -s2 Phi^-1(a / 2(1 - w)); w is computed by bisection, because s2 / s1 = (1 - w) / w
  increases steadily relative to the ratio of the two equations.
* pert: a beta on [low, high] with 1 + 4 (middle - low) / (high - low) and
  1 + 4 (high - middle) / (high - low); its mean is (low + 4 middle + high) / 6.

Assumptions
-----------
The middle of a split normal and of a PERT is the mode, not the mean or the median.  A central
interval as published leaves equal mass on both sides.

Known drawbacks
---------------
* In an asymmetric split normal the median is not the middle but on the longer side.
* With floor and ceiling the stated interval is that of the distribution before it was conditioned.
* Floor and ceiling where the distribution has no mass at all (38 standard deviations out) give the
  end nearest to the middle.

Citations
---------
Wallis (2014), The two-piece normal, binormal, or double Gaussian distribution: its origin and
rediscoveries, Statistical Science 29 (Fechner 1897).
Malcolm, Roseboom, Clark and Fazar (1959), Application of a technique for research and
development program evaluation, Operations Research 7 (PERT and its mean).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import (
    betainc,
    betaincc,
    betainccinv,
    betaincinv,
    ndtr,
    ndtri,
)

from audience_impact.frames import Array

LEAST, MOST = np.finfo(np.float64).tiny, 1.0 - 2.0**-53  # inside (0, 1): finite quantiles
OUTSIDE = 40.0  # standard deviations beyond which a float holds no mass of a normal
HALVINGS = 60  # of an interval shorter than 1/2: below the spacing of floats


@dataclass(frozen=True)
class _Distribution:
    """A distribution: its probabilities below and above a value, and the inverse of both."""

    centre: Array
    below: Callable[[Array], Array]
    above: Callable[[Array], Array]
    with_below: Callable[[Array], Array]
    with_above: Callable[[Array], Array]


def draw_split_normal(
    u: ArrayLike,
    middle: ArrayLike,
    low: ArrayLike,
    high: ArrayLike,
    coverage: ArrayLike,
    floor: ArrayLike = -np.inf,
    ceiling: ArrayLike = np.inf,
) -> Array:
    """Return quantiles of the two-piece normal with this mode and this central interval.

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
            coverage is not between 0 and 1.
    """
    centre, lower_end, upper_end, within = _to_floats(middle, low, high, coverage)
    if not (
        (-np.inf < lower_end) & (lower_end <= centre) & (centre <= upper_end) & (upper_end < np.inf)
    ).all():
        raise ValueError("a split normal needs finite low <= middle <= high")
    if not ((within > 0.0) & (within < 1.0)).all():
        raise ValueError("coverage must lie between 0 and 1")
    mass, width_below, width_above = _find_halves(
        centre - lower_end, upper_end - centre, (1.0 - within) / 2.0
    )
    return _draw_within(u, _make_two_piece(centre, mass, width_below, width_above), floor, ceiling)


def _find_halves(down: Array, up: Array, tail: Array) -> tuple[Array, Array, Array]:
    """Return the mass below the mode and the two widths, from the distances to both ends."""
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


def _count_widths(distance: Array, width: Array) -> Array:
    """Return distances in units of the width, limited to the range in which a normal has mass."""
    inside = np.clip(distance, -OUTSIDE * width, OUTSIDE * width)
    return np.asarray(inside / np.where(width > 0.0, width, 1.0))


def _make_two_piece(
    mode: Array, mass: Array, width_below: Array, width_above: Array
) -> _Distribution:
    """Return the distribution with `mass` below the mode and these widths on its sides."""
    rest = 1.0 - mass

    def mass_below(x: Array) -> Array:
        down = 2.0 * mass * ndtr(_count_widths(np.minimum(x - mode, 0.0), width_below))
        return np.asarray(np.where(x < mode, down, 1.0 - above_mode(x)))

    def above_mode(x: Array) -> Array:
        return np.asarray(2.0 * rest * ndtr(-_count_widths(np.maximum(x - mode, 0.0), width_above)))

    def mass_above(x: Array) -> Array:
        return np.asarray(np.where(x < mode, 1.0 - mass_below(x), above_mode(x)))

    def value_at(p: Array, q: Array) -> Array:
        down = mode + width_below * ndtri(np.minimum(p / (2.0 * mass), 0.5))
        up = mode - width_above * ndtri(np.minimum(q / (2.0 * rest), 0.5))
        return np.asarray(np.where(p < mass, down, up))

    return _Distribution(
        mode, mass_below, mass_above, lambda p: value_at(p, 1.0 - p), lambda q: value_at(1.0 - q, q)
    )


def draw_pert(
    u: ArrayLike,
    low: ArrayLike,
    middle: ArrayLike,
    high: ArrayLike,
    floor: ArrayLike = -np.inf,
    ceiling: ArrayLike = np.inf,
) -> Array:
    """Return quantiles of a PERT (modified beta, weight 4) from the least to the greatest value.

    Args:
        u: Uniforms (D,) or (rows, D); all else broadcasts against them, usually (rows, 1).
        low: Least value of the distribution, in any unit; the results have the same.
        middle: Mode.
        high: Greatest value of the distribution; equal to low, all draws are that value.
        floor: Least possible value.
        ceiling: Greatest possible value.

    Raises:
        ValueError: The order is not low <= middle <= high (finite) or floor <= ceiling.
    """
    least, mode, most = _to_floats(low, middle, high)
    if not ((-np.inf < least) & (least <= mode) & (mode <= most) & (most < np.inf)).all():
        raise ValueError("a PERT needs finite low <= middle <= high")
    width = most - least
    part = (mode - least) / np.where(width > 0.0, width, 1.0)
    distribution = _make_beta(1.0 + 4.0 * part, 5.0 - 4.0 * part, least, width, mode)
    return _draw_within(u, distribution, floor, ceiling)


def _make_beta(a: Array, b: Array, least: Array, width: Array, centre: Array) -> _Distribution:
    """Return the beta distribution stretched over [least, least + width]."""

    def to_unit(x: Array) -> Array:
        inside = np.clip(x, least, least + width) - least
        return np.asarray(np.minimum(inside / np.where(width > 0.0, width, 1.0), 1.0))

    return _Distribution(
        centre,
        lambda x: np.asarray(betainc(a, b, to_unit(x))),
        lambda x: np.asarray(betaincc(a, b, to_unit(x))),
        lambda p: np.asarray(least + width * betaincinv(a, b, p)),
        lambda q: np.asarray(least + width * betainccinv(a, b, q)),
    )


def _to_floats(*values: ArrayLike) -> list[Array]:
    return [np.asarray(value, dtype=float) for value in values]


def _draw_within(
    u: ArrayLike, distribution: _Distribution, floor: ArrayLike, ceiling: ArrayLike
) -> Array:
    """Return quantiles of a distribution conditioned on [floor, ceiling]."""
    p, least, most = _to_floats(u, floor, ceiling)
    if not (least <= most).all():
        raise ValueError("floor must not lie above ceiling")
    start, end = distribution.below(least), distribution.below(most)
    over, rest = distribution.above(least), distribution.above(most)
    high_up = over < start
    mass = np.where(high_up, over - rest, end - start)
    x = distribution.with_below(np.clip(start + p * mass, LEAST, MOST))
    if high_up.any():
        x = np.where(high_up, distribution.with_above(np.clip(over - p * mass, LEAST, MOST)), x)
    return np.asarray(np.clip(np.where(mass > 0.0, x, distribution.centre), least, most))
