"""Other forms of joint use that were tried: `python -m benchmarks.overlap_forms`.

Each form has one or two numbers, chosen on a grid as those with the smallest error on the other
houses, each house weighing the same (mean over houses of the mean absolute error of the union
over its sets); then the house left out is scored. This chooses one number, where the shipped
model averages log odds: the plain copula is scored here both ways. Takes some minutes.

Forms marked * are no distributions: the correlation changes with the set asked for, so that the
unions of a set and of its parts need not belong to one population.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, ndtr, ndtri
from scipy.stats import chi2
from scipy.stats import t as student

from audience_impact.overlap.calibration import Survey
from audience_impact.overlap.copula import Array, frechet, independence
from benchmarks.overlap import surveys

Form = Callable[..., Array]
Grid = Sequence[tuple[float, ...]]


@dataclass(frozen=True)
class Sets:
    """All sets of all surveys: shares, true unions, bounds, and numbers of house and survey."""

    m: Array
    truth: Array
    house: Array
    weight: Array
    houses: list[str]
    largest_in_survey: Array
    total_in_survey: Array

    def errors(self, union: Array) -> Array:
        """Mean absolute error in points, one number a house."""
        missed = 100.0 * self.weight * np.abs(union - self.truth)
        return np.bincount(self.house.astype(int), missed, len(self.houses)).astype(float)


def gather(scored: Sequence[Survey]) -> Sets:
    """Sets of all surveys; a survey weighs as another of its house, a set as another of it."""
    houses = sorted({one.house for one in scored})
    many = {name: sum(one.house == name for one in scored) for name in houses}

    def each(number: Callable[[Survey], float]) -> Array:
        return np.concatenate([np.full(len(one.truth), number(one)) for one in scored])

    # The shares of a survey are the different numbers in its sets.
    return Sets(
        np.concatenate([one.shares for one in scored]),
        np.concatenate([one.truth for one in scored]),
        each(lambda one: float(houses.index(one.house))),
        each(lambda one: 1.0 / (len(one.truth) * many[one.house])),
        houses,
        each(lambda one: float(one.shares.max())),
        each(lambda one: float(np.unique(one.shares[one.shares > 0.0]).sum())),
    )


def factor(thresholds: Array, correlation: Array | float) -> Array:
    """Union by one normal factor, each platform with its own correlation with it."""
    z = np.arange(-6.0, 6.01, 0.25)
    none = np.exp(-0.5 * z * z) / np.exp(-0.5 * z * z).sum() * np.ones((len(thresholds), 1))
    r = np.broadcast_to(correlation, thresholds.shape)
    for place in range(thresholds.shape[1]):
        t, each = thresholds[:, place : place + 1], r[:, place : place + 1]
        none = none * ndtr((t - np.sqrt(each) * z) / np.sqrt(1.0 - each))
    return np.asarray(1.0 - none.sum(axis=1))


def _span(start: float, stop: float, step: float) -> list[float]:
    return np.arange(start, stop, step).tolist()


def _pairs(first: Sequence[float], second: Sequence[float]) -> Grid:
    return list(itertools.product(first, second))


def _single(values: Sequence[float]) -> Grid:
    return [(value,) for value in values]


def varying(s: Sets) -> Iterator[tuple[str, Grid, Form]]:
    """Gaussian copulas whose correlation is one number, or moves with something."""
    t, a = -ndtri(s.m), _span(-1.2, 1.3, 0.2)
    place = np.clip(-t, -2.5, 2.5)
    top, total = s.m.max(axis=1)[:, None], s.m.sum(axis=1)[:, None]
    size = (s.m > 0.0).sum(axis=1)[:, None]
    survey_top, survey_total = s.largest_in_survey[:, None], s.total_in_survey[:, None]
    moved = {
        "grows with the share of each platform (normal scale)": (place, _span(-0.9, 1.3, 0.15)),
        "grows with the share of each platform (linear)": (s.m - 0.3, _span(-2.0, 4.0, 0.4)),
        "the largest platform has its own": (s.m >= top, _span(-1.0, 3.1, 0.4)),
        "by the largest share of the set *": (top - 0.7, _span(-3.0, 3.1, 0.5)),
        "by the number of platforms *": (np.log(size / 4.0), _span(-1.5, 2.0, 0.25)),
        "by the sum of the shares of the set *": (np.log(total), _span(-1.5, 2.0, 0.25)),
        "by the largest share of the survey": (survey_top - 0.8, _span(-3.0, 3.1, 0.5)),
        "by the sum of the shares of the survey": (np.log(survey_total), _span(-1.5, 2.0, 0.25)),
    }
    yield "one correlation", _single(_span(0.0, 0.9, 0.02)), lambda r: factor(t, r)
    for name, (x, slopes) in moved.items():
        yield (
            f"correlation {name}",
            _pairs(a, slopes),
            lambda level, slope, x=x: factor(t, expit(level + slope * x)),
        )


def mixed(s: Sets) -> Iterator[tuple[str, Grid, Form]]:
    """Mixtures, people who use nothing, and a Student factor."""
    t, (low, high), alone = -ndtri(s.m), frechet(s.m), independence(s.m)
    w, r = _span(0.0, 0.8, 0.1), _span(0.0, 0.8, 0.1)
    parts = _single(_span(0.0, 1.01, 0.02))

    def inside(base: Array, r: float) -> Array:
        return base * factor(-ndtri(np.clip(s.m / base[:, None], 0.0, 1.0 - 1e-12)), r)

    def heavy(freedom: float, r: float) -> Array:
        bound = student.ppf(1.0 - s.m, freedom)
        x, weight = np.polynomial.legendre.leggauss(8)
        scale = np.sqrt(chi2.ppf((x + 1.0) / 2.0, freedom) / freedom)
        drawn = [part / 2.0 * factor(bound * c, r) for part, c in zip(weight, scale, strict=True)]
        return np.asarray(sum(drawn))

    yield "largest and independence mixed", parts, lambda p: p * low + (1.0 - p) * alone
    yield "Frechet bounds mixed", parts, lambda p: p * low + (1.0 - p) * high
    yield "largest and copula mixed", _pairs(w, r), lambda p, r: p * low + (1 - p) * factor(t, r)
    yield (
        "independence and copula mixed",
        _pairs(w, _span(0.3, 0.95, 0.1)),
        lambda p, r: p * alone + (1.0 - p) * factor(t, r),
    )
    yield (
        "a part of those outside the largest uses nothing *",
        _pairs(_span(0.0, 1.0, 0.1), r),
        lambda c, r: inside(low + (1.0 - low) * (1.0 - c), r),
    )
    yield (
        "a part of the base uses nothing",
        _pairs(_span(0.0, 0.5, 0.05), r),
        lambda c, r: inside(np.maximum(low, 1.0 - c), r),
    )
    yield "Student copula", _pairs([2.0, 3.0, 5.0, 10.0], _span(0.0, 0.7, 0.1)), heavy


def archimedean(s: Sets) -> Iterator[tuple[str, Grid, Form]]:
    """Archimedean copulas, of not using and of using."""
    q, there = np.clip(1.0 - s.m, 1e-12, 1.0), s.m > 0.0

    def clayton(u: Array, a: float) -> Array:
        return np.asarray(((u**-a - 1.0).sum(axis=1) + 1.0) ** (-1.0 / a))

    def gumbel(u: Array, a: float) -> Array:
        return np.asarray(np.exp(-(((-np.log(u)) ** a).sum(axis=1) ** (1.0 / a))))

    def joe(u: Array, a: float) -> Array:
        return np.asarray(1.0 - (1.0 - (1.0 - (1.0 - u) ** a).prod(axis=1)) ** (1.0 / a))

    def frank(u: Array, a: float) -> Array:
        product = np.where(there, np.expm1(-a * u) / np.expm1(-a), 1.0).prod(axis=1)
        return np.asarray(-np.log1p(product * np.expm1(-a)) / a)

    def of_use(copula: Form) -> Form:
        def union(a: float) -> Array:
            total = np.zeros(len(s.m))
            for many in range(1, s.m.shape[1] + 1):
                for chosen in itertools.combinations(range(s.m.shape[1]), many):
                    u = s.m[:, chosen]
                    joint = np.where((u > 0.0).all(axis=1), copula(np.clip(u, 1e-9, 1.0), a), 0.0)
                    total += (-1) ** (many + 1) * joint
            return total

        return union

    for name, copula, values in (
        ("Clayton", clayton, _span(0.05, 3.0, 0.05)),
        ("Gumbel", gumbel, _span(1.01, 3.0, 0.04)),
        ("Joe", joe, _span(1.01, 4.0, 0.06)),
    ):
        yield f"{name} copula of not using", _single(values), lambda a, c=copula: 1.0 - c(q, a)
        yield f"{name} copula of using", _single(values), of_use(copula)
    yield "Frank copula", _single(_span(0.2, 9.0, 0.2)), lambda a: 1.0 - frank(q, a)


def left_out(s: Sets, grid: Grid, form: Form) -> Array:
    """Error in each house at the numbers that do best on the other houses."""
    low, high = frechet(s.m)
    table = np.array([s.errors(np.clip(form(*theta), low, high)) for theta in grid])
    houses = range(len(s.houses))
    others = [np.delete(table, house, axis=1).mean(axis=1).argmin() for house in houses]
    return np.array([table[others[house], house] for house in houses])


def main() -> None:
    """Print a Markdown table, a row a form, as each is done."""
    s = gather(surveys([]))
    names = ["form", *s.houses, "mean"]
    print(f"| {' | '.join(names)} |\n|{'---|' * len(names)}")
    for name, grid, form in itertools.chain(varying(s), mixed(s), archimedean(s)):
        errors = left_out(s, grid, form)
        cells = [f"{value:.2f}" for value in (*errors, errors.mean())]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
