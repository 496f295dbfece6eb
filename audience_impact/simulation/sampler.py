"""Seeded draws: uniforms with a name of their own.

Definitions
-----------
Key: the name of one uncertain quantity.  Draw d of a key is the d-th number of its stream.

Method
------
The uniforms of a key are the stream of the counter-based generator Philox4x64-10 under the
128-bit key blake2b("seed|key").  They depend on the seed, the key and the place in the stream,
and on nothing else: not on how many are asked for, in which order, or on which machine.

Citation
--------
Salmon, Moraes, Dror and Shaw (2011), Parallel random numbers: as easy as 1, 2, 3, SC11.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any, TypeVar, cast

import numpy as np
import pandas as pd
from scipy.special import ndtri

from audience_impact.frames import Array
from audience_impact.vocabulary import InputKind

Made = TypeVar("Made")


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


def stratified(u: Array) -> Array:
    """Uniforms (rows, D) with one of each row in each of D equal parts, in the order they had.

    So quantiles of what hangs on one of them alone are those of its law, and not of so many draws.
    McKay, Beckman and Conover (1979), A comparison of three methods for selecting values of input
    variables, Technometrics 21.
    """
    count = u.shape[1]
    order = np.empty(u.shape, dtype=np.int64)
    places = np.argsort(u, axis=1, kind="stable")
    np.put_along_axis(order, places, np.arange(count)[None, :], axis=1)
    return np.asarray((order + np.mod(u * count, 1.0) * (1.0 - 2.0**-20) + 2.0**-21) / count)


@dataclass(frozen=True)
class Sampler:
    """The standard draws of a run: one row of uniforms for each uncertain quantity.

    Kinds of input in `second` come from a second stream, all others from the first: that is how
    sensitivity.py moves one kind of input and holds the rest. `asked` holds the kinds that were
    drawn so far. `memory` holds what was drawn once for all who ask again, samplers with another
    `second` among them.
    """

    seed: int
    count: int
    second: frozenset[InputKind] = frozenset()
    asked: set[InputKind] = field(default_factory=set, compare=False, repr=False)
    memory: dict[Hashable, Any] = field(default_factory=dict, compare=False, repr=False)

    def moving(self, second: frozenset[InputKind]) -> "Sampler":
        """One with other kinds of input in the second stream, and the same memory."""
        return replace(self, second=second, asked=set())

    def uniform(self, kind: InputKind, key: str) -> Array:
        """Uniforms (D,) of a key."""
        self.asked.add(kind)
        return uniforms(self.seed, f"second|{key}" if kind in self.second else key, self.count)

    def rows(self, kind: InputKind, keys: "pd.Series[str]") -> Array:
        """Uniforms (rows, D), equal keys having equal rows."""
        numbers, names = pd.factorize(keys)
        drawn = [self.uniform(kind, str(name)) for name in names]
        return np.asarray(np.array(drawn).reshape(len(names), self.count)[numbers])

    def normals(self, kind: InputKind, keys: "pd.Series[str]") -> Array:
        """Standard normals (rows, D), equal keys having equal rows."""
        return np.asarray(ndtri(self.rows(kind, keys)))

    def once(
        self, kind: InputKind, keys: Sequence[Hashable], draw: Callable[[list[int]], Array]
    ) -> Array:
        """Rows (keys, D) that hang on a kind of input and their keys; `draw` gives those at places.

        Only rows that nobody asked for before are drawn. Equal keys have equal rows.
        """
        self.asked.update({kind} if len(keys) else ())
        names = [(self.seed, self.count, kind, kind in self.second, key) for key in keys]
        left = {name: place for place, name in enumerate(names) if name not in self.memory}
        if left:
            self.memory.update(zip(left, draw(list(left.values())), strict=True))
        return np.array([self.memory[name] for name in names]).reshape(len(names), self.count)


class DrawCache:
    """The draws of each step from the first stream, reused where nothing they depend on moves.

    What a step draws depends on the kinds of input that it asks its sampler for, and on its
    arguments; so a sampler with other kinds in the second stream gets the same numbers, to the last
    bit, without drawing them. The first result of a step is stored; nobody may write into it.
    """

    def __init__(self) -> None:
        self._of: tuple[int, int] | None = None
        self._found: dict[str, tuple[frozenset[InputKind], tuple[object, ...], object]] = {}
        self._alike: dict[str, Array] = {}
        self._unions: tuple[object, dict[tuple[object, ...], Array]] = None, {}

    def unions_of(self, audiences: Array, sampler: Sampler) -> dict[tuple[object, ...], Array]:
        """Return the stored unions of the same audiences from the first stream, to add to."""
        if sampler.second:
            return {}
        if self._unions[0] is not audiences:
            self._unions = audiences, {}
        return self._unions[1]

    def alike(self, name: str, drawn: Array) -> Array:
        """Return the array first stored under this name, where this is the same to the last bit.

        So steps that depend on it find what was made of the first; nobody may write into it.
        """
        first = self._alike.setdefault(name, drawn)
        return first if np.array_equal(first, drawn, equal_nan=True) else drawn

    def __call__(
        self,
        step: str,
        sampler: Sampler,
        given: tuple[object, ...],
        make: Callable[[Sampler], Made],
    ) -> Made:
        """Return what `make` draws with the sampler, stored or made now.

        `given` is all else that it depends on, compared by identity, so it must not change.
        """
        if self._of != (sampler.seed, sampler.count):
            self._of = sampler.seed, sampler.count
            self._found.clear()
            self._alike.clear()
        if step in self._found:
            kinds, theirs, made = self._found[step]
            same = all(one is other for one, other in zip(given, theirs, strict=True))
            if same and not kinds & sampler.second:
                sampler.asked.update(kinds)
                return cast("Made", made)
        own = replace(sampler, asked=set())
        found = make(own)
        sampler.asked.update(own.asked)
        if step not in self._found and not own.asked & sampler.second:
            self._found[step] = frozenset(own.asked), given, found
        return found
