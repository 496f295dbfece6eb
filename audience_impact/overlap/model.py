"""The interface of a model of joint use, and functions that need no model.

Definitions
-----------
Universe: the people that shares refer to.  Union: the share of it that uses at least one of some
platforms.  Pattern: the exact set of platforms that a person uses, numbered so that bit i of the
number says that platform i is used.
Joint use: how people of one country use platforms together, as D draws of the parameters of a
model, which only that model reads.
Group: all unions of one country and universe. All its unions share the draws of the audiences and
of the joint use, so that draw d is one possible world.

Method
------
one_factor.py contains the model in use. Results of a model are always inside the Frechet bounds
max m_i <= union <= min(1, sum m_i) of each draw's own shares. A model states its own error in units
of the distance between independence and the largest audience, because assumptions on joint use
determine where in that distance a union is.

Assumptions
-----------
Every audience is inside the universe. Draw d of one audience belongs to draw d of all others.

Known drawbacks
---------------
A model with an error of another form than a multiple of that distance has to put it into its
parameters.

Citation
--------
Frechet (1935), Generalisation du theoreme des probabilites totales, Fund. Math. 25.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from audience_impact.frames import Array
from audience_impact.vocabulary import DedupMethod, InputKind

Uniforms: TypeAlias = Callable[[InputKind, str], Array]
"""Returns the uniforms (D,) of a kind of input and a key; the same key gives the same uniforms."""


NO_ROOM = 1e-300
"""Divisor in place of zero, where the distance, and therefore the error, is zero."""


@dataclass(frozen=True)
class JointUse:
    """D draws of how people of one country use platforms together."""

    parameters: Array  # (k, D) draws of the k parameters of a model, in the model's own order
    error: Array  # (D,) draws of its error over (independence - largest audience)


Cache: TypeAlias = dict[Hashable, Any]
"""Results of a model by names that contain all inputs they depend on."""


@dataclass(frozen=True)
class Group:
    """G unions of one country and universe, of P platforms, in D draws."""

    shares: Array  # (P, D) draws of the audiences over the universe, 0..1
    joint_use: JointUse
    members: NDArray[np.bool_]  # (G, P) which platforms each union contains
    cache: Cache | None = None  # for a model to take from, and to add to


class OverlapModel(Protocol):
    """A fitted model of joint use."""

    @property
    def dedup_method(self) -> DedupMethod:
        """The word for this model in the column `dedup_method` of the published tables."""

    def joint_use(self, country_id: str, uniforms: Uniforms) -> JointUse:
        """Draw the joint use of a country; of a country without surveys if blank or unknown.

        Uniforms are of the kinds CORRELATION (parameters) and MODEL (error), under keys that name
        the country.
        """

    def draw_unions(self, group: Group) -> Array:
        """Return draws (G, D) of the unions of a group, as shares of the universe, with error."""

    def draw_patterns(self, shares: Array, joint_use: JointUse) -> Array:
        """Return draws (D, 2**n) of the patterns of one set of audiences (D, n), without error."""


def bound_by_shares(shares: ArrayLike) -> tuple[Array, Array]:
    """Return the lower and upper bound of the union, given only shares (..., platforms)."""
    m = np.asarray(shares, dtype=float)
    return m.max(axis=-1), np.minimum(1.0, m.sum(axis=-1))


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
    """Return unions with a part of a model's error added, inside the Frechet bounds.

    `shares` (..., platforms), `core` and `error` broadcast against all but its last axis.
    """
    low, high = bound_by_shares(shares)
    inside = np.clip(core, low, high)
    return move_unions(inside, error * (assume_independence(shares) - low) * part, low, high)


def make_lattice(count: int) -> Uniforms:
    """Return a function that gives low-discrepancy uniforms (count,) and needs no seed.

    They are a Kronecker sequence of the plastic number: one for the parameters of a model, another
    for its error.
    """
    plastic = 1.324717957244746
    index = np.arange(count)
    first, second = (index + 0.5) / count, np.asarray((0.5 + index / plastic) % 1.0)
    return lambda kind, _: second if kind is InputKind.MODEL else first
