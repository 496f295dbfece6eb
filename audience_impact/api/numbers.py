"""The numbers that an analyst gives, checked, and the draws made of them."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from audience_impact.api.answers import Persons

if TYPE_CHECKING:
    from audience_impact.frames import Array
    from audience_impact.overlap.model import OverlapModel

PROBABILITIES = (0.05, 0.50, 0.95)


def pair(value: Persons, what: str) -> tuple[float, float]:
    """The least and the most of a number, checked."""
    given: list[Any] = [value] if np.ndim(value) == 0 else list(np.ravel(value))
    ends = given * 2 if len(given) == 1 else given
    if len(ends) != 2:
        raise ValueError(f"{what} is {value}: a number, or a pair of the least and the most")
    try:
        low, high = float(ends[0]), float(ends[1])
    except (TypeError, ValueError):
        raise ValueError(f"{what} is {value!r}: no number") from None
    if not (0.0 <= low < math.inf and 0.0 <= high < math.inf):
        raise ValueError(f"{what} is {value}: a finite number from 0 up is needed")
    if low > high:
        raise ValueError(f"{what} is {value}: the least is above the most")
    return low, high


def sizes(
    audiences: Sequence[Persons], universe: float, names: Sequence[str] = ()
) -> tuple[list[float], list[float]]:
    """The least and the most persons of each audience, checked against the universe."""
    if math.isnan(universe) or universe <= 0.0:
        raise ValueError(f"the universe is {universe}: a number of persons above 0 is needed")
    called = names or [f"audience {i}" for i in range(len(audiences))]
    pairs = [pair(value, name) for value, name in zip(audiences, called, strict=True)]
    if not pairs:
        raise ValueError("there is no audience")
    for name, (low, _) in zip(called, pairs, strict=True):
        if low > universe:
            raise ValueError(
                f"{name} ({low:,.0f}) is larger than the universe ({universe:,.0f}): "
                "both must count the same people"
            )
    return [low for low, _ in pairs], [high for _, high in pairs]


def exact(audiences: Sequence[float], universe: float, names: Sequence[str] = ()) -> "Array":
    """Exact persons of each audience inside a finite universe."""
    low, high = sizes(audiences, universe, names)
    if low != high:
        raise ValueError("an estimate needs a single number for each audience, not a pair")
    if math.isinf(universe):
        raise ValueError("an estimate needs a finite universe")
    return np.array(low)


def unions(
    shares: "Array",
    members: NDArray[np.bool_],
    model: "OverlapModel",
    country_id: str,
    seed_and_draws: tuple[int, int],
) -> "Array":
    """Draws (unions, D) of unions of exact shares, of one country."""
    from audience_impact.overlap.model import Group
    from audience_impact.simulation.sampler import Sampler

    seed, draws = seed_and_draws
    if draws < 1:
        raise ValueError(f"draws must be at least 1, not {draws}")
    joint_use = model.joint_use(country_id, Sampler(seed, draws).uniform)
    return model.unions(Group(np.repeat(shares[:, None], draws, axis=1), joint_use, members))


def points(drawn: "Array") -> list[float]:
    """The 5, 50 and 95 % points of draws (D,)."""
    return [float(point) for point in np.quantile(drawn, PROBABILITIES)]
