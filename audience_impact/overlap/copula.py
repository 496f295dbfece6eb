"""The overlap of audiences: a one-factor Gaussian copula inside an online base.

Definitions. Base: the people online. Shares m_1..m_n: each platform's users over the base. Union:
the share of the base that uses at least one of some platforms.

Method. Platform i is used where sqrt(r) Z + sqrt(1-r) E_i > t_i, with Z, E_1..E_n independent
standard normal and t_i = -Phi^-1(m_i): each audience keeps its size whatever the correlation r.
Given Z = z the platforms are independent, hence

    union = 1 - Int phi(z) Prod_i Phi((t_i - sqrt(r) z) / sqrt(1-r)) dz.

The integral is computed by the trapezoidal rule on [-8.5, 8.5]. Its integrand is entire and falls
like a Gaussian, so the error falls like exp(-2 (pi/h)^2 / (1 + n r/(1-r))); the step h is taken
from that formula. r = 0 is independence, r -> 1 tends to the largest audience.

A pattern is the exact set of platforms that a person uses, as a number whose bit i says that
platform i is used; pattern 0 is that of non-users. Measured overlaps are shares of the base that
use all of some platforms, or any of them. Of all distributions over patterns with the audiences and
the measured values, the closest to that of the copula in Kullback-Leibler divergence is taken: the
copula's, multiplied by exp(sum of multipliers of the overlaps that a pattern satisfies). The
multipliers come from damped Newton steps on the convex dual, all draws at once; at a bound they
grow until the values are met to 1e-7.

The correlation is a distribution. With x = logit r fitted to each survey, x = mean + house +
survey, each house with the same weight (fitting/joint_use.py). A new survey of a new house has x =
mean + c s T, T Student t with (houses - 1, at least 2) degrees of freedom, s^2 = between (1 +
1/houses) + within, and c = `spread_below` where T < 0, `spread_above` where T > 0: half of the
draws lie on either side of the mean, and those above reach further, because messengers nest (if
nearly everyone uses one messenger, the users of a smaller one are among them). `between` is not
reduced by what `within` already puts into the house means: draw a house, then a survey in it.
Surveys of the area itself pull the mean and narrow the spread by Gaussian conditioning, through the
variance that they share with the audiences: the variance between areas and the part `region` of
`between`. The model's own error is normal with standard deviation `model` times (independence -
largest audience), because assumptions on joint use determine where in that distance a union is.
Nearer a Frechet bound, max m_i <= union <= min(1, sum m_i), it changes a draw less, and never
beyond the bound (`move_unions`).

Assumptions. All audiences and overlaps are inside the base and are measured on it, within one draw
without error, by another house than the surveys of the area. All pairs have the same correlation;
houses are exchangeable; the error of a set is independent of its correlation; half of what houses
differ by belongs to their region. The two factors of the spread are chosen, not estimated: so that
the 90 % interval contains the truth often enough for the house with the lowest coverage, with each
house left out of the fit (docs/method.md).

Known drawbacks. Negative association (two rival platforms) is outside the model; the model error
and the truncation at the Frechet bounds cover it. A hub (nearly everyone who uses anything uses one
messenger) makes unions of several platforms smaller than any common correlation that fits the
pairs. A block of online people who use nothing is not modelled; measure "uses any of these" and
condition on it. Patterns are of at most 12 platforms (4,096 patterns); draws that cannot meet the
measured values are unknown. Eight houses are few: the spread between houses has seven degrees of
freedom. An interval that is wide enough for the houses that differ most is too wide for the others:
a 90 % interval then contains the truth in 96 % of cases or more. Errors in the shares themselves
are not included.

Citations. Frechet (1935), Generalisation du theoreme des probabilites totales, Fund. Math. 25.
Vasicek (1987), Probability of loss on loan portfolio, KMV (the one-factor integral). Trefethen and
Weideman (2014), The exponentially convergent trapezoidal rule, SIAM Review 56. Searle, Casella and
McCulloch (1992), Variance Components, Wiley (partial pooling). Csiszar (1975), I-divergence
geometry of probability distributions, Annals of Probability 3; Kullback (1959), Information Theory
and Statistics, Wiley (patterns).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, ndtr, ndtri, stdtrit

from audience_impact.frames import Array
from audience_impact.vocabulary import OverlapKind

REACH = 8.5  # the factor beyond which a normal has 2e-17 of its mass
BLOCK = 1 << 15  # numbers in one block of rows x nodes, so that it fits the cache
PATTERN_BLOCK = BLOCK << 3
LOGIT_GRID = np.linspace(-6.0, 4.59511985, 213)  # correlations 0.0025 to 0.99
NO_ROOM = 1e-300
"""Divisor in place of zero, where the distance, and therefore the error, is zero."""


def bound_by_shares(shares: ArrayLike) -> tuple[Array, Array]:
    """Return the lower and upper bound of the union, given only shares (..., platforms)."""
    m = np.asarray(shares, dtype=float)
    return m.max(axis=-1, initial=0.0), np.minimum(1.0, m.sum(axis=-1))


def assume_independence(shares: ArrayLike) -> Array:
    """Return the union of shares (..., platforms) if the uses of platforms were independent."""
    return np.asarray(1.0 - np.prod(1.0 - np.asarray(shares, dtype=float), axis=-1))


def move_unions(core: Array, move: Array, low: Array, high: Array) -> Array:
    """Return unions moved by an error that decreases near a bound, so that none passes the bound.

    With d the distance to the bound ahead, a move s becomes d s / (d + |s|): s where the bound is
    far, nearly d where it is near. Cutting draws off would pile them up on the bound.
    """
    ahead = np.where(move < 0.0, core - low, high - core)
    size = np.maximum(ahead + np.abs(move), NO_ROOM)
    return np.asarray(np.clip(core + ahead * move / size, low, high))


def add_model_error(core: Array, shares: Array, error: Array, part: float = 1.0) -> Array:
    """Return unions of shares (..., platforms) with a part of a model's error, in the bounds."""
    low, high = bound_by_shares(shares)
    inside = np.clip(core, low, high)
    return move_unions(inside, error * (assume_independence(shares) - low) * part, low, high)


