"""The model of joint use: the one-factor Gaussian copula, and the unions of a complete register.

Definitions. Those of copula.py. Universe: the people that shares refer to. Joint use: how people of
one country use platforms together, as D draws of the correlation and of the model's error. Set: the
platforms of one union. Group: all unions of one country and universe, which share the draws of the
audiences and of the joint use, so that draw d is one possible world. Rule: the nodes and weights by
which the integral over the common factor is done.

Method. For a draw with shares m_i, correlation r and error e, the integral of copula.py gives the
core, limited to the Frechet bounds of the draw's own shares; the union is the core plus e
(independence - largest audience).

Within a group Phi((t_i - sqrt(r) z) / sqrt(1-r)) is looked up once for each platform, draw and node
z, the nodes of all draws side by side, and every set multiplies its platforms' tables. Phi is
interpolated on 16,384 chords on [-6, 6] (error 1.7e-8 at most): a quarter of the time of scipy's
ndtr. The trapezoidal rule spans [-4.9, 4.9]; its step follows from the draw's correlation by the
formula in copula.py and from the class of the set's size (up to 8 platforms, up to 16, up to 32,
...), with at least 13 nodes. The error against copula.compute_union at 10 digits is 5e-7 at most,
for up to 20 platforms, shares from 0 to 1 and correlations from 0 to 0.999.

A set's draws depend, to the last bit, on nothing but the set's own shares in the order of the
group's platforms, the correlation and the error: not on other sets or platforms of the group, or on
blocks of draws.

Assumptions. Those of copula.py; draw k of one platform belongs to draw k of every other, of the
correlation and of the error.

Known drawbacks. A set of 8 platforms and one of 9 use different rules, so that the smaller one may
come out larger by the error of the rules, 1e-6, where the ninth platform adds nothing. Threads
would gain nothing (measured), so that a run is divided among processes instead.

Citation. Trefethen and Weideman (2014), as in copula.py.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, ndtr, ndtri

from audience_impact.facts.tables import Tables
from audience_impact.frames import Array
from audience_impact.overlap import copula
from audience_impact.overlap.copula import Calibration, OwnSurvey
from audience_impact.rules import ParameterError
from audience_impact.vocabulary import InputKind, OverlapParameter

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


@dataclass(frozen=True)
class OverlapModel:
    """The correlation fitted to surveys, and the centre and scale of it in surveyed countries."""

    calibration: Calibration
    centres: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def joint_use(self, country_id: str, uniforms: Uniforms) -> JointUse:
        """Return the joint use of a country; one without surveys has that of the calibration."""
        u = uniforms(InputKind.CORRELATION, f"correlation|{country_id}")
        drawn = copula.draw_correlations(self.calibration, u, self.centres.get(country_id))
        v = uniforms(InputKind.MODEL, f"model|{country_id}")
        return JointUse(drawn, np.asarray(self.calibration.model * ndtri(v)))

    def draw_unions(self, group: Group) -> Array:
        """Return draws (G, D) of the unions of a group, as shares of the universe, with error."""
        if not ((group.shares >= 0.0) & (group.shares <= 1.0)).all():
            raise ValueError("shares must lie in 0..1")
        unions = _compute_cores(group)
        for union, is_member in zip(unions, group.members, strict=True):
            shares = group.shares[is_member].T
            union[:] = copula.add_model_error(union, shares, group.joint_use.error)
        return unions


def _compute_cores(group: Group) -> Array:
    """Return the union (G, D) of each set at the drawn correlations; 0 of one platform or none."""
    sizes = group.members.sum(axis=1)
    power = np.ceil(np.log2(np.maximum(sizes, SMALLEST_CLASS)))
    classes = np.where(sizes > 1, 2.0**power, 0.0)
    cores = np.zeros((len(sizes), group.shares.shape[1]))
    for size in np.unique(classes[classes > 0]):
        members = group.members[classes == size]
        cores[classes == size] = 1.0 - _integrate_unused(group, members, int(size))
    return cores


def _integrate_unused(group: Group, members: NDArray[np.bool_], size: int) -> Array:
    """Return the probability (G, D) of using no platform of each set of up to `size` platforms."""
    used = members.any(axis=0)
    shares, correlation = group.shares[used], group.joint_use.correlation
    steepness = 1.0 + size * correlation / (1.0 - correlation)
    h = np.pi * np.sqrt(2.0 / (np.log(10.0) * DIGITS * steepness))
    half = np.ceil(np.maximum(REACH / h, LEAST_HALF)).astype(np.int64)
    block = np.cumsum(2 * half + 1) // BLOCK
    edges = np.append(np.flatnonzero(np.diff(block, prepend=-1)), len(half))
    none = np.empty((len(members), len(half)))
    for part in map(slice, edges[:-1], edges[1:]):
        none[:, part] = _integrate_block(
            shares[:, part], correlation[part], half[part], members[:, used]
        )
    return none


def _integrate_block(
    shares: Array, correlation: Array, half: NDArray[np.int64], members: NDArray[np.bool_]
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
    none = np.empty((len(members), len(half)))
    for row, is_member in zip(none, members, strict=True):
        product = weight.copy()
        for platform in np.flatnonzero(is_member):
            product *= tables[platform]
        np.add.reduceat(product, first, out=row)
    return none / np.add.reduceat(weight, first)


def make_lattice(count: int) -> Uniforms:
    """Return low-discrepancy uniforms (count,): a Kronecker sequence of the plastic number."""
    plastic = 1.324717957244746
    index = np.arange(count)
    first, second = (index + 0.5) / count, np.asarray((0.5 + index / plastic) % 1.0)
    return lambda kind, _: second if kind is InputKind.MODEL else first


def read_model(tables: Tables) -> OverlapModel | None:
    """Return the model, adjusted to surveys of countries themselves; None without a calibration."""
    table = tables["overlap_calibration"]
    if table.empty:
        return None
    calibration = read_calibration(table)
    of_areas = list_area_surveys(table, tables["surveys"])
    centres = {area: copula.predict_correlation(calibration, of_areas[area]) for area in of_areas}
    return OverlapModel(calibration, centres)


def read_calibration(overlap_calibration: pd.DataFrame) -> Calibration:
    """Return the typed calibration; ParameterError where a parameter is missing."""
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
    return {
        str(area): [
            OwnSurvey(float(r), house)
            for r, house in zip(expit(rows["value"].astype("float64")), rows["house"], strict=True)
        ]
        for area, rows in fitted.groupby("area_id")
    }
