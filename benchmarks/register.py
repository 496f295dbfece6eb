"""Unions of a whole register in one run, against two loops: `python -m benchmarks.register`.

    python -m benchmarks.register [--restrictions 1000 10000 100000] [--format json]

The register is made up, from a seed: each restriction affects 1-8 of 20 platforms in one of 200
areas in one of 10 years, with 1,000 draws. Audiences are drawn around a value for the year, the
correlation and the model error for each area, as the committed calibration has them. Wanted are
the quantiles (5, 50, 95 %) of the union of every restriction. Timed, with all draws given:

* seconds: audience_impact.overlap.model, the whole register.
* loop_seconds: what one would write first, a restriction and a draw at a time with
  scipy.integrate.quad.
* numpy_loop_seconds: a restriction at a time, NumPy over its draws and 121 nodes, with ndtr of
  scipy.

All use one thread. The loops are timed on a sample of the same
register, half of it before our run and half after, and extrapolated. On the sample all three must
agree within 1e-4, else the run fails: quad draw by draw, the NumPy loop in its quantiles (its fixed
rule is too coarse for single draws of a correlation near 1).

peak_mib is the peak of resident memory, the draws included; each size has a process of its own.
"""

import argparse
import json
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.special import ndtr, ndtri

from audience_impact.frames import Array
from audience_impact.overlap.copula import (
    Calibration,
    assume_independence,
    bound_by_shares,
    draw_correlations,
    move_unions,
)
from audience_impact.overlap.model import Group, JointUse, OverlapModel, read_calibration
from benchmarks.overlap import facts

SEED = 20260101
PLATFORMS, LARGEST_SET, AREAS, YEARS, DRAWS = 20, 8, 200, 10, 1000
SPREAD = 0.1
"""Relative spread of the draws of an audience."""
PROBABILITIES = (0.05, 0.5, 0.95)
SAMPLE, SAMPLE_DRAWS = 60, 2
TOLERANCE = 1e-4
NODES = np.linspace(-5.0, 5.0, 121)
WEIGHTS = np.exp(-0.5 * NODES**2) / np.exp(-0.5 * NODES**2).sum()
COPULA = OverlapModel(read_calibration(facts("overlap_calibration")))
PER_MIB = 2**20 if sys.platform == "darwin" else 2**10

Row = dict[str, int | float]
Found = TypeVar("Found")


def quantiles(drawn: Array) -> Array:
    """Quantiles (probabilities, sets) of draws (sets, D)."""
    return np.asarray(np.quantile(drawn, PROBABILITIES, axis=-1))


def _members(random: np.random.Generator, count: int) -> NDArray[np.bool_]:
    """Sets of 1-8 platforms, each size as likely and each platform as likely."""
    order = random.random((count, PLATFORMS)).argsort(axis=1).argsort(axis=1)
    return np.asarray(order < random.integers(1, LARGEST_SET, (count, 1), endpoint=True))


def _group(
    learned: Calibration, area: int, year: int, members: NDArray[np.bool_], draws: int
) -> Group:
    """A group that holds the platforms of its restrictions and no others."""
    of_area = np.random.default_rng((SEED, area))
    correlation = draw_correlations(learned, of_area.random(draws))
    error = learned.model * ndtri(of_area.random(draws))
    first = of_area.beta(1.0, 3.0, PLATFORMS)
    of_year = 1.0 - (1.0 - first) * of_area.uniform(0.9, 1.0, PLATFORMS) ** year
    noise = np.random.default_rng((SEED, area, year)).standard_normal((PLATFORMS, draws))
    used = members.any(axis=0)
    shares = np.minimum(of_year[used, None] * np.exp(SPREAD * noise[used]), 0.999)
    return Group(shares, JointUse(correlation, error), members[:, used])


