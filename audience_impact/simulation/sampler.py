"""Seeded draws: a reproducible stream of uniforms for each named quantity, and distributions.

Definitions. Key: the name of one uncertain quantity. Draw d of a key is the d-th number of its
stream. Floor, ceiling: the minimum and maximum that a quantity can have, whatever its source
states. Central interval of coverage c: as much mass, (1 - c) / 2, below its low end as above its
high.

Method. The uniforms of a key are the stream of the counter-based generator Philox4x64-10 under the
128-bit key blake2b("seed|key"). They depend on the seed, the key and the place in the stream, and
on nothing else: not on their number, their order or the machine.

Each distribution is a quantile function Q, so that draws increase with the uniforms. Between a
floor and a ceiling the distribution is conditioned: Q(F(floor) + u (F(ceiling) - F(floor))), F its
cumulative function; no probability accumulates at the ends.

* split_normal: halves of two normals joined at the mode with one density, hence with mass w = s1 /
  (s1 + s2) below the mode; the widths are those for which low and high are the ends of the central
  interval. With a = (1 - coverage) / 2, d1 = middle - low, d2 = high - middle: d1 = -s1 Phi^-1(a /
  2w), d2 = -s2 Phi^-1(a / 2(1 - w)); w is computed by bisection, because s2 / s1 = (1 - w) / w
  increases steadily relative to the ratio of the two equations.
* pert: a beta on [low, high] with 1 + 4 (middle - low) / (high - low) and
  1 + 4 (high - middle) / (high - low); its mean is (low + 4 middle + high) / 6.

Assumptions. The middle of a split normal and of a PERT is the mode, not the mean or the median. A
central interval as published leaves equal mass on both sides.

Known drawbacks. With floor and ceiling the stated interval is that of the distribution before it
was conditioned. Where the distribution has no mass between them (8 standard deviations above the
median), all draws are the end nearest to the middle.

Citations. Salmon, Moraes, Dror and Shaw (2011), Parallel random numbers: as easy as 1, 2, 3, SC11.
Wallis (2014), The two-piece normal, binormal, or double Gaussian distribution: its origin and
rediscoveries, Statistical Science 29 (Fechner 1897). Malcolm, Roseboom, Clark and Fazar (1959),
Application of a technique for research and development program evaluation, Operations Research 7
(PERT and its mean).
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import betainc, betaincinv, ndtr, ndtri

from audience_impact.frames import Array
from audience_impact.vocabulary import InputKind

ENDS = (0.005, 0.5, 0.995)
"""Probabilities of the ends of the central 99 % of an error, and of its middle."""
LEAST, MOST = np.finfo(np.float64).tiny, 1.0 - 2.0**-53  # inside (0, 1): finite quantiles
OUTSIDE = 40.0  # standard deviations beyond which a float holds no mass of a normal
BLOCK = 250  # rows that are drawn at once, to limit memory
HALVINGS = 60  # of an interval shorter than 1/2: below the spacing of floats


def draw_uniforms(seed: int, key: str, count: int) -> Array:
    """Return draws (count,) in (0, 1) of a seed and key; a longer run begins with the shorter."""
    name = blake2b(f"{seed}|{key}".encode(), digest_size=16).digest()
    raw = np.random.Philox(key=int.from_bytes(name, "little")).random_raw(count)
    # 52 bits and a half: never 0, never 1, and as far from the one as from the other
    return np.asarray(((raw >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52)


def stratify_uniforms(u: Array) -> Array:
    """Return uniforms (rows, D) with one value in each of D equal intervals, in their order.

    McKay, Beckman, Conover (1979), Technometrics 21: no sampling error with a single input.
    """
    count = u.shape[1]
    order = np.empty(u.shape, dtype=np.int64)
    places = np.argsort(u, axis=1)  # several times faster than a stable sort; draws have no ties
    np.put_along_axis(order, places, np.arange(count)[None, :], axis=1)
    inside = u * count
    inside -= np.floor(inside)
    return np.asarray((order + inside * (1.0 - 2.0**-20) + 2.0**-21) / count)


@dataclass(frozen=True)
class Sampler:
    """The standard draws of a run, a row for each uncertain quantity, kept in `memory`."""

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
        drawn = drawn.reshape(len(names), self.count)
        return drawn if len(names) == len(keys) else np.asarray(drawn[numbers])

    def draw_normals(self, keys: "pd.Series[str]") -> Array:
        """Return standard normals (rows, D), with equal rows for equal keys."""
        return np.asarray(ndtri(self.draw_rows(keys)))

    def draw_once(self, keys: Sequence[Hashable], draw: Callable[[list[int]], Array]) -> Array:
        """Return rows (keys, D), each drawn once; `draw` returns the rows at some places."""
        names = [(self.seed, self.count, key) for key in keys]
        missing = {name: place for place, name in enumerate(names) if name not in self.memory}
        for first in range(0, len(missing), BLOCK):
            some = dict(islice(missing.items(), first, first + BLOCK))
            self.memory.update(zip(some, draw([*some.values()]), strict=True))
        return np.array([self.memory[name] for name in names]).reshape(len(names), self.count)

    def draw_distinct(
        self, rows: pd.DataFrame, names: Sequence[str], draw: Callable[[pd.DataFrame], Array]
    ) -> Array:
        """Return draws (rows, D) that depend on some columns; equal rows are drawn once for all."""
        table = rows[list(names)]
        numbers = table.select_dtypes("number")
        texts = [table[name].tolist() for name in table.columns.difference(numbers.columns)]
        parameters = map(bytes, np.ascontiguousarray(numbers.to_numpy("float64")))
        keys = [(draw.__qualname__, *key) for key in zip(parameters, *texts, strict=True)]
        return self.draw_once(keys, lambda places: draw(rows.iloc[places]))


@dataclass(frozen=True)
class EndSampler(Sampler):
    """A sampler whose draws are the ENDS of every quantity in place of random numbers."""

    seed: int = 0
    count: int = len(ENDS)

    def draw_uniform(self, kind: InputKind | None, key: str) -> Array:
        """Return ENDS, whatever the key."""
        return np.array(ENDS)


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

    All broadcasts against uniforms `u` (rows, D). `coverage` is the share of the mass between `low`
    and `high`; `floor` and `ceiling` are the least and the greatest possible value.
    """
    centre, lower_end, upper_end, within = _to_floats(middle, low, high, coverage)
    mass, width_below, width_above = _find_halves(
        centre - lower_end, upper_end - centre, (1.0 - within) / 2.0
    )
    rest = 1.0 - mass

    def find_mass(x: Array) -> Array:
        down = 2.0 * mass * ndtr(_count_widths(np.minimum(x - centre, 0.0), width_below))
        up = 1.0 - 2.0 * rest * ndtr(-_count_widths(np.maximum(x - centre, 0.0), width_above))
        return np.asarray(np.where(x < centre, down, up))

    def find_quantile(p: Array) -> Array:
        down = centre + width_below * ndtri(np.minimum(p / (2.0 * mass), 0.5))
        up = centre - width_above * ndtri(np.minimum((1.0 - p) / (2.0 * rest), 0.5))
        return np.asarray(np.where(p < mass, down, up))

    return _draw_within(u, centre, find_mass, find_quantile, (floor, ceiling))


