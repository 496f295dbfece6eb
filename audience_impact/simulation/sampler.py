"""Seeded draws: a reproducible stream of uniforms for each named quantity.

Definitions
-----------
Key: the name of one uncertain quantity.  Draw d of a key is the d-th number of its stream.

Method
------
The uniforms of a key are the stream of the counter-based generator Philox4x64-10 under the 128-bit
key blake2b("seed|key"). They depend on the seed, the key and the place in the stream, and on
nothing else: not on their number, their order or the machine.

Citation
--------
Salmon, Moraes, Dror and Shaw (2011), Parallel random numbers: as easy as 1, 2, 3, SC11.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from scipy.special import ndtri

from audience_impact.frames import Array
from audience_impact.vocabulary import InputKind

Made = TypeVar("Made")
ENDS = (0.005, 0.5, 0.995)
"""Probabilities of the ends of the central 99 % of an error, and of its middle."""


def draw_uniforms(seed: int, key: str, count: int) -> Array:
    """Return draws (count,) in the open interval (0, 1) for a seed and a key.

    Draw d is the same for every `count`: a longer run begins with the shorter one.
    """
    name = blake2b(f"{seed}|{key}".encode(), digest_size=16).digest()
    raw = np.random.Philox(key=int.from_bytes(name, "little")).random_raw(count)
    # 52 bits and a half: never 0, never 1, and as far from the one as from the other
    return np.asarray(((raw >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52)


def stratify_uniforms(u: Array) -> Array:
    """Return uniforms (rows, D) with one value in each of D equal intervals, in their order.

    For an output that depends on a single input, the quantiles of the draws are then those of its
    distribution, without sampling error. McKay, Beckman and Conover (1979), A comparison of three
    methods for selecting values of input variables, Technometrics 21.
    """
    count = u.shape[1]
    order = np.empty(u.shape, dtype=np.int64)
    places = np.argsort(u, axis=1)  # several times faster than a stable sort; draws have no ties
    np.put_along_axis(order, places, np.arange(count)[None, :], axis=1)
    inside = u * count
    inside -= np.floor(inside)
    return np.asarray((order + inside * (1.0 - 2.0**-20) + 2.0**-21) / count)


def draw_distinct(
    rows: pd.DataFrame, names: Sequence[str], draw: Callable[[pd.DataFrame], Array]
) -> Array:
    """Return draws (rows, D) that depend on some columns; rows equal in these are drawn once."""
    number = rows.groupby(list(names), dropna=False, sort=False).ngroup().to_numpy()
    drawn = draw(rows.drop_duplicates(names))
    return drawn if len(drawn) == len(rows) else np.asarray(drawn[number])


@dataclass(frozen=True)
class Sampler:
    """The standard draws of a run: one row of uniforms for each uncertain quantity.

    `memory` keeps draws for later calls.
    """

    seed: int
    count: int
    memory: dict[Hashable, Any] = field(default_factory=dict, compare=False, repr=False)

    def draw_uniform(self, kind: InputKind | None, key: str) -> Array:
        """Return uniforms (D,) of a key, whatever the kind of input that a model names."""
        return draw_uniforms(self.seed, key, self.count)

    def draw_rows(self, keys: "pd.Series[str]") -> Array:
        """Return uniforms (rows, D), with equal rows for equal keys."""
        numbers, names = pd.factorize(keys, use_na_sentinel=False)
        drawn = np.array([self.draw_uniform(None, str(name)) for name in names])
        return np.asarray(drawn.reshape(len(names), self.count)[numbers])

    def draw_normals(self, keys: "pd.Series[str]") -> Array:
        """Return standard normals (rows, D), with equal rows for equal keys."""
        return np.asarray(ndtri(self.draw_rows(keys)))

    def draw_once(self, keys: Sequence[Hashable], draw: Callable[[list[int]], Array]) -> Array:
        """Return rows (keys, D) that depend on their keys; equal keys have equal rows.

        `draw` returns the rows at the places that it is passed; rows in memory are not drawn again.
        """
        names = [(self.seed, self.count, key) for key in keys]
        missing = {name: place for place, name in enumerate(names) if name not in self.memory}
        if missing:
            self.memory.update(zip(missing, draw(list(missing.values())), strict=True))
        return np.array([self.memory[name] for name in names]).reshape(len(names), self.count)


@dataclass(frozen=True)
class EndSampler(Sampler):
    """A sampler whose draws are the ENDS of every quantity in place of random numbers."""

    seed: int = 0
    count: int = len(ENDS)

    def draw_uniform(self, kind: InputKind | None, key: str) -> Array:
        """Return ENDS, whatever the key."""
        return np.array(ENDS)