def register(restrictions: int, draws: int = DRAWS) -> list[Group]:
    """A made-up register, the same for the same number of restrictions."""
    random = np.random.default_rng(SEED)
    members = _members(random, restrictions)
    place = random.integers(0, AREAS * YEARS, restrictions)
    return [
        _group(COPULA.calibration, int(at) // YEARS, int(at) % YEARS, members[place == at], draws)
        for at in np.unique(place)
    ]


def quad_loop(shares: Array, correlation: Array, error: Array) -> Array:
    """The union of one restriction, a draw at a time."""
    drawn = []
    for m, r, e in zip(shares.T, correlation, error, strict=True):
        threshold, root, scale = -ndtri(m), np.sqrt(r), np.sqrt(1.0 - r)

        def none(z: float, t: Array = threshold, a: float = root, b: float = scale) -> float:
            return float(np.exp(-0.5 * z * z) * np.prod(ndtr((t - a * z) / b)))

        core = 1.0 - quad(none, -8.5, 8.5, limit=200)[0] / np.sqrt(2.0 * np.pi)
        low, high = bound_by_shares(m)
        move = e * (assume_independence(m) - low)
        drawn.append(move_unions(np.clip(core, low, high), move, low, high))
    return np.array(drawn)


def numpy_loop(shares: Array, correlation: Array, error: Array) -> Array:
    """The union of one restriction, all draws at once."""
    root, scale = np.sqrt(correlation)[:, None], np.sqrt(1.0 - correlation)[:, None]
    none = ndtr((-ndtri(shares)[:, :, None] - root * NODES) / scale).prod(axis=0) @ WEIGHTS
    low, high = bound_by_shares(shares.T)
    move = error * (assume_independence(shares.T) - low)
    return move_unions(np.clip(1.0 - none, low, high), move, low, high)


def _numpy_quantiles(shares: Array, correlation: Array, error: Array) -> Array:
    return quantiles(numpy_loop(shares, correlation, error))


def agree(name: str, theirs: Array, ours: Array) -> None:
    """Raise where two ways differ by more than the tolerance."""
    if not (apart := float(np.abs(theirs - ours).max())) <= TOLERANCE:
        raise ValueError(f"{name} and ours differ by {apart:.1e}, more than {TOLERANCE:.0e}")


def timed(work: Callable[[], Found]) -> tuple[float, Found]:
    """Wall seconds, and what was found."""
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def _sample(groups: Sequence[Group]) -> list[tuple[Group, int]]:
    """Restrictions spread evenly over the register."""
    places = [(group, row) for group in groups for row in range(len(group.members))]
    return [places[at] for at in np.linspace(0, len(places) - 1, SAMPLE).astype(int)]


def _of_one(group: Group, row: int, draws: int) -> tuple[Array, Array, Array]:
    """The first draws of what one restriction needs: shares, correlation and error."""
    few = slice(0, draws)
    use = group.joint_use
    shares = group.shares[group.members[row], few]
    return shares, use.correlation[few], use.error[few]


def loops(sample: Sequence[tuple[Group, int]]) -> tuple[float, float]:
    """Seconds a restriction of the two loops; raises where they and ours disagree."""
    by_quad = by_numpy = 0.0
    for group, row in sample:
        ours, draws = COPULA.draw_unions(group)[row], len(group.joint_use.error)
        few, whole = _of_one(group, row, SAMPLE_DRAWS), _of_one(group, row, draws)
        seconds, result = timed(partial(quad_loop, *few))
        by_quad += seconds * draws / SAMPLE_DRAWS
        agree("scipy's quad", result, ours[:SAMPLE_DRAWS])
        seconds, result = timed(partial(_numpy_quantiles, *whole))
        by_numpy += seconds
        agree("the NumPy loop", result, quantiles(ours))
    return by_quad / len(sample), by_numpy / len(sample)


def measure(restrictions: int, draws: int = DRAWS) -> Row:
    """Seconds, ratios and memory of one size."""
    groups = register(restrictions, draws)
    sample = _sample(groups)
    before = loops(sample[::2])
    seconds, _ = timed(lambda: [quantiles(COPULA.draw_unions(group)) for group in groups])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / PER_MIB
    after = loops(sample[1::2])
    by_quad, by_numpy = (restrictions * (a + b) / 2.0 for a, b in zip(before, after, strict=True))
    return {
        "restrictions": restrictions,
        "seconds": round(seconds, 3),
        "loop_seconds": round(by_quad, 1),
        "numpy_loop_seconds": round(by_numpy, 2),
        "ratio": round(by_quad / seconds, 1),
        "numpy_ratio": round(by_numpy / seconds, 2),
        "peak_mib": round(peak, 1),
    }


def apart(restrictions: int) -> Row:
    """Measure in a fresh process, so that sizes do not share their memory."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        return pool.submit(measure, restrictions).result()


def table(rows: Sequence[Row]) -> str:
    """A Markdown table."""
    lines = [f"| {' | '.join(rows[0])} |", f"|{'---:|' * len(rows[0])}"]
    lines += [f"| {' | '.join(f'{value:,}' for value in row.values())} |" for row in rows]
    return "\n".join(lines)


def _count(word: str) -> int:
    if (count := int(word)) < 1:
        raise argparse.ArgumentTypeError(f"{word} is not above 0")
    return count


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Time the unions of a made-up register.")
    sizes = [1_000, 10_000, 100_000]
    parser.add_argument("--restrictions", nargs="+", type=_count, default=sizes, metavar="COUNT")
    parser.add_argument("--format", choices=["json", "table"], default="table")
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> int:
    """Command line; 1 where the three ways do not agree."""
    asked = _arguments(words)
    try:
        rows = [apart(size) for size in asked.restrictions]
    except ValueError as error:
        print(f"benchmarks.register: {error}", file=sys.stderr)
        return 1
    print(json.dumps(rows, indent=1) if asked.format == "json" else table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