def _find_halves(down: Array, up: Array, tail: Array) -> tuple[Array, Array, Array]:
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


def draw_pert(
    u: ArrayLike,
    low: ArrayLike,
    middle: ArrayLike,
    high: ArrayLike,
    floor: ArrayLike = -np.inf,
    ceiling: ArrayLike = np.inf,
) -> Array:
    """Return quantiles of a PERT; `floor` and `ceiling` as for `draw_split_normal`."""
    least, mode, most = _to_floats(low, middle, high)
    width = most - least
    part = (mode - least) / np.where(width > 0.0, width, 1.0)
    shape = 1.0 + 4.0 * part, 5.0 - 4.0 * part

    def find_mass(x: Array) -> Array:
        inside = (np.clip(x, least, most) - least) / np.where(width > 0.0, width, 1.0)
        return np.asarray(betainc(*shape, np.minimum(inside, 1.0)))

    def find_quantile(p: Array) -> Array:
        return np.asarray(least + width * betaincinv(*shape, p))

    return _draw_within(u, mode, find_mass, find_quantile, (floor, ceiling))


def _to_floats(*values: ArrayLike) -> list[Array]:
    return [np.asarray(value, dtype=float) for value in values]


def _draw_within(
    u: ArrayLike,
    centre: Array,
    find_mass: Callable[[Array], Array],
    find_quantile: Callable[[Array], Array],
    ends: tuple[ArrayLike, ArrayLike],
) -> Array:
    """Return quantiles of a distribution, given its mass below a value, between two `ends`."""
    p, least, most = _to_floats(u, *ends)
    start, end = find_mass(least), find_mass(most)
    x = find_quantile(np.clip(start + p * (end - start), LEAST, MOST))
    return np.asarray(np.clip(np.where(end > start, x, centre), least, most))
