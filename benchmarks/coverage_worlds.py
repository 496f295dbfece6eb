"""Populations whose joint use is known, for benchmarks.coverage: the truth, not the estimate.

A world has people with weights, who use some of several services; the last service stands for
calls by any application. Each user of a service uses it on a day, and calls by it, with a
probability of their own: the quantile of a beta distribution at the rank of the user's latent
interest, so that those who do much online do more of it on a day. Without a spread the
probability is 0 or 1, and daily use is the same copula as monthly use.

Families. `copula`: the model's own world, one-factor Gaussian with a correlation from the
calibration's predictive distribution, the model's own error added, all-or-nothing habits.
`copula_habits`: the same with a spread of habits, which the model does not know. `surveys`:
patterns of real surveys. `clayton`: a Clayton copula of not using, as strong, and as far from what
people do, as in the next survey of a house unseen (`clayton_law`). `non_users`: a class that uses
nothing, as large as in a survey of a house, and a Gaussian copula among the rest. Shares lie where
nine tenths of the monthly audiences of the facts do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import betaincinv, ndtri, stdtrit

from audience_impact.fitting.joint_use import Survey
from audience_impact.frames import Array
from audience_impact.overlap.copula import (
    Calibration,
    assume_independence,
    bound_by_shares,
    draw_correlations,
    move_unions,
)

PEOPLE = 5000
"""People of a world; their number leaves an error of half a point or less in a union."""
OWN_WORLDS = ("copula", "copula_habits")
FAMILIES = (*OWN_WORLDS, "surveys", "clayton", "non_users")
SMALLEST, LARGEST = 0.08, 0.93
LEAST_SURVEYED = 0.025
LIMITS = (-3.0, 3.0)
"""Of the logarithm of theta."""
QUANTILE_GRID = np.linspace(0.0, 1.0, 129)


@dataclass(frozen=True)
class People:
    """Weights (people,) that add up to 1, and who uses what, how much (people, services)."""

    weight: Array
    used: NDArray[np.bool_]
    latent: Array


@dataclass(frozen=True)
class Area:
    """What is true of an area; shares are of its base, and those of services (services,).

    `own` says whether the callers of each service are asked for, or those of any application.
    """

    family: str
    house: str
    base: float
    days: int
    own: bool
    monthly: Array
    daily: Array
    calls: Array
    any_calls: float
    kept: float
    exposed: float
    users: float
    per_day: float

    def truth(self) -> dict[str, float]:
        """People and person-days by what is scored."""
        return {
            "people_exposed": self.exposed * self.base,
            "people_feature_exposed": self.users * self.base,
            "people_deprived_net": self.users * (1.0 - self.kept) * self.base,
            "person_days": self.per_day * self.base * self.days,
        }


def survey_people(patterns: pd.DataFrame, online_share: float) -> tuple[Array, NDArray[np.bool_]]:
    """Weights of the patterns of a survey over its online base, and who uses what in each.

    A pattern of people who use nothing fills the base up to `online_share` where one is given.
    """
    cells = patterns["platform_ids"].str.split(";")
    names = sorted({name for cell in cells for name in cell} - {""})
    used = np.array([[name in cell for name in names] for cell in cells])
    weight = patterns["weighted_share"].to_numpy("float64")
    weight = weight / weight.sum()
    inside = used.any(axis=1) | (patterns["online"].to_numpy() > 0)
    seen = float(weight[inside].sum())
    base = seen if np.isnan(online_share) else online_share
    idle = np.zeros((1, len(names)), dtype=bool)
    return np.append(weight[inside], base - seen) / base, np.vstack([used[inside], idle])


@dataclass(frozen=True)
class ClaytonLaw:
    """The logarithm of theta in the next survey of the next house: mean + spread T.

    `model` is how far populations are from any theta: the standard deviation of the error of a
    union over the room between independence and the largest audience.
    """

    mean: float
    spread: float
    freedom: int
    model: float

    def draw(self, u: float) -> float:
        """Theta at a chance of 0 to 1; beyond LIMITS the copula hardly changes."""
        return float(np.exp(np.clip(self.mean + self.spread * stdtrit(self.freedom, u), *LIMITS)))


def clayton_union(shares: Array, theta: float) -> Array:
    """Share (sets,) that uses any of the services of `shares` (sets, services; 0: none)."""
    none = np.maximum(1.0 - shares, 1e-9) ** -theta
    return np.asarray(1.0 - (none.sum(axis=1) - shares.shape[1] + 1.0) ** (-1.0 / theta))


def clayton_law(surveys: Sequence[Survey]) -> ClaytonLaw:
    """What surveys teach of theta, as the calibration learns the correlation, without its factors.

    Of each survey the theta with the least squared error of the unions; houses weigh alike.
    """
    result = pd.DataFrame([_fitted(survey) for survey in surveys if len(survey.truth)])
    houses = result.groupby("house")
    means, count = houses["x"].mean(), houses.ngroups
    variance = float(means.var() * (1 + 1 / count) + houses["x"].var().median())
    error = houses["squared_error"].sum() / houses["squared_room"].sum()
    spread, model = float(np.sqrt(variance)), float(np.sqrt(error.mean()))
    return ClaytonLaw(float(means.mean()), spread, count - 1, model)


def _fitted(one: Survey) -> dict[str, str | float]:
    """The house of a survey, its logarithm of theta, and the error of its unions that is left."""
    # here: it takes a second, and the help needs none of it
    from scipy.optimize import minimize_scalar

    def loss(x: float) -> float:
        return float(np.mean((clayton_union(one.shares, float(np.exp(x))) - one.truth) ** 2))

    best = minimize_scalar(loss, bounds=LIMITS, method="bounded")
    room = assume_independence(one.shares) - bound_by_shares(one.shares)[0]
    left = {"squared_error": float(best.fun), "squared_room": float(np.mean(room**2))}
    return {"house": one.house, "x": float(best.x), **left}


@dataclass(frozen=True)
class Maker:
    """Makes areas; `surveys` by house, each survey as survey_people returns it."""

    generator: np.random.Generator
    learned: Calibration
    clayton: ClaytonLaw
    surveys: Mapping[str, list[tuple[Array, NDArray[np.bool_]]]]

    def area(self, family: str) -> Area:
        """An area of a family, drawn."""
        houses = sorted(self.surveys)
        house = str(self.generator.choice(houses)) if family == "surveys" else ""
        return self._described(family, house, self._people(family, house))

    def _people(self, family: str, house: str) -> People:
        if family == "surveys":
            return self._asked(house)
        count = int(self.generator.integers(2, 6)) + 1
        among_active = self.generator.uniform(SMALLEST, LARGEST, count)
        idle = self._idle() if family == "non_users" else 0.0
        latent = self._clayton(count) if family == "clayton" else self._gaussian(count)
        used = latent > -ndtri(among_active)
        active = self.generator.uniform(size=(PEOPLE, 1)) >= idle
        return People(np.full(PEOPLE, 1.0 / PEOPLE), used & active, latent)

    def _survey(self, house: str) -> tuple[Array, NDArray[np.bool_]]:
        """A survey of a house, drawn."""
        return self.surveys[house][int(self.generator.integers(len(self.surveys[house])))]

    def _idle(self) -> float:
        """The share online that uses none of the services asked for in a survey of any house."""
        weight, used = self._survey(str(self.generator.choice(sorted(self.surveys))))
        return float(weight[~used.any(axis=1)].sum())

    def _gaussian(self, count: int) -> Array:
        r = draw_correlations(self.learned, self.generator.uniform(size=1))
        common = self.generator.normal(size=(PEOPLE, 1))
        return np.sqrt(r) * common + np.sqrt(1.0 - r) * self.generator.normal(size=(PEOPLE, count))

    def _clayton(self, count: int) -> Array:
        theta = self.clayton.draw(self.generator.uniform())
        frailty = np.maximum(self.generator.gamma(1.0 / theta, size=(PEOPLE, 1)), 1e-300)
        waits = self.generator.exponential(size=(PEOPLE, count))
        return np.asarray(ndtri((1.0 + waits / frailty) ** (-1.0 / theta)))

    def _asked(self, house: str) -> People:
        """People with the patterns of a survey; who uses more services uses each more."""
        weight, used = self._survey(house)
        large = np.flatnonzero(weight @ used > LEAST_SURVEYED)
        count = min(int(self.generator.integers(2, 6)) + 1, len(large))
        used = used[:, self.generator.choice(large, count, replace=False)]
        copies = int(np.ceil(PEOPLE / len(weight)))
        weight, used = np.repeat(weight / copies, copies), np.repeat(used, copies, axis=0)
        alike = used.sum(axis=1, keepdims=True) - (weight @ used).sum()
        latent = alike + self.generator.normal(size=(len(weight), 1))
        return People(weight, used, latent + self.generator.normal(size=used.shape))

    def _described(self, family: str, house: str, people: People) -> Area:
        """What is true of people, and what they do on a day and call by."""
        draw = self.generator.uniform
        services = people.used.shape[1] - 1
        models = {**dict.fromkeys(OWN_WORLDS, self.learned.model), "clayton": self.clayton.model}
        error = self.generator.normal() * models.get(family, 0.0)
        spread = 0.0 if family == "copula" else 10.0 ** draw(-1.0, 0.5)
        month = people.used[:, :services].astype(float)
        ranks = _ranks(people, services)
        day, call = (
            month * _habits(ranks, draw(least, most, services), spread)
            for least, most in ((0.3, 0.9), (0.2, 0.7))
        )
        by_any = people.used[:, services:].astype(float)
        weight, own = people.weight, bool(draw() < 0.5)
        exposed = _union(weight, month, error)
        any_calls = float(weight @ by_any[:, 0])
        both = _union(weight, np.hstack([month, by_any]), error)
        return Area(
            family,
            house,
            float(np.round(10.0 ** draw(6.0, 8.0))),
            int(self.generator.integers(3, 61)),
            own,
            weight @ month,
            weight @ day,
            weight @ call,
            any_calls,
            draw(0.1, 0.6),
            exposed,
            _union(weight, call, error) if own else any_calls + exposed - both,
            _union(weight, day, error),
        )


def _ranks(people: People, services: int) -> Array:
    """Rank (people, services) in 0..1 of each user's interest among the users of a service."""
    ranks = np.zeros((len(people.weight), services))
    for service in range(services):
        users = np.flatnonzero(people.used[:, service])
        order = users[np.argsort(people.latent[users, service])]
        passed = np.cumsum(people.weight[order])
        ranks[order, service] = (passed - people.weight[order] / 2.0) / passed[-1]
    return ranks


def _habits(ranks: Array, means: Array, spread: float) -> Array:
    """Probability of doing so by rank: beta with these means, or 0 and 1 without a spread."""
    if spread == 0.0:
        return np.asarray((ranks > 1.0 - means).astype(float))
    parts = [
        np.interp(rank, QUANTILE_GRID, betaincinv(m * spread, (1.0 - m) * spread, QUANTILE_GRID))
        for rank, m in zip(ranks.T, means, strict=True)
    ]
    return np.column_stack(parts)


def _union(weight: Array, chance: Array, error: float) -> float:
    """People who do at least one thing, each with these chances (people, things)."""
    shares = weight @ chance
    low, high = bound_by_shares(shares)
    room = float(assume_independence(shares)) - float(low)
    share = np.clip(weight @ (1.0 - np.prod(1.0 - chance, axis=1)), low, high)
    return float(move_unions(share, np.asarray(error * room), low, high))