def _make_nodes(shares: Array, correlation: Array, digits: float) -> tuple[Array, Array]:
    """Return nodes and weights (adding up to 1) of the normal factor that do for all rows."""
    active = ((shares > 0.0) & (shares < 1.0)).sum(axis=1)
    steepness = 1.0 + active * correlation / (1.0 - correlation)
    h = np.pi * np.sqrt(2.0 / (np.log(10.0) * digits * steepness))
    ladder_step = np.ceil(2.0 * np.log2((REACH / h).max(initial=8.0)))  # powers of sqrt(2)
    half = int(np.ceil(2.0 ** (ladder_step / 2.0)))
    z = np.linspace(-REACH, REACH, 2 * half + 1)
    weight = np.exp(-0.5 * z * z)
    return z, weight / weight.sum()


def compute_union(shares: ArrayLike, correlation: ArrayLike, digits: float = 10.0) -> Array:
    """Return the union for shares (..., platforms) and a correlation that broadcasts to (...).

    Platforms of share 0 are padding. The absolute error is below 10**-digits for digits 5 to 12
    (measured against a rule of 20,001 nodes, up to 20 platforms and correlation 0.99).
    """
    m, r = np.asarray(shares, dtype=float), np.asarray(correlation, dtype=float)
    shape = np.broadcast_shapes(m.shape[:-1], r.shape)
    # sorted: the order in which platforms are named must not change a byte
    rows = np.sort(np.broadcast_to(m, (*shape, m.shape[-1])).reshape(-1, m.shape[-1]))[:, ::-1]
    flat = np.broadcast_to(r, shape).reshape(-1)
    z, weight = _make_nodes(rows, flat, digits)
    none = np.empty(len(rows))
    size = max(1, BLOCK // len(z))
    for part in (slice(at, at + size) for at in range(0, len(rows), size)):
        scale = 1.0 / np.sqrt(1.0 - flat[part])
        slope = (np.sqrt(flat[part]) * scale)[:, None] * z
        product = np.broadcast_to(weight, slope.shape).copy()
        for share in rows[part].T:
            if share.any():
                product *= ndtr((-ndtri(share) * scale)[:, None] - slope)
        none[part] = product.sum(axis=1)
    return np.asarray(np.clip(1.0 - none, *bound_by_shares(rows)).reshape(shape))


@dataclass(frozen=True)
class Calibration:
    """Correlation on the logit scale as fitted to surveys, and the model's error."""

    mean: float  # mean over houses of the house means of logit correlation
    between: float  # variance of the house means
    within: float  # variance of surveys in a house, mean over houses with several
    area: float  # part of `within` that belongs to the area
    region: float  # part of `between` that surveys of one area by two houses have in common
    model: float  # sd of the model error over (independence - largest audience)
    houses: int
    spread_below: float = 1.0  # factor of the spread below the centre
    spread_above: float = 1.0  # factor of the spread above the centre

    @property
    def predictive_variance(self) -> float:
        """Return the variance of logit correlation for a new survey of a new house."""
        return self.between * (1.0 + 1.0 / self.houses) + self.within


class OwnSurvey(NamedTuple):
    """A survey of the area itself: its fitted correlation, and the survey organisation."""

    correlation: float
    house: str


def clip_log_odds(correlation: ArrayLike) -> Array:
    """Return log odds of a correlation, clipped to the range of the grid."""
    r = np.clip(np.asarray(correlation, dtype=float), expit(LOGIT_GRID[0]), expit(LOGIT_GRID[-1]))
    return np.asarray(np.log(r / (1.0 - r)))


def predict_correlation(
    calibration: Calibration, area_surveys: Sequence[OwnSurvey] = ()
) -> tuple[float, float]:
    """Return centre and scale of logit correlation for an area, given its surveys."""
    if not area_surveys:
        return calibration.mean, float(np.sqrt(calibration.predictive_variance))
    house = np.array([survey.house for survey in area_surveys])
    part = np.where(house[:, None] == house, 1.0, calibration.region)
    among = calibration.area + calibration.between * part
    np.fill_diagonal(among, calibration.predictive_variance)
    to_target = calibration.area + calibration.between * np.full(len(house), calibration.region)
    gain = np.linalg.solve(among, to_target)
    fitted_logits = clip_log_odds([s.correlation for s in area_surveys])
    centre = calibration.mean + float(gain @ (fitted_logits - calibration.mean))
    return centre, float(np.sqrt(calibration.predictive_variance - gain @ to_target))


def draw_correlations(
    calibration: Calibration,
    uniforms: ArrayLike,
    area_parameters: tuple[float, float] | None = None,
) -> Array:
    """Return correlations at `uniforms`; `area_parameters` of `predict_correlation`, if any."""
    centre, scale = area_parameters or predict_correlation(calibration)
    t = stdtrit(max(calibration.houses - 1, 2), np.asarray(uniforms, dtype=float))
    wide = np.where(t < 0.0, calibration.spread_below, calibration.spread_above)
    x = centre + scale * wide * t
    return np.asarray(expit(np.clip(x, LOGIT_GRID[0], LOGIT_GRID[-1])))


def draw_patterns(shares: ArrayLike, correlation: ArrayLike) -> Array:
    """Return patterns (D, 2**n) of shares (D, n), n at most 12, and correlations, within 1e-7."""
    m, r = np.asarray(shares, dtype=float), np.asarray(correlation, dtype=float)
    z, weight = _make_nodes(m, r, digits=7.0)
    size = max(1, PATTERN_BLOCK // (len(z) << m.shape[1]))
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

    `prior` (D, 2**n) patterns, `shares` (D, n), `rows` (k, 2**n) marks of overlaps, `targets` (D,
    k) shares of the base. NaN where audiences leave no room for the overlap.
    """
    q, m = np.asarray(prior, dtype=float), np.asarray(shares, dtype=float)
    single = [mark_patterns((i,), OverlapKind.UNION, m.shape[1]) for i in range(m.shape[1])]
    matrix = np.vstack([*single, np.asarray(rows, dtype=float)])
    goals = np.hstack([m, np.asarray(targets, dtype=float)])
    p = _tilt_patterns(q, matrix, goals)
    missed = np.abs(p @ matrix.T - goals).max(axis=1)
    return np.where(missed < 1e-7, 1.0 - p[:, 0], np.nan)


def _tilt_patterns(q: Array, matrix: Array, goals: Array) -> Array:
    dual = np.zeros(goals.shape)
    p, value = _evaluate_dual(q, matrix, goals, dual)
    small = 1e-12 * np.eye(goals.shape[1])
    for _ in range(40):
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
