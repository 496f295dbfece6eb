"""The model of joint use: the one-factor Gaussian copula, and the unions of a complete register.

copula.py describes the method, assumptions and drawbacks of the copula, and fitting/joint_use.py
its fit. The rest of this text is about many sets of platforms and many draws.

Definitions. Universe: the people that shares refer to. Joint use: how people of one country use
platforms together, as D draws of the correlation and of the model's error. Set: the platforms of
one union. Group: all unions of one country and universe, which share the draws of the audiences and
of the joint use, so that draw d is one possible world. Rule: the nodes and weights by which the
integral over the common factor is done.

Method. For a draw with shares m_i, correlation r and error e, the integral of copula.py gives the
union that the correlation makes (the core), limited to the Frechet bounds max m_i and min(1, sum
m_i) of the draw's own shares; the result is the core plus e (independence - largest audience).

Within a group Phi((t_i - sqrt(r) z) / sqrt(1-r)) is looked up once for each platform, draw and node
z, the nodes of all draws side by side, and every set multiplies its platforms' tables. Sets are
taken in the order of a dictionary, so that {a, b, c} starts from the product of {a, b}. Phi is
interpolated on 16,384 chords on [-6, 6] (error 1.7e-8 at most): only additions, multiplications and
look-ups, a quarter of the time of scipy's ndtr. The trapezoidal rule spans [-4.9, 4.9]; its step
follows from the draw's correlation by the formula in copula.py and from the class of the set's size
(up to 8 platforms, up to 16, up to 32, ...), with at least 13 nodes. The error against
copula.compute_union at 10 digits is 5e-7 at most, for up to 20 platforms, shares from 0 to 1 and
correlations from 0 to 0.999.

A set's draws depend, to the last bit, on nothing but the set's own shares in the order of the
group's platforms, the correlation and the error: not on other sets or platforms of the group, or
on blocks of draws.

Assumptions. Those of copula.py; in addition the draws of a group belong together (draw k of one
platform belongs to draw k of every other, of the correlation and of the error).

Known drawbacks. A set of 8 platforms and one of 9 use different rules, so that the smaller one may
come out larger by the error of the rules, 1e-6, where the ninth platform adds nothing. Groups are
drawn one after another; threads would gain nothing (measured), so that a run is divided among
processes instead.

Citation. Trefethen and Weideman (2014), The exponentially convergent trapezoidal rule, SIAM
Review 56.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import compress, takewhile
from typing import Any, ClassVar, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, ndtr, ndtri

from audience_impact.facts.tables import Tables
from audience_impact.frames import Array
from audience_impact.overlap import copula, patterns
from audience_impact.overlap.copula import Calibration, OwnSurvey, move_unions
from audience_impact.rules import ParameterError
from audience_impact.vocabulary import DedupMethod, InputKind, OverlapParameter

Uniforms: TypeAlias = Callable[[InputKind, str], Array]
"""Returns the uniforms (D,) of a kind of input and a key; the same key gives the same uniforms."""
REACH = 4.9  # the factor beyond which a normal has 1e-6 of its mass
DIGITS = 3.5  # in the formula of the error, which promises too little
LEAST_HALF = 6  # nodes on either side of the middle, where the correlation is small
SMALLEST_CLASS = 8
BLOCK = 1 << 16  # nodes of all draws of a block: its tables stay in the cache
CHORDS = 1 << 14
TABLE_REACH = 6.0
PER_UNIT = CHORDS / (2.0 * TABLE_REACH)

_GRID = ndtr(np.linspace(-TABLE_REACH, TABLE_REACH, CHORDS + 1))
_GRID[0], _GRID[-1] = 0.0, 1.0
_RISE = np.append(np.diff(_GRID), 0.0)


@dataclass(frozen=True)
class JointUse:
    """D draws of how people of one country use platforms together."""

    correlation: Array  # (D,)
    error: Array  # (D,) of the model, over (independence - largest audience)


@dataclass(frozen=True)
class Group:
    """G unions of one country and universe, of P platforms, in D draws."""

    shares: Array  # (P, D) draws of the audiences over the universe, 0..1
    joint_use: JointUse
    members: NDArray[np.bool_]  # (G, P) which platforms each union contains
    cache: dict[Hashable, Any] | None = None  # cores by what they depend on, to take from and add


@dataclass(frozen=True)
class OverlapModel:
    """The correlation fitted to surveys, adjusted by the surveys of a country itself.

    `centres` contains the centre and scale of the log odds of the correlation of each country that
    was surveyed itself; all others have those of the calibration.
    """

    dedup_method: ClassVar[DedupMethod] = DedupMethod.LATENT_FACTOR
    calibration: Calibration
    centres: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def joint_use(self, country_id: str, uniforms: Uniforms) -> JointUse:
        """Return the joint use of a country; of one without surveys if blank or unknown.

        Uniforms are of the kinds CORRELATION and MODEL (error), under keys that name the country.
        """
        u = uniforms(InputKind.CORRELATION, f"correlation|{country_id}")
        drawn = copula.draw_correlations(self.calibration, u, self.centres.get(country_id))
        v = uniforms(InputKind.MODEL, f"model|{country_id}")
        return JointUse(drawn, copula.draw_errors(self.calibration, v))

    def draw_unions(self, group: Group) -> Array:
        """Return draws (G, D) of the unions of a group, as shares of the universe, with error."""
        if not ((group.shares >= 0.0) & (group.shares <= 1.0)).all():
            raise ValueError("shares must lie in 0..1")
        if not group.members.size:
            return np.zeros((len(group.members), group.shares.shape[1]))
        distinct, place = np.unique(group.members, axis=0, return_inverse=True)
        cores = _compute_cores(group, distinct)
        return np.asarray(_add_error(group, distinct, cores)[place.reshape(-1)])

    def draw_patterns(self, shares: Array, joint_use: JointUse) -> Array:
        """Return draws (D, 2**n) of the patterns of audiences (D, n), for at most 12 audiences."""
        return patterns.draw_patterns(shares, joint_use.correlation)


def _compute_cores(group: Group, members: NDArray[np.bool_]) -> Array:
    """Return the union (G, D) of each set at the drawn correlations, cached if possible."""
    correlation, *shares = (
        blake2b(row.tobytes()).digest() for row in (group.joint_use.correlation, *group.shares)
    )
    names = [("core", correlation, *compress(shares, row)) for row in members.tolist()]
    cache = {} if group.cache is None else group.cache
    is_new = np.array([name not in cache for name in names])
    sizes = members.sum(axis=1)
    power = np.ceil(np.log2(np.maximum(sizes, SMALLEST_CLASS)))
    classes = np.where(is_new & (sizes > 1), 2.0**power, 0.0)
    for size in np.unique(classes[classes > 0]):
        core = 1.0 - _integrate_unused(group, members[classes == size], int(size))
        cache.update(zip(compress(names, classes == size), core, strict=True))
    nothing = np.zeros(group.shares.shape[1])  # of one platform or none
    return np.array([cache.get(name, nothing) for name in names])


def _integrate_unused(group: Group, members: NDArray[np.bool_], size: int) -> Array:
    """Return the probability (G, D) of using no platform of each set of up to `size` platforms."""
    used = members.any(axis=0)
    plan = _plan_steps(members[:, used])
    shares, correlation = group.shares[used], group.joint_use.correlation
    steepness = 1.0 + size * correlation / (1.0 - correlation)
    h = np.pi * np.sqrt(2.0 / (np.log(10.0) * DIGITS * steepness))
    half = np.ceil(np.maximum(REACH / h, LEAST_HALF)).astype(np.int64)
    block = np.cumsum(2 * half + 1) // BLOCK
    edges = np.append(np.flatnonzero(np.diff(block, prepend=-1)), len(half))
    none = np.empty((len(members), len(half)))
    for part in map(slice, edges[:-1], edges[1:]):
        none[:, part] = _integrate_block(shares[:, part], correlation[part], half[part], plan)
    return none


def _integrate_block(
    shares: Array, correlation: Array, half: NDArray[np.int64], plan: "Sequence[_Step]"
) -> Array:
    """Return the probability (G, draws) of using no platform of each set, with `half` nodes."""
    count = 2 * half + 1
    first = np.cumsum(count) - count
    scale = PER_UNIT / np.sqrt(1.0 - correlation)
    z = (np.arange(count.sum()) - np.repeat(first + half, count)) * np.repeat(REACH / half, count)
    weight = np.exp(-0.5 * z * z)
    line = z * np.repeat(np.sqrt(correlation) * scale, count) - 0.5 * CHORDS
    tables = np.empty((len(shares), len(z)))
    for table, threshold in zip(tables, -ndtri(shares) * scale, strict=True):
        np.subtract(np.repeat(threshold, count), line, out=table)
        np.clip(table, 0.0, CHORDS, out=table)
        index = table.astype(np.intp)
        table -= index
        table *= _RISE.take(index)
        table += _GRID.take(index)
    none = np.empty((len(plan), len(half)))
    for row, product in zip(none, _fold_sets(np.multiply, weight, tables, plan), strict=True):
        np.add.reduceat(product, first, out=row)
    return none / np.add.reduceat(weight, first)


_Step: TypeAlias = tuple[int, tuple[int, ...]]
"""The number of platforms that a set shares with the previous set, and its other platforms."""


def _plan_steps(members: NDArray[np.bool_]) -> list[_Step]:
    """Return steps through sets in lexicographic order, so that a common beginning occurs once."""
    steps, before = list[_Step](), tuple[int, ...]()
    for row in members.tolist():
        now = tuple(compress(range(len(row)), row))
        same = takewhile(lambda pair: pair[0] == pair[1], zip(before, now, strict=False))
        common_count = sum(1 for _ in same)
        steps.append((common_count, now[common_count:]))
        before = now
    return steps


def _fold_sets(
    combine: np.ufunc, start: Array, tables: Array, plan: Sequence[_Step]
) -> Iterator[Array]:
    """Yield the combined tables (P, places) of each set; the next set overwrites them."""
    deepest = max(common_count + len(added) for common_count, added in plan)
    stack = [start, *np.empty((deepest, tables.shape[1]))]
    rows = list(tables)
    for depth, added in plan:
        for platform in added:
            combine(stack[depth], rows[platform], out=stack[depth + 1])
            depth += 1
        yield stack[depth]


def _add_error(group: Group, members: NDArray[np.bool_], core: Array) -> Array:
    plan, nothing = _plan_steps(members), np.zeros(group.shares.shape[1])
    largest = _fold_sets(np.maximum, nothing, group.shares, plan)
    added = _fold_sets(np.add, nothing, group.shares, plan)
    neither = _fold_sets(np.multiply, nothing + 1.0, 1.0 - group.shares, plan)
    for row, low, total, none in zip(core, largest, added, neither, strict=True):
        high = np.minimum(total, 1.0)
        np.clip(row, low, high, out=row)
        row[:] = move_unions(row, group.joint_use.error * (1.0 - none - low), low, high)
    return core


def make_lattice(count: int) -> Uniforms:
    """Return a function that gives low-discrepancy uniforms (count,) and needs no seed.

    They are a Kronecker sequence of the plastic number: one for the correlation, another for the
    error.
    """
    plastic = 1.324717957244746
    index = np.arange(count)
    first, second = (index + 0.5) / count, np.asarray((0.5 + index / plastic) % 1.0)
    return lambda kind, _: second if kind is InputKind.MODEL else first


def read_model(tables: Tables) -> OverlapModel | None:
    """Return the model with fitted parameters, adjusted to the surveys of each surveyed country.

    `tables` contains `overlap_calibration` and `surveys`, typed. Return None without a calibration.
    """
    table = tables["overlap_calibration"]
    if table.empty:
        return None
    calibration = read_calibration(table)
    of_areas = list_area_surveys(table, tables["surveys"])
    centres = {area: copula.predict_correlation(calibration, of_areas[area]) for area in of_areas}
    return OverlapModel(calibration, centres)


def read_calibration(overlap_calibration: pd.DataFrame) -> Calibration:
    """Return the calibration in the fact table `overlap_calibration` (typed).

    Raises:
        ParameterError: The table lacks a parameter.
    """
    rows = overlap_calibration.set_index("parameter")
    rows = rows[rows["survey_id"] == ""]
    named = [p.value for p in OverlapParameter if p is not OverlapParameter.SURVEY]
    missing = sorted(set(named) - set(rows.index))
    if missing:
        raise ParameterError(
            f"overlap_calibration lacks {', '.join(missing)}; run audience-impact learn joint-use"
        )
    houses = int(rows.loc[OverlapParameter.MEAN.value, "houses"])
    return Calibration(**{n: float(rows.loc[n, "value"]) for n in named}, houses=houses)


def list_area_surveys(
    overlap_calibration: pd.DataFrame, surveys: pd.DataFrame
) -> dict[str, list[OwnSurvey]]:
    """Return the surveys of each area itself, which pull its correlation."""
    survey_houses = surveys[["area_id", "survey_id", "house"]]
    fitted = overlap_calibration.merge(survey_houses, on="survey_id").sort_values("survey_id")
    correlations = expit(fitted["value"].to_numpy("float64"))
    pairs = zip(correlations, fitted["house"], strict=True)
    area_surveys = pd.Series([OwnSurvey(float(r), house) for r, house in pairs], fitted.index)
    return {str(area): list(of_area) for area, of_area in area_surveys.groupby(fitted["area_id"])}
